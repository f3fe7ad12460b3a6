//! Two classes: the state that grows and merges, and what is read from it.
//!
//! A row has a label, and a predicted class, a score, or both. Metrics of the confusion matrix use the predicted class
//! where it is given and `score ≥ threshold` otherwise; ranking and calibration use the scores. Does not know which
//! text means positive: the caller does.

mod calibration;
mod curve;
mod ranking;
mod summary;

pub(crate) use calibration::log_loss_of;
pub(crate) use ranking::Ranking;
pub(crate) use summary::kept;

use super::confusion::Cells;
use super::options::{QualityError, QualityOptions, ScoreKind};
use super::result::{QualityResult, RowCounts};
use super::scores::ScoreSample;
use super::tally::ExactMass;
use crate::profile::exact_sum::SumScratch;

/// What a binary run is about; states merge only where all of it agrees.
#[derive(Debug, Clone, PartialEq)]
pub struct BinarySettings {
    /// Names of the negative and the positive class.
    pub classes: [String; 2],
    /// Score from which a row is predicted positive, where no predicted class is given.
    pub threshold: f64,
    /// Whether scores are probabilities.
    pub score_kind: ScoreKind,
}

impl Default for BinarySettings {
    fn default() -> Self {
        Self {
            classes: ["0".to_owned(), "1".to_owned()],
            threshold: 0.5,
            score_kind: ScoreKind::Probability,
        }
    }
}

/// A chunk of labelled predictions; all slices have one length.
#[derive(Debug, Clone, Copy, Default)]
pub struct BinaryRows<'a> {
    /// Whether the label is the positive class.
    pub labels: &'a [bool],
    /// Whether the predicted class is the positive one.
    pub predicted: Option<&'a [bool]>,
    /// Probability (or score) of the positive class; NaN where a row has none.
    pub scores: Option<&'a [f64]>,
    /// Inverse probability of having been captured; 1 without it.
    pub weights: Option<&'a [f64]>,
}

/// Labelled predictions of two classes, as a multiset.
#[derive(Debug, Clone)]
pub struct BinaryState {
    settings: BinarySettings,
    counts: RowCounts,
    /// By 2·label + predicted.
    cells: [ExactMass; 4],
    scores: ScoreSample,
    scratch: Scratch,
}

/// Working memory of one state; no part of what it has seen.
#[derive(Debug, Default)]
struct Scratch(Option<Box<SumScratch>>);

impl Clone for Scratch {
    fn clone(&self) -> Self {
        Self(None)
    }
}

/// How far outside 0–1 a probability may be through rounding.
pub(crate) const PROBABILITY_SLACK: f64 = 1e-6;

/// What becomes of a score.
enum Admitted {
    As(f64),
    Clipped(f64),
    Refused,
}

fn admit(score: f64, kind: ScoreKind) -> Admitted {
    match kind {
        _ if !score.is_finite() => Admitted::Refused,
        ScoreKind::Free => Admitted::As(score),
        ScoreKind::Probability if (0.0..=1.0).contains(&score) => Admitted::As(score),
        ScoreKind::Probability if (-PROBABILITY_SLACK..=1.0 + PROBABILITY_SLACK).contains(&score) => {
            Admitted::Clipped(score.clamp(0.0, 1.0))
        }
        ScoreKind::Probability => Admitted::Refused,
    }
}

pub(crate) fn is_weight(weight: f64) -> bool {
    weight.is_finite() && weight > 0.0
}

pub(crate) fn check_length(
    name: &'static str,
    expected: usize,
    found: Option<usize>,
) -> Result<(), QualityError> {
    match found {
        Some(found) if found != expected => Err(QualityError::Length {
            name,
            expected,
            found,
        }),
        _ => Ok(()),
    }
}

impl BinaryState {
    /// A state that has seen nothing.
    pub fn new(settings: BinarySettings) -> Self {
        let kind = settings.score_kind;
        Self {
            settings,
            counts: RowCounts::default(),
            cells: std::array::from_fn(|_| ExactMass::default()),
            scores: ScoreSample::new(kind),
            scratch: Scratch(None),
        }
    }

    /// Adds a chunk.
    ///
    /// # Errors
    /// Slices of different lengths, or neither predictions nor scores; nothing is added then. Rows that cannot be used
    /// are counted ([`RowCounts`]).
    pub fn update(&mut self, rows: &BinaryRows<'_>) -> Result<(), QualityError> {
        let n = rows.labels.len();
        check_length("predicted", n, rows.predicted.map(<[bool]>::len))?;
        check_length("scores", n, rows.scores.map(<[f64]>::len))?;
        check_length("weights", n, rows.weights.map(<[f64]>::len))?;
        if rows.predicted.is_none() && rows.scores.is_none() {
            return Err(QualityError::NothingPredicted);
        }
        let mut plain = [0u64; 4];
        let mut weighted: [Vec<f64>; 4] = std::array::from_fn(|_| Vec::new());
        let counts = &mut self.counts;
        counts.n_rows += n as u64;
        for row in 0..n {
            let weight = rows.weights.map_or(1.0, |weights| weights[row]);
            if !is_weight(weight) {
                counts.n_bad_weight += 1;
                continue;
            }
            let label = rows.labels[row];
            let mut is_clipped = false;
            let score = rows
                .scores
                .and_then(|scores| match admit(scores[row], self.settings.score_kind) {
                    Admitted::As(score) => Some(score),
                    Admitted::Clipped(score) => {
                        is_clipped = true;
                        Some(score)
                    }
                    Admitted::Refused => {
                        counts.n_score_refused += 1;
                        None
                    }
                });
            let predicted = match rows.predicted {
                Some(predicted) => Some(predicted[row]),
                None => score.map(|score| score >= self.settings.threshold),
            };
            let Some(predicted) = predicted else {
                counts.n_unusable += 1;
                continue;
            };
            counts.n_used += 1;
            counts.n_score_clipped += u64::from(is_clipped);
            let cell = 2 * usize::from(label) + usize::from(predicted);
            if weight == 1.0 {
                plain[cell] += 1;
            } else {
                weighted[cell].push(weight);
            }
            if let Some(score) = score {
                counts.n_scored += 1;
                self.scores.push(label, score, weight);
            }
        }
        for (cell, (n, weights)) in self.cells.iter_mut().zip(plain.into_iter().zip(weighted)) {
            cell.add_plain(n);
            if !weights.is_empty() {
                cell.add_weights(&weights, self.scratch.0.get_or_insert_default());
            }
        }
        Ok(())
    }

    /// Adds what `other` has seen.
    ///
    /// # Errors
    /// The settings differ.
    pub fn merge(&mut self, other: Self) -> Result<(), QualityError> {
        if self.settings != other.settings {
            return Err(QualityError::Settings {
                setting: "classes, threshold or kind of score",
            });
        }
        self.counts.merge(&other.counts);
        for (cell, more) in self.cells.iter_mut().zip(&other.cells) {
            cell.merge(more);
        }
        self.scores.merge(other.scores);
        Ok(())
    }

    /// What happened to the rows so far.
    pub fn counts(&self) -> RowCounts {
        self.counts
    }

    /// All metrics of the rows seen.
    ///
    /// # Errors
    /// Options that are outside their range.
    pub fn finish(self, options: &QualityOptions) -> Result<QualityResult, QualityError> {
        options.check()?;
        if let Some(values) = &options.value_matrix {
            values.check(2)?;
        }
        Ok(summary::summarize(self, options))
    }

    fn cells(&self) -> Cells {
        let [true_negative, false_positive, false_negative, true_positive] =
            [0, 1, 2, 3].map(|cell: usize| self.cells[cell].mass());
        Cells {
            true_positive,
            false_positive,
            false_negative,
            true_negative,
        }
    }
}
