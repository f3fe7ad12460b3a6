//! Features as numbers a tree can split on.
//!
//! A category becomes the mean target of its level in the baseline. In that order a threshold finds the best split into
//! two groups of levels (Fisher 1958, J. Am. Stat. Assoc. 53; the argument of LightGBM's categorical splits). A level
//! that the baseline has not gets the overall mean: nothing is known of it. Does not know trees.

use std::collections::BTreeMap;

use super::dle::Feature;

/// Most levels kept of one feature, most frequent first; the rest count as unknown.
const MAX_LEVELS: usize = 255;

/// How one feature is read. All numbers are finite.
#[derive(Debug, Clone, PartialEq)]
pub enum FeatureEncoding {
    /// A number.
    Number {
        /// What stands for a missing value: the baseline's median where it had none missing, else nothing, and trees
        /// have learnt where missing values go.
        fill: Option<f64>,
    },
    /// A category.
    Category {
        /// Levels in ascending order of their mean target, with it.
        levels: Vec<(String, f64)>,
        /// Mean target of rows without a value; the overall mean where there were none.
        missing: f64,
        /// Overall mean target.
        unknown: f64,
    },
}

impl FeatureEncoding {
    /// `target` has one finite value per row, and at least one.
    pub(crate) fn fit(feature: &Feature<'_>, target: &[f64]) -> Self {
        match feature {
            Feature::Number(values) => Self::Number {
                fill: median_if_complete(values),
            },
            Feature::Category(values) => fit_category(values, target),
        }
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Number { .. } => "a number",
            Self::Category { .. } => "a category",
        }
    }

    /// The column of numbers; `None` where the kinds differ. Infinities are missing.
    pub(crate) fn encode(&self, feature: &Feature<'_>) -> Option<Vec<f64>> {
        match (self, feature) {
            (Self::Number { fill }, Feature::Number(values)) => {
                let missing = fill.unwrap_or(f64::NAN);
                Some(
                    values
                        .iter()
                        .map(|&value| if value.is_finite() { value } else { missing })
                        .collect(),
                )
            }
            (
                Self::Category {
                    levels,
                    missing,
                    unknown,
                },
                Feature::Category(values),
            ) => {
                let codes: BTreeMap<&str, f64> = levels
                    .iter()
                    .map(|(level, mean)| (level.as_str(), *mean))
                    .collect();
                let code = |value: Option<&str>| {
                    value.map_or(*missing, |level| codes.get(level).copied().unwrap_or(*unknown))
                };
                Some(values.iter().copied().map(code).collect())
            }
            _ => None,
        }
    }

    /// Whether a stored encoding holds finite numbers only.
    pub fn is_sound(&self) -> bool {
        match self {
            Self::Number { fill } => fill.is_none_or(f64::is_finite),
            Self::Category {
                levels,
                missing,
                unknown,
            } => levels.iter().all(|level| level.1.is_finite()) && missing.is_finite() && unknown.is_finite(),
        }
    }
}

fn median_if_complete(values: &[f64]) -> Option<f64> {
    if values.is_empty() || values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    Some(sorted[sorted.len() / 2])
}

fn fit_category(values: &[Option<&str>], target: &[f64]) -> FeatureEncoding {
    let mut sums: BTreeMap<Option<&str>, (u64, f64)> = BTreeMap::new();
    for (value, target) in values.iter().zip(target) {
        let entry = sums.entry(*value).or_default();
        entry.0 += 1;
        entry.1 += target;
    }
    let unknown = target.iter().sum::<f64>() / target.len().max(1) as f64;
    let missing = sums.get(&None).map_or(unknown, |(n, sum)| sum / *n as f64);
    let mut levels: Vec<(&str, u64, f64)> = sums
        .into_iter()
        .filter_map(|(level, (n, sum))| Some((level?, n, sum / n as f64)))
        .collect();
    levels.sort_by(|left, right| right.1.cmp(&left.1).then(left.0.cmp(right.0)));
    levels.truncate(MAX_LEVELS);
    levels.sort_by(|left, right| left.2.total_cmp(&right.2).then(left.0.cmp(right.0)));
    FeatureEncoding::Category {
        levels: levels
            .into_iter()
            .map(|level| (level.0.to_owned(), level.2))
            .collect(),
        missing,
        unknown,
    }
}
