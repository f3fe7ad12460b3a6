//! From a binary state to its result: which metrics there are and in which order they are tried.
//!
//! Does not know a formula.

use super::calibration::Calibration;
use super::ranking::{Ranking, sampled_auc};
use super::{BinaryState, curve};
use crate::quality::confusion::Cells;
use crate::quality::constant;
use crate::quality::interval::two_sided_z;
use crate::quality::options::{QualityOptions, ScoreKind};
use crate::quality::result::{ConfusionMatrix, MetricValue, NotComputable, Problem, QualityResult};
use crate::quality::sampling::{Draws, MIN_ROWS_FOR_DRAWS, N_DRAWS, standard_deviation};
use crate::quality::scores::SortedScores;
use crate::quality::tally::Mass;
use crate::quality::value::value_per_thousand;

const PURPOSE_CELLS: u64 = 2;
const PURPOSE_SCORES: u64 = 3;

type Metric = fn(&Cells, f64) -> Result<MetricValue, NotComputable>;

const OF_CELLS: [(&str, Metric); 13] = [
    ("accuracy", Cells::accuracy),
    ("balanced_accuracy", Cells::balanced_accuracy),
    ("precision", Cells::precision),
    ("recall", Cells::recall),
    ("specificity", Cells::specificity),
    ("true_positive_rate", Cells::recall),
    ("true_negative_rate", Cells::specificity),
    ("false_positive_rate", Cells::false_positive_rate),
    ("false_negative_rate", Cells::false_negative_rate),
    ("f0.5", |cells, z| cells.f_beta(0.5, z)),
    ("f1", |cells, z| cells.f_beta(1.0, z)),
    ("f2", |cells, z| cells.f_beta(2.0, z)),
    ("mcc", Cells::mcc),
];
const OF_RANKS: [&str; 3] = ["auc", "average_precision", "pr_auc"];
const OF_PROBABILITIES: [&str; 3] = ["log_loss", "brier", "expected_calibration_error"];

pub(super) fn summarize(state: BinaryState, options: &QualityOptions) -> QualityResult {
    let z = two_sided_z(options.confidence);
    let cells = state.cells();
    let is_weighted = state.cells.iter().any(super::ExactMass::is_weighted);
    let kind = state.settings.score_kind;
    let mut result = QualityResult::empty(Problem::Binary, options.confidence, state.counts);
    result.confusion_matrix = Some(confusion_matrix(&state.settings.classes, &cells, is_weighted));
    let names = || {
        let of_cells = OF_CELLS.iter().map(|(name, _)| *name);
        of_cells.chain(OF_RANKS).chain(OF_PROBABILITIES)
    };
    let n = cells.all().n;
    if n < options.min_labels.max(1) {
        let reason = if n == 0 {
            NotComputable::NoRows
        } else {
            NotComputable::TooFewLabels {
                n,
                minimum: options.min_labels,
            }
        };
        for name in names() {
            result.put(name, Err(reason.clone()));
        }
        return result;
    }
    for (name, metric) in OF_CELLS {
        result.put(name, metric(&cells, z));
    }
    if let Some(values) = &options.value_matrix {
        let rows = [
            vec![cells.true_negative, cells.false_positive],
            vec![cells.false_negative, cells.true_positive],
        ];
        result.put("value_per_thousand", Ok(value_per_thousand(&rows, values, z)));
    }
    result.best_constant_classifier =
        constant::binary([cells.labelled_negative().w, cells.labelled_positive().w]);

    let scores = state.scores.into_sorted();
    result.is_exact = scores.is_exact;
    rank(&mut result, &scores, z);
    calibrate(&mut result, &scores, kind, options, z);
    if result.counts.n_scored > 0 {
        let reliability = result
            .curves
            .take()
            .map(|curves| curves.reliability)
            .unwrap_or_default();
        let mut curves = curve::curves(&scores, kind, options, z);
        curves.reliability = reliability;
        result.curves = Some(curves);
    }
    if options.standard_deviations && n >= MIN_ROWS_FOR_DRAWS {
        draw(&mut result, &cells, &scores, options.seed);
    }
    result
}

fn rank(result: &mut QualityResult, scores: &SortedScores, z: f64) {
    match Ranking::of(scores) {
        Some(ranking) => {
            result.put("auc", Ok(ranking.auc(z)));
            result.put("average_precision", Ok(ranking.average_precision(z)));
            result.put("pr_auc", Ok(ranking.pr_auc(z)));
        }
        None => {
            let reason = if result.counts.n_scored == 0 {
                NotComputable::NoScore
            } else {
                NotComputable::OneClass
            };
            for name in OF_RANKS {
                result.put(name, Err(reason.clone()));
            }
        }
    }
}

fn calibrate(
    result: &mut QualityResult,
    scores: &SortedScores,
    kind: ScoreKind,
    options: &QualityOptions,
    z: f64,
) {
    let found = match kind {
        ScoreKind::Free => Err(NotComputable::NotProbabilities),
        ScoreKind::Probability => Calibration::of(scores, options, z).ok_or(NotComputable::NoScore),
    };
    match found {
        Ok(calibration) => {
            result.put("log_loss", Ok(calibration.log_loss));
            result.put("brier", Ok(calibration.brier));
            result.put(
                "expected_calibration_error",
                Ok(calibration.expected_calibration_error),
            );
            result.curves.get_or_insert_default().reliability = calibration.reliability;
        }
        Err(reason) => {
            for name in OF_PROBABILITIES {
                result.put(name, Err(reason.clone()));
            }
        }
    }
}

/// Model Monitor's standard deviations of the metrics that its files have (contract §4.4).
fn draw(result: &mut QualityResult, cells: &Cells, scores: &SortedScores, seed: u64) {
    let mut draws = Draws::new(seed, PURPOSE_CELLS);
    let samples: Vec<Cells> = (0..N_DRAWS)
        .map(|_| {
            let mut keep = |cell: Mass| kept(cell, draws.keep_four_fifths(cell.n));
            Cells {
                true_positive: keep(cells.true_positive),
                false_positive: keep(cells.false_positive),
                false_negative: keep(cells.false_negative),
                true_negative: keep(cells.true_negative),
            }
        })
        .collect();
    for (name, metric) in OF_CELLS {
        let values: Vec<Option<f64>> = samples
            .iter()
            .map(|sample| metric(sample, 1.0).ok().map(|found| found.value))
            .collect();
        insert(result, name, standard_deviation(&values));
    }
    let constants: Vec<_> = samples
        .iter()
        .map(|sample| constant::binary([sample.labelled_negative().w, sample.labelled_positive().w]))
        .collect();
    constant::put_deviations(result, &constants);
    let mut draws = Draws::new(seed, PURPOSE_SCORES);
    let aucs: Vec<Option<f64>> = (0..N_DRAWS)
        .map(|_| sampled_auc(scores, |row| kept(row, draws.keep_four_fifths(row.n))))
        .collect();
    insert(result, "auc", standard_deviation(&aucs));
}

fn insert(result: &mut QualityResult, name: &str, deviation: Option<f64>) {
    if let Some(deviation) = deviation.filter(|_| result.metrics.contains_key(name)) {
        result.standard_deviations.insert(name.to_owned(), deviation);
    }
}

/// What is left of a mass when `n` of its rows are kept.
pub(crate) fn kept(mass: Mass, n: u64) -> Mass {
    let share = if mass.n > 0 { n as f64 / mass.n as f64 } else { 0.0 };
    Mass {
        n,
        w: mass.w * share,
        w2: mass.w2 * share,
    }
}

fn confusion_matrix(classes: &[String; 2], cells: &Cells, is_weighted: bool) -> ConfusionMatrix {
    let rows = [
        [cells.true_negative, cells.false_positive],
        [cells.false_negative, cells.true_positive],
    ];
    ConfusionMatrix {
        labels: classes.to_vec(),
        rows_actual: rows
            .iter()
            .map(|row| row.iter().map(|cell| cell.n).collect())
            .collect(),
        weighted_rows_actual: is_weighted.then(|| {
            rows.iter()
                .map(|row| row.iter().map(|cell| cell.w).collect())
                .collect()
        }),
    }
}
