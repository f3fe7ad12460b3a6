//! Shared tables of the estimate tests: rows of the real data sets, cut into chunks as NannyML cuts them.

mod oracles;
mod references;
mod laws;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

/// Seed of every fit in these tests.
const SEED: u64 = 7;

/// The folder beside the project; `None` where a checkout stands alone.
fn shared() -> Option<PathBuf> {
    let shared = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared"));
    let found = shared.join("oracles").is_dir().then_some(shared);
    if found.is_none() {
        println!("skipped: the shared data sets are not beside this checkout");
    }
    found
}

/// A CSV file without quotes, by column.
struct Table {
    columns: BTreeMap<String, Vec<String>>,
}

impl Table {
    fn read(path: &std::path::Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let mut lines = text.lines();
        let names: Vec<&str> = lines.next().unwrap().split(',').collect();
        let mut columns: Vec<Vec<String>> = vec![Vec::new(); names.len()];
        for line in lines {
            for (column, cell) in columns.iter_mut().zip(line.split(',')) {
                column.push(cell.to_owned());
            }
        }
        Self {
            columns: names.into_iter().map(str::to_owned).zip(columns).collect(),
        }
    }

    fn numbers(&self, name: &str) -> Vec<f64> {
        self.columns[name]
            .iter()
            .map(|cell| cell.parse().unwrap())
            .collect()
    }

    fn flags(&self, name: &str, positive: &str) -> Vec<bool> {
        self.columns[name].iter().map(|cell| cell == positive).collect()
    }

    fn levels(&self, name: &str) -> Vec<Option<&str>> {
        self.columns[name]
            .iter()
            .map(|cell| (!cell.is_empty()).then_some(cell.as_str()))
            .collect()
    }
}

/// One real data set with its oracle.
struct DataSet {
    baseline: Table,
    current: Table,
    estimation: Value,
    schema: Value,
}

impl DataSet {
    fn read(name: &str) -> Option<Self> {
        let shared = shared()?;
        let json = |path: String| -> Value {
            serde_json::from_slice(&std::fs::read(shared.join(path)).unwrap()).unwrap()
        };
        Some(Self {
            baseline: Table::read(&shared.join(format!("data/{name}/reference.csv"))),
            current: Table::read(&shared.join(format!("data/{name}/current.csv"))),
            estimation: json(format!("oracles/{name}.json"))["estimation"].clone(),
            schema: json(format!("data/{name}/schema.json")),
        })
    }
}

/// Row ranges of NannyML's chunks: equal ones, and the remainder as one more.
fn chunks(n: usize, count: usize) -> Vec<std::ops::Range<usize>> {
    let size = n / count;
    let mut ranges: Vec<_> = (0..count).map(|chunk| chunk * size..(chunk + 1) * size).collect();
    if count * size < n {
        ranges.push(count * size..n);
    }
    ranges
}

/// Largest difference between ours and an oracle column, over all its entries that are numbers.
#[derive(Default)]
struct Differences {
    by_key: BTreeMap<String, f64>,
    n_checked: usize,
}

impl Differences {
    fn add(&mut self, key: &str, ours: Option<f64>, theirs: &Value) {
        let Some(theirs) = theirs.as_f64() else {
            assert!(ours.is_none(), "{key}: {ours:?} where NannyML has none");
            return;
        };
        let ours = ours.unwrap_or_else(|| panic!("{key}: nothing where NannyML has {theirs}"));
        self.n_checked += 1;
        let largest = self.by_key.entry(key.to_owned()).or_default();
        *largest = largest.max((ours - theirs).abs());
    }
}
