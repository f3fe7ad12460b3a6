//! What a finding is about, so that findings of different makers can be held against each other.
//!
//! Does not judge.

use baselines::document::model_monitor::Violation;
use baselines::judge::{CheckKind, Finding};

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// The type of a column's values.
    Type,
    /// Missing values.
    MissingValues,
    /// The distribution of a column.
    Drift,
    /// Columns that are missing or too many; of the data set as a whole.
    Columns,
    /// Values outside the known ones.
    Categories,
    /// NaN and infinities.
    SpecialValues,
    /// Records that could not be read.
    Rejects,
    /// A check that is none of data quality.
    Other,
}

impl Topic {
    /// The stable name used in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::MissingValues => "missing_values",
            Self::Drift => "drift",
            Self::Columns => "columns",
            Self::Categories => "categories",
            Self::SpecialValues => "special_values",
            Self::Rejects => "rejects",
            Self::Other => "other",
        }
    }

    fn of_check(check: CheckKind) -> Self {
        match check {
            CheckKind::DataType | CheckKind::TypeChange => Self::Type,
            CheckKind::Completeness | CheckKind::NewMissingValues => Self::MissingValues,
            CheckKind::BaselineDrift | CheckKind::Drift => Self::Drift,
            CheckKind::MissingColumn
            | CheckKind::ExtraColumn
            | CheckKind::AbsentColumn
            | CheckKind::UnknownColumn => Self::Columns,
            CheckKind::CategoricalValues | CheckKind::UnseenCategories => Self::Categories,
            CheckKind::SpecialValues => Self::SpecialValues,
            CheckKind::Rejects => Self::Rejects,
            _ => Self::Other,
        }
    }

    fn of_type(check: &str) -> Self {
        match check {
            "data_type_check" => Self::Type,
            "completeness_check" => Self::MissingValues,
            "baseline_drift_check" => Self::Drift,
            "missing_column_check" | "extra_column_check" => Self::Columns,
            "categorical_values_check" => Self::Categories,
            _ => Self::Other,
        }
    }
}

/// One thing somebody says of a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// What it is about.
    pub topic: Topic,
    /// The column; `None` where the whole data set is meant.
    pub column: Option<String>,
    /// The check, by its own maker's name.
    pub check: String,
    /// The sentence.
    pub description: String,
}

impl Said {
    pub(super) fn of_finding(finding: &Finding) -> Self {
        Self {
            topic: Topic::of_check(finding.check),
            column: finding.column.clone(),
            check: finding.check.name().to_owned(),
            description: finding.description.clone(),
        }
    }

    pub(super) fn of_violation(violation: &Violation) -> Self {
        Self {
            topic: Topic::of_type(&violation.constraint_check_type),
            column: violation
                .feature_name
                .clone()
                .or_else(|| violation.metric_name.clone()),
            check: violation.constraint_check_type.clone(),
            description: violation.description.clone(),
        }
    }

    /// Topic and column. Columns that are missing or too many are the data set's: Model Monitor counts them only.
    pub fn subject(&self) -> (Topic, Option<String>) {
        let column = self.column.clone().filter(|_| self.topic != Topic::Columns);
        (self.topic, column)
    }
}
