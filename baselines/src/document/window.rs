//! `window.profile`: the statistics of one analysed window, so that a later window can be held against it.
//!
//! JSON, versioned; columns in the form of `baseline.profile`, without what a baseline freezes. The times stand before
//! the columns, so that a reader of many windows can stop there ([`head_of_prefix`]). Holds what
//! `reference::merge` needs and no more: first and last positions of cells are not kept. Golden pair in
//! `test-data/window`. Does not know which windows make a reference.

use super::canonical;
use super::column::{CategoricalV1, CountsV1, NumericV1, TypeV1};
use super::error::{DocumentError, from_bytes as read};
use crate::summary::{CategoricalSummary, ColumnSummary, DatasetSummary};
use serde::{Deserialize, Serialize};

/// The name of a window's profile.
pub const WINDOW_FILE: &str = "window.profile";

/// Which window it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WindowHead {
    /// Name and version of the program.
    pub software: String,
    /// Seconds since 1970 UTC of the first instant inside.
    pub start: Option<i64>,
    /// Seconds since 1970 UTC of the first instant behind.
    pub end: Option<i64>,
    /// Rows.
    pub n_rows: u64,
}

#[derive(Serialize, Deserialize)]
struct HeadV1 {
    version: String,
    software: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    start: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end: Option<i64>,
    n_rows: u64,
}

#[derive(Serialize, Deserialize)]
struct V1 {
    #[serde(flatten)]
    head: HeadV1,
    columns: Vec<ColumnV1>,
}

#[derive(Deserialize)]
struct ColumnsV1 {
    columns: Vec<ColumnV1>,
}

#[derive(Serialize, Deserialize)]
struct ColumnV1 {
    name: String,
    inferred_type: TypeV1,
    counts: CountsV1,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    numeric: Option<NumericV1>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    categorical: Option<CategoricalV1>,
}

impl HeadV1 {
    fn into_head(self) -> Result<WindowHead, DocumentError> {
        if self.version != "1" {
            return Err(DocumentError::Version {
                document: WINDOW_FILE,
                found: self.version,
                supported: "1",
            });
        }
        if let (Some(start), Some(end)) = (self.start, self.end)
            && start >= end
        {
            return Err(DocumentError::Value {
                document: WINDOW_FILE,
                path: "end".to_owned(),
                problem: "the window must end after its start".to_owned(),
            });
        }
        Ok(WindowHead {
            software: self.software,
            start: self.start,
            end: self.end,
            n_rows: self.n_rows,
        })
    }
}

/// Canonical bytes. `n_rows` is the summary's.
pub fn to_bytes(head: &WindowHead, summary: &DatasetSummary) -> Result<Vec<u8>, DocumentError> {
    let column = |column: &ColumnSummary| ColumnV1 {
        name: column.name.clone(),
        inferred_type: column.inferred_type.into(),
        counts: (&column.counts).into(),
        numeric: column.numeric.as_ref().map(NumericV1::from),
        categorical: column.categorical.as_ref().map(CategoricalV1::from),
    };
    let document = V1 {
        head: HeadV1 {
            version: "1".to_owned(),
            software: head.software.clone(),
            start: head.start,
            end: head.end,
            n_rows: summary.n_rows,
        },
        columns: summary.columns.iter().map(column).collect(),
    };
    canonical::to_bytes(WINDOW_FILE, &document)
}

/// Reads a window of this or an older version.
pub fn from_bytes(bytes: &[u8]) -> Result<(WindowHead, DatasetSummary), DocumentError> {
    let head = read::<HeadV1>(WINDOW_FILE, bytes)?.into_head()?;
    let ColumnsV1 { columns } = read(WINDOW_FILE, bytes)?;
    let mut summaries = Vec::with_capacity(columns.len());
    for (idx, column) in columns.into_iter().enumerate() {
        let numeric = column.numeric.map(NumericV1::into_summary).transpose();
        summaries.push(ColumnSummary {
            name: column.name,
            inferred_type: column.inferred_type.into(),
            counts: column.counts.into(),
            numeric: numeric.map_err(|(what, problem)| DocumentError::Value {
                document: WINDOW_FILE,
                path: format!("columns[{idx}].{what}"),
                problem: problem.to_owned(),
            })?,
            categorical: column.categorical.map(CategoricalSummary::from),
            spans: [None; 9],
        });
    }
    let n_rows = head.n_rows;
    Ok((
        head,
        DatasetSummary {
            n_rows,
            columns: summaries,
        },
    ))
}

/// The head, from the first bytes of a document; `None` while they do not hold it whole, or where they are laid out
/// otherwise than this program writes them.
pub fn head_of_prefix(bytes: &[u8]) -> Option<Result<WindowHead, DocumentError>> {
    const COLUMNS: &[u8] = b"\"columns\"";
    let at = bytes.windows(COLUMNS.len()).position(|found| found == COLUMNS)?;
    let mut head = bytes[..at].trim_ascii_end().strip_suffix(b",")?.to_vec();
    head.push(b'}');
    let head: HeadV1 = serde_json::from_slice(&head).ok()?;
    Some(head.into_head())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::column::Scratch;
    use crate::profile::{ColumnPlan, ExactUntil, Grid, PlanKind, Profile};
    use crate::summary::Position;
    use crate::view::{CellClass, ColumnView, TextView};
    use std::sync::Arc;

    /// An exact numeric column, one on a grid, and a categorical one past its limit.
    fn sample() -> (WindowHead, DatasetSummary) {
        let mut gridded = ColumnPlan::unknown("on_grid", PlanKind::Numeric);
        gridded.grid = Arc::new(Grid::from_edges([0.5, 1.5, 2.5]));
        gridded.exact_until = ExactUntil::Numbers(4);
        let mut texts = ColumnPlan::unknown("text", PlanKind::Categorical);
        texts.known = ["a".to_owned()].into();
        texts.category_limit = 2;
        let plans = [ColumnPlan::unknown("exact", PlanKind::Numeric), gridded, texts];
        let mut profile = Profile::new(&plans);
        let scratch = &mut Scratch::default();
        let numbers: Vec<f64> = (0..12).map(|i| f64::from(i) / 4.0).collect();
        let spelled = b"aaabcdaabaab";
        let ends: Vec<u32> = (1..=12).collect();
        profile.add_rows(12);
        for (idx, class) in [CellClass::Fractional, CellClass::Fractional, CellClass::Text]
            .into_iter()
            .enumerate()
        {
            let view = ColumnView {
                classes: &[class; 12],
                numbers: &numbers,
                texts: Some(TextView {
                    bytes: spelled,
                    ends: &ends,
                }),
            };
            let position = |_| Position {
                object_idx: 0,
                line: 1,
            };
            profile.update_planned(idx, &view, position, scratch);
        }
        let mut summary = profile.finish();
        for column in &mut summary.columns {
            column.spans = [None; 9];
        }
        let head = WindowHead {
            software: "driftline 0".to_owned(),
            start: Some(1_763_712_000),
            end: Some(1_763_715_600),
            n_rows: 12,
        };
        (head, summary)
    }

    fn golden() -> std::path::PathBuf {
        concat!(env!("CARGO_MANIFEST_DIR"), "/test-data/window/v1.profile").into()
    }

    #[test]
    fn the_format_is_the_golden_files() {
        let (head, summary) = sample();
        let bytes = to_bytes(&head, &summary).unwrap();
        let stored = std::fs::read(golden()).unwrap();
        assert_eq!(String::from_utf8(bytes), String::from_utf8(stored.clone()));
        assert_eq!(from_bytes(&stored).unwrap(), (head, summary));
    }

    #[test]
    fn a_beginning_is_enough_to_tell_the_window() {
        let (head, summary) = sample();
        let bytes = to_bytes(&head, &summary).unwrap();
        let found: Vec<usize> = (0..bytes.len())
            .filter(|n| head_of_prefix(&bytes[..*n]).is_some_and(|answer| answer.as_ref() == Ok(&head)))
            .collect();
        assert!(found.first().is_some_and(|first| *first < 200), "{found:?}");
        assert_eq!(found.last(), Some(&(bytes.len() - 1)));
        assert_eq!(head_of_prefix(b"[1, 2"), None);
    }

    #[test]
    fn damage_is_refused_by_name() {
        let text = std::fs::read_to_string(golden()).unwrap();
        for (from, to, expected) in [
            (
                "\"version\" : \"1\"",
                "\"version\" : \"2\"",
                "window.profile has version 2, this program reads 1",
            ),
            (
                "\"end\" : 1763715600",
                "\"end\" : 1763712000",
                "the window must end after its start",
            ),
            (
                "\"weights\" : [ 1, ",
                "\"weights\" : [ 7, ",
                "columns[0].numeric.weights",
            ),
            ("\"n_rows\" : 12,", "", "missing field `n_rows`"),
        ] {
            assert!(text.contains(from), "{from}");
            let error = from_bytes(text.replacen(from, to, 1).as_bytes())
                .unwrap_err()
                .to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
