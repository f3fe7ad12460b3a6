//! Domain classifier: how well a model tells current rows from baseline rows it has not seen.
//!
//! Boosted trees are trained to tell the sides apart, five times on four fifths of the rows of each side, and score
//! the fifth left out; the statistic is the ROC AUC of all scores (D. Lopez-Paz, M. Oquab, Revisiting classifier
//! two-sample tests, ICLR 2017, with AUC in place of accuracy; NannyML's `DomainClassifierCalculator` with LightGBM).
//! ½: cannot tell; 1: no row of one side could be of the other.
//!
//! Trees and not logistic regression: they see changes of spread, shape and of the relation between columns without
//! being told where to look, take missing cells as they are, do not depend on units, and name the columns they used.
//! `forust-ml` because it is pure Rust, small, deterministic, and trains 100 trees on 40,000 rows in under a second.
//!
//! Numbers enter as they are, missing as missing; categories as ranks by frequency over both sides, the 254 most
//! frequent with at least 5 rows apart and the rest as one, so that a column of identifiers teaches nothing. A row's fold follows from its
//! content ([`PairedRows`]), so equal rows of both sides are scored by the same model, and identical sides give
//! exactly ½. Importance of a column: its share of the gain of all splits, mean of the folds.
//!
//! p-value: Mann–Whitney of the out-of-fold scores, one-sided, with the variance of the AUC times 1 + k·(1/(k − 1)),
//! because folds share training rows (C. Nadeau, Y. Bengio, Inference for the generalization error, Machine Learning
//! 52, 2003). Without that factor 10 % of the p-values without drift were below 0.05 in our bench; with it fewer than
//! 5 % are (`docs/multivariate.md`). The interval is DeLong's and takes scores as given.
//!
//! Empty side: not computable. Fewer than 10 rows on a side: too few. Nothing varies: ½, p = 1.

use super::answer::{Interval, NotComputable, require_rows};
use super::boosted_trees::{Columns, LEARNING_RATE, MAX_LEAVES, N_TREES, train_and_score, varies};
use super::design::ranks_by_frequency;
use super::paired::{Cells, EmbeddingPair, MISSING, PairedRows};
use super::roc::area_under_curve;
use crate::compare::normal_survival;

/// Folds.
pub(crate) const N_FOLDS: usize = 5;
/// Rows needed on each side.
pub(crate) const MIN_CLASSIFIER_ROWS: usize = 10;
/// Categories of one column kept apart.
const MAX_CATEGORIES: u32 = 254;

/// How well the sides can be told apart, and by which columns.
#[derive(Debug, Clone, PartialEq)]
pub struct DomainClassifier {
    /// ROC AUC of out-of-fold scores; ½ where the sides cannot be told apart.
    pub auc: f64,
    /// 95 % interval of the AUC (DeLong).
    pub interval: Interval,
    /// Probability of an AUC at least as large without drift (Mann–Whitney, one-sided, corrected for shared
    /// training rows).
    pub p_value: f64,
    /// Columns by their share of gain, largest first; shares add up to 1, or are all 0 where no split was made.
    pub importance: Vec<ColumnImportance>,
    /// Folds.
    pub n_folds: usize,
    /// Trees of each model.
    pub n_trees: usize,
    /// Leaves of a tree at most.
    pub max_leaves: usize,
    /// Shrinkage of each tree.
    pub learning_rate: f64,
    /// Rows of the baseline that entered.
    pub n_baseline: usize,
    /// Rows of the current sample that entered.
    pub n_current: usize,
    /// Seed of the folds.
    pub seed: u64,
}

/// What a column gave to telling the sides apart.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnImportance {
    /// The column; for an embedding the number of its component.
    pub column: String,
    /// Share of the gain of all splits.
    pub gain_share: f64,
}

/// Over all numeric and categorical columns.
pub fn domain_classifier(paired: &PairedRows) -> Result<DomainClassifier, NotComputable> {
    require_rows(paired.n_rows, MIN_CLASSIFIER_ROWS)?;
    if paired.features.is_empty() {
        return Err(NotComputable::NoColumns);
    }
    let values = paired
        .features
        .iter()
        .map(|feature| encode(&feature.cells))
        .collect();
    let names = paired.feature_names().map(str::to_owned).collect();
    Ok(classify(values, names, paired.n_rows, paired.seed))
}

/// Over the components of an embedding.
pub(crate) fn of_embedding(embedding: &EmbeddingPair, seed: u64) -> Result<DomainClassifier, NotComputable> {
    let n_rows = embedding.n_rows();
    require_rows(n_rows, MIN_CLASSIFIER_ROWS)?;
    let component = |idx: usize| {
        let of_side = |side: usize| {
            embedding.components[side]
                .iter()
                .skip(idx)
                .step_by(embedding.dimension)
        };
        of_side(0).chain(of_side(1)).copied().collect()
    };
    let values = (0..embedding.dimension).map(component).collect();
    let names = (0..embedding.dimension).map(|idx| idx.to_string()).collect();
    Ok(classify(values, names, n_rows, seed))
}

fn classify(values: Vec<Vec<f64>>, names: Vec<String>, n_rows: [usize; 2], seed: u64) -> DomainClassifier {
    let [n, m] = n_rows;
    let columns = Columns {
        n_rows: n + m,
        values,
    };
    let is_current: Vec<f64> = (0..columns.n_rows)
        .map(|row| f64::from(u8::from(row >= n)))
        .collect();
    // Rows stand in the order of a seeded hash of their content: counting off is a random, stratified assignment.
    let fold_of = |row: usize| (if row < n { row } else { row - n }) % N_FOLDS;
    let mut scores = vec![0.0; columns.n_rows];
    let mut shares = vec![0.0; names.len()];
    for fold in 0..N_FOLDS {
        let (test, train): (Vec<usize>, Vec<usize>) =
            (0..columns.n_rows).partition(|&row| fold_of(row) == fold);
        let trained = train_and_score(&columns, &is_current, &train, &test);
        for (&row, score) in test.iter().zip(&trained.scores) {
            scores[row] = *score;
        }
        let gain: f64 = trained.gains.iter().sum();
        if gain > 0.0 {
            for (share, column) in shares.iter_mut().zip(&trained.gains) {
                *share += column / gain;
            }
        }
    }
    let total: f64 = shares.iter().sum();
    let mut importance: Vec<ColumnImportance> = names
        .into_iter()
        .zip(shares)
        .map(|(column, share)| ColumnImportance {
            column,
            gain_share: if total > 0.0 { share / total } else { 0.0 },
        })
        .collect();
    importance.sort_by(|left, right| right.gain_share.total_cmp(&left.gain_share));
    let curve = area_under_curve(&scores[..n], &scores[n..]);
    let shared_training = 1.0 + N_FOLDS as f64 / (N_FOLDS as f64 - 1.0);
    let null_error = (curve.null_variance * shared_training).sqrt();
    let p_value = if null_error > 0.0 {
        normal_survival((curve.auc - 0.5) / null_error)
    } else {
        1.0
    };
    DomainClassifier {
        auc: curve.auc,
        interval: curve.interval,
        p_value,
        importance,
        n_folds: N_FOLDS,
        n_trees: N_TREES,
        max_leaves: MAX_LEAVES,
        learning_rate: f64::from(LEARNING_RATE),
        n_baseline: n,
        n_current: m,
        seed,
    }
}

/// One column of numbers for the trees, baseline then current.
fn encode(cells: &[Cells; 2]) -> Vec<f64> {
    let values: Vec<f64> = match cells {
        [Cells::Categorical(baseline), Cells::Categorical(current)] => {
            let cells = || baseline.iter().chain(current).copied();
            let ranks = ranks_by_frequency(cells());
            cells()
                .map(|id| match ranks.get(&id) {
                    Some(rank) => f64::from((*rank).min(MAX_CATEGORIES)),
                    None if id == MISSING => f64::NAN,
                    None => f64::from(MAX_CATEGORIES),
                })
                .collect()
        }
        [Cells::Numeric(baseline), Cells::Numeric(current)] => {
            baseline.iter().chain(current).copied().collect()
        }
        _ => Vec::new(),
    };
    if varies(&values) {
        values
    } else {
        // One value or missing: which of both is all there is to learn.
        values.iter().map(|x| f64::from(u8::from(x.is_nan()))).collect()
    }
}
