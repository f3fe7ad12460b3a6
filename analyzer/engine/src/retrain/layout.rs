//! Keys of a retraining below a store's root. Pure; does not know what lies there.

use store::join_key;

/// Keys for one monitor and its model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    root: String,
    monitor: String,
    model: String,
}

impl Layout {
    /// Below `root`; names are those of `monitor.toml`, which hold no `/`.
    pub fn new(root: &str, monitor: &str, model: &str) -> Self {
        Self {
            root: root.to_owned(),
            monitor: monitor.to_owned(),
            model: model.to_owned(),
        }
    }

    /// Verdicts of captured traffic, `<start>--<end>/r<revision>/verdict.json` below it.
    pub fn windows(&self) -> String {
        join_key(&self.root, &format!("monitors/{}/windows", self.monitor))
    }

    /// Outputs of `driftline quality`, `<start>--<end>/r<revision>/quality.json` below it.
    pub fn quality(&self) -> String {
        join_key(&self.root, &format!("monitors/{}/quality", self.monitor))
    }

    /// The monitor's newest incident.
    pub fn incident(&self) -> String {
        join_key(
            &self.root,
            &format!("monitors/{}/retraining/incident.json", self.monitor),
        )
    }

    /// The newest decision that led to no start.
    pub fn decision(&self) -> String {
        join_key(
            &self.root,
            &format!("monitors/{}/retraining/decision.json", self.monitor),
        )
    }

    /// A document of a revision of an incident of this monitor.
    pub fn of_revision(&self, incident: &str, revision: u32, file: &str) -> String {
        self.of_monitor(&self.monitor, incident, revision, file)
    }

    /// The same of another monitor of the same model.
    pub fn of_monitor(&self, monitor: &str, incident: &str, revision: u32, file: &str) -> String {
        join_key(
            &self.root,
            &format!("monitors/{monitor}/retraining/{incident}/r{revision}/{file}"),
        )
    }

    /// What may run for the model.
    pub fn flight(&self) -> String {
        join_key(&self.root, &format!("models/{}/flight.json", self.model))
    }

    /// Everything that was asked for, for the model.
    pub fn runs(&self) -> String {
        join_key(&self.root, &format!("models/{}/runs/", self.model))
    }

    /// What was asked for with a token.
    pub fn run(&self, token: &str) -> String {
        format!("{}{token}.json", self.runs())
    }
}

/// Revision that a folder's name says, `r2` → 2.
pub(crate) fn revision_of_folder(name: &str) -> Option<u32> {
    let digits = name.strip_prefix('r')?;
    let is_plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_plain
        .then(|| digits.parse().ok())
        .flatten()
        .filter(|revision| *revision > 0)
}

/// Start and end that a folder's name says, `2026-11-01T00:00:00Z--2026-11-02T00:00:00Z`.
pub(crate) fn span_of_folder(name: &str) -> Option<(i64, i64)> {
    let (start, end) = name.split_once("--")?;
    let span = (
        capture::time::parse_rfc3339(start)?,
        capture::time::parse_rfc3339(end)?,
    );
    (span.0 < span.1).then_some(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_folder_names_are_what_the_documentation_says() {
        let layout = Layout::new("store", "churn", "m");
        assert_eq!(
            layout.of_revision("i", 2, "receipt.json"),
            "store/monitors/churn/retraining/i/r2/receipt.json"
        );
        assert_eq!(layout.run("t"), "store/models/m/runs/t.json");
        assert_eq!(Layout::new("", "churn", "m").flight(), "models/m/flight.json");
        assert_eq!(
            (
                revision_of_folder("r12"),
                revision_of_folder("r0"),
                revision_of_folder("r1x")
            ),
            (Some(12), None, None)
        );
        assert_eq!(
            span_of_folder("1970-01-01T00:00:00Z--1970-01-01T01:00:00Z"),
            Some((0, 3_600))
        );
        assert_eq!(span_of_folder("1970-01-01T01:00:00Z--1970-01-01T01:00:00Z"), None);
    }
}
