//! The house's frozen bins, and the shares of both sides in them.
//!
//! Numeric (methods.md §3.12): inner edges are the baseline's nine inner R-7 deciles, equal ones collapsed; bins are
//! (lower, upper], the outer two open. An edge on which at least a tenth of the baseline lies is a bin of its own, so
//! that a constant baseline sees a shift in either direction. Null, NaN, +∞ and −∞ have a bin each.
//! Categorical: the baseline's values, OTHER (unseen) and NULL. Bins empty on both sides do not enter.
//!
//! Zero rule: half a row is added to each bin on each side (Jeffreys), shares are renormalised. Does not know any
//! distance.

use super::categories::CategoryCounts;
use super::cells::{Cell, NumericPair, check};
use super::measurement::{NotComputable, Parameters};
use crate::summary::{CellCounts, WeightedPoints};

/// Quantiles are tenths.
const N_QUANTILE_BINS: u64 = 10;

/// Rows of both sides in each bin, and where grid cells leave it open, the fewest and most there can be.
#[derive(Debug, Clone, Default)]
pub(crate) struct Binned {
    pub(crate) bins: Vec<Bin>,
}

/// One bin.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Bin {
    pub(crate) baseline: Range,
    pub(crate) current: Range,
}

/// A number of rows, between limits.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Range {
    pub(crate) least: u64,
    pub(crate) count: u64,
    pub(crate) most: u64,
}

impl Range {
    fn add(&mut self, rows: u64) {
        self.least += rows;
        self.count += rows;
        self.most += rows;
    }
}

/// The inner edges of the house's bins: strictly ascending R-7 deciles of the baseline (Hyndman and Fan 1996, type 7,
/// NumPy's default), at most nine. Freeze them with the baseline; a grid that has them as atoms bins exactly.
///
/// Empty without points. On grid counts quantiles are those of the cells' representative values.
pub fn house_edges(baseline: &WeightedPoints) -> Vec<f64> {
    let n = baseline.n();
    if n == 0 || check(baseline).is_err() {
        return Vec::new();
    }
    let mut edges: Vec<f64> = Vec::with_capacity(9);
    let mut cumulative = Vec::with_capacity(baseline.weights.len());
    let mut total = 0;
    for weight in &baseline.weights {
        total += weight;
        cumulative.push(total);
    }
    let value_at = |rank: u64| baseline.values[cumulative.partition_point(|&upto| upto <= rank)];
    for k in 1..N_QUANTILE_BINS {
        // h = (n − 1) k / 10, split exactly into whole rank and tenths.
        let product = u128::from(n - 1) * u128::from(k);
        let rank = (product / u128::from(N_QUANTILE_BINS)) as u64;
        let tenths = (product % u128::from(N_QUANTILE_BINS)) as f64 / N_QUANTILE_BINS as f64;
        let low = value_at(rank);
        let high = if tenths > 0.0 { value_at(rank + 1) } else { low };
        let edge = if low == high {
            low
        } else {
            low + (high - low) * tenths
        };
        let edge = if edge.is_finite() {
            edge
        } else {
            low * (1.0 - tenths) + high * tenths
        };
        if edges.last().is_none_or(|&last| last < edge) {
            edges.push(edge);
        }
    }
    edges
}

/// Both numeric samples in the house's bins. `edges` are the frozen ones, or `None` to take them from the baseline.
pub(crate) fn bin_numeric(
    pair: &NumericPair<'_>,
    edges: Option<&[f64]>,
    counts: [Option<&CellCounts>; 2],
) -> Result<Binned, NotComputable> {
    let special = |counts: Option<&CellCounts>| {
        counts.map_or([0; 4], |c| {
            [c.n_missing, c.n_nan, c.n_positive_infinity, c.n_negative_infinity]
        })
    };
    let (special_baseline, special_current) = (special(counts[0]), special(counts[1]));
    require_rows(
        total(pair.rows[0], &special_baseline)?,
        total(pair.rows[1], &special_current)?,
    )?;
    let own_edges;
    let edges = match edges {
        Some(edges) if edges.windows(2).all(|pair| pair[0] < pair[1]) => edges,
        Some(_) => return Err(NotComputable::Malformed),
        None => {
            own_edges = house_edges(pair.baseline);
            &own_edges
        }
    };
    let cells = pair.cells_of_any();
    let layout = Layout::new(edges, cells, pair.rows[0])?;
    let mut bins = vec![Bin::default(); layout.n_bins()];
    if pair.is_gridded() {
        count_cells(cells, &layout, &mut bins);
    } else {
        // Cells ascend, so each bin's are side by side.
        let mut rest = cells;
        for (idx, bin) in bins.iter_mut().enumerate() {
            let n_here = rest.partition_point(|cell| layout.bin_of(cell.value) <= idx);
            let (here, behind) = rest.split_at(n_here);
            bin.baseline.add(here.iter().map(|cell| cell.baseline).sum());
            bin.current.add(here.iter().map(|cell| cell.current).sum());
            rest = behind;
        }
    }
    for (left, right) in special_baseline.into_iter().zip(special_current) {
        let mut bin = Bin::default();
        bin.baseline.add(left);
        bin.current.add(right);
        bins.push(bin);
    }
    Ok(Binned { bins })
}

/// Rows of cells that may lie in more than one bin.
fn count_cells(cells: &[Cell], layout: &Layout<'_>, bins: &mut [Bin]) {
    for cell in cells {
        let estimate = layout.bin_of(cell.value);
        let (first, last) = if cell.is_atom() {
            (estimate, estimate)
        } else {
            (layout.above(cell.low), layout.below(cell.high))
        };
        bins[estimate].baseline.count += cell.baseline;
        bins[estimate].current.count += cell.current;
        for bin in &mut bins[first..=last] {
            bin.baseline.most += cell.baseline;
            bin.current.most += cell.current;
        }
        if first == last {
            bins[estimate].baseline.least += cell.baseline;
            bins[estimate].current.least += cell.current;
        }
    }
}

/// Both categorical samples in the house's bins.
pub(crate) fn bin_categorical(
    baseline: &CategoryCounts,
    current: &CategoryCounts,
    cells: [Option<&CellCounts>; 2],
) -> Result<Binned, NotComputable> {
    let missing = cells.map(|counts| counts.map_or(0, |counts| counts.n_missing));
    require_rows(
        total(baseline.n(), &missing[..1])?,
        total(current.n(), &missing[1..])?,
    )?;
    let mut bins = Vec::with_capacity(baseline.len() + 2);
    let mut other = Bin::default();
    other.baseline.add(baseline.n_other());
    other.current.add(current.n_other());
    for category in baseline.joined(current) {
        if category.baseline == 0 {
            other.current.add(category.current);
        } else {
            let mut bin = Bin::default();
            bin.baseline.add(category.baseline);
            bin.current.add(category.current);
            bins.push(bin);
        }
    }
    let mut null = Bin::default();
    null.baseline.add(missing[0]);
    null.current.add(missing[1]);
    bins.extend([other, null]);
    Ok(Binned { bins })
}

impl Binned {
    /// Whether every row's bin is known.
    fn is_exact(&self) -> bool {
        self.bins
            .iter()
            .all(|bin| bin.baseline.least == bin.baseline.most && bin.current.least == bin.current.most)
    }

    /// Rows of both sides.
    pub(crate) fn rows(&self) -> [u64; 2] {
        [
            self.bins.iter().map(|bin| bin.baseline.count).sum(),
            self.bins.iter().map(|bin| bin.current.count).sum(),
        ]
    }

    /// Bins that hold a row.
    fn n_filled(&self) -> usize {
        self.bins
            .iter()
            .filter(|bin| bin.baseline.count + bin.current.count > 0)
            .count()
    }

    /// What is recorded about these bins.
    pub(crate) fn parameters(
        &self,
        edges_source: &'static str,
        log_base: Option<&'static str>,
    ) -> Parameters {
        Parameters {
            bins: Some(self.n_filled() as u64),
            edges_source: Some(edges_source),
            zero_rule: Some("add half, renormalise"),
            log_base,
            ..Parameters::default()
        }
    }

    /// Σ over bins of a jointly convex `term(p, q)` with term(p, p) = 0, at the house's shares; and its limits where
    /// rows of a grid cell may lie in more than one bin. Convexity puts each term's largest value on a corner of the
    /// box of possible shares, and its smallest at p = q where that is possible, else at the nearest corner.
    pub(crate) fn sum(&self, term: impl Fn(f64, f64) -> f64) -> Sum {
        self.sum_with(0.5, term)
    }

    /// The same over plain shares, for a `term` that bears zeros.
    pub(crate) fn plain_limits(&self, term: impl Fn(f64, f64) -> f64) -> Sum {
        self.sum_with(0.0, term)
    }

    /// The value of `plain_limits`.
    pub(crate) fn plain_sum(&self, term: impl Fn(f64, f64) -> f64) -> f64 {
        self.sum_with(0.0, term).value
    }

    fn sum_with(&self, added: f64, term: impl Fn(f64, f64) -> f64) -> Sum {
        let [n, m] = self.rows().map(|rows| rows as f64);
        let share = |rows: u64, n: f64, n_bins: usize| (rows as f64 + added) / (n + added * n_bins as f64);
        let n_filled = self.n_filled();
        let value = self
            .bins
            .iter()
            .filter(|bin| bin.baseline.count + bin.current.count > 0)
            .map(|bin| {
                term(
                    share(bin.baseline.count, n, n_filled),
                    share(bin.current.count, m, n_filled),
                )
            })
            .sum();
        if self.is_exact() {
            return Sum {
                value,
                lower: value,
                upper: value,
            };
        }
        let surely = self
            .bins
            .iter()
            .filter(|bin| bin.baseline.least + bin.current.least > 0)
            .count()
            .max(1);
        let possibly = self
            .bins
            .iter()
            .filter(|bin| bin.baseline.most + bin.current.most > 0)
            .count();
        let (mut lower, mut upper) = (f64::INFINITY, 0.0f64);
        for n_bins in surely..=possibly {
            let (mut low, mut high) = (0.0, 0.0);
            for Bin { baseline, current } in &self.bins {
                if baseline.most + current.most == 0 {
                    continue;
                }
                let p = [share(baseline.least, n, n_bins), share(baseline.most, n, n_bins)];
                let q = [share(current.least, m, n_bins), share(current.most, m, n_bins)];
                let corners = [
                    term(p[0], q[0]),
                    term(p[0], q[1]),
                    term(p[1], q[0]),
                    term(p[1], q[1]),
                ];
                high += corners.into_iter().fold(0.0, f64::max);
                if p[1] < q[0] {
                    low += term(p[1], q[0]);
                } else if q[1] < p[0] {
                    low += term(p[0], q[1]);
                }
            }
            (lower, upper) = (lower.min(low), upper.max(high));
        }
        Sum {
            value,
            lower: lower.min(value),
            upper: upper.max(value),
        }
    }
}

/// A sum over bins with its limits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sum {
    pub(crate) value: f64,
    pub(crate) lower: f64,
    pub(crate) upper: f64,
}

impl Sum {
    /// How far the exact value can be from `of(value)`, for an increasing `of`.
    pub(crate) fn error_bound(&self, of: impl Fn(f64) -> f64) -> f64 {
        (of(self.upper) - of(self.value))
            .max(of(self.value) - of(self.lower))
            .max(0.0)
    }
}

/// Where values go: `starts[i]` is the first bin above `edges[i - 1]`.
struct Layout<'a> {
    edges: &'a [f64],
    own: Vec<bool>,
    starts: Vec<usize>,
}

impl<'a> Layout<'a> {
    /// Not possible where an edge lies inside an open cell with so many baseline rows that it might be a bin of its
    /// own: a grid that has the edges as atoms never does that.
    fn new(edges: &'a [f64], cells: &[Cell], n_baseline: u64) -> Result<Self, NotComputable> {
        let is_heavy =
            |cell: &Cell| cell.baseline.saturating_mul(N_QUANTILE_BINS) >= n_baseline && cell.baseline > 0;
        let mut own = Vec::with_capacity(edges.len());
        for &edge in edges {
            let idx = cells.partition_point(|cell| cell.low < edge);
            let inside = idx
                .checked_sub(1)
                .and_then(|before| cells.get(before))
                .filter(|cell| edge < cell.high);
            if inside.is_some_and(is_heavy) {
                return Err(NotComputable::NeedsExactValues);
            }
            own.push(
                cells
                    .get(idx)
                    .is_some_and(|cell| cell.is_atom() && cell.low == edge && is_heavy(cell)),
            );
        }
        let mut starts = vec![0];
        for (idx, own) in own.iter().enumerate() {
            starts.push(starts[idx] + if *own { 2 } else { 1 });
        }
        Ok(Self { edges, own, starts })
    }

    fn n_bins(&self) -> usize {
        self.starts[self.edges.len()] + 1
    }

    fn bin_of(&self, value: f64) -> usize {
        let idx = self.edges.partition_point(|&edge| edge < value);
        let on_own_edge = self.edges.get(idx).is_some_and(|&edge| edge == value) && self.own[idx];
        self.starts[idx] + usize::from(on_own_edge)
    }

    /// The bin of values just above `value`.
    fn above(&self, value: f64) -> usize {
        self.starts[self.edges.partition_point(|&edge| edge <= value)]
    }

    /// The bin of values just below `value`.
    fn below(&self, value: f64) -> usize {
        self.starts[self.edges.partition_point(|&edge| edge < value)]
    }
}

/// All rows of a side; counts beyond 2^62 can only be a corrupt document.
fn total(n: u64, special: &[u64]) -> Result<u64, NotComputable> {
    let sum = special.iter().try_fold(n, |sum, &count| sum.checked_add(count));
    sum.filter(|&sum| sum < 1 << 62).ok_or(NotComputable::Malformed)
}

fn require_rows(n_baseline: u64, n_current: u64) -> Result<(), NotComputable> {
    if n_baseline == 0 {
        Err(NotComputable::EmptyBaseline)
    } else if n_current == 0 {
        Err(NotComputable::EmptyCurrent)
    } else {
        Ok(())
    }
}
