//! The generator's promises: same bytes, lines that parse, about 590 bytes at thirty columns.

use std::collections::BTreeMap;
use std::path::Path;

use super::Synth;

fn files_below(folder: &Path, into: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(&path, into);
        } else {
            into.insert(path.display().to_string(), std::fs::read(&path).unwrap());
        }
    }
}

fn written(synth: &Synth, n_threads: usize) -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let written = synth.write_capture(folder.path(), n_threads).unwrap();
    let mut files = BTreeMap::new();
    files_below(folder.path(), &mut files);
    assert_eq!(written.n_files, files.len() as u64);
    assert_eq!(
        written.n_bytes,
        files.values().map(|bytes| bytes.len() as u64).sum::<u64>()
    );
    files.into_values().collect()
}

#[test]
fn threads_do_not_change_a_byte() {
    let synth = Synth {
        n_records: 2_500,
        n_columns: 8_000,
        seed: 7,
        drift_from: None,
    };
    let one = written(&synth, 1);
    assert!(one.len() > 1, "the case needs several files");
    assert_eq!(one, written(&synth, 3));
    assert_ne!(one, written(&Synth { seed: 8, ..synth }, 1));
}

#[test]
fn a_line_is_a_capture_record() {
    let synth = Synth {
        n_records: 2_000,
        n_columns: 30,
        seed: 1,
        drift_from: Some(1_000),
    };
    let bytes = written(&synth, 1).concat();
    let lines: Vec<&[u8]> = bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .collect();
    assert_eq!(lines.len(), 2_000);
    let mean_bytes = bytes.len() / lines.len();
    assert!((570..=610).contains(&mean_bytes), "{mean_bytes} bytes a line");
    for line in lines {
        let record: serde_json::Value = serde_json::from_slice(line).unwrap();
        let input = record["captureData"]["endpointInput"]["data"].as_str().unwrap();
        assert_eq!(input.split(',').count(), 29);
        let output = record["captureData"]["endpointOutput"]["data"].as_str().unwrap();
        output.parse::<f64>().unwrap();
        let id = record["eventMetadata"]["eventId"].as_str().unwrap();
        assert_eq!((id.len(), &id[14..15]), (36, "4"));
        record["eventMetadata"]["inferenceTime"]
            .as_str()
            .unwrap()
            .parse::<jiff::Timestamp>()
            .unwrap();
    }
}

#[test]
fn training_has_a_header_and_other_rows() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("train.csv");
    let synth = Synth {
        n_records: 10,
        n_columns: 4,
        seed: 1,
        drift_from: None,
    };
    synth.write_training(&file, 3).unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text.lines().next(), Some("prediction,f1,f2,f3"));
    assert_eq!(text.lines().count(), 4);
    assert!(text.lines().all(|line| line.split(',').count() == 4));
}
