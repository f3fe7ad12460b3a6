//! Decoded cells of a chunk, column by column.
//!
//! Rows are added by one record at a time and can be taken back if the record turns out bad. Does not know formats.

use crate::layout::{Layout, Side};
use crate::reject::RejectReason;
use baselines::view::{CellClass, ColumnView, TextView};
use std::collections::HashMap;
use std::sync::Arc;

/// Cells of one column.
#[derive(Debug, Clone, Default)]
pub struct Cells {
    classes: Vec<CellClass>,
    numbers: Vec<f64>,
    text: Option<CellTexts>,
}

#[derive(Debug, Clone, Default)]
struct CellTexts {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl Cells {
    fn new(needs_text: bool) -> Self {
        Self {
            text: needs_text.then(CellTexts::default),
            ..Self::default()
        }
    }

    #[expect(
        clippy::inline_always,
        reason = "measured: the loop over cells is a tenth slower with calls in it"
    )]
    #[inline(always)]
    fn push(&mut self, class: CellClass, number: f64, text: &[u8]) {
        self.classes.push(class);
        self.numbers.push(number);
        if let Some(texts) = &mut self.text {
            texts.bytes.extend_from_slice(text);
            texts.ends.push(texts.bytes.len() as u32);
        }
    }

    fn truncate(&mut self, n: usize) {
        self.classes.truncate(n);
        self.numbers.truncate(n);
        if let Some(texts) = &mut self.text {
            texts.ends.truncate(n);
            texts
                .bytes
                .truncate(texts.ends.last().map_or(0, |end| *end as usize));
        }
    }

    fn pad(&mut self, n: usize, class: CellClass) {
        self.classes.resize(n, class);
        self.numbers.resize(n, 0.0);
        if let Some(texts) = &mut self.text {
            texts.ends.resize(n, texts.bytes.len() as u32);
        }
    }

    fn retain(&mut self, keep: &[bool]) {
        let mut kept = Self::new(self.text.is_some());
        for (idx, _) in keep.iter().enumerate().filter(|(_, keep)| **keep) {
            let text = self.view().texts.map_or(&[][..], |texts| texts.get(idx));
            kept.push(self.classes[idx], self.numbers[idx], text);
        }
        *self = kept;
    }

    /// The cells as profiling sees them.
    pub fn view(&self) -> ColumnView<'_> {
        ColumnView {
            classes: &self.classes,
            numbers: &self.numbers,
            texts: self.text.as_ref().map(|texts| TextView {
                bytes: &texts.bytes,
                ends: &texts.ends,
            }),
        }
    }
}

/// A column that turned up without a plan.
#[derive(Debug, Clone)]
pub struct ExtraColumn {
    /// Its name.
    pub name: String,
    /// Its side.
    pub side: Side,
    /// Its cells; as many as the batch has rows.
    pub cells: Cells,
}

/// Columns of equal length.
#[derive(Debug, Clone)]
pub struct ColumnBatch {
    layout: Arc<Layout>,
    planned: Vec<Cells>,
    extra: Vec<ExtraColumn>,
    extra_by_name: HashMap<(Side, String), usize>,
    max_extra: usize,
    n_rows: usize,
    /// Line (in its chunk) of each row.
    lines: Vec<u32>,
}

impl ColumnBatch {
    /// An empty batch.
    pub fn new(layout: Arc<Layout>, max_extra: usize) -> Self {
        let planned = layout
            .columns()
            .iter()
            .map(|column| Cells::new(column.needs_text))
            .collect();
        let (extra, extra_by_name) = (Vec::new(), HashMap::new());
        Self {
            layout,
            planned,
            extra,
            extra_by_name,
            max_extra,
            n_rows: 0,
            lines: Vec::new(),
        }
    }

    /// Forgets the rows, keeps the memory.
    pub fn clear(&mut self) {
        self.planned.iter_mut().for_each(|cells| cells.truncate(0));
        self.extra.clear();
        self.extra_by_name.clear();
        self.n_rows = 0;
        self.lines.clear();
    }

    /// Whole rows.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }
    /// Line in the chunk of each row.
    pub fn lines(&self) -> &[u32] {
        &self.lines
    }
    /// Cells of the planned columns, in the layout's order.
    pub fn planned(&self) -> &[Cells] {
        &self.planned
    }
    /// Columns without a plan.
    pub fn extra(&self) -> &[ExtraColumn] {
        &self.extra
    }
    /// The layout.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// A writer for one side of the record that starts behind the whole rows.
    pub fn side_writer(&mut self, side: Side, max_rows: usize) -> SideWriter<'_> {
        let row = self.n_rows;
        SideWriter {
            batch: self,
            side,
            row,
            first_row: row,
            position: 0,
            named: false,
            expected: 0,
            max_rows,
            one_field_each: false,
        }
    }

    /// Makes the record's rows whole: `n` rows, read from `line`; a side without rows was absent.
    pub fn commit(&mut self, n: usize, line: u32, has_input: bool, has_output: bool) {
        self.n_rows += n;
        self.lines.resize(self.n_rows, line);
        let filler = |side: Side| {
            let captured = if side == Side::Input {
                has_input
            } else {
                has_output
            };
            if captured {
                CellClass::Missing
            } else {
                CellClass::Absent
            }
        };
        for (cells, column) in self.planned.iter_mut().zip(self.layout.columns()) {
            if cells.classes.len() != self.n_rows {
                cells.pad(self.n_rows, filler(column.side));
            }
        }
        for extra in &mut self.extra {
            // Not absent where its side is: whether another record of the chunk has the column must change nothing.
            extra.cells.pad(self.n_rows, CellClass::Missing);
        }
    }

    /// Takes back what the record wrote so far.
    pub fn roll_back(&mut self) {
        let n = self.n_rows;
        self.planned.iter_mut().for_each(|cells| cells.truncate(n));
        self.extra.iter_mut().for_each(|extra| extra.cells.truncate(n));
    }

    /// Keeps only the rows for which `keep` holds.
    pub fn retain_rows(&mut self, keep: &[bool]) {
        self.planned.iter_mut().for_each(|cells| cells.retain(keep));
        self.extra.iter_mut().for_each(|extra| extra.cells.retain(keep));
        let mut flags = keep.iter();
        self.lines.retain(|_| flags.next().copied().unwrap_or(true));
        self.n_rows = self.lines.len();
    }
}

/// Writes the rows of one side of one record.
pub struct SideWriter<'b> {
    batch: &'b mut ColumnBatch,
    side: Side,
    first_row: usize,
    row: usize,
    position: usize,
    named: bool,
    /// The planned column after the one last named: JSON keys usually keep their order.
    expected: usize,
    max_rows: usize,
    one_field_each: bool,
}

impl SideWriter<'_> {
    /// Says that the other side has several rows, so that a lone line of fields, or array of scalars, can only be one
    /// field for each of them.
    #[must_use]
    pub fn beside(mut self, n_rows: Option<usize>) -> Self {
        self.one_field_each = n_rows.is_some_and(|n| n > 1);
        self
    }

    /// Whether a lone line of fields is one field for each row.
    pub fn is_one_field_each(&self) -> bool {
        self.one_field_each
    }

    /// Rows ended so far.
    pub fn n_rows(&self) -> usize {
        self.row - self.first_row
    }

    /// The layout.
    pub fn layout(&self) -> &Layout {
        &self.batch.layout
    }

    /// The side.
    pub fn side(&self) -> Side {
        self.side
    }

    /// The next field of a positional row.
    #[expect(
        clippy::inline_always,
        reason = "measured: the loop over cells is a tenth slower with calls in it"
    )]
    #[inline(always)]
    pub fn positional(&mut self, class: CellClass, number: f64, text: &[u8]) -> Result<(), RejectReason> {
        let position = self.position;
        self.position += 1;
        match self.batch.layout.column_at(self.side, position) {
            Some(Some(column)) => {
                self.write(column as usize, class, number, text);
                Ok(())
            }
            Some(None) => Ok(()),
            None if self.batch.layout.width(self.side) > 0 => Err(RejectReason::WrongFieldCount),
            None => {
                let name = format!("{}_{position}", self.side.name());
                self.extra(&name, class, number, text)
            }
        }
    }

    /// A named field.
    pub fn named(
        &mut self,
        name: &str,
        class: CellClass,
        number: f64,
        text: &[u8],
    ) -> Result<(), RejectReason> {
        self.named = true;
        let layout = &self.batch.layout;
        let next = layout.columns().get(self.expected);
        let column = if next.is_some_and(|column| column.side == self.side && column.name == name) {
            Some(self.expected as u32)
        } else {
            layout.column_named(self.side, name)
        };
        match column {
            Some(column) => {
                self.expected = column as usize + 1;
                self.write(column as usize, class, number, text);
                Ok(())
            }
            None if self.batch.layout.is_dropped(self.side, name) => Ok(()),
            None => self.extra(name, class, number, text),
        }
    }

    #[expect(
        clippy::inline_always,
        reason = "measured: the loop over cells is a tenth slower with calls in it"
    )]
    #[inline(always)]
    fn write(&mut self, column: usize, class: CellClass, number: f64, text: &[u8]) {
        let cells = &mut self.batch.planned[column];
        match cells.classes.len() {
            n if n == self.row => {}
            // A key that stands twice: the last one counts, as in every JSON reader.
            n if n > self.row => cells.truncate(self.row),
            _ => cells.pad(self.row, CellClass::Missing),
        }
        cells.push(class, number, text);
    }

    fn extra(&mut self, name: &str, class: CellClass, number: f64, text: &[u8]) -> Result<(), RejectReason> {
        let key = (self.side, name.to_owned());
        let idx = match self.batch.extra_by_name.get(&key) {
            Some(&idx) => idx,
            None if self.batch.extra.len() >= self.batch.max_extra => {
                return Err(RejectReason::TooManyColumns);
            }
            None => {
                let cells = Cells::new(true);
                self.batch.extra.push(ExtraColumn {
                    name: name.to_owned(),
                    side: self.side,
                    cells,
                });
                self.batch.extra_by_name.insert(key, self.batch.extra.len() - 1);
                self.batch.extra.len() - 1
            }
        };
        let cells = &mut self.batch.extra[idx].cells;
        cells.truncate(self.row);
        cells.pad(self.row, CellClass::Missing);
        cells.push(class, number, text);
        Ok(())
    }

    /// Ends the row: a positional one must have the layout's width.
    #[inline]
    pub fn end_row(&mut self) -> Result<(), RejectReason> {
        let width = self.batch.layout.width(self.side);
        if !self.named && width > 0 && self.position != width {
            return Err(RejectReason::WrongFieldCount);
        }
        self.row += 1;
        self.position = 0;
        self.named = false;
        self.expected = 0;
        if self.n_rows() > self.max_rows {
            Err(RejectReason::TooManyRows)
        } else {
            Ok(())
        }
    }
}
