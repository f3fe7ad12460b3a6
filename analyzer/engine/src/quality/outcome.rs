//! Which rows have the positive outcome, by label and by prediction: what bias compares facets by.
//!
//! Does not know facets.

use super::gather::class_text;
use super::measure::MeasureSettings;
use super::request::PositiveOutcome;
use super::sample::{Outcome, Sample};
use crate::error::{EngineError, ErrorKind};
use baselines::quality::Problem;

/// Positive outcomes, one entry per row; `None` where there is no usable label or prediction.
pub(super) struct Outcomes {
    pub(super) label: Vec<Option<bool>>,
    pub(super) prediction: Vec<Option<bool>>,
}

/// The outcomes, or why the problem has none.
pub(super) fn outcomes(
    sample: &Sample,
    settings: &MeasureSettings,
    positive: Option<&PositiveOutcome>,
) -> Result<Result<Outcomes, String>, EngineError> {
    let usage =
        |what: String, hint: &str| EngineError::new(ErrorKind::Usage, what).with_hint(hint.to_owned());
    match (&sample.labels, positive) {
        (Outcome::Numbers(_), None) => Ok(Err(
            "a regression has no positive outcome: give one with --bias-outcome \">NUMBER\"".to_owned(),
        )),
        (Outcome::Numbers(_), Some(PositiveOutcome::Classes(_))) => Err(usage(
            "--bias-outcome names classes, and a regression has none".to_owned(),
            "give a threshold: --bias-outcome \">NUMBER\"",
        )),
        (Outcome::Numbers(labels), Some(PositiveOutcome::Above(threshold))) => {
            let above = |numbers: &[f64]| -> Vec<Option<bool>> {
                let of = |number: &f64| number.is_finite().then_some(number > threshold);
                numbers.iter().map(of).collect()
            };
            let prediction = match &sample.predicted {
                Some(Outcome::Numbers(numbers)) => above(numbers),
                _ => vec![None; sample.len()],
            };
            Ok(Ok(Outcomes {
                label: above(labels),
                prediction,
            }))
        }
        (Outcome::Classes(_), None) if sample.problem != Problem::Binary => Ok(Err(
            "of more than two classes it must be said which are the positive outcome: --bias-outcome CLASS,CLASS"
                .to_owned(),
        )),
        (Outcome::Classes(labels), positive) => {
            let is_positive = positive_classes(&sample.classes, positive)?;
            let of = |code: u32| is_positive.get(code as usize).copied();
            Ok(Ok(Outcomes {
                label: labels.iter().map(|code| of(*code)).collect(),
                prediction: (0..sample.len())
                    .map(|row| predicted_class(sample, settings, row).and_then(of))
                    .collect(),
            }))
        }
    }
}

fn positive_classes(
    classes: &[String],
    positive: Option<&PositiveOutcome>,
) -> Result<Vec<bool>, EngineError> {
    let flags: Vec<bool> = match positive {
        None => (0..classes.len()).map(|code| code == 1).collect(),
        Some(PositiveOutcome::Above(threshold)) => classes
            .iter()
            .map(|class| class.parse::<f64>().is_ok_and(|number| number > *threshold))
            .collect(),
        Some(PositiveOutcome::Classes(wanted)) => {
            let wanted: Vec<String> = wanted
                .iter()
                .map(|class| class_text(class).into_owned())
                .collect();
            if let Some(unknown) = wanted.iter().find(|class| !classes.contains(class)) {
                return Err(EngineError::new(
                    ErrorKind::Usage,
                    format!(
                        "--bias-outcome names class `{unknown}`, which is none of the {}",
                        classes.len()
                    ),
                )
                .with_hint("name classes of the problem, as --classes has them"));
            }
            classes.iter().map(|class| wanted.contains(class)).collect()
        }
    };
    if flags.iter().all(|flag| *flag) || flags.iter().all(|flag| !flag) {
        return Err(EngineError::new(
            ErrorKind::Usage,
            "--bias-outcome leaves every class, or none, as the positive outcome",
        )
        .with_hint("there must be classes on both sides"));
    }
    Ok(flags)
}

/// Code of the class a row was predicted as: captured, by the threshold, or the most probable one.
fn predicted_class(sample: &Sample, settings: &MeasureSettings, row: usize) -> Option<u32> {
    if let (false, Some(Outcome::Classes(codes))) = (settings.threshold_decides, &sample.predicted) {
        return Some(codes[row]);
    }
    let scores: Vec<f64> = sample.scores.iter().map(|scores| scores[row]).collect();
    if scores.is_empty() || scores.iter().any(|score| !score.is_finite()) {
        return None;
    }
    if sample.problem == Problem::Binary {
        return Some(u32::from(scores[0] >= settings.threshold));
    }
    let best = scores
        .iter()
        .enumerate()
        .fold((0, f64::NEG_INFINITY), |best, (class, &score)| {
            if score > best.1 { (class, score) } else { best }
        });
    Some(best.0 as u32)
}
