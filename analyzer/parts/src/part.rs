//! The partial profile of one object's records of one window, and its written form.
//!
//! [`scan::share::pack`] of a head and, behind it, event ids (8 bytes each, little endian) and the bytes of a profile. A part
//! of a window that the object may hold and does not has no profile: that it was looked at is what it says. Does not know
//! other parts.

use crate::layout::Span;
use scan::share::{PartHead, pack, unpack};
use scan::{EngineError, ErrorKind, RecordCounts, ScannedObject};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};

/// What comes with the profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Form: `1`.
    pub version: String,
    /// Content key of the object.
    pub content: String,
    /// Key of the object's head in the store, without the extension.
    pub place: String,
    /// Where the object is.
    pub location: String,
    /// First second inside the window.
    pub start: i64,
    /// First second outside.
    pub end: i64,
    /// Digest of the baseline it was counted for.
    pub baseline: String,
    /// Digest of the layout the object was decoded with.
    pub layout: String,
    /// Digest of layout and plan it was counted with.
    pub plan: String,
    /// What became of the lines; ids are not in it.
    pub counted: PartHead,
    /// Event ids behind the head, by hour of their inference, sorted: how many of each.
    pub ids: Vec<(i64, u64)>,
    /// What the object's first records look like.
    pub look: scan::probe::Look,
}

/// A part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What comes with it.
    pub head: Head,
    /// Event ids of its records, sorted within each hour.
    pub ids: Vec<u64>,
    /// [`Profile::to_bytes`](baselines::profile::Profile::to_bytes); empty where no row is inside.
    pub profile: Vec<u8>,
}

fn damaged(key: &str, what: &str) -> EngineError {
    EngineError::new(ErrorKind::Storage, format!("part {key} cannot be used: {what}"))
        .with_hint("delete it and analyze again: it is made anew from the object's columns")
}

impl Part {
    /// Written form.
    pub fn to_bytes(&self) -> Result<Vec<u8>, EngineError> {
        let mut rest = Vec::with_capacity(self.ids.len() * 8 + self.profile.len());
        rest.extend(self.ids.iter().flat_map(|id| id.to_le_bytes()));
        rest.extend_from_slice(&self.profile);
        pack(&self.head, &rest)
    }

    /// Reads it; `key` names it in errors.
    pub fn from_bytes(bytes: &[u8], key: &str) -> Result<Self, EngineError> {
        let (head, rest): (Head, _) = unpack(bytes)
            .map_err(|error| damaged(key, "it is cut or of another version").with_source(error))?;
        if head.version != "1" {
            return Err(damaged(key, "it has another version than 1"));
        }
        let n_ids = head
            .ids
            .iter()
            .try_fold(0u64, |sum, (_, n)| sum.checked_add(*n))
            .and_then(|n| usize::try_from(n).ok()?.checked_mul(8))
            .ok_or_else(|| damaged(key, "it counts more event ids than there are bytes"))?;
        let (ids, profile) = rest
            .split_at_checked(n_ids)
            .ok_or_else(|| damaged(key, "it ends within its event ids"))?;
        let ids = ids
            .as_chunks::<8>()
            .0
            .iter()
            .map(|bytes| u64::from_le_bytes(*bytes));
        Ok(Self {
            ids: ids.collect(),
            profile: profile.to_vec(),
            head,
        })
    }

    /// Ids with the hour of their inference: what tells one delivery from another.
    pub fn hourly_ids(&self) -> impl Iterator<Item = (i64, u64)> {
        let mut ids = self.ids.iter();
        self.head.ids.iter().flat_map(move |(hour, n)| {
            let of_hour: Vec<(i64, u64)> = ids
                .by_ref()
                .take(usize::try_from(*n).unwrap_or(usize::MAX))
                .map(|id| (*hour, *id))
                .collect();
            of_hour
        })
    }

    /// Its window.
    pub fn span(&self) -> Span {
        Span {
            start: self.head.start,
            end: self.head.end,
        }
    }
}

/// Ids to the form of a part.
pub(crate) fn sorted_ids(ids: HashSet<(i64, u64)>) -> (Vec<(i64, u64)>, Vec<u64>) {
    let mut ids: Vec<(i64, u64)> = ids.into_iter().collect();
    ids.sort_unstable();
    let mut hours: Vec<(i64, u64)> = Vec::new();
    for (hour, _) in &ids {
        match hours.last_mut() {
            Some((last, n)) if last == hour => *n += 1,
            _ => hours.push((*hour, 1)),
        }
    }
    (hours, ids.into_iter().map(|(_, id)| id).collect())
}

/// Counts of a part that nothing was counted for yet.
pub(crate) fn empty_counts(object: ScannedObject) -> PartHead {
    PartHead {
        records: RecordCounts::default(),
        objects: vec![object],
        volume: BTreeMap::new(),
        seconds: None,
        event_ids: Vec::new(),
    }
}
