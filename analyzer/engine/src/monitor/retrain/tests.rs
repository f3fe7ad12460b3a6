//! `[retrain]`, good and bad.

use super::super::Monitor;
use super::*;

const WHOLE: &str = r#"name = "churn"
capture = "capture"
baseline = "baseline"

[retrain]
pipeline = "churn-retrain"
when = "quality breach, or drift on 3 of 5 windows confirmed by estimated loss"
findings = ["drift", "type_change"]
severity = "violation"
ignore_columns = ["hr"]
evidence_within = "2 weeks"
resolve_after = 7
cooldown = "3 days"
max_per_month = 4
gpu_hours_per_month = 20
gpu_hours_per_run = 4.5
min_new_labels = 2000
min_new_rows = 5000
min_label_coverage = 0.5
min_label_readiness = 0.9
quiet_hours = ["22:00-06:00"]
utc_offset = "+01:00"
approval = "manual"
dry_run = true
model = "churn-model"
store = "s3://bucket/driftline"
labels = "labels"
instance_type = "ml.g5.12xlarge"
image = "image:1"

[retrain.parameters]
MinAuc = 0.7
Epochs = 20
Fast = false
Name = "x"
"#;

fn parse(text: &str) -> Result<Option<RetrainSettings>, EngineError> {
    let folder = Location::parse("settings").unwrap();
    Monitor::parse("monitor.toml", text, &folder).map(|monitor| monitor.retrain)
}

#[test]
fn a_whole_section_is_read() {
    let settings = parse(WHOLE).unwrap().unwrap();
    let policy = &settings.policy;
    assert_eq!(policy.when.signals().len(), 2);
    assert_eq!(
        (policy.cooldown, policy.evidence_within, policy.resolve_after),
        (Some(259_200), 1_209_600, 7)
    );
    assert_eq!(
        (policy.max_per_month, policy.gpu_hours_per_month),
        (Some(4), Some(20.0))
    );
    assert_eq!(policy.reserved_gpu_hours(), Some(4.5));
    assert_eq!(
        (policy.min_new_labels, policy.min_new_rows),
        (Some(2_000), Some(5_000))
    );
    assert_eq!(
        (policy.min_label_coverage, policy.min_label_readiness),
        (Some(0.5), Some(0.9))
    );
    assert_eq!(policy.quiet_hours.to_string(), "22:00-06:00");
    assert_eq!(policy.utc_offset.seconds(), 3_600);
    assert_eq!((policy.approval, policy.dry_run), (ApprovalMode::Manual, true));
    assert_eq!((policy.severity, policy.findings.len()), (Severity::Violation, 2));
    assert!(policy.ignored_columns.contains("hr"));
    assert_eq!((settings.model.as_str(), settings.gpus), ("churn-model", Some(4)));
    assert_eq!(settings.store.unwrap().to_string(), "s3://bucket/driftline");
    assert_eq!(settings.labels.unwrap().to_string(), "settings/labels");
    let parameters: Vec<(&str, &str)> = settings
        .parameters
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    assert_eq!(
        parameters,
        [
            ("Epochs", "20"),
            ("Fast", "false"),
            ("MinAuc", "0.7"),
            ("Name", "x")
        ]
    );
}

#[test]
fn two_keys_are_enough_and_no_section_is_none() {
    let head = "name = 'a'\ncapture = 'c'\nbaseline = 'b'\n";
    assert_eq!(parse(head).unwrap(), None);
    let settings = parse(&format!("{head}[retrain]\npipeline = 'p'\nwhen = 'drift'\n"))
        .unwrap()
        .unwrap();
    assert_eq!(settings.policy, Policy::new("p", "drift".parse().unwrap()));
    assert_eq!(
        (settings.model.as_str(), settings.instance_type.as_str()),
        ("a", "ml.g5.2xlarge")
    );
}

/// Each row: what of the whole file is replaced by what, and what the error must say.
#[test]
fn errors_name_line_and_column() {
    let rows = [
        (
            "quality breach, or",
            "qualty breach, or",
            "line 7, column 8: condition, column 1: `qualty` is nothing that a window can show",
        ),
        (
            "quality breach, or",
            "qualty breach, or",
            "did you mean `quality breach`?",
        ),
        (
            "cooldown =",
            "cooldwon =",
            "line 13, column 1: unknown field `cooldwon`",
        ),
        (
            "\"3 days\"",
            "\"1 month\"",
            "line 13, column 12: `month` is not a unit",
        ),
        (
            "max_per_month = 4",
            "max_per_month = 0",
            "line 14, column 17: 0 is too few",
        ),
        (
            "max_per_month = 4",
            "max_per_month = -1",
            "line 14, column 17: invalid value",
        ),
        (
            "month = 20",
            "month = nan",
            "line 15, column 23: NaN is no number of GPU hours",
        ),
        (
            "per_run = 4.5",
            "per_run = 45",
            "gpu_hours_per_run is 45, over gpu_hours_per_month of 20",
        ),
        (
            "min_label_coverage = 0.5",
            "min_label_coverage = 5",
            "line 19, column 22: 5 is no share",
        ),
        (
            "22:00-06:00",
            "22-06",
            "line 21, column 15: `22-06` is no quiet hours",
        ),
        (
            "22:00-06:00",
            "00:00-24:00",
            "line 21, column 15: quiet hours cover the whole week",
        ),
        (
            "+01:00",
            "Europe/Zurich",
            "line 22, column 14: `Europe/Zurich` is no time zone",
        ),
        (
            "\"manual\"",
            "\"maybe\"",
            "line 23, column 12: unknown variant `maybe`",
        ),
        (
            "\"violation\"",
            "\"bad\"",
            "line 9, column 12: unknown variant `bad`",
        ),
        (
            "\"type_change\"",
            "\"typ_change\"",
            "line 8, column 12: `typ_change` is no check",
        ),
        (
            "\"churn-retrain\"",
            "\"churn retrain\"",
            "line 6, column 12: `churn retrain` is no pipeline",
        ),
        (
            "\"churn-model\"",
            "\"churn/model\"",
            "line 25, column 9: `churn/model` cannot name",
        ),
        (
            "s3://bucket/",
            "s3://B/",
            "line 26, column 9: store is not a location",
        ),
        (
            "ml.g5.12xlarge",
            "ml.trn1.2xlarge",
            "`ml.trn1.2xlarge` is not among the known ones",
        ),
        (
            "MinAuc = 0.7",
            "WindowStart = 'x'",
            "parameter `WindowStart` is given by driftline itself",
        ),
        ("MinAuc = 0.7", "MinAuc = [1]", "parameter `MinAuc` is not a text"),
        ("when = \"q", "# \"q", "missing field `when`"),
    ];
    let mut wrong = Vec::new();
    for (from, to, expected) in rows {
        assert!(WHOLE.contains(from), "{from}");
        let said = match parse(&WHOLE.replacen(from, to, 1)) {
            Ok(_) => "it was taken".to_owned(),
            Err(error) => error.to_string(),
        };
        if !said.starts_with("monitor.toml:") || !said.contains(expected) {
            wrong.push(format!("{to}: expected `{expected}`, got: {said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
