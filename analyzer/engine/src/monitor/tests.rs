//! Settings files, good and bad.

use super::*;

const WHOLE: &str = r#"name = "bike-demand"
capture = "capture/bike-demand/AllTraffic"
baseline = "/var/baseline"
schema = "s3://bucket/schema.json"
output_columns_position = "end"
window = "6 hours"
grace = "30 minutes"

[drift]
false_alarms = "2 per 52 weeks"
min_effect = 0.05
persistence = "3 of 4"
reference = "baseline"

[drift.columns.hr]
ignore = true

[drift.columns."a b.c"]
min_effect = 0.1
"#;

fn parse(text: &str, folder: &str) -> Result<Monitor, EngineError> {
    Monitor::parse("monitor.toml", text, &Location::parse(folder).unwrap())
}

#[test]
fn a_whole_file_is_read() {
    let monitor = parse(WHOLE, "set/tings").unwrap();
    assert_eq!(monitor.name, "bike-demand");
    assert_eq!(
        monitor.capture.to_string(),
        "set/tings/capture/bike-demand/AllTraffic"
    );
    assert_eq!(monitor.baseline.to_string(), "/var/baseline");
    assert_eq!(monitor.schema.unwrap().to_string(), "s3://bucket/schema.json");
    assert_eq!(monitor.output_position, OutputPosition::End);
    assert_eq!(
        (monitor.window.seconds(), monitor.grace.seconds()),
        (21_600, 1_800)
    );
    let drift = monitor.drift;
    assert_eq!(drift.false_alarms, "2 per 52 weeks".parse().unwrap());
    assert_eq!(
        (drift.min_effect.distribution, drift.min_effect.rate),
        (0.05, 0.01)
    );
    assert_eq!(drift.persistence, "3 of 4".parse().unwrap());
    assert!(drift.columns["hr"].ignore);
    assert_eq!(drift.columns["a b.c"].min_effect, Some(0.1));
}

#[test]
fn what_is_left_out_has_a_default() {
    let monitor = parse("name = 'a'\ncapture = './c'\nbaseline = 'b'", ".").unwrap();
    assert_eq!(monitor.window, Length::DAY);
    assert_eq!(monitor.grace.seconds(), 0);
    assert_eq!(monitor.drift.false_alarms, FalseAlarmBudget::default());
    assert_eq!(monitor.drift.persistence, Persistence::default());
    assert_eq!(monitor.capture.as_path().unwrap(), std::path::Path::new("./c"));
    assert_eq!(monitor.schema, None);
}

#[test]
fn locations_of_a_file_in_s3_are_beside_it() {
    let monitor = parse(
        "name = 'a'\ncapture = './c'\nbaseline = '/b'",
        "s3://bucket/monitors/a",
    )
    .unwrap();
    assert_eq!(monitor.capture.to_string(), "s3://bucket/monitors/a/c");
    assert_eq!(monitor.baseline.to_string(), "/b");
}

/// Each row: what of the whole file is replaced by what, and what the error and its hint must say.
#[test]
fn errors_name_line_and_column_and_what_was_meant() {
    let cases = [
        (
            "false_alarms =",
            "false_alarm =",
            "line 10, column 1: unknown field `false_alarm`",
            "did you mean `false_alarms`?",
        ),
        (
            "[drift]",
            "[drfit]",
            "line 9, column 2: unknown field `drfit`",
            "did you mean `drift`?",
        ),
        (
            "ignore = true",
            "ignored = true",
            "line 16, column 1: unknown field `ignored`",
            "did you mean `ignore`?",
        ),
        (
            "grace =",
            "quux =",
            "line 7, column 1: unknown field `quux`",
            "docs/monitor.md",
        ),
        (
            "6 hours",
            "1 minute",
            "line 6, column 10: a window of 1 minute is too short, expected at least 5 minutes",
            "docs/monitor.md",
        ),
        (
            "6 hours",
            "1 month",
            "line 6, column 10: `month` is not a unit",
            "docs/monitor.md",
        ),
        (
            "2 per 52 weeks",
            "often",
            "line 10, column 16: a false-alarm budget reads like",
            "docs/monitor.md",
        ),
        ("3 of 4", "4 of 3", "line 12, column 15:", "docs/monitor.md"),
        (
            "0.05",
            "5",
            "line 11, column 14: 5 is no share, expected a share",
            "docs/monitor.md",
        ),
        (
            "0.05",
            "'a'",
            "line 11, column 14: invalid type: string",
            "docs/monitor.md",
        ),
        (
            "\"baseline\"\n\n[drift.c",
            "\"yesterday\"\n\n[drift.c",
            "line 13, column 13: `yesterday` is no reference",
            "docs/monitor.md",
        ),
        (
            "\"bike-demand\"",
            "\"bike/demand\"",
            "line 1, column 8: `bike/demand` cannot name a monitor",
            "docs/monitor.md",
        ),
        (
            "s3://bucket/",
            "s3://B/",
            "line 4, column 10: schema is not a location",
            "s3://bucket/prefix",
        ),
        (
            "baseline = \"/var",
            "# \"/var",
            "missing field `baseline`",
            "docs/monitor.md",
        ),
        ("[drift]\n", "[drift\n", "line 9, column", "docs/monitor.md"),
        (
            "grace = \"30 minutes\"",
            "grace = \"30 minutes\"\nname = 'again'",
            "line 8, column 1: duplicate key",
            "docs/monitor.md",
        ),
    ];
    let mut wrong = Vec::new();
    for (from, to, message, hint) in cases {
        assert!(WHOLE.contains(from), "{from}");
        let found = parse(&WHOLE.replacen(from, to, 1), "folder");
        let said = match &found {
            Ok(_) => "it was taken".to_owned(),
            Err(error) => format!("{error}\n  hint: {}", error.hint().unwrap_or_default()),
        };
        let fits = said.starts_with("monitor.toml:") && said.contains(message) && said.contains(hint);
        if !fits {
            wrong.push(format!("{to}: expected `{message}` and `{hint}`, got: {said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_file_that_is_missing_or_no_text_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.toml");
    let at = Location::local(&path).unwrap();
    let options = StoreOptions::default();
    let error = Monitor::load(&at, &options).await.unwrap_err();
    assert!(error.to_string().contains("m.toml"), "{error}");
    std::fs::write(&path, b"name = \"\xff\"").unwrap();
    let error = Monitor::load(&at, &options).await.unwrap_err();
    assert!(error.to_string().contains("byte 8"), "{error}");
}
