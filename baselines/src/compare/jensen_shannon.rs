//! Jensen–Shannon divergence and distance. Knows no threshold.
//!
//! JSD = ½ Σ [p log(p/μ) + q log(q/μ)], μ = (p+q)/2 (J. Lin, IEEE Trans. Inf. Theory 37, 1991, eq. 4.1); the distance
//! is its square root. Symmetric, 0 for equal shares; in base 2 both lie in [0, 1].
//!
//! House: statistic = base-2 distance, companions `divergence` = base-2 divergence and `unsmoothed` = the distance of
//! plain shares, in the frozen bins with the add-half zero rule (`bins`). Edge cases as for PSI.
//! Evidently: distance in nats; NannyML, Azure: distance in base 2; TFDV: divergence in base 2. None of them fills
//! zeros; SciPy's `jensenshannon` renormalises the shares, and so do they.

use super::bins::Binned;
use super::measurement::{Measurement, Outcome};
use super::method::{Convention, Method};
use super::peer_bins::Shares;

/// Base 2.
fn term(p: f64, q: f64) -> f64 {
    let middle = 0.5 * (p + q);
    let side = |share: f64| {
        if share > 0.0 {
            share * (share / middle).log2()
        } else {
            0.0
        }
    };
    0.5 * (side(p) + side(q))
}

fn distance(divergence: f64) -> f64 {
    divergence.clamp(0.0, 1.0).sqrt()
}

/// Distance and divergence, base 2, in the house's bins.
pub(crate) fn house(binned: &Binned, edges_source: &'static str, gridded: bool) -> Outcome {
    let sum = binned.sum(term);
    let rows = binned.rows();
    let mut measurement = Measurement::of(
        Method::JensenShannon,
        Convention::House,
        distance(sum.value),
        rows,
    )?;
    measurement.error_bound = gridded.then(|| sum.error_bound(distance));
    measurement.parameters = binned.parameters(edges_source, Some("2"));
    Ok(measurement
        .with_companion("divergence", sum.value.clamp(0.0, 1.0))
        .with_companion("unsmoothed", distance(binned.plain_sum(term))))
}

/// Distance or divergence of another maker's shares.
pub(crate) fn peer(convention: Convention, shares: &Shares) -> Outcome {
    let (sum_p, sum_q) = (shares.p.iter().sum::<f64>(), shares.q.iter().sum::<f64>());
    let divergence: f64 = shares
        .p
        .iter()
        .zip(&shares.q)
        .map(|(&p, &q)| term(p / sum_p, q / sum_q))
        .sum();
    let divergence = divergence.clamp(0.0, 1.0);
    let (value, log_base) = match convention {
        Convention::Evidently => ((divergence * std::f64::consts::LN_2).sqrt(), "e"),
        Convention::Tfdv => (divergence, "2"),
        _ => (divergence.sqrt(), "2"),
    };
    let mut measurement = Measurement::of(Method::JensenShannon, convention, value, shares.rows)?;
    measurement.parameters = shares.parameters;
    measurement.parameters.log_base = Some(log_base);
    Ok(measurement)
}
