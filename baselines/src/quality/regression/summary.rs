//! From a regression state to its result. Does not know a formula.

use super::quantile::Sorted;
use super::{RegressionState, Row, errors};
use crate::quality::interval::two_sided_z;
use crate::quality::options::QualityOptions;
use crate::quality::result::{NotComputable, PredictedDecile, Problem, QualityResult, ResidualQuantile};
use crate::quality::sampling::{Draws, MIN_ROWS_FOR_DRAWS, N_DRAWS, standard_deviation};

const PURPOSE_ROWS: u64 = 5;
const METRICS: [&str; 7] = ["mae", "mse", "rmse", "r2", "mape", "median_ae", "bias"];
const PROBABILITIES: [f64; 7] = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99];
const N_DECILES: usize = 10;

pub(super) fn summarize(state: RegressionState, options: &QualityOptions) -> QualityResult {
    let z = two_sided_z(options.confidence);
    let mut result = QualityResult::empty(Problem::Regression, options.confidence, state.counts);
    let mut rows = state.rows;
    let n = rows.len() as u64;
    if n < options.min_labels.max(1) {
        let reason = if n == 0 {
            NotComputable::NoRows
        } else {
            NotComputable::TooFewLabels {
                n,
                minimum: options.min_labels,
            }
        };
        for name in METRICS {
            result.put(name, Err(reason.clone()));
        }
        return result;
    }
    rows.sort_unstable_by(|a, b| {
        let by_prediction = a.prediction.total_cmp(&b.prediction);
        by_prediction
            .then(a.label.total_cmp(&b.label))
            .then(a.weight.total_cmp(&b.weight))
    });
    let mse = errors::mse(&rows, z);
    result.put("mae", Ok(errors::mae(&rows, z)));
    result.put("mse", Ok(mse));
    result.put("rmse", Ok(errors::rmse(mse)));
    result.put("r2", errors::r2(&rows, z));
    result.put("mape", errors::mape(&rows, z));
    result.put("bias", Ok(errors::bias(&rows, z)));
    let absolute = Sorted::new(
        rows.iter()
            .map(|row| (row.residual().abs(), row.weight))
            .collect(),
    );
    result.put("median_ae", Ok(absolute.quantile(0.5, z)));
    drop(absolute);
    let residuals = Sorted::new(rows.iter().map(|row| (row.residual(), row.weight)).collect());
    result.residual_quantiles = PROBABILITIES
        .into_iter()
        .filter_map(|probability| {
            let residual = residuals.quantile(probability, z).checked().ok()?;
            Some(ResidualQuantile {
                probability,
                residual,
            })
        })
        .collect();
    drop(residuals);
    result.predicted_deciles = deciles(&rows, z);
    if options.standard_deviations && n >= MIN_ROWS_FOR_DRAWS {
        draw(&mut result, &rows, options.seed);
    }
    result
}

/// Tenths of the rows by prediction; equal predictions stay together, where the middle of their rows falls.
fn deciles(rows: &[Row], z: f64) -> Vec<PredictedDecile> {
    let all: f64 = rows.iter().map(|row| row.weight).sum();
    let mut groups: Vec<(usize, &[Row])> = Vec::new();
    let mut start = 0;
    let mut below = 0.0;
    for tied in rows.chunk_by(|a, b| a.prediction == b.prediction) {
        let weight: f64 = tied.iter().map(|row| row.weight).sum();
        let decile = ((below + 0.5 * weight) / all * N_DECILES as f64) as usize;
        let end = start + tied.len();
        match groups.last_mut() {
            Some((last, group)) if *last == decile => *group = &rows[end - tied.len() - group.len()..end],
            _ => groups.push((decile, &rows[start..end])),
        }
        below += weight;
        start = end;
    }
    groups
        .into_iter()
        .filter_map(|(_, group)| {
            let mean = |value: fn(&Row) -> f64| errors::mean(group, z, value).checked().ok();
            Some(PredictedDecile {
                lower_bound: group.first()?.prediction,
                upper_bound: group.last()?.prediction,
                n: group.len() as u64,
                mean_prediction: mean(|row| row.prediction)?.value,
                mean_label: mean(|row| row.label)?.value,
                mae: errors::mae(group, z).checked().ok()?,
                bias: errors::bias(group, z).checked().ok()?,
            })
        })
        .collect()
}

/// Model Monitor's standard deviations (contract §4.4).
fn draw(result: &mut QualityResult, rows: &[Row], seed: u64) {
    let mut draws = Draws::new(seed, PURPOSE_ROWS);
    let mut samples: [Vec<Option<f64>>; 4] = std::array::from_fn(|_| Vec::new());
    let mut sample = Vec::with_capacity(rows.len());
    for _ in 0..N_DRAWS {
        sample.clear();
        sample.extend(rows.iter().copied().filter(|_| draws.keep_four_fifths(1) == 1));
        if sample.is_empty() {
            continue;
        }
        let mse = errors::mse(&sample, 1.0);
        let values = [
            Some(errors::mae(&sample, 1.0)),
            Some(mse),
            Some(errors::rmse(mse)),
            errors::r2(&sample, 1.0).ok(),
        ];
        for (drawn, value) in samples.iter_mut().zip(values) {
            drawn.push(value.map(|found| found.value));
        }
    }
    for (name, drawn) in ["mae", "mse", "rmse", "r2"].into_iter().zip(samples) {
        let deviation = standard_deviation(&drawn).filter(|_| result.metrics.contains_key(name));
        if let Some(deviation) = deviation {
            result.standard_deviations.insert(name.to_owned(), deviation);
        }
    }
}
