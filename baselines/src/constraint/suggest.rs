//! From a baseline's summary to proposed constraints, one small rule per function.
//!
//! The rules are Model Monitor's (contract §2.2), so that the proposal is the file it would have written. What they
//! miss (a zip code is not a number) becomes a warning, never a silent change. Does not know what a window looks
//! like, and sets no threshold from data: calibration does that elsewhere.

use crate::constraint::{Constraints, FeatureConstraints, MonitoringConfig, Overrides};
use crate::summary::{ColumnSummary, DatasetSummary, InferredType};

/// Deequ's `ColumnProfiler.DEFAULT_CARDINALITY_THRESHOLD`: with more distinct values there is no histogram, and
/// without a histogram there are no domains.
pub const MAX_HISTOGRAM_CATEGORIES: u64 = 120;

/// Share of distinct values from which an all-integral column looks like an identifier.
const IDENTIFIER_DISTINCT_RATIO: f64 = 0.9;
/// Fewer rows say nothing about identifiers: a short column of counts is mostly distinct too.
const MIN_ROWS_FOR_IDENTIFIER: u64 = 100;
/// Digits a code has at least (postal codes have 4 to 6, dialling codes and ids as many or more).
const MIN_CODE_DIGITS: u32 = 4;
/// A code takes at least this many values; fewer are a year, a flag or a grade.
const MIN_CODE_DISTINCT: u64 = 50;

/// Proposed constraints, how each came about, and what a person should look at.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestions {
    /// The proposal, ready to be stored.
    pub constraints: Constraints,
    /// One sentence per proposed constraint, in column order.
    pub derivations: Vec<Derivation>,
    /// What the rules cannot know.
    pub warnings: Vec<Warning>,
}

/// How one constraint came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Derivation {
    /// The column.
    pub column: String,
    /// The constraint, by its key in `constraints.json`.
    pub constraint: &'static str,
    /// One sentence for people.
    pub sentence: String,
}

/// Something about a column that a person should decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The column.
    pub column: String,
    /// What was noticed.
    pub kind: WarningKind,
    /// One sentence for people, with the remedy.
    pub sentence: String,
}

/// Kinds of [`Warning`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum WarningKind {
    /// Whole numbers, nearly all distinct: an identifier more likely than a quantity.
    LooksLikeIdentifier,
    /// Whole numbers of one width: a code (such as a zip code) more likely than a quantity.
    LooksLikeCode,
    /// No present cell: nothing is known of the column.
    NoValues,
}

/// Proposes the constraints that Model Monitor would, with the reason of each.
pub fn suggest(summary: &DatasetSummary) -> Suggestions {
    let mut suggestions = Suggestions {
        constraints: Constraints {
            features: Vec::new(),
            monitoring: MonitoringConfig::default(),
        },
        derivations: Vec::new(),
        warnings: Vec::new(),
    };
    for column in &summary.columns {
        let mut derive = |constraint, sentence| {
            suggestions.derivations.push(Derivation {
                column: column.name.clone(),
                constraint,
                sentence,
            });
        };
        let inferred_type = column.inferred_type;
        derive("inferred_type", type_sentence(column));
        let completeness = suggest_completeness(column).map(|(value, sentence)| {
            derive("completeness", sentence);
            value
        });
        let non_negative = suggest_non_negative(column).map(|(value, sentence)| {
            derive("is_non_negative", sentence);
            value
        });
        let domains = suggest_domains(column).map(|(values, sentence)| {
            derive("domains", sentence);
            values
        });
        suggestions.constraints.features.push(FeatureConstraints {
            name: column.name.clone(),
            inferred_type,
            completeness,
            non_negative,
            domains,
            overrides: Overrides::default(),
        });
        let warnings = [
            warn_no_values(column),
            warn_identifier(column).or_else(|| warn_code(column)),
        ];
        suggestions.warnings.extend(warnings.into_iter().flatten());
    }
    suggestions
}

fn type_sentence(column: &ColumnSummary) -> String {
    let present = column.counts.n_present();
    match column.inferred_type {
        InferredType::Unknown => "no cell of the baseline holds a value".to_owned(),
        InferredType::Integral => format!("all {present} present cells of the baseline are whole numbers"),
        InferredType::Fractional => format!(
            "{} of {present} present cells of the baseline are numbers, {} of them with a fraction",
            column.counts.n_numbers(),
            column.counts.n_fractional
        ),
        InferredType::Boolean => format!("all {present} present cells of the baseline are true or false"),
        InferredType::String => {
            format!("the {present} present cells of the baseline hold text, or kinds that only text can hold")
        }
    }
}

/// Completeness is what the baseline had.
fn suggest_completeness(column: &ColumnSummary) -> Option<(f64, String)> {
    let completeness = column.counts.completeness()?;
    let (present, cells) = (column.counts.n_present(), column.counts.n_cells());
    Some((
        completeness,
        format!("{present} of {cells} cells of the baseline are present"),
    ))
}

/// Non-negative is `min ≥ 0`, written for every numeric column, true and false both.
fn suggest_non_negative(column: &ColumnSummary) -> Option<(bool, String)> {
    let numeric = column
        .numeric
        .as_ref()
        .filter(|numeric| column.inferred_type.is_numeric() && numeric.n > 0)?;
    Some((
        numeric.min >= 0.0,
        format!("the smallest number of the baseline is {}", numeric.min),
    ))
}

/// Domains are the values of the histogram, in its order, where there is a histogram.
fn suggest_domains(column: &ColumnSummary) -> Option<(Vec<String>, String)> {
    if !matches!(column.inferred_type, InferredType::String | InferredType::Boolean) {
        return None;
    }
    let categorical = column.categorical.as_ref()?;
    let n_distinct = categorical.distinct.value();
    if !categorical.complete || categorical.counts.is_empty() || n_distinct > MAX_HISTOGRAM_CATEGORIES {
        return None;
    }
    let domains = categorical
        .counts
        .iter()
        .map(|(value, _)| value.clone())
        .collect();
    let sentence = format!(
        "the baseline has {n_distinct} distinct values, at most {MAX_HISTOGRAM_CATEGORIES}, and each of them is allowed"
    );
    Some((domains, sentence))
}

fn warn_no_values(column: &ColumnSummary) -> Option<Warning> {
    (column.counts.n_present() == 0).then(|| Warning {
        column: column.name.clone(),
        kind: WarningKind::NoValues,
        sentence:
            "has no value in the baseline, so nothing about it can be checked; leave it out or add data"
                .to_owned(),
    })
}

fn warn_identifier(column: &ColumnSummary) -> Option<Warning> {
    let numeric = column
        .numeric
        .as_ref()
        .filter(|_| column.inferred_type == InferredType::Integral)?;
    let ratio = numeric.distinct.value() as f64 / numeric.n.max(1) as f64;
    if numeric.n < MIN_ROWS_FOR_IDENTIFIER || ratio < IDENTIFIER_DISTINCT_RATIO {
        return None;
    }
    Some(Warning {
        column: column.name.clone(),
        kind: WarningKind::LooksLikeIdentifier,
        sentence: format!(
            "{} of {} whole numbers are distinct: if it is an identifier, declare it a string in the schema or leave \
             it out",
            numeric.distinct.value(),
            numeric.n
        ),
    })
}

fn warn_code(column: &ColumnSummary) -> Option<Warning> {
    let numeric = column
        .numeric
        .as_ref()
        .filter(|_| column.inferred_type == InferredType::Integral)?;
    let digits = n_digits(numeric.min)?;
    let fixed_width = n_digits(numeric.max)? == digits && digits >= MIN_CODE_DIGITS;
    let spread = numeric.max - numeric.min >= 0.5 * 10f64.powf(f64::from(digits) - 1.0);
    if !fixed_width || !spread || numeric.distinct.value() < MIN_CODE_DISTINCT {
        return None;
    }
    Some(Warning {
        column: column.name.clone(),
        kind: WarningKind::LooksLikeCode,
        sentence: format!(
            "every value is a whole number of {digits} digits: if it is a code such as a zip code, declare it a \
             string in the schema"
        ),
    })
}

/// Digits of a whole number from zero; `None` for negative ones.
fn n_digits(value: f64) -> Option<u32> {
    (0.0..1e15)
        .contains(&value)
        .then(|| (value as u64).checked_ilog10().unwrap_or(0) + 1)
}
