//! Population stability index. Knows no threshold.
//!
//! PSI = Σ (q − p) ln(q/p) over bins, p baseline and q current shares: the symmetrised Kullback–Leibler divergence
//! (H. Jeffreys 1946). Symmetric once the bins are given; 0 for equal shares; unbounded above.
//!
//! House: frozen decile bins and add-half zero rule (`bins`), natural logarithm. A side without any row, null or
//! special value: not computable. All-null against all-null: 0. Constant against the same constant: 0.
//! Evidently, Azure, Scouter, Deepchecks: their bins and zero rules (`peer_bins`). Deequ's has no zero rule and is
//! not part of Model Monitor's checks: not offered.

use super::bins::Binned;
use super::measurement::{Measurement, Outcome};
use super::method::{Convention, Method};
use super::peer_bins::Shares;

fn term(p: f64, q: f64) -> f64 {
    (q - p) * (q / p).ln()
}

/// PSI in the house's bins. `gridded` tells whether a bound is owed.
pub(crate) fn house(binned: &Binned, edges_source: &'static str, gridded: bool) -> Outcome {
    let sum = binned.sum(term);
    let mut measurement = Measurement::of(Method::Psi, Convention::House, sum.value.max(0.0), binned.rows())?;
    measurement.error_bound = gridded.then(|| sum.error_bound(|value| value));
    measurement.parameters = binned.parameters(edges_source, Some("e"));
    Ok(measurement)
}

/// PSI of another maker's shares.
pub(crate) fn peer(convention: Convention, shares: &Shares) -> Outcome {
    let value: f64 = shares.p.iter().zip(&shares.q).map(|(&p, &q)| term(p, q)).sum();
    let mut measurement = Measurement::of(Method::Psi, convention, value, shares.rows)?;
    measurement.parameters = shares.parameters;
    measurement.parameters.log_base = Some("e");
    Ok(measurement)
}
