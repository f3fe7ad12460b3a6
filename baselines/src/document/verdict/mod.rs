//! `verdict.json`: our own versioned answer about one window.
//!
//! A version enum with one plain twin per version; the newest is written, all are read, for ever. Golden pairs are in
//! `test-data/verdict`. Everything the HTML report shows stands in this document, so a report can be made again from
//! it. Changelog of the format: **1** first version; **2** the numbers behind drift, its terms, remedies of what was not
//! evaluated, records without a time, and (may be absent) how good the predictions were; **3** what was measured of capture.
//!
//! Does not judge, and does not turn a stored verdict back into domain types: readers use the newest twin.

mod convert;
mod drift;
mod quality;
mod upgrade;
mod v1;
mod v2;
mod v3;

#[cfg(test)]
mod tests;

pub use quality::{QualityEstimateV2, QualityMetricV2, QualityV2};
pub use v1::*;
pub use v2::*;
pub use v3::*;

use serde::{Deserialize, Serialize};

use super::{DocumentError, canonical, error};

/// The name of a verdict file.
pub const VERDICT_FILE: &str = "verdict.json";

/// The newest version.
pub type Latest = V3;

/// A stored verdict of any version.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "version")]
pub enum VersionedVerdict {
    /// Version 1.
    #[serde(rename = "1")]
    V1(V1),
    /// Version 2.
    #[serde(rename = "2")]
    V2(V2),
    /// Version 3.
    #[serde(rename = "3")]
    V3(V3),
}

impl VersionedVerdict {
    /// Reads a file's bytes.
    ///
    /// # Errors
    /// [`DocumentError`] with line, column and JSON path; a version this program does not know.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DocumentError> {
        #[derive(Deserialize)]
        struct Head {
            version: String,
        }
        let head: Head = error::from_bytes(VERDICT_FILE, bytes)?;
        match head.version.as_str() {
            "1" => Ok(Self::V1(error::from_bytes(VERDICT_FILE, bytes)?)),
            "2" => Ok(Self::V2(error::from_bytes(VERDICT_FILE, bytes)?)),
            "3" => Ok(Self::V3(error::from_bytes(VERDICT_FILE, bytes)?)),
            _ => Err(DocumentError::Version {
                document: VERDICT_FILE,
                found: head.version,
                supported: "1, 2 and 3",
            }),
        }
    }

    /// Canonical bytes: same verdict, same bytes; a newline at the end.
    ///
    /// # Errors
    /// [`DocumentError::NotFinite`]: a NaN or infinity cannot be written.
    pub fn to_bytes(&self) -> Result<Vec<u8>, DocumentError> {
        canonical::to_bytes(VERDICT_FILE, self)
    }

    /// The newest form.
    pub fn into_latest(self) -> Latest {
        match self {
            Self::V1(twin) => V2::from(twin).into(),
            Self::V2(twin) => twin.into(),
            Self::V3(twin) => twin,
        }
    }
}

impl From<Latest> for VersionedVerdict {
    fn from(twin: Latest) -> Self {
        Self::V3(twin)
    }
}
