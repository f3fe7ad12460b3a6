//! A day of capture in SageMaker's layout, and its labels in Model Monitor's: each comes up to three days late, in the
//! folder of its hour, in another order than the predictions.
//!
//! Does not run anything.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::row::{label, mixed, other, score};
use super::tables::training;

/// How `quality` is told of them.
pub(super) const WORDS: &str = "--capture capture --ground-truth ground-truth --probability 0 \
     --start 2026-11-20T00:00:00Z --end 2026-11-21T00:00:00Z --as-of 2026-11-24T01:00:00Z";

const HOURS: u64 = 24;
/// Hours after the request in which its label comes.
const LATEST: u64 = 72;
/// Records of one object: about 37 MB.
const OBJECT_RECORDS: u64 = 100_000;
const TRAINING_ROWS: u64 = 20_000;

/// Hour of the request at a position: as many in each.
fn hour_of(row: u64, rows: u64) -> u64 {
    row * HOURS / rows
}

/// A version-4 id from a row's number.
fn event_id(row: u64) -> String {
    let (high, low) = (mixed(row), mixed(!row));
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        low >> 48 & 0xfff,
        low & 0xffff_ffff_ffff
    )
}

fn folder_of(root: &Path, hour: u64) -> Result<PathBuf> {
    let folder = root.join(format!("2026/11/{:02}/{:02}", 20 + hour / 24, hour % 24));
    std::fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
    Ok(folder)
}

fn time_of(hour: u64, second: u64) -> String {
    format!(
        "2026-11-{:02}T{:02}:{:02}:{:02}Z",
        20 + hour / 24,
        hour % 24,
        second / 60,
        second % 60
    )
}

/// Writes capture, labels and the training table; gives the size of the first two.
pub(super) fn make(folder: &Path, rows: u64) -> Result<u64> {
    let capture = folder.join("capture/churn/AllTraffic");
    let mut bytes = 0;
    let mut object: Option<(u64, BufWriter<File>)> = None;
    let mut of_object = 0;
    for row in 0..rows {
        let hour = hour_of(row, rows);
        if object.as_ref().is_none_or(|(known, _)| *known != hour) || of_object == OBJECT_RECORDS {
            if let Some((_, mut file)) = object.take() {
                file.flush()?;
            }
            let name = format!("00-00-000-{}.jsonl", event_id(row));
            object = Some((
                hour,
                BufWriter::new(File::create(folder_of(&capture, hour)?.join(name))?),
            ));
            of_object = 0;
        }
        let draw = mixed(row ^ 0xfea7);
        let line = format!(
            concat!(
                r#"{{"captureData":{{"endpointInput":{{"observedContentType":"text/csv","mode":"INPUT","data":"{},{},{}","encoding":"CSV"}},"#,
                r#""endpointOutput":{{"observedContentType":"text/csv; charset=utf-8","mode":"OUTPUT","data":"{:.9}","encoding":"CSV"}}}},"#,
                r#""eventMetadata":{{"eventId":"{}","inferenceTime":"{}"}},"eventVersion":"0"}}"#,
                "\n"
            ),
            draw % 97,
            (draw >> 8) % 256,
            (draw >> 16) % 4,
            score(row),
            event_id(row),
            time_of(hour, (draw >> 32) % 3600),
        );
        bytes += line.len() as u64;
        of_object += 1;
        if let Some((_, file)) = &mut object {
            file.write_all(line.as_bytes())?;
        }
    }
    if let Some((_, mut file)) = object {
        file.flush()?;
    }
    bytes += labels(&folder.join("ground-truth"), rows)?;
    training(folder, rows.min(TRAINING_ROWS))?;
    Ok(bytes)
}

fn labels(root: &Path, rows: u64) -> Result<u64> {
    let mut hours: Vec<BufWriter<File>> = (0..HOURS + LATEST)
        .map(|hour| {
            Ok(BufWriter::new(File::create(
                folder_of(root, hour)?.join("labels.jsonl"),
            )?))
        })
        .collect::<Result<_>>()?;
    let mut bytes = 0;
    for row in (0..rows).map(|row| other(row, rows)) {
        let draw = mixed(row ^ 0x1a7e);
        let hour = hour_of(row, rows) + 1 + draw % (LATEST - 1);
        let line = format!(
            concat!(
                r#"{{"groundTruthData":{{"data":"{}","encoding":"CSV"}},"#,
                r#""eventMetadata":{{"eventId":"{}","eventTime":"{}"}},"eventVersion":"0"}}"#,
                "\n"
            ),
            label(row),
            event_id(row),
            time_of(hour, (draw >> 32) % 3600)
        );
        bytes += line.len() as u64;
        if let Some(file) = usize::try_from(hour).ok().and_then(|hour| hours.get_mut(hour)) {
            file.write_all(line.as_bytes())?;
        }
    }
    for file in &mut hours {
        file.flush()?;
    }
    Ok(bytes)
}
