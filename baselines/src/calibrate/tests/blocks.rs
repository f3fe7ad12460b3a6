//! Counting by time block does not depend on order or on how rows were split. Does not test what is made of the counts.

use std::sync::Arc;

use proptest::prelude::*;

use super::super::{BLOCK_SECONDS, Partition};
use super::{Cells, baseline, block_counts};

fn read_out(blocks: &super::BlockCounts) -> Vec<(i64, Vec<u32>)> {
    blocks
        .blocks()
        .map(|(block, slot)| (block, blocks.counts(slot, 0).to_vec()))
        .collect()
}

fn numbers(rows: &[(i64, u32)]) -> Vec<(&'static str, Cells)> {
    let values = rows
        .iter()
        .map(|(_, value)| (*value > 0).then(|| f64::from(*value)));
    vec![("x", Cells::Numbers(values.collect()))]
}

fn times(rows: &[(i64, u32)]) -> Vec<Option<i64>> {
    rows.iter()
        .map(|(second, _)| (second % 7 != 0).then_some(*second))
        .collect()
}

proptest! {
    #[test]
    fn merge_is_concatenation_in_any_order(
        rows in prop::collection::vec((-3_000_000i64..3_000_000, 0u32..9), 1..300), cut in 0usize..300,
    ) {
        let columns = numbers(&rows);
        let partition = Arc::new(Partition::of(&baseline(&columns)));
        let count = |rows: &[(i64, u32)]| block_counts(&partition, &numbers(rows), &times(rows));
        let whole = count(&rows);
        let cut = cut.min(rows.len());
        let mut merged = count(&rows[cut..]);
        merged.merge(count(&rows[..cut]));
        let mut reversed = rows.clone();
        reversed.reverse();
        let reversed = count(&reversed);
        prop_assert_eq!(read_out(&whole), read_out(&merged));
        prop_assert_eq!(read_out(&whole), read_out(&reversed));
        prop_assert_eq!(whole.n_without_time(), merged.n_without_time());
        let counted: u32 = read_out(&whole).iter().flat_map(|(_, cells)| cells).sum();
        prop_assert_eq!(u64::from(counted) + whole.n_without_time(), rows.len() as u64);
    }
}

#[test]
fn blocks_become_longer_when_there_are_too_many() {
    let rows: Vec<(i64, u32)> = (0..5000)
        .map(|idx| (idx * 1800 + 1, 1 + idx as u32 % 3))
        .collect();
    let partition = Arc::new(Partition::of(&baseline(&numbers(&rows))));
    let blocks = block_counts(&partition, &numbers(&rows), &times(&rows));
    // 5,000 half hours are 104 days: three-hour blocks are the shortest with at most 1,024.
    assert_eq!(blocks.block_seconds(), 10_800);
    assert!(blocks.n_blocks() <= 1024 && BLOCK_SECONDS.contains(&blocks.block_seconds()));
    // Years apart, however far.
    let far: Vec<(i64, u32)> = (0..3000i64).map(|idx| (idx * 1_000_000_000 + 1, 1)).collect();
    let blocks = block_counts(&partition, &numbers(&far), &times(&far));
    assert!(blocks.n_blocks() <= 1024);
}
