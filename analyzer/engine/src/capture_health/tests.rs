//! Counts of requests, and earlier windows found among stored verdicts.

use super::*;
use crate::capture_health::invocations::parse;
use std::path::Path;
use store::Location;

const HOUR: i64 = 3_600;
/// 2026-01-05T00:00:00Z, a Monday.
const MONDAY: i64 = 1_767_571_200;

#[test]
fn requests_are_counted_where_periods_cover_the_window() {
    let csv = b"from,invocations\n2026-01-05T00:00:00Z,10\n2026-01-05T01:00:00Z,20\n2026-01-05T02:00:00Z,0\n";
    let found = parse(csv).unwrap();
    assert_eq!(found.between(MONDAY, MONDAY + 2 * HOUR), Some(30));
    assert_eq!(found.between(MONDAY, MONDAY + 3 * HOUR), Some(30));
    assert_eq!(
        found.between(MONDAY, MONDAY + 4 * HOUR),
        None,
        "an hour is not covered"
    );
    assert_eq!(
        found.between(MONDAY + 60, MONDAY + HOUR),
        None,
        "a period lies across the start"
    );
    assert_eq!(
        found.between(MONDAY, MONDAY + 300),
        None,
        "a period is longer than the window"
    );
    // The shape of `aws cloudwatch get-metric-statistics`, unordered and without empty hours.
    let json = br#"{"Label":"Invocations","Datapoints":[
        {"Timestamp":"2026-01-05T05:00:00+00:00","Sum":4.0,"Unit":"None"},
        {"Timestamp":"2026-01-05T00:00:00+00:00","Sum":7.0,"Unit":"None"},
        {"Timestamp":"2026-01-05T01:00:00+00:00","Sum":5.0,"Unit":"None"}]}"#;
    let found = parse(json).unwrap();
    assert_eq!(found.between(MONDAY, MONDAY + 6 * HOUR), Some(16));
    assert_eq!(found.between(MONDAY + 2 * HOUR, MONDAY + 4 * HOUR), Some(0));
    assert_eq!(found.between(MONDAY, MONDAY + 9 * HOUR), None);
    for (wrong, what) in [
        (&b"2026-01-05T00:00:00Z"[..], "no comma"),
        (b"yesterday,1\n2026-01-05T00:00:00Z,1", "no RFC 3339"),
        (
            b"2026-01-05T00:00:00Z,-1\n2026-01-05T01:00:00Z,1",
            "no number of requests",
        ),
        (b"2026-01-05T00:00:00Z,1", "fewer than two"),
        (b"{", "EOF"),
        (b"\xff", "UTF-8"),
    ] {
        let error = parse(wrong).unwrap_err();
        assert!(error.contains(what), "{error}");
    }
}

fn store_verdict(folder: &Path, at: &str, start: i64, rows: u64) {
    let text = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../baselines/test-data/verdict/latest.json"),
    )
    .unwrap();
    let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let time = |second| capture::time::format_rfc3339(second).unwrap();
    json["records"]["rows"] = rows.into();
    json["volume"] = serde_json::json!([{"hour": time(start), "rows": rows}]);
    let at = folder.join(at);
    std::fs::create_dir_all(&at).unwrap();
    std::fs::write(at.join("verdict.json"), json.to_string()).unwrap();
}

fn span(start: i64) -> String {
    let time = |second| capture::time::format_rfc3339(second).unwrap();
    format!("{}--{}", time(start), time(start + HOUR))
}

#[tokio::test]
async fn earlier_windows_are_those_of_the_same_hour_and_their_newest_revision_counts() {
    let folder = tempfile::tempdir().unwrap();
    let week = 7 * 24 * HOUR;
    for back in 1..=3 {
        store_verdict(
            folder.path(),
            &format!("{}/r1", span(MONDAY - back * week)),
            MONDAY - back * week,
            10,
        );
    }
    store_verdict(
        folder.path(),
        &format!("{}/r2", span(MONDAY - week)),
        MONDAY - week,
        25,
    );
    store_verdict(
        folder.path(),
        &format!("{}/r10", span(MONDAY - week)),
        MONDAY - week,
        30,
    );
    store_verdict(
        folder.path(),
        &format!("{}/r1", span(MONDAY - HOUR)),
        MONDAY - HOUR,
        99,
    );
    store_verdict(
        folder.path(),
        &format!("{}/r1", span(MONDAY - 9 * week)),
        MONDAY - 9 * week,
        99,
    );
    store_verdict(
        folder.path(),
        &format!("{}/r1", span(MONDAY + week)),
        MONDAY + week,
        99,
    );
    let at = Location::local(folder.path()).unwrap();
    let options = StoreOptions::default();
    let found = past::windows(&at, (MONDAY, MONDAY + HOUR), &options)
        .await
        .unwrap();
    let rows: Vec<(i64, u64)> = found.iter().map(|past| (past.start, past.rows)).collect();
    assert_eq!(
        rows,
        [
            (MONDAY - 3 * week, 10),
            (MONDAY - 2 * week, 10),
            (MONDAY - week, 30)
        ]
    );
    assert_eq!(found[2].by_hour[&(MONDAY - week)], 30);
    // Another length is another window.
    let other = past::windows(&at, (MONDAY, MONDAY + 2 * HOUR), &options)
        .await
        .unwrap();
    assert_eq!(other, []);
    let nowhere = at.join("nothing");
    assert_eq!(
        past::windows(&nowhere, (MONDAY, MONDAY + HOUR), &options)
            .await
            .unwrap(),
        []
    );
}
