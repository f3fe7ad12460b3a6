//! `driftline retrain`: plan, start, status, history, approve, why, complete, close.
//!
//! Decides and computes nothing: `engine::retrain` does.

mod complete;
pub(crate) mod local;
pub(crate) mod service;

use crate::{exit, message, settings};
use baselines::document::retrain::RetrainDocument as _;
use clap::{Args, Subcommand};
use engine::retrain::{Patience, Retraining, Started, decision_text, history_text, states_text, why_text};
use engine::{EngineError, ErrorKind};
use local::LocalArguments;
use serde::Serialize;
use service::ServiceArgument;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use store::StoreOptions;

#[derive(Debug, Args)]
pub(crate) struct RetrainArguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Say whether a retraining would be started now, rule by rule. Starts and writes nothing.
    Plan(Common),
    /// Decide, and start the pipeline if every rule says yes.
    Start(StartArguments),
    /// Say where this monitor's retrainings stand; with a service, look and write what has ended.
    Status(StatusArguments),
    /// List everything that was started for the model.
    History(Common),
    /// Let the open incident be retrained, or refuse it.
    Approve(ApproveArguments),
    /// Say why an execution was started.
    Why(WhyArguments),
    /// Put a newly approved model into service, hold it against the one before, and end the incident if it helped.
    Complete(Box<complete::CompleteArguments>),
    /// End the open incident.
    Close(CloseArguments),
}

#[derive(Debug, Args)]
struct Common {
    /// The monitor's settings, with a [retrain] section (docs/retraining.md).
    #[arg(long, value_name = "FILE")]
    monitor: String,
    /// The store that holds monitors/ and models/; `store` of [retrain], or the folder of FILE, without it.
    #[arg(long, value_name = "LOCATION")]
    store: Option<String>,
    /// The time to decide for, RFC 3339; the clock's without it.
    #[arg(long, value_name = "TIME")]
    now: Option<String>,
    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct StartArguments {
    #[command(flatten)]
    common: Common,
    /// What runs the pipeline.
    #[arg(long, value_enum, default_value_t = ServiceArgument::Sagemaker)]
    service: ServiceArgument,
    #[command(flatten)]
    local: LocalArguments,
}

#[derive(Debug, Args)]
struct StatusArguments {
    #[command(flatten)]
    common: Common,
    /// Ask what runs the pipeline; only what is stored is shown without it.
    #[arg(long, value_enum)]
    service: Option<ServiceArgument>,
    /// Look again, every 30 seconds (every second where it runs here), until everything has ended.
    #[arg(long, requires = "service")]
    follow: bool,
    #[command(flatten)]
    local: LocalArguments,
}

#[derive(Debug, Args)]
struct ApproveArguments {
    #[command(flatten)]
    common: Common,
    /// Who approves.
    #[arg(long, value_name = "NAME")]
    by: String,
    /// The incident, to be sure that it is the one that was looked at; the open one without it.
    #[arg(long, value_name = "ID")]
    incident: Option<String>,
    /// Refuse instead.
    #[arg(long)]
    refuse: bool,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

#[derive(Debug, Args)]
struct WhyArguments {
    /// The execution: its ARN, the last part of it, its token, or its incident.
    execution: String,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct CloseArguments {
    #[command(flatten)]
    common: Common,
    /// Why it is over.
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

pub(crate) async fn run(arguments: RetrainArguments) -> anyhow::Result<u8> {
    match arguments.action {
        Action::Plan(common) => {
            let (retraining, now) = open(&common).await?;
            let plan = retraining.plan(now).await?;
            if common.json {
                message::data(&String::from_utf8(plan.document.to_bytes()?)?);
            } else {
                message::data(&decision_text(&plan));
            }
        }
        Action::Start(arguments) => start(&arguments).await?,
        Action::Status(arguments) => status(&arguments).await?,
        Action::History(common) => {
            let (retraining, _) = open(&common).await?;
            let runs = retraining.history().await?;
            show(common.json, &runs, || history_text(&runs))?;
        }
        Action::Approve(arguments) => {
            let (retraining, now) = open(&arguments.common).await?;
            if !retraining.is_manual() {
                message::talk(
                    "note: approval of [retrain] is auto, so nobody is asked; the answer is kept all the same",
                );
            }
            let incident = arguments.incident.as_deref();
            let reason = arguments.reason.as_deref();
            let given = retraining
                .approve(incident, !arguments.refuse, &arguments.by, reason, now)
                .await?;
            let word = if given.approved { "approved" } else { "refused" };
            let text = format!(
                "{word} incident {} revision {}, by {}\n",
                given.incident, given.revision, given.by
            );
            show(arguments.common.json, &given, || text)?;
        }
        Action::Why(arguments) => {
            let (retraining, _) = open(&arguments.common).await?;
            let why = retraining.why(&arguments.execution).await?;
            show(arguments.common.json, &why, || why_text(&why))?;
        }
        Action::Complete(arguments) => return complete::run(&arguments).await,
        Action::Close(arguments) => {
            let (retraining, now) = open(&arguments.common).await?;
            let closed = retraining.close(&arguments.reason, now).await?;
            show(arguments.common.json, &closed, || {
                format!("closed incident {}\n", closed.id)
            })?;
        }
    }
    Ok(exit::DONE)
}

/// As `open`, with a local settings file by its absolute path: what is started here is told where things lie, and
/// whoever reads it later may stand elsewhere.
async fn open_here(common: &Common) -> Result<(Retraining, i64), EngineError> {
    let absolute = |text: &String| {
        let is_local = !text.contains("://");
        let path = std::path::absolute(text).ok().filter(|_| is_local);
        path.map_or_else(|| text.clone(), |path| path.to_string_lossy().into_owned())
    };
    open(&Common {
        monitor: absolute(&common.monitor),
        store: common.store.as_ref().map(absolute),
        now: common.now.clone(),
        json: common.json,
    })
    .await
}

/// The monitor's retraining and the time.
async fn open(common: &Common) -> Result<(Retraining, i64), EngineError> {
    let options = StoreOptions::default();
    let now = match settings::time("--now", common.now.as_deref())? {
        Some(now) => now,
        None => clock()?.as_secs().cast_signed(),
    };
    let file = settings::location("--monitor", &common.monitor)?;
    let store = common
        .store
        .as_deref()
        .map(|text| settings::location("--store", text))
        .transpose()?;
    let decider = format!("{}-{}", std::process::id(), clock()?.as_nanos());
    Ok((
        Retraining::open(&file, store.as_ref(), &options, decider).await?,
        now,
    ))
}

fn clock() -> Result<Duration, EngineError> {
    SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| {
        EngineError::new(ErrorKind::Usage, "the clock says a time before 1970").with_hint("give --now")
    })
}

fn show<T: Serialize>(json: bool, value: &T, text: impl FnOnce() -> String) -> anyhow::Result<()> {
    if json {
        message::data(&format!("{}\n", serde_json::to_string_pretty(value)?));
    } else {
        message::data(&text());
    }
    Ok(())
}

async fn start(arguments: &StartArguments) -> anyhow::Result<()> {
    let service = service::open(arguments.service, &arguments.local).await?;
    let (retraining, now) = match arguments.service {
        ServiceArgument::Local => open_here(&arguments.common).await?,
        ServiceArgument::Sagemaker => open(&arguments.common).await?,
    };
    let json = arguments.common.json;
    match retraining
        .start(service.as_ref(), Patience::default(), now)
        .await?
    {
        Started::Now(receipt) => show(json, &receipt, || format!("started {}\n", receipt.execution)),
        Started::Before(receipt) => show(json, &receipt, || {
            format!("started before: {}\n", receipt.execution)
        }),
        Started::UnderWay(intent) => show(json, &intent, || {
            format!(
                "another process asked for incident {} revision {} at {} and has no receipt yet; after two minutes it is asked again\n",
                intent.incident, intent.revision, intent.requested_at
            )
        }),
        Started::Not(plan) => {
            if json {
                message::data(&String::from_utf8(plan.document.to_bytes()?)?);
            } else {
                message::data(&decision_text(&plan));
            }
            Ok(())
        }
    }
}

async fn status(arguments: &StatusArguments) -> anyhow::Result<()> {
    let service = match arguments.service {
        Some(service) => Some(service::open(service, &arguments.local).await?),
        None => None,
    };
    loop {
        let (retraining, now) = open(&arguments.common).await?;
        let states = retraining
            .status(service.as_deref(), Patience::default(), now)
            .await?;
        let ended = states.iter().all(|state| state.outcome.is_some());
        if !arguments.follow || ended {
            return show(arguments.common.json, &states, || states_text(&states));
        }
        if arguments.service == Some(ServiceArgument::Local) {
            tokio::time::sleep(Duration::from_secs(1)).await;
            continue;
        }
        message::talk(&states_text(&states));
        tokio::time::sleep(Duration::from_secs(30)).await;
    }
}
