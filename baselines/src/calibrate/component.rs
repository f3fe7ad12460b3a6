//! The component tests of a column: one kind of change each, with the statistic in a form that a null scale divides.
//!
//! Does not know columns, thresholds, or how a scale was measured.

/// One kind of change that a column is tested for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Component {
    /// Numbers have moved up or down: van der Waerden's normal-scores test.
    Location,
    /// Numbers spread more or less: Klotz' normal-scores test.
    Scale,
    /// The distribution has another shape: Kolmogorov–Smirnov.
    Shape,
    /// Shares of categories have moved: chi-square of homogeneity.
    Categories,
    /// One category has gained or lost: the exact two-proportion tests of the categories, Šidák's bound weighted by share.
    LargestCategory,
    /// More or fewer cells are missing: exact two-proportion test.
    MissingRate,
    /// More or fewer cells are NaN or infinite: exact two-proportion test.
    SpecialRate,
}

impl Component {
    /// Every component, in the order they are tested and written.
    pub const ALL: [Component; 7] = [
        Self::Location,
        Self::Scale,
        Self::Shape,
        Self::Categories,
        Self::LargestCategory,
        Self::MissingRate,
        Self::SpecialRate,
    ];

    /// The stable name used in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Location => "location",
            Self::Scale => "scale",
            Self::Shape => "shape",
            Self::Categories => "categories",
            Self::LargestCategory => "largest_category",
            Self::MissingRate => "missing_rate",
            Self::SpecialRate => "special_rate",
        }
    }

    /// The component of a stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|component| component.name() == name)
    }

    /// Its share of a column's error probability, before shares of components that cannot speak are handed on.
    ///
    /// Fixed beforehand (C. R. Genovese, K. Roeder, L. Wasserman, Biometrika 93, 2006). A moved mean is what most alarms
    /// are about and the change that is hardest to see in few rows; scale and shape are found with little. Of categories,
    /// one that has moved is harder to see than many.
    pub fn weight(self) -> f64 {
        match self {
            Self::Location => 0.6,
            Self::Scale => 0.15,
            Self::Shape | Self::MissingRate => 0.1,
            Self::Categories => 0.255,
            Self::LargestCategory => 0.595,
            Self::SpecialRate => 0.05,
        }
    }

    /// Whether its effect is a difference of rates (missing, special) and not a distance of distributions.
    pub fn is_rate(self) -> bool {
        matches!(self, Self::MissingRate | Self::SpecialRate)
    }
}

/// The null distribution of a component's statistic where rows are independent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Distribution {
    /// `|z|` of a standard normal.
    Normal,
    /// √(nm/(n+m))·D of Kolmogorov.
    Kolmogorov,
    /// √(X²/k) with X² chi-square of `k` degrees of freedom.
    ChiSquare {
        /// k, above 0.
        degrees_of_freedom: f64,
    },
    /// The `|z|` of several categories that stands out most, at least as wide as this: the largest of `k` independent ones.
    LargestNormal {
        /// The inverse of the weight of the category that stands out: the number of categories were all equal; at least 1.
        k: f64,
    },
}

/// What one component says about two samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ComponentEvidence {
    /// The kind of change.
    pub component: Component,
    /// The statistic's root form (see [`Distribution`]); at least 0. What a null scale divides.
    pub statistic: f64,
    /// Its sign, where up and down differ (location, scale, rates): the window is above the baseline if positive.
    pub direction: f64,
    /// Its null distribution.
    pub distribution: Distribution,
    /// Probability of such a statistic without drift where rows are independent.
    pub p_raw: f64,
    /// The same with the column's null scale: the one that decides. Equal to `p_raw` without calibration.
    pub p_calibrated: f64,
    /// How large the change is, as a share of rows: KS D for numbers, total variation for categories, difference of
    /// rates for missing and special values. 0 to 1.
    pub effect: f64,
    /// The null scale applied; 1 without calibration.
    pub scale: f64,
    /// Degrees of freedom with which the scale is known; `None`: exactly.
    pub scale_freedom: Option<f64>,
}
