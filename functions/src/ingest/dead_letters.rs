//! Where objects go that cannot be read however often they are tried: a queue, with the reason.
//!
//! Does not decide what is such an object.

use async_trait::async_trait;
use serde::Serialize;
use std::fmt::Debug;

/// What is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeadLetter {
    /// Form: 1.
    pub version: u32,
    /// The object; absent where the message named none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// Id of the message that named it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// Why.
    pub reason: String,
}

/// A letter that was not taken.
#[derive(Debug, thiserror::Error)]
#[error("the dead-letter queue did not take the message: {0}")]
pub struct LetterError(pub String);

/// Sends letters.
#[async_trait]
pub trait DeadLetters: Debug + Send + Sync {
    /// Sends one.
    async fn send(&self, letter: &DeadLetter) -> Result<(), LetterError>;
}

/// An SQS queue.
#[derive(Debug)]
pub struct Queue {
    client: aws_sdk_sqs::Client,
    url: String,
}

impl Queue {
    /// The queue at `url`, with the credentials and region that stores use.
    pub async fn open(url: &str, options: &store::StoreOptions) -> Self {
        let config = store::shared_config(options).await;
        Self {
            client: aws_sdk_sqs::Client::new(&config),
            url: url.to_owned(),
        }
    }
}

#[async_trait]
impl DeadLetters for Queue {
    async fn send(&self, letter: &DeadLetter) -> Result<(), LetterError> {
        let body = serde_json::to_string(letter).map_err(|error| LetterError(error.to_string()))?;
        let sent = self
            .client
            .send_message()
            .queue_url(&self.url)
            .message_body(body)
            .send()
            .await;
        match sent {
            Ok(_) => Ok(()),
            Err(error) => Err(LetterError(
                aws_sdk_sqs::error::DisplayErrorContext(&error).to_string(),
            )),
        }
    }
}
