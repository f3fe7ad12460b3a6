//! `driftline baseline`.

use super::facet::bias_settings;
use super::quality;
use crate::args::BaselineArguments;
use crate::progress::Bar;
use crate::{exit, message, settings};
use baselines::quality::Problem;
use baselines::summary::Distinct;
use engine::baseline::{BaselineRequest, MadeBaseline, make};
use engine::quality::{
    BiasSettings, MadeQualityBaseline, QualityBaselineRequest, QualityColumns, make_quality_baseline,
};
use engine::report::format::{count, percent, plural};
use engine::{EngineError, ErrorKind};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use store::StoreOptions;

pub(crate) async fn run(arguments: BaselineArguments) -> anyhow::Result<u8> {
    let options = StoreOptions::default();
    let output = settings::location("--output", &arguments.output)?;
    let request = BaselineRequest {
        data: settings::location("--data", &arguments.data)?,
        schema: settings::schema(arguments.reading.schema.as_deref(), &options).await?,
        settings: settings::scan_settings(&arguments.reading)?,
        options: options.clone(),
    };
    let made = make(&request, &Bar::default()).await?;
    let mut written = Vec::new();
    let quality = model_quality(&arguments, &request, &options).await?;
    if let Some(quality) = &quality {
        written.extend(quality.write(&output, &options).await?);
    }
    written.extend(made.write(&output, &options).await?);
    message::data(&if arguments.json {
        json(&made, &written)?
    } else {
        let mut text = text(&made, &written);
        if let Some(quality) = &quality {
            text.push_str(&quality_text(quality));
        }
        text
    });
    Ok(exit::DONE)
}

/// The model-quality baseline, where the arguments or the schema say what is predicted and where the label is.
async fn model_quality(
    arguments: &BaselineArguments,
    request: &BaselineRequest,
    store: &StoreOptions,
) -> Result<Option<MadeQualityBaseline>, EngineError> {
    let (columns, classes) = quality::columns(&arguments.columns)?;
    let bias = bias_settings(&arguments.facets, None)?;
    let of_schema = request.schema.as_ref().and_then(|schema| {
        let whole = schema.label.is_some() && (schema.prediction.is_some() || schema.probability.is_some());
        let problem = match schema.task.as_deref()? {
            "binary" => Problem::Binary,
            "multiclass" => Problem::Multiclass,
            "regression" => Problem::Regression,
            _ => return None,
        };
        whole.then_some(problem)
    });
    let Some(problem) = arguments.problem.map(Problem::from).or(of_schema) else {
        if columns != QualityColumns::default() || bias != BiasSettings::default() {
            return Err(EngineError::new(
                ErrorKind::Usage,
                "--prediction, --probability, --label, --facet and --attributions need --problem to say what is predicted",
            )
            .with_hint("--problem binary, multiclass or regression"));
        }
        return Ok(None);
    };
    let request = QualityBaselineRequest {
        data: request.data.clone(),
        problem,
        columns,
        classes,
        schema: request.schema.clone(),
        options: quality::options(&arguments.columns)?,
        bias,
        evaluated_at: None,
        settings: request.settings.clone(),
        store: store.clone(),
    };
    make_quality_baseline(&request, &Bar::default()).await.map(Some)
}

fn quality_text(made: &MadeQualityBaseline) -> String {
    let mut out = String::new();
    let _infallible = writeln!(
        out,
        "Model quality ({}) of {} labelled predictions",
        made.document.problem,
        count(made.document.n_labelled)
    );
    for (name, constraint) in &made.constraints.metrics {
        let _infallible = writeln!(out, "  {name:28} {:>12.6}", constraint.threshold);
    }
    if let Err(reason) = &made.estimator {
        let _infallible = writeln!(out, "  no estimator for windows without labels: {reason}");
    }
    out
}

#[derive(Serialize)]
struct Printed<'a> {
    written: &'a [String],
    rows: u64,
    calibration: String,
    records: Records,
    columns: Vec<Column<'a>>,
    derivations: Vec<String>,
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct Records {
    lines: u64,
    decoded: u64,
    rejected: u64,
    duplicates: u64,
    rejects_by_reason: BTreeMap<&'static str, u64>,
}

#[derive(Serialize)]
struct Column<'a> {
    name: &'a str,
    inferred_type: String,
    completeness: Option<f64>,
    distinct: Option<u64>,
    mean: Option<f64>,
    std_dev: Option<f64>,
    min: Option<f64>,
    max: Option<f64>,
}

fn json(made: &MadeBaseline, written: &[String]) -> anyhow::Result<String> {
    let records = &made.scan.records;
    let columns = made.baseline.monitored().map(|column| {
        let summary = &column.summary;
        let numeric = summary.numeric.as_ref();
        let categorical = summary.categorical.as_ref();
        Column {
            name: &summary.name,
            inferred_type: format!("{:?}", summary.inferred_type),
            completeness: summary.counts.completeness(),
            distinct: numeric
                .map(|n| n.distinct)
                .or(categorical.map(|c| c.distinct))
                .map(Distinct::value),
            mean: numeric.map(|n| n.mean),
            std_dev: numeric.map(|n| n.std_dev),
            min: numeric.map(|n| n.min),
            max: numeric.map(|n| n.max),
        }
    });
    let printed = Printed {
        written,
        rows: made.baseline.n_rows,
        calibration: made.calibrated.sentence(),
        records: Records {
            lines: records.n_lines,
            decoded: records.n_decoded,
            rejected: records.n_rejected,
            duplicates: records.n_duplicates,
            rejects_by_reason: records
                .rejects_by_reason
                .iter()
                .map(|(reason, n)| (reason.name(), *n))
                .collect(),
        },
        columns: columns.collect(),
        derivations: made
            .suggestions
            .derivations
            .iter()
            .map(|d| format!("{}: {}: {}", d.column, d.constraint, d.sentence))
            .collect(),
        warnings: made
            .suggestions
            .warnings
            .iter()
            .map(|w| format!("{}: {}", w.column, w.sentence))
            .collect(),
    };
    Ok(serde_json::to_string_pretty(&printed)? + "\n")
}

fn text(made: &MadeBaseline, written: &[String]) -> String {
    let mut out = String::new();
    let n_columns = made.baseline.monitored().count() as u64;
    let records = &made.scan.records;
    let _infallible = writeln!(
        out,
        "Baseline of {} and {}",
        plural(made.baseline.n_rows, "row", "rows"),
        plural(n_columns, "column", "columns"),
    );
    let _infallible = writeln!(out, "{}", made.calibrated.sentence());
    if records.n_rejected > 0 {
        let _infallible = writeln!(
            out,
            "{} of {} lines were rejected:",
            count(records.n_rejected),
            count(records.n_lines)
        );
        for (reason, n) in &records.rejects_by_reason {
            let _infallible = writeln!(out, "  {reason}: {}", count(*n));
        }
    }
    let width = made
        .baseline
        .monitored()
        .map(|c| c.summary.name.chars().count())
        .max()
        .unwrap_or(0)
        .min(40);
    for column in made.baseline.monitored().take(50) {
        let summary = &column.summary;
        let share = summary
            .counts
            .completeness()
            .map_or_else(String::new, |share| format!("{} present", percent(share)));
        let kind = format!("{:?}", summary.inferred_type);
        let _infallible = writeln!(out, "  {:width$}  {kind:10}  {share}", summary.name);
    }
    if n_columns > 50 {
        let _infallible = writeln!(out, "  … and {} more", count(n_columns - 50));
    }
    for warning in &made.suggestions.warnings {
        let _infallible = writeln!(out, "warning: {}: {}", warning.column, warning.sentence);
    }
    for place in written {
        let _infallible = writeln!(out, "wrote {place}");
    }
    out
}
