//! `driftline bias`.

use crate::args::FailOn;
use crate::settings;
use crate::{exit, message};
use baselines::bias::{BiasValue, BootstrapOptions};
use baselines::document::clarify::{ClarifyNumber, NameOrIndex};
use capture::time::TimeWindow;
use clap::{Args, ValueEnum};
use engine::clarify::{BiasRequest, BiasRun, JudgedMetric, analyse, compare, load_analysis, load_config};
use engine::{EngineError, ErrorKind};
use serde::Serialize;
use store::StoreOptions;

/// Whose verdicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Compat {
    /// Those of SageMaker's own images, with their rules and their blind spots.
    Sagemaker,
}

#[derive(Debug, Args)]
pub(crate) struct BiasArguments {
    /// Clarify's analysis_config.json.
    #[arg(long, value_name = "FILE", required_unless_present = "analysis")]
    config: Option<String>,
    /// The data set (CSV, JSON Lines, JSON, Parquet, as the configuration says), or merged capture records; the
    /// configuration's dataset_uri without it.
    #[arg(long, value_name = "LOCATION")]
    data: Option<String>,
    /// The analysis.json that sets the constraints: Clarify's, or one this command wrote.
    #[arg(long, value_name = "FILE")]
    baseline: Option<String>,
    /// A finished analysis.json to hold against --baseline instead of data: attribution drift, and bias by points.
    #[arg(long, value_name = "FILE", requires = "baseline", conflicts_with_all = ["config", "data"])]
    analysis: Option<String>,
    /// Where analysis.json and constraint_violations.json go.
    #[arg(long, value_name = "LOCATION")]
    output: String,
    /// `sagemaker`: Clarify's point rule, |live| > |baseline|; without it an interval must leave what the baseline allows.
    #[arg(long, value_enum)]
    compat: Option<Compat>,
    /// JMESPath of the features in captured or other JSON (FeaturesAttribute); stands above `features`.
    #[arg(long, value_name = "JMESPATH")]
    features_attribute: Option<String>,
    /// The prediction in captured outputs: an index or a JMESPath (InferenceAttribute); stands above `predicted_label`.
    #[arg(long, value_name = "ATTRIBUTE")]
    inference_attribute: Option<String>,
    /// The probability in captured outputs (ProbabilityAttribute).
    #[arg(long, value_name = "ATTRIBUTE", conflicts_with = "inference_attribute")]
    probability_attribute: Option<String>,
    /// Probabilities above it are positive (ProbabilityThresholdAttribute).
    #[arg(long, value_name = "NUMBER")]
    probability_threshold: Option<f64>,
    /// First time inside the window of merged records, RFC 3339.
    #[arg(long, value_name = "TIME")]
    start: Option<String>,
    /// First time outside it.
    #[arg(long, value_name = "TIME")]
    end: Option<String>,
    /// Seed of the intervals.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Turn a result into an exit code: 3 on a violation.
    #[arg(long, value_enum, value_name = "RESULT")]
    fail_on: Option<FailOn>,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: BiasArguments) -> anyhow::Result<u8> {
    let options = StoreOptions::default();
    let output = settings::location("--output", &arguments.output)?;
    let compat_sagemaker = arguments.compat == Some(Compat::Sagemaker);
    let baseline = match &arguments.baseline {
        Some(text) => Some(load_analysis(&settings::location("--baseline", text)?, &options).await?),
        None => None,
    };
    let finished = match (&arguments.analysis, &baseline) {
        (Some(text), Some(baseline)) => {
            let live = load_analysis(&settings::location("--analysis", text)?, &options).await?;
            compare(baseline, &live, compat_sagemaker)?
        }
        _ => {
            let request = request(&arguments, baseline, compat_sagemaker, &options).await?;
            analyse(&request).await?
        }
    };
    let written = finished.write(&output, &options).await?;
    if arguments.json {
        message::data(&format!(
            "{}\n",
            serde_json::to_string_pretty(&Printed::of(&finished))?
        ));
    } else {
        message::data(&finished.text());
        for place in &written {
            message::data(&format!("wrote {place}\n"));
        }
    }
    let none_judged =
        !finished.judged.is_empty() && finished.judged.iter().all(|judged| judged.reason.is_some());
    Ok(match arguments.fail_on {
        Some(_) if finished.is_violated() => exit::VIOLATED,
        Some(FailOn::NotEvaluated) if none_judged => exit::NOT_EVALUATED,
        _ => exit::DONE,
    })
}

async fn request(
    arguments: &BiasArguments,
    baseline: Option<baselines::document::clarify::Analysis>,
    compat_sagemaker: bool,
    options: &StoreOptions,
) -> anyhow::Result<BiasRequest> {
    let named = arguments.config.as_deref().unwrap_or_default();
    let config = load_config(&settings::location("--config", named)?, options).await?;
    let data = match (&arguments.data, &config.dataset_uri) {
        (Some(text), _) => settings::location("--data", text)?,
        (None, Some(uri)) => settings::location("dataset_uri", uri)?,
        (None, None) => {
            return Err(EngineError::new(
                ErrorKind::Usage,
                "--data is not given, and the configuration has no dataset_uri",
            )
            .with_hint("name the data set, or the folder of merged records, with --data")
            .into());
        }
    };
    if let Some(threshold) = arguments.probability_threshold
        && !(0.0..=1.0).contains(&threshold)
    {
        return Err(EngineError::new(
            ErrorKind::Usage,
            format!("--probability-threshold is {threshold}, expected a probability from 0 to 1"),
        )
        .with_hint("for example --probability-threshold 0.5")
        .into());
    }
    let attribute = |text: &Option<String>| {
        text.as_ref().map(|text| match text.trim().parse() {
            Ok(index) => NameOrIndex::Index(index),
            Err(_) => NameOrIndex::Name(text.clone()),
        })
    };
    Ok(BiasRequest {
        config,
        data,
        inference: attribute(&arguments.inference_attribute),
        probability: attribute(&arguments.probability_attribute),
        features: arguments.features_attribute.clone(),
        probability_threshold: arguments.probability_threshold,
        window: TimeWindow {
            start: settings::time("--start", arguments.start.as_deref())?,
            end: settings::time("--end", arguments.end.as_deref())?,
        },
        baseline,
        compat_sagemaker,
        bootstrap: BootstrapOptions {
            seed: arguments.seed,
            ..BootstrapOptions::default()
        },
        options: options.clone(),
    })
}

/// The result as JSON.
#[derive(Serialize)]
struct Printed<'a> {
    rows: u64,
    rejected: u64,
    incomplete: u64,
    shadow: u64,
    outside_window: u64,
    rule: &'static str,
    notes: &'a [String],
    analysis: &'a baselines::document::clarify::Analysis,
    judged: Vec<PrintedMetric<'a>>,
    violations: Option<&'a [baselines::document::clarify::ClarifyViolation]>,
}

#[derive(Serialize)]
struct PrintedMetric<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    facet: Option<&'a str>,
    of: &'a str,
    metric: &'a str,
    ruling: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline: Option<ClarifyNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    live: Option<ClarifyNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interval: Option<[f64; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed: Option<[ClarifyNumber; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

impl<'a> Printed<'a> {
    fn of(run: &'a BiasRun) -> Self {
        Self {
            rows: run.rows.n_rows,
            rejected: run.rows.n_rejected,
            incomplete: run.rows.n_incomplete,
            shadow: run.rows.n_shadow,
            outside_window: run.rows.n_outside_window,
            rule: if run.compat_sagemaker { "point" } else { "interval" },
            notes: &run.notes,
            analysis: &run.analysis,
            judged: run.judged.iter().map(PrintedMetric::of).collect(),
            violations: run.violations.as_ref().map(|found| found.violations.as_slice()),
        }
    }
}

impl<'a> PrintedMetric<'a> {
    fn of(judged: &'a JudgedMetric) -> Self {
        let end = |value: f64| {
            ClarifyNumber(if value == f64::INFINITY {
                BiasValue::PositiveInfinity
            } else if value == f64::NEG_INFINITY {
                BiasValue::NegativeInfinity
            } else {
                BiasValue::Finite(value)
            })
        };
        Self {
            facet: judged.facet.as_deref(),
            of: &judged.of,
            metric: &judged.metric,
            ruling: judged.ruling.name(),
            baseline: judged.baseline.map(ClarifyNumber),
            live: judged.live.map(ClarifyNumber),
            interval: judged.interval.map(|interval| [interval.low, interval.high]),
            allowed: judged
                .allowed
                .map(|allowed| [end(allowed.low), end(allowed.high)]),
            reason: judged.reason.as_deref(),
        }
    }
}
