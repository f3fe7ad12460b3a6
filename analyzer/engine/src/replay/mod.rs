//! `driftline replay`: stored history judged twice, as Model Monitor's image would have and as Driftline does, and beside
//! both what Model Monitor's own runs left, where they lie at a location.
//!
//! ```text
//! capture, baseline → windows → one profile each (backtest's replay) → default and compatible verdict
//!     → agreed, missed by the compatible mode, suppressed by the default → replay.json, replay.html
//! ```
//!
//! Each window is judged by itself: no persistence. Does not measure.

mod document;
mod page;
mod recorded;
#[cfg(test)]
mod tests;
mod topic;
mod words;

use crate::analyze::judge_summary;
use crate::backtest::MAX_WINDOWS;
use crate::backtest::replay::{History, replay as read_windows};
use crate::baseline::load;
use crate::error::{EngineError, ErrorKind};
use crate::monitor::Length;
use crate::output::write_all;
use crate::plan::OutputPosition;
use crate::progress::Progress;
use crate::reference::Held;
use crate::scan::ScanSettings;
use crate::scan::windows::Windows;
use crate::sources::discover;
use baselines::document::model_monitor::Violations;
use baselines::judge::{Policy, Run, SagemakerCompat, Severity, Window};
use capture::schema::Schema;
use capture::time::{TimeWindow, format_rfc3339};
pub use recorded::HourOf;
use recorded::Recorded;
use std::collections::{BTreeMap, BTreeSet};
use store::{Location, StoreOptions};
pub use topic::{Said, Topic};

/// The document's file name.
pub const REPLAY_FILE: &str = "replay.json";
/// The page's file name.
pub const REPLAY_PAGE: &str = "replay.html";

const HOUR: i64 = 3_600;

/// What is to be replayed.
#[derive(Debug, Clone)]
pub struct ReplayRequest {
    /// Captured traffic.
    pub capture: Location,
    /// The baseline.
    pub baseline: Location,
    /// Column roles and types, where the baseline does not say them.
    pub schema: Option<Schema>,
    /// Where outputs stand in a baseline without roles.
    pub output_position: OutputPosition,
    /// Where Model Monitor's outputs lie.
    pub history: Option<Location>,
    /// Which end of a window the hour of an output's folder names.
    pub hour_of: HourOf,
    /// Span; open ends are those of the history, else of the capture's hours.
    pub span: TimeWindow,
    /// Length of a window.
    pub every: Length,
    /// The default mode's policy.
    pub policy: Policy,
    /// How to read.
    pub settings: ScanSettings,
    /// How to reach stores.
    pub options: StoreOptions,
}

/// A replayed history.
#[derive(Debug, Clone, PartialEq)]
pub struct Replay {
    /// The capture's location.
    pub title: String,
    /// The schedule whose outputs were found.
    pub schedule: Option<String>,
    /// Length of a window.
    pub every: Length,
    /// Whether the default mode was calibrated.
    pub calibrated: bool,
    /// Windows, ascending.
    pub windows: Vec<ReplayWindow>,
    /// Lines that could not be read.
    pub n_rejected: u64,
    /// Rows that belong to no window because they have no time.
    pub n_without_time: u64,
    /// Outputs of Model Monitor that belong to no window of the replay.
    pub n_unmatched: u64,
}

/// One window.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplayWindow {
    /// First second.
    pub start: i64,
    /// First second behind.
    pub end: i64,
    /// Rows; 0: no data.
    pub n_rows: u64,
    /// What the default mode finds, warnings and violations.
    pub default: Vec<Said>,
    /// What the compatible mode violates.
    pub compat: Vec<Said>,
    /// What Model Monitor's own run violated; `None` without one.
    pub recorded: Option<Vec<Said>>,
}

/// What is said of, over the modes: topic and column.
pub type Subject = (Topic, Option<String>);

/// Who says something of a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Saying {
    /// The default mode.
    pub default: bool,
    /// The compatible mode.
    pub compat: bool,
    /// Model Monitor's own run.
    pub recorded: bool,
}

impl ReplayWindow {
    /// Subjects that anybody says something of.
    pub fn subjects(&self) -> BTreeMap<Subject, Saying> {
        let mut out: BTreeMap<Subject, Saying> = BTreeMap::new();
        for said in &self.default {
            out.entry(said.subject()).or_default().default = true;
        }
        for said in &self.compat {
            out.entry(said.subject()).or_default().compat = true;
        }
        for said in self.recorded.iter().flatten() {
            out.entry(said.subject()).or_default().recorded = true;
        }
        out
    }

    /// Whether the compatible mode says what Model Monitor's own run said; `None` without one.
    pub fn is_as_recorded(&self) -> Option<bool> {
        let recorded = self.recorded.as_ref()?;
        let subjects = |said: &[Said]| said.iter().map(Said::subject).collect::<BTreeSet<_>>();
        Some(subjects(recorded) == subjects(&self.compat))
    }
}

/// Replays a history.
pub async fn replay(request: &ReplayRequest, progress: &dyn Progress) -> Result<Replay, EngineError> {
    let length = request.every.seconds();
    let recorded = match &request.history {
        Some(location) => Some(recorded::find(location, &request.options, request.hour_of, length).await?),
        None => None,
    };
    let windows = windows_of(request, recorded.as_ref()).await?;
    let baseline = load(&request.baseline, &request.options).await?;
    let held = Held::baseline(&baseline);
    let default = Policy {
        window_seconds: Some(length as f64),
        against: held.against,
        ..request.policy.clone()
    };
    let compat = Policy {
        compat: Some(SagemakerCompat::default()),
        ..default.clone()
    };
    let history = History {
        capture: &request.capture,
        schema: request.schema.as_ref(),
        output_position: request.output_position,
        settings: &request.settings,
        options: &request.options,
        windows,
    };
    let mut replayed = Vec::with_capacity(windows.n);
    let readings = read_windows(&history, &baseline, progress, |idx, mut summary| {
        let start = windows.start + idx as i64 * length;
        let mut window = ReplayWindow {
            start,
            end: start + length,
            n_rows: summary.n_rows,
            default: Vec::new(),
            compat: Vec::new(),
            recorded: None,
        };
        if window.n_rows > 0 {
            let verdict = judge_summary(&baseline, &held, &mut summary, run_of(&window), &default);
            window.default = verdict
                .findings
                .iter()
                .filter(|finding| finding.severity > Severity::Info)
                .map(Said::of_finding)
                .collect();
            let verdict = judge_summary(&baseline, &held, &mut summary, run_of(&window), &compat);
            window.compat = Violations::from(&verdict)
                .violations
                .iter()
                .map(Said::of_violation)
                .collect();
        }
        replayed.push(window);
    })
    .await?;
    let mut n_unmatched = 0;
    for (start, said) in recorded.iter().flat_map(|recorded| &recorded.windows) {
        let at = (start - windows.start).div_euclid(length);
        let fits = (start - windows.start).rem_euclid(length) == 0;
        match usize::try_from(at).ok().and_then(|at| replayed.get_mut(at)) {
            Some(window) if fits => window.recorded = Some(said.clone()),
            _ => n_unmatched += 1,
        }
    }
    Ok(Replay {
        title: request.capture.to_string(),
        schedule: recorded.and_then(|recorded| recorded.schedule),
        every: request.every,
        calibrated: baseline.calibration.is_some(),
        windows: replayed,
        n_rejected: readings.n_rejected,
        n_without_time: readings.n_without_time,
        n_unmatched,
    })
}

async fn windows_of(request: &ReplayRequest, recorded: Option<&Recorded>) -> Result<Windows, EngineError> {
    let length = request.every.seconds();
    let of_history = recorded.and_then(|recorded| {
        let (first, last) = (
            recorded.windows.keys().next()?,
            recorded.windows.keys().next_back()?,
        );
        Some((*first, *last + length))
    });
    let seen = match (request.span.start, request.span.end, of_history) {
        (Some(_), Some(_), _) => None,
        (_, _, Some(span)) => Some(span),
        _ => {
            let sources = discover(&request.capture, &request.options, &request.span).await?;
            let hours = || sources.objects.iter().filter_map(|source| source.hour);
            hours().min().zip(hours().max().map(|hour| hour + HOUR))
        }
    };
    let usage = |message: String, hint: &str| EngineError::new(ErrorKind::Usage, message).with_hint(hint);
    let (Some(start), Some(end)) = (
        request.span.start.or(seen.map(|seen| seen.0)),
        request.span.end.or(seen.map(|seen| seen.1)),
    ) else {
        return Err(usage(
            format!(
                "nothing says which times to replay: no hours in the keys below {} and none in the history",
                request.capture
            ),
            "give --from and --to",
        ));
    };
    // The last window is whole: an hour of capture may begin a day.
    let n = (end - start + length - 1).div_euclid(length);
    match usize::try_from(n) {
        Ok(0) | Err(_) => Err(usage(
            "--from is not before --to, so there is nothing to replay".to_owned(),
            "windows follow one another from --from on",
        )),
        Ok(n) if n <= MAX_WINDOWS => Ok(Windows { start, length, n }),
        Ok(n) => Err(usage(
            format!(
                "the history holds {n} windows of {}, at most {MAX_WINDOWS} are replayed",
                request.every
            ),
            "replay a shorter time, or make --every longer",
        )),
    }
}

fn run_of(window: &ReplayWindow) -> Run {
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

/// Windows in which each combination holds for a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Both modes say it.
    pub agreed: u64,
    /// Only the default mode.
    pub missed: u64,
    /// Only the compatible mode.
    pub suppressed: u64,
    /// Model Monitor's own run.
    pub recorded: u64,
}

impl Replay {
    /// Windows with rows.
    pub fn n_judged(&self) -> u64 {
        self.windows.iter().filter(|window| window.n_rows > 0).count() as u64
    }

    /// By subject, over all windows.
    pub fn tallies(&self) -> BTreeMap<Subject, Tally> {
        let mut out: BTreeMap<Subject, Tally> = BTreeMap::new();
        for window in &self.windows {
            for (subject, saying) in window.subjects() {
                let tally = out.entry(subject).or_default();
                tally.agreed += u64::from(saying.default && saying.compat);
                tally.missed += u64::from(saying.default && !saying.compat);
                tally.suppressed += u64::from(!saying.default && saying.compat);
                tally.recorded += u64::from(saying.recorded);
            }
        }
        out
    }

    /// Windows in which both modes say the same of every subject.
    pub fn n_same(&self) -> u64 {
        let same = |window: &&ReplayWindow| {
            window.n_rows > 0
                && window
                    .subjects()
                    .values()
                    .all(|saying| saying.default == saying.compat)
        };
        self.windows.iter().filter(same).count() as u64
    }

    /// Windows with a run of Model Monitor, and those of them in which the compatible mode says the same.
    pub fn n_recorded(&self) -> (u64, u64) {
        let answers = || self.windows.iter().filter_map(ReplayWindow::is_as_recorded);
        (
            answers().count() as u64,
            answers().filter(|same| *same).count() as u64,
        )
    }

    /// `replay.json`.
    pub fn document(&self) -> Result<Vec<u8>, EngineError> {
        document::to_bytes(self)
    }

    /// The table for a terminal.
    pub fn text(&self) -> String {
        words::text(self)
    }

    /// The page: one self-contained HTML file.
    pub fn page(&self) -> String {
        page::html(self)
    }

    /// Writes page and document; gives where each is.
    pub async fn write(&self, output: &Location, options: &StoreOptions) -> Result<Vec<String>, EngineError> {
        let documents = vec![
            (REPLAY_PAGE, self.page().into_bytes()),
            (REPLAY_FILE, self.document()?),
        ];
        write_all(output, options, documents).await
    }
}
