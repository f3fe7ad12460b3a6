//! Whatever the cells are: no panic, no NaN, every document can be written, read and validated.
//!
//! Does not test what the verdict says.

use proptest::prelude::*;

use super::*;
use crate::document::model_monitor::tests::{check_schema, summarize};
use crate::document::verdict::{Latest, VersionedVerdict};

const CELLS: [&str; 20] = [
    "",
    "NaN",
    "inf",
    "-inf",
    "true",
    "false",
    "x",
    "y",
    "0",
    "-0",
    "1",
    "2",
    "-3",
    "1.5",
    "2.5e-7",
    "1e308",
    "-1.7976931348623157e308",
    "1.7976931348623157e308",
    "5e-324",
    "9007199254740993",
];

fn any_columns(n_rows: usize) -> impl Strategy<Value = Vec<Vec<&'static str>>> {
    // A pool of few cells makes pure columns likely, a pool of all makes every mix.
    let pool = prop::collection::vec(prop::sample::select(&CELLS[..]), 1..5);
    let column = (pool, prop::collection::vec(any::<prop::sample::Index>(), n_rows));
    let column = column.prop_map(|(pool, picks)| picks.iter().map(|pick| *pick.get(&pool)).collect());
    prop::collection::vec(column, 1..5)
}

fn data_set(columns: Vec<Vec<&'static str>>) -> DatasetSummary {
    let named: Vec<(String, Vec<&str>)> = columns
        .into_iter()
        .enumerate()
        .map(|(idx, cells)| (format!("c{idx}"), cells))
        .collect();
    let columns: Vec<(&str, Vec<&str>)> = named
        .iter()
        .map(|(name, cells)| (name.as_str(), cells.clone()))
        .collect();
    summarize(&columns)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_window_has_documents(
        baseline in (1usize..80).prop_flat_map(any_columns),
        current in (1usize..80).prop_flat_map(any_columns),
    ) {
        let (baseline, current) = (data_set(baseline), data_set(current));
        let verdict = judged_with(&baseline, &current, |_| {});
        prop_assert!(verdict.findings.iter().all(|found| found.value.is_finite() && found.limit.is_finite()));
        let unique: std::collections::BTreeSet<String> = ids(&verdict).into_iter().collect();
        prop_assert_eq!(unique.len(), verdict.findings.len());
        let bytes = VersionedVerdict::from(Latest::from(&verdict)).to_bytes().unwrap();
        check_schema("verdict.v3", &bytes);
        prop_assert_eq!(VersionedVerdict::from_bytes(&bytes).unwrap().to_bytes().unwrap(), bytes);
        check_schema("constraint_violations", &Violations::from(&verdict).to_bytes().unwrap());
        for summary in [&baseline, &current] {
            let bytes = Statistics::from(summary).to_bytes().unwrap();
            check_schema("statistics", &bytes);
            let loaded = Statistics::from_bytes(&bytes).unwrap().into_summary().unwrap();
            prop_assert_eq!(loaded.summary.columns.len(), summary.columns.len());
            let constraints = suggest(summary).constraints;
            let bytes = ConstraintsFile::from(&constraints).to_bytes().unwrap();
            check_schema("constraints", &bytes);
        }
        // A baseline read back from its own statistics.json judges without a panic as well.
        let loaded = Statistics::from(&baseline).to_bytes().unwrap();
        let loaded = Statistics::from_bytes(&loaded).unwrap().into_summary().unwrap();
        let constraints = suggest(&baseline).constraints;
        let view = BaselineView {
            constraints: &constraints,
            summary: Some(&loaded.summary),
            evidence: &loaded.evidence,
            house_edges: None,
        calibration: None,
        };
        judge(&current, &view, run(), &Policy::default());
    }

    /// A data set never violates the constraints suggested for itself.
    #[test]
    fn a_baseline_passes_its_own_constraints(columns in (1usize..80).prop_flat_map(any_columns)) {
        let baseline = data_set(columns);
        let verdict = judged_with(&baseline, &baseline, |_| {});
        let own_types = |finding: &&Finding| finding.check != CheckKind::DataType;
        let others: Vec<&Finding> = verdict.findings.iter().filter(own_types).collect();
        prop_assert!(others.is_empty(), "{others:?}");
    }
}
