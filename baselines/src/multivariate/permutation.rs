//! Sums of row vectors over many random splits of the rows: the null distribution of every distance between means.
//!
//! Does not know which distance is made of the sums.

use nalgebra::{DMatrix, DVector};

use super::random::{Selection, Stream};

/// Rows summed at a time: keeps memory independent of the number of rows.
const BLOCK_ROWS: usize = 512;

/// Sums over the first side of the observed split (column 0) and of random splits (the other columns), and the sum
/// over all rows.
pub(crate) struct SplitSums {
    pub(crate) first: DMatrix<f64>,
    pub(crate) all: DVector<f64>,
}

/// Sums of `width` numbers a row. `fill(rows, block)` writes the given rows into the columns of `block`.
pub(crate) fn split_sums(
    n_rows: [usize; 2],
    width: usize,
    n_permutations: usize,
    seed: u64,
    mut fill: impl FnMut(std::ops::Range<usize>, &mut DMatrix<f64>),
) -> SplitSums {
    let n = n_rows[0] + n_rows[1];
    let mut selections = selections(n_rows, n_permutations, seed);
    let mut sums = SplitSums {
        first: DMatrix::zeros(width, n_permutations + 1),
        all: DVector::zeros(width),
    };
    let mut start = 0;
    while start < n {
        let end = (start + BLOCK_ROWS).min(n);
        let mut block = DMatrix::zeros(width, end - start);
        fill(start..end, &mut block);
        let mut chosen = DMatrix::zeros(end - start, n_permutations + 1);
        for row in start..end {
            chosen[(row - start, 0)] = f64::from(u8::from(row < n_rows[0]));
        }
        for (split, selection) in selections.iter_mut().enumerate() {
            for row in 0..end - start {
                chosen[(row, split + 1)] = f64::from(u8::from(selection.next_is_chosen()));
            }
        }
        sums.first.gemm(1.0, &block, &chosen, 1.0);
        for column in block.column_iter() {
            sums.all += column;
        }
        start = end;
    }
    sums
}

/// One random split for each permutation.
pub(crate) fn selections(n_rows: [usize; 2], n_permutations: usize, seed: u64) -> Vec<Selection> {
    let mut seeds = Stream::new(seed, "permutations");
    (0..n_permutations)
        .map(|_| Selection::new(Stream::new(seeds.seed(), "permutation"), n_rows[0], n_rows[1]))
        .collect()
}

/// (1 + permuted at least as large as observed) / (1 + permutations): valid at every level (B. Phipson, G. K. Smyth,
/// Stat. Appl. Genet. Mol. Biol. 9, 2010). Differences of rounding count as equal.
pub(crate) fn permutation_p_value(observed: f64, permuted: impl Iterator<Item = f64>, scale: f64) -> f64 {
    const ROUNDING: f64 = 1e-12;
    let (mut n, mut as_large) = (0usize, 0usize);
    for value in permuted {
        n += 1;
        as_large += usize::from(value >= observed - ROUNDING * scale);
    }
    (1 + as_large) as f64 / (1 + n) as f64
}
