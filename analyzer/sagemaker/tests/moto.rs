//! The committed definition, created and started on moto's SageMaker API by an ordinary client and by ours.
//!
//! Needs `moto_server` (moto 5.2.5) on the path, or named by `DRIFTLINE_MOTO_SERVER`; skipped without it. moto forgets
//! request tokens and runs nothing: tokens are tested in `pipelines`, the run in `analyzer/pipeline`.

#![expect(
    clippy::unwrap_used,
    reason = "a test binary: a broken premise may panic where it stands"
)]

use engine::retrain::{ExecutionStatus, Patience, PipelineService as _, StartRequest};
use sagemaker::pipeline::SageMakerPipelines;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use store::{AccessKey, StoreOptions, shared_config};

struct Moto {
    process: Child,
    url: String,
}

impl Drop for Moto {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// A server on a free port, once it takes connections.
async fn moto() -> Option<Moto> {
    let program = std::env::var_os("DRIFTLINE_MOTO_SERVER").unwrap_or_else(|| "moto_server".into());
    let port = TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let process = Command::new(program)
        .args(["-H", "127.0.0.1", "-p", &port.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let server = Moto {
        process,
        url: format!("http://127.0.0.1:{port}"),
    };
    for _ in 0..600 {
        if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            return Some(server);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("moto_server does not answer");
}

/// The parameters that a start of `driftline retrain` gives, and those a team sets in `[retrain.parameters]`.
fn parameters() -> BTreeMap<String, String> {
    let given = [
        ("MonitorName", "churn"),
        ("IncidentId", "20261101T000000Z-00000000"),
        ("EvidenceUri", "s3://bucket/evidence.json"),
        ("EvidenceDigest", "xxh3-0"),
        ("CaptureUri", "s3://bucket/capture"),
        ("LabelsUri", "s3://bucket/labels"),
        ("TrainingDataUri", "s3://bucket/training"),
        ("SchemaUri", "s3://bucket/schema"),
        ("OutputUri", "s3://bucket/out"),
        ("WindowStart", "2026-11-01T00:00:00Z"),
        ("WindowEnd", "2026-11-21T00:00:00Z"),
        ("AnalyzerImage", "analyzer:1"),
        ("TrainingImage", "trainer:1"),
        ("InferenceImage", "trainer:1"),
        ("RoleArn", "arn:aws:iam::123456789012:role/r"),
        ("ModelPackageGroup", "churn"),
        ("MaxRuntimeInSeconds", "18000"),
        ("MinimumQuality", "0.7"),
        ("NetworkIsolation", "false"),
    ];
    given
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[tokio::test]
async fn the_definition_is_created_and_started() {
    let Some(server) = moto().await else {
        println!("skipped: moto_server is not on the path (pip install 'moto[server,all]==5.2.5')");
        return;
    };
    let options = StoreOptions {
        endpoint_url: Some(server.url.clone()),
        region: Some("us-east-1".to_owned()),
        access_key: Some(AccessKey {
            id: "id".to_owned(),
            secret: "secret".to_owned(),
        }),
        ..StoreOptions::default()
    };
    let client = sagemaker::client(&shared_config(&options).await);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/pipeline/retrain.json");
    let definition = std::fs::read_to_string(path).unwrap();
    let service = SageMakerPipelines::new(client.clone());
    let request = StartRequest {
        pipeline: "churn-retrain".to_owned(),
        token: "driftline-0123456789abcdef0123456789abcdef".to_owned(),
        display_name: "driftline-0123456789abcdef0123456789abcdef".to_owned(),
        description: "driftline: monitor churn".to_owned(),
        parameters: parameters(),
    };
    let missing = service.start(&request).await.unwrap_err();
    assert!(
        !missing.kind.is_transient(),
        "a pipeline that is not there will not come by asking again: {missing}"
    );
    let created = client
        .create_pipeline()
        .pipeline_name("churn-retrain")
        .role_arn("arn:aws:iam::123456789012:role/r")
        .client_request_token("driftline-0123456789abcdef0123456789abcdef")
        .pipeline_definition(&definition)
        .send()
        .await
        .unwrap();
    assert!(
        created
            .pipeline_arn()
            .unwrap()
            .ends_with(":pipeline/churn-retrain")
    );
    let stored = client
        .describe_pipeline()
        .pipeline_name("churn-retrain")
        .send()
        .await
        .unwrap();
    let stored: Value = serde_json::from_str(stored.pipeline_definition().unwrap()).unwrap();
    assert_eq!(stored, serde_json::from_str::<Value>(&definition).unwrap());
    // Every parameter that is given is one the definition declares, and every one without default is given.
    let declared = stored["Parameters"].as_array().unwrap();
    let name = |parameter: &Value| parameter["Name"].as_str().unwrap().to_owned();
    assert!(
        request
            .parameters
            .keys()
            .all(|given| declared.iter().any(|each| name(each) == *given))
    );
    for parameter in declared
        .iter()
        .filter(|parameter| parameter.get("DefaultValue").is_none())
    {
        assert!(
            request.parameters.contains_key(&name(parameter)),
            "{}",
            name(parameter)
        );
    }
    let patience = Patience::default();
    let arn = patience.persist(|| service.start(&request)).await.unwrap();
    assert_eq!(
        service
            .find("churn-retrain", &request.display_name)
            .await
            .unwrap(),
        Some(arn.clone())
    );
    let found = service.describe(&arn).await.unwrap();
    assert!(
        matches!(
            found.status,
            ExecutionStatus::Executing | ExecutionStatus::Succeeded
        ),
        "{found:?}"
    );
    let listed = client
        .list_pipeline_parameters_for_execution()
        .pipeline_execution_arn(&arn)
        .send()
        .await
        .unwrap();
    let listed: BTreeMap<String, String> = listed
        .pipeline_parameters()
        .iter()
        .map(|parameter| {
            (
                parameter.name().unwrap_or_default().to_owned(),
                parameter.value().unwrap_or_default().to_owned(),
            )
        })
        .collect();
    assert_eq!(listed, request.parameters, "what was passed is what runs");
}
