//! `driftline demo` as a newcomer meets it: the estimate speaks first, labels confirm it weeks later, and every number
//! it prints stands in a document.
//!
//! What drift is found is tested in `command`.

use serde_json::Value;
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
    let answer = world.succeed("demo --output demo").unwrap();
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
    let again = world.succeed("demo --output demo").unwrap();
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
