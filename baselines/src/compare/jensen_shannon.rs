//! Jensen–Shannon divergence and distance. Knows no threshold.
//!
//! JSD = ½ Σ [p log(p/μ) + q log(q/μ)], μ = (p+q)/2 (J. Lin, IEEE Trans. Inf. Theory 37, 1991, eq. 4.1); the distance
//! is its square root. Symmetric, 0 for equal shares; in base 2 both lie in [0, 1].
//!
//! House: statistic = base-2 distance, companion `divergence` = base-2 divergence, in the frozen bins with the
//! add-half zero rule (`bins`). Edge cases as for PSI.

use super::bins::Binned;
use super::measurement::{Companion, Measurement, Outcome};
use super::method::{Convention, Method};

/// Distance and divergence, base 2, in the house's bins.
pub(crate) fn house(binned: &Binned, edges_source: &'static str, gridded: bool) -> Outcome {
    let sum = binned.sum(|p, q| {
        let middle = 0.5 * (p + q);
        0.5 * (p * (p / middle).log2() + q * (q / middle).log2())
    });
    let distance = |divergence: f64| divergence.clamp(0.0, 1.0).sqrt();
    Ok(Measurement {
        method: Method::JensenShannon,
        convention: Convention::House,
        statistic: distance(sum.value),
        p_value: None,
        error_bound: gridded.then(|| sum.error_bound(distance)),
        n_baseline: binned.n_baseline(),
        n_current: binned.n_current(),
        parameters: binned.parameters(edges_source, Some("2")),
        companions: vec![Companion { name: "divergence", value: sum.value.clamp(0.0, 1.0) }],
    })
}
