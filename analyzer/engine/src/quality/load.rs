//! From locations to a sample: predictions read, labels read, both joined.
//!
//! Resolves which columns are meant; computes nothing.

use super::attribute::{Attribute, attribution_columns};
use super::gather::{Kind, NO_TIME};
use super::join::{JoinCounts, join};
use super::labels::{ID_NAMES, LabelColumns, Labels, read_labels};
use super::merged::MergeLabels;
use super::read::{Choice, ObjectLines, ReadCounts, Role, Rows, Wanted, read_rows};
use super::request::QualityColumns;
use super::sample::{BesideColumn, BesideNames, ClassChoice, Sample};
use crate::baseline::{refuse_empty, settings_for};
use crate::error::{EngineError, ErrorKind};
use crate::plan::{self, ScanColumns};
use crate::probe::{Probe, probe};
use crate::progress::Progress;
use crate::scan::ScanSettings;
use crate::sources::{Source, discover};
use baselines::baseline::Baseline;
use baselines::quality::Problem;
use capture::layout::Side;
use capture::schema::{Probability, Schema};
use capture::time::TimeWindow;
use std::collections::BTreeMap;
use store::{Location, StoreOptions};

/// What is to be loaded.
pub(crate) struct LoadRequest<'a> {
    pub(crate) problem: Problem,
    pub(crate) columns: &'a QualityColumns,
    pub(crate) classes: &'a ClassChoice,
    pub(crate) schema: Option<&'a Schema>,
    /// Names and order of captured columns, where a data-quality baseline says them.
    pub(crate) known: Option<&'a Baseline>,
    /// Columns by which roles were found in the model-quality baseline.
    pub(crate) baseline_columns: &'a BTreeMap<String, String>,
    pub(crate) features: &'a [BesideColumn],
    /// Where feature attributions stand.
    pub(crate) attributions: Option<&'a str>,
    pub(crate) settings: &'a ScanSettings,
    pub(crate) store: &'a StoreOptions,
    pub(crate) progress: &'a dyn Progress,
    /// Whether labels are kept by id, to merge records with them.
    pub(crate) merge: bool,
}

/// A loaded window.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) sample: Sample,
    pub(crate) counts: JoinCounts,
    pub(crate) predictions: ReadCounts,
    pub(crate) labels: ReadCounts,
    pub(crate) n_labels_without_id: u64,
    pub(crate) n_labels_empty: u64,
    /// Role → column.
    pub(crate) columns: BTreeMap<String, String>,
    /// Objects the predictions came from.
    pub(crate) sources: Vec<Source>,
    /// Their lines, in the same order.
    pub(crate) objects: Vec<ObjectLines>,
    /// Labels by id, where records are to be merged with them.
    pub(crate) merge: Option<MergeLabels>,
    /// Whether a captured or named prediction decides (else the threshold).
    pub(crate) has_prediction: bool,
}

pub(super) struct Resolved {
    pub(super) wanted: Wanted,
    shown: BTreeMap<String, String>,
    n_scores: usize,
    pub(super) has_prediction: bool,
    /// Features whose attributions were found.
    attributions: Vec<String>,
}

/// Predictions as they were read.
struct Predictions {
    sources: Vec<Source>,
    is_table: bool,
    resolved: Resolved,
    rows: Rows,
    lines: Vec<ObjectLines>,
}

/// Whose predictions are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// A window's: captured records or a table, labels elsewhere.
    Window,
    /// A baseline's: a table with its labels.
    Baseline,
}

async fn read_predictions(
    request: &LoadRequest<'_>,
    location: &Location,
    whose: Whose,
) -> Result<Predictions, EngineError> {
    let (what, stage) = match whose {
        Whose::Window => ("capture", "reading predictions"),
        Whose::Baseline => ("baseline data", "reading labelled predictions"),
    };
    let mut sources = discover(location, request.store, &request.settings.window).await?;
    if matches!(whose, Whose::Window) {
        sources.keep_variants(&request.settings.variants);
    }
    refuse_empty(location, &sources, what)?;
    let looked = probe(&sources.objects).await?;
    let columns = scan_columns(request, &looked);
    let choice = Choice::of(&columns, &looked);
    if whose == Whose::Baseline && !choice.is_table {
        return Err(EngineError::new(
            ErrorKind::Usage,
            format!("a model-quality baseline needs labels beside predictions, and {location} is no table"),
        )
        .with_hint("give a .csv, .parquet or .jsonl file with prediction and label columns"));
    }
    let resolved = resolve(request, &choice, whose == Whose::Baseline)?;
    let settings = settings_for(request.settings, &looked);
    let n_bytes = sources.objects.iter().map(|source| source.size).sum();
    request.progress.stage(stage, n_bytes);
    let rows = read_rows(
        &sources.objects,
        &choice,
        &resolved.wanted,
        &settings,
        request.progress,
    )
    .await?;
    request.progress.done();
    let lines = (0..sources.objects.len() as u32)
        .map(|idx| rows.objects.get(&idx).copied().unwrap_or_default())
        .collect();
    Ok(Predictions {
        sources: sources.objects,
        is_table: choice.is_table,
        resolved,
        rows,
        lines,
    })
}

/// Loads a window with labels from elsewhere.
pub(crate) async fn load_window(
    request: &LoadRequest<'_>,
    capture: &Location,
    ground_truth: &Location,
) -> Result<Loaded, EngineError> {
    let Predictions {
        sources,
        is_table,
        resolved,
        rows,
        lines,
    } = read_predictions(request, capture, Whose::Window).await?;
    if rows.len() == 0 {
        let counts = &rows.counts;
        return Err(EngineError::new(
            ErrorKind::NothingToAnalyse,
            format!(
                "no predictions at {capture}: of {} lines {} were rejected and {} lie outside the window {}",
                counts.lines, counts.rejected, counts.outside_window, request.settings.window
            ),
        )
        .with_hint("check --start and --end; `driftline analyze --rejects FILE` lists every refused line"));
    }
    let label_sources = discover(ground_truth, request.store, &TimeWindow::default()).await?;
    let kind = kind_of(request.problem);
    request.progress.stage(
        "reading labels",
        label_sources.objects.iter().map(|source| source.size).sum(),
    );
    let wanted = LabelColumns {
        id: request.columns.ground_truth_id.clone(),
        label: request.columns.label.clone().or_else(|| {
            request
                .schema
                .and_then(|schema| schema.label.clone())
                .map(Attribute::Name)
        }),
        time: request.columns.label_time.clone(),
    };
    let labels = if label_sources.objects.is_empty() {
        Labels::none(kind)
    } else {
        read_labels(
            &label_sources.objects,
            &wanted,
            kind,
            request.settings,
            request.progress,
        )
        .await?
    };
    request.progress.done();
    let joined = join(&rows, &labels, request.settings.n_threads)?;
    let (predictions, label_counts) = (rows.counts.clone(), labels.counts.clone());
    let (n_labels_without_id, n_labels_empty) = (labels.n_without_id, labels.n_empty);
    let counts = joined.counts;
    let merge =
        (request.merge && !is_table && counts.labelled > 0).then(|| MergeLabels::of(&rows, &labels, &joined));
    let sample = Sample::of_joined(
        request.problem,
        request.classes,
        rows,
        labels,
        joined,
        &resolved.beside(request),
    )?;
    Ok(Loaded {
        sample,
        counts,
        predictions,
        labels: label_counts,
        n_labels_without_id,
        n_labels_empty,
        columns: resolved.shown,
        merge,
        has_prediction: resolved.has_prediction,
        objects: lines,
        sources,
    })
}

/// Loads a table that has its labels.
pub(crate) async fn load_table(request: &LoadRequest<'_>, data: &Location) -> Result<Loaded, EngineError> {
    let Predictions {
        sources,
        resolved,
        rows,
        lines,
        ..
    } = read_predictions(request, data, Whose::Baseline).await?;
    let predictions = rows.counts.clone();
    let sample = Sample::of_table(request.problem, request.classes, rows, &resolved.beside(request))?;
    let n_labelled = (0..sample.len()).filter(|row| sample.is_labelled(*row)).count() as u64;
    let counts = JoinCounts {
        predictions: sample.len() as u64,
        labelled: n_labelled,
        unlabelled: sample.len() as u64 - n_labelled,
        ..JoinCounts::default()
    };
    Ok(Loaded {
        sample,
        counts,
        predictions,
        labels: ReadCounts::default(),
        n_labels_without_id: 0,
        n_labels_empty: 0,
        columns: resolved.shown,
        merge: None,
        has_prediction: resolved.has_prediction,
        objects: lines,
        sources,
    })
}

impl Resolved {
    fn beside<'a>(&'a self, request: &LoadRequest<'a>) -> BesideNames<'a> {
        BesideNames {
            features: request.features,
            attributions: &self.attributions,
        }
    }
}

pub(super) fn kind_of(problem: Problem) -> Kind {
    if problem == Problem::Regression {
        Kind::Number
    } else {
        Kind::Class
    }
}

pub(super) fn scan_columns(request: &LoadRequest<'_>, looked: &Probe) -> ScanColumns {
    match (request.schema, request.known) {
        (None, Some(known)) => plan::for_window(known, None, looked, plan::OutputPosition::Start),
        (schema, _) => plan::for_baseline(schema, looked).0,
    }
}

/// Which column is which: what arguments say, else the schema, else the baseline, else a single output.
pub(super) fn resolve(
    request: &LoadRequest<'_>,
    choice: &Choice,
    with_label: bool,
) -> Result<Resolved, EngineError> {
    let (columns, schema) = (request.columns, request.schema);
    let known = |role: &str| {
        let name = request.baseline_columns.get(role)?;
        // Of captured records only outputs: an input that happens to have the name is no answer of the model.
        let found = choice.outputs.contains(name);
        found.then(|| Attribute::Name(name.clone()))
    };
    let named = |name: &Option<String>| name.clone().map(Attribute::Name);
    let nothing_said = columns.prediction.is_none() && columns.probability.is_empty();
    let mut prediction = columns.prediction.clone();
    let mut probability = columns.probability.clone();
    if nothing_said {
        prediction = schema
            .and_then(|schema| named(&schema.prediction))
            .or_else(|| known("prediction"));
        probability = match schema.and_then(|schema| schema.probability.as_ref()) {
            Some(Probability::Column(name)) => vec![Attribute::Name(name.clone())],
            Some(Probability::PerClass(columns)) => columns.values().cloned().map(Attribute::Name).collect(),
            None => {
                let first = known("probability").into_iter();
                first
                    .chain((0..).map_while(|idx| known(&format!("probability_{idx}"))))
                    .collect()
            }
        };
    }
    if prediction.is_none() && probability.is_empty() {
        match (choice.is_table, choice.outputs.len(), request.problem) {
            (false, 1, Problem::Regression) => prediction = Some(Attribute::Index(0)),
            _ => {
                let shown: Vec<&str> = choice.outputs.iter().take(12).map(String::as_str).collect();
                return Err(EngineError::new(
                    ErrorKind::Usage,
                    "neither --prediction nor --probability says where the model's answer stands",
                )
                .with_hint(format!(
                    "columns to choose from, counted from 0: {}",
                    shown.join(", ")
                )));
            }
        }
    }
    let kind = kind_of(request.problem);
    let mut wanted = Wanted::default();
    let mut shown = BTreeMap::new();
    if let Some(asked) = &prediction {
        let (name, side) = choice.find("--prediction", asked)?;
        wanted.add(&name, side, kind, Role::Prediction);
        shown.insert("prediction".to_owned(), name);
    }
    for (idx, asked) in probability.iter().enumerate() {
        let (name, side) = choice.find("--probability", asked)?;
        wanted.add(&name, side, Kind::Number, Role::Probability(idx));
        let role = if probability.len() == 1 {
            "probability".to_owned()
        } else {
            format!("probability_{idx}")
        };
        shown.insert(role, name);
    }
    if with_label {
        let asked = columns
            .label
            .clone()
            .or_else(|| schema.and_then(|schema| named(&schema.label)))
            .or_else(|| known("label"))
            .ok_or_else(|| {
                EngineError::new(ErrorKind::Usage, "--label does not say where the labels stand")
                    .with_hint(format!("columns to choose from: {}", choice.inputs.join(", ")))
            })?;
        let (name, side) = choice.find("--label", &asked)?;
        wanted.add(&name, side, kind, Role::Label);
        shown.insert("label".to_owned(), name);
    }
    if choice.is_table && !with_label {
        let id = match columns
            .id
            .clone()
            .or_else(|| schema.and_then(|schema| named(&schema.id)))
        {
            Some(asked) => choice.find("--id", &asked)?.0,
            None => choice.known(&ID_NAMES).map(str::to_owned).ok_or_else(|| {
                EngineError::new(
                    ErrorKind::Usage,
                    "the predictions are a table, and --id does not say which column joins them to labels",
                )
                .with_hint(format!("columns: {}", choice.inputs.join(", ")))
            })?,
        };
        wanted.add(&id, Side::Input, Kind::Id, Role::Id);
        shown.insert("id".to_owned(), id);
        let time = match columns
            .time
            .clone()
            .or_else(|| schema.and_then(|schema| named(&schema.timestamp)))
        {
            Some(asked) => Some(choice.find("--time", &asked)?.0),
            None => choice
                .known(&["inferenceTime", "inference_time", "timestamp"])
                .map(str::to_owned),
        };
        if let Some(time) = time {
            wanted.add(&time, Side::Input, Kind::Time, Role::Time);
            shown.insert("time".to_owned(), time);
        } else if !request.settings.window.is_unbounded() {
            return Err(EngineError::new(
                ErrorKind::Usage,
                "--start and --end need to know which column of the table holds the time",
            )
            .with_hint("name it with --time"));
        }
    }
    for (idx, feature) in request.features.iter().enumerate() {
        match (find_feature(choice, feature), feature.argument) {
            (Ok((name, side)), _) => wanted.add(&name, side, Kind::Feature, Role::Feature(idx)),
            (Err(error), Some(_)) => return Err(error),
            (Err(_), None) => {}
        }
    }
    let mut attributions = Vec::new();
    if let Some(asked) = request.attributions {
        let side = if choice.is_table {
            Side::Input
        } else {
            Side::Output
        };
        for (feature, column) in attribution_columns(choice, asked, &shown)? {
            wanted.add(&column, side, Kind::Number, Role::Attribution(attributions.len()));
            attributions.push(feature);
        }
    }
    Ok(Resolved {
        wanted,
        shown,
        n_scores: probability.len(),
        has_prediction: prediction.is_some(),
        attributions,
    })
    .and_then(|resolved| check_scores(request.problem, resolved))
}

fn find_feature(choice: &Choice, feature: &BesideColumn) -> Result<(String, Side), EngineError> {
    let argument = feature.argument.unwrap_or("the model");
    let asked = Attribute::Name(feature.name.clone());
    match asked.resolve(argument, &choice.inputs) {
        Ok(name) => Ok((name.to_owned(), Side::Input)),
        Err(error) => choice.find(argument, &asked).map_err(|_| error),
    }
}

fn check_scores(problem: Problem, resolved: Resolved) -> Result<Resolved, EngineError> {
    match (problem, resolved.n_scores) {
        (Problem::Regression, 1..) => Err(EngineError::new(
            ErrorKind::Usage,
            "a regression has no --probability",
        )
        .with_hint("name the predicted value with --prediction")),
        (Problem::Regression, 0) if !resolved.has_prediction => Err(EngineError::new(
            ErrorKind::Usage,
            "a regression needs --prediction",
        )
        .with_hint("the column of the predicted value, by name or by position")),
        (Problem::Binary, 2..) => Err(EngineError::new(
            ErrorKind::Usage,
            format!(
                "--probability names {} columns, and a binary problem takes one",
                resolved.n_scores
            ),
        )
        .with_hint("give the probability of the positive class")),
        _ => Ok(resolved),
    }
}

/// Latest time in the sample: of predictions and of labels.
pub(crate) fn latest_second(sample: &Sample) -> Option<i64> {
    let times = sample.seconds.iter().chain(&sample.first_label);
    times.copied().filter(|second| *second != NO_TIME).max()
}
