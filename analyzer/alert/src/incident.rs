//! Incidents, as a pure function of the windows that are known.
//!
//! An incident begins with the first alarming window of its series, goes on, and is over after `recover_after` calm
//! windows in a row. A window that could not be evaluated, or that is missing, says neither. The order in which windows
//! became known does not matter: they are read by time. Does not know who was told.

use crate::fact::{Series, WindowFact};
use baselines::decide::calendar::format_time;
use baselines::document::verdict::SeverityV1;

/// A run of alarming windows.
#[derive(Debug, Clone, PartialEq)]
pub struct Incident {
    /// What is watched.
    pub series: Series,
    /// Start of its first alarming window.
    pub since: i64,
    /// End of its newest alarming window.
    pub until: i64,
    /// The worst severity of its windows.
    pub severity: SeverityV1,
    /// Alarming windows.
    pub n_windows: u32,
    /// Index of its newest alarming window.
    pub newest: usize,
    /// Index of the window that ended it.
    pub recovered: Option<usize>,
}

impl Incident {
    /// Whether it goes on.
    pub fn is_open(&self) -> bool {
        self.recovered.is_none()
    }

    /// A name from what it is, not from when it was noticed: `traffic-20261101T000000Z`.
    pub fn id(&self) -> String {
        let time: String = format_time(self.since)
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect();
        format!("{}-{time}", self.series.name())
    }
}

/// Incidents of `windows`, which are sorted by series, start and end; in that order.
pub fn incidents(windows: &[WindowFact], floor: SeverityV1, recover_after: u32) -> Vec<Incident> {
    let mut found: Vec<Incident> = Vec::new();
    for series in Series::ALL {
        let mut open: Option<Incident> = None;
        let mut n_calm = 0;
        for (at, window) in windows.iter().enumerate().filter(|(_, w)| w.series == series) {
            if let Some(severity) = window.severity.filter(|_| window.is_alarm(floor)) {
                n_calm = 0;
                let incident = open.get_or_insert(Incident {
                    series,
                    since: window.start,
                    until: window.end,
                    severity,
                    n_windows: 0,
                    newest: at,
                    recovered: None,
                });
                incident.until = incident.until.max(window.end);
                incident.severity = incident.severity.max(severity);
                incident.n_windows += 1;
                incident.newest = at;
            } else if window.is_calm(floor) && open.is_some() {
                n_calm += 1;
                if n_calm >= recover_after.max(1)
                    && let Some(mut incident) = open.take()
                {
                    incident.recovered = Some(at);
                    found.push(incident);
                }
            }
        }
        found.extend(open);
    }
    found
}
