//! Keys of alerts below a store's root. Pure; does not know what lies there.

use crate::fact::{Series, WindowFact};
use baselines::decide::calendar::{format_time, parse_time};
use store::join_key;

/// Keys of one monitor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    base: String,
}

impl Layout {
    /// Below `root`; the monitor's name holds no `/`.
    pub fn new(root: &str, monitor: &str) -> Self {
        Self {
            base: join_key(root, &format!("monitors/{monitor}")),
        }
    }

    /// What is known and who was told.
    pub fn state(&self) -> String {
        format!("{}/alerts/state.json", self.base)
    }

    /// The receipt of a delivery; `group` is its incident.
    pub fn receipt(&self, group: &str, key: &str) -> String {
        format!("{}/alerts/receipts/{group}/{key}.json", self.base)
    }

    /// The receipt of a window's metrics.
    pub fn counted(&self, fact: &WindowFact) -> String {
        format!(
            "{}/alerts/receipts/metrics/{}/{}--{}/r{}.json",
            self.base,
            fact.series.name(),
            format_time(fact.start),
            format_time(fact.end),
            fact.revision
        )
    }

    /// All windows of a series.
    pub fn series(&self, series: Series) -> String {
        match series {
            Series::Traffic => format!("{}/windows/", self.base),
            Series::Quality => format!("{}/quality/", self.base),
        }
    }

    /// The revisions of one window.
    pub fn window(&self, series: Series, span: (i64, i64)) -> String {
        format!(
            "{}{}--{}/",
            self.series(series),
            format_time(span.0),
            format_time(span.1)
        )
    }
}

/// Start and end that a folder's name says, `2026-11-01T00:00:00Z--2026-11-02T00:00:00Z`.
pub(crate) fn span_of(name: &str) -> Option<(i64, i64)> {
    let (start, end) = name.split_once("--")?;
    let span = (parse_time(start)?, parse_time(end)?);
    (span.0 < span.1).then_some(span)
}

/// Revision that a folder's name says, `r2` → 2.
pub(crate) fn revision_of(name: &str) -> Option<u32> {
    let digits = name.strip_prefix('r')?;
    let is_plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_plain
        .then(|| digits.parse().ok())
        .flatten()
        .filter(|revision| *revision > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_what_the_documentation_says() {
        let layout = Layout::new("store", "churn");
        assert_eq!(layout.state(), "store/monitors/churn/alerts/state.json");
        assert_eq!(
            layout.receipt("i", "k"),
            "store/monitors/churn/alerts/receipts/i/k.json"
        );
        let window = layout.window(Series::Traffic, (0, 3_600));
        assert_eq!(
            window,
            "store/monitors/churn/windows/1970-01-01T00:00:00Z--1970-01-01T01:00:00Z/"
        );
        assert_eq!(
            span_of("1970-01-01T00:00:00Z--1970-01-01T01:00:00Z"),
            Some((0, 3_600))
        );
        assert_eq!(span_of("1970-01-01T01:00:00Z--1970-01-01T01:00:00Z"), None);
        assert_eq!(
            (revision_of("r12"), revision_of("r0"), revision_of("r1x")),
            (Some(12), None, None)
        );
    }
}
