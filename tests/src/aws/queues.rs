//! SQS queues, what fills them (S3 notifications, SNS), and Lambda's event source mapping, which empties them into a
//! function.
//!
//! Source: AWS Lambda Developer Guide, "Using Lambda with Amazon SQS": a batch is deleted but for the items that the
//! answer names; a failed invocation leaves it whole. What is left can be received again at once.

use super::http::elements;
use super::{ACCOUNT, Aws, Invoked, REGION};
use anyhow::{Context, Result};
use serde_json::{Value, json};

/// A queue.
#[derive(Debug, Clone)]
pub struct Queue {
    /// Its URL as functions are told it.
    pub url: String,
    /// Its ARN.
    pub arn: String,
    name: String,
}

/// A message that was received and not deleted.
#[derive(Debug, Clone)]
pub struct Message {
    /// The queue's name for it.
    pub id: String,
    /// What was sent.
    pub body: String,
    receipt: String,
    n_received: String,
}

impl Message {
    /// The record of an event for Lambda.
    pub fn record(&self, queue: &Queue) -> Value {
        json!({
            "messageId": self.id, "receiptHandle": self.receipt, "body": self.body,
            "attributes": {"ApproximateReceiveCount": self.n_received, "SentTimestamp": "1795305600000",
                "SenderId": ACCOUNT, "ApproximateFirstReceiveTimestamp": "1795305600000"},
            "messageAttributes": {}, "md5OfBody": "", "eventSource": "aws:sqs", "eventSourceARN": queue.arn,
            "awsRegion": REGION,
        })
    }
}

impl Aws {
    /// Makes a queue.
    pub fn make_queue(&self, name: &str) -> Result<Queue> {
        self.make_queue_with(name, &json!({}))
    }

    /// Makes a queue whose messages go to `dead` once they were received `n` times.
    pub fn make_queue_to(&self, name: &str, dead: &Queue, n: usize) -> Result<Queue> {
        let policy = json!({"deadLetterTargetArn": dead.arn, "maxReceiveCount": n}).to_string();
        self.make_queue_with(name, &json!({"RedrivePolicy": policy}))
    }

    fn make_queue_with(&self, name: &str, attributes: &Value) -> Result<Queue> {
        let asked = json!({"QueueName": name, "Attributes": attributes});
        self.json("sqs", "AmazonSQS.CreateQueue", &asked)?;
        Ok(Queue {
            url: format!("{}/{ACCOUNT}/{name}", self.endpoint()),
            arn: format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"),
            name: name.to_owned(),
        })
    }

    /// Objects made below `prefix` are told to the queue.
    pub fn notify(&self, bucket: &str, prefix: &str, queue: &Queue) -> Result<()> {
        let xml = format!(
            "<NotificationConfiguration><QueueConfiguration><Queue>{}</Queue><Event>s3:ObjectCreated:*</Event>\
             <Filter><S3Key><FilterRule><Name>prefix</Name><Value>{prefix}</Value></FilterRule></S3Key></Filter>\
             </QueueConfiguration></NotificationConfiguration>",
            queue.arn
        );
        self.set_of_bucket(bucket, "notification", &xml)
    }

    /// A topic whose messages also go to `queue`; its ARN.
    pub fn make_topic(&self, name: &str, queue: &Queue) -> Result<String> {
        let answer = self.form("sns", "CreateTopic", &[("Name", name)])?;
        let arn = elements(&answer, "TopicArn").pop().context("no TopicArn")?;
        let fields = [
            ("TopicArn", arn.as_str()),
            ("Protocol", "sqs"),
            ("Endpoint", &queue.arn),
        ];
        self.form("sns", "Subscribe", &fields)?;
        Ok(arn)
    }

    /// Puts a message into the queue.
    pub fn send(&self, queue: &Queue, body: &str) -> Result<()> {
        let asked = json!({"QueueUrl": self.own_url(queue), "MessageBody": body});
        self.json("sqs", "AmazonSQS.SendMessage", &asked)?;
        Ok(())
    }

    /// Up to `n` (10 at most) of the messages that can be received.
    pub fn receive(&self, queue: &Queue, n: usize) -> Result<Vec<Message>> {
        let asked = json!({"QueueUrl": self.own_url(queue), "MaxNumberOfMessages": n, "WaitTimeSeconds": 0,
            "AttributeNames": ["All"]});
        let answer = self.json("sqs", "AmazonSQS.ReceiveMessage", &asked)?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let messages = answer["Messages"].as_array().into_iter().flatten();
        Ok(messages
            .map(|message| Message {
                id: text(&message["MessageId"]),
                body: text(&message["Body"]),
                receipt: text(&message["ReceiptHandle"]),
                n_received: text(&message["Attributes"]["ApproximateReceiveCount"]),
            })
            .collect())
    }

    /// Receives and deletes everything.
    pub fn drain(&self, queue: &Queue) -> Result<Vec<String>> {
        let mut bodies = Vec::new();
        loop {
            let messages = self.receive(queue, 10)?;
            if messages.is_empty() {
                return Ok(bodies);
            }
            for message in messages {
                self.delete(queue, &message)?;
                bodies.push(message.body);
            }
        }
    }

    fn delete(&self, queue: &Queue, message: &Message) -> Result<()> {
        let asked = json!({"QueueUrl": self.own_url(queue), "ReceiptHandle": message.receipt});
        self.json("sqs", "AmazonSQS.DeleteMessage", &asked)?;
        Ok(())
    }

    /// Empties the queue into a function, `batch` messages (10 at most) at a time, until nothing can be received; what
    /// each invocation ended with.
    pub fn map_events(&self, queue: &Queue, function: &str, batch: usize) -> Result<Vec<Invoked>> {
        let mut ended = Vec::new();
        loop {
            let messages = self.receive(queue, batch)?;
            if messages.is_empty() {
                return Ok(ended);
            }
            let records: Vec<Value> = messages.iter().map(|message| message.record(queue)).collect();
            let invoked = self.invoke(function, &json!({"Records": records}))?;
            let failed: Option<Vec<&str>> = invoked.error.is_none().then(|| {
                let failures = invoked.payload["batchItemFailures"].as_array();
                failures
                    .into_iter()
                    .flatten()
                    .filter_map(|item| item["itemIdentifier"].as_str())
                    .collect()
            });
            for message in &messages {
                if failed
                    .as_ref()
                    .is_some_and(|failed| !failed.contains(&message.id.as_str()))
                {
                    self.delete(queue, message)?;
                } else {
                    let asked = json!({"QueueUrl": self.own_url(queue), "ReceiptHandle": message.receipt,
                        "VisibilityTimeout": 0});
                    self.json("sqs", "AmazonSQS.ChangeMessageVisibility", &asked)?;
                }
            }
            ended.push(invoked);
        }
    }

    /// The queue's URL where moto itself has it.
    fn own_url(&self, queue: &Queue) -> String {
        format!("http://{}/{ACCOUNT}/{}", self.behind(), queue.name)
    }
}
