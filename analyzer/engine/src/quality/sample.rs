//! The joined set: one window's (or baseline's) predictions with their labels, in the order of their ids, typed by the
//! problem.
//!
//! Does not measure. Missing numbers are NaN here and never leave.

use super::gather::{Gathered, NO_CODE, class_text, in_order};
use super::join::{Joined, NO_LABEL};
use super::labels::Labels;
use super::read::{Role, Rows};
use crate::error::{EngineError, ErrorKind};
use baselines::quality::Problem;
use std::collections::BTreeSet;
use xxhash_rust::xxh3::Xxh3;

/// In place of a class: a value that is not in the class list.
pub(crate) const OUTSIDE: u32 = u32::MAX - 1;
/// Classes that are still a classification.
const MAX_CLASSES: usize = 1000;

/// Classes as codes into [`Sample::classes`], or numbers; one entry per row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    /// [`NO_CODE`] for none, [`OUTSIDE`] for a class that is not listed.
    Classes(Vec<u32>),
    /// NaN for none.
    Numbers(Vec<f64>),
}

impl Outcome {
    fn has(&self, row: usize) -> bool {
        match self {
            Self::Classes(codes) => codes[row] != NO_CODE,
            Self::Numbers(numbers) => numbers[row].is_finite(),
        }
    }
}

/// A column to look into: for segments, bias, and estimates of regressions.
#[derive(Debug, Clone)]
pub(crate) struct FeatureColumn {
    pub(crate) name: String,
    pub(crate) codes: Vec<u32>,
    pub(crate) texts: Vec<String>,
    pub(crate) numbers: Vec<f64>,
    pub(crate) is_numeric: bool,
    /// Whether there were more texts than are kept.
    pub(crate) overflown: bool,
}

/// A column that is wanted beside predictions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BesideColumn {
    pub(crate) name: String,
    /// The argument that asks for it; a column nobody asked for by name may be missing.
    pub(crate) argument: Option<&'static str>,
}

/// Names of the columns beside predictions, in the order of their roles.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct BesideNames<'a> {
    pub(crate) features: &'a [BesideColumn],
    /// Features whose attributions were found.
    pub(crate) attributions: &'a [String],
}

/// Rows in the order of their ids.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) problem: Problem,
    /// Classes; binary: negative, positive.
    pub(crate) classes: Vec<String>,
    pub(crate) seconds: Vec<i64>,
    /// `None` where only scores were captured.
    pub(crate) predicted: Option<Outcome>,
    /// One column (binary) or one per class (multiclass).
    pub(crate) scores: Vec<Vec<f64>>,
    pub(crate) labels: Outcome,
    pub(crate) features: Vec<FeatureColumn>,
    /// Feature attributions by feature; NaN where there is none.
    pub(crate) attributions: Vec<(String, Vec<f64>)>,
    pub(crate) weights: Option<Vec<f64>>,
    /// When each row's first label came.
    pub(crate) first_label: Vec<i64>,
    /// XXH3-128 of ids, outcomes, scores and labels.
    pub(crate) digest: u128,
}

/// What classes there are, as far as it was said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ClassChoice {
    /// All of them, in order.
    pub(crate) classes: Option<Vec<String>>,
    /// The positive one of two.
    pub(crate) positive: Option<String>,
}

impl Sample {
    /// Rows.
    pub(crate) fn len(&self) -> usize {
        self.seconds.len()
    }

    /// Whether a row has a label, listed or not.
    pub(crate) fn is_labelled(&self, row: usize) -> bool {
        self.labels.has(row)
    }

    /// Predictions with labels from elsewhere.
    pub(crate) fn of_joined(
        problem: Problem,
        choice: &ClassChoice,
        mut rows: Rows,
        mut labels: Labels,
        joined: Joined,
        names: &BesideNames<'_>,
    ) -> Result<Self, EngineError> {
        let label_of = |idx: u32| (idx != NO_LABEL).then_some(idx as usize);
        let values = std::mem::replace(&mut labels.values, Gathered::new(super::gather::Kind::Class));
        let mut label_column = Column {
            codes: pick(&values.codes, &joined.labels, label_of, NO_CODE),
            numbers: pick(&values.numbers, &joined.labels, label_of, f64::NAN),
            texts: values.texts.texts().iter().map(ToString::to_string).collect(),
        };
        if values.codes.is_empty() && values.numbers.is_empty() {
            // No label at all: every row is without one.
            label_column.codes = vec![NO_CODE; joined.labels.len()];
            label_column.numbers = vec![f64::NAN; joined.labels.len()];
        }
        drop((values, labels));
        Self::assemble(
            problem,
            choice,
            &mut rows,
            &joined.rows,
            label_column,
            joined.first_label,
            names,
        )
    }

    /// Rows that have their label beside them (a baseline's table), in the order of their places.
    pub(crate) fn of_table(
        problem: Problem,
        choice: &ClassChoice,
        mut rows: Rows,
        names: &BesideNames<'_>,
    ) -> Result<Self, EngineError> {
        let mut order: Vec<u32> = (0..rows.len() as u32).collect();
        order.sort_unstable_by_key(|idx| rows.ids[*idx as usize]);
        let labels = rows
            .take(Role::Label)
            .ok_or_else(|| EngineError::new(ErrorKind::Internal, "a baseline was read without its label"))?;
        let label_column = Column::of(&labels, &order);
        let first_label = vec![super::gather::NO_TIME; order.len()];
        Self::assemble(
            problem,
            choice,
            &mut rows,
            &order,
            label_column,
            first_label,
            names,
        )
    }

    fn assemble(
        problem: Problem,
        choice: &ClassChoice,
        rows: &mut Rows,
        order: &[u32],
        labels: Column,
        first_label: Vec<i64>,
        names: &BesideNames<'_>,
    ) -> Result<Self, EngineError> {
        let all = |idx: u32| Some(idx as usize);
        let predicted = rows
            .take(Role::Prediction)
            .map(|column| Column::of(&column, order));
        let mut scores = Vec::new();
        while let Some(column) = rows.take(Role::Probability(scores.len())) {
            scores.push(pick(&column.numbers, order, all, f64::NAN));
        }
        let features = names
            .features
            .iter()
            .enumerate()
            .filter_map(|(idx, name)| {
                let column = rows.take(Role::Feature(idx))?;
                Some(FeatureColumn {
                    name: name.name.clone(),
                    codes: pick(&column.codes, order, all, NO_CODE),
                    texts: column.texts.texts().iter().map(ToString::to_string).collect(),
                    numbers: pick(&column.numbers, order, all, f64::NAN),
                    is_numeric: !column.has_text && column.numbers.iter().any(|number| number.is_finite()),
                    overflown: column.texts.overflown(),
                })
            })
            .collect();
        let attributions = names
            .attributions
            .iter()
            .enumerate()
            .filter_map(|(idx, name)| {
                let column = rows.take(Role::Attribution(idx))?;
                Some((name.clone(), pick(&column.numbers, order, all, f64::NAN)))
            })
            .collect();
        let mut sample = Self {
            problem,
            classes: Vec::new(),
            seconds: pick(&rows.seconds, order, all, super::gather::NO_TIME),
            predicted: None,
            scores,
            labels: Outcome::Numbers(Vec::new()),
            features,
            attributions,
            weights: None,
            first_label,
            digest: 0,
        };
        let ids: Vec<u128> = pick(&rows.ids, order, all, 0);
        *rows = Rows::default();
        match problem {
            Problem::Regression => {
                sample.labels = Outcome::Numbers(labels.numbers);
                sample.predicted = predicted.map(|column| Outcome::Numbers(column.numbers));
            }
            Problem::Binary | Problem::Multiclass => {
                let found = [Some(&labels), predicted.as_ref()];
                sample.classes = class_list(problem, choice, found, sample.scores.len())?;
                sample.labels = Outcome::Classes(labels.coded(&sample.classes));
                sample.predicted = predicted.map(|column| Outcome::Classes(column.coded(&sample.classes)));
            }
        }
        sample.digest = sample.content(&ids);
        Ok(sample)
    }

    /// Digest of the joined set: the same rows with the same labels give the same one.
    fn content(&self, ids: &[u128]) -> u128 {
        let mut hasher = Xxh3::new();
        hasher.update(self.problem.name().as_bytes());
        for class in &self.classes {
            hasher.update(class.as_bytes());
            hasher.update(&[0]);
        }
        let mut add = |outcome: &Outcome, row: usize| match outcome {
            Outcome::Classes(codes) => hasher.update(&codes[row].to_le_bytes()),
            Outcome::Numbers(numbers) => hasher.update(&numbers[row].to_bits().to_le_bytes()),
        };
        for row in 0..self.len() {
            add(&self.labels, row);
            if let Some(predicted) = &self.predicted {
                add(predicted, row);
            }
        }
        for id in ids {
            hasher.update(&id.to_le_bytes());
        }
        for value in self.scores.iter().flatten() {
            hasher.update(&value.to_bits().to_le_bytes());
        }
        for times in [&self.seconds, &self.first_label] {
            for second in times {
                hasher.update(&second.to_le_bytes());
            }
        }
        for column in &self.features {
            for (code, number) in column.codes.iter().zip(&column.numbers) {
                hasher.update(&code.to_le_bytes());
                hasher.update(&number.to_bits().to_le_bytes());
            }
        }
        for (name, values) in &self.attributions {
            hasher.update(name.as_bytes());
            for value in values {
                hasher.update(&value.to_bits().to_le_bytes());
            }
        }
        hasher.digest128()
    }
}

/// Values of a column in a new order, with its texts.
struct Column {
    codes: Vec<u32>,
    numbers: Vec<f64>,
    texts: Vec<String>,
}

impl Column {
    fn of(column: &Gathered, order: &[u32]) -> Self {
        let all = |idx: u32| Some(idx as usize);
        Self {
            codes: pick(&column.codes, order, all, NO_CODE),
            numbers: pick(&column.numbers, order, all, f64::NAN),
            texts: column.texts.texts().iter().map(ToString::to_string).collect(),
        }
    }

    /// Codes into `classes`.
    fn coded(mut self, classes: &[String]) -> Vec<u32> {
        let new: Vec<u32> = self
            .texts
            .iter()
            .map(|text| {
                let at = classes.iter().position(|class| class == text);
                at.map_or(OUTSIDE, |at| at as u32)
            })
            .collect();
        for code in self.codes.iter_mut().filter(|code| **code != NO_CODE) {
            *code = new[*code as usize];
        }
        self.codes
    }
}

fn pick<T: Copy>(values: &[T], order: &[u32], at: impl Fn(u32) -> Option<usize>, none: T) -> Vec<T> {
    if values.is_empty() {
        return Vec::new();
    }
    order
        .iter()
        .map(|idx| at(*idx).map_or(none, |idx| values[idx]))
        .collect()
}

/// The classes of a problem: those that were said, else those that are found.
fn class_list(
    problem: Problem,
    choice: &ClassChoice,
    columns: [Option<&Column>; 2],
    n_scores: usize,
) -> Result<Vec<String>, EngineError> {
    let said = |names: &Vec<String>| {
        names
            .iter()
            .map(|name| class_text(name).into_owned())
            .collect::<Vec<_>>()
    };
    let mut classes = match &choice.classes {
        Some(classes) => said(classes),
        None => {
            let found: BTreeSet<&String> = columns
                .into_iter()
                .flatten()
                .flat_map(|column| &column.texts)
                .collect();
            let mut found: Vec<String> = found.into_iter().cloned().collect();
            found.sort_by(|a, b| in_order(a, b));
            found
        }
    };
    let positive = choice
        .positive
        .as_ref()
        .map(|positive| class_text(positive).into_owned());
    if problem == Problem::Multiclass {
        if classes.len() > MAX_CLASSES {
            return Err(EngineError::new(
                ErrorKind::Usage,
                format!(
                    "{} classes were found, and at most {MAX_CLASSES} are evaluated",
                    classes.len()
                ),
            )
            .with_hint(
                "a number is predicted with --problem regression; --classes gives the list of classes",
            ));
        }
        if n_scores > 0 && n_scores != classes.len() {
            return Err(EngineError::new(
                ErrorKind::Usage,
                format!(
                    "{n_scores} probability columns stand against {} classes",
                    classes.len()
                ),
            )
            .with_hint("name the classes in the order of their probabilities with --classes a,b,c"));
        }
        return Ok(classes);
    }
    if choice.classes.is_some() && classes.len() != 2 {
        return Err(EngineError::new(
            ErrorKind::Usage,
            format!(
                "--classes names {} classes, and a binary problem has two",
                classes.len()
            ),
        )
        .with_hint("use --problem multiclass, or name the negative and the positive class"));
    }
    let has = |name: &str| classes.iter().any(|class| class == name);
    let positive = match positive {
        Some(positive) => positive,
        None if choice.classes.is_some() => classes[1].clone(),
        None => ["1", "true"]
            .into_iter()
            .find(|name| has(name))
            .or_else(|| (has("0") || has("-1")).then_some("1"))
            .or_else(|| has("false").then_some("true"))
            .or_else(|| classes.is_empty().then_some("1"))
            .map(str::to_owned)
            .ok_or_else(|| {
                EngineError::new(
                    ErrorKind::Usage,
                    format!(
                        "which of the {} classes found is the positive one is not known",
                        classes.len()
                    ),
                )
                .with_hint("name it with --positive-label")
            })?,
    };
    classes.retain(|class| *class != positive);
    let negative = match (positive.as_str(), classes.len()) {
        ("1", _) if classes.iter().any(|class| class == "0") || classes.is_empty() => "0".to_owned(),
        ("true", _) if classes.iter().any(|class| class == "false") || classes.is_empty() => {
            "false".to_owned()
        }
        (_, 1) => classes.remove(0),
        (_, 0) => format!("not {positive}"),
        (_, n) => {
            return Err(EngineError::new(
                ErrorKind::Usage,
                format!("{} classes were found, and a binary problem has two", n + 1),
            )
            .with_hint(
                "use --problem multiclass, or name the two classes with --classes NEGATIVE,POSITIVE",
            ));
        }
    };
    Ok(vec![negative, positive])
}
