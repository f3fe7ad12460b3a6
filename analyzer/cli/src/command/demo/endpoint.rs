//! First act: the endpoint answers, and its capture is written as SageMaker writes it.
//!
//! The endpoint is not our store, and need not be as careful: plain files.

use super::rides::Ride;
use super::{ENDPOINT, Stage};
use crate::message;
use anyhow::Context as _;
use engine::report::format::count;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// Event id of the request at a position.
pub(super) fn event_id(idx: usize) -> String {
    format!("00000000-0000-4000-8000-{idx:012x}")
}

pub(super) fn serve(stage: &Stage) -> anyhow::Result<()> {
    let mut hours: BTreeMap<String, String> = BTreeMap::new();
    for (idx, ride) in stage.served.iter().enumerate() {
        let records = hours.entry(folder_of_hour(&ride.time)).or_default();
        records.push_str(&record(idx, ride));
    }
    let place = stage.path.join("capture").join(ENDPOINT).join("AllTraffic");
    for (idx, (hour, records)) in hours.iter().enumerate() {
        let file = format!("00-00-000-{}.jsonl", event_id(idx));
        write(&place.join(hour), &file, records)?;
    }
    message::data(&format!(
        "1  served    {} requests captured into {} objects under {}\n",
        count(stage.served.len() as u64),
        count(hours.len() as u64),
        stage.capture()
    ));
    Ok(())
}

pub(super) fn record(idx: usize, ride: &Ride) -> String {
    let mut line = String::new();
    let _infallible = writeln!(
        line,
        concat!(
            r#"{{"captureData":{{"endpointInput":{{"observedContentType":"text/csv","mode":"INPUT","data":"{}","encoding":"CSV"}},"#,
            r#""endpointOutput":{{"observedContentType":"text/csv; charset=utf-8","mode":"OUTPUT","data":"{}","encoding":"CSV"}}}},"#,
            r#""eventMetadata":{{"eventId":"{}","inferenceTime":"{}"}},"eventVersion":"0"}}"#
        ),
        ride.input,
        ride.prediction,
        event_id(idx),
        ride.time
    );
    line
}

/// `2011-04-01T05:00:00Z` as `2011/04/01/05`.
pub(super) fn folder_of_hour(time: &str) -> String {
    time.get(..13).unwrap_or(time).replace(['-', 'T'], "/")
}

/// Writes a file into a folder that may not be there yet.
pub(super) fn write(folder: &Path, name: &str, text: &str) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make folder {}", folder.display()))?;
    let file = folder.join(name);
    std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))
}

/// Removes a file an earlier run may have left.
pub(super) fn remove(file: &Path) -> anyhow::Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", file.display()))
        }
        _ => Ok(()),
    }
}
