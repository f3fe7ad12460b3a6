//! The names of what can be measured, and of whose definition is meant.
//!
//! Does not know how anything is computed, nor which method a monitor uses by default.

use std::fmt;
use std::str::FromStr;

macro_rules! named {
    ($(#[$meta:meta])* $name:ident, $what:literal { $($(#[$doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// Every variant, in declaration order.
            pub const ALL: &'static [$name] = &[$($name::$variant),*];

            /// The stable name used in documents and on the command line.
            pub fn name(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl FromStr for $name {
            type Err = UnknownName;

            fn from_str(text: &str) -> Result<Self, UnknownName> {
                Self::ALL.iter().copied().find(|item| item.name() == text).ok_or_else(|| UnknownName {
                    what: $what,
                    known: Self::ALL.iter().map(|item| item.name()).collect::<Vec<_>>().join(", "),
                })
            }
        }
    };
}

/// A method or convention name that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what}; known are: {known}")]
pub struct UnknownName {
    /// `method` or `convention`.
    pub what: &'static str,
    /// The names that exist, comma separated.
    pub known: String,
}

named! {
    /// A distance or a hypothesis test. Each has its file in this module, with definition, source and edge cases.
    Method, "method" {
        /// Two-sample Kolmogorov–Smirnov.
        KolmogorovSmirnov = "ks",
        /// Population stability index.
        Psi = "psi",
        /// Jensen–Shannon distance (and divergence).
        JensenShannon = "jensen_shannon",
        /// Kullback–Leibler divergence of baseline from current.
        KullbackLeibler = "kl",
        /// Hellinger distance.
        Hellinger = "hellinger",
        /// Wasserstein-1 distance.
        Wasserstein = "wasserstein",
        /// Total variation distance.
        TotalVariation = "tvd",
        /// Energy distance.
        Energy = "energy",
        /// Two-sample Cramér–von Mises.
        CramerVonMises = "cramer_von_mises",
        /// Anderson–Darling k-sample, midrank.
        AndersonDarling = "anderson_darling",
        /// Mann–Whitney U, two-sided.
        MannWhitney = "mann_whitney",
        /// Student's t with pooled variance.
        TTest = "t_test",
        /// Welch's t.
        WelchTTest = "welch_t_test",
        /// Epps–Singleton.
        EppsSingleton = "epps_singleton",
        /// L-infinity, Deequ's Simple.
        LInfinity = "l_infinity",
        /// L-infinity less its sampling noise, Deequ's Robust.
        LInfinityRobust = "l_infinity_robust",
        /// Pearson's chi-square.
        ChiSquare = "chi_square",
        /// Likelihood-ratio G.
        GTest = "g_test",
        /// Fisher's exact test of a 2×2 table.
        FisherExact = "fisher_exact",
        /// Two-proportion z.
        ZTest = "z_test",
        /// Cramér's V.
        CramersV = "cramers_v",
        /// Share of current rows whose category the baseline never had.
        UnseenShare = "unseen_share",
    }
}

named! {
    /// Whose definition of a method: binning, zero rule, logarithm, scaling, form of the test.
    Convention, "convention" {
        /// Driftline's own (methods.md §3.12); SciPy's where SciPy has the test.
        House = "house",
        /// SciPy 1.17.
        Scipy = "scipy",
        /// SageMaker Model Monitor, which is Deequ.
        Sagemaker = "sagemaker",
        /// Evidently 0.7.
        Evidently = "evidently",
        /// NannyML 0.13.
        Nannyml = "nannyml",
        /// Azure ML model monitoring.
        Azureml = "azureml",
        /// TensorFlow Data Validation.
        Tfdv = "tfdv",
        /// Scouter.
        Scouter = "scouter",
        /// Deepchecks 0.19.
        Deepchecks = "deepchecks",
    }
}

impl Method {
    /// Whether it is defined for numeric columns only.
    pub fn is_numeric_only(self) -> bool {
        matches!(
            self,
            Self::KolmogorovSmirnov
                | Self::Wasserstein
                | Self::Energy
                | Self::CramerVonMises
                | Self::AndersonDarling
                | Self::MannWhitney
                | Self::TTest
                | Self::WelchTTest
                | Self::EppsSingleton
        )
    }

    /// Whether it is defined for categorical columns only.
    pub fn is_categorical_only(self) -> bool {
        matches!(
            self,
            Self::ChiSquare
                | Self::GTest
                | Self::FisherExact
                | Self::ZTest
                | Self::CramersV
                | Self::UnseenShare
        )
    }
}
