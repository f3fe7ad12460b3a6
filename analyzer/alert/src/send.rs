//! From a notice and a route to a receiver: the message, who carries it, and what came back.
//!
//! Secrets come through a look-up that the caller gives; they are in the message and in nothing that is stored or said. Does not
//! know what was sent before (`desk`).

use crate::notice::Notice;
use crate::render::{self, events::EventEntry, sns::SnsMessage};
use crate::retry::Patience;
use crate::settings::{Form, Place, Route, Target, Webhook};
use crate::sign::{ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, sign};
use crate::webhook::HttpCourier;
use async_trait::async_trait;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Looks an environment variable up.
pub type Secrets = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What is sent.
#[derive(Clone, PartialEq, Eq)]
pub enum Message {
    /// A POST.
    Http {
        /// Where.
        url: String,
        /// Headers beside `content-type`.
        headers: Vec<(&'static str, String)>,
        /// JSON.
        body: Vec<u8>,
    },
    /// To a topic.
    Sns {
        /// Its ARN.
        topic: String,
        /// What.
        message: SnsMessage,
    },
    /// To a bus.
    Events {
        /// Its name or ARN.
        bus: String,
        /// What.
        entry: EventEntry,
    },
}

/// Without address and content: an address can be a secret.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http { .. } => "Http",
            Self::Sns { .. } => "Sns",
            Self::Events { .. } => "Events",
        })
    }
}

impl Message {
    /// What a person sees of it before it is sent: the body, without address and secrets.
    pub fn preview(&self) -> String {
        match self {
            Self::Http { body, .. } => String::from_utf8_lossy(body).into_owned(),
            Self::Sns { message, .. } => format!("Subject: {}\n\n{}", message.subject, message.message),
            Self::Events { entry, .. } => entry.detail.clone(),
        }
    }
}

/// What a caller can decide on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SendErrorKind {
    /// The receiver asks to slow down.
    Throttled,
    /// No answer in time: it may have arrived.
    TimedOut,
    /// Not reached, or a fault on the receiver's side: it may have arrived.
    Unavailable,
    /// The receiver says no, and would say so again.
    Refused,
    /// A variable is not set, an address is none, nobody carries this kind here.
    Settings,
}

impl SendErrorKind {
    /// Whether the same may succeed in a moment.
    pub fn is_transient(self) -> bool {
        matches!(self, Self::Throttled | Self::TimedOut | Self::Unavailable)
    }
}

/// A delivery that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{said}")]
pub struct SendError {
    /// What a caller can decide on.
    pub kind: SendErrorKind,
    /// What happened; neither address nor secret.
    pub said: String,
    /// How long the receiver asks to wait.
    pub retry_after: Option<Duration>,
}

impl SendError {
    /// Without a wish of the receiver.
    pub fn new(kind: SendErrorKind, said: impl Into<String>) -> Self {
        Self {
            kind,
            said: said.into(),
            retry_after: None,
        }
    }
}

/// Carries messages, each once.
#[async_trait]
pub trait Courier: Send + Sync {
    /// One attempt; what the receiver answered, in a word. `now` is the time, for dates in answers.
    async fn carry(&self, message: &Message, timeout: Duration, now: i64) -> Result<String, SendError>;
}

/// Webhooks, and AWS where it is there.
#[derive(Clone)]
pub struct Couriers {
    http: Arc<HttpCourier>,
    aws: Option<Arc<dyn Courier>>,
}

impl Couriers {
    /// `aws` carries SNS and EventBridge.
    pub fn new(aws: Option<Arc<dyn Courier>>) -> Self {
        Self {
            http: Arc::new(HttpCourier::default()),
            aws,
        }
    }
}

#[async_trait]
impl Courier for Couriers {
    async fn carry(&self, message: &Message, timeout: Duration, now: i64) -> Result<String, SendError> {
        match (message, &self.aws) {
            (Message::Http { .. }, _) => self.http.carry(message, timeout, now).await,
            (_, Some(aws)) => aws.carry(message, timeout, now).await,
            (_, None) => Err(SendError::new(
                SendErrorKind::Settings,
                "this program was built without the feature `aws`, which SNS and EventBridge need",
            )),
        }
    }
}

/// The message of a notice for a route; `None` where the receiver has nothing to hear of it. `id` is the delivery's.
pub fn message(
    route: &Route,
    notice: &Notice,
    id: &str,
    secrets: &Secrets,
    now: i64,
) -> Result<Option<Message>, SendError> {
    match &route.target {
        Target::Sns { topic } => Ok(Some(Message::Sns {
            topic: topic.clone(),
            message: render::sns::message(notice, id),
        })),
        Target::EventBridge { bus } => Ok(Some(Message::Events {
            bus: bus.clone(),
            entry: render::events::entry(notice, id),
        })),
        Target::Webhook(webhook) => http(webhook, notice, id, secrets, now),
    }
}

fn http(
    webhook: &Webhook,
    notice: &Notice,
    id: &str,
    secrets: &Secrets,
    now: i64,
) -> Result<Option<Message>, SendError> {
    let variable = |name: &str| {
        secrets(name)
            .filter(|value| !value.trim().is_empty())
            .ok_or_else(|| {
                SendError::new(
                    SendErrorKind::Settings,
                    format!("environment variable {name} is not set"),
                )
            })
    };
    let url = match &webhook.url {
        Place::Written(url) => url.clone(),
        Place::Variable(name) => {
            let url = variable(name)?.trim().to_owned();
            check_url(&url).map_err(|problem| {
                SendError::new(
                    SendErrorKind::Settings,
                    format!("environment variable {name} {problem}"),
                )
            })?;
            url
        }
    };
    let secret = webhook.secret_env.as_deref().map(variable).transpose()?;
    let routing_key = secret.as_deref().filter(|_| webhook.form == Form::PagerDuty);
    let Some(body) = render::body(webhook.form, notice, id, routing_key.unwrap_or_default().trim()) else {
        return Ok(None);
    };
    let mut headers = vec![(ID_HEADER, id.to_owned())];
    if let Some(secret) = secret.as_deref().filter(|_| webhook.form != Form::PagerDuty) {
        headers.push((TIMESTAMP_HEADER, now.to_string()));
        headers.push((SIGNATURE_HEADER, sign(secret.as_bytes(), now, &body)));
    }
    Ok(Some(Message::Http { url, headers, body }))
}

/// Whether notices may go there: over TLS, or within this machine.
///
/// # Errors
/// What is wrong, without the address itself.
pub fn check_url(url: &str) -> Result<(), &'static str> {
    let parsed: hyper::Uri = url.parse().map_err(|_| "is no URL")?;
    let host = parsed.host().ok_or("is no URL with a host")?;
    match parsed.scheme_str() {
        Some("https") => Ok(()),
        Some("http") if matches!(host, "127.0.0.1" | "localhost" | "[::1]") => Ok(()),
        Some("http") => Err("is not https, and notices leave this machine over TLS only"),
        _ => Err("is no https URL"),
    }
}

/// A delivery that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// What the receiver answered.
    pub answer: String,
    /// Attempts it took.
    pub attempts: u32,
}

/// Sends with patience; jitter comes from `seed`.
pub async fn deliver(
    courier: &dyn Courier,
    message: &Message,
    patience: &Patience,
    seed: u64,
    now: i64,
) -> Result<Delivered, SendError> {
    let mut attempts = 1;
    loop {
        let failed = match courier.carry(message, patience.timeout, now).await {
            Ok(answer) => return Ok(Delivered { answer, attempts }),
            Err(failed) => failed,
        };
        if !failed.kind.is_transient() || attempts >= patience.attempts {
            return Err(failed);
        }
        attempts += 1;
        let Some(wait) = patience.wait(attempts, seed, failed.retry_after) else {
            return Err(failed);
        };
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }
}
