//! `driftline bias` through the built program.

use serde_json::Value;
use std::fmt::Write as _;
use tests::world::{World, file_names};

const CONFIG: &str = r#"{"version":"1.0","dataset_type":"text/csv","label":"approved","predicted_label":"score",
    "label_values_or_threshold":[1],"facet":[{"name_or_index":"sex","value_or_threshold":["f"]}],
    "group_variable":"region","probability_threshold":0.5,"excluded_columns":["region"],
    "methods":{"pre_training_bias":{"methods":"all"},"post_training_bias":{"methods":"all"},"shap":{}}}"#;

/// 400 rows; women are approved in `women` of ten cases, men in five.
fn table(women: u32) -> String {
    let mut text = "sex,region,income,approved,score\n".to_owned();
    for row in 0..400u32 {
        let sex = if row % 2 == 0 { "f" } else { "m" };
        let share = if row % 2 == 0 { women } else { 5 };
        let approved = u32::from((row / 2 * 7) % 10 < share);
        let score = if approved == 1 { "0.9" } else { "0.2" };
        writeln!(
            text,
            "{sex},r{},{},{approved},{score}",
            row % 4,
            1_000 + row * 13 % 401
        )
        .unwrap();
    }
    text
}

#[test]
fn an_analysis_is_written_and_held_against_a_baseline() {
    let world = World::new().unwrap();
    world.write("config.json", CONFIG).unwrap();
    world.write("train.csv", table(5)).unwrap();
    world.write("live.csv", table(1)).unwrap();
    let made = world
        .succeed("bias --config config.json --data train.csv --output baseline")
        .unwrap();
    assert!(made.stdout.contains("note: methods.shap"), "{}", made.stdout);
    assert_eq!(file_names(&world.path("baseline")), ["analysis.json"]);
    let analysis = world.json("baseline/analysis.json").unwrap();
    let metrics = analysis["post_training_bias_metrics"]["facets"]["sex"][0]["metrics"]
        .as_array()
        .unwrap();
    let names: Vec<&str> = metrics
        .iter()
        .map(|metric| metric["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "AD", "CDDPL", "DAR", "DCA", "DCR", "DI", "DPPL", "DRR", "FT", "GE", "RD", "SD", "TE"
        ]
    );
    let run = "bias --config config.json --data live.csv --baseline baseline/analysis.json";
    let answer = world
        .run(&format!("{run} --output live --fail-on violation --json"))
        .unwrap();
    assert_eq!(answer.code, 3, "{answer:?}");
    let printed: Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(
        (&printed["rule"], &printed["rows"]),
        (&"interval".into(), &400.into())
    );
    let violated = |folder: &str| -> Vec<String> {
        let file = world
            .json(&format!("{folder}/constraint_violations.json"))
            .unwrap();
        assert_eq!(file["version"], "1.0");
        let rows = file["violations"].as_array().unwrap();
        rows.iter()
            .map(|row| row["metric_name"].as_str().unwrap().to_owned())
            .collect()
    };
    let found = violated("live");
    assert!(
        found.contains(&"DPL".to_owned()) && found.contains(&"DI".to_owned()),
        "{found:?}"
    );
    // The point rule of Clarify is blind to a disparate impact that falls: |live| < |baseline|.
    world
        .succeed(&format!("{run} --output points --compat sagemaker"))
        .unwrap();
    let points = violated("points");
    assert!(
        points.contains(&"DPL".to_owned()) && !points.contains(&"DI".to_owned()),
        "{points:?}"
    );
    // The baseline's own data violate nothing, and Clarify writes no file then.
    world
        .succeed(
            "bias --config config.json --data train.csv --baseline baseline --output same --compat sagemaker --fail-on violation",
        )
        .unwrap();
    assert_eq!(file_names(&world.path("same")), ["analysis.json"]);
    // Two finished analyses: points, or nothing to judge by.
    let files = "bias --analysis live/analysis.json --baseline baseline/analysis.json --output files";
    assert_eq!(
        world
            .run(&format!("{files} --compat sagemaker --fail-on violation"))
            .unwrap()
            .code,
        3
    );
    assert_eq!(
        world
            .run(&format!("{files} --fail-on not-evaluated"))
            .unwrap()
            .code,
        5
    );
}

#[test]
fn what_is_wrong_is_said() {
    let world = World::new().unwrap();
    world.write("train.csv", table(5)).unwrap();
    world.write("config.json", CONFIG).unwrap();
    world.write("unknown.json", r#"{"labels":1}"#).unwrap();
    world.write("broken.json", "{\n  \"label\": }").unwrap();
    for (arguments, code, expect) in [
        (
            "bias --config unknown.json --data train.csv --output o",
            2,
            "at `labels`",
        ),
        (
            "bias --config broken.json --data train.csv --output o",
            2,
            "line 2",
        ),
        ("bias --config config.json --output o", 2, "no dataset_uri"),
        (
            "bias --config config.json --data nowhere.csv --output o",
            2,
            "nowhere.csv",
        ),
        (
            "bias --config config.json --data train.csv --output o --probability-threshold 7",
            2,
            "--probability-threshold is 7",
        ),
        (
            "bias --config config.json --data train.csv --output o --baseline config.json",
            2,
            "config.json",
        ),
    ] {
        let answer = world.run(arguments).unwrap();
        assert_eq!(answer.code, code, "{arguments}: {answer:?}");
        assert!(answer.stderr.contains(expect), "{}", answer.stderr);
        assert!(answer.stderr.contains("hint: "), "{}", answer.stderr);
        assert_eq!(file_names(&world.path("o")), Vec::<String>::new());
    }
}
