//! Total variation distance. Knows no threshold.
//!
//! TVD = ½ Σ |p − q|. Symmetric, a metric, in [0, 1]; 1 for disjoint supports.
//!
//! House: plain shares (no zero is ever divided by) in the frozen bins, null and special values included; for
//! categories that is the sum over the union of both sides' values. Edge cases as for PSI. Evidently's TVD is a
//! permutation p-value drawn from NumPy's generator: not offered.

use super::bins::Binned;
use super::measurement::{Measurement, Outcome};
use super::method::{Convention, Method};

/// Distance in the house's bins.
pub(crate) fn house(binned: &Binned, edges_source: &'static str, gridded: bool) -> Outcome {
    let term = |p: f64, q: f64| 0.5 * (p - q).abs();
    let value = binned.plain_sum(term);
    let mut measurement = Measurement::of(
        Method::TotalVariation,
        Convention::House,
        value.min(1.0),
        binned.rows(),
    )?;
    measurement.error_bound = gridded.then(|| binned.plain_limits(term).error_bound(|value| value));
    measurement.parameters = binned.parameters(edges_source, None);
    measurement.parameters.zero_rule = Some("none");
    Ok(measurement)
}
