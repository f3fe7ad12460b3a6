//! Two models on the same rows: by how much the second is better, with an interval.
//!
//! Each gain is oriented so that positive means the challenger is better, and is a smooth function of sums over rows, so
//! each row has an influence on it and its variance is the sum of their squares:
//!
//! | metric | gain | variance |
//! |---|---|---|
//! | AUC | AUC(challenger) − AUC(champion) | DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44:837, of the paired difference |
//! | accuracy | share right − share right | of the paired differences of 0 and 1 (McNemar's table) |
//! | RMSE | RMSE(champion) − RMSE(challenger) | delta method on both mean squared errors |
//!
//! Rows of a served model follow each other in time and are not independent, so the variance is also taken over
//! consecutive blocks of rows (Liang & Zeger 1986, Biometrika 73:13, blocks as clusters) and the larger of the two is used,
//! with Student's t of the blocks' degrees of freedom. Rows must come in time order. Does not decide anything.

use super::result::NotComputable;
use statrs::distribution::{ContinuousCDF, StudentsT};

/// Fewest rows a comparison is made of.
pub const MIN_ROWS: usize = 30;
/// Blocks of consecutive rows.
const MAX_BLOCKS: usize = 50;

/// What both models said of the same rows, in time order; all slices have one length.
#[derive(Debug, Clone, Copy)]
pub enum PairedRows<'a> {
    /// Scores of a binary problem, higher for the positive class.
    Scores {
        /// Whether the row is positive.
        labels: &'a [bool],
        /// The model in service.
        champion: &'a [f64],
        /// The new model.
        challenger: &'a [f64],
    },
    /// Whether each answer was right.
    Hits {
        /// The model in service.
        champion: &'a [bool],
        /// The new model.
        challenger: &'a [bool],
    },
    /// Errors of a regression, prediction − label, in the label's unit.
    Errors {
        /// The model in service.
        champion: &'a [f64],
        /// The new model.
        challenger: &'a [f64],
    },
}

/// A gain with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedGain {
    /// `auc`, `accuracy` or `rmse`.
    pub metric: &'static str,
    /// The metric of the model in service.
    pub champion: f64,
    /// The metric of the new model.
    pub challenger: f64,
    /// Positive where the challenger is better.
    pub gain: f64,
    /// Least gain in the interval.
    pub lower: f64,
    /// Greatest gain in the interval.
    pub upper: f64,
    /// Rows compared.
    pub n: usize,
    /// Blocks the variance was also taken over.
    pub n_blocks: usize,
}

/// The gain, with a two-sided interval of `confidence`.
///
/// Not computable: fewer than [`MIN_ROWS`] rows, for AUC fewer than two rows of a class, a value that is not finite.
pub fn paired_gain(rows: PairedRows<'_>, confidence: f64) -> Result<PairedGain, NotComputable> {
    let n = match rows {
        PairedRows::Scores { labels, .. } => labels.len(),
        PairedRows::Hits { champion, .. } => champion.len(),
        PairedRows::Errors { champion, .. } => champion.len(),
    };
    if n < MIN_ROWS {
        return Err(NotComputable::TooFewLabels {
            n: n as u64,
            minimum: MIN_ROWS as u64,
        });
    }
    let finite = |values: &[f64]| values.iter().all(|value| value.is_finite());
    let (metric, champion, challenger, influence, independent) = match rows {
        PairedRows::Scores {
            labels,
            champion,
            challenger,
        } => {
            if !finite(champion) || !finite(challenger) {
                return Err(NotComputable::NoScore);
            }
            let n_positive = labels.iter().filter(|label| **label).count();
            let n_negative = n - n_positive;
            if n_positive.min(n_negative) < 2 {
                return Err(NotComputable::OneClass);
            }
            let (old, new) = (placements(labels, champion), placements(labels, challenger));
            let (old_auc, new_auc) = (auc(labels, &old, n_positive), auc(labels, &new, n_positive));
            let gain = new_auc - old_auc;
            let mut independent = 0.0;
            let influence: Vec<f64> = labels
                .iter()
                .zip(new.iter().zip(&old))
                .map(|(label, (new, old))| {
                    let m = if *label { n_positive } else { n_negative } as f64;
                    let influence = (new - old - gain) / m;
                    independent += influence * influence * m / (m - 1.0);
                    influence
                })
                .collect();
            ("auc", old_auc, new_auc, influence, independent)
        }
        PairedRows::Hits { champion, challenger } => {
            let share = |hits: &[bool]| hits.iter().filter(|hit| **hit).count() as f64 / n as f64;
            let (old, new) = (share(champion), share(challenger));
            let influence: Vec<f64> = challenger
                .iter()
                .zip(champion)
                .map(|(new_hit, old_hit)| {
                    (f64::from(u8::from(*new_hit)) - f64::from(u8::from(*old_hit)) - (new - old)) / n as f64
                })
                .collect();
            let independent = of_independent(&influence);
            ("accuracy", old, new, influence, independent)
        }
        PairedRows::Errors { champion, challenger } => {
            if !finite(champion) || !finite(challenger) {
                return Err(NotComputable::NoPrediction);
            }
            let mean_square =
                |errors: &[f64]| errors.iter().map(|error| error * error).sum::<f64>() / n as f64;
            let (old, new) = (mean_square(champion), mean_square(challenger));
            if !(old.is_finite() && new.is_finite()) {
                return Err(NotComputable::Infinite);
            }
            // d RMSE = d MSE / (2 RMSE); a model without any error has none to lose.
            let slope = |mean_square: f64| {
                if mean_square > 0.0 {
                    0.5 / mean_square.sqrt()
                } else {
                    0.0
                }
            };
            let influence: Vec<f64> = champion
                .iter()
                .zip(challenger)
                .map(|(old_error, new_error)| {
                    ((old_error * old_error - old) * slope(old) - (new_error * new_error - new) * slope(new))
                        / n as f64
                })
                .collect();
            let independent = of_independent(&influence);
            ("rmse", old.sqrt(), new.sqrt(), influence, independent)
        }
    };
    let n_blocks = (n as f64).sqrt() as usize;
    let n_blocks = n_blocks.clamp(5, MAX_BLOCKS);
    let variance = independent.max(of_blocks(&influence, n_blocks));
    let gain = if metric == "rmse" {
        champion - challenger
    } else {
        challenger - champion
    };
    let t = StudentsT::new(0.0, 1.0, (n_blocks - 1) as f64)
        .expect("at least four degrees of freedom")
        .inverse_cdf(0.5 + 0.5 * confidence);
    let half = t * variance.sqrt();
    Ok(PairedGain {
        metric,
        champion,
        challenger,
        gain,
        lower: gain - half,
        upper: gain + half,
        n,
        n_blocks,
    })
}

/// Variance of a sum of independent influences.
fn of_independent(influence: &[f64]) -> f64 {
    let n = influence.len() as f64;
    influence.iter().map(|value| value * value).sum::<f64>() * n / (n - 1.0)
}

/// Variance of the same sum where only blocks of consecutive rows are independent.
fn of_blocks(influence: &[f64], n_blocks: usize) -> f64 {
    let n = influence.len();
    let squares: f64 = (0..n_blocks)
        .map(|block| {
            influence[block * n / n_blocks..(block + 1) * n / n_blocks]
                .iter()
                .sum::<f64>()
        })
        .map(|sum| sum * sum)
        .sum();
    squares * n_blocks as f64 / (n_blocks - 1) as f64
}

/// For each positive row the share of negatives it ranks above, for each negative the share of positives above it; ties
/// count half.
fn placements(labels: &[bool], scores: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|left, right| scores[*left].total_cmp(&scores[*right]));
    let n_positive = labels.iter().filter(|label| **label).count() as f64;
    let n_negative = labels.len() as f64 - n_positive;
    let mut placed = vec![0.0; scores.len()];
    let (mut positives, mut negatives) = (0.0, 0.0);
    for tied in order.chunk_by(|left, right| scores[*left] == scores[*right]) {
        let here = tied.iter().filter(|row| labels[**row]).count() as f64;
        let others = tied.len() as f64 - here;
        for row in tied {
            placed[*row] = if labels[*row] {
                (negatives + 0.5 * others) / n_negative
            } else {
                (n_positive - positives - 0.5 * here) / n_positive
            };
        }
        positives += here;
        negatives += others;
    }
    placed
}

fn auc(labels: &[bool], placed: &[f64], n_positive: usize) -> f64 {
    labels
        .iter()
        .zip(placed)
        .filter(|(label, _)| **label)
        .map(|(_, placed)| placed)
        .sum::<f64>()
        / n_positive as f64
}

#[cfg(test)]
mod tests {
    use super::{NotComputable, PairedRows, paired_gain};
    use proptest::prelude::*;

    fn rows(n: usize) -> (Vec<bool>, Vec<f64>, Vec<f64>) {
        // The same integers in the script below: a linear congruential generator modulo 2^31.
        let mut state = 7_u64;
        let mut next = || {
            state = (1_103_515_245 * state + 12_345) % (1 << 31);
            state as f64 / f64::from(1_u32 << 31)
        };
        let mut all = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..n {
            let (u, v, w) = (next(), next(), next());
            all.0.push(u < 0.4);
            let lift = if u < 0.4 { 0.3 } else { 0.0 };
            all.1.push((10.0 * (v + lift)).floor() / 10.0);
            all.2.push(w + 1.5 * lift);
        }
        all
    }

    /// tests/reference/quality/make_paired.py, numpy 2.4.6 (DeLong by the O(mn) definition) and scikit-learn 1.9.1
    /// (`roc_auc_score`), n = 200.
    #[test]
    fn auc_and_its_variance_are_delongs() {
        let (labels, champion, challenger) = rows(200);
        let found = paired_gain(
            PairedRows::Scores {
                labels: &labels,
                champion: &champion,
                challenger: &challenger,
            },
            0.95,
        )
        .unwrap();
        let expected: (f64, f64, f64) = (0.7238541666666667, 0.885625, 0.09461922173678958);
        assert!((found.champion - expected.0).abs() < 1e-12, "{found:?}");
        assert!((found.challenger - expected.1).abs() < 1e-12, "{found:?}");
        // scipy 1.17.1: t.ppf(0.975, 13) = 2.160368656461013; the larger of both variances.
        let half = 0.5 * (found.upper - found.lower);
        assert!((half - expected.2).abs() < 1e-12, "{half} {}", expected.2);
    }

    /// The same script: accuracy at 0.5, and RMSE of the scores as predictions of the label.
    #[test]
    fn accuracy_and_rmse_are_numpys() {
        let (labels, champion, challenger) = rows(200);
        let hits = |scores: &[f64]| -> Vec<bool> {
            scores
                .iter()
                .zip(&labels)
                .map(|(score, label)| (*score > 0.5) == *label)
                .collect()
        };
        let (old, new) = (hits(&champion), hits(&challenger));
        let found = paired_gain(
            PairedRows::Hits {
                champion: &old,
                challenger: &new,
            },
            0.95,
        )
        .unwrap();
        let expected: (f64, f64, f64) = (0.61, 0.705, 0.10227196176714758);
        assert!(
            (found.champion - expected.0).abs() < 1e-12 && (found.challenger - expected.1).abs() < 1e-12,
            "{found:?}"
        );
        assert!(
            (0.5 * (found.upper - found.lower) - expected.2).abs() < 1e-12,
            "{found:?}"
        );
        let errors = |scores: &[f64]| -> Vec<f64> {
            scores
                .iter()
                .zip(&labels)
                .map(|(score, label)| score - f64::from(u8::from(*label)))
                .collect()
        };
        let (old, new) = (errors(&champion), errors(&challenger));
        let found = paired_gain(
            PairedRows::Errors {
                champion: &old,
                challenger: &new,
            },
            0.95,
        )
        .unwrap();
        let expected: (f64, f64, f64) = (0.4878524367060187, 0.4747489112036093, 0.054368115354662794);
        assert!(
            (found.champion - expected.0).abs() < 1e-12 && (found.challenger - expected.1).abs() < 1e-12,
            "{found:?}"
        );
        assert!(
            (0.5 * (found.upper - found.lower) - expected.2).abs() < 1e-12,
            "{found:?}"
        );
    }

    #[test]
    fn what_cannot_be_compared_says_why() {
        let few = paired_gain(
            PairedRows::Errors {
                champion: &[1.0; 29],
                challenger: &[1.0; 29],
            },
            0.95,
        );
        assert_eq!(
            few.unwrap_err(),
            NotComputable::TooFewLabels { n: 29, minimum: 30 }
        );
        let one_class = paired_gain(
            PairedRows::Scores {
                labels: &[true; 40],
                champion: &[0.5; 40],
                challenger: &[0.5; 40],
            },
            0.95,
        );
        assert_eq!(one_class.unwrap_err(), NotComputable::OneClass);
        let missing = paired_gain(
            PairedRows::Errors {
                champion: &[f64::NAN; 40],
                challenger: &[1.0; 40],
            },
            0.95,
        );
        assert_eq!(missing.unwrap_err(), NotComputable::NoPrediction);
    }

    proptest! {
        /// Law: exchanging the two models changes the sign of the gain and mirrors the interval.
        #[test]
        fn exchanging_the_models_mirrors_the_gain(
            values in prop::collection::vec((any::<bool>(), -1e3..1e3_f64, -1e3..1e3_f64), 30..120),
        ) {
            let labels: Vec<bool> = values.iter().map(|row| row.0).collect();
            let left: Vec<f64> = values.iter().map(|row| row.1).collect();
            let right: Vec<f64> = values.iter().map(|row| row.2).collect();
            for (there, back) in [
                (PairedRows::Scores { labels: &labels, champion: &left, challenger: &right },
                 PairedRows::Scores { labels: &labels, champion: &right, challenger: &left }),
                (PairedRows::Errors { champion: &left, challenger: &right },
                 PairedRows::Errors { champion: &right, challenger: &left }),
            ] {
                if let (Ok(there), Ok(back)) = (paired_gain(there, 0.9), paired_gain(back, 0.9)) {
                    let near = |left: f64, right: f64| (left - right).abs() <= 1e-9 * (1.0 + left.abs());
                    prop_assert!(near(there.gain, -back.gain));
                    prop_assert!(near(there.lower, -back.upper) && near(there.upper, -back.lower));
                    prop_assert!(there.lower <= there.gain && there.gain <= there.upper);
                }
            }
        }
    }
}
