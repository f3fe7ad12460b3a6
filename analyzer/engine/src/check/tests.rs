//! A monitor whose parts are all there, and one part after another that is not.

use super::*;
use crate::baseline::{BaselineRequest, make};
use crate::init::EndpointDescription;
use std::path::Path;

const HOUR: i64 = 3_600;
/// 2026-01-05T00:00:00Z.
const MONDAY: i64 = 1_767_571_200;

const FILE: &str = r#"name = "churn"
endpoint = "churn"
variants = ["blue"]
capture = "capture/churn/blue"
baseline = "baseline"
schema = "schema.json"
window = "1 hour"
grace = "30 minutes"
"#;

const SCHEMA: &str = r#"{"features": [{"name": "a", "type": "numeric"}, {"name": "b", "type": "string"}],
    "outputs": [{"name": "score", "type": "fractional"}]}"#;

fn record(id: usize, input: &str) -> String {
    format!(
        "{{\"captureData\":{{\"endpointInput\":{{\"mode\":\"INPUT\",\"data\":\"{input}\",\"encoding\":\"CSV\"}},\
         \"endpointOutput\":{{\"mode\":\"OUTPUT\",\"data\":\"0.{id:03}\",\"encoding\":\"CSV\"}}}},\
         \"eventMetadata\":{{\"eventId\":\"e{id}\",\"inferenceId\":\"i{id}\",\"inferenceTime\":\"2026-01-05T00:00:{:02}Z\"}},\"eventVersion\":\"0\"}}\n",
        id % 60
    )
}

/// Capture, schema, baseline and the file, in a folder.
async fn world() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let hour = root.join("capture/churn/blue/2026/01/05/00");
    std::fs::create_dir_all(&hour).unwrap();
    let lines: String = (0..200).map(|id| record(id, &format!("{id},red"))).collect();
    std::fs::write(
        hour.join("00-00-000-0b7bfd33-c8a7-4adf-a09a-98fd0af79974.jsonl"),
        lines,
    )
    .unwrap();
    std::fs::write(root.join("schema.json"), SCHEMA).unwrap();
    std::fs::write(root.join("monitor.toml"), FILE).unwrap();
    let table: String = std::iter::once("a,b,score\n".to_owned())
        .chain((0..300).map(|row| format!("{row},red,0.{row:03}\n")))
        .collect();
    std::fs::write(root.join("train.csv"), table).unwrap();
    let at = |name: &str| Location::local(root.join(name)).unwrap();
    let request = BaselineRequest {
        data: at("train.csv"),
        schema: Some(Schema::parse(SCHEMA.as_bytes()).unwrap()),
        settings: crate::scan::ScanSettings::default(),
        options: StoreOptions::default(),
    };
    let built = make(&request, &crate::progress::Silent).await.unwrap();
    built
        .write(&at("baseline"), &StoreOptions::default())
        .await
        .unwrap();
    folder
}

async fn checked(folder: &Path, now: i64) -> MonitorChecks {
    let file = Location::local(folder.join("monitor.toml")).unwrap();
    check(&file, now, &StoreOptions::default()).await.0
}

fn found<'c>(checks: &'c MonitorChecks, name: &str) -> &'c Check {
    checks
        .checks
        .iter()
        .find(|check| check.check == name)
        .unwrap_or_else(|| panic!("no {name} in {checks:?}"))
}

#[tokio::test]
async fn a_whole_monitor_has_nothing_wrong() {
    let folder = world().await;
    let checks = checked(folder.path(), MONDAY + 2 * HOUR).await;
    assert!(checks.standing < Standing::Wrong, "{checks:?}");
    for name in [
        "settings",
        "schema",
        "capture",
        "capture.recent",
        "endpoint",
        "variants",
        "baseline",
        "columns",
    ] {
        assert_eq!(found(&checks, name).standing, Standing::Ok, "{name}: {checks:?}");
    }
    // A CSV without times calibrates by rows alone.
    assert_eq!(found(&checks, "calibration").standing, Standing::Warning);
    let later = checked(folder.path(), MONDAY + 48 * HOUR).await;
    assert_eq!(found(&later, "capture.recent").standing, Standing::Warning);
}

#[tokio::test]
async fn each_part_that_is_not_there_is_named_with_what_to_do() {
    let cases = [
        ("capture/churn/blue", "capture/none", "capture"),
        ("\"baseline\"", "\"nowhere\"", "baseline"),
        ("\"schema.json\"", "\"none.json\"", "schema"),
        (
            "endpoint = \"churn\"\nvariants = [\"blue\"]\ncapture = \"capture/churn/blue\"",
            "endpoint = \"other\"\ncapture = \"capture\"",
            "endpoint",
        ),
        ("[\"blue\"]", "[\"green\"]", "variants"),
        ("window = \"1 hour\"", "window = \"1 minute\"", "settings"),
        (
            "grace = \"30 minutes\"",
            "grace = \"30 minutes\"\n[quality]\n",
            "ground_truth",
        ),
        (
            "grace = \"30 minutes\"",
            "grace = \"30 minutes\"\n[drift]\nreference = \"previous\"",
            "history",
        ),
        (
            "grace = \"30 minutes\"",
            "grace = \"30 minutes\"\n[capture_health]\ninvocations = \"none.csv\"",
            "capture_health.invocations",
        ),
    ];
    for (from, to, name) in cases {
        let folder = world().await;
        assert!(FILE.contains(from), "{from}");
        std::fs::write(folder.path().join("monitor.toml"), FILE.replacen(from, to, 1)).unwrap();
        let checks = checked(folder.path(), MONDAY + 2 * HOUR).await;
        let check = found(&checks, name);
        assert_eq!(check.standing, Standing::Wrong, "{to}: {checks:?}");
        assert!(!check.todo.is_empty(), "{check:?}");
        assert_eq!(checks.standing, Standing::Wrong);
    }
}

#[tokio::test]
async fn records_that_do_not_fit_are_told() {
    let folder = world().await;
    let hour = folder.path().join("capture/churn/blue/2026/01/05/01");
    std::fs::create_dir_all(&hour).unwrap();
    let lines: String = (0..3_000).map(|id| record(id, "1,red,9,9")).collect();
    std::fs::write(
        hour.join("00-00-000-0b7bfd33-c8a7-4adf-a09a-98fd0af79975.jsonl"),
        lines,
    )
    .unwrap();
    let checks = checked(folder.path(), MONDAY + 2 * HOUR).await;
    assert!(
        found(&checks, "decoding").standing >= Standing::Warning,
        "{checks:?}"
    );
}

#[tokio::test]
async fn labels_must_join() {
    let folder = world().await;
    let root = folder.path();
    let text = format!(
        "{FILE}ground_truth = \"labels\"\nproblem_type = \"binary\"\n[quality]\nprobability = \"score\"\nmin_labels = 1\n"
    );
    std::fs::write(root.join("monitor.toml"), text).unwrap();
    let now = MONDAY + 2 * HOUR;
    assert_eq!(
        found(&checked(root, now).await, "ground_truth").standing,
        Standing::Wrong,
        "nothing is there"
    );
    let hour = root.join("labels/2026/01/05/00");
    std::fs::create_dir_all(&hour).unwrap();
    let label = |prefix: &str, id: usize| {
        format!(
            "{{\"groundTruthData\":{{\"data\":\"{}\",\"encoding\":\"CSV\"}},\"eventMetadata\":{{\"eventId\":\"{prefix}{id}\"}},\"eventVersion\":\"0\"}}\n",
            id % 2
        )
    };
    let write = |prefix: &str, n: usize| {
        let lines: String = (0..n).map(|id| label(prefix, id)).collect();
        std::fs::write(hour.join("labels.jsonl"), lines).unwrap();
    };
    write("other", 200);
    let checks = checked(root, now).await;
    assert_eq!(
        found(&checks, "labels.coverage").standing,
        Standing::Wrong,
        "{checks:?}"
    );
    write("i", 40);
    let checks = checked(root, now).await;
    assert_eq!(
        found(&checks, "labels.coverage").standing,
        Standing::Warning,
        "{checks:?}"
    );
    write("i", 180);
    let checks = checked(root, now).await;
    assert_eq!(
        found(&checks, "labels.coverage").standing,
        Standing::Ok,
        "{checks:?}"
    );
    assert!(
        found(&checks, "labels.coverage").found.contains("180 of 200"),
        "{checks:?}"
    );
}

#[tokio::test]
async fn a_store_has_many_monitors() {
    let folder = tempfile::tempdir().unwrap();
    let at = Location::local(folder.path()).unwrap();
    let options = StoreOptions::default();
    assert!(monitors_of(&at, &options).await.is_err());
    for name in ["b", "a", "a/windows"] {
        let place = folder.path().join("monitors").join(name);
        std::fs::create_dir_all(&place).unwrap();
        std::fs::write(place.join(MONITOR_FILE), "name = 'x'").unwrap();
    }
    let found = monitors_of(&at, &options).await.unwrap();
    let names: Vec<String> = found
        .iter()
        .map(|at| at.to_string().rsplit('/').nth(1).unwrap().to_owned())
        .collect();
    assert_eq!(names, ["a", "b"]);
}

async fn monitor(text: &str) -> Monitor {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("monitor.toml");
    std::fs::write(&path, text).unwrap();
    Monitor::load(&Location::local(path).unwrap(), &StoreOptions::default())
        .await
        .unwrap()
}

#[tokio::test]
async fn an_endpoint_is_held_against_what_the_monitor_expects() {
    let text = FILE.replace("capture/churn/blue", "s3://bucket/capture/churn/blue");
    let expecting = format!("{text}\n[capture_health]\nsampling = 20\n");
    let (open, expecting) = (monitor(&text).await, monitor(&expecting).await);
    let as_expected = EndpointDescription {
        name: "churn".to_owned(),
        variants: vec!["blue".to_owned(), "green".to_owned()],
        enabled: Some(true),
        capture_status: Some("Started".to_owned()),
        sampling: Some(20),
        destination: Some("s3://bucket/capture".to_owned()),
        ..EndpointDescription::default()
    };
    let standing = |monitor: &Monitor, found: &EndpointDescription| {
        let checks = endpoint_checks(monitor, found);
        let worst = checks.iter().map(|check| check.standing).max().unwrap();
        (worst, checks.len(), checks[0].found.clone())
    };
    assert_eq!(standing(&expecting, &as_expected).0, Standing::Ok);
    let (worst, n, said) = standing(&open, &as_expected);
    assert_eq!((worst, n), (Standing::Warning, 1));
    assert!(said.contains("20 %"), "{said}");
    type Change = fn(&mut EndpointDescription);
    let changed: [(&str, Change); 6] = [
        ("switched off", |found| found.enabled = None),
        ("switched off", |found| found.enabled = Some(false)),
        ("has stopped", |found| {
            found.capture_status = Some("Stopped".to_owned());
        }),
        ("captures to s3://other/capture", |found| {
            found.destination = Some("s3://other/capture".to_owned());
        }),
        ("no variant blue, it has green", |found| {
            found.variants.remove(0);
        }),
        ("samples 50 %, the monitor expects 20 %", |found| {
            found.sampling = Some(50);
        }),
    ];
    for (part, change) in changed {
        let mut found = as_expected.clone();
        change(&mut found);
        let (worst, n, said) = standing(&expecting, &found);
        assert_eq!((worst, n), (Standing::Wrong, 1), "{part}: {said}");
        assert!(said.contains(part), "{said}");
    }
    let serverless = EndpointDescription {
        serverless: vec!["blue".to_owned()],
        ..as_expected
    };
    assert_eq!(standing(&expecting, &serverless).0, Standing::Warning);
}

#[tokio::test]
async fn variables_that_routes_need_are_named_where_they_are_not_set() {
    let routes = "\n[alerts.routes.team]\nform = \"slack\"\nurl_env = \"SLACK_URL\"\n\n[alerts.routes.hook]\nform = \"generic\"\n\
                  url = \"https://hooks.example.com/x\"\nsecret_env = \"HOOK_SECRET\"\n";
    let monitor = monitor(&format!("{FILE}{routes}")).await;
    assert_eq!(secret_checks(&monitor, |_| true), []);
    let checks = secret_checks(&monitor, |name| name == "SLACK_URL");
    assert_eq!(checks.len(), 1);
    assert_eq!(checks[0].standing, Standing::Warning);
    assert!(
        checks[0].found.contains("route hook needs HOOK_SECRET"),
        "{checks:?}"
    );
}
