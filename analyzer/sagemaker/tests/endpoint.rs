//! An endpoint's capture configuration through SageMaker's JSON protocol, as a small fake speaks it.

#![expect(
    clippy::unwrap_used,
    reason = "a test binary: a broken premise may panic where it stands"
)]

use engine::init::CaptureOptions;
use sagemaker::endpoint::describe_capture;
use sagemaker::schedule::DescribeError;
use serde_json::{Value, json};
use store::{AccessKey, StoreOptions, shared_config};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// An operation, and the status and body that it is answered with.
type Answer = (&'static str, fn() -> (u16, Value));

/// Answers by operation; anything else is refused.
async fn client(answers: &'static [Answer]) -> aws_sdk_sagemaker::Client {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let options = StoreOptions {
        endpoint_url: Some(format!("http://{}", listener.local_addr().unwrap())),
        region: Some("us-east-1".to_owned()),
        access_key: Some(AccessKey {
            id: "id".to_owned(),
            secret: "secret".to_owned(),
        }),
        max_attempts: 1,
        ..StoreOptions::default()
    };
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(connection(socket, answers));
        }
    });
    sagemaker::client(&shared_config(&options).await)
}

/// One request of HTTP/1.1, its answer, and the end of the connection.
async fn connection(mut socket: TcpStream, answers: &[Answer]) {
    let mut bytes = Vec::new();
    let head_end = loop {
        if socket.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
    let operation = head
        .lines()
        .find_map(|line| {
            line.to_ascii_lowercase()
                .starts_with("x-amz-target:")
                .then(|| line.rsplit('.').next().unwrap())
        })
        .unwrap()
        .trim();
    let refused = (
        400,
        json!({"__type": "ValidationException", "message": format!("Could not find {operation}")}),
    );
    let (status, answer) = answers
        .iter()
        .find(|(name, _)| *name == operation)
        .map_or(refused, |(_, answer)| answer());
    let text = answer.to_string();
    let answer = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}",
        text.len()
    );
    // A client that has gone away does not mind.
    drop(socket.write_all(answer.as_bytes()).await);
}

fn endpoint() -> (u16, Value) {
    (
        200,
        json!({"EndpointName": "churn", "EndpointArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint/churn",
            "EndpointConfigName": "churn-3", "EndpointStatus": "InService",
            "CreationTime": 1_793_750_000.0, "LastModifiedTime": 1_793_750_000.0,
            "ProductionVariants": [{"VariantName": "blue"}, {"VariantName": "cold"}],
            "DataCaptureConfig": {"EnableCapture": true, "CaptureStatus": "Started", "CurrentSamplingPercentage": 20,
                "DestinationS3Uri": "s3://bucket/capture", "KmsKeyId": ""}}),
    )
}

fn config() -> (u16, Value) {
    (
        200,
        json!({"EndpointConfigName": "churn-3",
            "EndpointConfigArn": "arn:aws:sagemaker:us-east-1:123456789012:endpoint-config/churn-3",
            "CreationTime": 1_793_750_000.0,
            "ProductionVariants": [{"VariantName": "blue", "ModelName": "m"},
                {"VariantName": "cold", "ModelName": "m", "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}}],
            "DataCaptureConfig": {"EnableCapture": true, "InitialSamplingPercentage": 50,
                "DestinationS3Uri": "s3://bucket/capture", "CaptureOptions": [{"CaptureMode": "Input"}],
                "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]}}}),
    )
}

fn bare() -> (u16, Value) {
    let (status, mut answer) = endpoint();
    answer.as_object_mut().unwrap().remove("DataCaptureConfig");
    (status, answer)
}

fn forbidden() -> (u16, Value) {
    (
        400,
        json!({"__type": "AccessDeniedException", "message": "not authorized"}),
    )
}

#[tokio::test]
async fn what_is_in_force_and_what_is_configured_come_together() {
    let client = client(&[("DescribeEndpoint", endpoint), ("DescribeEndpointConfig", config)]).await;
    let found = describe_capture(&client, "churn").await.unwrap();
    assert_eq!(found.variants, ["blue", "cold"]);
    assert_eq!(found.serverless, ["cold"]);
    assert_eq!(
        (found.enabled, found.sampling),
        (Some(true), Some(20)),
        "the percentage in force"
    );
    assert_eq!(found.capture_status.as_deref(), Some("Started"));
    assert_eq!(found.destination.as_deref(), Some("s3://bucket/capture"));
    assert_eq!(
        found.options,
        Some(CaptureOptions {
            input: true,
            output: false
        })
    );
    assert!(found.has_content_types);
    assert_eq!(found.status.as_deref(), Some("InService"));
}

#[tokio::test]
async fn the_configuration_alone_says_it_while_the_endpoint_does_not() {
    let client = client(&[("DescribeEndpoint", bare), ("DescribeEndpointConfig", config)]).await;
    let found = describe_capture(&client, "churn").await.unwrap();
    assert_eq!((found.enabled, found.sampling), (Some(true), Some(50)));
    assert_eq!(found.destination.as_deref(), Some("s3://bucket/capture"));
}

#[tokio::test]
async fn refusals_say_which_request_was_refused() {
    let nobody = client(&[]).await;
    let error = describe_capture(&nobody, "churn").await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("DescribeEndpoint was refused: ValidationException"),
        "{error}"
    );
    let half = client(&[
        ("DescribeEndpoint", endpoint),
        ("DescribeEndpointConfig", forbidden),
    ])
    .await;
    let error = describe_capture(&half, "churn").await.unwrap_err();
    let DescribeError::Refused { operation, code, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(
        (*operation, code.as_str()),
        ("DescribeEndpointConfig", "AccessDeniedException")
    );
}
