//! `driftline container`: this program in place of Model Monitor's image (contract §6).
//!
//! ```text
//! processingjobconfig.json, environment, flags → settings ┐
//! resourceconfig.json → cluster → links to other hosts    ├→ input → team (shares) → data_quality | model_quality
//! dataset_source → input (formats, the user's script)     ┘            → documents, metrics, message
//! ```
//!
//! Two steps: [`prepare`] computes everything and writes nothing, [`Prepared::write`] writes everything and computes
//! nothing, so that a job that is stopped leaves no half of its documents. Reads no clock and catches no signal (`cli`).

mod cluster;
mod data_quality;
mod exchange;
mod input;
mod message;
mod metrics;
mod model_quality;
mod scratch;
mod script;
mod settings;
mod share;

pub use message::{failed as failure_message, stopped as stop_message};
pub use settings::{DEFAULT_ROOT, Given};

use crate::error::{EngineError, ErrorKind};
use crate::output::write_all;
use crate::progress::Progress;
use crate::scan::ScanSettings;
use baselines::document::DocumentError;
use capture::limits::Limits;
use capture::time::format_rfc3339;
use cluster::Cluster;
use metrics::{Labels, Metrics};
use settings::{Analysis, DatasetFormat, Settings, usage};
use share::Team;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::{Location, StoreErrorKind, StoreOptions, join_key, open_store};

/// What a job is given beside its files.
#[derive(Debug, Clone)]
pub struct ContainerRequest {
    /// What SageMaker mounts at [`DEFAULT_ROOT`] lies here.
    pub root: PathBuf,
    /// The process environment.
    pub environment: Vec<(String, String)>,
    /// Settings that stand above all others.
    pub overrides: Vec<(String, String)>,
    /// Worker threads.
    pub n_threads: usize,
    /// What time it is: metrics carry it where the job does not say one.
    pub now: i64,
    /// How to reach stores.
    pub store: StoreOptions,
}

/// What a run found.
#[derive(Debug)]
struct Finished {
    documents: Vec<(String, Vec<u8>)>,
    metrics: Metrics,
    n_violations: usize,
    /// Sentences for the exit message.
    more: Vec<String>,
    /// Why there was nothing to judge.
    no_data: Option<String>,
}

/// What both kinds of job work with.
struct Tools<'a> {
    scan: &'a ScanSettings,
    store: &'a StoreOptions,
    progress: &'a dyn Progress,
    now: i64,
}

/// A job whose documents are ready and not yet written.
#[derive(Debug)]
pub struct Prepared {
    settings: Settings,
    team: Team,
    message_file: PathBuf,
    now: i64,
    store: StoreOptions,
    /// `None` on a host that has given its share away.
    finished: Option<Finished>,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The exit message; `None` on a host that does not merge: a second message would be joined to the first host's.
    pub message: Option<String>,
    /// Where each document is.
    pub written: Vec<String>,
    /// Whether it counts as failed, although everything was written: a window without data, where that was asked for.
    pub failed: bool,
}

/// Where the exit message goes, whatever else is wrong with the settings.
pub fn message_file(request: &ContainerRequest) -> PathBuf {
    let given = given(request).unwrap_or_default();
    settings::message_file(&given, &request.root)
}

fn read_config(path: &Path) -> Result<Option<String>, EngineError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(usage(
            format!("{} cannot be read: {error}", path.display()),
            "SageMaker writes it before the container starts",
        )),
    }
}

fn given(request: &ContainerRequest) -> Result<Given, EngineError> {
    let path = request.root.join("config/processingjobconfig.json");
    Given::new(
        read_config(&path)?.as_deref(),
        request.environment.clone(),
        request.overrides.clone(),
        &path,
    )
}

/// Does the job, up to its documents. On a host that does not merge it ends when the first host has written them.
pub async fn prepare(request: &ContainerRequest, progress: &dyn Progress) -> Result<Prepared, EngineError> {
    let given = given(request)?;
    let settings = Settings::read(&given, &request.root)?;
    let path = request.root.join("config/resourceconfig.json");
    let cluster = Cluster::read(read_config(&path)?.as_deref(), &path)?;
    let shares = cluster.hosts.len() > 1 && given.is_sharded(&settings.shown_source);
    let prepared = |team: Team, finished: Option<Finished>, settings: Settings| Prepared {
        message_file: settings::message_file(&given, &request.root),
        settings,
        team,
        now: request.now,
        store: request.store.clone(),
        finished,
    };
    if !shares && !cluster.is_leader() {
        // Every host has everything: the first one does it.
        return Ok(prepared(Team::idle(), None, settings));
    }
    let links = if shares {
        exchange::meet(
            &cluster,
            &settings.meeting,
            &given.job,
            settings.patience,
            &request.store,
        )
        .await?
    } else {
        Vec::new()
    };
    let links = Arc::new(links);
    let done = Box::pin(work(request, &settings, &cluster, Arc::clone(&links), progress)).await;
    match done {
        Ok((team, finished)) => Ok(prepared(team, finished, settings)),
        Err(error) => {
            for link in &*links {
                link.give_up(&error.to_string()).await;
            }
            Err(error)
        }
    }
}

async fn work(
    request: &ContainerRequest,
    settings: &Settings,
    cluster: &Cluster,
    links: Arc<Vec<exchange::Link>>,
    progress: &dyn Progress,
) -> Result<(Team, Option<Finished>), EngineError> {
    let lines_are_documents = settings.format == DatasetFormat::Json { lines: false };
    let defaults = Limits::default();
    let scan = ScanSettings {
        window: settings.window,
        n_threads: request.n_threads,
        limits: Limits {
            max_line_bytes: if lines_are_documents {
                1 << 30
            } else {
                defaults.max_line_bytes
            },
            ..defaults
        },
        ..ScanSettings::default()
    };
    let input = input::prepare(settings, &scan, &request.store).await?;
    let mut team = Team::gather(
        links,
        cluster.is_leader(),
        input.sources.clone(),
        input.n_outside_window,
        &input.sides,
    )
    .await?;
    let tools = Tools {
        scan: &scan,
        store: &request.store,
        progress,
        now: request.now,
    };
    let finished = match &settings.analysis {
        Analysis::DataQuality => data_quality::run(settings, &input, &mut team, &tools).await?,
        Analysis::ModelQuality(asked) => model_quality::run(settings, asked, &input, &team, &tools).await?,
    };
    Ok((team, finished))
}

impl Prepared {
    /// Writes documents, metrics and message, and lets the other hosts go.
    pub async fn write(self) -> Result<Ended, EngineError> {
        let Some(finished) = self.finished else {
            return Ok(Ended {
                message: None,
                written: Vec::new(),
                failed: false,
            });
        };
        let settings = &self.settings;
        let documents = finished
            .documents
            .iter()
            .map(|(name, bytes)| (name.as_str(), bytes.clone()))
            .collect();
        let mut written = write_all(&settings.output, &self.store, documents).await?;
        if settings.publish {
            let second = settings.metric_time.or(settings.window.start).unwrap_or(self.now);
            let labels = Labels {
                timestamp: format_rfc3339(second).unwrap_or_default(),
                endpoint: settings.endpoint.clone(),
                schedule: settings.schedule.clone(),
            };
            let file = vec![(metrics::FILE, finished.metrics.to_bytes(&labels))];
            written.extend(write_all(&settings.metrics_directory, &self.store, file).await?);
        }
        if let Some(script) = &settings.postprocessor {
            let scratch = scratch::Scratch::open(&self.store).await?;
            script::postprocess(&settings.python, script, &scratch).await?;
        }
        self.team.dismiss().await?;
        let message = match &finished.no_data {
            None => message::completed(finished.n_violations, &finished.more),
            Some(why) if settings.fail_without_data => {
                message::failed(&format!("no data in the window: {why}"), None)
            }
            Some(why) => message::no_data(why),
        };
        write_message(&self.message_file, &message, &self.store).await?;
        Ok(Ended {
            message: Some(message),
            written,
            failed: finished.no_data.is_some() && settings.fail_without_data,
        })
    }
}

/// Writes the exit message.
pub async fn write_message(file: &Path, message: &str, options: &StoreOptions) -> Result<(), EngineError> {
    let location = Location::local(file)?;
    let folder = location.parent().unwrap_or_else(|| location.clone());
    let name = location.file_name().unwrap_or("message").to_owned();
    let document = vec![(name.as_str(), message.as_bytes().to_vec())];
    write_all(&folder, options, document).await?;
    Ok(())
}

fn document_fault(error: DocumentError) -> EngineError {
    EngineError::new(ErrorKind::Internal, "a document of the job cannot be written").with_source(error)
}

/// A baseline's file: `location` is the file, or the folder it is in.
async fn read_document(
    setting: &str,
    location: &Location,
    name: &str,
    options: &StoreOptions,
) -> Result<bytes::Bytes, EngineError> {
    const MAX_BYTES: u64 = 1 << 30;
    let (store, root) = open_store(location, options).await?;
    let is_named = location.file_name().is_some_and(|file| file.ends_with(".json"));
    let key = if is_named && !root.is_empty() {
        root
    } else {
        join_key(&root, name)
    };
    store.get(&key, MAX_BYTES).await.map(|object| object.bytes).map_err(|error| {
        if error.kind() == StoreErrorKind::NotFound {
            usage(
                format!("{setting} names {location}, and there is no {name}"),
                "the schedule's BaselineConfig says where the baseline is; the platform downloads it before the job starts",
            )
        } else {
            error.into()
        }
    })
}

/// Why a window has no row.
fn why_nothing(settings: &Settings, team: &Team, n_lines: u64, n_rejected: u64, n_outside: u64) -> String {
    let time = |second: Option<i64>| second.and_then(format_rfc3339).unwrap_or_else(|| "…".to_owned());
    let window = format!("{} to {}", time(settings.window.start), time(settings.window.end));
    let source = &settings.shown_source;
    match (team.n_objects, team.n_outside_window) {
        (0, 0) => format!("no objects lie at {source} ({window})"),
        (0, n) => format!("all {n} objects at {source} lie outside the window ({window})"),
        (n, _) if n_lines == 0 => format!("the {n} objects at {source} are empty"),
        (n, _) => format!(
            "of {n_lines} lines in {n} objects at {source} {n_outside} lie outside the window ({window}) and {n_rejected} \
             could not be read"
        ),
    }
}
