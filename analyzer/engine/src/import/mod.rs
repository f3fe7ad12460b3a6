//! `driftline import`: a Model Monitor schedule as a monitor of ours.
//!
//! ```text
//! DescribeMonitoringSchedule, Describe*JobDefinition, DescribeEndpoint(Config), baseline files
//!     → Definition (what it says) → monitor.toml, baseline/, import.json: item by item what became of it
//! ```
//!
//! Every value of every description is accounted for: taken, carried by something else, or without an equivalent and why.
//! Does not call SageMaker (`analyzer/sagemaker` does) and changes nothing there.

mod account;
mod definition;
mod expression;
#[cfg(test)]
mod tests;
mod toml_file;

use crate::error::{EngineError, ErrorKind};
use crate::monitor::{Length, Monitor};
use crate::output::write_all;
use account::account;
use baselines::document::clarify::{ANALYSIS_CONFIG_FILE, ANALYSIS_FILE, Analysis, AnalysisConfig};
use baselines::document::model_monitor::{CONSTRAINTS_FILE, ConstraintsFile, STATISTICS_FILE, Statistics};
use bytes::Bytes;
use definition::Definition;
pub use definition::MonitorKind;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use store::{Location, StoreOptions, join_key, open_store, strip_root};

/// The settings file's name.
pub const MONITOR_FILE: &str = "monitor.toml";
/// The report's name.
pub const IMPORT_FILE: &str = "import.json";
const BASELINE_FOLDER: &str = "baseline";
const MAX_FILE_BYTES: u64 = 256 << 20;

/// What is to be imported.
#[derive(Debug, Clone, Default)]
pub struct ImportRequest {
    /// Files by name: descriptions and baseline files, told apart by their content.
    pub files: BTreeMap<String, Bytes>,
    /// Captured traffic, where the descriptions do not say it, or it moved.
    pub capture: Option<Location>,
    /// The schedule to import, where the files describe several.
    pub schedule: Option<String>,
    /// How to reach stores.
    pub options: StoreOptions,
}

/// What became of one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It is in monitor.toml, the baseline, or a command.
    Taken,
    /// Something other than the monitor carries it: the job that runs us.
    Elsewhere,
    /// There is nothing like it.
    NoEquivalent,
}

/// One item of the descriptions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    /// Its path, such as `DataQualityJobInput.EndpointInput.StartTimeOffset`.
    pub item: String,
    /// Its value as text.
    pub value: String,
    /// What became of it.
    pub fate: Fate,
    /// In words.
    pub what: String,
}

/// An imported schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct Import {
    /// What is monitored.
    pub kind: MonitorKind,
    /// The monitor's name.
    pub name: String,
    /// `monitor.toml`; `None` where no monitor.toml describes this kind.
    pub monitor_toml: Option<String>,
    /// Files of the baseline, by name.
    pub baseline: BTreeMap<String, Bytes>,
    /// Item by item.
    pub items: Vec<Item>,
    /// What to run.
    pub commands: Vec<String>,
    /// What a person must look at.
    pub warnings: Vec<String>,
}

/// Reads the JSON files of a folder.
pub async fn read_files(
    folder: &Location,
    options: &StoreOptions,
) -> Result<BTreeMap<String, Bytes>, EngineError> {
    let (store, root) = open_store(folder, options).await?;
    let mut files = BTreeMap::new();
    for meta in store.list(&root).await? {
        if meta.key.ends_with(".json") {
            let object = store.get(&meta.key, MAX_FILE_BYTES).await?;
            files.insert(strip_root(&root, &meta.key).to_owned(), object.bytes);
        }
    }
    if files.is_empty() {
        return Err(
            EngineError::new(ErrorKind::NothingToAnalyse, format!("no .json file at {folder}")).with_hint(
                "save `aws sagemaker describe-monitoring-schedule`, describe-data-quality-job-definition and \
                    describe-endpoint there, with statistics.json and constraints.json",
            ),
        );
    }
    Ok(files)
}

/// Makes a monitor of what the files describe.
pub async fn import(request: &ImportRequest) -> Result<Import, EngineError> {
    let mut descriptions: Vec<(String, Value)> = Vec::new();
    let mut baseline: BTreeMap<String, Bytes> = BTreeMap::new();
    for (name, bytes) in &request.files {
        let bare = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let value: Value = serde_json::from_slice(bare).map_err(|error| {
            EngineError::new(
                ErrorKind::Usage,
                format!(
                    "{name} is not valid JSON at line {}, column {}",
                    error.line(),
                    error.column()
                ),
            )
            .with_hint("save the answer of the AWS command line as it is (--output json)")
        })?;
        match baseline_name(&value) {
            Some(file) => {
                if baseline.insert(file.to_owned(), bytes.clone()).is_some() {
                    return Err(EngineError::new(
                        ErrorKind::Usage,
                        format!("{name} is a second {file} among the files"),
                    )
                    .with_hint("keep one baseline's files in the folder"));
                }
            }
            None => descriptions.push((name.clone(), value)),
        }
    }
    let definition = Definition::of(&descriptions, request.schedule.as_deref())?;
    let mut warnings = definition.warnings();
    for (file, uri) in definition.baseline_uris() {
        if !baseline.contains_key(file) {
            match fetch(&uri, &request.options).await {
                Ok(bytes) => {
                    baseline.insert(file.to_owned(), bytes);
                }
                Err(error) => warnings.push(format!(
                    "{file} at {uri} could not be fetched ({error}); put it into {BASELINE_FOLDER}/ yourself"
                )),
            }
        }
    }
    check(&baseline, definition.kind)?;
    if baseline.is_empty() {
        warnings.push(
            "there are no baseline files: make a baseline with `driftline baseline --data TRAINING_DATA --output baseline`"
                .to_owned(),
        );
    }
    let capture = request
        .capture
        .as_ref()
        .map(ToString::to_string)
        .or_else(|| definition.capture());
    let Some(capture) = capture else {
        return Err(EngineError::new(
            ErrorKind::Usage,
            "nothing says where the endpoint's captured traffic lies",
        )
        .with_hint(
            "add the endpoint's description (`aws sagemaker describe-endpoint`) to the files, or give --capture",
        ));
    };
    let monitor_toml =
        (definition.kind == MonitorKind::DataQuality).then(|| toml_file::write(&definition, &capture));
    if let Some(text) = &monitor_toml {
        // What is written must be readable.
        Monitor::parse(MONITOR_FILE, text, &Location::parse(".")?)?;
    }
    Ok(Import {
        kind: definition.kind,
        name: definition.monitor_name(),
        monitor_toml,
        items: account(&definition, &capture),
        commands: toml_file::commands(&definition, &capture),
        baseline,
        warnings,
    })
}

/// Which baseline file a JSON document is, by its keys.
fn baseline_name(value: &Value) -> Option<&'static str> {
    let has = |key: &str| value.get(key).is_some();
    let ends = |end: &str| {
        value
            .as_object()
            .is_some_and(|keys| keys.keys().any(|key| key.ends_with(end)))
    };
    if has("features") && has("dataset") || ends("_metrics") && has("dataset") {
        Some(STATISTICS_FILE)
    } else if has("features") && (has("monitoring_config") || has("version") && value["features"].is_array())
        || ends("_constraints")
    {
        Some(CONSTRAINTS_FILE)
    } else if ends("_bias_metrics") || has("explanations") {
        Some(ANALYSIS_FILE)
    } else if has("methods") && (has("label") || has("facet") || has("dataset_type")) {
        Some(ANALYSIS_CONFIG_FILE)
    } else {
        None
    }
}

/// Baseline files must be what we read.
fn check(baseline: &BTreeMap<String, Bytes>, kind: MonitorKind) -> Result<(), EngineError> {
    for (name, bytes) in baseline {
        let read = match name.as_str() {
            STATISTICS_FILE if kind == MonitorKind::DataQuality => {
                Statistics::from_bytes(bytes).and_then(|file| file.into_summary().map(|_| ()))
            }
            STATISTICS_FILE => Statistics::from_bytes(bytes).map(|_| ()),
            CONSTRAINTS_FILE if kind == MonitorKind::DataQuality => {
                ConstraintsFile::from_bytes(bytes).and_then(|file| file.into_constraints().map(|_| ()))
            }
            ANALYSIS_FILE => Analysis::from_bytes(bytes).map(|_| ()),
            ANALYSIS_CONFIG_FILE => AnalysisConfig::from_bytes(bytes).map(|_| ()),
            _ => Ok(()),
        };
        read.map_err(|error| {
            EngineError::new(ErrorKind::Usage, format!("baseline file cannot be used: {error}"))
                .with_hint(error.hint())
        })?;
    }
    Ok(())
}

async fn fetch(uri: &str, options: &StoreOptions) -> Result<Bytes, EngineError> {
    let at = Location::parse(uri)?;
    let (Some(folder), Some(name)) = (at.parent(), at.file_name()) else {
        return Err(EngineError::new(ErrorKind::Usage, format!("{uri} names no file")));
    };
    let (store, root) = open_store(&folder, options).await?;
    Ok(store.get(&join_key(&root, name), MAX_FILE_BYTES).await?.bytes)
}

#[derive(Serialize)]
struct Report<'a> {
    version: &'static str,
    kind: &'static str,
    name: &'a str,
    items: &'a [Item],
    commands: &'a [String],
    warnings: &'a [String],
}

impl Import {
    /// `import.json`.
    pub fn report(&self) -> Result<Vec<u8>, EngineError> {
        let report = Report {
            version: "v1",
            kind: self.kind.name(),
            name: &self.name,
            items: &self.items,
            commands: &self.commands,
            warnings: &self.warnings,
        };
        let mut bytes = serde_json::to_vec_pretty(&report).map_err(|error| {
            EngineError::new(ErrorKind::Internal, "the report of the import cannot be written")
                .with_source(error)
        })?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// The report for a terminal.
    pub fn text(&self) -> String {
        use std::fmt::Write as _;
        let mut out = format!("Imported {} ({})\n", self.name, self.kind.name());
        for (fate, title) in [
            (Fate::Taken, "Taken over"),
            (Fate::Elsewhere, "Carried by the job that runs driftline"),
            (Fate::NoEquivalent, "Without an equivalent"),
        ] {
            let items: Vec<&Item> = self.items.iter().filter(|item| item.fate == fate).collect();
            if items.is_empty() {
                continue;
            }
            let _infallible = writeln!(out, "\n{title}:");
            for item in items {
                let value: String = item.value.chars().take(80).collect();
                let _infallible = writeln!(out, "  {} = {value}\n      {}", item.item, item.what);
            }
        }
        for warning in &self.warnings {
            let _infallible = writeln!(out, "\nwarning: {warning}");
        }
        if !self.commands.is_empty() {
            out.push_str("\nNext:\n");
        }
        for command in &self.commands {
            let _infallible = writeln!(out, "  {command}");
        }
        out
    }

    /// Writes baseline files, `monitor.toml` and the report; gives where each is.
    pub async fn write(&self, output: &Location, options: &StoreOptions) -> Result<Vec<String>, EngineError> {
        let baseline = self
            .baseline
            .iter()
            .map(|(name, bytes)| (name.as_str(), bytes.to_vec()))
            .collect();
        let mut written = write_all(&output.join(BASELINE_FOLDER), options, baseline).await?;
        let mut documents = vec![(IMPORT_FILE, self.report()?)];
        if let Some(text) = &self.monitor_toml {
            documents.push((MONITOR_FILE, text.clone().into_bytes()));
        }
        written.extend(write_all(output, options, documents).await?);
        Ok(written)
    }
}

/// Lengths as `monitor.toml` writes them.
fn length_text(seconds: i64) -> String {
    Length::from_seconds(seconds).to_string()
}
