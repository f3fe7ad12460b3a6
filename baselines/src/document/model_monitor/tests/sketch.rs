//! Sketches and buckets: their count, their bound, their edges. Does not test files.

use super::*;
use crate::document::model_monitor::kll::{kll, points_of_levels};

fn rank(points: &WeightedPoints, limit: f64) -> i128 {
    let n_values = points.values.partition_point(|&value| value <= limit);
    points.weights[..n_values]
        .iter()
        .map(|&weight| i128::from(weight))
        .sum()
}

fn any_points() -> impl Strategy<Value = WeightedPoints> {
    prop_oneof![
        prop::collection::vec(-1e6..1e6f64, 1..300).prop_map(WeightedPoints::from_values),
        prop::collection::vec((-50i32..50, 1u64..2000), 1..200).prop_map(|items| {
            let counts: BTreeMap<i32, u64> = items.into_iter().collect();
            WeightedPoints {
                values: counts.keys().map(|value| f64::from(*value)).collect(),
                weights: counts.values().copied().collect(),
                extents: None,
            }
        }),
        prop::collection::vec((0.001..10.0f64, 1u64..400), 1..300).prop_map(|items| {
            let mut points = WeightedPoints {
                extents: Some(Vec::new()),
                ..WeightedPoints::default()
            };
            let mut low = -100.0;
            for (width, weight) in items {
                points.values.push(low + width / 2.0);
                points.weights.push(weight);
                points.extents.get_or_insert_default().push((low, low + width));
                low += width;
            }
            points
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Σ items × 2^level is n, and ranks are off by at most n / 2048 rows (none for n ≤ 2048).
    #[test]
    fn sketches_keep_the_count_and_their_bound(points in any_points()) {
        let n = points.n();
        let levels = sketch_levels(&points, false);
        let read = points_of_levels(&levels).unwrap();
        prop_assert_eq!(read.n(), n);
        prop_assert!(levels.iter().map(Vec::len).sum::<usize>() as u64 <= KLL_SKETCH_SIZE + levels.len() as u64);
        if points.is_exact() {
            let bound = if n <= KLL_SKETCH_SIZE { 0 } else { i128::from(n / KLL_SKETCH_SIZE) };
            for &value in &points.values {
                prop_assert!((rank(&points, value) - rank(&read, value)).abs() <= bound);
            }
        }
        prop_assert_eq!(levels, sketch_levels(&points, false));
    }

    /// Ten buckets, contiguous, summing to n; exact for exact points.
    #[test]
    fn buckets_are_ten_and_sum_to_n(points in any_points()) {
        let ends = points.extents.as_ref().map(|extents| (extents[0].0, extents[extents.len() - 1].1));
        let (min, max) = ends.unwrap_or((points.values[0], points.values[points.values.len() - 1]));
        let buckets = kll(&points, min, max, false).buckets;
        prop_assert_eq!(buckets.len(), 10);
        prop_assert_eq!(buckets.iter().map(|bucket| bucket.count).sum::<f64>(), points.n() as f64);
        for (idx, bucket) in buckets.iter().enumerate() {
            prop_assert!(bucket.count >= 0.0);
            if points.is_exact() {
                let inside = |value: f64| {
                    value >= bucket.lower_bound && (value < bucket.upper_bound || idx == 9)
                };
                let rows = points.values.iter().zip(&points.weights).filter(|(value, _)| inside(**value));
                prop_assert_eq!(bucket.count, rows.map(|(_, weight)| *weight).sum::<u64>() as f64);
            }
        }
    }
}

#[test]
fn a_constant_column_has_all_rows_in_the_last_bucket() {
    let points = WeightedPoints {
        values: vec![0.98],
        weights: vec![18],
        extents: None,
    };
    let found = kll(&points, 0.98, 0.98, false);
    assert_eq!(
        found
            .buckets
            .iter()
            .map(|bucket| bucket.count)
            .collect::<Vec<_>>()[8..],
        [0.0, 18.0]
    );
    assert_eq!(found.sketch.unwrap().data, [vec![0.98; 18]]);
}

#[test]
fn the_whole_range_of_doubles_has_finite_buckets() {
    for (min, max) in [(f64::MIN, f64::MAX), (0.0, f64::MAX), (-1e308, 0.0)] {
        let points = WeightedPoints::from_values(vec![min, min / 2.0 + max / 2.0, max]);
        let found = kll(&points, min, max, false);
        assert!(found.buckets.iter().all(|bucket| bucket.lower_bound.is_finite()));
        assert!(
            found
                .buckets
                .iter()
                .all(|bucket| bucket.lower_bound < bucket.upper_bound)
        );
        assert_eq!(found.buckets.iter().map(|bucket| bucket.count).sum::<f64>(), 3.0);
    }
}

#[test]
fn ten_thousand_values_stand_in_levels_of_powers_of_two() {
    let points = WeightedPoints::from_values((0..10_000).map(f64::from).collect());
    let levels = sketch_levels(&points, false);
    // 10,000 = 1250 × 8: level 3 holds the middle of each block of eight.
    assert_eq!(levels.iter().map(Vec::len).collect::<Vec<_>>(), [0, 0, 0, 1250]);
    assert_eq!(levels[3][..3], [4.0, 12.0, 20.0]);
}

#[test]
fn gaps_of_a_grid_are_cut_to_what_was_counted_and_hold_whole_numbers() {
    let points = WeightedPoints {
        values: vec![4.0, 7.0, 8.0],
        weights: vec![2, 5, 3],
        extents: Some(vec![(f64::NEG_INFINITY, 5.0), (5.0, 8.0), (8.0, 8.0)]),
    };
    let found = kll(&points, 3.0, 8.0, true);
    assert_eq!(
        found.sketch.unwrap().data,
        [[4.0, 4.0, 6.0, 6.0, 7.0, 7.0, 7.0, 8.0, 8.0, 8.0]]
    );
    assert_eq!(found.buckets.iter().map(|bucket| bucket.count).sum::<f64>(), 10.0);
    assert_eq!(
        (found.buckets[0].lower_bound, found.buckets[9].upper_bound),
        (3.0, 8.0)
    );
}
