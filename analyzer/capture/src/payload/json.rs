//! JSON payloads: a document or JSON Lines.
//!
//! | form | rows |
//! |---|---|
//! | `{"a": 1, "b": "x"}` | one, by name |
//! | `[{"a": 1}, {"a": 2}]` | one per object |
//! | `[1, 2, "x"]` | one, by position; one per scalar where the other side has several rows |
//! | `[[1, 2], [3, 4]]` | one per inner array |
//! | `{"instances": […]}`, `{"predictions": […]}` | one per element, each an object, array or scalar |
//! | `{"features": […]}`, `{"inputs": […]}`, `{"outputs": […]}` | as the array alone; also as an element or a line |
//! | `0.7`, `"x"` | one of one field |
//!
//! Nested objects and arrays flatten into names joined by `.`: `{"a": {"b": [1, 2]}}` has columns `a.b.0`, `a.b.1`;
//! inside a positional row they take the next positions. Texts are classified as CSV cells are: `"42"` is integral.

use crate::batch::SideWriter;
use crate::cell::classify;
use crate::limits::Limits;
use crate::reject::RejectReason;
use baselines::view::CellClass;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt::{self, Write as _};

/// Decodes `text`.
pub fn decode(text: &str, limits: &Limits, writer: &mut SideWriter<'_>) -> Result<(), RejectReason> {
    let mut rows = Rows {
        writer,
        max_depth: limits.max_depth,
        one_field_each: false,
        error: None,
        path: String::new(),
        text: String::new(),
    };
    let mut rest = text;
    let mut n_lines = 0;
    loop {
        rest = rest.trim_ascii_start();
        if rest.is_empty() {
            break;
        }
        // One document is the rule; where bytes follow it, they are JSON Lines, so each line is a document.
        let (document, after) = match n_lines {
            0 if !looks_like_lines(rest) => (rest, ""),
            _ => rest.split_once('\n').unwrap_or((rest, "")),
        };
        rows.one_field_each = rows.writer.is_one_field_each() && n_lines == 0 && after.is_empty();
        let mut deserializer = sonic_rs::Deserializer::from_str(document);
        let parsed = Top { rows: &mut rows }
            .deserialize(&mut deserializer)
            .and_then(|()| deserializer.end());
        if parsed.is_err() {
            return Err(rows.error.unwrap_or(RejectReason::InvalidPayloadJson));
        }
        n_lines += 1;
        rest = after;
    }
    Ok(())
}

/// Whether the first line is a document of its own with another one behind it.
fn looks_like_lines(text: &str) -> bool {
    let Some((first, rest)) = text.split_once('\n') else {
        return false;
    };
    let first = first.trim_ascii_end();
    let closed = matches!(
        (first.bytes().next(), first.bytes().last()),
        (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']'))
    );
    closed && !rest.trim_ascii().is_empty() && sonic_rs::from_str::<IgnoredAny>(first).is_ok()
}

struct Rows<'w, 'b> {
    writer: &'w mut SideWriter<'b>,
    max_depth: usize,
    /// Whether each scalar of an array of scalars is a row.
    one_field_each: bool,
    error: Option<RejectReason>,
    path: String,
    text: String,
}

impl Rows<'_, '_> {
    fn check<E: serde::de::Error>(&mut self, result: Result<(), RejectReason>) -> Result<(), E> {
        result.map_err(|reason| {
            self.error = Some(reason);
            E::custom(reason)
        })
    }

    fn put<E: serde::de::Error>(
        &mut self,
        named: bool,
        class: CellClass,
        number: f64,
        text: &str,
    ) -> Result<(), E> {
        let result = if named {
            self.writer.named(&self.path, class, number, text.as_bytes())
        } else {
            self.writer.positional(class, number, text.as_bytes())
        };
        self.check(result)
    }

    fn put_scalar<E: serde::de::Error>(&mut self, named: bool, scalar: Scalar<'_>) -> Result<(), E> {
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        let (class, number) = match scalar {
            Scalar::Null => (CellClass::Missing, 0.0),
            Scalar::Bool(value) => {
                text.push_str(if value { "true" } else { "false" });
                (CellClass::Boolean, 0.0)
            }
            Scalar::Unsigned(value) => {
                let _infallible = write!(text, "{value}");
                (CellClass::Integral, value as f64)
            }
            Scalar::Signed(value) => {
                let _infallible = write!(text, "{value}");
                (CellClass::Integral, value as f64)
            }
            Scalar::Float(value) if value.is_finite() => {
                let _infallible = write!(text, "{value:?}");
                (CellClass::Fractional, value + 0.0)
            }
            Scalar::Float(_) => (CellClass::PositiveInfinity, 0.0),
            Scalar::Text(value) => {
                text.push_str(value);
                classify(value.as_bytes())
            }
        };
        let result = self.put(named, class, number, &text);
        self.text = text;
        result
    }

    fn end_row<E: serde::de::Error>(&mut self) -> Result<(), E> {
        let result = self.writer.end_row();
        self.check(result)
    }
}

/// A JSON value without parts.
#[derive(Clone, Copy)]
enum Scalar<'s> {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(&'s str),
}

/// Sends every scalar visit of a visitor to its `scalar` method.
macro_rules! visit_scalars {
    ($value:ty) => {
        fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<$value, E> {
            self.scalar(Scalar::Bool(value))
        }
        fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<$value, E> {
            self.scalar(Scalar::Unsigned(value))
        }
        fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<$value, E> {
            self.scalar(Scalar::Signed(value))
        }
        fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<$value, E> {
            self.scalar(Scalar::Float(value))
        }
        fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<$value, E> {
            self.scalar(Scalar::Text(value))
        }
        fn visit_unit<E: serde::de::Error>(self) -> Result<$value, E> {
            self.scalar(Scalar::Null)
        }
    };
}

/// A whole document.
struct Top<'r, 'w, 'b> {
    rows: &'r mut Rows<'w, 'b>,
}

impl<'de> DeserializeSeed<'de> for Top<'_, '_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Top<'_, '_, '_> {
    fn scalar<E: serde::de::Error>(self, scalar: Scalar<'_>) -> Result<(), E> {
        self.rows.put_scalar(false, scalar)?;
        self.rows.end_row()
    }
}

impl<'de> Visitor<'de> for Top<'_, '_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("rows")
    }
    visit_scalars!(());
    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<(), A::Error> {
        RowList { rows: self.rows }.visit_seq(elements)
    }
    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<(), A::Error> {
        RowMap {
            rows: self.rows,
            top: true,
        }
        .visit_map(entries)
    }
}

/// An array whose elements are rows, or whose scalars are together one row.
struct RowList<'r, 'w, 'b> {
    rows: &'r mut Rows<'w, 'b>,
}

impl<'de> DeserializeSeed<'de> for RowList<'_, '_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl RowList<'_, '_, '_> {
    fn scalar<E: serde::de::Error>(self, scalar: Scalar<'_>) -> Result<(), E> {
        self.rows.put_scalar(false, scalar)?;
        self.rows.end_row()
    }
}

impl<'de> Visitor<'de> for RowList<'_, '_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of rows")
    }
    visit_scalars!(());
    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<(), A::Error> {
        RowMap {
            rows: self.rows,
            top: false,
        }
        .visit_map(entries)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let mut in_row = false;
        while let Some(was_scalar) = elements.next_element_seed(Element {
            rows: &mut *self.rows,
            in_row,
        })? {
            in_row = was_scalar && !self.rows.one_field_each;
            if was_scalar && !in_row {
                self.rows.end_row()?;
            }
        }
        if in_row { self.rows.end_row() } else { Ok(()) }
    }
}

/// An element of an array of rows: an object or array is a row, a scalar a field of the row the array itself is.
struct Element<'r, 'w, 'b> {
    rows: &'r mut Rows<'w, 'b>,
    in_row: bool,
}

impl<'de> DeserializeSeed<'de> for Element<'_, '_, '_> {
    /// Whether a row is open behind it.
    type Value = bool;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Element<'_, '_, '_> {
    fn scalar<E: serde::de::Error>(self, scalar: Scalar<'_>) -> Result<bool, E> {
        self.rows.put_scalar(false, scalar).map(|()| true)
    }
}

impl<'de> Visitor<'de> for Element<'_, '_, '_> {
    type Value = bool;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row or a field")
    }
    visit_scalars!(bool);
    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<bool, A::Error> {
        if self.in_row {
            Flatten {
                rows: self.rows,
                named: false,
                depth: 1,
            }
            .visit_map(entries)
            .map(|()| true)
        } else {
            RowMap {
                rows: self.rows,
                top: false,
            }
            .visit_map(entries)
            .map(|()| false)
        }
    }
    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<bool, A::Error> {
        Flatten {
            rows: &mut *self.rows,
            named: false,
            depth: 1,
        }
        .visit_seq(elements)?;
        if self.in_row {
            Ok(true)
        } else {
            self.rows.end_row().map(|()| false)
        }
    }
}

/// An object that is a row, or that holds rows under `instances` or `predictions`.
struct RowMap<'r, 'w, 'b> {
    rows: &'r mut Rows<'w, 'b>,
    top: bool,
}

impl RowMap<'_, '_, '_> {
    fn visit_map<'de, A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let (mut n_fields, mut holds_rows) = (0usize, false);
        while let Some(key) = entries.next_key::<std::borrow::Cow<'_, str>>()? {
            match &*key {
                "instances" | "predictions" if self.top && n_fields == 0 => {
                    entries.next_value_seed(RowList {
                        rows: &mut *self.rows,
                    })?;
                    holds_rows = true;
                }
                _ if holds_rows => {
                    entries.next_value::<IgnoredAny>()?;
                }
                "features" | "inputs" | "outputs" => {
                    let path_start = self.rows.path.len();
                    self.rows.path.push_str(&key);
                    let seed = FieldList {
                        rows: &mut *self.rows,
                        top: self.top && n_fields == 0,
                    };
                    holds_rows = entries.next_value_seed(seed)?;
                    self.rows.path.truncate(path_start);
                    n_fields += 1;
                }
                _ => {
                    self.rows.path.clear();
                    self.rows.path.push_str(&key);
                    entries.next_value_seed(Flatten {
                        rows: &mut *self.rows,
                        named: true,
                        depth: 1,
                    })?;
                    self.rows.path.clear();
                    n_fields += 1;
                }
            }
        }
        if holds_rows || n_fields == 0 {
            Ok(())
        } else {
            self.rows.end_row()
        }
    }
}

/// The value of `features`: an array is a positional row (or, at the top, an array of rows), anything else a field.
struct FieldList<'r, 'w, 'b> {
    rows: &'r mut Rows<'w, 'b>,
    top: bool,
}

impl<'de> DeserializeSeed<'de> for FieldList<'_, '_, '_> {
    /// Whether it held whole rows.
    type Value = bool;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl FieldList<'_, '_, '_> {
    fn scalar<E: serde::de::Error>(self, scalar: Scalar<'_>) -> Result<bool, E> {
        self.rows.put_scalar(true, scalar).map(|()| false)
    }
}

impl<'de> Visitor<'de> for FieldList<'_, '_, '_> {
    type Value = bool;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of fields")
    }
    visit_scalars!(bool);
    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<bool, A::Error> {
        // `{"features": {"a": 1}}` names its fields itself.
        self.rows.path.clear();
        Flatten {
            rows: self.rows,
            named: true,
            depth: 1,
        }
        .visit_map(entries)
        .map(|()| false)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<bool, A::Error> {
        let Self { rows, top } = self;
        let first_rows = rows.writer.n_rows();
        let mut open = false;
        while let Some(was_field) = elements.next_element_seed(Element {
            rows: &mut *rows,
            in_row: open || !top,
        })? {
            open |= was_field;
            if open && top && rows.one_field_each {
                rows.end_row()?;
                open = false;
            }
        }
        let held_rows = rows.writer.n_rows() > first_rows;
        if held_rows && open {
            rows.end_row()?;
        }
        Ok(held_rows)
    }
}

/// A value inside a row, flattened into names or positions.
struct Flatten<'r, 'w, 'b> {
    rows: &'r mut Rows<'w, 'b>,
    named: bool,
    depth: usize,
}

impl Flatten<'_, '_, '_> {
    fn scalar<E: serde::de::Error>(self, scalar: Scalar<'_>) -> Result<(), E> {
        self.rows.put_scalar(self.named, scalar)
    }

    fn deeper<E: serde::de::Error>(&mut self) -> Result<usize, E> {
        if self.depth >= self.rows.max_depth {
            self.rows.error = Some(RejectReason::TooDeep);
            return Err(E::custom(RejectReason::TooDeep));
        }
        Ok(self.depth + 1)
    }
}

impl<'de> DeserializeSeed<'de> for Flatten<'_, '_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Flatten<'_, '_, '_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    visit_scalars!(());
    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<(), A::Error> {
        let depth = self.deeper::<A::Error>()?;
        let path_end = self.rows.path.len();
        for idx in 0usize.. {
            if self.named {
                let _infallible = write!(self.rows.path, "{}{idx}", if path_end == 0 { "" } else { "." });
            }
            let seed = Flatten {
                rows: &mut *self.rows,
                named: self.named,
                depth,
            };
            let more = elements.next_element_seed(seed)?;
            self.rows.path.truncate(path_end);
            if more.is_none() {
                break;
            }
        }
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<(), A::Error> {
        let depth = self.deeper::<A::Error>()?;
        let path_end = self.rows.path.len();
        while let Some(key) = entries.next_key::<std::borrow::Cow<'_, str>>()? {
            if self.named {
                if path_end > 0 {
                    self.rows.path.push('.');
                }
                self.rows.path.push_str(&key);
            }
            entries.next_value_seed(Flatten {
                rows: &mut *self.rows,
                named: self.named,
                depth,
            })?;
            self.rows.path.truncate(path_end);
        }
        Ok(())
    }
}
