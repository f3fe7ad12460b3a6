//! The new model and the one in service on the same held-out rows: `evaluation.json`.
//!
//! The champion's answers are those it gave when the requests came (they were captured), so no old model is loaded. The
//! gain is paired ([`baselines::quality::paired`]); protected segments are each compared too, with the interval widened for
//! their number (Bonferroni). Without a champion's answer the best constant answer stands in for it. Does not register.

use super::{CHAMPION_PREDICTION, CHAMPION_PROBABILITY, PREDICTION, PROBABILITY};
use crate::error::{EngineError, ErrorKind};
use crate::frame::{Column, Kind, Rows, Selection, read_rows};
use crate::output::write_all;
use crate::progress::Progress;
use crate::quality::gather::class_text;
use crate::scan::ScanSettings;
use baselines::quality::Problem;
use baselines::quality::paired::{MIN_ROWS, PairedGain, PairedRows, paired_gain};
use serde::Serialize;
use std::collections::BTreeMap;
use store::{Location, StoreOptions};

/// What the pipeline's condition reads.
pub const EVALUATION_FILE: &str = "evaluation.json";

/// What is to be compared.
#[derive(Debug, Clone)]
pub struct EvaluateRequest {
    /// The scored test set, in time order.
    pub data: Location,
    /// The label's column.
    pub label: String,
    /// The problem.
    pub problem: Problem,
    /// The positive class of a binary problem; `1` or `true`, or the later of two, without it.
    pub positive: Option<String>,
    /// Columns whose values are protected segments.
    pub segments: Vec<String>,
    /// Of the two-sided interval.
    pub confidence: f64,
    /// Least quality of the new model: AUC (or accuracy without scores), accuracy, R².
    pub minimum: f64,
    /// Where `evaluation.json` goes.
    pub output: Location,
    /// How to read.
    pub settings: ScanSettings,
    /// How to reach stores.
    pub store: StoreOptions,
}

/// `evaluation.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// Of this document.
    pub version: &'static str,
    /// `auc`, `accuracy` or `rmse`.
    pub metric: &'static str,
    /// Rows compared.
    pub n: usize,
    /// Rows left out because an answer or the label is missing.
    pub n_left_out: usize,
    /// The new model.
    pub challenger: Side,
    /// The model in service.
    pub champion: Side,
    /// Positive: the new model is better.
    pub gain: Gain,
    /// The protected segments.
    pub segments: Segments,
    /// Least quality asked for.
    pub minimum: f64,
    /// Confidence of the gain's interval.
    pub confidence: f64,
    /// Whether every rule holds.
    pub better: bool,
    /// The reason in a sentence.
    pub summary: String,
}

/// One model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Side {
    /// The metric's value.
    pub value: f64,
    /// AUC or accuracy, or R² of a regression: higher is better.
    pub quality: f64,
    /// Whose answers these are: `captured`, `constant`, `challenger`.
    pub answers: &'static str,
}

/// A difference with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Gain {
    /// The difference.
    pub value: f64,
    /// Least in the interval.
    pub lower: f64,
    /// Greatest in the interval.
    pub upper: f64,
}

/// All protected segments.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Segments {
    /// The least upper end among the segments' gains: below 0 where the new model is worse than chance explains. 0 without
    /// segments.
    pub worst_upper: f64,
    /// Each segment that could be compared.
    pub compared: Vec<SegmentGain>,
    /// Each that could not, with why.
    pub not_compared: BTreeMap<String, String>,
}

/// One segment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SegmentGain {
    /// Column.
    pub column: String,
    /// Value.
    pub value: String,
    /// Rows.
    pub n: usize,
    /// Its gain; the interval's confidence is divided among the segments.
    pub gain: Gain,
}

/// Compares and writes.
///
/// Errors: columns that are not there, fewer than 30 rows that both models answered, one class only, storage.
pub async fn evaluate(request: &EvaluateRequest, progress: &dyn Progress) -> Result<Evaluation, EngineError> {
    let texts = request.problem != Problem::Regression;
    let mut selection = Selection::default();
    let kind = if texts { Kind::Categorical } else { Kind::Numeric };
    for name in [request.label.as_str(), PREDICTION, CHAMPION_PREDICTION] {
        selection.kinds.insert(name.to_owned(), kind);
    }
    for name in &request.segments {
        selection.kinds.insert(name.clone(), Kind::Categorical);
    }
    let rows = read_rows(
        &request.data,
        &request.store,
        &selection,
        &request.settings,
        progress,
    )
    .await?;
    let evaluation = compare(&rows, request)?;
    let bytes = serde_json::to_vec_pretty(&evaluation).map_err(|error| {
        EngineError::new(ErrorKind::Internal, "the evaluation cannot be written").with_source(error)
    })?;
    write_all(&request.output, &request.store, vec![(EVALUATION_FILE, bytes)]).await?;
    Ok(evaluation)
}

/// Both models' answers as the paired comparison takes them, by row; `None` where a row cannot be used.
enum Answers {
    Scores(Vec<Option<(bool, f64, f64)>>),
    Hits(Vec<Option<(bool, bool)>>),
    Errors(Vec<Option<(f64, f64, f64)>>),
}

fn column<'a>(rows: &'a Rows, name: &str) -> Result<&'a Column, EngineError> {
    rows.column(name).ok_or_else(|| {
        let found: Vec<&str> = rows.columns.iter().map(|column| column.name.as_str()).collect();
        EngineError::new(
            ErrorKind::Usage,
            format!("the scored data has no column `{name}`"),
        )
        .with_hint(format!("it has {}", found.join(", ")))
    })
}

impl Answers {
    fn of(rows: &Rows, request: &EvaluateRequest) -> Result<(Self, &'static str), EngineError> {
        let label = column(rows, &request.label)?;
        if request.problem == Problem::Regression {
            let new = column(rows, PREDICTION)?;
            let old = rows.column(CHAMPION_PREDICTION);
            let labels: Vec<f64> = (0..rows.n_rows).filter_map(|row| label.number(row)).collect();
            let constant = labels.iter().sum::<f64>() / labels.len().max(1) as f64;
            let each = (0..rows.n_rows)
                .map(|row| {
                    let old = old.map_or(Some(constant), |old| old.number(row));
                    Some((label.number(row)?, old?, new.number(row)?))
                })
                .collect();
            return Ok((
                Self::Errors(each),
                if old.is_some() { "captured" } else { "constant" },
            ));
        }
        let class = |column: &Column, row: usize| column.text(row).map(|text| class_text(text).into_owned());
        let old_score = rows.column(CHAMPION_PROBABILITY);
        if request.problem == Problem::Binary
            && let Some(new) = rows.column(PROBABILITY)
            && (old_score.is_some() || rows.column(CHAMPION_PREDICTION).is_none())
        {
            let positive = positive(label, rows.n_rows, request)?;
            let each = (0..rows.n_rows)
                .map(|row| {
                    let old = old_score.map_or(Some(0.5), |old| old.number(row));
                    Some((class(label, row)? == positive, old?, new.number(row)?))
                })
                .collect();
            return Ok((
                Self::Scores(each),
                if old_score.is_some() {
                    "captured"
                } else {
                    "constant"
                },
            ));
        }
        let new = column(rows, PREDICTION)?;
        let old = rows.column(CHAMPION_PREDICTION);
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for text in (0..rows.n_rows).filter_map(|row| class(label, row)) {
            *counts.entry(text).or_default() += 1;
        }
        let constant = counts
            .into_iter()
            .max_by(|left, right| left.1.cmp(&right.1).then(right.0.cmp(&left.0)));
        let constant = constant.map(|(class, _)| class);
        let each = (0..rows.n_rows)
            .map(|row| {
                let label = class(label, row)?;
                let old = match old {
                    Some(old) => class(old, row)?,
                    None => constant.clone()?,
                };
                Some((old == label, class(new, row)? == label))
            })
            .collect();
        Ok((
            Self::Hits(each),
            if old.is_some() { "captured" } else { "constant" },
        ))
    }

    fn len(&self) -> usize {
        match self {
            Self::Scores(rows) => rows.iter().flatten().count(),
            Self::Hits(rows) => rows.iter().flatten().count(),
            Self::Errors(rows) => rows.iter().flatten().count(),
        }
    }

    /// The gain over the rows that `take` picks.
    fn gain(&self, take: &dyn Fn(usize) -> bool, confidence: f64) -> Result<PairedGain, String> {
        let kept = |idx: usize| take(idx);
        let result = match self {
            Self::Scores(rows) => {
                let rows: Vec<_> = picked(rows, &kept);
                let labels: Vec<bool> = rows.iter().map(|row| row.0).collect();
                let (old, new): (Vec<f64>, Vec<f64>) = rows.iter().map(|row| (row.1, row.2)).unzip();
                paired_gain(
                    PairedRows::Scores {
                        labels: &labels,
                        champion: &old,
                        challenger: &new,
                    },
                    confidence,
                )
            }
            Self::Hits(rows) => {
                let (old, new): (Vec<bool>, Vec<bool>) = picked(rows, &kept).into_iter().unzip();
                paired_gain(
                    PairedRows::Hits {
                        champion: &old,
                        challenger: &new,
                    },
                    confidence,
                )
            }
            Self::Errors(rows) => {
                let rows: Vec<_> = picked(rows, &kept);
                let (old, new): (Vec<f64>, Vec<f64>) =
                    rows.iter().map(|row| (row.1 - row.0, row.2 - row.0)).unzip();
                paired_gain(
                    PairedRows::Errors {
                        champion: &old,
                        challenger: &new,
                    },
                    confidence,
                )
            }
        };
        result.map_err(|reason| reason.to_string())
    }

    /// R² from an RMSE; the metric itself where there are classes.
    fn quality(&self, value: f64) -> f64 {
        let Self::Errors(rows) = self else { return value };
        let labels: Vec<f64> = rows.iter().flatten().map(|row| row.0).collect();
        let mean = labels.iter().sum::<f64>() / labels.len() as f64;
        let variance = labels.iter().map(|label| (label - mean).powi(2)).sum::<f64>() / labels.len() as f64;
        if variance > 0.0 {
            1.0 - value * value / variance
        } else {
            0.0
        }
    }
}

fn picked<T: Copy>(rows: &[Option<T>], take: &dyn Fn(usize) -> bool) -> Vec<T> {
    rows.iter()
        .enumerate()
        .filter(|(idx, _)| take(*idx))
        .filter_map(|(_, row)| *row)
        .collect()
}

fn positive(label: &Column, n_rows: usize, request: &EvaluateRequest) -> Result<String, EngineError> {
    if let Some(positive) = &request.positive {
        return Ok(class_text(positive).into_owned());
    }
    let mut classes: Vec<String> = (0..n_rows)
        .filter_map(|row| label.text(row))
        .map(|text| class_text(text).into_owned())
        .collect();
    classes.sort_by(|left, right| crate::quality::gather::in_order(left, right));
    classes.dedup();
    let usual = ["1", "true"]
        .into_iter()
        .find(|usual| classes.iter().any(|class| class == usual));
    match usual
        .map(str::to_owned)
        .or_else(|| (classes.len() == 2).then(|| classes[1].clone()))
    {
        Some(positive) => Ok(positive),
        None => Err(EngineError::new(
            ErrorKind::Usage,
            format!(
                "the label has {} classes, and which is positive is not said",
                classes.len()
            ),
        )
        .with_hint("give --positive-label")),
    }
}

fn compare(rows: &Rows, request: &EvaluateRequest) -> Result<Evaluation, EngineError> {
    let (answers, whose) = Answers::of(rows, request)?;
    let n = answers.len();
    let all = answers.gain(&|_| true, request.confidence).map_err(|reason| {
        EngineError::new(
            ErrorKind::Usage,
            format!("the models cannot be compared: {reason}"),
        )
        .with_hint(format!(
            "{n} of {} rows have a label and both answers",
            rows.n_rows
        ))
    })?;
    let segments = segments(rows, &answers, request)?;
    let challenger = Side {
        value: all.challenger,
        quality: answers.quality(all.challenger),
        answers: "challenger",
    };
    let champion = Side {
        value: all.champion,
        quality: answers.quality(all.champion),
        answers: whose,
    };
    let mut reasons = Vec::new();
    let short = |value: f64| crate::report::format::number(value);
    if all.lower <= 0.0 {
        reasons.push(format!(
            "the gain in {} is {} ({} to {}), which chance explains or which is a loss",
            all.metric,
            short(all.gain),
            short(all.lower),
            short(all.upper)
        ));
    }
    if segments.worst_upper < 0.0 {
        let worse = segments
            .compared
            .iter()
            .filter(|segment| segment.gain.upper < 0.0)
            .count();
        reasons.push(format!("it is worse on {worse} protected segments"));
    }
    if challenger.quality < request.minimum {
        reasons.push(format!(
            "its quality {} is below the {} asked for",
            short(challenger.quality),
            short(request.minimum)
        ));
    }
    let better = reasons.is_empty();
    let summary = if better {
        format!(
            "{} {} instead of {}: a gain of {} ({} to {}) on {n} rows it had not seen",
            all.metric,
            short(all.challenger),
            short(all.champion),
            short(all.gain),
            short(all.lower),
            short(all.upper)
        )
    } else {
        reasons.join("; ")
    };
    Ok(Evaluation {
        version: "1",
        metric: all.metric,
        n,
        n_left_out: rows.n_rows - n,
        challenger,
        champion,
        gain: Gain {
            value: all.gain,
            lower: all.lower,
            upper: all.upper,
        },
        segments,
        minimum: request.minimum,
        confidence: request.confidence,
        better,
        summary,
    })
}

fn segments(rows: &Rows, answers: &Answers, request: &EvaluateRequest) -> Result<Segments, EngineError> {
    let mut all = Vec::new();
    for name in &request.segments {
        let values = column(rows, name)?;
        let mut by_value: BTreeMap<&str, usize> = BTreeMap::new();
        for text in (0..rows.n_rows).filter_map(|row| values.text(row)) {
            *by_value.entry(text).or_default() += 1;
        }
        all.extend(by_value.into_iter().map(|(value, n)| (name, values, value, n)));
    }
    let n_compared = all.iter().filter(|segment| segment.3 >= MIN_ROWS).count().max(1);
    let confidence = 1.0 - (1.0 - request.confidence) / n_compared as f64;
    let mut found = Segments {
        worst_upper: 0.0,
        compared: Vec::new(),
        not_compared: BTreeMap::new(),
    };
    for (name, values, value, _) in all {
        match answers.gain(&|row| values.text(row) == Some(value), confidence) {
            Ok(gain) => found.compared.push(SegmentGain {
                column: name.clone(),
                value: value.to_owned(),
                n: gain.n,
                gain: Gain {
                    value: gain.gain,
                    lower: gain.lower,
                    upper: gain.upper,
                },
            }),
            Err(reason) => {
                found.not_compared.insert(format!("{name}={value}"), reason);
            }
        }
    }
    found.worst_upper = found
        .compared
        .iter()
        .map(|segment| segment.gain.upper)
        .fold(0.0, f64::min);
    Ok(found)
}
