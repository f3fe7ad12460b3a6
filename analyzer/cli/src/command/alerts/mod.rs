//! `driftline alerts`: send, test, status, mute, unmute, ack, verify.
//!
//! Decides and renders nothing: the crate `alert` does.

mod text;

use crate::{exit, message, settings};
use alert::desk::Desk;
use alert::notice::Notice;
use alert::retry::Patience;
use alert::send::{Courier, Couriers, Secrets, deliver, message as message_of};
use alert::settings::{Form, Route, Target};
use alert::sign::verify;
use alert::state::Acknowledgement;
use clap::{Args, Subcommand};
use engine::alerts::{Means, catch_up, failed};
use engine::monitor::{Length, Monitor};
use engine::{EngineError, ErrorKind};
use serde::Serialize;
use std::io::Read as _;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use store::StoreOptions;

/// Largest body that `verify` reads.
const MAX_BODY_BYTES: u64 = 16 << 20;

#[derive(Debug, Args)]
pub(crate) struct AlertsArguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Look at the windows in the store, and send what is due; asked twice, it sends nothing twice.
    Send(Common),
    /// Send a message that is marked as a test through every route.
    Test(TestArguments),
    /// Say which incidents are open, who was told, what waits, and what is muted.
    Status(Common),
    /// Send nothing for some time; what is still open then is said then.
    Mute(MuteArguments),
    /// End every mute that was set by `mute`.
    Unmute(Common),
    /// Take an incident on: no more reminders.
    Ack(AckArguments),
    /// Check the signature of a webhook's body on stdin.
    Verify(VerifyArguments),
}

#[derive(Debug, Args)]
struct Common {
    /// The monitor's settings, with an [alerts] section (docs/alerts.md).
    #[arg(long, value_name = "FILE")]
    monitor: String,
    /// The store that holds monitors/; `store` of [retrain], or the folder of FILE, without it.
    #[arg(long, value_name = "LOCATION")]
    store: Option<String>,
    /// The time to act for, RFC 3339; the clock's without it.
    #[arg(long, value_name = "TIME")]
    now: Option<String>,
    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct TestArguments {
    #[command(flatten)]
    common: Common,
    /// One route instead of all.
    #[arg(long, value_name = "NAME")]
    route: Option<String>,
    /// Print what would be sent instead; no secret is needed for it.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Args)]
struct MuteArguments {
    #[command(flatten)]
    common: Common,
    /// How long, such as "2 hours" or "3 days".
    #[arg(long = "for", value_name = "LENGTH")]
    length: String,
    /// Who mutes.
    #[arg(long, value_name = "NAME")]
    by: String,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

#[derive(Debug, Args)]
struct AckArguments {
    #[command(flatten)]
    common: Common,
    /// The incident; the only open one without it.
    #[arg(long, value_name = "ID")]
    incident: Option<String>,
    /// Who takes it on.
    #[arg(long, value_name = "NAME")]
    by: String,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

#[derive(Debug, Args)]
struct VerifyArguments {
    /// Environment variable with the secret.
    #[arg(long, value_name = "NAME")]
    secret_env: String,
    /// The header driftline-timestamp.
    #[arg(long, value_name = "SECONDS")]
    timestamp: String,
    /// The header driftline-signature.
    #[arg(long, value_name = "SIGNATURE")]
    signature: String,
    /// How old a request may be, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    tolerance: u64,
    /// The time to check for, RFC 3339; the clock's without it.
    #[arg(long, value_name = "TIME")]
    now: Option<String>,
}

pub(crate) async fn run(arguments: AlertsArguments) -> anyhow::Result<u8> {
    match arguments.action {
        Action::Send(common) => {
            let (desk, _, now) = open(&common, true).await?;
            let told = catch_up(&desk, &[], now).await?;
            show(common.json, &told, || text::told(&told))?;
            if told.failed.is_empty() {
                Ok(exit::DONE)
            } else {
                Ok(exit::STORAGE)
            }
        }
        Action::Test(arguments) => test(&arguments).await,
        Action::Status(common) => {
            let (desk, _, now) = open(&common, false).await?;
            let (state, _) = desk.read().await.map_err(failed)?;
            let status = text::Status::of(&desk, &state, now);
            show(common.json, &status, || status.to_text())?;
            Ok(exit::DONE)
        }
        Action::Mute(arguments) => {
            let (desk, _, now) = open(&arguments.common, false).await?;
            let length: Length = arguments
                .length
                .parse()
                .map_err(|error| EngineError::new(ErrorKind::Usage, format!("--for: {error}")))?;
            if length.seconds() == 0 {
                return Err(
                    EngineError::new(ErrorKind::Usage, "--for: a mute of no length mutes nothing").into(),
                );
            }
            let until = now + length.seconds();
            desk.mute(until, &arguments.by, arguments.reason.as_deref(), now)
                .await
                .map_err(failed)?;
            let muted = text::Muted::new(until, &arguments.by);
            show(arguments.common.json, &muted, || muted.to_text())?;
            Ok(exit::DONE)
        }
        Action::Unmute(common) => {
            let (desk, _, now) = open(&common, false).await?;
            let was = desk.unmute(now).await.map_err(failed)?;
            show(common.json, &serde_json::json!({ "was_muted": was }), || {
                let word = if was {
                    "the mute is ended"
                } else {
                    "nothing was muted"
                };
                format!("{word}\n")
            })?;
            Ok(exit::DONE)
        }
        Action::Ack(arguments) => {
            let (desk, _, now) = open(&arguments.common, true).await?;
            let given = Acknowledgement {
                by: arguments.by.clone(),
                at: now,
                reason: arguments.reason.clone(),
            };
            let incident = desk
                .acknowledge(arguments.incident.as_deref(), &given)
                .await
                .map_err(failed)?;
            let told = desk.tell(&[], &[], now).await.map_err(failed)?;
            let answer = serde_json::json!({ "incident": incident, "told": told });
            show(arguments.common.json, &answer, || {
                format!(
                    "{incident} is acknowledged by {}\n{}",
                    arguments.by,
                    text::told(&told)
                )
            })?;
            Ok(exit::DONE)
        }
        Action::Verify(arguments) => check(&arguments),
    }
}

/// The monitor's alerts and the time. `carries`: something will be sent.
async fn open(common: &Common, carries: bool) -> anyhow::Result<(Desk, Monitor, i64)> {
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
    let means = Means {
        courier: Arc::new(Couriers::new(if carries { aws(&options).await } else { None })),
        secrets: Arc::new(|name| std::env::var(name).ok()),
        holder: format!("{}-{}", std::process::id(), clock()?.as_nanos()),
        bus: None,
    };
    let (desk, monitor) = engine::alerts::open(&file, store.as_ref(), &options, &means).await?;
    Ok((desk, monitor, now))
}

#[cfg(feature = "sagemaker")]
pub(crate) async fn aws(options: &StoreOptions) -> Option<Arc<dyn Courier>> {
    let shared = store::shared_config(options).await;
    Some(Arc::new(alert::aws::AwsCourier::new(&shared)))
}

#[cfg(not(feature = "sagemaker"))]
#[expect(clippy::unused_async, reason = "with the feature it waits for credentials")]
pub(crate) async fn aws(_options: &StoreOptions) -> Option<Arc<dyn Courier>> {
    None
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

async fn test(arguments: &TestArguments) -> anyhow::Result<u8> {
    let (desk, _, now) = open(&arguments.common, !arguments.dry_run).await?;
    let chosen: Vec<(&String, &Route)> = match &arguments.route {
        None => desk.settings.routes.iter().collect(),
        Some(name) => desk
            .settings
            .routes
            .iter()
            .filter(|(known, _)| *known == name)
            .collect(),
    };
    if chosen.is_empty() {
        let known: Vec<&str> = desk.settings.routes.keys().map(String::as_str).collect();
        let asked = arguments
            .route
            .as_deref()
            .map_or_else(String::new, |name| format!(" called {name}"));
        return Err(EngineError::new(
            ErrorKind::Usage,
            format!("there is no route{asked}, the routes are: {}", known.join(", ")),
        )
        .with_hint("a route is a table [alerts.routes.NAME]; docs/alerts.md shows each kind")
        .into());
    }
    let notice = Notice::test(&desk.subject, now);
    let mut tried = Vec::new();
    for (name, route) in chosen {
        let id = format!("{}.1.test.{name}", notice.incident);
        // A preview shows which variable a secret comes from; an address has to be one.
        let is_key = matches!(&route.target, Target::Webhook(webhook) if webhook.form == Form::PagerDuty);
        let secrets: Secrets = match (arguments.dry_run, is_key) {
            (false, _) => desk.secrets.clone(),
            (true, true) => Arc::new(|name| Some(format!("${name}"))),
            (true, false) => Arc::new(|name| Some(format!("https://{name}.invalid/"))),
        };
        let made = message_of(route, &notice, &id, &secrets, now);
        tried.push(match made {
            Err(error) => text::Tried::failed(name, &error),
            Ok(None) => text::Tried::silent(name),
            Ok(Some(made)) if arguments.dry_run => text::Tried::preview(name, &made),
            Ok(Some(made)) => {
                let once = Patience {
                    attempts: 2,
                    ..desk.patience
                };
                match deliver(desk.courier.as_ref(), &made, &once, 0, now).await {
                    Ok(delivered) => text::Tried::sent(name, &delivered.answer),
                    Err(error) => text::Tried::failed(name, &error),
                }
            }
        });
    }
    show(arguments.common.json, &tried, || {
        tried.iter().map(text::Tried::to_text).collect()
    })?;
    let all_fine = tried.iter().all(text::Tried::is_fine);
    Ok(if all_fine { exit::DONE } else { exit::STORAGE })
}

fn check(arguments: &VerifyArguments) -> anyhow::Result<u8> {
    let secret = std::env::var(&arguments.secret_env).map_err(|_| {
        EngineError::new(
            ErrorKind::Usage,
            format!("environment variable {} is not set", arguments.secret_env),
        )
    })?;
    let now = match settings::time("--now", arguments.now.as_deref())? {
        Some(now) => now,
        None => clock()?.as_secs().cast_signed(),
    };
    let mut body = Vec::new();
    std::io::stdin()
        .lock()
        .take(MAX_BODY_BYTES)
        .read_to_end(&mut body)?;
    verify(
        secret.as_bytes(),
        &arguments.timestamp,
        &arguments.signature,
        &body,
        now,
        arguments.tolerance,
    )
    .map_err(|error| {
        EngineError::new(ErrorKind::Usage, error.to_string())
            .with_hint("the body must be the bytes as they came, without a line end added")
    })?;
    message::data("the signature is right\n");
    Ok(exit::DONE)
}
