//! Reading one setting of a detector from text. Does not know which detectors there are.

/// Why a setting was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingError {
    /// The detector has no such setting.
    #[error("no such setting; it has {}", .0.join(", "))]
    Unknown(&'static [&'static str]),
    /// The value is not of the kind it must be.
    #[error("expected {0}")]
    Expected(&'static str),
    /// A whole number that is too small.
    #[error("expected a whole number of at least {0}")]
    AtLeast(u64),
}

pub(super) fn finite(text: &str) -> Result<f64, SettingError> {
    text.parse()
        .ok()
        .filter(|number: &f64| number.abs() <= super::LARGEST)
        .ok_or(SettingError::Expected("a number"))
}

pub(super) fn positive(text: &str) -> Result<f64, SettingError> {
    finite(text)
        .ok()
        .filter(|number| *number >= 0.0)
        .ok_or(SettingError::Expected("a number that is not below 0"))
}

pub(super) fn share(text: &str) -> Result<f64, SettingError> {
    finite(text)
        .ok()
        .filter(|number| (0.0..=1.0).contains(number))
        .ok_or(SettingError::Expected("a number from 0 to 1"))
}

pub(super) fn open_share(text: &str) -> Result<f64, SettingError> {
    finite(text)
        .ok()
        .filter(|number| *number > 0.0 && *number < 1.0)
        .ok_or(SettingError::Expected("a number between 0 and 1"))
}

pub(super) fn whole(text: &str, least: u64) -> Result<u64, SettingError> {
    text.parse()
        .ok()
        .filter(|number| (least..=1 << 53).contains(number))
        .ok_or(SettingError::AtLeast(least))
}
