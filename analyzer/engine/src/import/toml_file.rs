//! `monitor.toml` of an imported schedule, and the commands that do what it did.
//!
//! Does not decide what a value means (`definition`).

use super::definition::{Definition, MonitorKind};
use super::length_text;
use std::fmt::Write as _;

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

/// The file.
pub(super) fn write(definition: &Definition, capture: &str) -> String {
    let mut out = String::new();
    let _infallible = writeln!(
        out,
        "# Imported from the monitoring schedule {}. docs/monitor.md describes every key.",
        definition.monitor_name()
    );
    for (key, value) in [
        ("name", definition.monitor_name()),
        ("capture", capture.to_owned()),
        ("baseline", "baseline".to_owned()),
        ("window", length_text(window(definition))),
    ] {
        let _infallible = writeln!(out, "{key} = {}", quoted(&value));
    }
    if definition.grace_seconds() > 0 {
        let grace = length_text(definition.grace_seconds());
        let _infallible = writeln!(out, "grace = {}", quoted(&grace));
    }
    out.push_str(
        "\n# Model Monitor's thresholds stay in baseline/constraints.json. What may alarm beside them is here.\n[drift]\n\
         false_alarms = \"1 per 90 days\"\n",
    );
    out
}

/// A window that a monitor may have.
fn window(definition: &Definition) -> i64 {
    definition.window_seconds().max(300)
}

impl Definition {
    /// `--problem` of a model-quality monitor.
    pub(super) fn problem(&self) -> &'static str {
        let named = self
            .app()
            .and_then(|app| app.get("ProblemType"))
            .and_then(serde_json::Value::as_str);
        match named {
            Some("Regression") => "regression",
            Some("MulticlassClassification") => "multiclass",
            _ => "binary",
        }
    }
}

/// What to run.
pub(super) fn commands(definition: &Definition, capture: &str) -> Vec<String> {
    let flag = |out: &mut String, name: &str, value: Option<&str>| {
        if let Some(value) = value {
            let _infallible = write!(out, " {name} {}", word(value));
        }
    };
    let threshold = definition
        .input()
        .and_then(|(_, input)| input.get("ProbabilityThresholdAttribute"))
        .and_then(serde_json::Value::as_f64)
        .map(|value| value.to_string());
    let span = "--start START --end END";
    match definition.kind {
        MonitorKind::DataQuality => vec![
            format!("driftline analyze --monitor monitor.toml {span} --output OUTPUT"),
            format!(
                "driftline replay --capture {} --baseline baseline --history MODEL_MONITOR_OUTPUT --every {}",
                word(capture),
                word(&length_text(window(definition)))
            ),
        ],
        MonitorKind::ModelQuality => {
            let mut out = format!(
                "driftline quality --capture {} --baseline baseline --problem {}",
                word(capture),
                definition.problem()
            );
            flag(&mut out, "--ground-truth", definition.ground_truth());
            flag(
                &mut out,
                "--prediction",
                definition.input_text("InferenceAttribute"),
            );
            flag(
                &mut out,
                "--probability",
                definition.input_text("ProbabilityAttribute"),
            );
            flag(&mut out, "--threshold", threshold.as_deref());
            vec![format!("{out} {span} --output OUTPUT")]
        }
        MonitorKind::ModelBias => {
            let mut out =
                "driftline bias --config baseline/analysis_config.json --data MERGED_RECORDS --baseline \
                           baseline/analysis.json"
                    .to_owned();
            flag(
                &mut out,
                "--features-attribute",
                definition.input_text("FeaturesAttribute"),
            );
            let probability = definition.input_text("ProbabilityAttribute");
            match probability {
                Some(_) => flag(&mut out, "--probability-attribute", probability),
                None => flag(
                    &mut out,
                    "--inference-attribute",
                    definition.input_text("InferenceAttribute"),
                ),
            }
            flag(&mut out, "--probability-threshold", threshold.as_deref());
            vec![format!("{out} {span} --output OUTPUT")]
        }
        MonitorKind::ModelExplainability => vec![
            "driftline bias --analysis LIVE_ANALYSIS --baseline baseline/analysis.json --output OUTPUT"
                .to_owned(),
        ],
    }
}
