//! The schema for editors and the reader take and refuse the same files.
//!
//! Rows change one thing in a file that has every key. What a schema cannot say (sums, grammars, names of zones) is listed
//! by itself: there the reader alone refuses, and an editor shows nothing.

use super::{Monitor, SCHEMA};
use store::Location;

/// Every key there is.
pub(super) const WHOLE: &str = r#"name = "churn"
endpoint = "churn-prod"
variants = ["AllTraffic", "blue"]
capture = "s3://bucket/capture/churn-prod/AllTraffic"
baseline = "/var/baseline"
ground_truth = "labels"
schema = "schema.json"
problem_type = "binary"
history = "history"
output_columns_position = "end"
window = "6 hours"
grace = "30 minutes"
time_zone = "Europe/Zurich"

[drift]
false_alarms = "2 per 52 weeks"
min_effect = 0.05
min_rate_effect = 0.02
persistence = "3 of 4"
reference = "trailing:24"

[drift.columns.hr]
ignore = true

[drift.columns."a b.c"]
min_effect = 0.1
min_rate_effect = 1

[quality]
baseline = "quality-baseline"
prediction = 0
probability = ["score", 1]
label = "churned"
id = "row"
time = "when"
ground_truth_id = "row"
label_time = "known_at"
threshold = 0.7
positive_label = "yes"
classes = ["no", "yes"]
value_matrix = [[0, -1], [-5.5, 0]]
segments = ["region"]
find_segments = true
facets = ["city", "city=Bern, Basel", "age > 40.5"]
group = "region"
bias_outcome = ">0.5"
attributions = "shap_"
attribution_limit = 0.8
clarify = ["analysis.json"]
explain = "train.csv"
sampling = "sampling.csv"
min_coverage = 0.25
min_labels = 50
convention = "sagemaker"
history = "delays"
merged = false

[quality.bias_ranges]
DI = "0.8..1.25"
AD = "..0.05"

[capture_health]
enabled = true
sampling = 20
sampling_tolerance = 0.01
invocations = "invocations.csv"
sides = "one"
false_alarms = "1 per year"
max_one_sided = 0.1
max_decode_failures = 0.001
max_duplicates = 0
max_late = 0.05
min_id_coverage = 0.9
volume_change = 0.3

[retrain]
pipeline = "churn-retrain"
when = "quality breach, or drift on 3 of 5 windows"
findings = ["drift", "capture_gap"]
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
quiet_hours = ["22:00-06:00", "Sat-Sun 00:00-24:00"]
utc_offset = "+01:00"
approval = "manual"
dry_run = true
model = "churn-model"
store = "s3://bucket/driftline"
labels = "labels"
instance_type = "ml.g5.12xlarge"
gpus = 4
image = "image:1"

[retrain.parameters]
MinAuc = 0.7
Epochs = 20
Fast = false
Name = "x"

[alerts]
recover_after = 2
remind_every = "1 day"
rate_limit = "20 per hour"
mute_hours = ["Sat-Sun 00:00-24:00"]
utc_offset = "+01:00"
report_url = "https://reports.example.com/{key}"

[alerts.routes.oncall]
form = "pagerduty"
routing_key_env = "PAGERDUTY_KEY"

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
recoveries = true
reminders = false
retraining = true

[alerts.routes.bus]
event_bus = "default"

[alerts.metrics]
endpoint = "churn-prod"
schedule = "churn-hourly"
data_namespace = "aws/sagemaker/Endpoints/data-metrics"
model_namespace = "mine"
"#;

const LEAST: &str = "name = 'a'\ncapture = 'c'\nbaseline = 'b'\n";

fn reader(text: &str) -> Result<(), String> {
    Monitor::parse("monitor.toml", text, &Location::parse(".").unwrap())
        .map(drop)
        .map_err(|error| error.to_string())
}

fn schema(text: &str) -> Result<(), String> {
    let toml: toml::Table = toml::from_str(text).map_err(|error| error.to_string())?;
    let json = serde_json::to_value(toml).unwrap();
    let schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    validator.validate(&json).map_err(|error| error.to_string())
}

#[test]
fn the_schema_is_a_schema() {
    let schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
    assert!(jsonschema::meta::is_valid(&schema));
}

#[test]
fn both_take_good_files() {
    let mut files = vec![WHOLE.to_owned(), LEAST.to_owned()];
    for (from, to) in [
        ("6 hours", "5 minutes"),
        ("6 hours", "300 seconds"),
        ("6 hours", "90 min"),
        ("6 hours", "week"),
        ("30 minutes", "0 seconds"),
        ("Europe/Zurich", "America/Argentina/Buenos_Aires"),
        ("Europe/Zurich", "UTC"),
        ("2 per 52 weeks", "1 per year"),
        ("2 per 52 weeks", "0.001 per run"),
        ("2 per 52 weeks", "0.001"),
        ("trailing:24", "season"),
        ("[\"score\", 1]", "\"score\""),
        ("[\"score\", 1]", "1"),
        ("s3://bucket/capture/churn-prod/AllTraffic", "file:///capture"),
        ("s3://bucket/capture/churn-prod/AllTraffic", "s3://bucket"),
        ("\">0.5\"", "\"yes,maybe\""),
        ("sampling = 20", "sampling = 0.5"),
        ("20 per hour", "none"),
        ("problem_type = \"binary\"", "problem_type = \"regression\""),
        ("utc_offset = \"+01:00\"", "utc_offset = \"UTC\""),
    ] {
        assert!(WHOLE.contains(from), "{from}");
        files.push(WHOLE.replacen(from, to, 1));
    }
    for section in ["[drift]", "[quality]", "[capture_health]"] {
        files.push(format!("{LEAST}{section}\n"));
    }
    for file in &files {
        assert_eq!((reader(file), schema(file)), (Ok(()), Ok(())), "{file}");
    }
}

/// Every key of the schema is in the whole file, so that no row can be forgotten when a key is added.
#[test]
fn the_whole_file_has_every_key_of_the_schema() {
    let schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
    let whole: toml::Table = toml::from_str(WHOLE).unwrap();
    let keys = |properties: &serde_json::Value| -> Vec<String> {
        properties.as_object().unwrap().keys().cloned().collect()
    };
    for key in keys(&schema["properties"]) {
        assert!(whole.contains_key(&key), "{key}");
    }
    for (section, definition) in [
        ("drift", "Drift"),
        ("quality", "Quality"),
        ("capture_health", "CaptureHealth"),
        ("retrain", "Retrain"),
        ("alerts", "Alerts"),
    ] {
        for key in keys(&schema["$defs"][definition]["properties"]) {
            assert!(whole[section].get(&key).is_some(), "{section}.{key}");
        }
    }
}

#[test]
fn both_refuse_bad_files() {
    let mut wrong = Vec::new();
    for (from, to) in [
        ("name = \"churn\"", "name = \"ch/urn\""),
        ("name = \"churn\"", "name = \".churn\""),
        ("name = \"churn\"", "name = 7"),
        ("name = \"churn\"", ""),
        ("baseline = \"/var/baseline\"", ""),
        ("endpoint =", "endpiont ="),
        ("churn-prod\"\nv", "churn_prod\"\nv"),
        ("churn-prod\"\nv", "churn-\"\nv"),
        ("[\"AllTraffic\", \"blue\"]", "[]"),
        ("[\"AllTraffic\", \"blue\"]", "[\"blue\", \"blue\"]"),
        ("[\"AllTraffic\", \"blue\"]", "\"blue\""),
        ("[\"AllTraffic\", \"blue\"]", "[\"b/lue\"]"),
        ("\"labels\"", "\"\""),
        ("\"labels\"", "\"https://bucket/labels\""),
        ("\"labels\"", "\"s3:/bucket/labels\""),
        ("\"labels\"", "\"s3://B/labels\""),
        ("\"binary\"", "\"BinaryClassification\""),
        ("\"end\"", "\"middle\""),
        ("6 hours", "4 minutes"),
        ("6 hours", "299 seconds"),
        ("6 hours", "1 month"),
        ("6 hours", "0 days"),
        ("30 minutes", "soon"),
        ("Europe/Zurich", "+02:00 summer"),
        ("2 per 52 weeks", "often"),
        ("min_effect = 0.05", "min_effect = 5"),
        ("min_effect = 0.05", "min_effect = \"5 %\""),
        ("3 of 4", "0 of 4"),
        ("trailing:24", "yesterday"),
        ("ignore = true", "ignore = 1"),
        ("ignore = true", "ignored = true"),
        ("prediction = 0", "prediction = -1"),
        ("prediction = 0", "prediction = 0.5"),
        ("prediction = 0", "prediction = \"\""),
        ("[\"score\", 1]", "[true]"),
        ("threshold = 0.7", "threshold = \"high\""),
        ("[[0, -1], [-5.5, 0]]", "[[0]]"),
        ("\"age > 40.5\"", "\"age > old\""),
        ("\"age > 40.5\"", "\"=1\""),
        ("\"age > 40.5\"", "\"city=\""),
        ("attribution_limit = 0.8", "attribution_limit = 80"),
        ("\"0.8..1.25\"", "\"0.8-1.25\""),
        ("min_labels = 50", "min_labels = -1"),
        ("\"sagemaker\"", "\"aws\""),
        ("sampling = 20", "sampling = 0"),
        ("sampling = 20", "sampling = 120"),
        ("sides = \"one\"", "sides = \"input\""),
        ("max_duplicates = 0", "max_duplicate = 0"),
        ("volume_change = 0.3", "volume_change = -0.3"),
        ("pipeline = \"churn-retrain\"", "pipeline = \"churn retrain\""),
        ("pipeline = \"churn-retrain\"", ""),
        ("[\"drift\", \"capture_gap\"]", "[\"drfit\"]"),
        ("severity = \"violation\"", "severity = \"bad\""),
        ("resolve_after = 7", "resolve_after = 0"),
        ("gpu_hours_per_month = 20", "gpu_hours_per_month = 0"),
        ("\"22:00-06:00\"", "\"at night\""),
        ("utc_offset = \"+01:00\"", "utc_offset = \"1 hour\""),
        ("\"manual\"", "\"maybe\""),
        ("MinAuc = 0.7", "WindowStart = 0.7"),
        ("MinAuc = 0.7", "MinAuc = [0.7]"),
        ("recover_after = 2", "recover_after = 0"),
        ("\"1 day\"\nrate", "\"5 minutes\"\nrate"),
        ("20 per hour", "20 per second"),
        (
            "https://reports.example.com/{key}",
            "https://reports.example.com/",
        ),
        ("[alerts.routes.oncall]", "[alerts.routes.\"on call\"]"),
        ("[alerts.routes.bus]", "[alerts.routes.driftline-event-bus]"),
        ("url_env = \"SLACK_URL\"", "url = \"https://hooks.slack.com/x\""),
        ("url_env = \"SLACK_URL\"", "url_env = \"slack\""),
        ("routing_key_env = \"PAGERDUTY_KEY\"", ""),
        (
            "event_bus = \"default\"",
            "event_bus = \"default\"\nsns = \"arn:aws:sns:eu-west-1:1:a\"",
        ),
        ("event_bus = \"default\"", ""),
        (
            "event_bus = \"default\"",
            "event_bus = \"default\"\nsecret_env = \"A\"",
        ),
        (
            "https://hooks.example.com/driftline",
            "http://hooks.example.com/driftline",
        ),
        ("arn:aws:sns", "arn:aws:sqs"),
        ("\"mine\"", "\"AWS/Mine\""),
        ("[capture_health]", "[capture-health]"),
        ("[drift]\n", "[drift\n"),
    ] {
        assert!(WHOLE.contains(from), "{from}");
        let file = WHOLE.replacen(from, to, 1);
        for (who, found) in [("the reader", reader(&file)), ("the schema", schema(&file))] {
            if found.is_ok() {
                wrong.push(format!("{who} takes `{to}` in place of `{from}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What no schema can say: the reader refuses it, and an editor is silent.
#[test]
fn the_reader_knows_more_than_the_schema() {
    for (from, to) in [
        ("Europe/Zurich", "Europe/Zuerich"),
        ("3 of 4", "4 of 3"),
        ("6 hours", "4000 days"),
        ("quality breach, or drift", "qualty breach, or drift"),
        ("\"0.8..1.25\"", "\"1.25..0.8\""),
        ("DI = ", "XX = "),
        ("[[0, -1], [-5.5, 0]]", "[[0, -1], [-5.5, 0], [1, 2]]"),
        ("\"22:00-06:00\"", "\"00:00-24:00\""),
        ("2 per 52 weeks", "0 per 52 weeks"),
    ] {
        assert!(WHOLE.contains(from), "{from}");
        let file = WHOLE.replacen(from, to, 1);
        assert!(reader(&file).is_err(), "{to}");
        assert_eq!(schema(&file), Ok(()), "{to}: the schema can say it after all");
    }
}
