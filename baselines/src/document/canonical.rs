//! The one writer of stored JSON: same value, same bytes.
//!
//! The layout is that of Jackson's default pretty printer, because Model Monitor's files have it: `"key" : value`,
//! arrays on one line as `[ a, b ]`, objects inside them as `[ {`. Numbers are Java doubles, the last byte is a
//! newline. Does not know any document; field order is the declaration order of the structs it is given.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use super::error::DocumentError;
use super::java_double::java_double;

/// Canonical bytes of `value`, the document called `document` in errors.
///
/// # Errors
/// A number that is NaN or infinite: JSON has no such number, and a `null` in its place would be read as "unknown".
pub(super) fn to_bytes<T: Serialize>(document: &'static str, value: &T) -> Result<Vec<u8>, DocumentError> {
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, Jackson::default());
    value
        .serialize(&mut serializer)
        .map_err(|_| DocumentError::NotFinite { document })?;
    bytes.push(b'\n');
    Ok(bytes)
}

#[derive(Default)]
struct Jackson {
    depth: usize,
    has_entry: bool,
}

impl Jackson {
    fn indent<W: ?Sized + Write>(&self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b"\n")?;
        (0..self.depth).try_for_each(|_| writer.write_all(b"  "))
    }
}

impl Formatter for Jackson {
    fn write_null<W: ?Sized + Write>(&mut self, _writer: &mut W) -> io::Result<()> {
        Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "null stands for no value of a stored document",
        ))
    }
    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        writer.write_all(java_double(value).as_bytes())
    }
    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b"[")
    }
    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        writer.write_all(if first { b" " } else { b", " })
    }
    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b" ]")
    }
    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth += 1;
        self.has_entry = false;
        writer.write_all(b"{")
    }
    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if !first {
            writer.write_all(b",")?;
        }
        self.indent(writer)
    }
    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b" : ")
    }
    fn end_object_value<W: ?Sized + Write>(&mut self, _writer: &mut W) -> io::Result<()> {
        self.has_entry = true;
        Ok(())
    }
    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        if self.has_entry {
            self.indent(writer)?;
        } else {
            writer.write_all(b" ")?;
        }
        writer.write_all(b"}")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(Serialize)]
    struct Sample {
        version: f64,
        items: Vec<BTreeMap<&'static str, f64>>,
        levels: Vec<Vec<f64>>,
        nothing: BTreeMap<&'static str, f64>,
    }

    #[test]
    fn layout_is_jacksons() {
        let sample = Sample {
            version: 0.0,
            items: vec![BTreeMap::from([("count", 4.0)]), BTreeMap::from([("count", 1e7)])],
            levels: vec![vec![29.0, 30.5], vec![]],
            nothing: BTreeMap::new(),
        };
        let text = String::from_utf8(to_bytes("sample", &sample).unwrap()).unwrap();
        assert_eq!(
            text,
            "{\n  \"version\" : 0.0,\n  \"items\" : [ {\n    \"count\" : 4.0\n  }, {\n    \"count\" : 1.0E7\n  } ],\n  \
             \"levels\" : [ [ 29.0, 30.5 ], [ ] ],\n  \"nothing\" : { }\n}\n"
        );
    }

    #[test]
    fn nan_and_infinity_are_refused() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let error = to_bytes("sample", &vec![value]).unwrap_err();
            assert_eq!(error.to_string(), "sample would hold a number that is not finite");
        }
    }
}
