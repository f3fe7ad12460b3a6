//! Typed columns of captured records as Parquet.
//!
//! Four columns are of the record: `:second` of its inference (UTC, since 1970), `:line` of its object (from 1),
//! `:event` (XXH3-64 of its event id) and `:flags`. Each planned column is three: a typed one under its own name
//! (DOUBLE for numbers, STRING for the others), `NAME:class` ([`CellClass`] by number), and what the typed one cannot
//! say: `NAME:text` of a number that is not spelled as its value prints, `NAME:number` of a category that is a number.
//! Fields that no column was planned for stand in `:extra`, as JSON. Nothing of a cell is lost, so that a profile counted
//! from here is the one counted from the captured lines. Same records, same bytes.
//!
//! Columns are found by their place; their names are for other people's queries. Does not know storage.

mod read;
#[cfg(test)]
mod tests;
mod write;

pub use read::{CellsOf, RowBatch, read_rows};
pub use write::ColumnWriter;

use arrow_schema::{DataType, Field, Schema};
use baselines::profile::{ColumnPlan, PlanKind};
use baselines::view::CellClass;
use capture::layout::Side;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The first row of a record.
pub const FIRST_ROW: u8 = 1;
/// A row of a record with the caller's id.
pub const HAS_INFERENCE_ID: u8 = 2;
/// A row of a record of which one side is missing.
pub const ONE_SIDED: u8 = 4;

const N_RECORD_COLUMNS: usize = 5;

/// A cell of a column without a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExtraCell {
    /// Whether it is an output.
    #[serde(rename = "o", default, skip_serializing_if = "std::ops::Not::not")]
    pub is_output: bool,
    /// Name of the column.
    #[serde(rename = "n")]
    pub name: String,
    /// [`CellClass`] by number.
    #[serde(rename = "c")]
    pub class: u8,
    /// Bits of the number.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    pub bits: Option<u64>,
    /// Text.
    #[serde(rename = "t", default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

impl ExtraCell {
    /// Its side.
    pub fn side(&self) -> Side {
        if self.is_output { Side::Output } else { Side::Input }
    }
}

/// Whether the typed column of a plan is one of numbers.
fn is_typed_number(plan: &ColumnPlan) -> bool {
    plan.kind == PlanKind::Numeric
}

fn is_number(class: CellClass) -> bool {
    matches!(class, CellClass::Integral | CellClass::Fractional)
}

/// How a number's own text would be; a cell whose text is this one needs no text beside its number.
fn print(class: CellClass, number: f64, text: &mut String) {
    use std::fmt::Write as _;
    text.clear();
    let fits = number.fract() == 0.0 && number.abs() < 9.0e15;
    let _infallible = if class == CellClass::Integral && fits {
        write!(text, "{}", number as i64)
    } else {
        write!(text, "{number:?}")
    };
}

/// The schema of the columns of `plans`.
fn schema(plans: &[ColumnPlan]) -> Arc<Schema> {
    let mut fields = vec![
        Field::new(":second", DataType::Int64, true),
        Field::new(":line", DataType::UInt64, false),
        Field::new(":event", DataType::UInt64, true),
        Field::new(":flags", DataType::UInt8, false),
        Field::new(":extra", DataType::Utf8, true),
    ];
    for plan in plans {
        let (typed, beside, kind) = if is_typed_number(plan) {
            (DataType::Float64, DataType::Utf8, "text")
        } else {
            (DataType::Utf8, DataType::Float64, "number")
        };
        fields.push(Field::new(&plan.name, typed, true));
        fields.push(Field::new(format!("{}:class", plan.name), DataType::UInt8, false));
        fields.push(Field::new(format!("{}:{kind}", plan.name), beside, true));
    }
    Arc::new(Schema::new(fields))
}
