//! Upper-tail probabilities of reference distributions, from statrs. Does not know which test asks.

use statrs::function::gamma::checked_gamma_ur;

/// P(χ²_k ≥ x).
pub(crate) fn chi_square_survival(x: f64, degrees_of_freedom: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    checked_gamma_ur(0.5 * degrees_of_freedom, 0.5 * x).unwrap_or(0.0).clamp(0.0, 1.0)
}
