//! Columns that appear, disappear or change type inside a window.
//!
//! Read from the first and last position of each class of cells, so it needs no second pass. A change is only stated
//! where it is certain: all cells of one kind stand before all of the other. Gradual or mixed change is not seen here,
//! but by the type and completeness checks.

use crate::summary::{ColumnSummary, DatasetSummary, InferredType, Position};
use crate::view::CellClass;

/// Cells each side of a change has at least; fewer are an odd cell at the rim of the window, not a change.
const MIN_CELLS: u64 = 5;

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaChange {
    /// The column.
    pub column: String,
    /// What changed.
    pub kind: SchemaChangeKind,
    /// The first cell after the change.
    pub position: Position,
}

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaChangeKind {
    /// Missing before, present from here on.
    Appeared,
    /// Present before, missing from here on.
    Disappeared,
    /// One type before, another from here on.
    ChangedType {
        /// The type before.
        from: InferredType,
        /// The type from here on.
        to: InferredType,
    },
}

/// The changes of a window, in column order.
pub fn schema_changes(current: &DatasetSummary) -> Vec<SchemaChange> {
    current.columns.iter().flat_map(column_changes).collect()
}

fn column_changes(column: &ColumnSummary) -> Vec<SchemaChange> {
    let missing = Stretch::of(column, &[CellClass::Missing], column.counts.n_missing);
    let present: Vec<CellClass> = CellClass::ALL
        .into_iter()
        .filter(|class| !matches!(class, CellClass::Missing | CellClass::Absent))
        .collect();
    let present = Stretch::of(column, &present, column.counts.n_present());
    let mut changes = Vec::new();
    let mut change = |kind, position| {
        changes.push(SchemaChange {
            column: column.name.clone(),
            kind,
            position,
        });
    };
    if let Some(position) = start_after(missing, present) {
        change(SchemaChangeKind::Appeared, position);
    }
    if let Some(position) = start_after(present, missing) {
        change(SchemaChangeKind::Disappeared, position);
    }
    let types = [
        (
            InferredType::Boolean,
            Stretch::of(column, &[CellClass::Boolean], column.counts.n_boolean),
        ),
        (
            InferredType::String,
            Stretch::of(column, &[CellClass::Text], column.counts.n_text),
        ),
        (
            InferredType::Integral,
            Stretch::of(column, &[CellClass::Integral], column.counts.n_integral),
        ),
        (
            InferredType::Fractional,
            Stretch::of(column, &[CellClass::Fractional], column.counts.n_fractional),
        ),
    ];
    for (from, before) in types {
        for (to, after) in types {
            // Whole numbers turning up among fractions are ordinary; a full swap of the two is not.
            if from != to
                && let Some(position) = start_after(before, after)
            {
                change(SchemaChangeKind::ChangedType { from, to }, position);
            }
        }
    }
    changes
}

/// The cells of some classes, from the first to the last.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    first: Position,
    last: Position,
}

impl Stretch {
    fn of(column: &ColumnSummary, classes: &[CellClass], n: u64) -> Option<Self> {
        let spans = classes.iter().filter_map(|class| column.spans[*class as usize]);
        let whole = spans.reduce(|left, right| (left.0.min(right.0), left.1.max(right.1)));
        whole
            .filter(|_| n >= MIN_CELLS)
            .map(|(first, last)| Self { first, last })
    }
}

fn start_after(before: Option<Stretch>, after: Option<Stretch>) -> Option<Position> {
    let (before, after) = (before?, after?);
    (before.last < after.first).then_some(after.first)
}
