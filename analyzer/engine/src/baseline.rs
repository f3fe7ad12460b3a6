//! `driftline baseline`: from data to the documents of a baseline, and back.
//!
//! Does not judge and does not decode.

use crate::calibrate::{BaselineData, Calibrated, calibrate_on};
use crate::error::{EngineError, ErrorKind};
use crate::output::write_all;
use crate::plan::{self, ScanColumns};
use crate::probe::{Probe, probe};
use crate::progress::Progress;
use crate::scan::{ScanOutcome, ScanSettings, scan};
use crate::sources::{Sources, discover};
use baselines::baseline::{Baseline, Role};
use baselines::calibrate::Calibration;
use baselines::constraint::{Constraints, Suggestions, suggest};
use baselines::document::baseline::{BaselineNotes, from_bytes, to_bytes};
use baselines::document::calibration::{CALIBRATION_FILE, from_bytes as calibration_from_bytes};
use baselines::document::model_monitor::{CONSTRAINTS_FILE, ConstraintsFile, STATISTICS_FILE, Statistics};
use baselines::document::retrain::{CurrentBaselineDocument, RetrainDocument as _};
use baselines::judge::{BaselineSource, Evidence};
use baselines::profile::{ExactUntil, Grid};
use baselines::summary::{ColumnSummary, DatasetSummary, InferredType, WeightedPoints};
use capture::schema::{DeclaredType, Schema};
use capture::time::TimeWindow;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{Location, ObjectStore, StoreErrorKind, StoreOptions, join_key, open_store};

/// Our own baseline document.
pub const BASELINE_FILE: &str = "baseline.profile";
const MAX_DOCUMENT_BYTES: u64 = 1 << 30;

/// What a baseline is to be made from.
#[derive(Debug, Clone)]
pub struct BaselineRequest {
    /// Table, folder of tables, or capture.
    pub data: Location,
    /// Column roles and types.
    pub schema: Option<Schema>,
    /// How to read.
    pub settings: ScanSettings,
    /// How to reach stores.
    pub options: StoreOptions,
}

/// A baseline that was made.
#[derive(Debug)]
pub struct MadeBaseline {
    /// The baseline.
    pub baseline: Baseline,
    /// Constraints with their derivations and warnings.
    pub suggestions: Suggestions,
    /// What was read.
    pub scan: ScanOutcome,
    /// How much its windows vary without drift, and what that was measured on.
    pub calibrated: Calibrated,
    notes: BaselineNotes,
}

impl MadeBaseline {
    /// The documents: `statistics.json`, `constraints.json`, `calibration.json`, and, last, `baseline.profile`.
    pub fn documents(&self) -> Result<Vec<(&'static str, Vec<u8>)>, EngineError> {
        // The scan still has every value that the baseline has put on its grid.
        let labels: Vec<&str> = self
            .baseline
            .columns
            .iter()
            .filter(|c| c.role == Role::Label)
            .map(|c| c.summary.name.as_str())
            .collect();
        let mut summary = self.scan.summary.clone();
        summary
            .columns
            .retain(|column| !labels.contains(&column.name.as_str()));
        let document = |error| {
            EngineError::new(ErrorKind::Internal, "a baseline document cannot be written").with_source(error)
        };
        Ok(vec![
            (
                STATISTICS_FILE,
                Statistics::from(&summary).to_bytes().map_err(document)?,
            ),
            (
                CONSTRAINTS_FILE,
                ConstraintsFile::from(&self.suggestions.constraints)
                    .to_bytes()
                    .map_err(document)?,
            ),
            (CALIBRATION_FILE, self.calibrated.document()?),
            (
                BASELINE_FILE,
                to_bytes(&self.baseline, &self.notes).map_err(document)?,
            ),
        ])
    }

    /// Writes the documents; gives where each is.
    pub async fn write(&self, output: &Location, options: &StoreOptions) -> Result<Vec<String>, EngineError> {
        write_all(output, options, self.documents()?).await
    }
}

/// Makes a baseline.
pub async fn make(request: &BaselineRequest, progress: &dyn Progress) -> Result<MadeBaseline, EngineError> {
    let sources = discover(&request.data, &request.options, &request.settings.window).await?;
    refuse_empty(&request.data, &sources, "baseline data")?;
    let looked = probe(&sources.objects).await?;
    if let (Some(schema), Some(header)) = (&request.schema, &looked.header) {
        refuse_unknown_columns(schema, header, &request.data)?;
    }
    let (mut columns, roles) = plan::for_baseline(request.schema.as_ref(), &looked);
    let settings = settings_for(&request.settings, &looked);
    let n_bytes: u64 = sources.objects.iter().map(|source| source.size).sum();
    progress.stage("reading", n_bytes);
    let mut outcome = scan(&sources.objects, &columns, &settings, progress).await?;
    progress.done();
    if outcome.summary.n_rows == 0 {
        return Err(nothing_decoded(&request.data, &outcome, &request.settings.window));
    }
    // Past the limit of distinct numbers a column was counted on a coarse grid: read again on a grid made from that.
    for _ in 0..2 {
        if !refine(&mut columns, &outcome.summary) {
            break;
        }
        progress.stage("reading again, on a finer grid", n_bytes);
        outcome = scan(&sources.objects, &columns, &settings, progress).await?;
        progress.done();
    }
    declare_types(&mut outcome.summary, request.schema.as_ref());
    let role_of = |name: &str| {
        roles
            .iter()
            .find(|(n, _)| n == name)
            .map_or(Role::Input, |(_, role)| *role)
    };
    let baseline = freeze(&outcome.summary, &columns, role_of);
    let suggestions = suggest(&baseline.summary());
    let (derivations, warnings) = BaselineNotes::sentences(&suggestions.derivations, &suggestions.warnings);
    let notes = BaselineNotes {
        software: software(),
        data: request.data.to_string(),
        objects: outcome
            .objects
            .iter()
            .map(|o| (o.key.clone(), o.etag.clone().unwrap_or_default()))
            .collect(),
        derivations,
        warnings,
    };
    let data = BaselineData {
        sources: &sources.objects,
        columns: &columns,
        probe: &looked,
        schema: request.schema.as_ref(),
        settings: &settings,
    };
    let calibrated = calibrate_on(&baseline, &data, progress).await?;
    Ok(MadeBaseline {
        baseline,
        suggestions,
        scan: outcome,
        calibrated,
        notes,
    })
}

/// Name and version of this program, as documents carry them.
pub fn software() -> String {
    format!("driftline {}", env!("CARGO_PKG_VERSION"))
}

/// The caller's settings with what the probe saw.
pub(crate) fn settings_for(settings: &ScanSettings, looked: &Probe) -> ScanSettings {
    ScanSettings {
        fallback: looked.fallback,
        header: looked.header.clone(),
        only_planned: looked.is_parquet,
        ..settings.clone()
    }
}

pub(crate) fn refuse_empty(location: &Location, sources: &Sources, what: &str) -> Result<(), EngineError> {
    if !sources.objects.is_empty() {
        return Ok(());
    }
    let error = EngineError::new(
        ErrorKind::NothingToAnalyse,
        match sources.n_outside_window {
            0 => format!("{what} at {location}: no objects are there"),
            n => format!(
                "{what} at {location}: all {n} objects lie outside the window {}",
                sources.window
            ),
        },
    );
    Err(error.with_hint(match sources.n_outside_window {
        0 => "check the location; capture lies under {prefix}/{endpoint}/{variant}/yyyy/mm/dd/hh/",
        _ => "check --start and --end: they are RFC 3339 times, the end is exclusive, hours are UTC",
    }))
}

pub(crate) fn nothing_decoded(
    location: &Location,
    outcome: &ScanOutcome,
    window: &TimeWindow,
) -> EngineError {
    let records = &outcome.records;
    let worst = records.rejects_by_reason.iter().max_by_key(|(_, n)| **n);
    let detail = match worst {
        _ if records.n_lines == 0 => "the objects are empty".to_owned(),
        Some((reason, n)) => format!(
            "{} of {} lines were rejected, most of them ({n}) as {reason}",
            records.n_rejected, records.n_lines
        ),
        None => format!(
            "none of {} lines lies inside the window {window}",
            records.n_lines
        ),
    };
    EngineError::new(
        ErrorKind::NothingToAnalyse,
        format!("no rows at {location}: {detail}"),
    )
    .with_hint("`--rejects FILE` on `analyze` lists every refused line with its place and reason")
}

fn refuse_unknown_columns(schema: &Schema, header: &[String], data: &Location) -> Result<(), EngineError> {
    let outputs = schema.output_columns();
    let wanted = schema.features.iter().chain(&outputs);
    let missing: Vec<&str> = wanted
        .map(|feature| feature.name.as_str())
        .filter(|name| !header.iter().any(|h| h == name))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(EngineError::new(
        ErrorKind::Usage,
        format!(
            "the schema names columns that {data} does not have: {}",
            missing.join(", ")
        ),
    )
    .with_hint("the schema's names must be those of the header line"))
}

/// Gives columns that were counted on a coarse grid a finer one; whether there were any.
pub(crate) fn refine(columns: &mut ScanColumns, summary: &DatasetSummary) -> bool {
    let mut any = false;
    for (plan, column) in columns.plans.iter_mut().zip(&summary.columns) {
        let Some(numeric) = &column.numeric else { continue };
        if !numeric.points.is_exact() {
            plan.grid = Arc::new(Grid::propose(&numeric.points));
            plan.exact_until = ExactUntil::Numbers(0);
            any = true;
        }
    }
    any
}

/// Freezes the summary; columns counted on a grid keep that grid.
pub(crate) fn freeze(
    summary: &DatasetSummary,
    columns: &ScanColumns,
    role_of: impl Fn(&str) -> Role,
) -> Baseline {
    let mut baseline = Baseline::freeze(summary.clone(), role_of);
    for (column, plan) in baseline.columns.iter_mut().zip(&columns.plans) {
        let gridded = summary
            .columns
            .iter()
            .find(|c| c.name == column.summary.name)
            .and_then(|c| c.numeric.as_ref());
        if gridded.is_some_and(|numeric| !numeric.points.is_exact()) {
            column.grid = Arc::clone(&plan.grid);
        }
    }
    baseline
}

/// A declared type stands above the inferred one, where the cells allow it.
fn declare_types(summary: &mut DatasetSummary, schema: Option<&Schema>) {
    let Some(schema) = schema else { return };
    let outputs = schema.output_columns();
    for feature in schema.features.iter().chain(&outputs) {
        let Some(column) = summary
            .columns
            .iter_mut()
            .find(|column| column.name == feature.name)
        else {
            continue;
        };
        let has_numbers = column.numeric.is_some();
        column.inferred_type = match feature.declared_type {
            Some(DeclaredType::Integral) if has_numbers => InferredType::Integral,
            Some(DeclaredType::Fractional) if has_numbers => InferredType::Fractional,
            Some(DeclaredType::Numeric) if has_numbers => {
                let whole = column.counts.n_fractional == 0 && column.counts.n_special() == 0;
                if whole {
                    InferredType::Integral
                } else {
                    InferredType::Fractional
                }
            }
            Some(DeclaredType::Boolean) if column.categorical.is_some() => InferredType::Boolean,
            Some(DeclaredType::String | DeclaredType::Categorical) if column.categorical.is_some() => {
                InferredType::String
            }
            _ => column.inferred_type,
        };
    }
}

/// Where the version of a baseline lies that windows are held against: what its `current.json` names, else the location
/// itself. A location that names a document, not a folder, is taken as it is.
///
/// # Errors
/// Storage; a `current.json` that is none or leads elsewhere.
pub async fn current(location: &Location, options: &StoreOptions) -> Result<Location, EngineError> {
    let is_document = location
        .file_name()
        .is_some_and(|name| name.ends_with(".json") || name.ends_with(".profile"));
    if is_document {
        return Ok(location.clone());
    }
    let (store, root) = open_store(location, options).await?;
    let key = join_key(&root, CurrentBaselineDocument::FILE);
    let object = match store.get(&key, MAX_DOCUMENT_BYTES).await {
        Ok(object) => object,
        Err(error) if error.kind() == StoreErrorKind::NotFound => return Ok(location.clone()),
        Err(error) => return Err(error.into()),
    };
    let document = CurrentBaselineDocument::from_bytes(&object.bytes)
        .map_err(|error| EngineError::new(ErrorKind::Usage, format!("{}: {error}", store.locate(&key))))?;
    if document.folder != format!("versions/{}", document.number) {
        return Err(EngineError::new(
            ErrorKind::Usage,
            format!(
                "{} leads to {}, expected versions/{}",
                store.locate(&key),
                document.folder,
                document.number
            ),
        ));
    }
    Ok(location.join(&document.folder))
}

/// A baseline that was read, with all that judging needs.
#[derive(Debug, Clone)]
pub struct LoadedBaseline {
    /// Statistics and what is frozen.
    pub baseline: Baseline,
    /// Constraints, as they stand in the file today.
    pub constraints: Constraints,
    /// How good the numbers are, per monitored column.
    pub evidence: Vec<Evidence>,
    /// How much its windows vary without drift; `None` where `calibration.json` is missing.
    pub calibration: Option<Calibration>,
    /// Who made it.
    pub source: BaselineSource,
    /// Digest of the bytes of all its files.
    pub digest: String,
    /// What deequ would compare of each numeric column, where Model Monitor made the baseline.
    pub rank_maps: BTreeMap<String, WeightedPoints>,
}

impl LoadedBaseline {
    /// Whether its columns are counted as the calibration needs them: Model Monitor's files hold less.
    pub fn can_be_calibrated(&self) -> bool {
        self.source == BaselineSource::Driftline
    }

    /// The frozen edges of the house's bins, by column.
    pub fn house_edges(&self) -> BTreeMap<String, Vec<f64>> {
        let edges = self
            .baseline
            .columns
            .iter()
            .filter(|column| !column.house_edges.is_empty());
        edges
            .map(|column| (column.summary.name.clone(), column.house_edges.clone()))
            .collect()
    }
}

/// Reads a baseline: ours, or Model Monitor's own two files (either may be missing).
pub async fn load(location: &Location, options: &StoreOptions) -> Result<LoadedBaseline, EngineError> {
    let folder = match location.file_name() {
        Some(STATISTICS_FILE | CONSTRAINTS_FILE | BASELINE_FILE) => {
            location.parent().unwrap_or_else(|| location.clone())
        }
        _ => current(location, options).await?,
    };
    let (store, root) = open_store(&folder, options).await?;
    let ours = read_optional(&store, &root, BASELINE_FILE).await?;
    let calibration = match &ours {
        Some(_) => read_optional(&store, &root, CALIBRATION_FILE).await?,
        None => None,
    };
    assemble(
        &folder,
        BaselineFiles {
            ours,
            calibration,
            statistics: read_optional(&store, &root, STATISTICS_FILE).await?,
            constraints: read_optional(&store, &root, CONSTRAINTS_FILE).await?,
        },
    )
}

/// The files of a baseline, as far as they are there.
#[derive(Debug, Default)]
pub(crate) struct BaselineFiles {
    pub(crate) ours: Option<bytes::Bytes>,
    pub(crate) calibration: Option<bytes::Bytes>,
    pub(crate) statistics: Option<bytes::Bytes>,
    pub(crate) constraints: Option<bytes::Bytes>,
}

/// Makes a baseline of its files; `folder` names them in errors.
pub(crate) fn assemble(folder: &Location, files: BaselineFiles) -> Result<LoadedBaseline, EngineError> {
    let BaselineFiles {
        ours,
        calibration,
        statistics,
        constraints,
    } = files;
    let mut hasher = xxhash_rust::xxh3::Xxh3::new();
    for bytes in [&ours, &statistics, &constraints, &calibration]
        .into_iter()
        .flatten()
    {
        hasher.update(bytes);
    }
    let digest = format!("xxh3-{:032x}", hasher.digest128());
    let unusable = |name: &str, error: baselines::document::DocumentError| {
        EngineError::new(
            ErrorKind::Usage,
            format!("baseline file {} cannot be used: {error}", folder.join(name)),
        )
        .with_hint(error.hint())
    };
    let written = match &constraints {
        Some(bytes) => Some(
            ConstraintsFile::from_bytes(bytes)
                .and_then(ConstraintsFile::into_constraints)
                .map_err(|error| unusable(CONSTRAINTS_FILE, error))?,
        ),
        None => None,
    };
    if let Some(bytes) = &ours {
        let (baseline, _) = from_bytes(bytes).map_err(|error| unusable(BASELINE_FILE, error))?;
        let constraints = written.unwrap_or_else(|| suggest(&baseline.summary()).constraints);
        let evidence = vec![Evidence::Counted; baseline.monitored().count()];
        let calibration = calibration
            .map(|bytes| calibration_from_bytes(&bytes).map_err(|error| unusable(CALIBRATION_FILE, error)))
            .transpose()?;
        if calibration
            .as_ref()
            .is_some_and(|calibration| !is_of(calibration, &baseline))
        {
            let wrong = format!(
                "baseline file {} was made for another baseline than the {BASELINE_FILE} beside it",
                folder.join(CALIBRATION_FILE)
            );
            return Err(EngineError::new(ErrorKind::Usage, wrong).with_hint(
                "make it anew with `driftline calibrate --baseline LOCATION --data TRAINING_DATA`",
            ));
        }
        return Ok(LoadedBaseline {
            baseline,
            constraints,
            evidence,
            calibration,
            source: BaselineSource::Driftline,
            digest,
            rank_maps: BTreeMap::new(),
        });
    }
    let mut rank_maps = BTreeMap::new();
    let (summary, evidence) = match &statistics {
        Some(bytes) => {
            let statistics =
                Statistics::from_bytes(bytes).map_err(|error| unusable(STATISTICS_FILE, error))?;
            rank_maps = statistics.rank_maps();
            let loaded = statistics
                .into_summary()
                .map_err(|error| unusable(STATISTICS_FILE, error))?;
            (loaded.summary, loaded.evidence)
        }
        None => match &written {
            Some(constraints) => (summary_of_constraints(constraints), Vec::new()),
            None => {
                return Err(EngineError::new(
                    ErrorKind::Usage,
                    format!("no baseline at {folder}: neither {BASELINE_FILE} nor {STATISTICS_FILE} nor {CONSTRAINTS_FILE} is there"),
                )
                .with_hint("make one with `driftline baseline --data TRAINING_DATA --output LOCATION`"));
            }
        },
    };
    let constraints = written.unwrap_or_else(|| suggest(&summary).constraints);
    let baseline = Baseline::freeze(typed_by(summary, &constraints), |_| Role::Unassigned);
    Ok(LoadedBaseline {
        baseline,
        constraints,
        evidence,
        calibration: None,
        source: BaselineSource::ModelMonitor,
        digest,
        rank_maps,
    })
}

/// Whether a calibration was measured on this baseline.
fn is_of(calibration: &Calibration, baseline: &Baseline) -> bool {
    let names = calibration.columns.iter().map(|column| &column.name);
    calibration.n_rows == baseline.n_rows && names.eq(baseline.monitored().map(|column| &column.summary.name))
}

/// The types of the constraints stand above those of the statistics: users edit them to correct a type.
fn typed_by(mut summary: DatasetSummary, constraints: &Constraints) -> DatasetSummary {
    for column in &mut summary.columns {
        if let Some(feature) = constraints.feature(&column.name)
            && feature.inferred_type.is_numeric() == column.inferred_type.is_numeric()
        {
            column.inferred_type = feature.inferred_type;
        }
    }
    summary
}

/// Columns that only constraints name: nothing is known of them but their type.
fn summary_of_constraints(constraints: &Constraints) -> DatasetSummary {
    let column = |feature: &baselines::constraint::FeatureConstraints| ColumnSummary {
        name: feature.name.clone(),
        inferred_type: feature.inferred_type,
        counts: baselines::summary::CellCounts::default(),
        numeric: None,
        categorical: None,
        spans: [None; 9],
    };
    DatasetSummary {
        n_rows: 0,
        columns: constraints.features.iter().map(column).collect(),
    }
}

pub(crate) async fn read_optional(
    store: &Arc<dyn ObjectStore>,
    root: &str,
    name: &str,
) -> Result<Option<bytes::Bytes>, EngineError> {
    match store.get(&join_key(root, name), MAX_DOCUMENT_BYTES).await {
        Ok(object) => Ok(Some(object.bytes)),
        Err(error) if error.kind() == StoreErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}
