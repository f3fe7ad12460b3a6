//! Golden pair and errors of `verdict.json`.
//!
//! Does not test judgements (`judge`).

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::*;
use crate::capture_health::{CaptureFacts, PastWindow};
use crate::constraint::suggest;
use crate::document::model_monitor::tests::check_schema;
use crate::judge::{
    BaselineOrigin, BaselineSource, BaselineView, HourVolume, ObjectRead, Policy, Records, Run, Software,
    Verdict, Window, judge,
};
use crate::summary::{
    CategoricalSummary, CellCounts, ColumnSummary, DatasetSummary, Distinct, NumericSummary, Position,
    WeightedPoints,
};
use crate::view::CellClass;

fn test_data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("test-data/verdict")
        .join(name)
}

fn numbers(name: &str, values: Vec<f64>, n_nan: u64) -> ColumnSummary {
    let n = values.len() as u64;
    let counts = CellCounts {
        n_integral: n,
        n_nan,
        ..CellCounts::default()
    };
    let sum: f64 = values.iter().sum();
    let points = WeightedPoints::from_values(values);
    ColumnSummary {
        name: name.to_owned(),
        inferred_type: counts.inferred_type(),
        counts,
        numeric: Some(NumericSummary {
            n,
            sum,
            mean: sum / n as f64,
            std_dev: 1.5,
            min: points.values[0],
            max: points.values[points.values.len() - 1],
            distinct: Distinct::Exact(points.values.len() as u64),
            points,
        }),
        categorical: None,
        spans: [None; CellClass::COUNT],
    }
}

fn texts(name: &str, counts: &[(&str, u64)]) -> ColumnSummary {
    let n = counts.iter().map(|(_, count)| count).sum();
    let cells = CellCounts {
        n_text: n,
        ..CellCounts::default()
    };
    ColumnSummary {
        name: name.to_owned(),
        inferred_type: cells.inferred_type(),
        counts: cells,
        numeric: None,
        categorical: Some(CategoricalSummary {
            n,
            distinct: Distinct::Exact(counts.len() as u64),
            counts: counts
                .iter()
                .map(|(value, count)| ((*value).to_owned(), *count))
                .collect(),
            n_other: 0,
            complete: true,
        }),
        spans: [None; CellClass::COUNT],
    }
}

/// A day with 30 rows in each of its first three hours.
fn past(start: i64) -> PastWindow {
    PastWindow {
        start,
        end: start + 86_400,
        rows: 90,
        by_hour: (0..3).map(|hour| (start + hour * 3_600, 30)).collect(),
    }
}

/// A verdict with every part of the document in it.
fn verdict() -> Verdict {
    let values = |n: u32, step: u32| (0..n).map(|i| f64::from(i / step)).collect::<Vec<f64>>();
    let baseline = DatasetSummary {
        n_rows: 64,
        columns: vec![
            numbers("age", values(64, 1), 0),
            numbers("grade", values(64, 16), 0),
            texts("city", &[("Bern", 40), ("Basel", 24)]),
        ],
    };
    let mut late = numbers("late", values(32, 8), 0);
    late.counts.n_missing = 32;
    let at = |line| Position { object_idx: 0, line };
    late.spans[CellClass::Missing as usize] = Some((at(1), at(32)));
    late.spans[CellClass::Integral as usize] = Some((at(33), at(64)));
    let current = DatasetSummary {
        n_rows: 64,
        columns: vec![
            numbers("age", values(62, 3), 2),
            numbers("grade", values(64, 16), 0),
            texts("city", &[("Bern", 54), ("Genf", 6), ("Chur", 4)]),
            late,
        ],
    };
    let mut constraints = suggest(&baseline).constraints;
    constraints.features[1].overrides.evaluate_constraints = Some(false);
    let view = BaselineView {
        constraints: &constraints,
        summary: Some(&baseline),
        evidence: &[],
        house_edges: None,
        calibration: None,
    };
    let run = Run {
        software: Software {
            name: "driftline".to_owned(),
            version: "0.1.0".to_owned(),
        },
        window: Window {
            start: Some("2026-11-21T00:00:00Z".to_owned()),
            end: Some("2026-11-22T00:00:00Z".to_owned()),
            first_inference_time: Some("2026-11-21T00:20:48Z".to_owned()),
            last_inference_time: Some("2026-11-21T01:59:59Z".to_owned()),
        },
        baseline: BaselineOrigin {
            location: "baseline".to_owned(),
            source: BaselineSource::Driftline,
            digest: "xxh3:0123456789abcdef".to_owned(),
            n_rows: 64,
        },
        records: Records {
            lines: 70,
            decoded: 66,
            rejected: 4,
            duplicates: 1,
            outside_window: 1,
            shadow: 0,
            rows: 64,
            one_sided: 0,
            without_time: 0,
            rejects_by_reason: BTreeMap::from([("json".to_owned(), 3), ("line_too_long".to_owned(), 1)]),
        },
        objects: vec![ObjectRead {
            key: "AllTraffic/2026/11/21/00/20-48-871.jsonl".to_owned(),
            etag: Some("d41d8cd9".to_owned()),
            size_bytes: 41_000,
            lines: 70,
            decoded: 66,
            rejected: 4,
        }],
        volume: vec![
            HourVolume {
                hour: "2026-11-21T00:00:00Z".to_owned(),
                rows: 40,
            },
            HourVolume {
                hour: "2026-11-21T01:00:00Z".to_owned(),
                rows: 24,
            },
        ],
        capture: Some(CaptureFacts {
            // 2026-11-21: rows in two hours, where three have some in other weeks.
            window: Some((1_795_219_200, 1_795_305_600)),
            lines: 70,
            rejected: 4,
            records: 64,
            rows: 64,
            duplicates: 1,
            by_hour: BTreeMap::from([(1_795_219_200, 40), (1_795_222_800, 24)]),
            past: (1..=5).map(|back| past(1_795_219_200 - back * 604_800)).collect(),
            ..CaptureFacts::default()
        }),
    };
    judge(&current, &view, run, &Policy::default())
}

/// The writer's bytes for one verdict. They change when a measurement gets a companion or a sentence is reworded: look
/// at the difference, then run with `UPDATE_EXPECT=1` in the environment. The frozen pair is the next test's.
#[test]
fn a_verdict_is_written_as_the_golden_file() {
    let written = VersionedVerdict::from(Latest::from(&verdict()))
        .to_bytes()
        .unwrap();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(test_data("latest.json"), &written).unwrap();
    }
    let golden = std::fs::read_to_string(test_data("latest.json")).unwrap();
    let written = String::from_utf8(written).unwrap();
    let differing = written
        .lines()
        .zip(golden.lines())
        .enumerate()
        .find(|(_, (ours, golden))| ours != golden);
    assert!(
        written == golden,
        "first different line (from 0; written, golden): {differing:?}"
    );
}

#[test]
fn old_versions_are_read_for_ever_and_written_as_the_newest() {
    for version in ["v1", "v2", "v2_quality", "v3"] {
        let stored = std::fs::read(test_data(&format!("{version}.json"))).unwrap();
        let read = VersionedVerdict::from_bytes(&stored).unwrap();
        let written = VersionedVerdict::from(read.into_latest()).to_bytes().unwrap();
        let expected = test_data(&format!("{version}.expected.json"));
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&expected, &written).unwrap();
        }
        let written = String::from_utf8(written).unwrap();
        assert_eq!(written, std::fs::read_to_string(expected).unwrap(), "{version}");
    }
}

#[test]
fn the_golden_verdict_has_something_in_every_part() {
    let twin = Latest::from(&verdict());
    assert!(!twin.findings.is_empty() && !twin.not_evaluated.is_empty() && !twin.schema_changes.is_empty());
    assert_eq!(twin.records.lines, twin.records.decoded + twin.records.rejected);
    assert!(
        twin.columns
            .iter()
            .any(|column| column.histogram.as_ref().is_some_and(|h| h.edges.is_some()))
    );
    assert!(
        twin.columns
            .iter()
            .any(|column| column.histogram.as_ref().is_some_and(|h| h.values.is_some()))
    );
    assert!(twin.columns.iter().any(|column| column.categories.is_some()));
    assert!(twin.findings.iter().any(|finding| finding.drift.is_some()));
    assert!(twin.judged.alarm.is_some());
    assert!(twin.columns.iter().any(|column| {
        column
            .drift
            .as_ref()
            .is_some_and(|drift| drift.components.len() > 2)
    }));
    assert!(
        twin.columns
            .iter()
            .flat_map(|column| &column.measurements)
            .any(|found| found.limit.is_some())
    );
    let health = twin.capture_health.as_ref().unwrap();
    for outcome in ["usual", "unusual", "not_evaluated"] {
        assert!(
            health.iter().any(|measure| measure.outcome == outcome),
            "{outcome}"
        );
    }
    assert!(twin.findings.iter().any(|finding| finding.check == "capture_gap"));
    let ids: std::collections::BTreeSet<&str> =
        twin.findings.iter().map(|finding| finding.id.as_str()).collect();
    assert_eq!(ids.len(), twin.findings.len());
}

/// The quality section of a stored verdict, value by value: what later versions must still find in it.
#[test]
fn the_quality_section_is_read_whole() {
    let stored = std::fs::read(test_data("v2_quality.json")).unwrap();
    let verdict = VersionedVerdict::from_bytes(&stored).unwrap().into_latest();
    let quality = verdict.quality.unwrap();
    let json: serde_json::Value = serde_json::from_slice(&stored).unwrap();
    let section = &json["quality"];
    assert_eq!(quality.problem, "binary");
    assert_eq!(
        (quality.shown.as_str(), quality.convention.as_str()),
        ("realised", "house")
    );
    assert_eq!(section["n_predictions"], quality.n_predictions);
    assert_eq!(section["n_labelled"], quality.n_labelled);
    assert_eq!(section["coverage"].as_f64(), Some(quality.coverage));
    assert_eq!(section["expected_coverage"].as_f64(), quality.expected_coverage);
    assert_eq!(section["final_at"].as_str(), quality.final_at.as_deref());
    assert!(quality.expected_coverage.is_some() && quality.final_at.is_some());
    assert!(quality.metrics.len() > 10 && quality.estimates.len() > 3);
    assert_eq!(
        section["metrics"].as_object().unwrap().len(),
        quality.metrics.len()
    );
    for (name, metric) in &quality.metrics {
        let stored = &section["metrics"][name];
        assert_eq!(stored["value"].as_f64(), Some(metric.value), "{name}");
        assert_eq!(stored["low"].as_f64(), Some(metric.low), "{name}");
        assert_eq!(stored["high"].as_f64(), Some(metric.high), "{name}");
        assert_eq!(stored["method"].as_str(), Some(metric.method.as_str()), "{name}");
    }
    for (name, estimate) in &quality.estimates {
        let stored = &section["estimates"][name];
        assert_eq!(stored["value"].as_f64(), Some(estimate.value), "{name}");
        assert_eq!(stored["low"].as_f64(), estimate.low, "{name}");
        assert_eq!(stored["high"].as_f64(), estimate.high, "{name}");
        assert_eq!(stored["realised"].as_f64(), estimate.realised, "{name}");
    }
    assert!(
        quality
            .estimates
            .values()
            .any(|estimate| estimate.realised.is_some())
    );
    let kinds: std::collections::BTreeSet<&str> = verdict
        .findings
        .iter()
        .map(|finding| finding.check.as_str())
        .collect();
    assert_eq!(
        kinds.into_iter().collect::<Vec<_>>(),
        ["attribution_drift", "bias", "model_quality"]
    );
}

#[test]
fn the_published_schema_describes_what_is_written() {
    check_schema("verdict.v1", &std::fs::read(test_data("v1.json")).unwrap());
    for name in ["v2.json", "v2_quality.json"] {
        check_schema("verdict.v2", &std::fs::read(test_data(name)).unwrap());
    }
    for name in [
        "v1.expected.json",
        "v2.expected.json",
        "v2_quality.expected.json",
        "v3.json",
        "v3.expected.json",
        "latest.json",
    ] {
        check_schema("verdict.v3", &std::fs::read(test_data(name)).unwrap());
    }
}

#[test]
fn other_versions_and_damage_are_errors_with_a_place() {
    let check = |text: &str, expect: &str| {
        assert_eq!(
            VersionedVerdict::from_bytes(text.as_bytes())
                .unwrap_err()
                .to_string(),
            expect
        );
    };
    check(
        r#"{"version":"9"}"#,
        "verdict.json has version 9, this program reads 1, 2 and 3",
    );
    check(
        "{}",
        "verdict.json does not have its shape at `.` (line 1, column 2): missing field `version`",
    );
    check(
        r#"{"version":"1","software":{"name":"driftline"}}"#,
        "verdict.json does not have its shape at `software` (line 1, column 46): missing field `version`",
    );
}

#[test]
fn a_mean_beyond_the_range_of_a_double_is_left_out() {
    let mut verdict = verdict();
    let side = verdict.columns[0].current.as_mut().unwrap();
    side.numeric.as_mut().unwrap().mean = f64::INFINITY;
    let twin = Latest::from(&verdict);
    assert_eq!(
        twin.columns[0]
            .current
            .as_ref()
            .unwrap()
            .numeric
            .as_ref()
            .unwrap()
            .mean,
        None
    );
    assert!(VersionedVerdict::from(twin).to_bytes().is_ok());
}
