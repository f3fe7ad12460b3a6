//! The smallest shift that a window of a column could have shown. Does not decide and does not compare.

use super::component::{Component, ComponentEvidence, Distribution};
use super::decide::MinEffect;
use super::evidence::ColumnEvidence;
use super::ladder::NullScale;
use super::normal::quantile;
use super::null::critical;

/// The smallest shift of one column that a window of this size shows with a probability of 80 %.
///
/// If this column alone had moved, at this run's share of the budget and with this column's null scale; never below the
/// practical threshold. `None`: not a change this column can have, or none is large enough.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Detectable {
    /// Shift of the mean, in standard deviations of the baseline, of a normal column. Others need less: the test's
    /// efficiency against the t test is at least 1 (H. Chernoff, I. R. Savage, Ann. Math. Stat. 29, 1958).
    pub mean_shift: Option<f64>,
    /// Ratio of standard deviations, above 1, of a normal column.
    pub sd_ratio: Option<f64>,
    /// Share points by which the baseline's largest category shrinks.
    pub category_share: Option<f64>,
    /// Share points by which missing cells increase.
    pub missing_rate: Option<f64>,
}

/// Deviate that a normal exceeds with a probability of 20 %.
const POWER_DEVIATE: f64 = 0.841_621_233_572_914_2;

impl ColumnEvidence {
    /// The smallest shifts this window shows with a probability of 80 %, where the column p-value must be at most
    /// `p_column`. Normal approximation: critical value plus the 80 % deviate, over the root of nm/(n+m).
    pub fn detectable(&self, p_column: f64, min_effect: &MinEffect) -> Detectable {
        let n_effective = self.size.effective();
        if n_effective <= 0.0 || p_column <= 0.0 || p_column.is_nan() {
            return Detectable::default();
        }
        // In units of one row's deviation: how far a mean must move.
        let needed = |component: Component| {
            let found = self.component(component)?;
            let scale = found.null_scale();
            let p = p_column * self.share(component);
            let alike = match (component, self.largest) {
                (Component::LargestCategory, Some((_, k))) => k,
                _ => 1.0,
            };
            let one = critical(Distribution::Normal, p / alike, scale);
            Some((one + POWER_DEVIATE * scale.scale) / n_effective.sqrt())
        };
        let mean_shift = needed(Component::Location)
            .filter(|_| self.information[0] > 0.0)
            .map(|needed| {
                // KS distance of a normal shifted by δ: 2Φ(δ/2) − 1.
                let practical = 2.0 * quantile(0.5 * (1.0 + min_effect.distribution.clamp(0.0, 0.999)));
                (needed / self.information[0].sqrt()).max(practical)
            });
        let sd_ratio = needed(Component::Scale)
            .filter(|_| self.information[1] > 0.0)
            .map(|needed| {
                // Klotz' score moves by 2·ln r; KS distance of a normal stretched by r: φ(1)·ln r to first order.
                let practical = min_effect.distribution / (-0.5f64).exp() * std::f64::consts::TAU.sqrt();
                (needed / self.information[1].sqrt()).max(practical).exp()
            });
        let category_share = self.largest.and_then(|(share, _)| {
            let spread = (share * (1.0 - share)).max(0.25 / n_effective).sqrt();
            let shift = (needed(Component::LargestCategory)? * spread).max(min_effect.distribution);
            (shift <= share).then_some(shift)
        });
        Detectable {
            mean_shift: mean_shift.filter(|shift| shift.is_finite()),
            sd_ratio: sd_ratio.filter(|ratio| ratio.is_finite()),
            category_share,
            missing_rate: self.detectable_missing(p_column, min_effect),
        }
    }

    /// Smallest increase d with `d ≥ critical·√(p̄(1−p̄)(1/n+1/m)) + 0.84·√(Var)`, by bisection; the count that the exact
    /// test needs is added where the baseline has hardly any.
    fn detectable_missing(&self, p_column: f64, min_effect: &MinEffect) -> Option<f64> {
        let own = Component::MissingRate.weight();
        let others = self.components.iter().map(|found| found.component);
        let others = others.filter(|component| *component != Component::MissingRate);
        let p = p_column * own / (own + others.map(Component::weight).sum::<f64>());
        let (n, m) = (self.size.n_baseline as f64, self.size.n_current as f64);
        let scale = self
            .component(Component::MissingRate)
            .map_or(NullScale::NONE, ComponentEvidence::null_scale);
        let critical = critical(Distribution::Normal, p, scale);
        let shows = |shift: f64| {
            let rate = self.missing_share + shift;
            let pooled = (n * self.missing_share + m * rate) / (n + m);
            let chance = (pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m)).max(0.0).sqrt();
            let spread = (rate * (1.0 - rate) / m).max(0.0).sqrt() * scale.scale;
            // Far out the exact test is wider than the normal: critical²/3 rows, the tail of a Poisson.
            let exact = critical * critical / 3.0 / m;
            shift >= critical * chance + POWER_DEVIATE * spread + exact
        };
        let (mut low, mut high) = (0.0, 1.0 - self.missing_share);
        if high <= 0.0 || !shows(high) {
            return None;
        }
        for _ in 0..50 {
            let middle = 0.5 * (low + high);
            if shows(middle) {
                high = middle;
            } else {
                low = middle;
            }
        }
        Some(high.max(min_effect.rate))
    }
}
