//! `driftline compare` from outside: its numbers against those of the makers, its edge cases, its errors.
//!
//! Only what the built program prints is read. Which number is whose: docs/methods.md.

mod edges;
mod errors;
mod golden;
mod oracles;

use serde_json::Value;
use tests::world::World;

/// Relative tolerance of statistics: the reference values are printed with 12 digits.
const STATISTIC: f64 = 1e-9;

/// What `driftline compare … --json` prints.
fn compared(world: &World, arguments: &str) -> Value {
    let answer = world.succeed(&format!("compare {arguments} --json")).unwrap();
    serde_json::from_str(&answer.stdout).unwrap()
}

/// The names that stand directly under `columns`, as printed.
fn column_order(world: &World, arguments: &str) -> Vec<String> {
    let printed = world
        .succeed(&format!("compare {arguments} --json"))
        .unwrap()
        .stdout;
    let names = printed.lines().skip_while(|line| *line != "  \"columns\": {");
    let names = names.skip(1).take_while(|line| *line != "  },");
    let name = |line: &str| {
        let name = line.strip_prefix("    \"")?.strip_suffix("\": {")?;
        Some(name.to_owned())
    };
    names.filter_map(name).collect()
}

/// Whether two numbers agree, relative to the second.
fn agrees(ours: f64, theirs: f64, relative: f64) -> bool {
    (ours - theirs).abs() <= relative * theirs.abs() || (theirs == 0.0 && ours.abs() < 1e-15)
}

/// Whether a document holds a number that is none: JSON has none, so they would stand as null.
fn null_statistics(document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (name, column) in document["columns"].as_object().unwrap() {
        for (method, answer) in column["methods"].as_object().unwrap() {
            let computed = answer["statistic"].as_f64().is_some_and(f64::is_finite);
            if !computed && !answer["not_computable"].is_string() {
                found.push(format!("{name} {method}: {answer}"));
            }
        }
    }
    found
}
