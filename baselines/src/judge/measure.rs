//! Which distances are measured for a column, and what each answered.
//!
//! Chooses methods by the type the baseline gives a column; knows no threshold. The distances are `compare`'s.

use super::evidence::Evidence;
use crate::compare::{
    CategoryCounts, Context, Convention, Measurement, Method, NotComputable, Outcome, compare_categorical,
    compare_numeric,
};
use crate::summary::{ColumnSummary, InferredType};

/// One attempt to measure.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// What was to be measured.
    pub method: Method,
    /// By whose definition.
    pub convention: Convention,
    /// The measurement, or why there is none.
    pub outcome: Result<Measurement, NotComputable>,
}

const NUMERIC: [(Method, Convention); 5] = [
    (Method::LInfinity, Convention::Sagemaker),
    (Method::LInfinityRobust, Convention::Sagemaker),
    (Method::KolmogorovSmirnov, Convention::House),
    (Method::Psi, Convention::House),
    (Method::JensenShannon, Convention::House),
];

const CATEGORICAL: [(Method, Convention); 6] = [
    (Method::LInfinity, Convention::Sagemaker),
    (Method::LInfinityRobust, Convention::Sagemaker),
    (Method::ChiSquare, Convention::Sagemaker),
    (Method::ChiSquare, Convention::House),
    (Method::Psi, Convention::House),
    (Method::JensenShannon, Convention::House),
];

/// Measures one column by every method of its type.
pub fn measure_column(
    baseline: &ColumnSummary,
    current: &ColumnSummary,
    evidence: Evidence,
    house_edges: Option<&[f64]>,
) -> Vec<Measured> {
    let context = Context {
        baseline_cells: Some(&baseline.counts),
        current_cells: Some(&current.counts),
        house_edges,
        ..Context::default()
    };
    match baseline.inferred_type {
        InferredType::Integral | InferredType::Fractional => {
            let measure = |method, convention| numeric(method, convention, baseline, current, &context);
            attempt(&NUMERIC, measure, evidence)
        }
        InferredType::Boolean | InferredType::String => {
            let counts = |column: &ColumnSummary| column.categorical.as_ref().map(CategoryCounts::from);
            let sides = (counts(baseline), counts(current));
            let unlisted = baseline
                .categorical
                .as_ref()
                .is_some_and(|found| found.counts.is_empty() && found.n > 0);
            let measure = |method, convention| match &sides {
                _ if unlisted => Err(NotComputable::EmptyBaseline),
                (None, _) => Err(NotComputable::EmptyBaseline),
                (_, None) => Err(NotComputable::EmptyCurrent),
                (Some(baseline), Some(current)) => {
                    compare_categorical(method, convention, baseline, current, &context)
                }
            };
            attempt(&CATEGORICAL, measure, Evidence::Counted)
        }
        InferredType::Unknown => Vec::new(),
    }
}

fn numeric(
    method: Method,
    convention: Convention,
    baseline: &ColumnSummary,
    current: &ColumnSummary,
    context: &Context<'_>,
) -> Outcome {
    let baseline = baseline.numeric.as_ref().ok_or(NotComputable::EmptyBaseline)?;
    let current = current.numeric.as_ref().ok_or(NotComputable::EmptyCurrent)?;
    compare_numeric(method, convention, &baseline.points, &current.points, context)
}

fn attempt(
    methods: &[(Method, Convention)],
    measure: impl Fn(Method, Convention) -> Outcome,
    evidence: Evidence,
) -> Vec<Measured> {
    let attempt = |&(method, convention): &(Method, Convention)| Measured {
        method,
        convention,
        outcome: measure(method, convention).map(|measurement| with_evidence(measurement, evidence)),
    };
    methods.iter().map(attempt).collect()
}

/// A sketch's ranks are estimates: its rank error is added to the bound of distances of ranks, and their p-value
/// becomes the largest that the bound allows, `min(1, 2·exp(−2·d²·nm/(n+m)))` with `d = max(0, D − bound)`, the first
/// and largest term of the Kolmogorov distribution (Smirnov 1948).
fn with_evidence(mut measurement: Measurement, evidence: Evidence) -> Measurement {
    let Evidence::Sketch { rank_error } = evidence else {
        return measurement;
    };
    let of_ranks = [
        Method::KolmogorovSmirnov,
        Method::LInfinity,
        Method::LInfinityRobust,
    ];
    if !of_ranks.contains(&measurement.method) {
        return measurement;
    }
    let bound = measurement.error_bound.unwrap_or(0.0) + rank_error;
    measurement.error_bound = Some(bound);
    if let Some(p_value) = measurement.p_value {
        let (n, m) = (measurement.n_baseline as f64, measurement.n_current as f64);
        let certain = (measurement.statistic - rank_error).max(0.0);
        let largest = (2.0 * (-2.0 * certain * certain * n * m / (n + m)).exp()).min(1.0);
        measurement.p_value = Some(p_value.max(largest));
    }
    measurement
}
