//! Which rows a value list or a threshold means, by Clarify's rules for what is a category and what a quantity.
//!
//! A column is a quantity, and its one value a threshold, if it holds numbers with a fraction, or whole numbers of which at
//! least a twentieth are distinct; with several values, or any text, it is a category (smclarify 0.5,
//! `series_datatype`). One difference: a column of two values is a category if the value asked for is one of them, where
//! Clarify takes a float column, or a short one, for a quantity and then finds nobody above the threshold.

use super::table::{Cell, Column};
use baselines::bias::BiasValue;
use baselines::document::clarify::{Scalar, python_number};
use std::collections::BTreeSet;

/// Share of distinct values from which whole numbers are a quantity.
const QUANTITY_SHARE: f64 = 0.05;

/// Rows meant, and how Clarify's files name what was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Split {
    pub(super) rows: Vec<bool>,
    pub(super) name: String,
}

/// The rows of `column` that `values` mean; `judged_as` is the column that decides between category and quantity.
pub(super) fn split(column: &Column, values: &[Scalar], judged_as: &Column) -> Result<Split, &'static str> {
    if !is_quantity(judged_as, values) {
        return Ok(Split {
            rows: column.cells.iter().map(|cell| is_one_of(cell, values)).collect(),
            name: values.iter().map(Scalar::text).collect::<Vec<_>>().join(","),
        });
    }
    let (Some(threshold), Some(scalar)) = (values.first().and_then(Scalar::number), values.first()) else {
        return Err("the column holds quantities, and its value is not a threshold");
    };
    let numbers = || column.cells.iter().filter_map(Cell::number);
    let Some(largest) = numbers().reduce(f64::max) else {
        return Err("the column has no number to hold against the threshold");
    };
    let whole = scalar.is_whole()
        && column
            .cells
            .iter()
            .all(|cell| matches!(cell, Cell::Number { whole: true, .. }));
    let text = |value: f64| {
        if whole {
            format!("{value:.0}")
        } else {
            python_number(BiasValue::Finite(value))
        }
    };
    Ok(Split {
        rows: column
            .cells
            .iter()
            .map(|cell| cell.number().is_some_and(|value| value > threshold))
            .collect(),
        name: format!(
            "({}, {}]",
            text(threshold.min(largest)),
            text(threshold.max(largest))
        ),
    })
}

/// Each value of a category column, in the order in which they first occur; `None` for a quantity.
pub(super) fn every_value(column: &Column) -> Option<Vec<Scalar>> {
    if is_quantity(column, &[]) {
        return None;
    }
    let mut seen = BTreeSet::new();
    let mut out = Vec::new();
    for cell in &column.cells {
        let value = match cell {
            Cell::Missing => continue,
            Cell::Boolean(flag) => Scalar::Boolean(*flag),
            Cell::Number { value, whole: true } => Scalar::Number((*value as i64).into()),
            Cell::Number { value, .. } => serde_json::Number::from_f64(*value).map(Scalar::Number)?,
            Cell::Text(text) => Scalar::Text(text.clone()),
        };
        if seen.insert(value.text()) {
            out.push(value);
        }
    }
    Some(out)
}

fn is_quantity(column: &Column, values: &[Scalar]) -> bool {
    let is_number = |cell: &Cell| matches!(cell, Cell::Number { .. } | Cell::Missing);
    if values.len() > 1 || !column.cells.iter().all(is_number) {
        return false;
    }
    let numbers: Vec<f64> = column.cells.iter().filter_map(Cell::number).collect();
    let mut distinct: Vec<u64> = numbers.iter().map(|value| (value + 0.0).to_bits()).collect();
    distinct.sort_unstable();
    distinct.dedup();
    let is_value = |scalar: &Scalar| {
        column
            .cells
            .iter()
            .any(|cell| is_one_of(cell, std::slice::from_ref(scalar)))
    };
    if distinct.len() <= 2 && values.iter().all(is_value) {
        return false;
    }
    let fractional = |cell: &Cell| matches!(cell, Cell::Number { whole: false, .. } | Cell::Missing);
    column.cells.iter().any(fractional) || distinct.len() as f64 >= QUANTITY_SHARE * numbers.len() as f64
}

/// Equal as numbers where both are, as texts otherwise.
fn is_one_of(cell: &Cell, values: &[Scalar]) -> bool {
    values.iter().any(|value| match (cell, value) {
        (Cell::Missing, _) => false,
        (Cell::Boolean(flag), Scalar::Boolean(asked)) => flag == asked,
        (Cell::Text(text), asked) => *text == asked.text(),
        (cell, asked) => match (cell.number(), asked) {
            (Some(number), Scalar::Boolean(asked)) => number == f64::from(u8::from(*asked)),
            (Some(number), asked) => asked.number() == Some(number),
            (None, _) => false,
        },
    })
}
