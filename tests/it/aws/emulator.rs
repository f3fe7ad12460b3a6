//! The account itself does what the tests rest on, and what moto alone does not.

use super::{BUCKET, account};
use serde_json::json;
use tests::aws::{Aws, Fault, Rule};

#[test]
fn a_token_starts_one_execution_whose_state_is_the_tests() {
    let Some(aws) = account() else { return };
    aws.make_pipeline("retrain").unwrap();
    let start = |token: &str, pipeline: &str| {
        let asked = json!({"PipelineName": pipeline, "ClientRequestToken": token,
            "PipelineParameters": [{"Name": "Data", "Value": "s3://b/k"}]});
        aws.through("sagemaker", "SageMaker.StartPipelineExecution", &asked)
            .unwrap()
    };
    let token = "0123456789abcdef0123456789abcdef";
    let (status, first) = start(token, "retrain");
    assert_eq!(status, 200, "{first}");
    assert_eq!(start(token, "retrain").1, first);
    let arn = first["PipelineExecutionArn"].as_str().unwrap();
    assert_eq!(aws.executions(), [arn]);
    assert_eq!(start(token, "other").0, 400, "the token with another request");
    let (_, other) = start("fedcba9876543210fedcba9876543210", "retrain");
    assert_ne!(other, first);
    assert_eq!(
        aws.execution_parameters(arn).unwrap(),
        [("Data".to_owned(), "s3://b/k".to_owned())]
    );

    let describe = || {
        let asked = json!({"PipelineExecutionArn": arn});
        aws.through("sagemaker", "SageMaker.DescribePipelineExecution", &asked)
            .unwrap()
            .1
    };
    assert_eq!(describe()["PipelineExecutionStatus"], "Executing");
    let pattern = json!({"source": ["aws.sagemaker"],
        "detail": {"currentPipelineExecutionStatus": ["Failed", "Succeeded"]}});
    let ended = aws.make_rule("default", "ended", &pattern).unwrap();
    let step = json!({"StepName": "Train", "StepStatus": "Failed", "FailureReason": "no capacity"});
    aws.change_execution(arn, "Failed", Some("step Train failed"), vec![step.clone()])
        .unwrap();
    let described = describe();
    assert_eq!(described["PipelineExecutionStatus"], "Failed");
    assert_eq!(described["FailureReason"], "step Train failed");
    let asked = json!({"PipelineExecutionArn": arn});
    let (_, steps) = aws
        .through("sagemaker", "SageMaker.ListPipelineExecutionSteps", &asked)
        .unwrap();
    assert_eq!(steps["PipelineExecutionSteps"], json!([step]));
    let events = aws.take_events(&ended).unwrap();
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0]["detail"]["pipelineExecutionArn"], arn);
    assert_eq!(
        events[0]["detail"]["previousPipelineExecutionStatus"],
        "Executing"
    );
    let starts = aws.calls_of("sagemaker", "StartPipelineExecution");
    assert_eq!(starts.len(), 4, "every request is recorded");
    assert!(starts.iter().all(|call| call.caller == "test"));
}

#[test]
fn objects_are_told_to_queues_and_messages_that_fail_end_in_the_dead_letters() {
    let Some(aws) = account() else { return };
    let dead = aws.make_queue("dead").unwrap();
    let queue = aws.make_queue_to("captured", &dead, 2).unwrap();
    aws.notify(BUCKET, "capture/", &queue).unwrap();
    let about_notifications = aws.drain(&queue).unwrap();
    assert!(
        about_notifications
            .iter()
            .all(|body| body.contains("s3:TestEvent")),
        "{about_notifications:?}"
    );
    let key = "capture/a b+c=d/\u{fc}.jsonl";
    aws.put_object(BUCKET, key, "{}").unwrap();
    aws.put_object(BUCKET, "elsewhere/x", "{}").unwrap();
    assert_eq!(aws.keys(BUCKET, "").unwrap(), [key, "elsewhere/x"]);
    assert_eq!(aws.get_object(BUCKET, key).unwrap().unwrap(), "{}");
    let messages = aws.receive(&queue, 10).unwrap();
    assert_eq!(messages.len(), 1);
    // S3 writes keys as forms do: `python3 -c "from urllib.parse import quote_plus; …"`, CPython 3.11.
    assert!(
        messages[0].body.contains("capture%2Fa+b%2Bc%3Dd%2F%C3%BC.jsonl"),
        "{}",
        messages[0].body
    );

    // A function that cannot be started fails its batch; received twice, the message is dead.
    let mut broken = super::function("analyze", &[("DRIFTLINE_THREADS", "none")]);
    broken.name = "broken".to_owned();
    aws.deploy(broken);
    let again = aws.make_queue_to("again", &dead, 2).unwrap();
    aws.send(&again, "a body").unwrap();
    let ended = aws.map_events(&again, "broken", 10).unwrap();
    assert_eq!(ended.len(), 2, "{ended:?}");
    for invoked in ended {
        assert_eq!(invoked.payload["errorType"], "Runtime.ExitError", "{invoked:?}");
    }
    assert_eq!(aws.drain(&dead).unwrap(), ["a body"]);
    assert_eq!(aws.n_started("broken"), 2);
}

#[test]
fn topics_and_the_invoke_api_are_there_for_others() {
    let Some(aws) = account() else { return };
    let read = aws.make_queue("read").unwrap();
    let topic = aws.make_topic("alerts", &read).unwrap();
    aws.form("sns", "Publish", &[("TopicArn", &topic), ("Message", "a & b")])
        .unwrap();
    let messages = aws.drain(&read).unwrap();
    let said: serde_json::Value = serde_json::from_str(&messages[0]).unwrap();
    assert_eq!(said["Message"], "a & b");

    aws.deploy(super::function("analyze", &[]));
    let path = format!(
        "/2015-03-31/functions/{}/invocations",
        Aws::function_arn("analyze")
    );
    let (status, answer) = aws.post_through("lambda", &path, &json!([])).unwrap();
    assert_eq!((status, &answer["errorType"]), (200, &json!("usage")), "{answer}");

    // A rule strikes as often as it says, and no more.
    let slow = aws.inject(Rule::new(Fault::Throttled).on("sqs", "ListQueues").times(2));
    let ask = || aws.through("sqs", "AmazonSQS.ListQueues", &json!({})).unwrap();
    assert_eq!(ask().1["__type"], "ThrottlingException");
    assert_eq!((ask().0, ask().0), (400, 200));
    assert_eq!(aws.n_injected(slow), 2);
}
