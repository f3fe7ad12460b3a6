//! What is wrong with a definition before anything is started.
//!
//! SageMaker checks types of arguments when a pipeline is created; this checks what a person gets wrong: names, references,
//! order, defaults. Does not know the API's request shapes.

use crate::definition::{Definition, ParameterKind, Step, VERSION, references};
use crate::expression::{CONDITIONS, segments};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Step types the local runner executes.
pub const RUNNABLE: [&str; 6] = [
    "Condition",
    "Fail",
    "Processing",
    "RegisterModel",
    "Training",
    "Tuning",
];
const EXECUTION: [&str; 6] = [
    "CurrentDateTime",
    "PipelineArn",
    "PipelineExecutionArn",
    "PipelineExecutionId",
    "PipelineName",
    "StartDateTime",
];

/// Every fault, each with its place; nothing when there is none.
pub fn problems(definition: &Definition) -> Vec<String> {
    let mut found = Vec::new();
    if definition.version != VERSION {
        found.push(format!(
            "Version is `{}`; only {VERSION} is known",
            definition.version
        ));
    }
    parameters(definition, &mut found);
    let all = definition.all_steps();
    let mut names = BTreeSet::new();
    for step in &all {
        if !names.insert(step.name.as_str()) {
            found.push(format!("two steps are named `{}`", step.name));
        }
        if !RUNNABLE.contains(&step.kind.as_str()) {
            found.push(format!(
                "step `{}` is of type `{}`; known are {}",
                step.name,
                step.kind,
                RUNNABLE.join(", ")
            ));
        }
        for branch in ["IfSteps", "ElseSteps"] {
            if let Err(error) = step.branch(branch) {
                found.push(format!("step `{}`, {branch}: {error}", step.name));
            }
        }
    }
    let by_name: BTreeMap<&str, &Step> = all.iter().map(|step| (step.name.as_str(), step)).collect();
    for step in &all {
        step_references(definition, step, &by_name, &mut found);
        conditions(step, &mut found);
    }
    if found.is_empty() && order(&definition.steps).is_err() {
        found.push("the steps wait for each other in a circle".to_owned());
    }
    found
}

fn parameters(definition: &Definition, found: &mut Vec<String>) {
    let mut names = BTreeSet::new();
    for parameter in &definition.parameters {
        if !names.insert(parameter.name.as_str()) {
            found.push(format!("two parameters are named `{}`", parameter.name));
        }
        if let Some(default) = &parameter.default_value {
            if !parameter.kind.accepts(default) {
                found.push(format!(
                    "the default of parameter `{}` is no {:?}",
                    parameter.name, parameter.kind
                ));
            }
            if parameter
                .enum_values
                .as_ref()
                .is_some_and(|values| !values.contains(default))
            {
                found.push(format!(
                    "the default of parameter `{}` is none of its EnumValues",
                    parameter.name
                ));
            }
        }
        if parameter.enum_values.is_some() && parameter.kind != ParameterKind::String {
            found.push(format!(
                "parameter `{}` has EnumValues but is no String",
                parameter.name
            ));
        }
    }
}

fn step_references(
    definition: &Definition,
    step: &Step,
    by_name: &BTreeMap<&str, &Step>,
    found: &mut Vec<String>,
) {
    for waited in &step.depends_on {
        if !by_name.contains_key(waited.as_str()) {
            found.push(format!(
                "step `{}` depends on `{waited}`, which is no step",
                step.name
            ));
        }
    }
    let mut arguments = step.arguments.clone();
    if step.kind == "Condition"
        && let Value::Object(map) = &mut arguments
    {
        map.remove("IfSteps");
        map.remove("ElseSteps");
    }
    references(&arguments, &mut |path| {
        let parts = match segments(path) {
            Ok(parts) => parts,
            Err(reason) => {
                found.push(format!("step `{}`: {reason}", step.name));
                return;
            }
        };
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let fault = match parts.as_slice() {
            ["Parameters", name] => definition
                .parameter(name)
                .is_none()
                .then(|| format!("parameter `{name}` is not declared")),
            ["Execution", name] => (!EXECUTION.contains(name))
                .then(|| format!("`{path}` is none of Execution.{}", EXECUTION.join(", Execution."))),
            ["Steps", name, rest @ ..] => match by_name.get(name) {
                None => Some(format!("`{path}` names no step")),
                Some(other) => match rest {
                    ["PropertyFiles", file] => other
                        .property_files
                        .iter()
                        .all(|known| known.property_file_name != *file)
                        .then(|| format!("step `{name}` has no property file `{file}`")),
                    ["ProcessingOutputConfig", "Outputs", output, ..] => (!has_output(other, output))
                        .then(|| format!("step `{name}` has no output `{output}`")),
                    _ => None,
                },
            },
            _ => Some(format!(
                "`{path}` is none of Parameters.NAME, Execution.NAME, Steps.NAME.PROPERTY"
            )),
        };
        if let Some(fault) = fault {
            found.push(format!("step `{}`: {fault}", step.name));
        }
    });
    for file in &step.property_files {
        if !has_output(step, &file.output_name) {
            found.push(format!(
                "step `{}`: property file `{}` lies in output `{}`, which the step does not have",
                step.name, file.property_file_name, file.output_name
            ));
        }
    }
}

fn has_output(step: &Step, name: &str) -> bool {
    name.parse::<usize>().is_ok()
        || step
            .arguments
            .pointer("/ProcessingOutputConfig/Outputs")
            .and_then(Value::as_array)
            .is_some_and(|outputs| {
                outputs
                    .iter()
                    .any(|output| output.get("OutputName").and_then(Value::as_str) == Some(name))
            })
}

fn conditions(step: &Step, found: &mut Vec<String>) {
    if step.kind != "Condition" {
        return;
    }
    let Some(conditions) = step.arguments.get("Conditions").and_then(Value::as_array) else {
        found.push(format!("condition step `{}` has no `Conditions`", step.name));
        return;
    };
    for condition in conditions {
        let kind = condition.get("Type").and_then(Value::as_str).unwrap_or_default();
        if !CONDITIONS.contains(&kind) {
            found.push(format!(
                "step `{}`: condition `{kind}` is not one of {}",
                step.name,
                CONDITIONS.join(", ")
            ));
        }
    }
}

/// Indices of `steps` in an order in which each comes after what it needs; the written order where that is free. A step in
/// a branch of a condition comes with the condition.
pub(crate) fn order(steps: &[Step]) -> Result<Vec<usize>, Vec<String>> {
    let mut provider = BTreeMap::new();
    for (idx, step) in steps.iter().enumerate() {
        provide(step, idx, &mut provider);
    }
    let needs: Vec<BTreeSet<usize>> = steps
        .iter()
        .enumerate()
        .map(|(idx, step)| {
            step.needs()
                .iter()
                .filter_map(|need| provider.get(need).copied())
                .filter(|need| *need != idx)
                .collect()
        })
        .collect();
    let mut order: Vec<usize> = Vec::with_capacity(steps.len());
    while order.len() < steps.len() {
        let next = (0..steps.len())
            .find(|idx| !order.contains(idx) && needs[*idx].iter().all(|need| order.contains(need)));
        let Some(idx) = next else {
            return Err(steps
                .iter()
                .enumerate()
                .filter(|(idx, _)| !order.contains(idx))
                .map(|(_, step)| step.name.clone())
                .collect());
        };
        order.push(idx);
    }
    Ok(order)
}

fn provide(step: &Step, idx: usize, provider: &mut BTreeMap<String, usize>) {
    provider.insert(step.name.clone(), idx);
    for branch in ["IfSteps", "ElseSteps"] {
        for inner in step.branch(branch).unwrap_or_default() {
            provide(&inner, idx, provider);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::problems;
    use crate::definition::Definition;
    use crate::retrain::{Variant, definition};

    #[test]
    fn our_definitions_have_no_faults_and_parse_back() {
        for variant in [
            Variant::default(),
            Variant {
                tune: true,
                ..Variant::default()
            },
            Variant {
                on_demand: true,
                tune: false,
            },
        ] {
            let ours = definition(variant);
            assert_eq!(problems(&ours), Vec::<String>::new());
            assert_eq!(Definition::parse(ours.to_json().as_bytes()).unwrap(), ours);
        }
    }

    #[test]
    fn each_kind_of_fault_is_named() {
        let text = r#"{"Version": "2020-12-02", "Metadata": {}, "Parameters": [
            {"Name": "A", "Type": "Integer", "DefaultValue": "x"}, {"Name": "A", "Type": "Float"}],
            "Steps": [
              {"Name": "S", "Type": "Processing", "Arguments": {"X": {"Get": "Parameters.B"}, "Y": {"Get": "Steps.T.Z"},
                "Z": {"Get": "Steps.S.PropertyFiles.F"}}, "DependsOn": ["C"],
                "PropertyFiles": [{"PropertyFileName": "P", "OutputName": "o", "FilePath": "f.json"}]},
              {"Name": "C", "Type": "Condition", "Arguments": {"Conditions": [{"Type": "Bigger"}], "IfSteps": [], "ElseSteps": []}, "DependsOn": ["S"]}]}"#;
        let found = problems(&Definition::parse(text.as_bytes()).unwrap()).join("\n");
        for expected in [
            "Version is `2020-12-02`",
            "two parameters are named `A`",
            "the default of parameter `A` is no Integer",
            "parameter `B` is not declared",
            "`Steps.T.Z` names no step",
            "step `S` has no property file `F`",
            "property file `P` lies in output `o`, which the step does not have",
            "condition `Bigger` is not one of",
        ] {
            assert!(found.contains(expected), "{expected} is missing in\n{found}");
        }
    }

    #[test]
    fn steps_in_a_circle_are_found() {
        let text = r#"{"Version": "2020-12-01", "Steps": [
              {"Name": "A", "Type": "Fail", "Arguments": {"ErrorMessage": "x"}, "DependsOn": ["B"]},
              {"Name": "B", "Type": "Fail", "Arguments": {"ErrorMessage": "x"}, "DependsOn": ["A"]}]}"#;
        let found = problems(&Definition::parse(text.as_bytes()).unwrap());
        assert_eq!(found, ["the steps wait for each other in a circle"]);
    }
}
