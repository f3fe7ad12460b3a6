//! What follows from judged windows: people are told, metrics are counted, and a retraining is started where the decision says so;
//! and what became of retrainings.
//!
//! One library for the functions `act` and `lifecycle` and for `driftline watch`. Decides nothing itself: `alert` and
//! `baselines::decide` do. Asked twice, it sends, counts and starts nothing twice. What fails in one part does not keep the
//! others from being done. The time is an argument.

mod completion;

pub use ::parts::watch::names;
pub use completion::{Completion, Serving};

use crate::alerts::{Means, failed, news, over, run_facts};
use crate::error::EngineError;
use crate::monitor::Monitor;
use crate::retrain::complete::Package;
use crate::retrain::{PastRetraining, Patience, PipelineService, Retraining, RunState, Started};
use alert::desk::Desk;
use alert::gather::{self, Found};
use alert::metrics::{lines_of, own_metrics};
use alert::{RunFact, RunStage, Series, Told};
use baselines::document::retrain::ReceiptDocument;
use capture::time::parse_rfc3339;
use serde::Serialize;
use std::fmt;
use std::sync::Arc;
use store::{Location, StoreOptions, open_store};

/// Takes a line of metrics in CloudWatch's embedded format.
pub type MetricSink = Arc<dyn Fn(&str) + Send + Sync>;

/// One monitor with everything that acting for it needs.
pub struct Actor {
    monitor: String,
    desk: Option<Desk>,
    retrains: bool,
    decider: String,
    file: Location,
    service: Option<Arc<dyn PipelineService>>,
    patience: Patience,
    metrics: Option<MetricSink>,
    store: Location,
    options: StoreOptions,
}

impl fmt::Debug for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Actor")
            .field("monitor", &self.monitor)
            .finish_non_exhaustive()
    }
}

/// Who carries, who runs pipelines, and where metrics go.
#[derive(Clone)]
pub struct Hands {
    /// Who carries alerts.
    pub means: Means,
    /// What runs pipelines; without it a retraining is decided on and not started.
    pub service: Option<Arc<dyn PipelineService>>,
    /// How long its transient failures are borne.
    pub patience: Patience,
    /// Where metrics go; nowhere without it.
    pub metrics: Option<MetricSink>,
}

/// Why it is acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// The window of these seconds was judged.
    Window(i64, i64),
    /// Time has passed: whatever is not known yet, and what is due.
    CatchUp,
    /// Nothing new is there: what is due. Looks through no windows.
    Due,
}

/// What was done for one monitor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Acted {
    /// The monitor.
    pub monitor: String,
    /// Alerts; absent where it wants none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alerts: Option<Told>,
    /// Lines of metrics.
    pub metric_lines: usize,
    /// Metrics that CloudWatch cannot take.
    #[serde(skip)]
    pub metrics_left_out: usize,
    /// Completions that are not at their end, looked at again.
    pub completions: Vec<Completion>,
    /// Retraining; absent without `[retrain]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retraining: Option<Retrained>,
}

/// What became of the retraining decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Retrained {
    /// `started`, `started_before`, `under_way`, or the decision: `no`, `dry_run`, `wait_for_approval`, and `start` where nothing runs
    /// pipelines.
    pub decision: String,
    /// The execution, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution: Option<String>,
}

/// Where retrainings stand.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Each of them.
    pub runs: Vec<RunState>,
    /// Completions that were looked at.
    pub completions: Vec<Completion>,
}

impl Actor {
    /// For `monitor`, whose settings are at `file`, over the store at `store`.
    pub async fn open(
        monitor: &Monitor,
        file: &Location,
        store: &Location,
        options: &StoreOptions,
        hands: &Hands,
    ) -> Result<Self, EngineError> {
        let (opened, root) = open_store(store, options).await?;
        Ok(Self {
            monitor: monitor.name.clone(),
            desk: over(opened, &root, monitor, &hands.means),
            retrains: monitor.retrain.is_some(),
            decider: hands.means.holder.clone(),
            file: file.clone(),
            service: hands.service.clone(),
            patience: hands.patience,
            metrics: hands.metrics.clone(),
            store: store.clone(),
            options: options.clone(),
        })
    }

    /// Its monitor's name.
    pub fn monitor(&self) -> &str {
        &self.monitor
    }

    /// Whether it retrains.
    pub fn retrains(&self) -> bool {
        self.retrains
    }

    /// Opened when it is needed: what keeps it from being opened must not keep anybody from being told.
    async fn retraining(&self) -> Result<Option<Retraining>, EngineError> {
        if !self.retrains {
            return Ok(None);
        }
        let (store, decider) = (Some(&self.store), self.decider.clone());
        Retraining::open(&self.file, store, &self.options, decider)
            .await
            .map(Some)
    }

    /// Everything that was started for the model; nothing is asked of a service.
    pub async fn history(&self) -> Result<Vec<PastRetraining>, EngineError> {
        match self.retraining().await? {
            None => Ok(Vec::new()),
            Some(retraining) => retraining.history().await,
        }
    }

    /// Tells, counts, decides and starts. The second answer has what failed beside undelivered alerts, which the first has.
    pub async fn act(&self, occasion: Occasion, now: i64) -> (Acted, Vec<EngineError>) {
        let (mut acted, error) = self.alert(occasion, now).await;
        let mut errors: Vec<EngineError> = error.into_iter().collect();
        errors.extend(self.decide(&mut acted, now).await);
        (acted, errors)
    }

    /// Tells and counts.
    pub async fn alert(&self, occasion: Occasion, now: i64) -> (Acted, Option<EngineError>) {
        let mut acted = Acted {
            monitor: self.monitor.clone(),
            alerts: None,
            metric_lines: 0,
            metrics_left_out: 0,
            completions: Vec::new(),
            retraining: None,
        };
        let error = match &self.desk {
            None => None,
            Some(desk) => self.tell_and_count(desk, occasion, &mut acted, now).await.err(),
        };
        (acted, error)
    }

    /// Looks at completions again, decides on retraining, and starts it; adds what was done to `acted`.
    pub async fn decide(&self, acted: &mut Acted, now: i64) -> Option<EngineError> {
        match self.retraining().await {
            Ok(None) => None,
            Ok(Some(retraining)) => self.retrain(&retraining, acted, now).await.err(),
            Err(error) => Some(error),
        }
    }

    async fn tell_and_count(
        &self,
        desk: &Desk,
        occasion: Occasion,
        acted: &mut Acted,
        now: i64,
    ) -> Result<(), EngineError> {
        let mut found = Vec::new();
        match occasion {
            Occasion::Due => {}
            Occasion::CatchUp => found = news(desk).await?,
            Occasion::Window(start, end) => {
                for series in Series::ALL {
                    found.extend(
                        gather::window(desk.store.as_ref(), &desk.layout, series, (start, end))
                            .await
                            .map_err(failed)?,
                    );
                }
            }
        }
        let facts: Vec<_> = found.iter().map(|found| found.fact.clone()).collect();
        let told = desk.tell(&facts, &[], now).await.map_err(failed)?;
        let open = told.open.clone();
        acted.alerts = Some(told);
        for window in &found {
            self.count(desk, window, &open, acted, now).await?;
        }
        Ok(())
    }

    /// Prints a window's metrics, unless a receipt says that it was done.
    async fn count(
        &self,
        desk: &Desk,
        found: &Found,
        open: &[String],
        acted: &mut Acted,
        now: i64,
    ) -> Result<(), EngineError> {
        let (Some(sink), Some(settings)) = (&self.metrics, &desk.settings.metrics) else {
            return Ok(());
        };
        if desk.has_counted(&found.fact).await.map_err(failed)? {
            return Ok(());
        }
        let is_open = open.iter().any(|id| id.starts_with(found.fact.series.name()));
        let sets = [
            lines_of(&found.verdict, &found.fact, settings),
            own_metrics(&desk.subject.monitor, &found.verdict, &found.fact, is_open),
        ];
        for lines in sets.iter().map(|set| set.lines(now)) {
            acted.metrics_left_out += lines.n_left_out;
            for line in &lines.lines {
                sink(line);
                acted.metric_lines += 1;
            }
        }
        desk.counted(&found.fact, now).await.map_err(failed)
    }

    async fn retrain(&self, retraining: &Retraining, acted: &mut Acted, now: i64) -> Result<(), EngineError> {
        // A window may be the one that a completed retraining was waiting for; then the incident is at its end before it is decided on.
        acted.completions = self.completed(retraining, None, now).await?;
        let Some(service) = &self.service else {
            let plan = retraining.plan(now).await?;
            acted.retraining = Some(Retrained::new(plan.decision.verdict.name(), None));
            return Ok(());
        };
        let started = retraining.start(service.as_ref(), self.patience, now).await?;
        let fact = match &started {
            Started::Now(receipt) | Started::Before(receipt) => started_fact(receipt),
            Started::UnderWay(_) | Started::Not(_) => None,
        };
        acted.retraining = Some(match &started {
            Started::Now(receipt) => Retrained::new("started", Some(&receipt.execution)),
            Started::Before(receipt) => Retrained::new("started_before", Some(&receipt.execution)),
            Started::UnderWay(_) => Retrained::new("under_way", None),
            Started::Not(plan) => Retrained::new(plan.decision.verdict.name(), None),
        });
        if let (Some(desk), Some(fact)) = (&self.desk, fact) {
            let told = desk.tell(&[], &[fact], now).await.map_err(failed)?;
            match &mut acted.alerts {
                Some(before) => {
                    before.sent.extend(told.sent);
                    before.failed.extend(told.failed);
                }
                None => acted.alerts = Some(told),
            }
        }
        Ok(())
    }

    /// Asks the service where retrainings stand, and writes what has ended. With `completions`, those are looked at as well.
    pub async fn look(&self, completions: bool, now: i64) -> Result<Standing, EngineError> {
        let Some(retraining) = self.retraining().await? else {
            return Ok(Standing {
                runs: Vec::new(),
                completions: Vec::new(),
            });
        };
        let service = self.service.as_deref();
        Ok(Standing {
            runs: retraining.status(service, self.patience, now).await?,
            completions: if completions {
                self.completed(&retraining, None, now).await?
            } else {
                Vec::new()
            },
        })
    }

    /// Tells where retrainings stand; `None` where nobody wants to know.
    pub async fn tell(&self, runs: &[RunState], now: i64) -> Result<Option<Told>, EngineError> {
        let Some(desk) = &self.desk else {
            return Ok(None);
        };
        let told = desk.tell(&[], &run_facts(runs), now).await;
        told.map(Some).map_err(failed)
    }

    /// An approved package of this monitor: its completion begins, or goes on.
    pub async fn approved(&self, package: Package, now: i64) -> Result<Option<Completion>, EngineError> {
        match self.retraining().await? {
            None => Ok(None),
            Some(retraining) => completion::approved(&retraining, package, &self.options, now)
                .await
                .map(Some),
        }
    }

    /// Every completion that is not at its end, looked at again; with `serving`, those whose model now serves.
    pub async fn go_on(
        &self,
        serving: Option<Serving<'_>>,
        now: i64,
    ) -> Result<Vec<Completion>, EngineError> {
        match self.retraining().await? {
            None => Ok(Vec::new()),
            Some(retraining) => self.completed(&retraining, serving, now).await,
        }
    }

    async fn completed(
        &self,
        retraining: &Retraining,
        serving: Option<Serving<'_>>,
        now: i64,
    ) -> Result<Vec<Completion>, EngineError> {
        let open = completion::open(&self.monitor, &self.store, &self.options).await?;
        completion::go_on(retraining, open, serving, &self.options, now).await
    }
}

impl Retrained {
    fn new(decision: &str, execution: Option<&String>) -> Self {
        Self {
            decision: decision.to_owned(),
            execution: execution.cloned(),
        }
    }
}

/// A start as alerts say it.
fn started_fact(receipt: &ReceiptDocument) -> Option<RunFact> {
    Some(RunFact {
        token: receipt.intent.token.clone(),
        incident: receipt.intent.incident.clone(),
        revision: receipt.intent.revision,
        execution: receipt.execution.clone(),
        stage: RunStage::Started,
        at: parse_rfc3339(&receipt.written_at)?,
        reason: None,
    })
}
