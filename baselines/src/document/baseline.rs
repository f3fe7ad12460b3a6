//! `baseline.profile`: everything of a baseline that `statistics.json` cannot hold.
//!
//! JSON, versioned. Exact values or counts on the frozen grid, the grid and bin edges, categories with their counts,
//! roles, null / NaN / ∞ counts, and how each suggested constraint came about. Does not know Model Monitor's files.

use super::canonical;
use super::column::{CategoricalV1, CountsV1, NumericV1, TypeV1, ascending};
use super::error::{DocumentError, from_bytes as read};
use crate::baseline::{Baseline, BaselineColumn, Role};
use crate::constraint::{Derivation, Warning};
use crate::profile::Grid;
use crate::summary::{CategoricalSummary, ColumnSummary};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

const DOCUMENT: &str = "baseline.profile";

/// What stands beside the baseline in its document.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BaselineNotes {
    /// Name and version of the program.
    pub software: String,
    /// Where the data came from.
    pub data: String,
    /// Objects read, with entity tags.
    pub objects: Vec<(String, String)>,
    /// How each suggested constraint came about.
    pub derivations: Vec<String>,
    /// Columns that look like something else than their type says.
    pub warnings: Vec<String>,
}

impl BaselineNotes {
    /// Sentences of a suggestion.
    pub fn sentences(derivations: &[Derivation], warnings: &[Warning]) -> (Vec<String>, Vec<String>) {
        let derivations = derivations
            .iter()
            .map(|d| format!("{}: {}: {}", d.column, d.constraint, d.sentence));
        let warnings = warnings.iter().map(|w| format!("{}: {}", w.column, w.sentence));
        (derivations.collect(), warnings.collect())
    }
}

#[derive(Serialize, Deserialize)]
struct VersionOnly {
    version: String,
}

#[derive(Serialize, Deserialize)]
struct V1 {
    version: String,
    software: String,
    data: String,
    objects: Vec<ObjectV1>,
    n_rows: u64,
    columns: Vec<ColumnV1>,
    derivations: Vec<String>,
    warnings: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct ObjectV1 {
    key: String,
    etag: String,
}

#[derive(Serialize, Deserialize)]
struct ColumnV1 {
    name: String,
    role: RoleV1,
    inferred_type: TypeV1,
    counts: CountsV1,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    numeric: Option<NumericV1>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    categorical: Option<CategoricalV1>,
    grid_edges: Vec<f64>,
    house_edges: Vec<f64>,
}

#[derive(Serialize, Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum RoleV1 {
    Input,
    Output,
    Label,
    Unassigned,
}

/// Canonical bytes.
pub fn to_bytes(baseline: &Baseline, notes: &BaselineNotes) -> Result<Vec<u8>, DocumentError> {
    let objects = notes.objects.iter().map(|(key, etag)| ObjectV1 {
        key: key.clone(),
        etag: etag.clone(),
    });
    let document = V1 {
        version: "1".to_owned(),
        software: notes.software.clone(),
        data: notes.data.clone(),
        objects: objects.collect(),
        n_rows: baseline.n_rows,
        columns: baseline.columns.iter().map(column_v1).collect(),
        derivations: notes.derivations.clone(),
        warnings: notes.warnings.clone(),
    };
    canonical::to_bytes(DOCUMENT, &document)
}

fn column_v1(column: &BaselineColumn) -> ColumnV1 {
    let ColumnSummary {
        name,
        inferred_type,
        counts,
        numeric,
        categorical,
        spans: _,
    } = &column.summary;
    ColumnV1 {
        name: name.clone(),
        role: match column.role {
            Role::Input => RoleV1::Input,
            Role::Output => RoleV1::Output,
            Role::Label => RoleV1::Label,
            Role::Unassigned => RoleV1::Unassigned,
        },
        inferred_type: (*inferred_type).into(),
        counts: counts.into(),
        numeric: numeric.as_ref().map(NumericV1::from),
        categorical: categorical.as_ref().map(CategoricalV1::from),
        grid_edges: column.grid.edges().to_vec(),
        house_edges: column.house_edges.clone(),
    }
}

/// Reads a baseline of this or an older version.
pub fn from_bytes(bytes: &[u8]) -> Result<(Baseline, BaselineNotes), DocumentError> {
    let VersionOnly { version } = read(DOCUMENT, bytes)?;
    if version != "1" {
        return Err(DocumentError::Version {
            document: DOCUMENT,
            found: version,
            supported: "1",
        });
    }
    let document: V1 = read(DOCUMENT, bytes)?;
    let mut columns = Vec::with_capacity(document.columns.len());
    for (idx, column) in document.columns.into_iter().enumerate() {
        columns.push(column_from(column, idx)?);
    }
    let notes = BaselineNotes {
        software: document.software,
        data: document.data,
        objects: document
            .objects
            .into_iter()
            .map(|object| (object.key, object.etag))
            .collect(),
        derivations: document.derivations,
        warnings: document.warnings,
    };
    Ok((
        Baseline {
            n_rows: document.n_rows,
            columns,
        },
        notes,
    ))
}

fn column_from(column: ColumnV1, idx: usize) -> Result<BaselineColumn, DocumentError> {
    let wrong = |what: &str, problem: &str| DocumentError::Value {
        document: DOCUMENT,
        path: format!("columns[{idx}].{what}"),
        problem: problem.to_owned(),
    };
    if !ascending(&column.grid_edges) || !ascending(&column.house_edges) {
        return Err(wrong("grid_edges", "edges must ascend strictly"));
    }
    let numeric = column
        .numeric
        .map(NumericV1::into_summary)
        .transpose()
        .map_err(|(what, problem)| wrong(what, problem))?;
    let categorical = column.categorical.map(CategoricalSummary::from);
    let known = categorical.iter().flat_map(|categorical| &categorical.counts);
    let known: Arc<[String]> = known.map(|(text, _)| text.clone()).collect();
    let summary = ColumnSummary {
        name: column.name,
        inferred_type: column.inferred_type.into(),
        counts: column.counts.into(),
        numeric,
        categorical,
        spans: [None; 9],
    };
    let role = match column.role {
        RoleV1::Input => Role::Input,
        RoleV1::Output => Role::Output,
        RoleV1::Label => Role::Label,
        RoleV1::Unassigned => Role::Unassigned,
    };
    let grid = Arc::new(Grid::from_edges(column.grid_edges));
    Ok(BaselineColumn {
        role,
        summary,
        grid,
        house_edges: column.house_edges,
        known,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::column::Scratch;
    use crate::profile::{ColumnPlan, PlanKind, Profile};
    use crate::summary::Position;
    use crate::view::{CellClass, ColumnView, TextView};

    fn sample() -> Baseline {
        let plans = [
            ColumnPlan::unknown("x", PlanKind::Undetermined),
            ColumnPlan::unknown("c", PlanKind::Categorical),
        ];
        let mut profile = Profile::new(&plans);
        let numbers: Vec<f64> = (0..100).map(|i| f64::from(i) / 3.0).collect();
        let texts: Vec<String> = (0..100).map(|i| format!("v{}", i % 7)).collect();
        let bytes = texts.concat();
        let ends: Vec<u32> = texts
            .iter()
            .scan(0, |end, t| {
                *end += t.len() as u32;
                Some(*end)
            })
            .collect();
        let view = |classes| ColumnView {
            classes,
            numbers: &numbers,
            texts: Some(TextView {
                bytes: bytes.as_bytes(),
                ends: &ends,
            }),
        };
        let position = |_: usize| Position {
            object_idx: 0,
            line: 1,
        };
        let scratch = &mut Scratch::default();
        profile.add_rows(100);
        profile.update_planned(0, &view(&[CellClass::Fractional; 100]), position, scratch);
        profile.update_planned(1, &view(&[CellClass::Text; 100]), position, scratch);
        Baseline::freeze(profile.finish(), |name| {
            if name == "x" {
                Role::Input
            } else {
                Role::Unassigned
            }
        })
    }

    #[test]
    fn what_is_written_reads_back_equal() {
        let mut baseline = sample();
        baseline
            .columns
            .iter_mut()
            .for_each(|column| column.summary.spans = [None; 9]);
        let notes = BaselineNotes {
            software: "driftline 0".into(),
            data: "here".into(),
            ..BaselineNotes::default()
        };
        let bytes = to_bytes(&baseline, &notes).unwrap();
        assert_eq!(from_bytes(&bytes).unwrap(), (baseline, notes));
    }

    #[test]
    fn another_version_and_damage_are_refused_by_name() {
        let bytes = String::from_utf8(to_bytes(&sample(), &BaselineNotes::default()).unwrap()).unwrap();
        for (from, to, expected) in [
            ("\"version\" : \"1\"", "\"version\" : \"2\"", "version 2"),
            ("\"n_rows\" : 100", "\"n_rows\" : -1", "n_rows"),
            ("\"n\" : 100", "\"n\" : 101", "weights must sum to n"),
        ] {
            let error = from_bytes(bytes.replacen(from, to, 1).as_bytes()).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
        assert!(from_bytes(&bytes.as_bytes()[..bytes.len() / 2]).is_err());
    }
}
