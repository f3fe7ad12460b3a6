//! Sample models for tests and for looking at: a bike-share month, two thousand columns, hostile text.
//!
//! Distances and p-values here are made-up text; only the pictures are computed, from a tiny seeded generator.

use super::bins::{Sample, categories, histogram};
use super::format::{count, number, percent, plural};
use super::model::{
    ChangeCard, Chart, ColumnHealth, ColumnRow, Comparison, Distance, Fact, Finding, Health, Method,
    NotEvaluated, RejectRow, ReportModel, SchemaChange, Severity, Status, Volume, VolumeBar,
};

/// Numerical Recipes' 64-bit congruential generator; uniform in [0, 1).
struct Uniform(u64);

impl Uniform {
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    fn bell(&mut self) -> f64 {
        (0..6).map(|_| self.next()).sum::<f64>() / 3.0 - 1.0
    }
}

fn weighted(mut values: Vec<f64>) -> (Vec<f64>, Vec<u64>) {
    values.sort_by(f64::total_cmp);
    let mut out: (Vec<f64>, Vec<u64>) = Default::default();
    for value in values {
        if out.0.last() == Some(&value) {
            *out.1.last_mut().unwrap() += 1;
        } else {
            out.0.push(value);
            out.1.push(1);
        }
    }
    out
}

struct Column {
    row: ColumnRow,
    card: ChangeCard,
}

fn column(name: &str, kind: &str, chart: Option<Chart>, psi: f64, comparison: Vec<Comparison>) -> Column {
    let status = if psi > 0.2 { Status::Violated } else { Status::Pass };
    let row = ColumnRow {
        name: name.to_owned(),
        inferred_type: kind.to_owned(),
        status,
        distance: number(psi),
        p_value: if psi > 0.2 {
            "<0.001".to_owned()
        } else {
            "0.431".to_owned()
        },
        missing: "0%".to_owned(),
        chart: chart.clone(),
    };
    let distance = |name: &str, value: f64, limit: f64| Distance {
        name: name.to_owned(),
        value: number(value),
        limit: number(limit),
        exceeded: value > limit,
    };
    let card = ChangeCard {
        column: name.to_owned(),
        inferred_type: kind.to_owned(),
        status,
        summary: String::new(),
        distances: vec![
            distance("PSI", psi, 0.2),
            distance("Jensen–Shannon", psi * 0.21, 0.1),
            Distance {
                limit: String::new(),
                exceeded: false,
                ..distance("L-infinity", psi * 0.3, 0.0)
            },
        ],
        comparison,
        chart,
    };
    Column { row, card }
}

fn row(label: &str, baseline: impl Into<String>, current: impl Into<String>) -> Comparison {
    Comparison {
        label: label.to_owned(),
        baseline: baseline.into(),
        current: current.into(),
    }
}

fn numeric(name: &str, kind: &str, psi: f64, baseline: Vec<f64>, current: Vec<f64>) -> Column {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let spread = |values: &[f64]| {
        let m = mean(values);
        (values.iter().map(|v| (v - m).powi(2)).sum::<f64>() / values.len() as f64).sqrt()
    };
    let (bm, cm, bs, cs) = (
        mean(&baseline),
        mean(&current),
        spread(&baseline),
        spread(&current),
    );
    let (b, c) = (weighted(baseline), weighted(current));
    let chart = histogram(
        Sample {
            values: &b.0,
            weights: &b.1,
        },
        Sample {
            values: &c.0,
            weights: &c.1,
        },
    );
    let middle = |values: &[f64]| number(values[values.len() / 2]);
    let n = |weights: &[u64]| count(weights.iter().sum());
    let comparison = vec![
        row("Rows", n(&b.1), n(&c.1)),
        row("Missing", "0 (0%)", "0 (0%)"),
        row("Mean", number(bm), number(cm)),
        row("Standard deviation", number(bs), number(cs)),
        row("Minimum", number(b.0[0]), number(c.0[0])),
        row("Median", middle(&b.0), middle(&c.0)),
        row("Maximum", number(b.0[b.0.len() - 1]), number(c.0[c.0.len() - 1])),
    ];
    column(name, kind, chart.map(Chart::Histogram), psi, comparison)
}

fn categorical(name: &str, psi: f64, baseline: &[(&str, u64)], current: &[(&str, u64)]) -> Column {
    let own = |side: &[(&str, u64)]| {
        side.iter()
            .map(|(l, n)| ((*l).to_owned(), *n))
            .collect::<Vec<_>>()
    };
    let chart = categories(&own(baseline), 0, &own(current), 0, 8);
    let n = |side: &[(&str, u64)]| count(side.iter().map(|(_, n)| n).sum());
    let comparison = vec![
        row("Rows", n(baseline), n(current)),
        row("Missing", "0 (0%)", "0 (0%)"),
        row(
            "Distinct values",
            count(baseline.len() as u64),
            count(current.len() as u64),
        ),
    ];
    column(name, "String", chart.map(Chart::Categories), psi, comparison)
}

fn finding(severity: Severity, column: &str, what: &str, value: &str, limit: &str) -> Finding {
    Finding {
        severity,
        column: column.to_owned(),
        check: "baseline_drift_check".to_owned(),
        what: what.to_owned(),
        value: value.to_owned(),
        limit: limit.to_owned(),
        derivation: "house default: the practical threshold for PSI".to_owned(),
        remedy: "If the change is real and here to stay, retrain and move the baseline.".to_owned(),
    }
}

/// A month of a bike-share model: summer against a baseline of winter and spring.
pub(crate) fn bike() -> ReportModel {
    let mut u = Uniform(2011);
    let mut make =
        |n: usize, f: &mut dyn FnMut(&mut Uniform) -> f64| (0..n).map(|_| f(&mut u)).collect::<Vec<f64>>();
    let grid = |v: f64, step: f64, top: f64| ((v / step).round() * step).clamp(0.0, top);
    let (n, m) = (4344, 741);
    let skewed = |u: &mut Uniform, scale: f64| (u.next() * u.next() * scale).floor();
    let mut columns = vec![
        numeric(
            "prediction",
            "Fractional",
            2.41,
            make(n, &mut |u| u.next() * u.next() * 380.0),
            make(m, &mut |u| 40.0 + u.next() * u.next().sqrt() * 560.0),
        ),
        numeric(
            "temp",
            "Fractional",
            1.92,
            make(n, &mut |u| grid(0.42 + 0.22 * u.bell(), 0.02, 1.0)),
            make(m, &mut |u| grid(0.74 + 0.1 * u.bell(), 0.02, 1.0)),
        ),
        numeric(
            "atemp",
            "Fractional",
            1.71,
            make(n, &mut |u| grid(0.41 + 0.2 * u.bell(), 0.0152, 1.0)),
            make(m, &mut |u| grid(0.68 + 0.09 * u.bell(), 0.0152, 1.0)),
        ),
        categorical(
            "season",
            1.64,
            &[("winter", 2160), ("spring", 1906), ("summer", 278)],
            &[("summer", 741)],
        ),
        numeric(
            "mnth",
            "Integral",
            1.58,
            make(n, &mut |u| (u.next() * 6.0).floor() + 1.0),
            make(m, &mut |_| 7.0),
        ),
        numeric(
            "casual",
            "Integral",
            0.63,
            make(n, &mut |u| skewed(u, 120.0)),
            make(m, &mut |u| skewed(u, 260.0)),
        ),
        numeric(
            "registered",
            "Integral",
            0.31,
            make(n, &mut |u| skewed(u, 420.0)),
            make(m, &mut |u| skewed(u, 640.0)),
        ),
        numeric(
            "hum",
            "Fractional",
            0.12,
            make(n, &mut |u| grid(0.63 + 0.28 * u.bell(), 0.01, 1.0)),
            make(m, &mut |u| grid(0.6 + 0.22 * u.bell(), 0.01, 1.0)),
        ),
        categorical(
            "weathersit",
            0.071,
            &[
                ("clear", 2743),
                ("cloudy/misty", 1129),
                ("light rain/snow", 471),
                ("heavy rain/snow", 1),
            ],
            &[("clear", 553), ("cloudy/misty", 138), ("light rain/snow", 50)],
        ),
        numeric(
            "windspeed",
            "Fractional",
            0.048,
            make(n, &mut |u| grid((u.next() * u.next() + 0.02) * 0.7, 0.0299, 1.0)),
            make(m, &mut |u| grid((u.next() * u.next() + 0.01) * 0.62, 0.0299, 1.0)),
        ),
    ];
    let weekdays = ["Fri", "Mon", "Sat", "Sun", "Thu", "Tue", "Wed"];
    let week = |n: u64| {
        weekdays
            .iter()
            .enumerate()
            .map(|(i, d)| (*d, n + i as u64 % 3))
            .collect::<Vec<_>>()
    };
    columns.push(categorical("weekday", 0.003, &week(620), &week(105)));
    let coin = |u: &mut Uniform| f64::from(u8::from(u.next() < 0.68));
    columns.push(numeric(
        "workingday",
        "Integral",
        0.0011,
        make(n, &mut |u| coin(u)),
        make(m, &mut |u| coin(u)),
    ));
    columns.push(numeric(
        "hr",
        "Integral",
        0.0004,
        make(n, &mut |u| (u.next() * 24.0).floor()),
        make(m, &mut |u| (u.next() * 24.0).floor()),
    ));
    columns[7].row.missing = "0.4%".to_owned();
    columns[1].card.summary = "Moved up: the median went from 0.42 to 0.74, and 2.1% of the rows lie above anything the baseline saw.".to_owned();
    columns[3].card.summary = "Only summer is left; it was 6.4% of the baseline.".to_owned();
    let mut rows: Vec<ColumnRow> = columns.iter().map(|c| c.row.clone()).collect();
    rows.push(ColumnRow {
        name: "holiday".to_owned(),
        inferred_type: "Unknown".to_owned(),
        status: Status::NotEvaluated,
        distance: String::new(),
        p_value: String::new(),
        missing: "100%".to_owned(),
        chart: None,
    });
    ReportModel {
        title: "bike-demand / AllTraffic".to_owned(),
        subtitle: "1 July 2011 00:00 to 1 August 2011 00:00 UTC".to_owned(),
        status: Status::Violated,
        headline: "7 of 14 columns have drifted from the baseline and 1 is empty; predictions drifted most."
            .to_owned(),
        facts: vec![
            Fact::new("Window", "31 days").noted("hour layout, 744 objects"),
            Fact::new("Rows", count(741)).noted("one per record"),
            Fact::new("Baseline", "first half of 2011").noted("4,344 rows, document version 1"),
            Fact::new("Software", "driftline 0.1.0"),
        ],
        findings: bike_findings(),
        changes: columns.iter().take(10).map(|c| c.card.clone()).collect(),
        distance_heading: "PSI".to_owned(),
        columns: rows,
        health: bike_health(),
        schema_changes: vec![
            SchemaChange {
                column: "holiday".to_owned(),
                what: "became empty: Integral in the baseline".to_owned(),
                detail: "every one of 741 cells is missing".to_owned(),
            },
            SchemaChange {
                column: "promo_code".to_owned(),
                what: "new column: String".to_owned(),
                detail: "first seen in 2011/07/14/09/part-0.jsonl, line 3".to_owned(),
            },
        ],
        not_evaluated: vec![
            NotEvaluated {
                what: "holiday, drift".to_owned(),
                reason: "no value in the window.".to_owned(),
                remedy: "Check whether the client still sends it.".to_owned(),
            },
            NotEvaluated {
                what: "Model quality".to_owned(),
                reason: "no ground truth was given.".to_owned(),
                remedy: "Pass labels by event id.".to_owned(),
            },
        ],
        methods: bike_methods(),
        footer: vec![
            "Made by driftline 0.1.0 from verdict.json. Every number on this page is in that document."
                .to_owned(),
            "Data: UCI 275 Bike Sharing, CC BY 4.0.".to_owned(),
        ],
    }
}

fn bike_findings() -> Vec<Finding> {
    use Severity::{Critical, Notice, Warning};
    let drift = |severity, column: &str, value: &str| {
        finding(
            severity,
            column,
            &format!("The distribution of {column} has left the baseline."),
            value,
            "0.2",
        )
    };
    let mut out = vec![
        drift(Critical, "prediction", "2.41"),
        drift(Critical, "temp", "1.92"),
        drift(Critical, "atemp", "1.71"),
        drift(Critical, "season", "1.64"),
        drift(Critical, "mnth", "1.58"),
        drift(Warning, "casual", "0.63"),
        drift(Warning, "registered", "0.31"),
    ];
    out.insert(
        1,
        Finding {
            check: "completeness_check".to_owned(),
            derivation: "the baseline had no missing value".to_owned(),
            remedy: "Find out why the client stopped sending it, or drop it from the schema.".to_owned(),
            ..finding(
                Critical,
                "holiday",
                "Every value is missing; the baseline had all of them.",
                "0%",
                "100%",
            )
        },
    );
    out.push(Finding {
        check: "extra_column_check".to_owned(),
        value: String::new(),
        limit: String::new(),
        derivation: String::new(),
        remedy: String::new(),
        ..finding(
            Notice,
            "promo_code",
            "This column is not in the baseline.",
            "",
            "",
        )
    });
    out
}

fn bike_health() -> Health {
    let mut u = Uniform(7);
    let bars = (0..744)
        .map(|hour| {
            let (day, hour) = (hour / 24, hour % 24);
            let rejected = u64::from(day == 13 && hour < 3);
            let n_decoded = if day == 20 && (4..16).contains(&hour) {
                0
            } else {
                1 + (u.next() * 1.4) as u64
            };
            VolumeBar {
                label: format!("July {}", day + 1),
                n_decoded,
                n_rejected: rejected * 2,
            }
        })
        .collect();
    let reject = |reason: &str, n: &str, share: &str, example: &str| RejectRow {
        reason: reason.to_owned(),
        count: n.to_owned(),
        share: share.to_owned(),
        example: example.to_owned(),
    };
    Health {
        summary:
            "747 lines were read, 741 decoded and 6 rejected (0.8%); 2 events came twice and count once."
                .to_owned(),
        counts: vec![
            Fact::new("Lines", "747"),
            Fact::new("Decoded", "741"),
            Fact::new("Rejected", "6").noted("0.8% of lines"),
            Fact::new("Duplicates", "2").noted("counted once"),
            Fact::new("One-sided", "0").noted("input or output only"),
            Fact::new("Objects", "744").noted("438 kB"),
        ],
        rejects: vec![
            reject(
                "wrong number of fields",
                "4",
                "0.54%",
                "bike-demand/AllTraffic/2011/07/14/00/part-0.jsonl, line 2, byte 611",
            ),
            reject(
                "truncated last line",
                "2",
                "0.27%",
                "bike-demand/AllTraffic/2011/07/14/02/part-0.jsonl, line 3, byte 1,204",
            ),
        ],
        columns: vec![
            ColumnHealth {
                column: "holiday".to_owned(),
                missing_baseline: "0%".to_owned(),
                missing_current: "100%".to_owned(),
                types: "no present cell".to_owned(),
            },
            ColumnHealth {
                column: "hum".to_owned(),
                missing_baseline: "0%".to_owned(),
                missing_current: "0.4%".to_owned(),
                types: "99.6% Fractional, 0.4% missing".to_owned(),
            },
        ],
        volume: Some(Volume {
            unit: ("hour".to_owned(), "hours".to_owned()),
            bars,
        }),
        notes: vec!["12 hours of 21 July have no record at all; capture may have stopped.".to_owned()],
    }
}

fn bike_methods() -> Vec<Method> {
    let method = |name: &str, description: &str, limit: &str, derivation: &str| Method {
        name: name.to_owned(),
        description: description.to_owned(),
        limit: limit.to_owned(),
        derivation: derivation.to_owned(),
    };
    vec![
        method(
            "Population stability index (PSI)",
            "Sum over bins of (current − baseline) × ln(current / baseline), on ten baseline quantile bins frozen with the baseline, with bins of their own for missing, NaN and infinities. Half a row is added to every bin.",
            "0.2",
            "house default, practical threshold; also has to exceed what chance gives at this n",
        ),
        method(
            "Jensen–Shannon",
            "Distance, base 2, on the same bins.",
            "0.1",
            "house default",
        ),
        method(
            "L-infinity",
            "Largest difference between the two cumulative distributions; exact.",
            "",
            "",
        ),
        method(
            "Decision",
            "A column has drifted when a distance passes its limit and the difference is too large to be chance, with Benjamini–Hochberg over the columns of the run.",
            "",
            "",
        ),
    ]
}

/// `n` columns, each with a card, a chart and a finding.
pub(crate) fn wide(n: usize) -> ReportModel {
    let mut u = Uniform(n as u64);
    let mut model = ReportModel {
        title: "wide-model / AllTraffic".to_owned(),
        subtitle: "20 November 2026 00:00 to 21 November 2026 00:00 UTC".to_owned(),
        status: Status::Violated,
        distance_heading: "PSI".to_owned(),
        ..ReportModel::default()
    };
    for idx in 0..n {
        let shift = 1.4 * (1.0 - idx as f64 / n as f64).powi(2);
        let baseline: Vec<f64> = (0..300).map(|_| 50.0 + 18.0 * u.bell()).collect();
        let current: Vec<f64> = (0..200).map(|_| 50.0 + 18.0 * (u.bell() + shift)).collect();
        let made = numeric(
            &format!("customer_feature_{idx:04}_rolling_mean_7d"),
            "Fractional",
            shift,
            baseline,
            current,
        );
        if made.row.status == Status::Violated {
            model.findings.push(finding(
                Severity::Warning,
                &made.row.name,
                "Its distribution has left the baseline.",
                &made.row.distance,
                "0.2",
            ));
            model.changes.push(made.card);
        }
        model.columns.push(made.row);
    }
    let n_drifted = model.changes.len() as u64;
    model.headline = format!(
        "{} of {} have drifted ({}).",
        count(n_drifted),
        plural(n as u64, "column", "columns"),
        percent(n_drifted as f64 / n.max(1) as f64)
    );
    model
}

/// Text that tries to break out: markup, quotes, right-to-left names, control characters, 500-character names.
pub(crate) fn hostile() -> ReportModel {
    let evil = "<script>alert('x')</script>\"&' onload=\"";
    let names = [
        evil.to_owned(),
        "درجة الحرارة".to_owned(),
        "\u{202e}gnp.exe".to_owned(),
        "\u{1b}[31mred\u{0}\r\n".to_owned(),
        "温度センサー湿度".repeat(12),
        "🚲".repeat(500),
        "x".repeat(500),
        "\"".repeat(500),
        String::new(),
        "{{ model.title }} {% endif %}".to_owned(),
    ];
    let mut model = bike();
    model.title = evil.to_owned();
    model.headline = format!("{evil} {}", "word ".repeat(400));
    model.footer = vec![evil.to_owned()];
    for name in &names {
        let labels = [(name.as_str(), 3), (evil, 4)];
        let made = categorical(name, 3.0, &labels, &labels[..1]);
        model.findings.insert(
            0,
            Finding {
                check: name.clone(),
                remedy: name.clone(),
                ..finding(Severity::Critical, name, name, name, name)
            },
        );
        model.columns.insert(
            0,
            ColumnRow {
                p_value: name.clone(),
                ..made.row
            },
        );
        model.changes.insert(0, made.card);
        model
            .facts
            .push(Fact::new(name.clone(), name.clone()).noted(name.clone()));
        model.not_evaluated.push(NotEvaluated {
            what: name.clone(),
            reason: name.clone(),
            remedy: name.clone(),
        });
        model.schema_changes.push(SchemaChange {
            column: name.clone(),
            what: name.clone(),
            detail: name.clone(),
        });
        model.health.rejects.push(RejectRow {
            reason: name.clone(),
            count: name.clone(),
            share: name.clone(),
            example: name.clone(),
        });
    }
    if let Some(volume) = &mut model.health.volume {
        volume.unit = (evil.to_owned(), evil.to_owned());
        volume.bars.iter_mut().for_each(|bar| bar.label = evil.to_owned());
    }
    model
}
