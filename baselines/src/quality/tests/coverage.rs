//! Intervals hold the true value about as often as they say: seeded samples of known populations.
//!
//! 400 samples each, so an interval of 95 % covers between 0.92 and 0.98 of them with high probability; bounds that are
//! wider on purpose (calibration error) are only asked for at least that.

use super::*;
use crate::quality::sampling::Draws;
use statrs::function::erf::erfc;

const N_SAMPLES: usize = 400;
const N_ROWS: usize = 300;

struct Covered {
    truths: Vec<(&'static str, f64)>,
    hits: Vec<usize>,
}

impl Covered {
    fn new(truths: Vec<(&'static str, f64)>) -> Self {
        Self {
            hits: vec![0; truths.len()],
            truths,
        }
    }
    fn add(&mut self, result: &QualityResult) {
        for ((name, truth), hits) in self.truths.iter().zip(&mut self.hits) {
            let found = result.metrics[*name];
            *hits += usize::from(found.low <= *truth && *truth <= found.high);
        }
    }
    fn check(&self, most: f64) {
        for ((name, _), hits) in self.truths.iter().zip(&self.hits) {
            let share = *hits as f64 / N_SAMPLES as f64;
            println!("{name}: {share}");
            assert!(share >= 0.92 && share <= most, "{name}: {share}");
        }
    }
}

/// P(Z ≥ z).
fn above(z: f64) -> f64 {
    0.5 * erfc(z / std::f64::consts::SQRT_2)
}

/// Negatives N(0, 1), three tenths positives N(1, 1), predicted positive from 0.5 on.
#[test]
fn intervals_of_ranks_and_cells() {
    const SHARE: f64 = 0.3;
    let (tpr, fpr) = (above(-0.5), above(0.5));
    let (tp, fp) = (SHARE * tpr, (1.0 - SHARE) * fpr);
    let (fn_, tn) = (SHARE - tp, 1.0 - SHARE - fp);
    let f = |beta: f64| (1.0 + beta * beta) * tp / ((1.0 + beta * beta) * tp + beta * beta * fn_ + fp);
    let mcc = (tp * tn - fp * fn_) / ((tp + fp) * SHARE * (1.0 - SHARE) * (tn + fn_)).sqrt();
    // Average precision of the population: the mean over positives of the precision at their score.
    let step = 1e-3;
    let average_precision: f64 = (-7000..9000)
        .map(|i| {
            let t = (f64::from(i) + 0.5) * step;
            let (p, n) = (SHARE * above(t - 1.0), (1.0 - SHARE) * above(t));
            let density = (-0.5 * (t - 1.0).powi(2)).exp() / std::f64::consts::TAU.sqrt();
            density * step * p / (p + n)
        })
        .sum();
    let mut covered = Covered::new(vec![
        ("accuracy", tp + tn),
        ("precision", tp / (tp + fp)),
        ("recall", tpr),
        ("specificity", 1.0 - fpr),
        ("balanced_accuracy", 0.5 * (tpr + 1.0 - fpr)),
        ("f0.5", f(0.5)),
        ("f1", f(1.0)),
        ("f2", f(2.0)),
        ("mcc", mcc),
        ("auc", above(-std::f64::consts::FRAC_1_SQRT_2)),
        ("average_precision", average_precision),
    ]);
    let mut draws = Draws::new(11, 1);
    for _ in 0..N_SAMPLES {
        let labels: Vec<bool> = (0..N_ROWS)
            .map(|_| draws.normal() < -0.524_400_512_708_041)
            .collect();
        let scores: Vec<f64> = labels
            .iter()
            .map(|label| draws.normal() + f64::from(u8::from(*label)))
            .collect();
        let mut state = BinaryState::new(BinarySettings {
            score_kind: ScoreKind::Free,
            ..BinarySettings::default()
        });
        let rows = BinaryRows {
            labels: &labels,
            scores: Some(&scores),
            ..BinaryRows::default()
        };
        state.update(&rows).unwrap();
        let quick = QualityOptions {
            standard_deviations: false,
            ..options()
        };
        covered.add(&state.finish(&quick).unwrap());
    }
    covered.check(0.98);
}

/// Calibrated probabilities, uniform: Brier ∫p(1−p) = 1/6, log loss ½, calibration error 0.
#[test]
fn intervals_of_calibration() {
    let mut means = Covered::new(vec![("brier", 1.0 / 6.0), ("log_loss", 0.5)]);
    let mut bound = Covered::new(vec![("expected_calibration_error", 0.0)]);
    let mut draws = Draws::new(12, 1);
    for _ in 0..N_SAMPLES {
        let scores: Vec<f64> = (0..N_ROWS).map(|_| above(draws.normal())).collect();
        let labels: Vec<bool> = scores.iter().map(|p| above(draws.normal()) < *p).collect();
        let quick = QualityOptions {
            standard_deviations: false,
            ..options()
        };
        let result = binary(&labels, &scores, None).finish(&quick).unwrap();
        means.add(&result);
        bound.add(&result);
    }
    means.check(0.98);
    bound.check(1.0);
}

/// Labels N(0, 2²), errors N(0, 1): MAE √(2/π), MSE 1, R² ¾, median ¼-quantile of |N|.
#[test]
fn intervals_of_errors() {
    let mut covered = Covered::new(vec![
        ("mae", (2.0 / std::f64::consts::PI).sqrt()),
        ("mse", 1.0),
        ("rmse", 1.0),
        ("r2", 0.75),
        ("bias", 0.0),
        // scipy 1.17.1: scipy.stats.norm.ppf(0.75)
        ("median_ae", 0.674_489_750_196_081_7),
    ]);
    let mut draws = Draws::new(13, 1);
    for _ in 0..N_SAMPLES {
        let labels: Vec<f64> = (0..N_ROWS).map(|_| 2.0 * draws.normal()).collect();
        let predicted: Vec<f64> = labels.iter().map(|label| label + draws.normal()).collect();
        let quick = QualityOptions {
            standard_deviations: false,
            ..options()
        };
        covered.add(&regression(&labels, &predicted, None).finish(&quick).unwrap());
    }
    covered.check(0.98);
}

/// Weights: rows of one half are captured with probability ¼ and weigh 4; the truth is of the whole.
#[test]
fn intervals_with_weights() {
    let mut covered = Covered::new(vec![
        ("accuracy", 0.5 * 0.9 + 0.5 * 0.6),
        ("recall", 0.5 * 0.9 + 0.5 * 0.6),
    ]);
    let mut draws = Draws::new(14, 1);
    for _ in 0..N_SAMPLES {
        let (mut labels, mut predicted, mut weights) = (Vec::new(), Vec::new(), Vec::new());
        for row in 0..2 * N_ROWS {
            let is_easy = row % 2 == 0;
            let is_right = above(draws.normal()) < if is_easy { 0.9 } else { 0.6 };
            let label = above(draws.normal()) < 0.5;
            if is_easy || above(draws.normal()) < 0.25 {
                labels.push(label);
                predicted.push(label == is_right);
                weights.push(if is_easy { 1.0 } else { 4.0 });
            }
        }
        let mut state = BinaryState::new(BinarySettings::default());
        let rows = BinaryRows {
            labels: &labels,
            predicted: Some(&predicted),
            scores: None,
            weights: Some(&weights),
        };
        state.update(&rows).unwrap();
        let quick = QualityOptions {
            standard_deviations: false,
            ..options()
        };
        covered.add(&state.finish(&quick).unwrap());
    }
    covered.check(0.985);
}
