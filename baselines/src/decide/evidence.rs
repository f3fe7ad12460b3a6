//! Which windows count: each once by its newest revision, ended, not too old, and not of an earlier incident.
//!
//! Does not look into a window.

use super::input::{FindingsWindow, Inputs, QualityWindow};
use super::policy::Policy;
use std::collections::BTreeMap;

/// Windows in the order of their ends.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Evidence<'a> {
    pub(super) findings: Vec<&'a FindingsWindow>,
    pub(super) quality: Vec<&'a QualityWindow>,
}

/// What a window is known by.
pub(super) trait Dated {
    fn start(&self) -> i64;
    fn end(&self) -> i64;
    fn revision(&self) -> u32;
    fn digest(&self) -> &str;
}

impl Dated for FindingsWindow {
    fn start(&self) -> i64 {
        self.start
    }
    fn end(&self) -> i64 {
        self.end
    }
    fn revision(&self) -> u32 {
        self.revision
    }
    fn digest(&self) -> &str {
        &self.digest
    }
}

impl Dated for QualityWindow {
    fn start(&self) -> i64 {
        self.start
    }
    fn end(&self) -> i64 {
        self.end
    }
    fn revision(&self) -> u32 {
        self.revision
    }
    fn digest(&self) -> &str {
        &self.digest
    }
}

/// Each window once: the newest revision, of equal ones the same whatever the order. Only those that have ended by `now`
/// and start no earlier than `from`.
pub(super) fn newest<T: Dated>(windows: &[T], from: i64, now: i64) -> Vec<&T> {
    let mut by_window: BTreeMap<(i64, i64), &T> = BTreeMap::new();
    for window in windows {
        if window.end() > now || window.start() < from || window.start() >= window.end() {
            continue;
        }
        let kept = by_window.entry((window.end(), window.start())).or_insert(window);
        if (window.revision(), window.digest()) > (kept.revision(), kept.digest()) {
            *kept = window;
        }
    }
    by_window.into_values().collect()
}

impl<'a> Evidence<'a> {
    /// Windows that count now; `since`: end of the last incident.
    pub(super) fn of(inputs: &'a Inputs, policy: &Policy, since: Option<i64>, now: i64) -> Self {
        let from = since.unwrap_or(i64::MIN);
        let oldest = now.saturating_sub(policy.evidence_within);
        let mut findings = newest(&inputs.findings, from, now);
        let mut quality = newest(&inputs.quality, from, now);
        findings.retain(|window| window.end >= oldest);
        quality.retain(|window| window.end >= oldest);
        Self { findings, quality }
    }
}

/// Windows that do not overlap, the earliest ends first: what can be added up.
pub(super) fn disjoint<T: Dated>(windows: Vec<&T>) -> Vec<&T> {
    let mut kept: Vec<&T> = Vec::new();
    for window in windows {
        if kept.last().is_none_or(|last| last.end() <= window.start()) {
            kept.push(window);
        }
    }
    kept
}
