//! Embedding columns: arrays of numbers, judged by where their vectors lie.
//!
//! Centroid distances: Euclidean and cosine distance between the mean vectors (Arize's and Evidently's `distance`),
//! each with a permutation p-value over the splits that also serve MMD. The cosine distance is 1 − cos of the angle,
//! in [0, 2]; not computable where a mean vector is 0. MMD and the domain classifier as for columns, on the vectors as
//! they are. Rows without a vector are left out and counted. Does not know other columns.

use nalgebra::DVector;

use super::answer::{NotComputable, require_rows};
use super::design::Design;
use super::domain_classifier::{self, DomainClassifier};
use super::mmd::{self, MaximumMeanDiscrepancy, N_PERMUTATIONS};
use super::paired::{EmbeddingPair, PairedRows};
use super::permutation::{permutation_p_value, split_sums};

/// What is measured on an embedding column.
#[derive(Debug, Clone, PartialEq)]
pub struct EmbeddingDrift {
    /// The column.
    pub name: String,
    /// Length of its vectors.
    pub dimension: usize,
    /// Vectors of the baseline that entered.
    pub n_baseline: usize,
    /// Vectors of the current sample that entered.
    pub n_current: usize,
    /// Rows without a vector, baseline and current.
    pub n_missing: [usize; 2],
    /// Distances between the mean vectors.
    pub centroid: Result<CentroidDistance, NotComputable>,
    /// Maximum mean discrepancy.
    pub mmd: Result<MaximumMeanDiscrepancy, NotComputable>,
    /// Domain classifier on the components.
    pub domain_classifier: Result<DomainClassifier, NotComputable>,
}

/// Distances between mean vectors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CentroidDistance {
    /// Euclidean distance.
    pub euclidean: f64,
    /// Its permutation p-value.
    pub euclidean_p_value: f64,
    /// Cosine distance; none where a mean vector is 0.
    pub cosine: Option<f64>,
    /// Its permutation p-value.
    pub cosine_p_value: Option<f64>,
    /// Random splits.
    pub n_permutations: usize,
    /// Seed of the splits.
    pub seed: u64,
}

/// Every embedding column, all parts.
pub fn embedding_drift(paired: &PairedRows) -> Vec<EmbeddingDrift> {
    paired
        .embeddings
        .iter()
        .map(|embedding| measure(embedding, paired.seed))
        .collect()
}

fn measure(embedding: &EmbeddingPair, seed: u64) -> EmbeddingDrift {
    let design = Design::of_embedding(embedding);
    let [n_baseline, n_current] = design.n_rows;
    EmbeddingDrift {
        name: embedding.name.clone(),
        dimension: embedding.dimension,
        n_baseline,
        n_current,
        n_missing: embedding.n_missing,
        centroid: centroid(&design, seed),
        mmd: mmd::of_design(&design, seed),
        domain_classifier: domain_classifier::of_embedding(embedding, seed),
    }
}

fn centroid(design: &Design, seed: u64) -> Result<CentroidDistance, NotComputable> {
    require_rows(design.n_rows, 1)?;
    if design.width == 0 {
        return Err(NotComputable::NoColumns);
    }
    let [n, m] = design.n_rows.map(|rows| rows as f64);
    let sums = split_sums(
        design.n_rows,
        design.width,
        N_PERMUTATIONS,
        seed,
        |rows, block| {
            block.copy_from_slice(&design.values[rows.start * design.width..rows.end * design.width]);
        },
    );
    let mut euclidean = Vec::with_capacity(N_PERMUTATIONS + 1);
    let mut cosine = Vec::with_capacity(N_PERMUTATIONS + 1);
    for first in sums.first.column_iter() {
        let baseline: DVector<f64> = first / n;
        let current: DVector<f64> = (&sums.all - first) / m;
        euclidean.push((&baseline - &current).norm());
        cosine.push(cosine_distance(&baseline, &current));
    }
    let observed = euclidean[0];
    if !euclidean.iter().all(|x| x.is_finite()) {
        return Err(NotComputable::TooLarge);
    }
    let scale = sums.all.norm() / (n + m);
    let observed_cosine = cosine[0];
    Ok(CentroidDistance {
        euclidean: observed,
        euclidean_p_value: permutation_p_value(observed, euclidean[1..].iter().copied(), scale),
        cosine: observed_cosine,
        cosine_p_value: observed_cosine.map(|observed| {
            // A split whose mean vector is 0 has no angle: it counts as at least as far.
            permutation_p_value(observed, cosine[1..].iter().map(|x| x.unwrap_or(2.0)), 1.0)
        }),
        n_permutations: N_PERMUTATIONS,
        seed,
    })
}

fn cosine_distance(left: &DVector<f64>, right: &DVector<f64>) -> Option<f64> {
    let (length_left, length_right) = (left.norm(), right.norm());
    let lengths_are_usable = [length_left, length_right]
        .iter()
        .all(|x| x.is_finite() && *x > 0.0);
    lengths_are_usable.then(|| {
        let cosine = (left / length_left).dot(&(right / length_right));
        (1.0 - cosine).clamp(0.0, 2.0)
    })
}
