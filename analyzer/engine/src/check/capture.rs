//! Is there capture, is it recent, and is it of the endpoint and the variants that the file names?
//!
//! Does not look at columns (`baseline`).

use super::Check;
use crate::error::{EngineError, ErrorKind};
use crate::init::{Seen, look as look_at_folder};
use crate::monitor::Monitor;
use crate::sources::{Source, Sources, discover, variant_of_key};
use capture::time::{TimeWindow, format_rfc3339};
use std::collections::BTreeSet;
use store::StoreOptions;

const HOUR: i64 = 3_600;

/// What there is.
pub(super) struct Looked {
    /// Objects of the variants that are watched, by key.
    pub(super) objects: Vec<Source>,
    /// Variants that keys name.
    variants: BTreeSet<String>,
    seen: Seen,
}

/// Lists and looks at the newest records.
pub(super) async fn look(monitor: &Monitor, options: &StoreOptions) -> Result<Looked, EngineError> {
    let mut sources: Sources = discover(&monitor.capture, options, &TimeWindow::default()).await?;
    let variants = sources
        .objects
        .iter()
        .filter_map(|source| variant_of_key(&source.shown_key).map(str::to_owned))
        .collect();
    sources.keep_variants(&monitor.variants);
    if sources.objects.is_empty() {
        return Err(EngineError::new(
            ErrorKind::NothingToAnalyse,
            format!("nothing was captured at {}", monitor.capture),
        )
        .with_hint("check the location and the variants; capture reaches S3 some minutes after a request"));
    }
    let seen = look_at_folder(&monitor.capture, None, options).await?;
    Ok(Looked {
        objects: sources.objects,
        variants,
        seen,
    })
}

impl Looked {
    /// First second of the newest hour that a key names.
    pub(super) fn newest_hour(&self) -> Option<i64> {
        self.objects.iter().filter_map(|source| source.hour).max()
    }

    pub(super) fn checks(&self, monitor: &Monitor, now: i64) -> Vec<Check> {
        let mut out = vec![Check::ok(
            "capture",
            format!("{} objects at {}", self.objects.len(), monitor.capture),
        )];
        out.extend(self.recent(monitor, now));
        out.extend(self.layout(monitor));
        let wants_ids = monitor.ground_truth.is_some();
        if wants_ids && !self.seen.has_inference_ids && !self.seen.is_table {
            out.push(Check::warning(
                "capture.ids",
                "the newest records carry no inference ids, so labels are joined by eventId",
                "let callers send InferenceId with InvokeEndpoint, or keep the eventId of each answer",
            ));
        }
        let is_one = self.seen.one_sided_share > 0.5;
        let expects_both = monitor
            .capture_health
            .policy
            .as_ref()
            .is_some_and(|policy| policy.sides == baselines::capture_health::CapturedSides::Both);
        if is_one && expects_both {
            out.push(Check::warning(
                "capture.sides",
                "most of the newest records have one side only",
                "capture input and output, or set capture_health.sides to \"one\"",
            ));
        }
        out
    }

    fn recent(&self, monitor: &Monitor, now: i64) -> Option<Check> {
        let newest = self.newest_hour()?;
        let told = format_rfc3339(newest).unwrap_or_default();
        // An object of an hour may come until the next; a window is due when its length and its grace are over.
        let due = newest + HOUR + monitor.window.seconds() + monitor.grace.seconds() + HOUR;
        Some(if now > due {
            let hours = (now - newest) / HOUR;
            Check::warning(
                "capture.recent",
                format!("the newest hour is {told}, {hours} hours ago"),
                "check that the endpoint is called and that its capture is started",
            )
        } else {
            Check::ok("capture.recent", format!("the newest hour is {told}"))
        })
    }

    fn layout(&self, monitor: &Monitor) -> Vec<Check> {
        let mut out = Vec::new();
        let endpoints = &self.seen.endpoints;
        if let Some(endpoint) = &monitor.endpoint
            && !endpoints.is_empty()
        {
            let names: Vec<&str> = endpoints.keys().map(String::as_str).collect();
            out.push(if names == [endpoint.as_str()] {
                Check::ok("endpoint", format!("capture is of {endpoint}"))
            } else if self.seen.depth == 0 {
                // The folders above the location need not be SageMaker's.
                Check::warning(
                    "endpoint",
                    format!(
                        "the file says {endpoint}, the capture's folder is in one named {}",
                        names.join(", ")
                    ),
                    "correct `endpoint`, if the folder is the endpoint's",
                )
            } else {
                Check::wrong(
                    "endpoint",
                    format!("the file says {endpoint}, capture is of {}", names.join(", ")),
                    "correct `endpoint`, or let `capture` end in its folder",
                )
            });
        }
        let of_layout: BTreeSet<&str> = endpoints.values().flatten().map(String::as_str).collect();
        let known: BTreeSet<&str> = self
            .variants
            .iter()
            .map(String::as_str)
            .chain(of_layout)
            .collect();
        let missing: Vec<&str> = monitor
            .variants
            .iter()
            .map(String::as_str)
            .filter(|name| !known.contains(name))
            .collect();
        if !monitor.variants.is_empty() && !known.is_empty() {
            out.push(if missing.is_empty() {
                Check::ok("variants", format!("capture of {}", monitor.variants.join(", ")))
            } else {
                let there: Vec<&str> = known.into_iter().collect();
                Check::wrong(
                    "variants",
                    format!(
                        "no capture of {}; there is capture of {}",
                        missing.join(", "),
                        there.join(", ")
                    ),
                    "correct `variants`",
                )
            });
        }
        out
    }
}
