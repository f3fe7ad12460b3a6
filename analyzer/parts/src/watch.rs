//! Which monitors watch an object: what taking objects in needs of `monitor.toml`, and no more.
//!
//! The engine reads the whole file with line-numbered errors; here what is not needed is passed over. Does not know what
//! alarms.

use crate::layout::{Span, whole};
use baselines::profile::ColumnPlan;
use capture::schema::Schema;
use scan::EngineError;
use scan::ErrorKind;
use scan::baseline::{LoadedBaseline, load};
use scan::length::Length;
use scan::plan::{OutputPosition, ScanColumns, for_window};
use scan::probe::Probe;
use scan::sources::variant_of_key;
use serde::Deserialize;
use std::sync::Arc;
use store::{Location, ObjectStore, StoreErrorKind, StoreOptions, join_key, open_store};

const MAX_FILE_BYTES: u64 = 1 << 20;
const MAX_SCHEMA_BYTES: u64 = 16 << 20;

/// What of a monitor decides which objects are its and how they are counted.
#[derive(Debug, Clone)]
pub struct Watched {
    /// Its name.
    pub name: String,
    /// Captured traffic.
    pub capture: Location,
    /// The folder of its baseline.
    pub baseline: Location,
    /// Column names, roles and types.
    pub schema: Option<Location>,
    /// Where outputs stand in a baseline without roles.
    pub output_position: OutputPosition,
    /// Length of a window, seconds.
    pub window: i64,
    /// Its variants; empty: whatever `capture` holds.
    pub variants: Vec<String>,
    /// Labels, where they are watched.
    pub ground_truth: Option<Location>,
}

#[derive(Deserialize)]
struct Written {
    name: String,
    capture: String,
    baseline: String,
    #[serde(default)]
    schema: Option<String>,
    #[serde(default)]
    variants: Vec<String>,
    #[serde(default)]
    ground_truth: Option<String>,
    #[serde(default)]
    output_columns_position: Option<String>,
    #[serde(default = "day")]
    window: Length,
}

fn day() -> Length {
    Length::DAY
}

impl Watched {
    /// Reads the text of a file that messages call `name` and whose relative locations are below `folder`.
    pub fn parse(name: &str, text: &str, folder: &Location) -> Result<Self, EngineError> {
        let unusable = |what: &str| {
            EngineError::new(
                ErrorKind::Usage,
                format!("monitor file {name} cannot be used: {what}"),
            )
            .with_hint("`driftline monitor check` says what is wrong and in which line")
        };
        // Not the parser's own words: they show the line, and a line of a file may be anything.
        let written: Written =
            toml::from_str(text).map_err(|error: toml::de::Error| unusable(error.message()))?;
        let place = |text: &str| -> Result<Location, EngineError> {
            let parsed = Location::parse(text)?;
            let is_relative = parsed.as_path().is_some_and(std::path::Path::is_relative);
            let is_here = folder.as_path() == Some(std::path::Path::new("."));
            Ok(if is_relative && !is_here {
                folder.join(text.trim_start_matches("./"))
            } else {
                parsed
            })
        };
        Ok(Self {
            capture: place(&written.capture)?,
            baseline: place(&written.baseline)?,
            schema: written.schema.as_deref().map(place).transpose()?,
            output_position: match written.output_columns_position.as_deref() {
                Some("end" | "END") => OutputPosition::End,
                _ => OutputPosition::Start,
            },
            window: written.window.seconds(),
            name: written.name,
            variants: written.variants,
            ground_truth: written.ground_truth.as_deref().map(place).transpose()?,
        })
    }

    /// Reads the file at `location`.
    pub async fn load(location: &Location, options: &StoreOptions) -> Result<Self, EngineError> {
        let (Some(folder), Some(name)) = (location.parent(), location.file_name()) else {
            let wrong = format!("monitor file {location} names no file");
            return Err(
                EngineError::new(ErrorKind::Usage, wrong).with_hint("for example --monitor monitor.toml")
            );
        };
        let (store, root) = open_store(&folder, options).await?;
        let object = store.get(&join_key(&root, name), MAX_FILE_BYTES).await?;
        Self::parse(
            &location.to_string(),
            &String::from_utf8_lossy(&object.bytes),
            &folder,
        )
    }

    /// All monitors of a store, by name. A file that cannot be used is an error of its own beside the others.
    pub async fn all(
        store: &Arc<dyn ObjectStore>,
        root: &str,
        place: &Location,
    ) -> Result<Vec<Result<Self, EngineError>>, EngineError> {
        let mut found = Vec::new();
        for name in folders(store, root).await? {
            let key = join_key(root, &format!("monitors/{name}/monitor.toml"));
            let object = match store.get(&key, MAX_FILE_BYTES).await {
                Ok(object) => object,
                Err(error) if error.kind() == StoreErrorKind::NotFound => continue,
                Err(error) => return Err(error.into()),
            };
            let folder = place.join(&format!("monitors/{name}"));
            let text = String::from_utf8_lossy(&object.bytes);
            found.push(Self::parse(&store.locate(&key), &text, &folder));
        }
        Ok(found)
    }

    /// Whether an object is captured traffic of this monitor.
    pub fn watches(&self, location: &str) -> bool {
        below(&self.capture, location).is_some_and(|key| {
            let variant = variant_of_key(&key);
            self.variants.is_empty()
                || variant.is_none_or(|name| self.variants.iter().any(|kept| kept == name))
        })
    }

    /// Whether an object holds labels for this monitor.
    pub fn takes_labels_of(&self, location: &str) -> bool {
        self.ground_truth
            .as_ref()
            .is_some_and(|place| below(place, location).is_some())
    }

    /// The window that holds `second`.
    pub fn span_of(&self, second: i64) -> Span {
        Span::of(second, self.window)
    }
}

/// The key of `location` below `place`; `None` where it is not there.
pub fn below(place: &Location, location: &str) -> Option<String> {
    let (place, location) = (whole(&place.to_string()), whole(location));
    let rest = location.strip_prefix(place.trim_end_matches('/'))?;
    (rest.is_empty() || rest.starts_with('/')).then(|| rest.trim_start_matches('/').to_owned())
}

/// Names of the store's monitors, in order: folders that have a `monitor.toml`. What was one and is none any more keeps its windows.
/// Lists folders, not what is in them: a store holds parts by the hundred thousand.
pub async fn names(store: &Arc<dyn ObjectStore>, root: &str) -> Result<Vec<String>, EngineError> {
    let mut names = Vec::new();
    for name in folders(store, root).await? {
        let file = join_key(root, &format!("monitors/{name}/monitor.toml"));
        match store.head(&file).await {
            Ok(_) => names.push(name),
            Err(error) if error.kind() == StoreErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(names)
}

async fn folders(store: &Arc<dyn ObjectStore>, root: &str) -> Result<Vec<String>, EngineError> {
    match store.folders(&join_key(root, "monitors/")).await {
        Ok(names) => Ok(names),
        Err(error) if error.kind() == StoreErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

/// A monitor with its baseline and schema read.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The monitor.
    pub watched: Watched,
    /// Its baseline.
    pub baseline: Arc<LoadedBaseline>,
    /// Its schema.
    pub schema: Option<Schema>,
}

impl Prepared {
    /// Reads what the monitor names.
    pub async fn load(watched: Watched, options: &StoreOptions) -> Result<Self, EngineError> {
        let baseline = Arc::new(load(&watched.baseline, options).await?);
        let schema = match &watched.schema {
            None => None,
            Some(place) => Some(read_schema(place, options).await?),
        };
        Ok(Self {
            watched,
            baseline,
            schema,
        })
    }

    /// The baseline's digest as a folder's name.
    pub fn digest(&self) -> &str {
        &self.baseline.digest
    }

    /// The columns of records that look so.
    pub fn columns(&self, probe: &Probe) -> ScanColumns {
        for_window(
            &self.baseline.baseline,
            self.schema.as_ref(),
            probe,
            self.watched.output_position,
        )
    }
}

async fn read_schema(place: &Location, options: &StoreOptions) -> Result<Schema, EngineError> {
    let (Some(folder), Some(name)) = (place.parent(), place.file_name()) else {
        return Err(EngineError::new(
            ErrorKind::Usage,
            format!("schema {place} names no file"),
        ));
    };
    let (store, root) = open_store(&folder, options).await?;
    let object = store.get(&join_key(&root, name), MAX_SCHEMA_BYTES).await?;
    Schema::parse(&object.bytes).map_err(|error| {
        EngineError::new(
            ErrorKind::Usage,
            format!("schema {place} cannot be used: {error}"),
        )
    })
}

/// How fields find their columns: what decoding depends on.
pub fn layout_digest(columns: &ScanColumns) -> String {
    let mut text = String::new();
    for column in columns.layout.columns() {
        text.push_str(column.side.name());
        text.push('\t');
        text.push_str(&column.name);
        text.push('\n');
    }
    crate::layout::digest(text.as_bytes())
}

/// How columns are counted, beside what the baseline's digest says.
pub fn plan_digest(columns: &ScanColumns) -> String {
    let mut text = layout_digest(columns);
    let kind = |plan: &ColumnPlan| format!("\n{:?}\t{}", plan.kind, plan.name);
    text.extend(columns.plans.iter().map(kind));
    crate::layout::digest(text.as_bytes())
}
