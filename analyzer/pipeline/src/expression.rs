//! The expressions of a definition: `Get`, `Std:Join`, `Std:JsonGet`, and the conditions' comparisons.
//!
//! A path is read as SageMaker's SDKs write it: `Steps.Train.ModelArtifacts.S3ModelArtifacts`,
//! `Steps.Prepare.ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri`, `Steps.Tune.TrainingJobSummaries[0].X`. A list
//! of outputs is indexed by the name of its members. Does not know where property documents come from.

use crate::error::PipelineError;
use serde_json::Value;

/// Where an expression finds its values.
pub trait Scope {
    /// `Parameters.NAME`.
    fn parameter(&self, name: &str) -> Option<Value>;
    /// `Execution.NAME`.
    fn execution(&self, name: &str) -> Option<Value>;
    /// The properties of a step that is over, as its `Describe` call would answer.
    fn properties(&self, step: &str) -> Option<&Value>;
    /// The content of a property file.
    fn property_file(&self, step: &str, name: &str) -> Result<Value, String>;
}

/// `value` with every expression replaced by what it stands for.
pub fn evaluate(value: &Value, scope: &dyn Scope, place: &str) -> Result<Value, PipelineError> {
    match value {
        Value::Object(map) if map.len() == 1 => {
            if let Some(Value::String(path)) = map.get("Get") {
                return get(path, scope, place);
            }
            if let Some(join) = map.get("Std:Join") {
                return joined(join, scope, place);
            }
            if let Some(get) = map.get("Std:JsonGet") {
                return json_get(get, scope, place);
            }
            object(map, scope, place)
        }
        Value::Object(map) => object(map, scope, place),
        Value::Array(items) => items
            .iter()
            .map(|item| evaluate(item, scope, place))
            .collect::<Result<Vec<_>, _>>()
            .map(Value::from),
        plain => Ok(plain.clone()),
    }
}

fn object(
    map: &serde_json::Map<String, Value>,
    scope: &dyn Scope,
    place: &str,
) -> Result<Value, PipelineError> {
    map.iter()
        .map(|(key, inner)| Ok((key.clone(), evaluate(inner, scope, &format!("{place}.{key}"))?)))
        .collect::<Result<serde_json::Map<_, _>, PipelineError>>()
        .map(Value::Object)
}

fn fault(place: &str, reason: impl Into<String>) -> PipelineError {
    PipelineError::Expression {
        place: place.to_owned(),
        reason: reason.into(),
    }
}

fn get(path: &str, scope: &dyn Scope, place: &str) -> Result<Value, PipelineError> {
    let parts = segments(path).map_err(|reason| fault(place, reason))?;
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["Parameters", name] => scope
            .parameter(name)
            .ok_or_else(|| fault(place, format!("parameter `{name}` has no value"))),
        ["Execution", name] => scope
            .execution(name)
            .ok_or_else(|| fault(place, format!("`{path}` is not known here"))),
        ["Steps", step, rest @ ..] => {
            let properties = scope.properties(step).ok_or_else(|| {
                fault(
                    place,
                    format!("step `{step}` has not been run, so `{path}` has no value"),
                )
            })?;
            descend(properties, rest).cloned().ok_or_else(|| {
                fault(
                    place,
                    format!("step `{step}` has no property `{}`", rest.join(".")),
                )
            })
        }
        _ => Err(fault(
            place,
            format!("`{path}` is none of Parameters.NAME, Execution.NAME, Steps.NAME.PROPERTY"),
        )),
    }
}

/// `a.b['c'][0]` as `a`, `b`, `c`, `0`.
pub(crate) fn segments(path: &str) -> Result<Vec<String>, String> {
    let mut parts = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let end = inside.find(']').ok_or_else(|| format!("`{path}` lacks a `]`"))?;
            parts.push(inside[..end].trim_matches(['\'', '"']).to_owned());
            rest = &inside[end + 1..];
            rest = rest.strip_prefix('.').unwrap_or(rest);
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            if end == 0 {
                return Err(format!("`{path}` has an empty part"));
            }
            parts.push(rest[..end].to_owned());
            rest = &rest[end..];
            rest = rest.strip_prefix('.').unwrap_or(rest);
        }
    }
    Ok(parts)
}

/// Members of a list that are named, by the key that names them.
const NAME_KEYS: [&str; 3] = ["OutputName", "InputName", "ChannelName"];

/// The member of `value` that `path` leads to.
pub(crate) fn descend<'a>(value: &'a Value, path: &[&str]) -> Option<&'a Value> {
    let mut at = value;
    for part in path {
        at = match at {
            Value::Object(map) => map.get(*part)?,
            Value::Array(items) => match part.parse::<usize>() {
                Ok(idx) => items.get(idx)?,
                Err(_) => items.iter().find(|item| {
                    NAME_KEYS
                        .iter()
                        .any(|key| item.get(key).and_then(Value::as_str) == Some(part))
                })?,
            },
            _ => return None,
        };
    }
    Some(at)
}

/// A value as `Std:Join` and container arguments print it.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn joined(join: &Value, scope: &dyn Scope, place: &str) -> Result<Value, PipelineError> {
    let on = join.get("On").and_then(Value::as_str).unwrap_or_default();
    let values = join
        .get("Values")
        .and_then(Value::as_array)
        .ok_or_else(|| fault(place, "Std:Join needs a list `Values`"))?;
    let parts = values
        .iter()
        .map(|value| {
            let value = evaluate(value, scope, place)?;
            text(&value).ok_or_else(|| fault(place, "Std:Join takes texts, numbers and booleans"))
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Value::from(parts.join(on)))
}

fn json_get(get: &Value, scope: &dyn Scope, place: &str) -> Result<Value, PipelineError> {
    let file = get
        .get("PropertyFile")
        .and_then(|file| file.get("Get"))
        .and_then(Value::as_str)
        .ok_or_else(|| {
            fault(
                place,
                "Std:JsonGet needs `PropertyFile`: {\"Get\": \"Steps.STEP.PropertyFiles.NAME\"}",
            )
        })?;
    let path = get
        .get("Path")
        .and_then(Value::as_str)
        .ok_or_else(|| fault(place, "Std:JsonGet needs a `Path`"))?;
    let parts = segments(file).map_err(|reason| fault(place, reason))?;
    let [steps, step, files, name] = parts.as_slice() else {
        return Err(fault(
            place,
            format!("`{file}` is not Steps.STEP.PropertyFiles.NAME"),
        ));
    };
    if steps != "Steps" || files != "PropertyFiles" {
        return Err(fault(
            place,
            format!("`{file}` is not Steps.STEP.PropertyFiles.NAME"),
        ));
    }
    let document = scope
        .property_file(step, name)
        .map_err(|reason| fault(place, reason))?;
    let parts = segments(path).map_err(|reason| fault(place, reason))?;
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    descend(&document, &parts).cloned().ok_or_else(|| {
        fault(
            place,
            format!("property file `{name}` of step `{step}` has no `{path}`"),
        )
    })
}

/// Whether a condition holds. `Conditions` of a step all must.
pub fn holds(condition: &Value, scope: &dyn Scope, place: &str) -> Result<bool, PipelineError> {
    let kind = condition
        .get("Type")
        .and_then(Value::as_str)
        .ok_or_else(|| fault(place, "a condition needs a `Type`"))?;
    let side = |key: &str| -> Result<Value, PipelineError> {
        let value = condition
            .get(key)
            .ok_or_else(|| fault(place, format!("condition {kind} needs `{key}`")))?;
        evaluate(value, scope, place)
    };
    let compared = |test: fn(std::cmp::Ordering) -> bool| -> Result<bool, PipelineError> {
        let (left, right) = (side("LeftValue")?, side("RightValue")?);
        let (Some(left), Some(right)) = (left.as_f64(), right.as_f64()) else {
            return Err(fault(place, format!("condition {kind} compares numbers")));
        };
        left.partial_cmp(&right)
            .map(test)
            .ok_or_else(|| fault(place, format!("condition {kind} compares numbers")))
    };
    match kind {
        "GreaterThan" => compared(std::cmp::Ordering::is_gt),
        "GreaterThanOrEqualTo" => compared(std::cmp::Ordering::is_ge),
        "LessThan" => compared(std::cmp::Ordering::is_lt),
        "LessThanOrEqualTo" => compared(std::cmp::Ordering::is_le),
        "Equals" => Ok(equal(&side("LeftValue")?, &side("RightValue")?)),
        "In" => {
            let needle = side("QueryValue")?;
            let values = side("Values")?;
            Ok(values
                .as_array()
                .is_some_and(|values| values.iter().any(|value| equal(value, &needle))))
        }
        "Not" => {
            let inner = condition
                .get("Expression")
                .ok_or_else(|| fault(place, "condition Not needs `Expression`"))?;
            Ok(!holds(inner, scope, place)?)
        }
        "Or" => {
            let inner = condition
                .get("Conditions")
                .and_then(Value::as_array)
                .ok_or_else(|| fault(place, "condition Or needs `Conditions`"))?;
            for condition in inner {
                if holds(condition, scope, place)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        other => Err(fault(
            place,
            format!("condition `{other}` is not one of {}", CONDITIONS.join(", ")),
        )),
    }
}

/// Every condition a definition may name.
pub const CONDITIONS: [&str; 8] = [
    "Equals",
    "GreaterThan",
    "GreaterThanOrEqualTo",
    "In",
    "LessThan",
    "LessThanOrEqualTo",
    "Not",
    "Or",
];

fn equal(left: &Value, right: &Value) -> bool {
    match (left.as_f64(), right.as_f64()) {
        (Some(left), Some(right)) => left == right,
        _ => left == right,
    }
}
