//! Facets, groups, the flip test and attributions through `driftline quality`.
//!
//! Formulas are tested in `baselines`; here is what reaches `quality.json`, the verdict and the page.

use super::traffic::{Loans, loans, write};
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

fn unfair(seed: u64) -> Loans {
    Loans {
        seed,
        n: 1_500,
        bias: 0.25,
        weights: [1.0, 4.0, 2.0],
    }
}

fn metric<'v>(found: &'v Value, facet: &str, name: &str) -> &'v Value {
    let all = found["bias"].as_array().unwrap();
    all.iter()
        .find(|metric| metric["facet"] == facet && metric["metric"] == name)
        .unwrap_or_else(|| panic!("no {name} of {facet} in {found}"))
}

/// The whole table by hand: shares of predicted positives and labels in both facets.
#[test]
fn metrics_of_a_facet_are_those_of_the_table() {
    let world = loans("");
    let table = unfair(21);
    table.apart(&world, "w", |_| true);
    let found = run(&world, "w", "--facet city=Ost --group age");
    let rows = table.rows();
    let share = |city: &str, positive: &dyn Fn(&super::traffic::Loan) -> bool| {
        let side: Vec<_> = rows.iter().filter(|row| row.city == city).collect();
        side.iter().filter(|row| positive(row)).count() as f64 / side.len() as f64
    };
    let rounded = |row: &super::traffic::Loan| format!("{:.4}", row.score).parse::<f64>().unwrap() >= 0.5;
    let (west, ost) = (share("West", &rounded), share("Ost", &rounded));
    let close = |name: &str, expected: f64| {
        let value = metric(&found, "city = Ost", name)["value"].as_f64().unwrap();
        assert!((value - expected).abs() < 1e-12, "{name}: {value} {expected}");
    };
    close("DPPL", west - ost);
    close("DI", ost / west);
    let labels = |row: &super::traffic::Loan| row.label == 1;
    close("DPL", share("West", &labels) - share("Ost", &labels));
    let right = |row: &super::traffic::Loan| rounded(row) == (row.label == 1);
    close("AD", share("West", &right) - share("Ost", &right));
    let n_ost = rows.iter().filter(|row| row.city == "Ost").count() as f64;
    close("CI", (rows.len() as f64 - 2.0 * n_ost) / rows.len() as f64);
    // All of Clarify's metrics have a value: the group column gives CDDL and CDDPL, the features FT.
    assert_eq!(found["bias"].as_array().unwrap().len(), 21);
    for name in ["CDDL", "CDDPL", "FT"] {
        assert!(metric(&found, "city = Ost", name)["value"].is_f64(), "{name}");
    }
    // Neighbours outside the facet have the same income and a higher score: rows would turn positive.
    assert!(metric(&found, "city = Ost", "FT")["value"].as_f64().unwrap() < -0.1);
    assert_eq!(found["status"], "violated");
    let dppl = metric(&found, "city = Ost", "DPPL");
    assert_eq!(
        (&dppl["outcome"], &dppl["alert"]),
        (&"alert".into(), &true.into())
    );
    assert!(dppl["low"].as_f64().unwrap() > 0.1);
    let verdict = world.json("out-w/r1/verdict.json").unwrap();
    let ids: Vec<&str> = verdict["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["id"].as_str().unwrap())
        .collect();
    assert!(ids.contains(&"bias/city = Ost/DPPL"), "{ids:?}");
    let page = std::fs::read_to_string(world.path("out-w/r1/quality.html")).unwrap();
    assert!(page.contains("DPPL (city = Ost)"), "bias has rows on the page");
}

#[test]
fn ranges_lists_and_thresholds_decide_what_rings() {
    let world = loans("");
    unfair(22).apart(&world, "w", |_| true);
    let wide = run(
        &world,
        "w",
        "--facet city=Ost --bias-range DPPL=-0.9..0.9 --bias-range DI=.. --bias-range CI=..0.1",
    );
    assert_eq!(metric(&wide, "city = Ost", "DPPL")["outcome"], "allowed");
    assert_eq!(metric(&wide, "city = Ost", "DI")["outcome"], "allowed");
    assert_eq!(
        metric(&wide, "city = Ost", "CI")["outcome"],
        "alert",
        "0.4 is above the range given"
    );
    let usual = run(&world, "w", "--facet city=Ost");
    assert_eq!(metric(&usual, "city = Ost", "CI")["outcome"], "not_judged");
    assert!(
        metric(&usual, "city = Ost", "CDDPL")["reason"]
            .as_str()
            .unwrap()
            .contains("group variable")
    );
    // Two values together are everybody.
    let both = run(&world, "w", "--facet city=Ost,West");
    assert!(
        metric(&both, "city = Ost,West", "DPPL")["reason"]
            .as_str()
            .unwrap()
            .contains("every row")
    );
    // Without a value, each of them; a threshold divides numbers.
    let each = run(&world, "w", "--facet city");
    let (ost, west) = (
        metric(&each, "city = Ost", "DPPL"),
        metric(&each, "city = West", "DPPL"),
    );
    assert!((ost["value"].as_f64().unwrap() + west["value"].as_f64().unwrap()).abs() < 1e-12);
    let rows = unfair(22).rows();
    let command = "quality --baseline base --problem binary --schema schema.json --ground-truth-id id --label label --capture w.csv --ground-truth w-truth.csv --output out-t --json --facet age>40";
    let found: Value = serde_json::from_str(&world.succeed(command).unwrap().stdout).unwrap();
    let n_above = rows.iter().filter(|row| row.age > 40).count() as f64;
    let ci = metric(&found, "age > 40", "CI")["value"].as_f64().unwrap();
    assert!((ci - (rows.len() as f64 - 2.0 * n_above) / rows.len() as f64).abs() < 1e-12);
}

/// Metrics of predictions alone are there before labels are; those of labels are withheld below the coverage.
#[test]
fn predictions_alone_are_judged_before_labels_come() {
    let world = loans("");
    unfair(23).apart(&world, "none", |_| false);
    let found = run(&world, "none", "--facet city=Ost");
    assert_eq!(metric(&found, "city = Ost", "DPPL")["outcome"], "alert");
    assert_eq!(metric(&found, "city = Ost", "DPPL")["n"], 1_500);
    assert!(
        metric(&found, "city = Ost", "AD")["reason"]
            .as_str()
            .unwrap()
            .contains("needs labels")
    );
    unfair(23).apart(&world, "some", |n| n % 5 == 0);
    let found = run(&world, "some", "--facet city=Ost");
    let ad = metric(&found, "city = Ost", "AD");
    assert_eq!((&ad["outcome"], &ad["n"]), (&"not_judged".into(), &300.into()));
    assert!(ad["value"].is_f64() && ad["reason"].as_str().unwrap().contains("20.0 %"));
    assert_eq!(metric(&found, "city = Ost", "FT")["n"], 1_500);
}

/// Contract §5.3: |live| > |baseline|, against our own baseline and against Clarify's analysis.json.
#[test]
fn sagemakers_rule_compares_with_the_baselines_values() {
    let world = loans("--facet city=Ost --group age");
    unfair(24).apart(&world, "w", |_| true);
    let baseline = world.json("base/model_quality/quality.json").unwrap();
    let found = run(&world, "w", "--facet city=Ost --group age --convention sagemaker");
    let mut n_alerts = 0;
    for live in found["bias"].as_array().unwrap() {
        let name = live["metric"].as_str().unwrap();
        let known = metric(&baseline, "city = Ost", name)["value"].as_f64().unwrap();
        assert_eq!(live["baseline"].as_f64(), Some(known), "{name}");
        let violates = live["value"].as_f64().unwrap().abs() > known.abs();
        assert_eq!(live["alert"].as_bool(), Some(violates), "{name}");
        n_alerts += usize::from(violates);
    }
    assert!((3..21).contains(&n_alerts), "{n_alerts}");
    write(
        &world,
        "analysis.json",
        r#"{"version": "1.0", "post_training_bias_metrics": {"facets": {"city": [{"value_or_threshold": "Ost", "metrics": [
            {"name": "DPPL", "description": "", "value": -0.9}, {"name": "AD", "description": "", "value": 0.0000001}]}]}}}"#,
    );
    let found = run(
        &world,
        "w",
        "--facet city=Ost --convention sagemaker --clarify analysis.json",
    );
    assert_eq!(metric(&found, "city = Ost", "DPPL")["baseline"], -0.9);
    assert_eq!(metric(&found, "city = Ost", "DPPL")["alert"], false);
    assert_eq!(metric(&found, "city = Ost", "AD")["alert"], true);
    let other = run(
        &world,
        "w",
        "--facet city=West --convention sagemaker --clarify analysis.json",
    );
    assert!(
        metric(&other, "city = West", "AD")["reason"]
            .as_str()
            .unwrap()
            .contains("no value of it")
    );
}

#[test]
fn attributions_ring_when_their_order_turns() {
    let world = loans("--attributions shap_");
    let of_baseline = &world.json("base/model_quality/quality.json").unwrap()["attributions"];
    let order = |attributions: &Value| -> Vec<String> {
        let features = attributions["features"].as_array().unwrap().iter();
        features.map(|f| f["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(order(of_baseline), ["income", "city", "age"]);
    let table = |weights| Loans {
        seed: 31,
        n: 800,
        bias: 0.0,
        weights,
    };
    table([1.0, 4.0, 2.0]).apart(&world, "same", |_| true);
    let same = run(&world, "same", "--attributions shap_");
    assert_eq!(
        (&same["attributions"]["ndcg"], &same["attributions"]["outcome"]),
        (&1.0.into(), &"allowed".into())
    );
    assert_eq!(same["attributions"]["n"], 800);
    table([9.0, 0.5, 0.1]).apart(&world, "turned", |_| false);
    let turned = run(&world, "turned", "--attributions shap_*");
    let found = &turned["attributions"];
    assert_eq!(order(found), ["age", "income", "city"]);
    // By hand from the baseline's values: age first, then income, then city.
    let weight = |name: &str| {
        let features = of_baseline["features"].as_array().unwrap();
        let feature = features.iter().find(|f| f["name"] == name).unwrap();
        feature["value"].as_f64().unwrap()
    };
    let gain = |names: [&str; 3]| -> f64 {
        let terms = names.iter().enumerate();
        terms
            .map(|(rank, name)| weight(name) / (rank as f64 + 2.0).log2())
            .sum()
    };
    let expected = gain(["age", "income", "city"]) / gain(["income", "city", "age"]);
    assert!((found["ndcg"].as_f64().unwrap() - expected).abs() < 1e-12);
    assert_eq!(
        (&found["alert"], &turned["status"]),
        (&true.into(), &"violated".into())
    );
    let verdict = world.json("out-turned/r1/verdict.json").unwrap();
    assert_eq!(verdict["findings"][0]["id"], "attributions/ndcg");
    let lenient = run(&world, "turned", "--attributions shap_ --attribution-limit 0.5");
    assert_eq!(lenient["attributions"]["outcome"], "allowed");
    // Clarify's global SHAP values in place of the baseline's.
    write(
        &world,
        "analysis.json",
        r#"{"explanations": {"kernel_shap": {"label0": {"global_shap_values": {"age": 9.0, "income": 0.5, "other": 1.0}}}}}"#,
    );
    let clarify = run(&world, "turned", "--attributions shap_ --clarify analysis.json");
    assert_eq!(clarify["attributions"]["ndcg"], 1.0);
    assert!(
        clarify["notes"]
            .to_string()
            .contains("1 features are in the window only, 1 in the baseline only")
    );
}

/// JSON responses carry attributions as keys; captured records, not a table.
#[test]
fn attributions_are_read_from_captured_json() {
    let world = loans("--attributions shap_");
    let mut lines = String::new();
    for n in 0..60 {
        let output = format!(
            r#"{{\"score\":0.{:02},\"explanations\":{{\"shap\":{{\"age\":{},\"income\":0.2,\"city\":-0.1}}}}}}"#,
            10 + n,
            n % 7
        );
        writeln!(
            lines,
            r#"{{"captureData":{{"endpointInput":{{"observedContentType":"application/json","mode":"INPUT","data":"{{\"city\":\"Ost\",\"age\":40,\"income\":5}}","encoding":"JSON"}},"endpointOutput":{{"observedContentType":"application/json","mode":"OUTPUT","data":"{output}","encoding":"JSON"}}}},"eventMetadata":{{"eventId":"e{n}","inferenceTime":"2026-11-01T00:00:00Z"}},"eventVersion":"0"}}"#
        )
        .unwrap();
    }
    write(&world, "capture/2026/11/01/00/a.jsonl", &lines);
    std::fs::create_dir_all(world.path("truth")).unwrap();
    let answer = world
        .succeed("quality --capture capture --ground-truth truth --baseline base --problem binary --probability score --attributions explanations.shap[*] --output out --json")
        .unwrap();
    let found: Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(found["attributions"]["n"], 60);
    assert_eq!(found["attributions"]["features"][0]["name"], "age");
    assert_eq!(found["attributions"]["alert"], true);
}

/// More than two classes, and numbers: somebody must say what the positive outcome is.
#[test]
fn other_problems_need_a_positive_outcome() {
    let world = World::new().unwrap();
    let (mut table, mut labels) = ("id,zone,predicted\n".to_owned(), "id,label\n".to_owned());
    let mut train = "predicted,label\n".to_owned();
    for n in 0..200 {
        let predicted = if n % 2 == 0 { n % 50 } else { n % 40 };
        writeln!(table, "i{n},{},{predicted}", if n % 2 == 0 { "a" } else { "b" }).unwrap();
        writeln!(labels, "i{n},{}", n % 45).unwrap();
        writeln!(train, "{predicted},{}", n % 45).unwrap();
    }
    write(&world, "p.csv", &table);
    write(&world, "l.csv", &labels);
    write(&world, "train.csv", &train);
    let base = "--prediction predicted --label label";
    world
        .succeed(&format!(
            "baseline --data train.csv --problem regression {base} --output base"
        ))
        .unwrap();
    let run = |problem: &str, base: &str, more: &str| {
        let command = format!(
            "quality --capture p.csv --ground-truth l.csv --ground-truth-id id --id id --label label --baseline {base} --problem {problem} --prediction predicted --output out{problem} --json --facet zone=a {more}"
        );
        serde_json::from_str::<Value>(&world.succeed(&command).unwrap().stdout).unwrap()
    };
    let without = run("regression", "base", "");
    assert!(without["notes"].to_string().contains("--bias-outcome"));
    let with = run("regression", "base", "--bias-outcome >24");
    // Of the even numbers below 50, 26 … 48 are above 24: 12 of 25; of the odd ones below 40, 25 … 39: 8 of 20.
    let dppl = metric(&with, "zone = a", "DPPL")["value"].as_f64().unwrap();
    assert!((dppl - (8.0 / 20.0 - 12.0 / 25.0)).abs() < 1e-12, "{dppl}");
    world
        .succeed(&format!(
            "baseline --data train.csv --problem multiclass {base} --output many"
        ))
        .unwrap();
    let classes: Vec<String> = (25..45).chain([46, 48]).map(|n: i64| n.to_string()).collect();
    let classes = classes.join(",");
    let with = run("multiclass", "many", &format!("--bias-outcome {classes}"));
    let of_classes = metric(&with, "zone = a", "DPPL")["value"].as_f64().unwrap();
    assert!((of_classes - dppl).abs() < 1e-12);
}

#[test]
fn wrong_bias_requests_say_what_to_do() {
    let world = loans("");
    unfair(25).apart(&world, "w", |_| true);
    for (arguments, message) in [
        ("--facet nobody=1", "column `nobody`"),
        ("--facet city=Ost --group nothing", "column `nothing`"),
        ("--facet city>5", "no number"),
        ("--facet city>five", "expected a number behind `>`"),
        ("--facet city=", "lacks a column or a value"),
        ("--facet city=Ost --bias-range XX=0..1", "no bias metric"),
        ("--facet city=Ost --bias-range DI=2..1", "low end is above"),
        ("--facet city=Ost --bias-outcome 7", "class `7`"),
        ("--bias-range DI=0..1", "--facet"),
        ("--attributions nothing_", "begin with `nothing_`"),
        ("--attributions shap_ --attribution-limit 7", "from 0 to 1"),
        ("--facet city=Ost --clarify w.csv", "cannot be used"),
        (
            "--facet city=Ost --clarify schema.json",
            "neither bias metrics nor",
        ),
    ] {
        let answer = world
            .run(&format!(
                "{RUN} --capture w.csv --ground-truth w-truth.csv --output out {arguments}"
            ))
            .unwrap();
        assert_eq!(answer.code, 2, "{arguments}: {}", answer.stderr);
        assert!(answer.stderr.contains(message), "{arguments}: {}", answer.stderr);
        assert!(!world.path("out/latest.json").exists());
    }
}
