//! `driftline detect`: detectors of change over a series.
//!
//! Does not read the series and does not compute a statistic.

use crate::error::{EngineError, ErrorKind};
use crate::series::Series;
use baselines::stream::{Detection, Detector, DetectorKind, DetectorSettings, Level, StreamError};

/// Where a detector fired.
#[derive(Debug, Clone, PartialEq)]
pub struct Fired {
    /// Place in the series, from 0.
    pub index: usize,
    /// What was seen.
    pub detection: Detection,
}

/// What one detector says of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct Ran {
    /// Which detector.
    pub kind: DetectorKind,
    /// Drifts, and the first value of each warning zone; or why the detector cannot watch this series.
    pub outcome: Result<Vec<Fired>, StreamError>,
}

/// Runs detectors over a series. One that takes only errors (0 and 1) cannot watch other numbers: that is its outcome.
pub fn detect(
    series: &Series,
    kinds: &[DetectorKind],
    settings: &DetectorSettings,
) -> Result<Vec<Ran>, EngineError> {
    kinds
        .iter()
        .map(|kind| {
            let detector = Detector::new(*kind, settings).map_err(|error| unusable(&error))?;
            Ok(Ran {
                kind: *kind,
                outcome: run(detector, series),
            })
        })
        .collect()
}

/// A setting that was refused.
pub fn unusable(error: &StreamError) -> EngineError {
    EngineError::new(ErrorKind::Usage, error.to_string())
        .with_hint("docs/over-time.md lists the settings of every detector with their defaults")
}

fn run(mut detector: Detector, series: &Series) -> Result<Vec<Fired>, StreamError> {
    let mut fired = Vec::new();
    let mut warned = false;
    for (index, point) in series.points.iter().enumerate() {
        let Some(detection) = detector.update(point.value)? else {
            warned = false;
            continue;
        };
        if detection.level == Level::Drift || !warned {
            fired.push(Fired { index, detection });
        }
        warned = detection.level == Level::Warning;
    }
    Ok(fired)
}
