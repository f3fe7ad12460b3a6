//! Sample models for tests and for looking at: a bike-share month, two thousand columns, hostile text.
//!
//! Distances and p-values here are made-up text; only the pictures are computed, from a tiny seeded generator.

mod bike;

use super::bins::{Sample, categories, histogram};
use super::format::{count, number, percent, plural};
use super::model::{
    ChangeCard, Chart, ColumnRow, Comparison, Distance, Fact, Finding, NotEvaluated, RejectRow, ReportModel,
    SchemaChange, Severity, Status,
};

pub(crate) use bike::bike;

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
        detectable: "0.12 sd".to_owned(),
        missing: "0%".to_owned(),
        chart: chart.clone(),
    };
    let distance = |name: &str, value: f64, limit: f64| Distance {
        name: name.to_owned(),
        value: number(value),
        note: format!(
            "{} {}",
            if value > limit { "over" } else { "within" },
            number(limit)
        ),
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
                note: String::new(),
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
                ..finding(Severity::Violation, name, name, name, name)
            },
        );
        model.columns.insert(
            0,
            ColumnRow {
                p_value: name.clone(),
                detectable: name.clone(),
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
