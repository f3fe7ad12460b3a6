//! `[alerts]`, good and bad.

use super::super::Monitor;
use super::*;
use crate::error::EngineError;
use store::Location;

const WHOLE: &str = r#"name = "churn"
capture = "capture"
baseline = "baseline"

[alerts]
recover_after = 2
remind_every = "1 day"
rate_limit = "10 per hour"
mute_hours = ["Sat-Sun 00:00-24:00"]
utc_offset = "+01:00"
report_url = "https://reports.example.com/{key}"

[alerts.metrics]
endpoint = "churn-prod"
schedule = "churn-hourly"

[alerts.routes.oncall]
form = "pagerduty"
routing_key_env = "PAGERDUTY_KEY"
reminders = false

[alerts.routes.team]
severity = "warning"
form = "slack"
url_env = "SLACK_URL"

[alerts.routes.hook]
form = "generic"
url = "https://hooks.example.com/driftline"
secret_env = "HOOK_SECRET"

[alerts.routes.mail]
sns = "arn:aws:sns:eu-west-1:111122223333:drift"
retraining = false

[alerts.routes.bus]
severity = "info"
event_bus = "default"
recoveries = false
"#;

fn parse(text: &str) -> Result<Option<AlertSettings>, EngineError> {
    let folder = Location::parse("settings").unwrap();
    Monitor::parse("monitor.toml", text, &folder).map(|monitor| monitor.alerts)
}

#[test]
fn a_whole_section_is_read() {
    let settings = parse(WHOLE).unwrap().unwrap();
    assert_eq!((settings.recover_after, settings.remind_every), (2, Some(86_400)));
    assert_eq!(
        settings.rate_limit,
        Some(RateLimit {
            n: 10,
            seconds: 3_600
        })
    );
    assert_eq!(settings.utc_offset.seconds(), 3_600);
    assert_eq!(settings.floor(), SeverityV1::Info);
    let metrics = settings.metrics.unwrap();
    assert_eq!(
        (metrics.endpoint.as_deref(), metrics.schedule.as_str()),
        (Some("churn-prod"), "churn-hourly")
    );
    assert_eq!(metrics.data_namespace, "aws/sagemaker/Endpoints/data-metrics");
    let routes = &settings.routes;
    assert_eq!(routes.len(), 5);
    let webhook = |form, url, secret: &str| Webhook {
        form,
        url,
        secret_env: (!secret.is_empty()).then(|| secret.to_owned()),
    };
    let pager = webhook(
        Form::PagerDuty,
        Place::Written(PAGERDUTY_URL.to_owned()),
        "PAGERDUTY_KEY",
    );
    assert_eq!(routes["oncall"].target, Target::Webhook(pager));
    let slack = webhook(Form::Slack, Place::Variable("SLACK_URL".to_owned()), "");
    assert_eq!(routes["team"].target, Target::Webhook(slack));
    let hook = Place::Written("https://hooks.example.com/driftline".to_owned());
    assert_eq!(
        routes["hook"].target,
        Target::Webhook(webhook(Form::Generic, hook, "HOOK_SECRET"))
    );
    assert_eq!(
        (routes["oncall"].severity, routes["oncall"].reminders),
        (SeverityV1::Violation, false)
    );
    assert_eq!(
        (routes["bus"].recoveries, routes["mail"].retraining),
        (false, false)
    );
}

#[test]
fn what_is_left_out_has_a_default() {
    let short = "name = 'a'\ncapture = 'c'\nbaseline = 'b'\n";
    assert_eq!(parse(short).unwrap(), None);
    let settings = parse(&format!("{short}[alerts]\n[alerts.metrics]\n"))
        .unwrap()
        .unwrap();
    assert_eq!((settings.recover_after, settings.remind_every), (1, None));
    assert_eq!(settings.rate_limit.unwrap().to_string(), "20 per hour");
    let metrics = settings.metrics.unwrap();
    assert_eq!((metrics.endpoint, metrics.schedule.as_str()), (None, "a"));
    assert_eq!(
        metrics.data_namespace,
        "aws/sagemaker/ModelMonitoring/data-metrics"
    );
    let unlimited = parse(&format!("{short}[alerts]\nrate_limit = 'none'\n"))
        .unwrap()
        .unwrap();
    assert_eq!(unlimited.rate_limit, None);
}

/// Each row: what of the whole file is replaced by what, and what the error must say. No error repeats what may be a secret.
#[test]
fn errors_name_line_and_column_and_what_was_meant() {
    let cases = [
        (
            "recover_after = 2",
            "recover_after = 0",
            "line 6, column 17: 0 windows, expected 1 to 100",
        ),
        (
            "recover_after",
            "recover_afte",
            "line 6, column 1: unknown field `recover_afte`",
        ),
        (
            "1 day",
            "1 minute",
            "line 7, column 16: reminders every 1 minute are too many, expected at least 10 minutes",
        ),
        (
            "10 per hour",
            "often",
            "line 8, column 14: `often` is no rate limit",
        ),
        (
            "Sat-Sun 00:00-24:00",
            "00:00-24:00",
            "line 9, column 14: mute_hours cover the whole week",
        ),
        ("+01:00", "Berlin", "line 10, column 14: `Berlin` is no time zone"),
        (
            "/{key}",
            "/",
            "line 11, column 14: `https://reports.example.com/` is no report_url",
        ),
        (
            "\"churn-prod\"",
            "\"\u{fc}\"",
            "line 14, column 12: this is no dimension's value",
        ),
        (
            "schedule = \"churn-hourly\"",
            "data_namespace = \"AWS/x\"",
            "line 15, column 18: `AWS/x` is no namespace",
        ),
        (
            "form = \"pagerduty\"",
            "form = \"pager\"",
            "line 18, column 8: unknown variant `pager`",
        ),
        (
            "routing_key_env = \"PAGERDUTY_KEY\"\n",
            "",
            "line 17, column 1: a pagerduty route needs `routing_key_env`",
        ),
        (
            "routing_key_env",
            "secret_env",
            "line 17, column 1: pagerduty has a routing key",
        ),
        (
            "\"PAGERDUTY_KEY\"",
            "\"hunter2-hunter2\"",
            "line 19, column 19: this is no name of an environment variable",
        ),
        (
            "severity = \"warning\"",
            "severity = \"worst\"",
            "line 23, column 12: unknown variant `worst`",
        ),
        (
            "url_env = \"SLACK_URL\"",
            "url = \"https://hooks.slack.com/hunter2\"",
            "line 22, column 1: the URL of a slack webhook is a secret",
        ),
        (
            "url_env = \"SLACK_URL\"\n",
            "",
            "line 22, column 1: a slack route needs `url_env`",
        ),
        (
            "https://hooks.example.com/driftline",
            "http://hooks.example.com",
            "line 27, column 1: `url` is not https",
        ),
        (
            "secret_env = \"HOOK_SECRET\"",
            "url_env = \"X\"",
            "line 27, column 1: `url` and `url_env` exclude each other",
        ),
        (
            "arn:aws:sns:eu-west-1:111122223333:drift",
            "drift",
            "line 33, column 7: `drift` is no topic",
        ),
        (
            "retraining = false",
            "secret_env = \"X\"",
            "line 32, column 1: `secret_env` is of webhooks, and this route has `sns`",
        ),
        (
            "event_bus = \"default\"\n",
            "",
            "line 36, column 1: a route has one receiver",
        ),
        (
            "retraining = false",
            "event_bus = \"x\"",
            "line 32, column 1: a route has one receiver, `form` (a webhook), `sns` or `event_bus`, found sns and event_bus",
        ),
        (
            "event_bus = \"default\"",
            "event_bus = \"a b\"",
            "line 38, column 13: `a b` is no event bus",
        ),
        ("routes.bus]", "routes.\"a.b\"]", "`a.b` cannot name a route"),
        (
            "routes.bus]",
            "routes.driftline-event-bus]",
            "`driftline-event-bus` cannot name a route",
        ),
    ];
    let mut wrong = Vec::new();
    for (from, to, message) in cases {
        assert!(WHOLE.contains(from), "{from}");
        let said = match parse(&WHOLE.replacen(from, to, 1)) {
            Ok(_) => "it was taken".to_owned(),
            Err(error) => error.to_string(),
        };
        if !said.starts_with("monitor.toml:") || !said.contains(message) || said.contains("hunter2") {
            wrong.push(format!("{to}: expected `{message}`, got: {said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
