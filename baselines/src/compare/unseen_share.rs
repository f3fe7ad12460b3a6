//! Share of current rows whose category the baseline never had. Knows no threshold.
//!
//! Present rows only. 0 for identical samples, 1 for disjoint supports; not symmetric. Where the baseline's own rare
//! categories are known only as a sum, a current category that is not listed may be one of them: the bound says how
//! many rows that concerns. Empty current side: not computable.

use super::categories::CategoryCounts;
use super::measurement::{Measurement, NotComputable, Outcome};
use super::method::{Convention, Method};

/// The share.
pub(crate) fn measure(baseline: &CategoryCounts, current: &CategoryCounts) -> Outcome {
    let rows = [baseline.n(), current.n()];
    if rows[0] == 0 {
        return Err(NotComputable::EmptyBaseline);
    }
    if rows[1] == 0 {
        return Err(NotComputable::EmptyCurrent);
    }
    let listed: u64 = baseline
        .joined(current)
        .iter()
        .filter(|category| category.baseline == 0)
        .map(|category| category.current)
        .sum();
    let unseen = (listed + current.n_other()) as f64 / rows[1] as f64;
    let mut measurement = Measurement::of(Method::UnseenShare, Convention::House, unseen, rows)?;
    if baseline.n_other() > 0 {
        measurement.error_bound = Some(unseen);
    }
    Ok(measurement)
}
