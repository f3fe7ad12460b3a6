//! One chunk of capture through each stage, beside the bare parse of the same lines: `cargo bench -p engine`.
//!
//! Then all house methods over the profile of a large window against a frozen baseline: what comparing adds to
//! profiling. Says where time goes; `cargo run --release -p tests --bin bench -- suite` measures whole runs.

use baselines::baseline::{Baseline, Role};
use baselines::compare::{CategoryCounts, Context, Convention, Method, NumericPair, compare_categorical};
use baselines::profile::column::Scratch;
use baselines::profile::{ColumnPlan, PlanKind, Profile};
use baselines::summary::{DatasetSummary, Position};
use capture::decode::{Decoder, ObjectContext, RecordFormat};
use capture::frame::Chunk;
use capture::layout::{Layout, LayoutColumn, Side};
use capture::limits::Limits;
use capture::time::TimeWindow;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;

const N_COLUMNS: usize = 30;
const N_RECORDS: usize = 4_000;
/// Chunks of a window whose numbers are past what is kept as it is: 200,000 rows.
const N_LARGE: u64 = 50;

/// A deterministic stream (a 64-bit linear congruential generator, Knuth's MMIX constants).
fn next(state: &mut u64) -> u64 {
    *state = state
        .wrapping_mul(6364136223846793005)
        .wrapping_add(1442695040888963407);
    *state >> 33
}

fn lines(seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut text = String::new();
    for idx in 0..N_RECORDS {
        let cells: Vec<String> = (1..N_COLUMNS)
            .map(|column| match column % 3 {
                0 => format!("city-{}", next(&mut state) % 50),
                1 => format!("{}.{:04}", next(&mut state) % 100, next(&mut state) % 10_000),
                _ => (next(&mut state) % 1000).to_string(),
            })
            .collect();
        let (data, score) = (cells.join(","), next(&mut state) % 10_000);
        let _infallible = writeln!(
            text,
            r#"{{"captureData":{{"endpointInput":{{"observedContentType":"text/csv","mode":"INPUT","data":"{data}","encoding":"CSV"}},"endpointOutput":{{"observedContentType":"text/csv; charset=utf-8","mode":"OUTPUT","data":"0.{score:04}","encoding":"CSV"}}}},"eventMetadata":{{"eventId":"00000000-0000-4000-8000-{idx:012x}","inferenceTime":"2026-01-01T00:00:00Z"}},"eventVersion":"0"}}"#
        );
    }
    text.into_bytes()
}

fn layout(plans: &[ColumnPlan]) -> Arc<Layout> {
    let column = |(idx, plan): (usize, &ColumnPlan)| LayoutColumn {
        name: plan.name.clone(),
        side: if idx == 0 { Side::Output } else { Side::Input },
        needs_text: plan.needs_text(),
    };
    Arc::new(Layout::new(plans.iter().enumerate().map(column).collect()))
}

fn profile(decoder: &Decoder, plans: &[ColumnPlan], scratch: &mut Scratch) -> Profile {
    let mut profile = Profile::new(plans);
    profile.add_rows(decoder.batch().n_rows() as u64);
    for (idx, cells) in decoder.batch().planned().iter().enumerate() {
        let position = |row: usize| Position {
            object_idx: 0,
            line: row as u64,
        };
        profile.update_planned(idx, &cells.view(), position, scratch);
    }
    profile
}

fn stages(criterion: &mut Criterion) {
    let chunk = Chunk {
        byte_offset: 0,
        bytes: lines(1),
        oversized: None,
    };
    let context = ObjectContext {
        format: RecordFormat::Capture,
        hour: None,
    };
    let decoder_of =
        |plans: &[ColumnPlan]| Decoder::new(layout(plans), TimeWindow::default(), Limits::default());
    let unknown: Vec<ColumnPlan> = (0..N_COLUMNS)
        .map(|idx| ColumnPlan::unknown(format!("f{idx}"), PlanKind::Undetermined))
        .collect();
    let mut scratch = Scratch::default();
    let mut first = decoder_of(&unknown);
    first.decode(&chunk, &context);
    let baseline = Baseline::freeze(profile(&first, &unknown, &mut scratch).finish(), |_| Role::Input);
    // No room for exact values: the grid is what a large window counts on.
    let plans: Vec<ColumnPlan> = baseline.columns.iter().map(|column| column.plan(0)).collect();
    let mut decoder = decoder_of(&plans);

    let mut group = criterion.benchmark_group("30 columns");
    group.throughput(Throughput::Bytes(chunk.bytes.len() as u64));
    group.bench_function("bare sonic-rs parse", |bencher| {
        bencher.iter(|| {
            for line in chunk.bytes.split_inclusive(|byte| *byte == b'\n') {
                let _parsed = black_box(sonic_rs::from_slice::<sonic_rs::Value>(line));
            }
        });
    });
    group.bench_function("decode", |bencher| {
        bencher.iter(|| black_box(decoder.decode(&chunk, &context)));
    });
    group.bench_function("decode and profile", |bencher| {
        bencher.iter(|| {
            decoder.decode(&chunk, &context);
            black_box(profile(&decoder, &plans, &mut scratch))
        });
    });
    group.finish();
}

/// A large window of capture, counted by `plans`.
fn large(plans: &[ColumnPlan], first_seed: u64) -> DatasetSummary {
    let mut decoder = Decoder::new(layout(plans), TimeWindow::default(), Limits::default());
    let context = ObjectContext {
        format: RecordFormat::Capture,
        hour: None,
    };
    let (mut whole, mut scratch) = (Profile::new(plans), Scratch::default());
    for seed in first_seed..first_seed + N_LARGE {
        let chunk = Chunk {
            byte_offset: 0,
            bytes: lines(seed),
            oversized: None,
        };
        decoder.decode(&chunk, &context);
        whole.merge(profile(&decoder, plans, &mut scratch));
    }
    whole.finish()
}

/// Every method of the house over every column; how many answered.
fn measure_all(baseline: &Baseline, current: &DatasetSummary) -> usize {
    let mut n_answers = 0;
    for (frozen, current) in baseline.columns.iter().zip(&current.columns) {
        let context = Context {
            house_edges: (!frozen.house_edges.is_empty()).then_some(frozen.house_edges.as_slice()),
            ..Context::of_columns(&frozen.summary, current)
        };
        if let (Some(baseline), Some(current)) = (&frozen.summary.numeric, &current.numeric) {
            let Ok(pair) = NumericPair::new(&baseline.points, &current.points) else {
                continue;
            };
            let measured = Method::ALL
                .iter()
                .map(|method| pair.measure(*method, Convention::House, &context));
            n_answers += measured.filter(|outcome| black_box(outcome).is_ok()).count();
        } else if let (Some(baseline), Some(current)) = (&frozen.summary.categorical, &current.categorical) {
            let (baseline, current) = (CategoryCounts::from(baseline), CategoryCounts::from(current));
            let measure =
                |method| compare_categorical(method, Convention::House, &baseline, &current, &context);
            n_answers += Method::ALL
                .iter()
                .filter(|method| black_box(measure(**method)).is_ok())
                .count();
        }
    }
    n_answers
}

fn comparing(criterion: &mut Criterion) {
    let unknown: Vec<ColumnPlan> = (0..N_COLUMNS)
        .map(|idx| ColumnPlan::unknown(format!("f{idx}"), PlanKind::Undetermined))
        .collect();
    let baseline = Baseline::freeze(large(&unknown, 1), |_| Role::Input);
    let plans: Vec<ColumnPlan> = baseline.columns.iter().map(|column| column.plan(0)).collect();
    let current = large(&plans, 1 + N_LARGE);
    assert!(measure_all(&baseline, &current) > 9 * N_COLUMNS);
    let mut group = criterion.benchmark_group("30 columns of 200,000 rows");
    group.bench_function("all house methods", |bencher| {
        bencher.iter(|| black_box(measure_all(&baseline, &current)));
    });
    group.finish();
}

criterion_group!(benches, stages, comparing);
criterion_main!(benches);
