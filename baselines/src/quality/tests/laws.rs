//! Laws: merging is concatenation, order does not show, metrics stay in their bounds and mirror when classes swap.

use proptest::prelude::*;

use super::*;

type BinaryRow = (bool, f64, f64);

/// Few distinct scores (ties) or many, few weights or all ones.
fn binary_rows() -> impl Strategy<Value = Vec<BinaryRow>> {
    let score = prop_oneof![
        (0u8..=10).prop_map(|tenth| f64::from(tenth) / 10.0),
        0.0..=1.0f64,
        Just(1.0 + 1e-9),
        Just(1.5),
        Just(f64::NAN),
    ];
    let weight = prop_oneof![4 => Just(1.0), 1 => 0.1..5.0f64, 1 => Just(f64::NAN)];
    let plain = prop::collection::vec((any::<bool>(), score.clone(), Just(1.0)), 0..80);
    let weighted = prop::collection::vec((any::<bool>(), score, weight), 0..80);
    prop_oneof![plain, weighted]
}

fn fill(rows: &[BinaryRow]) -> BinaryState {
    let labels: Vec<bool> = rows.iter().map(|row| row.0).collect();
    let scores: Vec<f64> = rows.iter().map(|row| row.1).collect();
    let weights: Vec<f64> = rows.iter().map(|row| row.2).collect();
    binary(&labels, &scores, Some(&weights))
}

fn shuffled<T: Clone>(rows: &[T], seed: u64) -> Vec<T> {
    let mut order: Vec<(u64, usize)> = (0..rows.len())
        .map(|row| {
            (
                xxhash_rust::xxh3::xxh3_64_with_seed(&row.to_le_bytes(), seed),
                row,
            )
        })
        .collect();
    order.sort_unstable();
    order.into_iter().map(|(_, row)| rows[row].clone()).collect()
}

fn cost() -> QualityOptions {
    QualityOptions {
        value_matrix: Some(ValueMatrix::binary(1.0, -2.0, -10.0, 5.0)),
        ..options()
    }
}

/// Every number is finite and every interval holds its value.
fn check_bounds(result: &QualityResult) -> Result<(), TestCaseError> {
    let of_class = result.per_class.values().flatten();
    for (name, metric) in result.metrics.iter().chain(of_class) {
        prop_assert!(
            metric.value.is_finite() && metric.low.is_finite() && metric.high.is_finite(),
            "{name}"
        );
        prop_assert!(
            metric.low <= metric.value && metric.value <= metric.high,
            "{name}: {metric:?}"
        );
        let (low, high) = match name.as_str() {
            "mcc" => (-1.0, 1.0),
            "r2" => (f64::NEG_INFINITY, 1.0),
            "bias" | "value_per_thousand" => (f64::NEG_INFINITY, f64::INFINITY),
            "log_loss" | "mae" | "mse" | "rmse" | "mape" | "median_ae" => (0.0, f64::INFINITY),
            _ => (0.0, 1.0),
        };
        let slack = 1e-12;
        prop_assert!(
            metric.low >= low - slack && metric.high <= high + slack,
            "{name}: {metric:?}"
        );
    }
    prop_assert!(!bits(result).contains("NaN"));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn binary_merge_is_concatenation_in_any_order(rows in binary_rows(), cut in 0usize..80, seed: u64) {
        let whole = bits(&fill(&rows).finish(&cost()).unwrap());
        let cut = cut.min(rows.len());
        let mut parts = fill(&rows[..cut]);
        parts.merge(fill(&rows[cut..])).unwrap();
        prop_assert_eq!(&whole, &bits(&parts.finish(&cost()).unwrap()));
        let mut turned = fill(&rows[cut..]);
        turned.merge(fill(&rows[..cut])).unwrap();
        prop_assert_eq!(&whole, &bits(&turned.finish(&cost()).unwrap()));
        prop_assert_eq!(&whole, &bits(&fill(&shuffled(&rows, seed)).finish(&cost()).unwrap()));
    }

    #[test]
    fn binary_metrics_stay_in_their_bounds(rows in binary_rows()) {
        let result = fill(&rows).finish(&cost()).unwrap();
        check_bounds(&result)?;
        let counts = result.counts;
        prop_assert_eq!(counts.n_rows, counts.n_used + counts.n_bad_weight + counts.n_unusable);
        let in_matrix: u64 = result.confusion_matrix.iter().flat_map(|matrix| matrix.rows_actual.iter().flatten()).sum();
        prop_assert_eq!(in_matrix, counts.n_used);
        for curve in result.curves.iter().flat_map(|curves| [&curves.roc, &curves.precision_recall]) {
            let rates = |rate: fn(&ThresholdPoint) -> f64| curve.iter().map(rate).collect::<Vec<f64>>();
            prop_assert!(rates(|point| point.true_positive_rate).is_sorted());
            prop_assert!(rates(|point| point.false_positive_rate).is_sorted());
        }
    }

    #[test]
    fn swapping_the_classes_mirrors_the_metrics(rows in binary_rows()) {
        // Scores of exactly one half would be positive on both sides.
        let rows: Vec<BinaryRow> = rows.into_iter().filter(|row| row.1 != 0.5 && row.1 <= 1.0).collect();
        let mirror: Vec<BinaryRow> = rows.iter().map(|(label, score, weight)| (!label, 1.0 - score, *weight)).collect();
        let (result, swapped) = (fill(&rows).finish(&options()).unwrap(), fill(&mirror).finish(&options()).unwrap());
        for (name, other) in [
            ("accuracy", "accuracy"),
            ("balanced_accuracy", "balanced_accuracy"),
            ("mcc", "mcc"),
            ("recall", "specificity"),
            ("false_positive_rate", "false_negative_rate"),
            ("brier", "brier"),
        ] {
            let (a, b) = (result.metrics.get(name), swapped.metrics.get(other));
            prop_assert_eq!(a.is_some(), b.is_some(), "{}", name);
            for (a, b) in a.iter().zip(&b) {
                prop_assert!((a.value - b.value).abs() < tolerance::STATISTIC, "{name}: {a:?} {b:?}");
                prop_assert!((a.low - b.low).abs() < tolerance::STATISTIC, "{name}: {a:?} {b:?}");
            }
        }
    }

    #[test]
    fn a_weight_of_all_rows_changes_no_metric(rows in binary_rows(), weight in 0.5..20.0f64) {
        let plain: Vec<BinaryRow> = rows.iter().map(|row| (row.0, row.1, 1.0)).collect();
        let heavy: Vec<BinaryRow> = rows.iter().map(|row| (row.0, row.1, weight)).collect();
        let (result, scaled) = (fill(&plain).finish(&cost()).unwrap(), fill(&heavy).finish(&cost()).unwrap());
        for (name, metric) in &result.metrics {
            let other = scaled.metrics[name];
            let scale = metric.value.abs().max(1.0);
            prop_assert!((metric.value - other.value).abs() < tolerance::STATISTIC * scale, "{name}");
            // A variance that is zero up to rounding may fall on either side of the exact zero.
            if metric.method == other.method {
                prop_assert!((metric.low - other.low).abs() < 1e3 * tolerance::STATISTIC * scale, "{name}: {metric:?} {other:?}");
            }
        }
    }

    #[test]
    fn a_score_moved_monotonically_keeps_its_ranks(rows in binary_rows()) {
        let free = |moved: fn(f64) -> f64| {
            let mut state = BinaryState::new(BinarySettings { score_kind: ScoreKind::Free, ..BinarySettings::default() });
            let labels: Vec<bool> = rows.iter().map(|row| row.0).collect();
            let scores: Vec<f64> = rows.iter().map(|row| moved(row.1)).collect();
            state.update(&BinaryRows { labels: &labels, scores: Some(&scores), ..BinaryRows::default() }).unwrap();
            state.finish(&options()).unwrap()
        };
        let (plain, moved) = (free(|score| score), free(|score| 8.0 * score - 3.0));
        for name in ["auc", "average_precision", "pr_auc"] {
            prop_assert_eq!(plain.metrics.get(name), moved.metrics.get(name));
        }
        let expected = if plain.counts.n_used == 0 { NotComputable::NoRows } else { NotComputable::NotProbabilities };
        prop_assert_eq!(plain.not_computable.get("brier"), Some(&expected));
    }

    #[test]
    fn multiclass_merge_is_concatenation_in_any_order(
        rows in prop::collection::vec((0usize..4, prop::array::uniform3(0.01..1.0f64), prop_oneof![Just(1.0), 0.5..3.0f64]), 0..60),
        cut in 0usize..60,
        seed: u64,
    ) {
        const NAMES: [&str; 4] = ["b", "c", "a", "outside"];
        let fill = |rows: &[(usize, [f64; 3], f64)]| {
            let labels: Vec<&str> = rows.iter().map(|row| NAMES[row.0]).collect();
            let weights: Vec<f64> = rows.iter().map(|row| row.2).collect();
            let probabilities: Vec<f64> = rows
                .iter()
                .flat_map(|row| row.1.map(|p| p / row.1.iter().sum::<f64>()))
                .collect();
            let classes = Classes::Given(["b", "c", "a"].map(str::to_owned).to_vec());
            let mut state = MulticlassState::new(classes).unwrap();
            let rows = MulticlassRows { labels: &labels, predicted: None, probabilities: Some(&probabilities), weights: Some(&weights) };
            state.update(&rows).unwrap();
            state
        };
        let whole = fill(&rows).finish(&options()).unwrap();
        check_bounds(&whole)?;
        let whole = bits(&whole);
        let cut = cut.min(rows.len());
        let mut parts = fill(&rows[cut..]);
        parts.merge(fill(&rows[..cut])).unwrap();
        prop_assert_eq!(&whole, &bits(&parts.finish(&options()).unwrap()));
        prop_assert_eq!(&whole, &bits(&fill(&shuffled(&rows, seed)).finish(&options()).unwrap()));
    }

    #[test]
    fn found_classes_do_not_depend_on_order(rows in prop::collection::vec((0usize..5, 0usize..5), 1..60), cut in 0usize..60) {
        const NAMES: [&str; 5] = ["z", "y", "x", "w", "v"];
        let fill = |rows: &[(usize, usize)]| {
            let labels: Vec<&str> = rows.iter().map(|row| NAMES[row.0]).collect();
            let predicted: Vec<&str> = rows.iter().map(|row| NAMES[row.1]).collect();
            let mut state = MulticlassState::new(Classes::Found).unwrap();
            state.update(&MulticlassRows { labels: &labels, predicted: Some(&predicted), ..MulticlassRows::default() }).unwrap();
            state
        };
        let whole = fill(&rows).finish(&options()).unwrap();
        check_bounds(&whole)?;
        let cut = cut.min(rows.len());
        let mut parts = fill(&rows[cut..]);
        parts.merge(fill(&rows[..cut])).unwrap();
        prop_assert_eq!(bits(&whole), bits(&parts.finish(&options()).unwrap()));
    }

    #[test]
    fn two_classes_are_a_binary_problem(rows in prop::collection::vec((any::<bool>(), any::<bool>()), 1..120)) {
        let name = |is_positive: bool| if is_positive { "1" } else { "0" };
        let labels: Vec<&str> = rows.iter().map(|row| name(row.0)).collect();
        let predicted: Vec<&str> = rows.iter().map(|row| name(row.1)).collect();
        let mut many = MulticlassState::new(Classes::Given(vec!["0".to_owned(), "1".to_owned()])).unwrap();
        many.update(&MulticlassRows { labels: &labels, predicted: Some(&predicted), ..MulticlassRows::default() }).unwrap();
        let many = many.finish(&options()).unwrap();
        let (labels, predicted): (Vec<bool>, Vec<bool>) = rows.iter().copied().unzip();
        let mut two = BinaryState::new(BinarySettings::default());
        two.update(&BinaryRows { labels: &labels, predicted: Some(&predicted), ..BinaryRows::default() }).unwrap();
        let two = two.finish(&options()).unwrap();
        for name in ["accuracy", "balanced_accuracy", "mcc"] {
            let (a, b) = (two.metrics.get(name), many.metrics.get(name));
            prop_assert_eq!(a.is_some(), b.is_some(), "{}", name);
            for (a, b) in a.iter().zip(&b) {
                // Each has its own algebra; the intervals must agree too.
                for (a, b) in [(a.value, b.value), (a.low, b.low), (a.high, b.high)] {
                    prop_assert!((a - b).abs() < tolerance::STATISTIC, "{name}");
                }
            }
        }
    }

    #[test]
    fn regression_merge_is_concatenation_in_any_order(
        rows in prop::collection::vec((-50.0..50.0f64, -50.0..50.0f64, prop_oneof![3 => Just(1.0), 1 => 0.5..3.0f64]), 0..80),
        cut in 0usize..80,
        seed: u64,
    ) {
        let fill = |rows: &[(f64, f64, f64)]| {
            let column = |value: fn(&(f64, f64, f64)) -> f64| rows.iter().map(value).collect::<Vec<f64>>();
            regression(&column(|row| row.0), &column(|row| row.1), Some(&column(|row| row.2)))
        };
        let whole = fill(&rows).finish(&options()).unwrap();
        check_bounds(&whole)?;
        let cut = cut.min(rows.len());
        let mut parts = fill(&rows[cut..]);
        parts.merge(fill(&rows[..cut])).unwrap();
        prop_assert_eq!(bits(&whole), bits(&parts.finish(&options()).unwrap()));
        prop_assert_eq!(bits(&whole), bits(&fill(&shuffled(&rows, seed)).finish(&options()).unwrap()));
    }

    #[test]
    fn rounded_scores_do_not_depend_on_order(rows in prop::collection::vec((any::<bool>(), 0.0..=1.0f64), 2..60), limit in 1u64..40, cut in 0usize..60) {
        let fill = |rows: &[(bool, f64)]| {
            let mut sample = scores::ScoreSample::with_limit(ScoreKind::Probability, limit);
            for (label, score) in rows {
                sample.push(*label, *score, 1.0);
            }
            sample
        };
        let groups = |sample: scores::ScoreSample| {
            let sorted = sample.into_sorted();
            let mut groups = Vec::new();
            sorted.descend(|group| groups.push((group.score.to_bits(), group.positive.n, group.negative.n)));
            (groups, sorted.is_exact)
        };
        let whole = groups(fill(&rows));
        prop_assert_eq!(whole.1, rows.len() as u64 <= limit);
        let cut = cut.min(rows.len());
        let mut parts = fill(&rows[cut..]);
        parts.merge(fill(&rows[..cut]));
        prop_assert_eq!(&whole, &groups(parts));
        let exact = binary::Ranking::of(&{
            let mut sample = scores::ScoreSample::new(ScoreKind::Probability);
            for (label, score) in &rows {
                sample.push(*label, *score, 1.0);
            }
            sample.into_sorted()
        });
        let rounded = binary::Ranking::of(&fill(&rows).into_sorted());
        for (exact, rounded) in exact.iter().zip(&rounded) {
            // Rounding turns no pair around; it can only tie those closer than 2^-20.
            let of_class = |class: bool| rows.iter().filter(move |row| row.0 == class).map(|row| row.1);
            let all = of_class(true).count() * of_class(false).count();
            let near: usize = of_class(true).map(|p| of_class(false).filter(|n| (p - n).abs() <= 2f64.powi(-20)).count()).sum();
            let bound = 0.5 * near as f64 / all as f64;
            prop_assert!((exact.auc - rounded.auc).abs() <= bound + tolerance::STATISTIC);
        }
    }
}
