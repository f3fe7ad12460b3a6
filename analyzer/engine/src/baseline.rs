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
use baselines::constraint::{Suggestions, suggest};
use baselines::document::baseline::{BaselineNotes, to_bytes};
use baselines::document::calibration::CALIBRATION_FILE;
use baselines::document::model_monitor::{CONSTRAINTS_FILE, ConstraintsFile, STATISTICS_FILE, Statistics};
use baselines::profile::{ExactUntil, Grid};
use baselines::summary::{DatasetSummary, InferredType};
use capture::schema::{DeclaredType, Schema};
use capture::time::TimeWindow;
use std::sync::Arc;
use store::{Location, StoreOptions};

pub use ::scan::baseline::{BASELINE_FILE, LoadedBaseline, current, load};
pub(crate) use ::scan::baseline::{BaselineFiles, assemble, read_optional};

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
