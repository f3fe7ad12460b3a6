//! Categories of several windows together.
//!
//! Does not know numbers.

use super::merge::{ColumnMerge, DistinctBounds, NotMergeable, total};
use crate::summary::CategoricalSummary;
use std::collections::BTreeMap;

/// Merges the categories of windows that have some.
pub(super) fn merge(
    parts: &[&CategoricalSummary],
) -> Result<(CategoricalSummary, ColumnMerge), NotMergeable> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for (text, count) in parts.iter().flat_map(|part| &part.counts) {
        let sum = counts.entry(text).or_default();
        *sum = total([*sum, *count].into_iter())?;
    }
    let complete = parts.iter().all(|part| part.complete);
    let n_other = total(parts.iter().map(|part| part.n_other))?;
    let distinct = if complete {
        DistinctBounds::exactly(counts.len() as u64)
    } else {
        let union = DistinctBounds::of_union(parts.iter().map(|part| part.distinct));
        DistinctBounds {
            at_least: union.at_least.max(counts.len() as u64),
            at_most: union.at_most.max(counts.len() as u64),
        }
    };
    let mut counts: Vec<(String, u64)> = counts
        .into_iter()
        .map(|(text, count)| (text.to_owned(), count))
        .collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let categorical = CategoricalSummary {
        n: total(parts.iter().map(|part| part.n))?,
        distinct: distinct.distinct(),
        counts,
        n_other,
        complete,
    };
    Ok((
        categorical,
        ColumnMerge {
            distinct,
            category_shortfall: n_other,
        },
    ))
}
