//! SageMaker Clarify's files: what to analyse, what was found, what violates.
//!
//! | file | twin | read | written |
//! |---|---|---|---|
//! | `analysis_config.json` | [`AnalysisConfig`] | yes | no |
//! | `analysis.json`, which serves as constraints too | [`Analysis`] | yes | yes |
//! | `constraint_violations.json` of bias and attribution runs | [`ClarifyViolations`] | yes | yes |
//!
//! Formats: contract §5.1, §5.3, §5.4, §5.5. Written as Clarify writes them: four blanks of indentation, metrics in the
//! order given, `null` for a metric without a value, infinities as text. Computes no metric and judges nothing.

mod analysis;
mod config;
mod number;
#[cfg(test)]
mod tests;
mod violations;

pub use analysis::{Analysis, Attributions, BiasReport, FacetReport, MetricReport};
pub use config::{AnalysisConfig, DatasetType, FacetConfig, MethodList, NameOrIndex, Scalar};
pub use number::{ClarifyNumber, python_number};
pub use violations::{ClarifyViolation, ClarifyViolations};

/// The name of a configuration file.
pub const ANALYSIS_CONFIG_FILE: &str = "analysis_config.json";
/// The name of an analysis file.
pub const ANALYSIS_FILE: &str = "analysis.json";

use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};

use super::DocumentError;

/// Bytes laid out as Python's `json.dumps(value, indent=4)`, with a newline behind.
fn to_bytes<T: Serialize>(document: &'static str, value: &T) -> Result<Vec<u8>, DocumentError> {
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, PrettyFormatter::with_indent(b"    "));
    value
        .serialize(&mut serializer)
        .map_err(|_| DocumentError::NotFinite { document })?;
    bytes.push(b'\n');
    Ok(bytes)
}
