//! `driftline retrain complete`: which package, what is in service, and from when on; the rest is `engine::retrain::complete`.

use super::{Common, open, show};
use crate::{exit, message, settings};
use clap::{Args, ValueEnum};
use engine::retrain::complete::{
    CompleteRequest, DeploymentRequest, Package, Strategy, approved_package, completion_text, deployment_text,
};
use engine::{EngineError, ErrorKind};
use pipeline::local::{Places, Registry};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use store::{Location, StoreOptions};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shift {
    /// A tenth of the traffic first, then the rest.
    Canary,
    /// A fifth at a time.
    Linear,
    /// A fifth of the instances at a time, without a second fleet.
    Rolling,
    /// All at once, onto a second fleet.
    AllAtOnce,
}

#[derive(Debug, Args)]
pub(super) struct CompleteArguments {
    #[command(flatten)]
    common: Common,
    /// The approved package, in the local registry: GROUP/NUMBER, or GROUP for its newest.
    #[arg(long, value_name = "GROUP[/NUMBER]", conflicts_with_all = ["description", "event"])]
    package: Option<String>,
    /// The local registry.
    #[arg(long, value_name = "FOLDER", default_value = "driftline-pipeline/registry")]
    registry: PathBuf,
    /// What s3:// in a local package stands for.
    #[arg(long, value_name = "FOLDER")]
    objects: Option<PathBuf>,
    /// The approved package, as `aws sagemaker describe-model-package` prints it.
    #[arg(long, value_name = "FILE", conflicts_with = "event")]
    description: Option<PathBuf>,
    /// The EventBridge event that approved it.
    #[arg(long, value_name = "FILE")]
    event: Option<PathBuf>,
    /// From when on the new model serves all traffic (RFC 3339); said once.
    #[arg(long, value_name = "TIME")]
    served_from: Option<String>,
    /// Windows of the new model that labels must judge.
    #[arg(long, value_name = "N", default_value_t = 1)]
    windows: usize,
    /// The endpoint, to plan its update.
    #[arg(long, value_name = "NAME", requires = "endpoint_config")]
    endpoint: Option<String>,
    /// Its configuration, as `aws sagemaker describe-endpoint-config` prints it.
    #[arg(long, value_name = "FILE", requires = "endpoint")]
    endpoint_config: Option<PathBuf>,
    /// How traffic moves to the new model.
    #[arg(long, value_enum, default_value_t = Shift::Canary)]
    deployment: Shift,
    /// A CloudWatch alarm that rolls the update back. May be given several times.
    #[arg(long = "alarm", value_name = "NAME")]
    alarms: Vec<String>,
    /// How long alarms are watched after each shift.
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u32).range(0..=3600))]
    bake_seconds: u32,
    /// The variant whose model changes, where there are several.
    #[arg(long, value_name = "NAME")]
    variant: Option<String>,
    /// The new model's role, where the configuration has none.
    #[arg(long, value_name = "ARN")]
    role: Option<String>,
    /// Where capture goes if nothing was captured before.
    #[arg(long, value_name = "s3://…")]
    capture: Option<String>,
}

fn json_of(option: &str, path: &Path) -> Result<Value, EngineError> {
    let wrong =
        |what: &str| EngineError::new(ErrorKind::Usage, format!("{option} {}: {what}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| wrong("it cannot be read").with_source(error))?;
    serde_json::from_slice(&bytes).map_err(|error| wrong("it is no JSON").with_source(error))
}

fn package(arguments: &CompleteArguments) -> Result<Package, EngineError> {
    if let Some(path) = &arguments.event {
        return approved_package(&json_of("--event", path)?)?.ok_or_else(|| {
            EngineError::new(
                ErrorKind::Usage,
                format!("--event {}: it approves no model package", path.display()),
            )
            .with_hint("expected is `SageMaker Model Package State Change` with ModelApprovalStatus Approved")
        });
    }
    if let Some(path) = &arguments.description {
        return Package::of_description(&json_of("--description", path)?);
    }
    let Some(named) = &arguments.package else {
        return Err(
            EngineError::new(ErrorKind::Usage, "no package is named").with_hint(
                "--package GROUP[/NUMBER] of the local registry, --description FILE or --event FILE",
            ),
        );
    };
    let (group, number) = named.split_once('/').unwrap_or((named, ""));
    let registry = Registry::new(&arguments.registry);
    let refused = crate::command::pipeline::refused;
    let versions = registry.versions(group).map_err(refused)?;
    let version = match number {
        "" => versions.last().copied(),
        number => number.parse().ok().filter(|number| versions.contains(number)),
    };
    let Some(version) = version else {
        return Err(EngineError::new(
            ErrorKind::Usage,
            format!(
                "the registry {} has no package {named}",
                arguments.registry.display()
            ),
        )
        .with_hint(format!("of {group} it has {} versions", versions.len())));
    };
    let found = registry.package(group, version).map_err(refused)?;
    Package::of_description(&serde_json::to_value(&found).unwrap_or_default())
}

/// Where a local package's baseline lies.
fn baseline_of(arguments: &CompleteArguments, package: &Package) -> Result<Option<Location>, EngineError> {
    let (Some(objects), Some(uri)) = (&arguments.objects, &package.baseline) else {
        return Ok(None);
    };
    let path = Places::new(objects)
        .path(uri)
        .map_err(|reason| EngineError::new(ErrorKind::Usage, reason))?;
    Location::local(path).map(Some).map_err(EngineError::from)
}

pub(super) async fn run(arguments: &CompleteArguments) -> anyhow::Result<u8> {
    let package = package(arguments)?;
    let (retraining, now) = open(&arguments.common).await?;
    let deployment = match (&arguments.endpoint, &arguments.endpoint_config) {
        (Some(endpoint), Some(config)) => {
            let request = DeploymentRequest {
                endpoint: endpoint.clone(),
                config: json_of("--endpoint-config", config)?,
                variant: arguments.variant.clone(),
                strategy: match arguments.deployment {
                    Shift::Canary => Strategy::Canary,
                    Shift::Linear => Strategy::Linear,
                    Shift::Rolling => Strategy::Rolling,
                    Shift::AllAtOnce => Strategy::AllAtOnce,
                },
                alarms: arguments.alarms.clone(),
                bake_seconds: arguments.bake_seconds,
                capture: arguments.capture.clone(),
                role: arguments.role.clone(),
            };
            Some(retraining.plan_deployment(&package, &request).await?)
        }
        _ => None,
    };
    let request = CompleteRequest {
        package_baseline: baseline_of(arguments, &package)?,
        package,
        served_from: settings::time("--served-from", arguments.served_from.as_deref())?,
        windows: arguments.windows.max(1),
        store: StoreOptions::default(),
    };
    let completion = Box::pin(retraining.complete(&request, now)).await?;
    if arguments.common.json {
        let both = json!({"deployment": deployment, "completion": completion});
        return show(true, &both, String::new).map(|()| exit::DONE);
    }
    if let Some(deployment) = &deployment {
        message::data(&deployment_text(deployment));
    }
    message::data(&completion_text(&completion));
    Ok(exit::DONE)
}
