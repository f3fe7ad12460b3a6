//! `driftline export`: files, registry entries, and requests that botocore's service model accepts.

use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tests::repository;
use tests::world::{World, file_names};

#[test]
fn files_of_a_baseline_and_of_a_window_are_model_monitors() {
    let world = World::new().unwrap();
    let rows = |n: u32| -> String {
        let mut rows = String::new();
        for row in 0..n {
            writeln!(rows, "{},{row}.5", row % 3).unwrap();
        }
        format!("kind,amount\n{rows}")
    };
    world.write("train.csv", rows(200)).unwrap();
    world.write("live.csv", rows(50)).unwrap();
    world
        .succeed("baseline --data train.csv --output baseline")
        .unwrap();
    world
        .succeed("analyze --capture live.csv --baseline baseline --output window")
        .unwrap();
    world
        .succeed("export --baseline baseline --output files")
        .unwrap();
    assert_eq!(
        file_names(&world.path("files")),
        ["constraints.json", "statistics.json"]
    );
    for name in ["constraints.json", "statistics.json"] {
        assert_eq!(
            world.json(&format!("files/{name}")).unwrap(),
            world.json(&format!("baseline/{name}")).unwrap(),
            "{name}"
        );
    }
    world.succeed("export --window window --output out").unwrap();
    assert_eq!(
        file_names(&world.path("out")),
        [
            "constraint_violations.json",
            "constraints.json",
            "statistics.json"
        ]
    );
    for name in ["constraint_violations.json", "statistics.json"] {
        assert_eq!(
            world.json(&format!("out/{name}")).unwrap(),
            world.json(&format!("window/{name}")).unwrap()
        );
    }
    // What was exported is a baseline again.
    world
        .succeed("analyze --capture live.csv --baseline files --output again")
        .unwrap();
    for (arguments, code, expect) in [
        ("export --output x", 2, "nothing to export"),
        ("export --window baseline --output x", 2, "window.profile"),
        (
            "export --window window --as-schedule e/s --output x",
            2,
            "no times",
        ),
        ("export --registry --baseline baseline", 2, "names files in S3"),
        ("export --registry", 2, "nothing to register"),
    ] {
        let answer = world.run(arguments).unwrap();
        assert_eq!(answer.code, code, "{arguments}: {answer:?}");
        assert!(
            answer.stderr.contains(expect) && answer.stderr.contains("hint: "),
            "{}",
            answer.stderr
        );
    }
}

#[test]
fn a_window_with_times_lies_where_model_monitor_would_put_it() {
    let world = crate::monitor::world(&tests::history::History {
        days: 1,
        missing: Vec::new(),
        ..tests::history::History::usual()
    });
    world
        .succeed(
            "analyze --capture capture --baseline baseline --schema schema.json --start 2026-01-21T08:00:00Z --end \
             2026-01-21T09:00:00Z --output window",
        )
        .unwrap();
    world
        .succeed("export --window window --as-schedule churn/hourly --output mm")
        .unwrap();
    assert_eq!(
        file_names(&world.path("mm/churn/hourly/2026/01/21/09")),
        [
            "constraint_violations.json",
            "constraints.json",
            "statistics.json"
        ]
    );
    // And replay finds it there.
    let replayed = world
        .succeed("replay --capture capture --baseline baseline --schema schema.json --history mm --json")
        .unwrap();
    let replayed: Value = serde_json::from_str(&replayed.stdout).unwrap();
    assert_eq!(replayed["windows"][0]["start"], "2026-01-21T08:00:00Z");
}

/// A Python with botocore 1.44.5, made once below the target folder; `None`, and said, where it cannot be made.
#[expect(clippy::print_stdout, reason = "a test that skips says so")]
pub(crate) fn python() -> Option<PathBuf> {
    let deps = std::env::current_exe().unwrap();
    let venv = deps.ancestors().nth(2).unwrap().join("venv-botocore-1.44.5");
    let python = venv.join("bin/python");
    let is_ready = |python: &PathBuf| {
        let found = Command::new(python)
            .args(["-c", "import botocore; print(botocore.__version__)"])
            .output();
        found.is_ok_and(|found| found.stdout.starts_with(b"1.44.5"))
    };
    if is_ready(&python) {
        return Some(python);
    }
    let requirements = repository::root().join("tests/reference/sagemaker/requirements.txt");
    let quiet = |command: &mut Command| {
        let done = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        done.is_ok_and(|status| status.success())
    };
    let made = quiet(Command::new("python3").args(["-m", "venv"]).arg(&venv))
        && quiet(
            Command::new(&python)
                .args([
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--disable-pip-version-check",
                    "-r",
                ])
                .arg(&requirements),
        );
    if made && is_ready(&python) {
        return Some(python);
    }
    println!("skipped: botocore 1.44.5 cannot be installed here (python3 -m venv, pip)");
    None
}

pub(crate) fn validated(python: &Path, requests: &Value) -> (bool, String) {
    let script = repository::root().join("tests/reference/sagemaker/validate_requests.py");
    let mut child = Command::new(python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(requests.to_string().as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    (
        output.status.success(),
        String::from_utf8_lossy(&output.stdout).into_owned(),
    )
}

#[test]
fn requests_and_registry_entries_are_valid_by_botocores_service_model() {
    let world = World::new().unwrap();
    let common = "export --requests --name churn --image 123456789012.dkr.ecr.eu-west-1.amazonaws.com/driftline:0.1.0 \
                  --role arn:aws:iam::123456789012:role/monitoring --baseline s3://bucket/baseline --results s3://bucket/results";
    let requests = |more: &str| -> Value {
        serde_json::from_str(&world.succeed(&format!("{common} {more}")).unwrap().stdout).unwrap()
    };
    let endpoint = requests(
        "--endpoint churn --capture s3://bucket/capture/churn/AllTraffic --data s3://bucket/train.csv --instances 2 --compat sagemaker \
         --problem binary --ground-truth s3://bucket/labels --probability-attribute 0",
    );
    assert_eq!(endpoint.as_array().unwrap().len(), 6);
    let batch = requests("--capture s3://bucket/batch");
    let registry: Value = serde_json::from_str(
        &world
            .succeed(
                "export --registry --baseline s3://bucket/baseline --quality-baseline s3://bucket/quality --bias-pre s3://bucket/bias/analysis.json \
                 --bias-post s3://bucket/bias/analysis.json --bias-config s3://bucket/bias/analysis_config.json --explainability \
                 s3://bucket/shap/analysis.json --explainability-config s3://bucket/shap/analysis_config.json",
            )
            .unwrap()
            .stdout,
    )
    .unwrap();
    let answer = world
        .run(&format!("{common} --endpoint churn --instances 0"))
        .unwrap();
    assert_eq!(answer.code, 2, "{answer:?}");
    let Some(python) = python() else { return };
    let mut all: Vec<Value> = Vec::new();
    all.extend(endpoint.as_array().unwrap().clone());
    all.extend(batch.as_array().unwrap().clone());
    for key in ["ModelMetrics", "DriftCheckBaselines"] {
        all.push(json!({"operation": format!("shape:{key}"), "request": registry[key]}));
    }
    let (valid, said) = validated(&python, &json!(all));
    assert!(valid && said.contains(&format!("valid: {}", all.len())), "{said}");
    // The check itself can fail: a member that does not exist, a value outside its pattern, one that is too long.
    for (pointer, wrong) in [
        ("/request/RoleArn", json!("admin")),
        ("/request/Nothing", json!(1)),
        (
            "/request/StoppingCondition/MaxRuntimeInSeconds",
            json!(10_000_000),
        ),
    ] {
        let mut broken = endpoint[2].clone();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        broken.pointer_mut(parent).unwrap()[key] = wrong;
        let (valid, said) = validated(&python, &json!([broken]));
        assert!(
            !valid && said.contains("CreateDataQualityJobDefinition"),
            "{pointer}: {said}"
        );
    }
}
