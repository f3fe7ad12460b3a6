//! Charts in words: text alternatives, bin names, and what an outer bar holds.
//!
//! Knows shares and bins, not how they are drawn.

use super::super::clip::clip;
use super::super::format::{number, percent};
use super::super::model::{Axis, Chart, PairedHistogram};

/// Where each side has its largest share, in one or two sentences.
pub(crate) fn in_words(chart: &Chart) -> String {
    let (baseline, current) = sides(chart);
    let side = |who: &str, shares: &[f64]| match largest(shares) {
        Some(idx) => format!(
            "{who}: largest share {} at {}.",
            percent(shares[idx]),
            bin_name(chart, idx)
        ),
        None => format!("{who}: no values."),
    };
    format!("{} {}", side("Baseline", baseline), side("Current", current))
}

/// What bin `idx` holds.
pub(crate) fn bin_name(chart: &Chart, idx: usize) -> String {
    match chart {
        Chart::Categories(categories) => categories
            .labels
            .get(idx)
            .map_or_else(String::new, |l| clip(l, 60).into_owned()),
        Chart::Histogram(PairedHistogram {
            axis: Axis::Values(values),
            ..
        }) => values.get(idx).map_or_else(String::new, |v| number(*v)),
        Chart::Histogram(PairedHistogram {
            axis:
                Axis::Edges {
                    edges,
                    open_below,
                    open_above,
                },
            ..
        }) => match (edges.get(idx), edges.get(idx + 1)) {
            (Some(_), Some(high)) if idx == 0 && *open_below => format!("below {}", number(*high)),
            (Some(low), Some(_)) if idx + 2 == edges.len() && *open_above => format!("from {}", number(*low)),
            (Some(low), Some(high)) => format!("{} to {}", number(*low), number(*high)),
            _ => String::new(),
        },
    }
}

/// Says that outer bars hold the tails, where they do.
pub(crate) fn open_ends(chart: &Chart) -> Option<String> {
    let Chart::Histogram(PairedHistogram {
        axis: Axis::Edges {
            edges,
            open_below,
            open_above,
        },
        ..
    }) = chart
    else {
        return None;
    };
    let (low, high) = (edges.get(1)?, edges.get(edges.len().checked_sub(2)?)?);
    match (open_below, open_above) {
        (false, false) => None,
        (true, false) => Some(format!("The first bar holds everything below {}.", number(*low))),
        (false, true) => Some(format!(
            "The last bar holds everything from {} up.",
            number(*high)
        )),
        (true, true) => Some(format!(
            "The first bar holds everything below {}, the last everything from {} up.",
            number(*low),
            number(*high)
        )),
    }
}

/// Baseline and current shares, bin by bin.
pub(crate) fn sides(chart: &Chart) -> (&[f64], &[f64]) {
    match chart {
        Chart::Histogram(h) => (&h.baseline, &h.current),
        Chart::Categories(c) => (&c.baseline, &c.current),
    }
}

/// Where the largest share lies on each side, in the few words a row has room for.
pub(super) fn peaks(chart: &Chart) -> String {
    let (baseline, current) = sides(chart);
    let n = baseline.len();
    match (largest(baseline), largest(current)) {
        (Some(b), Some(c)) if b == c => format!("Peak in bin {} of {n} on both sides", b + 1),
        (Some(b), Some(c)) => format!("Peak moved from bin {} to bin {} of {n}", b + 1, c + 1),
        (Some(b), None) => format!("Baseline peak in bin {} of {n}, no current values", b + 1),
        (None, Some(c)) => format!("Current peak in bin {} of {n}, no baseline values", c + 1),
        (None, None) => "No values".to_owned(),
    }
}

fn largest(shares: &[f64]) -> Option<usize> {
    let mut best = None;
    for (idx, share) in shares.iter().enumerate() {
        if *share > best.map_or(0.0, |b: usize| shares[b]) {
            best = Some(idx);
        }
    }
    best
}
