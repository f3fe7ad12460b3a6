//! Columns cut into few levels, so that a segment is a level of one column or a pair of levels of two.
//!
//! Does not know losses.

use std::collections::BTreeMap;

/// Levels of one column at most; rarer categories share one level.
const MAX_LEVELS: usize = 20;
/// Quantile bins of a numeric column with more distinct values than that.
const NUMERIC_BINS: usize = 5;

/// A column to look for segments in, a value per row.
#[derive(Debug, Clone, Copy)]
pub enum SegmentColumn<'a> {
    /// Numbers, cut at quantiles; NaN and infinities make a level of their own.
    Number(&'a [f64]),
    /// Categories; `None` is a level of its own.
    Category(&'a [Option<&'a str>]),
}

impl SegmentColumn<'_> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Number(values) => values.len(),
            Self::Category(values) => values.len(),
        }
    }
}

/// A column as codes below the number of levels.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Codes {
    pub(super) code: Vec<u16>,
    pub(super) levels: Vec<Level>,
}

/// What a code stands for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Level {
    Missing,
    Is(String),
    Other,
    /// low ≤ x < high; infinite ends are open.
    Between(f64, f64),
}

/// Cuts a column.
pub(super) fn codes(column: &SegmentColumn<'_>) -> Codes {
    match column {
        SegmentColumn::Number(values) => numeric(values),
        SegmentColumn::Category(values) => categorical(values),
    }
}

fn categorical(values: &[Option<&str>]) -> Codes {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for value in values.iter().flatten() {
        *counts.entry(value).or_default() += 1;
    }
    let mut frequent: Vec<(&str, usize)> = counts.into_iter().collect();
    frequent.sort_by(|left, right| right.1.cmp(&left.1).then(left.0.cmp(right.0)));
    frequent.truncate(MAX_LEVELS);
    let known: BTreeMap<&str, u16> = frequent
        .iter()
        .enumerate()
        .map(|(at, (level, _))| (*level, at as u16 + 2))
        .collect();
    let mut levels = vec![Level::Missing, Level::Other];
    levels.extend(frequent.iter().map(|(level, _)| Level::Is((*level).to_owned())));
    let code = |value: Option<&str>| value.map_or(0, |level| known.get(level).copied().unwrap_or(1));
    Codes {
        code: values.iter().copied().map(code).collect(),
        levels,
    }
}

fn numeric(values: &[f64]) -> Codes {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let mut edges: Vec<f64> = sorted.clone();
    edges.dedup();
    if edges.len() > MAX_LEVELS {
        edges = (0..NUMERIC_BINS)
            .map(|bin| sorted[sorted.len() * bin / NUMERIC_BINS])
            .collect();
        edges.dedup();
    }
    let mut levels = vec![Level::Missing];
    for (at, &low) in edges.iter().enumerate() {
        let low = if at == 0 { f64::NEG_INFINITY } else { low };
        levels.push(Level::Between(
            low,
            edges.get(at + 1).copied().unwrap_or(f64::INFINITY),
        ));
    }
    let code = |value: &f64| {
        if value.is_finite() {
            (edges.partition_point(|edge| edge <= value)).max(1) as u16
        } else {
            0
        }
    };
    Codes {
        code: values.iter().map(code).collect(),
        levels,
    }
}
