//! The house rules that a program can check (numbers in brackets: STYLE's rules). A failure lists every breach.
//!
//! Rules of meaning (names, comments, what a module is for) stay with people.

use std::collections::BTreeSet;
use std::path::Path;

use tests::repository::{self, Manifest};

const LONGEST_FILE: usize = 600;
const FORBIDDEN_NAMES: [&str; 8] = [
    "util", "utils", "helper", "helpers", "manager", "managers", "common", "misc",
];

fn has_extension(file: &Path, wanted: &[&str]) -> bool {
    file.extension()
        .and_then(|found| found.to_str())
        .is_some_and(|found| wanted.contains(&found))
}

/// Runs `breach` on each file that `concerns` picks and fails with all that it says.
fn check_files(rule: &str, concerns: impl Fn(&Path) -> bool, breach: impl Fn(&Path, &str) -> Option<String>) {
    let mut breaches = Vec::new();
    let mut n_seen = 0;
    for file in repository::files().unwrap() {
        if !concerns(&file) {
            continue;
        }
        n_seen += 1;
        let text = repository::text(&file).unwrap();
        if let Some(why) = breach(&file, &text) {
            breaches.push(format!("{}: {why}", file.display()));
        }
    }
    assert!(
        n_seen > 0,
        "{rule}: no file was looked at, so the rule checks nothing"
    );
    assert!(breaches.is_empty(), "{rule}\n  {}", breaches.join("\n  "));
}

fn check_manifests(rule: &str, breach: impl Fn(&Manifest) -> Vec<String>) {
    let manifests = repository::manifests().unwrap();
    assert!(!manifests.is_empty(), "{rule}: no manifest was found");
    let breaches: Vec<String> = manifests
        .iter()
        .flat_map(|manifest| {
            breach(manifest)
                .into_iter()
                .map(|why| format!("{}: {why}", manifest.file.display()))
        })
        .collect();
    assert!(breaches.is_empty(), "{rule}\n  {}", breaches.join("\n  "));
}

/// The first line (from 1) that holds one of `needles`.
fn first_line_with(text: &str, needles: &[&str]) -> Option<String> {
    text.lines().enumerate().find_map(|(idx, line)| {
        let needle = needles.iter().find(|needle| line.contains(**needle))?;
        Some(format!("line {} has `{needle}`", idx + 1))
    })
}

#[test]
fn every_source_file_says_what_it_is_for() {
    check_files(
        "a .rs file opens with `//!` [1]",
        |file| has_extension(file, &["rs"]),
        |_, text| (!text.starts_with("//! ")).then(|| "opens with something else".to_owned()),
    );
}

#[test]
fn no_file_is_a_drawer() {
    check_files(
        "a source file has at most 600 lines: split it by responsibility [2]",
        |file| has_extension(file, &["rs", "py", "sh"]),
        |_, text| {
            let n_lines = text.lines().count();
            (n_lines > LONGEST_FILE).then(|| format!("{n_lines} lines"))
        },
    );
    check_files(
        "files and folders are named after what they hold [8]",
        |file| has_extension(file, &["rs", "py"]),
        |file, _| {
            let forbidden = file.with_extension("").components().find_map(|part| {
                let part = part.as_os_str().to_str()?;
                FORBIDDEN_NAMES.contains(&part).then(|| part.to_owned())
            })?;
            Some(format!("`{forbidden}` names nothing"))
        },
    );
}

#[test]
fn no_test_is_switched_off_or_waits() {
    let switches = [
        concat!("#[", "ignore"),
        concat!("#[", "should_panic"),
        concat!("thread::", "sleep("),
    ];
    check_files(
        "no test is ignored, expects a panic or sleeps [41]",
        |file| has_extension(file, &["rs"]),
        |_, text| first_line_with(text, &switches),
    );
}

#[test]
fn no_path_of_one_machine() {
    let machine_paths = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/tm", "p/")];
    check_files(
        "tracked files name no path of one machine: a temporary folder comes from the standard library",
        |file| {
            let name = file.file_name().and_then(|name| name.to_str()).unwrap_or("");
            !name.starts_with("Dockerfile") && name != ".gitignore" && !has_extension(file, &["lock"])
        },
        |_, text| first_line_with(text, &machine_paths),
    );
}

#[test]
fn payloads_stay_out_of_spans() {
    check_files(
        "`#[instrument]` is written with skip_all [25]",
        |file| has_extension(file, &["rs"]),
        |_, text| {
            text.lines().enumerate().find_map(|(idx, line)| {
                let line = line.trim_start();
                let instruments = line.starts_with(concat!("#[", "instrument"))
                    || line.starts_with(concat!("#[", "tracing::instrument"));
                (instruments && !line.contains("skip_all")).then(|| format!("line {}", idx + 1))
            })
        },
    );
}

#[test]
fn every_package_takes_lints_and_versions_from_the_workspace() {
    check_manifests("a package inherits the workspace's lints", |manifest| {
        let inherits = manifest
            .table
            .get("lints")
            .and_then(|lints| lints.get("workspace"));
        if inherits.and_then(toml::Value::as_bool) == Some(true) {
            return Vec::new();
        }
        vec!["no `[lints] workspace = true`".to_owned()]
    });
    check_manifests(
        "a dependency's version stands once, in the workspace table",
        |manifest| {
            let own = manifest.dependencies().into_iter().filter(|(_, declared)| {
                declared.get("workspace").and_then(toml::Value::as_bool) != Some(true)
            });
            own.map(|(name, _)| format!("`{name}` is declared without `workspace = true`"))
                .collect()
        },
    );
}

#[test]
fn one_crate_names_each_heavy_library() {
    check_manifests(
        "only `engine` names polars, only `store` names aws-sdk-s3 [DESIGN §3]",
        |manifest| {
            let strays = manifest.dependencies().into_iter().filter(|(name, _)| {
                (name.starts_with("polars") && manifest.name() != "engine")
                    || (*name == "aws-sdk-s3" && manifest.name() != "store")
            });
            strays.map(|(name, _)| format!("names `{name}`")).collect()
        },
    );
}

#[test]
fn every_dependency_is_used() {
    let files = repository::files().unwrap();
    let mut used = BTreeSet::new();
    let mut unused = Vec::new();
    for manifest in repository::manifests().unwrap() {
        let folder = manifest.file.parent().unwrap();
        let sources: String = files
            .iter()
            .filter(|file| file.starts_with(folder) && has_extension(file, &["rs"]))
            .map(|file| repository::text(file).unwrap())
            .collect();
        for (name, _) in manifest.dependencies() {
            used.insert(name.to_owned());
            let identifier = name.replace('-', "_");
            let named = sources.match_indices(&identifier).any(|(at, found)| {
                let before = sources[..at].chars().next_back();
                let after = sources[at + found.len()..].chars().next();
                let is_word = |side: Option<char>| side.is_some_and(|c| c.is_alphanumeric() || c == '_');
                !is_word(before) && !is_word(after)
            });
            if !named {
                unused.push(format!(
                    "{}: `{name}` is named in no source file",
                    manifest.file.display()
                ));
            }
        }
    }
    let root: toml::Table = repository::text(Path::new("Cargo.toml"))
        .unwrap()
        .parse()
        .unwrap();
    for name in root["workspace"]["dependencies"].as_table().unwrap().keys() {
        if !used.contains(name) {
            unused.push(format!(
                "Cargo.toml: `{name}` is in the workspace table and in no package"
            ));
        }
    }
    assert!(
        unused.is_empty(),
        "a dependency that nothing uses is build time for nothing\n  {}",
        unused.join("\n  ")
    );
}
