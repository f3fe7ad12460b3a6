//! Drift that no column shows alone: methods that read whole rows.
//!
//! [`Rows`] of both sides are laid over each other and, where there are many, sampled ([`PairedRows`]); then each
//! method answers by itself: [`domain_classifier`], [`pca_reconstruction`] (and NannyML's,
//! [`nannyml_reconstruction`]), [`mmd`], [`association_change`], [`embedding_drift`], and [`rank_columns`] says which
//! columns carry the shift. Every answer has its value, p-value or interval, rows and seed, or [`NotComputable`] with
//! its reason; never NaN, never a panic. Same rows and seed, same answer: in any order of rows and on any number of
//! threads, as nothing here starts one. Does not know thresholds, files or where rows come from.

mod method;
mod rows;
mod paired;
mod answer;
mod domain_classifier;
mod boosted_trees;
mod roc;
mod pca_reconstruction;
mod principal_components;
mod mmd;
mod design;
mod permutation;
mod random;
mod association;
mod embedding;
mod ranking;
#[cfg(test)]
mod tests;

pub use answer::{Interval, NotComputable};
pub use association::{
    AssociationChange, AssociationMeasure, N_LARGEST, PairChange, PearsonChange, association_change,
};
pub use domain_classifier::{ColumnImportance, DomainClassifier, domain_classifier};
pub use embedding::{CentroidDistance, EmbeddingDrift, embedding_drift};
pub use method::DatasetMethod;
pub use mmd::{KernelForm, MaximumMeanDiscrepancy, mmd};
pub use paired::{PairedRows, Sampling};
pub use pca_reconstruction::{
    ChunkError, NannymlReconstruction, PcaReconstruction, VARIANCE_SHARE, nannyml_reconstruction,
    pca_reconstruction,
};
pub use ranking::{RankedColumn, rank_columns};
pub use rows::{Column, Rows, RowsError, Values, Vectors};
