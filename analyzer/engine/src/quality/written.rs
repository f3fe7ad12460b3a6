//! Facets, outcomes and ranges as people write them, in arguments and in settings files.
//!
//! Reads text; measures nothing, and does not know which argument or key a text came from: the reader puts its name in
//! front of [`WrittenError::what`].

use super::request::{FacetRequest, FacetRows, PositiveOutcome};
use baselines::bias::{AllowedRange, BiasMetric};

/// What is wrong with a text, to be read behind the name of what held it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct WrittenError {
    /// What was found and expected: `is "x", expected …`.
    pub what: String,
    /// The form, with an example.
    pub hint: String,
}

fn wrong(what: String, hint: &str) -> WrittenError {
    WrittenError {
        what,
        hint: hint.to_owned(),
    }
}

/// `COLUMN`, `COLUMN=VALUE,VALUE` or `COLUMN>NUMBER`.
pub fn facet(text: &str) -> Result<FacetRequest, WrittenError> {
    const HINT: &str = "COLUMN, COLUMN=VALUE,VALUE or \"COLUMN>NUMBER\"";
    let (column, rows) = match text.find(['=', '>']) {
        None => (text, FacetRows::EachValue),
        Some(at) if text[at..].starts_with('>') => {
            let threshold = text[at + 1..]
                .trim()
                .parse()
                .ok()
                .filter(|number: &f64| number.is_finite());
            let threshold =
                threshold.ok_or_else(|| wrong(format!("is `{text}`, expected a number behind `>`"), HINT))?;
            (&text[..at], FacetRows::Above(threshold))
        }
        Some(at) => {
            let values = text[at + 1..].split(',').map(|value| value.trim().to_owned());
            (&text[..at], FacetRows::Values(values.collect()))
        }
    };
    let no_value = matches!(&rows, FacetRows::Values(values) if values.iter().any(String::is_empty));
    if column.trim().is_empty() || no_value {
        return Err(wrong(
            format!("is `{text}`, which lacks a column or a value"),
            HINT,
        ));
    }
    Ok(FacetRequest {
        column: column.trim().to_owned(),
        rows,
    })
}

/// `CLASS,CLASS` or `>NUMBER`.
pub fn outcome(text: &str) -> Result<PositiveOutcome, WrittenError> {
    const HINT: &str = "classes of the problem with commas, or \">NUMBER\"";
    match text.trim().strip_prefix('>') {
        Some(number) => match number.trim().parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(PositiveOutcome::Above(number)),
            _ => Err(wrong(format!("is `{text}`, expected a number behind `>`"), HINT)),
        },
        None => {
            let classes: Vec<String> = text.split(',').map(|class| class.trim().to_owned()).collect();
            if classes.iter().any(String::is_empty) {
                return Err(wrong(format!("is `{text}`, which lacks a class"), HINT));
            }
            Ok(PositiveOutcome::Classes(classes))
        }
    }
}

/// `METRIC=LOW..HIGH`; an end left out is open.
pub fn range(text: &str) -> Result<(BiasMetric, AllowedRange), WrittenError> {
    let wrong = |what: String| self::wrong(what, "for example DI=0.8..1.25 or AD=..0.05");
    let (name, ends) = text
        .split_once('=')
        .ok_or_else(|| wrong(format!("is `{text}`, expected METRIC=LOW..HIGH")))?;
    let metric = BiasMetric::named(name.trim()).ok_or_else(|| {
        let names = BiasMetric::PRE_TRAINING
            .iter()
            .chain(&BiasMetric::POST_TRAINING)
            .map(|metric| metric.name());
        self::wrong(
            format!("names `{}`, which is no bias metric", name.trim()),
            &format!("one of {}", names.collect::<Vec<_>>().join(", ")),
        )
    })?;
    let end = |text: &str, open: f64| match text.trim() {
        "" => Some(open),
        text => text.parse::<f64>().ok().filter(|number| number.is_finite()),
    };
    let parsed = ends
        .split_once("..")
        .and_then(|(low, high)| Some((end(low, f64::NEG_INFINITY)?, end(high, f64::INFINITY)?)));
    match parsed {
        Some((low, high)) if low <= high => Ok((metric, AllowedRange { low, high })),
        Some(_) => Err(wrong(format!("is `{text}`: its low end is above its high end"))),
        None => Err(wrong(format!("is `{text}`, expected METRIC=LOW..HIGH"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facets_are_columns_values_or_thresholds() {
        let rows = |text: &str| facet(text).unwrap().rows;
        assert_eq!(rows("city"), FacetRows::EachValue);
        assert_eq!(
            rows("city=Bern, Basel"),
            FacetRows::Values(vec!["Bern".to_owned(), "Basel".to_owned()])
        );
        assert_eq!(rows("city=a>b"), FacetRows::Values(vec!["a>b".to_owned()]));
        assert_eq!(rows("age > 40.5"), FacetRows::Above(40.5));
        for wrong in ["age>old", "=1", "city=", "city=a,,b", "age>NaN", ""] {
            assert!(facet(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn ranges_have_a_metric_and_two_ends() {
        let (metric, allowed) = range("di=0.8..1.25").unwrap();
        assert_eq!((metric, allowed.low, allowed.high), (BiasMetric::DI, 0.8, 1.25));
        assert_eq!(range("AD=..0.05").unwrap().1.low, f64::NEG_INFINITY);
        assert_eq!(range("AD=-0.1..").unwrap().1.high, f64::INFINITY);
        for wrong in ["DI", "DI=1", "DI=2..1", "XX=0..1", "DI=a..b"] {
            assert!(range(wrong).is_err(), "{wrong}");
        }
    }
}
