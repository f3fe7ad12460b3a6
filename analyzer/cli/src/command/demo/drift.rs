//! Third act: month by month, what the model is asked is held against what it learnt.

use super::{ENDPOINT, Stage};
use crate::message;
use crate::progress::Bar;
use baselines::judge::{CheckKind, Policy, Status};
use capture::time::TimeWindow;
use engine::analyze::{Analysis, AnalyzeRequest, REPORT_FILE, analyze_against};
use engine::baseline::load;
use engine::plan::OutputPosition;
use engine::report::format::{count, number};
use engine::scan::ScanSettings;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Folder of the windows' verdicts.
pub(super) const FOLDER: &str = "windows";

/// Judges every month; gives where the last report is.
pub(super) async fn watch(stage: &Stage) -> anyhow::Result<String> {
    message::data("3  windows\n");
    let baseline = load(&stage.baseline(), &stage.options).await?;
    let mut last_report = String::new();
    let mut violated = Vec::new();
    for month in &stage.months {
        let name = month.name();
        let request = AnalyzeRequest {
            capture: stage.capture(),
            baseline: stage.baseline(),
            schema: None,
            output_position: OutputPosition::Start,
            settings: ScanSettings {
                window: TimeWindow {
                    start: Some(month.start()),
                    end: Some(month.later(1).start()),
                },
                ..ScanSettings::default()
            },
            policy: Policy::default(),
            options: stage.options.clone(),
            title: Some(format!("{ENDPOINT} / AllTraffic, {name}")),
        };
        let analysis = analyze_against(&request, &baseline, &Bar::default()).await?;
        let output = stage.folder.join(FOLDER).join(&name);
        analysis.write(&output, &stage.options).await?;
        last_report = output.join(REPORT_FILE).to_string();
        message::data(&line(&name, &analysis));
        if analysis.verdict.status == Status::Violated {
            violated.push(name);
        }
    }
    if let Some(first) = violated.first() {
        message::data(&format!(
            "   {} of {} months violated, the first {first}: what the model is asked left what it learnt.\n",
            violated.len(),
            stage.months.len()
        ));
    }
    Ok(last_report)
}

fn line(month: &str, analysis: &Analysis) -> String {
    let verdict = &analysis.verdict;
    let status = match verdict.status {
        Status::Pass => "pass",
        Status::Violated => "VIOLATED",
        Status::NotEvaluated => "not evaluated",
    };
    let drifted = verdict
        .findings
        .iter()
        .filter(|f| matches!(f.check, CheckKind::Drift | CheckKind::BaselineDrift));
    let mut worst: BTreeMap<&str, f64> = BTreeMap::new();
    for finding in drifted {
        let value = worst
            .entry(finding.column.as_deref().unwrap_or_default())
            .or_default();
        *value = value.max(finding.value);
    }
    let mut worst: Vec<_> = worst.into_iter().collect();
    worst.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut out = String::new();
    let rows = count(analysis.scan.summary.n_rows);
    let n_findings = verdict.findings.len();
    let _infallible = write!(
        out,
        "   {month}  {status:13} {rows:>5} rows  {n_findings:>2} findings"
    );
    if !worst.is_empty() {
        let named: Vec<String> = worst
            .iter()
            .take(3)
            .map(|(name, value)| format!("{name} {}", number(*value)))
            .collect();
        let _infallible = write!(out, "  drift: {}", named.join(", "));
    }
    out + "\n"
}
