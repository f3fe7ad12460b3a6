//! A small endpoint with a past: training data with times, and days of capture of which some are missing or shifted.
//!
//! Seeded and printed as scaled integers, so the same everywhere. Does not know what should be found.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};

use crate::world::World;

/// What to make; both parts begin at the same time of the day.
#[derive(Debug, Clone)]
pub struct History {
    /// Where the training data begins.
    pub begins: Timestamp,
    /// Days of training data.
    pub training_days: u64,
    /// Days of capture, behind them.
    pub days: u64,
    /// Requests in an hour.
    pub per_hour: u64,
    /// From this day of the capture on, `x` is half a standard deviation higher.
    pub shifted_from: u64,
    /// Days of the capture without a record.
    pub missing: Vec<u64>,
    /// Same seed, same bytes.
    pub seed: u64,
}

/// `schema.json` of the training table.
pub const SCHEMA: &str = r#"{"task":"regression","features":[{"name":"x","type":"numeric"},{"name":"n","type":"numeric"},
{"name":"kind","type":"categorical"}],"prediction":"y","timestamp":"time"}"#;

struct Row {
    x: i64,
    n: u64,
    kind: &'static str,
    y: i64,
}

impl History {
    /// From 2026-01-01T00:00:00Z on twenty days of training, twelve of capture; the fourth is missing, from the ninth on `x` is shifted.
    pub fn usual() -> Self {
        Self {
            begins: "2026-01-01T00:00:00Z".parse().expect("a literal time stamp"),
            training_days: 20,
            days: 12,
            per_hour: 20,
            shifted_from: 8,
            missing: vec![3],
            seed: 11,
        }
    }

    /// Writes `train.csv`, `schema.json` and the folder `capture`.
    pub fn write(&self, world: &World) -> Result<()> {
        let mut training = "time,y,x,n,kind\n".to_owned();
        for record in 0..self.training_days * 24 * self.per_hour {
            let row = self.row(record, 0);
            let time = self.time(record);
            let (x, y) = (thousandths(row.x), thousandths(row.y));
            writeln!(training, "{time},{y},{x},{},{}", row.n, row.kind)?;
        }
        world.write("train.csv", training)?;
        world.write("schema.json", SCHEMA)?;
        let mut hours: BTreeMap<String, String> = BTreeMap::new();
        let first = self.training_days * 24 * self.per_hour;
        for idx in 0..self.days * 24 * self.per_hour {
            let day = idx / (24 * self.per_hour);
            if self.missing.contains(&day) {
                continue;
            }
            let row = self.row(first + idx, if day >= self.shifted_from { 500 } else { 0 });
            let time = self.time(first + idx);
            let hour = time.strftime("%Y/%m/%d/%H").to_string();
            let (x, y) = (thousandths(row.x), thousandths(row.y));
            writeln!(
                hours.entry(hour).or_default(),
                concat!(
                    r#"{{"captureData":{{"endpointInput":{{"observedContentType":"text/csv","mode":"INPUT","data":"{},{},{}","encoding":"CSV"}},"#,
                    r#""endpointOutput":{{"observedContentType":"text/csv","mode":"OUTPUT","data":"{}","encoding":"CSV"}}}},"#,
                    r#""eventMetadata":{{"eventId":"id-{}","inferenceTime":"{}"}},"eventVersion":"0"}}"#
                ),
                x,
                row.n,
                row.kind,
                y,
                idx,
                time
            )?;
        }
        for (hour, records) in hours {
            world.write(&format!("capture/{hour}/00-00-000-part.jsonl"), records)?;
        }
        Ok(())
    }

    fn time(&self, record: u64) -> Timestamp {
        self.begins + SignedDuration::from_secs((record * 3600 / self.per_hour) as i64)
    }

    fn row(&self, record: u64, shift: i64) -> Row {
        let mut random = self.seed ^ record.wrapping_mul(0xd1b5_4a32_d192_ed03);
        let mut bell = || {
            // Twelve uniform thousandths have variance 1 (Irwin–Hall).
            (0..12).map(|_| (next(&mut random) % 1_001) as i64).sum::<i64>() - 6_000
        };
        let (x, y) = (bell() + shift, bell());
        let n = next(&mut random) % 7;
        let kind = ["train", "train", "bus", "boat"][(next(&mut random) % 4) as usize];
        Row { x, n, kind, y }
    }
}

fn thousandths(n: i64) -> String {
    let sign = if n < 0 { "-" } else { "" };
    format!("{sign}{}.{:03}", n.abs() / 1_000, n.abs() % 1_000)
}

/// SplitMix64 (Steele, Lea, Flood 2014).
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
