//! Gradient-boosted regression trees: grown by forust, kept and applied here.
//!
//! forust-ml 0.8 (Apache-2.0) is histogram-based second-order boosting in pure Rust, with missing values and the same
//! trees on every run. The parameters are LightGBM's defaults, which NannyML uses: 100 trees, 31 leaves, learning rate
//! 0.1, no regularisation, 255 bins, at least 20 rows in a leaf (for squared loss a row's hessian is 1), start at the
//! mean. Two things differ: forust's leaf-wise growth takes the leaf with the largest score of its own, not the largest
//! split gain as LightGBM's does, so trees grow level by level here; and forust splits at a value of the data, which is
//! moved half-way to the next lower value, where LightGBM splits. Trees are kept in our own form, so that a stored
//! model outlives the crate's format. Does not know what is predicted.

use forust_ml::gradientbooster::GrowPolicy;
use forust_ml::objective::ObjectiveType;
use forust_ml::{GradientBooster, Matrix};

use super::estimates::EstimateFailure;

const TREES: usize = 100;
const LEAVES: usize = 31;
const LEARNING_RATE: f32 = 0.1;
const MIN_LEAF_ROWS: f32 = 20.0;
const BINS: u16 = 255;

/// A fitted ensemble: a base value and trees whose leaves are added to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Forest {
    /// Mean target of the baseline.
    pub base: f64,
    /// Trees in the order they were grown.
    pub trees: Vec<Tree>,
}

/// One tree as columns; node 0 is the root.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tree {
    /// Feature that the node splits on; of no meaning in a leaf.
    pub feature: Vec<u32>,
    /// Values below go left. In a leaf: its value.
    pub threshold: Vec<f64>,
    /// Node for values below; the node itself in a leaf.
    pub left: Vec<u32>,
    /// Node for other values.
    pub right: Vec<u32>,
    /// Node for missing values.
    pub missing: Vec<u32>,
}

impl Forest {
    /// Grows on columns of equal length; NaN is missing.
    pub(super) fn grow(columns: &[Vec<f64>], target: &[f64]) -> Result<Self, EstimateFailure> {
        let booster =
            grow_booster(columns, target).map_err(|problem| EstimateFailure::Boosting { problem })?;
        let forest = Self {
            base: booster.base_score,
            trees: kept_trees(&booster, columns),
        };
        if forest.is_sound(columns.len()) {
            Ok(forest)
        } else {
            Err(EstimateFailure::Overflow { what: "errors" })
        }
    }

    /// Whether every node points to a later node or is a leaf, features exist and numbers are finite: what
    /// [`predict`](Self::predict) relies on.
    pub fn is_sound(&self, n_features: usize) -> bool {
        self.base.is_finite() && self.trees.iter().all(|tree| tree.is_sound(n_features))
    }

    /// Predictions of rows given as columns.
    pub(super) fn predict(&self, columns: &[Vec<f64>], n_rows: usize) -> Vec<f64> {
        let mut row = vec![0.0; columns.len()];
        (0..n_rows)
            .map(|at| {
                for (cell, column) in row.iter_mut().zip(columns) {
                    *cell = column[at];
                }
                self.base + self.trees.iter().map(|tree| tree.leaf_value(&row)).sum::<f64>()
            })
            .collect()
    }
}

impl Tree {
    fn is_sound(&self, n_features: usize) -> bool {
        let n = self.feature.len();
        let same = [
            self.threshold.len(),
            self.left.len(),
            self.right.len(),
            self.missing.len(),
        ];
        n > 0
            && same.iter().all(|&len| len == n)
            && (0..n).all(|at| {
                let children = [self.left[at], self.right[at], self.missing[at]];
                let leaf = children.iter().all(|&child| child as usize == at);
                let later = children
                    .iter()
                    .all(|&child| (child as usize) > at && (child as usize) < n);
                self.threshold[at].is_finite()
                    && (leaf || (later && (self.feature[at] as usize) < n_features))
            })
    }

    fn leaf_value(&self, row: &[f64]) -> f64 {
        let mut at = 0;
        loop {
            let left = self.left[at] as usize;
            if left == at {
                return self.threshold[at];
            }
            let value = row[self.feature[at] as usize];
            at = if value.is_nan() {
                self.missing[at] as usize
            } else if value < self.threshold[at] {
                left
            } else {
                self.right[at] as usize
            };
        }
    }
}

/// The grown booster. Deterministic: one thread, no sampling. The error is what forust says of its parameters.
pub(crate) fn grow_booster(columns: &[Vec<f64>], target: &[f64]) -> Result<GradientBooster, String> {
    let data: Vec<f64> = columns.iter().flatten().copied().collect();
    let matrix = Matrix::new(&data, target.len(), columns.len());
    let mut booster = GradientBooster::default()
        .set_objective_type(ObjectiveType::SquaredLoss)
        .set_iterations(TREES)
        .set_learning_rate(LEARNING_RATE)
        .set_max_depth(usize::MAX)
        .set_max_leaves(LEAVES)
        .set_l1(0.0)
        .set_l2(0.0)
        .set_gamma(0.0)
        .set_min_leaf_weight(MIN_LEAF_ROWS)
        .set_initialize_base_score(true)
        .set_nbins(BINS)
        .set_parallel(false)
        .set_seed(0);
    booster.grow_policy = GrowPolicy::DepthWise;
    booster
        .fit_unweighted(&matrix, target, None)
        .map_err(|error| error.to_string())?;
    Ok(booster)
}

fn kept_trees(booster: &GradientBooster, columns: &[Vec<f64>]) -> Vec<Tree> {
    let sorted: Vec<Vec<f64>> = columns.iter().map(|column| sorted_finite(column)).collect();
    let kept = booster.trees.iter().map(|tree| {
        let mut kept = Tree::default();
        for (at, node) in tree.nodes.iter().enumerate() {
            let child = |child: usize| if node.is_leaf { at as u32 } else { child as u32 };
            kept.feature.push(if node.is_leaf {
                0
            } else {
                node.split_feature as u32
            });
            kept.threshold.push(if node.is_leaf {
                f64::from(node.weight_value)
            } else {
                half_way(&sorted[node.split_feature], node.split_value)
            });
            kept.left.push(child(node.left_child));
            kept.right.push(child(node.right_child));
            kept.missing.push(child(node.missing_node));
        }
        kept
    });
    kept.collect()
}

fn sorted_finite(column: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<f64> = column.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// Between `split` and the next lower value: rows of the baseline fall on the same sides.
fn half_way(sorted: &[f64], split: f64) -> f64 {
    match sorted.partition_point(|value| *value < split).checked_sub(1) {
        Some(below) => {
            let middle = sorted[below] + (split - sorted[below]) / 2.0;
            if middle > sorted[below] { middle } else { split }
        }
        None => split,
    }
}
