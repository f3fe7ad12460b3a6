//! Two sides laid over each other: columns matched by name, rows in an order of their own, at most so many of them.
//!
//! Rows are ordered by a seeded hash of their content, the j-th copy of equal rows by the hash of content and j. So
//! the order is that of a random permutation, does not depend on the order of reading, any prefix of it is a random
//! sample without replacement, and equal rows of the two sides stand at equal places. Does not know the methods.

use hashbrown::HashMap;

use super::rows::{Column, Rows, RowsError, Values, Vectors};

/// How rows are sampled, and the seed of every other draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sampling {
    /// Seed of the row order, the folds and the permutations.
    pub seed: u64,
    /// Rows taken of each side at most.
    pub max_rows: usize,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            seed: 0,
            max_rows: 20_000,
        }
    }
}

/// Cells of one side at most, in rows × columns: wide tables take fewer rows, at least [`MIN_ROWS`].
const MAX_CELLS: usize = 4_000_000;
/// Rows taken at least where there are as many, however wide the table.
const MIN_ROWS: usize = 1_000;
/// The id of a missing category.
pub(crate) const MISSING: u32 = u32::MAX;

/// Both sides, ready to be measured.
#[derive(Debug, Clone)]
pub struct PairedRows {
    pub(crate) features: Vec<Feature>,
    pub(crate) embeddings: Vec<EmbeddingPair>,
    pub(crate) n_rows: [usize; 2],
    total_rows: [usize; 2],
    pub(crate) seed: u64,
}

/// A numeric or categorical column, baseline then current.
#[derive(Debug, Clone)]
pub(crate) struct Feature {
    pub(crate) name: String,
    pub(crate) cells: [Cells; 2],
}

/// Cells of one side.
#[derive(Debug, Clone)]
pub(crate) enum Cells {
    /// NaN for a missing cell.
    Numeric(Vec<f64>),
    /// [`MISSING`] for a missing cell.
    Categorical(Vec<u32>),
}

/// An embedding column: rows of components, missing vectors left out.
#[derive(Debug, Clone)]
pub(crate) struct EmbeddingPair {
    pub(crate) name: String,
    pub(crate) dimension: usize,
    /// Row-major.
    pub(crate) components: [Vec<f64>; 2],
    pub(crate) n_missing: [usize; 2],
}

impl PairedRows {
    /// Lays two sides over each other. Columns may stand in any order, and must be the same on both sides.
    pub fn new(baseline: &Rows, current: &Rows, sampling: Sampling) -> Result<Self, RowsError> {
        let known: HashMap<&str, &Column> = current
            .columns()
            .iter()
            .map(|column| (column.name.as_str(), column))
            .collect();
        if let Some(extra) = current
            .columns()
            .iter()
            .find(|column| baseline.column(&column.name).is_none())
        {
            return Err(RowsError::OneSideOnly {
                column: extra.name.clone(),
            });
        }
        let mut pairs = Vec::with_capacity(known.len());
        for column in baseline.columns() {
            let other = known
                .get(column.name.as_str())
                .ok_or_else(|| RowsError::OneSideOnly {
                    column: column.name.clone(),
                })?;
            pairs.push((column, *other));
        }
        // The order of columns enters the row hash: names make it independent of the files' order.
        pairs.sort_unstable_by(|left, right| left.0.name.cmp(&right.0.name));
        let sides = [
            pairs.iter().map(|pair| pair.0).collect::<Vec<_>>(),
            pairs.iter().map(|pair| pair.1).collect::<Vec<_>>(),
        ];
        let total_rows = [baseline.n_rows(), current.n_rows()];
        let n_features = pairs
            .iter()
            .filter(|pair| pair.0.values.kind() != "embedding")
            .count();
        let max_rows = sampling.max_rows.min(rows_within(n_features));
        let orders = [0, 1].map(|side| {
            let mut order = content_order(&sides[side], total_rows[side], sampling.seed);
            order.truncate(max_rows);
            order
        });
        let mut paired = Self {
            features: Vec::new(),
            embeddings: Vec::new(),
            n_rows: [orders[0].len(), orders[1].len()],
            total_rows,
            seed: sampling.seed,
        };
        // Features keep the order of the baseline's columns: it is what people read.
        for column in baseline.columns() {
            let other = known[column.name.as_str()];
            paired.add(column, other, &orders)?;
        }
        Ok(paired)
    }

    fn add(&mut self, baseline: &Column, current: &Column, orders: &[Vec<u32>; 2]) -> Result<(), RowsError> {
        let name = baseline.name.clone();
        match (&baseline.values, &current.values) {
            (Values::Numeric(left), Values::Numeric(right)) => self.features.push(Feature {
                name,
                cells: [
                    Cells::Numeric(numbers(left, &orders[0])),
                    Cells::Numeric(numbers(right, &orders[1])),
                ],
            }),
            (Values::Categorical(left), Values::Categorical(right)) => self.features.push(Feature {
                name,
                cells: [
                    Cells::Categorical(categories(left, &orders[0])),
                    Cells::Categorical(categories(right, &orders[1])),
                ],
            }),
            (Values::Embedding(left), Values::Embedding(right)) => {
                if left.dimension() != right.dimension() {
                    return Err(RowsError::UnequalDimension {
                        column: name,
                        baseline: left.dimension(),
                        current: right.dimension(),
                    });
                }
                let rows = rows_within(left.dimension());
                let vectors = [present(left, &orders[0], rows), present(right, &orders[1], rows)];
                self.embeddings.push(EmbeddingPair {
                    name,
                    dimension: left.dimension(),
                    n_missing: [vectors[0].1, vectors[1].1],
                    components: vectors.map(|side| side.0),
                });
            }
            (left, right) => {
                return Err(RowsError::UnequalKind {
                    column: name,
                    baseline: left.kind(),
                    current: right.kind(),
                });
            }
        }
        Ok(())
    }

    /// Rows of baseline and current that the methods read.
    pub fn n_rows(&self) -> [usize; 2] {
        self.n_rows
    }

    /// Rows of baseline and current before sampling.
    pub fn total_rows(&self) -> [usize; 2] {
        self.total_rows
    }

    /// Whether rows were left out by sampling.
    pub fn is_sampled(&self) -> bool {
        self.n_rows != self.total_rows
    }

    /// The seed of all draws.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Numeric and categorical columns, in the baseline's order.
    pub fn feature_names(&self) -> impl Iterator<Item = &str> {
        self.features.iter().map(|feature| feature.name.as_str())
    }

    /// Embedding columns, in the baseline's order.
    pub fn embedding_names(&self) -> impl Iterator<Item = &str> {
        self.embeddings.iter().map(|embedding| embedding.name.as_str())
    }
}

/// Rows of one side that a table of this many columns may take.
fn rows_within(n_columns: usize) -> usize {
    (MAX_CELLS / n_columns.max(1)).max(MIN_ROWS)
}

fn numbers(cells: &[Option<f64>], order: &[u32]) -> Vec<f64> {
    order
        .iter()
        .map(|&row| cells[row as usize].filter(|x| x.is_finite()).unwrap_or(f64::NAN))
        .collect()
}

fn categories(cells: &[Option<u32>], order: &[u32]) -> Vec<u32> {
    order
        .iter()
        .map(|&row| cells[row as usize].unwrap_or(MISSING))
        .collect()
}

/// Components of the rows that have a vector, at most so many rows, and how many rows had none.
fn present(vectors: &Vectors, order: &[u32], max_rows: usize) -> (Vec<f64>, usize) {
    let (mut components, mut n_missing, mut n_present) = (Vec::new(), 0, 0);
    for &row in order {
        match vectors.get(row as usize) {
            Some(vector) if n_present < max_rows => {
                components.extend_from_slice(vector);
                n_present += 1;
            }
            Some(_) => {}
            None => n_missing += 1,
        }
    }
    (components, n_missing)
}

/// Row numbers by the hash of (content, copy).
fn content_order(columns: &[&Column], n_rows: usize, seed: u64) -> Vec<u32> {
    const NONE: u64 = 0x9d39_247e_3377_6d41;
    let mut hashes = vec![mix(seed); n_rows];
    for column in columns {
        match &column.values {
            Values::Numeric(cells) => {
                for (hash, cell) in hashes.iter_mut().zip(cells) {
                    let bits = cell
                        .filter(|x| x.is_finite())
                        .map_or(NONE, |x| (x + 0.0).to_bits());
                    *hash = mix(*hash ^ bits);
                }
            }
            Values::Categorical(cells) => {
                for (hash, cell) in hashes.iter_mut().zip(cells) {
                    *hash = mix(*hash ^ cell.map_or(NONE, u64::from));
                }
            }
            Values::Embedding(vectors) => {
                for (row, hash) in hashes.iter_mut().enumerate() {
                    match vectors.get(row) {
                        Some(vector) => {
                            *hash = vector
                                .iter()
                                .fold(*hash, |hash, x| mix(hash ^ (x + 0.0).to_bits()));
                        }
                        None => *hash = mix(*hash ^ NONE),
                    }
                }
            }
        }
    }
    let mut copies: HashMap<u64, u64> = HashMap::with_capacity(n_rows);
    for hash in &mut hashes {
        let copy = copies.entry(*hash).or_insert(0);
        let of_copy = mix(hash.wrapping_add(mix(*copy)));
        *copy += 1;
        *hash = of_copy;
    }
    let mut order: Vec<u32> = (0..n_rows as u32).collect();
    order.sort_unstable_by_key(|&row| (hashes[row as usize], row));
    order
}

/// The finaliser of SplitMix64 (G. L. Steele, D. Lea, C. H. Flood 2014) after adding its increment.
fn mix(state: u64) -> u64 {
    let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}
