//! `driftline pipeline prepare` and `driftline pipeline evaluate`: the steps of the retraining pipeline that run our image.

use crate::progress::Bar;
use crate::{exit, message, settings};
use baselines::quality::Problem;
use capture::schema::Schema;
use capture::time::TimeWindow;
use clap::Args;
use engine::report::format::{count, number};
use engine::scan::ScanSettings;
use engine::training::{EvaluateRequest, PrepareRequest, evaluate, prepare};
use engine::{EngineError, ErrorKind};
use std::path::{Path, PathBuf};
use store::StoreOptions;

#[derive(Debug, Args)]
pub(super) struct PrepareArguments {
    /// Captured requests.
    #[arg(long, value_name = "LOCATION")]
    capture: String,
    /// Labels.
    #[arg(long, value_name = "LOCATION")]
    ground_truth: String,
    /// The old training set: a table with the schema's features and label.
    #[arg(long, value_name = "LOCATION")]
    training_data: Option<String>,
    /// Whether the old training set is taken.
    #[arg(long, value_name = "BOOLEAN", default_value = "true", action = clap::ArgAction::Set, value_parser = boolean)]
    include_training_data: bool,
    /// A schema file, or a folder with one.
    #[arg(long, value_name = "FILE")]
    schema: PathBuf,
    /// First moment of the requests (RFC 3339).
    #[arg(long, value_name = "TIME")]
    start: Option<String>,
    /// First moment after them.
    #[arg(long, value_name = "TIME")]
    end: Option<String>,
    /// binary, multiclass or regression.
    #[arg(long, value_name = "PROBLEM")]
    problem: String,
    /// Share of the labelled requests that are tested on: the newest.
    #[arg(long, value_name = "SHARE", default_value_t = 0.2)]
    test_share: f64,
    /// Share before those that stops the training.
    #[arg(long, value_name = "SHARE", default_value_t = 0.15)]
    validation_share: f64,
    /// train/, validation/ and test/ go below it.
    #[arg(long, value_name = "LOCATION")]
    output: String,
}

#[derive(Debug, Args)]
pub(super) struct EvaluateArguments {
    /// The scored test set.
    #[arg(long, value_name = "LOCATION")]
    data: String,
    /// A schema file, or a folder with one.
    #[arg(long, value_name = "FILE")]
    schema: PathBuf,
    /// binary, multiclass or regression.
    #[arg(long, value_name = "PROBLEM")]
    problem: String,
    /// Columns whose values are protected segments; none for none.
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',', default_value = "none")]
    segments: Vec<String>,
    /// Of the gain's two-sided interval.
    #[arg(long, value_name = "SHARE", default_value_t = 0.95)]
    confidence: f64,
    /// Least quality of the new model: AUC, accuracy, or R² of a regression.
    #[arg(long, value_name = "VALUE", default_value_t = 0.0)]
    minimum: f64,
    /// The positive class of a binary problem.
    #[arg(long, value_name = "CLASS")]
    positive_label: Option<String>,
    /// evaluation.json goes below it.
    #[arg(long, value_name = "LOCATION")]
    output: String,
}

/// `true` and `false`, also as SageMaker's Python SDK writes them.
fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "true" | "True" => Ok(true),
        "false" | "False" => Ok(false),
        _ => Err("true or false is expected".to_owned()),
    }
}

fn problem(text: &str) -> Result<Problem, EngineError> {
    match text {
        "binary" => Ok(Problem::Binary),
        "multiclass" => Ok(Problem::Multiclass),
        "regression" => Ok(Problem::Regression),
        other => Err(
            EngineError::new(ErrorKind::Usage, format!("--problem `{other}` is not known"))
                .with_hint("binary, multiclass or regression"),
        ),
    }
}

fn share(option: &str, value: f64) -> Result<f64, EngineError> {
    if value > 0.0 && value < 1.0 {
        Ok(value)
    } else {
        Err(EngineError::new(
            ErrorKind::Usage,
            format!("{option} {value} is not between 0 and 1"),
        ))
    }
}

/// The table of a folder that holds one beside other files (a schema, a summary); else what was named.
fn table(named: &str) -> String {
    let is_table = |path: &PathBuf| {
        path.extension()
            .and_then(|extension| extension.to_str())
            .is_some_and(|extension| matches!(extension, "csv" | "parquet" | "jsonl"))
    };
    let Ok(entries) = std::fs::read_dir(named) else {
        return named.to_owned();
    };
    let tables: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(is_table)
        .collect();
    match tables.as_slice() {
        [only] => only.to_string_lossy().into_owned(),
        _ => named.to_owned(),
    }
}

/// A schema from a file, or from a folder that holds one, which is what a pipeline's input is.
fn schema(path: &Path) -> Result<Schema, EngineError> {
    let usage = |message: String| EngineError::new(ErrorKind::Usage, message);
    let file = if path.is_dir() {
        let mut files: Vec<PathBuf> = std::fs::read_dir(path)
            .map_err(|error| {
                usage(format!("the folder {} cannot be read", path.display())).with_source(error)
            })?
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
            .collect();
        files.sort();
        let named = files.iter().find(|file| file.ends_with("schema.json")).cloned();
        match (named, files.as_slice()) {
            (Some(named), _) => named,
            (None, [only]) => only.clone(),
            (None, files) => {
                return Err(usage(format!(
                    "the folder {} holds {} .json files, and none is named schema.json",
                    path.display(),
                    files.len()
                )));
            }
        }
    } else {
        path.to_owned()
    };
    let bytes = std::fs::read(&file)
        .map_err(|error| usage(format!("the schema {} cannot be read", file.display())).with_source(error))?;
    Schema::parse(&bytes)
        .map_err(|error| usage(format!("the schema {} is not usable", file.display())).with_source(error))
}

pub(super) async fn run_prepare(arguments: PrepareArguments) -> anyhow::Result<u8> {
    let (test_share, validation_share) = (
        share("--test-share", arguments.test_share)?,
        share("--validation-share", arguments.validation_share)?,
    );
    share(
        "--test-share and --validation-share together",
        test_share + validation_share,
    )?;
    let request = PrepareRequest {
        capture: settings::location("--capture", &arguments.capture)?,
        ground_truth: settings::location("--ground-truth", &arguments.ground_truth)?,
        training_data: match (&arguments.training_data, arguments.include_training_data) {
            (Some(location), true) => Some(settings::location("--training-data", &table(location))?),
            _ => None,
        },
        schema: schema(&arguments.schema)?,
        problem: problem(&arguments.problem)?,
        test_share,
        validation_share,
        output: settings::location("--output", &arguments.output)?,
        settings: ScanSettings {
            window: TimeWindow {
                start: settings::time("--start", arguments.start.as_deref())?,
                end: settings::time("--end", arguments.end.as_deref())?,
            },
            ..ScanSettings::default()
        },
        store: StoreOptions::default(),
    };
    let prepared = prepare(&request, &Bar::default()).await?;
    let rows = |part: &str| count(prepared.rows.get(part).copied().unwrap_or(0) as u64);
    message::data(&format!(
        "{} rows to train on ({} of them from the old training set), {} to validate, {} to test; {} requests have no label yet\n",
        rows("train"),
        count(prepared.from_training_data as u64),
        rows("validation"),
        rows("test"),
        count(prepared.without_label),
    ));
    Ok(exit::DONE)
}

pub(super) async fn run_evaluate(arguments: EvaluateArguments) -> anyhow::Result<u8> {
    let schema = schema(&arguments.schema)?;
    let label = schema.label.clone().ok_or_else(|| {
        EngineError::new(ErrorKind::Usage, "the schema does not name the label")
            .with_hint("add \"label\": \"COLUMN\"")
    })?;
    let request = EvaluateRequest {
        data: settings::location("--data", &table(&arguments.data))?,
        label,
        problem: problem(&arguments.problem)?,
        positive: arguments.positive_label.clone(),
        segments: arguments
            .segments
            .iter()
            .filter(|name| !name.is_empty() && *name != "none")
            .cloned()
            .collect(),
        confidence: share("--confidence", arguments.confidence)?,
        minimum: arguments.minimum,
        output: settings::location("--output", &arguments.output)?,
        settings: ScanSettings::default(),
        store: StoreOptions::default(),
    };
    let evaluation = evaluate(&request, &Bar::default()).await?;
    message::data(&format!(
        "{}: {}\n{} {} for the new model, {} for the one in service\n",
        if evaluation.better { "better" } else { "not better" },
        evaluation.summary,
        evaluation.metric,
        number(evaluation.challenger.value),
        number(evaluation.champion.value),
    ));
    Ok(exit::DONE)
}
