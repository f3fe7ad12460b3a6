//! Weighted points as a KLL sketch and its ten buckets, and a sketch read back as weighted points.
//!
//! KLL (Karnin, Lang, Liberty 2016) keeps items in levels; an item of level `i` stands for `2^i` rows. Building one
//! by compaction needs random or alternating choices and depends on arrival order; from *sorted* points the best
//! sketch of the same format is known outright, and that is what stands here: the same points give the same bytes.
//! Does not know columns, types or JSON.
//!
//! **Bound.** For `n ≤ 2048` every row is an item of level 0 and the sketch is exact. For larger `n`, rows in rank
//! order are cut into blocks of `2^h`, the smallest power with at most 2048 whole blocks, the rest into blocks of
//! falling powers of two; each block's middle row stands for it. A rank read from the sketch is then off by at most
//! half a block: `2^h / 2 ≤ n / 2048` rows.

use super::statistics::{Kll, KllBucket, KllParameters, KllSketch};
use crate::summary::WeightedPoints;

/// Items of the top level (`k`), as Model Monitor's files say.
pub const KLL_SKETCH_SIZE: u64 = 2048;
/// Shrinking factor (`c`), as Model Monitor's files say. Nothing is compacted here, so nothing shrinks by it.
pub const KLL_SHRINKING_FACTOR: f64 = 0.64;
/// Buckets of a distribution; readers accept no other number.
const N_BUCKETS: usize = 10;

/// Buckets and sketch of `points`, all within `min..=max`. With `whole_numbers`, values read from between two grid
/// edges are rounded to one.
pub(super) fn kll(points: &WeightedPoints, min: f64, max: f64, whole_numbers: bool) -> Kll {
    let points = &within(points, min, max);
    Kll {
        buckets: buckets(points, min, max),
        sketch: Some(KllSketch {
            parameters: Some(KllParameters {
                c: KLL_SHRINKING_FACTOR,
                k: KLL_SKETCH_SIZE as f64,
            }),
            data: sketch_levels(points, whole_numbers),
        }),
    }
}

/// The points with their extents cut to `min..=max`: the outer gaps of a grid reach past what was counted.
fn within(points: &WeightedPoints, min: f64, max: f64) -> WeightedPoints {
    let mut points = points.clone();
    for (low, high) in points.extents.iter_mut().flatten() {
        (*low, *high) = (low.clamp(min, max), high.clamp(min, max));
    }
    points
}

/// The levels of a deterministic KLL sketch (see the module's bound); `Σ items × 2^level` is the sum of weights.
pub fn sketch_levels(points: &WeightedPoints, whole_numbers: bool) -> Vec<Vec<f64>> {
    let n = points.n();
    let mut height = 0u32;
    while n >> height > KLL_SKETCH_SIZE {
        height += 1;
    }
    let mut levels = vec![Vec::new(); height as usize + 1];
    let mut ranks = RankReader {
        points,
        whole_numbers,
        point_idx: 0,
        n_before: 0,
    };
    let mut start = 0;
    for level in (0..=height).rev() {
        let size = 1u64 << level;
        let n_blocks = if level == height {
            n >> height
        } else {
            (n >> level) & 1
        };
        for _ in 0..n_blocks {
            levels[level as usize].push(ranks.value_at(start + size / 2));
            start += size;
        }
    }
    levels
}

/// Reads values at rising ranks from weighted points.
struct RankReader<'a> {
    points: &'a WeightedPoints,
    whole_numbers: bool,
    point_idx: usize,
    n_before: u64,
}

impl RankReader<'_> {
    /// The value of the row `rank` (from 0, below `n`, never falling between calls) in sorted order.
    fn value_at(&mut self, rank: u64) -> f64 {
        while rank >= self.n_before + self.points.weights[self.point_idx] {
            self.n_before += self.points.weights[self.point_idx];
            self.point_idx += 1;
        }
        let value = self.points.values[self.point_idx];
        let Some((low, high)) = self
            .points
            .extents
            .as_ref()
            .map(|extents| extents[self.point_idx])
        else {
            return value;
        };
        let share = ((rank - self.n_before) as f64 + 0.5) / self.points.weights[self.point_idx] as f64;
        let inside = between(low, high, share);
        // The whole numbers strictly inside an open gap; its rims are atoms of their own.
        let (first, last) = (low.floor() + 1.0, high.ceil() - 1.0);
        if self.whole_numbers && first <= last {
            inside.round().clamp(first, last)
        } else {
            inside
        }
    }
}

/// The point a share of the way from `low` to `high`, also where `high − low` overflows.
fn between(low: f64, high: f64, share: f64) -> f64 {
    let range = high - low;
    let value = if range.is_finite() {
        low + range * share
    } else {
        low * (1.0 - share) + high * share
    };
    value.clamp(low, high)
}

/// Ten buckets of equal width from `min` to `max`, the last one closed; where `min = max`, all rows are in the last.
///
/// Counts are exact for exact points. Points with extents are spread evenly over them and the cumulative counts
/// rounded, so that the buckets still sum to `n`.
fn buckets(points: &WeightedPoints, min: f64, max: f64) -> Vec<KllBucket> {
    let n = points.n();
    let range = max - min;
    let edge = |idx: usize| {
        let upper = min + range * idx as f64 / N_BUCKETS as f64;
        if upper.is_finite() {
            upper
        } else {
            between(min, max, idx as f64 / N_BUCKETS as f64)
        }
    };
    let mut n_below_lower = 0;
    (0..N_BUCKETS)
        .map(|idx| {
            let (lower_bound, upper_bound) = (edge(idx), edge(idx + 1));
            let is_last = idx + 1 == N_BUCKETS;
            let n_below_upper = if is_last {
                n
            } else {
                n_below(points, upper_bound).max(n_below_lower)
            };
            let count = (n_below_upper - n_below_lower) as f64;
            n_below_lower = n_below_upper;
            KllBucket {
                lower_bound,
                upper_bound,
                count,
            }
        })
        .collect()
}

/// Rows below `limit`; interpolated inside extents and rounded.
fn n_below(points: &WeightedPoints, limit: f64) -> u64 {
    let Some(extents) = &points.extents else {
        let n_values = points.values.partition_point(|&value| value < limit);
        return points.weights[..n_values].iter().sum();
    };
    let rows = extents
        .iter()
        .zip(&points.weights)
        .map(|(&(low, high), &weight)| {
            if high < limit || (low < high && high <= limit) {
                weight as f64
            } else if low >= limit {
                0.0
            } else {
                weight as f64 * share_below(low, high, limit)
            }
        });
    rows.sum::<f64>().round() as u64
}

fn share_below(low: f64, high: f64, limit: f64) -> f64 {
    let range = high - low;
    let share = if range.is_finite() {
        (limit - low) / range
    } else {
        (limit / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0)
    };
    share.clamp(0.0, 1.0)
}

/// The points of a sketch's levels: weights `2^level`, equal values together. `None` where a value is not finite
/// or the weights pass 2^63.
pub(super) fn points_of_levels(levels: &[Vec<f64>]) -> Option<WeightedPoints> {
    let mut items: Vec<(f64, u64)> = Vec::new();
    for (level, values) in levels.iter().enumerate().filter(|(_, values)| !values.is_empty()) {
        let weight = 1u64
            .checked_shl(u32::try_from(level).ok()?)
            .filter(|_| level < 63)?;
        items.extend(values.iter().map(|&value| (value, weight)));
    }
    points_of_items(items)
}

/// The points of buckets where there is no sketch: all rows of a bucket at its middle, with the bucket as extent.
pub(super) fn points_of_buckets(buckets: &[KllBucket]) -> Option<WeightedPoints> {
    let mut points = WeightedPoints {
        extents: Some(Vec::new()),
        ..WeightedPoints::default()
    };
    for bucket in buckets.iter().filter(|bucket| bucket.count >= 0.5) {
        let (low, high) = (bucket.lower_bound, bucket.upper_bound);
        let middle = between(low, high.max(low), 0.5);
        if points.values.last().is_some_and(|&last| last >= middle) {
            return None;
        }
        points.values.push(middle);
        points.weights.push(bucket.count.round() as u64);
        points.extents.get_or_insert_default().push((low, high));
    }
    Some(points)
}

fn points_of_items(mut items: Vec<(f64, u64)>) -> Option<WeightedPoints> {
    if items.iter().any(|(value, _)| !value.is_finite()) {
        return None;
    }
    items.sort_unstable_by(|left, right| left.0.total_cmp(&right.0));
    let mut points = WeightedPoints::default();
    let mut n = 0u64;
    for (value, weight) in items {
        n = n.checked_add(weight)?;
        let value = if value == 0.0 { 0.0 } else { value };
        match points.weights.last_mut() {
            Some(last) if points.values.last() == Some(&value) => *last += weight,
            _ => {
                points.values.push(value);
                points.weights.push(weight);
            }
        }
    }
    Some(points)
}
