//! Kullback–Leibler divergence. Knows no threshold.
//!
//! KL = Σ p ln(p/q), p baseline and q current shares, in nats (S. Kullback, R. A. Leibler 1951). Not symmetric;
//! 0 for equal shares; unbounded above.
//!
//! House: frozen bins and add-half zero rule (`bins`); edge cases as for PSI. Evidently: its bins and zero rule, then
//! renormalised by SciPy's `entropy`.

use super::bins::Binned;
use super::measurement::{Measurement, Outcome};
use super::method::{Convention, Method};
use super::peer_bins::Shares;

/// p ln(p/q) − p + q: adds up to KL where both sides add up to 1, and is nowhere negative.
fn term(p: f64, q: f64) -> f64 {
    p * (p / q).ln() - p + q
}

/// KL in the house's bins.
pub(crate) fn house(binned: &Binned, edges_source: &'static str, gridded: bool) -> Outcome {
    let sum = binned.sum(term);
    let mut measurement = Measurement::of(
        Method::KullbackLeibler,
        Convention::House,
        sum.value.max(0.0),
        binned.rows(),
    )?;
    measurement.error_bound = gridded.then(|| sum.error_bound(|value| value));
    measurement.parameters = binned.parameters(edges_source, Some("e"));
    Ok(measurement)
}

/// KL of another maker's shares.
pub(crate) fn peer(convention: Convention, shares: &Shares) -> Outcome {
    let (sum_p, sum_q) = (shares.p.iter().sum::<f64>(), shares.q.iter().sum::<f64>());
    let value: f64 = shares
        .p
        .iter()
        .zip(&shares.q)
        .map(|(&p, &q)| term(p / sum_p, q / sum_q))
        .sum();
    let mut measurement = Measurement::of(Method::KullbackLeibler, convention, value.max(0.0), shares.rows)?;
    measurement.parameters = shares.parameters;
    measurement.parameters.log_base = Some("e");
    Ok(measurement)
}
