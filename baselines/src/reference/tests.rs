//! The law of merging, and what makes too little history.

use super::*;
use crate::document::window::{WindowHead, from_bytes, to_bytes};
use crate::profile::column::Scratch;
use crate::profile::{ColumnPlan, ExactUntil, Grid, PlanKind, Profile};
use crate::summary::{ColumnSummary, DatasetSummary, Distinct, Position};
use crate::view::{CellClass, ColumnView, TextView};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A row: a number or none, and a text.
type Row = (Option<f64>, u8);

fn plans(numbers_kept: usize, texts_kept: usize, edges: &[f64]) -> [ColumnPlan; 2] {
    let mut number = ColumnPlan::unknown("x", PlanKind::Numeric);
    number.grid = Arc::new(Grid::from_edges(edges.iter().copied()));
    number.exact_until = ExactUntil::Numbers(numbers_kept);
    let mut text = ColumnPlan::unknown("c", PlanKind::Categorical);
    text.known = ["t0".to_owned(), "t1".to_owned()].into();
    text.category_limit = texts_kept;
    [number, text]
}

fn profile(plans: &[ColumnPlan; 2], rows: &[Row]) -> DatasetSummary {
    let mut profile = Profile::new(plans);
    let scratch = &mut Scratch::default();
    let position = |_| Position {
        object_idx: 0,
        line: 1,
    };
    let classes: Vec<CellClass> = rows
        .iter()
        .map(|(number, _)| number.map_or(CellClass::Missing, |_| CellClass::Fractional))
        .collect();
    let numbers: Vec<f64> = rows.iter().map(|(number, _)| number.unwrap_or(0.0)).collect();
    let texts: Vec<String> = rows.iter().map(|(_, text)| format!("t{text}")).collect();
    let bytes = texts.concat();
    let ends: Vec<u32> = texts
        .iter()
        .scan(0, |end, text| {
            *end += text.len() as u32;
            Some(*end)
        })
        .collect();
    let texts = Some(TextView {
        bytes: bytes.as_bytes(),
        ends: &ends,
    });
    profile.add_rows(rows.len() as u64);
    let view = |classes| ColumnView {
        classes,
        numbers: &numbers,
        texts,
    };
    profile.update_planned(0, &view(&classes), position, scratch);
    profile.update_planned(1, &view(&vec![CellClass::Text; rows.len()]), position, scratch);
    profile.finish()
}

/// What is left of a summary after it was stored.
fn stored(summary: &DatasetSummary) -> DatasetSummary {
    let bytes = to_bytes(&WindowHead::default(), summary).unwrap();
    from_bytes(&bytes).unwrap().1
}

fn close(ours: f64, theirs: f64, scale: f64) -> bool {
    (ours - theirs).abs() <= 1e-13 * scale
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let number = prop_oneof![
        4 => (-40i32..40).prop_map(|n| Some(f64::from(n) / 8.0)),
        1 => Just(None),
        1 => (-1e6..1e6f64).prop_map(Some),
    ];
    prop::collection::vec((number, 0u8..9), 0..40)
}

proptest! {
    #[test]
    fn merging_stored_windows_is_profiling_their_rows_together(
        windows in prop::collection::vec(rows(), 1..5),
        numbers_kept in prop::sample::select(&[0usize, 10, 60, 1000]),
        texts_kept in prop::sample::select(&[0usize, 2, 100]),
        edges in prop::collection::btree_set(-40i32..40, 0..12),
    ) {
        let edges: Vec<f64> = edges.into_iter().map(|edge| f64::from(edge) / 8.0).collect();
        let plans = plans(numbers_kept, texts_kept, &edges);
        let all: Vec<Row> = windows.concat();
        let whole = stored(&profile(&plans, &all));
        let parts: Vec<DatasetSummary> = windows.iter().map(|rows| stored(&profile(&plans, rows))).collect();
        let grids = BTreeMap::from([("x", &*plans[0].grid)]);
        let merged = merge(&parts, &grids).unwrap();

        prop_assert_eq!(merged.summary.n_rows, whole.n_rows);
        for (ours, theirs) in merged.summary.columns.iter().zip(&whole.columns) {
            prop_assert_eq!((&ours.name, ours.inferred_type, ours.counts), (&theirs.name, theirs.inferred_type, theirs.counts));
        }
        let how: Vec<ColumnMerge> = merged.columns.iter().map(|outcome| outcome.unwrap()).collect();

        let (ours, theirs) = (&merged.summary.columns[0].numeric, &whole.columns[0].numeric);
        prop_assert_eq!(ours.is_some(), theirs.is_some());
        if let (Some(ours), Some(theirs)) = (ours, theirs) {
            let values: BTreeSet<u64> = all.iter().filter_map(|row| row.0).map(|x| (x + 0.0).to_bits()).collect();
            let n_distinct = values.len() as u64;
            prop_assert!(how[0].distinct.at_least <= n_distinct && n_distinct <= how[0].distinct.at_most);
            if theirs.points.is_exact() {
                prop_assert_eq!(ours, theirs);
            } else {
                let on_grid = if ours.points.is_exact() {
                    prop_assert_eq!(ours.distinct, Distinct::Exact(n_distinct));
                    prop_assert_eq!((ours.sum, ours.mean, ours.std_dev), (theirs.sum, theirs.mean, theirs.std_dev));
                    plans[0].grid.regrid(&ours.points, ours.min, ours.max)
                } else {
                    ours.points.clone()
                };
                prop_assert_eq!(&on_grid, &theirs.points);
                prop_assert_eq!((ours.n, ours.min, ours.max), (theirs.n, theirs.min, theirs.max));
                let scale = theirs.min.abs().max(theirs.max.abs());
                prop_assert!(close(ours.sum, theirs.sum, scale * theirs.n as f64));
                prop_assert!(close(ours.mean, theirs.mean, scale));
                // The variance is a difference of squares: half its digits are those of the scale.
                prop_assert!(close(ours.std_dev.powi(2), theirs.std_dev.powi(2), scale * scale));
            }
        }

        let (ours, theirs) = (
            merged.summary.columns[1].categorical.as_ref().unwrap(),
            whole.columns[1].categorical.as_ref().unwrap(),
        );
        prop_assert_eq!(ours.n, theirs.n);
        let truth = |text: &str| all.iter().filter(|row| format!("t{}", row.1) == text).count() as u64;
        for (text, count) in &ours.counts {
            prop_assert!(*count <= truth(text) && truth(text) <= count + how[1].category_shortfall);
            prop_assert!(text != "t0" && text != "t1" || *count == truth(text));
        }
        prop_assert_eq!(ours.counts.iter().map(|(_, count)| count).sum::<u64>() + ours.n_other, ours.n);
        let n_distinct = all.iter().map(|row| row.1).collect::<BTreeSet<u8>>().len() as u64;
        prop_assert!(how[1].distinct.at_least <= n_distinct && n_distinct <= how[1].distinct.at_most);
        if theirs.complete {
            prop_assert_eq!(ours, theirs);
        }
    }

    #[test]
    fn the_order_of_windows_does_not_matter(windows in prop::collection::vec(rows(), 2..4)) {
        let plans = plans(10, 2, &[-1.0, 0.0, 1.0]);
        let mut parts: Vec<DatasetSummary> = windows.iter().map(|rows| profile(&plans, rows)).collect();
        let grids = BTreeMap::from([("x", &*plans[0].grid)]);
        let one = merge(&parts, &grids).unwrap();
        parts.reverse();
        let other = merge(&parts, &grids).unwrap();
        prop_assert_eq!(&one.columns, &other.columns);
        prop_assert_eq!(&one.summary.columns[1], &other.summary.columns[1]);
        let points = |merged: &Merged| merged.summary.columns[0].numeric.as_ref().map(|found| found.points.clone());
        prop_assert_eq!(points(&one), points(&other));
    }
}

#[test]
fn numbers_on_the_grid_of_another_baseline_are_not_added() {
    let rows: Vec<Row> = (0..20).map(|i| (Some(f64::from(i)), 0)).collect();
    let ours = plans(0, 9, &[3.0, 8.0, 15.0]);
    let theirs = plans(0, 9, &[3.0, 9.0, 15.0]);
    let parts = [profile(&ours, &rows), profile(&theirs, &rows)];
    let merged = merge(&parts, &BTreeMap::from([("x", &*ours[0].grid)])).unwrap();
    assert_eq!(merged.columns[0], Err(NotMergeable::OtherGrid));
    assert_eq!(merged.summary.columns[0].numeric, None);
    assert_eq!(merged.summary.columns[0].counts.n_fractional, 40);
    assert!(merged.columns[1].is_ok());
}

#[test]
fn a_column_that_changed_its_type_has_no_distribution() {
    let of = |class: CellClass, text: &str| {
        let plans = [ColumnPlan::unknown("u", PlanKind::Undetermined)];
        let mut profile = Profile::new(&plans);
        profile.add_rows(1);
        let view = ColumnView {
            classes: &[class],
            numbers: &[1.0],
            texts: Some(TextView {
                bytes: text.as_bytes(),
                ends: &[text.len() as u32],
            }),
        };
        let position = |_| Position {
            object_idx: 0,
            line: 1,
        };
        profile.update_planned(0, &view, position, &mut Scratch::default());
        profile.finish()
    };
    let (number, text, empty) = (
        of(CellClass::Integral, "1"),
        of(CellClass::Text, "a"),
        of(CellClass::Missing, ""),
    );
    let merged = |parts: &[DatasetSummary]| merge(parts, &BTreeMap::new()).unwrap();
    assert_eq!(
        merged(&[number.clone(), text.clone()]).columns,
        [Err(NotMergeable::Types)]
    );
    let numeric = merged(&[empty.clone(), number]);
    assert_eq!(
        numeric.summary.columns[0].numeric.as_ref().map(|found| found.n),
        Some(1)
    );
    let listed = merged(&[text, empty]);
    assert_eq!(
        listed.summary.columns[0]
            .categorical
            .as_ref()
            .map(|found| found.n),
        Some(1)
    );
}

#[test]
fn rows_that_never_named_a_column_are_missing_cells_of_it() {
    let plans = plans(100, 9, &[]);
    let rows: Vec<Row> = vec![(Some(1.0), 1); 7];
    let mut without = profile(&plans, &rows);
    without
        .columns
        .retain(|column: &ColumnSummary| column.name == "c");
    let merged = merge(&[without, profile(&plans, &rows)], &BTreeMap::new()).unwrap();
    let x = merged
        .summary
        .columns
        .iter()
        .find(|column| column.name == "x")
        .unwrap();
    assert_eq!(
        (x.counts.n_missing, x.counts.n_fractional, x.counts.n_cells()),
        (7, 7, 14)
    );
}

fn heads(starts: &[i64]) -> Vec<WindowHead> {
    let head = |start: &i64| WindowHead {
        start: Some(*start),
        end: Some(start + 3600),
        n_rows: 5,
        ..WindowHead::default()
    };
    starts.iter().map(head).collect()
}

#[test]
fn references_choose_by_time() {
    const HOUR: i64 = 3600;
    const WEEK: i64 = 168 * HOUR;
    let chosen = |reference: &str, start: i64, history: &[WindowHead]| {
        choose(reference.parse().unwrap(), start, start + HOUR, history)
    };
    let history = heads(&[2 * HOUR, 0, HOUR, 4 * HOUR, 2 * HOUR]);
    assert_eq!(chosen("previous", 4 * HOUR, &history), Choice::Windows(vec![4]));
    assert_eq!(
        chosen("trailing:2", 3 * HOUR, &history),
        Choice::Windows(vec![2, 4])
    );
    assert_eq!(chosen("baseline", 3 * HOUR, &history), Choice::Windows(vec![]));
    assert_eq!(
        chosen("trailing:9", 3 * HOUR, &history),
        Choice::TooFew(
            "too little history for the reference trailing:9: it needs 9 windows of the same length with rows that \
             ended before this one began, and 3 are there"
                .to_owned()
        )
    );
    let weeks: Vec<i64> = (0..12).map(|week| 5 * HOUR + week * WEEK).collect();
    let history = heads(&weeks);
    assert_eq!(
        chosen("season", 5 * HOUR + 12 * WEEK, &history),
        Choice::Windows((4..12).collect())
    );
    assert_eq!(
        chosen("season:hour-of-week", 5 * HOUR + 2 * WEEK, &history),
        Choice::Windows(vec![0, 1])
    );
    assert_eq!(
        chosen("season", 6 * HOUR + 12 * WEEK, &history),
        Choice::TooFew(
            "too little history for the reference season:hour-of-week: it needs 2 windows of the same length with rows \
             at the same hour of the week (of 12 earlier ones), and 0 are there"
                .to_owned()
        )
    );
    // A window of another length, one without rows, one without times.
    let mut odd = heads(&[0, HOUR, 2 * HOUR]);
    odd[0].end = Some(2 * HOUR);
    odd[1].n_rows = 0;
    odd[2].start = None;
    assert!(matches!(chosen("previous", 9 * HOUR, &odd), Choice::TooFew(_)));
    odd[2].start = Some(i64::MIN);
    assert!(matches!(chosen("previous", 9 * HOUR, &odd), Choice::TooFew(_)));
    for wrong in [
        "",
        "trailing",
        "trailing:0",
        "trailing:x",
        "season:minute",
        "trailing:-1",
    ] {
        assert!(wrong.parse::<Reference>().is_err(), "{wrong}");
    }
}
