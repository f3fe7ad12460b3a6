//! Bias of facets: Clarify's metrics of a window or a baseline, each with its interval, judged by range or against a
//! baseline.
//!
//! Metrics of predictions alone (`DPPL`, `DI`, `CDDPL`, `FT`, `CI`) rest on every prediction, so that they are there before
//! labels come; the others on labelled rows. Under the `sagemaker` convention all rest on labelled rows, as Clarify's
//! monitor sees merged records only. Chooses rows and columns; the library measures. Does not know attributions.

use super::fairness::{BaselineBias, Rule};
use super::gather::{NO_CODE, class_text};
use super::measure::MeasureSettings;
use super::outcome::{Outcomes, outcomes};
use super::request::{BiasSettings, FacetRequest, FacetRows as Asked};
use super::sample::{FeatureColumn, Sample};
use crate::error::{EngineError, ErrorKind};
use baselines::bias::{
    AllowedRange, BiasFailure, BiasMetric, BiasValue, BiasVerdict, BootstrapOptions, FacetCounts, FacetRows,
    FlipColumn, FlipTest, bias_intervals, flip_test_mixed, judge_interval, point_violation,
};
use baselines::document::quality::{BiasTwin, QualityDocument};
use std::collections::BTreeMap;

/// Values of a facet column that are looked at one by one without being named.
const MAX_VALUES: usize = 12;
/// Rows a value must be on to be named without being asked for.
const MIN_NAMED: u64 = 5;
/// Why a metric without a range is not judged.
pub(super) const NO_RANGE: &str = "no range is usual for it: give one with --bias-range";

/// What bias is measured and judged by.
pub(super) struct BiasContext<'a> {
    pub(super) asked: &'a BiasSettings,
    pub(super) settings: &'a MeasureSettings,
    pub(super) rule: &'a Rule,
    pub(super) baseline: &'a [BaselineBias],
    /// The model's inputs, for the flip test.
    pub(super) inputs: &'a [String],
}

/// Fills the bias metrics of every facet that was asked for.
pub(super) fn fill(
    document: &mut QualityDocument,
    notes: &mut Vec<String>,
    sample: &Sample,
    context: &BiasContext<'_>,
) -> Result<(), EngineError> {
    if context.asked.facets.is_empty() {
        return Ok(());
    }
    let found = match outcomes(sample, context.settings, context.asked.positive.as_ref())? {
        Ok(found) => found,
        Err(reason) => {
            notes.push(format!("bias was not measured: {reason}"));
            return Ok(());
        }
    };
    if sample.weights.is_some() {
        notes.push("bias metrics count rows: sampling weights are not applied to them".to_owned());
    }
    let group = context
        .asked
        .group
        .as_deref()
        .map(|name| column(sample, "--group", name))
        .transpose()?;
    for facet in &context.asked.facets {
        let column = column(sample, "--facet", &facet.column)?;
        for rows in facet_rows(facet, column, notes)? {
            let side = Facet {
                column,
                rows: &rows,
                group,
            };
            document
                .bias
                .extend(of_facet(notes, sample, &found, &side, context)?);
        }
    }
    Ok(())
}

fn column<'s>(sample: &'s Sample, argument: &str, name: &str) -> Result<&'s FeatureColumn, EngineError> {
    let found = sample.features.iter().find(|column| column.name == name);
    found.ok_or_else(|| {
        EngineError::new(
            ErrorKind::Usage,
            format!("{argument} asks for column `{name}`, and the predictions do not have it"),
        )
        .with_hint("facets and groups are input columns; --schema names those of captured records")
    })
}

/// The facets that one request stands for.
fn facet_rows(
    facet: &FacetRequest,
    column: &FeatureColumn,
    notes: &mut Vec<String>,
) -> Result<Vec<Asked>, EngineError> {
    match &facet.rows {
        Asked::Above(_) if !column.is_numeric => Err(EngineError::new(
            ErrorKind::Usage,
            format!(
                "--facet has a threshold for `{}`, and that column is no number",
                facet.column
            ),
        )
        .with_hint("name values instead: --facet COLUMN=VALUE,VALUE")),
        Asked::EachValue if column.overflown || column.texts.len() > MAX_VALUES => {
            notes.push(format!(
                "bias of `{}` was not measured: it has {} or more values; name some with --facet COLUMN=VALUE,VALUE or a threshold with --facet \"COLUMN>NUMBER\"",
                facet.column,
                column.texts.len()
            ));
            Ok(Vec::new())
        }
        Asked::EachValue => {
            let count = |code: usize| column.codes.iter().filter(|c| **c as usize == code).count() as u64;
            let (named, rare): (Vec<usize>, Vec<usize>) =
                (0..column.texts.len()).partition(|code| count(*code) >= MIN_NAMED);
            if !rare.is_empty() {
                notes.push(format!(
                    "{} values of `{}` are on fewer than {MIN_NAMED} rows each, and are no facets",
                    rare.len(),
                    facet.column
                ));
            }
            let values = named.into_iter().map(|code| column.texts[code].clone());
            Ok(values.map(|value| Asked::Values(vec![value])).collect())
        }
        rows => Ok(vec![rows.clone()]),
    }
}

/// One facet: its column, its rows under test, and the group column.
struct Facet<'a> {
    column: &'a FeatureColumn,
    rows: &'a Asked,
    group: Option<&'a FeatureColumn>,
}

impl Facet<'_> {
    /// Whether each row is in the facet; `None` where that is not known.
    fn members(&self) -> Vec<Option<bool>> {
        let column = self.column;
        match self.rows {
            Asked::Above(threshold) => {
                let above = |number: &f64| number.is_finite().then_some(number > threshold);
                column.numbers.iter().map(above).collect()
            }
            Asked::EachValue => vec![None; column.codes.len()],
            Asked::Values(values) => {
                let wanted: Vec<String> = values.iter().map(|v| class_text(v).into_owned()).collect();
                let is_in: Vec<bool> = column
                    .texts
                    .iter()
                    .map(|text| wanted.contains(&class_text(text).into_owned()))
                    .collect();
                let member = |code: &u32| (*code != NO_CODE).then(|| is_in[*code as usize]);
                column.codes.iter().map(member).collect()
            }
        }
    }

    /// What comes behind the column's name.
    fn words(&self) -> String {
        match self.rows {
            Asked::Above(threshold) => format!("> {threshold}"),
            Asked::Values(values) => format!("= {}", values.join(",")),
            Asked::EachValue => String::new(),
        }
    }
}

/// Rows that metrics rest on.
struct Side {
    counts: FacetCounts,
    flips: Result<FlipTest, BiasFailure>,
}

fn of_facet(
    notes: &mut Vec<String>,
    sample: &Sample,
    outcomes: &Outcomes,
    facet: &Facet<'_>,
    context: &BiasContext<'_>,
) -> Result<Vec<BiasTwin>, EngineError> {
    let members = facet.members();
    let words = facet.words();
    let has = |row: &usize, with_label: bool| {
        let known = members[*row].is_some() && outcomes.prediction[*row].is_some();
        known && (!with_label || outcomes.label[*row].is_some())
    };
    let labelled: Vec<usize> = (0..sample.len()).filter(|row| has(row, true)).collect();
    let predicted: Vec<usize> = match context.rule {
        Rule::Sagemaker { .. } => labelled.clone(),
        _ => (0..sample.len()).filter(|row| has(row, false)).collect(),
    };
    let n_unknown = members.iter().filter(|member| member.is_none()).count();
    if n_unknown > 0 {
        notes.push(format!(
            "{n_unknown} rows have no value of `{}`: they are on neither side of the facet",
            facet.column.name
        ));
    }
    let options = BootstrapOptions {
        level: context.settings.options.confidence,
        seed: context.settings.options.seed,
        ..BootstrapOptions::default()
    };
    let of_labels = counts(&labelled, &members, outcomes, facet, true)?;
    let of_predictions = Side {
        counts: counts(
            &predicted,
            &members,
            outcomes,
            facet,
            labelled.len() == predicted.len(),
        )?,
        flips: flips(notes, sample, &predicted, &members, outcomes, facet, context),
    };
    let whole = bias_intervals(&of_predictions.counts, of_predictions.flips.ok(), options);
    let part = if labelled.len() == predicted.len() {
        whole.clone()
    } else {
        bias_intervals(&of_labels, None, options)
    };
    let metrics: BTreeMap<BiasMetric, _> = whole
        .into_iter()
        .filter(|(metric, _)| !metric.needs_labels())
        .chain(part.into_iter().filter(|(metric, _)| metric.needs_labels()))
        .collect();
    let twins = metrics.into_iter().map(|(metric, interval)| {
        let (counts, flips) = if metric.needs_labels() {
            (&of_labels, None)
        } else {
            (&of_predictions.counts, of_predictions.flips.ok())
        };
        let value = match (metric, of_predictions.flips) {
            (BiasMetric::FT, Err(failure)) => Err(failure),
            _ => metric.measure(counts, flips),
        };
        let interval = interval.as_ref();
        let mut twin = BiasTwin {
            column: facet.column.name.clone(),
            facet: format!("{} {words}", facet.column.name),
            metric: metric.name().to_owned(),
            value: value.ok().and_then(BiasValue::finite),
            infinite: match value {
                Ok(BiasValue::PositiveInfinity) => Some("Infinity".to_owned()),
                Ok(BiasValue::NegativeInfinity) => Some("-Infinity".to_owned()),
                _ => None,
            },
            low: interval.ok().map(|found| found.low),
            high: interval.ok().map(|found| found.high),
            n: counts.n_rows(),
            ..BiasTwin::default()
        };
        let judged = value
            .map_err(|failure| failure.to_string())
            .and_then(|value| judge(&mut twin, metric, value, interval, facet, context));
        match judged {
            Ok(verdict) => {
                twin.alert = verdict == BiasVerdict::Alert;
                verdict_name(verdict).clone_into(&mut twin.outcome);
            }
            Err(reason) => {
                "not_judged".clone_into(&mut twin.outcome);
                twin.reason = Some(reason);
            }
        }
        twin
    });
    Ok(twins.collect())
}

/// The judgement, or why there is none.
fn judge(
    twin: &mut BiasTwin,
    metric: BiasMetric,
    value: BiasValue,
    interval: Result<&baselines::bias::BiasInterval, &BiasFailure>,
    facet: &Facet<'_>,
    context: &BiasContext<'_>,
) -> Result<BiasVerdict, String> {
    let baseline = context
        .baseline
        .iter()
        .find(|known| known.is_of(&facet.column.name, facet.rows, metric));
    twin.baseline = baseline.and_then(|known| known.value.finite());
    match context.rule {
        Rule::Nothing => Err("a baseline is not held against anything".to_owned()),
        Rule::House { withheld, min_rows } => {
            if let (true, Some(reason)) = (metric.needs_labels(), withheld) {
                return Err(reason.clone());
            }
            if twin.n < *min_rows {
                return Err(format!("{} rows, at least {min_rows} are needed", twin.n));
            }
            let given = context.asked.ranges.get(&metric).copied();
            let range = given
                .or_else(|| AllowedRange::usual(metric))
                .ok_or_else(|| NO_RANGE.to_owned())?;
            twin.allowed_low = Some(range.low).filter(|low| low.is_finite());
            twin.allowed_high = Some(range.high).filter(|high| high.is_finite());
            interval
                .map(|interval| judge_interval(interval, range))
                .map_err(ToString::to_string)
        }
        Rule::Sagemaker { withheld, .. } => {
            if let Some(reason) = withheld {
                return Err(reason.clone());
            }
            let baseline = baseline.ok_or("the baseline has no value of it".to_owned())?;
            Ok(if point_violation(baseline.value, value) {
                BiasVerdict::Alert
            } else {
                BiasVerdict::Allowed
            })
        }
    }
}

/// The name of a verdict in documents.
pub(super) fn verdict_name(verdict: BiasVerdict) -> &'static str {
    match verdict {
        BiasVerdict::Alert => "alert",
        BiasVerdict::OutsideWithinChance => "outside_within_chance",
        BiasVerdict::Allowed => "allowed",
    }
}

fn fault(column: &FeatureColumn, failure: BiasFailure) -> EngineError {
    EngineError::new(ErrorKind::Internal, format!("facet `{}`: {failure}", column.name))
}

fn counts(
    rows: &[usize],
    members: &[Option<bool>],
    outcomes: &Outcomes,
    facet: &Facet<'_>,
    with_label: bool,
) -> Result<FacetCounts, EngineError> {
    let of =
        |flags: &[Option<bool>]| -> Vec<bool> { rows.iter().map(|row| flags[*row] == Some(true)).collect() };
    let (in_facet, label, prediction) = (of(members), of(&outcomes.label), of(&outcomes.prediction));
    // A row without a group is in a group of its own kind.
    let group: Option<Vec<u32>> = facet
        .group
        .map(|group| rows.iter().map(|row| group.codes[*row]).collect());
    FacetCounts::of(&FacetRows {
        facet: &in_facet,
        label: (with_label && !rows.is_empty()).then_some(&label),
        prediction: Some(&prediction),
        group: group.as_deref(),
    })
    .map_err(|failure| fault(facet.column, failure))
}

fn flips(
    notes: &mut Vec<String>,
    sample: &Sample,
    rows: &[usize],
    members: &[Option<bool>],
    outcomes: &Outcomes,
    facet: &Facet<'_>,
    context: &BiasContext<'_>,
) -> Result<FlipTest, BiasFailure> {
    enum Held {
        Numbers(Vec<f64>),
        Codes(Vec<u32>),
    }
    let is_input = |column: &&FeatureColumn| {
        context.inputs.contains(&column.name) && column.name != facet.column.name && !column.overflown
    };
    let held: Vec<Held> = sample
        .features
        .iter()
        .filter(is_input)
        .map(|column| {
            if column.is_numeric {
                Held::Numbers(rows.iter().map(|row| column.numbers[*row]).collect())
            } else {
                Held::Codes(rows.iter().map(|row| column.codes[*row]).collect())
            }
        })
        .collect();
    let features: Vec<FlipColumn<'_>> = held
        .iter()
        .map(|column| match column {
            Held::Numbers(numbers) => FlipColumn::Number(numbers),
            Held::Codes(codes) => FlipColumn::Category(codes),
        })
        .collect();
    let of =
        |flags: &[Option<bool>]| -> Vec<bool> { rows.iter().map(|row| flags[*row] == Some(true)).collect() };
    let found = flip_test_mixed(&of(members), &of(&outcomes.prediction), &features)?;
    if found.n_without_features + found.n_thinned > 0 {
        notes.push(format!(
            "FT of `{} {}` rests on {} rows of the facet: {} rows lack a feature, {} were thinned out evenly",
            facet.column.name,
            facet.words(),
            found.flips.n_facet,
            found.n_without_features,
            found.n_thinned
        ));
    }
    Ok(found.flips)
}
