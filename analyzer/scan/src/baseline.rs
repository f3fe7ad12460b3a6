//! A baseline as it is read: ours, or Model Monitor's own two files.
//!
//! Does not make one and does not judge.

use crate::error::{EngineError, ErrorKind};
use baselines::baseline::{Baseline, Role};
use baselines::calibrate::Calibration;
use baselines::constraint::{Constraints, suggest};
use baselines::document::baseline::from_bytes;
use baselines::document::calibration::{CALIBRATION_FILE, from_bytes as calibration_from_bytes};
use baselines::document::model_monitor::{CONSTRAINTS_FILE, ConstraintsFile, STATISTICS_FILE, Statistics};
use baselines::document::retrain::{CurrentBaselineDocument, RetrainDocument as _};
use baselines::judge::{BaselineSource, Evidence};
use baselines::summary::{ColumnSummary, DatasetSummary, WeightedPoints};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{Location, ObjectStore, StoreErrorKind, StoreOptions, join_key, open_store};

/// Our own baseline document.
pub const BASELINE_FILE: &str = "baseline.profile";
const MAX_DOCUMENT_BYTES: u64 = 1 << 30;

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
pub struct BaselineFiles {
    pub ours: Option<bytes::Bytes>,
    pub calibration: Option<bytes::Bytes>,
    pub statistics: Option<bytes::Bytes>,
    pub constraints: Option<bytes::Bytes>,
}

/// Makes a baseline of its files; `folder` names them in errors.
pub fn assemble(folder: &Location, files: BaselineFiles) -> Result<LoadedBaseline, EngineError> {
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

pub async fn read_optional(
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
