//! `driftline quality` as a person meets it: labels in any order, revisions, what is counted, what has a documented
//! answer, and scikit-learn's numbers.
//!
//! The metrics themselves are tested in `baselines`.

mod bias;
mod options;
mod places;
mod schema;
mod traffic;

use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;
use tests::repository::root;
use tests::world::World;
use traffic::{Lcg, capture_to, hour, requests, time, truth, world_with_baseline, write};

const QUALITY: &str = "quality --baseline base --problem binary --probability 0";

/// Labels may come in any order, twice, contradicted, spread over files and hours, and in pieces over several runs: the
/// final result is the same bytes.
#[test]
fn the_final_result_does_not_depend_on_how_labels_came() {
    for seed in 1..=4 {
        let world = world_with_baseline();
        let requests = requests(seed, 700);
        capture_to(&world, "capture", &requests);
        let mut draw = Lcg(seed ^ 0x5eed);
        // Each label; of some a contradiction before it, of some one at the same time (the greater value wins), of some a
        // repetition, of some both.
        let mut lines: Vec<String> = Vec::new();
        for request in requests.iter().filter(|request| request.n % 9 != 0) {
            let id = format!("e{}", request.n);
            lines.push(truth(&id, request.label, request.known));
            if request.n % 5 == 0 {
                lines.push(truth(&id, request.label, request.known));
            }
            if request.n % 7 == 0 {
                lines.push(truth(&id, 1 - request.label, request.known - 20));
            }
            if request.n % 11 == 0 {
                lines.push(truth(&id, 1 - request.label, request.known));
            }
        }
        lines.push(truth("nobody", 1, 100));
        write(
            &world,
            &format!("truth-0/{}/a.jsonl", hour(0)),
            &(lines.join("\n") + "\n"),
        );
        let run = |truth: &str, output: &str, extra: &str| {
            world
                .succeed(&format!(
                    "{QUALITY} --capture capture --ground-truth {truth} --output {output} {extra} --json"
                ))
                .unwrap()
                .stdout
        };
        let expected = run("truth-0", "out-0", "--threads 1");
        let parsed: Value = serde_json::from_str(&expected).unwrap();
        let n_labelled = requests.iter().filter(|request| request.n % 9 != 0).count() as u64;
        assert_eq!(parsed["n_labelled"], n_labelled);
        assert_eq!(parsed["labels"]["labels_orphaned"], 1);
        assert!(parsed["labels"]["labels_superseded"].as_u64().unwrap() > 50);
        let ones = parsed["confusion_matrix"]["rows_actual"][1].as_array().unwrap();
        let labelled = requests.iter().filter(|request| request.n % 9 != 0);
        let n_ones = labelled
            .filter(|request| request.label == 1 || request.n % 11 == 0)
            .count() as u64;
        assert_eq!(ones.iter().map(|n| n.as_u64().unwrap()).sum::<u64>(), n_ones);
        for split in 1..=3 {
            draw.shuffle(&mut lines);
            let n_files = 1 + draw.next() as usize % 7;
            for (part, chunk) in lines.chunks(lines.len().div_ceil(n_files)).enumerate() {
                let file = hour((draw.next() % 40) as i64);
                write(
                    &world,
                    &format!("truth-{split}/{file}/{part}.jsonl"),
                    &(chunk.join("\n") + "\n"),
                );
            }
            let threads = format!("--threads {}", 1 + split);
            let found = run(&format!("truth-{split}"), &format!("out-{split}"), &threads);
            assert!(found == expected, "seed {seed}, split {split}: the bytes differ");
        }
        // In pieces: each run sees more of them.
        draw.shuffle(&mut lines);
        let third = lines.len() / 3;
        let mut last = String::new();
        for (step, until) in [third, 2 * third, lines.len()].into_iter().enumerate() {
            write(
                &world,
                &format!("pieces/{}/{step}.jsonl", hour(step as i64)),
                &(lines[step * third..until].join("\n") + "\n"),
            );
            last = run("pieces", "out-pieces", "");
        }
        assert!(last == expected, "seed {seed}: late labels end elsewhere");
        let pointer = world.json("out-pieces/latest.json").unwrap();
        assert_eq!(pointer["revision"], 3);
        let first = world.json("out-pieces/r1/quality.json").unwrap();
        assert!(
            first["n_labelled"].as_u64().unwrap() < n_labelled,
            "the first revision stays readable"
        );
        let stored = std::fs::read_to_string(world.path("out-pieces/r3/quality.json")).unwrap();
        assert_eq!(stored, expected);
        run("pieces", "out-pieces", "");
        assert_eq!(
            world.json("out-pieces/latest.json").unwrap()["revision"],
            3,
            "the same labels again"
        );
        assert!(!world.path("out-pieces/r4").exists());
    }
}

#[test]
fn several_rows_rejected_records_repeated_ids_and_merged_records() {
    let world = world_with_baseline();
    let side = |mode: &str, data: &str| json!({"observedContentType": "text/csv", "mode": mode, "data": data, "encoding": "CSV"});
    let record = |event: &str, inference: Option<&str>, output: &str| {
        let n = output.lines().count();
        let input = vec!["1,2"; n].join("\n");
        let mut meta = json!({"eventId": event, "inferenceTime": time(5)});
        if let Some(inference) = inference {
            meta["inferenceId"] = json!(inference);
        }
        let mut captured = json!({
            "captureData": {"endpointInput": side("INPUT", &input), "endpointOutput": side("OUTPUT", output)},
            "eventMetadata": meta, "eventVersion": "0",
        });
        if output == "0.123" {
            captured["captureData"]["endpointOutput"]["encoding"] = json!("ROT13");
        }
        captured.to_string()
    };
    let capture = [
        record("a", None, "0.9\n0.2"),
        record("b", Some("same"), "0.7"),
        record("c", Some("same"), "0.6"),
        record("c", Some("same"), "0.6"),
        record("d", None, "0.123"),
        record("e", None, "0.4\n0.3"),
    ];
    write(
        &world,
        &format!("capture/{}/x.jsonl", hour(0)),
        &(capture.join("\n") + "\n"),
    );
    let label = |id: &str, data: &str| {
        json!({"groundTruthData": {"data": data, "encoding": "CSV"}, "eventMetadata": {"eventId": id}, "eventVersion": "0"}).to_string()
    };
    let truth = [
        label("a", "1\n0"),
        label("same", "1"),
        label("d", "0"),
        label("e", "1"),
        label("b", "0"),
        "{".to_owned(),
    ];
    write(
        &world,
        &format!("truth/{}/x.jsonl", hour(2)),
        &(truth.join("\n") + "\n"),
    );
    let answer = world
        .succeed(&format!(
            "{QUALITY} --capture capture --ground-truth truth --output out --json"
        ))
        .unwrap();
    let found: Value = serde_json::from_str(&answer.stdout).unwrap();
    let labels = &found["labels"];
    // Rows of a (2), b and c (the caller's id wins over the event's), and e (2, whose single label is of no known row).
    assert_eq!(
        (&found["n_predictions"], &found["n_labelled"]),
        (&json!(6), &json!(4))
    );
    for (name, n) in [
        ("predictions_redelivered", 1),
        ("predictions_sharing_an_id", 2),
        ("labels_of_rejected_records", 1),
        ("labels_with_other_row_count", 1),
        ("labels_orphaned", 1),
        ("label_lines_rejected", 1),
        ("prediction_lines_rejected", 1),
    ] {
        assert_eq!(labels[name], n, "{name}: {labels}");
    }
    assert_eq!(found["status"], "not_evaluated");
    assert!(
        found["not_evaluated"].as_str().unwrap().contains("at least 30"),
        "{}",
        found["not_evaluated"]
    );
    let folder = world.path(&format!("out/r1/merge/{}", hour(0)));
    let files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(files.len(), 1);
    let merged = std::fs::read_to_string(&files[0]).unwrap();
    let merged: Vec<Value> = merged
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let truths: Vec<&Value> = merged
        .iter()
        .map(|record| &record["groundTruthData"]["data"])
        .collect();
    assert_eq!(truths, [&json!("1\n0"), &json!("1"), &json!("1")]);
    assert_eq!(merged[0]["captureData"]["endpointOutput"]["data"], "0.9\n0.2");
}

#[test]
fn every_odd_window_has_its_documented_answer() {
    let world = world_with_baseline();
    let table = |world: &World, name: &str, rows: &[(f64, &str)]| {
        let (mut predictions, mut labels) = ("id,score\n".to_owned(), "id,label\n".to_owned());
        for (n, (score, label)) in rows.iter().enumerate() {
            writeln!(predictions, "i{n},{score}").unwrap();
            if !label.is_empty() {
                writeln!(labels, "i{n},{label}").unwrap();
            }
        }
        write(world, &format!("{name}/p.csv"), &predictions);
        write(world, &format!("{name}-truth/l.csv"), &labels);
    };
    let run = |name: &str| {
        let command = format!(
            "quality --baseline base --problem binary --probability score --capture {name}/p.csv --ground-truth {name}-truth/l.csv --output out-{name} --json"
        );
        serde_json::from_str::<Value>(&world.succeed(&command).unwrap().stdout).unwrap()
    };
    let mut draw = Lcg(3);
    let good: Vec<(f64, &str)> = (0..100)
        .map(|_| {
            let score = draw.share();
            (score, if draw.share() < score { "1" } else { "0" })
        })
        .collect();
    table(&world, "few", &good[..29]);
    let few = run("few");
    assert_eq!(few["status"], "not_evaluated");
    assert!(
        few["not_computable"]["accuracy"]
            .as_str()
            .unwrap()
            .contains("29 labelled predictions")
    );
    let one: Vec<(f64, &str)> = good.iter().map(|(score, _)| (*score, "1")).collect();
    table(&world, "one", &one);
    assert_eq!(run("one")["not_computable"]["auc"], "all labels are of one class");
    let mut outside = good.clone();
    outside[0].0 = 1.5;
    outside[1].1 = "maybe";
    table(&world, "outside", &outside);
    let found = run("outside");
    assert_eq!(found["rows"]["score_refused"], 1);
    assert_eq!(found["rows"]["label_outside_classes"], 1);
    let none: Vec<(f64, &str)> = good.iter().map(|(score, _)| (*score, "")).collect();
    table(&world, "none", &none);
    let found = run("none");
    assert_eq!(
        (&found["shown"], &found["status"]),
        (&json!("estimated"), &json!("not_evaluated"))
    );
    assert!(found["estimate"]["metrics"]["auc"]["value"].as_f64().unwrap() > 0.5);
    let sparse: Vec<(f64, &str)> = good
        .iter()
        .enumerate()
        .map(|(n, (score, label))| (*score, if n % 3 == 0 { *label } else { "" }))
        .collect();
    table(&world, "sparse", &sparse);
    let found = run("sparse");
    assert_eq!(found["status"], "not_evaluated", "34 of 100 are fewer than half");
    assert!(found["not_evaluated"].as_str().unwrap().contains("34.0 %"));
}

#[test]
fn wrong_requests_say_what_to_do() {
    let world = world_with_baseline();
    capture_to(&world, "capture", &requests(1, 100));
    write(
        &world,
        &format!("truth/{}/x.jsonl", hour(1)),
        &(truth("e1", 1, 90) + "\n"),
    );
    for (arguments, message) in [
        (
            "--capture capture --ground-truth truth --probability 3",
            "--probability asks for column 3",
        ),
        (
            "--capture capture --ground-truth truth",
            "neither --prediction nor --probability",
        ),
        (
            "--capture capture --ground-truth truth --probability 0 --min-coverage 2",
            "--min-coverage is 2",
        ),
        (
            "--capture nowhere --ground-truth truth --probability 0",
            "no such file or folder",
        ),
        (
            "--capture capture --ground-truth truth --probability 0 --segment zone",
            "zone",
        ),
        (
            "--capture capture --ground-truth truth --probability 0 --value-matrix a,b",
            "expected rows of numbers",
        ),
    ] {
        let answer = world
            .run(&format!(
                "quality --baseline base --problem binary --output out {arguments}"
            ))
            .unwrap();
        assert!([2, 4].contains(&answer.code), "{arguments}: {}", answer.stderr);
        assert!(answer.stderr.contains(message), "{arguments}: {}", answer.stderr);
    }
    let answer = world
        .run("quality --baseline base --problem regression --prediction 0 --capture capture --ground-truth truth --output out")
        .unwrap();
    assert!(
        answer.stderr.contains("is of a binary model"),
        "{}",
        answer.stderr
    );
    world
        .succeed(&format!(
            "{QUALITY} --capture capture --ground-truth truth --output out"
        ))
        .unwrap();
    let other = world
        .run(&format!(
            "{QUALITY} --capture capture --ground-truth truth --output out --start 2026-11-01T00:00:00Z"
        ))
        .unwrap();
    assert_eq!(other.code, 2);
    assert!(other.stderr.contains("holds the window"), "{}", other.stderr);
}

/// scikit-learn 1.9.1's values of `../shared/oracles/*.json`, "quality", at 1e-9.
#[test]
fn real_data_have_scikit_learns_numbers() {
    let shared = root().join("../shared");
    if !shared.join("oracles").is_dir() {
        eprintln!("skipped: ../shared is not there");
        return;
    }
    for (name, problem) in [
        ("elec2", "binary"),
        ("car_loan", "binary"),
        ("churn_aws", "binary"),
        ("gas_sensor", "multiclass"),
        ("bike_sharing", "regression"),
    ] {
        let world = World::new().unwrap();
        let data = shared.join("data").join(name);
        let schema: Value =
            serde_json::from_slice(&std::fs::read(data.join("schema.json")).unwrap()).unwrap();
        split_table(
            &world,
            &data.join("current.csv"),
            schema["label"].as_str().unwrap(),
        );
        let place = |file: &str| data.join(file).display().to_string();
        world
            .succeed(&format!(
                "baseline --data {} --schema {} --output base",
                place("reference.csv"),
                place("schema.json")
            ))
            .unwrap();
        let command = format!(
            "quality --capture p.csv --ground-truth l.csv --id row_id --ground-truth-id row_id --label label --baseline base --problem {problem} --schema {} --output out --json",
            place("schema.json")
        );
        let found: Value = serde_json::from_str(&world.succeed(&command).unwrap().stdout).unwrap();
        let oracle: Value =
            serde_json::from_slice(&std::fs::read(shared.join(format!("oracles/{name}.json"))).unwrap())
                .unwrap();
        let oracle = &oracle["quality"]["current"];
        let mut n_checked = 0;
        let mut check = |metric: &str, expected: &Value| {
            if let (Some(found), Some(expected)) =
                (found["metrics"][metric]["value"].as_f64(), expected.as_f64())
            {
                assert!(
                    (found - expected).abs() <= 1e-9 * expected.abs().max(1.0),
                    "{name} {metric}: {found} {expected}"
                );
                n_checked += 1;
            }
        };
        for (metric, expected) in oracle.as_object().unwrap() {
            check(metric, expected);
            if ["macro", "micro", "weighted"].contains(&metric.as_str()) {
                for (part, expected) in expected.as_object().unwrap() {
                    check(&format!("{metric}_{part}"), expected);
                }
            }
        }
        assert!(n_checked >= 7, "{name}: only {n_checked} metrics were compared");
        if problem != "regression" {
            assert_eq!(
                found["confusion_matrix"]["rows_actual"], oracle["confusion_matrix_rows_actual"],
                "{name}"
            );
        }
    }
}

/// Predictions and labels of a table apart, joined by a row id.
fn split_table(world: &World, table: &Path, label: &str) {
    let text = std::fs::read_to_string(table).unwrap();
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let at = header.iter().position(|name| *name == label).unwrap();
    let (mut predictions, mut labels) = (
        format!("row_id,{}\n", header.join(",")),
        "row_id,label\n".to_owned(),
    );
    for (n, line) in lines.enumerate() {
        writeln!(predictions, "r{n},{line}").unwrap();
        writeln!(labels, "r{n},{}", line.split(',').nth(at).unwrap()).unwrap();
    }
    write(world, "p.csv", &predictions);
    write(world, "l.csv", &labels);
}
