//! Where each field of a record goes: names and positions to planned columns.
//!
//! Does not decode. Built once per run, from a baseline, a schema, or a look at the first records.

use std::collections::HashMap;

/// The side of a request a column belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// What the model was given.
    Input,
    /// What it answered.
    Output,
}

impl Side {
    /// `input` or `output`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Output => "output",
        }
    }
}

/// One planned column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayoutColumn {
    /// Column name.
    pub name: String,
    /// Its side.
    pub side: Side,
    /// Whether the text of its cells is wanted.
    pub needs_text: bool,
}

/// Planned columns and how fields find them.
#[derive(Debug, Clone, Default)]
pub struct Layout {
    columns: Vec<LayoutColumn>,
    /// Column of field `i`, per side; `None` where a field is read and dropped (ids, times of training tables).
    positions: [Vec<Option<u32>>; 2],
    by_name: [HashMap<String, u32>; 2],
    /// Names that are read and dropped.
    dropped: Vec<(Side, String)>,
    /// Sides of captured records that are passed over.
    unread: [bool; 2],
}

impl Layout {
    /// A layout of `columns`; fields by position follow the order of the columns of their side.
    pub fn new(columns: Vec<LayoutColumn>) -> Self {
        let mut layout = Self {
            columns,
            ..Self::default()
        };
        for (idx, column) in layout.columns.iter().enumerate() {
            layout.positions[column.side as usize].push(Some(idx as u32));
            layout.by_name[column.side as usize].insert(column.name.clone(), idx as u32);
        }
        layout
    }

    /// Fields of `side` by position are named so, in this order (a CSV header); names without a column are dropped.
    #[must_use]
    pub fn with_header(mut self, side: Side, names: &[String]) -> Self {
        self.positions[side as usize] = names.iter().map(|name| self.column_named(side, name)).collect();
        for name in names
            .iter()
            .filter(|name| !self.by_name[side as usize].contains_key(*name))
        {
            self.dropped.push((side, name.clone()));
        }
        self
    }

    /// Passes `side` of captured records over, as if it had not been captured.
    #[must_use]
    pub fn without(mut self, side: Side) -> Self {
        self.unread[side as usize] = true;
        self
    }

    /// Whether `side` of captured records is read.
    pub fn reads(&self, side: Side) -> bool {
        !self.unread[side as usize]
    }

    /// The planned columns.
    pub fn columns(&self) -> &[LayoutColumn] {
        &self.columns
    }

    /// Fields a positional row of `side` has; 0 where none is known.
    pub fn width(&self, side: Side) -> usize {
        self.positions[side as usize].len()
    }

    /// Column of field `position`: `Some(None)` drops the field, `None` has no place for it.
    #[inline]
    pub fn column_at(&self, side: Side, position: usize) -> Option<Option<u32>> {
        self.positions[side as usize].get(position).copied()
    }

    /// Column of a named field.
    #[inline]
    pub fn column_named(&self, side: Side, name: &str) -> Option<u32> {
        self.by_name[side as usize].get(name).copied()
    }

    /// Whether a named field is read and dropped.
    pub fn is_dropped(&self, side: Side, name: &str) -> bool {
        self.dropped.iter().any(|(s, n)| *s == side && n == name)
    }

    /// Takes up a field that was dropped so far: `position` is its place among the fields of its side, where they have
    /// one. Gives the column's index.
    pub fn take_up(&mut self, column: LayoutColumn, position: Option<usize>) -> usize {
        let (idx, side) = (self.columns.len(), column.side);
        self.dropped
            .retain(|(of, name)| (*of, name) != (side, &column.name));
        if let Some(place) = position.and_then(|position| self.positions[side as usize].get_mut(position)) {
            *place = Some(idx as u32);
        }
        self.by_name[side as usize].insert(column.name.clone(), idx as u32);
        self.columns.push(column);
        idx
    }

    /// Whether the text of the cells of column `idx` is wanted.
    pub fn set_needs_text(&mut self, idx: usize, needs_text: bool) {
        if let Some(column) = self.columns.get_mut(idx) {
            column.needs_text = needs_text;
        }
    }

    /// Names a field so that it is read and dropped.
    pub fn drop_name(&mut self, side: Side, name: impl Into<String>) {
        self.dropped.push((side, name.into()));
    }
}
