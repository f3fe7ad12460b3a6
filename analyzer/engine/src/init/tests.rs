//! Proposals from folders as SageMaker lays them out, and from endpoints as SageMaker describes them.

use super::*;
use crate::monitor::Length;
use std::path::Path;

/// `n` records in the hour's object of a variant, as SageMaker names it; outputs by row number.
fn write(folder: &Path, variant: &str, hour: u32, n: usize, line: impl Fn(usize) -> (String, String)) {
    let at = folder.join(variant).join(format!("2026/01/05/{hour:02}"));
    std::fs::create_dir_all(&at).unwrap();
    let lines: String = (0..n)
        .map(|row| {
            let (input, output) = line(row);
            format!(
                "{{\"captureData\":{{\"endpointInput\":{{\"observedContentType\":\"text/csv\",\"mode\":\"INPUT\",\"data\":\"{input}\",\"encoding\":\"CSV\"}},\
                 \"endpointOutput\":{{\"observedContentType\":\"text/csv\",\"mode\":\"OUTPUT\",\"data\":\"{output}\",\"encoding\":\"CSV\"}}}},\
                 \"eventMetadata\":{{\"eventId\":\"{variant}-{hour}-{row}\",\"inferenceTime\":\"2026-01-05T{hour:02}:00:{:02}Z\"}},\"eventVersion\":\"0\"}}\n",
                row % 60
            )
        })
        .collect();
    std::fs::write(
        at.join("00-00-000-0b7bfd33-c8a7-4adf-a09a-98fd0af79974.jsonl"),
        lines,
    )
    .unwrap();
}

fn scores(row: usize) -> (String, String) {
    (format!("{row},{}.5,red", row % 7), format!("0.{:03}", row % 997))
}

async fn seen(folder: &Path) -> Result<Seen, EngineError> {
    look(&Location::local(folder).unwrap(), None, &StoreOptions::default()).await
}

fn monitor(proposal: &Proposal) -> Monitor {
    Monitor::parse(
        MONITOR_FILE,
        &proposal.monitor_toml,
        &Location::parse(".").unwrap(),
    )
    .unwrap()
}

#[tokio::test]
async fn a_capture_folder_makes_a_monitor() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = folder.path().join("churn-prod");
    for hour in 0..4 {
        write(&endpoint, "AllTraffic", hour, 200, scores);
    }
    let seen = seen(folder.path()).await.unwrap();
    assert_eq!(seen.depth, 2);
    assert_eq!(
        seen.endpoints["churn-prod"].iter().collect::<Vec<_>>(),
        ["AllTraffic"]
    );
    assert_eq!((seen.n_objects, seen.n_rows), (4, 800));
    // 200 rows in each of four hours are 4,800 a day.
    let per_day = seen.records_per_day.unwrap();
    assert!((4_700.0..4_900.0).contains(&per_day), "{per_day}");
    let request = InitRequest {
        capture: Some("capture".to_owned()),
        ground_truth: Some("labels".to_owned()),
        seen: Some(seen),
        ..InitRequest::default()
    };
    let proposal = propose(&request).unwrap();
    let monitor = monitor(&proposal);
    assert_eq!(monitor.name, "churn-prod");
    assert_eq!(monitor.endpoint.as_deref(), Some("churn-prod"));
    assert_eq!(monitor.variants, ["AllTraffic"]);
    assert_eq!(monitor.capture.to_string(), "capture/churn-prod/AllTraffic");
    // 4,800 a day are 1,200 in six hours, below 1,707.
    assert_eq!(monitor.window, Length::DAY);
    assert_eq!(monitor.problem, Some(Problem::Binary));
    let quality = monitor.quality.unwrap();
    assert_eq!(quality.columns.probability.len(), 1);
    let schema = proposal.schema.as_ref().unwrap();
    assert_eq!(schema["features"].as_array().unwrap().len(), 3);
    assert_eq!(schema["features"][2]["type"], "string");
    assert!(
        proposal
            .warnings
            .iter()
            .any(|warning| warning.contains("no column names"))
    );
    assert!(
        proposal
            .warnings
            .iter()
            .any(|warning| warning.contains("inference ids"))
    );
    assert!(proposal.next[0].starts_with("driftline baseline"));
    capture::schema::Schema::parse(&serde_json::to_vec(schema).unwrap()).unwrap();
}

#[tokio::test]
async fn outputs_say_what_is_predicted() {
    type Case = (fn(usize) -> String, Problem);
    let cases: [Case; 5] = [
        (|row| format!("0.{row:03}"), Problem::Binary),
        (|row| format!("{}", row % 2), Problem::Binary),
        (|row| format!("{}", row % 5), Problem::Multiclass),
        (|row| format!("{}", row * 31), Problem::Regression),
        (|row| format!("0.{row:03},0.5,0.25"), Problem::Multiclass),
    ];
    for (at, (output, expected)) in cases.into_iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "v", 0, 100, |row| (format!("{row}"), output(row)));
        let seen = seen(folder.path()).await.unwrap();
        let found = guess::problem_of(&seen.columns).unwrap();
        assert_eq!(found.problem, expected, "case {at}: {}", found.why);
    }
}

#[tokio::test]
async fn capture_of_several_endpoints_wants_a_choice_and_nothing_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let error = seen(folder.path()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NothingToAnalyse);
    write(&folder.path().join("a"), "v", 0, 3, scores);
    write(&folder.path().join("b"), "v", 0, 3, scores);
    let both = seen(folder.path()).await.unwrap();
    let request = InitRequest {
        capture: Some("c".to_owned()),
        seen: Some(both),
        ..InitRequest::default()
    };
    let error = propose(&request).unwrap_err();
    assert!(error.to_string().contains("2 endpoints: a, b"), "{error}");
    let at = Location::local(folder.path()).unwrap();
    let one = look(&at, Some("b"), &StoreOptions::default()).await.unwrap();
    let request = InitRequest {
        seen: Some(one),
        ..request
    };
    assert_eq!(monitor(&propose(&request).unwrap()).capture.to_string(), "c/b/v");
    let error = look(&at, Some("x"), &StoreOptions::default()).await.unwrap_err();
    assert!(error.hint().unwrap().contains("a, b"));
}

fn endpoint() -> EndpointDescription {
    EndpointDescription {
        name: "churn-prod".to_owned(),
        status: Some("InService".to_owned()),
        variants: vec!["blue".to_owned(), "green".to_owned(), "cold".to_owned()],
        serverless: vec!["cold".to_owned()],
        enabled: Some(true),
        capture_status: Some("Started".to_owned()),
        sampling: Some(20),
        destination: Some("s3://bucket/capture/".to_owned()),
        options: Some(CaptureOptions {
            input: true,
            output: false,
        }),
        has_content_types: false,
    }
}

#[test]
fn an_endpoint_makes_a_monitor() {
    let request = InitRequest {
        endpoint: Some(endpoint()),
        ..InitRequest::default()
    };
    let proposal = propose(&request).unwrap();
    let found = monitor(&proposal);
    assert_eq!(found.capture.to_string(), "s3://bucket/capture/churn-prod");
    assert_eq!(found.variants, ["blue", "green"]);
    let health = found.capture_health.policy.unwrap();
    assert_eq!(health.sampling, Some(0.2));
    assert_eq!(health.sides, baselines::capture_health::CapturedSides::One);
    for part in ["serverless", "BASE64", "2 variants", "not guessed"] {
        assert!(
            proposal.warnings.iter().any(|warning| warning.contains(part)),
            "{part}"
        );
    }
    let off = EndpointDescription {
        enabled: Some(false),
        capture_status: Some("Stopped".to_owned()),
        sampling: Some(0),
        status: Some("Updating".to_owned()),
        variants: vec!["blue".to_owned()],
        ..endpoint()
    };
    let request = InitRequest {
        endpoint: Some(off),
        ..InitRequest::default()
    };
    let proposal = propose(&request).unwrap();
    assert_eq!(
        monitor(&proposal).capture.to_string(),
        "s3://bucket/capture/churn-prod/blue"
    );
    for part in ["switched off", "stopped", "percentage is 0", "not in service"] {
        assert!(
            proposal.warnings.iter().any(|warning| warning.contains(part)),
            "{part}"
        );
    }
    let never = EndpointDescription {
        destination: None,
        enabled: None,
        ..endpoint()
    };
    let request = InitRequest {
        endpoint: Some(never),
        ..InitRequest::default()
    };
    let error = propose(&request).unwrap_err();
    assert!(error.to_string().contains("no DataCaptureConfig"), "{error}");
}

#[tokio::test]
async fn nothing_is_written_over_but_by_force() {
    let folder = tempfile::tempdir().unwrap();
    let output = Location::local(folder.path()).unwrap();
    let options = StoreOptions::default();
    let request = InitRequest {
        endpoint: Some(endpoint()),
        ..InitRequest::default()
    };
    let proposal = propose(&request).unwrap();
    let written = proposal.write(&output, false, &options).await.unwrap();
    assert_eq!(written.len(), 2, "{written:?}");
    let file = folder.path().join(MONITOR_FILE);
    std::fs::write(&file, "mine").unwrap();
    let error = proposal.write(&output, false, &options).await.unwrap_err();
    assert!(error.to_string().contains("is there already"), "{error}");
    assert!(error.hint().unwrap().contains("--force"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
    proposal.write(&output, true, &options).await.unwrap();
    assert!(
        std::fs::read_to_string(&file)
            .unwrap()
            .starts_with("#:schema ./monitor.schema.json")
    );
}
