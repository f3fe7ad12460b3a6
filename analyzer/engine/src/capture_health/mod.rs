//! What is counted of a window's capture, for the judge: from the scan, earlier verdicts, and counts of the endpoint's
//! requests.
//!
//! Does not measure and does not judge (`baselines::capture_health`).

mod invocations;
mod past;
#[cfg(test)]
mod tests;

use crate::error::EngineError;
use crate::reference::ReferenceRequest;
use crate::scan::ScanOutcome;
use baselines::capture_health::{CaptureFacts, Lateness};
use baselines::judge::Policy;
use capture::time::TimeWindow;
pub use invocations::{Invocations, read as read_invocations};
use store::StoreOptions;

/// Whether a window without an object is judged, and not refused: one of a monitor, with a start and an end.
pub(crate) fn tells_silence(policy: &Policy, window: &TimeWindow) -> bool {
    let asked = policy.capture_health.as_ref();
    policy.compat.is_none()
        && asked.is_some_and(|asked| asked.expects_records)
        && window.start.is_some()
        && window.end.is_some()
}

/// What is counted of the capture that was read; `None` where it is no capture, or capture is not judged.
pub(crate) async fn facts(
    outcome: &ScanOutcome,
    (start, end): (Option<i64>, Option<i64>),
    reference: &ReferenceRequest,
    policy: &Policy,
    options: &StoreOptions,
) -> Result<Option<CaptureFacts>, EngineError> {
    let Some(asked) = &policy.capture_health else {
        return Ok(None);
    };
    let records = &outcome.records;
    let is_empty = records.n_lines == 0 && asked.expects_records;
    if records.n_with_event_id == 0 && !is_empty {
        return Ok(None);
    }
    let window = start.zip(end);
    let past = match (&reference.history, window) {
        (Some(history), Some(window)) => past::windows(history, window, options).await?,
        _ => Vec::new(),
    };
    let invocations = match (&reference.invocations, window) {
        (Some(at), Some((start, end))) => invocations::read(at, options).await?.between(start, end),
        _ => None,
    };
    Ok(Some(CaptureFacts {
        window,
        lines: records.n_lines,
        rejected: records.n_rejected,
        records: records.n_records,
        rows: outcome.summary.n_rows,
        duplicates: records.n_duplicates,
        one_sided: records.n_one_sided,
        with_inference_id: records.n_with_inference_id,
        lateness: lateness(outcome, end, asked.grace_seconds),
        by_hour: outcome.volume.clone(),
        invocations,
        past,
    }))
}

/// Records of objects that were written after the window's end and its grace; `None` where no store says when, or no
/// grace is known.
fn lateness(outcome: &ScanOutcome, end: Option<i64>, grace: Option<i64>) -> Option<Lateness> {
    let closed = end?.checked_add(grace?)?;
    let mut found = Lateness::default();
    for object in &outcome.objects {
        if let Some(written) = object.written {
            found.of += object.n_records;
            if written > closed {
                found.late += object.n_records;
            }
        }
    }
    (found.of > 0).then_some(found)
}
