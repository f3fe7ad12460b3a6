//! Change of a metric between baseline and window, by segment: more of the weak segments, or worse inside them.
//!
//! Kitagawa 1955, J. Am. Stat. Assoc. 50, 1168–1194 (the two-fold Oaxaca–Blinder decomposition of means):
//! `M₁ − M₀ = Σ_s (w₁ − w₀)·(½(m₀ + m₁) − M̄) + Σ_s ½(w₀ + w₁)·(m₁ − m₀)`, with segment shares w, segment means m and
//! M̄ = ½(M₀ + M₁); subtracting M̄ changes no sum because Σ (w₁ − w₀) = 0, and makes a growing segment count as harmful
//! only if it is worse than average. Does not know how segments are found.

use std::collections::BTreeMap;

use super::SegmentFailure;

/// One segment's part of the change.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentContribution {
    /// The segment.
    pub segment: String,
    /// Its share of baseline rows.
    pub baseline_share: f64,
    /// Its share of window rows.
    pub current_share: f64,
    /// Mean loss in the baseline; `None` without rows.
    pub baseline_mean: Option<f64>,
    /// Mean loss in the window; `None` without rows.
    pub current_mean: Option<f64>,
    /// Part of the change because its share changed.
    pub mix: f64,
    /// Part of the change because its loss changed; 0 where one side has no rows.
    pub rate: f64,
}

/// The decomposition: `change` = Σ `mix` + Σ `rate`, to rounding.
#[derive(Debug, Clone, PartialEq)]
pub struct MixAndRate {
    /// Mean loss of the window − mean loss of the baseline.
    pub change: f64,
    /// Σ of mix parts.
    pub mix: f64,
    /// Σ of rate parts.
    pub rate: f64,
    /// Every segment, in order of names.
    pub segments: Vec<SegmentContribution>,
}

/// Decomposes. A segment that one side lacks takes the other side's mean, so that its arrival is all mix.
///
/// # Errors
/// Lengths that differ, a loss that is not finite, no rows on a side.
pub fn mix_and_rate(
    [baseline_segment, current_segment]: [&[&str]; 2],
    [baseline_loss, current_loss]: [&[f64]; 2],
) -> Result<MixAndRate, SegmentFailure> {
    let baseline = sums(baseline_segment, baseline_loss)?;
    let current = sums(current_segment, current_loss)?;
    let [n0, n1] = [baseline_loss.len() as f64, current_loss.len() as f64];
    let mean = |sums: &BTreeMap<&str, Sum>, n: f64| sums.values().map(|sum| sum.loss).sum::<f64>() / n;
    let (before, after) = (mean(&baseline, n0), mean(&current, n1));
    let middle = 0.5 * (before + after);
    let names: std::collections::BTreeSet<&str> = baseline.keys().chain(current.keys()).copied().collect();
    let mut segments = Vec::new();
    for name in names {
        let share = |sums: &BTreeMap<&str, Sum>, n: f64| sums.get(name).map_or(0.0, |sum| sum.n / n);
        let level = |sums: &BTreeMap<&str, Sum>| sums.get(name).map(|sum| sum.loss / sum.n);
        let (w0, w1) = (share(&baseline, n0), share(&current, n1));
        let (m0, m1) = (level(&baseline), level(&current));
        let (from, to) = (m0.or(m1).unwrap_or(0.0), m1.or(m0).unwrap_or(0.0));
        segments.push(SegmentContribution {
            segment: name.to_owned(),
            baseline_share: w0,
            current_share: w1,
            baseline_mean: m0,
            current_mean: m1,
            mix: (w1 - w0) * (0.5 * (from + to) - middle),
            rate: 0.5 * (w0 + w1) * (to - from),
        });
    }
    Ok(MixAndRate {
        change: after - before,
        mix: segments.iter().map(|segment| segment.mix).sum(),
        rate: segments.iter().map(|segment| segment.rate).sum(),
        segments,
    })
}

#[derive(Default)]
struct Sum {
    n: f64,
    loss: f64,
}

fn sums<'a>(segment: &[&'a str], loss: &[f64]) -> Result<BTreeMap<&'a str, Sum>, SegmentFailure> {
    if segment.len() != loss.len() {
        let (found, expected) = (segment.len(), loss.len());
        return Err(SegmentFailure::LengthsDiffer {
            what: "the segment column",
            found,
            expected,
        });
    }
    if let Some(row) = loss.iter().position(|loss| !loss.is_finite()) {
        return Err(SegmentFailure::NotFinite { row });
    }
    if loss.is_empty() {
        return Err(SegmentFailure::TooFewRows { found: 0, needed: 1 });
    }
    let mut sums: BTreeMap<&str, Sum> = BTreeMap::new();
    for (&segment, &loss) in segment.iter().zip(loss) {
        let sum = sums.entry(segment).or_default();
        sum.n += 1.0;
        sum.loss += loss;
    }
    Ok(sums)
}
