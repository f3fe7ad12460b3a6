//! Which columns carry the shift.
//!
//! Two answers beside each other. *Importance*: the column's share of the gain of all splits of the domain
//! classifier's trees; it sees changes that need several columns, and shares the credit among columns that say the
//! same. *Univariate distance*: the house's Jensen–Shannon distance of the column alone (10 baseline deciles or
//! categories, base 2, in [0, 1], missing cells as a bin of their own); it sees every column for itself. Columns are
//! ranked by importance, by distance where importances are equal, then name. A column high
//! in the first and low in the second changed in its relation to others. Does not know thresholds.

use std::collections::BTreeMap;

use super::domain_classifier::DomainClassifier;
use super::paired::{Cells, Feature, MISSING, PairedRows};
use crate::compare::{
    CategoryCounts, Context, Convention, Measurement, Method, NotComputable, compare_categorical,
    compare_numeric,
};
use crate::summary::{CellCounts, WeightedPoints};

/// One column's part in the shift.
#[derive(Debug, Clone, PartialEq)]
pub struct RankedColumn {
    /// The column.
    pub column: String,
    /// Share of the domain classifier's gain; none where there is no classifier.
    pub importance: Option<f64>,
    /// Jensen–Shannon distance of the column alone.
    pub univariate: Result<Measurement, NotComputable>,
    /// Share of missing cells, baseline and current.
    pub missing_share: [f64; 2],
}

/// All numeric and categorical columns, the one that carries most first.
pub fn rank_columns(paired: &PairedRows, classifier: Option<&DomainClassifier>) -> Vec<RankedColumn> {
    let importance: BTreeMap<&str, f64> = classifier
        .iter()
        .flat_map(|classifier| &classifier.importance)
        .map(|column| (column.column.as_str(), column.gain_share))
        .collect();
    let mut ranked: Vec<RankedColumn> = paired
        .features
        .iter()
        .map(|feature| RankedColumn {
            column: feature.name.clone(),
            importance: importance.get(feature.name.as_str()).copied(),
            univariate: distance(feature),
            missing_share: [missing_share(&feature.cells[0]), missing_share(&feature.cells[1])],
        })
        .collect();
    let distance = |column: &RankedColumn| {
        column
            .univariate
            .as_ref()
            .map_or(-1.0, |measurement| measurement.statistic)
    };
    ranked.sort_by(|left, right| {
        let by_importance = right
            .importance
            .unwrap_or(0.0)
            .total_cmp(&left.importance.unwrap_or(0.0));
        by_importance
            .then(distance(right).total_cmp(&distance(left)))
            .then(left.column.cmp(&right.column))
    });
    ranked
}

fn distance(feature: &Feature) -> Result<Measurement, NotComputable> {
    let counts = [cell_counts(&feature.cells[0]), cell_counts(&feature.cells[1])];
    let context = Context {
        baseline_cells: Some(&counts[0]),
        current_cells: Some(&counts[1]),
        ..Context::default()
    };
    match &feature.cells {
        [Cells::Numeric(baseline), Cells::Numeric(current)] => {
            let points = |cells: &[f64]| {
                WeightedPoints::from_values(cells.iter().copied().filter(|x| !x.is_nan()).collect())
            };
            compare_numeric(
                Method::JensenShannon,
                Convention::House,
                &points(baseline),
                &points(current),
                &context,
            )
        }
        [Cells::Categorical(baseline), Cells::Categorical(current)] => {
            let counts = |cells: &[u32]| {
                CategoryCounts::from_values(cells.iter().filter(|id| **id != MISSING).map(u32::to_string))
            };
            compare_categorical(
                Method::JensenShannon,
                Convention::House,
                &counts(baseline),
                &counts(current),
                &context,
            )
        }
        _ => Err(NotComputable::NotForThisType),
    }
}

fn n_missing(cells: &Cells) -> usize {
    match cells {
        Cells::Numeric(cells) => cells.iter().filter(|x| x.is_nan()).count(),
        Cells::Categorical(cells) => cells.iter().filter(|id| **id == MISSING).count(),
    }
}

fn missing_share(cells: &Cells) -> f64 {
    n_missing(cells) as f64 / cells.len().max(1) as f64
}

fn cell_counts(cells: &Cells) -> CellCounts {
    CellCounts {
        n_missing: n_missing(cells) as u64,
        ..CellCounts::default()
    }
}

impl Cells {
    fn len(&self) -> usize {
        match self {
            Self::Numeric(cells) => cells.len(),
            Self::Categorical(cells) => cells.len(),
        }
    }
}
