//! Rows of the baseline by time block, on the coarse partition.
//!
//! A function of the multiset of rows: the block length is the shortest of [`BLOCK_SECONDS`] (then doubling) for which
//! at most [`MAX_BLOCKS`] blocks (fewer for wide data) have a row, whatever the order the rows came in and however they
//! were split over threads. Does not know tests (`calibration`).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::partition::Partition;
use crate::view::ColumnView;

/// Lengths a block may have, seconds; each divides the next, and up to a day each divides a day.
pub const BLOCK_SECONDS: [i64; 9] = [
    300, 900, 3_600, 10_800, 21_600, 43_200, 86_400, 604_800, 2_419_200,
];
/// Blocks kept, at most.
pub const MAX_BLOCKS: usize = 1_024;
/// Blocks kept of data however wide.
const MIN_BLOCKS: usize = 64;
/// Counters held by one `BlockCounts`, about: 2^23 of 4 bytes.
const MAX_COUNTERS: usize = 1 << 23;
/// Blocks of 28 days · 2^32 hold every time there is.
const MAX_LEVEL: usize = BLOCK_SECONDS.len() + 31;
/// Slot of a row without a time.
const NO_SLOT: u32 = u32::MAX;

/// Rows by block and cell.
#[derive(Debug, Clone)]
pub struct BlockCounts {
    partition: Arc<Partition>,
    /// Which length blocks have, see [`seconds_of`].
    level: usize,
    /// Slot of each block, by block index since the epoch.
    slots: BTreeMap<i64, u32>,
    /// Rows of each slot, one row of counters per slot.
    counts: Vec<u32>,
    n_without_time: u64,
    limit: usize,
}

/// Where the rows of a batch belong; valid until the next [`BlockCounts::place`].
#[derive(Debug, Clone, Default)]
pub struct Placement {
    slots: Vec<u32>,
}

impl BlockCounts {
    /// No rows yet.
    pub fn new(partition: Arc<Partition>) -> Self {
        let limit = (MAX_COUNTERS / partition.n_cells().max(1)).clamp(MIN_BLOCKS, MAX_BLOCKS);
        Self {
            partition,
            level: 0,
            slots: BTreeMap::new(),
            counts: Vec::new(),
            n_without_time: 0,
            limit,
        }
    }

    /// Finds the blocks of a batch's rows, given each row's time in seconds since the epoch. Rows without a time are
    /// counted and belong nowhere. `placement` is scratch memory.
    pub fn place(&mut self, seconds: &[Option<i64>], placement: &mut Placement) {
        for second in seconds.iter().flatten() {
            let block = second.div_euclid(seconds_of(self.level));
            if !self.slots.contains_key(&block) {
                self.open(block);
            }
        }
        placement.slots.clear();
        let length = seconds_of(self.level);
        placement.slots.extend(seconds.iter().map(|second| {
            match second {
                Some(second) => self
                    .slots
                    .get(&second.div_euclid(length))
                    .copied()
                    .unwrap_or(NO_SLOT),
                None => NO_SLOT,
            }
        }));
        self.n_without_time += seconds.iter().filter(|second| second.is_none()).count() as u64;
    }

    /// Counts the cells of column `column_idx` (in the order of [`Partition::columns`]) of a placed batch.
    pub fn update(&mut self, column_idx: usize, view: &ColumnView<'_>, placement: &Placement) {
        let width = self.partition.n_cells();
        let range = self.partition.range(column_idx);
        let Some(column) = self.partition.columns().get(column_idx) else {
            return;
        };
        for (row, &slot) in placement.slots.iter().enumerate() {
            if slot == NO_SLOT {
                continue;
            }
            if let Some(cell) = column.cell_of(view, row)
                && let Some(count) = self.counts.get_mut(slot as usize * width + range.start + cell)
            {
                *count = count.saturating_add(1);
            }
        }
    }

    /// Adds what `other`, of the same partition, has counted.
    pub fn merge(&mut self, mut other: Self) {
        while self.level < other.level {
            self.coarsen();
        }
        while other.level < self.level {
            other.coarsen();
        }
        let width = self.partition.n_cells();
        for &block in other.slots.keys() {
            let second = block.saturating_mul(seconds_of(other.level));
            let ours = second.div_euclid(seconds_of(self.level));
            if !self.slots.contains_key(&ours) {
                self.open(ours);
            }
        }
        for (&block, &slot) in &other.slots {
            let second = block.saturating_mul(seconds_of(other.level));
            let Some(&ours) = self.slots.get(&second.div_euclid(seconds_of(self.level))) else {
                continue;
            };
            let (from, to) = (slot as usize * width, ours as usize * width);
            for cell in 0..width {
                self.counts[to + cell] = self.counts[to + cell].saturating_add(other.counts[from + cell]);
            }
        }
        self.n_without_time += other.n_without_time;
    }

    /// The partition counted on.
    pub fn partition(&self) -> &Arc<Partition> {
        &self.partition
    }

    /// Blocks with a row.
    pub fn n_blocks(&self) -> usize {
        self.slots.len()
    }

    /// Length of a block, seconds.
    pub fn block_seconds(&self) -> i64 {
        seconds_of(self.level)
    }

    /// Rows that had no time.
    pub fn n_without_time(&self) -> u64 {
        self.n_without_time
    }

    /// Blocks with a row, ascending: index since the epoch, and the slot its counts lie in.
    pub(super) fn blocks(&self) -> impl Iterator<Item = (i64, usize)> {
        self.slots.iter().map(|(&block, &slot)| (block, slot as usize))
    }

    /// Counts of column `column_idx` in one slot.
    pub(super) fn counts(&self, slot: usize, column_idx: usize) -> &[u32] {
        let width = self.partition.n_cells();
        let range = self.partition.range(column_idx);
        self.counts
            .get(slot * width + range.start..slot * width + range.end)
            .unwrap_or(&[])
    }

    /// Makes a block, and makes all blocks longer while there are too many.
    fn open(&mut self, block: i64) {
        let slot = self.slots.len() as u32;
        self.slots.insert(block, slot);
        self.counts.resize(self.slots.len() * self.partition.n_cells(), 0);
        while self.slots.len() > self.limit && self.level < MAX_LEVEL {
            self.coarsen();
        }
    }

    /// Moves to the next block length.
    fn coarsen(&mut self) {
        let ratio = seconds_of(self.level + 1) / seconds_of(self.level);
        let width = self.partition.n_cells();
        let (mut slots, mut counts) = (BTreeMap::new(), Vec::new());
        for (&block, &slot) in &self.slots {
            let next = slots.len() as u32;
            let to = *slots.entry(block.div_euclid(ratio)).or_insert(next) as usize;
            counts.resize(slots.len() * width, 0u32);
            for cell in 0..width {
                let more = self.counts[slot as usize * width + cell];
                counts[to * width + cell] = counts[to * width + cell].saturating_add(more);
            }
        }
        (self.slots, self.counts) = (slots, counts);
        self.level += 1;
    }
}

/// Block length of a level: [`BLOCK_SECONDS`], then doubling.
fn seconds_of(level: usize) -> i64 {
    let last = BLOCK_SECONDS.len() - 1;
    if level <= last {
        BLOCK_SECONDS[level]
    } else {
        BLOCK_SECONDS[last] << (level - last)
    }
}
