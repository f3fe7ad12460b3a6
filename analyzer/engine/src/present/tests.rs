//! A judged window told: the important strings, the order, and both writers on top.
//!
//! Does not test distances (`compare`), checks (`judge`) or layout (`report`).

mod sample;

use baselines::document::verdict::{Latest, VersionedVerdict};
use baselines::judge::{CheckKind, HourVolume, NotEvaluated as Skipped, Run, Verdict, Window};

use super::time::Zone;
use super::{not_evaluated, report_model, sentence, time, volume};
use crate::report::model::{Axis, ChangeCard, Chart, ReportModel, Severity, Status};
use crate::report::{MAX_PAGE_BYTES, html, text};

fn told(verdict: &Verdict) -> ReportModel {
    report_model(verdict, "bike-demand")
}

fn card<'m>(model: &'m ReportModel, column: &str) -> &'m ChangeCard {
    model.changes.iter().find(|card| card.column == column).unwrap()
}

#[test]
fn the_headline_says_how_bad_the_worst_column_and_the_rows() {
    let model = told(&sample::bike());
    assert_eq!(
        (model.title.as_str(), model.status),
        ("bike-demand", Status::Violated)
    );
    assert_eq!(model.subtitle, "1 July 2011 00:00 to 3 July 2011 00:00 UTC");
    let psi = &model.columns[0].distance;
    assert_eq!(
        model.headline,
        format!(
            "11 violations in 480 rows from 1 July 2011 00:00 to 3 July 2011 00:00 UTC: 5 of 10 columns have drifted, \
             most of all season (PSI {psi}); 4 columns break constraints."
        )
    );
    let calm = told(&sample::calm());
    assert_eq!(
        calm.headline,
        "No violation in 9 columns and 4,344 rows from 1 July 2011 00:00 to 3 July 2011 00:00 UTC."
    );
    assert!(calm.findings.is_empty() && calm.not_evaluated.is_empty());
    let empty = told(&sample::empty());
    assert_eq!(
        empty.headline,
        "Nothing could be checked: the window has no rows."
    );
    assert_eq!(
        (empty.status, empty.changes.len(), empty.schema_changes.len()),
        (Status::NotEvaluated, 0, 0)
    );
    assert!(empty.columns.iter().all(|row| row.status == Status::NotEvaluated));
}

#[test]
fn violated_columns_come_first_and_the_most_changed_of_them_before_the_others() {
    let model = told(&sample::bike());
    let columns: Vec<_> = model
        .columns
        .iter()
        .map(|row| (row.name.as_str(), row.status))
        .collect();
    let (violated, warned, pass) = (Status::Violated, Status::Warned, Status::Pass);
    assert_eq!(
        columns,
        [
            ("season", violated),
            ("temp", violated),
            ("prediction", violated),
            ("hum", violated),
            ("weathersit", violated),
            ("windspeed", violated),
            ("casual", violated),
            ("promo_code", warned),
            ("hr", pass),
            ("weekday", pass),
        ]
    );
    let cards: Vec<_> = model.changes.iter().map(|card| card.column.as_str()).collect();
    assert_eq!(cards, columns.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    let temp: Vec<_> = model
        .findings
        .iter()
        .filter(|found| found.column == "temp")
        .map(|found| found.check.as_str())
        .collect();
    assert_eq!(temp, ["baseline_drift_check", "drift"]);
    let severities: Vec<Severity> = model.findings.iter().map(|found| found.severity).collect();
    assert!(severities.is_sorted());
}

#[test]
fn findings_have_values_in_the_unit_of_their_check() {
    let model = told(&sample::bike());
    let found = |check: &str, column: &str| {
        let found = model
            .findings
            .iter()
            .find(|found| found.check == check && found.column == column)
            .unwrap();
        (found.value.as_str(), found.limit.as_str(), found.what.as_str())
    };
    assert_eq!(
        found("completeness_check", "hum"),
        (
            "95%",
            "100%",
            "Data completeness requirement is not met. Expected completeness: 100.0%. Observed: Only 95.0% of data is \
             present."
        )
    );
    assert_eq!(found("categorical_values_check", "weathersit").0, "97.5%");
    assert_eq!(
        found("special_values", "windspeed"),
        (
            "3",
            "0",
            "2 NaN, 1 positive and 0 negative infinities among 480 present cells."
        )
    );
    assert_eq!(
        found("rejects", ""),
        ("1.2%", "1%", "6 of 486 lines could not be read.")
    );
    assert_eq!(
        found("absent_column", "casual"),
        ("", "", "None of 480 rows has the column.")
    );
}

#[test]
fn cards_draw_what_the_verdict_has() {
    let verdict = sample::bike();
    let model = told(&verdict);
    let temp = card(&model, "temp");
    assert_eq!(temp.summary, "The median went up from 0.42 to 0.74.");
    let Some(Chart::Histogram(drawn)) = &temp.chart else {
        panic!("temp has no histogram")
    };
    let report = verdict
        .columns
        .iter()
        .find(|report| report.name == "temp")
        .unwrap();
    assert_eq!(drawn.baseline, report.histogram.as_ref().unwrap().baseline);
    assert!(matches!(
        drawn.axis,
        Axis::Edges {
            open_below: true,
            open_above: true,
            ..
        }
    ));
    let names: Vec<_> = temp
        .distances
        .iter()
        .map(|distance| distance.name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "PSI",
            "L-infinity, Robust",
            "Kolmogorov–Smirnov",
            "Jensen–Shannon"
        ]
    );
    assert!(temp.distances[0].exceeded && temp.distances[0].note == "over 0.25");
    assert_eq!(temp.distances[2].note, "p <0.001");
    let missing = card(&model, "hum")
        .comparison
        .iter()
        .find(|row| row.label == "Missing")
        .unwrap();
    assert_eq!(
        (missing.baseline.as_str(), missing.current.as_str()),
        ("0 (0%)", "24 (5%)")
    );
    // The missing cells alone: the calibrated test of the missing rate finds them too.
    let hum = &card(&model, "hum").distances[0];
    assert_eq!((hum.note.as_str(), hum.exceeded), ("over 0.25", true));
    assert_eq!(
        card(&model, "season").summary,
        "The share of summer went from 6.4% to 100%."
    );
    assert!(
        card(&model, "windspeed")
            .summary
            .starts_with("Violates data_type_check.")
    );
    let weather = card(&model, "weathersit");
    assert!(
        weather
            .summary
            .contains("12 rows are in categories that the baseline does not have.")
    );
    let Some(Chart::Categories(drawn)) = &weather.chart else {
        panic!("weathersit has no categories")
    };
    assert_eq!(drawn.labels, ["clear", "cloudy", "light rain", "storm", "hail"]);
    let side = card(&model, "promo_code");
    assert_eq!(side.summary, "The baseline does not have this column.");
    assert!(side.comparison.iter().all(|row| row.baseline.is_empty()));
}

#[test]
fn health_adds_up_and_names_reasons_places_and_columns() {
    let model = told(&sample::bike());
    let health = &model.health;
    assert_eq!(
        health.summary,
        "486 lines were read, 480 decoded and 6 rejected (1.2%); 2 duplicates did not enter the analysis."
    );
    let rejects: Vec<_> = health
        .rejects
        .iter()
        .map(|row| (row.reason.as_str(), row.count.as_str()))
        .collect();
    assert_eq!(
        rejects,
        [
            ("wrong number of fields in a row", "4"),
            ("last line of the object breaks off", "2")
        ]
    );
    assert_eq!(
        health.notes,
        ["The rejected lines are in 1 of 48 objects: bike-demand/AllTraffic/2011/07/01/14/part-0.jsonl."]
    );
    let columns: Vec<_> = health
        .columns
        .iter()
        .map(|row| (row.column.as_str(), row.types.as_str()))
        .collect();
    assert_eq!(columns[0], ("casual", "not in this window"));
    assert_eq!(columns[1], ("promo_code", "19.4% text, 80.6% missing"));
    assert_eq!(columns[2].0, "hum");
    assert!(columns[3].1.ends_with("0.42% NaN, 0.21% +∞") && columns.len() == 4);
    let bars = &health.volume.as_ref().unwrap().bars;
    assert_eq!((bars.len(), bars[0].label.as_str()), (48, "1 Jul 00:00"));
    assert_eq!(bars.iter().filter(|bar| bar.n_rows == 0).count(), 6);
    let schema: Vec<_> = model
        .schema_changes
        .iter()
        .map(|change| {
            (
                change.column.as_str(),
                change.what.as_str(),
                change.detail.as_str(),
            )
        })
        .collect();
    assert_eq!(
        schema[0],
        (
            "promo_code",
            "appeared inside the window; before it was missing",
            "from bike-demand/AllTraffic/2011/07/02/10/part-0.jsonl, line 3 on"
        )
    );
    assert!(schema[1].1.starts_with("gone: Integral") && schema[2].1.starts_with("new column: String"));
}

#[test]
fn two_thousand_identical_lines_are_one_with_a_count() {
    let skip = |column: Option<String>, check, reason: &str| Skipped {
        column,
        check,
        reason: reason.to_owned(),
        remedy: "",
    };
    let mut entries = vec![skip(None, CheckKind::Rejects, "the window has no lines")];
    for idx in 0..2000 {
        for check in [CheckKind::DataType, CheckKind::Completeness] {
            entries.push(skip(
                Some(format!("c{idx}")),
                check,
                "the column is not in this window",
            ));
        }
    }
    entries.push(skip(
        Some("c7".to_owned()),
        CheckKind::Drift,
        "3 values are too few",
    ));
    let grouped = not_evaluated::grouped(&entries);
    let lines: Vec<_> = grouped
        .iter()
        .map(|entry| (entry.what.as_str(), entry.reason.as_str()))
        .collect();
    assert_eq!(
        lines,
        [
            ("Whole data set", "rejects: the window has no lines."),
            (
                "2,000 columns",
                "data_type_check and completeness_check: the column is not in this window. Among them c0, c1, c2, c3, \
                 c4, and 1,995 more."
            ),
            ("c7", "drift: 3 values are too few."),
        ]
    );
    let every: Vec<_> = CheckKind::ALL
        .into_iter()
        .map(|check| skip(None, check, "no rows"))
        .collect();
    assert_eq!(
        not_evaluated::grouped(&every)[0].reason,
        "every check of columns: no rows."
    );
}

#[test]
fn methods_name_convention_thresholds_and_false_discovery() {
    let model = told(&sample::bike());
    let method = |name: &str| model.methods.iter().find(|method| method.name == name).unwrap();
    let psi = method("Population stability index (PSI)");
    assert!(psi.description.contains("Convention of the house") && psi.limit == "psi_major 0.25");
    assert_eq!(
        method("L-infinity, Robust").limit,
        "comparison_threshold 0.1, categorical_comparison_threshold 0.1"
    );
    assert_eq!(method("L-infinity, Simple").limit, "");
    assert!(
        method("Many columns")
            .description
            .contains("false discovery rate")
    );
    let drift = method("Drift, by the house");
    assert!(
        drift.description.contains("from PSI 0.25 on a violation"),
        "{drift:?}"
    );
    assert!(
        drift.description.contains("The limits are not calibrated"),
        "{drift:?}"
    );
    assert!(
        drift.limit.contains("effect 2% of rows, 1% for missing cells"),
        "{drift:?}"
    );
    assert!(
        drift
            .derivation
            .starts_with("budget of 1 per 90 days, windows of 1 day (assumed"),
        "{drift:?}"
    );
    assert_eq!(method("Chi-square test, Model Monitor's").limit, "");
    let footer = model.footer.join(" ");
    for document in [
        "verdict.json",
        "statistics.json",
        "constraint_violations.json",
        "driftline 0.1.0",
    ] {
        assert!(footer.contains(document), "{document}");
    }
}

#[test]
fn drift_tells_p_effect_limit_and_what_was_detectable() {
    let model = told(&sample::bike());
    let temp = model
        .findings
        .iter()
        .find(|found| found.check == "drift" && found.column == "temp")
        .unwrap();
    assert!(temp.value.ends_with('%') && temp.limit.ends_with('%'), "{temp:?}");
    assert!(temp.derivation.starts_with("p "), "{temp:?}");
    assert!(temp.derivation.contains(", limit 0.0111; test of"), "{temp:?}");
    let row = |name: &str| model.columns.iter().find(|row| row.name == name).unwrap();
    assert!(row("temp").detectable.ends_with(" sd"), "{:?}", row("temp"));
    assert!(
        row("weathersit").detectable.ends_with(" pts"),
        "{:?}",
        row("weathersit")
    );
    assert_eq!(row("promo_code").detectable, "");
    assert!(
        model
            .power
            .starts_with("With this many rows, the smallest change"),
        "{}",
        model.power
    );
    let fact = |label: &str| model.facts.iter().find(|fact| fact.label == label).unwrap();
    assert_eq!(fact("False alarms").value, "1 per 90 days");
    assert_eq!(fact("Calibrated").value, "no");
    assert_eq!(told(&sample::empty()).power, "");
    for page in [html(&model), text(&model)] {
        assert!(page.contains(&row("temp").detectable) && page.contains("Detectable"));
    }
}

#[test]
fn hours_become_days_and_years_where_there_would_be_too_many() {
    let at = |hours: &[&str]| {
        let hours = hours.iter().map(|hour| HourVolume {
            hour: (*hour).to_owned(),
            rows: 1,
        });
        volume::volume(&Run {
            volume: hours.collect(),
            ..Run::default()
        })
    };
    let drawn = at(&["2024-02-28T23:00:00Z", "2024-05-01T00:00:00Z"]).unwrap();
    assert_eq!((drawn.bars.len(), drawn.unit.0.as_str()), (64, "day"));
    assert_eq!(
        (drawn.bars[1].label.as_str(), drawn.bars[1].n_rows),
        ("29 Feb 2024", 0)
    );
    let drawn = at(&["1970-01-01T00:00:00Z", "2024-05-01T00:00:00Z", "not a time"]).unwrap();
    assert_eq!(
        (drawn.bars.len(), drawn.unit.0.as_str(), drawn.bars[54].n_rows),
        (55, "year", 1)
    );
    assert_eq!((at(&[]), at(&["not a time"])), (None, None));
    let window = Window {
        start: Some("2024-05-01T00:00:00Z".to_owned()),
        ..Window::default()
    };
    assert_eq!(Zone::default().window(&window), "from 1 May 2024 00:00 UTC on");
    assert_eq!(Zone::default().window(&Window::default()), "all records");
    assert_eq!(Zone::default().spoken("yesterday"), "yesterday");
    let mut verdict = sample::calm();
    verdict
        .judged
        .choices
        .insert(time::TIME_ZONE.to_owned(), "Europe/Zurich".to_owned());
    // TZ=Europe/Zurich date -d 2024-05-01T00:00:00Z (GNU coreutils 9.1): 02:00 in summer
    assert_eq!(
        Zone::of(&verdict).window(&window),
        "from 1 May 2024 02:00 Europe/Zurich on"
    );
    assert_eq!(
        [sentence("é."), sentence(""), sentence("a b")],
        ["É.", "", "A b."]
    );
}

/// What must never be told: a category that is neither the baseline's nor frequent, and numbers that are none.
#[test]
fn nothing_leaks_and_nothing_is_nan() {
    let mut broken = sample::bike();
    for report in &mut broken.columns {
        for side in [&mut report.baseline, &mut report.current].into_iter().flatten() {
            if let Some(numeric) = &mut side.numeric {
                (numeric.mean, numeric.std_dev) = (f64::INFINITY, f64::NAN);
            }
        }
        report.histogram = None;
    }
    broken.judged.thresholds.clear();
    broken.run.objects.clear();
    for verdict in [sample::bike(), sample::calm(), sample::empty(), broken] {
        let model = told(&verdict);
        assert_eq!(model, told(&verdict));
        for page in [html(&model), text(&model)] {
            assert!(!page.contains("private-code"));
            for word in ["Infinity", "inf,", ">inf<", ">NaN<", "nan"] {
                assert!(!page.contains(word), "{word}");
            }
        }
    }
}

/// Every name, key, count and description that the page shows is in the document.
#[test]
fn what_is_shown_stands_in_the_document() {
    let verdict = sample::bike();
    let bytes = VersionedVerdict::from(Latest::from(&verdict)).to_bytes().unwrap();
    let document = String::from_utf8(bytes).unwrap();
    let model = told(&verdict);
    for row in &model.columns {
        assert!(document.contains(&format!("\"{}\"", row.name)));
    }
    for found in &model.findings {
        assert!(document.contains(&found.check) && document.to_lowercase().contains(&found.remedy[1..8]));
        assert!(
            document.contains(found.what[1..].trim_end_matches('.')),
            "{}",
            found.what
        );
    }
    for card in &model.changes {
        let Some(Chart::Categories(drawn)) = &card.chart else {
            continue;
        };
        for label in drawn.labels.iter().filter(|label| *label != "All other values") {
            assert!(document.contains(&format!("\"{label}\"")), "{label}");
        }
    }
}

#[test]
fn a_wide_model_is_a_small_page_and_a_short_text() {
    let model = told(&sample::wide(2000));
    assert_eq!(
        (model.changes.len(), model.columns.len()),
        (super::MAX_CARDS, 2000)
    );
    assert!(
        model
            .headline
            .contains(&format!("most of all {} (PSI", model.columns[0].name))
    );
    assert!(model.not_evaluated.len() < 5, "{:?}", model.not_evaluated);
    assert!(html(&model).len() <= MAX_PAGE_BYTES);
    let lines = text(&model);
    assert!(
        lines.lines().count() < 160 && lines.contains("of 2,000 columns"),
        "{lines}"
    );
}

/// Writes the samples where `REPORT_SAMPLES` says, for looking at.
#[test]
fn samples_can_be_looked_at() {
    let Some(folder) = std::env::var_os("REPORT_SAMPLES").map(std::path::PathBuf::from) else {
        return println!("skipped: REPORT_SAMPLES names no folder");
    };
    let samples = [
        ("bike", sample::bike()),
        ("calm", sample::calm()),
        ("empty", sample::empty()),
        ("wide", sample::wide(2000)),
    ];
    for (name, verdict) in samples {
        let model = report_model(&verdict, "bike-demand / AllTraffic");
        std::fs::write(folder.join(format!("{name}.html")), html(&model)).unwrap();
        std::fs::write(folder.join(format!("{name}.txt")), text(&model)).unwrap();
    }
}
