//! How often calibrated alarms ring without drift, and how often they find planted drift, beside two single tests tuned to
//! the same false-alarm rate. Seeded; prints a table.
//!
//! `cargo run --release -p baselines --example alarms -- [runs without drift] [runs with drift]`
//!
//! Does not read files; the bench against other products is in `tests`.

use baselines::baseline::{Baseline, BaselineColumn, Role};
use baselines::calibrate::{
    AaSettings, Against, ColumnEvidence, MinEffect, Resampling, check, column_evidence, decide,
};
use baselines::compare::{Context, Convention, Method, NumericPair};
use baselines::judge::Evidence;
use baselines::summary::{
    CategoricalSummary, CellCounts, ColumnSummary, DatasetSummary, Distinct, InferredType, NumericSummary,
    WeightedPoints,
};
use rand_pcg::Pcg64;
use rand_pcg::rand_core::{Rng, SeedableRng};
use std::collections::BTreeMap;
use std::io::Write;
use std::time::Instant;

const N_BASELINE: usize = 50_000;
const N_COLUMNS: usize = 30;
const N_CHECKED: u32 = 20_000;
const ALPHAS: [f64; 2] = [0.05, 1.0 / 90.0];

#[derive(Clone, Copy, PartialEq)]
enum Planted {
    Nothing,
    Mean(f64),
    Variance(f64),
    Share(f64),
    Missing(f64),
}

struct Draws(Pcg64, Option<f64>);

impl Draws {
    fn uniform(&mut self) -> f64 {
        ((self.0.next_u64() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    /// Box and Muller 1958.
    fn normal(&mut self) -> f64 {
        if let Some(second) = self.1.take() {
            return second;
        }
        let (radius, angle) = (
            (-2.0 * self.uniform().ln()).sqrt(),
            std::f64::consts::TAU * self.uniform(),
        );
        self.1 = Some(radius * angle.sin());
        radius * angle.cos()
    }

    /// Column `idx` of thirty: 0 is normal, 1 has five categories, 2 misses 5 % of its cells.
    fn column(&mut self, idx: usize, n: usize, planted: Planted) -> ColumnSummary {
        match idx {
            0 => {
                let (shift, spread) = match planted {
                    Planted::Mean(shift) => (shift, 1.0),
                    Planted::Variance(ratio) => (0.0, f64::sqrt(ratio)),
                    _ => (0.0, 1.0),
                };
                numeric(idx, (0..n).map(|_| self.normal() * spread + shift).collect(), 0)
            }
            1 => {
                let more = if let Planted::Share(more) = planted {
                    more
                } else {
                    0.0
                };
                self.categorical(idx, n, &[0.4 + more, 0.3 - more, 0.15, 0.1, 0.05])
            }
            2 => {
                let rate = if let Planted::Missing(more) = planted {
                    0.05 + more
                } else {
                    0.05
                };
                let n_missing = (0..n).filter(|_| self.uniform() < rate).count();
                numeric(
                    idx,
                    (0..n - n_missing).map(|_| self.uniform()).collect(),
                    n_missing,
                )
            }
            3..=9 => numeric(idx, (0..n).map(|_| self.normal()).collect(), 0),
            10..=13 => numeric(idx, (0..n).map(|_| self.normal().exp()).collect(), 0),
            14..=16 => numeric(idx, (0..n).map(|_| (self.uniform() * 12.0).floor()).collect(), 0),
            17..=19 => {
                let value = |draws: &mut Self| {
                    if draws.uniform() < 0.9 {
                        0.0
                    } else {
                        -draws.uniform().ln()
                    }
                };
                numeric(idx, (0..n).map(|_| value(self)).collect(), 0)
            }
            _ => {
                let k = [2, 2, 3, 3, 5, 8, 12, 20, 40, 200][idx - 20];
                let weights: Vec<f64> = (1..=k).map(|rank| 1.0 / f64::from(rank)).collect();
                let total: f64 = weights.iter().sum();
                let shares: Vec<f64> = weights.iter().map(|weight| weight / total).collect();
                self.categorical(idx, n, &shares)
            }
        }
    }

    fn categorical(&mut self, idx: usize, n: usize, shares: &[f64]) -> ColumnSummary {
        let mut counts = vec![0u64; shares.len()];
        let ends: Vec<f64> = shares
            .iter()
            .scan(0.0, |end, share| {
                *end += share;
                Some(*end)
            })
            .collect();
        for _ in 0..n {
            let u = self.uniform();
            let category = ends.partition_point(|end| *end < u).min(shares.len() - 1);
            counts[category] += 1;
        }
        categorical(idx, counts, n)
    }
}

fn numeric(idx: usize, values: Vec<f64>, n_missing: usize) -> ColumnSummary {
    let n = values.len() as u64;
    let points = WeightedPoints::from_values(values);
    let mean = points
        .values
        .iter()
        .zip(&points.weights)
        .map(|(v, w)| v * *w as f64)
        .sum::<f64>()
        / n as f64;
    let square = |(v, w): (&f64, &u64)| (v - mean).powi(2) * *w as f64;
    let variance = points.values.iter().zip(&points.weights).map(square).sum::<f64>() / n as f64;
    ColumnSummary {
        name: format!("c{idx}"),
        inferred_type: InferredType::Fractional,
        counts: CellCounts {
            n_fractional: n,
            n_missing: n_missing as u64,
            ..CellCounts::default()
        },
        numeric: Some(NumericSummary {
            n,
            sum: mean * n as f64,
            mean,
            std_dev: variance.sqrt(),
            min: points.values.first().copied().unwrap_or(0.0),
            max: points.values.last().copied().unwrap_or(0.0),
            distinct: Distinct::Exact(points.values.len() as u64),
            points,
        }),
        categorical: None,
        spans: [None; 9],
    }
}

fn categorical(idx: usize, counts: Vec<u64>, n: usize) -> ColumnSummary {
    let mut counts: Vec<(String, u64)> = counts
        .into_iter()
        .enumerate()
        .filter(|(_, count)| *count > 0)
        .map(|(category, count)| (format!("v{category:03}"), count))
        .collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    ColumnSummary {
        name: format!("c{idx}"),
        inferred_type: InferredType::String,
        counts: CellCounts {
            n_text: n as u64,
            ..CellCounts::default()
        },
        numeric: None,
        categorical: Some(CategoricalSummary {
            n: n as u64,
            distinct: Distinct::Exact(counts.len() as u64),
            counts,
            n_other: 0,
            complete: true,
        }),
        spans: [None; 9],
    }
}

/// What one window says: alarms of the product at both levels, and the largest single-test statistics.
struct Outcome {
    any: [bool; 2],
    planted: [bool; 2],
    ks: Vec<f64>,
    wasserstein: Vec<f64>,
    seconds: f64,
}

/// A baseline as the product keeps it (past 16,384 rows counted on its grid), and its exact columns for the peers.
struct Reference {
    frozen: Baseline,
    exact: Vec<ColumnSummary>,
}

impl Reference {
    fn new(draws: &mut Draws, n: usize) -> Self {
        let exact: Vec<ColumnSummary> = (0..N_COLUMNS)
            .map(|idx| draws.column(idx, n, Planted::Nothing))
            .collect();
        let summary = DatasetSummary {
            n_rows: n as u64,
            columns: exact.clone(),
        };
        Self {
            frozen: Baseline::freeze(summary, |_| Role::Input),
            exact,
        }
    }
}

fn window(draws: &mut Draws, n: usize, (idx, planted): (usize, Planted)) -> Vec<ColumnSummary> {
    let column = |at| draws.column(at, n, if at == idx { planted } else { Planted::Nothing });
    (0..N_COLUMNS).map(column).collect()
}

/// A window's column as the product keeps it.
fn kept(column: &ColumnSummary, frozen: &BaselineColumn) -> ColumnSummary {
    let mut column = column.clone();
    if let Some(numeric) = column.numeric.as_mut().filter(|numeric| numeric.n > 16_384) {
        numeric.points = frozen.grid.regrid(&numeric.points, numeric.min, numeric.max);
    }
    column
}

fn judge(reference: &Reference, current: &[ColumnSummary], planted_idx: usize) -> Outcome {
    let columns = &reference.frozen.columns;
    let counted: Vec<ColumnSummary> = current
        .iter()
        .zip(columns)
        .map(|(column, frozen)| kept(column, frozen))
        .collect();
    let start = Instant::now();
    let evidence: Vec<ColumnEvidence> = columns
        .iter()
        .zip(&counted)
        .map(|(baseline, current)| {
            column_evidence(
                &baseline.summary,
                current,
                Evidence::Counted,
                None,
                None,
                Against::Baseline,
            )
        })
        .collect();
    let columns: Vec<(&ColumnEvidence, MinEffect)> = evidence
        .iter()
        .map(|found| (found, MinEffect::default()))
        .collect();
    let decisions = ALPHAS.map(|alpha| decide(&columns, alpha));
    let seconds = start.elapsed().as_secs_f64();
    let (mut ks, mut wasserstein) = (Vec::new(), Vec::new());
    for (baseline, current) in reference.exact.iter().zip(current) {
        let (Some(left), Some(right)) = (&baseline.numeric, &current.numeric) else {
            continue;
        };
        let Ok(pair) = NumericPair::new(&left.points, &right.points) else {
            continue;
        };
        let context = Context::of_columns(baseline, current);
        let distance = pair.measure(Method::Wasserstein, Convention::Evidently, &context);
        wasserstein.push(distance.map_or(0.0, |found| found.statistic));
        let d = pair.measure(Method::LInfinity, Convention::Sagemaker, &context);
        ks.push(d.map_or(0.0, |found| found.statistic));
    }
    Outcome {
        any: decisions
            .each_ref()
            .map(|decision| decision.columns.iter().any(|column| column.alarm)),
        planted: decisions
            .each_ref()
            .map(|decision| decision.columns[planted_idx].alarm),
        ks,
        wasserstein,
        seconds,
    }
}

/// The limit that the largest of all columns passes in a share `alpha` of the runs.
fn tuned(mut largest: Vec<f64>, alpha: f64) -> f64 {
    largest.sort_by(f64::total_cmp);
    let idx = ((1.0 - alpha) * largest.len() as f64).ceil() as usize;
    largest[idx.min(largest.len() - 1)]
}

/// Upper end of the exact 95 % interval, by bisection of the binomial tail.
fn upper(hits: usize, n: usize) -> f64 {
    let tail = |p: f64| {
        let mut term = (1.0 - p).powi(n as i32);
        let mut sum = term;
        for k in 0..hits {
            term *= (n - k) as f64 / (k + 1) as f64 * p / (1.0 - p);
            sum += term;
        }
        sum
    };
    let (mut low, mut high) = (hits as f64 / n as f64, 1.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if tail(middle) > 0.025 {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<usize>());
    let mut number = |default: usize| arguments.next().and_then(Result::ok).unwrap_or(default);
    let (n_null, n_planted) = (number(2000), number(200));
    let out = &mut std::io::stdout();
    let mut draws = Draws(Pcg64::seed_from_u64(20_261_121), None);
    let everything = Reference::new(&mut draws, N_BASELINE);
    for n in [500usize, 5_000, 50_000] {
        // Long windows cost more to draw: fewer of them.
        let n_null = if n == 50_000 { n_null / 25 } else { n_null };
        let mut tuned_by: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        let (mut alarms, mut seconds) = ([0usize; 2], 0.0);
        for run in 0..n_null {
            // A new baseline now and then: its own chance is part of the null.
            let fresh;
            let baseline = if run % 20 == 0 && n < 50_000 {
                fresh = Reference::new(&mut draws, 4 * n);
                &fresh
            } else {
                &everything
            };
            let current = window(&mut draws, n, (0, Planted::Nothing));
            let outcome = judge(baseline, &current, 0);
            for (count, any) in alarms.iter_mut().zip(outcome.any) {
                *count += usize::from(any);
            }
            seconds += outcome.seconds;
            let largest = |values: &[f64]| values.iter().copied().fold(0.0, f64::max);
            tuned_by.entry("ks").or_default().push(largest(&outcome.ks));
            tuned_by
                .entry("wasserstein")
                .or_default()
                .push(largest(&outcome.wasserstein));
        }
        writeln!(
            out,
            "\nn = {n}: {n_null} windows without drift, {:.2} ms a window",
            1e3 * seconds / n_null as f64
        )?;
        for (alpha, hits) in ALPHAS.into_iter().zip(alarms) {
            let bound = upper(hits, n_null);
            writeln!(
                out,
                "  stated {alpha:.4}: reached {:.4}, upper 95 % bound {bound:.4} = {:.2} times the stated rate",
                hits as f64 / n_null as f64,
                bound / alpha
            )?;
        }
        for alpha in ALPHAS {
            let found = check(
                &everything.frozen,
                None,
                None,
                &AaSettings {
                    resampling: Resampling::Rows,
                    n_rows: n as u64,
                    window_seconds: None,
                    n_runs: N_CHECKED,
                    seed: 1,
                    alpha,
                    min_effect: MinEffect::default(),
                },
            );
            writeln!(
                out,
                "  `calibrate --check` by rows, {} pairs: stated {alpha:.4}, reached {:.4}, upper bound \
                 {:.2} times the stated rate",
                found.n_runs,
                found.rate,
                found.high / alpha
            )?;
        }
        let n_planted = if n == 50_000 { n_planted / 10 } else { n_planted };
        for (name, planted, idx) in [
            ("mean +0.1 sd", Planted::Mean(0.1), 0),
            ("mean +0.25 sd", Planted::Mean(0.25), 0),
            ("mean +0.5 sd", Planted::Mean(0.5), 0),
            ("variance x1.5", Planted::Variance(1.5), 0),
            ("category +5 points", Planted::Share(0.05), 1),
            ("missing +2 points", Planted::Missing(0.02), 2),
        ] {
            let mut found = [[0usize; 3]; 2];
            for _ in 0..n_planted {
                let outcome = judge(&everything, &window(&mut draws, n, (idx, planted)), idx);
                for (level, alpha) in ALPHAS.into_iter().enumerate() {
                    let passes = |values: &[f64], name: &str| {
                        let limit = tuned(tuned_by.get(name).cloned().unwrap_or_default(), alpha);
                        planted_numeric(idx).is_some_and(|place| values[place] > limit)
                    };
                    found[level][0] += usize::from(outcome.planted[level]);
                    found[level][1] += usize::from(passes(&outcome.ks, "ks"));
                    found[level][2] += usize::from(passes(&outcome.wasserstein, "wasserstein"));
                }
            }
            let share = |level: usize, test: usize| {
                // The two single tests are of numbers only.
                if test > 0 && planted_numeric(idx).is_none() {
                    "-".to_owned()
                } else {
                    format!("{:.3}", found[level][test] as f64 / n_planted as f64)
                }
            };
            writeln!(
                out,
                "  {name:<20} found at 0.05: {} (KS alone {}, normed Wasserstein {}); at 1/90: {} ({}, {})",
                share(0, 0),
                share(0, 1),
                share(0, 2),
                share(1, 0),
                share(1, 1),
                share(1, 2),
            )?;
        }
    }
    Ok(())
}

/// Place among the numeric columns.
fn planted_numeric(idx: usize) -> Option<usize> {
    match idx {
        0 => Some(0),
        2 => Some(1),
        _ => None,
    }
}
