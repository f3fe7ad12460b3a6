//! Calibration of a baseline, and the check of it on the user's own data.
//!
//! ```text
//! baseline data, read again by time (blocks) → BlockCounts → calibrate → calibration.json
//!                                                          → check (A/A) → the false-alarm rate reached
//! ```
//!
//! Without times there is no second reading: rows count as independent, and the calibration says so. Measures nothing
//! itself (`baselines::calibrate`).

pub(crate) mod blocks;

use crate::baseline::{LoadedBaseline, load, refuse_empty, settings_for};
use crate::error::{EngineError, ErrorKind};
use crate::output::write_all;
use crate::plan::{self, ScanColumns};
use crate::probe::{Probe, probe};
use crate::progress::Progress;
use crate::scan::ScanSettings;
use crate::sources::{Source, discover};
use baselines::baseline::Baseline;
use baselines::calibrate::{
    AaOutcome, AaSettings, Calibration, CalibrationBasis, CalibrationSettings, FalseAlarmBudget, MinEffect,
    Resampling, RunAlpha, check, clopper_pearson,
};
use baselines::document::calibration::{CALIBRATION_FILE, to_bytes};
use baselines::judge::Policy;
use blocks::{BlockReading, CountedBlocks};
use capture::schema::Schema;
use store::{Location, StoreOptions};

/// A calibration with what was read for it.
#[derive(Debug)]
pub struct Calibrated {
    /// The calibration.
    pub calibration: Calibration,
    /// Rows read by time; 0 without times.
    pub n_rows: u64,
    /// Those with a time.
    pub n_timed: u64,
    /// The column that told the times of a table; `None` for capture.
    pub time_column: Option<String>,
}

impl Calibrated {
    /// What the limits rest on, for people.
    pub fn sentence(&self) -> String {
        let without = self.n_rows - self.n_timed.min(self.n_rows);
        match &self.calibration.basis {
            CalibrationBasis::TimeBlocks {
                block_seconds,
                n_blocks,
            } => {
                let length = crate::monitor::Length::from_seconds(*block_seconds);
                let times = match &self.time_column {
                    Some(column) => format!("column {column}"),
                    None => "inference times".to_owned(),
                };
                let rest = match without {
                    0 => String::new(),
                    n => format!("; {n} rows have no time"),
                };
                format!(
                    "calibrated on {n_blocks} time blocks of {length} ({times}) and on resampled windows{rest}"
                )
            }
            CalibrationBasis::ResampledRows if self.n_timed > 0 => {
                "calibrated on resampled windows only: the baseline covers too few time blocks, so rows count as \
                 independent"
                    .to_owned()
            }
            CalibrationBasis::ResampledRows => {
                "calibrated on resampled windows only: the rows have no times, so they count as independent".to_owned()
            }
        }
    }

    /// `calibration.json`.
    pub fn document(&self) -> Result<Vec<u8>, EngineError> {
        to_bytes(&self.calibration).map_err(|error| {
            EngineError::new(ErrorKind::Internal, "the calibration cannot be written").with_source(error)
        })
    }
}

/// Calibrates a baseline that was just made or loaded, reading `sources` again where their rows have times.
pub(crate) async fn calibrate_on(
    baseline: &Baseline,
    data: &BaselineData<'_>,
    progress: &dyn Progress,
) -> Result<Calibrated, EngineError> {
    let counted = count_blocks(baseline, data, progress).await?;
    progress.stage("calibrating", 0);
    let blocks = counted.as_ref().map(|(counted, _)| &counted.counts);
    let calibration = baselines::calibrate::calibrate(baseline, blocks, CalibrationSettings::default());
    progress.done();
    Ok(Calibrated {
        calibration,
        n_rows: counted.as_ref().map_or(0, |(counted, _)| counted.n_rows),
        n_timed: counted.as_ref().map_or(0, |(counted, _)| counted.n_timed),
        time_column: counted.and_then(|(_, column)| column),
    })
}

/// The data a baseline was made from.
pub(crate) struct BaselineData<'a> {
    pub(crate) sources: &'a [Source],
    pub(crate) columns: &'a ScanColumns,
    pub(crate) probe: &'a Probe,
    pub(crate) schema: Option<&'a Schema>,
    /// Settings of the reading, the probe's included.
    pub(crate) settings: &'a ScanSettings,
}

/// Counts rows by time block; `None` where nothing tells times.
async fn count_blocks(
    baseline: &Baseline,
    data: &BaselineData<'_>,
    progress: &dyn Progress,
) -> Result<Option<(CountedBlocks, Option<String>)>, EngineError> {
    let timestamp = data.schema.and_then(|schema| schema.timestamp.as_deref());
    let reading = BlockReading::new(data.columns, baseline, data.probe, timestamp);
    if data.probe.is_table() && reading.time_column().is_none() {
        return Ok(None);
    }
    let n_bytes = data.sources.iter().map(|source| source.size).sum();
    progress.stage("reading again, by time", n_bytes);
    let counted = reading.read(data.sources, data.settings, progress).await?;
    progress.done();
    let column = reading.time_column().map(str::to_owned);
    Ok((counted.n_timed > 0).then_some((counted, column)))
}

/// What is to be calibrated, or checked.
#[derive(Debug, Clone)]
pub struct CalibrateRequest {
    /// The baseline.
    pub baseline: Location,
    /// The data it was made from.
    pub data: Location,
    /// Column roles and types, and the time column of a table.
    pub schema: Option<Schema>,
    /// How to read.
    pub settings: ScanSettings,
    /// How to reach stores.
    pub options: StoreOptions,
}

/// A baseline with its data found, but not read.
struct Opened {
    loaded: LoadedBaseline,
    sources: Vec<Source>,
    columns: ScanColumns,
    probe: Probe,
    settings: ScanSettings,
}

async fn open(request: &CalibrateRequest) -> Result<Opened, EngineError> {
    let loaded = load(&request.baseline, &request.options).await?;
    if !loaded.can_be_calibrated() {
        let wrong = format!(
            "the baseline at {} is Model Monitor's and cannot be calibrated",
            request.baseline
        );
        return Err(EngineError::new(ErrorKind::Usage, wrong).with_hint(
            "make one of your own with `driftline baseline --data TRAINING_DATA --output LOCATION`",
        ));
    }
    let sources = discover(&request.data, &request.options, &request.settings.window).await?;
    refuse_empty(&request.data, &sources, "baseline data")?;
    let probe = probe(&sources.objects).await?;
    let (columns, _) = plan::for_baseline(request.schema.as_ref(), &probe);
    let known = |name: &str| {
        loaded
            .baseline
            .monitored()
            .any(|column| column.summary.name == name)
    };
    if !columns.plans.iter().any(|plan| known(&plan.name)) {
        let wrong = format!(
            "the data at {} have no column of the baseline at {}",
            request.data, request.baseline
        );
        return Err(EngineError::new(ErrorKind::Usage, wrong)
            .with_hint("give the data, and the --schema, that the baseline was made with"));
    }
    let settings = settings_for(&request.settings, &probe);
    Ok(Opened {
        loaded,
        sources: sources.objects,
        columns,
        probe,
        settings,
    })
}

impl Opened {
    fn data<'a>(&'a self, request: &'a CalibrateRequest) -> BaselineData<'a> {
        BaselineData {
            sources: &self.sources,
            columns: &self.columns,
            probe: &self.probe,
            schema: request.schema.as_ref(),
            settings: &self.settings,
        }
    }
}

/// Makes the calibration of a baseline anew.
pub async fn recalibrate(
    request: &CalibrateRequest,
    progress: &dyn Progress,
) -> Result<Calibrated, EngineError> {
    let opened = open(request).await?;
    calibrate_on(&opened.loaded.baseline, &opened.data(request), progress).await
}

impl Calibrated {
    /// Writes `calibration.json` beside the baseline; gives where it is.
    pub async fn write(
        &self,
        baseline: &Location,
        options: &StoreOptions,
    ) -> Result<Vec<String>, EngineError> {
        write_all(baseline, options, vec![(CALIBRATION_FILE, self.document()?)]).await
    }
}

/// How large the windows of a check are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CheckWindow {
    /// So long, with as many rows as the baseline has in that time; a time block at least.
    Seconds(i64),
    /// So many rows.
    Rows(u64),
}

/// What a check is to try.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CheckSettings {
    /// The windows.
    pub window: CheckWindow,
    /// How many.
    pub n_runs: u32,
    /// The budget they are judged under.
    pub budget: FalseAlarmBudget,
    /// Practical thresholds.
    pub min_effect: MinEffect,
    /// Seed.
    pub seed: u64,
}

/// What a check found.
#[derive(Debug)]
pub struct Checked {
    /// How windows were made.
    pub resampling: Resampling,
    /// Rows of a window.
    pub n_rows: u64,
    /// Length of a window, where it has one.
    pub window_seconds: Option<f64>,
    /// What a run may spend.
    pub run_alpha: RunAlpha,
    /// Windows of the data that do not overlap, where windows are runs of its time blocks: trying more of them than this
    /// tells little more, so the intervals of the outcomes count no more than these.
    pub n_apart: Option<u32>,
    /// With the baseline's calibration.
    pub outcome: AaOutcome,
    /// What the calibration rests on; `None` where the baseline has none.
    pub basis: Option<CalibrationBasis>,
    /// The same windows with every row counted as independent.
    pub uncalibrated: AaOutcome,
}

/// Tries no-drift windows of the baseline's own data against it.
pub async fn check_calibration(
    request: &CalibrateRequest,
    asked: &CheckSettings,
    progress: &dyn Progress,
) -> Result<Checked, EngineError> {
    let opened = open(request).await?;
    let baseline = &opened.loaded.baseline;
    let counted = count_blocks(baseline, &opened.data(request), progress).await?;
    let blocks = counted.as_ref().map(|(counted, _)| &counted.counts);
    let resampling = if blocks.is_some() {
        Resampling::Blocks
    } else {
        Resampling::Rows
    };
    let (n_rows, window_seconds) = match (asked.window, &counted) {
        (CheckWindow::Rows(n), _) => (n, None),
        (CheckWindow::Seconds(seconds), Some((counted, _))) => {
            // Windows are made of whole blocks.
            let seconds = seconds.max(counted.counts.block_seconds());
            let covered = counted.counts.n_blocks() as f64 * counted.counts.block_seconds() as f64;
            let per_second = counted.n_timed as f64 / covered.max(1.0);
            (
                (per_second * seconds as f64).round().max(1.0) as u64,
                Some(seconds as f64),
            )
        }
        (CheckWindow::Seconds(_), None) => {
            let wrong = format!(
                "the data at {} have no times, so a window has no known number of rows",
                request.data
            );
            return Err(EngineError::new(ErrorKind::Usage, wrong).with_hint(
                "say how many rows a window has, with --rows, or name the time column in the schema",
            ));
        }
    };
    let min_rows = Policy::default().min_rows;
    if n_rows < min_rows {
        let wrong = format!("a window would have {n_rows} rows, and drift is judged from {min_rows} on");
        return Err(EngineError::new(ErrorKind::Usage, wrong).with_hint("try a longer --window"));
    }
    let run_alpha = asked.budget.alpha(window_seconds);
    let settings = AaSettings {
        resampling,
        n_rows,
        window_seconds,
        n_runs: asked.n_runs,
        seed: asked.seed,
        alpha: run_alpha.alpha,
        min_effect: asked.min_effect,
    };
    progress.stage("trying windows without drift", 0);
    let calibration = opened.loaded.calibration.as_ref();
    let n_apart = blocks.map(|blocks| {
        let covered = blocks.n_blocks() as f64 * blocks.block_seconds() as f64;
        let windows = match window_seconds {
            Some(seconds) => covered / seconds,
            None => {
                counted
                    .as_ref()
                    .map_or(0.0, |(counted, _)| counted.n_timed as f64)
                    / n_rows as f64
            }
        };
        windows.floor().clamp(1.0, f64::from(u32::MAX)) as u32
    });
    let outcome = honest(check(baseline, blocks, calibration, &settings), n_apart);
    let uncalibrated = honest(check(baseline, blocks, None, &settings), n_apart);
    progress.done();
    Ok(Checked {
        resampling,
        n_rows,
        window_seconds,
        run_alpha,
        n_apart,
        outcome,
        basis: calibration.map(|calibration| calibration.basis),
        uncalibrated,
    })
}

/// The outcome with an interval that counts windows drawn again and again from the same data once.
fn honest(outcome: AaOutcome, n_apart: Option<u32>) -> AaOutcome {
    let Some(n) = n_apart.filter(|n| *n < outcome.n_runs) else {
        return outcome;
    };
    let hits = (outcome.rate * f64::from(n)).round() as u32;
    let [low, high] = clopper_pearson(hits, n);
    AaOutcome { low, high, ..outcome }
}
