//! One batch of cells of one column, as profiling sees it.
//!
//! Does not know how a cell was written in CSV, JSON or Parquet: decoders classify, profiles count.

/// What one cell holds, in the classes Model Monitor's type inference uses, plus the values it cannot name.
///
/// The text patterns are those of the contract §2.3: `Integral` is `[+-]? ?\d+`, `Fractional` has a decimal point
/// with digits on both sides, or an exponent. JSON numbers keep their text form, so `1.0` is fractional.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum CellClass {
    /// Null, an empty CSV cell, or a key that is absent from a JSON row.
    Missing = 0,
    /// A whole number.
    Integral = 1,
    /// A number with a fraction or an exponent.
    Fractional = 2,
    /// `true` or `false` (any case: Python writes `True`).
    Boolean = 3,
    /// Any other text.
    Text = 4,
    /// The text or token `NaN`.
    Nan = 5,
    /// `inf`, `+inf`, `Infinity`.
    PositiveInfinity = 6,
    /// `-inf`, `-Infinity`.
    NegativeInfinity = 7,
    /// The row's whole side (input or output) was not captured: no cell at all.
    Absent = 8,
}

impl CellClass {
    /// Number of classes; the discriminants are `0..COUNT`.
    pub const COUNT: usize = 9;
    /// Every class, by discriminant.
    pub const ALL: [CellClass; Self::COUNT] = [
        CellClass::Missing,
        CellClass::Integral,
        CellClass::Fractional,
        CellClass::Boolean,
        CellClass::Text,
        CellClass::Nan,
        CellClass::PositiveInfinity,
        CellClass::NegativeInfinity,
        CellClass::Absent,
    ];
}

/// A borrowed batch of cells of one column. The slices have one entry per cell.
#[derive(Debug, Clone, Copy)]
pub struct ColumnView<'a> {
    /// The class of each cell.
    pub classes: &'a [CellClass],
    /// The value of each `Integral` or `Fractional` cell; any finite filler elsewhere.
    pub numbers: &'a [f64],
    /// The text of each cell, where the column's plan asks for text.
    pub texts: Option<TextView<'a>>,
}

/// Cell texts, end to end in one buffer.
#[derive(Debug, Clone, Copy)]
pub struct TextView<'a> {
    /// All texts, concatenated; UTF-8.
    pub bytes: &'a [u8],
    /// `ends[i]` is where the text of cell `i` ends; it starts where the one before ended.
    pub ends: &'a [u32],
}

impl<'a> TextView<'a> {
    /// The text of cell `idx`, as bytes of valid UTF-8.
    #[inline]
    pub fn get(&self, idx: usize) -> &'a [u8] {
        let start = if idx == 0 { 0 } else { self.ends[idx - 1] as usize };
        &self.bytes[start..self.ends[idx] as usize]
    }
}
