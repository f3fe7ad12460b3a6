//! Two tables, row by row: drift that no column shows alone (`driftline compare --dataset`).
//!
//! Reads both tables, lays their common columns and embeddings over each other, and runs the methods asked for side
//! by side. Does not compute (`baselines::multivariate`) and does not judge.

mod columns;
mod document;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use document::DatasetDocument;

use crate::error::{EngineError, ErrorKind};
use crate::frame::{Rows, Selection, read_rows};
use crate::parallel::in_parallel;
use crate::progress::Progress;
use crate::scan::ScanSettings;
use baselines::multivariate::{
    AssociationChange, DatasetMethod, DomainClassifier, EmbeddingDrift, MaximumMeanDiscrepancy,
    NannymlReconstruction, NotComputable, PairedRows, PcaReconstruction, RankedColumn, Sampling,
    association_change, domain_classifier, embedding_drift, mmd, nannyml_reconstruction, pca_reconstruction,
    rank_columns,
};
use store::{Location, StoreOptions};

/// What is to be measured over all columns together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetRequest {
    /// Methods, in the order of the answer.
    pub methods: Vec<DatasetMethod>,
    /// Embedding columns: a column that holds arrays, or the beginning of the names of a group of columns.
    pub embeddings: Vec<String>,
    /// Seed and row limit.
    pub sampling: Sampling,
    /// Whether the reconstruction error is NannyML's, over all rows in their order.
    pub nannyml: bool,
}

/// Where the tables are and which of their columns count.
#[derive(Debug)]
pub struct DatasetSource<'a> {
    /// The baseline.
    pub baseline: &'a Location,
    /// The current table.
    pub current: &'a Location,
    /// Columns wanted; all that both tables have without it.
    pub columns: Option<&'a [String]>,
    /// Types of columns, and which columns count.
    pub selection: Selection,
    /// Threads and limits.
    pub settings: &'a ScanSettings,
    /// How to reach stores.
    pub options: &'a StoreOptions,
}

/// The answers over all columns together.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// Numeric and categorical columns that entered.
    pub columns: Vec<String>,
    /// Columns that did not, and why.
    pub left_out: Vec<LeftOut>,
    /// Rows of both tables.
    pub total_rows: [usize; 2],
    /// Rows that entered; fewer where they were sampled.
    pub used_rows: [usize; 2],
    /// Seed of the sample and of every draw.
    pub seed: u64,
    /// Answers of the methods asked for, in their order.
    pub answers: Vec<DatasetAnswer>,
    /// Columns, the one that carries most of the shift first.
    pub ranking: Vec<RankedColumn>,
    /// Embeddings, in the order asked for.
    pub embeddings: Vec<EmbeddingDrift>,
}

/// A column that is in neither the rows nor the embeddings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The column.
    pub column: String,
    /// Why.
    pub reason: &'static str,
}

/// The answer of one method.
#[derive(Debug, Clone, PartialEq)]
pub enum DatasetAnswer {
    /// Domain classifier.
    DomainClassifier(Result<DomainClassifier, NotComputable>),
    /// Reconstruction error of the house.
    PcaReconstruction(Result<PcaReconstruction, NotComputable>),
    /// Reconstruction error of NannyML.
    NannymlReconstruction(Result<NannymlReconstruction, NotComputable>),
    /// Maximum mean discrepancy.
    Mmd(Result<MaximumMeanDiscrepancy, NotComputable>),
    /// Association change.
    AssociationChange(Result<AssociationChange, NotComputable>),
}

/// Reads both tables and measures.
///
/// A column's type is the schema's, else the baseline's cells', else the current ones'. Errors: those of reading, no
/// common column, an embedding that neither table has or whose vectors have two lengths.
pub async fn measure(
    source: &DatasetSource<'_>,
    request: &DatasetRequest,
    progress: &dyn Progress,
) -> Result<Dataset, EngineError> {
    let mut selection = source.selection.clone();
    if !request.embeddings.is_empty() {
        // Which columns an embedding has is known after reading.
        selection.only = None;
    }
    let baseline = read(source.baseline, &selection, source, progress).await?;
    for column in &baseline.columns {
        if let Some(kind) = column.kind {
            selection.kinds.entry(column.name.clone()).or_insert(kind);
        }
    }
    let current = read(source.current, &selection, source, progress).await?;
    progress.stage("measuring rows together", 0);
    let dataset = tokio::task::block_in_place(|| measure_rows(source, request, baseline, current));
    progress.done();
    dataset
}

async fn read(
    location: &Location,
    selection: &Selection,
    source: &DatasetSource<'_>,
    progress: &dyn Progress,
) -> Result<Rows, EngineError> {
    let rows = read_rows(location, source.options, selection, source.settings, progress).await?;
    if rows.n_rows == 0 {
        return Err(
            EngineError::new(ErrorKind::NothingToAnalyse, format!("no rows at {location}"))
                .with_hint("a comparison needs rows on both sides; CSV needs a header line"),
        );
    }
    Ok(rows)
}

fn measure_rows(
    source: &DatasetSource<'_>,
    request: &DatasetRequest,
    baseline: Rows,
    current: Rows,
) -> Result<Dataset, EngineError> {
    let wanted = |name: &str| {
        let by_name = source
            .columns
            .is_none_or(|columns| columns.iter().any(|column| column == name));
        by_name
            && source
                .selection
                .only
                .as_ref()
                .is_none_or(|only| only.contains(name))
    };
    let sides = columns::sides(baseline, current, &request.embeddings, &wanted)?;
    let [baseline, current] = &sides.rows;
    let refused = |error: baselines::multivariate::RowsError| {
        EngineError::new(ErrorKind::Usage, "the two tables cannot be laid over each other")
            .with_source(error)
            .with_hint("name the columns that both have alike with --columns")
    };
    let paired = PairedRows::new(baseline, current, request.sampling).map_err(refused)?;
    let answer = |method: DatasetMethod| match method {
        DatasetMethod::DomainClassifier => DatasetAnswer::DomainClassifier(domain_classifier(&paired)),
        DatasetMethod::PcaReconstruction if request.nannyml => {
            DatasetAnswer::NannymlReconstruction(nannyml_reconstruction(baseline, current, None))
        }
        DatasetMethod::PcaReconstruction => DatasetAnswer::PcaReconstruction(pca_reconstruction(&paired)),
        DatasetMethod::Mmd => DatasetAnswer::Mmd(mmd(&paired)),
        DatasetMethod::AssociationChange => DatasetAnswer::AssociationChange(association_change(&paired)),
    };
    let methods = &request.methods;
    let answers = in_parallel(methods.len(), source.settings.n_threads, |idx| {
        answer(methods[idx])
    });
    let classifier = answers.iter().find_map(|answer| match answer {
        DatasetAnswer::DomainClassifier(Ok(found)) => Some(found),
        _ => None,
    });
    Ok(Dataset {
        columns: paired.feature_names().map(str::to_owned).collect(),
        left_out: sides.left_out,
        total_rows: paired.total_rows(),
        used_rows: paired.n_rows(),
        seed: paired.seed(),
        ranking: rank_columns(&paired, classifier),
        embeddings: embedding_drift(&paired),
        answers,
    })
}
