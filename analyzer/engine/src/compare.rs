//! `driftline compare`: two tables, column by column, by any method under any convention.
//!
//! Every value is exact: nothing is counted on a grid. Columns are measured on all cores; of Parquet tables only those
//! at work are decoded, so that memory stays near the size of the two objects. Does not judge: what is too far is the
//! business of `analyze`.

mod document;
mod sample;
mod side;
mod text;

use crate::dataset::{self, Dataset, DatasetRequest, DatasetSource};
use crate::error::{EngineError, ErrorKind};
use crate::frame::{Keep, Kind, Selection, Table};
use crate::parallel::in_parallel;
use crate::progress::Progress;
use crate::scan::ScanSettings;
use crate::sources::discover;
use baselines::compare::{Convention, Measurement, Method, NotComputable};
use baselines::summary::CellCounts;
use capture::reject::RejectReason;
use capture::schema::Schema;
use capture::time::TimeWindow;
use sample::Sample;
use side::Side;
use std::collections::{BTreeMap, BTreeSet};
use store::{Location, StoreOptions};

/// Names that an error lists, at most.
const MAX_LISTED: usize = 40;

/// Which methods are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Methods {
    /// Under `house`: what `analyze` measures for the column's type. Under any other convention: all its methods.
    Default,
    /// Every method; those that a column or the convention does not have say so.
    All,
    /// These, in this order.
    Named(Vec<Method>),
}

/// What is to be compared.
#[derive(Debug, Clone)]
pub struct CompareRequest {
    /// One `.csv`, `.jsonl` or `.parquet` object.
    pub baseline: Location,
    /// Another; it need not have the same format.
    pub current: Location,
    /// Columns wanted, in this order; all that both tables have without it.
    pub columns: Option<Vec<String>>,
    /// Methods wanted.
    pub methods: Methods,
    /// By whose definition.
    pub convention: Convention,
    /// Types of columns, and which columns count.
    pub schema: Option<Schema>,
    /// What is to be measured over all columns together.
    pub dataset: Option<DatasetRequest>,
    /// Threads and limits; the window plays no part.
    pub settings: ScanSettings,
    /// How to reach stores.
    pub options: StoreOptions,
}

/// One of the two tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRead {
    /// Where it is.
    pub location: String,
    /// Rows read.
    pub n_rows: u64,
    /// Lines that could not be read, by reason.
    pub rejects_by_reason: BTreeMap<RejectReason, u64>,
}

impl TableRead {
    /// Lines that could not be read.
    pub fn n_rejected(&self) -> u64 {
        self.rejects_by_reason.values().sum()
    }
}

/// One method's answer for one column.
#[derive(Debug, Clone, PartialEq)]
pub struct MethodAnswer {
    /// The method.
    pub method: Method,
    /// Whether a numeric column of few values was taken for categories, as the convention's maker does.
    pub as_categories: bool,
    /// The measurement, or why there is none.
    pub outcome: Result<Measurement, NotComputable>,
}

/// One column.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnComparison {
    /// Its name.
    pub name: String,
    /// What it was taken for; `None` where neither side has a present cell.
    pub kind: Option<Kind>,
    /// Cells of the baseline.
    pub baseline: CellCounts,
    /// Cells of the current table.
    pub current: CellCounts,
    /// Answers, in the order of the methods.
    pub answers: Vec<MethodAnswer>,
}

impl ColumnComparison {
    /// Present cells of the baseline.
    pub fn n_baseline(&self) -> u64 {
        self.baseline.n_present()
    }

    /// Present cells of the current table.
    pub fn n_current(&self) -> u64 {
        self.current.n_present()
    }
}

/// Two tables, compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The baseline.
    pub baseline: TableRead,
    /// The current table.
    pub current: TableRead,
    /// The convention asked for.
    pub convention: Convention,
    /// Columns of both, in the baseline's order.
    pub columns: Vec<ColumnComparison>,
    /// Columns of the baseline that the current table lacks.
    pub only_in_baseline: Vec<String>,
    /// Columns of the current table that the baseline lacks.
    pub only_in_current: Vec<String>,
    /// The answers over all columns together, where they were asked for.
    pub dataset: Option<Dataset>,
}

/// Compares two tables.
///
/// A column's type is the schema's, else the baseline's cells', else (the baseline has only nulls) the current ones'.
/// Errors: no object or no rows, a folder, captured records, unreadable objects, an unknown column, no common column.
pub async fn compare(request: &CompareRequest, progress: &dyn Progress) -> Result<Comparison, EngineError> {
    let selection = selection(request);
    let (settings, threads) = (&request.settings, request.settings.n_threads);
    let baseline = open(&request.baseline, "the baseline", &request.options, progress).await?;
    let current = open(&request.current, "the current table", &request.options, progress).await?;
    let keep_baseline = |name: &str| selection.keep(name);
    let baseline = Side::read(&baseline, &keep_baseline, settings, progress).await?;
    let declared = |name: &str| selection.kinds.get(name).copied();
    let keep_current = |name: &str| {
        selection.keep(name)?;
        let known = baseline
            .knows(name)
            .then(|| declared(name).or_else(|| baseline.kind_before_reading(name)));
        Some(known.map_or(Keep::Numbers, Keep::for_kind))
    };
    let current = Side::read(&current, &keep_current, settings, progress).await?;
    for (side, at) in [(&baseline, &request.baseline), (&current, &request.current)] {
        if side.n_rows == 0 {
            return Err(no_rows(at, side));
        }
    }
    let (names, only_in_baseline, only_in_current) = match_columns(request, &baseline, &current)?;
    progress.stage("comparing", 0);
    let columns = in_parallel(names.len(), threads, |idx| {
        let name = &names[idx];
        column(name, declared(name), &baseline, &current, request)
    });
    progress.done();
    let dataset = match &request.dataset {
        Some(wanted) => {
            let source = DatasetSource {
                baseline: &request.baseline,
                current: &request.current,
                columns: request.columns.as_deref(),
                selection,
                settings,
                options: &request.options,
            };
            Some(dataset::measure(&source, wanted, progress).await?)
        }
        None => None,
    };
    Ok(Comparison {
        dataset,
        columns: columns.into_iter().collect::<Result<_, _>>()?,
        baseline: baseline.into_read(&request.baseline),
        current: current.into_read(&request.current),
        convention: request.convention,
        only_in_baseline,
        only_in_current,
    })
}

fn selection(request: &CompareRequest) -> Selection {
    let mut selection = request
        .schema
        .as_ref()
        .map(Selection::of_schema)
        .unwrap_or_default();
    if let Some(columns) = &request.columns {
        selection.only = Some(columns.iter().cloned().collect());
    }
    selection
}

async fn open(
    location: &Location,
    what: &str,
    options: &StoreOptions,
    progress: &dyn Progress,
) -> Result<Table, EngineError> {
    let sources = discover(location, options, &TimeWindow::default()).await?.objects;
    let is_the_object = |name: &str| location.file_name() == Some(name);
    let is_folder = sources.len() > 1 || sources.iter().any(|source| !is_the_object(&source.shown_key));
    if is_folder {
        let names: Vec<&str> = sources.iter().map(|source| source.shown_key.as_str()).collect();
        return Err(EngineError::new(
            ErrorKind::Usage,
            format!("{what} at {location} is a folder, and compare reads one file"),
        )
        .with_hint(format!("name a file in it: {}", listed(&names))));
    }
    progress.stage("reading", sources.iter().map(|source| source.size).sum());
    Table::open(location, sources, progress).await
}

fn no_rows(location: &Location, side: &Side<'_>) -> EngineError {
    let detail = match side.rejects_by_reason.iter().max_by_key(|(_, n)| **n) {
        None => "it has columns, but no row".to_owned(),
        Some((reason, n)) => format!(
            "all {} lines were rejected, most of them ({n}) as {reason}",
            side.rejects_by_reason.values().sum::<u64>()
        ),
    };
    EngineError::new(
        ErrorKind::NothingToAnalyse,
        format!("no rows at {location}: {detail}"),
    )
    .with_hint("a comparison needs rows on both sides; CSV needs a header line")
}

/// Columns to compare, in order, those that only the baseline has, and those that only the current side has.
type Matched = (Vec<String>, Vec<String>, Vec<String>);

fn match_columns(
    request: &CompareRequest,
    baseline: &Side<'_>,
    current: &Side<'_>,
) -> Result<Matched, EngineError> {
    let sides = [(baseline, &request.baseline), (current, &request.current)];
    if let Some(wanted) = &request.columns {
        for (side, location) in sides {
            let unknown: Vec<&str> = wanted
                .iter()
                .filter(|name| !side.knows(name))
                .map(String::as_str)
                .collect();
            if !unknown.is_empty() {
                let word = if unknown.len() == 1 { "column" } else { "columns" };
                return Err(EngineError::new(
                    ErrorKind::Usage,
                    format!(
                        "--columns names {word} that {location} does not have: {}",
                        listed(&unknown)
                    ),
                )
                .with_hint(format!("it has: {}", listed(&side.all_names()))));
            }
        }
        let mut seen = BTreeSet::new();
        let names = wanted.iter().filter(|name| seen.insert(*name)).cloned().collect();
        return Ok((names, Vec::new(), Vec::new()));
    }
    let (common, only_in_baseline): (Vec<String>, Vec<String>) = baseline
        .names()
        .iter()
        .cloned()
        .partition(|name| current.knows(name));
    let only_in_current = current
        .names()
        .iter()
        .filter(|name| !baseline.knows(name))
        .cloned()
        .collect();
    if common.is_empty() {
        let among = if request.schema.is_some() {
            " among those the schema names"
        } else {
            ""
        };
        return Err(EngineError::new(
            ErrorKind::Usage,
            format!(
                "{} and {} have no column in common{among}",
                request.baseline, request.current
            ),
        )
        .with_hint(format!(
            "the baseline has: {}; the current table has: {}",
            listed(&baseline.all_names()),
            listed(&current.all_names())
        )));
    }
    Ok((common, only_in_baseline, only_in_current))
}

fn listed(names: &[&str]) -> String {
    let more = names.len().saturating_sub(MAX_LISTED);
    let text = names[..names.len() - more].join(", ");
    if more > 0 {
        format!("{text}, and {more} more")
    } else {
        text
    }
}

fn column(
    name: &str,
    declared: Option<Kind>,
    baseline: &Side<'_>,
    current: &Side<'_>,
    request: &CompareRequest,
) -> Result<ColumnComparison, EngineError> {
    let by_type = baseline.kind_before_reading(name);
    let baseline = baseline.take(
        name,
        declared.map_or(Keep::ByKind, |kind| Keep::for_kind(Some(kind))),
    )?;
    let known = declared.or_else(|| Kind::of(&baseline.counts())).or(by_type);
    let current = current.take(name, Keep::for_kind(known))?;
    let kind = known.or_else(|| Kind::of(&current.counts()));
    let baseline = Sample::new(baseline, kind);
    let current = Sample::new(current, kind);
    let methods = match &request.methods {
        Methods::Named(methods) => methods.clone(),
        Methods::All => Method::ALL.to_vec(),
        Methods::Default => sample::default_methods(kind, request.convention),
    };
    let mut answers = sample::measure(&baseline, &current, &methods, request.convention);
    if request.methods == Methods::Default {
        let absent = |answer: &MethodAnswer| {
            matches!(
                answer.outcome,
                Err(NotComputable::NotInConvention | NotComputable::NotForThisType)
            )
        };
        answers.retain(|answer| !absent(answer));
    }
    Ok(ColumnComparison {
        name: name.to_owned(),
        kind,
        baseline: baseline.cells,
        current: current.cells,
        answers,
    })
}
