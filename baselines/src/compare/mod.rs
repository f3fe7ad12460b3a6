//! How far a current sample is from its baseline: distances and hypothesis tests, one per file.
//!
//! [`compare_numeric`] works on sorted weighted points, exact or counted on a grid; [`compare_categorical`] on counts
//! by category. Each answers a [`Measurement`], or [`NotComputable`] with its reason; never NaN, never a panic.
//! A `baseline` argument always stands before `current`. Measuring knows no threshold: what is too far is the judge's
//! question. Which method × convention exists, its source and where we differ from its maker: `docs/methods.md`.

mod method;
mod measurement;
mod categories;
mod cells;
mod bins;
mod ks;
mod l_infinity;
mod psi;
mod jensen_shannon;
mod chi_square;
mod binomial;
mod kolmogorov;
mod tail;
pub mod tolerance;
#[cfg(test)]
mod tests;

pub use bins::house_edges;
pub use categories::CategoryCounts;
pub use cells::regrid;
pub use l_infinity::l_infinity_rank_map;
pub use measurement::{Companion, Measurement, NotComputable, Outcome, Parameters};
pub use method::{Convention, Method, UnknownName};

use crate::summary::{CellCounts, WeightedPoints};

/// What a comparison may need besides the two samples. `Context::default()` knows nothing, and is enough where the
/// samples say it all.
#[derive(Debug, Clone, Copy, Default)]
pub struct Context<'a> {
    /// All cells of the baseline column: null, NaN and ±∞ have bins of their own in the house convention.
    pub baseline_cells: Option<&'a CellCounts>,
    /// All cells of the current column.
    pub current_cells: Option<&'a CellCounts>,
    /// The edges frozen with the baseline ([`house_edges`]); without them they are taken from its points.
    pub house_edges: Option<&'a [f64]>,
    /// Significance level of L-infinity Robust; without it Deequ's critical value 1.8.
    pub robust_alpha: Option<f64>,
}

/// Compares two numeric samples.
pub fn compare_numeric(
    method: Method,
    convention: Convention,
    baseline: &WeightedPoints,
    current: &WeightedPoints,
    context: &Context<'_>,
) -> Outcome {
    use Convention::{House, Sagemaker, Scipy};
    let gridded = !(baseline.is_exact() && current.is_exact());
    let binned = || {
        let cells = [context.baseline_cells, context.current_cells];
        bins::bin_numeric(baseline, current, context.house_edges, cells)
    };
    match (method, convention) {
        (Method::KolmogorovSmirnov, House | Scipy) => ks::measure(baseline, current),
        (Method::LInfinity | Method::LInfinityRobust, House | Sagemaker) => {
            l_infinity::numeric(method, Sagemaker, context.robust_alpha, baseline, current)
        }
        (Method::Psi, House) => psi::house(&binned()?, DECILES, gridded),
        (Method::JensenShannon, House) => jensen_shannon::house(&binned()?, DECILES, gridded),
        (Method::ChiSquare | Method::GTest | Method::FisherExact | Method::ZTest | Method::CramersV | Method::UnseenShare, _) => {
            Err(NotComputable::NotForThisType)
        }
        _ => Err(NotComputable::NotInConvention),
    }
}

/// Compares two categorical samples.
pub fn compare_categorical(
    method: Method,
    convention: Convention,
    baseline: &CategoryCounts,
    current: &CategoryCounts,
    context: &Context<'_>,
) -> Outcome {
    use Convention::{House, Sagemaker, Scipy};
    let binned = || bins::bin_categorical(baseline, current, [context.baseline_cells, context.current_cells]);
    match (method, convention) {
        (Method::LInfinity | Method::LInfinityRobust, House | Sagemaker) => {
            l_infinity::categorical(method, Sagemaker, context.robust_alpha, baseline, current)
        }
        (Method::ChiSquare, House | Scipy) => chi_square::homogeneity(baseline, current),
        (Method::ChiSquare, Sagemaker) => chi_square::sagemaker(baseline, current),
        (Method::Psi, House) => psi::house(&binned()?, CATEGORIES, false),
        (Method::JensenShannon, House) => jensen_shannon::house(&binned()?, CATEGORIES, false),
        _ => Err(NotComputable::NotInConvention),
    }
}

const DECILES: &str = "baseline deciles (R-7), frozen";
const CATEGORIES: &str = "baseline categories, OTHER, NULL";
