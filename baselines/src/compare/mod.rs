//! How far a current sample is from its baseline: distances and hypothesis tests, one per file.
//!
//! [`compare_numeric`] works on sorted weighted points, exact or counted on a grid; [`compare_categorical`] on counts
//! by category. Each answers a [`Measurement`], or [`NotComputable`] with its reason; never NaN, never a panic.
//! A `baseline` argument always stands before `current`. Measuring knows no threshold: what is too far is the judge's
//! question. Which method × convention exists, its source and where we differ from its maker: `docs/methods.md`.

mod method;
mod measurement;
mod categories;
mod cells;
mod bins;
mod peer_bins;
mod histogram;
mod spread;
mod ks;
mod l_infinity;
mod wasserstein;
mod energy;
mod cramer_von_mises;
mod anderson_darling;
mod mann_whitney;
mod t_test;
mod epps_singleton;
mod psi;
mod jensen_shannon;
mod kl;
mod hellinger;
mod tvd;
mod chi_square;
mod g_test;
mod fisher_exact;
mod z_test;
mod cramers_v;
mod unseen_share;
mod kolmogorov;
mod binomial;
mod tail;
pub mod tolerance;
#[cfg(test)]
mod tests;

pub use bins::house_edges;
pub use categories::CategoryCounts;
pub use cells::{NumericPair, regrid};
pub use l_infinity::{l_infinity_rank_map, rank_map};
pub use measurement::{Companion, Measurement, NotComputable, Outcome, Parameters};
pub use method::{Convention, Method, UnknownName};
pub use spread::Moments;

pub(crate) use binomial::ln_binomial_at;
pub(crate) use chi_square::merge_to_expected;
pub(crate) use fisher_exact::ln_hypergeometric;
pub(crate) use tail::{chi_square_survival, normal_survival, student_two_sided};

use crate::summary::{CellCounts, ColumnSummary, WeightedPoints};

/// What a comparison may need besides the two samples. `Context::default()` knows nothing, and is enough where the
/// samples say it all.
#[derive(Debug, Clone, Copy, Default)]
pub struct Context<'a> {
    /// All cells of the baseline column: null, NaN and ±∞ have bins of their own in the house convention, and two
    /// columns of integers without gaps are binned as integers where the maker does so.
    pub baseline_cells: Option<&'a CellCounts>,
    /// All cells of the current column.
    pub current_cells: Option<&'a CellCounts>,
    /// The edges frozen with the baseline ([`house_edges`]); without them they are taken from its points.
    pub house_edges: Option<&'a [f64]>,
    /// Significance level of L-infinity Robust; without it Deequ's critical value 1.8.
    pub robust_alpha: Option<f64>,
    /// Exact moments of the baseline's numbers: what t tests need where only grid counts are left.
    pub baseline_moments: Option<Moments>,
    /// Exact moments of the current numbers.
    pub current_moments: Option<Moments>,
}

impl<'a> Context<'a> {
    /// What two column summaries know beyond their points.
    pub fn of_columns(baseline: &'a ColumnSummary, current: &'a ColumnSummary) -> Self {
        let moments = |column: &ColumnSummary| column.numeric.as_ref().and_then(Moments::of_summary);
        Self {
            baseline_cells: Some(&baseline.counts),
            current_cells: Some(&current.counts),
            baseline_moments: moments(baseline),
            current_moments: moments(current),
            ..Self::default()
        }
    }

    /// Both columns hold whole numbers and nothing else.
    fn is_whole(&self) -> bool {
        [self.baseline_cells, self.current_cells]
            .into_iter()
            .all(|cells| cells.is_some_and(|cells| cells.n_integral == cells.n_cells()))
    }
}

/// Compares two numeric samples. For several methods lay the samples over each other once, with [`NumericPair`].
pub fn compare_numeric(
    method: Method,
    convention: Convention,
    baseline: &WeightedPoints,
    current: &WeightedPoints,
    context: &Context<'_>,
) -> Outcome {
    NumericPair::new(baseline, current)?.measure(method, convention, context)
}

impl NumericPair<'_> {
    /// One method under one convention.
    pub fn measure(&self, method: Method, convention: Convention, context: &Context<'_>) -> Outcome {
        measure_numeric(method, convention, self, context)
    }
}

fn measure_numeric(
    method: Method,
    convention: Convention,
    pair: &NumericPair<'_>,
    context: &Context<'_>,
) -> Outcome {
    use Convention::{Azureml, Deepchecks, Evidently, House, Nannyml, Sagemaker, Scipy, Scouter};
    let (baseline, current) = (pair.baseline, pair.current);
    let gridded = pair.is_gridded();
    let binned = || {
        let cells = [context.baseline_cells, context.current_cells];
        bins::bin_numeric(pair, context.house_edges, cells)
    };
    let exact = || -> Result<(), NotComputable> {
        match (baseline.values.is_empty(), current.values.is_empty()) {
            (true, _) => Err(NotComputable::EmptyBaseline),
            (_, true) => Err(NotComputable::EmptyCurrent),
            _ if gridded => Err(NotComputable::NeedsExactValues),
            _ => Ok(()),
        }
    };
    let shares = || {
        exact().and_then(|()| peer_bins::numeric(method, convention, baseline, current, context.is_whole()))
    };
    let moments = |known: Option<Moments>, points: &WeightedPoints| match known {
        Some(moments) => Ok(moments),
        None => exact().and_then(|()| Moments::of(points)),
    };
    match (method, convention) {
        (Method::KolmogorovSmirnov, House | Scipy) => ks::measure(pair),
        (Method::KolmogorovSmirnov, Evidently) => ks::measure(pair)?.reported_as_p_value(convention),
        (Method::KolmogorovSmirnov, Azureml) => ks::azureml(pair),
        (Method::KolmogorovSmirnov, Nannyml) if baseline.n() >= wasserstein::NANNYML_BINNED_FROM => {
            exact().and_then(|()| wasserstein::nannyml_ks(baseline, current))
        }
        (Method::KolmogorovSmirnov, Nannyml | Deepchecks) => Ok(ks::measure(pair)?.labelled(convention)),
        (Method::LInfinity | Method::LInfinityRobust, House | Sagemaker) => {
            l_infinity::numeric(method, Sagemaker, context.robust_alpha, pair)
        }
        (Method::Psi, House) => psi::house(&binned()?, DECILES, gridded),
        (Method::JensenShannon, House) => jensen_shannon::house(&binned()?, DECILES, gridded),
        (Method::KullbackLeibler, House) => kl::house(&binned()?, DECILES, gridded),
        (Method::Hellinger, House) => hellinger::house(&binned()?, DECILES, gridded),
        (Method::TotalVariation, House) => tvd::house(&binned()?, DECILES, gridded),
        (Method::Psi, Evidently | Azureml | Scouter) => psi::peer(convention, &shares()?),
        (Method::JensenShannon, Evidently | Nannyml | Azureml) => {
            jensen_shannon::peer(convention, &shares()?)
        }
        (Method::KullbackLeibler, Evidently) => kl::peer(convention, &shares()?),
        (Method::Hellinger, Evidently | Nannyml) => hellinger::peer(convention, &shares()?),
        (Method::Wasserstein, House | Scipy) => {
            wasserstein::house(pair, moments(context.baseline_moments, baseline).ok())
        }
        (Method::Wasserstein, Evidently | Nannyml | Azureml | Deepchecks) => {
            exact().and_then(|()| wasserstein::peer(convention, pair))
        }
        (Method::Energy, House | Scipy) => energy::measure(Scipy, pair),
        (Method::Energy, Evidently) => energy::measure(Evidently, pair),
        (Method::CramerVonMises, House | Scipy) => cramer_von_mises::measure(pair),
        (Method::CramerVonMises, Evidently) => {
            cramer_von_mises::measure(pair)?.reported_as_p_value(convention)
        }
        (Method::AndersonDarling, House | Scipy) => anderson_darling::measure(pair),
        (Method::AndersonDarling, Evidently) => {
            anderson_darling::measure(pair)?.reported_as_p_value(convention)
        }
        (Method::MannWhitney, House | Scipy) => mann_whitney::measure(pair),
        (Method::MannWhitney, Evidently) => mann_whitney::evidently(pair),
        (Method::TTest | Method::WelchTTest, House | Scipy) => t_test::measure(
            method,
            &moments(context.baseline_moments, baseline)?,
            &moments(context.current_moments, current)?,
        ),
        (Method::TTest, Evidently) => t_test::measure(
            method,
            &moments(context.baseline_moments, baseline)?,
            &moments(context.current_moments, current)?,
        )?
        .reported_as_p_value(convention),
        (Method::EppsSingleton, House | Scipy) => epps_singleton::measure(pair),
        (Method::EppsSingleton, Evidently) => epps_singleton::measure(pair)?.reported_as_p_value(convention),
        (method, _) if method.is_categorical_only() => Err(NotComputable::NotForThisType),
        _ => Err(NotComputable::NotInConvention),
    }
}

/// Compares two categorical samples.
pub fn compare_categorical(
    method: Method,
    convention: Convention,
    baseline: &CategoryCounts,
    current: &CategoryCounts,
    context: &Context<'_>,
) -> Outcome {
    use Convention::{Azureml, Deepchecks, Evidently, House, Nannyml, Sagemaker, Scipy, Scouter, Tfdv};
    if baseline.n().max(current.n()) >= 1 << 62 {
        return Err(NotComputable::Malformed);
    }
    let binned = || bins::bin_categorical(baseline, current, [context.baseline_cells, context.current_cells]);
    let complete = || -> Result<(), NotComputable> {
        match (baseline.is_empty(), current.is_empty()) {
            (true, _) => Err(NotComputable::EmptyBaseline),
            (_, true) => Err(NotComputable::EmptyCurrent),
            _ if baseline.n_other() + current.n_other() > 0 => Err(NotComputable::NeedsExactValues),
            _ => Ok(()),
        }
    };
    let shares = || complete().and_then(|()| peer_bins::categorical(method, convention, baseline, current));
    match (method, convention) {
        (Method::LInfinity | Method::LInfinityRobust, House | Sagemaker) => {
            l_infinity::categorical(method, Sagemaker, context.robust_alpha, baseline, current)
        }
        (Method::LInfinity, Nannyml | Tfdv) => {
            l_infinity::categorical(method, convention, None, baseline, current)
        }
        (Method::ChiSquare, House | Scipy) => chi_square::homogeneity(baseline, current),
        (Method::ChiSquare, Sagemaker) => chi_square::sagemaker(baseline, current),
        (Method::ChiSquare, Nannyml) => complete().and_then(|()| chi_square::nannyml(baseline, current)),
        (Method::ChiSquare, Evidently | Azureml) => {
            complete().and_then(|()| chi_square::fit_p_value(convention, baseline, current))
        }
        (Method::GTest, House | Scipy) => g_test::homogeneity(baseline, current),
        (Method::GTest, Evidently) => complete().and_then(|()| g_test::evidently(baseline, current)),
        (Method::FisherExact, House | Scipy) => fisher_exact::measure(baseline, current),
        (Method::FisherExact, Evidently) => fisher_exact::evidently(baseline, current),
        (Method::ZTest, House | Scipy) => z_test::measure(baseline, current),
        (Method::ZTest, Evidently) => complete().and_then(|()| z_test::evidently(baseline, current)),
        (Method::CramersV, House | Scipy) => cramers_v::measure(baseline, current),
        (Method::CramersV, Deepchecks) => complete().and_then(|()| cramers_v::deepchecks(baseline, current)),
        (Method::UnseenShare, House) => unseen_share::measure(baseline, current),
        (Method::Psi, House) => psi::house(&binned()?, CATEGORIES, false),
        (Method::JensenShannon, House) => jensen_shannon::house(&binned()?, CATEGORIES, false),
        (Method::KullbackLeibler, House) => kl::house(&binned()?, CATEGORIES, false),
        (Method::Hellinger, House) => hellinger::house(&binned()?, CATEGORIES, false),
        (Method::TotalVariation, House) => tvd::house(&binned()?, CATEGORIES, false),
        (Method::Psi, Evidently | Azureml | Scouter | Deepchecks) => psi::peer(convention, &shares()?),
        (Method::JensenShannon, Evidently | Nannyml | Azureml | Tfdv) => {
            jensen_shannon::peer(convention, &shares()?)
        }
        (Method::KullbackLeibler, Evidently) => kl::peer(convention, &shares()?),
        (Method::Hellinger, Evidently | Nannyml) => hellinger::peer(convention, &shares()?),
        (method, _) if method.is_numeric_only() => Err(NotComputable::NotForThisType),
        _ => Err(NotComputable::NotInConvention),
    }
}

const DECILES: &str = "baseline deciles (R-7), frozen";
const CATEGORIES: &str = "baseline categories, OTHER, NULL";
