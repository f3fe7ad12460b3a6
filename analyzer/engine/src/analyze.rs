//! `driftline analyze`: one window against a baseline.
//!
//! Brings scan, baseline and judge together and writes the window's documents. Does not measure and does not judge.

use crate::baseline::{LoadedBaseline, load, refuse_empty, settings_for, software};
use crate::capture_health;
use crate::earlier::recall;
use crate::error::{EngineError, ErrorKind};
use crate::output::write_all;
use crate::plan::{OutputPosition, for_window};
use crate::present::report_model;
use crate::probe::probe;
use crate::progress::Progress;
use crate::reference::{Held, ReferenceRequest, bounds, hold};
use crate::report;
use crate::scan::{ScanOutcome, ScanSettings, scan};
use crate::sources::discover;
use baselines::calibrate::{EarlierFlags, Persistence};
use baselines::document::model_monitor::{STATISTICS_FILE, Statistics, VIOLATIONS_FILE, Violations};
use baselines::document::verdict::{Latest, VERDICT_FILE, VersionedVerdict};
use baselines::document::window::{self, WINDOW_FILE, WindowHead};
use baselines::judge::{
    BaselineOrigin, BaselineView, HourVolume, ObjectRead, Policy, Records, Run, Software, Verdict, Window,
    judge,
};
use baselines::profile::MAX_EXTRA_COLUMNS;
use baselines::summary::{DatasetSummary, Distinct};
use capture::schema::Schema;
use capture::time::{TimeWindow, format_rfc3339, parse_rfc3339};
use store::{Location, StoreOptions};

/// The report's file name.
pub const REPORT_FILE: &str = "report.html";

/// What is to be analysed.
#[derive(Debug, Clone)]
pub struct AnalyzeRequest {
    /// Capture of the window (or a table).
    pub capture: Location,
    /// The baseline.
    pub baseline: Location,
    /// Column roles and types, where the baseline does not say them.
    pub schema: Option<Schema>,
    /// Where outputs stand in a baseline without roles.
    pub output_position: OutputPosition,
    /// How to read; holds the time window.
    pub settings: ScanSettings,
    /// The house's limits; the window's length is found by the analysis.
    pub policy: Policy,
    /// How to reach stores.
    pub options: StoreOptions,
    /// What the report calls it; the capture location without one.
    pub title: Option<String>,
}

/// An analysed window.
#[derive(Debug)]
pub struct Analysis {
    /// The verdict.
    pub verdict: Verdict,
    /// What was read.
    pub scan: ScanOutcome,
    /// What the report calls it.
    pub title: String,
}

/// Analyses a window.
pub async fn analyze(request: &AnalyzeRequest, progress: &dyn Progress) -> Result<Analysis, EngineError> {
    let baseline = load(&request.baseline, &request.options).await?;
    analyze_against(request, &baseline, progress).await
}

/// Analyses a window against a baseline that is already loaded.
pub async fn analyze_against(
    request: &AnalyzeRequest,
    baseline: &LoadedBaseline,
    progress: &dyn Progress,
) -> Result<Analysis, EngineError> {
    analyze_with(request, baseline, &ReferenceRequest::default(), progress).await
}

/// Analyses a window: the baseline says what must hold, the reference what is usual.
pub async fn analyze_with(
    request: &AnalyzeRequest,
    baseline: &LoadedBaseline,
    reference: &ReferenceRequest,
    progress: &dyn Progress,
) -> Result<Analysis, EngineError> {
    let mut sources = discover(&request.capture, &request.options, &request.settings.window).await?;
    sources.keep_variants(&request.settings.variants);
    if !capture_health::tells_silence(&request.policy, &request.settings.window) {
        refuse_empty(&request.capture, &sources, "capture")?;
    }
    let looked = probe(&sources.objects).await?;
    let columns = for_window(
        &baseline.baseline,
        request.schema.as_ref(),
        &looked,
        request.output_position,
    );
    let settings = settings_for(&request.settings, &looked);
    progress.stage(
        "analyzing",
        sources.objects.iter().map(|source| source.size).sum(),
    );
    let outcome = scan(&sources.objects, &columns, &settings, progress).await?;
    progress.done();
    judged(request, baseline, reference, outcome).await
}

/// Judges a window that was read.
pub(crate) async fn judged(
    request: &AnalyzeRequest,
    baseline: &LoadedBaseline,
    reference: &ReferenceRequest,
    mut outcome: ScanOutcome,
) -> Result<Analysis, EngineError> {
    let title = request
        .title
        .clone()
        .unwrap_or_else(|| request.capture.to_string());
    let asked = (request.settings.window.start, request.settings.window.end);
    let seen = (outcome.first_second, outcome.last_second);
    let held = hold(reference, baseline, bounds(asked, seen), &request.options).await?;
    let mut run = run_of(request, baseline, &outcome);
    if request.policy.compat.is_none() {
        let window = (request.settings.window.start, request.settings.window.end);
        run.capture =
            capture_health::facts(&outcome, window, reference, &request.policy, &request.options).await?;
    }
    let earlier = earlier(reference, baseline, bounds(asked, seen), &request.options).await?;
    let policy = Policy {
        window_seconds: window_seconds(&request.settings.window, &outcome),
        against: held.against,
        earlier: earlier.flags,
        ..request.policy.clone()
    };
    let mut verdict = judge_summary(baseline, &held, &mut outcome.summary, run, &policy);
    if let Some(words) = earlier.words {
        verdict.judged.choices.insert("persistence".to_owned(), words);
    }
    if outcome.records.duplicate_horizon_used {
        let searched =
            "among the records of the same and the two hours before: there were too many to remember all";
        verdict
            .judged
            .choices
            .insert("duplicate_search".to_owned(), searched.to_owned());
    }
    let (n_dropped, about) = match outcome.n_dropped_columns {
        Distinct::Exact(n) => (n, ""),
        Distinct::Estimated(n) => (n, "about "),
    };
    if n_dropped > 0 {
        let left_out = format!(
            "{about}{n_dropped} of those the baseline does not have: {MAX_EXTRA_COLUMNS} are profiled, chosen by hash of the name; \
             keys that are identifiers belong into a value"
        );
        verdict
            .judged
            .choices
            .insert("columns_left_out".to_owned(), left_out);
    }
    Ok(Analysis {
        verdict,
        scan: outcome,
        title,
    })
}

/// What earlier windows found, and what the verdict says of it.
#[derive(Default)]
struct Earlier {
    flags: Option<EarlierFlags>,
    words: Option<String>,
}

async fn earlier(
    request: &ReferenceRequest,
    baseline: &LoadedBaseline,
    bounds: (Option<i64>, Option<i64>),
    options: &StoreOptions,
) -> Result<Earlier, EngineError> {
    let persistence = request.persistence;
    if persistence == Persistence::default() {
        return Ok(Earlier::default());
    }
    let without = |why: &str| {
        let words = format!(
            "{persistence} is asked for and cannot be told: {why}, so every window that finds a drift rings"
        );
        Ok(Earlier {
            flags: None,
            words: Some(words),
        })
    };
    let Some(history) = &request.history else {
        return without("no history of earlier windows is named");
    };
    let (Some(start), Some(end)) = bounds else {
        return without("the window has no time");
    };
    let names: Vec<&str> = baseline
        .baseline
        .monitored()
        .map(|column| column.summary.name.as_str())
        .collect();
    let (flags, n_windows) = recall(persistence, history, (start, end), &names, options).await?;
    Ok(Earlier {
        flags: Some(flags),
        words: Some(format!(
            "{persistence}, with what {n_windows} earlier windows found"
        )),
    })
}

/// The policy, in the compatible mode with what deequ would compare of the baseline.
fn with_rank_maps(policy: &Policy, baseline: &LoadedBaseline) -> Policy {
    let mut policy = policy.clone();
    if let Some(compat) = &mut policy.compat {
        compat.baseline_rank_maps.clone_from(&baseline.rank_maps);
    }
    policy
}

/// The window's length: as asked for, else the time the records span; `None` without times.
fn window_seconds(window: &TimeWindow, outcome: &ScanOutcome) -> Option<f64> {
    let between = |start: Option<i64>, end: Option<i64>| {
        let seconds = end?.checked_sub(start?)?;
        (seconds > 0).then_some(seconds as f64)
    };
    between(window.start, window.end).or_else(|| between(outcome.first_second, outcome.last_second))
}

/// Judges a window's statistics, whose columns are put in the baseline's order.
pub(crate) fn judge_summary(
    baseline: &LoadedBaseline,
    held: &Held,
    current: &mut DatasetSummary,
    run: Run,
    policy: &Policy,
) -> Verdict {
    in_baseline_order(current, baseline);
    let view = BaselineView {
        constraints: &baseline.constraints,
        summary: held.summary(),
        evidence: &held.evidence,
        house_edges: held.edges.as_ref(),
        calibration: baseline.calibration.as_ref(),
    };
    let mut verdict = judge(current, &view, run, &with_rank_maps(policy, baseline));
    held.note(&mut verdict);
    verdict
}

/// Columns in the order of the baseline, unknown ones behind, by name.
fn in_baseline_order(summary: &mut DatasetSummary, baseline: &LoadedBaseline) {
    let order: std::collections::BTreeMap<&str, usize> = baseline
        .baseline
        .columns
        .iter()
        .enumerate()
        .map(|(idx, column)| (column.summary.name.as_str(), idx))
        .collect();
    summary.columns.sort_by(|a, b| {
        let rank = |name: &str| order.get(name).copied().unwrap_or(usize::MAX);
        rank(&a.name)
            .cmp(&rank(&b.name))
            .then_with(|| a.name.cmp(&b.name))
    });
}

fn run_of(request: &AnalyzeRequest, baseline: &LoadedBaseline, outcome: &ScanOutcome) -> Run {
    let time = |second: Option<i64>| second.and_then(format_rfc3339);
    let records = &outcome.records;
    Run {
        software: Software {
            name: "driftline".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        window: Window {
            start: time(request.settings.window.start),
            end: time(request.settings.window.end),
            first_inference_time: time(outcome.first_second),
            last_inference_time: time(outcome.last_second),
        },
        baseline: BaselineOrigin {
            location: request.baseline.to_string(),
            source: baseline.source,
            digest: baseline.digest.clone(),
            n_rows: baseline.baseline.n_rows,
        },
        records: Records {
            lines: records.n_lines,
            decoded: records.n_decoded,
            rejected: records.n_rejected,
            duplicates: records.n_duplicates,
            outside_window: records.n_outside_window,
            shadow: records.n_shadow,
            rows: outcome.summary.n_rows,
            one_sided: records.n_one_sided,
            without_time: records.n_without_time,
            rejects_by_reason: records
                .rejects_by_reason
                .iter()
                .map(|(reason, n)| (reason.name().to_owned(), *n))
                .collect(),
        },
        objects: outcome
            .objects
            .iter()
            .map(|object| ObjectRead {
                key: object.key.clone(),
                etag: object.etag.clone(),
                size_bytes: object.size,
                lines: object.n_lines,
                decoded: object.n_decoded,
                rejected: object.n_rejected,
            })
            .collect(),
        volume: outcome
            .volume
            .iter()
            .filter_map(|(hour, rows)| {
                Some(HourVolume {
                    hour: format_rfc3339(*hour)?,
                    rows: *rows,
                })
            })
            .collect(),
        capture: None,
    }
}

impl Analysis {
    /// The documents of the window; `verdict.json` comes last and commits the rest.
    pub fn documents(&self) -> Result<Vec<(&'static str, Vec<u8>)>, EngineError> {
        let document = |error| {
            EngineError::new(ErrorKind::Internal, "a document of the window cannot be written")
                .with_source(error)
        };
        let report = report::html(&report_model(&self.verdict, &self.title));
        Ok(vec![
            (
                STATISTICS_FILE,
                Statistics::from(&self.scan.summary)
                    .to_bytes()
                    .map_err(document)?,
            ),
            (
                VIOLATIONS_FILE,
                Violations::from(&self.verdict).to_bytes().map_err(document)?,
            ),
            (REPORT_FILE, report.into_bytes()),
            (
                WINDOW_FILE,
                window::to_bytes(&self.window_head(), &self.scan.summary).map_err(document)?,
            ),
            (VERDICT_FILE, self.verdict_bytes()?),
        ])
    }

    fn window_head(&self) -> WindowHead {
        let asked = &self.verdict.run.window;
        let second = |time: &Option<String>| time.as_deref().and_then(parse_rfc3339);
        let seen = (self.scan.first_second, self.scan.last_second);
        let (start, end) = bounds((second(&asked.start), second(&asked.end)), seen);
        WindowHead {
            software: software(),
            start,
            end,
            n_rows: self.scan.summary.n_rows,
        }
    }

    /// `verdict.json`.
    pub fn verdict_bytes(&self) -> Result<Vec<u8>, EngineError> {
        VersionedVerdict::from(Latest::from(&self.verdict))
            .to_bytes()
            .map_err(|error| {
                EngineError::new(ErrorKind::Internal, "the verdict cannot be written").with_source(error)
            })
    }

    /// The summary for a terminal.
    pub fn text(&self) -> String {
        report::text(&report_model(&self.verdict, &self.title))
    }

    /// Writes the documents; gives where each is.
    pub async fn write(&self, output: &Location, options: &StoreOptions) -> Result<Vec<String>, EngineError> {
        write_all(output, options, self.documents()?).await
    }
}
