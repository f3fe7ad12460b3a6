//! After the labels: how wrong the estimate was.
//!
//! Does not compute realised metrics; the quality stage does.

use super::estimates::Estimate;

/// An estimate beside the value that the labels gave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EstimateError {
    /// The estimate.
    pub estimated: f64,
    /// The value from labels.
    pub realised: f64,
    /// Estimated − realised, in the metric's unit.
    pub error: f64,
    /// The error in standard errors of sampling; `None` without one, or where it is 0.
    pub standard_errors: Option<f64>,
    /// Whether the realised value lies in the estimate's band; `None` without a band. Outside, chance of sampling
    /// does not explain the difference: concept drift, or labels that are not a random part of the window.
    pub within_band: Option<bool>,
}

/// Compares an estimate with the realised value of the same rows. `None` where `realised` is not finite.
pub fn estimate_error(estimate: &Estimate, realised: f64) -> Option<EstimateError> {
    let error = estimate.value - realised;
    if !error.is_finite() {
        return None;
    }
    let in_errors = estimate
        .sampling_error
        .filter(|one| *one > 0.0)
        .map(|one| error / one);
    let within = |(low, high): (f64, f64)| (low..=high).contains(&realised);
    Some(EstimateError {
        estimated: estimate.value,
        realised,
        error,
        standard_errors: in_errors.filter(|ratio| ratio.is_finite()),
        within_band: estimate.low.zip(estimate.high).map(within),
    })
}
