//! What `driftline alerts` prints: incidents, who was told, what waits.
//!
//! Arranges what the crate `alert` knows.

use alert::Told;
use alert::desk::Desk;
use alert::send::{Message, SendError};
use alert::state::AlertState;
use baselines::decide::calendar::format_time;
use serde::Serialize;
use std::fmt::Write as _;

pub(super) fn told(told: &Told) -> String {
    let mut out = String::new();
    for receipt in &told.sent {
        let _infallible = writeln!(
            out,
            "sent {} of {} to {} ({})",
            receipt.kind.name(),
            receipt.incident,
            receipt.route,
            receipt.answer
        );
    }
    for failure in &told.failed {
        let _infallible = writeln!(
            out,
            "not sent to {}: {}; tried again from {} on ({})",
            failure.route,
            failure.error,
            format_time(failure.retry_at),
            failure.id
        );
    }
    if told.muted {
        out.push_str("muted: nothing is sent now\n");
    } else if told.sent.is_empty() && told.failed.is_empty() {
        out.push_str("nothing to send\n");
    }
    let open = if told.open.is_empty() {
        "none".to_owned()
    } else {
        told.open.join(", ")
    };
    let _infallible = writeln!(out, "open incidents: {open}");
    out
}

/// A mute as it was set.
#[derive(Debug, Serialize)]
pub(super) struct Muted {
    until: String,
    by: String,
}

impl Muted {
    pub(super) fn new(until: i64, by: &str) -> Self {
        Self {
            until: format_time(until),
            by: by.to_owned(),
        }
    }

    pub(super) fn to_text(&self) -> String {
        format!("muted until {} by {}\n", self.until, self.by)
    }
}

/// What became of a test on one route.
#[derive(Debug, Serialize)]
pub(super) struct Tried {
    route: String,
    outcome: &'static str,
    said: String,
}

impl Tried {
    pub(super) fn sent(route: &str, answer: &str) -> Self {
        Self {
            route: route.to_owned(),
            outcome: "sent",
            said: answer.to_owned(),
        }
    }

    pub(super) fn silent(route: &str) -> Self {
        Self {
            route: route.to_owned(),
            outcome: "nothing",
            said: "this form has nothing for it".to_owned(),
        }
    }

    pub(super) fn preview(route: &str, message: &Message) -> Self {
        Self {
            route: route.to_owned(),
            outcome: "preview",
            said: message.preview(),
        }
    }

    pub(super) fn failed(route: &str, error: &SendError) -> Self {
        Self {
            route: route.to_owned(),
            outcome: "failed",
            said: error.to_string(),
        }
    }

    pub(super) fn is_fine(&self) -> bool {
        self.outcome != "failed"
    }

    pub(super) fn to_text(&self) -> String {
        match self.outcome {
            "preview" => format!("--- {}\n{}\n", self.route, self.said.trim_end()),
            outcome => format!("{}: {outcome} ({})\n", self.route, self.said),
        }
    }
}

/// Where a monitor's alerts stand.
#[derive(Debug, Serialize)]
pub(super) struct Status {
    monitor: String,
    muted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    muted_until: Option<String>,
    n_windows: usize,
    open: Vec<OpenIncident>,
    waiting: Vec<Waiting>,
    given_up: Vec<String>,
}

#[derive(Debug, Serialize)]
struct OpenIncident {
    id: String,
    series: &'static str,
    severity: &'static str,
    since: String,
    n_windows: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    acknowledged_by: Option<String>,
    told: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Waiting {
    id: String,
    attempts: u32,
    not_before: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Status {
    pub(super) fn of(desk: &Desk, state: &AlertState, now: i64) -> Self {
        let found = state.incidents(&desk.settings);
        let open = found
            .iter()
            .filter(|incident| incident.is_open())
            .map(|incident| {
                let case = state
                    .cases
                    .iter()
                    .filter(|case| case.meets(incident))
                    .max_by_key(|case| case.until);
                OpenIncident {
                    id: case.map_or_else(|| incident.id(), |case| case.id.clone()),
                    series: incident.series.name(),
                    severity: alert::notice::severity_name(incident.severity),
                    since: format_time(incident.since),
                    n_windows: incident.n_windows,
                    acknowledged_by: case.and_then(|case| Some(case.acknowledged.as_ref()?.by.clone())),
                    told: case.map_or_else(Vec::new, |case| {
                        let open = case.threads.iter().filter(|(_, thread)| thread.is_open());
                        open.map(|(route, _)| route.clone()).collect()
                    }),
                }
            });
        Self {
            monitor: state.monitor.clone(),
            muted: state.is_muted(&desk.settings, now),
            muted_until: state.muted_until(now).map(format_time),
            n_windows: state.windows.len(),
            open: open.collect(),
            waiting: state
                .pending
                .iter()
                .map(|(id, pending)| Waiting {
                    id: id.clone(),
                    attempts: pending.attempts,
                    not_before: format_time(pending.not_before),
                    error: pending.error.clone(),
                })
                .collect(),
            given_up: state.given_up.iter().cloned().collect(),
        }
    }

    pub(super) fn to_text(&self) -> String {
        let mut out = format!("monitor {}, {} windows known\n", self.monitor, self.n_windows);
        match (&self.muted_until, self.muted) {
            (Some(until), _) => {
                let _infallible = writeln!(out, "muted until {until}");
            }
            (None, true) => out.push_str("muted by mute_hours\n"),
            (None, false) => {}
        }
        if self.open.is_empty() {
            out.push_str("no incident is open\n");
        }
        for incident in &self.open {
            let told = if incident.told.is_empty() {
                "nobody".to_owned()
            } else {
                incident.told.join(", ")
            };
            let _infallible = write!(
                out,
                "{}: {} since {}, {} alarming windows, told: {told}",
                incident.id, incident.severity, incident.since, incident.n_windows
            );
            if let Some(by) = &incident.acknowledged_by {
                let _infallible = write!(out, ", acknowledged by {by}");
            }
            out.push('\n');
        }
        for waiting in &self.waiting {
            let why = waiting.error.as_deref().unwrap_or("being sent");
            let _infallible = writeln!(
                out,
                "waiting: {} (attempts: {}, not before {}): {why}",
                waiting.id, waiting.attempts, waiting.not_before
            );
        }
        for id in &self.given_up {
            let _infallible = writeln!(out, "given up: {id}");
        }
        out
    }
}
