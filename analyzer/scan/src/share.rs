//! What was read of some of a window's objects, written down, so that others can merge it.
//!
//! A length, a JSON head ([`PartHead`]), then the bytes of a profile ([`Profile::to_bytes`](baselines::profile::Profile)).
//! The same form goes between the hosts of a SageMaker job and into the store as a partial profile. Does not know who
//! else reads.

use crate::error::{EngineError, ErrorKind};
use crate::pass::{RecordCounts, ScanOutcome, ScannedObject};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What comes with a profile.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartHead {
    /// What became of the lines.
    pub records: RecordCounts,
    /// The objects, in the order they were read.
    pub objects: Vec<ScannedObject>,
    /// Rows by the hour of their inference.
    pub volume: BTreeMap<i64, u64>,
    /// Earliest and latest second.
    pub seconds: Option<(i64, i64)>,
    /// Event ids that were new, with the index of their object.
    pub event_ids: Vec<(u64, u32)>,
}

impl PartHead {
    /// What comes with the profile of a share that was scanned.
    pub fn of(outcome: &ScanOutcome) -> Self {
        Self {
            records: outcome.records.clone(),
            objects: outcome.objects.clone(),
            volume: outcome.volume.clone(),
            seconds: outcome.first_second.zip(outcome.last_second),
            event_ids: outcome.event_ids.clone(),
        }
    }

    /// Adds it to `outcome`; `places` are the indices of its objects there.
    pub fn add_to(self, outcome: &mut ScanOutcome, places: &[u32]) {
        outcome.records.add(&self.records);
        for (object, place) in self.objects.into_iter().zip(places) {
            if let Some(slot) = outcome.objects.get_mut(*place as usize) {
                *slot = object;
            }
        }
        for (hour, rows) in self.volume {
            *outcome.volume.entry(hour).or_default() += rows;
        }
        if let Some((first, last)) = self.seconds {
            outcome.first_second = Some(outcome.first_second.map_or(first, |known| known.min(first)));
            outcome.last_second = Some(outcome.last_second.map_or(last, |known| known.max(last)));
        }
    }
}

/// What is not a written-down part.
pub fn broken(what: &str) -> EngineError {
    EngineError::new(
        ErrorKind::Internal,
        format!("a message between hosts cannot be used: {what}"),
    )
    .with_hint("all hosts must run the same image")
}

fn fault(error: serde_json::Error) -> EngineError {
    broken(&error.to_string()).with_source(error)
}

/// A head and the bytes of a profile as one message.
pub fn pack(head: &impl Serialize, profile: &[u8]) -> Result<Vec<u8>, EngineError> {
    let head = serde_json::to_vec(head).map_err(fault)?;
    let mut bytes = Vec::with_capacity(head.len() + profile.len() + 8);
    bytes.extend_from_slice(&(head.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&head);
    bytes.extend_from_slice(profile);
    Ok(bytes)
}

/// The head and the bytes of the profile.
pub fn unpack<H: DeserializeOwned>(bytes: &[u8]) -> Result<(H, &[u8]), EngineError> {
    let (length, rest) = bytes
        .split_first_chunk::<8>()
        .ok_or_else(|| broken("it is too short"))?;
    let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
    let (head, profile) = rest
        .split_at_checked(length)
        .ok_or_else(|| broken("it is too short"))?;
    Ok((serde_json::from_slice(head).map_err(fault)?, profile))
}
