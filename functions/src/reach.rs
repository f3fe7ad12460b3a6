//! What `act` and `lifecycle` reach beyond the store: receivers of alerts, the service that runs pipelines, stdout for metrics.
//!
//! Made once at cold start; tests make their own. Does not know events.

use crate::context::Context;
use alert::aws::AwsCourier;
use alert::send::Couriers;
use async_trait::async_trait;
use engine::EngineError;
use engine::act::{Actor, Hands, MetricSink, names};
use engine::alerts::Means;
use engine::monitor::Monitor;
use engine::retrain::complete::Package;
use engine::retrain::{Patience, PipelineService, ServiceError};
use sagemaker::pipeline::SageMakerPipelines;
use std::fmt;
use std::io::Write as _;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use store::open_store;

/// Describes model packages, whose events may leave out what a completion needs.
#[async_trait]
pub trait Packages: Send + Sync {
    /// The package of this ARN.
    async fn describe(&self, arn: &str) -> Result<Package, ServiceError>;
}

struct Registry(sagemaker::Client);

#[async_trait]
impl Packages for Registry {
    async fn describe(&self, arn: &str) -> Result<Package, ServiceError> {
        sagemaker::package::describe(&self.0, arn).await
    }
}

/// The environment lacks what AWS's clients need.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("environment variable AWS_REGION is missing, expected the region of the pipelines and topics")]
pub struct NoRegion;

/// Everything an invocation needs.
#[derive(Clone)]
pub struct Reach {
    /// Settings and the store.
    pub context: Context,
    /// Who carries alerts.
    pub means: Means,
    /// What runs pipelines.
    pub service: Arc<dyn PipelineService>,
    /// What describes model packages.
    pub packages: Arc<dyn Packages>,
    /// How long its transient failures are borne.
    pub patience: Patience,
    /// Where metrics go.
    pub metrics: MetricSink,
}

impl fmt::Debug for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reach")
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}

impl Reach {
    /// Connects to AWS as the environment says.
    ///
    /// # Errors
    /// No region.
    pub async fn connect(context: Context) -> Result<Self, NoRegion> {
        let shared = store::shared_config(&context.options).await;
        if shared.region().is_none() {
            return Err(NoRegion);
        }
        let client = sagemaker::client(&shared);
        let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Self {
            means: Means {
                courier: Arc::new(Couriers::new(Some(Arc::new(AwsCourier::new(&shared))))),
                secrets: Arc::new(|name| std::env::var(name).ok()),
                holder: format!("{}-{}", std::process::id(), started.as_nanos()),
                bus: context.event_bus.clone(),
            },
            service: Arc::new(SageMakerPipelines::new(client.clone())),
            packages: Arc::new(Registry(client)),
            patience: Patience::default(),
            metrics: Arc::new(print_line),
            context,
        })
    }

    /// What acts for the monitor of this name.
    pub(crate) async fn actor(&self, name: &str) -> Result<Actor, EngineError> {
        let (store, options) = (&self.context.store, &self.context.options);
        let file = store.join(&format!("monitors/{name}/monitor.toml"));
        let monitor = Monitor::load(&file, options).await?;
        let hands = Hands {
            means: self.means.clone(),
            service: Some(Arc::clone(&self.service)),
            patience: self.patience,
            metrics: Some(Arc::clone(&self.metrics)),
        };
        Actor::open(&monitor, &file, store, options, &hands).await
    }

    /// Names of all monitors.
    pub(crate) async fn names(&self) -> Result<Vec<String>, EngineError> {
        let (store, root) = open_store(&self.context.store, &self.context.options).await?;
        names(&store, &root).await
    }
}

/// A line on stdout, where Lambda takes it to CloudWatch. A closed stdout is not an error of ours.
fn print_line(line: &str) {
    let mut stdout = std::io::stdout().lock();
    let _closed = stdout
        .write_all(line.as_bytes())
        .and_then(|()| stdout.write_all(b"\n"))
        .and_then(|()| stdout.flush());
}
