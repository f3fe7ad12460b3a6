//! Energy distance. Knows no threshold.
//!
//! E = √(2 ∫ (F − G)² dx) (G. J. Székely, M. L. Rizzo 2013), SciPy's `energy_distance`, in the square root of the
//! column's units. Symmetric, 0 only for equal samples. Evidently reports the same number, unscaled.
//! Empty side: not computable. Grid counts: bound as for Wasserstein, with squared extremes.

use super::cells::NumericPair;
use super::measurement::{Measurement, NotComputable, Outcome};
use super::method::{Convention, Method};
use super::wasserstein::Integral;

/// SciPy's energy distance.
pub(crate) fn measure(convention: Convention, pair: &NumericPair<'_>) -> Outcome {
    let rows = pair.rows;
    let integral = Integral::of(pair.cells()?, rows, |difference| difference * difference);
    let distance = |squared: f64| (2.0 * squared.max(0.0)).sqrt();
    let mut measurement = Measurement::of(Method::Energy, convention, distance(integral.value), rows)?;
    if pair.is_gridded() {
        measurement.error_bound = Some(integral.error_bound(distance).ok_or(NotComputable::Infinite)?);
    }
    Ok(measurement)
}
