//! The values of a column as categories.
//!
//! The baseline's categories are counted exactly, always. Of the others, up to a limit are; past it those with the
//! smallest hashes stay with exact counts and the rest are counted together: which ones stay depends on the set of
//! values alone (bottom-k sampling, Cohen & Kaplan 2007, "Summarizing data using bottom-k sketches"), so merging is
//! exact. Does not know which values are allowed.

use super::distinct::{DistinctState, hash_text};
use crate::summary::CategoricalSummary;
use crate::summary::Distinct;
use hashbrown::HashTable;
use serde::{Deserialize, Serialize};

/// Texts longer than this many bytes are named by their beginning and their hash.
pub const MAX_TEXT_BYTES: usize = 256;

/// Category counts of a column.
///
/// Written down without its index: what was read can be merged into another, and nothing else.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Categories {
    n: u64,
    limit: usize,
    /// Hashes above this were dropped at least once, so a newcomer above it cannot be counted exactly.
    admitted_below: Option<u64>,
    n_known: usize,
    entries: Vec<Entry>,
    texts: Vec<u8>,
    #[serde(skip)]
    table: HashTable<u32>,
    #[serde(skip)]
    booleans: Option<[Box<[u8]>; 2]>,
    /// Fed when a text is met for the first time, admitted or not; known categories join at the end.
    newcomers: DistinctState,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Entry {
    hash: u64,
    start: u32,
    end: u32,
    count: u64,
}

impl Categories {
    /// Counts `known` categories for ever and up to `limit` others.
    pub fn new<'a>(known: impl IntoIterator<Item = &'a str>, limit: usize) -> Self {
        let mut categories = Self {
            n: 0,
            limit,
            admitted_below: None,
            n_known: 0,
            entries: Vec::new(),
            texts: Vec::new(),
            table: HashTable::new(),
            booleans: None,
            newcomers: DistinctState::default(),
        };
        let (mut yes, mut no) = (None, None);
        for text in known {
            categories.bump(text.as_bytes(), 0);
            if text.eq_ignore_ascii_case("true") {
                yes = Some(text.as_bytes().into());
            } else if text.eq_ignore_ascii_case("false") {
                no = Some(text.as_bytes().into());
            }
        }
        categories.n_known = categories.entries.len();
        if let (Some(yes), Some(no)) = (yes, no) {
            categories.booleans = Some([no, yes]);
        }
        categories
    }

    /// Adds one present cell.
    #[inline]
    pub fn add(&mut self, text: &[u8]) {
        self.n += 1;
        self.bump(text, 1);
    }

    /// Adds one boolean cell, in the spelling the baseline uses (`True` from a CSV is `true` in JSON).
    pub fn add_boolean(&mut self, text: &[u8]) {
        match &self.booleans {
            Some(spelling) => {
                let text = spelling[usize::from(text.eq_ignore_ascii_case(b"true"))].clone();
                self.add(&text);
            }
            None => self.add(text),
        }
    }

    #[inline]
    fn bump(&mut self, text: &[u8], weight: u64) {
        if text.len() > MAX_TEXT_BYTES {
            self.bump_short(shorten(text).as_bytes(), weight);
        } else {
            self.bump_short(text, weight);
        }
    }

    #[inline]
    fn bump_short(&mut self, text: &[u8], weight: u64) {
        let hash = hash_text(text);
        let Self {
            entries,
            texts,
            table,
            ..
        } = self;
        let found = table.find(hash, |&idx| {
            let entry = &entries[idx as usize];
            entry.hash == hash && &texts[entry.start as usize..entry.end as usize] == text
        });
        if let Some(&idx) = found {
            entries[idx as usize].count += weight;
        } else {
            self.admit(hash, text, weight);
        }
    }

    fn admit(&mut self, hash: u64, text: &[u8], weight: u64) {
        if weight > 0 {
            self.newcomers.add_all([hash]);
        }
        if self.admitted_below.is_some_and(|below| hash >= below) {
            return;
        }
        let start = self.texts.len() as u32;
        self.texts.extend_from_slice(text);
        let idx = self.entries.len() as u32;
        self.entries.push(Entry {
            hash,
            start,
            end: self.texts.len() as u32,
            count: weight,
        });
        let entries = &self.entries;
        self.table
            .insert_unique(hash, idx, |&idx| entries[idx as usize].hash);
        if self.entries.len() - self.n_known > 2 * self.limit {
            self.shrink();
        }
    }

    /// Keeps the known entries and the `limit` others with the smallest hashes.
    fn shrink(&mut self) {
        if self.n_known == 0 && self.limit == usize::MAX || self.entries.len() - self.n_known <= self.limit {
            return;
        }
        let mut others = self.entries.split_off(self.n_known);
        others.sort_unstable_by_key(|entry| entry.hash);
        self.admitted_below = Some(others[self.limit].hash);
        others.truncate(self.limit);
        self.entries.append(&mut others);
        let mut texts = Vec::new();
        for entry in &mut self.entries {
            let text = &self.texts[entry.start as usize..entry.end as usize];
            entry.start = texts.len() as u32;
            texts.extend_from_slice(text);
            entry.end = texts.len() as u32;
        }
        self.texts = texts;
        self.table.clear();
        let entries = &self.entries;
        for idx in 0..entries.len() as u32 {
            self.table
                .insert_unique(entries[idx as usize].hash, idx, |&idx| entries[idx as usize].hash);
        }
    }

    /// Whether what was read can be merged.
    pub(super) fn is_sound(&self) -> bool {
        let inside = |entry: &Entry| entry.start <= entry.end && entry.end as usize <= self.texts.len();
        self.newcomers.is_sound() && self.entries.iter().all(inside)
    }

    /// Adds what `other`, of the same plan, has seen.
    pub fn merge(&mut self, other: &Self) {
        self.n += other.n;
        self.newcomers.merge(&other.newcomers);
        if let Some(theirs) = other.admitted_below {
            self.admitted_below = Some(self.admitted_below.map_or(theirs, |ours| ours.min(theirs)));
            self.drop_inadmissible();
        }
        for entry in &other.entries {
            self.bump_short(
                &other.texts[entry.start as usize..entry.end as usize],
                entry.count,
            );
        }
    }

    fn drop_inadmissible(&mut self) {
        let Some(below) = self.admitted_below else { return };
        let known = self.n_known;
        let mut idx = 0;
        self.entries.retain(|entry| {
            idx += 1;
            idx <= known || entry.hash < below
        });
        self.table.clear();
        let entries = &self.entries;
        for idx in 0..entries.len() as u32 {
            self.table
                .insert_unique(entries[idx as usize].hash, idx, |&idx| entries[idx as usize].hash);
        }
    }

    /// Present cells seen.
    pub fn n(&self) -> u64 {
        self.n
    }

    /// Counts, most frequent first.
    pub fn finish(mut self) -> CategoricalSummary {
        self.shrink();
        let mut counts: Vec<(String, u64)> = self
            .entries
            .iter()
            .filter(|entry| entry.count > 0)
            .map(|entry| {
                let text = &self.texts[entry.start as usize..entry.end as usize];
                (String::from_utf8_lossy(text).into_owned(), entry.count)
            })
            .collect();
        counts.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let n_counted: u64 = counts.iter().map(|(_, count)| count).sum();
        let complete = self.admitted_below.is_none();
        let distinct = if complete {
            Distinct::Exact(counts.len() as u64)
        } else {
            let known = self.entries[..self.n_known]
                .iter()
                .filter(|entry| entry.count > 0);
            self.newcomers.add_all(known.map(|entry| entry.hash));
            self.newcomers.finish()
        };
        CategoricalSummary {
            n: self.n,
            distinct,
            counts,
            n_other: self.n - n_counted,
            complete,
        }
    }
}

/// The first 64 bytes (cut at a character) and the 128-bit XXH3 of the whole.
fn shorten(text: &[u8]) -> String {
    let head = String::from_utf8_lossy(&text[..64]);
    format!(
        "{}…#{:032x}",
        head.trim_end_matches('\u{fffd}'),
        xxhash_rust::xxh3::xxh3_128(text)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[u16], limit: usize) -> Categories {
        let mut categories = Categories::new(["3", "5"], limit);
        for value in values {
            categories.add(value.to_string().as_bytes());
        }
        categories
    }

    #[test]
    fn booleans_take_the_spelling_of_the_baseline() {
        let mut categories = Categories::new(["True", "False"], 10);
        categories.add_boolean(b"true");
        categories.add_boolean(b"False");
        let counts = categories.finish().counts;
        assert_eq!(counts, [("False".to_owned(), 1), ("True".to_owned(), 1)]);
    }

    #[test]
    fn a_long_text_is_named_by_its_beginning_and_hash() {
        let mut categories = Categories::new([], 10);
        categories.add(&vec![b'x'; 100_000]);
        categories.add(&vec![b'x'; 100_001]);
        let summary = categories.finish();
        assert_eq!(summary.counts.len(), 2);
        assert!(summary.counts.iter().all(|(text, _)| text.len() < 110));
    }

    proptest! {
        #[test]
        fn merge_is_concatenation(
            values in prop::collection::vec(0u16..200, 0..400), cut in 0usize..400, limit in 1usize..50,
        ) {
            let cut = cut.min(values.len());
            let mut merged = of(&values[cut..], limit);
            merged.merge(&of(&values[..cut], limit));
            let merged = merged.finish();
            let mut reversed = values.clone();
            reversed.reverse();
            prop_assert_eq!(&merged, &of(&values, limit).finish());
            prop_assert_eq!(&merged, &of(&reversed, limit).finish());
            for known in ["3", "5"] {
                let n = values.iter().filter(|v| v.to_string() == known).count() as u64;
                let counted = merged.counts.iter().find(|(text, _)| text == known).map_or(0, |(_, n)| *n);
                prop_assert_eq!(counted, n);
            }
        }
    }
}
