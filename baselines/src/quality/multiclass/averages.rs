//! Metrics of a confusion matrix with several classes: accuracy, averages over classes, Matthews' correlation.
//!
//! Notation: cells n_ij (label i, predicted j), D_i = n_ii, R_i row sums (support), C_j column sums, S the total;
//! precision_i = D_i/C_i, recall_i = D_i/R_i, F_β,i = (1+β²)D_i/(β²R_i + C_i), each 0 where its denominator is 0
//! (scikit-learn's `zero_division=0`). Macro: mean over the classes that occur as label or prediction; weighted: by R_i;
//! micro: of the summed cells, which with one label per row is accuracy.
//!
//! First-order variance of such a metric M is Σ_ij (∂M/∂n_ij)² Σw²_ij, and every derivative here has the form
//! [i = j]·diagonal_i + row_i + column_j. Does not know probabilities.

use crate::quality::tally::Mass;

/// A square matrix of masses over the classes that occur.
#[derive(Debug, Clone)]
pub(super) struct Matrix {
    pub cells: Vec<Vec<Mass>>,
    pub diagonal: Vec<f64>,
    pub rows: Vec<f64>,
    pub columns: Vec<f64>,
    pub total: f64,
}

/// ∂M/∂n_ij = [i = j]·diagonal_i + row_i + column_j + constant.
struct Gradient {
    diagonal: Vec<f64>,
    row: Vec<f64>,
    column: Vec<f64>,
    constant: f64,
}

/// A metric of the whole matrix.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Average {
    MacroF(f64),
    WeightedF(f64),
    WeightedPrecision,
    Matthews,
}

impl Matrix {
    pub(super) fn new(cells: Vec<Vec<Mass>>) -> Self {
        let n = cells.len();
        let rows: Vec<f64> = cells
            .iter()
            .map(|row| row.iter().map(|cell| cell.w).sum())
            .collect();
        let columns = (0..n).map(|j| cells.iter().map(|row| row[j].w).sum()).collect();
        Self {
            diagonal: (0..n).map(|i| cells[i][i].w).collect(),
            total: rows.iter().sum(),
            rows,
            columns,
            cells,
        }
    }

    /// One row of mean weight more, spread over all cells: an empty cell must not have variance zero.
    pub(super) fn smoothed(&self) -> Self {
        let all = self.mass();
        let share = 1.0 / (self.cells.len() as f64).powi(2) / all.n.max(1) as f64;
        let cells = self.cells.iter().map(|row| {
            row.iter()
                .map(|cell| Mass {
                    n: cell.n,
                    w: cell.w + share * all.w,
                    w2: cell.w2 + share * all.w2,
                })
                .collect()
        });
        Self::new(cells.collect())
    }

    pub(super) fn mass(&self) -> Mass {
        self.cells
            .iter()
            .flatten()
            .fold(Mass::default(), |sum, cell| sum.plus(*cell))
    }

    pub(super) fn precision(&self, class: usize) -> f64 {
        ratio(self.diagonal[class], self.columns[class])
    }

    fn f(&self, class: usize, beta: f64) -> f64 {
        let square = beta * beta;
        ratio(
            (1.0 + square) * self.diagonal[class],
            square * self.rows[class] + self.columns[class],
        )
    }

    fn macro_mean(&self, metric: impl Fn(usize) -> f64) -> f64 {
        let n = self.cells.len();
        (0..n).map(metric).sum::<f64>() / n as f64
    }

    fn weighted_mean(&self, metric: impl Fn(usize) -> f64) -> f64 {
        let sum: f64 = (0..self.cells.len()).map(|i| self.rows[i] * metric(i)).sum();
        sum / self.total
    }

    pub(super) fn accuracy(&self) -> f64 {
        self.diagonal.iter().sum::<f64>() / self.total
    }

    pub(super) fn value(&self, average: Average) -> f64 {
        match average {
            Average::MacroF(beta) => self.macro_mean(|i| self.f(i, beta)),
            Average::WeightedF(beta) => self.weighted_mean(|i| self.f(i, beta)),
            Average::WeightedPrecision => self.weighted_mean(|i| self.precision(i)),
            Average::Matthews => self.matthews(),
        }
    }

    /// S² − ΣC², S² − ΣR², as sums of products so that they are 0 exactly where one class takes all.
    fn spreads(&self) -> [f64; 2] {
        [&self.columns, &self.rows].map(|sums| sums.iter().map(|sum| sum * (self.total - sum)).sum())
    }

    /// R_K of Gorodkin 2004 (Comput. Biol. Chem. 28:367), scikit-learn's `matthews_corrcoef`; 0 where all labels or all
    /// predictions are equal.
    fn matthews(&self) -> f64 {
        let [by_column, by_row] = self.spreads();
        let scale = (by_column * by_row).sqrt();
        let expected: f64 = self
            .rows
            .iter()
            .zip(&self.columns)
            .map(|(row, column)| row * column)
            .sum();
        let correct: f64 = self.diagonal.iter().sum();
        if scale > 0.0 {
            (correct * self.total - expected) / scale
        } else {
            0.0
        }
    }

    /// First-order variance.
    pub(super) fn variance(&self, average: Average) -> f64 {
        let gradient = self.gradient(average);
        self.cells
            .iter()
            .enumerate()
            .map(|(i, row)| {
                row.iter()
                    .enumerate()
                    .map(|(j, cell)| {
                        let diagonal = if i == j { gradient.diagonal[i] } else { 0.0 };
                        let slope = diagonal + gradient.row[i] + gradient.column[j] + gradient.constant;
                        slope * slope * cell.w2
                    })
                    .sum::<f64>()
            })
            .sum()
    }

    fn gradient(&self, average: Average) -> Gradient {
        let n = self.cells.len();
        let value = self.value(average);
        let each = |entry: &dyn Fn(usize) -> f64| (0..n).map(entry).collect::<Vec<f64>>();
        match average {
            Average::MacroF(beta) | Average::WeightedF(beta) => {
                let square = beta * beta;
                let is_weighted = matches!(average, Average::WeightedF(_));
                let weight = |i: usize| {
                    if is_weighted {
                        self.rows[i] / self.total
                    } else {
                        1.0 / n as f64
                    }
                };
                let denominator = |i: usize| square * self.rows[i] + self.columns[i];
                let of_weight = |i: usize| {
                    if is_weighted {
                        (self.f(i, beta) - value) / self.total
                    } else {
                        0.0
                    }
                };
                Gradient {
                    diagonal: each(&|i| weight(i) * ratio(1.0 + square, denominator(i))),
                    row: each(&|i| {
                        of_weight(i) - weight(i) * ratio(self.f(i, beta) * square, denominator(i))
                    }),
                    column: each(&|i| -weight(i) * ratio(self.f(i, beta), denominator(i))),
                    constant: 0.0,
                }
            }
            Average::WeightedPrecision => Gradient {
                diagonal: each(&|i| ratio(self.rows[i], self.total * self.columns[i])),
                row: each(&|i| (self.precision(i) - value) / self.total),
                column: each(&|i| -ratio(self.rows[i] * self.precision(i), self.total * self.columns[i])),
                constant: 0.0,
            },
            Average::Matthews => {
                let [by_column, by_row] = self.spreads();
                let scale = (by_column * by_row).sqrt();
                let correct: f64 = self.diagonal.iter().sum();
                Gradient {
                    diagonal: vec![ratio(self.total, scale); n],
                    row: each(&|i| ratio(value * self.rows[i], by_row) - ratio(self.columns[i], scale)),
                    column: each(&|j| ratio(value * self.columns[j], by_column) - ratio(self.rows[j], scale)),
                    constant: ratio(correct, scale)
                        - ratio(value * self.total, by_column)
                        - ratio(value * self.total, by_row),
                }
            }
        }
    }
}

/// 0 where the denominator is 0.
fn ratio(numerator: f64, denominator: f64) -> f64 {
    if denominator > 0.0 {
        numerator / denominator
    } else {
        0.0
    }
}
