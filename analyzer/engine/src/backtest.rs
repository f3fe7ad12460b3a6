//! `driftline backtest`: history through a monitor's settings, and the alarms that would have rung.
//!
//! ```text
//! Monitor, from, to → windows → one profile each (replay) → judged once per budget → persistence → alarms
//! ```
//!
//! Every window is read once; its profile is judged again for each budget. Only the house's drift, the checks that
//! spend the budget, can alarm here; what else a window would have found is counted beside it. Does not measure.

mod alarms;
mod document;
mod page;
mod past;
mod picture;
pub(crate) mod replay;
#[cfg(test)]
mod tests;
pub(crate) mod words;

use crate::analyze::judge_summary;
use crate::baseline::load;
use crate::error::{EngineError, ErrorKind};
use crate::monitor::{Length, Monitor};
use crate::output::write_all;
use crate::progress::Progress;
use crate::scan::ScanSettings;
use crate::scan::windows::Windows;
use alarms::Judged;
use baselines::calibrate::{FalseAlarmBudget, Persistence};
use baselines::judge::{CheckKind, Policy, Run, Severity, Verdict, Window};
use baselines::reference::Reference;
use capture::schema::Schema;
use capture::time::{TimeWindow, format_rfc3339};
use past::Past;
use replay::{History, replay};
use store::{Location, StoreOptions};

/// The document's file name.
pub const BACKTEST_FILE: &str = "backtest.json";
/// The page's file name.
pub const BACKTEST_PAGE: &str = "backtest.html";
/// Windows a backtest replays, at most.
pub const MAX_WINDOWS: usize = 100_000;

/// What is to be replayed.
#[derive(Debug, Clone)]
pub struct BacktestRequest {
    /// The monitor.
    pub monitor: Monitor,
    /// Its schema, read.
    pub schema: Option<Schema>,
    /// From the first second of `start` to the second before `end`; both are needed.
    pub span: TimeWindow,
    /// Budgets to try; the monitor's own without any.
    pub budgets: Vec<FalseAlarmBudget>,
    /// How to read.
    pub settings: ScanSettings,
    /// How to reach stores.
    pub options: StoreOptions,
}

/// A replayed history.
#[derive(Debug, Clone, PartialEq)]
pub struct Backtest {
    /// The monitor's name.
    pub monitor: String,
    /// Length of a window.
    pub window: Length,
    /// How many of the last windows must find a column drifted.
    pub persistence: Persistence,
    /// What windows were held against: the baseline, or windows replayed before them.
    pub reference: Reference,
    /// Whether limits were calibrated on the baseline.
    pub calibrated: bool,
    /// Judged columns, in the order of the baseline.
    pub columns: Vec<String>,
    /// Windows, ascending.
    pub windows: Vec<WindowReplay>,
    /// One replay per budget, in the order asked for.
    pub budgets: Vec<BudgetReplay>,
    /// Lines that could not be read.
    pub n_rejected: u64,
    /// Rows that belong to no window because they have no time.
    pub n_without_time: u64,
}

/// One window of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowReplay {
    /// First second.
    pub start: i64,
    /// First second behind.
    pub end: i64,
    /// Rows; 0: no data.
    pub n_rows: u64,
    /// Findings of checks that spend no budget (Model Monitor's, types, categories), warnings and violations.
    pub n_other_findings: u64,
}

/// What one budget makes of the history.
#[derive(Debug, Clone, PartialEq)]
pub struct BudgetReplay {
    /// The budget.
    pub budget: FalseAlarmBudget,
    /// What a run may spend of it.
    pub alpha: f64,
    /// By window and column.
    pub cells: Vec<Vec<Cell>>,
    /// Alarms that would have rung: each is a stretch of windows in which a column rings.
    pub alarms: Vec<Alarm>,
}

/// One column in one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cell {
    /// The window has no rows.
    NoData,
    /// It has rows, but this column could not be judged.
    NotEvaluated,
    /// Judged, and nothing was found.
    Quiet,
    /// Found drifted, but not in enough of the last windows.
    Flagged,
    /// It rings.
    Alarm,
}

impl Cell {
    /// The stable name used in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoData => "no_data",
            Self::NotEvaluated => "not_evaluated",
            Self::Quiet => "quiet",
            Self::Flagged => "flagged",
            Self::Alarm => "alarm",
        }
    }
}

/// A stretch of windows in which a column rings; windows that were not judged do not end it.
#[derive(Debug, Clone, PartialEq)]
pub struct Alarm {
    /// The column.
    pub column: String,
    /// Index of the window in which it begins to ring.
    pub first_window: usize,
    /// Index of the last window in which it rings.
    pub last_window: usize,
    /// Windows in which it rings.
    pub n_windows: usize,
    /// The worst severity among them.
    pub severity: Severity,
    /// What the first of them found: value, limit, and in words.
    pub value: f64,
    /// Limit of `value`.
    pub limit: f64,
    /// p-value of the first, adjusted over the columns, where the finding has one.
    pub p_adjusted: Option<f64>,
    /// The first finding in words.
    pub description: String,
}

/// Replays a history.
pub async fn backtest(request: &BacktestRequest, progress: &dyn Progress) -> Result<Backtest, EngineError> {
    let monitor = &request.monitor;
    let windows = windows_of(request)?;
    let baseline = load(&monitor.baseline, &request.options).await?;
    let budgets = if request.budgets.is_empty() {
        vec![monitor.drift.false_alarms]
    } else {
        request.budgets.clone()
    };
    let policies: Vec<Policy> = budgets
        .iter()
        .map(|budget| Policy {
            false_alarms: *budget,
            ..monitor.policy()
        })
        .collect();
    let history = History {
        capture: &monitor.capture,
        schema: request.schema.as_ref(),
        output_position: monitor.output_position,
        settings: &request.settings,
        options: &request.options,
        windows,
    };
    let columns: Vec<String> = baseline
        .baseline
        .monitored()
        .map(|column| column.summary.name.clone())
        .filter(|name| {
            let settings = monitor.drift.columns.get(name);
            settings.is_none_or(|column| !column.ignore)
        })
        .collect();
    let mut judged: Vec<Judged> = policies.iter().map(|_| Judged::default()).collect();
    let mut replayed = Vec::with_capacity(windows.n);
    let mut past = Past::new(monitor.drift.reference, &baseline);
    let mut fault = None;
    let readings = replay(&history, &baseline, progress, |idx, mut summary| {
        let start = windows.start + idx as i64 * windows.length;
        let mut window = WindowReplay {
            start,
            end: start + windows.length,
            n_rows: summary.n_rows,
            n_other_findings: 0,
        };
        match past.before(&window) {
            Ok(held) => {
                for (policy, judged) in policies.iter().zip(&mut judged) {
                    let policy = Policy {
                        against: held.against,
                        ..policy.clone()
                    };
                    let verdict = judge_summary(&baseline, &held, &mut summary, run_of(&window), &policy);
                    window.n_other_findings = n_other_findings(&verdict);
                    judged.take(&verdict, &columns);
                }
            }
            Err(error) => fault = fault.take().or(Some(error)),
        }
        past.take(&window, summary);
        replayed.push(window);
    })
    .await?;
    if let Some(error) = fault {
        let wrong = format!("the replayed windows cannot be put together as a reference: {error}");
        return Err(EngineError::new(ErrorKind::Usage, wrong));
    }
    let persistence = monitor.drift.persistence;
    Ok(Backtest {
        monitor: monitor.name.clone(),
        window: monitor.window,
        persistence,
        reference: monitor.drift.reference,
        calibrated: baseline.calibration.is_some(),
        budgets: budgets
            .into_iter()
            .zip(judged)
            .map(|(budget, judged)| judged.replay(budget, monitor.window, persistence, &columns))
            .collect(),
        columns,
        windows: replayed,
        n_rejected: readings.n_rejected,
        n_without_time: readings.n_without_time,
    })
}

fn windows_of(request: &BacktestRequest) -> Result<Windows, EngineError> {
    let length = request.monitor.window.seconds();
    let usage =
        |message: String, hint: &str| Err(EngineError::new(ErrorKind::Usage, message).with_hint(hint));
    let (Some(start), Some(end)) = (request.span.start, request.span.end) else {
        return usage(
            "a backtest needs --from and --to".to_owned(),
            "for example --from 2026-08-01 --to 2026-11-01",
        );
    };
    let n = (end - start).div_euclid(length);
    if n < 1 {
        return usage(
            format!(
                "--from to --to is {}, shorter than one window of {}",
                Length::from_seconds(end - start),
                request.monitor.window
            ),
            "windows follow one another from --from on, the last one ends at or before --to",
        );
    }
    match usize::try_from(n) {
        Ok(n) if n <= MAX_WINDOWS => Ok(Windows { start, length, n }),
        _ => usage(
            format!(
                "--from to --to holds {n} windows of {}, at most {MAX_WINDOWS} are replayed",
                request.monitor.window
            ),
            "replay a shorter time, or make `window` longer",
        ),
    }
}

fn run_of(window: &WindowReplay) -> Run {
    let mut run = Run {
        window: Window {
            start: format_rfc3339(window.start),
            end: format_rfc3339(window.end),
            ..Window::default()
        },
        ..Run::default()
    };
    run.records.rows = window.n_rows;
    run.records.lines = window.n_rows;
    run.records.decoded = window.n_rows;
    run
}

fn n_other_findings(verdict: &Verdict) -> u64 {
    let others = verdict
        .findings
        .iter()
        .filter(|finding| finding.check != CheckKind::Drift && finding.severity > Severity::Info);
    others.count() as u64
}

impl BudgetReplay {
    /// Windows in which a column rings.
    pub fn n_ringing_windows(&self) -> usize {
        self.cells.iter().filter(|row| row.contains(&Cell::Alarm)).count()
    }
}

impl Backtest {
    /// Windows without rows.
    pub fn n_empty_windows(&self) -> usize {
        self.windows.iter().filter(|window| window.n_rows == 0).count()
    }

    /// `backtest.json`.
    pub fn document(&self) -> Result<Vec<u8>, EngineError> {
        document::to_bytes(self)
    }

    /// The table for a terminal.
    pub fn text(&self) -> String {
        words::text(self)
    }

    /// The page: one self-contained HTML file with a picture per budget.
    pub fn page(&self) -> String {
        page::html(self)
    }

    /// Writes page and document; gives where each is.
    pub async fn write(&self, output: &Location, options: &StoreOptions) -> Result<Vec<String>, EngineError> {
        let documents = vec![
            (BACKTEST_PAGE, self.page().into_bytes()),
            (BACKTEST_FILE, self.document()?),
        ];
        write_all(output, options, documents).await
    }
}
