//! `driftline import`.

use crate::{exit, message, settings};
use bytes::Bytes;
use clap::Args;
use engine::import::{ImportRequest, import, read_files};
use engine::{EngineError, ErrorKind};
use std::collections::BTreeMap;
use store::StoreOptions;

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("source").required(true).args(["files", "schedule"]))]
pub(crate) struct ImportArguments {
    /// Folder with the answers of `aws sagemaker describe-monitoring-schedule`, describe-*-job-definition and
    /// describe-endpoint as JSON, and the baseline's files (statistics.json, constraints.json, analysis.json).
    #[arg(long, value_name = "LOCATION")]
    files: Option<String>,
    /// Name of a schedule, asked of SageMaker itself (a build with the feature `sagemaker`).
    #[arg(long, value_name = "NAME")]
    schedule: Option<String>,
    /// Which schedule of --files is meant, where they describe several.
    #[arg(long, value_name = "NAME", requires = "files")]
    schedule_name: Option<String>,
    /// Captured traffic, where the descriptions do not say it, or it moved.
    #[arg(long, value_name = "LOCATION")]
    capture: Option<String>,
    /// Where monitor.toml, baseline/ and import.json go.
    #[arg(long, value_name = "LOCATION")]
    output: String,
    /// Print import.json instead of the report.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: ImportArguments) -> anyhow::Result<u8> {
    let options = StoreOptions::default();
    let output = settings::location("--output", &arguments.output)?;
    let capture = arguments
        .capture
        .as_deref()
        .map(|text| settings::location("--capture", text))
        .transpose()?;
    let files = match (&arguments.files, &arguments.schedule) {
        (Some(text), _) => read_files(&settings::location("--files", text)?, &options).await?,
        (None, Some(name)) => describe(name, &options).await?,
        (None, None) => BTreeMap::new(),
    };
    let request = ImportRequest {
        files,
        capture,
        schedule: arguments.schedule_name.clone(),
        options: options.clone(),
    };
    let imported = import(&request).await?;
    let written = imported.write(&output, &options).await?;
    if arguments.json {
        message::data(&String::from_utf8(imported.report()?)?);
    } else {
        message::data(&imported.text());
        message::data("\n");
        for place in &written {
            message::data(&format!("wrote {place}\n"));
        }
    }
    Ok(exit::DONE)
}

#[cfg(feature = "sagemaker")]
async fn describe(name: &str, options: &StoreOptions) -> anyhow::Result<BTreeMap<String, Bytes>> {
    let shared = store::shared_config(options).await;
    if shared.region().is_none() {
        return Err(EngineError::new(
            ErrorKind::Usage,
            "found no AWS region, neither in the environment nor in a profile",
        )
        .with_hint("set AWS_REGION to the schedule's region, for example AWS_REGION=eu-west-1")
        .into());
    }
    let client = sagemaker::client(&shared);
    let found = sagemaker::schedule::describe_schedule(&client, name).await;
    let files = found.map_err(|error| {
        use sagemaker::schedule::DescribeError;
        let kind = match &error {
            DescribeError::Unreachable { .. } => ErrorKind::Storage,
            _ => ErrorKind::Usage,
        };
        let hint = error.hint();
        EngineError::new(kind, format!("the schedule {name} cannot be imported: {error}")).with_hint(hint)
    })?;
    Ok(files
        .into_iter()
        .map(|(name, bytes)| (name, Bytes::from(bytes)))
        .collect())
}

#[cfg(not(feature = "sagemaker"))]
#[expect(clippy::unused_async, reason = "the other build awaits SageMaker here")]
async fn describe(name: &str, _options: &StoreOptions) -> anyhow::Result<BTreeMap<String, Bytes>> {
    Err(EngineError::new(
        ErrorKind::Usage,
        format!("--schedule {name} asks SageMaker, and this build of driftline has no client of its API"),
    )
    .with_hint(
        "use driftline's container image, or build it with `cargo build --release -p cli --features sagemaker`; \
         `--files DIR` reads saved answers with this build",
    )
    .into())
}
