//! What `driftline quality` does on request: segments, the search for weak ones, the cause of a change, weights, money.
//!
//! The statistics are tested in `baselines`; here each answer is held against the rows it is about.

use super::traffic::{Loan, Loans, loans, time, write};
use serde_json::Value;
use std::fmt::Write as _;
use tests::world::World;

const RUN: &str =
    "quality --baseline base --problem binary --schema schema.json --ground-truth-id id --label label";

fn run(world: &World, name: &str, arguments: &str) -> Value {
    let command = format!(
        "{RUN} --capture {name}.csv --ground-truth {name}-truth.csv --output out-{name} --json {arguments}"
    );
    serde_json::from_str(&world.succeed(&command).unwrap().stdout).unwrap()
}

/// In Ost scores are too low: nearly every positive label there is missed.
fn worse_in_ost(n: usize) -> Loans {
    Loans {
        seed: 41,
        n,
        bias: 0.4,
        weights: [1.0, 1.0, 1.0],
    }
}

fn is_wrong(row: &Loan) -> bool {
    let score: f64 = format!("{:.4}", row.score).parse().unwrap();
    (score >= 0.5) != (row.label == 1)
}

fn accuracy(rows: &[&Loan]) -> f64 {
    1.0 - rows.iter().filter(|row| is_wrong(row)).count() as f64 / rows.len() as f64
}

#[test]
fn segments_divide_the_rows() {
    let world = loans("");
    let table = worse_in_ost(900);
    table.apart(&world, "w", |_| true);
    let found = run(&world, "w", "--segment city,age");
    let rows = table.rows();
    let segments = found["segments"].as_array().unwrap();
    let of_column = |name: &str| {
        let of = segments
            .iter()
            .filter(|segment| segment["conditions"][0].as_str().unwrap().contains(name));
        of.collect::<Vec<_>>()
    };
    for city in ["Ost", "West"] {
        let segment = segments
            .iter()
            .find(|segment| segment["conditions"][0] == format!("city = {city}"))
            .unwrap();
        let side: Vec<&Loan> = rows.iter().filter(|row| row.city == city).collect();
        assert_eq!(segment["n_labelled"], side.len());
        let value = segment["metrics"]["accuracy"]["value"].as_f64().unwrap();
        assert!((value - accuracy(&side)).abs() < 1e-12, "{city}");
    }
    // Numbers with many values: quartiles, each row in one of them.
    let ages = of_column("age");
    assert_eq!(ages.len(), 4);
    let n: u64 = ages
        .iter()
        .map(|segment| segment["n_predictions"].as_u64().unwrap())
        .sum();
    assert_eq!(n, 900);
}

#[test]
fn the_search_finds_the_segment_that_is_worse() {
    let world = loans("");
    worse_in_ost(2_000).apart(&world, "w", |_| true);
    let found = run(&world, "w", "--find-segments");
    let weak = found["weak_segments"].as_array().unwrap();
    assert!(
        weak.iter()
            .any(|segment| segment["conditions"].to_string().contains("city = Ost")),
        "{weak:?}"
    );
    for segment in weak {
        assert!(segment["p_value"].as_f64().unwrap() < 0.05);
        assert!(segment["loss_difference"].as_f64().unwrap() > 0.0);
        assert!(segment["n_predictions"].as_u64().unwrap() >= 30);
    }
    Loans {
        bias: 0.0,
        ..worse_in_ost(2_000)
    }
    .apart(&world, "fair", |_| true);
    let fair = run(&world, "fair", "--find-segments");
    // Errors still depend on the income, and no longer on the city.
    let weak = fair["weak_segments"].as_array().cloned().unwrap_or_default();
    let city = weak
        .iter()
        .find(|segment| segment["conditions"] == serde_json::json!(["city = Ost"]));
    assert!(city.is_none(), "{city:?}");
    assert!(fair["notes"].to_string().contains("candidates"));
}

#[test]
fn the_parts_of_a_change_add_up_to_it() {
    let world = loans("");
    let train = Loans {
        seed: 5,
        n: 1_200,
        bias: 0.0,
        weights: [1.0, 4.0, 2.0],
    };
    let table = worse_in_ost(1_000);
    table.apart(&world, "w", |_| true);
    let found = run(&world, "w", "--explain train.csv");
    let (before, after) = (train.rows(), table.rows());
    let expected = accuracy(&before.iter().collect::<Vec<_>>()) - accuracy(&after.iter().collect::<Vec<_>>());
    let cause = &found["root_cause"];
    assert!((cause["change"].as_f64().unwrap() - expected).abs() < 1e-12);
    let parts = cause["contributions"].as_array().unwrap();
    assert_eq!(parts.len(), 4, "three features and the rest");
    let sum: f64 = parts.iter().map(|part| part["value"].as_f64().unwrap()).sum();
    assert!((sum - expected).abs() < 1e-9, "{sum} {expected}");
    let missing = world
        .run(&format!(
            "{RUN} --capture w.csv --ground-truth w-truth.csv --output out --explain nowhere.csv"
        ))
        .unwrap();
    assert!(
        missing.code != 0 && missing.stderr.contains("nowhere.csv"),
        "{}",
        missing.stderr
    );
}

/// Rows captured at 25 % stand for four each.
#[test]
fn rows_weigh_the_inverse_of_the_sampling_percentage() {
    let world = loans("");
    let table = worse_in_ost(600);
    table.apart(&world, "w", |_| true);
    write(
        &world,
        "sampling.csv",
        &format!("from,percentage\n{},100\n{},25\n", time(0), time(400)),
    );
    let found = run(&world, "w", "--sampling sampling.csv");
    let (mut right, mut all) = (0.0, 0.0);
    for row in table.rows() {
        let weight = if row.n < 400 { 1.0 } else { 4.0 };
        all += weight;
        right += if is_wrong(&row) { 0.0 } else { weight };
    }
    let value = found["metrics"]["accuracy"]["value"].as_f64().unwrap();
    assert!((value - right / all).abs() < 1e-12, "{value} {}", right / all);
    let weighted = found["confusion_matrix"]["weighted_rows_actual"]
        .as_array()
        .unwrap();
    let cells = weighted.iter().flat_map(|row| row.as_array().unwrap());
    let sum: f64 = cells.map(|cell| cell.as_f64().unwrap()).sum();
    assert!((sum - all).abs() < 1e-9);
    for (file, message) in [
        ("2026-11-01T00:00:00Z;25\n", "no comma"),
        ("2026-11-01T00:00:00Z,0\n", "outside 0 to 100"),
        ("yesterday,50\n", "no RFC 3339 time"),
    ] {
        write(&world, "bad.csv", file);
        let answer = world
            .run(&format!(
                "{RUN} --capture w.csv --ground-truth w-truth.csv --output out --sampling bad.csv"
            ))
            .unwrap();
        assert_eq!(answer.code, 2);
        assert!(answer.stderr.contains(message), "{}", answer.stderr);
    }
}

#[test]
fn a_value_matrix_is_money_per_thousand_predictions() {
    let world = loans("");
    let table = worse_in_ost(500);
    table.apart(&world, "w", |_| true);
    let found = run(&world, "w", "--value-matrix 0,-1;-5,2");
    let mut money = 0.0;
    for row in table.rows() {
        let predicted = is_wrong(&row) != (row.label == 1);
        money += match (row.label, predicted) {
            (0, false) => 0.0,
            (0, true) => -1.0,
            (_, false) => -5.0,
            (_, true) => 2.0,
        };
    }
    let value = &found["metrics"]["value_per_thousand"];
    assert!((value["value"].as_f64().unwrap() - money / 500.0 * 1000.0).abs() < 1e-9);
    assert!(value["low"].as_f64().unwrap() < value["high"].as_f64().unwrap());
    for matrix in ["0,-1;-5", "1,2,3;4,5,6;7,8,9"] {
        let answer = world
            .run(&format!(
                "{RUN} --capture w.csv --ground-truth w-truth.csv --output out --value-matrix {matrix}"
            ))
            .unwrap();
        assert_eq!(answer.code, 2, "{matrix}: {}", answer.stderr);
    }
}

/// A captured record's own inputs are segments too, and a column nobody has is named.
#[test]
fn columns_that_are_not_there_are_named() {
    let world = loans("");
    worse_in_ost(100).apart(&world, "w", |_| true);
    let mut many = "id,score,note\n".to_owned();
    for row in worse_in_ost(300).rows() {
        writeln!(many, "i{},{:.4},text {}", row.n, row.score, row.n).unwrap();
    }
    write(&world, "many.csv", &many);
    let answer = world
        .run(&format!(
            "{RUN} --capture w.csv --ground-truth w-truth.csv --output out --segment zone"
        ))
        .unwrap();
    assert!(
        answer.code == 2 && answer.stderr.contains("zone"),
        "{}",
        answer.stderr
    );
    // Too many values to look at one by one: said, not shown.
    let command = "quality --baseline base --problem binary --probability score --id id --ground-truth-id id --label label --capture many.csv --ground-truth w-truth.csv --output out-many --json --segment note";
    let found: Value = serde_json::from_str(&world.succeed(command).unwrap().stdout).unwrap();
    assert!(found.get("segments").is_none());
    assert!(
        found["notes"]
            .to_string()
            .contains("segments of `note` are not shown")
    );
}
