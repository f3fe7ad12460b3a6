//! What is said, once for every form: the body of generic webhooks and the detail of `Driftline Incident` events
//! (`alert.v1.schema.json`).
//!
//! Texts come from the verdict, which names no captured value but the categories it may name. Does not know any receiver.

use crate::claim::severity_of;
use crate::fact::{Point, RunFact, Series, WindowFact, cut_to};
use crate::incident::Incident;
use crate::settings::AlertSettings;
use crate::state::Case;
use crate::time_text;
use baselines::decide::calendar::format_time;
use baselines::document::verdict::SeverityV1;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// The version that is written.
pub const VERSION: &str = "1";

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An incident began, or began again.
    Opened,
    /// It is worse than was said.
    Escalated,
    /// It goes on.
    Reminder,
    /// Somebody took it on.
    Acknowledged,
    /// It is over.
    Recovered,
    /// A retraining was started.
    RetrainingStarted,
    /// A retraining ended.
    RetrainingEnded,
    /// A test: nothing happened.
    Test,
}

impl Kind {
    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Escalated => "escalated",
            Self::Reminder => "reminder",
            Self::Acknowledged => "acknowledged",
            Self::Recovered => "recovered",
            Self::RetrainingStarted => "retraining_started",
            Self::RetrainingEnded => "retraining_ended",
            Self::Test => "test",
        }
    }
}

/// Whose alerts they are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subject {
    /// The monitor.
    pub monitor: String,
    /// Its endpoint.
    pub endpoint: Option<String>,
    /// Its variant.
    pub variant: Option<String>,
    /// `report_url` of the settings.
    pub report_url: Option<String>,
}

impl Subject {
    /// Of a monitor under settings.
    pub fn new(
        monitor: &str,
        endpoint: Option<&str>,
        variant: Option<&str>,
        settings: &AlertSettings,
    ) -> Self {
        Self {
            monitor: monitor.to_owned(),
            endpoint: endpoint.map(str::to_owned),
            variant: variant.map(str::to_owned),
            report_url: settings.report_url.clone(),
        }
    }

    /// The link to a report that lies at `location`.
    pub fn link(&self, location: &str) -> String {
        let Some(url) = &self.report_url else {
            return location.to_owned();
        };
        let key = match location.strip_prefix("s3://") {
            Some(rest) => rest.split_once('/').map_or("", |(_, key)| key),
            None => location,
        };
        url.replace("{location}", &percent(location))
            .replace("{key}", &percent(key))
    }
}

/// A key inside a URL (RFC 3986: unreserved characters and `/` stay).
fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _infallible = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// One notice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// [`VERSION`].
    pub version: String,
    /// What happened.
    pub kind: Kind,
    /// The monitor.
    pub monitor: String,
    /// Its endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Its variant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// The incident, or the retraining's token.
    pub incident: String,
    /// How often it was opened; 1 the first time.
    pub episode: u32,
    /// Which reminder it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminder: Option<u32>,
    /// The worst so far.
    pub severity: SeverityV1,
    /// One line.
    pub title: String,
    /// One sentence more.
    pub summary: String,
    /// When it began: start of the first alarming window.
    #[serde(with = "time_text")]
    pub since: i64,
    /// The newest window it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<NoticeWindow>,
    /// The worst findings of that window.
    pub top: Vec<Point>,
    /// What to do, most urgent first.
    pub what_to_do: Vec<String>,
    /// Who took it on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The retraining.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retraining: Option<NoticeRun>,
    /// When it was written.
    #[serde(with = "time_text")]
    pub at: i64,
}

/// The window of a notice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoticeWindow {
    /// `traffic` or `quality`.
    pub series: Series,
    /// First second inside.
    #[serde(with = "time_text")]
    pub start: i64,
    /// First second behind.
    #[serde(with = "time_text")]
    pub end: i64,
    /// Revision of its documents.
    pub revision: u32,
    /// Rows judged.
    pub rows: u64,
    /// Findings.
    pub n_findings: u64,
    /// Folder of its documents.
    pub location: String,
    /// Link to the report with the pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
}

/// The retraining of a notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoticeRun {
    /// The pipeline execution.
    pub execution: String,
    /// `started`, `stopped`, `failed` or `succeeded`.
    pub stage: String,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Notice {
    pub(crate) fn of_incident(
        subject: &Subject,
        kind: Kind,
        case: &Case,
        incident: &Incident,
        window: &WindowFact,
        now: i64,
    ) -> Self {
        let what = headline(window);
        let began = if kind == Kind::Opened && case.threads.values().any(|thread| !thread.is_open()) {
            "again: "
        } else {
            ""
        };
        let title = match kind {
            Kind::Escalated => format!(
                "{}: now a {}: {what}",
                subject.monitor,
                severity_name(incident.severity)
            ),
            Kind::Reminder => format!("{}: still {what}", subject.monitor),
            Kind::Acknowledged => format!("{}: acknowledged: {what}", subject.monitor),
            _ => format!("{}: {began}{what}", subject.monitor),
        };
        let mut summary = format!(
            "Window {} to {} ({} rows), alarming since {}, {} so far.",
            format_time(window.start),
            format_time(window.end),
            window.rows,
            format_time(case.since),
            count(u64::from(incident.n_windows), "window"),
        );
        if let Some(worst) = window.top.first() {
            summary.push(' ');
            summary.push_str(&worst.description);
        }
        let mut notice = Self::bare(subject, kind, &case.id, incident.severity, title, summary, now);
        notice.since = case.since;
        notice.window = Some(NoticeWindow::of(subject, window));
        notice.what_to_do = remedies(&window.top);
        notice.top.clone_from(&window.top);
        notice.by = case
            .acknowledged
            .as_ref()
            .filter(|_| kind == Kind::Acknowledged)
            .map(|given| given.by.clone());
        notice
    }

    pub(crate) fn of_recovery(
        subject: &Subject,
        case: &Case,
        severity: SeverityV1,
        window: Option<&WindowFact>,
        now: i64,
    ) -> Self {
        let title = format!("{}: recovered", subject.monitor);
        let summary = match window {
            Some(window) => format!(
                "Alarming from {}; calm again in window {} to {} ({} rows).",
                format_time(case.since),
                format_time(window.start),
                format_time(window.end),
                window.rows
            ),
            None => format!(
                "The windows from {} on were judged again with late data, and are no alarm any more.",
                format_time(case.since)
            ),
        };
        let mut notice = Self::bare(subject, Kind::Recovered, &case.id, severity, title, summary, now);
        notice.since = case.since;
        notice.window = window.map(|window| NoticeWindow::of(subject, window));
        notice
    }

    pub(crate) fn of_run(subject: &Subject, kind: Kind, fact: &RunFact, now: i64) -> Self {
        let title = format!("{}: retraining {}", subject.monitor, fact.stage.name());
        let mut summary = format!("Execution {} for incident {}.", fact.execution, fact.incident);
        if let Some(reason) = &fact.reason {
            let _infallible = write!(summary, " {}", cut_to(reason, 300));
        }
        let severity = severity_of(fact.stage);
        let mut notice = Self::bare(subject, kind, &fact.token, severity, title, summary, now);
        notice.since = fact.at;
        notice.episode = fact.revision;
        notice.what_to_do = vec![format!(
            "`driftline retrain why {}` says why it was started.",
            fact.token
        )];
        notice.retraining = Some(NoticeRun {
            execution: fact.execution.clone(),
            stage: fact.stage.name().to_owned(),
            reason: fact.reason.as_deref().map(|reason| cut_to(reason, 300)),
        });
        notice
    }

    /// A notice that says that it is a test, in every part that people read.
    pub fn test(subject: &Subject, now: i64) -> Self {
        let title = format!(
            "{}: this is a test of its alerts, nothing happened",
            subject.monitor
        );
        let summary = "Sent by `driftline alerts test`. An alert would say here what happened.".to_owned();
        let id = format!("test-{}", format_time(now).replace([':', '-'], ""));
        let mut notice = Self::bare(subject, Kind::Test, &id, SeverityV1::Info, title, summary, now);
        notice.what_to_do = vec!["Nothing: if this can be read, the route works.".to_owned()];
        notice.top = vec![Point {
            severity: SeverityV1::Info,
            column: Some("example_column".to_owned()),
            check: "drift".to_owned(),
            value: 0.25,
            limit: 0.05,
            description: "TEST: a finding stands here, with what was observed and its limit.".to_owned(),
            remedy: "TEST: what to do stands here.".to_owned(),
        }];
        notice
    }

    fn bare(
        subject: &Subject,
        kind: Kind,
        id: &str,
        severity: SeverityV1,
        title: String,
        summary: String,
        now: i64,
    ) -> Self {
        Self {
            version: VERSION.to_owned(),
            kind,
            monitor: subject.monitor.clone(),
            endpoint: subject.endpoint.clone(),
            variant: subject.variant.clone(),
            incident: id.to_owned(),
            episode: 1,
            reminder: None,
            severity,
            title,
            summary,
            since: now,
            window: None,
            top: Vec::new(),
            what_to_do: Vec::new(),
            by: None,
            retraining: None,
            at: now,
        }
    }

    /// What all notices of an incident have in common, over all monitors: PagerDuty's `dedup_key`.
    pub fn thread(&self) -> String {
        format!("driftline/{}/{}", self.monitor, self.incident)
    }

    /// The link to the report.
    pub fn report(&self) -> Option<&str> {
        self.window.as_ref()?.report.as_deref()
    }
}

impl NoticeWindow {
    fn of(subject: &Subject, window: &WindowFact) -> Self {
        Self {
            series: window.series,
            start: window.start,
            end: window.end,
            revision: window.revision,
            rows: window.rows,
            n_findings: window.n_findings,
            location: window.location.clone(),
            report: window.report.as_deref().map(|at| subject.link(at)),
        }
    }
}

/// `3 findings, worst: drift of age`.
fn headline(window: &WindowFact) -> String {
    let count = count(window.n_findings, "finding");
    let Some(worst) = window.top.first() else {
        return count;
    };
    match &worst.column {
        Some(column) => format!("{count}, worst: {} of {}", worst.check, cut_to(column, 60)),
        None => format!("{count}, worst: {}", worst.check),
    }
}

fn count(n: u64, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// Remedies of the findings, each once, at most three.
fn remedies(top: &[Point]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for point in top {
        if !point.remedy.is_empty() && !found.contains(&point.remedy) && found.len() < 3 {
            found.push(point.remedy.clone());
        }
    }
    found
}

/// The stable name of a severity.
pub fn severity_name(severity: SeverityV1) -> &'static str {
    match severity {
        SeverityV1::Info => "info",
        SeverityV1::Warning => "warning",
        SeverityV1::Violation => "violation",
    }
}
