//! Merged capture records as a bias monitor's input: `captureData` with `groundTruthData` beside it (contract §4.2).
//!
//! Features stand in the input, predictions in the output, both in the output of a batch transform, labels in the ground
//! truth. Records are not told apart by their ids, as in Clarify: repeated traffic counts as often as it was sent.

use super::BiasRequest;
use super::paths::Path;
use super::read::{JsonRows, Paths, csv_rows, documents, paths};
use super::table::{Cell, Row, Table};
use crate::error::EngineError;
use baselines::document::clarify::NameOrIndex;
use bytes::Bytes;
use capture::time::parse_rfc3339;
use serde_json::Value;

/// Bytes looked at to tell records from data sets.
const HEAD: usize = 1 << 20;

/// Whether an object holds merged records.
pub(super) fn is_merged(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(HEAD)];
    let text = String::from_utf8_lossy(head);
    text.contains("\"captureData\"") || text.contains("\"groundTruthData\"")
}

/// What one record leads to.
enum Taken {
    Rows,
    Rejected,
    Unlabelled,
    Shadow,
    Outside,
}

/// Reads the records of `objects`.
pub(super) fn read(
    request: &BiasRequest,
    objects: &[Bytes],
    prediction: Option<&NameOrIndex>,
) -> Result<Table, EngineError> {
    let features = request.features.as_deref().or(request.config.features.as_deref());
    let reader = Reader {
        request,
        paths: paths(&request.config, features, prediction)?,
        prediction,
    };
    let mut rows = JsonRows::default();
    let (mut unlabelled, mut shadow, mut outside) = (0, 0, 0);
    for bytes in objects {
        for document in documents(bytes) {
            let taken = document.map_or(Taken::Rejected, |record| reader.take(&record, &mut rows));
            match taken {
                Taken::Rows => {}
                Taken::Rejected => rows.n_rejected += 1,
                Taken::Unlabelled => unlabelled += 1,
                Taken::Shadow => shadow += 1,
                Taken::Outside => outside += 1,
            }
        }
    }
    rows.set_counts(unlabelled, shadow, outside);
    rows.into_table(&request.config)
}

struct Reader<'a> {
    request: &'a BiasRequest,
    paths: Paths,
    prediction: Option<&'a NameOrIndex>,
}

/// One side of a record.
struct Payload {
    text: String,
    is_csv: bool,
}

fn payload(value: Option<&Value>) -> Option<Payload> {
    let value = value?;
    let encoding = value.get("encoding").and_then(Value::as_str)?;
    let is_csv = encoding.eq_ignore_ascii_case("CSV");
    (is_csv || encoding.eq_ignore_ascii_case("JSON")).then_some(())?;
    Some(Payload {
        text: value.get("data").and_then(Value::as_str)?.to_owned(),
        is_csv,
    })
}

impl Payload {
    /// What `path` picks from each of its documents, one value per row; of CSV the field at `index`.
    fn values(&self, path: Option<&Path>, index: usize) -> Option<Vec<Cell>> {
        if self.is_csv {
            return csv_rows(self.text.as_bytes())
                .into_iter()
                .map(|row| row.into_iter().nth(index).map(|(_, cell)| cell))
                .collect();
        }
        let mut out = Vec::new();
        for document in documents(self.text.as_bytes()) {
            let document = document.ok()?;
            match path {
                Some(path) => out.extend(path.values(&document)?),
                None => out.push(Cell::of_json(&document)?),
            }
        }
        Some(out)
    }

    /// Its rows of features.
    fn rows(&self, path: Option<&Path>) -> Option<Vec<Row>> {
        if self.is_csv {
            return Some(csv_rows(self.text.as_bytes()));
        }
        let mut out = Vec::new();
        for document in documents(self.text.as_bytes()) {
            out.extend(path?.rows(&document.ok()?)?);
        }
        Some(out)
    }
}

impl Reader<'_> {
    fn take(&self, record: &Value, rows: &mut JsonRows) -> Taken {
        let event = record.get("eventMetadata");
        let text = |key: &str| event.and_then(|event| event.get(key)).and_then(Value::as_str);
        if text("invocationSource") == Some("ShadowExperiment") {
            return Taken::Shadow;
        }
        let time = text("inferenceTime").and_then(parse_rfc3339);
        if time.is_some_and(|second| !self.request.window.contains(second)) {
            return Taken::Outside;
        }
        let Some(captured) = record.get("captureData") else {
            return Taken::Rejected;
        };
        let Some(truth) = payload(record.get("groundTruthData")) else {
            return Taken::Unlabelled;
        };
        let batch = payload(captured.get("batchTransformOutput"));
        let (input, output) = match batch {
            Some(_) => (None, batch),
            None => (
                payload(captured.get("endpointInput")),
                payload(captured.get("endpointOutput")),
            ),
        };
        let taken = (|| {
            let index = match self.prediction {
                Some(NameOrIndex::Index(at)) => *at,
                Some(NameOrIndex::Name(text)) => text.trim().parse().unwrap_or(0),
                None => 0,
            };
            let prediction = match self.prediction {
                None => None,
                Some(_) => Some(output.as_ref()?.values(self.paths.prediction.as_ref(), index)?),
            };
            let mut features = input
                .as_ref()
                .or(output.as_ref())?
                .rows(self.paths.features.as_ref())?;
            if input.is_none() && self.prediction.is_some() && output.as_ref()?.is_csv {
                // A joined batch output: the prediction stands among the inputs' columns.
                for row in &mut features {
                    if index < row.len() {
                        row.remove(index);
                    }
                }
            }
            let labels = truth.values(self.paths.label.as_ref(), 0)?;
            Some((features, labels, prediction))
        })();
        match taken {
            Some((features, labels, prediction)) => {
                rows.add(features, Some(labels), prediction);
                Taken::Rows
            }
            None => Taken::Rejected,
        }
    }
}
