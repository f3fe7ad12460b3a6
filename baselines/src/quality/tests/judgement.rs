//! Judgement: chance is no breach, the point rule of Model Monitor is, and what has too few labels is neither.

use super::*;
use crate::judge::Status;
use crate::quality::sampling::Draws;

/// `n` rows of which a share is right.
fn sample(n: usize, share_right: f64, draws: &mut Draws) -> QualityResult {
    let quantile = crate::quality::interval::two_sided_z((2.0 * share_right - 1.0).abs());
    let labels: Vec<bool> = (0..n).map(|_| draws.normal() > 0.0).collect();
    let predicted: Vec<bool> = labels
        .iter()
        .map(|label| *label == (draws.normal() < quantile))
        .collect();
    let mut state = BinaryState::new(BinarySettings::default());
    let rows = BinaryRows {
        labels: &labels,
        predicted: Some(&predicted),
        ..BinaryRows::default()
    };
    state.update(&rows).unwrap();
    state
        .finish(&QualityOptions {
            standard_deviations: false,
            ..options()
        })
        .unwrap()
}

fn covered(n: u64) -> Coverage {
    Coverage {
        n_predictions: n,
        n_labelled: n,
    }
}

fn sagemaker() -> QualityPolicy {
    QualityPolicy {
        convention: QualityConvention::Sagemaker,
        ..QualityPolicy::default()
    }
}

#[test]
fn constraints_are_those_of_model_monitor() {
    let baseline = sample(500, 0.8, &mut Draws::new(1, 1));
    let constraints = suggest_constraints(&baseline);
    // Without scores there is no AUC; the other ten are there.
    assert_eq!(constraints.metrics.len(), 10);
    for (name, constraint) in &constraints.metrics {
        assert_eq!(constraint.threshold, baseline.metrics[name].value);
        let is_rate = ["false_positive_rate", "false_negative_rate"].contains(&name.as_str());
        assert_eq!(
            constraint.operator == Operator::GreaterThanThreshold,
            is_rate,
            "{name}"
        );
    }
    assert_eq!(operator_of("r2"), Operator::LessThanThreshold);
    for name in ["mae", "mse", "rmse"] {
        assert_eq!(operator_of(name), Operator::GreaterThanThreshold);
    }
    for operator in [Operator::LessThanThreshold, Operator::GreaterThanThreshold] {
        assert_eq!(Operator::from_name(operator.name()), Some(operator));
        assert!(!operator.violates(1.0, 1.0));
    }
}

#[test]
fn chance_does_not_breach_and_a_loss_does() {
    let mut draws = Draws::new(5, 1);
    let (mut house, mut points) = (0, 0);
    const N: usize = 300;
    for _ in 0..N {
        let constraints = suggest_constraints(&sample(600, 0.8, &mut draws));
        let window = sample(400, 0.8, &mut draws);
        let by_house = judge_quality(&window, &constraints, covered(400), &QualityPolicy::default());
        let by_points = judge_quality(&window, &constraints, covered(400), &sagemaker());
        house += usize::from(by_house.status == Status::Violated);
        points += usize::from(by_points.status == Status::Violated);
    }
    println!("false alarms of {N}: house {house}, sagemaker {points}");
    assert!(house * 20 <= N, "house {house}");
    // The point rule calls chance a violation more often than not.
    assert!(points * 2 > N, "sagemaker {points}");

    let constraints = suggest_constraints(&sample(600, 0.8, &mut draws));
    let worse = sample(400, 0.65, &mut draws);
    let verdict = judge_quality(&worse, &constraints, covered(400), &QualityPolicy::default());
    assert_eq!(verdict.status, Status::Violated);
    let accuracy = verdict
        .checks
        .iter()
        .find(|check| check.metric == "accuracy")
        .unwrap();
    assert_eq!(accuracy.outcome, MetricOutcome::Breach);
}

#[test]
fn an_edited_threshold_has_no_interval_of_its_own() {
    let metric = |value: f64| MetricValue {
        value,
        low: value - 0.05,
        high: value + 0.05,
        method: IntervalMethod::Delta,
        n: 100,
    };
    let mut result = sample(100, 0.8, &mut Draws::new(2, 1));
    result.metrics.insert("accuracy".to_owned(), metric(0.80));
    let check = |threshold: f64, baseline: Option<MetricValue>| {
        let constraint = MetricConstraint {
            threshold,
            operator: Operator::LessThanThreshold,
            baseline,
        };
        let constraints = QualityConstraints {
            problem: Problem::Binary,
            metrics: [("accuracy".to_owned(), constraint)].into(),
        };
        judge_quality(&result, &constraints, covered(100), &QualityPolicy::default()).status
    };
    // 0.86 − 0.80 is beyond 0.05, and within √(0.05² + 0.05²) = 0.0707.
    assert_eq!(check(0.86, None), Status::Violated);
    assert_eq!(check(0.86, Some(metric(0.86))), Status::Pass);
    assert_eq!(check(0.88, Some(metric(0.88))), Status::Violated);
    // The user moved the threshold: the baseline's interval is not that of the new number.
    assert_eq!(check(0.86, Some(metric(0.90))), Status::Violated);
}

#[test]
fn too_few_labels_are_not_evaluated() {
    let mut draws = Draws::new(3, 1);
    let constraints = suggest_constraints(&sample(500, 0.9, &mut draws));
    let window = sample(100, 0.3, &mut draws);
    let few = Coverage {
        n_predictions: 1000,
        n_labelled: 100,
    };
    let verdict = judge_quality(&window, &constraints, few, &QualityPolicy::default());
    assert_eq!(verdict.status, Status::NotEvaluated);
    let MetricOutcome::NotEvaluated { reason } = &verdict.checks[0].outcome else {
        panic!()
    };
    assert_eq!(
        reason,
        "10.0 % of the predictions have a label, at least 50.0 % are needed"
    );
    // Model Monitor does not ask.
    assert_eq!(
        judge_quality(&window, &constraints, few, &sagemaker()).status,
        Status::Violated
    );

    let tiny = sample(20, 0.3, &mut draws);
    let verdict = judge_quality(&tiny, &constraints, covered(20), &QualityPolicy::default());
    assert_eq!(verdict.status, Status::NotEvaluated);
    let none = judge_quality(&window, &constraints, covered(0), &QualityPolicy::default());
    assert_eq!(none.status, Status::NotEvaluated);
}

#[test]
fn a_metric_that_does_not_exist_is_not_evaluated() {
    let mut draws = Draws::new(4, 1);
    let mut constraints = suggest_constraints(&sample(500, 0.9, &mut draws));
    let auc = MetricConstraint {
        threshold: 0.9,
        operator: Operator::LessThanThreshold,
        baseline: None,
    };
    constraints.metrics.insert("auc".to_owned(), auc);
    let verdict = judge_quality(
        &sample(100, 0.9, &mut draws),
        &constraints,
        covered(100),
        &QualityPolicy::default(),
    );
    let auc = verdict.checks.iter().find(|check| check.metric == "auc").unwrap();
    assert_eq!(
        auc.outcome,
        MetricOutcome::NotEvaluated {
            reason: "no usable probability or score".to_owned()
        }
    );
    let other = QualityConstraints {
        problem: Problem::Regression,
        ..constraints
    };
    let verdict = judge_quality(
        &sample(100, 0.9, &mut draws),
        &other,
        covered(100),
        &QualityPolicy::default(),
    );
    assert_eq!(verdict.status, Status::NotEvaluated);
}
