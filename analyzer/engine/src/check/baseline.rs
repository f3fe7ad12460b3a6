//! Does the baseline load, are its columns those of the capture, and is it calibrated for the window?
//!
//! Does not judge values.

use super::Check;
use super::capture::Looked;
use crate::baseline::{LoadedBaseline, load, settings_for};
use crate::monitor::{Length, Monitor};
use crate::plan::for_window;
use crate::probe::probe;
use crate::progress::Silent;
use crate::scan::{ScanSettings, scan};
use crate::sources::Source;
use baselines::calibrate::CalibrationBasis;
use baselines::judge::BaselineSource;
use capture::schema::Schema;
use store::StoreOptions;

/// Objects whose records are looked at: the newest.
const MAX_OBJECTS: usize = 6;
const MAX_NAMES: usize = 8;

pub(super) async fn checks(
    monitor: &Monitor,
    schema: Option<&Schema>,
    looked: Option<&Looked>,
    options: &StoreOptions,
) -> Vec<Check> {
    let loaded = match load(&monitor.baseline, options).await {
        Ok(loaded) => loaded,
        Err(error) => return vec![Check::failed("baseline", &error)],
    };
    let maker = match loaded.source {
        BaselineSource::Driftline => "driftline",
        BaselineSource::ModelMonitor => "Model Monitor",
    };
    let mut out = vec![Check::ok(
        "baseline",
        format!(
            "{} rows, {} columns, made by {maker}",
            loaded.baseline.n_rows,
            loaded.baseline.monitored().count()
        ),
    )];
    out.push(calibration(monitor, &loaded));
    if let Some(looked) = looked {
        out.extend(columns(monitor, schema, &loaded, looked).await);
    }
    out
}

fn calibration(monitor: &Monitor, loaded: &LoadedBaseline) -> Check {
    const CHECK: &str = "calibration";
    let remake =
        "make it with times: `timestamp` in the schema, then `driftline calibrate --baseline … --data …`";
    let Some(found) = &loaded.calibration else {
        let todo = if loaded.can_be_calibrated() {
            "run `driftline calibrate` for it, so that the false-alarm budget holds on your data"
        } else {
            "make a baseline with driftline from the training data, so that the false-alarm budget holds on your data"
        };
        return Check::warning(CHECK, "there is none: rows count as independent", todo);
    };
    match found.basis {
        CalibrationBasis::ResampledRows => Check::warning(
            CHECK,
            "it knows no times: rows count as independent within a window",
            remake,
        ),
        CalibrationBasis::TimeBlocks {
            block_seconds,
            n_blocks,
        } => {
            let block = Length::from_seconds(block_seconds);
            let span = block_seconds.saturating_mul(i64::try_from(n_blocks).unwrap_or(i64::MAX));
            let longest = Length::from_seconds(span / 4);
            if monitor.window > longest {
                Check::warning(
                    CHECK,
                    format!(
                        "{n_blocks} blocks of {block} say how windows up to {longest} vary, and this one's are {}",
                        monitor.window
                    ),
                    "take shorter windows, or make the baseline of a longer time",
                )
            } else {
                Check::ok(
                    CHECK,
                    format!("{n_blocks} blocks of {block}, windows of {}", monitor.window),
                )
            }
        }
    }
}

async fn columns(
    monitor: &Monitor,
    schema: Option<&Schema>,
    loaded: &LoadedBaseline,
    looked: &Looked,
) -> Vec<Check> {
    const CHECK: &str = "columns";
    let mut newest: Vec<Source> = looked.objects.clone();
    newest.sort_by(|a, b| (b.hour, &b.key).cmp(&(a.hour, &a.key)));
    newest.truncate(MAX_OBJECTS);
    let probed = match probe(&newest).await {
        Ok(probed) => probed,
        Err(error) => return vec![Check::failed(CHECK, &error)],
    };
    let columns = for_window(&loaded.baseline, schema, &probed, monitor.output_position);
    if let Some(mismatch) = columns.mismatch {
        return vec![Check::wrong(
            CHECK,
            format!(
                "the baseline has {} columns, the newest records have {} fields",
                mismatch.expected, mismatch.found
            ),
            "name the columns with `schema`, or make the baseline of the same columns",
        )];
    }
    let settings = settings_for(&ScanSettings::default(), &probed);
    let found = match scan(&newest, &columns, &settings, &Silent).await {
        Ok(found) => found,
        Err(error) => return vec![Check::failed(CHECK, &error)],
    };
    if found.summary.n_rows == 0 {
        return vec![Check::wrong(
            CHECK,
            format!(
                "none of {} lines of the newest objects could be decoded",
                found.records.n_lines
            ),
            "`driftline analyze --rejects FILE` lists every refused line with its reason",
        )];
    }
    let known: Vec<&str> = loaded
        .baseline
        .monitored()
        .map(|column| column.summary.name.as_str())
        .collect();
    let (mut absent, mut unknown) = (Vec::new(), Vec::new());
    for column in &found.summary.columns {
        let has_cells = column.counts.n_present() + column.counts.n_missing > 0;
        match (known.contains(&column.name.as_str()), has_cells) {
            (true, false) => absent.push(column.name.as_str()),
            (false, true) => unknown.push(column.name.as_str()),
            _ => {}
        }
    }
    let mut out = Vec::new();
    if absent.len() == known.len() {
        out.push(Check::wrong(
            CHECK,
            format!(
                "no column of the baseline is in the newest {} rows",
                found.summary.n_rows
            ),
            "name the columns with `schema`, or make the baseline of the same columns",
        ));
    } else if absent.is_empty() && unknown.is_empty() {
        out.push(Check::ok(
            CHECK,
            format!(
                "all {} of the baseline are in the newest {} rows",
                known.len(),
                found.summary.n_rows
            ),
        ));
    } else {
        let mut parts = Vec::new();
        if !absent.is_empty() {
            parts.push(format!("without a cell: {}", some(&absent)));
        }
        if !unknown.is_empty() {
            parts.push(format!("not in the baseline: {}", some(&unknown)));
        }
        out.push(Check::warning(
            CHECK,
            format!(
                "in the newest {} rows, columns {}",
                found.summary.n_rows,
                parts.join("; ")
            ),
            "compare what the endpoint receives with the baseline's columns",
        ));
    }
    let records = &found.records;
    if records.n_rejected > 0 {
        out.push(Check::warning(
            "decoding",
            format!(
                "{} of {} lines of the newest objects could not be decoded",
                records.n_rejected, records.n_lines
            ),
            "`driftline analyze --rejects FILE` lists every refused line with its reason",
        ));
    }
    out
}

/// The first few names.
fn some(names: &[&str]) -> String {
    let shown = names
        .iter()
        .take(MAX_NAMES)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    match names.len().saturating_sub(MAX_NAMES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
