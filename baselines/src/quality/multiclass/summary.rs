//! From a multiclass state to its result: which metrics there are and how each gets its interval.
//!
//! Does not know how cells or scores are kept.

use std::collections::BTreeMap;

use super::averages::{Average, Matrix};
use super::{ExactLosses, MulticlassState, Ranked};
use crate::quality::binary::{Ranking, kept};
use crate::quality::confusion::Cells;
use crate::quality::constant;
use crate::quality::interval::{
    fisher_z, logit, normal, proportion, two_sided_z, weighted_sum_of_proportions,
};
use crate::quality::options::QualityOptions;
use crate::quality::result::{ConfusionMatrix, MetricValue, NotComputable, Problem, QualityResult};
use crate::quality::sampling::{Draws, MIN_ROWS_FOR_DRAWS, N_DRAWS, standard_deviation};
use crate::quality::tally::Mass;
use crate::quality::value::value_per_thousand;

/// A metric's name, and how it is read off a matrix.
type Named<'a> = (&'a str, &'a dyn Fn(&Matrix) -> f64);

const PURPOSE_CELLS: u64 = 4;
const BETAS: [(f64, &str); 3] = [(0.5, "f0.5"), (1.0, "f1"), (2.0, "f2")];
const OF_MATRIX: [&str; 18] = [
    "accuracy",
    "balanced_accuracy",
    "mcc",
    "micro_precision",
    "micro_recall",
    "micro_f0.5",
    "micro_f1",
    "micro_f2",
    "macro_precision",
    "macro_recall",
    "macro_f0.5",
    "macro_f1",
    "macro_f2",
    "weighted_precision",
    "weighted_recall",
    "weighted_f0.5",
    "weighted_f1",
    "weighted_f2",
];
const OF_PROBABILITIES: [&str; 3] = ["log_loss", "macro_auc", "weighted_auc"];

pub(super) fn summarize(mut state: MulticlassState, options: &QualityOptions) -> QualityResult {
    let z = two_sided_z(options.confidence);
    let mut result = QualityResult::empty(Problem::Multiclass, options.confidence, state.counts);
    let ranked = state.ranked.take();
    let (names, masses, is_weighted) = ordered(&state);
    result.confusion_matrix = Some(ConfusionMatrix {
        labels: names.clone(),
        rows_actual: masses
            .iter()
            .map(|row| row.iter().map(|cell| cell.n).collect())
            .collect(),
        weighted_rows_actual: is_weighted.then(|| {
            masses
                .iter()
                .map(|row| row.iter().map(|cell| cell.w).collect())
                .collect()
        }),
    });
    let n = state.counts.n_used;
    if n < options.min_labels.max(1) {
        let reason = if n == 0 {
            NotComputable::NoRows
        } else {
            NotComputable::TooFewLabels {
                n,
                minimum: options.min_labels,
            }
        };
        for name in OF_MATRIX.into_iter().chain(OF_PROBABILITIES) {
            result.put(name, Err(reason.clone()));
        }
        return result;
    }
    let (rows, columns) = margins(&masses);
    let present: Vec<usize> = (0..names.len())
        .filter(|&i| rows[i].n + columns[i].n > 0)
        .collect();
    let matrix = Matrix::new(
        present
            .iter()
            .map(|&i| present.iter().map(|&j| masses[i][j]).collect())
            .collect(),
    );
    of_matrix(&mut result, &matrix, z);
    result.per_class = per_class(&names, &masses, &present, z);
    if let Some(values) = &options.value_matrix {
        result.put("value_per_thousand", Ok(value_per_thousand(&masses, values, z)));
    }
    let supports: Vec<f64> = rows.iter().map(|row| row.w).collect();
    result.best_constant_classifier = constant::multiclass(&supports);
    match ranked.filter(|_| state.counts.n_scored > 0) {
        Some(ranked) => of_probabilities(&mut result, *ranked, &names, &supports, options, z),
        None => {
            for name in OF_PROBABILITIES {
                result.put(name, Err(NotComputable::NoScore));
            }
        }
    }
    if options.standard_deviations && n >= MIN_ROWS_FOR_DRAWS {
        draw(&mut result, &matrix, options.seed);
    }
    result
}

/// Names and cells in the order of the result: as given, or sorted by name.
fn ordered(state: &MulticlassState) -> (Vec<String>, Vec<Vec<Mass>>, bool) {
    let mut order: Vec<usize> = (0..state.names.len()).collect();
    if state.classes == super::Classes::Found {
        order.sort_by(|&a, &b| state.names[a].cmp(&state.names[b]));
    }
    let names = order.iter().map(|&i| state.names[i].clone()).collect();
    let masses = order
        .iter()
        .map(|&i| order.iter().map(|&j| state.cells[i][j].mass()).collect())
        .collect();
    let is_weighted = state.cells.iter().flatten().any(super::ExactMass::is_weighted);
    (names, masses, is_weighted)
}

fn margins(masses: &[Vec<Mass>]) -> (Vec<Mass>, Vec<Mass>) {
    let add = |sum: Mass, cell: &Mass| sum.plus(*cell);
    let rows = masses
        .iter()
        .map(|row| row.iter().fold(Mass::default(), add))
        .collect();
    let columns = (0..masses.len())
        .map(|j| masses.iter().map(|row| &row[j]).fold(Mass::default(), add))
        .collect();
    (rows, columns)
}

fn of_matrix(result: &mut QualityResult, matrix: &Matrix, z: f64) {
    let n = matrix.mass().n;
    let correct = (0..matrix.cells.len()).fold(Mass::default(), |sum, i| sum.plus(matrix.cells[i][i]));
    let accuracy = proportion(correct, matrix.mass(), z);
    for name in [
        "accuracy",
        "micro_precision",
        "micro_recall",
        "micro_f0.5",
        "micro_f1",
        "micro_f2",
        "weighted_recall",
    ] {
        result.put(name, Ok(accuracy));
    }
    let (rows, columns) = margins(&matrix.cells);
    let each = 1.0 / matrix.cells.len() as f64;
    let shares = |of: &[Mass]| -> Vec<(f64, MetricValue)> {
        of.iter()
            .enumerate()
            .map(|(i, all)| {
                let share = proportion(matrix.cells[i][i], *all, z);
                // A class that is never predicted (or never a label) has its 0 by convention, not by chance.
                let settled = MetricValue {
                    low: share.value,
                    high: share.value,
                    ..share
                };
                (each, if all.n == 0 { settled } else { share })
            })
            .collect()
    };
    result.put(
        "macro_precision",
        Ok(weighted_sum_of_proportions(&shares(&columns), n)),
    );
    let recalls = shares(&rows);
    result.put("macro_recall", Ok(weighted_sum_of_proportions(&recalls, n)));
    let labelled: Vec<(f64, MetricValue)> = recalls
        .into_iter()
        .zip(&rows)
        .filter(|(_, row)| row.n > 0)
        .map(|(share, _)| share)
        .collect();
    let one = 1.0 / labelled.len() as f64;
    let labelled: Vec<(f64, MetricValue)> = labelled.into_iter().map(|(_, share)| (one, share)).collect();
    let has_several = labelled.len() > 1;
    result.put(
        "balanced_accuracy",
        if has_several {
            Ok(weighted_sum_of_proportions(&labelled, n))
        } else {
            Err(NotComputable::OneClass)
        },
    );
    let smooth = matrix.smoothed();
    let by_delta = |average: Average| {
        logit(
            matrix.value(average),
            smooth.value(average),
            smooth.variance(average),
            z,
            n,
        )
    };
    result.put("weighted_precision", Ok(by_delta(Average::WeightedPrecision)));
    for (beta, name) in BETAS {
        result.put(&format!("macro_{name}"), Ok(by_delta(Average::MacroF(beta))));
        result.put(
            &format!("weighted_{name}"),
            Ok(by_delta(Average::WeightedF(beta))),
        );
    }
    result.put(
        "mcc",
        if has_several {
            let average = Average::Matthews;
            Ok(fisher_z(
                matrix.value(average),
                smooth.value(average),
                smooth.variance(average),
                z,
                n,
            ))
        } else {
            Err(NotComputable::OneClass)
        },
    );
}

fn per_class(
    names: &[String],
    masses: &[Vec<Mass>],
    present: &[usize],
    z: f64,
) -> BTreeMap<String, BTreeMap<String, MetricValue>> {
    let mut row_rest = vec![Mass::default(); names.len()];
    let mut column_rest = row_rest.clone();
    let mut all = Mass::default();
    for (i, row) in masses.iter().enumerate() {
        for (j, cell) in row.iter().enumerate() {
            all = all.plus(*cell);
            if i != j {
                row_rest[i] = row_rest[i].plus(*cell);
                column_rest[j] = column_rest[j].plus(*cell);
            }
        }
    }
    let of_class = |class: usize| {
        let (hit, missed, wrong) = (masses[class][class], row_rest[class], column_rest[class]);
        let taken = hit.plus(missed).plus(wrong);
        let cells = Cells {
            true_positive: hit,
            false_negative: missed,
            false_positive: wrong,
            true_negative: Mass {
                n: all.n - taken.n,
                w: (all.w - taken.w).max(0.0),
                w2: (all.w2 - taken.w2).max(0.0),
            },
        };
        let metrics = [
            ("precision", cells.precision(z)),
            ("recall", cells.recall(z)),
            ("f0.5", cells.f_beta(0.5, z)),
            ("f1", cells.f_beta(1.0, z)),
            ("f2", cells.f_beta(2.0, z)),
        ];
        metrics
            .into_iter()
            .filter_map(|(name, metric)| Some((name.to_owned(), metric.and_then(MetricValue::checked).ok()?)))
            .collect()
    };
    present
        .iter()
        .map(|&class| (names[class].clone(), of_class(class)))
        .collect()
}

fn of_probabilities(
    result: &mut QualityResult,
    ranked: Ranked,
    names: &[String],
    supports: &[f64],
    options: &QualityOptions,
    z: f64,
) {
    let all = ranked
        .by_rank
        .iter()
        .fold(Mass::default(), |sum, mass| sum.plus(mass.mass()));
    let mut within = Mass::default();
    for (rank, mass) in ranked.by_rank.iter().enumerate() {
        within = within.plus(mass.mass());
        let k = rank + 1;
        if k >= 2 && k <= options.top_k && k < names.len() {
            result.put(&format!("top_{k}_accuracy"), Ok(proportion(within, all, z)));
        }
    }
    result.put("log_loss", Ok(ranked.losses.mean(z)));
    let mut areas: Vec<Option<MetricValue>> = Vec::with_capacity(names.len());
    for (name, scores) in names.iter().zip(ranked.scores) {
        let sorted = scores.into_sorted();
        result.is_exact &= sorted.is_exact;
        let area = Ranking::of(&sorted).map(|ranking| ranking.auc(z));
        if let (Some(metrics), Some(area)) = (result.per_class.get_mut(name), area) {
            metrics.insert("auc".to_owned(), area);
        }
        areas.push(area);
    }
    let n_missing = areas.iter().filter(|area| area.is_none()).count() as u64;
    let each = 1.0 / names.len() as f64;
    result.put(
        "macro_auc",
        if n_missing > 0 {
            Err(NotComputable::ClassWithoutLabel { n_classes: n_missing })
        } else {
            Ok(mean_area(areas.iter().flatten().map(|area| (each, *area)), all.n))
        },
    );
    // Classes without labels have weight 0.
    let total: f64 = supports.iter().sum();
    let known = areas
        .iter()
        .zip(supports)
        .filter_map(|(area, support)| Some((support / total, (*area)?)));
    result.put(
        "weighted_auc",
        if areas.iter().flatten().next().is_some() {
            Ok(mean_area(known, all.n))
        } else {
            Err(NotComputable::OneClass)
        },
    );
}

/// A mean of AUCs of the same rows. Their errors are dependent; adding the half-widths bounds that of the mean.
fn mean_area(areas: impl Iterator<Item = (f64, MetricValue)>, n: u64) -> MetricValue {
    let zero = MetricValue {
        value: 0.0,
        low: 0.0,
        high: 0.0,
        method: crate::quality::result::IntervalMethod::DeLong,
        n,
    };
    areas.fold(zero, |mean, (share, area)| MetricValue {
        value: mean.value + share * area.value,
        low: mean.low + share * area.low,
        high: mean.high + share * area.high,
        ..mean
    })
}

impl ExactLosses {
    fn mean(&self, z: f64) -> MetricValue {
        let all = self.all.mass();
        let mean = self.weighted.sum() / all.w;
        let squares =
            self.weighted.sum_of_squares() - 2.0 * mean * self.twice_weighted.sum() + mean * mean * all.w2;
        let found = normal(mean, squares / (all.w * all.w), z, all.n);
        MetricValue {
            low: found.low.max(0.0),
            ..found
        }
    }
}

/// Model Monitor's standard deviations (contract §4.4).
fn draw(result: &mut QualityResult, matrix: &Matrix, seed: u64) {
    let mut draws = Draws::new(seed, PURPOSE_CELLS);
    let samples: Vec<Matrix> = (0..N_DRAWS)
        .map(|_| {
            let rows = matrix.cells.iter().map(|row| {
                row.iter()
                    .map(|cell| kept(*cell, draws.keep_four_fifths(cell.n)))
                    .collect()
            });
            Matrix::new(rows.collect())
        })
        .collect();
    let metrics: [Named<'_>; 6] = [
        ("accuracy", &Matrix::accuracy),
        ("weighted_recall", &Matrix::accuracy),
        ("weighted_precision", &|sample| {
            sample.value(Average::WeightedPrecision)
        }),
        ("weighted_f0.5", &|sample| sample.value(Average::WeightedF(0.5))),
        ("weighted_f1", &|sample| sample.value(Average::WeightedF(1.0))),
        ("weighted_f2", &|sample| sample.value(Average::WeightedF(2.0))),
    ];
    let constants: Vec<_> = samples
        .iter()
        .map(|sample| constant::multiclass(&sample.rows))
        .collect();
    constant::put_deviations(result, &constants);
    for (name, metric) in metrics {
        let values: Vec<Option<f64>> = samples
            .iter()
            .map(|sample| (sample.total > 0.0).then(|| metric(sample)))
            .collect();
        if let Some(deviation) = standard_deviation(&values) {
            result.standard_deviations.insert(name.to_owned(), deviation);
        }
    }
}
