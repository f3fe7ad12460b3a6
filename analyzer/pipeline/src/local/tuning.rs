//! A tuning job: trainings one after the other, the best of them named.
//!
//! `Random` draws from the ranges with the job's `RandomSeed`, so the same seed tries the same values; `Grid` takes every
//! combination of categorical values. `Bayesian` is run as `Random`, which is stated in the job's properties. `Hyperband`
//! is refused.

use super::job::{Failure, Job, Outcome};
use super::layout::Layout;
use super::training::train;
use crate::error::PipelineError;
use serde_json::{Map, Value, json};

/// Runs the job that `request` (a `CreateHyperParameterTuningJob`, evaluated) asks for.
pub(super) fn run(job: &Job<'_>, request: &Value) -> Result<Outcome, PipelineError> {
    let config = &request["HyperParameterTuningJobConfig"];
    let definition = &request["TrainingJobDefinition"];
    let objective = &config["HyperParameterTuningJobObjective"];
    let metric = objective["MetricName"].as_str().unwrap_or_default();
    let lower_is_better = objective["Type"].as_str() == Some("Minimize");
    let trials = match candidates(config) {
        Ok(trials) => trials,
        Err(reason) => {
            return Ok(Outcome::Failed(Failure::of_user(format!(
                "ClientError: {reason}"
            ))));
        }
    };
    let mut tried = Vec::new();
    let mut last_failure = None;
    for (idx, tuned) in trials.into_iter().enumerate() {
        let mut hyperparameters = definition["StaticHyperParameters"]
            .as_object()
            .cloned()
            .unwrap_or_default();
        hyperparameters.extend(tuned.clone());
        hyperparameters.insert("_tuning_objective_metric".to_owned(), Value::from(metric));
        let name = format!("{}-{:03}", job.name, idx + 1);
        let trial = Job {
            settings: job.settings,
            places: job.places.clone(),
            step: job.step,
            layout: Layout::new(job.layout.job.join(format!("trial-{:03}", idx + 1)))?,
            name: name.clone(),
        };
        match train(&trial, definition, &Value::Object(hyperparameters))? {
            Ok(trained) => {
                let value = trained.metrics.as_array().and_then(|metrics| {
                    metrics
                        .iter()
                        .find(|found| found["MetricName"] == metric)
                        .and_then(|found| found["Value"].as_f64())
                });
                match value {
                    Some(value) => tried.push((value, name, tuned, trained.artifact)),
                    None => {
                        last_failure = Some(format!(
                            "the objective metric `{metric}` was not found in the log of {name}; MetricDefinitions must name it"
                        ));
                    }
                }
            }
            Err(failure) => last_failure = Some(failure.reason),
        }
    }
    tried.sort_by(|left, right| {
        let order = left.0.total_cmp(&right.0);
        let order = if lower_is_better { order } else { order.reverse() };
        order.then_with(|| left.1.cmp(&right.1))
    });
    let Some(best) = tried.first() else {
        return Ok(Outcome::Failed(Failure::of_user(format!(
            "ClientError: no training of the tuning job succeeded: {}",
            last_failure.unwrap_or_default()
        ))));
    };
    let summary = |(value, name, tuned, _): &(f64, String, Map<String, Value>, String)| {
        json!({
            "TrainingJobName": name,
            "TrainingJobArn": format!("arn:aws:sagemaker:local:000000000000:training-job/{name}"),
            "TrainingJobStatus": "Completed",
            "TunedHyperParameters": tuned,
            "FinalHyperParameterTuningJobObjectiveMetric": {"MetricName": metric, "Value": value},
        })
    };
    let mut properties = request.clone();
    properties["HyperParameterTuningJobName"] = Value::from(job.name.as_str());
    properties["HyperParameterTuningJobStatus"] = Value::from("Completed");
    properties["BestTrainingJob"] = summary(best);
    properties["TrainingJobSummaries"] = tried.iter().map(summary).collect();
    properties["ModelArtifacts"] = json!({"S3ModelArtifacts": best.3});
    if config["Strategy"] == "Bayesian" {
        properties["LocalNote"] = json!("the strategy Bayesian is run as Random");
    }
    let arn = format!(
        "arn:aws:sagemaker:local:000000000000:hyper-parameter-tuning-job/{}",
        job.name
    );
    Ok(Outcome::Done {
        properties,
        metadata: json!({"TuningJob": {"Arn": arn}}),
    })
}

/// The values each training is given, as text.
pub(super) fn candidates(config: &Value) -> Result<Vec<Map<String, Value>>, String> {
    let limit = config
        .pointer("/ResourceLimits/MaxNumberOfTrainingJobs")
        .and_then(|limit| limit.as_u64().or_else(|| limit.as_str()?.parse().ok()))
        .ok_or("ResourceLimits.MaxNumberOfTrainingJobs is missing")? as usize;
    let ranges = &config["ParameterRanges"];
    let none = Vec::new();
    let of = |kind: &str| ranges[kind].as_array().unwrap_or(&none).clone();
    let (continuous, integer, categorical) = (
        of("ContinuousParameterRanges"),
        of("IntegerParameterRanges"),
        of("CategoricalParameterRanges"),
    );
    match config["Strategy"].as_str().unwrap_or("Bayesian") {
        "Grid" => {
            if !continuous.is_empty() || !integer.is_empty() {
                return Err("the strategy Grid takes categorical ranges only".to_owned());
            }
            Ok(grid(&categorical))
        }
        "Random" | "Bayesian" => {
            let mut draws = Draws(config["RandomSeed"].as_u64().unwrap_or(0));
            (0..limit)
                .map(|_| {
                    let mut tuned = Map::new();
                    for range in &continuous {
                        let value = number(range, &mut draws)?;
                        tuned.insert(name(range)?, Value::from(value.to_string()));
                    }
                    for range in &integer {
                        let value = number(range, &mut draws)?.round();
                        tuned.insert(name(range)?, Value::from((value as i64).to_string()));
                    }
                    for range in &categorical {
                        let values = range["Values"].as_array().filter(|values| !values.is_empty());
                        let values = values.ok_or("a categorical range needs Values")?;
                        let idx = (draws.next() * values.len() as f64) as usize;
                        tuned.insert(name(range)?, values[idx.min(values.len() - 1)].clone());
                    }
                    Ok(tuned)
                })
                .collect()
        }
        other => Err(format!(
            "the strategy {other} does not run locally; use Random, Grid or Bayesian"
        )),
    }
}

fn name(range: &Value) -> Result<String, String> {
    range["Name"]
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| "a range needs a Name".to_owned())
}

fn number(range: &Value, draws: &mut Draws) -> Result<f64, String> {
    let end = |key: &str| {
        range[key]
            .as_f64()
            .or_else(|| range[key].as_str()?.parse::<f64>().ok())
            .ok_or_else(|| format!("a range needs {key}, a number"))
    };
    let (low, high, at) = (end("MinValue")?, end("MaxValue")?, draws.next());
    if low > high {
        return Err("a range's MinValue is above its MaxValue".to_owned());
    }
    Ok(if range["ScalingType"] == "Logarithmic" && low > 0.0 {
        (low.ln() + at * (high.ln() - low.ln())).exp()
    } else {
        low + at * (high - low)
    })
}

fn grid(categorical: &[Value]) -> Vec<Map<String, Value>> {
    categorical.iter().fold(vec![Map::new()], |combinations, range| {
        let none = Vec::new();
        let values = range["Values"].as_array().unwrap_or(&none);
        combinations
            .iter()
            .flat_map(|before| {
                values.iter().map(|value| {
                    let mut tuned = before.clone();
                    tuned.insert(
                        range["Name"].as_str().unwrap_or_default().to_owned(),
                        value.clone(),
                    );
                    tuned
                })
            })
            .collect()
    })
}

/// SplitMix64 (Steele, Lea & Flood 2014), as numbers in [0, 1).
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}
