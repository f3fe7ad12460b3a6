//! A data-quality job: statistics and constraints of the data, and, where there is a baseline, what violates it.
//!
//! Baseline and window are the same job; what differs is whether there is something to hold the data against. Does not
//! know where documents go.

use super::input::Input;
use super::metrics::Metrics;
use super::settings::{DatasetFormat, Settings, usage};
use super::share::Team;
use super::{Finished, Tools, document_fault, read_document};
use crate::analyze::{AnalyzeRequest, REPORT_FILE, judged};
use crate::baseline::{
    BASELINE_FILE, BaselineFiles, LoadedBaseline, assemble, freeze, nothing_decoded, read_optional, refine,
    settings_for, software,
};
use crate::error::{EngineError, ErrorKind};
use crate::plan::{ScanColumns, for_baseline, for_window};
use crate::probe::{Probe, SideShape};
use crate::quality::Attribute;
use crate::reference::ReferenceRequest;
use crate::scan::{ScanOutcome, ScanSettings};
use baselines::baseline::Role;
use baselines::constraint::{Constraints, suggest};
use baselines::document::baseline::{BaselineNotes, to_bytes};
use baselines::document::model_monitor::{
    CONSTRAINTS_FILE, ConstraintsFile, DistributionConstraintsTwin, MonitoringConfigTwin, STATISTICS_FILE,
    Statistics, VIOLATIONS_FILE, Violations,
};
use baselines::judge::Policy;
use capture::decode::RecordFormat;
use capture::layout::{Layout, LayoutColumn, Side};
use capture::time::TimeWindow;
use std::collections::BTreeSet;
use store::{Location, StoreOptions, open_store};

/// Runs the job on this host; `None` on a host that has given its share away.
pub(super) async fn run(
    settings: &Settings,
    input: &Input,
    team: &mut Team,
    tools: &Tools<'_>,
) -> Result<Option<Finished>, EngineError> {
    let (options, progress) = (tools.store, tools.progress);
    let baseline = if settings.has_baseline() {
        Some(load(settings, options).await?)
    } else {
        None
    };
    let looked = named(team.probe.clone(), settings, baseline.as_ref());
    let mut columns = columns(settings, input, &looked, baseline.as_ref());
    let scan = settings_for(tools.scan, &looked);
    if !team.is_leader() {
        let no_rows = || async {
            Err(EngineError::new(
                ErrorKind::Internal,
                "a data-quality run has no rows to send",
            ))
        };
        team.serve(&columns, &scan, progress, no_rows).await?;
        return Ok(None);
    }
    let mut outcome = team.scan(&columns, &scan, progress).await?;
    if outcome.summary.n_rows == 0 {
        return nothing(settings, team, &outcome).map(Some);
    }
    // Without a baseline the grids of wide columns are found by a first reading, as in `driftline baseline`.
    for _ in 0..2 {
        if baseline.is_some() || !refine(&mut columns, &outcome.summary) {
            break;
        }
        let grids = columns.plans.iter().enumerate();
        let grids = grids
            .filter(|(_, plan)| plan.exact_until == baselines::profile::ExactUntil::Numbers(0))
            .map(|(idx, plan)| (idx, plan.grid.edges().to_vec()));
        team.set_grids(grids.collect());
        outcome = team.scan(&columns, &scan, progress).await?;
    }
    let excluded = excluded(settings, &columns)?;
    outcome
        .summary
        .columns
        .retain(|column| !excluded.contains(&column.name));
    let finished = match baseline {
        Some(baseline) => window(settings, &without(baseline, &excluded), outcome, input, options).await?,
        None => profile(settings, &columns, &outcome, input)?,
    };
    Ok(Some(finished))
}

/// The probe with the names that the format or the baseline gives to columns without a header.
fn named(mut looked: Probe, settings: &Settings, baseline: Option<&LoadedBaseline>) -> Probe {
    let is_bare = settings.format == DatasetFormat::Csv { header: false }
        && looked.fallback == Some(RecordFormat::Csv)
        && settings.preprocessor.is_none();
    if let (true, Some(SideShape::Positional(n))) = (is_bare, &looked.input) {
        let of_baseline = baseline.map(names).filter(|names| names.len() == *n);
        let neutral = || (0..*n).map(|idx| format!("_c{idx}")).collect();
        looked.header = Some(of_baseline.unwrap_or_else(neutral));
    }
    looked
}

fn names(baseline: &LoadedBaseline) -> Vec<String> {
    let monitored = baseline.baseline.monitored();
    monitored.map(|column| column.summary.name.clone()).collect()
}

fn columns(
    settings: &Settings,
    input: &Input,
    looked: &Probe,
    baseline: Option<&LoadedBaseline>,
) -> ScanColumns {
    let mut columns = match baseline {
        Some(baseline) => {
            let planned = for_window(&baseline.baseline, None, looked, settings.output_position);
            match by_position(settings, input, looked, baseline) {
                Some(layout) => ScanColumns {
                    plans: baseline
                        .baseline
                        .monitored()
                        .map(|column| column.plan(baseline.baseline.exact_limit()))
                        .collect(),
                    layout,
                    mismatch: None,
                },
                None => planned,
            }
        }
        None => for_baseline(None, looked).0,
    };
    for side in [Side::Input, Side::Output] {
        if !input.sides.reads(side) {
            columns.layout = columns.layout.without(side);
        }
    }
    columns
}

/// What a preprocessor named otherwise than the baseline is matched by position: its keys stand in the order of their
/// text, which is what `str(i).zfill(20)` is for.
fn by_position(
    settings: &Settings,
    input: &Input,
    looked: &Probe,
    baseline: &LoadedBaseline,
) -> Option<Layout> {
    let Some(SideShape::Named(keys)) = looked.input.as_ref().filter(|_| input.is_preprocessed) else {
        return None;
    };
    let names = names(baseline);
    let known: BTreeSet<&String> = names.iter().collect();
    let has_own_names = keys.iter().any(|key| known.contains(key));
    if settings.preprocessor.is_none() || has_own_names || keys.len() != names.len() {
        return None;
    }
    let plans = baseline.baseline.monitored();
    let layout = keys.iter().zip(plans).map(|(key, column)| LayoutColumn {
        name: key.clone(),
        side: Side::Input,
        needs_text: column.plan(baseline.baseline.exact_limit()).needs_text(),
    });
    Some(Layout::new(layout.collect()))
}

/// Columns that are left out: indices count the input's columns, names are names.
fn excluded(settings: &Settings, columns: &ScanColumns) -> Result<BTreeSet<String>, EngineError> {
    let planned = columns.plans.iter().zip(columns.layout.columns());
    let inputs: Vec<&str> = planned
        .filter(|(_, column)| column.side == Side::Input)
        .map(|(plan, _)| plan.name.as_str())
        .collect();
    let all: Vec<&str> = columns.plans.iter().map(|plan| plan.name.as_str()).collect();
    let name_of = |asked: &Attribute| {
        let found = match asked {
            Attribute::Index(idx) => inputs.get(*idx).copied(),
            Attribute::Name(name) => all.iter().copied().find(|known| known == name),
        };
        found.map(str::to_owned).ok_or_else(|| {
            let asked = match asked {
                Attribute::Index(idx) => idx.to_string(),
                Attribute::Name(name) => format!("`{name}`"),
            };
            usage(
                format!(
                    "exclude_features_attribute names {asked}, and the input has {} columns",
                    inputs.len()
                ),
                format!(
                    "columns of the input, counted from 0: {}",
                    inputs.iter().take(12).copied().collect::<Vec<_>>().join(", ")
                ),
            )
        })
    };
    settings.excluded.iter().map(name_of).collect()
}

fn without(mut baseline: LoadedBaseline, excluded: &BTreeSet<String>) -> LoadedBaseline {
    if excluded.is_empty() {
        return baseline;
    }
    let keeps: Vec<bool> = baseline
        .baseline
        .monitored()
        .map(|column| !excluded.contains(&column.summary.name))
        .collect();
    let mut flags = keeps.iter();
    baseline
        .evidence
        .retain(|_| flags.next().copied().unwrap_or(true));
    baseline
        .baseline
        .columns
        .retain(|column| !excluded.contains(&column.summary.name));
    baseline
        .constraints
        .features
        .retain(|feature| !excluded.contains(&feature.name));
    baseline.calibration = None;
    baseline
}

/// The baseline of the schedule: Model Monitor's two files, and beside the statistics ours, where they are.
async fn load(settings: &Settings, options: &StoreOptions) -> Result<LoadedBaseline, EngineError> {
    let mut files = BaselineFiles::default();
    if let Some(location) = &settings.statistics {
        files.statistics =
            Some(read_document("baseline_statistics", location, STATISTICS_FILE, options).await?);
        let folder = match location.file_name() {
            Some(STATISTICS_FILE) => location.parent().unwrap_or_else(|| location.clone()),
            _ => location.clone(),
        };
        let (store, root) = open_store(&folder, options).await?;
        files.ours = read_optional(&store, &root, BASELINE_FILE).await?;
        if files.ours.is_some() {
            let name = baselines::document::calibration::CALIBRATION_FILE;
            files.calibration = read_optional(&store, &root, name).await?;
        }
    }
    if let Some(location) = &settings.constraints {
        let bytes = read_document("baseline_constraints", location, CONSTRAINTS_FILE, options).await?;
        files.constraints = Some(with_defaults(bytes, settings)?);
    }
    let shown = Location::parse(&settings.shown_baseline)?;
    let folder = shown.parent().unwrap_or(shown);
    let mut baseline = assemble(&folder, files)?;
    if !settings.detect_drift {
        baseline.constraints.monitoring.distribution.perform_comparison = false;
    }
    Ok(baseline)
}

/// Keys that the constraints do not have, from `data_quality_monitoring_config`.
fn with_defaults(bytes: bytes::Bytes, settings: &Settings) -> Result<bytes::Bytes, EngineError> {
    let Some(defaults) = &settings.monitoring_config else {
        return Ok(bytes);
    };
    // A file that cannot be read is reported where it is used.
    let Ok(mut file) = ConstraintsFile::from_bytes(&bytes) else {
        return Ok(bytes);
    };
    let mut config = defaults.clone();
    put_over(&mut config, &file.monitoring_config.take().unwrap_or_default());
    file.monitoring_config = Some(config);
    file.to_bytes().map(bytes::Bytes::from).map_err(document_fault)
}

/// What `over` says stands above what `config` says.
fn put_over(config: &mut MonitoringConfigTwin, over: &MonitoringConfigTwin) {
    fn put<T>(place: &mut Option<T>, over: Option<T>) {
        if over.is_some() {
            *place = over;
        }
    }
    put(&mut config.evaluate_constraints, over.evaluate_constraints);
    put(&mut config.emit_metrics, over.emit_metrics);
    put(
        &mut config.datatype_check_threshold,
        over.datatype_check_threshold,
    );
    put(
        &mut config.domain_content_threshold,
        over.domain_content_threshold,
    );
    let Some(over) = &over.distribution_constraints else {
        return;
    };
    let place = config
        .distribution_constraints
        .get_or_insert_with(DistributionConstraintsTwin::default);
    put(&mut place.perform_comparison, over.perform_comparison);
    put(&mut place.enable_comparisons, over.enable_comparisons);
    put(&mut place.min_domain_mass, over.min_domain_mass);
    put(&mut place.comparison_threshold, over.comparison_threshold);
    put(&mut place.comparison_method, over.comparison_method);
    put(
        &mut place.categorical_comparison_threshold,
        over.categorical_comparison_threshold,
    );
    put(&mut place.categorical_drift_method, over.categorical_drift_method);
}

/// A window's documents.
async fn window(
    settings: &Settings,
    baseline: &LoadedBaseline,
    outcome: ScanOutcome,
    input: &Input,
    options: &StoreOptions,
) -> Result<Finished, EngineError> {
    let more = remarks(&outcome, input);
    let constraints = Constraints {
        monitoring: baseline.constraints.monitoring,
        ..suggest(&outcome.summary).constraints
    };
    let request = AnalyzeRequest {
        capture: Location::parse(&settings.shown_source)?,
        baseline: Location::parse(&settings.shown_baseline)?,
        schema: None,
        output_position: settings.output_position,
        settings: ScanSettings {
            window: settings.window,
            ..ScanSettings::default()
        },
        policy: if settings.compat {
            Policy::sagemaker()
        } else {
            Policy::default()
        },
        options: options.clone(),
        title: settings.schedule.clone().or_else(|| settings.endpoint.clone()),
    };
    let analysis = judged(&request, baseline, &ReferenceRequest::default(), outcome).await?;
    let violations = Violations::from(&analysis.verdict).violations.len();
    let metrics = Metrics::of_columns(
        &analysis.scan.summary,
        &baseline.constraints,
        Some(&analysis.verdict),
    );
    let mut documents: Vec<(String, Vec<u8>)> = Vec::new();
    for (name, bytes) in analysis.documents()? {
        if name == VIOLATIONS_FILE {
            let constraints = ConstraintsFile::from(&constraints);
            documents.push((
                CONSTRAINTS_FILE.to_owned(),
                constraints.to_bytes().map_err(document_fault)?,
            ));
        }
        if name != REPORT_FILE || settings.report {
            documents.push((name.to_owned(), bytes));
        }
    }
    Ok(Finished {
        documents,
        metrics,
        n_violations: violations,
        more,
        no_data: None,
    })
}

/// A baseline's documents.
fn profile(
    settings: &Settings,
    columns: &ScanColumns,
    outcome: &ScanOutcome,
    input: &Input,
) -> Result<Finished, EngineError> {
    let frozen = freeze(&outcome.summary, columns, |_| Role::Unassigned);
    let suggestions = suggest(&frozen.summary());
    let mut constraints = ConstraintsFile::from(&suggestions.constraints);
    if let Some(config) = &settings.monitoring_config {
        let place = constraints.monitoring_config.get_or_insert_default();
        put_over(place, config);
    }
    if let Some(method) = settings.categorical_drift_method {
        let mut with_method = suggestions.constraints.clone();
        with_method.monitoring.distribution.categorical_drift_method = method;
        let twin = ConstraintsFile::from(&with_method)
            .monitoring_config
            .unwrap_or_default();
        let named = MonitoringConfigTwin {
            distribution_constraints: twin
                .distribution_constraints
                .map(|all| DistributionConstraintsTwin {
                    categorical_drift_method: all.categorical_drift_method,
                    ..DistributionConstraintsTwin::default()
                }),
            ..MonitoringConfigTwin::default()
        };
        put_over(constraints.monitoring_config.get_or_insert_default(), &named);
    }
    let (derivations, warnings) = BaselineNotes::sentences(&suggestions.derivations, &suggestions.warnings);
    let notes = BaselineNotes {
        software: software(),
        data: settings.shown_source.clone(),
        objects: outcome
            .objects
            .iter()
            .map(|object| (object.key.clone(), object.etag.clone().unwrap_or_default()))
            .collect(),
        derivations,
        warnings,
    };
    let metrics = Metrics::of_columns(&outcome.summary, &suggestions.constraints, None);
    let statistics = Statistics::from(&outcome.summary);
    Ok(Finished {
        documents: vec![
            (
                STATISTICS_FILE.to_owned(),
                statistics.to_bytes().map_err(document_fault)?,
            ),
            (
                CONSTRAINTS_FILE.to_owned(),
                constraints.to_bytes().map_err(document_fault)?,
            ),
            (
                BASELINE_FILE.to_owned(),
                to_bytes(&frozen, &notes).map_err(document_fault)?,
            ),
        ],
        metrics,
        n_violations: 0,
        more: remarks(outcome, input),
        no_data: None,
    })
}

/// No row: of a window that is an outcome, of a baseline an error.
fn nothing(settings: &Settings, team: &Team, outcome: &ScanOutcome) -> Result<Finished, EngineError> {
    let shown = Location::parse(&settings.shown_source)?;
    if !settings.is_window() {
        return Err(nothing_decoded(&shown, outcome, &TimeWindow::default()));
    }
    let why = super::why_nothing(
        settings,
        team,
        outcome.records.n_lines,
        outcome.records.n_rejected,
        outcome.records.n_outside_window,
    );
    let statistics = Statistics::from(&outcome.summary)
        .to_bytes()
        .map_err(document_fault)?;
    let violations = Violations::default().to_bytes().map_err(document_fault)?;
    Ok(Finished {
        documents: vec![
            (STATISTICS_FILE.to_owned(), statistics),
            (VIOLATIONS_FILE.to_owned(), violations),
        ],
        metrics: Metrics::default(),
        n_violations: 0,
        more: Vec::new(),
        no_data: Some(why),
    })
}

/// What a reader of the exit message should know beside the count.
fn remarks(outcome: &ScanOutcome, input: &Input) -> Vec<String> {
    let records = &outcome.records;
    let mut more = Vec::new();
    if records.n_rejected > 0 {
        let reasons: Vec<String> = records
            .rejects_by_reason
            .iter()
            .map(|(reason, n)| format!("{reason} {n}"))
            .collect();
        more.push(format!(
            "{} of {} lines could not be read ({}).",
            records.n_rejected,
            records.n_lines,
            reasons.join(", ")
        ));
    }
    if input.n_dropped_by_script > 0 {
        more.push(format!(
            "The preprocessor dropped {} records.",
            input.n_dropped_by_script
        ));
    }
    if records.n_shadow > 0 {
        more.push(format!(
            "{} records of shadow variants were passed over.",
            records.n_shadow
        ));
    }
    more
}
