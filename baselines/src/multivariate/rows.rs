//! Row-aligned columns of one side: what multivariate methods read, because they need to know which cells belong to
//! one row.
//!
//! Does not know where the rows were read, nor the other side.

/// Rows of one side. Every column has one cell for each row.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    n_rows: usize,
    columns: Vec<Column>,
}

/// One column of [`Rows`].
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name, the key by which both sides are matched.
    pub name: String,
    /// Its cells.
    pub values: Values,
}

/// Cells of a column, in row order.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Numbers; `None` for a missing cell. NaN and ±∞ count as missing: no mean, rank or kernel is defined for them.
    Numeric(Vec<Option<f64>>),
    /// Category ids; `None` for a missing cell. An id means the same category on both sides, and ids ascend with the
    /// categories' texts (ties are broken by id, so this makes the answers independent of reading order).
    Categorical(Vec<Option<u32>>),
    /// Arrays of numbers.
    Embedding(Vectors),
}

/// Fixed-length vectors, one for each row, with rows that have none.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Vectors {
    dimension: usize,
    present: Vec<bool>,
    components: Vec<f64>,
}

/// Why columns are not rows, or two sides no pair. The texts hold column names and counts, never cells.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowsError {
    /// A column has another number of cells than there are rows.
    #[error("column `{column}` has {found} cells, and there are {expected} rows")]
    UnequalLength {
        /// The column.
        column: String,
        /// Its cells.
        found: usize,
        /// Rows.
        expected: usize,
    },
    /// Two columns of one name.
    #[error("column `{column}` appears twice")]
    DuplicateColumn {
        /// The column.
        column: String,
    },
    /// A column of the baseline is not in the current rows, or the reverse.
    #[error("column `{column}` is on one side only")]
    OneSideOnly {
        /// The column.
        column: String,
    },
    /// A column is numeric on one side and not on the other.
    #[error("column `{column}` is {baseline} in the baseline and {current} in the current rows")]
    UnequalKind {
        /// The column.
        column: String,
        /// Kind in the baseline.
        baseline: &'static str,
        /// Kind in the current rows.
        current: &'static str,
    },
    /// Vectors of two lengths.
    #[error(
        "embedding `{column}` has vectors of length {baseline} in the baseline and {current} in the current rows"
    )]
    UnequalDimension {
        /// The column.
        column: String,
        /// Length in the baseline.
        baseline: usize,
        /// Length in the current rows.
        current: usize,
    },
}

impl Rows {
    /// Rows from their columns.
    pub fn new(n_rows: usize, columns: Vec<Column>) -> Result<Self, RowsError> {
        let mut names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|names| names[0] == names[1]) {
            return Err(RowsError::DuplicateColumn {
                column: twice[0].to_owned(),
            });
        }
        for column in &columns {
            let found = column.values.len();
            if found != n_rows {
                return Err(RowsError::UnequalLength {
                    column: column.name.clone(),
                    found,
                    expected: n_rows,
                });
            }
        }
        Ok(Self { n_rows, columns })
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// The columns, in the order given.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The column of a name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

impl Values {
    /// Number of cells.
    pub fn len(&self) -> usize {
        match self {
            Self::Numeric(cells) => cells.len(),
            Self::Categorical(cells) => cells.len(),
            Self::Embedding(vectors) => vectors.len(),
        }
    }

    /// Whether there is no cell.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// `numeric`, `categorical` or `embedding`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Numeric(_) => "numeric",
            Self::Categorical(_) => "categorical",
            Self::Embedding(_) => "embedding",
        }
    }
}

impl Vectors {
    /// No rows yet, vectors of this length.
    pub fn new(dimension: usize) -> Self {
        Self {
            dimension,
            ..Self::default()
        }
    }

    /// One more row. A vector of another length, or with a component that is not finite, counts as missing; answers
    /// whether the row has a vector.
    pub fn push(&mut self, vector: Option<&[f64]>) -> bool {
        let vector =
            vector.filter(|vector| vector.len() == self.dimension && vector.iter().all(|x| x.is_finite()));
        self.present.push(vector.is_some());
        match vector {
            Some(vector) => self.components.extend_from_slice(vector),
            None => self
                .components
                .resize(self.components.len() + self.dimension, 0.0),
        }
        vector.is_some()
    }

    /// Length of a vector.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Rows.
    pub fn len(&self) -> usize {
        self.present.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.present.is_empty()
    }

    /// The vector of a row; `None` where it has none.
    pub fn get(&self, row: usize) -> Option<&[f64]> {
        self.present
            .get(row)
            .filter(|present| **present)
            .map(|_| &self.components[row * self.dimension..(row + 1) * self.dimension])
    }
}
