//! Columns that are not what the baseline says, and columns that changed inside the window, with the place.

use baselines::judge::{ColumnReport, SchemaChangeKind, Verdict};
use baselines::summary::Position;

use super::cards::type_name;
use crate::report::format::{count, plural};
use crate::report::model::SchemaChange;

pub(super) fn changes(verdict: &Verdict) -> Vec<SchemaChange> {
    // Without a row nothing can be said of its columns.
    let has_baseline =
        verdict.run.records.rows > 0 && verdict.columns.iter().any(|report| report.baseline.is_some());
    let against = verdict
        .columns
        .iter()
        .filter(|_| has_baseline)
        .filter_map(against_baseline);
    let inside = verdict.schema_changes.iter().map(|change| SchemaChange {
        column: change.column.clone(),
        what: match change.kind {
            SchemaChangeKind::Appeared => "appeared inside the window; before it was missing".to_owned(),
            SchemaChangeKind::Disappeared => {
                "disappeared inside the window; from here on it is missing".to_owned()
            }
            SchemaChangeKind::ChangedType { from, to } => {
                format!(
                    "changed type inside the window: {} before, {} from here on",
                    type_name(from),
                    type_name(to)
                )
            }
        },
        detail: place(verdict, change.position),
    });
    inside.chain(against).collect()
}

/// A column that only one side has.
fn against_baseline(report: &ColumnReport) -> Option<SchemaChange> {
    let cells =
        |side: &Option<baselines::judge::SideReport>| side.as_ref().map_or(0, |side| side.counts.n_cells());
    let (before, now) = (cells(&report.baseline), cells(&report.current));
    let n_absent = report.current.as_ref().map_or(0, |side| side.counts.n_absent);
    let kind = type_name(report.inferred_type);
    let (what, detail) = if before == 0 && now > 0 && report.baseline.is_none() {
        (
            format!("new column: {kind}, not in the baseline"),
            plural(now, "cell in this window", "cells in this window"),
        )
    } else if before > 0 && now == 0 && n_absent == 0 {
        (
            format!("gone: {kind} in the baseline, not in this window"),
            plural(before, "cell in the baseline", "cells in the baseline"),
        )
    } else {
        return None;
    };
    Some(SchemaChange {
        column: report.name.clone(),
        what,
        detail,
    })
}

fn place(verdict: &Verdict, position: Position) -> String {
    let line = count(position.line);
    match usize::try_from(position.object_idx)
        .ok()
        .and_then(|idx| verdict.run.objects.get(idx))
    {
        Some(object) => format!("from {}, line {line} on", object.key),
        None => format!(
            "from object {}, line {line} on",
            count(u64::from(position.object_idx) + 1)
        ),
    }
}
