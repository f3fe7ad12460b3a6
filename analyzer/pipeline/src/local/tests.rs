//! Whole executions with stand-ins for the images: small shell programs that do to files what the real ones do.

use super::{Event, Registry, Settings, Status, run, tuning};
use crate::definition::Definition;
use crate::retrain::{Variant, definition};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// A machine with two images: programs that do what the real ones do to files, without learning anything.
pub(super) struct Machine {
    _root: tempfile::TempDir,
    pub(super) at: PathBuf,
    pub(super) settings: Settings,
}

pub(super) fn clock() -> String {
    "2026-11-21T12:00:00Z".to_owned()
}

const ANALYZER: &str = r#"#!/bin/sh
set -e
out=$(for word in "$@"; do if [ "$last" = --output ]; then echo "$word"; fi; last=$word; done)
case "$1 $2" in
  "pipeline prepare")
    test -f "$SAGEMAKER_BASE_DIR/config/processingjobconfig.json"
    for part in train validation test; do mkdir -p "$out/$part"; echo "a,y" > "$out/$part/$part.csv"; done ;;
  "pipeline evaluate") mkdir -p "$out"; cp "$EVALUATION" "$out/evaluation.json" ;;
  "baseline "*) mkdir -p "$out/model_quality"; for f in statistics constraints model_quality/statistics model_quality/constraints; do echo '{}' > "$out/$f.json"; done ;;
  *) echo "unknown: $*" >&2; exit 64 ;;
esac
"#;
const TRAINER: &str = r#"#!/bin/sh
set -e
case "$1" in
  train)
    test -f "$SM_CHANNEL_TRAIN/train.csv" && test -f "$SM_CHANNEL_VALIDATION/validation.csv"
    grep -q '"seed": "20261121"' "$SAGEMAKER_BASE_DIR/input/config/hyperparameters.json"
    if [ -n "$TRAINER_FAILS" ]; then echo "AlgorithmError: the loss is not finite" > "$SAGEMAKER_BASE_DIR/output/failure"; exit 3; fi
    if [ -n "$TRAINER_IS_KILLED" ] && [ ! -f "$SAGEMAKER_BASE_DIR/checkpoints/half" ]; then
      echo 1 > "$SAGEMAKER_BASE_DIR/checkpoints/half"; kill -9 $$; fi
    echo "validation:logloss=0.6;"; echo "validation:auc=${SM_HP_LEARNING_RATE:-0.5};"
    echo model > "$SM_MODEL_DIR/model.bin" ;;
  predict) mkdir -p "$7"; test -f "$3/model.tar.gz"; echo "a,y,p" > "$7/scored.csv"; echo '{}' > "$7/schema.json" ;;
esac
"#;

pub(super) fn machine() -> Machine {
    let root = tempfile::tempdir().unwrap();
    let at = root.path().to_owned();
    let program = |name: &str, text: &str| {
        let path = at.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        vec![path.to_string_lossy().into_owned()]
    };
    let images = BTreeMap::from([
        ("analyzer:1".to_owned(), program("analyzer", ANALYZER)),
        ("trainer:1".to_owned(), program("trainer", TRAINER)),
    ]);
    for folder in ["capture", "labels", "training", "schema"] {
        let folder = at.join("s3/bucket").join(folder);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("some.csv"), "x\n").unwrap();
    }
    Machine {
        settings: Settings {
            pipeline: "churn-retrain".to_owned(),
            execution: "x1".to_owned(),
            root: at.join("executions"),
            objects: at.join("s3"),
            registry: at.join("registry"),
            images,
            environment: BTreeMap::new(),
            clock,
        },
        _root: root,
        at,
    }
}

impl Machine {
    pub(super) fn evaluation(&mut self, gain: f64, worst_segment: f64, quality: f64) {
        let path = self.at.join("evaluation.json");
        let document = json!({"gain": {"lower": gain}, "segments": {"worst_upper": worst_segment},
            "challenger": {"quality": quality}, "summary": "the gain's interval reaches below zero"});
        fs::write(&path, document.to_string()).unwrap();
        self.settings
            .environment
            .insert("EVALUATION".to_owned(), path.to_string_lossy().into_owned());
    }
}

pub(super) fn parameters() -> BTreeMap<String, String> {
    [
        ("MonitorName", "churn"),
        ("IncidentId", "i-1"),
        ("EvidenceUri", "s3://bucket/evidence.json"),
        ("EvidenceDigest", "0f"),
        ("CaptureUri", "s3://bucket/capture"),
        ("LabelsUri", "s3://bucket/labels/"),
        ("TrainingDataUri", "s3://bucket/training"),
        ("SchemaUri", "s3://bucket/schema"),
        ("OutputUri", "s3://bucket/out"),
        ("WindowStart", "2026-11-01T00:00:00Z"),
        ("WindowEnd", "2026-11-21T00:00:00Z"),
        ("AnalyzerImage", "analyzer:1"),
        ("TrainingImage", "trainer:1"),
        ("InferenceImage", "trainer:1"),
        ("RoleArn", "arn:aws:iam::000000000000:role/r"),
        ("ModelPackageGroup", "churn"),
        ("MinimumQuality", "0.7"),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect()
}

fn quiet(_: &Event<'_>) {}

fn statuses(execution: &super::Execution) -> Vec<(String, Status)> {
    execution
        .steps
        .iter()
        .map(|step| (step.step_name.clone(), step.step_status))
        .collect()
}

fn all(names: &[&str], status: Status) -> Vec<(String, Status)> {
    names.iter().map(|name| ((*name).to_owned(), status)).collect()
}

#[test]
fn a_better_model_goes_through_every_step_and_is_registered() {
    let mut machine = machine();
    machine.evaluation(0.01, 0.0, 0.8);
    let mut seen = Vec::new();
    let execution = run(
        &definition(Variant::default()),
        &parameters(),
        &machine.settings,
        &mut |event| {
            if let Event::Started { step, .. } = event {
                seen.push((*step).to_owned());
            }
        },
    )
    .unwrap();
    let ran = [
        "Prepare", "Train", "Score", "Evaluate", "Better", "Baseline", "Register",
    ];
    assert_eq!(execution.failure_reason, None);
    assert_eq!(seen, ran);
    assert_eq!(
        statuses(&execution),
        [
            all(&ran, Status::Succeeded),
            all(&["Refuse"], Status::NotExecuted)
        ]
        .concat()
    );
    let package = Registry::new(&machine.settings.registry)
        .package("churn", 1)
        .unwrap();
    assert_eq!(package.model_approval_status, "PendingManualApproval");
    let at = |path: &str| {
        package.rest["ModelMetrics"]
            .pointer(path)
            .and_then(Value::as_str)
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        at("/ModelQuality/Constraints/S3Uri"),
        "s3://bucket/out/x1/baseline/model_quality/constraints.json"
    );
    let model = package.rest["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
        .as_str()
        .unwrap();
    assert_eq!(
        model,
        "s3://bucket/out/x1/model/pipelines-x1-Train-1/output/model.tar.gz"
    );
    assert!(machine.at.join("s3").join(&model[5..]).exists());
    assert!(
        machine
            .at
            .join("s3/bucket/out/x1/baseline/statistics.json")
            .exists()
    );
}

#[test]
fn a_champion_that_is_better_keeps_its_place_and_nothing_is_registered() {
    for (gain, segment, quality) in [
        (-0.001, 0.0, 0.9),
        (0.0, 0.0, 0.9),
        (0.1, -0.01, 0.9),
        (0.1, 0.0, 0.69),
    ] {
        let mut machine = machine();
        machine.evaluation(gain, segment, quality);
        let execution = run(
            &definition(Variant::default()),
            &parameters(),
            &machine.settings,
            &mut quiet,
        )
        .unwrap();
        assert_eq!(execution.pipeline_execution_status, Status::Failed);
        assert_eq!(
            execution.failure_reason.as_deref(),
            Some(
                "Step 'Refuse' failed: The new model is not registered: the gain's interval reaches below zero"
            )
        );
        assert_eq!(
            execution.step("Register").unwrap().step_status,
            Status::NotExecuted
        );
        assert!(
            Registry::new(&machine.settings.registry)
                .versions("churn")
                .unwrap()
                .is_empty()
        );
    }
}

#[test]
fn a_failing_trainer_ends_the_execution_with_its_own_words() {
    let mut machine = machine();
    machine
        .settings
        .environment
        .insert("TRAINER_FAILS".to_owned(), "1".to_owned());
    let execution = run(
        &definition(Variant::default()),
        &parameters(),
        &machine.settings,
        &mut quiet,
    )
    .unwrap();
    let reason = execution.failure_reason.clone().unwrap();
    assert!(
        reason.starts_with(
            "Step 'Train' failed: AlgorithmError: AlgorithmError: the loss is not finite; exit code 3"
        ),
        "{reason}"
    );
    let train = execution.step("Train").unwrap();
    assert_eq!((train.step_status, train.attempt_count), (Status::Failed, 1));
    assert_eq!(execution.step("Score").unwrap().step_status, Status::NotExecuted);
}

#[test]
fn a_killed_training_is_repeated_from_its_checkpoint() {
    let mut machine = machine();
    machine.evaluation(0.01, 0.0, 0.8);
    machine
        .settings
        .environment
        .insert("TRAINER_IS_KILLED".to_owned(), "1".to_owned());
    let execution = run(
        &definition(Variant::default()),
        &parameters(),
        &machine.settings,
        &mut quiet,
    )
    .unwrap();
    assert_eq!(execution.failure_reason, None);
    assert_eq!(execution.step("Train").unwrap().attempt_count, 2);
}

#[test]
fn tuning_gives_its_best_values_to_the_training() {
    let mut machine = machine();
    machine.evaluation(0.01, 0.0, 0.8);
    let tuned = Variant {
        tune: true,
        ..Variant::default()
    };
    let mut given = parameters();
    given.insert("TuningTrials".to_owned(), "3".to_owned());
    let execution = run(&definition(tuned), &given, &machine.settings, &mut quiet).unwrap();
    assert_eq!(execution.failure_reason, None);
    // The stand-in prints its learning rate as the AUC, so the best trial has the largest of the three.
    let used = fs::read_to_string(
        machine
            .settings
            .root
            .join("x1/Train-1/opt/ml/input/config/hyperparameters.json"),
    )
    .unwrap();
    let used: Value = serde_json::from_str(&used).unwrap();
    let used: f64 = used["learning_rate"].as_str().unwrap().parse().unwrap();
    let config = json!({"Strategy": "Random", "RandomSeed": 20261121, "ResourceLimits": {"MaxNumberOfTrainingJobs": 3},
        "ParameterRanges": definition(tuned).all_steps()[1].arguments["HyperParameterTuningJobConfig"]["ParameterRanges"]});
    let largest = tuning::candidates(&config)
        .unwrap()
        .iter()
        .map(|trial| trial["learning_rate"].as_str().unwrap().parse::<f64>().unwrap())
        .fold(0.0, f64::max);
    assert_eq!(used, largest);
    assert!((0.0003..=0.01).contains(&used));
}

#[test]
fn an_execution_that_is_over_is_not_run_again() {
    let mut machine = machine();
    machine.evaluation(0.01, 0.0, 0.8);
    let first = run(
        &definition(Variant::default()),
        &parameters(),
        &machine.settings,
        &mut quiet,
    )
    .unwrap();
    let mut events = 0;
    let again = run(
        &definition(Variant::default()),
        &parameters(),
        &machine.settings,
        &mut |_| events += 1,
    )
    .unwrap();
    assert_eq!((again, events), (first, 0));
    assert_eq!(
        Registry::new(&machine.settings.registry)
            .versions("churn")
            .unwrap(),
        [1]
    );
}

#[test]
fn what_cannot_be_run_is_refused_by_name_before_anything_starts() {
    let machine = machine();
    let refused = |definition: &Definition, given: &BTreeMap<String, String>| {
        run(definition, given, &machine.settings, &mut quiet)
            .unwrap_err()
            .to_string()
    };
    let mut odd = definition(Variant::default());
    odd.steps[1].kind = "EMR".to_owned();
    odd.steps[2].depends_on = vec!["Nowhere".to_owned()];
    let text = refused(&odd, &parameters());
    assert!(
        text.contains("step `Train` is of type `EMR`; known are Condition, Fail"),
        "{text}"
    );
    assert!(
        text.contains("step `Score` depends on `Nowhere`, which is no step"),
        "{text}"
    );
    let usual = definition(Variant::default());
    let mut given = parameters();
    given.insert("Epochs".to_owned(), "many".to_owned());
    assert_eq!(
        refused(&usual, &given),
        "parameter `Epochs`: `many` was given; an Integer is expected, as 20"
    );
    let mut given = parameters();
    given.remove("RoleArn");
    assert_eq!(
        refused(&usual, &given),
        "parameter `RoleArn`: it has no default and none was given"
    );
    let mut given = parameters();
    given.insert("TrainingImage".to_owned(), "other:2".to_owned());
    let text = refused(&usual, &given);
    assert!(
        text.starts_with("step `Train` runs the image `other:2`, for which no local command is known"),
        "{text}"
    );
    let mut given = parameters();
    given.insert("ApprovalStatus".to_owned(), "Yes".to_owned());
    assert!(refused(&usual, &given).contains("accepted are"));
}

#[test]
fn an_input_that_is_not_there_fails_the_step_that_wants_it() {
    let machine = machine();
    let mut given = parameters();
    given.insert("LabelsUri".to_owned(), "s3://bucket/elsewhere".to_owned());
    let execution = run(
        &definition(Variant::default()),
        &given,
        &machine.settings,
        &mut quiet,
    )
    .unwrap();
    assert_eq!(
        execution.failure_reason.as_deref(),
        Some("Step 'Prepare' failed: ClientError: input `labels`: there is nothing at s3://bucket/elsewhere")
    );
}

#[test]
fn a_process_past_its_limit_is_stopped() {
    let machine = machine();
    let sleeper = machine.at.join("sleeper");
    fs::write(&sleeper, "#!/bin/sh\nexec sleep 30\n").unwrap();
    fs::set_permissions(&sleeper, fs::Permissions::from_mode(0o755)).unwrap();
    let mut settings = machine.settings.clone();
    settings.images.insert(
        "analyzer:1".to_owned(),
        vec![sleeper.to_string_lossy().into_owned()],
    );
    let mut given = parameters();
    given.insert("MaxRuntimeInSeconds".to_owned(), "0".to_owned());
    let execution = run(&definition(Variant::default()), &given, &settings, &mut quiet).unwrap();
    assert!(execution.failure_reason.unwrap().contains("MaxRuntimeExceeded"));
}

#[test]
fn places_never_lead_upwards() {
    let places = super::Places::new(Path::new("objects"));
    assert_eq!(
        places.path("s3://bucket/a/b/").unwrap(),
        Path::new("objects/bucket/a/b")
    );
    assert!(
        places
            .path("s3://bucket/../../etc")
            .unwrap_err()
            .contains("leads upwards")
    );
    assert!(places.path("http://somewhere").is_err());
}
