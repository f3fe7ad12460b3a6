//! The model-quality baseline: made from labelled data, written below `model_quality/` of a baseline, read back.
//!
//! | file | whose |
//! |---|---|
//! | `model_quality/statistics.json`, `model_quality/constraints.json` | Model Monitor's; the constraints may be edited |
//! | `model_quality/quality.json` | ours: metrics with intervals, classes, columns |
//! | `model_quality/estimate.json` | ours: the estimator for windows without labels |
//!
//! A folder that holds Model Monitor's own two files is a baseline too. Computes nothing.

use super::attributions;
use super::bias::{self, BiasContext};
use super::estimates;
use super::fairness::{Fairness, Rule};
use super::load::{LoadRequest, load_table};
use super::measure::{MeasureSettings, measure};
use super::parts::model_inputs;
use super::request::{BiasSettings, ClassSettings, QualityColumns};
use super::sample::{BesideColumn, ClassChoice};
use crate::error::{EngineError, ErrorKind};
use crate::output::write_all;
use crate::progress::Progress;
use crate::scan::ScanSettings;
use baselines::baseline::Baseline;
use baselines::document::DocumentError;
use baselines::document::estimate::EstimatorDocument;
use baselines::document::model_monitor::{CONSTRAINTS_FILE, ConstraintsFile, STATISTICS_FILE, Statistics};
use baselines::document::quality::{QUALITY_FILE, QualityDocument};
use baselines::quality::{Problem, QualityConstraints, QualityOptions, QualityResult, suggest_constraints};
use capture::schema::{Probability, Schema};
use capture::time::format_rfc3339;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{Location, ObjectStore, StoreErrorKind, StoreOptions, join_key, open_store};

/// The folder below a baseline.
pub const MODEL_QUALITY_FOLDER: &str = "model_quality";
/// The estimator's file name.
pub const ESTIMATE_FILE: &str = "estimate.json";
const MAX_DOCUMENT_BYTES: u64 = 1 << 30;
/// Rows an estimator is fitted on at most; more are thinned evenly.
const SEED: u64 = 1;

/// What a model-quality baseline is to be made from.
#[derive(Debug, Clone)]
pub struct QualityBaselineRequest {
    /// A table with predictions and labels.
    pub data: Location,
    /// Binary, multiclass, regression.
    pub problem: Problem,
    /// Which columns are meant.
    pub columns: QualityColumns,
    /// How classes are read.
    pub classes: ClassSettings,
    /// Column roles where arguments do not say them.
    pub schema: Option<Schema>,
    /// Options of the library.
    pub options: QualityOptions,
    /// Facets, group and attributions to learn.
    pub bias: BiasSettings,
    /// What time `statistics.json` says it was evaluated at.
    pub evaluated_at: Option<i64>,
    /// How to read.
    pub settings: ScanSettings,
    /// How to reach stores.
    pub store: StoreOptions,
}

/// A model-quality baseline that was made.
#[derive(Debug)]
pub struct MadeQualityBaseline {
    /// `quality.json`.
    pub document: QualityDocument,
    /// The library's result.
    pub result: QualityResult,
    /// What windows are held against.
    pub constraints: QualityConstraints,
    /// The estimator, or why there is none.
    pub estimator: Result<EstimatorDocument, String>,
    evaluation_time: Option<String>,
}

/// Makes a model-quality baseline.
pub async fn make_quality_baseline(
    request: &QualityBaselineRequest,
    progress: &dyn Progress,
) -> Result<MadeQualityBaseline, EngineError> {
    let of_schema = match request
        .schema
        .as_ref()
        .and_then(|schema| schema.probability.as_ref())
    {
        Some(Probability::PerClass(columns)) => Some(columns.keys().cloned().collect()),
        _ => None,
    };
    let choice = ClassChoice {
        classes: request.classes.classes.clone().or(of_schema),
        positive: request.classes.positive.clone(),
    };
    let features: Vec<String> = match (&request.schema, request.problem) {
        (Some(schema), Problem::Regression) => schema
            .features
            .iter()
            .map(|feature| feature.name.clone())
            .collect(),
        _ => Vec::new(),
    };
    let inputs = model_inputs(request.schema.as_ref(), None);
    let beside = wanted_columns(&features, &inputs, &request.bias);
    let empty = BTreeMap::new();
    let load = LoadRequest {
        problem: request.problem,
        columns: &request.columns,
        classes: &choice,
        schema: request.schema.as_ref(),
        known: None,
        baseline_columns: &empty,
        features: &beside,
        attributions: request.bias.attributions.as_deref(),
        settings: &request.settings,
        store: &request.store,
        progress,
        merge: false,
    };
    let loaded = load_table(&load, &request.data).await?;
    let settings = MeasureSettings {
        threshold: request.classes.threshold.unwrap_or(0.5),
        threshold_decides: request.classes.threshold.is_some() || !loaded.has_prediction,
        options: request.options.clone(),
        n_threads: request.settings.n_threads,
    };
    progress.stage("measuring", 0);
    let sample = &loaded.sample;
    let all: Vec<u32> = (0..sample.len() as u32).collect();
    let result = measure(sample, &all, &settings)?;
    let constraints = suggest_constraints(&result);
    let estimator = estimates::fit(sample, &settings, &features, SEED);
    let n = sample.len() as u64;
    let mut document = QualityDocument {
        version: "1".to_owned(),
        software: crate::baseline::software(),
        shown: "realised".to_owned(),
        status: "not_evaluated".to_owned(),
        not_evaluated: Some("a baseline is not held against anything".to_owned()),
        n_predictions: n,
        n_labelled: loaded.counts.labelled,
        coverage: loaded.counts.labelled as f64 / n.max(1) as f64,
        classes: sample.classes.clone(),
        threshold: (!sample.scores.is_empty()).then_some(settings.threshold),
        columns: loaded.columns.clone(),
        features,
        convention: "house".to_owned(),
        digest: format!("xxh3-{:032x}", sample.digest),
        ..QualityDocument::default()
    };
    if let Err(reason) = &estimator {
        document.notes.push(format!("no estimator was fitted: {reason}"));
    }
    document.take_result(&result);
    let mut notes = std::mem::take(&mut document.notes);
    let context = BiasContext {
        asked: &request.bias,
        settings: &settings,
        rule: &Rule::Nothing,
        baseline: &[],
        inputs: &inputs,
    };
    bias::fill(&mut document, &mut notes, sample, &context)?;
    let limit = request.bias.attribution_limit;
    document.attributions = attributions::describe(
        &mut notes,
        sample,
        &settings,
        &Rule::Nothing,
        &BTreeMap::new(),
        limit,
    );
    document.notes = notes;
    progress.done();
    Ok(MadeQualityBaseline {
        document,
        result,
        constraints,
        estimator,
        evaluation_time: request.evaluated_at.and_then(format_rfc3339),
    })
}

/// Columns beside predictions: an estimator's features must be there, the other inputs may.
fn wanted_columns(features: &[String], inputs: &[String], bias: &BiasSettings) -> Vec<BesideColumn> {
    let mut columns: Vec<BesideColumn> = Vec::new();
    let facets = bias.facets.iter().map(|facet| &facet.column);
    let asked = features
        .iter()
        .map(|name| (name, Some("--schema")))
        .chain(facets.map(|name| (name, Some("--facet"))))
        .chain(bias.group.iter().map(|name| (name, Some("--group"))));
    let for_flips = inputs.iter().filter(|_| !bias.facets.is_empty());
    for (name, argument) in asked.chain(for_flips.map(|name| (name, None))) {
        if !columns.iter().any(|known| known.name == *name) {
            columns.push(BesideColumn {
                name: name.clone(),
                argument,
            });
        }
    }
    columns
}

impl MadeQualityBaseline {
    /// The documents, by their names below the baseline's folder.
    pub fn documents(&self) -> Result<Vec<(String, Vec<u8>)>, EngineError> {
        let fault = |error: DocumentError| {
            EngineError::new(ErrorKind::Internal, "a model-quality document cannot be written")
                .with_source(error)
        };
        let below = |name: &str| format!("{MODEL_QUALITY_FOLDER}/{name}");
        let statistics = Statistics::of_quality(&self.result, self.evaluation_time.as_deref());
        let constraints = ConstraintsFile::from(&self.constraints);
        let mut documents = vec![
            (below(STATISTICS_FILE), statistics.to_bytes().map_err(fault)?),
            (below(CONSTRAINTS_FILE), constraints.to_bytes().map_err(fault)?),
        ];
        if let Ok(estimator) = &self.estimator {
            let bytes = baselines::document::estimate::to_bytes(estimator).map_err(fault)?;
            documents.push((below(ESTIMATE_FILE), bytes));
        }
        documents.push((below(QUALITY_FILE), self.document.to_bytes().map_err(fault)?));
        Ok(documents)
    }

    /// Writes the documents; gives where each is.
    pub async fn write(&self, output: &Location, options: &StoreOptions) -> Result<Vec<String>, EngineError> {
        let documents = self.documents()?;
        let named = documents
            .iter()
            .map(|(name, bytes)| (name.as_str(), bytes.clone()))
            .collect();
        write_all(output, options, named).await
    }
}

/// A model-quality baseline as a window sees it.
#[derive(Debug, Default)]
pub(crate) struct QualityBaseline {
    /// What must hold; `None` where the baseline says nothing of quality.
    pub(crate) constraints: Option<QualityConstraints>,
    /// Why there are none.
    pub(crate) missing: String,
    pub(crate) document: Option<QualityDocument>,
    pub(crate) estimator: Option<EstimatorDocument>,
    /// Bias and attributions it has.
    pub(super) fairness: Fairness,
    /// The data-quality baseline beside it: names and order of captured columns.
    pub(crate) columns: Option<Baseline>,
    pub(crate) digest: String,
    pub(crate) source: &'static str,
    /// Metrics whose threshold in the file is no number.
    pub(crate) without_threshold: Vec<String>,
}

/// Reads the model-quality baseline at `location`, ours or Model Monitor's.
pub(crate) async fn load_baseline(
    location: &Location,
    problem: Problem,
    options: &StoreOptions,
) -> Result<QualityBaseline, EngineError> {
    let folder = match location.file_name() {
        Some(CONSTRAINTS_FILE | STATISTICS_FILE | QUALITY_FILE) => {
            location.parent().unwrap_or_else(|| location.clone())
        }
        _ => crate::baseline::current(location, options).await?,
    };
    let (store, root) = open_store(&folder, options).await?;
    let below = |name: &str| format!("{MODEL_QUALITY_FOLDER}/{name}");
    let nested = read(&store, &root, &below(CONSTRAINTS_FILE)).await?;
    let is_nested = nested.is_some();
    let place = |name: &str| if is_nested { below(name) } else { name.to_owned() };
    let constraints = match nested {
        Some(bytes) => Some(bytes),
        None => read(&store, &root, CONSTRAINTS_FILE).await?,
    };
    let quality = read(&store, &root, &place(QUALITY_FILE)).await?;
    let estimator = read(&store, &root, &place(ESTIMATE_FILE)).await?;
    let profile = read(&store, &root, crate::baseline::BASELINE_FILE).await?;
    if constraints.is_none() && quality.is_none() && profile.is_none() {
        return Err(EngineError::new(
            ErrorKind::Usage,
            format!("no baseline at {folder}: neither {} nor {CONSTRAINTS_FILE} is there", below(CONSTRAINTS_FILE)),
        )
        .with_hint(
            "make one with `driftline baseline --data LABELLED_DATA --problem … --label … --prediction … --output LOCATION`",
        ));
    }
    let mut hasher = xxhash_rust::xxh3::Xxh3::new();
    for bytes in [&constraints, &quality, &estimator].into_iter().flatten() {
        hasher.update(bytes);
    }
    let unusable = |name: &str, error: DocumentError| {
        EngineError::new(
            ErrorKind::Usage,
            format!("baseline file {} cannot be used: {error}", folder.join(name)),
        )
        .with_hint(error.hint())
    };
    let mut found = QualityBaseline {
        missing: format!("the baseline at {folder} holds no metrics to hold the window against"),
        digest: format!("xxh3-{:032x}", hasher.digest128()),
        source: if quality.is_some() {
            "driftline"
        } else {
            "model_monitor"
        },
        ..QualityBaseline::default()
    };
    if let Some(bytes) = quality {
        let document =
            QualityDocument::from_bytes(&bytes).map_err(|error| unusable(&place(QUALITY_FILE), error))?;
        found.fairness = Fairness::of_document(&document);
        found.document = Some(document);
    }
    if let Some(bytes) = constraints {
        let name = place(CONSTRAINTS_FILE);
        let file = ConstraintsFile::from_bytes(&bytes).map_err(|error| unusable(&name, error))?;
        if file.features.is_none() {
            let mut loaded = file.into_quality(None).map_err(|error| unusable(&name, error))?;
            if loaded.constraints.problem != problem {
                return Err(EngineError::new(
                    ErrorKind::Usage,
                    format!(
                        "--problem is {}, and the baseline at {folder} is of a {} model",
                        problem.name(),
                        loaded.constraints.problem.name()
                    ),
                )
                .with_hint("give the problem the baseline was made for"));
            }
            for (name, constraint) in &mut loaded.constraints.metrics {
                let metric = found
                    .document
                    .as_ref()
                    .and_then(|document| document.metrics.get(name));
                constraint.baseline = metric
                    .map(baselines::document::quality::MetricTwin::to_metric)
                    .filter(|metric| metric.value == constraint.threshold);
            }
            found.constraints = Some(loaded.constraints);
            found.without_threshold = loaded.without_threshold;
        }
    }
    if let Some(bytes) = estimator {
        let name = place(ESTIMATE_FILE);
        let document =
            baselines::document::estimate::from_bytes(&bytes).map_err(|error| unusable(&name, error))?;
        found.estimator = Some(document);
    }
    if let Some(bytes) = profile {
        let (baseline, _) = baselines::document::baseline::from_bytes(&bytes)
            .map_err(|error| unusable(crate::baseline::BASELINE_FILE, error))?;
        found.columns = Some(baseline);
    }
    Ok(found)
}

async fn read(
    store: &Arc<dyn ObjectStore>,
    root: &str,
    name: &str,
) -> Result<Option<bytes::Bytes>, EngineError> {
    match store.get(&join_key(root, name), MAX_DOCUMENT_BYTES).await {
        Ok(object) => Ok(Some(object.bytes)),
        Err(error) if error.kind() == StoreErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}
