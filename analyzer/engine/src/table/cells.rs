//! Values of a flat column as cells: class, number and text.
//!
//! Does not know where a column came from.

use super::flatten::is_present;
use super::time;
use baselines::view::{CellClass, ColumnView, TextView};
use capture::cell::classify;
use polars_arrow::array::{Array, BinaryViewArray, BooleanArray, PrimitiveArray, Utf8ViewArray};
use polars_arrow::datatypes::ArrowDataType;
use polars_arrow::types::NativeType;
use std::fmt::Display;

/// Why cells could not be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum CellFault {
    /// Bytes without the mark of text.
    #[error("it holds bytes that are not UTF-8 text")]
    NotText,
    /// Texts too long for one batch.
    #[error("its texts are over 4 GiB in 65536 rows")]
    TooLong,
    /// The decoder gave another array than the type says: a fault of ours.
    #[error("it was decoded as another type than its schema says")]
    OtherType,
}

/// Cells of one column, reused from batch to batch.
#[derive(Debug, Default)]
pub(super) struct Cells {
    classes: Vec<CellClass>,
    numbers: Vec<f64>,
    bytes: Vec<u8>,
    ends: Vec<u32>,
    with_text: bool,
}

impl Cells {
    /// Cells as profiles take them.
    pub(super) fn view(&self) -> ColumnView<'_> {
        let texts = self.with_text.then_some(TextView {
            bytes: &self.bytes,
            ends: &self.ends,
        });
        ColumnView {
            classes: &self.classes,
            numbers: &self.numbers,
            texts,
        }
    }

    /// Becomes `n` missing cells.
    pub(super) fn fill_missing(&mut self, n: usize) {
        self.clear(true);
        self.classes.resize(n, CellClass::Missing);
        self.numbers.resize(n, 0.0);
        self.ends.resize(n, 0);
    }

    /// Becomes the cells of `array` at `rows`; [`NOWHERE`](super::flatten::NOWHERE) and null are missing.
    pub(super) fn fill(
        &mut self,
        array: &dyn Array,
        rows: &[usize],
        with_text: bool,
    ) -> Result<(), CellFault> {
        use ArrowDataType as T;
        self.clear(with_text);
        match array.dtype() {
            T::Boolean => {
                let array = downcast::<BooleanArray>(array)?;
                self.each(array, rows, |row, text| {
                    append(text, if array.value(row) { b"true" } else { b"false" });
                    (CellClass::Boolean, 0.0)
                })
            }
            T::Int8 => self.integers::<i8>(array, rows, f64::from),
            T::Int16 => self.integers::<i16>(array, rows, f64::from),
            T::Int32 => self.integers::<i32>(array, rows, f64::from),
            T::Int64 => self.integers::<i64>(array, rows, |value| value as f64),
            T::UInt8 => self.integers::<u8>(array, rows, f64::from),
            T::UInt16 => self.integers::<u16>(array, rows, f64::from),
            T::UInt32 => self.integers::<u32>(array, rows, f64::from),
            T::UInt64 => self.integers::<u64>(array, rows, |value| value as f64),
            T::Float32 => self.floats::<f32>(array, rows, f64::from, |value| format!("{:?}", value + 0.0)),
            T::Float64 => {
                self.floats::<f64>(array, rows, |value| value, |value| format!("{:?}", value + 0.0))
            }
            T::Decimal(_, scale) => {
                let scale = *scale;
                self.values::<i128>(array, rows, |unscaled, text| {
                    let written = time::decimal(unscaled, scale);
                    append(text, written.as_bytes());
                    (CellClass::Fractional, classify(written.as_bytes()).1)
                })
            }
            T::Date32 => self.times::<i32>(array, rows, time::date),
            T::Time32(unit) => self.times::<i32>(array, rows, |value| time::time(i64::from(value), *unit)),
            T::Time64(unit) => self.times::<i64>(array, rows, |value| time::time(value, *unit)),
            T::Timestamp(unit, zone) => {
                let in_utc = zone.is_some();
                self.times::<i64>(array, rows, |value| time::instant(value, *unit, in_utc))
            }
            T::Utf8View => {
                let array = downcast::<Utf8ViewArray>(array)?;
                self.each(array, rows, |row, text| {
                    append(text, array.value(row).as_bytes());
                    classify(array.value(row).as_bytes())
                })
            }
            T::BinaryView => {
                let array = downcast::<BinaryViewArray>(array)?;
                let mut present = rows.iter().filter(|row| is_present(array, **row));
                if present.any(|row| std::str::from_utf8(array.value(*row)).is_err()) {
                    return Err(CellFault::NotText);
                }
                self.each(array, rows, |row, text| {
                    append(text, array.value(row));
                    classify(array.value(row))
                })
            }
            _ => Err(CellFault::OtherType),
        }
    }

    fn clear(&mut self, with_text: bool) {
        self.classes.clear();
        self.numbers.clear();
        self.bytes.clear();
        self.ends.clear();
        self.with_text = with_text;
    }

    /// One cell per row. `cell` gives class and number, and appends the text where one is wanted.
    fn each(
        &mut self,
        array: &dyn Array,
        rows: &[usize],
        mut cell: impl FnMut(usize, Option<&mut Vec<u8>>) -> (CellClass, f64),
    ) -> Result<(), CellFault> {
        for &row in rows {
            let text = self.with_text.then_some(&mut self.bytes);
            let (class, number) = if is_present(array, row) {
                cell(row, text)
            } else {
                (CellClass::Missing, 0.0)
            };
            self.classes.push(class);
            self.numbers.push(number);
            if self.with_text {
                self.ends
                    .push(u32::try_from(self.bytes.len()).map_err(|_| CellFault::TooLong)?);
            }
        }
        Ok(())
    }

    fn values<T: NativeType>(
        &mut self,
        array: &dyn Array,
        rows: &[usize],
        mut cell: impl FnMut(T, Option<&mut Vec<u8>>) -> (CellClass, f64),
    ) -> Result<(), CellFault> {
        let array = downcast::<PrimitiveArray<T>>(array)?;
        let values = array.values();
        self.each(array, rows, |row, text| cell(values[row], text))
    }

    fn integers<T: NativeType + Display>(
        &mut self,
        array: &dyn Array,
        rows: &[usize],
        number: impl Fn(T) -> f64,
    ) -> Result<(), CellFault> {
        self.values::<T>(array, rows, |value, text| {
            if let Some(text) = text {
                text.extend_from_slice(value.to_string().as_bytes());
            }
            (CellClass::Integral, number(value))
        })
    }

    /// Minus zero counts as zero, as in CSV.
    fn floats<T: NativeType>(
        &mut self,
        array: &dyn Array,
        rows: &[usize],
        number: impl Fn(T) -> f64,
        written: impl Fn(T) -> String,
    ) -> Result<(), CellFault> {
        self.values::<T>(array, rows, |value, text| {
            if let Some(text) = text {
                text.extend_from_slice(written(value).as_bytes());
            }
            match number(value) {
                number if number.is_nan() => (CellClass::Nan, 0.0),
                f64::INFINITY => (CellClass::PositiveInfinity, 0.0),
                f64::NEG_INFINITY => (CellClass::NegativeInfinity, 0.0),
                number => (CellClass::Fractional, number + 0.0),
            }
        })
    }

    fn times<T: NativeType>(
        &mut self,
        array: &dyn Array,
        rows: &[usize],
        written: impl Fn(T) -> String,
    ) -> Result<(), CellFault> {
        self.values::<T>(array, rows, |value, text| {
            if let Some(text) = text {
                text.extend_from_slice(written(value).as_bytes());
            }
            (CellClass::Text, 0.0)
        })
    }
}

fn append(text: Option<&mut Vec<u8>>, bytes: &[u8]) {
    if let Some(text) = text {
        text.extend_from_slice(bytes);
    }
}

fn downcast<A: Array>(array: &dyn Array) -> Result<&A, CellFault> {
    array.as_any().downcast_ref().ok_or(CellFault::OtherType)
}
