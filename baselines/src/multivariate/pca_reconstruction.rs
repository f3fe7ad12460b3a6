//! PCA reconstruction error: how far rows are from the plane that holds most of the baseline's variance. It sees
//! changes of the relation between columns that leave each column as it was.
//!
//! Value: mean Euclidean length of a row's residual after projection on the components that hold 65 % of the
//! variance of the standardised columns.
//!
//! House ([`pca_reconstruction`]): the baseline is split in two by content; the plane of each half measures the other
//! half of the baseline and one half of the current rows, so that baseline and current are both measured by a plane
//! that has not seen them. Test: Mann–Whitney of the errors in each half, two-sided, p-value twice the smaller one (the
//! halves are not independent, as each measures what the other was fitted to); by ranks, because a few rows far out
//! make a mean of errors say anything. Beside it P(a current row is further from the plane than a baseline row), mean
//! of the halves, and its interval (DeLong, of the halves together). Identical sides have a change of 0 and p = 1.
//!
//! NannyML ([`nannyml_reconstruction`], `DataReconstructionDriftCalculator` 0.13.1): one plane of the whole
//! baseline; per chunk the mean error, sampling error = standard deviation (ddof 1) / √rows, and a band of ±3 of
//! those; limits: mean ± 3 standard deviations (ddof 0) of the baseline's own chunks, in row order, the lower one not
//! below 0 (NannyML drops a lower limit there; so do we). Chunks of ⌊n/10⌋ rows, the rest is a chunk of its own.
//!
//! Constant columns add nothing; all constant, or nothing but missing cells: not computable. More columns than rows:
//! computed, see `principal_components`. Does not know thresholds other than NannyML's.

use super::answer::{Interval, NotComputable, require_rows};
use super::paired::{Cells, MISSING, PairedRows};
use super::principal_components::{Column, PrincipalComponents};
use super::roc::area_under_curve;
use super::rows::{Rows, Values};

/// Share of variance that the components hold at least.
pub const VARIANCE_SHARE: f64 = 0.65;
/// Baseline chunks that NannyML's limits are made of, when no chunk size is given.
pub(crate) const NANNYML_CHUNKS: usize = 10;
/// Standard deviations, or sampling errors, on each side of NannyML's limits and bands.
const NANNYML_WIDTH: f64 = 3.0;

/// Reconstruction error of the house.
#[derive(Debug, Clone, PartialEq)]
pub struct PcaReconstruction {
    /// Mean reconstruction error of the current rows.
    pub value: f64,
    /// Mean reconstruction error of baseline rows that the plane has not seen.
    pub baseline_value: f64,
    /// `value − baseline_value`.
    pub change: f64,
    /// P(a current row is further from the plane than a baseline row), ties counting ½; ½ without change.
    pub share_further: f64,
    /// 95 % interval of `share_further` (DeLong).
    pub interval: Interval,
    /// Mann–Whitney test of the errors of each half, two-sided: twice the smaller p-value.
    pub p_value: f64,
    /// Components of the planes of both halves.
    pub n_components: [usize; 2],
    /// Columns that entered.
    pub n_columns: usize,
    /// Rows of the baseline that entered.
    pub n_baseline: usize,
    /// Rows of the current sample that entered.
    pub n_current: usize,
    /// Seed of the split into halves.
    pub seed: u64,
}

/// Reconstruction error as NannyML reports it.
#[derive(Debug, Clone, PartialEq)]
pub struct NannymlReconstruction {
    /// All current rows as one chunk.
    pub value: ChunkError,
    /// Lower limit; none where it would not be above 0.
    pub lower_limit: Option<f64>,
    /// Upper limit.
    pub upper_limit: f64,
    /// The baseline's chunks.
    pub baseline_chunks: Vec<ChunkError>,
    /// The current rows in chunks of the same size.
    pub current_chunks: Vec<ChunkError>,
    /// Rows of a chunk.
    pub chunk_rows: usize,
    /// Components of the plane.
    pub n_components: usize,
    /// Share of variance they hold.
    pub explained_variance: f64,
    /// Columns that entered.
    pub n_columns: usize,
}

/// Mean error of a chunk.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChunkError {
    /// Mean error.
    pub value: f64,
    /// Standard deviation / √rows; none for one row.
    pub sampling_error: Option<f64>,
    /// Rows.
    pub n_rows: usize,
}

impl ChunkError {
    /// Value ± 3 sampling errors, not below 0.
    pub fn band(&self) -> Option<Interval> {
        let error = NANNYML_WIDTH * self.sampling_error?;
        Some(Interval {
            low: (self.value - error).max(0.0),
            high: self.value + error,
        })
    }
}

impl NannymlReconstruction {
    /// Whether a value is outside the limits, NannyML's alert.
    pub fn is_outside(&self, value: f64) -> bool {
        value >= self.upper_limit || self.lower_limit.is_some_and(|limit| value <= limit)
    }
}

/// The house's reconstruction error over all numeric and categorical columns.
pub fn pca_reconstruction(paired: &PairedRows) -> Result<PcaReconstruction, NotComputable> {
    require_rows(paired.n_rows, 4)?;
    if paired.features.is_empty() {
        return Err(NotComputable::NoColumns);
    }
    let columns = [0, 1].map(|side| {
        let of_side = |feature| paired_column(feature, side);
        paired.features.iter().map(of_side).collect::<Vec<_>>()
    });
    // Rows stand in the order of a seeded hash of their content, so odd and even rows are random halves.
    let half =
        |side: usize, parity: usize| -> Vec<usize> { (parity..paired.n_rows[side]).step_by(2).collect() };
    let (mut errors, mut n_components) = ([Vec::new(), Vec::new()], [0, 0]);
    let (mut share_further, mut least_p_value) = (0.0, 1.0f64);
    for (fitted, n_components) in n_components.iter_mut().enumerate() {
        let plane = PrincipalComponents::fit(&columns[0], &half(0, fitted), VARIANCE_SHARE)?;
        *n_components = plane.n_components();
        let measured = [0, 1].map(|side| plane.residuals(&columns[side], &half(side, 1 - fitted)));
        if !measured.iter().flatten().all(|error| error.is_finite()) {
            return Err(NotComputable::TooLarge);
        }
        let further = area_under_curve(&measured[0], &measured[1]);
        let nearer = area_under_curve(&measured[1], &measured[0]);
        share_further += 0.5 * further.auc;
        least_p_value = least_p_value.min(2.0 * further.p_value.min(nearer.p_value));
        for (all, of_half) in errors.iter_mut().zip(measured) {
            all.extend(of_half);
        }
    }
    let [baseline_value, value] = [mean(&errors[0])?, mean(&errors[1])?];
    let pooled = area_under_curve(&errors[0], &errors[1]);
    let moved = share_further - pooled.auc;
    Ok(PcaReconstruction {
        value,
        baseline_value,
        change: value - baseline_value,
        share_further,
        interval: Interval {
            low: (pooled.interval.low + moved).clamp(0.0, 1.0),
            high: (pooled.interval.high + moved).clamp(0.0, 1.0),
        },
        p_value: (2.0 * least_p_value).min(1.0),
        n_components,
        n_columns: paired.features.len(),
        n_baseline: paired.n_rows[0],
        n_current: paired.n_rows[1],
        seed: paired.seed,
    })
}

fn mean(errors: &[f64]) -> Result<f64, NotComputable> {
    let mean = errors.iter().sum::<f64>() / errors.len() as f64;
    mean.is_finite().then_some(mean).ok_or(NotComputable::TooLarge)
}

/// NannyML's reconstruction error, over all rows in their order; embedding columns do not enter. `chunk_rows`: rows
/// of a chunk, else a tenth of the baseline.
pub fn nannyml_reconstruction(
    baseline: &Rows,
    current: &Rows,
    chunk_rows: Option<usize>,
) -> Result<NannymlReconstruction, NotComputable> {
    require_rows([baseline.n_rows(), current.n_rows()], 1)?;
    let tabular = |rows: &Rows| {
        let is_tabular = |column: &&super::rows::Column| !matches!(column.values, Values::Embedding(_));
        rows.columns().iter().filter(is_tabular).count()
    };
    let n_columns = tabular(baseline);
    if n_columns == 0 {
        return Err(NotComputable::NoColumns);
    }
    let fitted: Vec<Column<'_>> = baseline
        .columns()
        .iter()
        .filter_map(|column| rows_column(&column.values))
        .collect();
    let measured: Vec<Column<'_>> = baseline
        .columns()
        .iter()
        .filter(|column| !matches!(column.values, Values::Embedding(_)))
        .filter_map(|column| rows_column(&current.column(&column.name)?.values))
        .collect();
    if measured.len() != n_columns {
        return Err(NotComputable::NoColumns);
    }
    let all = |rows: &Rows| (0..rows.n_rows()).collect::<Vec<usize>>();
    let plane = PrincipalComponents::fit(&fitted, &all(baseline), VARIANCE_SHARE)?;
    let baseline_errors = plane.residuals(&fitted, &all(baseline));
    let current_errors = plane.residuals(&measured, &all(current));
    if !baseline_errors
        .iter()
        .chain(&current_errors)
        .all(|x| x.is_finite())
    {
        return Err(NotComputable::TooLarge);
    }
    let chunk_rows = chunk_rows.unwrap_or(baseline.n_rows() / NANNYML_CHUNKS).max(1);
    let chunks = |errors: &[f64]| errors.chunks(chunk_rows).map(chunk_error).collect::<Vec<_>>();
    let baseline_chunks = chunks(&baseline_errors);
    let n = baseline_chunks.len() as f64;
    let mean = baseline_chunks.iter().map(|chunk| chunk.value).sum::<f64>() / n;
    let squares = baseline_chunks
        .iter()
        .map(|chunk| (chunk.value - mean).powi(2))
        .sum::<f64>();
    let width = NANNYML_WIDTH * (squares / n).sqrt();
    Ok(NannymlReconstruction {
        value: chunk_error(&current_errors),
        lower_limit: (mean - width > 0.0).then_some(mean - width),
        upper_limit: mean + width,
        baseline_chunks,
        current_chunks: chunks(&current_errors),
        chunk_rows,
        n_components: plane.n_components(),
        explained_variance: plane.explained_variance,
        n_columns,
    })
}

fn chunk_error(errors: &[f64]) -> ChunkError {
    let n = errors.len() as f64;
    let value = errors.iter().sum::<f64>() / n;
    let sampling_error = (errors.len() > 1).then(|| {
        let squares = errors.iter().map(|x| (x - value) * (x - value)).sum::<f64>();
        (squares / (n - 1.0)).sqrt() / n.sqrt()
    });
    ChunkError {
        value,
        sampling_error,
        n_rows: errors.len(),
    }
}

fn paired_column(feature: &super::paired::Feature, side: usize) -> Column<'_> {
    match &feature.cells[side] {
        Cells::Numeric(cells) => Column::Numeric(Box::new(|row| cells[row])),
        Cells::Categorical(cells) => {
            Column::Categorical(Box::new(|row| (cells[row] != MISSING).then_some(cells[row])))
        }
    }
}

fn rows_column(values: &Values) -> Option<Column<'_>> {
    match values {
        Values::Numeric(cells) => Some(Column::Numeric(Box::new(|row| {
            cells[row].filter(|x| x.is_finite()).unwrap_or(f64::NAN)
        }))),
        Values::Categorical(cells) => Some(Column::Categorical(Box::new(|row| cells[row]))),
        Values::Embedding(_) => None,
    }
}
