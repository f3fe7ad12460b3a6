//! Ground-truth objects: checked line by line, their refused lines written, and a word left for each monitor they are for.
//!
//! Labels are joined by the engine, from the objects themselves; here it is found out whether an object can be read, and
//! said that it came: `monitors/<name>/labels/<content key>.json`. Does not join.

use crate::ingest::{Ingested, Place, source_at};
use crate::layout::{content_key, index_folder};
use crate::watch::Watched;
use bytes::Bytes;
use capture::decode::RecordFormat;
use capture::ground_truth;
use capture::reject::RejectReason;
use scan::progress::Silent;
use scan::reader::read_all;
use scan::{EngineError, ErrorKind, ScanSettings};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::{Location, PutMode, join_key};
use tokio::sync::mpsc;

/// Refused lines that are listed; beyond them they are counted.
const MAX_LISTED: usize = 100_000;

/// What is known of a ground-truth object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelHead {
    /// Form: `1`.
    pub version: String,
    /// Where it is.
    pub location: String,
    /// First second of the hour its key names.
    pub hour: Option<i64>,
    /// Its entity tag when it was read.
    pub etag: String,
    /// Lines.
    pub n_lines: u64,
    /// Records that can be joined.
    pub n_records: u64,
    /// Refused lines by reason.
    pub rejects: BTreeMap<RejectReason, u64>,
}

#[derive(Serialize)]
struct RejectLine<'a> {
    object: &'a str,
    line: u64,
    byte_offset: u64,
    bytes: u64,
    reason: &'static str,
}

/// Folder of the words that labels came, with a `/` at the end.
pub fn folder(root: &str, monitor: &str) -> String {
    join_key(root, &format!("monitors/{monitor}/labels/"))
}

/// Folder of the words that labels came and were not looked at yet, with a `/` at the end.
pub fn waiting_folder(root: &str, monitor: &str) -> String {
    join_key(root, &format!("monitors/{monitor}/labels-waiting/"))
}

impl Place {
    /// Takes a ground-truth object in for `monitors`. Errors: none of its lines is a label.
    pub async fn ingest_labels(
        &self,
        location: &Location,
        monitors: &[&Watched],
    ) -> Result<Ingested, EngineError> {
        let (source, etag) = source_at(location, &self.options).await?;
        let mut head = LabelHead {
            version: "1".to_owned(),
            location: source.shown_key.clone(),
            hour: source.hour,
            etag: etag.clone(),
            n_lines: 0,
            n_records: 0,
            rejects: BTreeMap::new(),
        };
        let settings = ScanSettings {
            fallback: Some(RecordFormat::JsonLines),
            ..self.settings.clone()
        };
        let (sender, mut receiver) = mpsc::channel(2);
        let sources = std::slice::from_ref(&source);
        let reading = read_all(sources, &settings, sender, &Silent);
        let mut refused = Vec::new();
        let checking = async {
            while let Some(item) = receiver.recv().await {
                let mut offset = item.chunk.byte_offset;
                for line in item.chunk.bytes.split_inclusive(|byte| *byte == b'\n') {
                    head.n_lines += 1;
                    let bare = line.strip_suffix(b"\n").unwrap_or(line);
                    let bare = bare.strip_suffix(b"\r").unwrap_or(bare);
                    match ground_truth::parse(bare, None, &self.settings.limits) {
                        Ok(_) => head.n_records += 1,
                        Err(reason) => {
                            let at = (offset, bare.len() as u64);
                            refuse(&mut head, &mut refused, reason, at);
                        }
                    }
                    offset += line.len() as u64;
                }
                if let Some(n_bytes) = item.chunk.oversized {
                    head.n_lines += 1;
                    refuse(
                        &mut head,
                        &mut refused,
                        RejectReason::LineTooLong,
                        (offset, n_bytes),
                    );
                }
                if let Some(reason) = item.broken {
                    head.n_lines += 1;
                    refuse(&mut head, &mut refused, reason, (offset, 0));
                }
            }
        };
        let (read, ()) = futures::future::join(reading, checking).await;
        read?;
        if head.n_records == 0 {
            return Err(EngineError::new(
                ErrorKind::Usage,
                format!("{} holds no label in {} lines", source.shown_key, head.n_lines),
            )
            .with_hint(
                "a line is {\"groundTruthData\": {\"data\": …}, \"eventMetadata\": {\"eventId\": …}}",
            ));
        }
        let content = content_key(&head.location, Some(&etag), "labels");
        if !refused.is_empty() {
            let folder = index_folder(&self.root, "ground-truth", "_", source.hour);
            let key = format!("{folder}{content}.rejects.jsonl");
            self.store
                .put(&key, Bytes::from(refused), PutMode::Overwrite)
                .await?;
        }
        let bytes = serde_json::to_vec(&head).map_err(|error| {
            EngineError::new(ErrorKind::Internal, "the head of an object cannot be written")
                .with_source(error)
        })?;
        let bytes = Bytes::from(bytes);
        for monitor in monitors {
            let key = format!("{}{content}.json", folder(&self.root, &monitor.name));
            self.store.put(&key, bytes.clone(), PutMode::Overwrite).await?;
            let key = format!("{}{content}", waiting_folder(&self.root, &monitor.name));
            self.store.put(&key, bytes.clone(), PutMode::Overwrite).await?;
        }
        Ok(Ingested {
            n_lines: head.n_lines,
            n_rejected: head.n_lines - head.n_records,
            monitors: monitors.iter().map(|monitor| monitor.name.clone()).collect(),
            n_parts: 0,
        })
    }
}

fn refuse(
    head: &mut LabelHead,
    refused: &mut Vec<u8>,
    reason: RejectReason,
    (byte_offset, bytes): (u64, u64),
) {
    let n: u64 = head.rejects.values().sum();
    *head.rejects.entry(reason).or_default() += 1;
    if n >= MAX_LISTED as u64 {
        return;
    }
    let line = RejectLine {
        object: &head.location,
        line: head.n_lines,
        byte_offset,
        bytes,
        reason: reason.name(),
    };
    refused.extend(serde_json::to_vec(&line).unwrap_or_default());
    refused.push(b'\n');
}
