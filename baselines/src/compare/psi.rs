//! Population stability index. Knows no threshold.
//!
//! PSI = Σ (q − p) ln(q/p) over bins, p baseline and q current shares: the symmetrised Kullback–Leibler divergence
//! (H. Jeffreys 1946). Symmetric once the bins are given; 0 for equal shares; unbounded above.
//!
//! House: frozen decile bins and add-half zero rule (`bins`), natural logarithm. A side without any row, null or
//! special value: not computable. All-null against all-null: 0. Constant against the same constant: 0.

use super::bins::Binned;
use super::measurement::{Measurement, Outcome};
use super::method::{Convention, Method};

/// PSI in the house's bins. `gridded` tells whether a bound is owed.
pub(crate) fn house(binned: &Binned, edges_source: &'static str, gridded: bool) -> Outcome {
    let sum = binned.sum(|p, q| (q - p) * (q / p).ln());
    Ok(Measurement {
        method: Method::Psi,
        convention: Convention::House,
        statistic: sum.value.max(0.0),
        p_value: None,
        error_bound: gridded.then(|| sum.error_bound(|value| value)),
        n_baseline: binned.n_baseline(),
        n_current: binned.n_current(),
        parameters: binned.parameters(edges_source, Some("e")),
        companions: Vec::new(),
    })
}
