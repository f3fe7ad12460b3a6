//! Principal components of standardised columns, and how far rows are from the plane they span.
//!
//! Fitted as scikit-learn 1.9.1 does in NannyML's pipeline: means and most frequent categories for missing cells
//! (`SimpleImputer`), categories as their share of the fitted rows, unseen ones 0 (`CountEncoder(normalize=True)`),
//! centred and divided by the standard deviation with ddof 0, by 1 where a column is constant (`StandardScaler`), and
//! the fewest components whose share of variance exceeds the one asked for (`PCA(n_components=0.65)`). Eigenvectors
//! come from the covariance matrix, or from the matrix of inner products where there are fewer rows than columns;
//! the residual does not depend on their signs. Does not know sides, chunks or thresholds.

use hashbrown::HashMap;
use nalgebra::{DMatrix, SymmetricEigen};

use super::answer::NotComputable;

/// Rows standardised at a time.
const BLOCK_ROWS: usize = 512;

/// One column, read by row.
pub(crate) enum Column<'a> {
    /// NaN where a cell is missing.
    Numeric(Box<dyn Fn(usize) -> f64 + 'a>),
    /// None where a cell is missing.
    Categorical(Box<dyn Fn(usize) -> Option<u32> + 'a>),
}

/// A fitted plane.
#[derive(Debug, Clone)]
pub(crate) struct PrincipalComponents {
    encoders: Vec<Encoder>,
    /// One component a column.
    components: DMatrix<f64>,
    pub(crate) explained_variance: f64,
}

#[derive(Debug, Clone)]
struct Encoder {
    /// Stands for a missing number.
    fill: f64,
    /// Share of each category and the share that stands for a missing one; empty for numbers.
    shares: HashMap<u32, f64>,
    mean: f64,
    scale: f64,
}

impl PrincipalComponents {
    /// Fits on the given rows; at least one.
    pub(crate) fn fit(
        columns: &[Column<'_>],
        rows: &[usize],
        variance_share: f64,
    ) -> Result<Self, NotComputable> {
        let encoders: Vec<Encoder> = columns.iter().map(|column| Encoder::fit(column, rows)).collect();
        let is_finite = |encoder: &Encoder| encoder.mean.is_finite() && encoder.scale.is_finite();
        if !encoders.iter().all(is_finite) {
            return Err(NotComputable::TooLarge);
        }
        let (n, width) = (rows.len(), columns.len());
        let by_rows = n < width;
        let products = if by_rows {
            let all = standardise(&encoders, columns, rows);
            all.tr_mul(&all)
        } else {
            let mut products = DMatrix::zeros(width, width);
            for block in rows.chunks(BLOCK_ROWS) {
                let block = standardise(&encoders, columns, block);
                products.gemm(1.0, &block, &block.transpose(), 1.0);
            }
            products
        };
        let SymmetricEigen {
            eigenvalues,
            eigenvectors,
        } = SymmetricEigen::new(products);
        let mut order: Vec<usize> = (0..eigenvalues.len()).collect();
        order.sort_by(|&left, &right| eigenvalues[right].total_cmp(&eigenvalues[left]));
        let total: f64 = order.iter().map(|&idx| eigenvalues[idx].max(0.0)).sum();
        if total <= 0.0 || !total.is_finite() {
            return Err(NotComputable::NoSpread);
        }
        let (mut explained, mut n_components) = (0.0, 0);
        for &idx in &order {
            if explained > variance_share {
                break;
            }
            explained += eigenvalues[idx].max(0.0) / total;
            n_components += 1;
        }
        let chosen = eigenvectors.select_columns(&order[..n_components]);
        let components = if by_rows {
            let mut components = standardise(&encoders, columns, rows) * chosen;
            for mut component in components.column_iter_mut() {
                let norm = component.norm();
                if norm > 0.0 {
                    component /= norm;
                }
            }
            components
        } else {
            chosen
        };
        Ok(Self {
            encoders,
            components,
            explained_variance: explained.min(1.0),
        })
    }

    pub(crate) fn n_components(&self) -> usize {
        self.components.ncols()
    }

    /// Euclidean length of each row's residual, in standard deviations.
    pub(crate) fn residuals(&self, columns: &[Column<'_>], rows: &[usize]) -> Vec<f64> {
        let mut lengths = Vec::with_capacity(rows.len());
        for block in rows.chunks(BLOCK_ROWS) {
            let mut block = standardise(&self.encoders, columns, block);
            let coordinates = self.components.tr_mul(&block);
            block.gemm(-1.0, &self.components, &coordinates, 1.0);
            lengths.extend(block.column_iter().map(|row| row.norm()));
        }
        lengths
    }
}

impl Encoder {
    fn fit(column: &Column<'_>, rows: &[usize]) -> Self {
        let mut encoder = Self {
            fill: 0.0,
            shares: HashMap::new(),
            mean: 0.0,
            scale: 1.0,
        };
        match column {
            Column::Numeric(cell) => {
                let (mut sum, mut n_present) = (0.0, 0usize);
                for x in rows.iter().map(|&row| cell(row)).filter(|x| !x.is_nan()) {
                    sum += x;
                    n_present += 1;
                }
                if n_present > 0 {
                    encoder.fill = sum / n_present as f64;
                }
            }
            Column::Categorical(cell) => {
                let mut counts: HashMap<u32, usize> = HashMap::new();
                for id in rows.iter().filter_map(|&row| cell(row)) {
                    *counts.entry(id).or_insert(0) += 1;
                }
                let most_frequent = counts
                    .iter()
                    .min_by_key(|&(id, count)| (std::cmp::Reverse(*count), *id));
                let most_frequent = most_frequent.map(|(id, _)| *id);
                let n_missing = rows.len() - counts.values().sum::<usize>();
                if let Some(count) = most_frequent.and_then(|id| counts.get_mut(&id)) {
                    *count += n_missing;
                }
                let n = rows.len() as f64;
                encoder.shares = counts
                    .iter()
                    .map(|(id, count)| (*id, *count as f64 / n))
                    .collect();
                encoder.fill = most_frequent
                    .and_then(|id| encoder.shares.get(&id))
                    .copied()
                    .unwrap_or(0.0);
            }
        }
        let n = rows.len().max(1) as f64;
        let values = || rows.iter().map(|&row| encoder.raw(column, row));
        if let Some(first) = values().next().filter(|first| values().all(|x| x == *first)) {
            encoder.mean = first;
            return encoder;
        }
        let mean = values().sum::<f64>() / n;
        // Corrected two-pass algorithm (T. F. Chan, G. H. Golub, R. J. LeVeque 1983).
        let (squares, deviations) = values().fold((0.0, 0.0), |(squares, deviations), x| {
            (squares + (x - mean) * (x - mean), deviations + (x - mean))
        });
        let variance = (squares - deviations * deviations / n) / n;
        // scikit-learn's bound of what rounding alone makes of a constant column.
        let rounding = n * f64::EPSILON * variance + (n * mean * f64::EPSILON).powi(2);
        encoder.mean = mean;
        encoder.scale = if variance <= rounding {
            1.0
        } else {
            variance.sqrt()
        };
        encoder
    }

    fn raw(&self, column: &Column<'_>, row: usize) -> f64 {
        match column {
            Column::Numeric(cell) => {
                let x = cell(row);
                if x.is_nan() { self.fill } else { x }
            }
            Column::Categorical(cell) => match cell(row) {
                Some(id) => self.shares.get(&id).copied().unwrap_or(0.0),
                None => self.fill,
            },
        }
    }
}

/// One standardised row a column of the matrix.
fn standardise(encoders: &[Encoder], columns: &[Column<'_>], rows: &[usize]) -> DMatrix<f64> {
    DMatrix::from_fn(columns.len(), rows.len(), |column, row| {
        let encoder = &encoders[column];
        (encoder.raw(&columns[column], rows[row]) - encoder.mean) / encoder.scale
    })
}
