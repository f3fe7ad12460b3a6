//! From the evidence of all columns to alarms: which columns have moved, at the run's share of the budget.
//!
//! Does not compute evidence and does not word findings.

use super::component::Component;
use super::evidence::ColumnEvidence;
use crate::judge::benjamini_hochberg;

/// How large a change must be to matter, as a share of rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MinEffect {
    /// Of the distribution: KS D of numbers, total variation of categories.
    pub distribution: f64,
    /// Of the rates of missing and of special values.
    pub rate: f64,
}

impl Default for MinEffect {
    /// 0.02 and 0.01: one row in fifty, one cell in a hundred.
    fn default() -> Self {
        Self {
            distribution: 0.02,
            rate: 0.01,
        }
    }
}

impl MinEffect {
    /// The one that holds for a component.
    pub fn of(&self, component: Component) -> f64 {
        if component.is_rate() {
            self.rate
        } else {
            self.distribution
        }
    }
}

/// What a user says of one column.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ColumnSettings {
    /// Its own practical threshold of the distribution.
    pub min_effect: Option<f64>,
    /// Its own practical threshold of rates.
    pub min_rate_effect: Option<f64>,
    /// Not judged for drift.
    pub ignore: bool,
}

impl ColumnSettings {
    /// The column's thresholds, the monitor's where it has none of its own.
    pub fn min_effect(&self, default: MinEffect) -> MinEffect {
        MinEffect {
            distribution: self.min_effect.unwrap_or(default.distribution),
            rate: self.min_rate_effect.unwrap_or(default.rate),
        }
    }
}

/// The decisions of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// What the run may spend.
    pub alpha: f64,
    /// Columns tested: the family of the multiplicity correction.
    pub n_tested: usize,
    /// The largest column p-value that rings: `alpha · max(1, alarms) / n_tested`.
    pub p_limit: f64,
    /// One for each column, in the order given.
    pub columns: Vec<ColumnDecision>,
}

/// The decision about one column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ColumnDecision {
    /// Whether it rings.
    pub alarm: bool,
    /// The component with the smallest p-value among those whose effect is large enough; among all where none is.
    pub component: Option<Component>,
    /// Column p-value over the components whose effect is large enough; 1 where none is.
    pub p_value: f64,
    /// The same adjusted over the columns of the run.
    pub p_adjusted: f64,
    /// Effect of `component`.
    pub effect: f64,
    /// The effect from which `component` rings here: the practical threshold, or what this many rows cannot tell from
    /// chance where that is larger.
    pub limit: f64,
}

/// Decides over all columns of a run.
///
/// Column p-value: [`ColumnEvidence::p_value`]; a component whose effect is below the practical threshold counts with
/// p = 1, which can only lose alarms. Over the columns Benjamini–Hochberg at `alpha`: without any
/// drift the probability of an alarm is at most `alpha` (Simes' inequality; Sarkar 1998 for positive dependence), so the
/// budget holds; with drift in some columns, the expected share of false ones among the alarms is.
pub fn decide(columns: &[(&ColumnEvidence, MinEffect)], alpha: f64) -> Decision {
    let p_values: Vec<f64> = columns
        .iter()
        .map(|(evidence, min_effect)| evidence.p_value(min_effect))
        .collect();
    let adjusted = benjamini_hochberg(&p_values);
    let n_tested = columns.len();
    let is_alarm = |idx: usize| adjusted.get(idx).copied().unwrap_or(1.0) <= alpha && p_values[idx] < 1.0;
    let n_alarms = (0..n_tested).filter(|idx| is_alarm(*idx)).count();
    let p_limit = alpha * n_alarms.max(1) as f64 / n_tested.max(1) as f64;
    let decide = |(idx, (evidence, min_effect)): (usize, &(&ColumnEvidence, MinEffect))| {
        let speaking = evidence.speaking(min_effect);
        let p_adjusted = adjusted.get(idx).copied().unwrap_or(1.0);
        let p_value = p_values.get(idx).copied().unwrap_or(1.0);
        ColumnDecision {
            alarm: is_alarm(idx),
            component: speaking.map(|found| found.component),
            p_value,
            p_adjusted,
            effect: speaking.map_or(0.0, |found| found.effect),
            limit: speaking.map_or(min_effect.distribution, |found| {
                let by_chance = found.effect * evidence.factor_to_ring(p_limit);
                by_chance.min(1.0).max(min_effect.of(found.component))
            }),
        }
    };
    Decision {
        alpha,
        n_tested,
        p_limit,
        columns: columns.iter().enumerate().map(decide).collect(),
    }
}
