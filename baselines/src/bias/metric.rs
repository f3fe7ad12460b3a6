//! Clarify's pre-training and post-training bias metrics.
//!
//! Notation: a the rows outside the facet, d inside; n¹ positive, n⁰ negative labels, a hat for predictions. `divide`
//! gives 0 for 0/0 and ±∞ for x/0, as `smclarify/bias/metrics/common.py`. KL, JS, LP, TVD and KS run over the outcomes
//! that both sides have, so that KL can be negative and TVD half of what it is elsewhere. Does not know intervals.

use super::flip_test::FlipTest;
use super::{BiasFailure, FacetCounts};

/// A metric, by Clarify's abbreviation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BiasMetric {
    /// Class imbalance: (nₐ − n_d)/n.
    CI,
    /// Difference in proportions of labels: nₐ¹/nₐ − n_d¹/n_d.
    DPL,
    /// Kullback–Leibler divergence of the facets' label shares in nats.
    KL,
    /// Jensen–Shannon divergence in nats, against the plain mean of both shares.
    JS,
    /// Euclidean distance of the label shares.
    LP,
    /// Total variation distance of the label shares.
    TVD,
    /// Largest difference of a label share.
    KS,
    /// Conditional demographic disparity of labels: Σ n_g (D_g − A_g)/n, with D_g and A_g the facet's share among
    /// negatives and positives of group g.
    CDDL,
    /// Difference in positive proportions of predictions: n̂ₐ¹/nₐ − n̂_d¹/n_d.
    DPPL,
    /// Disparate impact: (n̂_d¹/n_d)/(n̂ₐ¹/nₐ).
    DI,
    /// Difference in conditional acceptance: nₐ¹/n̂ₐ¹ − n_d¹/n̂_d¹.
    DCA,
    /// Difference in conditional rejection: n_d⁰/n̂_d⁰ − nₐ⁰/n̂ₐ⁰.
    DCR,
    /// Difference in acceptance rates (precision): a − d.
    DAR,
    /// Difference in rejection rates (negative predictive value): d − a.
    DRR,
    /// Recall difference: a − d.
    RD,
    /// Specificity difference: d − a.
    SD,
    /// Accuracy difference: a − d.
    AD,
    /// Treatment equality: FN_d/FP_d − FNₐ/FPₐ; 0 where both are infinite.
    TE,
    /// Generalised entropy, α = 2, of the benefit ŷ − y + 1.
    GE,
    /// Flip test: share of the facet's rows that a 5-nearest-neighbour model of the others' predictions would turn
    /// negative, less the share it would turn positive.
    FT,
    /// `CDDL` of predictions.
    CDDPL,
}

/// A value as Clarify has it: some are infinite on small data.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum BiasValue {
    /// A number.
    Finite(f64),
    /// +∞.
    PositiveInfinity,
    /// −∞.
    NegativeInfinity,
}

impl BiasValue {
    fn of(value: f64) -> Self {
        if value == f64::INFINITY {
            Self::PositiveInfinity
        } else if value == f64::NEG_INFINITY {
            Self::NegativeInfinity
        } else {
            Self::Finite(value + 0.0)
        }
    }

    /// The number, where it is one.
    pub fn finite(self) -> Option<f64> {
        match self {
            Self::Finite(value) => Some(value),
            Self::PositiveInfinity | Self::NegativeInfinity => None,
        }
    }

    /// Distance from 0, possibly infinite.
    pub(super) fn magnitude(self) -> f64 {
        self.finite().map_or(f64::INFINITY, f64::abs)
    }
}

impl BiasMetric {
    /// Those of labels alone, in Clarify's order.
    pub const PRE_TRAINING: [Self; 8] = [
        Self::CDDL,
        Self::CI,
        Self::DPL,
        Self::JS,
        Self::KL,
        Self::KS,
        Self::LP,
        Self::TVD,
    ];
    /// Those of predictions, in Clarify's order.
    pub const POST_TRAINING: [Self; 13] = [
        Self::AD,
        Self::CDDPL,
        Self::DAR,
        Self::DCA,
        Self::DCR,
        Self::DI,
        Self::DPPL,
        Self::DRR,
        Self::FT,
        Self::GE,
        Self::RD,
        Self::SD,
        Self::TE,
    ];

    /// The abbreviation, as in Clarify's files.
    pub fn name(self) -> &'static str {
        self.texts().0
    }

    /// The description in Clarify's files.
    pub fn description(self) -> &'static str {
        self.texts().1
    }

    /// The metric of an abbreviation; case does not matter.
    pub fn named(name: &str) -> Option<Self> {
        let mut all = Self::PRE_TRAINING.into_iter().chain(Self::POST_TRAINING);
        all.find(|metric| metric.name().eq_ignore_ascii_case(name))
    }

    /// Whether it is made from labels. The others need predictions, and `CI` neither.
    pub fn needs_labels(self) -> bool {
        !matches!(self, Self::CI | Self::DPPL | Self::DI | Self::CDDPL | Self::FT)
    }

    fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::CI => ("CI", "Class Imbalance (CI)"),
            Self::DPL => ("DPL", "Difference in Positive Proportions in Labels (DPL)"),
            Self::KL => ("KL", "Kullback-Liebler Divergence (KL)"),
            Self::JS => ("JS", "Jensen-Shannon Divergence (JS)"),
            Self::LP => ("LP", "L-p Norm (LP)"),
            Self::TVD => ("TVD", "Total Variation Distance (TVD)"),
            Self::KS => ("KS", "Kolmogorov-Smirnov Distance (KS)"),
            Self::CDDL => ("CDDL", "Conditional Demographic Disparity in Labels (CDDL)"),
            Self::DPPL => (
                "DPPL",
                "Difference in Positive Proportions in Predicted Labels (DPPL)",
            ),
            Self::DI => ("DI", "Disparate Impact (DI)"),
            Self::DCA => ("DCA", "Difference in Conditional Acceptance (DCA)"),
            Self::DCR => ("DCR", "Difference in Conditional Rejection (DCR)"),
            Self::DAR => ("DAR", "Difference in Acceptance Rates (DAR)"),
            Self::DRR => ("DRR", "Difference in Rejection Rates (DRR)"),
            Self::RD => ("RD", "Recall Difference (RD)"),
            Self::SD => ("SD", "Specificity Difference (SD)"),
            Self::AD => ("AD", "Accuracy Difference (AD)"),
            Self::TE => ("TE", "Treatment Equality (TE)"),
            Self::GE => ("GE", "Generalized Entropy (GE)"),
            Self::FT => ("FT", "Flip Test (FT)"),
            Self::CDDPL => (
                "CDDPL",
                "Conditional Demographic Disparity in Predicted Labels (CDDPL)",
            ),
        }
    }

    fn needs(self, counts: &FacetCounts) -> Result<(), BiasFailure> {
        let pre = Self::PRE_TRAINING.contains(&self);
        if self.needs_labels() && !counts.has_label {
            return Err(BiasFailure::NeedsLabels);
        }
        if !pre && !counts.has_prediction {
            return Err(BiasFailure::NeedsPredictions);
        }
        if matches!(self, Self::CDDL | Self::CDDPL) && !counts.has_group {
            return Err(BiasFailure::NeedsGroup);
        }
        let in_facet = counts.count(|cell| cell.facet);
        let all = counts.n_rows() as f64;
        if in_facet == 0.0 || in_facet == all {
            return Err(BiasFailure::OneSided {
                every: in_facet > 0.0,
            });
        }
        Ok(())
    }

    /// The metric of counted rows; `flips` is what [`flip_test`](super::flip_test) found and only `FT` needs it.
    ///
    /// # Errors
    /// What the metric needs and the rows do not have; a facet with all rows or none; ∞ − ∞.
    pub fn measure(self, counts: &FacetCounts, flips: Option<FlipTest>) -> Result<BiasValue, BiasFailure> {
        self.needs(counts)?;
        let (a, d) = (Side::of(counts, false), Side::of(counts, true));
        let compares_shares = matches!(self, Self::KL | Self::JS | Self::LP | Self::TVD | Self::KS);
        if compares_shares && common_outcomes(&a, &d).next().is_none() {
            return Err(BiasFailure::Undefined);
        }
        let value = match self {
            Self::CI => (a.n - d.n) / (a.n + d.n),
            Self::DPL => divide(a.labels, a.n) - divide(d.labels, d.n),
            Self::KL => over_outcomes(&a, &d, |p, q| p * (p / q).ln()),
            Self::JS => {
                let half = |p: f64, q: f64| p * (p / (0.5 * (p + q))).ln();
                0.5 * over_outcomes(&a, &d, |p, q| half(p, q) + half(q, p))
            }
            Self::LP => over_outcomes(&a, &d, |p, q| (p - q).powi(2)).sqrt(),
            Self::TVD => 0.5 * over_outcomes(&a, &d, |p, q| (p - q).abs()),
            Self::KS => common_outcomes(&a, &d)
                .map(|(p, q)| (p - q).abs())
                .fold(0.0, f64::max),
            Self::CDDL => conditional_disparity(counts, |cell| cell.label),
            Self::CDDPL => conditional_disparity(counts, |cell| cell.prediction),
            Self::DPPL => divide(a.predicted, a.n) - divide(d.predicted, d.n),
            Self::DI => divide(divide(d.predicted, d.n), divide(a.predicted, a.n)),
            Self::DCA => divide(a.labels, a.predicted) - divide(d.labels, d.predicted),
            Self::DCR => {
                divide(d.n - d.labels, d.n - d.predicted) - divide(a.n - a.labels, a.n - a.predicted)
            }
            Self::DAR => divide(a.tp, a.predicted) - divide(d.tp, d.predicted),
            Self::DRR => divide(d.tn(), d.n - d.predicted) - divide(a.tn(), a.n - a.predicted),
            Self::RD => divide(a.tp, a.labels) - divide(d.tp, d.labels),
            Self::SD => divide(d.tn(), d.n - d.labels) - divide(a.tn(), a.n - a.labels),
            Self::AD => divide(a.tp + a.tn(), a.n) - divide(d.tp + d.tn(), d.n),
            Self::TE => {
                let (of_d, of_a) = (
                    divide(d.missed(), d.false_alarms()),
                    divide(a.missed(), a.false_alarms()),
                );
                if of_d.is_infinite() && of_a.is_infinite() {
                    0.0
                } else {
                    of_d - of_a
                }
            }
            Self::GE => generalised_entropy(&a, &d),
            Self::FT => flips.ok_or(BiasFailure::NeedsFeatures)?.value(),
        };
        if value.is_nan() {
            Err(BiasFailure::Undefined)
        } else {
            Ok(BiasValue::of(value))
        }
    }
}

/// Counts of one side.
struct Side {
    n: f64,
    labels: f64,
    predicted: f64,
    tp: f64,
}

impl Side {
    fn of(counts: &FacetCounts, facet: bool) -> Self {
        Self {
            n: counts.count(|cell| cell.facet == facet),
            labels: counts.count(|cell| cell.facet == facet && cell.label),
            predicted: counts.count(|cell| cell.facet == facet && cell.prediction),
            tp: counts.count(|cell| cell.facet == facet && cell.label && cell.prediction),
        }
    }

    fn missed(&self) -> f64 {
        self.labels - self.tp
    }

    fn false_alarms(&self) -> f64 {
        self.predicted - self.tp
    }

    fn tn(&self) -> f64 {
        self.n - self.labels - self.false_alarms()
    }

    fn label_shares(&self) -> [f64; 2] {
        [1.0 - self.labels / self.n, self.labels / self.n]
    }
}

fn divide(part: f64, whole: f64) -> f64 {
    if part == 0.0 && whole == 0.0 {
        0.0
    } else {
        part / whole
    }
}

/// Shares of each outcome on both sides, where neither is 0: smclarify's `pdfs_aligned_nonzero`.
fn common_outcomes(a: &Side, d: &Side) -> impl Iterator<Item = (f64, f64)> {
    a.label_shares()
        .into_iter()
        .zip(d.label_shares())
        .filter(|(p, q)| *p > 0.0 && *q > 0.0)
}

fn over_outcomes(a: &Side, d: &Side, term: impl Fn(f64, f64) -> f64) -> f64 {
    common_outcomes(a, d).map(|(p, q)| term(p, q)).sum()
}

fn conditional_disparity(counts: &FacetCounts, positive: impl Fn(&super::Cell) -> bool) -> f64 {
    /// Rows of a group by outcome: all, and in the facet.
    #[derive(Default)]
    struct Group {
        rejected: [u64; 2],
        accepted: [u64; 2],
    }
    let mut groups: Vec<(u32, Group)> = Vec::new();
    // Cells are sorted by group.
    for (cell, &count) in &counts.cells {
        if groups.last().is_none_or(|(group, _)| *group != cell.group) {
            groups.push((cell.group, Group::default()));
        }
        let Some((_, group)) = groups.last_mut() else {
            continue;
        };
        let side = if positive(cell) {
            &mut group.accepted
        } else {
            &mut group.rejected
        };
        side[0] += count;
        side[1] += if cell.facet { count } else { 0 };
    }
    let share = |[all, in_facet]: [u64; 2]| divide(in_facet as f64, all as f64);
    let weighted: f64 = groups
        .iter()
        .map(|(_, group)| {
            let n = (group.accepted[0] + group.rejected[0]) as f64;
            n * (share(group.rejected) - share(group.accepted))
        })
        .sum();
    weighted / counts.n_rows() as f64
}

/// Benefits are 0 (missed), 1 (right) and 2 (false alarm). NaN where every row is a miss.
fn generalised_entropy(a: &Side, d: &Side) -> f64 {
    let n = a.n + d.n;
    let (missed, extra) = (a.missed() + d.missed(), a.false_alarms() + d.false_alarms());
    let mean = (n - missed + extra) / n;
    if mean == 0.0 {
        return f64::NAN;
    }
    let term = |benefit: f64| (benefit / mean).powi(2) - 1.0;
    (missed * term(0.0) + (n - missed - extra) * term(1.0) + extra * term(2.0)) / (2.0 * n)
}
