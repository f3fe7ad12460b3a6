//! `baselines/schemas/quality.v1.schema.json` against real documents of every problem type, windows and baselines.
//!
//! The schema is closed: a key it does not name is a fault here.

use super::traffic::{Loans, loans, write};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use tests::repository::root;
use tests::world::World;

fn schema() -> Value {
    let path = root().join("baselines/schemas/quality.v1.schema.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Checks a document, and adds the parts it has to `seen`.
fn check(document: &Value, seen: &mut BTreeSet<String>) {
    let validator = jsonschema::draft202012::options()
        .should_validate_formats(true)
        .build(&schema())
        .unwrap();
    let errors: Vec<String> = validator
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert_eq!(errors, [""; 0]);
    seen.extend(document.as_object().unwrap().keys().cloned());
}

#[test]
fn documents_of_every_problem_fit_the_published_schema() {
    let mut seen = BTreeSet::new();
    let world = loans("--facet city=Ost --group age --attributions shap_");
    check(&world.json("base/model_quality/quality.json").unwrap(), &mut seen);
    let table = Loans {
        seed: 61,
        n: 1_500,
        bias: 0.4,
        weights: [5.0, 1.0, 0.5],
    };
    table.apart(&world, "w", |n| n % 3 != 0);
    let file = std::fs::read_to_string(world.path("w-truth.csv")).unwrap();
    write(&world, "w-truth.csv", &(file + "i1,maybe\nbroken\"line\n"));
    write(
        &world,
        "sampling.csv",
        "2026-11-01T00:00:00Z,100\n2026-11-01T05:00:00Z,50\n",
    );
    let run = |arguments: &str| -> Value {
        let command = format!(
            "quality --baseline base --problem binary --schema schema.json --ground-truth-id id --label label --capture w.csv --ground-truth w-truth.csv --json {arguments}"
        );
        serde_json::from_str(&world.succeed(&command).unwrap().stdout).unwrap()
    };
    let everything = "--facet city=Ost --facet age>40 --group age --attributions shap_ --segment city --find-segments --explain train.csv --value-matrix 1,-1;-1,1";
    check(&run(&format!("{everything} --output out-1")), &mut seen);
    check(
        &run(&format!(
            "{everything} --sampling sampling.csv --convention sagemaker --output out-2"
        )),
        &mut seen,
    );
    check(
        &run("--start 2026-11-01T02:00:00Z --end 2026-11-01T03:00:00Z --output out-3"),
        &mut seen,
    );
    others(&mut seen);
    let known = schema();
    let never: Vec<&String> = known["properties"]
        .as_object()
        .unwrap()
        .keys()
        .filter(|key| !seen.contains(*key))
        .collect();
    assert!(never.is_empty(), "no document has {never:?}");
    let mut other = run("--output out-4");
    other["surprise"] = Value::Bool(true);
    assert!(
        jsonschema::draft202012::new(&known)
            .unwrap()
            .validate(&other)
            .is_err()
    );
}

/// Multiclass and regression, with labels and without.
fn others(seen: &mut BTreeSet<String>) {
    let world = World::new().unwrap();
    let mut train = "x,predicted,p0,p1,p2,label\n".to_owned();
    let (mut window, mut labels) = (
        "id,time,x,predicted,p0,p1,p2\n".to_owned(),
        "id,label\n".to_owned(),
    );
    for n in 0..400 {
        let (predicted, label) = (n * 7 % 3, if n % 4 == 0 { n % 3 } else { n * 7 % 3 });
        let share = |class: i64| if class == predicted { 0.6 } else { 0.2 };
        let cells = format!("{},{predicted},{},{},{}", n % 17, share(0), share(1), share(2));
        writeln!(train, "{cells},{label}").unwrap();
        writeln!(window, "i{n},2026-11-01T{:02}:00:00Z,{cells}", n % 24).unwrap();
        writeln!(labels, "i{n},{label}").unwrap();
    }
    write(&world, "train.csv", &train);
    write(&world, "w.csv", &window);
    write(&world, "l.csv", &labels);
    std::fs::create_dir_all(world.path("nothing")).unwrap();
    write(
        &world,
        "regression.json",
        r#"{"task": "regression", "label": "label", "prediction": "predicted", "features": [{"name": "x", "type": "numeric"}]}"#,
    );
    for (problem, columns) in [
        ("multiclass", "--prediction predicted --probability p0,p1,p2"),
        ("regression", "--schema regression.json"),
    ] {
        world
            .succeed(&format!(
                "baseline --data train.csv --problem {problem} {columns} --label label --output {problem}"
            ))
            .unwrap();
        check(
            &world
                .json(&format!("{problem}/model_quality/quality.json"))
                .unwrap(),
            seen,
        );
        for truth in ["l.csv", "nothing"] {
            let command = format!(
                "quality --baseline {problem} --problem {problem} {columns} --label label --id id --time time --ground-truth-id id --capture w.csv --ground-truth {truth} --output out-{problem}-{truth} --json"
            );
            let found: Value = serde_json::from_str(&world.succeed(&command).unwrap().stdout).unwrap();
            assert_eq!(found["problem"], problem);
            check(&found, seen);
        }
    }
}
