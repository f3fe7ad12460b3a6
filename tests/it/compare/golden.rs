//! The golden vector of methods.md §3.0, from files, under every named convention and in every format.

use super::{STATISTIC, agrees, compared, null_statistics};
use serde_json::Value;
use std::fmt::Write as _;
use tests::repository;
use tests::world::World;

/// P-values are printed with 11 to 14 digits.
const P_VALUE: f64 = 1e-7;

/// The vector's formulas, in 64-bit floats in the order written.
fn golden_rows() -> [Vec<(f64, char)>; 2] {
    let baseline = (0..500u32).map(|i| {
        let number = f64::from((37 * i) % 101) / 10.0 + 0.3 * f64::from(i % 7);
        (number, char::from(b"aaaaabbbcd"[(7 * i as usize) % 10]))
    });
    let current = (0..400u32).map(|i| {
        let number = f64::from((53 * i) % 97) / 9.0 + 0.5 * f64::from(i % 5) + 0.4;
        (number, char::from(b"aaaabbbccd"[(3 * i as usize) % 10]))
    });
    [baseline.collect(), current.collect()]
}

/// A world with the vector as CSV, JSON Lines and (made by pyarrow) Parquet.
fn world() -> World {
    let world = World::new().unwrap();
    for (name, rows) in ["baseline", "current"].into_iter().zip(golden_rows()) {
        let (mut csv, mut json) = ("number,category\n".to_owned(), String::new());
        for (number, category) in rows {
            writeln!(csv, "{number:?},{category}").unwrap();
            writeln!(json, r#"{{"number": {number:?}, "category": "{category}"}}"#).unwrap();
        }
        world.write(&format!("{name}.csv"), csv).unwrap();
        world.write(&format!("{name}.jsonl"), json).unwrap();
        let parquet = repository::root().join(format!("tests/reference/compare/golden_{name}.parquet"));
        std::fs::copy(parquet, world.path(&format!("{name}.parquet"))).unwrap();
    }
    world
}

/// Convention, column, method, and the number of methods.md §3.0. Evidently's rows ran evidently 0.7.23; the others
/// restate their source in numpy 2.4.6 and scipy 1.17.1.
const STATISTICS: &[(&str, &str, &str, f64)] = &[
    ("house", "number", "ks", 0.1095),
    ("house", "number", "wasserstein", 0.813922222222),
    ("house", "number", "l_infinity", 0.1095),
    ("house", "category", "chi_square", 20.2626641651),
    ("sagemaker", "number", "l_infinity", 0.1095),
    ("sagemaker", "number", "l_infinity_robust", 0.0),
    ("sagemaker", "category", "l_infinity", 0.1),
    ("sagemaker", "category", "l_infinity_robust", 0.0),
    ("evidently", "number", "ks", 0.0089838295198),
    ("evidently", "number", "wasserstein", 0.273514728932),
    ("evidently", "number", "jensen_shannon", 0.151629962023),
    ("evidently", "number", "kl", 0.0735565818363),
    ("evidently", "number", "psi", 0.334310235492),
    ("evidently", "number", "hellinger", 0.149385218983),
    ("evidently", "number", "anderson_darling", 0.001),
    ("evidently", "number", "cramer_von_mises", 6.50074838521e-4),
    ("evidently", "number", "energy", 0.351625574218),
    ("evidently", "number", "epps_singleton", 1.0497755713e-6),
    ("evidently", "number", "mann_whitney", 1.09498444963e-4),
    ("evidently", "number", "t_test", 8.54425381186e-5),
    ("evidently", "category", "jensen_shannon", 0.1062001583),
    ("evidently", "category", "kl", 0.0422570576011),
    ("evidently", "category", "psi", 0.0916290731874),
    ("evidently", "category", "hellinger", 0.106606980366),
    ("evidently", "category", "chi_square", 2.1294809536e-10),
    ("evidently", "category", "z_test", 0.00276003016816),
    ("nannyml", "number", "ks", 0.1095),
    ("nannyml", "number", "wasserstein", 0.813922222222),
    ("nannyml", "number", "jensen_shannon", 0.192195000106),
    ("nannyml", "number", "hellinger", 0.181592140560),
    ("nannyml", "category", "jensen_shannon", 0.127559389951),
    ("nannyml", "category", "chi_square", 20.2626641651),
    ("azureml", "number", "wasserstein", 0.273241077308),
    ("azureml", "number", "jensen_shannon", 0.170835599634),
    ("azureml", "number", "psi", 0.168520679743),
    ("azureml", "category", "jensen_shannon", 0.127559389951),
    ("azureml", "category", "psi", 0.0900813604917),
    ("tfdv", "category", "jensen_shannon", 0.0162713979646),
    ("scouter", "number", "psi", 0.113141411375),
    ("deepchecks", "number", "ks", 0.1095),
    ("deepchecks", "number", "wasserstein", 0.0725374502807),
    ("deepchecks", "category", "cramers_v", 0.135980407126),
    ("deepchecks", "category", "psi", 0.0916290731874),
];

/// The same for p-values beside a statistic.
const P_VALUES: &[(&str, &str, &str, f64)] = &[
    ("house", "number", "ks", 0.0089838295198),
    ("house", "number", "mann_whitney", 2.18996889926e-4),
    ("house", "number", "t_test", 8.54425381186e-5),
    ("house", "number", "cramer_von_mises", 6.50074838521e-4),
    ("house", "number", "epps_singleton", 1.0497755713e-6),
    ("house", "category", "chi_square", 1.49740859e-4),
    ("nannyml", "category", "chi_square", 1.49740859e-4),
];

#[test]
fn every_convention_reports_its_makers_number() {
    let world = world();
    let mut wrong = Vec::new();
    for convention in [
        "house",
        "sagemaker",
        "evidently",
        "nannyml",
        "azureml",
        "tfdv",
        "scouter",
        "deepchecks",
    ] {
        let document = compared(
            &world,
            &format!("--baseline baseline.csv --current current.csv --method all --convention {convention}"),
        );
        assert_eq!(null_statistics(&document), [""; 0], "{convention}");
        let rows = STATISTICS.iter().map(|row| (row, "statistic"));
        for (&(of, column, method, expected), field) in
            rows.chain(P_VALUES.iter().map(|row| (row, "p_value")))
        {
            if of != convention {
                continue;
            }
            let answer = &document["columns"][column]["methods"][method];
            // Where a maker reports the p-value, that is the statistic.
            let is_p = field == "p_value" || answer["statistic"] == answer["p_value"];
            let tolerance = if is_p { P_VALUE } else { STATISTIC };
            if !answer[field]
                .as_f64()
                .is_some_and(|ours| agrees(ours, expected, tolerance))
            {
                wrong.push(format!(
                    "{convention} {column} {method} {field}: {answer}, expected {expected}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

// methods.md §3.0: evidently 0.7.23 raises here, because the two samples differ in size.
#[test]
fn where_the_maker_raises_the_reason_stands() {
    let document = compared(
        &world(),
        "--baseline baseline.csv --current current.csv --method g_test,ks --convention evidently",
    );
    let category = &document["columns"]["category"]["methods"];
    assert_eq!(
        category["g_test"]["not_computable"],
        "the convention's maker fails on this input"
    );
    assert_eq!(
        category["ks"]["not_computable"],
        "the method is not defined for this type of column"
    );
}

#[test]
fn formats_make_no_difference() {
    let world = world();
    let of = |baseline: &str, current: &str| {
        let arguments = format!("--baseline baseline.{baseline} --current current.{current} --method all");
        compared(&world, &arguments)["columns"].take()
    };
    let csv = of("csv", "csv");
    for formats in [
        ("jsonl", "jsonl"),
        ("parquet", "parquet"),
        ("csv", "parquet"),
        ("parquet", "jsonl"),
    ] {
        assert_eq!(
            csv.to_string(),
            of(formats.0, formats.1).to_string(),
            "{formats:?}"
        );
    }
}

#[test]
fn threads_make_no_difference() {
    let world = world();
    for files in [
        "--baseline baseline.parquet --current current.parquet",
        "--baseline baseline.csv --current current.csv",
    ] {
        let of = |n: u32| {
            world
                .succeed(&format!("compare {files} --method all --json --threads {n}"))
                .unwrap()
                .stdout
        };
        assert_eq!(of(1), of(4), "{files}");
    }
}

#[test]
fn a_result_carries_how_it_was_made() {
    let document = compared(
        &world(),
        "--baseline baseline.csv --current current.csv --method psi,ks,wasserstein",
    );
    let number = &document["columns"]["number"];
    assert_eq!(
        (&number["type"], &number["n_baseline"], &number["n_current"]),
        (&"numeric".into(), &500.into(), &400.into())
    );
    let methods = number["methods"].as_object().unwrap();
    let psi = &methods["psi"];
    assert_eq!(psi["convention"], "house");
    assert_eq!(psi["evidence"], "exact");
    assert_eq!(psi["p_value"], Value::Null);
    for parameter in ["bins", "edges_source", "zero_rule", "log_base"] {
        assert!(!psi["parameters"][parameter].is_null(), "{psi}");
    }
    assert_eq!(methods["ks"]["convention"], "scipy");
    let companions = methods["wasserstein"]["companions"].as_object().unwrap();
    assert!(
        companions.contains_key("over_std") && companions.contains_key("over_iqr"),
        "{companions:?}"
    );
}

#[test]
fn the_table_is_for_people() {
    let text = world()
        .succeed("compare --baseline baseline.csv --current current.csv")
        .unwrap();
    assert_eq!(text.stderr, "");
    let expected = [
        "Baseline: baseline.csv, 500 rows",
        "Convention: house",
        "number (numeric)",
        "category (categorical)",
        "0.1095",
        "chi_square",
    ];
    for part in expected {
        assert!(text.stdout.contains(part), "{part} is not in\n{}", text.stdout);
    }
}
