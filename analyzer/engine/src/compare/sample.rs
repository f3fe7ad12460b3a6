//! A column's cells as a sample, and the methods that measure two of them.
//!
//! Chooses how a column is handed to `baselines::compare`; computes nothing of its own.

use super::MethodAnswer;
use crate::frame::Kind;
use crate::frame::column::Builder;
use baselines::compare::{
    CategoryCounts, Context, Convention, Method, NotComputable, NumericPair, Outcome, compare_categorical,
    house_edges,
};
use baselines::summary::{CellCounts, WeightedPoints};

/// Distinct values of both sides together up to which Evidently tests a numeric column with tests for categories
/// (`stattests/registry.py::_get_default_stattest`).
const EVIDENTLY_FEW_VALUES: usize = 5;
/// The same for columns of whole numbers, which Evidently then takes for categorical
/// (`core/datasets.py::infer_column_type`).
const EVIDENTLY_FEW_INTEGERS: usize = 10;

/// What `analyze` measures: `baselines::judge`.
const HOUSE_NUMERIC: [Method; 5] = [
    Method::KolmogorovSmirnov,
    Method::Psi,
    Method::JensenShannon,
    Method::LInfinity,
    Method::LInfinityRobust,
];
const HOUSE_CATEGORICAL: [Method; 5] = [
    Method::ChiSquare,
    Method::Psi,
    Method::JensenShannon,
    Method::LInfinity,
    Method::LInfinityRobust,
];

/// Methods that are measured where none are named.
pub(super) fn default_methods(kind: Option<Kind>, convention: Convention) -> Vec<Method> {
    match (convention, kind) {
        (Convention::House, Some(Kind::Categorical)) => HOUSE_CATEGORICAL.to_vec(),
        (Convention::House, _) => HOUSE_NUMERIC.to_vec(),
        _ => Method::ALL.to_vec(),
    }
}

/// One side of a column.
#[derive(Debug)]
pub(super) struct Sample {
    pub(super) cells: CellCounts,
    values: Values,
}

#[derive(Debug)]
enum Values {
    Numbers(WeightedPoints),
    Categories(CategoryCounts),
}

impl Sample {
    pub(super) fn new(column: Builder, kind: Option<Kind>) -> Self {
        let column = column.finish(String::new(), kind);
        let cells = column.counts();
        let values = if kind == Some(Kind::Categorical) {
            let counts = column.rows_by_text().into_iter();
            Values::Categories(CategoryCounts::new(
                counts.map(|(text, n)| (text.to_owned(), n)),
                0,
            ))
        } else {
            Values::Numbers(WeightedPoints::from_values(column.into_finite_numbers()))
        };
        Self { cells, values }
    }
}

/// Measures two samples of one kind.
pub(super) fn measure(
    baseline: &Sample,
    current: &Sample,
    methods: &[Method],
    convention: Convention,
) -> Vec<MethodAnswer> {
    let context = Context {
        baseline_cells: Some(&baseline.cells),
        current_cells: Some(&current.cells),
        ..Context::default()
    };
    let (baseline, current) = match (&baseline.values, &current.values) {
        (Values::Categories(baseline), Values::Categories(current)) => {
            let measure = |method| compare_categorical(method, convention, baseline, current, &context);
            return answers(methods, measure);
        }
        (Values::Numbers(baseline), Values::Numbers(current)) => (baseline, current),
        _ => return answers(methods, |_| Err(NotComputable::NotForThisType)),
    };
    let pair = match NumericPair::new(baseline, current) {
        Ok(pair) => pair,
        Err(reason) => return answers(methods, |_| Err(reason)),
    };
    let edges = house_edges(baseline);
    let context = Context {
        house_edges: Some(&edges),
        ..context
    };
    let mut answers = answers(methods, |method| {
        if method.is_categorical_only() {
            return Err(NotComputable::NotForThisType);
        }
        pair.measure(method, convention, &context)
    });
    let mut categories = None;
    for answer in answers
        .iter_mut()
        .filter(|answer| answer.method.is_categorical_only())
    {
        let categories =
            categories.get_or_insert_with(|| as_categories(baseline, current, convention, &context));
        if let Some([baseline, current]) = categories {
            answer.as_categories = true;
            answer.outcome = compare_categorical(answer.method, convention, baseline, current, &context);
        }
    }
    answers
}

fn answers(methods: &[Method], measure: impl Fn(Method) -> Outcome) -> Vec<MethodAnswer> {
    let answer = |&method: &Method| MethodAnswer {
        method,
        as_categories: false,
        outcome: measure(method),
    };
    methods.iter().map(answer).collect()
}

/// Two numeric samples of few values as categories, where the convention's maker takes them so. Categories are named
/// so that their texts stand in the order of the numbers, as the maker sorts them.
fn as_categories(
    baseline: &WeightedPoints,
    current: &WeightedPoints,
    convention: Convention,
    context: &Context<'_>,
) -> Option<[CategoryCounts; 2]> {
    if convention != Convention::Evidently || baseline.values.len() > EVIDENTLY_FEW_INTEGERS {
        return None;
    }
    let mut values: Vec<f64> = baseline.values.iter().chain(&current.values).copied().collect();
    values.sort_unstable_by(f64::total_cmp);
    values.dedup();
    let cells = [context.baseline_cells?, context.current_cells?];
    let all_whole = cells.iter().all(|cells| cells.n_integral == cells.n_present());
    if values.len()
        > if all_whole {
            EVIDENTLY_FEW_INTEGERS
        } else {
            EVIDENTLY_FEW_VALUES
        }
    {
        return None;
    }
    let name = |value: &f64| format!("{:02}", values.partition_point(|known| known < value));
    let counts = |points: &WeightedPoints| {
        let rows = points.values.iter().zip(&points.weights);
        CategoryCounts::new(rows.map(|(value, rows)| (name(value), *rows)), 0)
    };
    Some([counts(baseline), counts(current)])
}
