//! Curves over the threshold: ROC, precision–recall, the sweep, gain and lift.
//!
//! One descent over the groups of equal score. Each group is a vertex of both curves; those kept are the first, the
//! last, and every one that lies at least 1/points further along (ROC: both rates together; precision–recall: recall).
//! Does not know intervals of areas.

use crate::quality::interval::proportion;
use crate::quality::options::{QualityOptions, ScoreKind, ValueMatrix};
use crate::quality::result::{Curves, GainPoint, ThresholdPoint};
use crate::quality::scores::SortedScores;
use crate::quality::tally::Mass;

/// Totals of both classes.
struct Totals {
    positive: f64,
    negative: f64,
}

impl Totals {
    /// What holds when `tp` positives and `fp` negatives are predicted positive.
    fn point(
        &self,
        threshold: Option<f64>,
        tp: f64,
        fp: f64,
        values: Option<&ValueMatrix>,
    ) -> ThresholdPoint {
        let all = self.positive + self.negative;
        let rate = |part: f64, whole: f64| if whole > 0.0 { (part / whole).min(1.0) } else { 0.0 };
        let (missed, refused) = ((self.positive - tp).max(0.0), (self.negative - fp).max(0.0));
        let value_per_thousand = values.map(|values| {
            let money = &values.rows_actual;
            let sum = refused * money[0][0] + fp * money[0][1] + missed * money[1][0] + tp * money[1][1];
            1000.0 * sum / all
        });
        ThresholdPoint {
            threshold,
            true_positive_rate: rate(tp, self.positive),
            false_positive_rate: rate(fp, self.negative),
            precision: if tp + fp > 0.0 { tp / (tp + fp) } else { 1.0 },
            accuracy: rate(tp + refused, all),
            f1: rate(2.0 * tp, self.positive + tp + fp),
            predicted_positive_rate: rate(tp + fp, all),
            value_per_thousand: value_per_thousand.filter(|value| value.is_finite()),
        }
    }
}

/// All curves; empty without rows.
pub(super) fn curves(scores: &SortedScores, kind: ScoreKind, options: &QualityOptions, z: f64) -> Curves {
    let [positives, negatives] = scores.totals();
    if positives.n + negatives.n == 0 {
        return Curves::default();
    }
    let totals = Totals {
        positive: positives.w,
        negative: negatives.w,
    };
    let values = options.value_matrix.as_ref();
    let mut thresholds = if options.thresholds.is_empty() && kind == ScoreKind::Probability {
        (0..=100).map(|percent| f64::from(percent) / 100.0).collect()
    } else {
        options.thresholds.clone()
    };
    let has_both = positives.n > 0 && negatives.n > 0;
    let step = 1.0 / options.curve_points as f64;
    let start = totals.point(None, 0.0, 0.0, values);
    let (mut roc, mut precision_recall, mut sweep) = (vec![start], vec![start], Vec::new());
    let mut last = start;
    let mut gain = Gain::new(positives, negatives);
    let (mut tp, mut fp) = (0.0, 0.0);
    scores.descend(|group| {
        while thresholds
            .last()
            .is_some_and(|threshold| *threshold > group.score)
        {
            sweep.push(totals.point(thresholds.pop(), tp, fp, values));
        }
        gain.add(group.positive.w, group.negative.w);
        tp += group.positive.w;
        fp += group.negative.w;
        let along = (tp / totals.positive, fp / totals.negative);
        let is_roc = roc.last().is_some_and(|end| {
            along.0 - end.true_positive_rate + along.1 - end.false_positive_rate >= 2.0 * step
        });
        let is_recall = precision_recall
            .last()
            .is_some_and(|end| along.0 - end.true_positive_rate >= step);
        if is_roc || is_recall {
            last = totals.point(Some(group.score), tp, fp, values);
            if is_roc {
                roc.push(last);
            }
            if is_recall {
                precision_recall.push(last);
            }
        }
        last.threshold = Some(group.score);
    });
    let end = totals.point(last.threshold, tp, fp, values);
    while let Some(threshold) = thresholds.pop() {
        sweep.push(totals.point(Some(threshold), tp, fp, values));
    }
    sweep.reverse();
    for curve in [&mut roc, &mut precision_recall] {
        let is_there = curve.last().is_some_and(|point| {
            point.true_positive_rate >= end.true_positive_rate
                && point.false_positive_rate >= end.false_positive_rate
        });
        if !is_there {
            curve.push(end);
        }
    }
    if !has_both {
        roc.clear();
        precision_recall.clear();
    }
    Curves {
        roc,
        precision_recall,
        sweep,
        reliability: Vec::new(),
        gain: if positives.n > 0 {
            gain.finish(z)
        } else {
            Vec::new()
        },
    }
}

/// Positives among the first tenth, two tenths, … of the rows.
struct Gain {
    positives: Mass,
    all: f64,
    seen: f64,
    seen_positive: f64,
    at_tenths: Vec<f64>,
}

const N_SHARES: usize = 10;

impl Gain {
    fn new(positives: Mass, negatives: Mass) -> Self {
        Self {
            positives,
            all: positives.w + negatives.w,
            seen: 0.0,
            seen_positive: 0.0,
            at_tenths: Vec::with_capacity(N_SHARES),
        }
    }

    fn add(&mut self, positive: f64, negative: f64) {
        let group = positive + negative;
        while self.at_tenths.len() + 1 < N_SHARES {
            let target = self.all * (self.at_tenths.len() + 1) as f64 / N_SHARES as f64;
            if self.seen + group < target {
                break;
            }
            let part = ((target - self.seen) / group).clamp(0.0, 1.0);
            self.at_tenths.push(self.seen_positive + part * positive);
        }
        self.seen += group;
        self.seen_positive += positive;
    }

    fn finish(mut self, z: f64) -> Vec<GainPoint> {
        self.at_tenths.resize(N_SHARES, self.positives.w);
        let positives = self.positives;
        self.at_tenths
            .iter()
            .enumerate()
            .map(|(idx, found)| {
                let share = (idx + 1) as f64 / N_SHARES as f64;
                let part = (found / positives.w).min(1.0);
                let hits = Mass {
                    w: positives.w * part,
                    w2: positives.w2 * part,
                    ..positives
                };
                let gain = proportion(hits, positives, z);
                GainPoint {
                    share,
                    gain,
                    lift: gain.value / share,
                }
            })
            .collect()
    }
}
