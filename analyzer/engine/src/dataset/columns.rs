//! Columns that were read as the rows that methods take: kinds agreed on, categories numbered alike on both sides,
//! embeddings gathered.
//!
//! Does not know the methods.

use super::LeftOut;
use crate::error::{EngineError, ErrorKind};
use crate::frame::{self, Codes, Kind};
use baselines::multivariate::{Column, Rows, RowsError, Values, Vectors};
use baselines::view::CellClass;
use std::collections::BTreeMap;

/// Rows from which on a column of ever larger whole numbers is taken for a row number or a time.
const MIN_ROWS_OF_A_COUNTER: usize = 20;

const ONE_SIDE: &str = "only one of the tables has it";
const NO_CELLS: &str = "no cell is present";
const COUNTER: &str = "its whole numbers ascend with every row of both tables: a row number or a time";

/// Both tables, ready to be paired.
#[derive(Debug)]
pub(super) struct Sides {
    pub(super) rows: [Rows; 2],
    pub(super) left_out: Vec<LeftOut>,
}

/// The common columns that are `wanted`, and the embeddings.
pub(super) fn sides(
    baseline: frame::Rows,
    current: frame::Rows,
    embeddings: &[String],
    wanted: &dyn Fn(&str) -> bool,
) -> Result<Sides, EngineError> {
    let n_rows = [baseline.n_rows, current.n_rows];
    let mut columns = [Vec::new(), Vec::new()];
    let mut left_out = Vec::new();
    let mut members: BTreeMap<String, usize> = BTreeMap::new();
    for (idx, name) in embeddings.iter().enumerate() {
        let groups = [group(&baseline, name), group(&current, name)];
        if let Some(side) = groups.iter().position(Vec::is_empty) {
            return Err(no_embedding(name, side));
        }
        for member in groups.iter().flatten() {
            if members
                .insert(member.name.clone(), idx)
                .is_some_and(|other| other != idx)
            {
                return Err(EngineError::new(
                    ErrorKind::Usage,
                    format!("--embedding: column {} is in two embeddings", member.name),
                )
                .with_hint("give longer beginnings, so that each column is in one group"));
            }
        }
        for (side, group) in columns.iter_mut().zip(&groups) {
            side.push(Column {
                name: name.clone(),
                values: Values::Embedding(vectors(group)),
            });
        }
    }
    let mut others: BTreeMap<String, frame::Column> = current
        .columns
        .into_iter()
        .map(|column| (column.name.clone(), column))
        .collect();
    let mut leave_out = |column: String, reason| left_out.push(LeftOut { column, reason });
    for column in baseline.columns {
        let other = others.remove(&column.name);
        if members.contains_key(&column.name) || !wanted(&column.name) {
            continue;
        }
        let Some(other) = other else {
            leave_out(column.name, ONE_SIDE);
            continue;
        };
        let Some(kind) = column.kind.or(other.kind) else {
            leave_out(column.name, NO_CELLS);
            continue;
        };
        if kind == Kind::Numeric && is_counter(&column) && is_counter(&other) {
            leave_out(column.name, COUNTER);
            continue;
        }
        let name = column.name.clone();
        let values = match kind {
            Kind::Numeric => [numbers(&column), numbers(&other)],
            Kind::Categorical => categories(&column, &other),
        };
        for (side, values) in columns.iter_mut().zip(values) {
            side.push(Column {
                name: name.clone(),
                values,
            });
        }
    }
    for name in others.into_keys() {
        if wanted(&name) && !members.contains_key(&name) {
            leave_out(name, ONE_SIDE);
        }
    }
    let refused =
        |error: RowsError| EngineError::new(ErrorKind::Usage, "the columns make no rows").with_source(error);
    let [left, right] = columns;
    Ok(Sides {
        rows: [
            Rows::new(n_rows[0], left).map_err(refused)?,
            Rows::new(n_rows[1], right).map_err(refused)?,
        ],
        left_out,
    })
}

/// The columns of an embedding: elements of an array, `name.0`, `name.1`, …, else all numeric ones whose names begin
/// so, in the table's order.
fn group<'a>(rows: &'a frame::Rows, name: &str) -> Vec<&'a frame::Column> {
    let element = |column: &frame::Column| -> Option<usize> {
        column.name.strip_prefix(name)?.strip_prefix('.')?.parse().ok()
    };
    let mut elements: Vec<(usize, &frame::Column)> = rows
        .columns
        .iter()
        .filter_map(|column| Some((element(column)?, column)))
        .collect();
    if !elements.is_empty() {
        elements.sort_by_key(|(idx, _)| *idx);
        return elements.into_iter().map(|(_, column)| column).collect();
    }
    let begins =
        |column: &&frame::Column| column.name.starts_with(name) && column.kind == Some(Kind::Numeric);
    rows.columns.iter().filter(begins).collect()
}

fn no_embedding(name: &str, side: usize) -> EngineError {
    let table = ["the baseline", "the current table"][side];
    EngineError::new(
        ErrorKind::Usage,
        format!("--embedding names `{name}`, and {table} has no array of that name nor numeric columns that begin so"),
    )
    .with_hint("give the name of a column that holds arrays of numbers, or the beginning of the names of a group")
}

/// A row whose every component is present has a vector.
fn vectors(group: &[&frame::Column]) -> Vectors {
    let mut vectors = Vectors::new(group.len());
    let n_rows = group.first().map_or(0, |column| column.classes.len());
    let mut vector = Vec::with_capacity(group.len());
    for row in 0..n_rows {
        vector.clear();
        vector.extend(group.iter().map_while(|column| column.number(row)));
        vectors.push(Some(&vector));
    }
    vectors
}

fn numbers(column: &frame::Column) -> Values {
    Values::Numeric((0..column.classes.len()).map(|row| column.number(row)).collect())
}

/// Ids ascend with the texts of both sides.
fn categories(baseline: &frame::Column, current: &frame::Column) -> [Values; 2] {
    let none = Codes::default();
    let codes = [baseline, current].map(|column| column.codes.as_ref().unwrap_or(&none));
    let mut texts: Vec<&str> = codes
        .iter()
        .flat_map(|codes| &codes.texts)
        .map(AsRef::as_ref)
        .collect();
    texts.sort_unstable();
    texts.dedup();
    let of_side = |column: &frame::Column, codes: &Codes| {
        let ids: Vec<Option<u32>> = codes
            .texts
            .iter()
            .map(|text| texts.binary_search(&text.as_ref()).ok().map(|id| id as u32))
            .collect();
        let id = |row: usize| codes.codes.get(row).and_then(|code| *ids.get(*code as usize)?);
        Values::Categorical((0..column.classes.len()).map(id).collect())
    };
    [of_side(baseline, codes[0]), of_side(current, codes[1])]
}

fn is_counter(column: &frame::Column) -> bool {
    column.classes.len() >= MIN_ROWS_OF_A_COUNTER
        && column.classes.iter().all(|class| *class == CellClass::Integral)
        && column.numbers.windows(2).all(|pair| pair[0] < pair[1])
}
