//! The answers over all columns together as JSON: what `driftline compare --json` writes under `dataset`.
//!
//! Every answer has `statistic`, `p_value`, `interval`, its numbers of rows, its seed and its parameters. Knows no
//! terminal.

use super::{Dataset, DatasetAnswer};
use baselines::multivariate::{
    AssociationChange, CentroidDistance, ChunkError, DomainClassifier, EmbeddingDrift, Interval, KernelForm,
    MaximumMeanDiscrepancy, NannymlReconstruction, NotComputable, PairChange, PcaReconstruction,
    RankedColumn, VARIANCE_SHARE,
};
use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};
use std::collections::BTreeMap;

/// The importance of so many components of an embedding is written.
const MAX_COMPONENTS: usize = 20;

/// What is written of a [`Dataset`].
#[derive(Debug, Serialize)]
pub(crate) struct DatasetDocument<'a> {
    seed: u64,
    rows: Sides<SideRows>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sample: Option<&'static str>,
    columns: &'a [String],
    left_out: BTreeMap<&'a str, &'static str>,
    methods: Map<Answer<'a>>,
    ranking: Vec<Ranked<'a>>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    embeddings: Map<Embedding<'a>>,
}

impl<'a> DatasetDocument<'a> {
    pub(crate) fn of(dataset: &'a Dataset) -> Self {
        let rows = |side: usize| SideRows {
            total: dataset.total_rows[side],
            used: dataset.used_rows[side],
        };
        let left_out = dataset.left_out.iter();
        Self {
            seed: dataset.seed,
            rows: Sides::of([rows(0), rows(1)]),
            sample: (dataset.total_rows != dataset.used_rows).then_some(SAMPLE),
            columns: &dataset.columns,
            left_out: left_out
                .map(|column| (column.column.as_str(), column.reason))
                .collect(),
            methods: Map(dataset.answers.iter().map(Answer::of).collect()),
            ranking: dataset.ranking.iter().map(Ranked::of).collect(),
            embeddings: Map(dataset.embeddings.iter().map(Embedding::of).collect()),
        }
    }
}

const SAMPLE: &str = "rows with the smallest seeded hashes of content and copy, without replacement";

/// A map that keeps its order.
#[derive(Debug)]
struct Map<V>(Vec<(String, V)>);

impl<V> Map<V> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<V: Serialize> Serialize for Map<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[derive(Debug, Serialize)]
struct Sides<T> {
    baseline: T,
    current: T,
}

impl<T> Sides<T> {
    fn of([baseline, current]: [T; 2]) -> Self {
        Self { baseline, current }
    }
}

#[derive(Debug, Serialize)]
struct SideRows {
    total: usize,
    used: usize,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Answer<'a> {
    Not { not_computable: String },
    Measured(Box<Measured<'a>>),
}

#[derive(Debug, Serialize)]
struct Measured<'a> {
    statistic: f64,
    p_value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interval: Option<[f64; 2]>,
    convention: &'static str,
    n_baseline: usize,
    n_current: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    parameters: Parameters,
    #[serde(flatten)]
    details: Details<'a>,
}

/// Only what applies is written.
#[derive(Debug, Default, Serialize)]
struct Parameters {
    statistic: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    p_value_source: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interval_source: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    folds: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trees: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_leaves: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    learning_rate: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variance_share: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    components: Option<Vec<usize>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    columns: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kernel: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bandwidth: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    form: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frequencies: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    permutations: Option<usize>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Details<'a> {
    Classifier {
        importance: Map<f64>,
    },
    Reconstruction {
        baseline_statistic: f64,
        change: f64,
        share_further: f64,
    },
    Nannyml {
        lower_limit: Option<f64>,
        upper_limit: f64,
        alert: bool,
        chunk_rows: usize,
        baseline_chunks: Vec<Chunk>,
        current_chunks: Vec<Chunk>,
    },
    Kernel {
        mmd: f64,
    },
    Associations {
        pairs: usize,
        pairs_changed: usize,
        pairs_left_out: usize,
        largest: Vec<Pair<'a>>,
    },
    Centroid {
        cosine: Option<f64>,
        cosine_p_value: Option<f64>,
    },
}

impl<'a> Answer<'a> {
    fn of(answer: &'a DatasetAnswer) -> (String, Self) {
        let (name, answer) = match answer {
            DatasetAnswer::DomainClassifier(found) => (
                "domain_classifier",
                Self::from(found, |found| classifier(found, usize::MAX)),
            ),
            DatasetAnswer::PcaReconstruction(found) => {
                ("pca_reconstruction", Self::from(found, reconstruction))
            }
            DatasetAnswer::NannymlReconstruction(found) => ("pca_reconstruction", Self::from(found, nannyml)),
            DatasetAnswer::Mmd(found) => ("mmd", Self::from(found, kernel)),
            DatasetAnswer::AssociationChange(found) => {
                ("association_change", Self::from(found, associations))
            }
        };
        (name.to_owned(), answer)
    }

    fn from<T>(found: &'a Result<T, NotComputable>, measured: impl FnOnce(&'a T) -> Measured<'a>) -> Self {
        match found {
            Ok(found) => Self::Measured(Box::new(measured(found))),
            Err(reason) => Self::Not {
                not_computable: reason.to_string(),
            },
        }
    }
}

fn ends(interval: Interval) -> [f64; 2] {
    [interval.low, interval.high]
}

fn classifier(found: &DomainClassifier, max_columns: usize) -> Measured<'_> {
    let importance = found.importance.iter().take(max_columns);
    Measured {
        statistic: found.auc,
        p_value: Some(found.p_value),
        interval: Some(ends(found.interval)),
        convention: "house",
        n_baseline: found.n_baseline,
        n_current: found.n_current,
        seed: Some(found.seed),
        parameters: Parameters {
            statistic: "ROC AUC, out of fold",
            p_value_source: Some("Mann-Whitney, one-sided, variance times 2.25 (Nadeau and Bengio)"),
            interval_source: Some("DeLong, 95 %"),
            model: Some("boosted trees (forust-ml)"),
            folds: Some(found.n_folds),
            trees: Some(found.n_trees),
            max_leaves: Some(found.max_leaves),
            learning_rate: Some(found.learning_rate),
            ..Parameters::default()
        },
        details: Details::Classifier {
            importance: Map(importance
                .map(|column| (column.column.clone(), column.gain_share))
                .collect()),
        },
    }
}

fn reconstruction(found: &PcaReconstruction) -> Measured<'_> {
    Measured {
        statistic: found.value,
        p_value: Some(found.p_value),
        interval: Some(ends(found.interval)),
        convention: "house",
        n_baseline: found.n_baseline,
        n_current: found.n_current,
        seed: Some(found.seed),
        parameters: Parameters {
            statistic: "mean residual length of the current rows",
            p_value_source: Some(
                "Mann-Whitney of the residual lengths of each half, two-sided, twice the smaller",
            ),
            interval_source: Some("of share_further, DeLong, 95 %"),
            variance_share: Some(VARIANCE_SHARE),
            components: Some(found.n_components.to_vec()),
            columns: Some(found.n_columns),
            ..Parameters::default()
        },
        details: Details::Reconstruction {
            baseline_statistic: found.baseline_value,
            change: found.change,
            share_further: found.share_further,
        },
    }
}

fn nannyml(found: &NannymlReconstruction) -> Measured<'_> {
    let n_baseline = found.baseline_chunks.iter().map(|chunk| chunk.n_rows).sum();
    let chunks = |chunks: &[ChunkError]| chunks.iter().map(|chunk| Chunk::of(chunk, found)).collect();
    Measured {
        statistic: found.value.value,
        p_value: None,
        interval: found.value.band().map(ends),
        convention: "nannyml",
        n_baseline,
        n_current: found.value.n_rows,
        seed: None,
        parameters: Parameters {
            statistic: "mean residual length of the current rows",
            interval_source: Some("± 3 sampling errors"),
            variance_share: Some(VARIANCE_SHARE),
            components: Some(vec![found.n_components]),
            columns: Some(found.n_columns),
            ..Parameters::default()
        },
        details: Details::Nannyml {
            lower_limit: found.lower_limit,
            upper_limit: found.upper_limit,
            alert: found.is_outside(found.value.value),
            chunk_rows: found.chunk_rows,
            baseline_chunks: chunks(&found.baseline_chunks),
            current_chunks: chunks(&found.current_chunks),
        },
    }
}

#[derive(Debug, Serialize)]
struct Chunk {
    rows: usize,
    statistic: f64,
    sampling_error: Option<f64>,
    alert: bool,
}

impl Chunk {
    fn of(chunk: &ChunkError, found: &NannymlReconstruction) -> Self {
        Self {
            rows: chunk.n_rows,
            statistic: chunk.value,
            sampling_error: chunk.sampling_error,
            alert: found.is_outside(chunk.value),
        }
    }
}

fn kernel(found: &MaximumMeanDiscrepancy) -> Measured<'_> {
    let (form, frequencies) = match found.form {
        KernelForm::Quadratic => ("all pairs of rows", None),
        KernelForm::RandomFourierFeatures { n_frequencies } => {
            ("random Fourier features", Some(n_frequencies))
        }
    };
    Measured {
        statistic: found.mmd_squared,
        p_value: Some(found.p_value),
        interval: None,
        convention: "house",
        n_baseline: found.n_baseline,
        n_current: found.n_current,
        seed: Some(found.seed),
        parameters: Parameters {
            statistic: "MMD², unbiased",
            p_value_source: Some("permutation"),
            kernel: Some("Gaussian, median heuristic"),
            bandwidth: found.bandwidth,
            form: Some(form),
            frequencies,
            permutations: Some(found.n_permutations),
            columns: Some(found.n_columns),
            ..Parameters::default()
        },
        details: Details::Kernel { mmd: found.mmd },
    }
}

fn associations(found: &AssociationChange) -> Measured<'_> {
    Measured {
        statistic: found.largest.first().map_or(0.0, |pair| pair.z.abs()),
        p_value: Some(found.p_value),
        interval: None,
        convention: "house",
        n_baseline: found.n_baseline,
        n_current: found.n_current,
        seed: Some(found.seed),
        parameters: Parameters {
            statistic: "|z| of the pair that changed most",
            p_value_source: Some("smallest of all pairs, Benjamini-Hochberg"),
            ..Parameters::default()
        },
        details: Details::Associations {
            pairs: found.n_pairs,
            pairs_changed: found.n_changed,
            pairs_left_out: found.n_pairs_left_out,
            largest: found.largest.iter().map(Pair::of).collect(),
        },
    }
}

#[derive(Debug, Serialize)]
struct Pair<'a> {
    columns: &'a [String; 2],
    measure: &'static str,
    baseline: f64,
    current: f64,
    z: f64,
    interval: [f64; 2],
    p_value: f64,
    adjusted_p_value: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pearson: Option<Pearson>,
    n_baseline: usize,
    n_current: usize,
}

#[derive(Debug, Serialize)]
struct Pearson {
    baseline: f64,
    current: f64,
    p_value: f64,
}

impl<'a> Pair<'a> {
    fn of(pair: &'a PairChange) -> Self {
        Self {
            columns: &pair.columns,
            measure: pair.measure.as_str(),
            baseline: pair.baseline,
            current: pair.current,
            z: pair.z,
            interval: ends(pair.interval),
            p_value: pair.p_value,
            adjusted_p_value: pair.adjusted_p_value,
            pearson: pair.pearson.map(|pearson| Pearson {
                baseline: pearson.baseline,
                current: pearson.current,
                p_value: pearson.p_value,
            }),
            n_baseline: pair.n_baseline,
            n_current: pair.n_current,
        }
    }
}

#[derive(Debug, Serialize)]
struct Ranked<'a> {
    column: &'a str,
    importance: Option<f64>,
    jensen_shannon: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jensen_shannon_not_computable: Option<String>,
    missing_share: Sides<f64>,
}

impl<'a> Ranked<'a> {
    fn of(column: &'a RankedColumn) -> Self {
        Self {
            column: &column.column,
            importance: column.importance,
            jensen_shannon: column.univariate.as_ref().ok().map(|found| found.statistic),
            jensen_shannon_not_computable: column.univariate.as_ref().err().map(ToString::to_string),
            missing_share: Sides::of(column.missing_share),
        }
    }
}

#[derive(Debug, Serialize)]
struct Embedding<'a> {
    dimension: usize,
    n_baseline: usize,
    n_current: usize,
    missing_vectors: Sides<usize>,
    methods: Map<Answer<'a>>,
}

impl<'a> Embedding<'a> {
    fn of(found: &'a EmbeddingDrift) -> (String, Self) {
        let methods = vec![
            (
                "centroid_distance",
                Answer::from(&found.centroid, |centroid| distance(centroid, found)),
            ),
            ("mmd", Answer::from(&found.mmd, kernel)),
            (
                "domain_classifier",
                Answer::from(&found.domain_classifier, |found| {
                    classifier(found, MAX_COMPONENTS)
                }),
            ),
        ];
        let document = Self {
            dimension: found.dimension,
            n_baseline: found.n_baseline,
            n_current: found.n_current,
            missing_vectors: Sides::of(found.n_missing),
            methods: Map(methods
                .into_iter()
                .map(|(name, answer)| (name.to_owned(), answer))
                .collect()),
        };
        (found.name.clone(), document)
    }
}

fn distance(centroid: &CentroidDistance, found: &EmbeddingDrift) -> Measured<'static> {
    Measured {
        statistic: centroid.euclidean,
        p_value: Some(centroid.euclidean_p_value),
        interval: None,
        convention: "house",
        n_baseline: found.n_baseline,
        n_current: found.n_current,
        seed: Some(centroid.seed),
        parameters: Parameters {
            statistic: "Euclidean distance of the mean vectors",
            p_value_source: Some("permutation"),
            permutations: Some(centroid.n_permutations),
            ..Parameters::default()
        },
        details: Details::Centroid {
            cosine: centroid.cosine,
            cosine_p_value: centroid.cosine_p_value,
        },
    }
}
