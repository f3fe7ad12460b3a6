//! Hellinger distance. Knows no threshold.
//!
//! H = √(½ Σ (√p − √q)²) = √(1 − Σ √(pq)) for shares that add up to 1 (E. Hellinger 1909). Symmetric, a metric,
//! in [0, 1]; 1 for disjoint supports.
//!
//! House: frozen bins and add-half zero rule (`bins`), companion `unsmoothed` of the plain shares; edge cases as for
//! PSI. NannyML: its bins, first form. Evidently: second form; numeric by Sturges over the distinct pooled values, as
//! densities within the edges.

use super::bins::Binned;
use super::measurement::{Measurement, Outcome};
use super::method::{Convention, Method};
use super::peer_bins::Shares;

fn term(p: f64, q: f64) -> f64 {
    0.5 * (p.sqrt() - q.sqrt()).powi(2)
}

fn distance(squared: f64) -> f64 {
    squared.clamp(0.0, 1.0).sqrt()
}

/// Distance in the house's bins.
pub(crate) fn house(binned: &Binned, edges_source: &'static str, gridded: bool) -> Outcome {
    let sum = binned.sum(term);
    let mut measurement = Measurement::of(
        Method::Hellinger,
        Convention::House,
        distance(sum.value),
        binned.rows(),
    )?;
    measurement.error_bound = gridded.then(|| sum.error_bound(distance));
    measurement.parameters = binned.parameters(edges_source, None);
    Ok(measurement.with_companion("unsmoothed", distance(binned.plain_sum(term))))
}

/// Distance of another maker's shares.
pub(crate) fn peer(convention: Convention, shares: &Shares) -> Outcome {
    let pairs = shares.p.iter().zip(&shares.q);
    let value = if convention == Convention::Evidently {
        distance(1.0 - pairs.map(|(p, q)| (p * q).sqrt()).sum::<f64>())
    } else {
        pairs.map(|(&p, &q)| term(p, q)).sum::<f64>().sqrt()
    };
    let mut measurement = Measurement::of(Method::Hellinger, convention, value, shares.rows)?;
    measurement.parameters = shares.parameters;
    Ok(measurement)
}
