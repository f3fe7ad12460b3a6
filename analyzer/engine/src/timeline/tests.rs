//! Windows from finished documents: joined by their times, said in a line, drawn on a page.

use super::*;
use crate::quality::revision::{LATEST_FILE, Latest, PointedWindow};
use baselines::document::quality::{
    CheckTwin, EstimateTwin, EstimatedTwin, MaturityTwin, MetricTwin, QUALITY_FILE, QualityDocument,
};
use std::path::Path;

fn day(n: u32) -> String {
    format!("2026-11-{n:02}T00:00:00Z")
}

/// Quality of a day: the estimate is 12 ± 1 against a threshold of 10; `realised` where there are labels.
fn quality(n: u32, as_of: u32, realised: Option<f64>) -> QualityDocument {
    let metric = |value: f64| MetricTwin {
        value,
        low: value - 0.5,
        high: value + 0.5,
        method: "delta".to_owned(),
        n: 100,
    };
    QualityDocument {
        version: "1".to_owned(),
        status: match realised {
            Some(value) if value > 11.0 => "violated",
            Some(_) => "pass",
            None => "not_evaluated",
        }
        .to_owned(),
        problem: "regression".to_owned(),
        start: Some(day(n)),
        end: Some(day(n + 1)),
        n_predictions: 100,
        n_labelled: if realised.is_some() { 90 } else { 0 },
        coverage: if realised.is_some() { 0.9 } else { 0.0 },
        maturity: Some(MaturityTwin {
            as_of: day(as_of),
            ..MaturityTwin::default()
        }),
        metrics: realised
            .map(|value| ("rmse".to_owned(), metric(value)))
            .into_iter()
            .collect(),
        checks: vec![CheckTwin {
            metric: "rmse".to_owned(),
            comparison_operator: "GreaterThanThreshold".to_owned(),
            threshold: 10.0,
            value: realised.map(metric),
            outcome: "not_evaluated".to_owned(),
            point_beyond: None,
            reason: None,
        }],
        estimate: Some(EstimateTwin {
            method: "dle".to_owned(),
            n: 100,
            metrics: [(
                "rmse".to_owned(),
                EstimatedTwin {
                    value: 12.0,
                    low: Some(11.0),
                    high: Some(13.0),
                    realised,
                    error: None,
                    within_band: None,
                },
            )]
            .into(),
            assumptions: Vec::new(),
            concept_drift: None,
        }),
        ..QualityDocument::default()
    }
}

fn write(folder: &Path, name: &str, bytes: &[u8]) {
    let file = folder.join(name);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, bytes).unwrap();
}

/// A window's folder with its revisions.
fn window(root: &Path, n: u32, revisions: &[QualityDocument]) {
    let folder = root.join(format!("day-{n}"));
    for (idx, document) in revisions.iter().enumerate() {
        let bytes = document.to_bytes().unwrap();
        write(&folder, &format!("r{}/{QUALITY_FILE}", idx + 1), &bytes);
    }
    let latest = Latest {
        version: "1".to_owned(),
        revision: u32::try_from(revisions.len()).unwrap(),
        folder: format!("r{}", revisions.len()),
        digest: String::new(),
        window: PointedWindow {
            start: Some(day(n)),
            end: Some(day(n + 1)),
        },
    };
    write(&folder, LATEST_FILE, &serde_json::to_vec(&latest).unwrap());
}

fn request(root: &Path) -> TimelineRequest {
    TimelineRequest {
        quality: Location::local(root).unwrap(),
        drift: None,
        metric: None,
        title: Some("bikes <b>".to_owned()),
        store: StoreOptions::default(),
    }
}

#[tokio::test]
async fn a_window_says_what_was_estimated_first_and_realised_last() {
    let folder = tempfile::tempdir().unwrap();
    window(
        folder.path(),
        3,
        &[
            quality(3, 4, None),
            quality(3, 9, Some(10.2)),
            quality(3, 20, Some(14.0)),
        ],
    );
    window(folder.path(), 4, &[quality(4, 5, None)]);
    let timeline = read(&request(folder.path())).await.unwrap();
    assert_eq!(timeline.metric, "rmse");
    let [third, fourth] = timeline.windows.as_slice() else {
        panic!("{} windows", timeline.windows.len());
    };
    let (first, estimated) = third.first_estimate("rmse").unwrap();
    assert_eq!((first.revision, first.n_labelled), (1, 0));
    assert_eq!(estimated.estimate_is_worse(), Some(true));
    assert_eq!(third.newest().unwrap().revision, 3);
    assert_eq!(fourth.newest().unwrap().n_labelled, 0);
    assert_eq!(
        timeline.text(),
        "2026-11-03  estimated rmse 12.0 (11.0 to 13.0) → realised 14.0 (13.5 to 14.5)  \
         90% labelled on 2026-11-20, revision 3: VIOLATED\n\
         2026-11-04  estimated rmse 12.0 (11.0 to 13.0) → not realised  \
         0% labelled on 2026-11-05, revision 1: not evaluated\n"
    );
    assert_eq!(
        timeline.document().unwrap(),
        read(&request(folder.path())).await.unwrap().document().unwrap()
    );
}

#[tokio::test]
async fn the_page_draws_states_and_metric_and_escapes_names() {
    let folder = tempfile::tempdir().unwrap();
    window(
        folder.path(),
        3,
        &[quality(3, 4, None), quality(3, 20, Some(14.0))],
    );
    window(folder.path(), 4, &[quality(4, 5, None)]);
    let page = read(&request(folder.path())).await.unwrap().page();
    assert_eq!(page.matches("<svg class=\"chart states\"").count(), 1);
    assert_eq!(page.matches("<svg class=\"chart\"").count(), 1);
    assert!(page.contains("bikes &#60;b&#62;") && !page.contains("bikes <b>"));
    assert!(page.contains("above the estimate&#39;s band"));
    assert!(page.contains("no labels yet"));
    assert!(page.contains("the estimate beyond its limit in 2, quality violated by labels in 1."));
}

#[tokio::test]
async fn what_is_not_there_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let error = read(&request(folder.path())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NothingToAnalyse);
    window(folder.path(), 3, &[quality(3, 4, None)]);
    let asked = TimelineRequest {
        metric: Some("auc".to_owned()),
        ..request(folder.path())
    };
    let error = read(&asked).await.unwrap_err();
    assert_eq!(error.to_string(), "--metric is auc, and no window has it");
    assert_eq!(error.hint(), Some("there are rmse"));
    write(folder.path(), "day-3/r1/quality.json", b"{\"version\"");
    let error = read(&request(folder.path())).await.unwrap_err();
    assert!(
        error.to_string().ends_with("quality.json cannot be used"),
        "{error}"
    );
}

#[test]
fn months_days_and_hours_have_names() {
    let named = |start: &str, end: &str| {
        words::name(&TimelineWindow {
            start: Some(start.to_owned()),
            end: Some(end.to_owned()),
            ..TimelineWindow::default()
        })
    };
    assert_eq!(named("2011-02-01T00:00:00Z", "2011-03-01T00:00:00Z"), "2011-02");
    assert_eq!(
        named("2011-02-01T00:00:00Z", "2011-04-01T00:00:00Z"),
        "2011-02-01"
    );
    assert_eq!(
        named("2011-02-03T00:00:00Z", "2011-02-04T00:00:00Z"),
        "2011-02-03"
    );
    assert_eq!(
        named("2011-02-03T06:00:00Z", "2011-02-03T07:00:00Z"),
        "2011-02-03 06:00"
    );
    assert_eq!(words::name(&TimelineWindow::default()), "all times");
}
