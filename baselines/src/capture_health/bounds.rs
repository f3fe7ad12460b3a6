//! Exact bounds for few counts.
//!
//! Does not know what is counted.

use statrs::distribution::{ChiSquared, ContinuousCDF as _};
use statrs::function::beta::{checked_beta_reg, inv_beta_reg};

/// The largest share that `hits` of `n` trials lie above with a confidence of `1 − alpha`: the lower end of the one-sided
/// exact interval (C. J. Clopper, E. S. Pearson, Biometrika 26, 1934), the `alpha` quantile of Beta(hits, n − hits + 1).
///
/// 0 without hits or trials; `hits` above `n` count as `n`.
pub fn lower_limit(hits: u64, n: u64, alpha: f64) -> f64 {
    let hits = hits.min(n);
    if hits == 0 {
        return 0.0;
    }
    let limit = inv_beta_reg(
        hits as f64,
        (n - hits) as f64 + 1.0,
        alpha.clamp(f64::MIN_POSITIVE, 1.0),
    );
    if limit.is_finite() { limit } else { 0.0 }
}

/// The probability that a Poisson count as usual is as small as `current` (`fewer`), or as large, given `n_past` equal periods with `past`
/// events together.
///
/// Given their sum, the current count is binomial with `p = 1 / (n_past + 1)` (J. Przyborowski, H. Wilenski, Biometrika 31,
/// 1940), so that how little the past says is part of the answer. Counts of traffic vary more than Poisson's: both are
/// divided by `dispersion` (at least 1; quasi-likelihood, P. McCullagh, J. A. Nelder, Generalized Linear Models, 1989,
/// §9.2.4, with the binomial tail continued by the incomplete beta function). 1 where nothing can be told.
pub fn conditional_tail(current: u64, past: u64, n_past: u64, dispersion: f64, fewer: bool) -> f64 {
    let scale = dispersion.max(1.0);
    let (x, rest) = (current as f64 / scale, past as f64 / scale);
    if n_past == 0 || !scale.is_finite() || x + rest <= 0.0 {
        return 1.0;
    }
    let p = 1.0 / (n_past as f64 + 1.0);
    // P(X ≤ x) = I_{1−p}(N − x, x + 1) and P(X ≥ x) = I_p(x, N − x + 1); at an end of the range each is certain.
    let found = match fewer {
        true if rest <= 0.0 => return 1.0,
        true => checked_beta_reg(rest, x + 1.0, 1.0 - p),
        false if x <= 0.0 => return 1.0,
        false => checked_beta_reg(x, rest + 1.0, p),
    };
    found.ok().filter(|p| p.is_finite()).unwrap_or(1.0)
}

/// How many times more than Poisson's counts vary at most, with a confidence of 95 %: Pearson's statistic over the
/// `alpha = 0.05` quantile of its χ² (McCullagh and Nelder 1989, §9.2.4). At least 1.
///
/// `cells`: counts that should be equal, such as those of one hour of the week in several weeks. `None` with fewer than
/// three degrees of freedom: nothing is known of how counts vary.
pub fn dispersion_limit(cells: &[Vec<u64>]) -> Option<f64> {
    let (mut statistic, mut freedom) = (0.0, 0u64);
    for cell in cells.iter().filter(|cell| cell.len() >= 2) {
        let mean = cell.iter().sum::<u64>() as f64 / cell.len() as f64;
        if mean > 0.0 {
            statistic += cell.iter().map(|n| (*n as f64 - mean).powi(2)).sum::<f64>() / mean;
            freedom += cell.len() as u64 - 1;
        }
    }
    if freedom < 3 {
        return None;
    }
    let quantile = ChiSquared::new(freedom as f64).ok()?.inverse_cdf(0.05);
    Some((statistic / quantile).max(1.0)).filter(|limit| limit.is_finite())
}
