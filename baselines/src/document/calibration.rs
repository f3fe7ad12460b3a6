//! `calibration.json`: the null scales of a baseline, small enough to lie beside it.
//!
//! JSON, versioned: a ladder of window lengths per column, and for each component test how much more windows of that length
//! vary than independent rows would; the same for windows held against earlier windows. Does not measure anything (`calibrate`) and knows nothing about alarms. Changelog of
//! the format: **1** first version.

use serde::{Deserialize, Serialize};

use super::canonical;
use super::error::{DocumentError, from_bytes as read};
use crate::calibrate::{
    Against, Calibration, CalibrationBasis, CalibrationSettings, ColumnCalibration, Component, Ladder,
    ReferenceLadders, Rung,
};

/// The name of the file.
pub const CALIBRATION_FILE: &str = "calibration.json";

#[derive(Deserialize)]
struct VersionOnly {
    version: String,
}

#[derive(Serialize, Deserialize)]
struct V1 {
    version: String,
    basis: BasisV1,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    block_seconds: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    n_blocks: Option<u64>,
    seed: u64,
    n_resamples: u32,
    n_rows: u64,
    columns: Vec<ColumnV1>,
}

#[derive(Serialize, Deserialize, Clone, Copy, PartialEq)]
#[serde(rename_all = "snake_case")]
enum BasisV1 {
    ResampledRows,
    TimeBlocks,
}

#[derive(Serialize, Deserialize)]
struct ColumnV1 {
    name: String,
    /// Windows of the baseline's time blocks, ascending by length.
    windows: Vec<WindowV1>,
    components: Vec<ComponentV1>,
    /// The same against earlier windows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    references: Vec<ReferenceV1>,
}

#[derive(Serialize, Deserialize)]
struct ReferenceV1 {
    /// `trailing` or `season`.
    reference: String,
    n_windows: u32,
    windows: Vec<WindowV1>,
    components: Vec<ReferenceComponentV1>,
}

#[derive(Serialize, Deserialize)]
struct ReferenceComponentV1 {
    component: String,
    /// One for each of the reference's windows; 0 where the component could not be measured there.
    inflation: Vec<f64>,
}

#[derive(Serialize, Deserialize)]
struct WindowV1 {
    seconds: f64,
    n_rows: f64,
    n_effective: f64,
    freedom: f64,
}

#[derive(Serialize, Deserialize)]
struct ComponentV1 {
    component: String,
    /// One for each of the column's windows; 0 where the component could not be measured there.
    inflation: Vec<f64>,
    baseline_excess: f64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    resampled: Vec<ResampledV1>,
}

#[derive(Serialize, Deserialize)]
struct ResampledV1 {
    n_rows: f64,
    inflation: f64,
    freedom: f64,
}

/// Canonical bytes.
///
/// # Errors
/// [`DocumentError::NotFinite`]: a NaN or infinity cannot be written.
pub fn to_bytes(calibration: &Calibration) -> Result<Vec<u8>, DocumentError> {
    let (basis, block_seconds, n_blocks) = match calibration.basis {
        CalibrationBasis::ResampledRows => (BasisV1::ResampledRows, None, None),
        CalibrationBasis::TimeBlocks {
            block_seconds,
            n_blocks,
        } => (BasisV1::TimeBlocks, Some(block_seconds), Some(n_blocks)),
    };
    let document = V1 {
        version: "1".to_owned(),
        basis,
        block_seconds,
        n_blocks,
        seed: calibration.settings.seed,
        n_resamples: calibration.settings.n_resamples,
        n_rows: calibration.n_rows,
        columns: calibration.columns.iter().map(column_v1).collect(),
    };
    canonical::to_bytes(CALIBRATION_FILE, &document)
}

/// Every length that one of the components was measured at, ascending.
fn lengths(ladders: &[(Component, Ladder)]) -> Vec<&Rung> {
    let mut windows: Vec<&Rung> = ladders.iter().flat_map(|(_, ladder)| &ladder.timed).collect();
    windows.sort_by(|left, right| left.seconds.total_cmp(&right.seconds));
    windows.dedup_by(|later, earlier| later.seconds.total_cmp(&earlier.seconds).is_eq());
    windows
}

fn inflations(windows: &[&Rung], ladder: &Ladder) -> Vec<f64> {
    let at = |window: &&Rung| {
        let same = |rung: &&Rung| rung.seconds.total_cmp(&window.seconds).is_eq();
        ladder.timed.iter().find(same).map_or(0.0, |rung| rung.inflation)
    };
    windows.iter().map(at).collect()
}

fn windows_v1(windows: &[&Rung]) -> Vec<WindowV1> {
    let window = |rung: &&Rung| WindowV1 {
        seconds: rung.seconds,
        n_rows: rung.n_rows,
        n_effective: rung.n_effective,
        freedom: rung.freedom,
    };
    windows.iter().map(window).collect()
}

fn column_v1(column: &ColumnCalibration) -> ColumnV1 {
    let windows = lengths(&column.ladders);
    let component = |(component, ladder): &(Component, Ladder)| ComponentV1 {
        component: component.name().to_owned(),
        inflation: inflations(&windows, ladder),
        baseline_excess: ladder.baseline_excess,
        resampled: ladder
            .resampled
            .iter()
            .map(|rung| ResampledV1 {
                n_rows: rung.n_rows,
                inflation: rung.inflation,
                freedom: rung.freedom,
            })
            .collect(),
    };
    ColumnV1 {
        name: column.name.clone(),
        components: column.ladders.iter().map(component).collect(),
        windows: windows_v1(&windows),
        references: column.references.iter().map(reference_v1).collect(),
    }
}

fn reference_v1(reference: &ReferenceLadders) -> ReferenceV1 {
    let windows = lengths(&reference.ladders);
    let component = |(component, ladder): &(Component, Ladder)| ReferenceComponentV1 {
        component: component.name().to_owned(),
        inflation: inflations(&windows, ladder),
    };
    ReferenceV1 {
        reference: reference.against.name().to_owned(),
        n_windows: reference.against.n_windows(),
        components: reference.ladders.iter().map(component).collect(),
        windows: windows_v1(&windows),
    }
}

/// Reads a calibration of this or an older version.
///
/// # Errors
/// [`DocumentError`] with line, column and JSON path; a version, component or value that cannot be.
pub fn from_bytes(bytes: &[u8]) -> Result<Calibration, DocumentError> {
    let VersionOnly { version } = read(CALIBRATION_FILE, bytes)?;
    if version != "1" {
        return Err(DocumentError::Version {
            document: CALIBRATION_FILE,
            found: version,
            supported: "1",
        });
    }
    let document: V1 = read(CALIBRATION_FILE, bytes)?;
    let basis = match (document.basis, document.block_seconds, document.n_blocks) {
        (BasisV1::ResampledRows, _, _) => CalibrationBasis::ResampledRows,
        (BasisV1::TimeBlocks, Some(block_seconds), Some(n_blocks)) if block_seconds > 0 => {
            CalibrationBasis::TimeBlocks {
                block_seconds,
                n_blocks,
            }
        }
        _ => {
            return Err(wrong(
                "block_seconds",
                "time blocks have a length and a number, both above 0",
            ));
        }
    };
    let columns = document.columns.into_iter().enumerate().map(column_from);
    Ok(Calibration {
        basis,
        settings: CalibrationSettings {
            seed: document.seed,
            n_resamples: document.n_resamples,
        },
        n_rows: document.n_rows,
        columns: columns.collect::<Result<_, _>>()?,
    })
}

fn column_from((idx, column): (usize, ColumnV1)) -> Result<ColumnCalibration, DocumentError> {
    let at = |what: &str| format!("columns[{idx}].{what}");
    check_windows(&column.windows, &at("windows"))?;
    let mut ladders = Vec::with_capacity(column.components.len());
    for found in &column.components {
        let path = at("components");
        let rows_fit = found
            .resampled
            .windows(2)
            .all(|pair| pair[0].n_rows < pair[1].n_rows)
            && found
                .resampled
                .iter()
                .all(|rung| rung.n_rows > 0.0 && rung.inflation > 0.0 && rung.freedom > 0.0);
        if !rows_fit || found.baseline_excess.is_nan() || found.baseline_excess < 0.0 {
            return Err(wrong(&path, NUMBERS));
        }
        let resampled = found.resampled.iter().map(|rung| Rung {
            seconds: 0.0,
            n_rows: rung.n_rows,
            n_effective: rung.n_rows,
            inflation: rung.inflation,
            freedom: rung.freedom,
        });
        ladders.push((
            component_of(&found.component, &path)?,
            Ladder {
                resampled: resampled.collect(),
                timed: rungs(&column.windows, &found.inflation, &path)?,
                baseline_excess: found.baseline_excess,
            },
        ));
    }
    let mut references = Vec::with_capacity(column.references.len());
    for (place, found) in column.references.iter().enumerate() {
        let path = at(&format!("references[{place}]"));
        let Some(against) = Against::from_name(&found.reference, found.n_windows) else {
            return Err(wrong(&path, "a reference that this program does not know"));
        };
        check_windows(&found.windows, &path)?;
        let ladder = |component: &ReferenceComponentV1| {
            let ladder = Ladder {
                timed: rungs(&found.windows, &component.inflation, &path)?,
                ..Ladder::default()
            };
            Ok((component_of(&component.component, &path)?, ladder))
        };
        let ladders = found.components.iter().map(ladder);
        references.push(ReferenceLadders {
            against,
            ladders: ladders.collect::<Result<_, DocumentError>>()?,
        });
    }
    Ok(ColumnCalibration {
        name: column.name,
        ladders,
        references,
    })
}

const NUMBERS: &str = "one inflation for each window, and no number below 0";

fn check_windows(windows: &[WindowV1], path: &str) -> Result<(), DocumentError> {
    let ascending = windows.windows(2).all(|pair| pair[0].seconds < pair[1].seconds);
    let positive = |window: &WindowV1| {
        [window.seconds, window.n_rows, window.n_effective, window.freedom]
            .into_iter()
            .all(|value| value > 0.0)
    };
    if ascending && windows.iter().all(positive) {
        Ok(())
    } else {
        Err(wrong(
            path,
            "windows ascend by length, and their numbers are above 0",
        ))
    }
}

fn component_of(name: &str, path: &str) -> Result<Component, DocumentError> {
    Component::from_name(name).ok_or_else(|| wrong(path, "a component that this program does not know"))
}

fn rungs(windows: &[WindowV1], inflation: &[f64], path: &str) -> Result<Vec<Rung>, DocumentError> {
    if inflation.len() != windows.len() || !inflation.iter().all(|inflation| *inflation >= 0.0) {
        return Err(wrong(path, NUMBERS));
    }
    let rungs = windows
        .iter()
        .zip(inflation)
        .filter(|(_, inflation)| **inflation > 0.0)
        .map(|(window, inflation)| Rung {
            seconds: window.seconds,
            n_rows: window.n_rows,
            n_effective: window.n_effective,
            inflation: *inflation,
            freedom: window.freedom,
        });
    Ok(rungs.collect())
}

fn wrong(path: &str, problem: &str) -> DocumentError {
    DocumentError::Value {
        document: CALIBRATION_FILE,
        path: path.to_owned(),
        problem: problem.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::calibrate::tests::timed_calibration;
    use crate::document::model_monitor::tests::check_schema;

    fn golden() -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("test-data/calibration/v1.json")
    }

    /// With `UPDATE_EXPECT=1` in the environment the file is written, for a person to look at.
    #[test]
    fn a_calibration_is_written_as_the_golden_file_and_reads_back_equal() {
        let calibration = timed_calibration();
        let written = to_bytes(&calibration).unwrap();
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(golden(), &written).unwrap();
        }
        assert_eq!(
            String::from_utf8_lossy(&written),
            std::fs::read_to_string(golden()).unwrap()
        );
        assert_eq!(from_bytes(&written).unwrap(), calibration);
        check_schema("calibration.v1", &written);
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        let text = String::from_utf8(to_bytes(&timed_calibration()).unwrap()).unwrap();
        for (from, to, expected) in [
            ("\"version\" : \"1\"", "\"version\" : \"3\"", "has version 3"),
            (
                "\"block_seconds\" : 3600",
                "\"block_seconds\" : 0",
                "block_seconds",
            ),
            (
                "\"component\" : \"scale\"",
                "\"component\" : \"colour\"",
                "columns[0].components",
            ),
            (
                "\"seconds\" : 3600.0",
                "\"seconds\" : 1.0E9",
                "columns[0].windows",
            ),
            (
                "\"reference\" : \"trailing\"",
                "\"reference\" : \"tomorrow\"",
                "columns[0].references[0]",
            ),
            (
                "\"inflation\" : [ ",
                "\"inflation\" : [ 1.0, ",
                "columns[0].components",
            ),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text, "{from}");
            let error = from_bytes(changed.as_bytes()).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
        assert!(from_bytes(&text.as_bytes()[..text.len() / 2]).is_err());
    }
}
