//! What `act` and `lifecycle` reach beyond the store: receivers of alerts, the service that runs pipelines, stdout for metrics.
//!
//! Made once at cold start; tests make their own. Does not know events.

use crate::context::Context;
use alert::aws::AwsCourier;
use alert::send::Couriers;
use async_trait::async_trait;
use engine::EngineError;
use engine::alerts::{Means, over};
use engine::monitor::Monitor;
use engine::retrain::complete::Package;
use engine::retrain::{Patience, PipelineService, Retraining, ServiceError};
use sagemaker::pipeline::SageMakerPipelines;
use std::fmt;
use std::io::Write as _;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use store::{Location, StoreErrorKind, open_store};

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

/// Prints a line of metrics.
pub type MetricSink = Arc<dyn Fn(&str) + Send + Sync>;

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

/// A monitor of the store.
pub(crate) struct Watched {
    pub(crate) monitor: Monitor,
    pub(crate) file: Location,
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

    /// One monitor, by name.
    pub(crate) async fn monitor(&self, name: &str) -> Result<Watched, EngineError> {
        let file = self.context.store.join(&format!("monitors/{name}/monitor.toml"));
        let monitor = Monitor::load(&file, &self.context.options).await?;
        Ok(Watched { monitor, file })
    }

    /// Names of all monitors.
    pub(crate) async fn names(&self) -> Result<Vec<String>, EngineError> {
        let (store, root) = open_store(&self.context.store, &self.context.options).await?;
        let prefix = store::join_key(&root, "monitors/");
        let found = match store.list(&prefix).await {
            Ok(found) => found,
            Err(error) if error.kind() == StoreErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        let name = |key: &str| {
            let name = key.strip_prefix(&prefix)?.strip_suffix("/monitor.toml")?;
            (!name.contains('/')).then(|| name.to_owned())
        };
        Ok(found.iter().filter_map(|meta| name(&meta.key)).collect())
    }

    /// Its alerts; `None` where it wants none and there is no bus.
    pub(crate) async fn desk(&self, watched: &Watched) -> Result<Option<alert::Desk>, EngineError> {
        let (store, root) = open_store(&self.context.store, &self.context.options).await?;
        Ok(over(store, &root, &watched.monitor, &self.means))
    }

    /// Its retraining; `None` without `[retrain]`.
    pub(crate) async fn retraining(&self, watched: &Watched) -> Result<Option<Retraining>, EngineError> {
        if watched.monitor.retrain.is_none() {
            return Ok(None);
        }
        let (store, options) = (&self.context.store, &self.context.options);
        let decider = self.means.holder.clone();
        Retraining::open(&watched.file, Some(store), options, decider)
            .await
            .map(Some)
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
