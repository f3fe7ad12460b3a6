//! Merged records, as Model Monitor's merge job writes them (contract §4.2): each captured record with its
//! `groundTruthData`, in `merge/{…}/yyyy/mm/dd/hh/part-NNNNN-{uuid}.c000.jsonl` by the hour of its inference.
//!
//! A second pass over the captured objects, in order. A part is put as a whole; past [`PART_BYTES`] the next one
//! begins, so memory stays bounded. Records of which a row has no label are left out, repeated deliveries too.

use super::gather::{Kind, NO_CODE};
use super::join::{Joined, NO_LABEL};
use super::labels::Labels;
use super::load::Loaded;
use super::read::{Rows, SINGLE};
use super::request::QualityRequest;
use super::revision::Revision;
use crate::error::EngineError;
use crate::progress::Silent;
use crate::scan::reader::{Item, read_all};
use capture::decode::{RecordFormat, join_id};
use capture::envelope;
use capture::time::{format_rfc3339, parse_rfc3339};
use std::collections::{BTreeMap, HashSet};

/// Bytes of a part.
const PART_BYTES: usize = 64 << 20;
/// Bytes of all parts that are being filled.
const OPEN_BYTES: usize = 256 << 20;

/// Labels by id.
#[derive(Debug)]
pub(crate) struct MergeLabels {
    /// Ascending; one entry per labelled or unlabelled row.
    ids: Vec<u128>,
    places: Vec<u64>,
    codes: Vec<u32>,
    numbers: Vec<f64>,
    texts: Vec<String>,
}

impl MergeLabels {
    /// Of joined rows.
    pub(super) fn of(rows: &Rows, labels: &Labels, joined: &Joined) -> Self {
        let values = &labels.values;
        let code = |label: &u32| {
            if *label == NO_LABEL {
                NO_CODE
            } else if values.kind == Kind::Number {
                0
            } else {
                values.codes[*label as usize]
            }
        };
        let number = |label: &u32| values.numbers.get(*label as usize).copied().unwrap_or(f64::NAN);
        Self {
            ids: joined.rows.iter().map(|row| rows.ids[*row as usize]).collect(),
            places: joined
                .rows
                .iter()
                .map(|row| rows.places.get(*row as usize).copied().unwrap_or(SINGLE))
                .collect(),
            codes: joined.labels.iter().map(code).collect(),
            numbers: if values.kind == Kind::Number {
                joined.labels.iter().map(number).collect()
            } else {
                Vec::new()
            },
            texts: values.texts.texts().iter().map(ToString::to_string).collect(),
        }
    }

    /// The labels of the record `id`, a line per row; `None` unless each row has one.
    fn of_record(&self, id: u128) -> Option<String> {
        let from = self.ids.partition_point(|known| *known < id);
        let rows = (from..).take_while(|row| self.ids.get(*row) == Some(&id));
        let mut lines: BTreeMap<u64, String> = BTreeMap::new();
        let mut n_rows = 0;
        for row in rows {
            n_rows = self.places[row] >> 32;
            if self.codes[row] == NO_CODE {
                continue;
            }
            let text = match self.numbers.get(row) {
                Some(number) => format!("{number}"),
                None => self.texts[self.codes[row] as usize].clone(),
            };
            lines.insert(self.places[row] & 0xffff_ffff, text);
        }
        (n_rows > 0 && lines.len() as u64 == n_rows)
            .then(|| lines.into_values().collect::<Vec<_>>().join("\n"))
    }
}

/// Writes the merged records into `revision`.
pub(super) async fn write(
    labels: &MergeLabels,
    loaded: &Loaded,
    request: &QualityRequest,
    digest: &str,
    revision: &mut Revision,
) -> Result<(), EngineError> {
    let (sender, mut receiver) = tokio::sync::mpsc::channel::<Item>(2);
    let settings = crate::scan::ScanSettings {
        fallback: Some(RecordFormat::Capture),
        ..request.settings.clone()
    };
    let mut parts = Parts::new(digest);
    let take = async {
        let mut seen = HashSet::new();
        while let Some(item) = receiver.recv().await {
            let prefix = folder_of(&loaded.sources[item.object_idx as usize].shown_key);
            for line in item.chunk.bytes.split(|byte| *byte == b'\n') {
                if let Some((hour, merged)) = merge(line, &item, labels, request, &mut seen) {
                    parts.add(&prefix, hour, &merged);
                }
            }
            for (name, bytes) in parts.full(false) {
                revision.put(&name, bytes).await?;
            }
        }
        for (name, bytes) in parts.full(true) {
            revision.put(&name, bytes).await?;
        }
        Ok::<_, EngineError>(())
    };
    let read = async { read_all(&loaded.sources, &settings, sender, &Silent).await };
    let (taken, read) = futures::join!(take, read);
    taken?;
    read?;
    Ok(())
}

/// What stands before `yyyy/mm/dd/hh/name`: endpoint and variant.
fn folder_of(shown_key: &str) -> String {
    let parts: Vec<&str> = shown_key.split('/').collect();
    let n = parts.len().saturating_sub(5);
    let is_hour = parts.len() >= 5
        && parts[n..parts.len() - 1]
            .iter()
            .all(|part| part.bytes().all(|b| b.is_ascii_digit()));
    if is_hour {
        parts[..n].join("/")
    } else {
        String::new()
    }
}

/// The merged form of a line and the hour it belongs to.
fn merge(
    line: &[u8],
    item: &Item,
    labels: &MergeLabels,
    request: &QualityRequest,
    seen: &mut HashSet<u128>,
) -> Option<(i64, Vec<u8>)> {
    let text = std::str::from_utf8(line.trim_ascii()).ok()?;
    match item.context.format {
        RecordFormat::Capture => {
            let record = envelope::parse(text).ok()?;
            let event = record.event_metadata.as_ref()?;
            let id = join_id(
                event
                    .inference_id
                    .as_deref()
                    .or(event.event_id.as_deref())?
                    .as_bytes(),
            );
            let second = event
                .inference_time
                .as_deref()
                .and_then(parse_rfc3339)
                .or(item.context.hour)?;
            let data = labels.of_record(id)?;
            let delivery = event
                .event_id
                .as_deref()
                .map_or(id, |event| join_id(event.as_bytes()));
            if !request.settings.window.contains(second) || !seen.insert(delivery) {
                return None;
            }
            let truth = serde_json::json!({"data": data, "encoding": "CSV"});
            let body = text.strip_prefix('{')?.trim_start();
            Some((
                second,
                format!("{{\"groundTruthData\":{truth},{body}\n").into_bytes(),
            ))
        }
        RecordFormat::BatchCsv => {
            let (rest, time) = text.rsplit_once(',')?;
            let (data, id) = rest.rsplit_once(',')?;
            batch(data, "CSV", id, time, labels, request, seen)
        }
        RecordFormat::BatchJson => {
            let mut record: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).ok()?;
            let id = record.remove("SageMakerInferenceId")?;
            let time = record.remove("SageMakerInferenceTime")?;
            let data = serde_json::to_string(&record).ok()?;
            batch(&data, "JSON", id.as_str()?, time.as_str()?, labels, request, seen)
        }
        _ => None,
    }
}

fn batch(
    data: &str,
    encoding: &str,
    id: &str,
    time: &str,
    labels: &MergeLabels,
    request: &QualityRequest,
    seen: &mut HashSet<u128>,
) -> Option<(i64, Vec<u8>)> {
    let second = parse_rfc3339(time)?;
    let truth = labels.of_record(join_id(id.as_bytes()))?;
    if !request.settings.window.contains(second) || !seen.insert(join_id(id.as_bytes())) {
        return None;
    }
    let record = serde_json::json!({
        "eventVersion": "0",
        "groundTruthData": {"data": truth, "encoding": "CSV"},
        "captureData": {"batchTransformOutput": {"data": data, "encoding": encoding}},
        "eventMetadata": {"eventId": id, "inferenceTime": time},
    });
    Some((second, format!("{record}\n").into_bytes()))
}

/// Parts that are being filled, by folder and hour.
struct Parts {
    open: BTreeMap<(String, i64), (u32, Vec<u8>)>,
    n_open_bytes: usize,
    suffix: String,
}

impl Parts {
    fn new(digest: &str) -> Self {
        let digest = digest.trim_start_matches("xxh3-");
        let hex: String = digest
            .chars()
            .filter(char::is_ascii_hexdigit)
            .chain("0".repeat(32).chars())
            .collect();
        let at = |from: usize, to: usize| &hex[from..to];
        Self {
            open: BTreeMap::new(),
            n_open_bytes: 0,
            suffix: format!(
                "{}-{}-{}-{}-{}",
                at(0, 8),
                at(8, 12),
                at(12, 16),
                at(16, 20),
                at(20, 32)
            ),
        }
    }

    fn add(&mut self, folder: &str, second: i64, record: &[u8]) {
        let hour = second.div_euclid(3600) * 3600;
        let (_, bytes) = self.open.entry((folder.to_owned(), hour)).or_default();
        bytes.extend_from_slice(record);
        self.n_open_bytes += record.len();
    }

    /// Parts to put: those that are full, or all of them.
    fn full(&mut self, all: bool) -> Vec<(String, Vec<u8>)> {
        let everything = all || self.n_open_bytes > OPEN_BYTES;
        let mut done = Vec::new();
        for ((folder, hour), (number, bytes)) in &mut self.open {
            if bytes.is_empty() || !(everything || bytes.len() >= PART_BYTES) {
                continue;
            }
            let time = format_rfc3339(*hour).unwrap_or_default();
            let (day, rest) = time.split_once('T').unwrap_or(("0000-00-00", "00"));
            let path = format!("{}/{}", day.replace('-', "/"), rest.get(..2).unwrap_or("00"));
            let folder = if folder.is_empty() {
                String::new()
            } else {
                format!("{folder}/")
            };
            let name = format!("merge/{folder}{path}/part-{number:05}-{}.c000.jsonl", self.suffix);
            self.n_open_bytes -= bytes.len();
            done.push((name, std::mem::take(bytes)));
            *number += 1;
        }
        done
    }
}
