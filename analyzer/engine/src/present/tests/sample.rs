//! Judged windows of a made-up bike-share model, from a tiny seeded generator. Judged for real, asserted nowhere here.

use std::collections::BTreeMap;

use baselines::constraint::suggest;
use baselines::judge::{
    BaselineOrigin, BaselineSource, BaselineView, HourVolume, ObjectRead, Policy, Records, Run, Software,
    Verdict, Window, judge,
};
use baselines::summary::{
    CategoricalSummary, CellCounts, ColumnSummary, DatasetSummary, Distinct, NumericSummary, Position,
    WeightedPoints,
};
use baselines::view::CellClass;

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

    fn bell(&mut self, mean: f64, spread: f64) -> f64 {
        mean + spread * ((0..6).map(|_| self.next()).sum::<f64>() / 3.0 - 1.0)
    }
}

fn column(name: &str, counts: CellCounts) -> ColumnSummary {
    ColumnSummary {
        name: name.to_owned(),
        inferred_type: counts.inferred_type(),
        counts,
        numeric: None,
        categorical: None,
        spans: [None; CellClass::COUNT],
    }
}

fn numbers(name: &str, n: usize, mut draw: impl FnMut() -> f64) -> ColumnSummary {
    let values: Vec<f64> = (0..n).map(|_| draw()).collect();
    let n_fractional = values.iter().filter(|value| value.fract() != 0.0).count() as u64;
    let (n, sum) = (values.len() as u64, values.iter().sum::<f64>());
    let mean = sum / n as f64;
    let std_dev = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n as f64).sqrt();
    let points = WeightedPoints::from_values(values);
    let counts = CellCounts {
        n_integral: n - n_fractional,
        n_fractional,
        ..CellCounts::default()
    };
    let mut found = column(name, counts);
    found.numeric = Some(NumericSummary {
        n,
        sum,
        mean,
        std_dev,
        min: points.values[0],
        max: points.values[points.values.len() - 1],
        distinct: Distinct::Exact(points.values.len() as u64),
        points,
    });
    found
}

fn texts(name: &str, counts: &[(&str, u64)]) -> ColumnSummary {
    let n = counts.iter().map(|(_, count)| count).sum();
    let mut found = column(
        name,
        CellCounts {
            n_text: n,
            ..CellCounts::default()
        },
    );
    let mut counts: Vec<(String, u64)> = counts
        .iter()
        .map(|(value, n)| ((*value).to_owned(), *n))
        .collect();
    counts.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
    found.categorical = Some(CategoricalSummary {
        n,
        distinct: Distinct::Exact(counts.len() as u64),
        counts,
        n_other: 0,
        complete: true,
    });
    found
}

fn data(n_rows: u64, columns: Vec<ColumnSummary>) -> DatasetSummary {
    DatasetSummary { n_rows, columns }
}

fn baseline() -> DatasetSummary {
    let mut u = Uniform(2011);
    let n = 4344;
    let week: Vec<(&str, u64)> = ["Fri", "Mon", "Sat", "Sun", "Thu", "Tue", "Wed"]
        .iter()
        .zip(615..)
        .map(|(day, n)| (*day, n))
        .collect();
    data(
        n as u64,
        vec![
            numbers("hr", n, || (u.next() * 24.0).floor()),
            numbers("temp", n, || (u.bell(0.42, 0.3) * 50.0).round() / 50.0),
            numbers("hum", n, || (u.bell(0.63, 0.25) * 100.0).round() / 100.0),
            numbers("windspeed", n, || (u.next() * u.next() * 0.7 * 1e4).round() / 1e4),
            texts("season", &[("spring", 1906), ("winter", 2160), ("summer", 278)]),
            texts(
                "weathersit",
                &[
                    ("clear", 2743),
                    ("cloudy", 1129),
                    ("light rain", 471),
                    ("storm", 1),
                ],
            ),
            texts("weekday", &week),
            numbers("casual", n, || (u.next() * u.next() * 120.0).floor()),
            numbers("prediction", n, || u.next() * u.next() * 380.0),
        ],
    )
}

fn run() -> Run {
    let objects: Vec<ObjectRead> = (0..48u64)
        .map(|hour| ObjectRead {
            key: format!(
                "bike-demand/AllTraffic/2011/07/{:02}/{:02}/part-0.jsonl",
                1 + hour / 24,
                hour % 24
            ),
            etag: None,
            size_bytes: 6_100 + 13 * hour,
            lines: 10 + u64::from(hour == 14) * 6,
            decoded: 10,
            rejected: u64::from(hour == 14) * 6,
        })
        .collect();
    let hour = |idx: u64| format!("2011-07-{:02}T{:02}:00:00Z", 1 + idx / 24, idx % 24);
    Run {
        software: Software {
            name: "driftline".to_owned(),
            version: "0.1.0".to_owned(),
        },
        window: Window {
            start: Some("2011-07-01T00:00:00Z".to_owned()),
            end: Some("2011-07-03T00:00:00Z".to_owned()),
            first_inference_time: Some("2011-07-01T00:00:12Z".to_owned()),
            last_inference_time: Some("2011-07-02T23:59:41Z".to_owned()),
        },
        baseline: BaselineOrigin {
            location: "baselines/bike-demand/2011-h1".to_owned(),
            source: BaselineSource::Driftline,
            digest: "xxh3:5f1c0a9be2d47c11".to_owned(),
            n_rows: 4344,
        },
        records: Records {
            lines: 486,
            decoded: 480,
            rejected: 6,
            duplicates: 2,
            rows: 480,
            one_sided: 1,
            rejects_by_reason: BTreeMap::from([
                ("truncated_line".to_owned(), 2),
                ("wrong_field_count".to_owned(), 4),
            ]),
            ..Records::default()
        },
        objects,
        volume: (0..48)
            .filter(|hour| !(28..34).contains(hour))
            .map(|idx| HourVolume {
                hour: hour(idx),
                rows: 8 + (idx * 7) % 6,
            })
            .collect(),
        capture: None,
    }
}

fn judged(baseline: &DatasetSummary, current: &DatasetSummary, run: Run) -> Verdict {
    let constraints = suggest(baseline).constraints;
    let view = BaselineView {
        constraints: &constraints,
        summary: Some(baseline),
        evidence: &[],
        house_edges: None,
        calibration: None,
    };
    judge(current, &view, run, &Policy::default())
}

/// A summer window against a winter baseline: drift of numbers and categories, missing values, an unseen category,
/// NaN, a new and an absent column, rejects.
pub(super) fn bike() -> Verdict {
    let mut u = Uniform(77);
    let n = 480;
    let week: Vec<(&str, u64)> = ["Fri", "Mon", "Sat", "Sun", "Thu", "Tue", "Wed"]
        .iter()
        .zip(66..)
        .map(|(day, n)| (*day, n))
        .collect();
    let mut hum = numbers("hum", n - 24, || (u.bell(0.62, 0.25) * 100.0).round() / 100.0);
    hum.counts.n_missing = 24;
    let mut windspeed = numbers("windspeed", n - 3, || {
        (u.next() * u.next() * 0.7 * 1e4).round() / 1e4
    });
    windspeed.counts.n_nan = 2;
    windspeed.counts.n_positive_infinity = 1;
    let mut promo = texts("promo_code", &[("SUMMER11", 90), ("private-code", 3)]);
    promo.counts.n_missing = 387;
    let at = |object_idx, line| Position { object_idx, line };
    promo.spans[CellClass::Missing as usize] = Some((at(0, 1), at(33, 10)));
    promo.spans[CellClass::Text as usize] = Some((at(34, 3), at(47, 10)));
    let current = data(
        n as u64,
        vec![
            numbers("hr", n, || (u.next() * 24.0).floor()),
            numbers("temp", n, || (u.bell(0.74, 0.14) * 50.0).round() / 50.0),
            hum,
            windspeed,
            texts("season", &[("summer", 480)]),
            texts(
                "weathersit",
                &[("clear", 340), ("cloudy", 98), ("light rain", 30), ("hail", 12)],
            ),
            texts("weekday", &week),
            numbers("prediction", n, || 40.0 + u.next() * u.next().sqrt() * 560.0),
            promo,
        ],
    );
    judged(&baseline(), &current, run())
}

/// The same data again.
pub(super) fn calm() -> Verdict {
    let baseline = baseline();
    let mut run = run();
    run.records = Records {
        lines: 4344,
        decoded: 4344,
        rows: 4344,
        ..Records::default()
    };
    run.objects.iter_mut().for_each(|object| object.rejected = 0);
    judged(&baseline, &baseline, run)
}

/// No object, no line, no row.
pub(super) fn empty() -> Verdict {
    judged(&baseline(), &data(0, Vec::new()), Run::default())
}

/// `n` columns, a tenth of them drifted, a tenth with too few values.
pub(super) fn wide(n: usize) -> Verdict {
    let mut u = Uniform(5);
    let mut columns = |n_rows: usize, shift: f64| -> Vec<ColumnSummary> {
        let name = |idx: usize| format!("customer_feature_{idx:04}_rolling_mean_7d");
        (0..n)
            .map(|idx| {
                let (moved, few) = (f64::from(u8::from(idx % 10 == 3)), idx % 10 == 7 && shift > 0.0);
                let n_present = if few { 12 } else { n_rows };
                let mut made = numbers(&name(idx), n_present, || {
                    u.bell(50.0 + shift * moved * (1 + idx % 7) as f64, 18.0)
                });
                made.counts.n_missing = (n_rows - n_present) as u64;
                made
            })
            .collect()
    };
    let (baseline, current) = (data(300, columns(300, 0.0)), data(200, columns(200, 4.0)));
    judged(&baseline, &current, run())
}
