//! Every package that is compiled in has a licence that `deny.toml` allows.
//!
//! `deny.toml` is cargo-deny's file, so that `cargo deny check licenses` says the same to whoever has it; this test
//! reads the same lists with Cargo's metadata and needs no further tool. It does not look at licence files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use spdx::{Expression, LicenseReq};
use tests::repository;

struct Policy {
    allowed: BTreeSet<String>,
    /// Allowed for one package only.
    exceptions: BTreeMap<String, BTreeSet<String>>,
    /// For packages that come with a licence file and name no licence: what a person read in that file.
    clarified: BTreeMap<String, String>,
}

fn strings(value: &toml::Value) -> BTreeSet<String> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry.as_str().unwrap().to_owned())
        .collect()
}

fn policy() -> Policy {
    let table: toml::Table = repository::text(Path::new("deny.toml")).unwrap().parse().unwrap();
    let licenses = &table["licenses"];
    let exceptions = licenses
        .get("exceptions")
        .and_then(toml::Value::as_array)
        .into_iter()
        .flatten();
    Policy {
        allowed: strings(&licenses["allow"]),
        exceptions: exceptions
            .map(|entry| {
                (
                    entry["crate"].as_str().unwrap().to_owned(),
                    strings(&entry["allow"]),
                )
            })
            .collect(),
        clarified: licenses
            .get("clarify")
            .and_then(toml::Value::as_array)
            .into_iter()
            .flatten()
            .map(|entry| {
                (
                    entry["crate"].as_str().unwrap().to_owned(),
                    entry["expression"].as_str().unwrap().to_owned(),
                )
            })
            .collect(),
    }
}

fn packages() -> Vec<Value> {
    let host = Command::new("rustc")
        .args(["--print", "host-tuple"])
        .output()
        .unwrap();
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--locked",
            "--offline",
            "--format-version",
            "1",
            "--filter-platform",
        ])
        .arg(String::from_utf8(host.stdout).unwrap().trim())
        .current_dir(repository::root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "cargo metadata: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

#[test]
fn every_licence_is_allowed() {
    let policy = policy();
    let packages = packages();
    assert!(
        packages.len() > 50,
        "cargo metadata names only {} packages",
        packages.len()
    );
    let mut refused = Vec::new();
    let mut exceptions_used = BTreeSet::new();
    for package in &packages {
        let name = package["name"].as_str().unwrap();
        let read = package["license_file"]
            .as_str()
            .and(policy.clarified.get(name))
            .map(String::as_str);
        let Some(licence) = package["license"].as_str().or(read) else {
            refused.push(format!("{name}: states no licence"));
            continue;
        };
        // `MIT/Apache-2.0` is how Cargo wrote OR before it took up SPDX.
        let expression = Expression::parse(&licence.replace('/', " OR ")).unwrap();
        let allowed = |requirement: &LicenseReq| policy.allowed.contains(&requirement.to_string());
        if expression.evaluate(allowed) {
            continue;
        }
        let own = policy.exceptions.get(name);
        let excepted = |requirement: &LicenseReq| {
            allowed(requirement) || own.is_some_and(|own| own.contains(&requirement.to_string()))
        };
        if expression.evaluate(excepted) {
            exceptions_used.insert(name.to_owned());
        } else {
            refused.push(format!("{name}: {licence}"));
        }
    }
    assert!(
        refused.is_empty(),
        "not allowed by deny.toml\n  {}",
        refused.join("\n  ")
    );
    let stale: Vec<&String> = policy
        .exceptions
        .keys()
        .filter(|name| !exceptions_used.contains(*name))
        .collect();
    assert!(
        stale.is_empty(),
        "deny.toml excepts packages that need no exception: {stale:?}"
    );
}
