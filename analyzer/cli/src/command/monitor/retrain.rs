//! Does the pipeline exist, is its definition without faults, and does it declare what a start gives it?
//!
//! Starts nothing.

use super::account::Account;
use crate::command::pipeline::{definition_or_ours, refused};
use engine::EngineError;
use engine::check::Check;
use engine::monitor::RetrainSettings;
use engine::monitor::retrain::PARAMETERS;
use pipeline::Definition;
use pipeline::check::problems;
use std::path::Path;

const CHECK: &str = "retrain";

/// Checks `[retrain]` against the definition at `path`, else the one that `account` has, else driftline's own. An account that
/// does not answer is an error.
pub(super) async fn checks(
    retrain: &RetrainSettings,
    path: Option<&Path>,
    account: Option<&Account>,
) -> Result<Vec<Check>, EngineError> {
    let name = &retrain.policy.pipeline;
    let (definition, whose) = match (path, account) {
        (None, Some(account)) => match account.pipeline(name).await? {
            Ok(text) => (
                Definition::parse(text.as_bytes()).map_err(refused),
                format!("the account's pipeline {name}"),
            ),
            Err(missing) => return Ok(vec![missing]),
        },
        (path, _) => (
            definition_or_ours(path),
            path.map_or_else(
                || "driftline's own definition".to_owned(),
                |path| path.display().to_string(),
            ),
        ),
    };
    Ok(match definition {
        Ok(definition) => held_against(retrain, &definition, &whose),
        Err(error) => vec![Check::failed(CHECK, &error)],
    })
}

fn held_against(retrain: &RetrainSettings, definition: &Definition, whose: &str) -> Vec<Check> {
    let mut out = Vec::new();
    let faults = problems(definition);
    if !faults.is_empty() {
        out.push(Check::wrong(
            CHECK,
            format!("{whose} has faults: {}", faults.join("; ")),
            "`driftline pipeline check FILE` lists them",
        ));
    }
    for (name, value) in &retrain.parameters {
        let Some(declared) = definition.parameter(name) else {
            out.push(Check::wrong(
                CHECK,
                format!("parameter `{name}` is not declared by {whose}"),
                "correct [retrain.parameters], or give --pipeline FILE with the definition that pipeline has",
            ));
            continue;
        };
        // Placeholders such as {decision} are filled in when the pipeline is started.
        if !value.contains('{')
            && let Err(what) = declared.kind.parse(value)
        {
            out.push(Check::wrong(
                CHECK,
                format!("parameter `{name}` is `{value}`: {what}"),
                format!("{whose} declares it as {:?}", declared.kind),
            ));
        }
    }
    let given = |name: &str| PARAMETERS.contains(&name) || retrain.parameters.contains_key(name);
    let missing: Vec<&str> = definition
        .parameters
        .iter()
        .filter(|parameter| parameter.default_value.is_none() && !given(&parameter.name))
        .map(|parameter| parameter.name.as_str())
        .collect();
    if !missing.is_empty() {
        out.push(Check::wrong(
            CHECK,
            format!("{whose} needs {}, and nothing gives it", missing.join(", ")),
            "set it under [retrain.parameters]",
        ));
    }
    if out.is_empty() {
        out.push(Check::ok(
            CHECK,
            format!(
                "pipeline {}: {whose} takes what a start gives it",
                retrain.policy.pipeline
            ),
        ));
    }
    out
}
