//! Can labels be read, and do they join what was captured?
//!
//! Coverage is looked for in the newest windows, one after another, until one has it: labels come late. Measures no quality.

use super::Check;
use crate::monitor::{Monitor, QualitySettings};
use crate::quality::{QualityRequest, coverage};
use crate::report::format::percent;
use crate::scan::ScanSettings;
use crate::sources::discover;
use baselines::quality::QualityOptions;
use capture::schema::Schema;
use capture::time::TimeWindow;
use store::StoreOptions;

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;
/// Windows that are looked at, at most.
const MAX_WINDOWS: i64 = 8;

pub(super) async fn checks(
    monitor: &Monitor,
    schema: Option<Schema>,
    newest_hour: Option<i64>,
    options: &StoreOptions,
) -> Vec<Check> {
    let Some(ground_truth) = &monitor.ground_truth else {
        return match monitor.quality {
            Some(_) => vec![Check::wrong(
                "ground_truth",
                "[quality] is there, and nothing says where labels lie",
                "set `ground_truth`",
            )],
            None => Vec::new(),
        };
    };
    let sources = match discover(ground_truth, options, &TimeWindow::default()).await {
        Ok(sources) => sources,
        Err(error) => return vec![Check::failed("ground_truth", &error)],
    };
    if sources.objects.is_empty() {
        return vec![Check::warning(
            "ground_truth",
            format!("no label is at {ground_truth} yet"),
            "labels come by hour, as {prefix}/yyyy/mm/dd/hh/*.jsonl, or as a table with an id column",
        )];
    }
    let n_objects = sources.objects.len();
    let mut out = vec![Check::ok(
        "ground_truth",
        format!("{n_objects} objects at {ground_truth}"),
    )];
    let Some(problem) = monitor.problem else {
        out.push(Check::warning(
            "problem_type",
            "labels are there, and nothing says what is predicted, so quality is not measured",
            "set `problem_type` to binary, multiclass or regression",
        ));
        return out;
    };
    let quality = monitor.quality.clone().unwrap_or_default();
    let request = |window: TimeWindow| request(monitor, &quality, problem, schema.clone(), window, options);
    let length = monitor.window.seconds().max(DAY);
    let windows: Vec<TimeWindow> = match newest_hour {
        None => vec![TimeWindow::default()],
        Some(newest) => (0..MAX_WINDOWS)
            .map(|back| newest + HOUR - back * length)
            .map(|end| TimeWindow {
                start: Some(end - length),
                end: Some(end),
            })
            .collect(),
    };
    let (mut best, mut failed) = (None::<(u64, u64)>, None);
    for window in windows {
        match coverage(&request(window)).await {
            Ok(found) => {
                let share = |(labelled, of): (u64, u64)| labelled as f64 / of.max(1) as f64;
                if best.is_none_or(|best| share(found) > share(best)) {
                    best = Some(found);
                }
                if share(found) >= quality.policy.min_coverage {
                    break;
                }
            }
            // A window in which nothing was captured says nothing.
            Err(error) if error.kind() == crate::ErrorKind::NothingToAnalyse => {}
            Err(error) => {
                failed = Some(error);
                break;
            }
        }
    }
    out.push(match (best, failed) {
        (_, Some(error)) => Check::failed("quality", &error),
        (None, None) => Check::warning(
            "labels.coverage",
            "nothing was captured in the newest windows to join labels with",
            "check that capture is recent",
        ),
        (Some((0, of)), None) => Check::wrong(
            "labels.coverage",
            format!("no label joins any of {of} predictions"),
            "labels carry the inferenceId, or the eventId, of the record they belong to: compare a few by hand",
        ),
        (Some((labelled, of)), None) => {
            let share = labelled as f64 / of as f64;
            let found = format!("{labelled} of {of} predictions have a label ({})", percent(share));
            if share < quality.policy.min_coverage {
                Check::warning(
                    "labels.coverage",
                    found,
                    format!("quality is judged from {} on (quality.min_coverage)", percent(quality.policy.min_coverage)),
                )
            } else {
                Check::ok("labels.coverage", found)
            }
        }
    });
    out
}

fn request(
    monitor: &Monitor,
    quality: &QualitySettings,
    problem: baselines::quality::Problem,
    schema: Option<Schema>,
    window: TimeWindow,
    options: &StoreOptions,
) -> QualityRequest {
    let ground_truth = monitor.ground_truth.as_ref().unwrap_or(&monitor.capture);
    QualityRequest {
        capture: monitor.capture.clone(),
        ground_truth: ground_truth.clone(),
        baseline: quality.baseline.as_ref().unwrap_or(&monitor.baseline).clone(),
        problem,
        columns: quality.columns.clone(),
        classes: quality.classes.clone(),
        schema,
        segments: quality.segments.clone(),
        find_segments: false,
        bias: quality.bias.clone(),
        explain: None,
        sampling: None,
        options: QualityOptions::default(),
        policy: quality.policy.clone(),
        as_of: None,
        history: None,
        merged: false,
        // Nothing is written.
        output: monitor.baseline.clone(),
        settings: ScanSettings {
            window,
            variants: monitor.variants.clone(),
            ..ScanSettings::default()
        },
        store: options.clone(),
        title: None,
    }
}
