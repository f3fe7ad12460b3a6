//! A detector of change with all it has seen, so that a monitor goes on where it stopped.
//!
//! JSON, versioned; numbers come back as the same doubles. Does not know which series it watches.

use super::canonical;
use super::error::{DocumentError, from_bytes as read};
use crate::stream::Detector;
use serde::{Deserialize, Serialize};

const DOCUMENT: &str = "detector state";

#[derive(Deserialize)]
struct VersionOnly {
    version: String,
}

#[derive(Serialize, Deserialize)]
struct V1 {
    version: String,
    state: Detector,
}

/// Canonical bytes.
pub fn to_bytes(detector: &Detector) -> Result<Vec<u8>, DocumentError> {
    let document = V1 {
        version: "1".to_owned(),
        state: detector.clone(),
    };
    canonical::to_bytes(DOCUMENT, &document)
}

/// Reads a state; one that no detector can have is refused.
pub fn from_bytes(bytes: &[u8]) -> Result<Detector, DocumentError> {
    let VersionOnly { version } = read(DOCUMENT, bytes)?;
    if version != "1" {
        return Err(DocumentError::Version {
            document: DOCUMENT,
            found: version,
            supported: "1",
        });
    }
    let V1 { state, .. } = read(DOCUMENT, bytes)?;
    if state.is_sound() {
        Ok(state)
    } else {
        Err(DocumentError::Value {
            document: DOCUMENT,
            path: "state".to_owned(),
            problem: "counts and settings contradict one another".to_owned(),
        })
    }
}
