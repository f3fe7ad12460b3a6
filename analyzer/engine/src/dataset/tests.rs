//! Which columns become rows, and how embeddings are gathered.

use super::columns::sides;
use crate::frame::{Column, Keep, Rows, column::Builder};
use baselines::multivariate::Values;
use baselines::view::{CellClass, ColumnView};
use std::collections::BTreeMap;

fn numeric(name: &str, numbers: &[f64]) -> Column {
    let classes = vec![CellClass::Fractional; numbers.len()];
    column(name, &classes, numbers)
}

fn whole(name: &str, numbers: &[f64]) -> Column {
    let classes = vec![CellClass::Integral; numbers.len()];
    column(name, &classes, numbers)
}

fn column(name: &str, classes: &[CellClass], numbers: &[f64]) -> Column {
    let mut builder = Builder::new(Keep::Numbers);
    builder.push(&ColumnView {
        classes,
        numbers,
        texts: None,
    });
    builder.finish(name.to_owned(), None)
}

fn rows(columns: Vec<Column>) -> Rows {
    Rows {
        n_rows: columns.first().map_or(0, |column| column.classes.len()),
        columns,
        rejects_by_reason: BTreeMap::new(),
    }
}

fn everything(_: &str) -> bool {
    true
}

#[test]
fn elements_of_an_array_are_gathered_in_their_order() {
    let side = || {
        let elements = (0..12)
            .rev()
            .map(|idx| numeric(&format!("e.{idx}"), &[f64::from(idx) + 0.5, 1.5]));
        rows(elements.chain([numeric("e2", &[0.5, 0.25])]).collect())
    };
    let sides = sides(side(), side(), &["e".to_owned()], &everything).unwrap();
    let columns = sides.rows[0].columns();
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["e", "e2"]);
    let Values::Embedding(vectors) = &columns[0].values else {
        panic!("an embedding")
    };
    let expected: Vec<f64> = (0..12).map(|idx| f64::from(idx) + 0.5).collect();
    assert_eq!(vectors.get(0).unwrap(), expected);
}

#[test]
fn row_numbers_and_columns_of_one_side_are_left_out_by_name() {
    let counter: Vec<f64> = (0..30).map(f64::from).collect();
    let value: Vec<f64> = (0..30).map(|i| f64::from(i * 7 % 11) + 0.5).collect();
    let nothing = column("nothing", &[CellClass::Missing; 30], &[0.0; 30]);
    let baseline = rows(vec![
        whole("id", &counter),
        numeric("x", &value),
        numeric("old", &value),
        nothing.clone(),
    ]);
    let current = rows(vec![
        whole("id", &counter),
        numeric("x", &value),
        numeric("new", &value),
        nothing,
    ]);
    let sides = sides(baseline, current, &[], &everything).unwrap();
    let left_out: Vec<(&str, &str)> = sides
        .left_out
        .iter()
        .map(|column| (column.column.as_str(), column.reason))
        .collect();
    assert_eq!(
        left_out,
        [
            (
                "id",
                "its whole numbers ascend with every row of both tables: a row number or a time"
            ),
            ("old", "only one of the tables has it"),
            ("nothing", "no cell is present"),
            ("new", "only one of the tables has it"),
        ]
    );
    assert_eq!(sides.rows[1].columns().len(), 1);
}

#[test]
fn an_unknown_or_shared_embedding_is_refused() {
    let side = || rows(vec![numeric("ab1", &[0.5]), numeric("ab2", &[0.5])]);
    let error = |embeddings: &[&str]| {
        let embeddings: Vec<String> = embeddings.iter().map(|name| (*name).to_owned()).collect();
        sides(side(), side(), &embeddings, &everything)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        error(&["z"]),
        "--embedding names `z`, and the baseline has no array of that name nor numeric columns that begin so"
    );
    assert_eq!(
        error(&["a", "ab"]),
        "--embedding: column ab1 is in two embeddings"
    );
}
