//! Windows of a monitor from stored parts: which wait, which are over, their documents and revisions.
//!
//! `parts` leaves a word for every window that got an object. A window whose end and grace are over is merged from its
//! parts, judged as `driftline analyze` judges it, and written under the next revision; where nothing came since the last
//! revision, nothing is written. Revisions are claimed by what went into them, so that two analyzers at once, or one that
//! died and one that comes after, write one revision, and write it whole. Time is an argument. Reads no captured line
//! but where an object's columns are gone or of another layout.

mod labels;
mod revision;

use crate::analyze::{Analysis, AnalyzeRequest, judged};
use crate::error::EngineError;
use crate::monitor::Monitor;
use crate::reference::ReferenceRequest;
use ::parts::ingest::Place;
use ::parts::layout::{MonitorKeys, Span, endpoint_of};
use ::parts::merge::{Merged, PartSource, StoredParts, list, merge};
use ::parts::watch::{Prepared, Watched};
use async_trait::async_trait;
use baselines::judge::{Severity, Verdict};
use bytes::Bytes;
pub use revision::Inputs;
use revision::{Claim, claim};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use store::{PutMode, StoreErrorKind};

/// Says that others were told of the revision beside it.
const ANNOUNCED_FILE: &str = "announced.json";
/// Windows behind the newest one that silence is looked for in.
const SILENT_AT_MOST: i64 = 48;

/// A window that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Closed {
    /// Name of the monitor.
    pub monitor: String,
    /// The endpoint, where the keys of all its objects name the same.
    pub endpoint: Option<String>,
    /// The variant, likewise.
    pub variant: Option<String>,
    /// First second inside.
    pub start: i64,
    /// First second outside.
    pub end: i64,
    /// Its revision.
    pub revision: u32,
    /// Whether this run wrote it; else it was there.
    pub is_new: bool,
    /// `pass`, `violated` or `not_evaluated`.
    pub status: &'static str,
    /// Findings.
    pub n_findings: usize,
    /// The worst of them.
    pub severity: Option<&'static str>,
    /// Rows.
    pub n_rows: u64,
    /// Parts counted again.
    pub n_recounted: usize,
    /// Where its documents are, with a `/` at the end.
    pub location: String,
}

/// Tells others of a window that was judged. Asked again for the same window if this program ends before it says it is done.
#[async_trait]
pub trait Announce: Send + Sync {
    /// Tells it.
    async fn announce(&self, closed: &Closed) -> Result<(), EngineError>;
}

/// Tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quiet;

#[async_trait]
impl Announce for Quiet {
    async fn announce(&self, _closed: &Closed) -> Result<(), EngineError> {
        Ok(())
    }
}

/// A monitor with all that closing its windows needs.
#[derive(Debug)]
pub struct Windows {
    monitor: Monitor,
    prepared: Prepared,
    place: Place,
    keys: MonitorKeys,
}

/// What of a monitor taking objects in needs.
pub fn watched(monitor: &Monitor) -> Watched {
    Watched {
        name: monitor.name.clone(),
        capture: monitor.capture.clone(),
        baseline: monitor.baseline.clone(),
        schema: monitor.schema.clone(),
        output_position: monitor.output_position,
        window: monitor.window.seconds(),
        variants: monitor.variants.clone(),
        ground_truth: monitor.ground_truth.clone(),
    }
}

/// Merges parts and judges the window, as `driftline analyze` judges it from the captured lines.
pub async fn judge_parts(
    monitor: &Monitor,
    prepared: &Prepared,
    contents: &[String],
    parts: &dyn PartSource,
    span: Span,
    reference: &ReferenceRequest,
    place: &Place,
) -> Result<(Analysis, WentIn), EngineError> {
    let Merged {
        outcome,
        contents,
        n_recounted,
    } = merge(contents, parts, prepared, span, place).await?;
    let request = AnalyzeRequest {
        capture: monitor.capture.clone(),
        baseline: monitor.baseline.clone(),
        schema: prepared.schema.clone(),
        output_position: monitor.output_position,
        settings: crate::scan::ScanSettings {
            window: span.window(),
            variants: monitor.variants.clone(),
            ..place.settings.clone()
        },
        policy: monitor.policy(),
        options: place.options.clone(),
        title: Some(monitor.name.clone()),
    };
    let mut analysis = judged(&request, &prepared.baseline, reference, outcome).await?;
    monitor.note(&mut analysis.verdict);
    Ok((
        analysis,
        WentIn {
            contents,
            n_recounted,
        },
    ))
}

/// What went into a merged window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WentIn {
    /// Content keys, in the order of the objects.
    pub contents: Vec<String>,
    /// Parts counted again.
    pub n_recounted: usize,
}

impl Windows {
    /// Of `monitor`, in the store that `place` says.
    pub async fn open(monitor: Monitor, place: Place) -> Result<Self, EngineError> {
        let prepared = Prepared::load(watched(&monitor), &place.options).await?;
        Ok(Self {
            keys: MonitorKeys::new(&place.root, &monitor.name),
            monitor,
            prepared,
            place,
        })
    }

    /// Where things are.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The monitor as taking objects in needs it.
    pub fn prepared(&self) -> &Prepared {
        &self.prepared
    }

    /// What windows are held against: earlier ones of this store, where the monitor names no other history.
    fn reference(&self) -> ReferenceRequest {
        let own = || store::Location::parse(&self.place.store.locate(&self.keys.windows())).ok();
        ReferenceRequest {
            reference: self.monitor.drift.reference,
            history: self.monitor.history.clone().or_else(own),
            persistence: self.monitor.drift.persistence,
            invocations: self.monitor.capture_health.invocations.clone(),
        }
    }

    /// Windows that got something since they were last looked at: the words that say so, by window.
    pub async fn waiting(&self) -> Result<BTreeMap<Span, Vec<String>>, EngineError> {
        let folder = self.keys.pending();
        let mut waiting: BTreeMap<Span, Vec<String>> = BTreeMap::new();
        for key in list(&self.place, &folder).await? {
            let span = key
                .strip_prefix(&folder)
                .and_then(|rest| rest.split_once('/'))
                .and_then(|(span, _)| Span::of_folder(span));
            if let Some(span) = span {
                waiting.entry(span).or_default().push(key);
            }
        }
        Ok(waiting)
    }

    /// Closes every waiting window that is over at `now`, earliest first; gives what it looked at.
    pub async fn close_due(&self, now: i64, announce: &dyn Announce) -> Result<Vec<Closed>, EngineError> {
        let mut waiting = self.waiting().await?;
        for span in self.silent(now).await? {
            waiting.entry(span).or_default();
        }
        let (mut closed, mut untold) = (Vec::new(), None);
        for (span, words) in waiting {
            if !self.is_over(span, now) {
                continue;
            }
            if let Some(found) = self.close(span).await? {
                // A window that could not be told keeps its words, so that the next run comes to it, and no other from being closed.
                if let Err(error) = self.tell(span, &found, announce).await {
                    untold.get_or_insert(error);
                    continue;
                }
                closed.push(found);
            }
            // Only the words that were there before the parts were listed: what came since waits for the next run.
            for word in words {
                self.place.store.delete(&word).await?;
            }
        }
        untold.map_or(Ok(closed), Err)
    }

    /// Whether a window's end and its grace are over.
    fn is_over(&self, span: Span, now: i64) -> bool {
        span.end.saturating_add(self.monitor.grace.seconds()) <= now
    }

    /// Windows behind the newest that nothing came for and that are over: silence is a finding. Only while the monitor is
    /// at work: a capture of long ago has no silence.
    async fn silent(&self, now: i64) -> Result<Vec<Span>, EngineError> {
        let Some(newest) = self.closed_windows().await?.pop_last() else {
            return Ok(Vec::new());
        };
        let length = self.monitor.window.seconds();
        let is_live = newest.end.saturating_add(SILENT_AT_MOST * length) > now;
        let spans = (0..SILENT_AT_MOST)
            .map(|n| Span::of(newest.end.saturating_add(n * length), length))
            .take_while(|span| is_live && self.tells_silence(*span) && self.is_over(*span, now));
        Ok(spans.collect())
    }

    fn tells_silence(&self, span: Span) -> bool {
        crate::capture_health::tells_silence(&self.monitor.policy(), &span.window())
    }

    /// Tells of a revision once: what says so is written after it was told.
    async fn tell(&self, span: Span, closed: &Closed, announce: &dyn Announce) -> Result<(), EngineError> {
        let key = format!("{}r{}/{ANNOUNCED_FILE}", self.keys.window(span), closed.revision);
        match self.place.store.head(&key).await {
            Ok(_) => return Ok(()),
            Err(error) if error.kind() == StoreErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        announce.announce(closed).await?;
        let done = Bytes::from_static(b"{}\n");
        self.place.store.put(&key, done, PutMode::Overwrite).await?;
        Ok(())
    }

    /// Closes a window, whatever the time; `None` where it has no rows.
    pub async fn close(&self, span: Span) -> Result<Option<Closed>, EngineError> {
        let parts = StoredParts::find(&self.prepared, &self.keys, span, &self.place).await?;
        let contents = parts.contents();
        if contents.is_empty() && !self.tells_silence(span) {
            return Ok(None);
        }
        let reference = self.reference();
        let (analysis, merged) = judge_parts(
            &self.monitor,
            &self.prepared,
            &contents,
            &parts,
            span,
            &reference,
            &self.place,
        )
        .await?;
        let records = &analysis.scan.records;
        if records.n_records == 0 && records.n_rejected == 0 && !self.tells_silence(span) {
            return Ok(None);
        }
        let inputs = Inputs::new(self.prepared.digest(), merged.contents);
        let folder = self.keys.window(span);
        let (revision, is_new) = match claim(&self.place, &folder, &inputs).await? {
            Claim::Written(revision) => (revision, false),
            Claim::Ours(revision) => {
                revision::write(&self.place, &folder, revision, analysis.documents()?).await?;
                (revision, true)
            }
        };
        let root = self.place.store.locate(folder.trim_end_matches('/'));
        let (endpoint, variant) = self.endpoint(&analysis);
        Ok(Some(Closed {
            monitor: self.monitor.name.clone(),
            endpoint,
            variant,
            start: span.start,
            end: span.end,
            revision,
            is_new,
            status: analysis.verdict.status.name(),
            n_findings: analysis.verdict.findings.len(),
            severity: worst(&analysis.verdict),
            n_rows: analysis.verdict.run.records.rows,
            n_recounted: merged.n_recounted,
            location: format!("{root}/r{revision}/"),
        }))
    }
}

impl Windows {
    /// Endpoint and variant that the keys of all objects name.
    fn endpoint(&self, analysis: &Analysis) -> (Option<String>, Option<String>) {
        let capture = self.monitor.capture.to_string();
        let (mut endpoints, mut variants) = (BTreeSet::new(), BTreeSet::new());
        for object in &analysis.scan.objects {
            let location = format!("{capture}/{}", object.key);
            let has_hour = ::scan::sources::hour_of_key(&location).is_some();
            let (endpoint, variant) = endpoint_of(&location, has_hour);
            endpoints.insert(endpoint);
            variants.insert(variant);
        }
        let only = |names: BTreeSet<String>| {
            let mut names = names.into_iter();
            names.next().filter(|_| names.next().is_none())
        };
        (only(endpoints), only(variants))
    }
}

fn worst(verdict: &Verdict) -> Option<&'static str> {
    verdict
        .findings
        .iter()
        .map(|finding| finding.severity)
        .max()
        .map(Severity::name)
}
