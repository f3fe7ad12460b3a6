//! Seeded capture and training data of any size: the same arguments give the same bytes, whatever the threads.
//!
//! Each record depends only on the seed and its own number, so files are written side by side. Numbers are made and
//! printed as scaled integers: no float formatting, no libm, the same on every machine. It does not know what a
//! monitor should find in the data.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use jiff::Timestamp;

mod cells;

use cells::{Column, Random};

/// A file of capture holds one hour and about this much.
const FILE_BYTES: u64 = 64_000_000;
const TRAINING_STREAM: u64 = 0x7261_696e;
const CAPTURE_STREAM: u64 = 0x6361_7074;
const ID_STREAM: u64 = 0x6576_6964;

/// What to make.
#[derive(Debug, Clone)]
pub struct Synth {
    /// Captured requests, one row each.
    pub n_records: u64,
    /// Columns in all: `prediction` (the endpoint's output) and `f1`, `f2`, …; every third is categorical.
    pub n_columns: usize,
    /// Same seed, same bytes.
    pub seed: u64,
    /// From this record on, every sixth column has moved.
    pub drift_from: Option<u64>,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Files.
    pub n_files: u64,
    /// Bytes in all files.
    pub n_bytes: u64,
}

impl Synth {
    /// Column names, the output first.
    pub fn column_names(&self) -> Vec<String> {
        (0..self.n_columns)
            .map(|idx| {
                if idx == 0 {
                    "prediction".to_owned()
                } else {
                    format!("f{idx}")
                }
            })
            .collect()
    }

    /// Records of one hour, and so of one file.
    pub fn records_per_hour(&self) -> u64 {
        let line_bytes = 350 + 8 * self.n_columns as u64;
        (FILE_BYTES / line_bytes).max(1)
    }

    fn columns(&self) -> Vec<Column> {
        (0..self.n_columns).map(Column::at).collect()
    }

    /// Writes `n_rows` rows of training data with a header to a CSV file. No row of it is in the capture.
    pub fn write_training(&self, file: &Path, n_rows: u64) -> Result<()> {
        let columns = self.columns();
        let created = File::create(file).with_context(|| format!("create {}", file.display()))?;
        let mut writer = BufWriter::with_capacity(1 << 20, created);
        writeln!(writer, "{}", self.column_names().join(","))?;
        let mut line = Vec::new();
        for row in 0..n_rows {
            let mut random = Random::new(self.seed ^ TRAINING_STREAM, row);
            line.clear();
            for (idx, column) in columns.iter().enumerate() {
                if idx > 0 {
                    line.push(b',');
                }
                column.write(random.next(), false, &mut line);
            }
            line.push(b'\n');
            writer.write_all(&line)?;
        }
        writer
            .flush()
            .with_context(|| format!("write {}", file.display()))
    }

    /// Writes the capture of endpoint `bench`, variant `AllTraffic`, below `folder`: one file an hour from
    /// 2026-01-01T00:00:00Z on.
    pub fn write_capture(&self, folder: &Path, n_threads: usize) -> Result<Written> {
        let n_hours = self.n_records.div_ceil(self.records_per_hour());
        let next_hour = AtomicU64::new(0);
        let n_bytes = AtomicU64::new(0);
        std::thread::scope(|scope| {
            let writers: Vec<_> = (0..n_threads.max(1))
                .map(|_| {
                    scope.spawn(|| -> Result<()> {
                        loop {
                            let hour = next_hour.fetch_add(1, Ordering::Relaxed);
                            if hour >= n_hours {
                                return Ok(());
                            }
                            n_bytes.fetch_add(self.write_hour(folder, hour)?, Ordering::Relaxed);
                        }
                    })
                })
                .collect();
            writers
                .into_iter()
                .try_for_each(|writer| writer.join().expect("a writer does not panic"))
        })?;
        Ok(Written {
            n_files: n_hours,
            n_bytes: n_bytes.into_inner(),
        })
    }

    /// Writes the same as `n_objects` small objects of equal size, spread over `n_hours` hours: what a busy endpoint
    /// captures. Their keys below the folder, in key order.
    pub fn write_objects(&self, folder: &Path, n_objects: u64, n_hours: u64) -> Result<Vec<String>> {
        let per_object = (self.n_records / n_objects).max(1);
        let columns = self.columns();
        let mut keys = Vec::new();
        let mut lines = Vec::new();
        for object in 0..n_objects {
            let start = hour_start(object * n_hours / n_objects);
            let of_hour = object % n_objects.div_ceil(n_hours);
            let mut key = start
                .strftime("bench/AllTraffic/%Y/%m/%d/%H/")
                .to_string()
                .into_bytes();
            key.extend_from_slice(format!("{:02}-{:02}-000-", of_hour / 60 % 60, of_hour % 60).as_bytes());
            write_uuid(
                &mut Random::new(self.seed ^ ID_STREAM, u64::MAX - object),
                &mut key,
            );
            let key = format!("{}.jsonl", String::from_utf8_lossy(&key));
            let date_and_hour = start.strftime("%Y-%m-%dT%H").to_string();
            lines.clear();
            for record in object * per_object..(object + 1) * per_object {
                let second = record * 3600 / per_object % 3600;
                self.write_record(record, &columns, &date_and_hour, second, &mut lines);
            }
            let file = folder.join(&key);
            if let Some(above) = file.parent() {
                std::fs::create_dir_all(above).with_context(|| format!("create {}", above.display()))?;
            }
            std::fs::write(&file, &lines).with_context(|| format!("write {}", file.display()))?;
            keys.push(key);
        }
        keys.sort();
        Ok(keys)
    }

    fn write_hour(&self, folder: &Path, hour: u64) -> Result<u64> {
        let per_hour = self.records_per_hour();
        let records = hour * per_hour..((hour + 1) * per_hour).min(self.n_records);
        let start = hour_start(hour);
        let folder = folder
            .join("bench")
            .join("AllTraffic")
            .join(start.strftime("%Y/%m/%d/%H").to_string());
        std::fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
        let mut name = b"00-00-000-".to_vec();
        write_uuid(
            &mut Random::new(self.seed ^ ID_STREAM, u64::MAX - hour),
            &mut name,
        );
        let file = folder.join(format!("{}.jsonl", String::from_utf8_lossy(&name)));
        let created = File::create(&file).with_context(|| format!("create {}", file.display()))?;

        let columns = self.columns();
        let date_and_hour = start.strftime("%Y-%m-%dT%H").to_string();
        let mut writer = BufWriter::with_capacity(1 << 20, created);
        let mut n_bytes = 0;
        let mut line = Vec::new();
        for record in records.clone() {
            let second_of_hour = (record - records.start) * 3600 / per_hour;
            line.clear();
            self.write_record(record, &columns, &date_and_hour, second_of_hour, &mut line);
            writer.write_all(&line)?;
            n_bytes += line.len() as u64;
        }
        writer
            .flush()
            .with_context(|| format!("write {}", file.display()))?;
        Ok(n_bytes)
    }

    /// One line: the envelope of the contract §1.3, CSV on both sides.
    fn write_record(
        &self,
        record: u64,
        columns: &[Column],
        date_and_hour: &str,
        second_of_hour: u64,
        line: &mut Vec<u8>,
    ) {
        let drifted = self.drift_from.is_some_and(|from| record >= from);
        let mut random = Random::new(self.seed ^ CAPTURE_STREAM, record);
        let mut output = Vec::with_capacity(24);
        columns[0].write(random.next(), drifted, &mut output);

        line.extend_from_slice(
            br#"{"captureData":{"endpointInput":{"observedContentType":"text/csv","mode":"INPUT","data":""#,
        );
        for (idx, column) in columns[1..].iter().enumerate() {
            if idx > 0 {
                line.push(b',');
            }
            column.write(random.next(), drifted, line);
        }
        line.extend_from_slice(
            br#"","encoding":"CSV"},"endpointOutput":{"observedContentType":"text/csv; charset=utf-8","mode":"OUTPUT","data":""#,
        );
        line.extend_from_slice(&output);
        line.extend_from_slice(br#"","encoding":"CSV"}},"eventMetadata":{"eventId":""#);
        write_uuid(&mut Random::new(self.seed ^ ID_STREAM, record), line);
        line.extend_from_slice(br#"","inferenceTime":""#);
        line.extend_from_slice(date_and_hour.as_bytes());
        for part in [second_of_hour / 60, second_of_hour % 60] {
            line.extend_from_slice(&[b':', b'0' + (part / 10) as u8, b'0' + (part % 10) as u8]);
        }
        line.extend_from_slice(b"Z\"},\"eventVersion\":\"0\"}\n");
    }
}

fn hour_start(hour: u64) -> Timestamp {
    let first: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a literal time stamp");
    first + jiff::SignedDuration::from_hours(hour as i64)
}

fn write_uuid(random: &mut Random, out: &mut Vec<u8>) {
    let bits = (u128::from(random.next()) << 64) | u128::from(random.next());
    let version_4 = bits & !(0xf << 76) & !(0b11 << 62) | (0x4 << 76) | (0b10 << 62);
    for position in 0..32 {
        if matches!(position, 8 | 12 | 16 | 20) {
            out.push(b'-');
        }
        out.push(b"0123456789abcdef"[(version_4 >> (124 - 4 * position)) as usize & 0xf]);
    }
}

#[cfg(test)]
mod tests;
