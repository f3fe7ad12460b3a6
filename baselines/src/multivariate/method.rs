//! Names of the methods that read whole rows. Does not know how they work.

use std::str::FromStr;

use crate::compare::UnknownName;

/// A method over all columns together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DatasetMethod {
    /// How well a model tells the sides apart.
    DomainClassifier,
    /// How far rows are from the plane of the baseline.
    PcaReconstruction,
    /// Distance of mean embeddings in a kernel's space.
    Mmd,
    /// Pairs of columns whose relation changed.
    AssociationChange,
}

impl DatasetMethod {
    /// All methods, in the order of reports.
    pub const ALL: [Self; 4] = [
        Self::DomainClassifier,
        Self::PcaReconstruction,
        Self::Mmd,
        Self::AssociationChange,
    ];

    /// Stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::DomainClassifier => "domain_classifier",
            Self::PcaReconstruction => "pca_reconstruction",
            Self::Mmd => "mmd",
            Self::AssociationChange => "association_change",
        }
    }
}

impl FromStr for DatasetMethod {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        Self::ALL
            .into_iter()
            .find(|method| method.name() == name)
            .ok_or_else(|| UnknownName {
                what: "dataset method",
                known: Self::ALL.map(Self::name).join(", "),
            })
    }
}
