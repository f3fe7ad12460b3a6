//! What every invocation of a function shares: settings from the environment, read and validated once at cold start.
//!
//! A wrong value ends the start, with the variable's name, and not the first event. Does not know events; credentials
//! and region are the store's business (AWS's standard chain).

use crate::bus::{EventBus, NoBus};
use baselines::judge::Policy;
use capture::limits::Limits;
use scan::ScanSettings;
use std::env::VarError;
use std::ops::RangeInclusive;
use std::sync::Arc;
use store::{Location, StoreOptions};

/// The store: a folder or `s3://bucket/prefix`, the only state. Required.
pub const STORE: &str = "DRIFTLINE_STORE";
/// URL of the SQS queue that objects go to which cannot be read, with the reason; none without it.
pub const DEAD_LETTERS: &str = "DRIFTLINE_DEAD_LETTERS";
/// EventBridge bus for our events, by name or ARN; none are sent without it.
pub const EVENT_BUS: &str = "DRIFTLINE_EVENT_BUS";
/// Worker threads of a scan; without it all cores that the function's memory size buys.
pub const THREADS: &str = "DRIFTLINE_THREADS";
/// Lines longer than this many bytes are refused; 32 MiB without it.
pub const MAX_LINE_BYTES: &str = "DRIFTLINE_MAX_LINE_BYTES";

/// Settings and connections that stay while the function is warm.
#[derive(Debug, Clone)]
pub struct Context {
    /// The store.
    pub store: Location,
    /// URL of the queue for objects that cannot be read.
    pub dead_letters: Option<String>,
    /// Name of the event bus.
    pub event_bus: Option<String>,
    /// Sends our events.
    pub bus: Arc<dyn EventBus>,
    /// How to read; the window comes with each event.
    pub settings: ScanSettings,
    /// The house's limits.
    pub policy: Policy,
    /// How to reach stores; keeps the clients that earlier invocations connected.
    pub options: StoreOptions,
}

/// An environment that the function cannot start in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContextError {
    /// The variable's value is no whole number in its range.
    #[error("environment variable {variable} is `{found}`, expected a whole number from {min} to {max}")]
    NotInRange {
        /// The variable.
        variable: &'static str,
        /// Its value.
        found: String,
        /// Smallest value allowed.
        min: usize,
        /// Largest value allowed.
        max: usize,
    },
    /// The variable is required and not there.
    #[error("environment variable {variable} is missing, expected {expected}")]
    Missing {
        /// The variable.
        variable: &'static str,
        /// What it holds.
        expected: &'static str,
    },
    /// The variable's value is not what it must be.
    #[error("environment variable {variable} is `{found}`, expected {expected}")]
    Unfit {
        /// The variable.
        variable: &'static str,
        /// Its value.
        found: String,
        /// What it holds.
        expected: &'static str,
    },
    /// The variable's value is not UTF-8.
    #[error("environment variable {variable} is not UTF-8")]
    NotUtf8 {
        /// The variable.
        variable: &'static str,
    },
}

impl Context {
    /// The context of this process's environment.
    pub fn from_env() -> Result<Self, ContextError> {
        Self::from_variables(std::env::var)
    }

    /// The context of the variables that `lookup` gives.
    pub fn from_variables(
        lookup: impl Fn(&'static str) -> Result<String, VarError>,
    ) -> Result<Self, ContextError> {
        let defaults = ScanSettings::default();
        let limits = Limits::default();
        Ok(Self {
            store: place(&lookup)?,
            dead_letters: queue(&lookup)?,
            event_bus: bus(&lookup)?,
            bus: Arc::new(NoBus),
            settings: ScanSettings {
                n_threads: whole(&lookup, THREADS, 1..=256)?.unwrap_or(defaults.n_threads),
                limits: Limits {
                    max_line_bytes: whole(&lookup, MAX_LINE_BYTES, 1..=1 << 30)?
                        .unwrap_or(limits.max_line_bytes),
                    ..limits
                },
                ..defaults
            },
            policy: Policy::default(),
            options: StoreOptions::default(),
        })
    }
}

fn given(
    lookup: &impl Fn(&'static str) -> Result<String, VarError>,
    variable: &'static str,
) -> Result<Option<String>, ContextError> {
    match lookup(variable) {
        Ok(found) => Ok(Some(found)),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(ContextError::NotUtf8 { variable }),
    }
}

fn place(lookup: &impl Fn(&'static str) -> Result<String, VarError>) -> Result<Location, ContextError> {
    const EXPECTED: &str = "a folder or s3://bucket/prefix";
    let found = given(lookup, STORE)?.ok_or(ContextError::Missing {
        variable: STORE,
        expected: EXPECTED,
    })?;
    Location::parse(&found).map_err(|_| ContextError::Unfit {
        variable: STORE,
        found,
        expected: EXPECTED,
    })
}

fn queue(lookup: &impl Fn(&'static str) -> Result<String, VarError>) -> Result<Option<String>, ContextError> {
    let found = given(lookup, DEAD_LETTERS)?;
    match found {
        Some(found) if !(found.starts_with("https://") || found.starts_with("http://")) => {
            Err(ContextError::Unfit {
                variable: DEAD_LETTERS,
                found,
                expected: "the URL of an SQS queue",
            })
        }
        found => Ok(found),
    }
}

fn bus(lookup: &impl Fn(&'static str) -> Result<String, VarError>) -> Result<Option<String>, ContextError> {
    let found = given(lookup, EVENT_BUS)?;
    // The service's own pattern: a name, or an ARN that ends in one.
    let fits = |name: &str| {
        (1..=1600).contains(&name.len())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"./_-:".contains(&byte))
    };
    match found {
        Some(found) if !fits(&found) => Err(ContextError::Unfit {
            variable: EVENT_BUS,
            found,
            expected: "the name or ARN of an EventBridge bus",
        }),
        found => Ok(found),
    }
}

fn whole(
    lookup: &impl Fn(&'static str) -> Result<String, VarError>,
    variable: &'static str,
    allowed: RangeInclusive<usize>,
) -> Result<Option<usize>, ContextError> {
    let Some(found) = given(lookup, variable)? else {
        return Ok(None);
    };
    match found.parse() {
        Ok(number) if allowed.contains(&number) => Ok(Some(number)),
        _ => Err(ContextError::NotInRange {
            variable,
            found,
            min: *allowed.start(),
            max: *allowed.end(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variable: &'static str, value: &str) -> Result<Context, ContextError> {
        Context::from_variables(|asked| match asked {
            _ if asked == variable => Ok(value.to_owned()),
            STORE => Ok("s3://bucket/driftline".to_owned()),
            _ => Err(VarError::NotPresent),
        })
    }

    #[test]
    fn values_arrive_where_they_belong() {
        assert_eq!(with(THREADS, "3").unwrap().settings.n_threads, 3);
        let limits = with(MAX_LINE_BYTES, "1000").unwrap().settings.limits;
        assert_eq!(limits.max_line_bytes, 1000);
        let defaults = with("OTHER", "x").unwrap().settings;
        assert_eq!(defaults.limits, Limits::default());
    }

    #[test]
    fn places_are_checked_by_name() {
        for (variable, value) in [
            (STORE, ""),
            (STORE, "gs://bucket/x"),
            (DEAD_LETTERS, "queue"),
            (DEAD_LETTERS, ""),
            (EVENT_BUS, ""),
            (EVENT_BUS, "a bus"),
        ] {
            let error = with(variable, value).unwrap_err().to_string();
            assert!(error.contains(variable), "{error}");
        }
        let missing = Context::from_variables(|_| Err(VarError::NotPresent)).unwrap_err();
        assert!(matches!(missing, ContextError::Missing { variable: STORE, .. }));
        let arn = "arn:aws:events:eu-west-1:123456789012:event-bus/driftline";
        assert_eq!(with(EVENT_BUS, arn).unwrap().event_bus.as_deref(), Some(arn));
    }

    #[test]
    fn a_wrong_value_is_refused_by_the_name_of_its_variable() {
        for variable in [THREADS, MAX_LINE_BYTES] {
            for value in ["", "0", "-1", "two", "1.5", " 1", "99999999999999999999999"] {
                let error = with(variable, value).unwrap_err().to_string();
                assert!(error.contains(variable) && error.contains("from 1 to"), "{error}");
            }
        }
        let not_utf8 = Context::from_variables(|_| Err(VarError::NotUnicode("x".into())));
        assert_eq!(not_utf8.unwrap_err(), ContextError::NotUtf8 { variable: STORE });
    }
}
