//! `driftline init`.

use super::quality::ProblemArgument;
use crate::{exit, message, settings};
use clap::Args;
use engine::init::{EndpointDescription, InitRequest, Seen, look, propose};
use engine::monitor::Length;
use engine::{EngineError, ErrorKind};
use serde::Serialize;
use store::{Location, StoreOptions};

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("source").required(true).multiple(true).args(["endpoint", "capture"]))]
pub(crate) struct InitArguments {
    /// Name of an endpoint, asked of SageMaker itself for its DataCaptureConfig (a build with the feature `sagemaker`).
    #[arg(long, value_name = "NAME")]
    endpoint: Option<String>,
    /// Captured traffic: endpoint and variants are read from its layout, columns and volume from its newest records.
    #[arg(long, value_name = "LOCATION")]
    capture: Option<String>,
    /// Which endpoint of --capture is meant, where it holds several.
    #[arg(long, value_name = "NAME", conflicts_with = "endpoint")]
    endpoint_name: Option<String>,
    /// What the monitor is called; the endpoint's name without it.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Its baseline, where there is one already.
    #[arg(long, value_name = "LOCATION")]
    baseline: Option<String>,
    /// Labels: ground-truth JSON Lines by hour, or a table with an id column.
    #[arg(long, value_name = "LOCATION")]
    ground_truth: Option<String>,
    /// What is predicted; guessed from the outputs without it.
    #[arg(long, value_enum)]
    problem: Option<ProblemArgument>,
    /// Length of a window, for example "1 hour"; proposed from the volume without it.
    #[arg(long, value_name = "LENGTH")]
    window: Option<String>,
    /// Folder that monitor.toml, schema.json and monitor.schema.json (for editors) go into.
    #[arg(long, value_name = "LOCATION", default_value = ".")]
    output: String,
    /// Write over files that are there.
    #[arg(long)]
    force: bool,
    /// Print the proposal as JSON instead of text.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    proposal: &'a engine::init::Proposal,
    written: &'a [String],
}

pub(crate) async fn run(arguments: InitArguments) -> anyhow::Result<u8> {
    let options = StoreOptions::default();
    let output = settings::location("--output", &arguments.output)?;
    let window = arguments.window.as_deref().map(window).transpose()?;
    let endpoint = match &arguments.endpoint {
        Some(name) => Some(describe(name, &options).await?),
        None => None,
    };
    let seen = see(&arguments, endpoint.as_ref(), &options).await?;
    let beside = |argument: &str, text: &Option<String>| {
        text.as_deref()
            .map(|text| beside(argument, text, &output))
            .transpose()
    };
    let request = InitRequest {
        name: arguments.name.clone(),
        endpoint_name: arguments.endpoint_name.clone(),
        capture: beside("--capture", &arguments.capture)?,
        baseline: beside("--baseline", &arguments.baseline)?,
        ground_truth: beside("--ground-truth", &arguments.ground_truth)?,
        problem: arguments.problem.map(Into::into),
        endpoint,
        seen,
        window,
    };
    let proposal = propose(&request)?;
    let written = proposal.write(&output, arguments.force, &options).await?;
    if arguments.json {
        let report = Report {
            proposal: &proposal,
            written: &written,
        };
        message::data(&format!("{}\n", serde_json::to_string_pretty(&report)?));
        return Ok(exit::DONE);
    }
    message::data(&proposal.text());
    message::data("\n");
    for place in &written {
        message::data(&format!("wrote {place}\n"));
    }
    message::data("\nNext:\n");
    for command in &proposal.next {
        message::data(&format!("  {command}\n"));
    }
    Ok(exit::DONE)
}

/// A look at the capture: what was named must be there; what the endpoint names may not be there yet.
async fn see(
    arguments: &InitArguments,
    endpoint: Option<&EndpointDescription>,
    options: &StoreOptions,
) -> anyhow::Result<Option<Seen>> {
    let name = endpoint
        .map(|found| found.name.as_str())
        .or(arguments.endpoint_name.as_deref());
    if let Some(text) = &arguments.capture {
        return Ok(Some(
            look(&settings::location("--capture", text)?, name, options).await?,
        ));
    }
    let Some((destination, name)) = endpoint.and_then(|found| Some((found.destination.as_deref()?, name?)))
    else {
        return Ok(None);
    };
    let Ok(at) = Location::parse(destination) else {
        message::talk(&format!(
            "note: {destination} cannot be read from here, so nothing is guessed from it"
        ));
        return Ok(None);
    };
    match look(&at.join(name), Some(name), options).await {
        Ok(seen) => Ok(Some(seen)),
        Err(error) => {
            message::talk(&format!("note: nothing is guessed from the capture: {error}"));
            Ok(None)
        }
    }
}

fn window(text: &str) -> Result<Length, EngineError> {
    let length: Length = text.parse().map_err(|error| {
        EngineError::new(ErrorKind::Usage, format!("--window {error}"))
            .with_hint("for example --window \"1 hour\"")
    })?;
    if length < Length::SHORTEST_WINDOW {
        return Err(EngineError::new(
            ErrorKind::Usage,
            format!(
                "--window is {length}, expected at least {}",
                Length::SHORTEST_WINDOW
            ),
        )
        .with_hint("for example --window \"1 hour\""));
    }
    Ok(length)
}

/// A location as a file in `output` names it: relative ones are below the file's folder, so what lies elsewhere is named
/// whole.
fn beside(argument: &str, text: &str, output: &Location) -> Result<String, EngineError> {
    let given = settings::location(argument, text)?;
    let Some(path) = given.as_path().filter(|path| path.is_relative()) else {
        return Ok(text.to_owned());
    };
    let path = path.strip_prefix(".").unwrap_or(path);
    let folder = output.as_path();
    let inside = match folder {
        Some(folder) if folder == std::path::Path::new(".") => Some(path),
        Some(folder) => path.strip_prefix(folder.strip_prefix(".").unwrap_or(folder)).ok(),
        None => None,
    };
    let whole = match inside {
        Some(inside) => inside.to_path_buf(),
        None => std::path::absolute(path).map_err(|error| {
            EngineError::new(
                ErrorKind::Usage,
                format!("{argument} {text} has no absolute path"),
            )
            .with_source(error)
        })?,
    };
    whole.to_str().map(str::to_owned).ok_or_else(|| {
        EngineError::new(
            ErrorKind::Usage,
            format!("{argument} {text} is not UTF-8 from the root on"),
        )
        .with_hint("give it as an absolute path")
    })
}

#[cfg(feature = "sagemaker")]
async fn describe(name: &str, options: &StoreOptions) -> anyhow::Result<EndpointDescription> {
    let shared = store::shared_config(options).await;
    if shared.region().is_none() {
        return Err(EngineError::new(
            ErrorKind::Usage,
            "found no AWS region, neither in the environment nor in a profile",
        )
        .with_hint("set AWS_REGION to the endpoint's region, for example AWS_REGION=eu-west-1")
        .into());
    }
    let found = sagemaker::endpoint::describe_capture(&sagemaker::client(&shared), name).await;
    Ok(found.map_err(|error| {
        use sagemaker::schedule::DescribeError;
        let kind = match &error {
            DescribeError::Unreachable { .. } => ErrorKind::Storage,
            _ => ErrorKind::Usage,
        };
        let hint = "check the endpoint's name and AWS_REGION (`aws sagemaker list-endpoints`); the credentials need \
                    sagemaker:DescribeEndpoint and sagemaker:DescribeEndpointConfig";
        EngineError::new(kind, format!("the endpoint {name} cannot be described: {error}")).with_hint(hint)
    })?)
}

#[cfg(not(feature = "sagemaker"))]
#[expect(clippy::unused_async, reason = "the other build awaits SageMaker here")]
async fn describe(name: &str, _options: &StoreOptions) -> anyhow::Result<EndpointDescription> {
    Err(EngineError::new(
        ErrorKind::Usage,
        format!("--endpoint {name} asks SageMaker, and this build of driftline has no client of its API"),
    )
    .with_hint(
        "use driftline's container image, or build it with `cargo build --release -p cli --features sagemaker`; \
         `--capture LOCATION` looks at captured traffic with this build",
    )
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_named_as_the_file_will_read_them() {
        let name =
            |text: &str, output: &str| beside("--capture", text, &Location::parse(output).unwrap()).unwrap();
        assert_eq!(name("capture/a", "."), "capture/a");
        assert_eq!(name("./capture", "./."), "capture");
        assert_eq!(name("set/capture", "set"), "capture");
        assert_eq!(name("s3://bucket/c", "set"), "s3://bucket/c");
        assert_eq!(name("/c", "set"), "/c");
        let elsewhere = name("other/capture", "set");
        assert!(
            elsewhere.starts_with('/') && elsewhere.ends_with("/other/capture"),
            "{elsewhere}"
        );
        assert!(name("capture", "s3://bucket/x").starts_with('/'));
    }
}
