//! The quality page from a full model, an empty one, and a hostile one.

use super::super::model::{Fact, Finding, Method, NotEvaluated, Severity, Status};
use super::*;

/// A churn model whose estimate falls first and whose labels confirm it.
pub(crate) fn churn() -> QualityPage {
    let interval = |value: f64, half: f64| Interval {
        value,
        low: value - half,
        high: value + half,
    };
    let point = |day: u32, realised: Option<f64>, estimated: f64, provisional| HistoryPoint {
        label: format!("Nov {day}"),
        realised: realised.map(|value| interval(value, 0.012)),
        estimated: Some(interval(estimated, 0.015)),
        provisional,
    };
    QualityPage {
        title: "churn / AllTraffic".to_owned(),
        subtitle: "20 November 2026, revision 3".to_owned(),
        status: Status::Violated,
        headline: "Recall is 0.61, below 0.70 by more than chance explains".to_owned(),
        facts: vec![
            Fact::new("Predictions", "24,310"),
            Fact::new("Labelled", "18,904").noted("78 %, expected by now 77 %"),
            Fact::new("Final to 98 %", "27 November").noted("by the delay of earlier labels"),
        ],
        findings: vec![Finding {
            severity: Severity::Violation,
            column: String::new(),
            check: "recall".to_owned(),
            what: "Recall fell from 0.74 to 0.61".to_owned(),
            value: "0.61".to_owned(),
            limit: "0.70".to_owned(),
            derivation: "baseline less three standard deviations".to_owned(),
            remedy: "see the segment table; then retrain".to_owned(),
        }],
        metrics: vec![
            MetricRow {
                name: "recall".to_owned(),
                basis: Basis::Realised,
                value: "0.61".to_owned(),
                interval: "0.59 to 0.63".to_owned(),
                baseline: "0.74".to_owned(),
                limit: "≥ 0.70".to_owned(),
                method: "Wilson, 95 %".to_owned(),
                status: Status::Violated,
            },
            MetricRow {
                name: "auc".to_owned(),
                basis: Basis::Estimated,
                value: "0.88".to_owned(),
                interval: "0.86 to 0.90".to_owned(),
                baseline: "0.93".to_owned(),
                method: "CBPE, ± 3 standard errors".to_owned(),
                status: Status::NotEvaluated,
                ..MetricRow::default()
            },
        ],
        confusion: Some(ConfusionMatrix {
            labels: vec!["0".to_owned(), "1".to_owned()],
            rows_actual: vec![vec![15_000.0, 904.0], vec![1170.0, 1830.0]],
        }),
        curves: vec![
            Curve {
                heading: "ROC curve".to_owned(),
                x_label: "False positive rate".to_owned(),
                y_label: "True positive rate".to_owned(),
                summary: "Area 0.88".to_owned(),
                current: (0..=20)
                    .map(|i| (f64::from(i) / 20.0, (f64::from(i) / 20.0).powf(0.35)))
                    .collect(),
                reference: vec![(0.0, 0.0), (1.0, 1.0)],
                reference_name: "chance".to_owned(),
            },
            Curve {
                heading: "Reliability".to_owned(),
                x_label: "Predicted probability".to_owned(),
                y_label: "Observed share".to_owned(),
                summary: "Expected calibration error 0.04".to_owned(),
                current: vec![(0.05, 0.08), (0.25, 0.31), (0.5, 0.47), (0.75, 0.66), (0.95, 0.9)],
                reference: vec![(0.0, 0.0), (1.0, 1.0)],
                reference_name: "perfect calibration".to_owned(),
            },
        ],
        history: vec![MetricHistory {
            metric: "recall".to_owned(),
            summary: "The estimate left the band on 17 November; the labels confirm it".to_owned(),
            points: vec![
                point(14, Some(0.742), 0.744, false),
                point(15, Some(0.738), 0.741, false),
                point(16, Some(0.735), 0.736, false),
                point(17, Some(0.688), 0.692, false),
                point(18, Some(0.651), 0.655, false),
                point(19, Some(0.630), 0.628, true),
                point(20, None, 0.612, true),
            ],
            limit: Some(0.70),
            baseline: Some(0.74),
        }],
        segments: vec![SegmentRow {
            segment: "region = north and plan = basic".to_owned(),
            rows: "2,113".to_owned(),
            value: "0.41".to_owned(),
            interval: "0.37 to 0.45".to_owned(),
            against_rest: "−0.22, p 3e-9".to_owned(),
            status: Status::Violated,
        }],
        segment_metric: "recall".to_owned(),
        causes: vec![CauseRow {
            feature: "tenure".to_owned(),
            drift: "0.31".to_owned(),
            importance: "0.22".to_owned(),
            contribution: "−0.08".to_owned(),
        }],
        causes_note: "Recall changed by −0.13; the contributions add up to it.".to_owned(),
        not_evaluated: vec![NotEvaluated {
            what: "brier".to_owned(),
            reason: "the endpoint returns no probability".to_owned(),
            remedy: "capture it".to_owned(),
        }],
        methods: vec![Method {
            name: "CBPE".to_owned(),
            description: "assumes that the concept has not drifted".to_owned(),
            ..Method::default()
        }],
        footer: vec!["Driftline".to_owned()],
    }
}

/// With `DRIFTLINE_QUALITY_PAGE=file` in the environment the page is written there, for a person to look at.
#[test]
fn a_full_page_shows_every_part() {
    let page = html(&churn());
    if let Some(file) = std::env::var_os("DRIFTLINE_QUALITY_PAGE") {
        std::fs::write(file, &page).unwrap();
    }
    for part in [
        "id=\"findings\"",
        "id=\"history\"",
        "id=\"metrics\"",
        "id=\"confusion\"",
        "id=\"curves\"",
        "id=\"segments\"",
        "id=\"causes\"",
        "id=\"unevaluated\"",
        "id=\"methods\"",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert_eq!(page.matches("<svg class=\"chart\"").count(), 3);
    assert!(page.contains("estimated") && page.contains("realised"));
    assert!(!page.contains("NaN"));
    assert_eq!(page, html(&churn()), "the same model gives the same bytes");
}

#[test]
fn an_empty_page_says_so() {
    let page = html(&QualityPage::default());
    assert!(page.contains("No metric could be computed"));
    assert!(page.contains("Not evaluated"));
    assert!(!page.contains("<svg class=\"chart\""));
}

#[test]
fn names_are_text_and_bad_numbers_draw_nothing() {
    let mut model = churn();
    "<script>alert(1)</script>".clone_into(&mut model.title);
    if let Some(confusion) = &mut model.confusion {
        "</td><b>x</b>".clone_into(&mut confusion.labels[0]);
    }
    model.curves[0].current[3].1 = f64::NAN;
    model.curves[1].current[0].0 = 1.5;
    model.history[0].points[0].realised = Some(Interval {
        value: f64::NAN,
        low: f64::NAN,
        high: f64::INFINITY,
    });
    let page = html(&model);
    assert!(!page.contains("<script>alert") && !page.contains("<b>x</b>"));
    assert!(!page.contains("NaN") && !page.contains("inf"));
    assert_eq!(page.matches("<svg class=\"chart\"").count(), 1);
}

#[test]
fn a_ragged_or_huge_confusion_matrix_is_not_drawn() {
    let mut model = churn();
    model.confusion = Some(ConfusionMatrix {
        labels: vec!["a".to_owned(), "b".to_owned()],
        rows_actual: vec![vec![1.0]],
    });
    assert!(html(&model).contains("Too many classes to draw"));
}

/// At 26 units a digit of the page's font is at most 15 wide: labels that are farther apart than their text is do not
/// touch, whatever the number of windows; and the newest window has its label.
#[test]
fn labels_below_a_long_history_do_not_touch() {
    for n in 1..=chart::MAX_WINDOWS {
        for label in [
            "7",
            "Nov 20",
            "11-20 08h",
            "2026-11-20 08:00",
            "a very long name of a window",
        ] {
            let points = vec![
                HistoryPoint {
                    label: label.to_owned(),
                    ..HistoryPoint::default()
                };
                n
            ];
            let spacing = 1320.0 / n as f64;
            let labels = chart::axis_labels(&points, spacing);
            assert_eq!(labels.last().map(|(idx, _)| *idx), Some(n - 1));
            for pair in labels.windows(2) {
                let apart = (pair[1].0 - pair[0].0) as f64 * spacing;
                let width = pair[1].1.chars().count() as f64 * 15.0;
                assert!(
                    apart > width,
                    "{n} windows of `{label}`: {apart} apart, {width} wide"
                );
            }
        }
    }
}
