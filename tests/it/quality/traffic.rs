//! Seeded traffic with late labels, and a baseline for it.
//!
//! Does not run `driftline quality`.

use serde_json::json;
use std::fmt::Write as _;
use tests::world::World;

/// A small deterministic generator (Knuth's MMIX constants); tests need no more.
pub(super) struct Lcg(pub(super) u64);

impl Lcg {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }
    pub(super) fn share(&mut self) -> f64 {
        self.next() as f64 / f64::from(1u32 << 31)
    }
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.next() as usize % (last + 1));
        }
    }
}

pub(super) fn write(world: &World, path: &str, text: &str) {
    let path = world.path(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

pub(super) fn hour(n: i64) -> String {
    format!("2026/11/{:02}/{:02}", 1 + n / 24, n % 24)
}

pub(super) fn time(minute: i64) -> String {
    format!(
        "2026-11-{:02}T{:02}:{:02}:00Z",
        1 + minute / 1440,
        minute / 60 % 24,
        minute % 60
    )
}

/// A request, a minute after the one before: probability, label, when the label is known.
pub(super) struct Request {
    pub(super) n: i64,
    pub(super) score: f64,
    pub(super) label: u8,
    pub(super) known: i64,
}

pub(super) fn requests(seed: u64, n: i64) -> Vec<Request> {
    let mut draw = Lcg(seed);
    (0..n)
        .map(|n| {
            let score = (draw.share() * 1e4).round() / 1e4;
            Request {
                n,
                score,
                label: u8::from(draw.share() < score),
                known: n + 30 + (draw.share() * 600.0) as i64,
            }
        })
        .collect()
}

pub(super) fn captured(request: &Request) -> String {
    let record = json!({
        "captureData": {
            "endpointInput": {"observedContentType": "text/csv", "mode": "INPUT", "data": format!("{},{}", request.n % 7, request.n % 3), "encoding": "CSV"},
            "endpointOutput": {"observedContentType": "text/csv", "mode": "OUTPUT", "data": format!("{}", request.score), "encoding": "CSV"},
        },
        "eventMetadata": {"eventId": format!("e{}", request.n), "inferenceTime": time(request.n)},
        "eventVersion": "0",
    });
    record.to_string()
}

pub(super) fn truth(id: &str, label: u8, known: i64) -> String {
    let record = json!({
        "groundTruthData": {"data": label.to_string(), "encoding": "CSV"},
        "eventMetadata": {"eventId": id, "eventTime": time(known)},
        "eventVersion": "0",
    });
    record.to_string()
}

pub(super) fn world_with_baseline() -> World {
    let world = World::new().unwrap();
    let mut table = "score,label\n".to_owned();
    for request in requests(99, 1500) {
        writeln!(table, "{},{}", request.score, request.label).unwrap();
    }
    write(&world, "train.csv", &table);
    world
        .succeed("baseline --data train.csv --problem binary --probability score --label label --output base")
        .unwrap();
    world
}

pub(super) fn capture_to(world: &World, folder: &str, requests: &[Request]) {
    let mut hours: std::collections::BTreeMap<i64, String> = std::collections::BTreeMap::new();
    for request in requests {
        let lines = hours.entry(request.n / 60).or_default();
        lines.push_str(&captured(request));
        lines.push('\n');
    }
    for (n, lines) in hours {
        write(world, &format!("{folder}/{}/00-00-000-a.jsonl", hour(n)), &lines);
    }
}

/// Loan decisions as a table: `id,time,city,age,income,score,shap_age,shap_income,shap_city,label`. In `Ost` the score is
/// too high by `bias` and half of the errors are there; attributions are of age, income, city in the order of `weights`.
pub(super) struct Loans {
    pub(super) seed: u64,
    pub(super) n: usize,
    pub(super) bias: f64,
    pub(super) weights: [f64; 3],
}

impl Loans {
    pub(super) fn rows(&self) -> Vec<Loan> {
        let mut draw = Lcg(self.seed);
        (0..self.n)
            .map(|n| {
                let city = if draw.share() < 0.3 { "Ost" } else { "West" };
                let (age, income) = (18 + (draw.share() * 60.0) as i64, (draw.share() * 100.0).round());
                let p = 0.2 + 0.6 * income / 100.0;
                let label = u8::from(draw.share() < p);
                let score = p - if city == "Ost" { self.bias } else { 0.0 };
                let shap = self.weights.map(|weight| weight * (draw.share() - 0.5));
                Loan {
                    n,
                    city,
                    age,
                    income,
                    score: score.clamp(0.0, 1.0),
                    shap,
                    label,
                }
            })
            .collect()
    }

    /// `name` with labels inside.
    pub(super) fn labelled(&self, world: &World, name: &str) {
        let mut table = "city,age,income,score,shap_age,shap_income,shap_city,label\n".to_owned();
        for row in self.rows() {
            writeln!(table, "{},{}", row.cells(), row.label).unwrap();
        }
        write(world, name, &table);
    }

    /// `{name}.csv` and, apart, `{name}-truth.csv` with the labels of the rows that `has_label`.
    pub(super) fn apart(&self, world: &World, name: &str, has_label: impl Fn(usize) -> bool) {
        let mut table = "id,time,city,age,income,score,shap_age,shap_income,shap_city\n".to_owned();
        let mut labels = "id,label\n".to_owned();
        for row in self.rows() {
            writeln!(table, "i{},{},{}", row.n, time(row.n as i64), row.cells()).unwrap();
            if has_label(row.n) {
                writeln!(labels, "i{},{}", row.n, row.label).unwrap();
            }
        }
        write(world, &format!("{name}.csv"), &table);
        write(world, &format!("{name}-truth.csv"), &labels);
    }
}

/// One decision.
pub(super) struct Loan {
    pub(super) n: usize,
    pub(super) city: &'static str,
    pub(super) age: i64,
    pub(super) income: f64,
    pub(super) score: f64,
    pub(super) shap: [f64; 3],
    pub(super) label: u8,
}

impl Loan {
    fn cells(&self) -> String {
        let [age, income, city] = self.shap;
        format!(
            "{},{},{},{:.4},{age:.6},{income:.6},{city:.6}",
            self.city, self.age, self.income, self.score
        )
    }
}

/// What the model takes and gives.
pub(super) const LOAN_SCHEMA: &str = r#"{"task": "binary", "label": "label", "probability": "score", "id": "id", "timestamp": "time",
  "features": [{"name": "city", "type": "string"}, {"name": "age", "type": "integral"}, {"name": "income", "type": "numeric"}]}"#;

/// A folder with the schema and a baseline of fair loans, its bias and attributions.
pub(super) fn loans(arguments: &str) -> World {
    let world = World::new().unwrap();
    write(&world, "schema.json", LOAN_SCHEMA);
    Loans {
        seed: 5,
        n: 1_200,
        bias: 0.0,
        weights: [1.0, 4.0, 2.0],
    }
    .labelled(&world, "train.csv");
    world
        .succeed(&format!(
            "baseline --data train.csv --schema schema.json --output base {arguments}"
        ))
        .unwrap();
    world
}
