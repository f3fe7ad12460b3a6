//! Features as numbers a tree can split on.
//!
//! Numbers stay what they are; a category becomes the rank of its level when levels are ordered by their mean target
//! in the baseline. With that order a threshold on the rank finds the best split into two groups of levels (Fisher
//! 1958, J. Am. Stat. Assoc. 53; the same argument as LightGBM's categorical splits). A level that the baseline has
//! not, like a missing value, is NaN: trees send it where missing values go. Does not know trees.

use std::collections::BTreeMap;

use super::dle::Feature;

/// Most levels kept of one feature, most frequent first; the rest count as missing.
const MAX_LEVELS: usize = 255;

/// How one feature is read.
#[derive(Debug, Clone, PartialEq)]
pub enum FeatureEncoding {
    /// A number; NaN is missing.
    Number,
    /// A category: its levels in ascending order of their mean target.
    Category(Vec<String>),
}

impl FeatureEncoding {
    pub(super) fn fit(feature: &Feature<'_>, target: &[f64]) -> Self {
        match feature {
            Feature::Number(_) => Self::Number,
            Feature::Category(values) => Self::Category(ordered_levels(values, target)),
        }
    }

    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Number => "a number",
            Self::Category(_) => "a category",
        }
    }

    /// The column of numbers; `None` where the kinds differ. Infinities are missing.
    pub(super) fn encode(&self, feature: &Feature<'_>) -> Option<Vec<f64>> {
        match (self, feature) {
            (Self::Number, Feature::Number(values)) => Some(
                values
                    .iter()
                    .map(|&value| if value.is_finite() { value } else { f64::NAN })
                    .collect(),
            ),
            (Self::Category(levels), Feature::Category(values)) => {
                let codes: BTreeMap<&str, f64> = levels
                    .iter()
                    .enumerate()
                    .map(|(code, level)| (level.as_str(), code as f64))
                    .collect();
                let code = |value: &Option<&str>| value.and_then(|level| codes.get(level).copied());
                Some(
                    values
                        .iter()
                        .map(|value| code(value).unwrap_or(f64::NAN))
                        .collect(),
                )
            }
            _ => None,
        }
    }
}

fn ordered_levels(values: &[Option<&str>], target: &[f64]) -> Vec<String> {
    let mut sums: BTreeMap<&str, (u64, f64)> = BTreeMap::new();
    for (value, target) in values.iter().zip(target) {
        if let Some(level) = value {
            let entry = sums.entry(level).or_default();
            entry.0 += 1;
            entry.1 += target;
        }
    }
    let mut levels: Vec<(&str, u64, f64)> = sums
        .into_iter()
        .map(|(level, (n, sum))| (level, n, sum / n as f64))
        .collect();
    levels.sort_by(|left, right| right.1.cmp(&left.1).then(left.0.cmp(right.0)));
    levels.truncate(MAX_LEVELS);
    levels.sort_by(|left, right| left.2.total_cmp(&right.2).then(left.0.cmp(right.0)));
    levels.into_iter().map(|level| level.0.to_owned()).collect()
}
