//! Amazon SNS and EventBridge as receivers, behind the feature `aws`: the one place that names their clients.
//!
//! One attempt each; the clients' own retries are theirs. Does not know what is sent.

use crate::send::{Courier, Message, SendError, SendErrorKind};
use async_trait::async_trait;
use aws_sdk_eventbridge::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_eventbridge::primitives::DateTime;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_types::SdkConfig;
use std::error::Error;
use std::time::Duration;

/// SNS and EventBridge.
#[derive(Debug, Clone)]
pub struct AwsCourier {
    sns: aws_sdk_sns::Client,
    events: aws_sdk_eventbridge::Client,
}

impl AwsCourier {
    /// Under the settings (region, credentials, endpoint) of `shared`.
    #[must_use]
    pub fn new(shared: &SdkConfig) -> Self {
        Self {
            sns: aws_sdk_sns::Client::new(shared),
            events: aws_sdk_eventbridge::Client::new(shared),
        }
    }

    async fn publish(
        &self,
        topic: &str,
        message: &crate::render::sns::SnsMessage,
    ) -> Result<String, SendError> {
        let mut request = self
            .sns
            .publish()
            .topic_arn(topic)
            .subject(&message.subject)
            .message(&message.message);
        if topic.ends_with(".fifo") {
            request = request
                .message_group_id(&message.group)
                .message_deduplication_id(&message.deduplication);
        }
        let answer = request
            .send()
            .await
            .map_err(|error| failed("sns:Publish", &error))?;
        Ok(answer.message_id.unwrap_or_else(|| "published".to_owned()))
    }

    /// Puts one entry; gives its id.
    ///
    /// # Errors
    /// What EventBridge refused, or no answer.
    pub async fn put(
        &self,
        bus: &str,
        entry: &crate::render::events::EventEntry,
    ) -> Result<String, SendError> {
        let entry = PutEventsRequestEntry::builder()
            .event_bus_name(bus)
            .source(&entry.source)
            .detail_type(&entry.detail_type)
            .detail(&entry.detail)
            .set_resources(Some(entry.resources.clone()))
            .time(DateTime::from_secs(entry.time))
            .build();
        let answer = self
            .events
            .put_events()
            .entries(entry)
            .send()
            .await
            .map_err(|error| failed("events:PutEvents", &error))?;
        // The call succeeds where an entry fails.
        let first = answer.entries.unwrap_or_default().into_iter().next();
        match first {
            Some(entry) if entry.error_code.is_none() => {
                Ok(entry.event_id.unwrap_or_else(|| "put".to_owned()))
            }
            Some(entry) => {
                let code = entry.error_code.unwrap_or_default();
                let said = format!(
                    "events:PutEvents: {code}: {}",
                    entry.error_message.unwrap_or_default()
                );
                Err(SendError::new(kind_of(&code, 200), said))
            }
            None => Err(SendError::new(
                SendErrorKind::Unavailable,
                "events:PutEvents: an answer without entries",
            )),
        }
    }
}

#[async_trait]
impl Courier for AwsCourier {
    async fn carry(&self, message: &Message, timeout: Duration, _now: i64) -> Result<String, SendError> {
        let exchange = async {
            match message {
                Message::Sns { topic, message } => self.publish(topic, message).await,
                Message::Events { bus, entry } => self.put(bus, entry).await,
                Message::Http { .. } => Err(SendError::new(
                    SendErrorKind::Settings,
                    "this is no message for AWS",
                )),
            }
        };
        tokio::time::timeout(timeout, exchange).await.unwrap_or_else(|_| {
            let said = format!("no answer within {} seconds", timeout.as_secs_f64());
            Err(SendError::new(SendErrorKind::TimedOut, said))
        })
    }
}

fn failed<E, R>(asked: &str, error: &SdkError<E, R>) -> SendError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let (kind, said) = match error {
        SdkError::ServiceError(answered) => {
            let code = answered.err().code().unwrap_or("an error without a code");
            (
                kind_of(code, 400),
                format!("{code}: {}", answered.err().message().unwrap_or_default()),
            )
        }
        SdkError::TimeoutError(_) => (SendErrorKind::TimedOut, "no answer in time".to_owned()),
        SdkError::ConstructionFailure(_) => (SendErrorKind::Refused, DisplayErrorContext(error).to_string()),
        _ => (SendErrorKind::Unavailable, DisplayErrorContext(error).to_string()),
    };
    SendError::new(kind, format!("{asked}: {said}"))
}

fn kind_of(code: &str, status: u16) -> SendErrorKind {
    match code {
        "Throttled"
        | "ThrottledException"
        | "Throttling"
        | "ThrottlingException"
        | "TooManyRequestsException"
        | "KMSThrottling"
        | "LimitExceeded" => SendErrorKind::Throttled,
        "InternalError"
        | "InternalErrorException"
        | "InternalException"
        | "InternalFailure"
        | "ServiceUnavailable" => SendErrorKind::Unavailable,
        _ if status >= 500 => SendErrorKind::Unavailable,
        _ => SendErrorKind::Refused,
    }
}
