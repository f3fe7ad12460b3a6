//! What is asked of capture: shares that are no fault, and how surely one must be passed before it is said.
//!
//! Does not measure.

use crate::calibrate::FalseAlarmBudget;

/// Which sides of a request the endpoint is set to capture (`CaptureOptions`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum CapturedSides {
    /// Input and output: a record with one side only is a fault.
    #[default]
    Both,
    /// One side by intention.
    One,
}

/// What is asked of capture. All shares are from 0 to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct HealthPolicy {
    /// False alarms accepted over all checks of capture and all windows; a budget beside that of drift. `None`: the same
    /// size as drift's.
    pub false_alarms: Option<FalseAlarmBudget>,
    /// Share of requests that the endpoint is set to capture (`InitialSamplingPercentage` / 100), where it is known.
    pub sampling: Option<f64>,
    /// How far the share seen may be from the one configured and still not matter.
    pub sampling_tolerance: f64,
    /// Which sides are captured.
    pub sides: CapturedSides,
    /// Share of records with one side only.
    pub max_one_sided: f64,
    /// Share of lines that could not be decoded.
    pub max_decode_failures: f64,
    /// Share of records that were delivered again.
    pub max_duplicates: f64,
    /// Share of records that came after the window was closed.
    pub max_late: f64,
    /// Share of records that carry the caller's inference id; `None`: ids are not needed.
    pub min_id_coverage: Option<f64>,
    /// Share by which the number of records may differ from the usual: 0.5 is half as many, or twice as many.
    pub volume_change: f64,
    /// Whether the window is one of a monitor's, in which records are expected: then one without an object is judged too.
    pub expects_records: bool,
    /// How long after its end a window waits for records, seconds; `None`: it is not known, and lateness is not judged.
    pub grace_seconds: Option<i64>,
}

impl Default for HealthPolicy {
    /// One in a hundred of what should not be; half the usual volume; no ids, no sampling, no grace.
    fn default() -> Self {
        Self {
            false_alarms: None,
            sampling: None,
            sampling_tolerance: 0.02,
            sides: CapturedSides::Both,
            max_one_sided: 0.01,
            max_decode_failures: 0.01,
            max_duplicates: 0.01,
            max_late: 0.01,
            min_id_coverage: None,
            volume_change: 0.5,
            expects_records: false,
            grace_seconds: None,
        }
    }
}

impl HealthPolicy {
    /// The share of records with an inference id that is asked for where labels are joined by it.
    pub const ID_COVERAGE: f64 = 0.99;
}
