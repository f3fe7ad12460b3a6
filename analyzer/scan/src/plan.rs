//! From a baseline, a schema and a probe to the columns of a scan.
//!
//! Pure. Decides which field of a record is which column; decodes nothing.

use crate::probe::{Probe, SideShape};
use baselines::baseline::{Baseline, Role};
use baselines::profile::{ColumnPlan, PlanKind};
use capture::layout::{Layout, LayoutColumn, Side};
use capture::schema::{Feature, Schema};
use std::collections::BTreeSet;

/// Where output columns stand among a baseline's columns, where no schema says which they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OutputPosition {
    /// Before the inputs: Model Monitor's default.
    #[default]
    Start,
    /// Behind them.
    End,
}

/// A window has another number of columns than the baseline, and no names to tell which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnCountMismatch {
    /// Columns of the baseline.
    pub expected: usize,
    /// Fields of a captured record, both sides together.
    pub found: usize,
}

/// Columns of a scan: the layout and the plan have the same columns in the same order.
#[derive(Debug, Clone)]
pub struct ScanColumns {
    /// For decoding.
    pub layout: Layout,
    /// For profiling.
    pub plans: Vec<ColumnPlan>,
    /// Where positions could not be matched.
    pub mismatch: Option<ColumnCountMismatch>,
}

fn layout_of(plans: &[ColumnPlan], sides: &[Side]) -> Layout {
    let columns = plans.iter().zip(sides).map(|(plan, side)| LayoutColumn {
        name: plan.name.clone(),
        side: *side,
        needs_text: plan.needs_text(),
    });
    Layout::new(columns.collect())
}

/// Columns of a window, matched with those of `baseline`.
pub fn for_window(
    baseline: &Baseline,
    schema: Option<&Schema>,
    probe: &Probe,
    position: OutputPosition,
) -> ScanColumns {
    let exact_limit = baseline.exact_limit();
    let mut plans: Vec<ColumnPlan> = baseline
        .monitored()
        .map(|column| column.plan(exact_limit))
        .collect();
    let names: Vec<&str> = baseline
        .monitored()
        .map(|column| column.summary.name.as_str())
        .collect();
    if let Some(header) = &probe.header {
        return for_table_window(baseline, schema, header, plans);
    }
    if let Some(schema) = schema {
        // The schema's order is the endpoint's: columns are re-ordered so that positions follow it.
        let outputs = schema.output_columns();
        let order: Vec<&Feature> = outputs.iter().chain(&schema.features).collect();
        let rank = |name: &str| {
            order
                .iter()
                .position(|feature| feature.name == name)
                .unwrap_or(usize::MAX)
        };
        let is_output = |name: &str| outputs.iter().any(|feature| feature.name == name);
        let known: BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
        for feature in order.iter().filter(|feature| !known.contains(&feature.name)) {
            plans.push(ColumnPlan::unknown(&feature.name, kind_of(feature)));
        }
        plans.retain(|plan| rank(&plan.name) != usize::MAX);
        plans.sort_by_key(|plan| rank(&plan.name));
        let sides: Vec<Side> = plans
            .iter()
            .map(|plan| {
                if is_output(&plan.name) {
                    Side::Output
                } else {
                    Side::Input
                }
            })
            .collect();
        return ScanColumns {
            layout: layout_of(&plans, &sides),
            plans,
            mismatch: None,
        };
    }
    let roles: Vec<Role> = baseline.monitored().map(|column| column.role).collect();
    if roles.iter().all(|role| *role != Role::Unassigned) {
        let side = |role: &Role| {
            if *role == Role::Output {
                Side::Output
            } else {
                Side::Input
            }
        };
        let sides: Vec<Side> = roles.iter().map(side).collect();
        return ScanColumns {
            layout: layout_of(&plans, &sides),
            plans,
            mismatch: None,
        };
    }
    match sides_by_shape(&names, probe, position) {
        Ok(sides) => ScanColumns {
            layout: layout_of(&plans, &sides),
            plans,
            mismatch: None,
        },
        Err(mismatch) => ScanColumns {
            layout: Layout::default(),
            plans: Vec::new(),
            mismatch: Some(mismatch),
        },
    }
}

/// Columns of a window that is a table: the baseline's that the table has, by name. The table's own others are looked
/// at too, unless a schema said which columns count (ids, times and labels then stand beside them).
fn for_table_window(
    baseline: &Baseline,
    schema: Option<&Schema>,
    header: &[String],
    mut plans: Vec<ColumnPlan>,
) -> ScanColumns {
    plans.retain(|plan| header.contains(&plan.name));
    let by_schema = schema.is_some()
        || baseline
            .columns
            .iter()
            .any(|column| column.role != Role::Unassigned);
    if !by_schema {
        let known: BTreeSet<String> = plans.iter().map(|plan| plan.name.clone()).collect();
        let others = header.iter().filter(|name| !known.contains(*name));
        plans.extend(others.map(|name| ColumnPlan::unknown(name, PlanKind::Undetermined)));
    }
    let layout = layout_of(&plans, &vec![Side::Input; plans.len()]).with_header(Side::Input, header);
    ScanColumns {
        layout,
        plans,
        mismatch: None,
    }
}

/// The side of each baseline column, from what records look like.
fn sides_by_shape(
    names: &[&str],
    probe: &Probe,
    position: OutputPosition,
) -> Result<Vec<Side>, ColumnCountMismatch> {
    let n_columns = names.len();
    let n_inputs = probe.input.as_ref().map_or(0, SideShape::n_fields);
    let n_outputs = probe.output.as_ref().map_or(0, SideShape::n_fields);
    let mismatch = ColumnCountMismatch {
        expected: n_columns,
        found: n_inputs + n_outputs,
    };
    let by_position = |n_outputs: usize| -> Vec<Side> {
        let is_output = |idx: usize| match position {
            OutputPosition::Start => idx < n_outputs,
            OutputPosition::End => idx >= n_columns - n_outputs,
        };
        (0..n_columns)
            .map(|idx| if is_output(idx) { Side::Output } else { Side::Input })
            .collect()
    };
    match (&probe.input, &probe.output) {
        (Some(SideShape::Positional(_)) | None, Some(SideShape::Positional(_)) | None) => {
            if n_inputs + n_outputs == n_columns {
                Ok(by_position(n_outputs))
            } else if n_inputs == n_columns {
                Ok(vec![Side::Input; n_columns])
            } else if n_outputs == n_columns {
                Ok(vec![Side::Output; n_columns])
            } else {
                Err(mismatch)
            }
        }
        (input, output) => {
            let named = |shape: &Option<SideShape>, name: &str| matches!(shape, Some(SideShape::Named(names)) if names.iter().any(|n| n == name));
            // Columns that neither side names belong to the side without names, if there is one.
            let rest = if matches!(output, Some(SideShape::Positional(_))) {
                Side::Output
            } else {
                Side::Input
            };
            let side = |name: &&str| {
                if named(output, name) && !named(input, name) {
                    Side::Output
                } else if named(input, name) {
                    Side::Input
                } else {
                    rest
                }
            };
            let sides: Vec<Side> = names.iter().map(side).collect();
            let n_rest_outputs = sides.iter().filter(|side| **side == Side::Output).count();
            let wants = output.as_ref().map_or(0, SideShape::n_fields);
            if matches!(output, Some(SideShape::Positional(_))) && n_rest_outputs != wants {
                // More unnamed columns than unnamed fields: the inputs' names decide alone.
                let side = |name: &&str| {
                    if named(input, name) || n_rest_outputs < wants {
                        Side::Input
                    } else {
                        Side::Output
                    }
                };
                let sides: Vec<Side> = names.iter().map(side).collect();
                let n_outputs = sides.iter().filter(|side| **side == Side::Output).count();
                return if n_outputs == wants {
                    Ok(sides)
                } else {
                    Ok(vec![Side::Input; n_columns])
                };
            }
            Ok(sides)
        }
    }
}

fn kind_of(feature: &Feature) -> PlanKind {
    match feature.declared_type {
        Some(declared) if declared.is_numeric() => PlanKind::Numeric,
        Some(_) => PlanKind::Categorical,
        None => PlanKind::Undetermined,
    }
}

/// Columns of a baseline made from data, and what each is for.
pub fn for_baseline(schema: Option<&Schema>, probe: &Probe) -> (ScanColumns, Vec<(String, Role)>) {
    let table = probe.header.as_ref().or(match (&probe.fallback, &probe.input) {
        (Some(capture::decode::RecordFormat::JsonLines), Some(SideShape::Named(names))) => Some(names),
        _ => None,
    });
    let mut columns: Vec<(ColumnPlan, Side, Role)> = Vec::new();
    if let Some(schema) = schema {
        for (features, side, role) in [
            (schema.output_columns(), Side::Output, Role::Output),
            (schema.features.clone(), Side::Input, Role::Input),
        ] {
            columns.extend(
                features
                    .iter()
                    .map(|f| (ColumnPlan::unknown(&f.name, kind_of(f)), side, role)),
            );
        }
        let label = schema
            .label
            .as_ref()
            .filter(|label| !columns.iter().any(|(plan, ..)| plan.name == **label));
        if let (Some(label), true) = (label, table.is_some()) {
            let regression = schema.task.as_deref() == Some("regression");
            let kind = if regression {
                PlanKind::Numeric
            } else {
                PlanKind::Categorical
            };
            // Without a prediction the label stands where the prediction will: Model Monitor's own practice.
            let role = if schema.output_columns().is_empty() {
                Role::Output
            } else {
                Role::Label
            };
            columns.insert(0, (ColumnPlan::unknown(label, kind), Side::Output, role));
        }
    } else if let Some(names) = table {
        let unknown = |name: &String| {
            (
                ColumnPlan::unknown(name, PlanKind::Undetermined),
                Side::Input,
                Role::Unassigned,
            )
        };
        columns.extend(names.iter().map(unknown));
    } else {
        for (shape, side, role) in [
            (&probe.output, Side::Output, Role::Output),
            (&probe.input, Side::Input, Role::Input),
        ] {
            let names = match shape {
                None => Vec::new(),
                Some(SideShape::Named(names)) => names.clone(),
                Some(SideShape::Positional(n)) => {
                    (0..*n).map(|idx| format!("{}_{idx}", side.name())).collect()
                }
            };
            for name in names {
                let taken = columns.iter().any(|(plan, ..)| plan.name == name);
                let name = if taken {
                    format!("{}.{name}", side.name())
                } else {
                    name
                };
                columns.push((ColumnPlan::unknown(name, PlanKind::Undetermined), side, role));
            }
        }
    }
    let roles = columns
        .iter()
        .map(|(plan, _, role)| (plan.name.clone(), *role))
        .collect();
    let (plans, sides): (Vec<_>, Vec<_>) = columns.into_iter().map(|(plan, side, _)| (plan, side)).unzip();
    let layout = match table {
        None => layout_of(&plans, &sides),
        Some(names) => {
            // A table has one side: all its fields are read as inputs.
            let mut layout = layout_of(&plans, &vec![Side::Input; plans.len()]);
            if probe.header.is_some() {
                layout = layout.with_header(Side::Input, names);
            } else if schema.is_some() {
                let unwanted: Vec<String> = names
                    .iter()
                    .filter(|name| layout.column_named(Side::Input, name).is_none())
                    .cloned()
                    .collect();
                for name in unwanted {
                    layout.drop_name(Side::Input, name);
                }
            }
            layout
        }
    };
    (
        ScanColumns {
            layout,
            plans,
            mismatch: None,
        },
        roles,
    )
}
