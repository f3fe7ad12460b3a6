//! A window from outside the engine: files in a temporary folder, documents as bytes.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use baselines::document::verdict::{Latest, VersionedVerdict};
use baselines::judge::Policy;
use engine::analyze::{Analysis, AnalyzeRequest, analyze};
use engine::baseline::{BaselineRequest, make};
use engine::plan::OutputPosition;
use engine::progress::Silent;
use engine::scan::ScanSettings;
use engine::{EngineError, ErrorKind};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use store::{Location, StoreOptions};

/// A deterministic stream of numbers in 0..1 (a 64-bit linear congruential generator, Knuth's MMIX constants).
struct Stream(u64);

impl Stream {
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

fn row(stream: &mut Stream, shift: f64) -> (String, String) {
    let x = stream.next() * 10.0 + shift;
    let n = (stream.next() * 5.0) as u32;
    let city = ["Rome", "Oslo", "Lima"][(stream.next() * 3.0) as usize];
    (format!("{x:.3},{n},{city}"), format!("{:.4}", stream.next()))
}

fn training(folder: &Path, n: usize) {
    let mut stream = Stream(1);
    let mut text = String::from("score,x,n,city\n");
    for _ in 0..n {
        let (input, output) = row(&mut stream, 0.0);
        writeln!(text, "{output},{input}").unwrap();
    }
    std::fs::write(folder.join("train.csv"), text).unwrap();
}

fn record(idx: usize, minute: usize, input: &str, output: &str) -> String {
    format!(
        r#"{{"captureData":{{"endpointInput":{{"observedContentType":"text/csv","mode":"INPUT","data":"{input}","encoding":"CSV"}},"endpointOutput":{{"observedContentType":"text/csv","mode":"OUTPUT","data":"{output}","encoding":"CSV"}}}},"eventMetadata":{{"eventId":"id-{idx}","inferenceTime":"2026-01-01T{:02}:{:02}:00Z"}},"eventVersion":"0"}}"#,
        minute / 60,
        minute % 60
    )
}

fn lines(n: usize, shift: f64) -> Vec<String> {
    let mut stream = Stream(2);
    (0..n)
        .map(|idx| {
            let (input, output) = row(&mut stream, shift);
            record(idx, idx * 119 / n.max(1), &input, &output)
        })
        .collect()
}

/// Hour-layout objects, each with its records.
fn capture(folder: &Path, lines: &[String]) {
    let by_hour = lines.iter().fold(
        std::collections::BTreeMap::<String, String>::new(),
        |mut hours, line| {
            let at = line.find("2026-01-01T").unwrap() + 11;
            let text = hours.entry(line[at..at + 2].to_owned()).or_default();
            text.push_str(line);
            text.push('\n');
            hours
        },
    );
    for (hour, text) in by_hour {
        let place = folder.join("capture/ep/AllTraffic/2026/01/01").join(hour);
        std::fs::create_dir_all(&place).unwrap();
        std::fs::write(place.join("00-00-000-a.jsonl"), text).unwrap();
    }
}

fn at(folder: &Path, name: &str) -> Location {
    Location::local(folder.join(name)).unwrap()
}

async fn baseline(folder: &Path) {
    let request = BaselineRequest {
        data: at(folder, "train.csv"),
        schema: None,
        settings: ScanSettings::default(),
        options: StoreOptions::default(),
    };
    let made = make(&request, &Silent).await.unwrap();
    made.write(&at(folder, "baseline"), &StoreOptions::default())
        .await
        .unwrap();
}

fn request(folder: &Path, settings: ScanSettings) -> AnalyzeRequest {
    AnalyzeRequest {
        capture: at(folder, "capture"),
        baseline: at(folder, "baseline"),
        schema: None,
        output_position: OutputPosition::Start,
        settings,
        policy: Policy::default(),
        options: StoreOptions::default(),
        title: Some("test".to_owned()),
    }
}

async fn run(folder: &Path, settings: ScanSettings) -> Result<Analysis, EngineError> {
    analyze(&request(folder, settings), &Silent).await
}

fn verdict(analysis: &Analysis) -> Latest {
    VersionedVerdict::from_bytes(&analysis.verdict_bytes().unwrap())
        .unwrap()
        .into_latest()
}

#[tokio::test(flavor = "multi_thread")]
async fn threads_and_chunk_sizes_do_not_change_a_byte() {
    let folder = tempfile::tempdir().unwrap();
    training(folder.path(), 30_000);
    capture(folder.path(), &lines(20_000, 1.0));
    baseline(folder.path()).await;
    let mut seen = None;
    for (n_threads, chunk_bytes) in [(1, 1 << 20), (2, 1 << 12), (3, 37_000), (2, 1 << 24)] {
        let settings = ScanSettings {
            n_threads,
            chunk_bytes,
            ..ScanSettings::default()
        };
        let documents = run(folder.path(), settings).await.unwrap().documents().unwrap();
        let before = seen.get_or_insert_with(|| documents.clone());
        for (before, after) in before.iter().zip(&documents) {
            assert!(before == after, "{} differs with {n_threads} threads", before.0);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_is_accounted_for_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    training(folder.path(), 1000);
    let mut records = lines(500, 0.0);
    let twice = records[10].clone();
    records.insert(40, twice);
    records[100] = records[100].replace(r#""data":""#, r#""data":"9,"#);
    let broken = records[200].clone();
    records[200] = broken[..broken.len() - 2].to_owned();
    capture(folder.path(), &records);
    let last = folder
        .path()
        .join("capture/ep/AllTraffic/2026/01/01/01/00-00-000-a.jsonl");
    let mut file = std::fs::OpenOptions::new().append(true).open(&last).unwrap();
    file.write_all(b"\n{\"captureData\":{\"endpoint").unwrap();
    baseline(folder.path()).await;
    for chunk_bytes in [1 << 10, 1 << 22] {
        let settings = ScanSettings {
            chunk_bytes,
            n_threads: 2,
            ..ScanSettings::default()
        };
        let analysis = run(folder.path(), settings).await.unwrap();
        let records = verdict(&analysis).records;
        assert_eq!((records.lines, records.decoded, records.rejected), (503, 499, 4));
        assert_eq!((records.duplicates, records.rows), (1, 498));
        let reasons: Vec<_> = records
            .rejects_by_reason
            .iter()
            .map(|(reason, n)| format!("{reason}={n}"))
            .collect();
        assert_eq!(
            reasons,
            [
                "blank_line=1",
                "invalid_json=1",
                "truncated_line=1",
                "wrong_field_count=1"
            ]
        );
        let places: Vec<_> = analysis
            .scan
            .rejects
            .iter()
            .map(|r| (r.object_idx, r.line, r.reason.name()))
            .collect();
        assert_eq!(places[0], (0, 101, "wrong_field_count"));
        assert_eq!(places[1], (0, 201, "invalid_json"));
        assert_eq!(places[3].2, "truncated_line");
        let first = std::fs::read(
            folder
                .path()
                .join("capture/ep/AllTraffic/2026/01/01/00/00-00-000-a.jsonl"),
        )
        .unwrap();
        let offset = analysis.scan.rejects[1].byte_offset as usize;
        assert_eq!(first[..offset].iter().filter(|byte| **byte == b'\n').count(), 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_outside_the_window_are_not_opened_and_records_follow_their_time() {
    let folder = tempfile::tempdir().unwrap();
    training(folder.path(), 1000);
    capture(folder.path(), &lines(1200, 0.0));
    baseline(folder.path()).await;
    let second = |text: &str| capture::time::parse_rfc3339(text);
    let window = capture::time::TimeWindow {
        start: second("2026-01-01T00:30:00Z"),
        end: second("2026-01-01T01:00:00Z"),
    };
    let analysis = run(
        folder.path(),
        ScanSettings {
            window,
            ..ScanSettings::default()
        },
    )
    .await
    .unwrap();
    let document = verdict(&analysis);
    assert_eq!(document.objects.len(), 1);
    assert!(document.records.outside_window > 0);
    assert_eq!(
        document.records.rows + document.records.outside_window,
        document.records.decoded
    );
    let nothing = capture::time::TimeWindow {
        start: second("2027-01-01T00:00:00Z"),
        end: None,
    };
    let error = run(
        folder.path(),
        ScanSettings {
            window: nothing,
            ..ScanSettings::default()
        },
    )
    .await
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NothingToAnalyse);
    assert!(
        error.to_string().contains("outside the window") && error.hint().is_some(),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn compressed_objects_read_as_plain_ones() {
    let folder = tempfile::tempdir().unwrap();
    training(folder.path(), 1000);
    capture(folder.path(), &lines(800, 0.0));
    baseline(folder.path()).await;
    let plain = run(folder.path(), ScanSettings::default()).await.unwrap();
    let day = folder.path().join("capture/ep/AllTraffic/2026/01/01");
    for hour in ["00", "01"] {
        let place = day.join(hour).join("00-00-000-a.jsonl");
        let bytes = std::fs::read(&place).unwrap();
        let compressed = if hour == "00" {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(&bytes).unwrap();
            encoder.finish().unwrap()
        } else {
            zstd::encode_all(&bytes[..], 3).unwrap()
        };
        std::fs::write(&place, compressed).unwrap();
    }
    let compressed = run(folder.path(), ScanSettings::default()).await.unwrap();
    assert_eq!(plain.scan.summary, compressed.scan.summary);
    assert_eq!(plain.scan.records, compressed.scan.records);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shift_is_found_and_its_absence_is_not() {
    let folder = tempfile::tempdir().unwrap();
    training(folder.path(), 5000);
    baseline(folder.path()).await;
    for (shift, expected) in [(0.0, "pass"), (5.0, "violated")] {
        capture(folder.path(), &lines(3000, shift));
        let analysis = run(folder.path(), ScanSettings::default()).await.unwrap();
        assert_eq!(
            analysis.verdict.status.name(),
            expected,
            "{:?}",
            analysis.verdict.findings
        );
        let drifted = analysis
            .verdict
            .findings
            .iter()
            .any(|finding| finding.column.as_deref() == Some("x"));
        assert_eq!(drifted, shift > 0.0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_number_of_columns_is_model_monitors_violation_not_a_shift_of_columns() {
    let folder = tempfile::tempdir().unwrap();
    training(folder.path(), 1000);
    baseline(folder.path()).await;
    let narrow: Vec<String> = lines(300, 0.0)
        .iter()
        .map(|line| {
            line.replacen(",Rome", "", 1)
                .replacen(",Oslo", "", 1)
                .replacen(",Lima", "", 1)
        })
        .collect();
    capture(folder.path(), &narrow);
    let analysis = run(folder.path(), ScanSettings::default()).await.unwrap();
    let checks: Vec<&str> = analysis
        .verdict
        .findings
        .iter()
        .map(|finding| finding.check.name())
        .collect();
    assert!(checks.contains(&"missing_column_check"), "{checks:?}");
    assert!(!checks.contains(&"baseline_drift_check"), "{checks:?}");
    assert_eq!(analysis.scan.records.n_rejected, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_or_damaged_is_said_with_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    training(folder.path(), 100);
    capture(folder.path(), &lines(50, 0.0));
    let error = run(folder.path(), ScanSettings::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage);
    assert!(error.hint().is_some(), "{error}");
    baseline(folder.path()).await;
    for (name, content) in [
        ("baseline.profile", "{\"version\":\"99\"}"),
        ("constraints.json", "{\"version\": 0.0, \"features\": ["),
    ] {
        let place = folder.path().join("baseline").join(name);
        let good = std::fs::read(&place).unwrap();
        std::fs::write(&place, content).unwrap();
        let error = run(folder.path(), ScanSettings::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage);
        assert!(
            error.to_string().contains(name) && error.hint().is_some(),
            "{error}"
        );
        std::fs::write(&place, good).unwrap();
    }
    std::fs::remove_dir_all(folder.path().join("capture")).unwrap();
    std::fs::create_dir(folder.path().join("capture")).unwrap();
    let error = run(folder.path(), ScanSettings::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NothingToAnalyse);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_of_100_megabytes_is_refused_and_its_neighbours_are_read() {
    let folder = tempfile::tempdir().unwrap();
    training(folder.path(), 1000);
    baseline(folder.path()).await;
    let records = lines(3, 0.0);
    let mut text = format!("{}\n", records[0]).into_bytes();
    text.resize(text.len() + 100_000_000, b'x');
    text.extend_from_slice(format!("\n{}\n{}", records[1], records[2]).as_bytes());
    std::fs::create_dir(folder.path().join("capture")).unwrap();
    std::fs::write(folder.path().join("capture/a.jsonl"), text).unwrap();
    let analysis = run(folder.path(), ScanSettings::default()).await.unwrap();
    let records = &analysis.scan.records;
    assert_eq!(
        (records.n_lines, records.n_decoded, analysis.scan.summary.n_rows),
        (4, 3, 3)
    );
    let reject = &analysis.scan.rejects[0];
    assert_eq!(
        (reject.line, reject.reason.name(), reject.n_bytes),
        (2, "line_too_long", 100_000_001)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn batch_transform_manifests_are_followed_to_their_objects() {
    let folder = tempfile::tempdir().unwrap();
    training(folder.path(), 1000);
    baseline(folder.path()).await;
    let mut stream = Stream(3);
    let mut joined = String::new();
    for idx in 0..200 {
        let (input, output) = row(&mut stream, 0.0);
        writeln!(
            joined,
            "{input},{output},0a1b2c3d-0000-4000-8000-{idx:012x},2026-01-01T00:{:02}:00Z",
            idx % 60
        )
        .unwrap();
    }
    let results = folder.path().join("transform-output");
    std::fs::create_dir(&results).unwrap();
    std::fs::write(results.join("part.csv.out"), joined).unwrap();
    for side in ["input", "output"] {
        let place = folder.path().join("capture").join(side).join("2026/01/01/00");
        std::fs::create_dir_all(&place).unwrap();
        let manifest = format!(r#"[{{"prefix":"{}/"}},"part.csv.out"]"#, results.display());
        std::fs::write(place.join("00000000-0000-4000-8000-000000000000.json"), manifest).unwrap();
    }
    // The output is the last field of the joined rows: the schema says which columns are which.
    let schema = br#"{"features":[{"name":"x"},{"name":"n"},{"name":"city"}],"prediction":"score"}"#;
    let request = AnalyzeRequest {
        schema: Some(capture::schema::Schema::parse(schema).unwrap()),
        ..request(folder.path(), ScanSettings::default())
    };
    let analysis = analyze(&request, &Silent).await.unwrap();
    let records = &analysis.scan.records;
    assert_eq!(
        (records.n_lines, records.n_rejected, analysis.scan.summary.n_rows),
        (200, 0, 200)
    );
    assert_eq!(records.n_with_inference_id, 200);
    assert_eq!(
        analysis.verdict.status.name(),
        "pass",
        "{:?}",
        analysis.verdict.findings
    );
}
