//! Fifth act: the whole loop, with a model that the training image trains, serves and trains anew.
//!
//! ```text
//! train, serve (April …) → drift → estimate → labels → decision → pipeline → package → serve → proof → baseline → quiet
//! ```
//!
//! Each step is the command that a person would type, run in a folder of its own; every number comes from the documents
//! they leave. Does not decide anything.

use super::endpoint::{event_id, folder_of_hour, record, write};
use super::labels::{deliver, on_their_way};
use super::model::Endpoint;
use super::python::{self, Image};
use super::rides::{self, Month, Ride};
use super::{ENDPOINT, Stage};
use crate::exit;
use crate::message;
use anyhow::{Context as _, bail};
use capture::time::format_rfc3339;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use store::{Location, StoreOptions};

const FOLDER: &str = "loop";
/// What an earlier run left there, which would be known before its time.
const LEFT: [&str; 8] = [
    "baseline",
    "capture",
    "first",
    "ground-truth",
    "models",
    "monitors",
    "runs",
    "second",
];
/// Share of the first training data that the first baseline is made from: the newest, which the model has not seen.
const HELD_OUT: usize = 5;
const DAY: i64 = 86_400;
/// Windows that the new model is watched for.
const WEEKS: i64 = 3;
const METRIC: &str = "rmse";

struct Play<'a> {
    stage: &'a Stage,
    program: PathBuf,
    image: Image,
}

fn time(second: i64) -> String {
    format_rfc3339(second).unwrap_or_default()
}

fn day(second: i64) -> String {
    time(second).chars().take(10).collect()
}

fn span(from: i64, to: i64) -> String {
    format!("{}--{}", time(from), time(to))
}

/// A number to one place; `?` where there is none.
fn number(value: &Value) -> String {
    value
        .as_f64()
        .map_or_else(|| "?".to_owned(), |value| format!("{value:.1}"))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Plays the loop below the demo's folder. Without Python it says so, and ends.
pub(super) fn play(output: &Path, given: Option<&Path>) -> anyhow::Result<()> {
    let output = std::path::absolute(output).context("the demo's folder is no path")?;
    message::data(
        "\n5  the loop  the model is trained, served and retrained by infra/training (XGBoost on this machine)\n",
    );
    let image = match python::set_up(&output.join("training"), given)? {
        Ok(image) => image,
        Err(reason) => {
            message::data(&format!(
                "   It ends here: {reason}.\n   What was shown so far used stored predictions; with Python 3.11 and the packages of \
                 demo/requirements-training.txt a model is trained.\n"
            ));
            return Ok(());
        }
    };
    let path = output.join(FOLDER);
    for name in LEFT {
        let left = path.join(name);
        if left.is_dir() {
            std::fs::remove_dir_all(&left).with_context(|| format!("cannot remove {}", left.display()))?;
        }
    }
    let (training, served) = rides::read()?;
    let stage = Stage {
        folder: Location::local(&path).map_err(engine::EngineError::from)?,
        path,
        options: StoreOptions::default(),
        months: rides::months(&served),
        training,
        served,
    };
    let play = Play {
        stage: &stage,
        program: std::env::current_exe().context("this program has no path")?,
        image,
    };
    play.all()
}

impl Play<'_> {
    fn all(&self) -> anyhow::Result<()> {
        self.first_model()?;
        let Some(decided_at) = self.until_decision()? else {
            message::data("   The year ends without a decision to retrain.\n");
            return Ok(());
        };
        if self.retrain(decided_at)? {
            self.prove(decided_at)?;
        }
        Ok(())
    }

    fn at(&self, name: &str) -> PathBuf {
        self.stage.path.join(name)
    }

    /// Runs a command of this program in the play's folder; what it printed.
    fn driftline(&self, words: &[&str]) -> anyhow::Result<String> {
        let answer = Command::new(&self.program)
            .args(words)
            .current_dir(&self.stage.path)
            .stdin(Stdio::null())
            .output()
            .context("this program cannot be started again")?;
        let code = answer.status.code();
        if code != Some(i32::from(exit::DONE)) && code != Some(i32::from(exit::VIOLATED)) {
            bail!(
                "driftline {} ended with {}: {}",
                words.join(" "),
                answer.status,
                String::from_utf8_lossy(&answer.stderr).trim()
            );
        }
        Ok(String::from_utf8_lossy(&answer.stdout).into_owned())
    }

    fn json(&self, name: &str) -> anyhow::Result<Value> {
        let file = self.at(name);
        let bytes = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        serde_json::from_slice(&bytes).with_context(|| format!("{} is no JSON", file.display()))
    }

    /// Trains the first model on the first months, and makes the baseline on their newest part.
    fn first_model(&self) -> anyhow::Result<()> {
        let rides = &self.stage.training;
        let n_trained = rides.len() - rides.len() / HELD_OUT;
        let (trained, held_out) = rides.split_at(n_trained);
        let schema = rides::training_schema();
        let job = self.at("first");
        let said = self.image.train(&job, &rides::labelled(trained), &schema)?;
        let data = self.at("first/test");
        write(&data, "test.csv", &rides::labelled(held_out))?;
        write(&data, "schema.json", &schema)?;
        self.image
            .score(&job.join("model"), &data, &self.at("first/scored"))?;
        self.driftline(&[
            "baseline",
            "--data",
            "first/scored/scored.csv",
            "--schema",
            "first/scored/schema.json",
            "--problem",
            "regression",
            "--output",
            "baseline",
        ])?;
        write(&self.stage.path, "schema.json", &schema)?;
        write(&self.at("first/table"), "training.csv", &rides::labelled(rides))?;
        write(&self.stage.path, "monitor.toml", &self.settings())?;
        let baseline = self.json("baseline/model_quality/quality.json")?;
        message::data(&format!(
            "   trained   on {} hours until {} ({}); on the {} hours after them, which it has not seen, RMSE {}: the baseline\n",
            trained.len(),
            day(trained.last().map_or(0, |ride| ride.second)),
            said.trim_end_matches(';'),
            held_out.len(),
            number(&baseline["metrics"][METRIC]["value"]),
        ));
        Ok(())
    }

    fn settings(&self) -> String {
        format!(
            r#"name = "{ENDPOINT}"
capture = "capture/{ENDPOINT}"
baseline = "baseline"
schema = "schema.json"

[retrain]
pipeline = "{ENDPOINT}-retrain"
when = "quality breach of {METRIC} on 2 of 2 windows, or drift on 2 of 3 windows confirmed by estimated loss"
evidence_within = "200 days"
cooldown = "14 days"
max_per_month = 2
min_new_labels = 2000
labels = "ground-truth"
image = "TRAINER"

[retrain.parameters]
TrainingDataUri = "{}"
AnalyzerImage = "DRIFTLINE"
InferenceImage = "TRAINER"
RoleArn = "none"
ModelPackageGroup = "{ENDPOINT}"
ApprovalStatus = "Approved"
ProblemType = "regression"
Algorithm = "boosting"
MinimumQuality = 0.5
"#,
            self.at("first/table").display()
        )
    }

    /// Asks a model about every hour from `from` until `to`, and captures question and answer.
    fn serve(&self, endpoint: &Endpoint, from: i64, to: i64) -> anyhow::Result<usize> {
        let mut connection = endpoint.connect()?;
        let mut hours: BTreeMap<String, (usize, String)> = BTreeMap::new();
        let mut n = 0;
        for (idx, ride) in self.stage.served.iter().enumerate() {
            if !(from..to).contains(&ride.second) {
                continue;
            }
            let prediction = connection.invoke(&ride.input)?;
            let answered = Ride {
                prediction,
                ..ride.clone()
            };
            let hour = hours
                .entry(folder_of_hour(&ride.time))
                .or_insert((idx, String::new()));
            hour.1.push_str(&record(idx, &answered));
            n += 1;
        }
        for (hour, (idx, records)) in hours {
            let place = self.at("capture").join(ENDPOINT).join("AllTraffic").join(hour);
            write(&place, &format!("00-00-000-{}.jsonl", event_id(idx)), &records)?;
        }
        Ok(n)
    }

    fn analyze(&self, from: i64, to: i64, revision: u32) -> anyhow::Result<Value> {
        let output = format!("monitors/{ENDPOINT}/windows/{}/r{revision}", span(from, to));
        self.driftline(&[
            "analyze",
            "--monitor",
            "monitor.toml",
            "--start",
            &time(from),
            "--end",
            &time(to),
            "--output",
            &output,
        ])?;
        self.json(&format!("{output}/verdict.json"))
    }

    fn quality(&self, from: i64, to: i64, as_of: i64) -> anyhow::Result<Value> {
        let output = format!("monitors/{ENDPOINT}/quality/{}", span(from, to));
        let capture = format!("capture/{ENDPOINT}");
        self.driftline(&[
            "quality",
            "--capture",
            &capture,
            "--ground-truth",
            "ground-truth",
            "--baseline",
            "baseline",
            "--problem",
            "regression",
            "--start",
            &time(from),
            "--end",
            &time(to),
            "--as-of",
            &time(as_of),
            "--output",
            &output,
        ])?;
        let newest = (1..u32::MAX)
            .map(|revision| format!("{output}/r{revision}/quality.json"))
            .take_while(|name| self.at(name).is_file())
            .last();
        self.json(&newest.context("no revision was written")?)
    }

    /// Month by month until the decision is to retrain; when that is.
    fn until_decision(&self) -> anyhow::Result<Option<i64>> {
        let endpoint = self.image.serve(&self.at("first/model"))?;
        let labels = on_their_way(&self.stage.served);
        let mut delivered_until = i64::MIN;
        let mut passed: Vec<Month> = Vec::new();
        for month in &self.stage.months {
            let (from, to) = (month.start(), month.later(1).start());
            let n = self.serve(&endpoint, from, to)?;
            let n_labels = deliver(self.stage, &labels, delivered_until, to)?;
            delivered_until = to;
            let verdict = self.analyze(from, to, 1)?;
            passed.push(*month);
            let mut looked = Vec::new();
            for earlier in &passed {
                looked.push((
                    earlier,
                    self.quality(earlier.start(), earlier.later(1).start(), to)?,
                ));
            }
            message::data(&month_line(month, n, n_labels, &verdict, &looked));
            let decision = self.plan(to)?;
            message::data(&decision_line(to, &decision));
            if decision["verdict"] == "start" {
                return Ok(Some(to));
            }
        }
        Ok(None)
    }

    fn plan(&self, now: i64) -> anyhow::Result<Value> {
        let printed = self.driftline(&[
            "retrain",
            "plan",
            "--monitor",
            "monitor.toml",
            "--now",
            &time(now),
            "--json",
        ])?;
        serde_json::from_str(&printed).context("the decision is no JSON")
    }

    /// Starts the pipeline and follows it to its end; whether a model was registered.
    fn retrain(&self, now: i64) -> anyhow::Result<bool> {
        let now = time(now);
        let analyzer = format!("DRIFTLINE={}", self.program.display());
        let trainer = format!(
            "TRAINER={} {}",
            self.image.python.display(),
            self.image.entry.display()
        );
        let common = [
            "--monitor",
            "monitor.toml",
            "--now",
            &now,
            "--service",
            "local",
            "--root",
            "runs",
        ];
        let start = [
            &["retrain", "start"],
            &common[..],
            &["--image", &analyzer, "--image", &trainer],
        ]
        .concat();
        let started = self.driftline(&start)?;
        message::data(&format!("   pipeline  {started}"));
        let follow = [&["retrain", "status"], &common[..], &["--follow", "--json"]].concat();
        let states: Value = serde_json::from_str(&self.driftline(&follow)?)?;
        let state = states
            .as_array()
            .and_then(|states| states.last())
            .cloned()
            .unwrap_or_default();
        let steps: Vec<String> = state["steps"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|step| format!("{} {}", text(&step["name"]), text(&step["status"]).to_lowercase()))
            .collect();
        message::data(&format!("             {}\n", steps.join(", ")));
        if state["outcome"]["status"] != "Succeeded" {
            message::data(&format!(
                "   Nothing is registered, and the incident stays open: {}\n",
                text(&state["outcome"]["failure_reason"])
            ));
            return Ok(false);
        }
        let package = self.package()?;
        let evaluation = self.json(&text(
            &package["CustomerMetadataProperties"]["driftline:evaluation"],
        ))?;
        message::data(&format!(
            "   evaluated on {} newer hours: RMSE {} with the new model, {} with the one in service; better by {} to {}\n   registered {} ({})\n",
            evaluation["n"],
            number(&evaluation["challenger"]["value"]),
            number(&evaluation["champion"]["value"]),
            number(&evaluation["gain"]["lower"]),
            number(&evaluation["gain"]["upper"]),
            text(&package["ModelPackageArn"]),
            text(&package["ModelApprovalStatus"]),
        ));
        Ok(true)
    }

    fn package(&self) -> anyhow::Result<Value> {
        self.json(&format!("runs/registry/{ENDPOINT}/1.json"))
    }

    fn complete(&self, served_from: i64, now: i64) -> anyhow::Result<Value> {
        let printed = self.driftline(&[
            "retrain",
            "complete",
            "--monitor",
            "monitor.toml",
            "--package",
            ENDPOINT,
            "--registry",
            "runs/registry",
            "--served-from",
            &time(served_from),
            "--windows",
            &WEEKS.to_string(),
            "--now",
            &time(now),
            "--json",
        ])?;
        let both: Value = serde_json::from_str(&printed).context("the completion is no JSON")?;
        Ok(both["completion"].clone())
    }

    /// Serves the new model, waits for labels, and looks at its windows under its own baseline.
    fn prove(&self, from: i64) -> anyhow::Result<()> {
        let package = self.package()?;
        let archive = text(&package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]);
        let model = self.at("second/model");
        self.image.unpack(&self.at(&archive), &model)?;
        let endpoint = self.image.serve(&model)?;
        let to = from + WEEKS * 7 * DAY;
        let n = self.serve(&endpoint, from, to)?;
        message::data(&format!(
            "   served    {n} hours from {} on by the new model, captured as before\n",
            day(from)
        ));
        let weeks: Vec<(i64, i64)> = (0..WEEKS)
            .map(|week| (from + week * 7 * DAY, from + (week + 1) * 7 * DAY))
            .collect();
        let labels = on_their_way(&self.stage.served);
        let mut delivered_until = from;
        let looks = (1..).map(|n| to + n * 14 * DAY);
        let mut done = None;
        for moment in looks.take(6) {
            deliver(self.stage, &labels, delivered_until, moment)?;
            delivered_until = moment;
            for (start, end) in &weeks {
                self.quality(*start, *end, moment)?;
            }
            let completion = self.complete(from, moment)?;
            message::data(&format!(
                "   {}  {}: {}\n",
                day(moment),
                text(&completion["verdict"]),
                text(&completion["reason"])
            ));
            if completion["verdict"] != "waiting" {
                done = Some((moment, completion));
                break;
            }
        }
        let Some((moment, completion)) = done else {
            message::data("   Its labels do not come in time to judge it.\n");
            return Ok(());
        };
        if completion["verdict"] != "passed" {
            message::data("   The incident is escalated: it is a person's now.\n");
            return Ok(());
        }
        message::data(&format!(
            "   closed    the incident is resolved; the baseline is {} from now on\n",
            text(&completion["baseline"])
        ));
        let mut n_quiet = 0;
        for (start, end) in &weeks {
            let verdict = self.analyze(*start, *end, 1)?;
            let quality = self.quality(*start, *end, moment)?;
            let is_quiet = quality["status"] == "pass";
            n_quiet += usize::from(is_quiet);
            message::data(&week_line(*start, &verdict, &quality));
        }
        let decision = self.plan(moment)?;
        message::data(&format!(
            "   {n_quiet} of {WEEKS} weeks of the new model are within its baseline's limits, as labels confirm.\n"
        ));
        message::data(&decision_line(moment, &decision));
        let history = self.driftline(&["retrain", "history", "--monitor", "monitor.toml"])?;
        for line in history.lines() {
            message::data(&format!("   history   {line}\n"));
        }
        message::data(&format!(
            "   Why it was retrained:  cd {} && driftline retrain why {} --monitor monitor.toml\n",
            self.stage.path.display(),
            text(&completion["incident"])
        ));
        Ok(())
    }
}

/// The limit that the metric of a quality document is held against.
fn limit(quality: &Value) -> Value {
    let checks = quality["checks"].as_array().into_iter().flatten();
    let ours = checks.into_iter().find(|check| check["metric"] == METRIC);
    ours.map_or(Value::Null, |check| check["threshold"].clone())
}

fn drifted(verdict: &Value) -> String {
    let mut worst: BTreeMap<String, f64> = BTreeMap::new();
    for finding in verdict["findings"].as_array().into_iter().flatten() {
        if finding["check"] == "drift" {
            let value = finding["value"].as_f64().unwrap_or(0.0);
            let kept = worst.entry(text(&finding["column"])).or_default();
            *kept = kept.max(value);
        }
    }
    let mut worst: Vec<(String, f64)> = worst.into_iter().collect();
    worst.sort_by(|a, b| b.1.total_cmp(&a.1));
    if worst.is_empty() {
        return "no drift".to_owned();
    }
    let named: Vec<String> = worst
        .iter()
        .take(3)
        .map(|(name, value)| format!("{name} {value:.2}"))
        .collect();
    format!("drift of {}", named.join(", "))
}

/// A month when it ends: drift, what the estimate says, and what labels say of the months before.
fn month_line(month: &Month, n: usize, n_labels: u64, verdict: &Value, looked: &[(&Month, Value)]) -> String {
    let mut line = format!("   {}   {n} hours served; {}", month.name(), drifted(verdict));
    if let Some((_, quality)) = looked.last() {
        let estimate = &quality["estimate"]["metrics"][METRIC];
        let _infallible = write!(
            line,
            "; RMSE estimated {} (limit {})",
            number(&estimate["value"]),
            number(&limit(quality))
        );
    }
    let confirmed: Vec<String> = looked
        .iter()
        .filter(|(_, quality)| quality["status"] == "violated")
        .map(|(month, quality)| {
            format!(
                "{} {}",
                month.name(),
                number(&quality["metrics"][METRIC]["value"])
            )
        })
        .collect();
    let _infallible = write!(line, "; {n_labels} labels came");
    if !confirmed.is_empty() {
        let _infallible = write!(line, ", which confirm RMSE {}", confirmed.join(", "));
    }
    line + "\n"
}

fn week_line(start: i64, verdict: &Value, quality: &Value) -> String {
    format!(
        "   {}  {}; RMSE {} (limit {}): {}\n",
        day(start),
        drifted(verdict),
        number(&quality["metrics"][METRIC]["value"]),
        number(&limit(quality)),
        text(&quality["status"]),
    )
}

fn decision_line(at: i64, decision: &Value) -> String {
    let rules = decision["rules"].as_array().into_iter().flatten();
    let refusals: Vec<String> = rules
        .filter(|rule| rule["answer"] != "yes")
        .map(|rule| format!("{}: {}", text(&rule["rule"]), text(&rule["reason"])))
        .collect();
    let verdict = match decision["verdict"].as_str() {
        Some("start") => "retrain: every rule says yes".to_owned(),
        _ => format!("do not retrain; {}", refusals.join("; ")),
    };
    format!("   decision  {}: {verdict}\n", day(at))
}
