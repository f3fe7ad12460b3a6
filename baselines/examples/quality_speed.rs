//! How long all quality metrics with their intervals take, and how much memory: `cargo run --release -p baselines
//! --example quality_speed -- 10000000`. Seeded data, made before the clock starts. Does not join labels, reads nothing.
#![expect(clippy::print_stdout, reason = "an example speaks on standard output")]

use std::time::Instant;

use baselines::quality::{
    BinaryRows, BinarySettings, BinaryState, Classes, MulticlassRows, MulticlassState, QualityOptions,
    QualityResult, RegressionRows, RegressionState,
};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

const CHUNK: usize = 1 << 16;

fn uniforms(n: usize, seed: u64) -> Vec<f64> {
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    (0..n)
        .map(|_| (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64)
        .collect()
}

/// Largest resident set of the process so far, where the system tells.
fn peak_memory_mb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes / 1024)
}

fn report(what: &str, n: usize, update: f64, finish: f64, result: &QualityResult) {
    let peak = peak_memory_mb().map_or_else(|| "unknown".to_owned(), |peak| format!("{peak} MB"));
    println!(
        "{what}: {n} rows, update {update:.2} s, finish {finish:.2} s, {} metrics, peak memory {peak} (data included)",
        result.metrics.len()
    );
}

fn binary(n: usize, weighted: bool) {
    let scores = uniforms(n, 1);
    let labels: Vec<bool> = scores.iter().zip(uniforms(n, 2)).map(|(p, u)| u < *p).collect();
    let weights: Option<Vec<f64>> = weighted.then(|| {
        uniforms(n, 3)
            .iter()
            .map(|u| if *u < 0.5 { 1.0 } else { 4.0 })
            .collect()
    });
    let start = Instant::now();
    let mut state = BinaryState::new(BinarySettings::default());
    for at in (0..n).step_by(CHUNK) {
        let rows = at..n.min(at + CHUNK);
        let chunk = BinaryRows {
            labels: &labels[rows.clone()],
            predicted: None,
            scores: Some(&scores[rows.clone()]),
            weights: weights.as_ref().map(|weights| &weights[rows]),
        };
        state.update(&chunk).expect("slices of one length");
    }
    let update = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let result = state.finish(&QualityOptions::default()).expect("default options");
    let what = if weighted { "binary, weighted" } else { "binary" };
    report(what, n, update, start.elapsed().as_secs_f64(), &result);
}

fn multiclass(n: usize) {
    const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];
    let mut probabilities = uniforms(5 * n, 4);
    for row in probabilities.chunks_mut(5) {
        let sum: f64 = row.iter().sum();
        for p in row {
            *p /= sum;
        }
    }
    let labels: Vec<&str> = uniforms(n, 5).iter().map(|u| NAMES[(u * 5.0) as usize]).collect();
    let start = Instant::now();
    let classes = Classes::Given(NAMES.map(str::to_owned).to_vec());
    let mut state = MulticlassState::new(classes).expect("five names");
    for at in (0..n).step_by(CHUNK) {
        let end = n.min(at + CHUNK);
        let chunk = MulticlassRows {
            labels: &labels[at..end],
            predicted: None,
            probabilities: Some(&probabilities[5 * at..5 * end]),
            weights: None,
        };
        state.update(&chunk).expect("slices of one length");
    }
    let update = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let result = state.finish(&QualityOptions::default()).expect("default options");
    report(
        "multiclass, 5 classes",
        n,
        update,
        start.elapsed().as_secs_f64(),
        &result,
    );
}

fn regression(n: usize) {
    let labels = uniforms(n, 6);
    let predicted: Vec<f64> = labels
        .iter()
        .zip(uniforms(n, 7))
        .map(|(y, u)| y + 0.1 * u)
        .collect();
    let start = Instant::now();
    let mut state = RegressionState::new();
    for at in (0..n).step_by(CHUNK) {
        let end = n.min(at + CHUNK);
        let chunk = RegressionRows {
            labels: &labels[at..end],
            predicted: &predicted[at..end],
            weights: None,
        };
        state.update(&chunk).expect("slices of one length");
    }
    let update = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let result = state.finish(&QualityOptions::default()).expect("default options");
    report("regression", n, update, start.elapsed().as_secs_f64(), &result);
}

fn main() {
    let n = std::env::args()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .unwrap_or(10_000_000);
    binary(n, false);
    binary(n, true);
    multiclass(n / 5);
    regression(n);
}
