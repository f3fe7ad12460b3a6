//! What one report says, as plain data: every string ready to print, every plural done, chart data as numbers.
//!
//! The engine fills it from the data of `verdict.json`; the writers (`html`, `text`) only lay it out. The model does
//! not know verdict or profile types, and it does not know HTML or terminals: strings are plain text, unescaped.
//! Lists are printed in the order they have here, so whoever fills them puts the most important entry first.

/// The outcome of a run, or of one column. Only a column is `Warned`: the run passes with warnings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Status {
    /// Checked, and inside every limit.
    Pass,
    /// Checked, and worth a look, but no limit that decides.
    Warned,
    /// At least one limit that decides was passed.
    Violated,
    /// Not checked: neither pass nor fail.
    #[default]
    NotEvaluated,
}

impl Status {
    /// The word people read.
    pub fn label(self) -> &'static str {
        match self {
            Self::Pass => "Pass",
            Self::Warned => "Warning",
            Self::Violated => "Violated",
            Self::NotEvaluated => "Not evaluated",
        }
    }
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Decides the verdict.
    Violation,
    /// Worth a look; does not decide alone.
    Warning,
    /// Good to know.
    Info,
}

impl Severity {
    /// The word people read.
    pub fn label(self) -> &'static str {
        match self {
            Self::Violation => "Violation",
            Self::Warning => "Warning",
            Self::Info => "Info",
        }
    }
}

/// Everything one report shows. `Default` is the report of nothing: not evaluated, no columns.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReportModel {
    /// What was analysed, for example `bike-demand / AllTraffic`.
    pub title: String,
    /// The line below it, for example the window in words.
    pub subtitle: String,
    /// Outcome of the run.
    pub status: Status,
    /// One sentence that says it.
    pub headline: String,
    /// Window, rows, records, baseline, software version.
    pub facts: Vec<Fact>,
    /// Limits that were passed, worst first.
    pub findings: Vec<Finding>,
    /// The columns that matter most, most changed first. The page draws the first twenty.
    pub changes: Vec<ChangeCard>,
    /// Heading of the distance column of `columns`, for example `PSI`.
    pub distance_heading: String,
    /// Every column, most changed first.
    pub columns: Vec<ColumnRow>,
    /// One sentence on the smallest shift the window could have shown; may be empty.
    pub power: String,
    /// What happened to the captured bytes.
    pub health: Health,
    /// Columns that appeared, disappeared or changed type. Empty says: none did.
    pub schema_changes: Vec<SchemaChange>,
    /// What was not checked, and why.
    pub not_evaluated: Vec<NotEvaluated>,
    /// Methods, conventions, thresholds, and how they were derived.
    pub methods: Vec<Method>,
    /// Closing lines: licence, where the other documents are.
    pub footer: Vec<String>,
}

/// A label with its value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fact {
    /// What it is, for example `Rows`.
    pub label: String,
    /// How much, for example `8,645`.
    pub value: String,
    /// Smaller print below the value; may be empty.
    pub note: String,
}

impl Fact {
    /// A fact without small print.
    pub fn new(label: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            value: value.into(),
            note: String::new(),
        }
    }

    /// The same fact with small print.
    #[must_use]
    pub fn noted(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }
}

/// One limit that was passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// The column; empty for a finding about the whole data set.
    pub column: String,
    /// The check, for example `baseline_drift_check`.
    pub check: String,
    /// One sentence: what is wrong.
    pub what: String,
    /// The value found; may be empty.
    pub value: String,
    /// The limit it passed; may be empty.
    pub limit: String,
    /// How the limit came about; may be empty.
    pub derivation: String,
    /// What would remedy it; may be empty.
    pub remedy: String,
}

/// One column drawn and tabulated, baseline against current.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangeCard {
    /// Column name.
    pub column: String,
    /// Its type, for example `Fractional`.
    pub inferred_type: String,
    /// Outcome for this column.
    pub status: Status,
    /// One sentence on what moved; may be empty.
    pub summary: String,
    /// Distances between baseline and current.
    pub distances: Vec<Distance>,
    /// n, missing, mean and so on, or the top categories.
    pub comparison: Vec<Comparison>,
    /// The picture.
    pub chart: Option<Chart>,
}

/// One distance with its limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distance {
    /// Name of the method, for example `PSI`.
    pub name: String,
    /// Its value.
    pub value: String,
    /// How it stands to its limit, its p-value, its error, for example `over 0.1`; empty where it was only measured.
    pub note: String,
    /// Whether the value passed the limit.
    pub exceeded: bool,
}

/// One row of a card's table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// What is compared, for example `Median`.
    pub label: String,
    /// Its value in the baseline.
    pub baseline: String,
    /// Its value in the window.
    pub current: String,
}

/// One row of the table of every column.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnRow {
    /// Column name.
    pub name: String,
    /// Its type.
    pub inferred_type: String,
    /// Outcome for this column.
    pub status: Status,
    /// The distance named by `ReportModel::distance_heading`; empty where not computable.
    pub distance: String,
    /// The p-value; empty where there is none.
    pub p_value: String,
    /// The smallest shift this window could have shown, for example `0.12 sd`; empty where it was not tested.
    pub detectable: String,
    /// Share of missing cells in the window.
    pub missing: String,
    /// The picture, drawn small.
    pub chart: Option<Chart>,
}

/// Shares of baseline and current on shared bins.
#[derive(Debug, Clone, PartialEq)]
pub enum Chart {
    /// A numeric column.
    Histogram(PairedHistogram),
    /// A categorical column.
    Categories(PairedCategories),
}

/// The x axis of a histogram.
#[derive(Debug, Clone, PartialEq)]
pub enum Axis {
    /// `n + 1` ascending finite edges of `n` bins `[low, high)`. Drawn at equal spacing whatever their width, so
    /// quantile bins are as readable as equal-width ones.
    Edges {
        /// The edges.
        edges: Vec<f64>,
        /// The first bin also holds everything below it.
        open_below: bool,
        /// The last bin also holds everything above it.
        open_above: bool,
    },
    /// One bin per value, ascending.
    Values(Vec<f64>),
}

impl Axis {
    /// Number of bins.
    pub fn n_bins(&self) -> usize {
        match self {
            Self::Edges { edges, .. } => edges.len().saturating_sub(1),
            Self::Values(values) => values.len(),
        }
    }
}

/// Histogram of two samples on one axis.
#[derive(Debug, Clone, PartialEq)]
pub struct PairedHistogram {
    /// The shared bins.
    pub axis: Axis,
    /// Share of the baseline's finite numbers in each bin, 0 to 1.
    pub baseline: Vec<f64>,
    /// Share of the window's finite numbers in each bin, 0 to 1.
    pub current: Vec<f64>,
}

/// Shares of categories in two samples.
#[derive(Debug, Clone, PartialEq)]
pub struct PairedCategories {
    /// Category texts, in the order they are drawn.
    pub labels: Vec<String>,
    /// Share of the baseline's present cells, 0 to 1.
    pub baseline: Vec<f64>,
    /// Share of the window's present cells, 0 to 1.
    pub current: Vec<f64>,
}

/// What happened to the captured bytes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Health {
    /// One sentence; may be empty.
    pub summary: String,
    /// Lines, decoded, rejected, duplicates, one-sided, rows, objects read.
    pub counts: Vec<Fact>,
    /// Rejects by reason, most frequent first.
    pub rejects: Vec<RejectRow>,
    /// Columns with missing cells or mixed types, worst first.
    pub columns: Vec<ColumnHealth>,
    /// Rows over time.
    pub volume: Option<Volume>,
    /// Further remarks.
    pub notes: Vec<String>,
}

impl Health {
    /// Whether it says nothing at all.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Rejected records of one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectRow {
    /// The reason in words.
    pub reason: String,
    /// How many.
    pub count: String,
    /// Share of all lines.
    pub share: String,
    /// Where the first one lies (object key and line), never payload; may be empty.
    pub example: String,
}

/// Missing cells and types of one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnHealth {
    /// Column name.
    pub column: String,
    /// Share missing in the baseline; empty where the baseline lacks the column.
    pub missing_baseline: String,
    /// Share missing in the window.
    pub missing_current: String,
    /// The types its cells have, for example `99.2% Integral, 0.8% String`.
    pub types: String,
}

/// Rows over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// What one bar spans, singular and plural: `("hour", "hours")`.
    pub unit: (String, String),
    /// The bars in time order, gaps included as zeros.
    pub bars: Vec<VolumeBar>,
}

/// Rows of one span of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeBar {
    /// When it starts, short, for example `07-01 00:00`.
    pub label: String,
    /// Rows.
    pub n_rows: u64,
}

/// A column that is not what the baseline says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaChange {
    /// Column name.
    pub column: String,
    /// What happened, for example `new column`.
    pub what: String,
    /// When or where; may be empty.
    pub detail: String,
}

/// Something that was not checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotEvaluated {
    /// The check or the column.
    pub what: String,
    /// Why not.
    pub reason: String,
    /// What would make it possible; may be empty.
    pub remedy: String,
}

/// One part of how it was judged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Method {
    /// Its name, for example `Population stability index (PSI)`.
    pub name: String,
    /// What it is, its convention, source and bins.
    pub description: String,
    /// The limit; empty where there is none.
    pub limit: String,
    /// How the limit came about; may be empty.
    pub derivation: String,
}
