//! The built functions in an emulated account: what AWS would send them goes in, what they leave there is read back.
//!
//! Every account of these tests is its own, on free ports. Skips by name where moto is not installed.

mod analyze;
mod check;
mod clients;
mod closing;
mod distributed;
mod emulator;
mod ingest;
mod spark;
mod stack;
mod whole;

use hyper::body::Bytes;
use std::collections::BTreeMap;
use std::time::Duration;
use tests::aws::{Aws, Function};
use tests::history::History;
use tests::program;
use tests::world::World;

/// The bucket of everything.
const BUCKET: &str = "driftline-test";

/// An account with a bucket.
#[expect(clippy::print_stdout, reason = "a test that skips says so")]
fn account() -> Option<Aws> {
    let aws = Aws::start().unwrap();
    let Some(aws) = aws else {
        println!(
            "skipped: no Python with moto_server; `./test` installs one, or name it in DRIFTLINE_EMULATOR_PYTHON"
        );
        return None;
    };
    aws.make_bucket(BUCKET).unwrap();
    Some(aws)
}

/// A built function with the bucket as its store, and these variables.
fn function(name: &str, variables: &[(&str, &str)]) -> Function {
    let store = format!("s3://{BUCKET}");
    let variables = [("DRIFTLINE_STORE", store.as_str())]
        .into_iter()
        .chain(variables.iter().copied());
    Function {
        name: name.to_owned(),
        program: program::built(name).unwrap(),
        arguments: Vec::new(),
        variables: variables
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        concurrency: 4,
        timeout: Duration::from_mins(1),
        memory_mb: 1769,
    }
}

/// A baseline, and a day of capture that is not like it: 24 objects.
fn day() -> World {
    let history = History {
        days: 1,
        shifted_from: 0,
        missing: Vec::new(),
        ..History::usual()
    };
    let world = World::new().unwrap();
    history.write(&world).unwrap();
    world
        .succeed("baseline --data train.csv --schema schema.json --output baseline")
        .unwrap();
    world
}

/// Names of what differs between two sets of objects, for a message that can be read.
fn differing(expected: &BTreeMap<String, Bytes>, found: &BTreeMap<String, Bytes>) -> Vec<String> {
    let names = expected
        .keys()
        .chain(found.keys().filter(|key| !expected.contains_key(*key)));
    names
        .filter(|key| expected.get(*key) != found.get(*key))
        .map(|key| match (expected.get(key), found.get(key)) {
            (Some(_), None) => format!("{key} is missing"),
            (None, Some(_)) => format!("{key} should not be there"),
            _ => format!("{key} has other bytes"),
        })
        .collect()
}
