//! What `infra/deploy` puts into an account, in the emulated one: bucket, queues, bus, rules, topic, functions, a monitor.

use super::{BUCKET, account, function};
use hyper::body::Bytes;
use jiff::{SignedDuration, Timestamp, Unit};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tests::aws::{Aws, Queue, Twin, Webhook};
use tests::history::History;
use tests::world::World;

/// Name of the bus, and of the pipeline.
const BUS: &str = "driftline";
pub(super) const PIPELINE: &str = "small-retrain";
const SECRET: &str = "a secret of the webhook";

/// A deployed stack whose capture ended yesterday.
pub(super) struct Stack {
    pub(super) aws: Aws,
    pub(super) world: World,
    pub(super) hook: Webhook,
    /// Objects of the capture prefix are told here.
    pub(super) captured: Queue,
    pub(super) dead: Queue,
    /// Subscribed to the topic.
    pub(super) mail: Queue,
    pub(super) verdicts: Twin,
    pub(super) incidents: Twin,
    pub(super) ended: Twin,
    /// The first window's start.
    pub(super) start: Timestamp,
    days: i64,
}

impl Stack {
    /// With `days` of capture, all of them shifted; nothing of it is in the bucket yet. And with these functions.
    pub(super) fn new(days: u64, functions: &[&str]) -> Option<Self> {
        let aws = account()?;
        let training_days = 20;
        let today = Timestamp::now()
            .to_zoned(jiff::tz::TimeZone::UTC)
            .start_of_day()
            .unwrap()
            .timestamp();
        let whole = |days: u64| SignedDuration::from_hours(24 * days as i64);
        let start = today - whole(days + 1);
        let history = History {
            begins: start - whole(training_days),
            training_days,
            days,
            shifted_from: 0,
            missing: Vec::new(),
            ..History::usual()
        };
        let world = World::new().unwrap();
        history.write(&world).unwrap();
        world
            .succeed("baseline --data train.csv --schema schema.json --output baseline")
            .unwrap();
        let hook = Webhook::listen().unwrap();
        let captured = aws.make_queue("captured").unwrap();
        let dead = aws.make_queue("dead-letters").unwrap();
        let mail = aws.make_queue("mail").unwrap();
        let topic = aws.make_topic("alerts", &mail).unwrap();
        aws.notify(BUCKET, "capture/", &captured).unwrap();
        aws.make_bus(BUS).unwrap();
        // The patterns of infra/deploy/events.yaml.
        let ours = |kind: &str| json!({"source": ["driftline"], "detail-type": [kind]});
        let verdicts = aws.make_rule(BUS, "verdict", &ours("Driftline Window Verdict"));
        let incidents = aws.make_rule(BUS, "incident", &ours("Driftline Incident"));
        let ended = json!({"source": ["aws.sagemaker"],
            "detail-type": ["SageMaker Model Building Pipeline Execution Status Change"],
            "detail": {"currentPipelineExecutionStatus": ["Succeeded", "Failed", "Stopped", "CompletedWithFailures"]}});
        let ended = aws.make_rule("default", "execution", &ended);
        aws.make_pipeline(PIPELINE).unwrap();
        aws.upload(&world.path("baseline"), BUCKET, "baseline").unwrap();
        let monitor = format!(
            r#"name = "small"
capture = "s3://{BUCKET}/capture"
baseline = "s3://{BUCKET}/baseline"
window = "1 day"
grace = "1 hour"

[drift]
false_alarms = "1 per 90 days"

[retrain]
pipeline = "{PIPELINE}"
when = "drift of x"
approval = "auto"

[alerts.routes.hook]
form = "generic"
url = "{}"
secret_env = "HOOK_SECRET"

[alerts.routes.mail]
sns = "{topic}"

[alerts.metrics]
endpoint = "ep"
"#,
            hook.url("hook")
        );
        aws.put_object(BUCKET, "monitors/small/monitor.toml", monitor)
            .unwrap();
        let stack = Self {
            aws,
            world,
            hook,
            captured,
            dead,
            mail,
            verdicts: verdicts.unwrap(),
            incidents: incidents.unwrap(),
            ended: ended.unwrap(),
            start,
            days: days as i64,
        };
        for name in functions {
            stack.deploy(name, 1);
        }
        // The message that says that notifications were set up.
        stack.aws.drain(&stack.captured).unwrap();
        stack.aws.forget_calls();
        Some(stack)
    }

    /// Puts a function in place, with fresh processes.
    pub(super) fn deploy(&self, name: &str, concurrency: usize) {
        let mut function = function(
            name,
            &[
                ("DRIFTLINE_EVENT_BUS", BUS),
                ("DRIFTLINE_DEAD_LETTERS", &self.dead.url),
                ("HOOK_SECRET", SECRET),
            ],
        );
        function.concurrency = concurrency;
        function.timeout = Duration::from_mins(2);
        self.aws.deploy(function);
    }

    /// Puts the captured objects whose number is in `which` into the bucket, by their order in time; how many.
    pub(super) fn capture(&self, which: impl Fn(usize) -> bool) -> usize {
        let mut files = Vec::new();
        walk(&self.world.path("capture"), &mut files);
        files.sort();
        let root = self.world.path("");
        let chosen = files.iter().enumerate().filter(|(idx, _)| which(*idx));
        chosen
            .map(|(_, file)| {
                let key = file.strip_prefix(&root).unwrap().to_str().unwrap();
                self.aws
                    .put_object(BUCKET, key, std::fs::read(file).unwrap())
                    .unwrap();
            })
            .count()
    }

    /// Verdict events of windows that held records; the silent ones behind them are told as well.
    pub(super) fn verdicts(&self) -> Vec<Value> {
        let mut events = self.aws.take_events(&self.verdicts).unwrap();
        events.retain(|event| event["detail"]["status"] != "not_evaluated");
        events
    }

    /// What the schedule sends now.
    pub(super) fn tick() -> Value {
        // As infra/deploy/schedules.yaml has it.
        Aws::scheduled(
            r#"{"now":"<aws.scheduler.scheduled-time>"}"#,
            &Timestamp::now().round(Unit::Second).unwrap().to_string(),
        )
        .unwrap()
    }

    /// Folder of the window of a day, below the monitor's `windows/`.
    pub(super) fn window(&self, day: i64) -> String {
        assert!(day < self.days);
        let start = self.start + SignedDuration::from_hours(24 * day);
        format!("{start}--{}", start + SignedDuration::from_hours(24))
    }

    /// Everything below `prefix` of the bucket.
    pub(super) fn objects(&self, prefix: &str) -> BTreeMap<String, Bytes> {
        self.aws.objects(BUCKET, prefix).unwrap()
    }

    pub(super) fn delete(&self, prefix: &str) {
        for key in self.aws.keys(BUCKET, prefix).unwrap() {
            self.aws.delete_object(BUCKET, &key).unwrap();
        }
    }

    /// Ingests everything that was told, and expects that all of it could be.
    pub(super) fn ingest(&self) {
        for invoked in self.aws.map_events(&self.captured, "ingest", 10).unwrap() {
            let answer = invoked.ok().unwrap();
            assert_eq!(answer["batchItemFailures"], json!([]), "{answer}");
        }
        assert_eq!(self.aws.drain(&self.dead).unwrap(), [""; 0]);
    }

    /// Whether a delivery to the webhook is signed with the secret, by Python's `hmac` (CPython 3).
    pub(super) fn is_signed(&self, delivered: &tests::aws::Delivered) -> bool {
        let script = "import hashlib, hmac, sys; body = sys.stdin.buffer.read(); \
            signed = hmac.new(sys.argv[1].encode(), sys.argv[2].encode() + b'.' + body, hashlib.sha256).hexdigest(); \
            sys.exit(not hmac.compare_digest('v1=' + signed, sys.argv[3]))";
        let file = self.world.path("delivered");
        std::fs::write(&file, &delivered.body).unwrap();
        let status = std::process::Command::new(tests::aws::python().unwrap())
            .args(["-c", script, SECRET])
            .arg(delivered.header("driftline-timestamp").unwrap())
            .arg(delivered.header("driftline-signature").unwrap())
            .stdin(std::fs::File::open(file).unwrap())
            .status();
        status.unwrap().success()
    }
}

pub(super) fn walk(folder: &std::path::Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else {
            files.push(path);
        }
    }
}
