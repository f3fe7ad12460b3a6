//! Edge cases as documents: a documented answer or a reason, never a null where a number belongs.

use super::{column_order, compared, null_statistics};
use serde_json::Value;
use std::fmt::Write as _;
use tests::world::World;

const CONVENTIONS: [&str; 9] = [
    "house",
    "scipy",
    "sagemaker",
    "evidently",
    "nannyml",
    "azureml",
    "tfdv",
    "scouter",
    "deepchecks",
];
const FILES: &str = "--baseline b.csv --current c.csv --method all";

fn world(baseline: &str, current: &str) -> World {
    let world = World::new().unwrap();
    world.write("b.csv", baseline).unwrap();
    world.write("c.csv", current).unwrap();
    world
}

/// The house's answer, after every convention has answered without a null.
fn answered(world: &World) -> Value {
    for convention in CONVENTIONS {
        let document = compared(world, &format!("{FILES} --convention {convention}"));
        assert_eq!(null_statistics(&document), [""; 0], "{convention}");
    }
    compared(world, FILES)
}

#[test]
fn constant_columns() {
    let rows = |value: &str| format!("x,s\n{}", format!("{value},{value}a\n").repeat(20));
    let same = answered(&world(&rows("5"), &rows("5")));
    let number = &same["columns"]["x"]["methods"];
    for method in [
        "ks",
        "psi",
        "jensen_shannon",
        "wasserstein",
        "energy",
        "hellinger",
        "kl",
        "tvd",
        "l_infinity",
    ] {
        assert_eq!(number[method]["statistic"], 0.0, "{method}");
    }
    assert_eq!(number["ks"]["p_value"], 1.0);
    assert!(number["anderson_darling"]["not_computable"].is_string());
    let category = &same["columns"]["s"]["methods"];
    assert_eq!(category["chi_square"]["statistic"], 0.0);
    assert_eq!(category["chi_square"]["p_value"], 1.0);
    let moved = answered(&world(&rows("5"), &rows("6")));
    assert_eq!(moved["columns"]["x"]["methods"]["ks"]["statistic"], 1.0);
    assert_eq!(moved["columns"]["x"]["methods"]["wasserstein"]["statistic"], 1.0);
    assert_eq!(moved["columns"]["s"]["methods"]["unseen_share"]["statistic"], 1.0);
}

#[test]
fn columns_of_nulls() {
    let mut nulls = "x,y,z\n".to_owned();
    let mut numbers = nulls.clone();
    for idx in 0..30 {
        writeln!(nulls, ",,{idx}").unwrap();
        writeln!(numbers, ",{idx},{idx}").unwrap();
    }
    let document = answered(&world(&nulls, &numbers));
    let [both, one] = ["x", "y"].map(|name| &document["columns"][name]);
    assert_eq!(
        (&both["type"], &both["n_baseline"]),
        (&"unknown".into(), &0.into())
    );
    assert_eq!(
        both["methods"]["ks"]["not_computable"],
        "the baseline has no values"
    );
    assert_eq!(
        both["methods"]["psi"]["statistic"], 0.0,
        "all null against all null is no drift"
    );
    // Nothing is known of the baseline: the current cells say what the column is.
    assert_eq!(one["type"], "numeric");
    assert_eq!(one["cells"]["baseline"]["missing"], 30);
    assert_eq!(
        one["methods"]["ks"]["not_computable"],
        "the baseline has no values"
    );
    assert!(one["methods"]["psi"]["statistic"].as_f64().unwrap() > 0.5);
    let swapped = answered(&world(&numbers, &nulls));
    assert_eq!(
        swapped["columns"]["y"]["methods"]["ks"]["not_computable"],
        "the current sample has no values"
    );
}

#[test]
fn one_row() {
    let document = answered(&world("x,s\n1.5,a\n", "x,s\n2.5,b\n"));
    let number = &document["columns"]["x"]["methods"];
    assert_eq!(
        (&number["ks"]["statistic"], &number["ks"]["p_value"]),
        (&1.0.into(), &1.0.into())
    );
    assert_eq!(
        number["epps_singleton"]["not_computable"],
        "too few values: 5 are needed on each side"
    );
    assert_eq!(
        document["columns"]["s"]["methods"]["unseen_share"]["statistic"],
        1.0
    );
}

#[test]
fn infinities_and_nan_are_counted_apart() {
    let mut baseline = "x\n".to_owned();
    (0..40).for_each(|idx| writeln!(baseline, "{idx}.5").unwrap());
    let current = baseline.clone() + "inf\ninf\n-inf\nNaN\n";
    let document = answered(&world(&baseline, &current));
    let column = &document["columns"]["x"];
    let cells = &column["cells"]["current"];
    assert_eq!(
        (
            &cells["positive_infinity"],
            &cells["negative_infinity"],
            &cells["nan"]
        ),
        (&2.into(), &1.into(), &1.into())
    );
    assert_eq!(column["type"], "numeric");
    assert_eq!(column["methods"]["ks"]["statistic"], 0.0, "they are no points");
    assert!(
        column["methods"]["psi"]["statistic"].as_f64().unwrap() > 0.0,
        "they have bins of their own"
    );
    let only_special = answered(&world("x\ninf\ninf\n", "x\nNaN\n-inf\n"));
    assert_eq!(only_special["columns"]["x"]["type"], "numeric");
}

#[test]
fn disjoint_supports() {
    let rows = |from: u32, letter: char| {
        (from..from + 50).fold("x,s\n".to_owned(), |text, idx| {
            text + &format!("{idx}.25,{letter}{}\n", idx % 3)
        })
    };
    let document = answered(&world(&rows(0, 'a'), &rows(1000, 'b')));
    let number = &document["columns"]["x"]["methods"];
    assert_eq!(
        (&number["ks"]["statistic"], &number["wasserstein"]["statistic"]),
        (&1.0.into(), &1000.0.into())
    );
    assert!(number["psi"]["statistic"].as_f64().unwrap() > 1.0);
    let category = &document["columns"]["s"]["methods"];
    assert_eq!(category["cramers_v"]["statistic"], 1.0);
    assert_eq!(category["unseen_share"]["statistic"], 1.0);
}

#[test]
fn a_million_distinct_strings() {
    let rows = |n: u32, every: u32| {
        let mut text = String::with_capacity(12 * n as usize);
        text += "id\n";
        (0..n).for_each(|idx| writeln!(text, "user-{}", idx * every).unwrap());
        text
    };
    let world = world(&rows(1_000_000, 1), &rows(100_000, 20));
    let document = compared(&world, FILES);
    assert_eq!(null_statistics(&document), [""; 0]);
    let id = &document["columns"]["id"];
    assert_eq!(
        (&id["type"], &id["n_baseline"], &id["n_current"]),
        (&"categorical".into(), &1_000_000.into(), &100_000.into())
    );
    // Half of 0, 20, …, 1,999,980 lie below a million: exactly half of the current strings are new.
    assert_eq!(id["methods"]["unseen_share"]["statistic"], 0.5);
    // |p − q| is largest, 1e-5, for a new string: 1 of 100,000 against none.
    assert_eq!(id["methods"]["l_infinity"]["statistic"], 1e-5);
}

// The first mebibyte holds numbers alone; the text behind it makes the column categorical, its numbers included.
#[test]
fn a_text_that_turns_up_late() {
    let mut baseline = "code,x\n".to_owned();
    (0..200_000).for_each(|idx| writeln!(baseline, "{:03},{idx}.5", idx % 100).unwrap());
    baseline += "A01,1.5\n";
    let document = compared(&world(&baseline, "code,x\n001,1.5\nA01,2.5\nA02,3.5\n"), FILES);
    let code = &document["columns"]["code"];
    assert_eq!(
        (&code["type"], &code["n_baseline"]),
        (&"categorical".into(), &200_001.into())
    );
    assert_eq!(code["methods"]["unseen_share"]["statistic"], 1.0 / 3.0);
    assert_eq!(document["columns"]["x"]["type"], "numeric");
}

#[test]
fn a_schema_stands_above_the_cells() {
    let world = world("zip,y,id\n01,1,5\n02,0,6\n", "zip,y,id\n01,1,5\n03,1,6\n");
    let schema = r#"{"features": [{"name": "zip", "type": "categorical"}], "label": "y", "task": "regression", "id": "id"}"#;
    world.write("schema.json", schema).unwrap();
    let document = compared(&world, &format!("{FILES} --schema schema.json"));
    let columns = document["columns"].as_object().unwrap();
    assert_eq!(
        column_order(&world, &format!("{FILES} --schema schema.json")),
        ["zip", "y"]
    );
    assert_eq!(
        (&columns["zip"]["type"], &columns["y"]["type"]),
        (&"categorical".into(), &"numeric".into())
    );
    assert_eq!(columns["zip"]["methods"]["unseen_share"]["statistic"], 0.5);
    let without = compared(&world, FILES);
    assert_eq!(without["columns"]["zip"]["type"], "numeric");
}

// Evidently 0.7.23 tests numeric columns of few values as categories (stattests/registry.py).
#[test]
fn evidently_takes_few_values_for_categories() {
    let rows = |ones: usize| format!("x\n{}{}", "1\n".repeat(ones), "0\n".repeat(100 - ones));
    let world = world(&rows(50), &rows(60));
    let files = "--baseline b.csv --current c.csv --method chi_square,z_test";
    let x = compared(&world, &format!("{files} --convention evidently"))["columns"]["x"]["methods"].take();
    assert_eq!(x["chi_square"]["taken_as"], "categories");
    // scipy 1.17.1: chisquare([60, 40], [50, 50]).pvalue
    let p = x["chi_square"]["p_value"].as_f64().unwrap();
    assert!(super::agrees(p, 0.04550026389635839, 1e-9), "{p}");
    assert!(x["z_test"]["statistic"].is_number());
    let house = compared(&world, files)["columns"]["x"]["methods"].take();
    assert_eq!(
        house["chi_square"]["not_computable"],
        "the method is not defined for this type of column"
    );
}

#[test]
fn columns_of_one_side_are_listed() {
    let json = "{\"a\": 1, \"n\": {\"p\": 2}}\n{\"a\": 3, \"late\": true}\n";
    let world = world("a,b,c\n1,2,3\n", "c,a,d\n1,2,3\n");
    world.write("c.jsonl", json).unwrap();
    let document = compared(&world, "--baseline b.csv --current c.csv");
    assert_eq!(document["columns"].as_object().map(serde_json::Map::len), Some(2));
    assert_eq!(
        column_order(&world, "--baseline b.csv --current c.csv"),
        ["a", "c"]
    );
    assert_eq!(
        column_order(&world, "--baseline b.csv --current c.csv --columns c,a"),
        ["c", "a"]
    );
    assert_eq!(document["only_in_baseline"], serde_json::json!(["b"]));
    assert_eq!(document["only_in_current"], serde_json::json!(["d"]));
    let nested = compared(&world, "--baseline c.jsonl --current c.jsonl");
    assert_eq!(nested["columns"].as_object().map(serde_json::Map::len), Some(3));
    assert_eq!(nested["columns"]["n.p"]["cells"]["baseline"]["missing"], 1);
    assert_eq!(nested["columns"]["late"]["cells"]["baseline"]["missing"], 1);
}
