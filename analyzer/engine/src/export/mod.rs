//! `driftline export`: Model Monitor's files for a baseline or a window, the model registry's entries, and the requests
//! that run our image in SageMaker's place for one.
//!
//! Writes files and JSON; calls no service and judges nothing.

mod registry;
mod requests;
#[cfg(test)]
mod tests;

use crate::baseline::load;
use crate::error::{EngineError, ErrorKind};
use baselines::constraint::suggest;
use baselines::document::DocumentError;
use baselines::document::model_monitor::{
    CONSTRAINTS_FILE, ConstraintsFile, STATISTICS_FILE, Statistics, VIOLATIONS_FILE, Violations,
};
use baselines::document::window::{self, WINDOW_FILE};
use capture::time::{format_rfc3339, parse_rfc3339};
pub use registry::{RegistryEntries, registry};
pub use requests::{Problem, RequestSettings, Source, requests};
use store::{Location, StoreOptions, join_key, open_store};

const MAX_FILE_BYTES: u64 = 1 << 30;

fn internal(error: DocumentError) -> EngineError {
    EngineError::new(ErrorKind::Internal, "an exported document cannot be written").with_source(error)
}

/// `statistics.json` and `constraints.json` of a baseline.
pub async fn baseline_files(
    at: &Location,
    options: &StoreOptions,
) -> Result<Vec<(&'static str, Vec<u8>)>, EngineError> {
    let loaded = load(at, options).await?;
    let mut out = Vec::new();
    let summary = loaded.baseline.summary();
    if summary.n_rows > 0 {
        out.push((
            STATISTICS_FILE,
            Statistics::from(&summary).to_bytes().map_err(internal)?,
        ));
    }
    out.push((
        CONSTRAINTS_FILE,
        ConstraintsFile::from(&loaded.constraints)
            .to_bytes()
            .map_err(internal)?,
    ));
    Ok(out)
}

/// A window's files, and the hour at which it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowFiles {
    /// `statistics.json`, `constraints.json` (as Model Monitor would suggest for the window), `constraint_violations.json`.
    pub files: Vec<(&'static str, Vec<u8>)>,
    /// `yyyy/mm/dd/hh` of the run that Model Monitor would have scheduled: the hour in which the window ended.
    pub hour_folder: Option<String>,
}

/// Model Monitor's three files of a window that `analyze` wrote.
pub async fn window_files(at: &Location, options: &StoreOptions) -> Result<WindowFiles, EngineError> {
    let (store, root) = open_store(at, options).await?;
    let missing = |name: &str, error: store::StoreError| {
        EngineError::from(error).with_hint(format!(
            "{at} must be a folder that `driftline analyze --output` wrote; it has no readable {name}"
        ))
    };
    let unusable = |name: &str, error: &DocumentError| {
        EngineError::new(
            ErrorKind::Usage,
            format!("{} cannot be used: {error}", at.join(name)),
        )
        .with_hint(error.hint())
    };
    let get = async |name: &str| {
        store
            .get(&join_key(&root, name), MAX_FILE_BYTES)
            .await
            .map_err(|error| missing(name, error))
    };
    let profile = get(WINDOW_FILE).await?;
    let (head, summary) =
        window::from_bytes(&profile.bytes).map_err(|error| unusable(WINDOW_FILE, &error))?;
    let violations = get(VIOLATIONS_FILE).await?;
    let violations =
        Violations::from_bytes(&violations.bytes).map_err(|error| unusable(VIOLATIONS_FILE, &error))?;
    let suggested = suggest(&summary).constraints;
    Ok(WindowFiles {
        files: vec![
            (
                STATISTICS_FILE,
                Statistics::from(&summary).to_bytes().map_err(internal)?,
            ),
            (
                CONSTRAINTS_FILE,
                ConstraintsFile::from(&suggested).to_bytes().map_err(internal)?,
            ),
            (VIOLATIONS_FILE, violations.to_bytes().map_err(internal)?),
        ],
        hour_folder: head.end.as_ref().and_then(|end| hour_folder(&end.to_string())),
    })
}

/// `yyyy/mm/dd/hh` of a time, which is RFC 3339 or a second.
fn hour_folder(end: &str) -> Option<String> {
    let second = end.parse::<i64>().ok().or_else(|| parse_rfc3339(end))?;
    let time = format_rfc3339(second)?;
    let (day, clock) = time.split_once('T')?;
    Some(format!("{}/{}", day.replace('-', "/"), clock.get(..2)?))
}
