//! Rules of `suggest`, one row each. Does not test the stored form of constraints (`document`).

use super::*;
use crate::summary::{
    CategoricalSummary, CellCounts, ColumnSummary, DatasetSummary, Distinct, NumericSummary, WeightedPoints,
};
use crate::view::CellClass;

fn numeric_column(name: &str, values: Vec<f64>) -> ColumnSummary {
    let n = values.len() as u64;
    let fractional = values.iter().filter(|value| value.fract() != 0.0).count() as u64;
    let points = WeightedPoints::from_values(values);
    let counts = CellCounts {
        n_integral: n - fractional,
        n_fractional: fractional,
        ..CellCounts::default()
    };
    ColumnSummary {
        name: name.to_owned(),
        inferred_type: counts.inferred_type(),
        counts,
        numeric: Some(NumericSummary {
            n,
            sum: 0.0,
            mean: 0.0,
            std_dev: 0.0,
            min: points.values[0],
            max: points.values[points.values.len() - 1],
            distinct: Distinct::Exact(points.values.len() as u64),
            points,
        }),
        categorical: None,
        spans: [None; CellClass::COUNT],
    }
}

fn text_column(name: &str, counts: &[(&str, u64)], n_missing: u64) -> ColumnSummary {
    let n = counts.iter().map(|(_, n)| n).sum();
    let cells = CellCounts {
        n_text: n,
        n_missing,
        ..CellCounts::default()
    };
    ColumnSummary {
        name: name.to_owned(),
        inferred_type: cells.inferred_type(),
        counts: cells,
        numeric: None,
        categorical: Some(CategoricalSummary {
            n,
            distinct: Distinct::Exact(counts.len() as u64),
            counts: counts
                .iter()
                .map(|(value, n)| ((*value).to_owned(), *n))
                .collect(),
            n_other: 0,
            complete: true,
        }),
        spans: [None; CellClass::COUNT],
    }
}

fn suggested(column: ColumnSummary) -> Suggestions {
    suggest(&DatasetSummary {
        n_rows: column.counts.n_cells(),
        columns: vec![column],
    })
}

#[test]
fn numeric_columns_say_whether_they_are_non_negative() {
    let check = |values: Vec<f64>, expect: bool| {
        let suggestions = suggested(numeric_column("a", values));
        assert_eq!(suggestions.constraints.features[0].non_negative, Some(expect));
        assert_eq!(suggestions.constraints.features[0].domains, None);
    };
    check(vec![0.0, 1.5], true);
    check(vec![-0.5, 1.5], false);
    check(vec![-0.0], true);
}

#[test]
fn completeness_is_what_was_observed() {
    let suggestions = suggested(text_column("s", &[("a", 3)], 1));
    assert_eq!(suggestions.constraints.features[0].completeness, Some(0.75));
    let sentence = &suggestions.derivations[1].sentence;
    assert_eq!(sentence, "3 of 4 cells of the baseline are present");
}

#[test]
fn domains_are_the_histogram_up_to_its_limit() {
    let suggestions = suggested(text_column("s", &[("b", 3), ("a", 2)], 0));
    assert_eq!(
        suggestions.constraints.features[0].domains,
        Some(vec!["b".to_owned(), "a".to_owned()])
    );
    let names: Vec<String> = (0..=MAX_HISTOGRAM_CATEGORIES)
        .map(|i| format!("v{i:03}"))
        .collect();
    let wide: Vec<(&str, u64)> = names.iter().map(|name| (name.as_str(), 1)).collect();
    assert_eq!(
        suggested(text_column("s", &wide, 0)).constraints.features[0].domains,
        None
    );
    let fits = &wide[..MAX_HISTOGRAM_CATEGORIES as usize];
    assert!(
        suggested(text_column("s", fits, 0)).constraints.features[0]
            .domains
            .is_some()
    );
}

#[test]
fn code_like_integers_are_warned_about_and_not_changed() {
    let check = |column: ColumnSummary, expect: Option<WarningKind>| {
        let suggestions = suggested(column);
        assert_eq!(suggestions.warnings.first().map(|warning| warning.kind), expect);
        assert_eq!(
            suggestions.constraints.features[0].inferred_type,
            InferredType::Integral
        );
    };
    let zip_codes = (0..500)
        .map(|i| f64::from(10_000 + (i * 7919) % 89_999 / 300 * 300))
        .collect();
    check(numeric_column("zip", zip_codes), Some(WarningKind::LooksLikeCode));
    let ids = (0..500).map(f64::from).collect();
    check(numeric_column("id", ids), Some(WarningKind::LooksLikeIdentifier));
    let ages = (0..500).map(|i| f64::from(29 + i % 36)).collect();
    check(numeric_column("age", ages), None);
    let years = (0..500).map(|i| f64::from(1950 + i % 70)).collect();
    check(numeric_column("year", years), None);
}

#[test]
fn a_column_without_values_is_warned_about() {
    let suggestions = suggested(text_column("s", &[], 5));
    assert_eq!(
        suggestions.constraints.features[0].inferred_type,
        InferredType::Unknown
    );
    assert_eq!(suggestions.warnings[0].kind, WarningKind::NoValues);
    assert_eq!(suggestions.constraints.features[0].completeness, Some(0.0));
}

#[test]
fn a_columns_own_switch_stands_above_the_data_sets() {
    let mut constraints = suggested(text_column("s", &[("a", 3)], 0)).constraints;
    assert!(constraints.evaluates(&constraints.features[0]));
    constraints.features[0].overrides.evaluate_constraints = Some(false);
    assert!(!constraints.evaluates(&constraints.features[0]));
    constraints.monitoring.evaluate_constraints = false;
    constraints.features[0].overrides.evaluate_constraints = Some(true);
    assert!(constraints.evaluates(&constraints.features[0]));
}
