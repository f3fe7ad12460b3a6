//! `driftline demo` as a newcomer meets it: the estimate speaks first, labels confirm it weeks later, and every number
//! it prints stands in a document.
//!
//! What drift is found is tested in `command`.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use tests::program::built;
use tests::world::World;

/// Mean absolute error by month, April to December, as `make_predictions.py` of the demo's data computed it from all
/// labels (scikit-learn 1.9.1; table in the README beside them).
const MEAN_ABSOLUTE_ERROR: [f64; 9] = [48.2, 82.4, 88.7, 79.0, 84.4, 85.2, 71.4, 56.5, 49.6];

fn first_and_last(window: &Value) -> (&Value, &Value) {
    let revisions = window["revisions"].as_array().unwrap();
    (revisions.first().unwrap(), revisions.last().unwrap())
}

#[test]
fn the_estimate_moves_first_and_the_labels_confirm_it() {
    let world = World::new().unwrap();
    let answer = world.succeed("demo --output demo --without-training").unwrap();
    let timeline = world.json("demo/timeline/timeline.json").unwrap();
    let windows = timeline["windows"].as_array().unwrap();
    assert_eq!(windows.len(), MEAN_ABSOLUTE_ERROR.len());
    for (window, sklearn) in windows.iter().zip(MEAN_ABSOLUTE_ERROR) {
        let (first, last) = first_and_last(window);
        let month = &window["start"].as_str().unwrap()[..7];
        assert_eq!(
            first["as_of"], window["end"],
            "{month}: first looked at when it ended"
        );
        assert!(first["metrics"]["rmse"]["estimated"]["low"].is_f64(), "{month}");
        assert_eq!(
            first["status"], "not_evaluated",
            "{month}: labels came before the estimate was needed"
        );
        assert!(last["as_of"].as_str() > first["as_of"].as_str(), "{month}");
        assert!(
            last["revision"].as_u64() >= Some(2) && last["status"] == "violated",
            "{month}"
        );
        assert!(last["coverage"].as_f64() > Some(0.9), "{month}");
        let realised = last["metrics"]["mae"]["realised"]["value"].as_f64().unwrap();
        // Two in a hundred labels are not there, at random.
        assert!(
            (realised / sklearn - 1.0).abs() < 0.03,
            "{month}: {realised} beside {sklearn}"
        );
        assert!(window["drift"]["status"].is_string(), "{month}");

        let value = last["metrics"]["rmse"]["realised"]["value"].as_f64().unwrap();
        let line = answer
            .stdout
            .lines()
            .find(|line| line.trim_start().starts_with(month) && line.contains("estimated rmse"))
            .unwrap();
        assert!(
            line.contains(&format!("realised {value:.1}")) || line.contains(&format!("realised {value:.0}")),
            "{line} does not say {value}"
        );
    }
    let page = answer
        .stdout
        .lines()
        .last()
        .unwrap()
        .rsplit("  ")
        .next()
        .unwrap()
        .trim();
    assert!(
        page.ends_with("timeline.html") && world.path("demo/timeline/timeline.html").is_file(),
        "{page}"
    );

    let before = std::fs::read(world.path("demo/timeline/timeline.json")).unwrap();
    let again = world.succeed("demo --output demo --without-training").unwrap();
    assert_eq!(
        again.stdout, answer.stdout,
        "a second run in the folder tells another story"
    );
    assert!(before == std::fs::read(world.path("demo/timeline/timeline.json")).unwrap());
}

#[test]
fn a_timeline_of_nothing_says_what_it_wants() {
    let world = World::new().unwrap();
    world.write("empty/note.txt", "").unwrap();
    let answer = world.run("timeline --quality empty").unwrap();
    assert_eq!(answer.code, 4);
    assert!(answer.stderr.contains("no latest.json below") && answer.stderr.contains("hint:"));
}

/// A Python with what the demo's training needs: the one that `DRIFTLINE_TEST_PYTHON` names, else that of infra/training's tests.
fn python() -> Option<PathBuf> {
    let of_tests = built("driftline")
        .ok()?
        .ancestors()
        .map(|folder| folder.join("training-venv/bin/python"))
        .find(|python| python.is_file());
    let python = std::env::var_os("DRIFTLINE_TEST_PYTHON")
        .map(PathBuf::from)
        .or(of_tests)?;
    let tried = Command::new(&python)
        .args(["-c", "import numpy, pyarrow, xgboost"])
        .output()
        .ok()?;
    tried.status.success().then_some(python)
}

#[test]
fn the_whole_loop_is_played_with_a_model_that_is_trained_and_served_here() {
    let Some(python) = python() else {
        println!("skipped: no Python with xgboost (./test makes one, or DRIFTLINE_TEST_PYTHON names it)");
        return;
    };
    let world = World::new().unwrap();
    let answer = world
        .succeed(&format!("demo --output demo --python {}", python.display()))
        .unwrap();
    let text = &answer.stdout;
    let package = world.json("demo/loop/runs/registry/bike-demand/1.json").unwrap();
    let place = package["CustomerMetadataProperties"]["driftline:evaluation"]
        .as_str()
        .unwrap();
    let evaluation: Value = serde_json::from_slice(&std::fs::read(place).unwrap()).unwrap();
    let (new, old) = (
        &evaluation["challenger"]["value"],
        &evaluation["champion"]["value"],
    );
    assert!(evaluation["gain"]["lower"].as_f64() > Some(0.0), "{evaluation:#}");
    assert!(
        text.contains(&format!(
            "RMSE {:.1} with the new model, {:.1} with the one in service",
            new.as_f64().unwrap(),
            old.as_f64().unwrap()
        )),
        "{text}"
    );
    let incident = world
        .json("demo/loop/monitors/bike-demand/retraining/incident.json")
        .unwrap();
    assert_eq!(incident["stage"], "resolved", "{text}");
    let current = world.json("demo/loop/baseline/current.json").unwrap();
    assert_eq!(current["number"], 2);
    assert_eq!(current["history"][0]["package"], package["ModelPackageArn"]);
    // The endpoint is the very model that was trained: asked again, it answers what was captured.
    let captured = captured(&world.path("demo/loop/capture/bike-demand/AllTraffic/2011/08/01/05"));
    let data = world.path("again");
    std::fs::create_dir_all(&data).unwrap();
    let header = "hr,holiday,weekday,workingday,weathersit,temp,atemp,hum,windspeed";
    std::fs::write(data.join("asked.csv"), format!("{header}\n{}\n", captured.0)).unwrap();
    let schema = world.path("demo/loop/schema.json");
    std::fs::copy(schema, data.join("schema.json")).unwrap();
    let scored = Command::new(&python)
        .arg(world.path("demo/training/image/entry.py"))
        .args(["predict", "--model"])
        .arg(world.path("demo/loop/second/model"))
        .arg("--data")
        .arg(&data)
        .arg("--output")
        .arg(world.path("scored"))
        .output()
        .unwrap();
    assert!(
        scored.status.success(),
        "{}",
        String::from_utf8_lossy(&scored.stderr)
    );
    let answered = std::fs::read_to_string(world.path("scored/scored.csv")).unwrap();
    let answered: f64 = answered.trim().rsplit(',').next().unwrap().parse().unwrap();
    let said: f64 = captured.1.parse().unwrap();
    assert!((answered / said - 1.0).abs() < 1e-4, "{answered} beside {said}");
    for part in [
        "decision",
        "do not retrain; ",
        "retrain: every rule says yes",
        "3 of 3 weeks of the new model are within",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

/// What was asked and answered in the first record of an hour.
fn captured(hour: &Path) -> (String, String) {
    let file = std::fs::read_dir(hour).unwrap().next().unwrap().unwrap().path();
    let lines = std::fs::read_to_string(file).unwrap();
    let record: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    let side = |side: &str| {
        let data = &record["captureData"][side]["data"];
        data.as_str().unwrap().to_owned()
    };
    (side("endpointInput"), side("endpointOutput"))
}

#[test]
fn without_the_packages_the_loop_says_so_and_ends() {
    let world = World::new().unwrap();
    let answer = world.succeed("demo --output demo --python false").unwrap();
    assert!(
        answer.stdout.contains("It ends here: false: "),
        "{}",
        answer.stdout
    );
    assert!(!world.path("demo/loop").exists());
    assert!(answer.stdout.lines().last().unwrap().ends_with("timeline.html"));
}
