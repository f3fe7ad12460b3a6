//! What every invocation of a function shares: settings from the environment, read and validated once at cold start.
//!
//! A wrong value ends the start, with the variable's name, and not the first event. Does not know events; credentials
//! and region are the store's business (AWS's standard chain).

use baselines::judge::Policy;
use capture::limits::Limits;
use engine::scan::ScanSettings;
use std::env::VarError;
use std::ops::RangeInclusive;
use store::StoreOptions;

/// Worker threads of a scan; without it all cores that the function's memory size buys.
pub const THREADS: &str = "DRIFTLINE_THREADS";
/// Lines longer than this many bytes are refused; 32 MiB without it.
pub const MAX_LINE_BYTES: &str = "DRIFTLINE_MAX_LINE_BYTES";

/// Settings and connections that stay while the function is warm.
#[derive(Debug, Clone)]
pub struct Context {
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
    /// The variable's value is not UTF-8.
    #[error("environment variable {variable} is not UTF-8, expected a whole number")]
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

fn whole(
    lookup: &impl Fn(&'static str) -> Result<String, VarError>,
    variable: &'static str,
    allowed: RangeInclusive<usize>,
) -> Result<Option<usize>, ContextError> {
    let found = match lookup(variable) {
        Ok(found) => found,
        Err(VarError::NotPresent) => return Ok(None),
        Err(VarError::NotUnicode(_)) => return Err(ContextError::NotUtf8 { variable }),
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
        Context::from_variables(|asked| {
            if asked == variable {
                Ok(value.to_owned())
            } else {
                Err(VarError::NotPresent)
            }
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
    fn a_wrong_value_is_refused_by_the_name_of_its_variable() {
        for variable in [THREADS, MAX_LINE_BYTES] {
            for value in ["", "0", "-1", "two", "1.5", " 1", "99999999999999999999999"] {
                let error = with(variable, value).unwrap_err().to_string();
                assert!(error.contains(variable) && error.contains("from 1 to"), "{error}");
            }
        }
        let not_utf8 = Context::from_variables(|_| Err(VarError::NotUnicode("x".into())));
        assert_eq!(not_utf8.unwrap_err(), ContextError::NotUtf8 { variable: THREADS });
    }
}
