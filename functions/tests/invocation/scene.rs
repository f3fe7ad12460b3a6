//! A temporary folder with a baseline and two hours of captured traffic. Knows no invocation but its payload.

use engine::baseline::{BaselineRequest, make};
use engine::progress::Silent;
use engine::scan::ScanSettings;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;
use store::{Location, StoreOptions};
use tempfile::TempDir;

/// Words that stand in the captured rows and must stand in no log.
pub(crate) const CAPTURED: [&str; 3] = ["Reykjavik", "Ouagadougou", "Antananarivo"];
/// Records in `capture`, one row each, half of them in each hour.
pub(crate) const N_RECORDS: u64 = 400;
/// Lines in `capture` that are no record.
pub(crate) const N_BROKEN: u64 = 1;

/// The scene; the folder goes with it.
pub(crate) struct Scene {
    folder: TempDir,
}

impl Scene {
    /// Traffic that is like the training data but for `x`, which is `shift` higher.
    pub(crate) async fn with_shift(shift: f64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        baseline(folder.path()).await;
        for hour in 0..2 {
            let place = folder
                .path()
                .join("capture/ep/AllTraffic/2026/01/01")
                .join(format!("{hour:02}"));
            std::fs::create_dir_all(&place).unwrap();
            let mut lines = String::new();
            for idx in (hour..N_RECORDS).step_by(2) {
                writeln!(lines, "{}", record(idx, hour, shift)).unwrap();
            }
            if hour == 1 {
                writeln!(lines, "{{\"captureData\":").unwrap();
            }
            std::fs::write(place.join("00-00-000-a.jsonl"), lines).unwrap();
        }
        Self { folder }
    }

    /// A place in the folder, as people write it.
    pub(crate) fn at(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// The payload that asks for all of it.
    pub(crate) fn payload(&self) -> Value {
        json!({
            "capture": self.at("capture"), "baseline": self.at("baseline"), "output": self.at("output"),
            "title": "two hours",
        })
    }
}

/// Output and inputs of a row; every 200 rows hold the same values.
fn row(idx: u64, shift: f64) -> (String, String) {
    let x = (idx * 7 % 200) as f64 / 20.0 + shift;
    let city = CAPTURED[(idx * 11 % 200 % 3) as usize];
    (
        format!("0.{:03}", idx * 13 % 200),
        format!("{x:.2},{},{city}", idx % 5),
    )
}

fn record(idx: u64, hour: u64, shift: f64) -> String {
    let (output, input) = row(idx, shift);
    let side = |mode: &str, data: &str| json!({"observedContentType": "text/csv", "mode": mode, "data": data, "encoding": "CSV"});
    json!({
        "captureData": {"endpointInput": side("INPUT", &input), "endpointOutput": side("OUTPUT", &output)},
        "eventMetadata": {
            "eventId": format!("id-{idx}"),
            "inferenceTime": format!("2026-01-01T{hour:02}:{:02}:00Z", idx % 60),
        },
        "eventVersion": "0",
    })
    .to_string()
}

async fn baseline(folder: &Path) {
    let mut table = String::from("score,x,n,city\n");
    for idx in 0..1000 {
        let (output, input) = row(idx, 0.0);
        writeln!(table, "{output},{input}").unwrap();
    }
    let data = folder.join("train.csv");
    std::fs::write(&data, table).unwrap();
    let request = BaselineRequest {
        data: Location::local(data).unwrap(),
        schema: None,
        settings: ScanSettings::default(),
        options: StoreOptions::default(),
    };
    let made = make(&request, &Silent).await.unwrap();
    let place = Location::local(folder.join("baseline")).unwrap();
    made.write(&place, &request.options).await.unwrap();
}
