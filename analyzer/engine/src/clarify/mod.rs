//! `driftline bias`: Clarify's bias analysis and its monitors, by Clarify's own files.
//!
//! ```text
//! analysis_config.json, data → Table (read, merged) → facets, labels (split) → metrics → analysis.json
//!     + baseline analysis.json → point rule or interval rule, nDCG of attributions → constraint_violations.json
//! ```
//!
//! Metrics, intervals and rules are `baselines::bias`; this brings rows and files together. Calls no model and computes
//! no attributions.

mod judge;
mod measure;
mod merged;
mod paths;
mod read;
mod split;
mod table;
#[cfg(test)]
mod tests;
mod text;

use crate::error::{EngineError, ErrorKind};
use crate::output::write_all;
use baselines::bias::{BiasMetric, BootstrapOptions};
use baselines::document::DocumentError;
use baselines::document::clarify::{ANALYSIS_FILE, Analysis, AnalysisConfig, ClarifyViolations, NameOrIndex};
use baselines::document::model_monitor::VIOLATIONS_FILE;
use capture::time::TimeWindow;
pub use judge::{JudgedMetric, Ruling};
use measure::Measured;
use store::{Location, StoreOptions, join_key, open_store};

/// Bytes of a configuration or analysis file, at most.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// What is to be analysed.
#[derive(Debug, Clone)]
pub struct BiasRequest {
    /// The configuration.
    pub config: AnalysisConfig,
    /// The data set, or merged capture records.
    pub data: Location,
    /// Captured records: which output is the prediction (index or JMESPath). Stands above `predicted_label`.
    pub inference: Option<NameOrIndex>,
    /// The same of a probability; with it a threshold counts, 0.5 if the configuration has none.
    pub probability: Option<NameOrIndex>,
    /// JMESPath of the features. Stands above `features`.
    pub features: Option<String>,
    /// Threshold of probabilities. Stands above `probability_threshold`.
    pub probability_threshold: Option<f64>,
    /// Merged records: those whose time lies inside.
    pub window: TimeWindow,
    /// The analysis that sets the constraints.
    pub baseline: Option<Analysis>,
    /// Clarify's point rule in place of the interval rule.
    pub compat_sagemaker: bool,
    /// How intervals are made.
    pub bootstrap: BootstrapOptions,
    /// How to reach stores.
    pub options: StoreOptions,
}

/// Rows of an analysis, and those that are not in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RowCounts {
    /// Rows analysed.
    pub n_rows: u64,
    /// Records that could not be read.
    pub n_rejected: u64,
    /// Rows without a label or a prediction where the analysis needs one.
    pub n_incomplete: u64,
    /// Records of shadow variants.
    pub n_shadow: u64,
    /// Records outside the window.
    pub n_outside_window: u64,
}

/// A finished analysis.
#[derive(Debug, Clone, PartialEq)]
pub struct BiasRun {
    /// `analysis.json`.
    pub analysis: Analysis,
    /// What each constraint of the baseline came to.
    pub judged: Vec<JudgedMetric>,
    /// `constraint_violations.json`; `None` without a baseline.
    pub violations: Option<ClarifyViolations>,
    /// Rows.
    pub rows: RowCounts,
    /// What the configuration asks for and is not done, and other remarks.
    pub notes: Vec<String>,
    /// Whether the point rule was asked for.
    pub compat_sagemaker: bool,
}

/// Analyses a data set.
pub async fn analyse(request: &BiasRequest) -> Result<BiasRun, EngineError> {
    let config = &request.config;
    let asked =
        |stage: Result<Option<Vec<BiasMetric>>, DocumentError>| stage.map_err(|error| unusable(&error));
    let (pre, post) = (asked(config.pre_training())?, asked(config.post_training())?);
    if pre.is_none() && post.is_none() {
        return Err(EngineError::new(
            ErrorKind::Usage,
            "analysis_config.json asks for no bias metrics: methods has neither pre_training_bias nor post_training_bias",
        )
        .with_hint("add \"pre_training_bias\": {\"methods\": \"all\"} to methods"));
    }
    if config.facet.is_empty() {
        return Err(
            EngineError::new(ErrorKind::Usage, "analysis_config.json names no facet").with_hint(
                "add \"facet\": [{\"name_or_index\": \"COLUMN\", \"value_or_threshold\": [VALUE]}]",
            ),
        );
    }
    let table = read::read(request, post.is_some()).await?;
    let mut notes: Vec<String> = config
        .not_done()
        .into_iter()
        .map(|(key, what)| format!("{key}: {what}"))
        .collect();
    if post.is_some() && table.prediction.is_none() {
        let why = if config.predictor.is_some() {
            "methods.post_training_bias needs predictions, and predictor is not called"
        } else {
            "methods.post_training_bias needs predictions, and the data has none"
        };
        return Err(EngineError::new(ErrorKind::Usage, why).with_hint(
            "name the predictions with predicted_label (a column, an index, a JMESPath) or --inference-attribute",
        ));
    }
    let measured: Measured = measure::measure(request, &table, pre.as_deref(), post.as_deref())?;
    notes.extend(measured.notes.iter().cloned());
    let mut rows = table.rows;
    rows.n_rows = measured.n_rows;
    rows.n_incomplete += measured.n_incomplete;
    let analysis = measured.analysis.clone();
    let (judged, violations) = match &request.baseline {
        None => (Vec::new(), None),
        Some(baseline) => {
            let judged = judge::bias(baseline, &analysis, Some(&measured), request);
            let violations = judge::violations(&judged);
            (judged, Some(violations))
        }
    };
    Ok(BiasRun {
        analysis,
        judged,
        violations,
        rows,
        notes,
        compat_sagemaker: request.compat_sagemaker,
    })
}

/// Holds one finished analysis against another: attribution drift, and bias by the point rule where that was asked for
/// (intervals need the data).
pub fn compare(baseline: &Analysis, live: &Analysis, compat_sagemaker: bool) -> Result<BiasRun, EngineError> {
    let mut judged = judge::attributions(baseline, live).map_err(|error| unusable(&error))?;
    judged.extend(judge::bias_of_files(baseline, live, compat_sagemaker));
    if judged.is_empty() {
        return Err(EngineError::new(
            ErrorKind::NothingToAnalyse,
            "the baseline's analysis.json has neither attributions nor bias metrics to hold the other against",
        )
        .with_hint("check that --baseline and --analysis are analysis.json files of Clarify or of this command"));
    }
    Ok(BiasRun {
        analysis: live.clone(),
        violations: Some(judge::violations(&judged)),
        judged,
        rows: RowCounts::default(),
        notes: Vec::new(),
        compat_sagemaker,
    })
}

impl BiasRun {
    /// The documents: `analysis.json`, and with a baseline `constraint_violations.json`, which in the compatible mode is
    /// there only if something violates, as Clarify has it.
    pub fn documents(&self) -> Result<Vec<(&'static str, Vec<u8>)>, EngineError> {
        let internal = |error: DocumentError| {
            EngineError::new(
                ErrorKind::Internal,
                "a document of the analysis cannot be written",
            )
            .with_source(error)
        };
        let mut out = vec![(ANALYSIS_FILE, self.analysis.to_bytes().map_err(internal)?)];
        if let Some(violations) = &self.violations
            && !(self.compat_sagemaker && violations.violations.is_empty())
        {
            out.push((VIOLATIONS_FILE, violations.to_bytes().map_err(internal)?));
        }
        Ok(out)
    }

    /// The table for a terminal.
    pub fn text(&self) -> String {
        text::text(self)
    }

    /// Whether a constraint is violated.
    pub fn is_violated(&self) -> bool {
        self.judged.iter().any(|judged| judged.ruling == Ruling::Violated)
    }

    /// Writes the documents; gives where each is.
    pub async fn write(&self, output: &Location, options: &StoreOptions) -> Result<Vec<String>, EngineError> {
        write_all(output, options, self.documents()?).await
    }
}

/// A configuration file.
pub async fn load_config(at: &Location, options: &StoreOptions) -> Result<AnalysisConfig, EngineError> {
    let bytes = fetch(at, options).await?;
    AnalysisConfig::from_bytes(&bytes).map_err(|error| file_error(at, &error))
}

/// An analysis file, or the one in a folder.
pub async fn load_analysis(at: &Location, options: &StoreOptions) -> Result<Analysis, EngineError> {
    let named = at.file_name().is_some_and(|name| name.ends_with(".json"));
    let at = if named { at.clone() } else { at.join(ANALYSIS_FILE) };
    let bytes = fetch(&at, options).await?;
    let analysis = Analysis::from_bytes(&bytes).map_err(|error| file_error(&at, &error))?;
    let is_one = analysis.pre_training_bias_metrics.is_some()
        || analysis.post_training_bias_metrics.is_some()
        || analysis.other.contains_key("explanations");
    if !is_one {
        return Err(EngineError::new(
            ErrorKind::Usage,
            format!("{at} is no analysis: it has neither bias metrics nor explanations"),
        )
        .with_hint("give an analysis.json of Clarify or of `driftline bias`"));
    }
    Ok(analysis)
}

async fn fetch(at: &Location, options: &StoreOptions) -> Result<bytes::Bytes, EngineError> {
    let (Some(folder), Some(name)) = (at.parent(), at.file_name()) else {
        return Err(EngineError::new(ErrorKind::Usage, format!("{at} names no file"))
            .with_hint("give the file itself, for example config/analysis_config.json"));
    };
    let (store, root) = open_store(&folder, options).await?;
    Ok(store.get(&join_key(&root, name), MAX_FILE_BYTES).await?.bytes)
}

fn file_error(at: &Location, error: &DocumentError) -> EngineError {
    EngineError::new(ErrorKind::Usage, format!("{at} cannot be used: {error}")).with_hint(
        "the keys are those of Clarify's analysis configuration and report; docs/from-model-monitor.md lists them",
    )
}

fn unusable(error: &DocumentError) -> EngineError {
    EngineError::new(ErrorKind::Usage, error.to_string())
        .with_hint("docs/from-model-monitor.md lists what each key of Clarify's files may hold")
}
