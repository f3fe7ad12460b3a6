//! Guesses from a few records: what each column holds, and what the model predicts. Each says why.
//!
//! Pure; a guess is for a person to check.

use baselines::baseline::Role;
use baselines::quality::Problem;
use baselines::summary::{ColumnSummary, DatasetSummary, InferredType};
use serde_json::{Value, json};

/// Distinct values up to which a number may stand for a class.
const MAX_CLASSES: u64 = 20;

/// A column as it was seen.
#[derive(Debug, Clone, PartialEq)]
pub struct GuessedColumn {
    /// Its name; `input_0` and such where the records have no names.
    pub name: String,
    /// Whether it is an output.
    pub is_output: bool,
    /// `integral`, `fractional`, `boolean` or `string`; `None` where no cell had a value.
    pub kind: Option<&'static str>,
    /// Distinct values.
    pub n_distinct: u64,
    /// Smallest and largest number.
    pub range: Option<(f64, f64)>,
}

impl GuessedColumn {
    fn is_probability(&self) -> bool {
        self.kind == Some("fractional") && self.range.is_some_and(|(low, high)| low >= 0.0 && high <= 1.0)
    }

    fn is_class(&self) -> bool {
        match self.kind {
            Some("integral") => self.n_distinct <= MAX_CLASSES,
            Some("boolean" | "string") => true,
            _ => false,
        }
    }
}

/// What the model predicts, and in which columns.
#[derive(Debug, Clone, PartialEq)]
pub struct GuessedProblem {
    /// The problem.
    pub problem: Problem,
    /// Column of the predicted class or value.
    pub prediction: Option<String>,
    /// Columns of probabilities.
    pub probability: Vec<String>,
    /// Why.
    pub why: String,
}

/// Columns of a summary, outputs first.
pub(super) fn columns_of(summary: &DatasetSummary, roles: &[(String, Role)]) -> Vec<GuessedColumn> {
    let is_output = |name: &str| {
        roles
            .iter()
            .any(|(column, role)| column == name && *role == Role::Output)
    };
    let mut columns: Vec<GuessedColumn> = summary
        .columns
        .iter()
        .map(|column| guessed(column, is_output(&column.name)))
        .collect();
    columns.sort_by_key(|column| !column.is_output);
    columns
}

fn guessed(column: &ColumnSummary, is_output: bool) -> GuessedColumn {
    let numeric = column.numeric.as_ref();
    let distinct = match (column.inferred_type.is_numeric(), numeric, &column.categorical) {
        (true, Some(numbers), _) => numbers.distinct.value(),
        (_, _, Some(texts)) => texts.distinct.value(),
        _ => 0,
    };
    GuessedColumn {
        name: column.name.clone(),
        is_output,
        kind: match column.inferred_type {
            InferredType::Integral => Some("integral"),
            InferredType::Fractional => Some("fractional"),
            InferredType::Boolean => Some("boolean"),
            InferredType::String => Some("string"),
            InferredType::Unknown => None,
        },
        n_distinct: distinct,
        range: numeric.map(|numbers| (numbers.min, numbers.max)),
    }
}

/// What the outputs look like. `None` without outputs, or where none has a value.
pub(super) fn problem_of(columns: &[GuessedColumn]) -> Option<GuessedProblem> {
    let outputs: Vec<&GuessedColumn> = columns
        .iter()
        .filter(|column| column.is_output && column.kind.is_some())
        .collect();
    let named = |column: &GuessedColumn| Some(column.name.clone());
    let classes = |n: u64| {
        if n <= 2 {
            Problem::Binary
        } else {
            Problem::Multiclass
        }
    };
    let (problem, prediction, probability, why) = match outputs[..] {
        [] => return None,
        [only] if only.is_probability() => (
            Problem::Binary,
            None,
            vec![only.name.clone()],
            "one output, and every value is a number from 0 to 1: the probability of the positive class"
                .to_owned(),
        ),
        [only] if only.is_class() => (
            classes(only.n_distinct),
            named(only),
            Vec::new(),
            format!("one output with {} distinct values: a class", only.n_distinct),
        ),
        [only] => (
            Problem::Regression,
            named(only),
            Vec::new(),
            format!("one output with {} distinct numbers: a value", only.n_distinct),
        ),
        [class, score] if class.is_class() && score.is_probability() => (
            classes(class.n_distinct),
            named(class),
            vec![score.name.clone()],
            format!(
                "a class with {} distinct values, and a number from 0 to 1",
                class.n_distinct
            ),
        ),
        _ if outputs.iter().all(|column| column.is_probability()) => (
            Problem::Multiclass,
            None,
            outputs.iter().map(|column| column.name.clone()).collect(),
            format!(
                "{} outputs, each a number from 0 to 1: one probability per class",
                outputs.len()
            ),
        ),
        [first, ..] if first.is_class() => (
            classes(first.n_distinct),
            named(first),
            Vec::new(),
            format!("the first of {} outputs looks like a class", outputs.len()),
        ),
        [first, ..] => (
            Problem::Regression,
            named(first),
            Vec::new(),
            format!("the first of {} outputs is a number", outputs.len()),
        ),
    };
    Some(GuessedProblem {
        problem,
        prediction,
        probability,
        why,
    })
}

/// `schema.json` of the columns: names, types, and which are outputs.
pub(super) fn schema_of(columns: &[GuessedColumn], problem: Option<&GuessedProblem>) -> Value {
    let feature = |column: &GuessedColumn| {
        // Whole numbers may turn out to be fractions in the next window: `numeric` takes both.
        let kind = column
            .kind
            .map(|kind| if kind == "integral" { "numeric" } else { kind });
        match kind {
            Some(kind) => json!({"name": column.name, "type": kind}),
            None => json!({"name": column.name}),
        }
    };
    let of = |is_output: bool| -> Vec<Value> {
        let wanted = columns.iter().filter(|column| column.is_output == is_output);
        wanted.map(feature).collect()
    };
    let mut schema = json!({"features": of(false)});
    let outputs = of(true);
    if !outputs.is_empty() {
        schema["outputs"] = Value::Array(outputs);
    }
    if let Some(found) = problem {
        schema["task"] = json!(found.problem.name());
        if let Some(prediction) = &found.prediction {
            schema["prediction"] = json!(prediction);
        }
        if let [only] = &found.probability[..] {
            schema["probability"] = json!(only);
        }
    }
    schema
}
