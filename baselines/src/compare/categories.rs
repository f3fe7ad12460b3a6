//! Counts of categories, sorted by text, as categorical comparisons read them.
//!
//! Does not know how categories were capped or counted (`profile`).

use crate::summary::CategoricalSummary;

/// Rows by category. Categories without rows do not appear.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CategoryCounts {
    counts: Vec<(String, u64)>,
    n_other: u64,
}

impl CategoryCounts {
    /// From values with their counts, in any order; equal values add up. `n_other` rows have values not listed.
    pub fn new(counts: impl IntoIterator<Item = (String, u64)>, n_other: u64) -> Self {
        let mut counts: Vec<(String, u64)> = counts.into_iter().filter(|(_, count)| *count > 0).collect();
        counts.sort_unstable();
        counts.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                earlier.1 = earlier.1.saturating_add(later.1);
            }
            same
        });
        Self { counts, n_other }
    }

    /// From one value per row.
    pub fn from_values<T: Into<String>>(values: impl IntoIterator<Item = T>) -> Self {
        Self::new(values.into_iter().map(|value| (value.into(), 1)), 0)
    }

    /// Categories with their counts, ascending by text.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.counts.iter().map(|(value, count)| (value.as_str(), *count))
    }

    /// Rows of one listed category.
    pub fn get(&self, value: &str) -> u64 {
        self.counts
            .binary_search_by(|(known, _)| known.as_str().cmp(value))
            .map_or(0, |idx| self.counts[idx].1)
    }

    /// Categories listed.
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// Whether there is no row at all.
    pub fn is_empty(&self) -> bool {
        self.n() == 0
    }

    /// Rows whose category is not listed.
    pub fn n_other(&self) -> u64 {
        self.n_other
    }

    /// All rows.
    pub fn n(&self) -> u64 {
        self.counts
            .iter()
            .fold(self.n_other, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// Both tables over the union of their categories, ascending by text.
    pub(crate) fn joined<'a>(&'a self, current: &'a Self) -> Vec<JoinedCategory<'a>> {
        let (mut left, mut right) = (self.iter().peekable(), current.iter().peekable());
        let mut joined = Vec::with_capacity(self.len().max(current.len()));
        loop {
            let order = match (left.peek(), right.peek()) {
                (Some(l), Some(r)) => l.0.cmp(r.0),
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (None, None) => return joined,
            };
            let from_left = if order.is_le() { left.next() } else { None };
            let from_right = if order.is_ge() { right.next() } else { None };
            joined.push(JoinedCategory {
                value: from_left.or(from_right).map_or("", |(value, _)| value),
                baseline: from_left.map_or(0, |(_, count)| count),
                current: from_right.map_or(0, |(_, count)| count),
            });
        }
    }
}

impl From<&CategoricalSummary> for CategoryCounts {
    fn from(summary: &CategoricalSummary) -> Self {
        Self::new(summary.counts.iter().cloned(), summary.n_other)
    }
}

/// One category with its rows on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct JoinedCategory<'a> {
    pub(crate) value: &'a str,
    pub(crate) baseline: u64,
    pub(crate) current: u64,
}
