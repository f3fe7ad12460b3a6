//! Which settings are known, and which of them cannot be done. Knows no value's meaning beyond on and off.

use super::given::Given;
use super::usage;
use crate::error::EngineError;

/// Settings of the first-party image that are switched off here: on, they are refused.
const UNSUPPORTED: [(&str, &str); 4] = [
    (
        "detect_outliers",
        "leave it out or set it to false; what is unusual in a column is in report.html and verdict.json",
    ),
    (
        "image_data",
        "leave it out: only tables of features are read; of image traffic monitor the outputs",
    ),
    (
        "auto_ml_job_detail",
        "leave it out; name problem_type and the attributes instead, which it stands for",
    ),
    (
        "ground_truth_source",
        "merging labels is the merge job's part; `driftline quality --merged` writes merged records",
    ),
];

/// Ours.
const OWN: [&str; 6] = [
    "driftline_compat",
    "driftline_exchange",
    "driftline_exchange_port",
    "driftline_exchange_timeout_seconds",
    "driftline_no_data",
    "driftline_python",
];

/// Of no use to a data-quality run; set for one, they are a mistake that must not pass unnoticed.
const OF_MODEL_QUALITY: [&str; 6] = [
    "problem_type",
    "inference_attribute",
    "probability_attribute",
    "ground_truth_attribute",
    "probability_threshold_attribute",
    "positive_label",
];

pub(super) fn refuse_unsupported(given: &Given) -> Result<(), EngineError> {
    for (name, remedy) in UNSUPPORTED {
        if let Some(value) = given.text(name)
            && !is_off(value)
        {
            return Err(usage(
                format!(
                    "the setting {name} is not supported (from {})",
                    given.origin(name)
                ),
                remedy,
            ));
        }
    }
    for name in given.names().filter(|name| name.starts_with("driftline_")) {
        if !OWN.contains(&name) {
            return Err(usage(
                format!("the setting {name} is not known (from {})", given.origin(name)),
                format!("Driftline's own settings: {}", OWN.join(", ")),
            ));
        }
    }
    Ok(())
}

pub(super) fn refuse_for_data_quality(given: &Given) -> Result<(), EngineError> {
    for name in OF_MODEL_QUALITY {
        if given.text(name).is_some() {
            return Err(usage(
                format!("the setting {name} belongs to model quality, and this is a data-quality run"),
                "set analysis_type=MODEL_QUALITY, or leave it out",
            ));
        }
    }
    Ok(())
}

fn is_off(value: &str) -> bool {
    ["false", "disabled", "0", "no", "[]", "{}"].contains(&value.to_ascii_lowercase().as_str())
}
