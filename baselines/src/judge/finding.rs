//! What a judgement says: findings with their evidence, and what it could not say.
//!
//! Does not know how a check works. Texts are for people; programs read the typed fields.

use std::fmt;

use crate::calibrate::Component;
use crate::compare::Method;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Worth looking at; the window still passes.
    Warning,
    /// The window is violated.
    Violation,
}

impl Severity {
    /// The stable name used in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Violation => "violation",
        }
    }
}

/// What was checked. The first six are Model Monitor's and the only ones that enter `constraint_violations.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum CheckKind {
    /// Share of present cells of the expected type.
    DataType,
    /// Share of present cells.
    Completeness,
    /// Model Monitor's distance of distributions.
    BaselineDrift,
    /// Fewer columns than constraints.
    MissingColumn,
    /// More columns than constraints.
    ExtraColumn,
    /// Share of values inside the domains.
    CategoricalValues,
    /// House: effect and evidence of drift together.
    Drift,
    /// House: missing values where the baseline had none.
    NewMissingValues,
    /// House: NaN or infinities where the baseline had none.
    SpecialValues,
    /// House: categories the baseline does not have.
    UnseenCategories,
    /// House: another column type than the baseline's.
    TypeChange,
    /// House: a column of the baseline without a cell.
    AbsentColumn,
    /// House: a column that the baseline does not have.
    UnknownColumn,
    /// House: records that could not be read.
    Rejects,
    /// Capture: not one record in the window.
    CaptureSilence,
    /// Capture: hours without a record where there usually are some.
    CaptureGap,
    /// Capture: fewer or more records than is usual.
    CaptureVolume,
    /// Capture: another share of the requests than the endpoint is set to capture.
    CaptureSampling,
    /// Capture: records with one side only.
    CapturePairing,
    /// Capture: lines that could not be decoded, few as they are.
    CaptureDecoding,
    /// Capture: records delivered again.
    CaptureDuplicates,
    /// Capture: records that came after the window was closed.
    CaptureLate,
    /// Capture: records without the caller's inference id.
    CaptureIds,
}

impl CheckKind {
    /// Every check, in the order findings of one severity are listed.
    pub const ALL: [CheckKind; 23] = [
        Self::DataType,
        Self::Completeness,
        Self::BaselineDrift,
        Self::MissingColumn,
        Self::ExtraColumn,
        Self::CategoricalValues,
        Self::Drift,
        Self::NewMissingValues,
        Self::SpecialValues,
        Self::UnseenCategories,
        Self::TypeChange,
        Self::AbsentColumn,
        Self::UnknownColumn,
        Self::Rejects,
        Self::CaptureSilence,
        Self::CaptureGap,
        Self::CaptureVolume,
        Self::CaptureSampling,
        Self::CapturePairing,
        Self::CaptureDecoding,
        Self::CaptureDuplicates,
        Self::CaptureLate,
        Self::CaptureIds,
    ];

    /// The stable name: Model Monitor's `constraint_check_type` for its own six.
    pub fn name(self) -> &'static str {
        match self {
            Self::DataType => "data_type_check",
            Self::Completeness => "completeness_check",
            Self::BaselineDrift => "baseline_drift_check",
            Self::MissingColumn => "missing_column_check",
            Self::ExtraColumn => "extra_column_check",
            Self::CategoricalValues => "categorical_values_check",
            Self::Drift => "drift",
            Self::NewMissingValues => "new_missing_values",
            Self::SpecialValues => "special_values",
            Self::UnseenCategories => "unseen_categories",
            Self::TypeChange => "type_change",
            Self::AbsentColumn => "absent_column",
            Self::UnknownColumn => "unknown_column",
            Self::Rejects => "rejects",
            Self::CaptureSilence => "capture_silence",
            Self::CaptureGap => "capture_gap",
            Self::CaptureVolume => "capture_volume",
            Self::CaptureSampling => "capture_sampling",
            Self::CapturePairing => "capture_pairing",
            Self::CaptureDecoding => "capture_decoding",
            Self::CaptureDuplicates => "capture_duplicates",
            Self::CaptureLate => "capture_late",
            Self::CaptureIds => "capture_ids",
        }
    }

    /// Whether Model Monitor has this check.
    pub fn is_model_monitor(self) -> bool {
        self <= Self::CategoricalValues
    }

    /// Whether it is of capture and not of the data: whether records came as they should have.
    pub fn is_capture(self) -> bool {
        self >= Self::CaptureSilence
    }
}

impl fmt::Display for CheckKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// What was checked.
    pub check: CheckKind,
    /// The column; `None` where the whole data set is meant.
    pub column: Option<String>,
    /// The distance or test behind it.
    pub method: Option<Method>,
    /// What was observed; finite.
    pub value: f64,
    /// The limit it passed; finite.
    pub limit: f64,
    /// How the limit came about.
    pub derivation: String,
    /// What happened, for people. For the six checks of Model Monitor, its own sentence.
    pub description: String,
    /// What a person can do.
    pub remedy: String,
    /// Of drift: the numbers behind it.
    pub drift: Option<DriftEvidence>,
}

/// The numbers behind a drift finding. `value` and `limit` of the finding are its effect and the effect from which it rings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DriftEvidence {
    /// The component that speaks.
    pub component: Component,
    /// Its statistic, in root form, before it is divided by the null scale.
    pub statistic: f64,
    /// The statistic from which it rings.
    pub critical: f64,
    /// Null scale; 1 without calibration.
    pub scale: f64,
    /// Degrees of freedom of the null scale; `None`: known exactly.
    pub scale_freedom: Option<f64>,
    /// Its p-value where rows are independent.
    pub p_raw: f64,
    /// Its p-value with the null scale.
    pub p_calibrated: f64,
    /// p-value of the column, over its components.
    pub p_column: f64,
    /// The same adjusted over the columns of the run (Benjamini–Hochberg).
    pub p_adjusted: f64,
    /// Share of rows that must have moved, 0 to 1.
    pub effect: f64,
    /// Practical threshold of the effect.
    pub min_effect: f64,
}

impl Finding {
    /// An identifier that is unique in a verdict and the same in every window: check and column.
    pub fn id(&self) -> String {
        match &self.column {
            Some(column) => format!("{}/{column}", self.check),
            None => self.check.name().to_owned(),
        }
    }
}

/// A check that was not made, which is neither pass nor fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotEvaluated {
    /// The column; `None` where the whole data set is meant.
    pub column: Option<String>,
    /// What was not checked.
    pub check: CheckKind,
    /// Why.
    pub reason: String,
    /// What would make it possible.
    pub remedy: &'static str,
}
