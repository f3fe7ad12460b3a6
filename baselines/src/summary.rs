//! Finished statistics of one data set: what comparisons, constraints, documents and reports read.
//!
//! A summary is plain data. It does not know how it was accumulated (`profile`) or what is wrong with it (`judge`).

/// The type of a column, as Model Monitor infers it (contract §2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum InferredType {
    /// All present cells are whole numbers.
    Integral,
    /// Numbers, at least one of them fractional.
    Fractional,
    /// Booleans only. Model Monitor's files say `String` for it.
    Boolean,
    /// Text, or a mix that no narrower type holds.
    String,
    /// No present cell.
    Unknown,
}

impl InferredType {
    /// Whether Model Monitor's files give it `numerical_statistics`.
    pub fn is_numeric(self) -> bool {
        matches!(self, Self::Integral | Self::Fractional)
    }
}

/// How many cells of each kind a column had. `n_absent` cells are rows whose side (input or output) was not captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CellCounts {
    /// Null or empty.
    pub n_missing: u64,
    /// Whole numbers.
    pub n_integral: u64,
    /// Numbers with fraction or exponent.
    pub n_fractional: u64,
    /// `true` / `false`.
    pub n_boolean: u64,
    /// Other text.
    pub n_text: u64,
    /// NaN tokens. Model Monitor counts them as text.
    pub n_nan: u64,
    /// +∞ tokens. Model Monitor counts them as text.
    pub n_positive_infinity: u64,
    /// −∞ tokens. Model Monitor counts them as text.
    pub n_negative_infinity: u64,
    /// Rows whose whole side was not captured; in no other count.
    pub n_absent: u64,
}

impl CellCounts {
    /// Non-missing cells (Model Monitor's `num_present`).
    pub fn n_present(&self) -> u64 {
        self.n_integral + self.n_fractional + self.n_boolean + self.n_text + self.n_special()
    }
    /// NaN and infinities.
    pub fn n_special(&self) -> u64 {
        self.n_nan + self.n_positive_infinity + self.n_negative_infinity
    }
    /// Finite numbers.
    pub fn n_numbers(&self) -> u64 {
        self.n_integral + self.n_fractional
    }
    /// Cells, present or missing.
    pub fn n_cells(&self) -> u64 {
        self.n_present() + self.n_missing
    }
    /// Share of cells that are present; `None` without cells.
    pub fn completeness(&self) -> Option<f64> {
        (self.n_cells() > 0).then(|| self.n_present() as f64 / self.n_cells() as f64)
    }
    /// Contract §2.3: any text, or booleans mixed with numbers, make a string; special values alone do too, but
    /// beside numbers they leave the column numeric (a training set with a few NaN is still numeric).
    pub fn inferred_type(&self) -> InferredType {
        let numbers = self.n_numbers() > 0;
        if self.n_present() == 0 {
            InferredType::Unknown
        } else if self.n_text > 0 || (self.n_boolean > 0 && (numbers || self.n_special() > 0)) {
            InferredType::String
        } else if self.n_boolean > 0 {
            InferredType::Boolean
        } else if !numbers {
            InferredType::String
        } else if self.n_fractional > 0 || self.n_special() > 0 {
            InferredType::Fractional
        } else {
            InferredType::Integral
        }
    }
}

/// A number of distinct values, and whether it is a count or an estimate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Distinct {
    /// Counted.
    Exact(u64),
    /// HyperLogLog with 2^12 registers: relative standard error 1.04/64 = 1.6 %.
    Estimated(u64),
}

impl Distinct {
    /// The number itself.
    pub fn value(self) -> u64 {
        match self {
            Self::Exact(n) | Self::Estimated(n) => n,
        }
    }
}

/// Finite numbers as strictly ascending values with their weights (how many rows).
///
/// Both exact samples and counts on a frozen grid read out as this, so that each distance is written once.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WeightedPoints {
    /// Strictly ascending, finite.
    pub values: Vec<f64>,
    /// Rows at each value; none is zero.
    pub weights: Vec<u64>,
    /// `None`: every value is exact. `Some`: `extents[i] = (low, high)` holds all rows counted at `values[i]`;
    /// a grid atom has `low == high`, an open gap between two grid edges has `low < value < high`.
    pub extents: Option<Vec<(f64, f64)>>,
}

impl WeightedPoints {
    /// Exact points from any order of finite values.
    pub fn from_values(mut values: Vec<f64>) -> Self {
        // Adding zero makes −0 a plain 0, so that equal values stand side by side.
        for value in &mut values {
            *value += 0.0;
        }
        values.sort_unstable_by(f64::total_cmp);
        let runs = || values.chunk_by(|a, b| a == b);
        let mut weights = Vec::with_capacity(runs().count());
        weights.extend(runs().map(|run| run.len() as u64));
        values.dedup();
        Self {
            values,
            weights,
            extents: None,
        }
    }
    /// Sum of weights: the sample size.
    pub fn n(&self) -> u64 {
        self.weights.iter().sum()
    }
    /// Whether every value is exact.
    pub fn is_exact(&self) -> bool {
        self.extents.is_none()
    }
}

/// Statistics of the finite numbers of a column.
#[derive(Debug, Clone, PartialEq)]
pub struct NumericSummary {
    /// Finite numbers counted.
    pub n: u64,
    /// Correctly rounded sum.
    pub sum: f64,
    /// sum / n.
    pub mean: f64,
    /// Population standard deviation (divides by n), from exact sums.
    pub std_dev: f64,
    /// Smallest finite number.
    pub min: f64,
    /// Largest finite number.
    pub max: f64,
    /// Distinct finite numbers.
    pub distinct: Distinct,
    /// The sample, or its counts on the baseline's frozen grid.
    pub points: WeightedPoints,
}

/// Statistics of a column's values as categories (their text).
#[derive(Debug, Clone, PartialEq)]
pub struct CategoricalSummary {
    /// Present cells counted.
    pub n: u64,
    /// Distinct texts.
    pub distinct: Distinct,
    /// Values with their counts, most frequent first, ties by text. Every category of the baseline's bins that
    /// occurs is here, whatever the number of distinct values.
    pub counts: Vec<(String, u64)>,
    /// Present cells whose value is in none of `counts` (only where `complete` is false).
    pub n_other: u64,
    /// Whether `counts` holds every distinct value.
    pub complete: bool,
}

/// Where in the window a column's cells of one class were first and last seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Position {
    /// Index of the object in the run's sorted list of objects.
    pub object_idx: u32,
    /// Line in that object, from 1.
    pub line: u64,
}

/// All that is known of one column of a data set.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnSummary {
    /// Column name.
    pub name: String,
    /// The type its cells have, or the type a schema declares for it.
    pub inferred_type: InferredType,
    /// Cells by class.
    pub counts: CellCounts,
    /// Where there are finite numbers and the column is (or may be) numeric.
    pub numeric: Option<NumericSummary>,
    /// Where the column is (or may be) categorical.
    pub categorical: Option<CategoricalSummary>,
    /// First and last position of the cells of each class but `Absent`, by `CellClass` discriminant.
    pub spans: [Option<(Position, Position)>; 9],
}

/// One data set: a baseline or a window.
#[derive(Debug, Clone, PartialEq)]
pub struct DatasetSummary {
    /// Rows (several per captured request are possible).
    pub n_rows: u64,
    /// Columns, in the order of the baseline, unknown ones behind.
    pub columns: Vec<ColumnSummary>,
}
