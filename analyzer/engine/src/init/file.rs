//! The proposed monitor.toml: every line with where it comes from, and the commands that come next.
//!
//! Does not read and does not write: values are chosen here from what was found.

use super::guess::{GuessedProblem, problem_of, schema_of};
use super::{
    EndpointDescription, GUESSED_SCHEMA_FILE, InitRequest, Line, MONITOR_FILE, Proposal, Seen, Source,
};
use crate::error::{EngineError, ErrorKind};
use crate::monitor::{Length, SCHEMA_FILE};
use crate::report::format::{count, percent};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Rows from which a window shows a shift of a tenth of a standard deviation with a probability of 80 % at a level of
/// 0.001: ((z(0.9995) + z(0.8)) / 0.1)² = 1,707.
const ROWS_PER_WINDOW: f64 = 1_707.0;
/// Lengths that are proposed, the shortest that has enough rows.
const WINDOWS: [(i64, f64); 4] = [
    (3_600, 24.0),
    (6 * 3_600, 4.0),
    (86_400, 1.0),
    (7 * 86_400, 1.0 / 7.0),
];
/// Delivery of capture takes minutes; a file holds records of some minutes.
const GRACE: &str = "30 minutes";
const DEFAULT_BASELINE: &str = "baseline";

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A word as a shell reads it.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// Which endpoint is meant, and its variants.
struct Watched {
    endpoint: Option<String>,
    variants: Vec<String>,
    source: Source,
}

/// Chooses every value.
pub(super) fn write(request: &InitRequest) -> Result<Proposal, EngineError> {
    let watched = watched(request)?;
    let (capture, variant_in_capture) = capture(request, &watched)?;
    let seen = request.seen.as_ref().filter(|seen| seen.n_rows > 0);
    let guessed = seen.and_then(|seen| problem_of(&seen.columns));
    let mut lines = Vec::new();
    let mut add = |key: &str, value: String, source: Source, why: &str| {
        lines.push(Line {
            key: key.to_owned(),
            value,
            source,
            why: why.to_owned(),
        });
    };
    let name = name(request, &watched, &capture);
    let named_by = if request.name.is_some() {
        Source::Given
    } else {
        Source::Found
    };
    add(
        "name",
        quoted(&name),
        named_by,
        "what people call the monitor; it names its folder in the store",
    );
    if let Some(endpoint) = &watched.endpoint {
        add(
            "endpoint",
            quoted(endpoint),
            watched.source,
            "the endpoint it watches",
        );
    }
    if !watched.variants.is_empty() && !variant_in_capture {
        let names: Vec<String> = watched.variants.iter().map(|name| quoted(name)).collect();
        let why = "production variants that are watched; one monitor per variant tells them apart";
        add("variants", format!("[{}]", names.join(", ")), watched.source, why);
    } else if let [only] = &watched.variants[..] {
        add(
            "variants",
            format!("[{}]", quoted(only)),
            watched.source,
            "the production variant that is watched",
        );
    }
    let from_endpoint = request.capture.is_none();
    let source = if from_endpoint {
        Source::Found
    } else {
        Source::Given
    };
    let why = "captured traffic: {DestinationS3Uri}/{endpoint}/{variant}, or any folder of records; relative to this file";
    add("capture", quoted(&capture), source, why);
    let baseline = request.baseline.as_deref().unwrap_or(DEFAULT_BASELINE);
    let source = if request.baseline.is_some() {
        Source::Given
    } else {
        Source::Default
    };
    let why = "what is normal: the output of `driftline baseline`, or Model Monitor's statistics.json and constraints.json";
    add("baseline", quoted(baseline), source, why);
    if let Some(labels) = &request.ground_truth {
        add(
            "ground_truth",
            quoted(labels),
            Source::Given,
            "labels, joined to predictions by inference id",
        );
    }
    let schema = seen
        .filter(|seen| !seen.columns.is_empty())
        .map(|seen| schema_of(&seen.columns, guessed.as_ref()));
    if schema.is_some() {
        let why = format!(
            "column names and types, guessed from {} rows: give the columns their real names there",
            count(seen.map_or(0, |seen| seen.n_rows))
        );
        add("schema", quoted(GUESSED_SCHEMA_FILE), Source::Guessed, &why);
    }
    match (request.problem, &guessed) {
        (Some(problem), _) => add(
            "problem_type",
            quoted(problem.name()),
            Source::Given,
            "what is predicted",
        ),
        (None, Some(found)) => add(
            "problem_type",
            quoted(found.problem.name()),
            Source::Guessed,
            &found.why,
        ),
        (None, None) => {}
    }
    let (window, source, why) = window(request, seen);
    add("window", quoted(&window.to_string()), source, &why);
    let why = "how long a window waits after its end: capture reaches S3 some minutes late, and a file holds some minutes";
    add("grace", quoted(GRACE), Source::Default, why);
    add(
        "time_zone",
        quoted("UTC"),
        Source::Default,
        "in which reports show times; documents have UTC",
    );
    let why = "the knob: false alarms accepted, over all columns and windows of this monitor";
    add(
        "drift.false_alarms",
        quoted("1 per 90 days"),
        Source::Default,
        why,
    );
    add(
        "drift.min_effect",
        "0.02".to_owned(),
        Source::Default,
        "share of the rows that must have moved to matter",
    );
    quality_lines(request, guessed.as_ref(), &mut add);
    health_lines(request, seen, &mut add);
    let mut proposal = Proposal {
        next: next(&capture, baseline, request, schema.is_some()),
        warnings: warnings(request, &watched, seen),
        name,
        schema,
        monitor_toml: String::new(),
        lines,
    };
    proposal.monitor_toml = render(&proposal);
    Ok(proposal)
}

fn watched(request: &InitRequest) -> Result<Watched, EngineError> {
    if let Some(endpoint) = &request.endpoint {
        let captured = endpoint
            .variants
            .iter()
            .filter(|name| !endpoint.serverless.contains(name));
        return Ok(Watched {
            endpoint: Some(endpoint.name.clone()),
            variants: captured.cloned().collect(),
            source: Source::Found,
        });
    }
    let endpoints = request.seen.as_ref().map(|seen| &seen.endpoints);
    let names: Vec<&String> = endpoints.into_iter().flat_map(|found| found.keys()).collect();
    if names.len() > 1 {
        let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
        return Err(EngineError::new(
            ErrorKind::Usage,
            format!(
                "the capture is of {} endpoints: {}",
                names.len(),
                names.join(", ")
            ),
        )
        .with_hint("choose one with --endpoint-name NAME: a monitor watches one endpoint"));
    }
    let found = endpoints.and_then(|found| found.iter().next());
    Ok(Watched {
        endpoint: found
            .map(|(name, _)| name.clone())
            .or_else(|| request.endpoint_name.clone()),
        variants: found
            .into_iter()
            .flat_map(|(_, variants)| variants.iter().cloned())
            .collect(),
        // Folders above the location need not be SageMaker's.
        source: match &request.seen {
            Some(seen) if seen.depth < 2 => Source::Guessed,
            _ => Source::Found,
        },
    })
}

/// The capture as the file names it, and whether that is one variant's folder.
fn capture(request: &InitRequest, watched: &Watched) -> Result<(String, bool), EngineError> {
    let one_variant = match &watched.variants[..] {
        [only] => Some(only),
        _ => None,
    };
    if let Some(given) = &request.capture {
        let base = given.trim_end_matches('/');
        let (Some(endpoint), Some(seen)) = (&watched.endpoint, &request.seen) else {
            return Ok((given.clone(), false));
        };
        return Ok(match (seen.depth, one_variant) {
            (0, _) => (given.clone(), true),
            (1, Some(variant)) => (format!("{base}/{variant}"), true),
            (2, Some(variant)) => (format!("{base}/{endpoint}/{variant}"), true),
            (2, None) => (format!("{base}/{endpoint}"), false),
            _ => (given.clone(), false),
        });
    }
    let destination = request
        .endpoint
        .as_ref()
        .and_then(|endpoint| endpoint.destination.as_deref());
    let (Some(destination), Some(endpoint)) = (destination, &watched.endpoint) else {
        let what = request.endpoint.as_ref().map_or_else(
            || "neither an endpoint nor a capture was given".to_owned(),
            |endpoint| {
                format!(
                    "endpoint {} has no DataCaptureConfig, so nothing is captured",
                    endpoint.name
                )
            },
        );
        return Err(EngineError::new(ErrorKind::Usage, what).with_hint(
            "switch capture on (DataCaptureConfig of a new endpoint configuration), or give --capture LOCATION",
        ));
    };
    let base = destination.trim_end_matches('/');
    // SageMaker takes https:// for the destination too; the bucket's objects are the same.
    Ok(match one_variant {
        Some(variant) => (format!("{base}/{endpoint}/{variant}"), true),
        None => (format!("{base}/{endpoint}"), false),
    })
}

fn name(request: &InitRequest, watched: &Watched, capture: &str) -> String {
    let raw = request
        .name
        .clone()
        .or_else(|| watched.endpoint.clone())
        .unwrap_or_else(|| {
            let last = capture
                .trim_end_matches('/')
                .rsplit('/')
                .next()
                .unwrap_or_default();
            last.split('.').next().unwrap_or_default().to_owned()
        });
    if request.name.is_some() {
        return raw;
    }
    let fits = |c: char| {
        if c.is_ascii_alphanumeric() || "-_".contains(c) {
            c
        } else {
            '-'
        }
    };
    let name: String = raw.chars().map(fits).take(63).collect();
    if name.is_empty() {
        "monitor".to_owned()
    } else {
        name
    }
}

fn window(request: &InitRequest, seen: Option<&Seen>) -> (Length, Source, String) {
    if let Some(window) = request.window {
        return (window, Source::Given, "length of a window".to_owned());
    }
    let Some(per_day) = seen.and_then(|seen| seen.records_per_day) else {
        let why = "length of a window: a day, since nothing says how many records come";
        return (Length::DAY, Source::Default, why.to_owned());
    };
    let enough = |(_, per_day_windows): &&(i64, f64)| per_day / per_day_windows >= ROWS_PER_WINDOW;
    let (seconds, windows) = WINDOWS.iter().find(enough).unwrap_or(&WINDOWS[3]);
    let why = format!(
        "about {} rows come in a day, {} in a window: the shortest with the {} rows that show a shift of a tenth of a \
         standard deviation{}",
        count(per_day as u64),
        count((per_day / windows) as u64),
        count(ROWS_PER_WINDOW as u64),
        if per_day / windows < ROWS_PER_WINDOW {
            ", which no length up to a week has"
        } else {
            ""
        }
    );
    (Length::from_seconds(*seconds), Source::Guessed, why)
}

fn quality_lines(
    request: &InitRequest,
    guessed: Option<&GuessedProblem>,
    add: &mut impl FnMut(&str, String, Source, &str),
) {
    if request.ground_truth.is_none() || (request.problem.is_none() && guessed.is_none()) {
        return;
    }
    // Another problem than the guessed one has other columns.
    let fits = guessed.filter(|found| request.problem.is_none_or(|problem| problem == found.problem));
    let Some(found) = fits else {
        let why = "labelled predictions there must be before quality is judged";
        return add("quality.min_labels", "30".to_owned(), Source::Default, why);
    };
    if let Some(prediction) = &found.prediction {
        add(
            "quality.prediction",
            quoted(prediction),
            Source::Guessed,
            "the predicted class or value",
        );
    }
    match &found.probability[..] {
        [] => {}
        [only] => add(
            "quality.probability",
            quoted(only),
            Source::Guessed,
            "probability of the positive class",
        ),
        several => {
            let names: Vec<String> = several.iter().map(|name| quoted(name)).collect();
            let why = "probabilities, one per class; name the classes in the same order with `classes`";
            add(
                "quality.probability",
                format!("[{}]", names.join(", ")),
                Source::Guessed,
                why,
            );
        }
    }
    let why = "share of predictions that must have a label before quality is judged";
    add("quality.min_coverage", "0.5".to_owned(), Source::Default, why);
}

fn health_lines(
    request: &InitRequest,
    seen: Option<&Seen>,
    add: &mut impl FnMut(&str, String, Source, &str),
) {
    if seen.is_some_and(|seen| seen.is_table) {
        return add(
            "capture_health.enabled",
            "false".to_owned(),
            Source::Found,
            "a table, not capture",
        );
    }
    if let Some(sampling) = request.endpoint.as_ref().and_then(|endpoint| endpoint.sampling)
        && sampling > 0
    {
        let why = "the endpoint's sampling percentage; with `invocations` what is seen is held against it";
        add(
            "capture_health.sampling",
            sampling.to_string(),
            Source::Found,
            why,
        );
    }
    let options = request.endpoint.as_ref().and_then(|endpoint| endpoint.options);
    let one_by_options = options.map(|options| !(options.input && options.output));
    let one_sided = one_by_options.or(seen.map(|seen| seen.one_sided_share > 0.5));
    if let Some(one) = one_sided {
        let source = if one_by_options.is_some() {
            Source::Found
        } else {
            Source::Guessed
        };
        let (value, why) = if one {
            (
                "one",
                "one side is captured: a record without the other is no fault",
            )
        } else {
            (
                "both",
                "input and output are captured: a record with one side only is a fault",
            )
        };
        add("capture_health.sides", quoted(value), source, why);
    }
    let why = "share by which the number of records may differ from the usual; silence is always told";
    add(
        "capture_health.volume_change",
        "0.5".to_owned(),
        Source::Default,
        why,
    );
}

fn warnings(request: &InitRequest, watched: &Watched, seen: Option<&Seen>) -> Vec<String> {
    let mut out = request
        .endpoint
        .as_ref()
        .map(endpoint_warnings)
        .unwrap_or_default();
    if watched.variants.len() > 1 {
        out.push(format!(
            "{} variants are watched as one; a monitor for each tells them apart",
            watched.variants.len()
        ));
    }
    match seen {
        None => out
            .push("nothing captured was looked at, so schema, problem and window are not guessed".to_owned()),
        Some(seen) => {
            let unnamed = seen.columns.iter().any(|column| is_neutral(&column.name));
            if unnamed {
                out.push(format!(
                    "the records have no column names: put them into {GUESSED_SCHEMA_FILE}, in the order of the fields"
                ));
            }
            if request.ground_truth.is_some() && !seen.has_inference_ids {
                out.push(
                    "the records carry no inference ids: labels are joined by eventId, which the caller must have kept \
                     (InferenceId of InvokeEndpoint gives ids of your own)"
                        .to_owned(),
                );
            }
            if seen.one_sided_share > 0.0 && seen.one_sided_share <= 0.5 {
                out.push(format!(
                    "{} of the records have one side only",
                    percent(seen.one_sided_share)
                ));
            }
        }
    }
    out
}

/// A name that decoding gave because there was none.
fn is_neutral(name: &str) -> bool {
    let number = name
        .strip_prefix("input_")
        .or_else(|| name.strip_prefix("output_"));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

fn endpoint_warnings(endpoint: &EndpointDescription) -> Vec<String> {
    let mut out = Vec::new();
    if endpoint.enabled == Some(false) {
        out.push(
            "capture is configured and switched off (EnableCapture is false): nothing new will come"
                .to_owned(),
        );
    }
    if endpoint.capture_status.as_deref() == Some("Stopped") {
        out.push("capture is stopped (CaptureStatus): nothing new will come".to_owned());
    }
    if endpoint.sampling == Some(0) {
        out.push("the sampling percentage is 0: nothing will be captured".to_owned());
    }
    if let Some(status) = endpoint.status.as_deref().filter(|status| *status != "InService") {
        out.push(format!("the endpoint is not in service: its status is {status}"));
    }
    if !endpoint.serverless.is_empty() {
        out.push(format!(
            "serverless variants are not captured by SageMaker: {}",
            endpoint.serverless.join(", ")
        ));
    }
    if endpoint.options.is_some() && !endpoint.has_content_types {
        out.push(
            "CaptureContentTypeHeader is not set, so payloads are stored as BASE64; driftline decodes text in them"
                .to_owned(),
        );
    }
    out
}

fn next(capture: &str, baseline: &str, request: &InitRequest, has_schema: bool) -> Vec<String> {
    let mut out = Vec::new();
    if request.baseline.is_none() {
        let schema = if has_schema {
            format!(" --schema {GUESSED_SCHEMA_FILE}")
        } else {
            String::new()
        };
        // Training data is what a baseline should be of; traffic that is known to be good is the next best.
        out.push(format!(
            "driftline baseline --data TRAINING_DATA{schema} --output {}   # or --data {}",
            word(baseline),
            word(capture)
        ));
    }
    out.push(format!("driftline monitor check --monitor {MONITOR_FILE}"));
    out.push(format!(
        "driftline analyze --monitor {MONITOR_FILE} --start START --end END --output OUTPUT"
    ));
    out
}

/// The file: a comment above each line says why it is so.
fn render(proposal: &Proposal) -> String {
    let mut out = format!(
        "#:schema ./{SCHEMA_FILE}\n# Made by `driftline init`. Lines marked `guess` are for you to check; docs/monitor.md describes every key.\n"
    );
    let mut sections: Vec<&str> = Vec::new();
    let mut in_order: BTreeSet<&str> = BTreeSet::new();
    for line in &proposal.lines {
        let section = line.key.split_once('.').map_or("", |(section, _)| section);
        if in_order.insert(section) {
            sections.push(section);
        }
    }
    for section in sections {
        if !section.is_empty() {
            let _infallible = writeln!(out, "\n[{section}]");
        }
        for line in &proposal.lines {
            let (of, key) = line.key.split_once('.').unwrap_or(("", &line.key));
            if of != section {
                continue;
            }
            let mark = if line.source == Source::Guessed {
                "guess: "
            } else {
                ""
            };
            let _infallible = writeln!(out, "# {mark}{}", line.why);
            let _infallible = writeln!(out, "{key} = {}", line.value);
        }
    }
    out.push_str("\n# Next:\n");
    for command in &proposal.next {
        let _infallible = writeln!(out, "#   {command}");
    }
    out
}
