//! Predictions with their labels, by id.
//!
//! Ids are 128-bit hashes. Both sides are cut into partitions by the top bits of the id, sorted there, and joined with
//! polars (`polars-ops`, inner hash join on the low 64 bits; pairs whose whole ids differ are dropped), so that memory
//! beyond the columns themselves is one partition per thread. The result is in the order of ids: the same whatever
//! order, file or hour rows and labels came in. A label joins every record with its id (contract §4.1).
//!
//! Which label wins: of several for one row the one with the latest time; at the same time the greatest value. Does not
//! read and does not measure.

use super::gather::{Gathered, Kind, NO_TIME};
use super::labels::Labels;
use super::read::{Rows, SINGLE};
use crate::error::{EngineError, ErrorKind};
use polars_core::prelude::{Column, DataFrame};
use polars_ops::frame::DataFrameJoinOps as _;
use std::cmp::Ordering;
use std::sync::atomic::{AtomicUsize, Ordering as AtomicOrdering};

/// In place of an index: no label.
pub(crate) const NO_LABEL: u32 = u32::MAX;
/// Rows a partition has, about.
const ROWS_PER_PARTITION: usize = 1 << 18;

/// How the two sides met. Label counts are of labelled rows, not of records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct JoinCounts {
    /// Rows predicted, each delivery of a record counted once.
    pub predictions: u64,
    /// Rows of records that were delivered again: left out.
    pub redelivered: u64,
    /// Rows whose id another record has too; a label joins each.
    pub repeated_ids: u64,
    /// Rows without an id: nothing can join them.
    pub without_id: u64,
    /// Rows with a label.
    pub labelled: u64,
    /// Rows without one.
    pub unlabelled: u64,
    /// Labels read.
    pub labels: u64,
    /// Labels that say again what another says: counted once.
    pub duplicate_labels: u64,
    /// Labels that a later one of another value replaced.
    pub superseded_labels: u64,
    /// Rows that had labels of different values.
    pub conflicting_rows: u64,
    /// Labels of records that were refused.
    pub labels_of_rejected: u64,
    /// Labels whose record has another number of rows: which row they are of is not known.
    pub row_count_mismatch: u64,
    /// Labels of no record of the window.
    pub orphans: u64,
}

impl JoinCounts {
    fn add(&mut self, other: &Self) {
        self.predictions += other.predictions;
        self.redelivered += other.redelivered;
        self.repeated_ids += other.repeated_ids;
        self.without_id += other.without_id;
        self.labelled += other.labelled;
        self.unlabelled += other.unlabelled;
        self.labels += other.labels;
        self.duplicate_labels += other.duplicate_labels;
        self.superseded_labels += other.superseded_labels;
        self.conflicting_rows += other.conflicting_rows;
        self.labels_of_rejected += other.labels_of_rejected;
        self.row_count_mismatch += other.row_count_mismatch;
        self.orphans += other.orphans;
    }
}

/// Rows in the order of their ids.
#[derive(Debug, Default)]
pub(crate) struct Joined {
    /// Index into the predictions.
    pub(crate) rows: Vec<u32>,
    /// Index into the labels, or [`NO_LABEL`].
    pub(crate) labels: Vec<u32>,
    /// When the row's first label came, or [`NO_TIME`].
    pub(crate) first_label: Vec<i64>,
    pub(crate) counts: JoinCounts,
}

/// A row as partitions sort it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    id: u128,
    place: u64,
}

impl Key {
    /// What polars joins on.
    fn folded(self) -> u64 {
        (self.id as u64) ^ (self.place & 0xffff_ffff).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

/// The label that counts for a row.
struct Winner {
    key: Key,
    idx: u32,
    first_second: i64,
}

/// Joins.
pub(crate) fn join(rows: &Rows, labels: &Labels, n_threads: usize) -> Result<Joined, EngineError> {
    for (what, n) in [("predictions", rows.len()), ("labels", labels.len())] {
        if n >= NO_LABEL as usize {
            return Err(EngineError::new(
                ErrorKind::Usage,
                format!("{n} {what} are more than one run can join, which is {NO_LABEL}"),
            )
            .with_hint("split the window with --start and --end"));
        }
    }
    let bits = (rows.len().max(labels.len()) / ROWS_PER_PARTITION)
        .max(1)
        .next_power_of_two()
        .trailing_zeros();
    let row_parts = partitioned(&rows.ids, bits);
    let label_parts = partitioned(&labels.ids, bits);
    let mut rejected = rows.rejected_ids.clone();
    rejected.sort_unstable();
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        loop {
            let part = next.fetch_add(1, AtomicOrdering::Relaxed);
            let (Some(of_rows), Some(of_labels)) = (row_parts.get(part), label_parts.get(part)) else {
                return Ok(done);
            };
            done.push((part, join_partition(rows, labels, of_rows, of_labels, &rejected)?));
        }
    };
    let results: Vec<Result<Vec<(usize, Joined)>, EngineError>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..n_threads.max(1)).map(|_| scope.spawn(worker)).collect();
        threads
            .into_iter()
            .map(|thread| {
                thread.join().unwrap_or_else(|_| {
                    Err(EngineError::new(ErrorKind::Internal, "a join thread ended early"))
                })
            })
            .collect()
    });
    let mut parts = Vec::new();
    for result in results {
        parts.extend(result?);
    }
    parts.sort_by_key(|(part, _)| *part);
    let mut joined = Joined::default();
    joined.rows.reserve_exact(rows.len());
    joined.labels.reserve_exact(rows.len());
    joined.first_label.reserve_exact(rows.len());
    for (_, part) in parts {
        joined.rows.extend(part.rows);
        joined.labels.extend(part.labels);
        joined.first_label.extend(part.first_label);
        joined.counts.add(&part.counts);
    }
    Ok(joined)
}

/// Indices by the top `bits` of their ids.
fn partitioned(ids: &[u128], bits: u32) -> Vec<Vec<u32>> {
    let part = |id: u128| {
        if bits == 0 {
            0
        } else {
            (id >> (128 - bits)) as usize
        }
    };
    let mut sizes = vec![0; 1 << bits];
    for id in ids {
        sizes[part(*id)] += 1;
    }
    let mut parts: Vec<Vec<u32>> = sizes.into_iter().map(Vec::with_capacity).collect();
    for (idx, id) in ids.iter().enumerate() {
        parts[part(*id)].push(idx as u32);
    }
    parts
}

fn join_partition(
    rows: &Rows,
    labels: &Labels,
    of_rows: &[u32],
    of_labels: &[u32],
    rejected: &[u128],
) -> Result<Joined, EngineError> {
    let mut joined = Joined::default();
    let kept = deliveries(rows, of_rows, &mut joined.counts);
    let winners = winners(labels, of_labels, &mut joined.counts);
    let pairs = matched(&kept, &winners).map_err(|error| {
        EngineError::new(
            ErrorKind::Internal,
            "polars could not join predictions and labels",
        )
        .with_source(error)
    })?;
    joined.rows = kept.iter().map(|(_, idx)| *idx).collect();
    joined.labels = vec![NO_LABEL; kept.len()];
    joined.first_label = vec![NO_TIME; kept.len()];
    let (mut met, mut wrong_count) = (vec![false; winners.len()], vec![false; winners.len()]);
    for (row, label) in pairs {
        let (key, winner) = (kept[row as usize].0, &winners[label as usize]);
        if key == winner.key && key.id != 0 {
            joined.labels[row as usize] = winner.idx;
            joined.first_label[row as usize] = winner.first_second;
            met[label as usize] = true;
        } else if key.id == winner.key.id {
            wrong_count[label as usize] = true;
        }
    }
    // A label past the last row of its record meets no row at all.
    for (winner, wrong) in winners.iter().zip(&mut wrong_count) {
        let from = kept.partition_point(|(key, _)| key.id < winner.key.id);
        let same_id = kept.get(from).is_some_and(|(key, _)| key.id == winner.key.id);
        *wrong |= same_id;
    }
    let counts = &mut joined.counts;
    for (label, winner) in winners.iter().enumerate().filter(|(label, _)| !met[*label]) {
        if wrong_count[label] {
            counts.row_count_mismatch += 1;
        } else if rejected.binary_search(&winner.key.id).is_ok() {
            counts.labels_of_rejected += 1;
        } else {
            counts.orphans += 1;
        }
    }
    counts.labelled = joined.labels.iter().filter(|label| **label != NO_LABEL).count() as u64;
    counts.predictions = kept.len() as u64;
    counts.unlabelled = counts.predictions - counts.labelled;
    Ok(joined)
}

/// The rows of a partition by id; of a record that was delivered more than once one delivery.
fn deliveries(rows: &Rows, of_rows: &[u32], counts: &mut JoinCounts) -> Vec<(Key, u32)> {
    let place = |idx: u32| rows.places.get(idx as usize).copied().unwrap_or(SINGLE);
    let event = |idx: u32| rows.events.get(idx as usize).copied().unwrap_or(0);
    let mut kept: Vec<(Key, u32)> = of_rows
        .iter()
        .map(|idx| {
            let key = Key {
                id: rows.ids[*idx as usize],
                place: place(*idx),
            };
            (key, *idx)
        })
        .collect();
    kept.sort_unstable_by(|(a, x), (b, y)| {
        a.cmp(b)
            .then_with(|| event(*x).cmp(&event(*y)))
            .then_with(|| rows.seconds[*x as usize].cmp(&rows.seconds[*y as usize]))
            .then_with(|| by_content(&rows.columns, *x as usize, *y as usize))
            .then_with(|| x.cmp(y))
    });
    let n = kept.len();
    kept.dedup_by(|(a, x), (b, y)| a == b && event(*x) != 0 && event(*x) == event(*y));
    counts.redelivered = (n - kept.len()) as u64;
    counts.without_id = kept.iter().filter(|(key, _)| key.id == 0).count() as u64;
    let same = |at: usize, other: Option<usize>| {
        other
            .and_then(|other| kept.get(other))
            .is_some_and(|(key, _)| *key == kept[at].0 && key.id != 0)
    };
    counts.repeated_ids = (0..kept.len())
        .filter(|at| same(*at, at.checked_sub(1)) || same(*at, Some(at + 1)))
        .count() as u64;
    kept
}

/// Orders rows that are alike in id and time by what they hold, so that the order of reading leaves no trace.
fn by_content<R>(columns: &[(R, Gathered)], x: usize, y: usize) -> Ordering {
    columns
        .iter()
        .map(|(_, column)| {
            let codes = column.codes.get(x).cmp(&column.codes.get(y));
            let numbers = match (column.numbers.get(x), column.numbers.get(y)) {
                (Some(a), Some(b)) => a.total_cmp(b),
                _ => Ordering::Equal,
            };
            codes.then(numbers)
        })
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// The label that counts for each row, by id.
fn winners(labels: &Labels, of_labels: &[u32], counts: &mut JoinCounts) -> Vec<Winner> {
    let place = |idx: u32| labels.places.get(idx as usize).copied().unwrap_or(SINGLE);
    let values = &labels.values;
    let by_value = |x: u32, y: u32| match values.kind {
        Kind::Number => values.numbers[x as usize].total_cmp(&values.numbers[y as usize]),
        _ => values.codes[x as usize].cmp(&values.codes[y as usize]),
    };
    let row = |key: &Key| (key.id, key.place & 0xffff_ffff);
    let mut sorted: Vec<(Key, u32)> = of_labels
        .iter()
        .map(|idx| {
            let key = Key {
                id: labels.ids[*idx as usize],
                place: place(*idx),
            };
            (key, *idx)
        })
        .collect();
    sorted.sort_unstable_by(|(a, x), (b, y)| {
        row(a)
            .cmp(&row(b))
            .then_with(|| labels.seconds[*x as usize].cmp(&labels.seconds[*y as usize]))
            .then_with(|| a.place.cmp(&b.place))
            .then_with(|| by_value(*x, *y))
            .then_with(|| x.cmp(y))
    });
    counts.labels = sorted.len() as u64;
    let mut winners = Vec::with_capacity(sorted.len());
    for group in sorted.chunk_by(|(a, _), (b, _)| row(a) == row(b)) {
        let (key, idx) = group[group.len() - 1];
        let n_same = group
            .iter()
            .filter(|(_, other)| by_value(*other, idx).is_eq())
            .count();
        let n_other = group.len() - n_same;
        counts.duplicate_labels += n_same as u64 - 1;
        counts.superseded_labels += n_other as u64;
        counts.conflicting_rows += u64::from(n_other > 0);
        let times = group.iter().map(|(_, idx)| labels.seconds[*idx as usize]);
        winners.push(Winner {
            key,
            idx,
            first_second: times.filter(|second| *second != NO_TIME).min().unwrap_or(NO_TIME),
        });
    }
    winners
}

/// Pairs of row and label with the same folded key.
fn matched(
    kept: &[(Key, u32)],
    winners: &[Winner],
) -> Result<Vec<(u32, u32)>, polars_core::error::PolarsError> {
    let frame = |name: &str, keys: Vec<u64>| {
        let idx: Vec<u32> = (0..keys.len() as u32).collect();
        let columns = vec![Column::new("key".into(), keys), Column::new(name.into(), idx)];
        DataFrame::new(columns[0].len(), columns)
    };
    if kept.is_empty() || winners.is_empty() {
        return Ok(Vec::new());
    }
    let left = frame("row", kept.iter().map(|(key, _)| key.folded()).collect())?;
    let right = frame(
        "label",
        winners.iter().map(|winner| winner.key.folded()).collect(),
    )?;
    let pairs = left.inner_join(&right, ["key"], ["key"])?;
    let rows = pairs.column("row")?.u32()?.clone();
    let labels = pairs.column("label")?.u32()?.clone();
    Ok(rows.into_no_null_iter().zip(labels.into_no_null_iter()).collect())
}
