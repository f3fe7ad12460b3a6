//! A model-quality job: metrics of predictions against the labels beside them, and what of them violates.
//!
//! Reads merged records in a window and labelled tables in a baseline. Does not compute a metric and does not join.

use super::input::Input;
use super::metrics::Metrics;
use super::settings::{ModelQuality, Settings};
use super::share::Team;
use super::{Finished, Tools, document_fault, read_document};
use crate::baseline::settings_for;
use crate::error::{EngineError, ErrorKind};
use crate::plan::ScanColumns;
use crate::probe::{Probe, SideShape};
use crate::quality::labelled::{Assessed, Counts, LabelledRequest, assess, read_labelled};
use crate::scan::ScanSettings;
use baselines::document::model_monitor::{
    CONSTRAINTS_FILE, ConstraintsFile, STATISTICS_FILE, Statistics, VIOLATIONS_FILE, Violations,
};
use baselines::quality::{
    Coverage, QualityConstraints, QualityConvention, QualityPolicy, judge_quality, suggest_constraints,
};
use capture::decode::RecordFormat;
use capture::layout::Layout;
use capture::time::format_rfc3339;
use store::{Location, StoreOptions};

/// Runs the job on this host; `None` on a host that has given its share away.
pub(super) async fn run(
    settings: &Settings,
    asked: &ModelQuality,
    input: &Input,
    team: &Team,
    tools: &Tools<'_>,
) -> Result<Option<Finished>, EngineError> {
    let (options, progress) = (tools.store, tools.progress);
    let probe = named(team.probe.clone());
    let scan = ScanSettings {
        share: team.own_share(),
        ..settings_for(tools.scan, &probe)
    };
    let request = LabelledRequest {
        problem: asked.problem,
        inference: asked.inference.clone(),
        probability: asked.probability.clone(),
        label: asked.ground_truth.clone(),
        threshold: asked.threshold,
        positive: asked.positive.clone(),
        sides: input.sides.clone(),
        probe: &probe,
        settings: &scan,
        store: options,
    };
    if !team.is_leader() {
        let columns = ScanColumns {
            layout: Layout::default(),
            plans: Vec::new(),
            mismatch: None,
        };
        let rows = || async {
            let read = read_labelled(&input.sources, &request, progress).await;
            read.map_err(|error| in_their_words(&error))?.to_bytes()
        };
        team.serve(&columns, &scan, progress, rows).await?;
        return Ok(None);
    }
    if team.n_objects == 0 {
        return nothing(settings, team, &Counts::default()).map(Some);
    }
    let mut rows = read_labelled(&input.sources, &request, progress)
        .await
        .map_err(|error| in_their_words(&error))?;
    if !team.is_alone() {
        for bytes in team.rows().await? {
            rows.append_bytes(&bytes)?;
        }
    }
    if rows.is_empty() {
        return nothing(settings, team, rows.counts()).map(Some);
    }
    let assessed = assess(rows, &request).map_err(|error| in_their_words(&error))?;
    let evaluated = format_rfc3339(tools.now);
    let statistics = Statistics::of_quality(&assessed.result, evaluated.as_deref());
    let mut documents = vec![
        (
            STATISTICS_FILE.to_owned(),
            statistics.to_bytes().map_err(document_fault)?,
        ),
        (
            CONSTRAINTS_FILE.to_owned(),
            ConstraintsFile::from(&suggest_constraints(&assessed.result))
                .to_bytes()
                .map_err(document_fault)?,
        ),
    ];
    let mut more = remarks(&assessed, input);
    let mut n_violations = 0;
    if let Some(location) = &settings.constraints {
        let constraints = constraints(location, settings, asked, options, &mut more).await?;
        let coverage = Coverage {
            n_predictions: assessed.n_rows,
            n_labelled: assessed.n_labelled,
        };
        let policy = QualityPolicy {
            convention: if settings.compat {
                QualityConvention::Sagemaker
            } else {
                QualityConvention::House
            },
            ..QualityPolicy::default()
        };
        let verdict = judge_quality(&assessed.result, &constraints, coverage, &policy);
        let violations = Violations::from(&verdict);
        n_violations = violations.violations.len();
        documents.push((
            VIOLATIONS_FILE.to_owned(),
            violations.to_bytes().map_err(document_fault)?,
        ));
    }
    Ok(Some(Finished {
        documents,
        metrics: Metrics::of_quality(&statistics),
        n_violations,
        more,
        no_data: None,
    }))
}

/// Columns without a header are `_c0`, `_c1`, …, as Model Monitor has them.
fn named(mut probe: Probe) -> Probe {
    if let (Some(RecordFormat::Csv), Some(SideShape::Positional(n))) = (probe.fallback, &probe.input) {
        probe.header = Some((0..*n).map(|idx| format!("_c{idx}")).collect());
    }
    probe
}

async fn constraints(
    location: &Location,
    settings: &Settings,
    asked: &ModelQuality,
    options: &StoreOptions,
    more: &mut Vec<String>,
) -> Result<QualityConstraints, EngineError> {
    let unusable = |problem: String, hint: &str| {
        EngineError::new(
            ErrorKind::Usage,
            format!(
                "baseline_constraints {} cannot be used: {problem}",
                settings.shown_baseline
            ),
        )
        .with_hint(hint)
    };
    let bytes = read_document("baseline_constraints", location, CONSTRAINTS_FILE, options).await?;
    let loaded = ConstraintsFile::from_bytes(&bytes)
        .and_then(|file| file.into_quality(None))
        .map_err(|error| unusable(error.to_string(), error.hint()))?;
    if loaded.constraints.problem != asked.problem {
        return Err(unusable(
            format!(
                "it is of a {} model, and problem_type says {}",
                loaded.constraints.problem.name(),
                asked.problem.name()
            ),
            "give the constraints of a baseline with the same problem_type",
        ));
    }
    if !loaded.without_threshold.is_empty() {
        more.push(format!(
            "Not judged, because the constraints have no number for them: {}.",
            loaded.without_threshold.join(", ")
        ));
    }
    Ok(loaded.constraints)
}

fn nothing(settings: &Settings, team: &Team, counts: &Counts) -> Result<Finished, EngineError> {
    let why = super::why_nothing(
        settings,
        team,
        counts.lines,
        counts.rejected,
        counts.outside_window,
    );
    if !settings.is_window() {
        return Err(EngineError::new(
            ErrorKind::NothingToAnalyse,
            format!("no labelled predictions: {why}"),
        )
        .with_hint("check dataset_source and dataset_format"));
    }
    let violations = Violations::default().to_bytes().map_err(document_fault)?;
    Ok(Finished {
        documents: vec![(VIOLATIONS_FILE.to_owned(), violations)],
        metrics: Metrics::default(),
        n_violations: 0,
        more: Vec::new(),
        no_data: Some(why),
    })
}

fn remarks(assessed: &Assessed, input: &Input) -> Vec<String> {
    let counts = &assessed.counts;
    let mut more = Vec::new();
    if counts.rejected > 0 {
        let reasons: Vec<String> = counts
            .rejects_by_reason
            .iter()
            .map(|(reason, n)| format!("{reason} {n}"))
            .collect();
        more.push(format!(
            "{} of {} lines could not be read ({}).",
            counts.rejected,
            counts.lines,
            reasons.join(", ")
        ));
    }
    for (n, what) in [
        (counts.unlabelled, "rows without a label were left out"),
        (counts.repeated, "rows delivered more than once counted once"),
        (counts.shadow, "records of shadow variants were passed over"),
        (
            input.n_dropped_by_script,
            "records were dropped by the preprocessor",
        ),
    ] {
        if n > 0 {
            more.push(format!("{n} {what}."));
        }
    }
    more
}

/// The flags of `driftline quality` by the names of Model Monitor's settings.
fn in_their_words(error: &EngineError) -> EngineError {
    let say = |text: &str| {
        text.replace("--prediction", "inference_attribute")
            .replace("--probability", "probability_attribute")
            .replace("--label", "ground_truth_attribute")
            .replace("--positive-ground_truth_attribute", "positive_label")
            .replace("--positive-label", "positive_label")
            .replace("--problem", "problem_type")
    };
    let message = say(&error.to_string());
    let hint = error.hint().map(say);
    let renamed = EngineError::new(error.kind(), message);
    match hint {
        Some(hint) => renamed.with_hint(hint),
        None => renamed,
    }
}
