//! The domain classifier's model: boosted trees of `forust-ml`, on one thread.
//!
//! Settings are those of NannyML's LightGBM where both have them: 100 trees of at most 31 leaves grown best first,
//! rate 0.1, 255 bins, no penalty, and leaves of about 20 rows: forust bounds a leaf's sum of Hessians instead of its
//! rows, so the bound is 20·π(1−π) with π the share of current rows. Does not know what the columns mean.

use std::collections::HashMap;

use forust_ml::gradientbooster::{GrowPolicy, ImportanceMethod};
use forust_ml::{GradientBooster, Matrix};

/// Trees.
pub(crate) const N_TREES: usize = 100;
/// Leaves of a tree at most.
pub(crate) const MAX_LEAVES: usize = 31;
/// Shrinkage of each tree.
pub(crate) const LEARNING_RATE: f32 = 0.1;
const BINS: u16 = 255;
const ROWS_PER_LEAF: f32 = 20.0;

/// A column-major matrix; NaN where a cell is missing.
pub(crate) struct Columns {
    pub(crate) n_rows: usize,
    pub(crate) values: Vec<Vec<f64>>,
}

/// What one training gave.
pub(crate) struct Trained {
    /// Log-odds of being current, for each test row.
    pub(crate) scores: Vec<f64>,
    /// Total gain of each column's splits.
    pub(crate) gains: Vec<f64>,
}

/// Trains on some rows and scores others. `is_current` holds 0 or 1 for each row.
pub(crate) fn train_and_score(
    columns: &Columns,
    is_current: &[f64],
    train_rows: &[usize],
    test_rows: &[usize],
) -> Trained {
    let labels: Vec<f64> = train_rows.iter().map(|&row| is_current[row]).collect();
    let share = labels.iter().sum::<f64>() / labels.len().max(1) as f64;
    let mut trained = Trained {
        scores: vec![0.0; test_rows.len()],
        gains: vec![0.0; columns.values.len()],
    };
    let pick = |column: &[f64], rows: &[usize]| rows.iter().map(|&row| column[row]).collect::<Vec<_>>();
    // The library refuses a column whose present cells are all equal; the encoding leaves nothing to learn from it.
    let (mut varied, mut train) = (Vec::new(), Vec::new());
    for (idx, column) in columns.values.iter().enumerate() {
        let cells = pick(column, train_rows);
        if varies(&cells) {
            varied.push(idx);
            train.extend(cells);
        }
    }
    if varied.is_empty() || share <= 0.0 || share >= 1.0 {
        return trained;
    }
    let test: Vec<f64> = varied
        .iter()
        .flat_map(|&idx| pick(&columns.values[idx], test_rows))
        .collect();
    let mut model = GradientBooster::default()
        .set_iterations(N_TREES)
        .set_learning_rate(LEARNING_RATE)
        .set_max_depth(usize::MAX)
        .set_max_leaves(MAX_LEAVES)
        .set_l2(0.0)
        .set_nbins(BINS)
        .set_min_leaf_weight(ROWS_PER_LEAF * (share * (1.0 - share)) as f32)
        .set_parallel(false);
    model.grow_policy = GrowPolicy::LossGuide;
    let train = Matrix::new(&train, train_rows.len(), varied.len());
    if model.fit_unweighted(&train, &labels, None).is_err() {
        // Only unusable parameters or constant columns are refused, and neither is here; no model knows nothing.
        return trained;
    }
    let scores = model.predict(&Matrix::new(&test, test_rows.len(), varied.len()), false);
    if scores.iter().all(|score| score.is_finite()) {
        trained.scores = scores;
    }
    let gains: HashMap<usize, f32> = model.calculate_feature_importance(ImportanceMethod::TotalGain, false);
    for (idx, gain) in gains {
        if gain.is_finite() {
            trained.gains[varied[idx]] = f64::from(gain.max(0.0));
        }
    }
    trained
}

/// Whether a column's present cells are not all equal.
pub(crate) fn varies(cells: &[f64]) -> bool {
    let mut present = cells.iter().filter(|x| !x.is_nan());
    let first = present.next();
    present.any(|x| Some(x) != first)
}
