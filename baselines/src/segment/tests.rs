//! Against SciPy; exact sums; the false discovery rate of the search on data without weak segments.

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::estimate::Feature;

fn reference() -> Value {
    serde_json::from_str(include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/reference/estimate/bias.json"
    )))
    .unwrap()
}

/// A value in 0..1 that looks random and is not.
fn lot(seed: u64) -> f64 {
    let mut state = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((state ^ (state >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

fn levels<'a>(codes: &[usize], names: &[&'a str]) -> Vec<Option<&'a str>> {
    codes.iter().map(|&code| Some(names[code])).collect()
}

// scipy 1.17.1: ttest_ind(part, rest, equal_var=False, alternative="greater"); t.interval(0.95, n - 1, mean, sem)
#[test]
fn one_segment_is_tested_as_scipy_does() {
    let case = &reference()["welch"];
    let numbers = |key: &str| -> Vec<f64> {
        case[key]
            .as_array()
            .unwrap()
            .iter()
            .map(|value| value.as_f64().unwrap())
            .collect()
    };
    let (part, rest) = (numbers("part"), numbers("rest"));
    let column: Vec<Option<&str>> = part
        .iter()
        .map(|_| Some("part"))
        .chain(rest.iter().map(|_| Some("rest")))
        .collect();
    let loss: Vec<f64> = part.iter().chain(&rest).copied().collect();
    // A family of two, of which one is selected: the interval's level is 1 − 0.1 · 1/2.
    let options = SearchOptions {
        alpha: 0.1,
        ..SearchOptions::default()
    };
    let found = weak_segments(&[SegmentColumn::Category(&column)], &loss, options).unwrap();
    assert_eq!((found.n_candidates, found.segments.len()), (2, 1));
    let segment = &found.segments[0];
    assert_eq!(
        segment.conditions,
        [Condition::Is {
            column: 0,
            level: "part".to_owned()
        }]
    );
    let close =
        |found: f64, expected: f64| assert!((found / expected - 1.0).abs() < 1e-9, "{found} {expected}");
    close(segment.p_value, case["p"].as_f64().unwrap());
    close(segment.mean_loss, case["mean"].as_f64().unwrap());
    close(segment.adjusted_p_value, 2.0 * segment.p_value);
    let interval = numbers("interval_95");
    close(segment.low, interval[0]);
    close(segment.high, interval[1]);
}

/// Errors of 40 % where two columns meet, 10 % elsewhere: the pair is found, its columns alone are not blamed more.
#[test]
fn a_planted_pair_is_found_first() {
    let n = 6000;
    let region: Vec<usize> = (0..n).map(|row| (lot(row as u64) * 4.0) as usize).collect();
    let age: Vec<f64> = (0..n)
        .map(|row| 20.0 + 60.0 * lot(row as u64 + 1_000_000))
        .collect();
    let noise: Vec<f64> = (0..n).map(|row| lot(row as u64 + 2_000_000)).collect();
    let loss: Vec<f64> = (0..n)
        .map(|row| {
            let weak = region[row] == 2 && age[row] >= 68.0;
            f64::from(u8::from(
                lot(row as u64 + 3_000_000) < if weak { 0.4 } else { 0.1 },
            ))
        })
        .collect();
    let region = levels(&region, &["n", "e", "s", "w"]);
    let columns = [
        SegmentColumn::Category(&region),
        SegmentColumn::Number(&age),
        SegmentColumn::Number(&noise),
    ];
    let found = weak_segments(&columns, &loss, SearchOptions::default()).unwrap();
    let pair = found
        .segments
        .iter()
        .find(|segment| segment.conditions.len() == 2)
        .unwrap();
    assert_eq!(
        pair.conditions[0],
        Condition::Is {
            column: 0,
            level: "s".to_owned()
        }
    );
    assert!(
        matches!(pair.conditions[1], Condition::Between { column: 1, low: Some(low), high: None } if (66.0..70.0).contains(&low))
    );
    assert!(pair.low <= 0.4 && pair.high >= 0.38 && pair.n_rows > 200);
    let blames_noise = |condition: &Condition| matches!(condition, Condition::Between { column: 2, .. });
    assert!(
        !found
            .segments
            .iter()
            .any(|segment| segment.conditions.iter().any(blames_noise))
    );
}

/// 200 searches of noise: at a false discovery rate of 5 % about one in twenty may report anything. More than 10 %
/// (p < 0.002 for 5 %) would say that the correction does not hold.
#[test]
fn noise_has_no_weak_segments() {
    let mut n_wrong = 0;
    for search in 0..200u64 {
        let at = |row: usize, column: u64| lot(search * 1_000_003 + row as u64 * 17 + column * 7_919_317);
        let n = 500;
        let first: Vec<usize> = (0..n).map(|row| (at(row, 1) * 5.0) as usize).collect();
        let second: Vec<f64> = (0..n).map(|row| at(row, 2)).collect();
        let loss: Vec<f64> = (0..n).map(|row| at(row, 3)).collect();
        let first = levels(&first, &["a", "b", "c", "d", "e"]);
        let columns = [SegmentColumn::Category(&first), SegmentColumn::Number(&second)];
        let found = weak_segments(&columns, &loss, SearchOptions::default()).unwrap();
        assert!(found.n_candidates >= 10);
        n_wrong += usize::from(!found.segments.is_empty());
    }
    println!("{n_wrong} of 200 searches of noise reported a segment");
    assert!(n_wrong <= 20, "{n_wrong} of 200");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Kitagawa's parts add up to the change, whatever segments appear or vanish, in any order of rows.
    #[test]
    fn mix_and_rate_add_up(
        baseline in proptest::collection::vec((0usize..4, -5.0f64..5.0), 1..60),
        current in proptest::collection::vec((1usize..6, -5.0f64..5.0), 1..60),
    ) {
        let names = ["a", "b", "c", "d", "e", "f"];
        let split = |rows: &[(usize, f64)]| -> (Vec<&str>, Vec<f64>) {
            rows.iter().map(|row| (names[row.0], row.1)).unzip()
        };
        let (b, c) = (split(&baseline), split(&current));
        let found = mix_and_rate([&b.0, &c.0], [&b.1, &c.1]).unwrap();
        prop_assert!((found.mix + found.rate - found.change).abs() < 1e-12);
        let mut turned = current.clone();
        turned.reverse();
        let t = split(&turned);
        let again = mix_and_rate([&b.0, &t.0], [&b.1, &t.1]).unwrap();
        prop_assert!((again.mix - found.mix).abs() < 1e-12 && (again.rate - found.rate).abs() < 1e-12);
    }

    /// A search does not depend on the order of rows.
    #[test]
    fn a_search_may_be_permuted(rows in proptest::collection::vec((0usize..3, 0.0f64..1.0, 0u8..2), 80..200)) {
        let search = |rows: &[(usize, f64, u8)]| {
            let codes: Vec<usize> = rows.iter().map(|row| row.0).collect();
            let column = levels(&codes, &["a", "b", "c"]);
            let number: Vec<f64> = rows.iter().map(|row| row.1).collect();
            let loss: Vec<f64> = rows.iter().map(|row| f64::from(row.2) * if row.0 == 1 { 2.0 } else { 1.0 }).collect();
            let columns = [SegmentColumn::Category(&column), SegmentColumn::Number(&number)];
            weak_segments(&columns, &loss, SearchOptions { alpha: 0.3, ..SearchOptions::default() }).unwrap()
        };
        let mut turned = rows.clone();
        turned.reverse();
        let (left, right) = (search(&rows), search(&turned));
        prop_assert_eq!(left.n_candidates, right.n_candidates);
        prop_assert_eq!(left.segments.len(), right.segments.len());
        for (left, right) in left.segments.iter().zip(&right.segments) {
            prop_assert!((left.mean_loss - right.mean_loss).abs() < 1e-9);
        }
    }
}

/// By hand: share of segment b grows from 0.5 to 0.75 with means 1 and 3 unchanged: all mix, +0.5. Then both means
/// rise by 1 at unchanged shares: all rate, +1.
#[test]
fn mix_and_rate_by_hand() {
    let found = mix_and_rate(
        [&["a", "b"], &["a", "b", "b", "b"]],
        [&[1.0, 3.0], &[1.0, 3.0, 3.0, 3.0]],
    )
    .unwrap();
    assert!(
        (found.change - 0.5).abs() < 1e-12 && (found.mix - 0.5).abs() < 1e-12 && found.rate.abs() < 1e-12
    );
    let found = mix_and_rate([&["a", "b"], &["a", "b"]], [&[1.0, 3.0], &[2.0, 4.0]]).unwrap();
    assert!((found.rate - 1.0).abs() < 1e-12 && found.mix.abs() < 1e-12);
}

/// The loss depends on `load` alone; `load` shifts, `colour` shifts more but does not matter, and every loss of the
/// window is 0.5 higher at unchanged inputs. The truth: `load` explains 4 · 0.25 = 1, 0.5 stays unexplained.
#[test]
fn the_guilty_feature_is_named_and_parts_add_up() {
    let n = 4000;
    let side = |from: f64, seed: u64, share: f64, extra: f64| {
        let load: Vec<f64> = (0..n).map(|row| from + 0.5 * lot(seed + row as u64)).collect();
        let colour: Vec<usize> = (0..n)
            .map(|row| usize::from(lot(seed + 77_777 + row as u64) < share))
            .collect();
        let loss: Vec<f64> = load
            .iter()
            .enumerate()
            .map(|(row, load)| 4.0 * load + extra + 0.1 * lot(seed + 99 + row as u64))
            .collect();
        (load, levels(&colour, &["red", "blue"]), loss)
    };
    // The baseline covers 0 to 1, so that the window's range is known.
    let (mut load, mut colour, mut loss) = side(0.0, 1, 0.1, 0.0);
    let upper = side(0.5, 50_000, 0.1, 0.0);
    load.extend(upper.0);
    colour.extend(upper.1);
    loss.extend(upper.2);
    let current = side(0.5, 900_000, 0.9, 0.5);
    let found = root_cause(
        [
            &[Feature::Category(&colour), Feature::Number(&load)],
            &[Feature::Category(&current.1), Feature::Number(&current.0)],
        ],
        [&loss, &current.2],
    )
    .unwrap();
    assert_eq!(found.features[0].feature, 1, "{found:?}");
    assert!((found.features[0].contribution - 1.0).abs() < 0.05, "{found:?}");
    assert!(found.features[1].contribution.abs() < 0.05 && found.features[1].drift > 0.7);
    assert!((found.unexplained - 0.5).abs() < 0.05);
    let sum: f64 = found.features.iter().map(|feature| feature.contribution).sum();
    assert!((sum + found.unexplained - found.change).abs() < 1e-12);
}

#[test]
fn bad_input_has_an_answer() {
    let loss = [0.0, 1.0, f64::NAN];
    let column = [None, Some("a"), Some("b")];
    let found = weak_segments(
        &[SegmentColumn::Category(&column)],
        &loss,
        SearchOptions::default(),
    );
    assert_eq!(found, Err(SegmentFailure::NotFinite { row: 2 }));
    let found = weak_segments(
        &[SegmentColumn::Number(&[1.0])],
        &[0.0; 3],
        SearchOptions::default(),
    );
    assert_eq!(
        found.unwrap_err().to_string(),
        "a column has 1 values where 3 are expected"
    );
    let found = weak_segments(&[], &[0.0; 3], SearchOptions::default());
    assert_eq!(found, Err(SegmentFailure::TooFewRows { found: 3, needed: 60 }));
    let constant = weak_segments(
        &[SegmentColumn::Number(&[f64::NAN; 90])],
        &[1.0; 90],
        SearchOptions::default(),
    );
    assert!(constant.unwrap().segments.is_empty());
    let few = root_cause([&[], &[]], [&[0.0; 5], &[0.0; 5]]);
    assert_eq!(
        few,
        Err(SegmentFailure::TooFewRows {
            found: 5,
            needed: 100
        })
    );
    let without = root_cause([&[], &[]], [&[0.0; 100], &[1.0; 100]]).unwrap();
    assert_eq!((without.change, without.unexplained), (1.0, 1.0));
}

// scipy 1.17.1: pearsonr(drift, abs(metric - baseline_mean)), as nannyml 0.13.1's CorrelationRanker calls it
#[test]
fn columns_are_ranked_by_pearsons_correlation() {
    let case = &reference()["correlation"];
    let numbers =
        |value: &Value| -> Vec<Option<f64>> { value.as_array().unwrap().iter().map(Value::as_f64).collect() };
    let drift: Vec<Vec<Option<f64>>> = case["drift"].as_array().unwrap().iter().map(numbers).collect();
    let views: Vec<&[Option<f64>]> = drift.iter().map(Vec::as_slice).collect();
    let metric = numbers(&case["metric"]);
    let ranked = rank_by_correlation(&views, &metric, case["baseline_mean"].as_f64().unwrap());
    assert!(
        ranked
            .windows(2)
            .all(|pair| pair[0].unwrap().correlation >= pair[1].unwrap().correlation)
    );
    for found in ranked {
        let found = found.unwrap();
        let expected = numbers(&case["expected"][found.column]);
        assert!(
            (found.correlation - expected[0].unwrap()).abs() < 1e-12,
            "{found:?}"
        );
        assert!((found.p_value - expected[1].unwrap()).abs() < 1e-9, "{found:?}");
    }
    let few = rank_by_correlation(&[&[Some(1.0), None, Some(2.0)]], &[Some(0.5); 3], 0.0);
    assert_eq!(few, [Err(crate::compare::NotComputable::TooFew { needed: 3 })]);
    let flat = rank_by_correlation(&[&[Some(1.0); 5]], &[Some(0.5); 5], 0.0);
    assert_eq!(flat, [Err(crate::compare::NotComputable::NoSpread)]);
}
