//! Nested columns as flat ones: fields of structs and elements of lists by their path, joined with dots.
//!
//! A list shorter than another lacks its last elements, which are missing in its row. Does not know cells.

use crate::error::{EngineError, ErrorKind};
use polars_arrow::array::{Array, ListArray, StructArray};
use polars_arrow::datatypes::{ArrowDataType, Field};
use std::collections::BTreeSet;

/// Elements of a list that become columns, at most.
pub(super) const MAX_LIST_WIDTH: usize = 4_096;

/// In place of a row of the leaf's array: there is no such value.
pub(super) const NOWHERE: usize = usize::MAX;

/// A flat column in some rows.
pub(super) struct Leaf<'a> {
    pub name: &'a str,
    /// Place of each part of the name among its siblings: the order of flat columns.
    pub path: &'a [usize],
    pub array: &'a dyn Array,
    /// For each row of the table its index in `array`, or [`NOWHERE`].
    pub rows: &'a [usize],
}

/// Which flat columns are asked for.
pub(super) enum Wanted<'a> {
    Everything,
    Names(BTreeSet<&'a str>),
}

impl<'a> Wanted<'a> {
    pub(super) fn names(names: impl Iterator<Item = &'a str>) -> Self {
        Self::Names(names.collect())
    }

    /// Whether `name` is asked for, or something inside it.
    pub(super) fn has(&self, name: &str) -> bool {
        let Self::Names(names) = self else { return true };
        let inside = || {
            let prefix = format!("{name}.");
            names
                .range(prefix.as_str()..)
                .next()
                .is_some_and(|next| next.starts_with(&prefix))
        };
        names.contains(name) || inside()
    }
}

/// Whether columns of this type are flattened.
pub(super) fn is_nested(dtype: &ArrowDataType) -> bool {
    matches!(dtype, ArrowDataType::Struct(_) | ArrowDataType::LargeList(_))
}

/// Whether the data say how many flat columns there are.
pub(super) fn has_lists(dtype: &ArrowDataType) -> bool {
    match dtype {
        ArrowDataType::LargeList(_) => unreadable(dtype).is_none(),
        ArrowDataType::Struct(fields) => {
            unreadable(dtype).is_none() && fields.iter().any(|field| has_lists(&field.dtype))
        }
        _ => false,
    }
}

/// What a column holds that has no cells, in words.
pub(super) fn unreadable(dtype: &ArrowDataType) -> Option<&'static str> {
    use ArrowDataType as T;
    match dtype {
        T::Struct(fields) => fields.iter().find_map(|field| unreadable(&field.dtype)),
        T::LargeList(item) => match &item.dtype {
            T::Struct(_) => Some("lists of structs or maps"),
            other => unreadable(other),
        },
        T::Map(..) => Some("maps"),
        T::FixedSizeBinary(2) => Some("16-bit floats or pairs of bytes"),
        T::FixedSizeBinary(_) => Some("bytes of fixed length"),
        T::Interval(_) => Some("calendar intervals"),
        T::Decimal(precision, _) if *precision > 38 => Some("decimals of more than 38 digits"),
        T::Boolean
        | T::Int8
        | T::Int16
        | T::Int32
        | T::Int64
        | T::UInt8
        | T::UInt16
        | T::UInt32
        | T::UInt64
        | T::Float32
        | T::Float64
        | T::Decimal(..)
        | T::Date32
        | T::Time32(_)
        | T::Time64(_)
        | T::Timestamp(..)
        | T::Utf8View
        | T::BinaryView => None,
        _ => Some("values of a type that is not known here"),
    }
}

/// The flat columns of `field` that are known without its data; a type that cannot be read stays one column.
pub(super) fn fixed_names(field: &Field) -> Vec<String> {
    fn collect(name: &str, dtype: &ArrowDataType, names: &mut Vec<String>) {
        match dtype {
            ArrowDataType::Struct(fields) => {
                for field in fields {
                    collect(&format!("{name}.{}", field.name), &field.dtype, names);
                }
            }
            ArrowDataType::LargeList(_) => {}
            _ => names.push(name.to_owned()),
        }
    }
    let mut names = Vec::new();
    if unreadable(&field.dtype).is_some() {
        names.push(field.name.to_string());
    } else {
        collect(&field.name, &field.dtype, &mut names);
    }
    names
}

/// Calls `each` for the flat columns in `array`, a column of `field`, at the given rows.
pub(super) fn flatten(
    field: &Field,
    array: &dyn Array,
    rows: &[usize],
    wanted: &Wanted<'_>,
    each: &mut dyn FnMut(&Leaf<'_>) -> Result<(), EngineError>,
) -> Result<(), EngineError> {
    Walk { wanted, each }.visit(&field.name, &mut Vec::new(), array, rows)
}

struct Walk<'w, 'e> {
    wanted: &'w Wanted<'w>,
    each: &'e mut dyn FnMut(&Leaf<'_>) -> Result<(), EngineError>,
}

impl Walk<'_, '_> {
    fn visit(
        &mut self,
        name: &str,
        path: &mut Vec<usize>,
        array: &dyn Array,
        rows: &[usize],
    ) -> Result<(), EngineError> {
        if !self.wanted.has(name) {
            return Ok(());
        }
        if let Some(structs) = array.as_any().downcast_ref::<StructArray>() {
            let present = |row: &usize| if is_present(structs, *row) { *row } else { NOWHERE };
            let rows: Vec<usize> = rows.iter().map(present).collect();
            for (idx, (field, values)) in structs.fields().iter().zip(structs.values()).enumerate() {
                path.push(idx);
                self.visit(&format!("{name}.{}", field.name), path, &**values, &rows)?;
                path.pop();
            }
            return Ok(());
        }
        if let Some(lists) = array.as_any().downcast_ref::<ListArray<i64>>() {
            return self.visit_lists(name, path, lists, rows);
        }
        (self.each)(&Leaf {
            name,
            path,
            array,
            rows,
        })
    }

    fn visit_lists(
        &mut self,
        name: &str,
        path: &mut Vec<usize>,
        lists: &ListArray<i64>,
        rows: &[usize],
    ) -> Result<(), EngineError> {
        let span = |row: &usize| {
            if is_present(lists, *row) {
                lists.offsets().start_end(*row)
            } else {
                (0, 0)
            }
        };
        let spans: Vec<(usize, usize)> = rows.iter().map(span).collect();
        let width = spans.iter().map(|(start, end)| end - start).max().unwrap_or(0);
        if width > MAX_LIST_WIDTH {
            let message = format!(
                "column {name} holds lists of {width} elements; {MAX_LIST_WIDTH} can be profiled as columns"
            );
            return Err(EngineError::new(ErrorKind::Usage, message)
                .with_hint("leave the column out of the table, or shorten its lists"));
        }
        let mut elements = Vec::new();
        for idx in 0..width {
            elements.clear();
            elements.extend(
                spans
                    .iter()
                    .map(|(start, end)| if start + idx < *end { start + idx } else { NOWHERE }),
            );
            path.push(idx);
            self.visit(&format!("{name}.{idx}"), path, &**lists.values(), &elements)?;
            path.pop();
        }
        Ok(())
    }
}

/// Whether there is a value, null being none, at `row`.
pub(super) fn is_present(array: &dyn Array, row: usize) -> bool {
    row != NOWHERE && array.validity().is_none_or(|validity| validity.get_bit(row))
}
