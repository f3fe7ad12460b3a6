//! Metrics of the four cells of one class against the rest, with their intervals.
//!
//! Cells are masses, so that weights enter everywhere. All metrics here are unchanged when every cell is multiplied by
//! the same number; for such a function g of the cells the first-order variance is Σ (∂g/∂cell)² Σw² over the cells
//! (delta method; multinomial and Poisson sampling agree because Σ cell·∂g/∂cell = 0). Does not know thresholds or
//! where a prediction came from.

use super::interval;
use super::result::{MetricValue, NotComputable};
use super::tally::Mass;

/// Rows by label and prediction.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Cells {
    pub true_positive: Mass,
    pub false_positive: Mass,
    pub false_negative: Mass,
    pub true_negative: Mass,
}

/// Rows added to each cell before a delta interval is made, so that an empty cell does not have variance zero. A quarter
/// has better coverage than the customary half (simulation in `docs/quality-metrics.md`).
const SMOOTHING: f64 = 0.25;

type Outcome = Result<MetricValue, NotComputable>;

impl Cells {
    pub(crate) fn all(&self) -> Mass {
        self.labelled_positive().plus(self.labelled_negative())
    }
    pub(crate) fn labelled_positive(&self) -> Mass {
        self.true_positive.plus(self.false_negative)
    }
    pub(crate) fn labelled_negative(&self) -> Mass {
        self.true_negative.plus(self.false_positive)
    }
    pub(crate) fn predicted_positive(&self) -> Mass {
        self.true_positive.plus(self.false_positive)
    }

    /// (TP + TN) / all.
    pub(crate) fn accuracy(&self, z: f64) -> Outcome {
        if self.all().n == 0 {
            return Err(NotComputable::NoRows);
        }
        Ok(interval::proportion(
            self.true_positive.plus(self.true_negative),
            self.all(),
            z,
        ))
    }

    /// TP / (TP + FP); 0 in [0, 1] where nothing was predicted positive.
    pub(crate) fn precision(&self, z: f64) -> Outcome {
        if self.all().n == 0 {
            return Err(NotComputable::NoRows);
        }
        Ok(interval::proportion(
            self.true_positive,
            self.predicted_positive(),
            z,
        ))
    }

    /// TP / (TP + FN), also the true positive rate.
    pub(crate) fn recall(&self, z: f64) -> Outcome {
        among(self.true_positive, self.labelled_positive(), z)
    }

    /// TN / (TN + FP), also the true negative rate.
    pub(crate) fn specificity(&self, z: f64) -> Outcome {
        among(self.true_negative, self.labelled_negative(), z)
    }

    /// FP / (TN + FP).
    pub(crate) fn false_positive_rate(&self, z: f64) -> Outcome {
        among(self.false_positive, self.labelled_negative(), z)
    }

    /// FN / (TP + FN).
    pub(crate) fn false_negative_rate(&self, z: f64) -> Outcome {
        among(self.false_negative, self.labelled_positive(), z)
    }

    /// (recall + specificity) / 2.
    pub(crate) fn balanced_accuracy(&self, z: f64) -> Outcome {
        let parts = [(0.5, self.recall(z)?), (0.5, self.specificity(z)?)];
        Ok(interval::weighted_sum_of_proportions(&parts, self.all().n))
    }

    /// F_β = (1+β²)TP / ((1+β²)TP + β²FN + FP). 0 where nothing is truly positive.
    pub(crate) fn f_beta(&self, beta: f64, z: f64) -> Outcome {
        let n = self.true_positive.n + self.false_negative.n + self.false_positive.n;
        if n == 0 {
            return Err(NotComputable::OneClass);
        }
        let square = beta * beta;
        let share = |hit: f64, missed: f64, wrong: f64| {
            let denominator = (1.0 + square) * hit + square * missed + wrong;
            (denominator, (1.0 + square) * hit / denominator)
        };
        let w = |mass: Mass| mass.w;
        let (_, value) = share(
            w(self.true_positive),
            w(self.false_negative),
            w(self.false_positive),
        );
        if self.true_positive.n == 0 || self.true_positive.n == n {
            return Ok(self.f_beta_at_the_border(square, value, z));
        }
        let [hit, missed, wrong] = [self.true_positive, self.false_negative, self.false_positive]
            .map(|cell| smoothed(cell, self.all()));
        let (denominator, centre) = share(hit.w, missed.w, wrong.w);
        let variance = ((1.0 + square) * (1.0 - centre) / denominator).powi(2) * hit.w2
            + (square * centre / denominator).powi(2) * missed.w2
            + (centre / denominator).powi(2) * wrong.w2;
        Ok(interval::logit(value, centre, variance, z, n))
    }

    /// F_β of 0 or 1, from Wilson's interval of TP among TP + FP + FN: F_β = (1+β²)J/((1+β²)J + (1−J)m), where m is the
    /// mean of β² over FN and 1 over FP as found, or the larger of both where there is neither.
    fn f_beta_at_the_border(&self, square: f64, value: f64, z: f64) -> MetricValue {
        let wrong = self.false_negative.plus(self.false_positive);
        let found = interval::proportion(self.true_positive, self.true_positive.plus(wrong), z);
        let cost = if wrong.w > 0.0 {
            (square * self.false_negative.w + self.false_positive.w) / wrong.w
        } else {
            square.max(1.0)
        };
        let f = |share: f64| (1.0 + square) * share / ((1.0 + square) * share + (1.0 - share) * cost);
        MetricValue {
            value,
            low: f(found.low),
            high: f(found.high),
            ..found
        }
    }

    /// Matthews' correlation (TP·TN − FP·FN) / √((TP+FP)(TP+FN)(TN+FP)(TN+FN)); 0 where all predictions are equal, as
    /// scikit-learn has it.
    pub(crate) fn mcc(&self, z: f64) -> Outcome {
        if self.labelled_positive().n == 0 || self.labelled_negative().n == 0 {
            return Err(NotComputable::OneClass);
        }
        let cells = [
            self.true_positive,
            self.false_positive,
            self.false_negative,
            self.true_negative,
        ];
        let value = matthews(cells.map(|cell| cell.w));
        let all = self.all();
        let smooth = cells.map(|cell| smoothed(cell, all));
        let centre = matthews(smooth.map(|cell| cell.w));
        let gradient = matthews_gradient(smooth.map(|cell| cell.w));
        let variance = gradient.iter().zip(smooth).map(|(g, cell)| g * g * cell.w2).sum();
        Ok(interval::fisher_z(value, centre, variance, z, all.n))
    }
}

fn among(hits: Mass, all: Mass, z: f64) -> Outcome {
    if all.n == 0 {
        return Err(NotComputable::OneClass);
    }
    Ok(interval::proportion(hits, all, z))
}

/// A cell with a quarter of a row of mean weight more.
fn smoothed(cell: Mass, all: Mass) -> Mass {
    let rows = all.n as f64;
    Mass {
        n: cell.n,
        w: cell.w + SMOOTHING * all.w / rows,
        w2: cell.w2 + SMOOTHING * all.w2 / rows,
    }
}

fn matthews([tp, fp, fn_, tn]: [f64; 4]) -> f64 {
    let product = ((tp + fp) * (tp + fn_)).sqrt() * ((tn + fp) * (tn + fn_)).sqrt();
    if product > 0.0 {
        (tp * tn - fp * fn_) / product
    } else {
        0.0
    }
}

/// ∂MCC/∂cell: with S = TP·TN − FP·FN and the four sums P̂, P, N, N̂, ∂/∂TP = TN/D − (S/2D)(1/P̂ + 1/P), and likewise.
fn matthews_gradient([tp, fp, fn_, tn]: [f64; 4]) -> [f64; 4] {
    let (predicted, labelled, negative, refused) = (tp + fp, tp + fn_, tn + fp, tn + fn_);
    let product = (predicted * labelled).sqrt() * (negative * refused).sqrt();
    let half = 0.5 * (tp * tn - fp * fn_) / product;
    [
        tn / product - half * (1.0 / predicted + 1.0 / labelled),
        -fn_ / product - half * (1.0 / predicted + 1.0 / negative),
        -fp / product - half * (1.0 / labelled + 1.0 / refused),
        tp / product - half * (1.0 / negative + 1.0 / refused),
    ]
}
