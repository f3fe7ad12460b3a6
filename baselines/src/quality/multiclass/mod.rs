//! More than two classes: the state that grows and merges, and what is read from it.
//!
//! The list of classes is given, or found in labels and predictions. With a given list a row whose label (or predicted
//! class) is not in it enters no metric and is counted. Probabilities stand in rows in the order of a given list; a row
//! with an entry outside 0–1, or that is off 1 by more than [`ROW_SUM_SLACK`], is refused, and others are divided by
//! their sum. Does not know what a class means.

mod averages;
mod summary;

use hashbrown::HashMap;

use super::binary::{PROBABILITY_SLACK, check_length, is_weight, log_loss_of};
use super::options::{QualityError, QualityOptions, ScoreKind};
use super::result::{QualityResult, RowCounts};
use super::scores::ScoreSample;
use super::tally::ExactMass;
use crate::profile::exact_sum::{ExactSums, SumScratch};

/// How far the probabilities of a row may be from adding up to 1: two decimals of a few classes may be that far.
pub const ROW_SUM_SLACK: f64 = 0.02;
/// Most classes of a confusion matrix.
pub const MAX_CLASSES: usize = 1000;

/// Which classes there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Classes {
    /// These, in this order, which is also that of probabilities.
    Given(Vec<String>),
    /// Every one that occurs as label or prediction, sorted by name.
    Found,
}

/// A chunk of labelled predictions.
#[derive(Debug, Clone, Copy, Default)]
pub struct MulticlassRows<'a> {
    /// Labels.
    pub labels: &'a [&'a str],
    /// Predicted classes; without them the class of the largest probability, the first of equal ones.
    pub predicted: Option<&'a [&'a str]>,
    /// Row after row, one probability per class in the order of the given list.
    pub probabilities: Option<&'a [f64]>,
    /// Inverse probability of having been captured; 1 without it.
    pub weights: Option<&'a [f64]>,
}

/// Labelled predictions of several classes, as a multiset.
#[derive(Debug, Clone)]
pub struct MulticlassState {
    classes: Classes,
    names: Vec<String>,
    index: HashMap<String, usize>,
    counts: RowCounts,
    /// `cells[label][predicted]`.
    cells: Vec<Vec<ExactMass>>,
    ranked: Option<Box<Ranked>>,
}

/// What rows with probabilities have shown.
#[derive(Debug, Clone)]
struct Ranked {
    /// Scores of each class against the rest.
    scores: Vec<ScoreSample>,
    /// Rows whose label has rank r, r = 0 the most probable.
    by_rank: Vec<ExactMass>,
    losses: ExactLosses,
}

/// Sums for the mean of a loss and its variance, without rounding.
#[derive(Debug, Clone, Default)]
struct ExactLosses {
    all: ExactMass,
    /// w·l: its sum and sum of squares.
    weighted: ExactSums,
    /// w²·l.
    twice_weighted: ExactSums,
}

/// One chunk on its way into exact sums.
#[derive(Default)]
struct Chunk {
    /// (label, predicted) → weights other than 1.
    cells: HashMap<(usize, usize), Vec<f64>>,
    /// Rank → weights other than 1.
    ranks: HashMap<usize, Vec<f64>>,
    losses: Vec<f64>,
    weights: Vec<f64>,
}

impl MulticlassState {
    /// A state that has seen nothing.
    ///
    /// # Errors
    /// A given list that repeats a name, or has fewer than two or more than [`MAX_CLASSES`].
    pub fn new(classes: Classes) -> Result<Self, QualityError> {
        let names = match &classes {
            Classes::Given(names) if names.len() < 2 => return Err(QualityError::ClassList),
            Classes::Given(names) if names.len() > MAX_CLASSES => {
                return Err(QualityError::TooManyClasses { limit: MAX_CLASSES });
            }
            Classes::Given(names) => names.clone(),
            Classes::Found => Vec::new(),
        };
        let index: HashMap<String, usize> = names.iter().cloned().zip(0..).collect();
        if index.len() != names.len() {
            return Err(QualityError::ClassList);
        }
        let mut state = Self {
            classes,
            names: Vec::new(),
            index,
            counts: RowCounts::default(),
            cells: Vec::new(),
            ranked: None,
        };
        state.grow(names);
        Ok(state)
    }

    fn grow(&mut self, names: impl IntoIterator<Item = String>) {
        self.names.extend(names);
        let n = self.names.len();
        for row in &mut self.cells {
            row.resize_with(n, ExactMass::default);
        }
        self.cells.resize_with(n, || vec![ExactMass::default(); n]);
    }

    /// The position of a class; found lists grow.
    fn class(&mut self, name: &str) -> Result<Option<usize>, QualityError> {
        if let Some(&found) = self.index.get(name) {
            return Ok(Some(found));
        }
        if self.classes != Classes::Found {
            return Ok(None);
        }
        let position = self.names.len();
        if position == MAX_CLASSES {
            return Err(QualityError::TooManyClasses { limit: MAX_CLASSES });
        }
        self.index.insert(name.to_owned(), position);
        self.grow([name.to_owned()]);
        Ok(Some(position))
    }

    /// Adds a chunk.
    ///
    /// # Errors
    /// Slices of different lengths, neither predictions nor probabilities, probabilities without a given list, or more
    /// than [`MAX_CLASSES`] found classes. Rows that cannot be used are counted ([`RowCounts`]).
    pub fn update(&mut self, rows: &MulticlassRows<'_>) -> Result<(), QualityError> {
        let n = rows.labels.len();
        let n_classes = self.names.len();
        check_length("predicted", n, rows.predicted.map(<[&str]>::len))?;
        check_length("weights", n, rows.weights.map(<[f64]>::len))?;
        if rows.predicted.is_none() && rows.probabilities.is_none() {
            return Err(QualityError::NothingPredicted);
        }
        if rows.probabilities.is_some() {
            if self.classes == Classes::Found {
                return Err(QualityError::ProbabilitiesWithoutClasses);
            }
            check_length(
                "probabilities",
                n * n_classes,
                rows.probabilities.map(<[f64]>::len),
            )?;
            self.ranked
                .get_or_insert_with(|| Box::new(Ranked::new(n_classes)));
        }
        let mut chunk = Chunk::default();
        let mut normalized = vec![0.0; n_classes];
        for row in 0..n {
            self.counts.n_rows += 1;
            let weight = rows.weights.map_or(1.0, |weights| weights[row]);
            if !is_weight(weight) {
                self.counts.n_bad_weight += 1;
                continue;
            }
            let Some(label) = self.class(rows.labels[row])? else {
                self.counts.n_label_outside += 1;
                continue;
            };
            let probabilities = rows
                .probabilities
                .map(|all| admit(&all[row * n_classes..(row + 1) * n_classes], &mut normalized));
            let is_scored = matches!(probabilities, Some(Some(_)));
            self.counts.n_score_refused += u64::from(probabilities == Some(None));
            let predicted = match rows.predicted {
                Some(predicted) => self.class(predicted[row])?,
                None if is_scored => Some(largest(&normalized)),
                None => {
                    self.counts.n_unusable += 1;
                    continue;
                }
            };
            let Some(predicted) = predicted else {
                self.counts.n_prediction_outside += 1;
                continue;
            };
            self.counts.n_used += 1;
            if weight == 1.0 {
                self.cells[label][predicted].add_plain(1);
            } else {
                chunk.cells.entry((label, predicted)).or_default().push(weight);
            }
            if let (true, Some(ranked)) = (is_scored, &mut self.ranked) {
                self.counts.n_scored += 1;
                self.counts.n_score_clipped += u64::from(probabilities == Some(Some(true)));
                ranked.push(label, &normalized, weight, &mut chunk);
            }
        }
        self.settle(chunk);
        Ok(())
    }

    fn settle(&mut self, chunk: Chunk) {
        if chunk.cells.is_empty() && chunk.weights.is_empty() {
            return;
        }
        let mut scratch = SumScratch::default();
        for ((label, predicted), weights) in chunk.cells {
            self.cells[label][predicted].add_weights(&weights, &mut scratch);
        }
        let Some(ranked) = &mut self.ranked else { return };
        for (rank, weights) in chunk.ranks {
            ranked.by_rank[rank].add_weights(&weights, &mut scratch);
        }
        let rows = || chunk.losses.iter().zip(&chunk.weights);
        let weighted: Vec<f64> = rows().map(|(loss, weight)| weight * loss).collect();
        let twice: Vec<f64> = rows().map(|(loss, weight)| weight * weight * loss).collect();
        let others: Vec<f64> = chunk
            .weights
            .iter()
            .copied()
            .filter(|weight| *weight != 1.0)
            .collect();
        let losses = &mut ranked.losses;
        losses.weighted.add_all(&weighted, &mut scratch);
        losses.twice_weighted.add_all(&twice, &mut scratch);
        losses.all.add_plain((chunk.weights.len() - others.len()) as u64);
        losses.all.add_weights(&others, &mut scratch);
    }

    /// Adds what `other` has seen.
    ///
    /// # Errors
    /// The class lists differ, or more than [`MAX_CLASSES`] classes were found together.
    pub fn merge(&mut self, other: Self) -> Result<(), QualityError> {
        if self.classes != other.classes {
            return Err(QualityError::Settings {
                setting: "list of classes",
            });
        }
        let mut positions = Vec::with_capacity(other.names.len());
        for name in &other.names {
            positions.extend(self.class(name)?);
        }
        for (row, label) in other.cells.iter().zip(&positions) {
            for (cell, predicted) in row.iter().zip(&positions) {
                self.cells[*label][*predicted].merge(cell);
            }
        }
        self.counts.merge(&other.counts);
        match (&mut self.ranked, other.ranked) {
            (Some(ranked), Some(more)) => ranked.merge(*more),
            (ranked @ None, more) => *ranked = more,
            (Some(_), None) => {}
        }
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
            values.check(self.names.len())?;
        }
        Ok(summary::summarize(self, options))
    }
}

/// Divides a row by its sum into `normalized`. `None`: refused; `Some(true)`: an entry was clipped.
fn admit(row: &[f64], normalized: &mut [f64]) -> Option<bool> {
    let allowed = -PROBABILITY_SLACK..=1.0 + PROBABILITY_SLACK;
    if !row.iter().all(|p| allowed.contains(p)) {
        return None;
    }
    let is_clipped = row.iter().any(|p| !(0.0..=1.0).contains(p));
    let sum: f64 = row.iter().map(|p| p.clamp(0.0, 1.0)).sum();
    if (sum - 1.0).abs() > ROW_SUM_SLACK {
        return None;
    }
    for (place, p) in normalized.iter_mut().zip(row) {
        *place = p.clamp(0.0, 1.0) / sum;
    }
    Some(is_clipped)
}

/// Position of the largest, the first of equal ones.
fn largest(row: &[f64]) -> usize {
    (1..row.len()).fold(0, |best, idx| if row[idx] > row[best] { idx } else { best })
}

impl Ranked {
    fn new(n_classes: usize) -> Self {
        Self {
            scores: vec![ScoreSample::new(ScoreKind::Probability); n_classes],
            by_rank: vec![ExactMass::default(); n_classes],
            losses: ExactLosses::default(),
        }
    }

    fn push(&mut self, label: usize, row: &[f64], weight: f64, chunk: &mut Chunk) {
        for (class, (scores, p)) in self.scores.iter_mut().zip(row).enumerate() {
            scores.push(class == label, *p, weight);
        }
        // Of equal probabilities the later class ranks first, as in scikit-learn's `top_k_accuracy_score`.
        let own = row[label];
        let ahead = |(class, p): (usize, &f64)| *p > own || (*p == own && class > label);
        let rank = row.iter().enumerate().filter(|found| ahead(*found)).count();
        if weight == 1.0 {
            self.by_rank[rank].add_plain(1);
        } else {
            chunk.ranks.entry(rank).or_default().push(weight);
        }
        chunk.losses.push(log_loss_of(own));
        chunk.weights.push(weight);
    }

    fn merge(&mut self, other: Self) {
        for (scores, more) in self.scores.iter_mut().zip(other.scores) {
            scores.merge(more);
        }
        for (mass, more) in self.by_rank.iter_mut().zip(&other.by_rank) {
            mass.merge(more);
        }
        self.losses.all.merge(&other.losses.all);
        self.losses.weighted.merge(&other.losses.weighted);
        self.losses.twice_weighted.merge(&other.losses.twice_weighted);
    }
}
