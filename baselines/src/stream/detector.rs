//! Any detector, by name. Does not compute: each file of the module does.

use super::{
    Adwin, AdwinSettings, Cusum, CusumSettings, Ddm, DdmSettings, Detection, Eddm, EddmSettings, Kswin,
    KswinSettings, LARGEST, PageHinkley, PageHinkleySettings, StreamError,
};
use crate::compare::UnknownName;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// Which detector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DetectorKind {
    /// Page–Hinkley.
    PageHinkley,
    /// ADWIN.
    Adwin,
    /// KSWIN.
    Kswin,
    /// CUSUM.
    Cusum,
    /// DDM.
    Ddm,
    /// EDDM.
    Eddm,
}

impl DetectorKind {
    /// Every detector.
    pub const ALL: &'static [Self] = &[
        Self::PageHinkley,
        Self::Adwin,
        Self::Kswin,
        Self::Cusum,
        Self::Ddm,
        Self::Eddm,
    ];

    /// The stable name used in documents and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::PageHinkley => "page_hinkley",
            Self::Adwin => "adwin",
            Self::Kswin => "kswin",
            Self::Cusum => "cusum",
            Self::Ddm => "ddm",
            Self::Eddm => "eddm",
        }
    }

    /// Whether the series must be of 0 and 1.
    pub fn needs_binary(self) -> bool {
        matches!(self, Self::Ddm | Self::Eddm)
    }
}

impl FromStr for DetectorKind {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Self::ALL
            .iter()
            .copied()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| UnknownName {
                what: "detector",
                known: Self::ALL
                    .iter()
                    .map(|kind| kind.name())
                    .collect::<Vec<_>>()
                    .join(", "),
            })
    }
}

/// Settings of all detectors.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct DetectorSettings {
    /// Of Page–Hinkley.
    pub page_hinkley: PageHinkleySettings,
    /// Of ADWIN.
    pub adwin: AdwinSettings,
    /// Of KSWIN.
    pub kswin: KswinSettings,
    /// Of CUSUM.
    pub cusum: CusumSettings,
    /// Of DDM.
    pub ddm: DdmSettings,
    /// Of EDDM.
    pub eddm: EddmSettings,
}

impl DetectorSettings {
    /// Changes one setting; `value` is text, as a person writes it.
    pub fn set(&mut self, kind: DetectorKind, setting: &str, value: &str) -> Result<(), StreamError> {
        match kind {
            DetectorKind::PageHinkley => self.page_hinkley.set(setting, value),
            DetectorKind::Adwin => self.adwin.set(setting, value),
            DetectorKind::Kswin => self.kswin.set(setting, value),
            DetectorKind::Cusum => self.cusum.set(setting, value),
            DetectorKind::Ddm => self.ddm.set(setting, value),
            DetectorKind::Eddm => self.eddm.set(setting, value),
        }
        .map_err(|problem| StreamError::Setting {
            detector: kind.name(),
            setting: setting.to_owned(),
            problem,
        })
    }
}

/// A detector with all it has seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "detector", rename_all = "snake_case")]
pub enum Detector {
    /// Page–Hinkley.
    PageHinkley(PageHinkley),
    /// ADWIN.
    Adwin(Adwin),
    /// KSWIN.
    Kswin(Kswin),
    /// CUSUM.
    Cusum(Cusum),
    /// DDM.
    Ddm(Ddm),
    /// EDDM.
    Eddm(Eddm),
}

impl Detector {
    /// A detector that has seen nothing; refuses settings that do not go together.
    pub fn new(kind: DetectorKind, settings: &DetectorSettings) -> Result<Self, StreamError> {
        let problem = match kind {
            DetectorKind::Kswin => settings.kswin.problem(),
            DetectorKind::Cusum => settings.cusum.problem(),
            DetectorKind::Eddm if settings.eddm.alpha < settings.eddm.beta => {
                Some("eddm.alpha must not be below eddm.beta")
            }
            _ => None,
        };
        if let Some(problem) = problem {
            return Err(StreamError::Settings(problem));
        }
        let made = match kind {
            DetectorKind::PageHinkley => Self::PageHinkley(PageHinkley::new(settings.page_hinkley)),
            DetectorKind::Adwin => Self::Adwin(Adwin::new(settings.adwin)),
            DetectorKind::Kswin => Self::Kswin(Kswin::new(settings.kswin)),
            DetectorKind::Cusum => Self::Cusum(Cusum::new(settings.cusum)),
            DetectorKind::Ddm => Self::Ddm(Ddm::new(settings.ddm)),
            DetectorKind::Eddm => Self::Eddm(Eddm::new(settings.eddm)),
        };
        if made.is_sound() {
            Ok(made)
        } else {
            Err(StreamError::Settings("the detector's settings are out of range"))
        }
    }

    /// Which detector it is.
    pub fn kind(&self) -> DetectorKind {
        match self {
            Self::PageHinkley(_) => DetectorKind::PageHinkley,
            Self::Adwin(_) => DetectorKind::Adwin,
            Self::Kswin(_) => DetectorKind::Kswin,
            Self::Cusum(_) => DetectorKind::Cusum,
            Self::Ddm(_) => DetectorKind::Ddm,
            Self::Eddm(_) => DetectorKind::Eddm,
        }
    }

    /// Takes the next value of the series. A warning is answered at every value of the warning zone. A value that is
    /// refused changes nothing.
    pub fn update(&mut self, value: f64) -> Result<Option<Detection>, StreamError> {
        let detector = self.kind().name();
        if !value.is_finite() {
            return Err(StreamError::NotFinite { detector });
        }
        if value.abs() > LARGEST {
            return Err(StreamError::TooLarge { detector });
        }
        if self.kind().needs_binary() && value != 0.0 && value != 1.0 {
            return Err(StreamError::NotBinary { detector });
        }
        Ok(match self {
            Self::PageHinkley(state) => state.add(value),
            Self::Adwin(state) => state.add(value),
            Self::Kswin(state) => state.add(value),
            Self::Cusum(state) => state.add(value),
            Self::Ddm(state) => state.add(value == 1.0),
            Self::Eddm(state) => state.add(value == 1.0),
        })
    }

    /// Whether a stored state is one that a detector can have.
    pub(crate) fn is_sound(&self) -> bool {
        match self {
            Self::PageHinkley(state) => state.is_sound(),
            Self::Adwin(state) => state.is_sound(),
            Self::Kswin(state) => state.is_sound(),
            Self::Cusum(state) => state.is_sound(),
            Self::Ddm(state) => state.is_sound(),
            Self::Eddm(state) => state.is_sound(),
        }
    }
}
