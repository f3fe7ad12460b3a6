//! Over many windows: which column's drift goes along with the change of a metric.
//!
//! NannyML 0.13.1 `CorrelationRanker`: Pearson's r between a column's drift and |metric − its mean over the baseline's
//! windows|, over the windows that have both. A correlation over few windows is weak evidence, so the p-value stands
//! beside it. Does not know drift methods.

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::compare::NotComputable;

/// Fewest windows for a p-value.
const MIN_WINDOWS: u64 = 3;

/// One column's correlation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DriftCorrelation {
    /// Position of the column.
    pub column: usize,
    /// Pearson's r, −1 to 1.
    pub correlation: f64,
    /// Two-sided p-value under bivariate normality (Student's t with n − 2 degrees of freedom).
    pub p_value: f64,
    /// Windows that entered.
    pub n_windows: u64,
}

/// Ranks columns, the highest correlation first; columns without one come last, in their order.
///
/// `drift[column][window]` and `metric[window]` may lack values. `baseline_mean` is the metric's mean over the
/// baseline's windows.
pub fn rank_by_correlation(
    drift: &[&[Option<f64>]],
    metric: &[Option<f64>],
    baseline_mean: f64,
) -> Vec<Result<DriftCorrelation, NotComputable>> {
    let mut ranked: Vec<Result<DriftCorrelation, NotComputable>> = drift
        .iter()
        .enumerate()
        .map(|(column, values)| correlate(column, values, metric, baseline_mean))
        .collect();
    let key = |result: &Result<DriftCorrelation, NotComputable>| {
        result
            .as_ref()
            .map_or(f64::NEG_INFINITY, |found| found.correlation)
    };
    ranked.sort_by(|left, right| key(right).total_cmp(&key(left)));
    ranked
}

fn correlate(
    column: usize,
    drift: &[Option<f64>],
    metric: &[Option<f64>],
    baseline_mean: f64,
) -> Result<DriftCorrelation, NotComputable> {
    if drift.len() != metric.len() {
        return Err(NotComputable::Malformed);
    }
    let both: Vec<(f64, f64)> = drift
        .iter()
        .zip(metric)
        .filter_map(|(drift, metric)| Some(((*drift)?, ((*metric)? - baseline_mean).abs())))
        .filter(|(drift, change)| drift.is_finite() && change.is_finite())
        .collect();
    let n_windows = both.len() as u64;
    if n_windows < MIN_WINDOWS {
        return Err(NotComputable::TooFew { needed: MIN_WINDOWS });
    }
    let n = n_windows as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| both.iter().map(of).sum::<f64>() / n;
    let (mean_x, mean_y) = (mean(|pair| pair.0), mean(|pair| pair.1));
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (x, y) in &both {
        xx += (x - mean_x).powi(2);
        yy += (y - mean_y).powi(2);
        xy += (x - mean_x) * (y - mean_y);
    }
    let correlation = (xy / (xx * yy).sqrt()).clamp(-1.0, 1.0);
    if correlation.is_nan() {
        return Err(NotComputable::NoSpread);
    }
    let t = correlation * ((n - 2.0) / (1.0 - correlation * correlation)).sqrt();
    let p_value = if t.is_finite() {
        let student = StudentsT::new(0.0, 1.0, n - 2.0).map_err(|_| NotComputable::NoSpread)?;
        (2.0 * student.sf(t.abs())).min(1.0)
    } else {
        0.0
    };
    Ok(DriftCorrelation {
        column,
        correlation,
        p_value,
        n_windows,
    })
}
