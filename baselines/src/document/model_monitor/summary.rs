//! `DatasetSummary` → `statistics.json`, and Model Monitor's own `statistics.json` → `DatasetSummary`.
//!
//! What the file cannot say is lost on the way out (NaN and infinities count as present text, booleans are
//! `String`), and on the way back the classes of cells are those of the column's type. Does not know thresholds.

use super::STATISTICS_FILE;
use super::kll;
use super::statistics::{
    Categorical, CategoricalBucket, Common, Dataset, Feature, NumericalDistribution, NumericalStatistics,
    Statistics, StringDistribution, StringStatistics, TypeTwin,
};
use crate::constraint::MAX_HISTOGRAM_CATEGORIES;
use crate::document::DocumentError;
use crate::judge::Evidence;
use crate::summary::{
    CategoricalSummary, CellCounts, ColumnSummary, DatasetSummary, Distinct, NumericSummary, WeightedPoints,
};
use crate::view::CellClass;

/// A data set read from a statistics file, and how good its numeric points are.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadedStatistics {
    /// The data set.
    pub summary: DatasetSummary,
    /// One entry per column of `summary`.
    pub evidence: Vec<Evidence>,
}

/// Rank error of a KLL sketch with k = 2048 and c = 0.64, as a share of n: `2.296 / k^0.9021`, the fit that Apache
/// DataSketches publishes for one-sided CDF differences at 99 % confidence (its `KllSketch.getNormalizedRankError`,
/// c = 2/3). Real files: G1's worst bucket is off by 0.09 % of the rows, well inside.
fn kll_rank_error(k: f64) -> f64 {
    2.296 / k.max(8.0).powf(0.9021)
}

impl From<&DatasetSummary> for Statistics {
    fn from(summary: &DatasetSummary) -> Self {
        Self {
            version: Some(0.0),
            dataset: Some(Dataset {
                item_count: summary.n_rows,
                evaluation_time: None,
            }),
            features: Some(summary.columns.iter().map(feature).collect()),
            ..Self::default()
        }
    }
}

fn feature(column: &ColumnSummary) -> Feature {
    let numeric = column
        .numeric
        .as_ref()
        .filter(|numeric| column.inferred_type.is_numeric() && numeric.n > 0);
    let inferred_type = match TypeTwin::from(column.inferred_type) {
        // A declared numeric column without one number has no mean to write.
        TypeTwin::Integral | TypeTwin::Fractional if numeric.is_none() => TypeTwin::Unknown,
        inferred_type => inferred_type,
    };
    Feature {
        name: column.name.clone(),
        inferred_type,
        numerical_statistics: numeric.map(|numeric| numerical(column, numeric)),
        string_statistics: numeric.is_none().then(|| string(column)),
    }
}

fn common(counts: &CellCounts) -> Common {
    Common {
        num_present: counts.n_present(),
        num_missing: counts.n_missing,
    }
}

fn numerical(column: &ColumnSummary, numeric: &NumericSummary) -> NumericalStatistics {
    let whole_numbers = column.counts.n_fractional == 0;
    NumericalStatistics {
        common: common(&column.counts),
        mean: in_range(numeric.mean),
        sum: in_range(numeric.sum),
        std_dev: in_range(numeric.std_dev),
        min: numeric.min,
        max: numeric.max,
        approximate_num_distinct_values: Some(numeric.distinct.value()),
        completeness: column.counts.completeness(),
        distribution: Some(NumericalDistribution {
            kll: Some(kll::kll(&numeric.points, numeric.min, numeric.max, whole_numbers)),
        }),
    }
}

/// A sum of finite numbers may pass the range of a double, and JSON has no infinity: the range's end stands for it.
fn in_range(value: f64) -> f64 {
    value.clamp(f64::MIN, f64::MAX)
}

fn string(column: &ColumnSummary) -> StringStatistics {
    let categorical = column.categorical.as_ref();
    StringStatistics {
        common: common(&column.counts),
        distinct_count: Some(categorical.map_or(0.0, |categorical| categorical.distinct.value() as f64)),
        completeness: column.counts.completeness(),
        distribution: categorical.and_then(histogram),
    }
}

fn histogram(categorical: &CategoricalSummary) -> Option<StringDistribution> {
    let fits = categorical.complete && categorical.distinct.value() <= MAX_HISTOGRAM_CATEGORIES;
    let bucket = |(value, count): &(String, u64)| CategoricalBucket {
        value: value.clone(),
        count: *count,
    };
    fits.then(|| StringDistribution {
        categorical: Some(Categorical {
            buckets: categorical.counts.iter().map(bucket).collect(),
        }),
    })
}

impl Statistics {
    /// The data set a statistics file describes, with the quality of its evidence.
    ///
    /// Cells take the class of their column's type, because the file has no finer counts; present cells of a numeric
    /// column that its sketch does not hold (NaN, infinities) are text. A sketch's items become weighted points with
    /// weights `2^level`; distinct counts are estimates.
    ///
    /// # Errors
    /// A file of a model-quality run; two columns of one name; a column with the statistics of another type; a
    /// sketch that is not one.
    pub fn into_summary(self) -> Result<LoadedStatistics, DocumentError> {
        let Some(features) = self.features else {
            return Err(value_error(
                ".",
                "expected `features`: these are the statistics of a model-quality run",
            ));
        };
        let mut columns = Vec::with_capacity(features.len());
        let mut evidence = Vec::with_capacity(features.len());
        let mut names = std::collections::BTreeSet::new();
        for (idx, feature) in features.into_iter().enumerate() {
            if !names.insert(feature.name.clone()) {
                return Err(value_error(
                    &format!("features[{idx}].name"),
                    "expected a name that no other column has",
                ));
            }
            let (column, found) = column(&format!("features[{idx}]"), feature)?;
            columns.push(column);
            evidence.push(found);
        }
        let cells = |column: &ColumnSummary| column.counts.n_cells();
        let n_rows = match self.dataset {
            Some(dataset) => dataset.item_count,
            None => columns.iter().map(cells).max().unwrap_or(0),
        };
        Ok(LoadedStatistics {
            summary: DatasetSummary { n_rows, columns },
            evidence,
        })
    }
}

fn value_error(path: &str, problem: &str) -> DocumentError {
    DocumentError::Value {
        document: STATISTICS_FILE,
        path: path.to_owned(),
        problem: problem.to_owned(),
    }
}

fn column(path: &str, feature: Feature) -> Result<(ColumnSummary, Evidence), DocumentError> {
    let mut summary = ColumnSummary {
        name: feature.name,
        inferred_type: feature.inferred_type.into(),
        counts: CellCounts::default(),
        numeric: None,
        categorical: None,
        spans: [None; CellClass::COUNT],
    };
    match (
        feature.inferred_type,
        feature.numerical_statistics,
        feature.string_statistics,
    ) {
        (TypeTwin::Integral | TypeTwin::Fractional, Some(statistics), _) => {
            let (numeric, evidence) = numeric_from(path, &statistics)?;
            let counts = &mut summary.counts;
            counts.n_missing = statistics.common.num_missing;
            if feature.inferred_type == TypeTwin::Integral {
                counts.n_integral = numeric.n;
            } else {
                counts.n_fractional = numeric.n;
            }
            counts.n_text = statistics.common.num_present - numeric.n;
            summary.numeric = Some(numeric);
            Ok((summary, evidence))
        }
        (TypeTwin::String | TypeTwin::Unknown, _, Some(statistics)) => {
            summary.counts.n_missing = statistics.common.num_missing;
            summary.counts.n_text = statistics.common.num_present;
            summary.categorical = Some(categorical_from(&statistics));
            Ok((summary, Evidence::Counted))
        }
        (TypeTwin::Integral | TypeTwin::Fractional, None, _) => Err(value_error(
            path,
            "expected `numerical_statistics` for a numeric column",
        )),
        (TypeTwin::String | TypeTwin::Unknown, _, None) => Err(value_error(
            path,
            "expected `string_statistics` for a column that is not numeric",
        )),
    }
}

fn numeric_from(
    path: &str,
    statistics: &NumericalStatistics,
) -> Result<(NumericSummary, Evidence), DocumentError> {
    let n_present = statistics.common.num_present;
    let kll = statistics
        .distribution
        .as_ref()
        .and_then(|distribution| distribution.kll.as_ref());
    let sketch = kll
        .and_then(|kll| kll.sketch.as_ref())
        .filter(|sketch| sketch.data.iter().any(|l| !l.is_empty()));
    let (points, evidence) = if let Some(sketch) = sketch {
        let path = format!("{path}.numerical_statistics.distribution.kll.sketch.data");
        let points = kll::points_of_levels(&sketch.data)
            .ok_or_else(|| value_error(&path, "expected finite numbers in fewer than 63 levels"))?;
        let k = sketch
            .parameters
            .map_or(kll::KLL_SKETCH_SIZE as f64, |parameters| parameters.k);
        let all_in_level_0 = sketch.data.iter().skip(1).all(Vec::is_empty);
        let evidence = if all_in_level_0 {
            Evidence::Counted
        } else {
            Evidence::Sketch {
                rank_error: kll_rank_error(k),
            }
        };
        (points, evidence)
    } else if let Some(kll) = kll.filter(|kll| !kll.buckets.is_empty()) {
        let path = format!("{path}.numerical_statistics.distribution.kll.buckets");
        let points = kll::points_of_buckets(&kll.buckets)
            .ok_or_else(|| value_error(&path, "expected buckets in rising order"))?;
        (points, Evidence::Buckets)
    } else {
        (WeightedPoints::default(), Evidence::Absent)
    };
    let distinct = statistics
        .approximate_num_distinct_values
        .unwrap_or(points.values.len() as u64);
    let n = if evidence == Evidence::Absent {
        n_present
    } else {
        points.n().min(n_present)
    };
    let numeric = NumericSummary {
        n,
        sum: statistics.sum,
        mean: statistics.mean,
        std_dev: statistics.std_dev,
        min: statistics.min,
        max: statistics.max,
        distinct: Distinct::Estimated(distinct),
        points,
    };
    Ok((numeric, evidence))
}

fn categorical_from(statistics: &StringStatistics) -> CategoricalSummary {
    let n = statistics.common.num_present;
    let buckets = statistics
        .distribution
        .as_ref()
        .and_then(|distribution| distribution.categorical.as_ref());
    let mut counts: Vec<(String, u64)> = buckets
        .into_iter()
        .flat_map(|found| &found.buckets)
        .map(|b| (b.value.clone(), b.count))
        .collect();
    counts.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
    let n_counted = counts
        .iter()
        .fold(0u64, |sum, (_, count)| sum.saturating_add(*count));
    let complete = buckets.is_some() || n == 0;
    let distinct = if complete {
        Distinct::Exact(counts.len() as u64)
    } else {
        Distinct::Estimated(statistics.distinct_count.unwrap_or(0.0).max(0.0).round() as u64)
    };
    CategoricalSummary {
        n,
        distinct,
        counts,
        n_other: n.saturating_sub(n_counted),
        complete,
    }
}
