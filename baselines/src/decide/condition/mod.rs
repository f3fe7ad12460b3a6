//! The language of `when`: which findings, in how many windows, confirmed by what.
//!
//! ```text
//! when         = signal | all | any
//! all          = part { [","] "and" part }
//! any          = part { [","] "or" part }
//! part         = signal | "(" when ")"
//! signal       = subject [ "of" NAME ] [ "with severity" SEVERITY ] [ "on" COUNT "of" COUNT "windows" ]
//!                [ "confirmed by" CONFIRMATION ]
//! subject      = "quality breach" | "estimated breach" | "any finding" | CHECK
//! CHECK        = "drift" | "type_change" | "unseen_categories" | … (the names of checks in verdict.json)
//! SEVERITY     = "info" | "warning" | "violation"
//! CONFIRMATION = "estimated loss" | "realised loss" | "estimated or realised loss"
//! NAME         = a word, or any text in double or single quotes: a metric behind a breach, else a column
//! ```
//!
//! Words are read without regard to case. `and` and `or` side by side need parentheses, so that nobody has to know which
//! binds tighter. Without `on`, the newest window decides (1 of 1). [`Condition`]'s `Display` writes what the parser
//! reads back to the same condition. Does not evaluate: that is `signal`.

mod nearest;
mod parse;
mod words;
#[cfg(test)]
mod tests;

pub use parse::{MAX_DEPTH, WhenError};

use crate::calibrate::Persistence;
use crate::judge::{CheckKind, Severity};
use std::fmt;
use std::str::FromStr;

/// What must hold for a retraining to be wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// One signal.
    Signal(Signal),
    /// Every part; two at least.
    All(Vec<Condition>),
    /// One part at least; two at least are there.
    Any(Vec<Condition>),
}

/// Something that windows show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal {
    /// What is looked for.
    pub subject: Subject,
    /// The least severity of a finding that counts; the policy's where absent. Breaches of quality have no severity.
    pub severity: Option<Severity>,
    /// In how many of how many evaluated windows, the newest among them.
    pub persistence: Persistence,
    /// What else must be seen.
    pub confirmed_by: Option<Confirmation>,
}

/// What a signal looks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A metric from labels breaches its constraint.
    QualityBreach {
        /// Only this metric.
        metric: Option<String>,
    },
    /// A metric estimated without labels lies beyond its constraint with its whole band.
    EstimatedBreach {
        /// Only this metric.
        metric: Option<String>,
    },
    /// A finding of a verdict.
    Finding {
        /// Only this check; any that the policy counts where absent.
        check: Option<CheckKind>,
        /// Only this column.
        column: Option<String>,
    },
}

/// What confirms a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Confirmation {
    /// An estimated metric lies beyond its constraint.
    EstimatedLoss,
    /// A metric from labels breaches its constraint.
    RealisedLoss,
    /// Either of them.
    EitherLoss,
}

impl Condition {
    /// Every signal, in the order they are written.
    pub fn signals(&self) -> Vec<&Signal> {
        match self {
            Self::Signal(signal) => vec![signal],
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::signals).collect(),
        }
    }
}

impl FromStr for Condition {
    type Err = WhenError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse::parse(text)
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (parts, word) = match self {
            Self::Signal(signal) => return signal.fmt(f),
            Self::All(parts) => (parts, " and "),
            Self::Any(parts) => (parts, " or "),
        };
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                f.write_str(word)?;
            }
            match part {
                Self::Signal(signal) => signal.fmt(f)?,
                group => write!(f, "({group})")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match &self.subject {
            Subject::QualityBreach { metric } => {
                f.write_str("quality breach")?;
                metric
            }
            Subject::EstimatedBreach { metric } => {
                f.write_str("estimated breach")?;
                metric
            }
            Subject::Finding { check, column } => {
                f.write_str(check.map_or("any finding", CheckKind::name))?;
                column
            }
        };
        if let Some(name) = name {
            write!(f, " of {}", words::quoted(name))?;
        }
        if let Some(severity) = self.severity {
            write!(f, " with severity {}", severity_name(severity))?;
        }
        if self.persistence != Persistence::default() {
            write!(
                f,
                " on {} of {} windows",
                self.persistence.needed(),
                self.persistence.of()
            )?;
        }
        match self.confirmed_by {
            Some(confirmation) => write!(f, " confirmed by {}", confirmation.name()),
            None => Ok(()),
        }
    }
}

impl Confirmation {
    /// How the language writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::EstimatedLoss => "estimated loss",
            Self::RealisedLoss => "realised loss",
            Self::EitherLoss => "estimated or realised loss",
        }
    }
}

/// How the language, and every document, writes a severity.
pub(super) fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Violation => "violation",
    }
}
