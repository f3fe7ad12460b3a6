//! `driftline init`: a monitor.toml from what is there: an endpoint's capture configuration, a folder of capture, or both.
//!
//! ```text
//! DescribeEndpoint(Config) ─┐
//!                           ├→ Proposal → monitor.toml (every line explained), schema.json, monitor.schema.json
//! capture folder ── look ───┘
//! ```
//!
//! What is guessed says so, and why. Never overwrites unless told to. Does not call SageMaker (`analyzer/sagemaker` does),
//! and learns no baseline.

mod endpoint;
mod file;
mod folder;
mod guess;
#[cfg(test)]
mod tests;

use crate::error::{EngineError, ErrorKind};
use crate::monitor::{Length, Monitor, SCHEMA, SCHEMA_FILE};
use baselines::quality::Problem;
use bytes::Bytes;
pub use endpoint::{CaptureOptions, EndpointDescription};
pub use folder::{Seen, look};
pub use guess::{GuessedColumn, GuessedProblem};
use serde::Serialize;
use store::{Location, PutMode, StoreError, StoreErrorKind, StoreOptions, join_key, open_store};

/// The settings file's name.
pub const MONITOR_FILE: &str = "monitor.toml";
/// The guessed schema's name.
pub const GUESSED_SCHEMA_FILE: &str = "schema.json";

/// What is to be written down.
#[derive(Debug, Clone, Default)]
pub struct InitRequest {
    /// The monitor's name; the endpoint's, or the folder's, without it.
    pub name: Option<String>,
    /// The endpoint as SageMaker describes it.
    pub endpoint: Option<EndpointDescription>,
    /// Which endpoint of a capture folder that holds several.
    pub endpoint_name: Option<String>,
    /// What a look at the capture showed.
    pub seen: Option<Seen>,
    /// The capture as the file is to name it; the endpoint's destination without it.
    pub capture: Option<String>,
    /// The baseline as the file is to name it.
    pub baseline: Option<String>,
    /// Labels as the file is to name them.
    pub ground_truth: Option<String>,
    /// What is predicted, where the caller knows better than a guess.
    pub problem: Option<Problem>,
    /// Length of a window, where the caller knows better than a proposal.
    pub window: Option<Length>,
}

/// A value of the file and where it comes from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// Key, with its section.
    pub key: String,
    /// Value, as TOML writes it.
    pub value: String,
    /// Whether it was found, guessed, or is a default.
    pub source: Source,
    /// Why.
    pub why: String,
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The caller said it.
    Given,
    /// It was read from the endpoint or from the capture.
    Found,
    /// It was concluded from the capture: to be checked by a person.
    Guessed,
    /// Nothing was known.
    Default,
}

/// What `driftline init` proposes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Proposal {
    /// The monitor's name.
    pub name: String,
    /// Lines of the file.
    pub lines: Vec<Line>,
    /// The guessed schema, as `schema.json` has it.
    pub schema: Option<serde_json::Value>,
    /// What a person must look at.
    pub warnings: Vec<String>,
    /// Commands to run next.
    pub next: Vec<String>,
    /// The file.
    #[serde(skip)]
    pub monitor_toml: String,
}

/// Makes the proposal.
///
/// # Errors
/// Neither an endpoint nor a capture that holds anything; capture of several endpoints and none chosen; capture that the
/// endpoint's configuration switches off and that holds nothing either.
pub fn propose(request: &InitRequest) -> Result<Proposal, EngineError> {
    let proposal = file::write(request)?;
    // What is written must be readable.
    Monitor::parse(MONITOR_FILE, &proposal.monitor_toml, &Location::parse(".")?).map_err(|error| {
        EngineError::new(
            ErrorKind::Usage,
            format!("a file of these settings would be wrong: {error}"),
        )
        .with_hint(error.hint().unwrap_or("give --name").to_owned())
    })?;
    Ok(proposal)
}

impl Proposal {
    /// Writes the files below `output`; gives where each is. Nothing is written where one of them is there and `force`
    /// is not given.
    pub async fn write(
        &self,
        output: &Location,
        force: bool,
        options: &StoreOptions,
    ) -> Result<Vec<String>, EngineError> {
        let (store, root) = open_store(output, options).await?;
        let mut files = vec![(MONITOR_FILE, self.monitor_toml.clone().into_bytes())];
        if let Some(schema) = &self.schema {
            let mut bytes = serde_json::to_vec_pretty(schema).map_err(|error| {
                EngineError::new(ErrorKind::Internal, "the guessed schema cannot be written")
                    .with_source(error)
            })?;
            bytes.push(b'\n');
            files.push((GUESSED_SCHEMA_FILE, bytes));
        }
        if !force {
            for (name, _) in &files {
                if store.head(&join_key(&root, name)).await.is_ok() {
                    return Err(there_already(&store.locate(&join_key(&root, name))));
                }
            }
        }
        // The schema for editors is the program's own: writing it again changes nothing that a person wrote.
        files.push((SCHEMA_FILE, SCHEMA.as_bytes().to_vec()));
        let mut written = Vec::new();
        for (name, bytes) in files {
            let key = join_key(&root, name);
            let mode = if force || name == SCHEMA_FILE {
                PutMode::Overwrite
            } else {
                PutMode::CreateOnly
            };
            let taken = |error: StoreError| match error.kind() {
                StoreErrorKind::AlreadyExists => there_already(&store.locate(&key)),
                _ => error.into(),
            };
            store.put(&key, Bytes::from(bytes), mode).await.map_err(taken)?;
            written.push(store.locate(&key));
        }
        Ok(written)
    }

    /// The proposal for a terminal.
    pub fn text(&self) -> String {
        use std::fmt::Write as _;
        let mut out = format!("Monitor {}\n", self.name);
        for line in &self.lines {
            let mark = match line.source {
                Source::Given => "given",
                Source::Found => "found",
                Source::Guessed => "guess",
                Source::Default => "default",
            };
            let _infallible = writeln!(out, "  {:7} {} = {}", mark, line.key, line.value);
            if line.source == Source::Guessed {
                let _infallible = writeln!(out, "          {}", line.why);
            }
        }
        for warning in &self.warnings {
            let _infallible = writeln!(out, "\nwarning: {warning}");
        }
        out
    }
}

fn there_already(place: &str) -> EngineError {
    EngineError::new(
        ErrorKind::Usage,
        format!("{place} is there already, and nothing was written"),
    )
    .with_hint("give another --output, or --force to write over it")
}
