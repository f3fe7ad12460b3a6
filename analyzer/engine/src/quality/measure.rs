//! From rows of a sample to the library's results. Feeds states in chunks, on all cores; computes nothing itself.

use super::gather::NO_CODE;
use super::sample::{OUTSIDE, Outcome, Sample};
use crate::error::{EngineError, ErrorKind};
use baselines::quality::binary::BinarySettings;
use baselines::quality::{
    BinaryRows, BinaryState, Classes, MulticlassRows, MulticlassState, Problem, QualityError, QualityOptions,
    QualityResult, RegressionRows, RegressionState, ScoreKind,
};

const ROWS_PER_CHUNK: usize = 1 << 16;

/// How classes are predicted.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MeasureSettings {
    /// Score from which a row is predicted positive.
    pub(crate) threshold: f64,
    /// Whether the threshold stands above a captured prediction.
    pub(crate) threshold_decides: bool,
    pub(crate) options: QualityOptions,
    pub(crate) n_threads: usize,
}

/// A call the library refuses is a fault of the request.
pub(crate) fn refused(error: &QualityError) -> EngineError {
    EngineError::new(ErrorKind::Usage, format!("quality cannot be measured: {error}"))
        .with_hint("docs/quality.md lists what each problem needs")
}

/// Measures the labelled rows among `rows`.
pub(crate) fn measure(
    sample: &Sample,
    rows: &[u32],
    settings: &MeasureSettings,
) -> Result<QualityResult, EngineError> {
    let (mut outside_label, mut outside_prediction, mut without) = (0, 0, 0);
    let usable: Vec<u32> = rows
        .iter()
        .copied()
        .filter(|row| {
            let row = *row as usize;
            if !sample.is_labelled(row) {
                return false;
            }
            let predicted = sample.predicted.as_ref().filter(|_| !settings.threshold_decides);
            if let (Problem::Binary, Outcome::Classes(labels)) = (sample.problem, &sample.labels)
                && labels[row] == OUTSIDE
            {
                outside_label += 1;
                return false;
            }
            match predicted {
                Some(Outcome::Classes(codes)) if codes[row] == NO_CODE => without += 1,
                Some(Outcome::Classes(codes))
                    if sample.problem == Problem::Binary && codes[row] == OUTSIDE =>
                {
                    outside_prediction += 1;
                }
                Some(Outcome::Numbers(numbers)) if !numbers[row].is_finite() => without += 1,
                _ => return true,
            }
            false
        })
        .collect();
    let mut result = match sample.problem {
        Problem::Binary => binary(sample, &usable, settings),
        Problem::Multiclass => multiclass(sample, &usable, settings),
        Problem::Regression => regression(sample, &usable, settings),
    }
    .map_err(|error| refused(&error))?;
    result.counts.n_rows += outside_label + outside_prediction + without;
    result.counts.n_label_outside += outside_label;
    result.counts.n_prediction_outside += outside_prediction;
    result.counts.n_unusable += without;
    Ok(result)
}

/// Runs `part` on contiguous shares of `rows` and merges what it gives.
fn on_all_cores<S: Send>(
    rows: &[u32],
    n_threads: usize,
    part: impl Fn(&[u32]) -> Result<S, QualityError> + Sync,
    merge: impl Fn(&mut S, S) -> Result<(), QualityError>,
) -> Result<S, QualityError> {
    let share = rows.len().div_ceil(n_threads.max(1)).max(ROWS_PER_CHUNK);
    let results: Vec<Result<S, QualityError>> = std::thread::scope(|scope| {
        let part = &part;
        let threads: Vec<_> = rows
            .chunks(share)
            .skip(1)
            .map(|rows| scope.spawn(move || part(rows)))
            .collect();
        let first = part(rows.chunks(share).next().unwrap_or_default());
        let others = threads.into_iter().map(|thread| {
            thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        std::iter::once(first).chain(others).collect()
    });
    let mut results = results.into_iter();
    let mut state = match results.next() {
        Some(first) => first?,
        None => part(&[])?,
    };
    for other in results {
        merge(&mut state, other?)?;
    }
    Ok(state)
}

fn weights_of(sample: &Sample, rows: &[u32], into: &mut Vec<f64>) {
    into.clear();
    if let Some(weights) = &sample.weights {
        into.extend(rows.iter().map(|row| weights[*row as usize]));
    }
}

fn binary(sample: &Sample, rows: &[u32], settings: &MeasureSettings) -> Result<QualityResult, QualityError> {
    let Outcome::Classes(labels) = &sample.labels else {
        return Err(QualityError::NothingPredicted);
    };
    let predicted = match &sample.predicted {
        Some(Outcome::Classes(codes)) if !settings.threshold_decides => Some(codes),
        _ => None,
    };
    let scores = sample.scores.first();
    let new = || {
        BinaryState::new(BinarySettings {
            classes: [sample.classes[0].clone(), sample.classes[1].clone()],
            threshold: settings.threshold,
            score_kind: ScoreKind::Probability,
        })
    };
    let part = |rows: &[u32]| {
        let mut state = new();
        let (mut label_chunk, mut predicted_chunk) = (Vec::new(), Vec::new());
        let (mut score_chunk, mut weight_chunk) = (Vec::new(), Vec::new());
        for chunk in rows.chunks(ROWS_PER_CHUNK) {
            label_chunk.clear();
            label_chunk.extend(chunk.iter().map(|row| labels[*row as usize] == 1));
            predicted_chunk.clear();
            score_chunk.clear();
            if let Some(codes) = predicted {
                predicted_chunk.extend(chunk.iter().map(|row| codes[*row as usize] == 1));
            }
            if let Some(scores) = scores {
                score_chunk.extend(chunk.iter().map(|row| scores[*row as usize]));
            }
            weights_of(sample, chunk, &mut weight_chunk);
            state.update(&BinaryRows {
                labels: &label_chunk,
                predicted: predicted.map(|_| predicted_chunk.as_slice()),
                scores: scores.map(|_| score_chunk.as_slice()),
                weights: sample.weights.as_ref().map(|_| weight_chunk.as_slice()),
            })?;
        }
        Ok(state)
    };
    on_all_cores(rows, settings.n_threads, part, BinaryState::merge)?.finish(&settings.options)
}

fn multiclass(
    sample: &Sample,
    rows: &[u32],
    settings: &MeasureSettings,
) -> Result<QualityResult, QualityError> {
    /// Stands for every class that is not listed; no class text is empty.
    const UNLISTED: &str = "";
    let Outcome::Classes(labels) = &sample.labels else {
        return Err(QualityError::NothingPredicted);
    };
    let predicted = match &sample.predicted {
        Some(Outcome::Classes(codes)) => Some(codes),
        _ => None,
    };
    let name = |code: u32| sample.classes.get(code as usize).map_or(UNLISTED, String::as_str);
    let part = |rows: &[u32]| {
        let mut state = MulticlassState::new(Classes::Given(sample.classes.clone()))?;
        let (mut label_chunk, mut predicted_chunk) = (Vec::new(), Vec::new());
        let (mut score_chunk, mut weight_chunk) = (Vec::new(), Vec::new());
        for chunk in rows.chunks(ROWS_PER_CHUNK) {
            label_chunk.clear();
            label_chunk.extend(chunk.iter().map(|row| name(labels[*row as usize])));
            predicted_chunk.clear();
            if let Some(codes) = predicted {
                predicted_chunk.extend(chunk.iter().map(|row| name(codes[*row as usize])));
            }
            score_chunk.clear();
            for row in chunk {
                score_chunk.extend(sample.scores.iter().map(|scores| scores[*row as usize]));
            }
            weights_of(sample, chunk, &mut weight_chunk);
            state.update(&MulticlassRows {
                labels: &label_chunk,
                predicted: predicted.map(|_| predicted_chunk.as_slice()),
                probabilities: (!sample.scores.is_empty()).then_some(score_chunk.as_slice()),
                weights: sample.weights.as_ref().map(|_| weight_chunk.as_slice()),
            })?;
        }
        Ok(state)
    };
    on_all_cores(rows, settings.n_threads, part, MulticlassState::merge)?.finish(&settings.options)
}

fn regression(
    sample: &Sample,
    rows: &[u32],
    settings: &MeasureSettings,
) -> Result<QualityResult, QualityError> {
    let (Outcome::Numbers(labels), Some(Outcome::Numbers(predicted))) = (&sample.labels, &sample.predicted)
    else {
        return Err(QualityError::NothingPredicted);
    };
    let part = |rows: &[u32]| {
        let mut state = RegressionState::new();
        let (mut label_chunk, mut predicted_chunk, mut weight_chunk) = (Vec::new(), Vec::new(), Vec::new());
        for chunk in rows.chunks(ROWS_PER_CHUNK) {
            label_chunk.clear();
            label_chunk.extend(chunk.iter().map(|row| labels[*row as usize]));
            predicted_chunk.clear();
            predicted_chunk.extend(chunk.iter().map(|row| predicted[*row as usize]));
            weights_of(sample, chunk, &mut weight_chunk);
            state.update(&RegressionRows {
                labels: &label_chunk,
                predicted: &predicted_chunk,
                weights: sample.weights.as_ref().map(|_| weight_chunk.as_slice()),
            })?;
        }
        Ok(state)
    };
    on_all_cores(rows, settings.n_threads, part, RegressionState::merge)?.finish(&settings.options)
}
