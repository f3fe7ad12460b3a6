//! `driftline export`.

use crate::command::quality::ProblemArgument;
use crate::{exit, message, settings};
use clap::Args;
use engine::export::{
    Problem, RegistryEntries, RequestSettings, Source, baseline_files, registry, requests, window_files,
};
use engine::output::write_all;
use engine::{EngineError, ErrorKind};
use store::StoreOptions;

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["window", "registry", "requests", "output"]).multiple(true))]
pub(crate) struct ExportArguments {
    /// Folder of a baseline: with --output its statistics.json and constraints.json are written; with --registry and
    /// --requests it is named, and must be an s3:// location.
    #[arg(long, value_name = "LOCATION")]
    baseline: Option<String>,
    /// Folder that `analyze` wrote: its statistics.json, constraints.json and constraint_violations.json are written.
    #[arg(long, value_name = "LOCATION", requires = "output", conflicts_with_all = ["baseline", "registry", "requests"])]
    window: Option<String>,
    /// Where files go.
    #[arg(long, value_name = "LOCATION")]
    output: Option<String>,
    /// Write a window where Model Monitor would: below {output}/{endpoint}/{schedule}/yyyy/mm/dd/hh.
    #[arg(long, value_name = "ENDPOINT/SCHEDULE", requires = "window")]
    as_schedule: Option<String>,
    /// Print ModelMetrics and DriftCheckBaselines for the model registry.
    #[arg(long, conflicts_with_all = ["output", "requests"])]
    registry: bool,
    /// Folder of the model-quality baseline.
    #[arg(long, value_name = "LOCATION", requires = "registry")]
    quality_baseline: Option<String>,
    /// analysis.json of bias before training.
    #[arg(long, value_name = "LOCATION", requires = "registry")]
    bias_pre: Option<String>,
    /// analysis.json of bias after training.
    #[arg(long, value_name = "LOCATION", requires = "registry")]
    bias_post: Option<String>,
    /// analysis_config.json of bias.
    #[arg(long, value_name = "LOCATION", requires = "registry")]
    bias_config: Option<String>,
    /// analysis.json of attributions.
    #[arg(long, value_name = "LOCATION", requires = "registry")]
    explainability: Option<String>,
    /// analysis_config.json of attributions.
    #[arg(long, value_name = "LOCATION", requires = "registry")]
    explainability_config: Option<String>,
    /// Print the requests that run our image: CreateProcessingJob, Create…JobDefinition, CreateMonitoringSchedule.
    #[arg(long, conflicts_with = "output", requires_all = ["baseline", "image", "role", "results", "name"])]
    requests: bool,
    /// Name of the schedule.
    #[arg(long, value_name = "NAME", requires = "requests")]
    name: Option<String>,
    /// URI of driftline's image in your registry.
    #[arg(long, value_name = "URI", requires = "requests")]
    image: Option<String>,
    /// ARN of the role the jobs run under.
    #[arg(long, value_name = "ARN", requires = "requests")]
    role: Option<String>,
    /// The endpoint; without it --capture is a batch transform's.
    #[arg(long, value_name = "NAME", requires = "requests")]
    endpoint: Option<String>,
    /// s3:// location of captured traffic.
    #[arg(long, value_name = "LOCATION", requires = "requests")]
    capture: Option<String>,
    /// s3:// location for results.
    #[arg(long, value_name = "LOCATION", requires = "requests")]
    results: Option<String>,
    /// Training data for the request that makes the baseline.
    #[arg(long, value_name = "LOCATION", requires = "requests")]
    data: Option<String>,
    /// Schedule expression.
    #[arg(long, value_name = "CRON", default_value = "cron(0 * ? * * *)")]
    expression: String,
    /// Instance type.
    #[arg(long, value_name = "TYPE", default_value = "ml.m5.large")]
    instance_type: String,
    /// Instances; more than one share the objects.
    #[arg(long, value_name = "N", default_value_t = 1)]
    instances: u32,
    /// What the model predicts: a model-quality schedule beside; needs --ground-truth.
    #[arg(long, value_enum, requires = "ground_truth")]
    problem: Option<ProblemArgument>,
    /// s3:// location of labels.
    #[arg(long, value_name = "LOCATION", requires = "problem")]
    ground_truth: Option<String>,
    /// The prediction in captured outputs.
    #[arg(long, value_name = "ATTRIBUTE", requires = "problem")]
    inference_attribute: Option<String>,
    /// The probability in captured outputs.
    #[arg(long, value_name = "ATTRIBUTE", requires = "problem")]
    probability_attribute: Option<String>,
    /// `sagemaker`: the jobs give Model Monitor's own verdicts.
    #[arg(long, value_enum, requires = "requests")]
    compat: Option<crate::command::bias::Compat>,
}

pub(crate) async fn run(arguments: ExportArguments) -> anyhow::Result<u8> {
    let options = StoreOptions::default();
    let place = |argument: &str, text: &Option<String>| {
        text.as_deref()
            .map(|text| settings::location(argument, text))
            .transpose()
    };
    if arguments.registry {
        let entries = RegistryEntries {
            data_quality: place("--baseline", &arguments.baseline)?,
            model_quality: place("--quality-baseline", &arguments.quality_baseline)?,
            bias_pre_training: place("--bias-pre", &arguments.bias_pre)?,
            bias_post_training: place("--bias-post", &arguments.bias_post)?,
            bias_config: place("--bias-config", &arguments.bias_config)?,
            explainability: place("--explainability", &arguments.explainability)?,
            explainability_config: place("--explainability-config", &arguments.explainability_config)?,
        };
        let found = registry(&entries)?;
        message::data(&format!("{}\n", serde_json::to_string_pretty(&found)?));
        return Ok(exit::DONE);
    }
    if arguments.requests {
        let found: Vec<serde_json::Value> = requests(&request_settings(&arguments)?)?
            .into_iter()
            .map(|(operation, request)| serde_json::json!({"operation": operation, "request": request}))
            .collect();
        message::data(&format!("{}\n", serde_json::to_string_pretty(&found)?));
        return Ok(exit::DONE);
    }
    let usage = |message: &str, hint: &str| EngineError::new(ErrorKind::Usage, message).with_hint(hint);
    let Some(output) = place("--output", &arguments.output)? else {
        return Err(usage("--output is not given", "say where the files go").into());
    };
    let written = match (
        place("--window", &arguments.window)?,
        place("--baseline", &arguments.baseline)?,
    ) {
        (Some(window), _) => {
            let found = window_files(&window, &options).await?;
            let output = match &arguments.as_schedule {
                None => output,
                Some(schedule) => {
                    let hour = found.hour_folder.as_deref().ok_or_else(|| {
                        usage(
                            "the window has no times, so no hour names its folder",
                            "leave --as-schedule out",
                        )
                    })?;
                    output.join(&format!("{}/{hour}", schedule.trim_matches('/')))
                }
            };
            write_all(&output, &options, found.files).await?
        }
        (None, Some(baseline)) => {
            let files = baseline_files(&baseline, &options).await?;
            write_all(&output, &options, files).await?
        }
        (None, None) => {
            return Err(usage(
                "nothing to export: neither --baseline nor --window is given",
                "for example driftline export --window runs/2026-11-20T08 --output model-monitor",
            )
            .into());
        }
    };
    for place in &written {
        message::data(&format!("wrote {place}\n"));
    }
    Ok(exit::DONE)
}

fn request_settings(arguments: &ExportArguments) -> Result<RequestSettings, EngineError> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let source = match (&arguments.endpoint, &arguments.capture) {
        (Some(name), capture) => Source::Endpoint {
            name: name.clone(),
            capture: capture.clone(),
        },
        (None, Some(capture)) => Source::Batch {
            capture: capture.clone(),
        },
        (None, None) => {
            return Err(EngineError::new(
                ErrorKind::Usage,
                "nothing says what is monitored: neither --endpoint nor --capture is given",
            )
            .with_hint("give --endpoint NAME, or --capture s3://… of batch transforms"));
        }
    };
    let problem = arguments.problem.map(|problem| match problem {
        ProblemArgument::Binary => Problem::Binary,
        ProblemArgument::Multiclass => Problem::Multiclass,
        ProblemArgument::Regression => Problem::Regression,
    });
    Ok(RequestSettings {
        name: text(&arguments.name),
        image: text(&arguments.image),
        role: text(&arguments.role),
        source,
        baseline: text(&arguments.baseline),
        results: text(&arguments.results),
        training_data: arguments.data.clone(),
        expression: arguments.expression.clone(),
        instance_type: arguments.instance_type.clone(),
        n_instances: arguments.instances,
        quality: problem.zip(arguments.ground_truth.clone()),
        inference_attribute: arguments.inference_attribute.clone(),
        probability_attribute: arguments.probability_attribute.clone(),
        compat_sagemaker: arguments.compat.is_some(),
    })
}
