//! `driftline quality`.

use super::facet::{BiasRangeArguments, FacetArguments, bias_settings};
use crate::args::{FailOn, ReadingArguments};
use crate::progress::Bar;
use crate::{exit, message, settings};
use baselines::document::quality::QualityDocument;
use baselines::quality::{Problem, QualityConvention, QualityOptions, QualityPolicy, ValueMatrix};
use clap::{Args, ValueEnum};
use engine::monitor::{Monitor, QualitySettings};
use engine::quality::revision::{PointedWindow, Written, latest, refuse_other_window};
use engine::quality::{Attribute, ClassSettings, QualityColumns, QualityRequest, QualityRun, run as measure};
use engine::report::format::{count, percent};
use engine::scan::ScanSettings;
use engine::{EngineError, ErrorKind};
use std::fmt::Write as _;
use store::{Location, StoreOptions};

/// What is predicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProblemArgument {
    /// One of two classes.
    Binary,
    /// One of several classes.
    Multiclass,
    /// A number.
    Regression,
}

impl From<ProblemArgument> for Problem {
    fn from(problem: ProblemArgument) -> Self {
        match problem {
            ProblemArgument::Binary => Self::Binary,
            ProblemArgument::Multiclass => Self::Multiclass,
            ProblemArgument::Regression => Self::Regression,
        }
    }
}

/// By whose rule a metric breaches its constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ConventionArgument {
    /// Only what chance does not explain: the interval decides.
    House,
    /// Model Monitor's: the value itself decides.
    Sagemaker,
}

/// Which columns hold what.
#[derive(Debug, Clone, Args)]
pub(crate) struct ColumnArguments {
    /// Predicted class or value: a name, a JMESPath, or a position among the captured outputs (a table's columns), from 0.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) prediction: Option<String>,
    /// Probability of the positive class; for multiclass one column per class, in the order of --classes.
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',')]
    pub(crate) probability: Vec<String>,
    /// The label, in tables and in JSON labels.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) label: Option<String>,
    /// Score from which a row counts as predicted positive; decides even where a prediction was captured. 0.5 without it.
    #[arg(long, value_name = "SCORE")]
    pub(crate) threshold: Option<f64>,
    /// The positive class of a binary problem, where it is not 1 or true.
    #[arg(long, value_name = "CLASS")]
    pub(crate) positive_label: Option<String>,
    /// All classes, in order; binary: negative, positive.
    #[arg(long, value_name = "CLASS,…", value_delimiter = ',')]
    pub(crate) classes: Vec<String>,
    /// What each cell of the confusion matrix is worth, rows by label: `0,-1;-5,0`. Positive is gain.
    #[arg(long, value_name = "MATRIX", allow_hyphen_values = true)]
    pub(crate) value_matrix: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct QualityArguments {
    /// The monitor's settings: capture, ground_truth, problem_type and [quality] (docs/monitor.md). Flags stand above the
    /// file.
    #[arg(long, value_name = "FILE")]
    monitor: Option<String>,
    /// Predictions: captured traffic, batch-transform output, or a table with an id column; needed without --monitor.
    #[arg(long, value_name = "LOCATION", required_unless_present = "monitor")]
    capture: Option<String>,
    /// Labels: ground-truth JSON Lines by hour as Model Monitor has them, or a CSV or Parquet table with an id column;
    /// needed without --monitor.
    #[arg(long, value_name = "LOCATION", required_unless_present = "monitor")]
    ground_truth: Option<String>,
    /// A baseline made with labels, or Model Monitor's model-quality statistics.json and constraints.json; needed without
    /// --monitor.
    #[arg(long, value_name = "LOCATION", required_unless_present = "monitor")]
    baseline: Option<String>,
    /// What is predicted; needed without --monitor.
    #[arg(long, value_enum, required_unless_present = "monitor")]
    problem: Option<ProblemArgument>,
    /// Where the revisions r1, r2, … of this window's quality go, and latest.json, which names the newest.
    #[arg(long, value_name = "LOCATION")]
    output: String,
    #[command(flatten)]
    columns: ColumnArguments,
    /// Id column of predictions that are a table.
    #[arg(long, value_name = "COLUMN")]
    id: Option<String>,
    /// Time column of predictions that are a table.
    #[arg(long, value_name = "COLUMN")]
    time: Option<String>,
    /// Id column of ground truth that is a table.
    #[arg(long, value_name = "COLUMN")]
    ground_truth_id: Option<String>,
    /// Column that says when a label became known, of ground truth that is a table.
    #[arg(long, value_name = "COLUMN")]
    label_time: Option<String>,
    /// Metrics by the values of these columns.
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',')]
    segment: Vec<String>,
    /// Search for segments that are worse than the rest.
    #[arg(long)]
    find_segments: bool,
    #[command(flatten)]
    facets: FacetArguments,
    #[command(flatten)]
    ranges: BiasRangeArguments,
    /// The labelled data of the baseline: divides the change of the loss among the features.
    #[arg(long, value_name = "LOCATION")]
    explain: Option<String>,
    /// Capture's sampling percentage over time (CSV `from,percentage`), where it changed: rows are weighed by its inverse.
    #[arg(long, value_name = "LOCATION")]
    sampling: Option<String>,
    /// Share of predictions that must have a label before quality is judged; 0.5 without it.
    #[arg(long, value_name = "SHARE")]
    min_coverage: Option<f64>,
    /// Labelled predictions there must be before quality is judged; 30 without it.
    #[arg(long, value_name = "N")]
    min_labels: Option<u64>,
    /// By whose rule a metric breaches its constraint; house without it.
    #[arg(long, value_enum)]
    convention: Option<ConventionArgument>,
    /// What time it is, for how many labels are to be expected; the latest time in the data without it.
    #[arg(long, value_name = "TIME")]
    as_of: Option<String>,
    /// Folder whose labels.json remembers label delays from window to window; the output without it.
    #[arg(long, value_name = "LOCATION")]
    history: Option<String>,
    /// Leave Model Monitor's merged records (captured record and label) unwritten.
    #[arg(long)]
    no_merged: bool,
    #[command(flatten)]
    reading: ReadingArguments,
    /// Turn a result into an exit code: 3 on a violation, 5 where nothing could be evaluated.
    #[arg(long, value_enum, value_name = "RESULT")]
    fail_on: Option<FailOn>,
    /// What the report calls the window.
    #[arg(long)]
    title: Option<String>,
    /// Print quality.json instead of the summary.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: QualityArguments) -> anyhow::Result<u8> {
    let store = StoreOptions::default();
    let request = request(&arguments, &store).await?;
    let window = PointedWindow {
        start: request
            .settings
            .window
            .start
            .and_then(capture::time::format_rfc3339),
        end: request
            .settings
            .window
            .end
            .and_then(capture::time::format_rfc3339),
    };
    refuse_other_window(
        &request.output,
        latest(&request.output, &store).await?.as_ref(),
        &window,
    )?;
    let found = Box::pin(measure(&request, &Bar::default())).await?;
    let written = found.write(&request).await?;
    if arguments.json {
        message::data(&String::from_utf8(found.json()?)?);
    } else {
        message::data(&text(&found, &written));
    }
    Ok(match (found.document.status.as_str(), arguments.fail_on) {
        ("violated", Some(_)) => exit::VIOLATED,
        ("not_evaluated", Some(FailOn::NotEvaluated)) => exit::NOT_EVALUATED,
        _ => exit::DONE,
    })
}

/// What is to be measured: the monitor's settings, and the flags above them.
async fn request(arguments: &QualityArguments, store: &StoreOptions) -> Result<QualityRequest, EngineError> {
    let file = match &arguments.monitor {
        Some(file) => Some(settings::monitor(file, store).await?),
        None => None,
    };
    let schema = match (&arguments.reading.schema, &file) {
        (None, Some(file)) => settings::schema_at(file.schema.as_ref(), store).await?,
        (named, _) => settings::schema(named.as_deref(), store).await?,
    };
    let place = |name: &str, text: &Option<String>, other: Option<Location>| match text {
        Some(text) => settings::location(name, text).map(Some),
        None => Ok(other),
    };
    let file = file.as_ref();
    let quality = file.and_then(|file| file.quality.clone()).unwrap_or_default();
    let given = |found: Option<Location>, argument: &str, key: &str| {
        found.ok_or_else(|| {
            let wrong = format!("{argument} is not given, and the monitor has no {key}");
            EngineError::new(ErrorKind::Usage, wrong)
                .with_hint("docs/monitor.md, section `Quality`, shows what a monitor file needs to run it")
        })
    };
    let of_file = |at: fn(&Monitor) -> Option<&Location>| file.and_then(at).cloned();
    let capture = place(
        "--capture",
        &arguments.capture,
        of_file(|file| Some(&file.capture)),
    )?;
    let labels = of_file(|file| file.ground_truth.as_ref());
    let ground_truth = place("--ground-truth", &arguments.ground_truth, labels)?;
    let baseline = quality
        .baseline
        .clone()
        .or_else(|| of_file(|file| Some(&file.baseline)));
    let baseline = place("--baseline", &arguments.baseline, baseline)?;
    let problem = arguments
        .problem
        .map(Problem::from)
        .or_else(|| file.and_then(|file| file.problem));
    let quality = with_flags(quality, arguments)?;
    Ok(QualityRequest {
        capture: given(capture, "--capture", "`capture`")?,
        ground_truth: given(ground_truth, "--ground-truth", "`ground_truth`")?,
        baseline: given(baseline, "--baseline", "`baseline`")?,
        problem: problem.ok_or_else(|| {
            EngineError::new(
                ErrorKind::Usage,
                "--problem is not given, and the monitor has no `problem_type`",
            )
            .with_hint("binary, multiclass or regression")
        })?,
        columns: quality.columns,
        classes: quality.classes,
        schema,
        segments: quality.segments,
        find_segments: quality.find_segments,
        bias: quality.bias,
        explain: place("--explain", &arguments.explain, quality.explain)?,
        sampling: place("--sampling", &arguments.sampling, quality.sampling)?,
        options: QualityOptions {
            min_labels: quality.policy.min_labels,
            value_matrix: quality.value_matrix,
            ..QualityOptions::default()
        },
        policy: quality.policy,
        as_of: settings::time("--as-of", arguments.as_of.as_deref())?,
        history: place("--history", &arguments.history, quality.history)?,
        merged: quality.merged && !arguments.no_merged,
        output: settings::location("--output", &arguments.output)?,
        settings: ScanSettings {
            variants: file.map(|file| file.variants.clone()).unwrap_or_default(),
            ..settings::scan_settings(&arguments.reading)?
        },
        store: store.clone(),
        title: arguments
            .title
            .clone()
            .or_else(|| file.map(|file| file.name.clone())),
    })
}

/// The file's settings with what flags say in their place.
fn with_flags(file: QualitySettings, arguments: &QualityArguments) -> Result<QualitySettings, EngineError> {
    if let Some(share) = arguments
        .min_coverage
        .filter(|share| !(0.0..=1.0).contains(share))
    {
        return Err(EngineError::new(
            ErrorKind::Usage,
            format!("--min-coverage is {share}, expected a share from 0 to 1"),
        ));
    }
    let named =
        |text: &Option<String>, other: Option<Attribute>| text.as_deref().map(Attribute::parse).or(other);
    let (columns, classes) = columns(&arguments.columns)?;
    let has_bias = !arguments.facets.facet.is_empty()
        || arguments.facets.attributions.is_some()
        || !arguments.ranges.clarify.is_empty();
    let list = |given: &[String], other: Vec<String>| if given.is_empty() { other } else { given.to_vec() };
    Ok(QualitySettings {
        columns: QualityColumns {
            prediction: columns.prediction.or(file.columns.prediction),
            probability: if columns.probability.is_empty() {
                file.columns.probability
            } else {
                columns.probability
            },
            label: columns.label.or(file.columns.label),
            id: named(&arguments.id, file.columns.id),
            time: named(&arguments.time, file.columns.time),
            ground_truth_id: named(&arguments.ground_truth_id, file.columns.ground_truth_id),
            label_time: named(&arguments.label_time, file.columns.label_time),
        },
        classes: ClassSettings {
            classes: classes.classes.or(file.classes.classes),
            positive: classes.positive.or(file.classes.positive),
            threshold: classes.threshold.or(file.classes.threshold),
        },
        segments: list(&arguments.segment, file.segments),
        find_segments: arguments.find_segments || file.find_segments,
        bias: if has_bias {
            bias_settings(&arguments.facets, Some(&arguments.ranges))?
        } else {
            file.bias
        },
        value_matrix: options(&arguments.columns)?.value_matrix.or(file.value_matrix),
        policy: QualityPolicy {
            convention: match arguments.convention {
                Some(ConventionArgument::House) => QualityConvention::House,
                Some(ConventionArgument::Sagemaker) => QualityConvention::Sagemaker,
                None => file.policy.convention,
            },
            min_coverage: arguments.min_coverage.unwrap_or(file.policy.min_coverage),
            min_labels: arguments.min_labels.unwrap_or(file.policy.min_labels),
            ..file.policy
        },
        ..file
    })
}

/// Columns and classes as arguments say them.
pub(crate) fn columns(arguments: &ColumnArguments) -> Result<(QualityColumns, ClassSettings), EngineError> {
    if let Some(threshold) = arguments.threshold.filter(|threshold| !threshold.is_finite()) {
        return Err(EngineError::new(
            ErrorKind::Usage,
            format!("--threshold is {threshold}, expected a number"),
        ));
    }
    let columns = QualityColumns {
        prediction: arguments.prediction.as_deref().map(Attribute::parse),
        probability: arguments
            .probability
            .iter()
            .map(|text| Attribute::parse(text))
            .collect(),
        label: arguments.label.as_deref().map(Attribute::parse),
        ..QualityColumns::default()
    };
    let classes = ClassSettings {
        classes: (!arguments.classes.is_empty()).then(|| arguments.classes.clone()),
        positive: arguments.positive_label.clone(),
        threshold: arguments.threshold,
    };
    Ok((columns, classes))
}

/// Options of the library as arguments say them.
pub(crate) fn options(arguments: &ColumnArguments) -> Result<QualityOptions, EngineError> {
    let value_matrix = match &arguments.value_matrix {
        None => None,
        Some(text) => {
            let row = |row: &str| {
                row.split(',')
                    .map(|cell| cell.trim().parse().ok())
                    .collect::<Option<Vec<f64>>>()
            };
            let rows_actual = text.split(';').map(row).collect::<Option<Vec<_>>>().ok_or_else(|| {
                EngineError::new(
                    ErrorKind::Usage,
                    format!("--value-matrix is `{text}`, expected rows of numbers"),
                )
                .with_hint("rows by label, columns by prediction, for example `0,-1;-5,0`: a false negative costs 5")
            })?;
            Some(ValueMatrix { rows_actual })
        }
    };
    Ok(QualityOptions {
        value_matrix,
        ..QualityOptions::default()
    })
}

fn text(found: &QualityRun, written: &Written) -> String {
    let document = &found.document;
    let mut out = String::new();
    let status = document.status.replace('_', " ");
    let _infallible = writeln!(
        out,
        "Quality ({}, {}): {status}",
        document.problem, document.shown
    );
    if let Some(reason) = &document.not_evaluated {
        let _infallible = writeln!(out, "  {reason}");
    }
    let _infallible = writeln!(
        out,
        "{} of {} predictions have a label ({})",
        count(document.n_labelled),
        count(document.n_predictions),
        percent(document.coverage),
    );
    if let Some(maturity) = &document.maturity {
        if let Some(expected) = maturity.expected_coverage {
            let _infallible = writeln!(out, "  expected by {}: {}", maturity.as_of, percent(expected));
        }
        match (&maturity.final_at, &maturity.unknown) {
            (Some(at), _) if maturity.is_final => {
                let _infallible = writeln!(out, "  final to 98 % since {at}");
            }
            (Some(at), _) => {
                let _infallible = writeln!(out, "  final to 98 % at {at}");
            }
            (None, Some(reason)) => {
                let _infallible = writeln!(out, "  when it is final is not known: {reason}");
            }
            (None, None) => {}
        }
    }
    for (name, metric) in &document.metrics {
        let breach = document
            .checks
            .iter()
            .any(|check| check.metric == *name && check.outcome == "breach");
        let mark = if breach { "  breach" } else { "" };
        let _infallible = writeln!(
            out,
            "  {name:28} {:>12.6}  [{:.6}, {:.6}] {}{mark}",
            metric.value, metric.low, metric.high, metric.method
        );
    }
    if let Some(estimate) = &document.estimate {
        let _infallible = writeln!(out, "estimated without labels ({}):", estimate.method);
        for (name, found) in &estimate.metrics {
            let band = match (found.low, found.high) {
                (Some(low), Some(high)) => format!("[{low:.6}, {high:.6}]"),
                _ => String::new(),
            };
            let _infallible = writeln!(out, "  {name:28} {:>12.6}  {band}", found.value);
        }
    }
    fairness_text(&mut out, document);
    for (name, n) in document.labels.iter().filter(|(_, n)| **n > 0) {
        let _infallible = writeln!(out, "{}: {}", name.replace('_', " "), count(*n));
    }
    for note in &document.notes {
        let _infallible = writeln!(out, "note: {note}");
    }
    if written.is_new {
        let (merged, documents): (Vec<_>, Vec<_>) =
            written.places.iter().partition(|place| place.contains("/merge/"));
        for place in documents {
            let _infallible = writeln!(out, "wrote {place}");
        }
        if let Some(first) = merged.first() {
            let folder = first.split("/merge/").next().unwrap_or_default();
            let _infallible = writeln!(
                out,
                "wrote {} merged files below {folder}/merge",
                count(merged.len() as u64)
            );
        }
    } else {
        let _infallible = writeln!(out, "nothing new: revision {} stands", written.revision);
    }
    out
}

/// Bias metrics that are judged, and what the model's answers rest on.
fn fairness_text(out: &mut String, document: &QualityDocument) {
    let mut facet = "";
    for found in &document.bias {
        if found.facet != facet {
            facet = &found.facet;
            let of_facet = document.bias.iter().filter(|other| other.facet == found.facet);
            let (judged, n_alerts) = of_facet.fold((0, 0), |(judged, alerts), other| {
                (
                    judged + u64::from(other.outcome != "not_judged"),
                    alerts + u64::from(other.alert),
                )
            });
            let _infallible = writeln!(out, "bias of {facet}: {n_alerts} alerts, {judged} metrics judged");
        }
        let (Some(value), Some(low), Some(high)) = (found.value, found.low, found.high) else {
            continue;
        };
        let mark = match found.outcome.as_str() {
            "alert" => "  alert",
            "outside_within_chance" => "  outside its range, within chance",
            _ => "",
        };
        let _infallible = writeln!(
            out,
            "  {:28} {value:>12.6}  [{low:.6}, {high:.6}]{mark}",
            found.metric
        );
    }
    if let Some(found) = &document.attributions {
        let mark = if found.alert { "  alert" } else { "" };
        match (found.ndcg, found.low, found.high, &found.reason) {
            (Some(ndcg), Some(low), Some(high), _) => {
                let _infallible = writeln!(out, "attributions: nDCG {ndcg:.6}  [{low:.6}, {high:.6}]{mark}");
            }
            (_, _, _, reason) => {
                let reason = reason.as_deref().unwrap_or_default();
                let _infallible = writeln!(out, "attributions were not judged: {reason}");
            }
        }
    }
}
