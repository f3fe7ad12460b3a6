//! How far a metric strays by chance of sampling alone, learnt from the labelled baseline.
//!
//! NannyML 0.13.1 `sampling_error`: standard deviation of the metric's per-row component on the baseline, divided by
//! the root of the window's relevant rows. The components of all threshold metrics are 0/1, so the baseline's
//! confusion matrix holds all of them. Does not know estimates.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::estimates::ClassificationMetric;
use super::rank;

/// Resamples behind the average precision's error, and the most rows of one; NannyML's constants.
const N_RESAMPLES: usize = 50;
const MAX_RESAMPLE_ROWS: usize = 50_000;
/// NannyML widens the multiclass AUC's error by a fifth, from its own experiments.
const MULTICLASS_AUC_FACTOR: f64 = 1.2;

/// Rows of the labelled baseline by class and prediction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceCounts {
    /// `rows_actual[i][j]`: rows of class i predicted as class j.
    pub rows_actual: Vec<Vec<u64>>,
}

/// Spread of a positive row's place among the negatives: the error component of the AUC (Hanley and McNeil's
/// structural component).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RankingError {
    /// Population variance of the share of negatives below a positive row, ties counted half. (NannyML leaves the
    /// order of ties to the sort, and forgets the positive of rank 0.)
    pub variance: f64,
    /// Share of rows of the rarer class.
    pub fraction: f64,
}

/// Spread of the average precision over resamples of the baseline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ResamplingError {
    /// Population variance over 50 resamples with replacement. (NannyML's are not seeded; ours are.)
    pub variance: f64,
    /// Rows of a resample.
    pub n_rows: u64,
}

impl ReferenceCounts {
    /// Counts label against prediction; both must lie below `classes`.
    pub(super) fn of(label: &[usize], prediction: &[usize], classes: usize) -> Self {
        let mut rows_actual = vec![vec![0; classes]; classes];
        for (&actual, &predicted) in label.iter().zip(prediction) {
            rows_actual[actual][predicted] += 1;
        }
        Self { rows_actual }
    }

    /// Rows of the baseline.
    pub fn n_rows(&self) -> u64 {
        self.rows_actual.iter().flatten().sum()
    }

    /// Labels of one class.
    pub(super) fn n_actual(&self, class: usize) -> u64 {
        self.rows_actual[class].iter().sum()
    }

    fn one_vs_rest(&self, class: usize) -> OneVsRest {
        let tp = self.rows_actual[class][class];
        let predicted: u64 = self.rows_actual.iter().map(|row| row[class]).sum();
        let (fp, fn_) = (predicted - tp, self.n_actual(class) - tp);
        OneVsRest {
            tp,
            fp,
            fn_,
            tn: self.n_rows() - tp - fp - fn_,
        }
    }

    /// Standard error of a threshold metric over a window of `n` rows, positive class 1 of two. `None` for ranking
    /// metrics and where the baseline has no relevant row.
    pub(super) fn binary_error(&self, metric: ClassificationMetric, n: f64) -> Option<f64> {
        let counts = self.one_vs_rest(1);
        let component = counts.component(metric)?;
        let correction = if metric == ClassificationMetric::F1 {
            counts.f1_correction()
        } else {
            1.0
        };
        Some(component.variance.sqrt() * correction / (n * component.fraction).sqrt())
    }

    /// The same for the macro average over classes; NannyML leaves out F1's correction there.
    pub(super) fn macro_error(&self, metric: ClassificationMetric, n: f64) -> Option<f64> {
        if metric == ClassificationMetric::Accuracy {
            return Some(self.accuracy_spread() / n.sqrt());
        }
        let components: Option<Vec<Component>> = (0..self.rows_actual.len())
            .map(|class| self.one_vs_rest(class).component(metric))
            .collect();
        mean_of_classes(&components?, n)
    }

    fn accuracy_spread(&self) -> f64 {
        let right: u64 = (0..self.rows_actual.len())
            .map(|class| self.rows_actual[class][class])
            .sum();
        bernoulli_variance(right, self.n_rows()).sqrt()
    }

    /// Standard error of one cell's count over a window of `n` rows.
    pub(super) fn cell_error(&self, actual: usize, predicted: usize, n: f64) -> f64 {
        bernoulli_variance(self.rows_actual[actual][predicted], self.n_rows()).sqrt() * n.sqrt()
    }

    /// Standard deviation of one row's value; `ddof` as NannyML: 0 for two classes, 1 for more.
    pub(super) fn value_spread(&self, value: &[Vec<f64>], ddof: u64) -> Option<f64> {
        let n = self.n_rows();
        let cells = || self.rows_actual.iter().flatten().zip(value.iter().flatten());
        let mean = cells().map(|(&count, value)| count as f64 * value).sum::<f64>() / n as f64;
        let squares: f64 = cells()
            .map(|(&count, value)| count as f64 * (value - mean).powi(2))
            .sum();
        (n > ddof).then(|| (squares / (n - ddof) as f64).sqrt())
    }
}

struct OneVsRest {
    tp: u64,
    fp: u64,
    fn_: u64,
    tn: u64,
}

#[derive(Clone, Copy)]
struct Component {
    variance: f64,
    fraction: f64,
}

impl OneVsRest {
    fn component(&self, metric: ClassificationMetric) -> Option<Component> {
        let (hits, relevant) = match metric {
            ClassificationMetric::F1 => (self.tp, self.tp + self.fn_ + self.fp),
            ClassificationMetric::Precision => (self.tp, self.tp + self.fp),
            ClassificationMetric::Recall => (self.tp, self.tp + self.fn_),
            ClassificationMetric::Specificity => (self.tn, self.tn + self.fp),
            ClassificationMetric::Accuracy => (self.tp + self.tn, self.tp + self.tn + self.fp + self.fn_),
            ClassificationMetric::RocAuc | ClassificationMetric::AveragePrecision => return None,
        };
        let n = self.tp + self.fp + self.fn_ + self.tn;
        (relevant > 0).then(|| Component {
            variance: bernoulli_variance(hits, relevant),
            fraction: relevant as f64 / n as f64,
        })
    }

    fn f1_correction(&self) -> f64 {
        let wrong = (self.fp + self.fn_) as f64;
        (self.tp as f64 + wrong) / (self.tp as f64 + 0.5 * wrong)
    }
}

fn bernoulli_variance(hits: u64, n: u64) -> f64 {
    let share = hits as f64 / n as f64;
    share * (1.0 - share)
}

fn mean_of_classes(components: &[Component], n: f64) -> Option<f64> {
    let total: f64 = components
        .iter()
        .map(|class| class.variance / (n * class.fraction))
        .sum();
    (!components.is_empty()).then(|| total.sqrt() / components.len() as f64)
}

impl RankingError {
    /// `None` with one class only. The rarer class is taken as positive, as NannyML does.
    pub(super) fn of(score: &[f64], label: &[bool]) -> Option<Self> {
        let n = score.len() as f64;
        let n_positive = label.iter().filter(|&&positive| positive).count();
        let placements = if n_positive as f64 / n > 0.5 {
            let score: Vec<f64> = score.iter().map(|score| 1.0 - score).collect();
            let label: Vec<bool> = label.iter().map(|positive| !positive).collect();
            rank::placements(&score, &label)
        } else {
            rank::placements(score, label)
        };
        let n_negative = score.len() - placements.len();
        if placements.is_empty() || n_negative == 0 {
            return None;
        }
        let shares: Vec<f64> = placements.iter().map(|below| below / n_negative as f64).collect();
        Some(Self {
            variance: population_variance(&shares),
            fraction: placements.len() as f64 / n,
        })
    }

    pub(super) fn binary_error(self, n: f64) -> f64 {
        (self.variance / (n * self.fraction)).sqrt()
    }

    /// Error of the macro average.
    pub(super) fn macro_error(classes: &[Self], n: f64) -> Option<f64> {
        let components: Vec<Component> = classes
            .iter()
            .map(|class| Component {
                variance: class.variance,
                fraction: class.fraction,
            })
            .collect();
        mean_of_classes(&components, n).map(|error| error * MULTICLASS_AUC_FACTOR)
    }
}

impl ResamplingError {
    /// `None` without positives, or with so few that a resample held none.
    pub(super) fn of(score: &[f64], label: &[bool], seed: u64) -> Option<Self> {
        let n = score.len();
        let n_rows = (n / 2).min(MAX_RESAMPLE_ROWS);
        if n_rows == 0 {
            return None;
        }
        let mut ascending = rank::descending(score);
        ascending.reverse();
        let mut generator = Pcg64::seed_from_u64(seed);
        let mut values = Vec::with_capacity(N_RESAMPLES);
        for _ in 0..N_RESAMPLES {
            let mut count = vec![0u32; n];
            for _ in 0..n_rows {
                count[generator.random_range(0..n)] += 1;
            }
            values.push(rank::average_precision(&ascending, score, label, &count)?);
        }
        Some(Self {
            variance: population_variance(&values),
            n_rows: n_rows as u64,
        })
    }

    pub(super) fn binary_error(self, n: f64) -> f64 {
        (self.variance * self.n_rows as f64 / n).sqrt()
    }

    /// Error of the macro average, as NannyML: the root of the mean of the classes' variances.
    pub(super) fn macro_error(classes: &[Self], n: f64) -> Option<f64> {
        let total: f64 = classes
            .iter()
            .map(|class| class.variance * class.n_rows as f64 / n)
            .sum();
        (!classes.is_empty()).then(|| (total / classes.len() as f64).sqrt())
    }
}

pub(super) fn population_variance(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n
}
