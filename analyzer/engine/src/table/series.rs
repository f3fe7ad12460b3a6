//! One column of a Parquet object, row by row: for a series, whose order matters.
//!
//! Does not know what the cells mean.

use super::cells::Cells;
use super::flatten::{Wanted, flatten};
use super::object::Object;
use super::{batches, unreadable};
use crate::error::{EngineError, ErrorKind};
use crate::series::Cell;
use bytes::Bytes;

/// The cells of the flat column `name`, in row order; `None` where the object has no such column.
pub fn read_column(bytes: &Bytes, key: &str, name: &str) -> Result<Option<Vec<Cell>>, EngineError> {
    let object = Object::open(bytes, key)?;
    let wanted = Wanted::names([name].into_iter());
    let Some(idx) = object.fields().iter().position(|field| wanted.has(&field.name)) else {
        return Ok(None);
    };
    let field = &object.fields()[idx];
    if let Some(what) = super::flatten::unreadable(&field.dtype) {
        return Err(unreadable(key, name, what));
    }
    let mut found = false;
    let mut column = Vec::new();
    let mut cells = Cells::default();
    let mut rows = Vec::new();
    for group in 0..object.n_groups() {
        object.for_each_window(group, idx, |window| {
            for (_, batch) in batches(window.array.len(), &mut rows) {
                flatten(field, &*window.array, batch, &wanted, &mut |leaf| {
                    found |= leaf.name == name;
                    cells.fill(leaf.array, leaf.rows, true).map_err(|fault| {
                        EngineError::new(ErrorKind::Usage, format!("column {name} of {key}: {fault}"))
                    })?;
                    let view = cells.view();
                    column.extend((0..view.classes.len()).map(|at| {
                        Cell {
                            class: view.classes[at],
                            number: view.numbers[at],
                            text: view
                                .texts
                                .map(|texts| String::from_utf8_lossy(texts.get(at)).into_owned())
                                .unwrap_or_default(),
                        }
                    }));
                    Ok(())
                })?;
            }
            Ok(())
        })?;
    }
    Ok((found || object.n_groups() == 0).then_some(column))
}
