//! Predictions and labels as two CSV tables with ids of 32 hexadecimal digits, the labels in another order.
//!
//! Does not run anything.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::Result;

use super::row::{label, mixed, other, score};

/// How `quality` is told of them.
pub(super) const WORDS: &str = "--capture predictions.csv --ground-truth labels.csv --probability score";

/// Rows of the training table.
const TRAINING_ROWS: u64 = 20_000;

/// Writes both tables; gives their size.
pub(super) fn make(folder: &Path, rows: u64) -> Result<u64> {
    let mut predictions = BufWriter::new(File::create(folder.join("predictions.csv"))?);
    let mut labels = BufWriter::new(File::create(folder.join("labels.csv"))?);
    writeln!(predictions, "id,score")?;
    writeln!(labels, "id,label")?;
    for row in 0..rows {
        writeln!(
            predictions,
            "{:016x}{:016x},{:.9}",
            mixed(row),
            mixed(!row),
            score(row)
        )?;
        let row = other(row, rows);
        writeln!(labels, "{:016x}{:016x},{}", mixed(row), mixed(!row), label(row))?;
    }
    for file in [&mut predictions, &mut labels] {
        file.flush()?;
    }
    training(folder, rows.min(TRAINING_ROWS))?;
    let size = |name: &str| std::fs::metadata(folder.join(name)).map(|found| found.len());
    Ok(size("predictions.csv")? + size("labels.csv")?)
}

/// The labelled table the baseline is made from.
pub(super) fn training(folder: &Path, rows: u64) -> Result<()> {
    let mut training = BufWriter::new(File::create(folder.join("training.csv"))?);
    writeln!(training, "score,label")?;
    for row in 0..rows {
        writeln!(training, "{:.9},{}", score(row), label(row))?;
    }
    Ok(training.flush()?)
}
