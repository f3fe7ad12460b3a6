//! `driftline compare --dataset` from outside: what it finds, what it says where it cannot, the same bytes again.
//!
//! Only what the built program prints is read. Definitions: docs/multivariate.md.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::Value;
use tests::world::World;

fn compared(world: &World, arguments: &str) -> Value {
    let answer = world.succeed(&format!("compare {arguments} --json")).unwrap();
    serde_json::from_str(&answer.stdout).unwrap()
}

/// Rows of a relation between `x` and `y` with `sign`, a category, and numbers that are noise. No column's own
/// distribution depends on `sign`.
fn table(sign: f64, seed: u64) -> String {
    let mut text = String::from("id,x,y,noise,kind\n");
    let mut state = seed;
    let mut uniform = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1u32 << 31) - 0.5
    };
    for id in 0..600 {
        let (x, noise, other) = (uniform(), uniform(), uniform());
        let kind = ["red", "green", "blue"][((other + 0.5) * 3.0) as usize % 3];
        let y = sign * x + 0.1 * uniform();
        writeln!(text, "{id},{x:.6},{y:.6},{noise:.6},{kind}").unwrap();
    }
    text
}

/// JSON lines with an array `v` of four numbers moved by `shift`, and a number beside it; every tenth has no array.
fn vectors(shift: f64) -> String {
    let mut text = String::new();
    for row in 0..200u32 {
        let at = |idx: u32| f64::from((row * 37 + idx * 53) % 101) / 101.0 + shift;
        let age = row * 7 % 50;
        if row.is_multiple_of(10) {
            writeln!(text, "{{\"age\": {age}}}").unwrap();
        } else {
            writeln!(
                text,
                "{{\"age\": {age}, \"v\": [{}, {}, {}, {}]}}",
                at(0),
                at(1),
                at(2),
                at(3)
            )
            .unwrap();
        }
    }
    text
}

fn world() -> World {
    let world = World::new().unwrap();
    for (name, text) in [
        ("b.csv", table(1.0, 1)),
        ("same.csv", table(1.0, 2)),
        ("turned.csv", table(-1.0, 3)),
        ("v0.jsonl", vectors(0.0)),
        ("v1.jsonl", vectors(0.3)),
        ("few.csv", "x,y\n1,2\n2,3\n".to_owned()),
        ("flat.csv", format!("x,y\n{}", "1,2\n".repeat(30))),
        ("gaps.csv", format!("x,y\n{}", "1,\n".repeat(30))),
    ] {
        world.write(name, text).unwrap();
    }
    world
}

#[test]
fn a_turned_relation_is_found_by_all_methods_and_no_column() {
    let world = world();
    let found = compared(&world, "--baseline b.csv --current turned.csv --dataset all");
    let dataset = &found["dataset"];
    for method in [
        "domain_classifier",
        "pca_reconstruction",
        "mmd",
        "association_change",
    ] {
        let answer = &dataset["methods"][method];
        assert!(answer["p_value"].as_f64().unwrap() <= 0.01, "{method}: {answer}");
        assert_eq!(
            (answer["n_baseline"].as_u64(), answer["n_current"].as_u64()),
            (Some(600), Some(600))
        );
        assert_eq!(answer["seed"].as_u64(), Some(0), "{method}");
    }
    assert!(
        dataset["methods"]["domain_classifier"]["statistic"]
            .as_f64()
            .unwrap()
            > 0.9
    );
    let pair = &dataset["methods"]["association_change"]["largest"][0];
    assert_eq!(pair["columns"], serde_json::json!(["x", "y"]));
    assert!(pair["baseline"].as_f64().unwrap() > 0.9 && pair["current"].as_f64().unwrap() < -0.9);
    let left_out = dataset["left_out"]["id"].as_str().unwrap();
    assert!(left_out.contains("row number"), "{left_out}");
    let carriers: Vec<&str> = dataset["ranking"]
        .as_array()
        .unwrap()
        .iter()
        .take(2)
        .map(|row| row["column"].as_str().unwrap())
        .collect();
    assert!(carriers.contains(&"x") && carriers.contains(&"y"), "{carriers:?}");
    for column in ["x", "y", "noise", "kind"] {
        let alone = dataset["ranking"]
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["column"] == column)
            .unwrap();
        assert!(alone["jensen_shannon"].as_f64().unwrap() < 0.2, "{alone}");
    }
}

#[test]
fn samples_of_one_distribution_are_not_told_apart() {
    let world = world();
    let found = compared(&world, "--baseline b.csv --current same.csv --dataset all");
    for (method, answer) in found["dataset"]["methods"].as_object().unwrap() {
        assert!(answer["p_value"].as_f64().unwrap() > 0.01, "{method}: {answer}");
    }
    let found = compared(
        &world,
        "--baseline b.csv --current b.csv --dataset domain_classifier,mmd",
    );
    let methods = found["dataset"]["methods"].as_object().unwrap();
    assert_eq!(methods.keys().collect::<Vec<_>>(), ["domain_classifier", "mmd"]);
    assert_eq!(methods["domain_classifier"]["statistic"].as_f64(), Some(0.5));
    assert_eq!(methods["mmd"]["mmd"].as_f64(), Some(0.0));
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let world = world();
    let run = |arguments: &str| {
        let call = format!("compare --baseline b.csv --current same.csv --dataset all --json {arguments}");
        world.succeed(&call).unwrap().stdout
    };
    let one = run("--threads 1");
    assert_eq!(one, run("--threads 4"));
    assert_ne!(one, run("--threads 1 --seed 7"));
}

#[test]
fn a_sample_is_stated() {
    let world = world();
    let call = "--baseline b.csv --current same.csv --dataset mmd --dataset-rows 100";
    let found = compared(&world, call);
    let rows = &found["dataset"]["rows"]["baseline"];
    assert_eq!(
        (rows["total"].as_u64(), rows["used"].as_u64()),
        (Some(600), Some(100))
    );
    assert!(found["dataset"]["sample"].as_str().unwrap().contains("seeded"));
    let text = world.succeed(&format!("compare {call}")).unwrap().stdout;
    assert!(
        text.contains("100 and 100 rows sampled of 600 and 600, seed 0"),
        "{text}"
    );
}

#[test]
fn embeddings_come_from_arrays_and_from_groups_of_columns() {
    let world = world();
    for (files, name) in [("v", "v"), ("b", "no")] {
        let [baseline, current] = match files {
            "v" => ["v0.jsonl", "v1.jsonl"],
            _ => ["b.csv", "same.csv"],
        };
        let call = format!(
            "--baseline {baseline} --current {current} --dataset association_change --embedding {name}"
        );
        let found = compared(&world, &call);
        let embedding = &found["dataset"]["embeddings"][name];
        let p = |method: &str| embedding["methods"][method]["p_value"].as_f64().unwrap();
        if files == "v" {
            assert_eq!(embedding["dimension"].as_u64(), Some(4));
            assert_eq!(embedding["missing_vectors"]["baseline"].as_u64(), Some(20));
            let distance = &embedding["methods"]["centroid_distance"];
            assert!(
                (distance["statistic"].as_f64().unwrap() - 0.6).abs() < 1e-6,
                "{distance}"
            );
            assert!(distance["cosine"].as_f64().unwrap() < 0.01);
            assert!(
                ["centroid_distance", "mmd", "domain_classifier"]
                    .into_iter()
                    .all(|method| p(method) <= 0.01)
            );
            assert_eq!(found["dataset"]["columns"], serde_json::json!(["age"]));
        } else {
            assert_eq!(embedding["dimension"].as_u64(), Some(1));
            assert!(p("centroid_distance") > 0.01);
        }
    }
}

#[test]
fn what_cannot_be_computed_says_why() {
    let world = world();
    let reason = |file: &str, method: &str| {
        let found = compared(
            &world,
            &format!("--baseline {file} --current {file} --dataset all"),
        );
        found["dataset"]["methods"][method]["not_computable"].clone()
    };
    assert_eq!(
        reason("few.csv", "domain_classifier"),
        "too few rows: 10 are needed on each side"
    );
    assert_eq!(
        reason("few.csv", "pca_reconstruction"),
        "too few rows: 4 are needed on each side"
    );
    assert!(reason("few.csv", "mmd").is_null());
    assert!(reason("flat.csv", "domain_classifier").is_null());
    assert_eq!(
        reason("flat.csv", "pca_reconstruction"),
        "no column of the baseline varies"
    );
    assert_eq!(
        reason("flat.csv", "association_change"),
        "no pair of columns varies on both sides in enough complete rows"
    );
    let found = compared(&world, "--baseline gaps.csv --current gaps.csv --dataset all");
    assert_eq!(found["dataset"]["left_out"]["y"], "no cell is present");
}

#[test]
fn errors_say_what_there_is() {
    let world = world();
    let cases: &[(&str, &[&str])] = &[
        (
            "--dataset mmd,mmmd",
            &[
                "--dataset names an unknown dataset method: `mmmd`",
                "there are: domain_classifier, pca_reconstruction, mmd, association_change, or all",
            ],
        ),
        (
            "--dataset all --embedding e",
            &["--embedding names `e`, and the baseline has no array", "hint:"],
        ),
        (
            "--dataset all --embedding x --embedding x",
            &["--embedding names `x` twice"],
        ),
        (
            "--dataset all --dataset-rows 0",
            &["--dataset-rows is 0, expected at least 1"],
        ),
        ("--embedding x", &["--dataset"]),
    ];
    for (arguments, parts) in cases {
        let answer = world
            .run(&format!(
                "compare --baseline b.csv --current same.csv {arguments}"
            ))
            .unwrap();
        assert_eq!(answer.code, 2, "{arguments}: {answer:#?}");
        for part in *parts {
            assert!(answer.stderr.contains(part), "{arguments}: {}", answer.stderr);
        }
    }
}

/// tests/reference/multivariate/nannyml.json: nannyml 0.13.1, by make_nannyml.py.
#[test]
fn nannyml_s_reconstruction_error_is_printed_under_its_convention() {
    let shared = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../shared/data/bike_sharing"
    ));
    let Ok(shared) = shared.canonicalize() else {
        println!("skipped: nannyml_s_reconstruction_error_is_printed_under_its_convention: no shared data");
        return;
    };
    let reference: Value =
        serde_json::from_str(include_str!("../reference/multivariate/nannyml.json")).unwrap();
    let expected = &reference["reconstruction"]["bike_sharing"];
    let folder = shared.display();
    let names = "season,mnth,hr,holiday,weekday,workingday,weathersit,temp,atemp,hum,windspeed";
    let call = format!(
        "--baseline {folder}/reference.csv --current {folder}/current.csv --schema {folder}/schema.json \
         --columns {names} --convention nannyml --method jensen_shannon --dataset pca_reconstruction"
    );
    let found = compared(&World::new().unwrap(), &call);
    let answer = &found["dataset"]["methods"]["pca_reconstruction"];
    for (field, expected) in [
        ("statistic", &expected["whole"]),
        ("upper_limit", &expected["upper"]),
    ] {
        let (found, expected) = (answer[field].as_f64().unwrap(), expected.as_f64().unwrap());
        assert!(
            (found - expected).abs() <= 1e-6 * expected,
            "{field}: {found} {expected}"
        );
    }
    assert_eq!(answer["convention"], "nannyml");
    assert_eq!(answer["alert"], true);
}
