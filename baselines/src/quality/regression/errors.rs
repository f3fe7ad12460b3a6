//! Means of errors, and R².
//!
//! e = prediction − label, y the label, weighted means throughout.
//! - MAE mean |e|, MSE mean e², RMSE √MSE, bias mean e; MAPE mean |e|/|y| over rows with y ≠ 0 (a share, not percent).
//! - R² = 1 − Σwe²/Σw(y − ȳ)². First-order variance Σw²(e² − (1 − R²)(y − ȳ)²)²/(Σw(y − ȳ)²)²: moving ȳ has no
//!   first-order effect.
//!
//! Does not know quantiles.

use super::Row;
use crate::quality::interval::normal;
use crate::quality::result::{MetricValue, NotComputable};

type Outcome = Result<MetricValue, NotComputable>;

/// The weighted mean of `loss`, with variance Σw²(l − mean)²/(Σw)².
pub(super) fn mean(rows: &[Row], z: f64, loss: impl Fn(&Row) -> f64) -> MetricValue {
    let all: f64 = rows.iter().map(|row| row.weight).sum();
    let mean = rows.iter().map(|row| row.weight * loss(row)).sum::<f64>() / all;
    let squares: f64 = rows
        .iter()
        .map(|row| (row.weight * (loss(row) - mean)).powi(2))
        .sum();
    normal(mean, squares / (all * all), z, rows.len() as u64)
}

fn not_negative(metric: MetricValue) -> MetricValue {
    MetricValue {
        low: metric.low.max(0.0),
        ..metric
    }
}

pub(super) fn mae(rows: &[Row], z: f64) -> MetricValue {
    not_negative(mean(rows, z, |row| row.residual().abs()))
}

pub(super) fn mse(rows: &[Row], z: f64) -> MetricValue {
    not_negative(mean(rows, z, |row| row.residual().powi(2)))
}

/// The root of the MSE and of the ends of its interval.
pub(super) fn rmse(mse: MetricValue) -> MetricValue {
    MetricValue {
        value: mse.value.sqrt(),
        low: mse.low.sqrt(),
        high: mse.high.sqrt(),
        ..mse
    }
}

pub(super) fn bias(rows: &[Row], z: f64) -> MetricValue {
    mean(rows, z, Row::residual)
}

pub(super) fn mape(rows: &[Row], z: f64) -> Outcome {
    let with_size: Vec<Row> = rows.iter().copied().filter(|row| row.label != 0.0).collect();
    if with_size.is_empty() {
        return Err(NotComputable::AllLabelsZero);
    }
    let relative = |row: &Row| (row.residual() / row.label).abs();
    Ok(not_negative(mean(&with_size, z, relative)))
}

pub(super) fn r2(rows: &[Row], z: f64) -> Outcome {
    let all: f64 = rows.iter().map(|row| row.weight).sum();
    let centre = rows.iter().map(|row| row.weight * row.label).sum::<f64>() / all;
    let spread: f64 = rows
        .iter()
        .map(|row| row.weight * (row.label - centre).powi(2))
        .sum();
    let is_constant = rows.iter().all(|row| row.label == rows[0].label);
    if is_constant || spread <= 0.0 {
        return Err(NotComputable::ConstantLabel);
    }
    let left: f64 = rows.iter().map(|row| row.weight * row.residual().powi(2)).sum();
    let unexplained = left / spread;
    let variance: f64 = rows
        .iter()
        .map(|row| {
            let influence = row.residual().powi(2) - unexplained * (row.label - centre).powi(2);
            (row.weight * influence / spread).powi(2)
        })
        .sum();
    let found = normal(1.0 - unexplained, variance, z, rows.len() as u64);
    Ok(MetricValue {
        high: found.high.min(1.0),
        ..found
    })
}
