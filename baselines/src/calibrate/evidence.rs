//! One column against its baseline: all component tests, calibrated, and the smallest shift they could have seen.
//!
//! Does not decide: whether a p-value rings depends on the other columns and the budget (`decide`).

use std::collections::HashMap;

use super::against::Against;
use super::calibration::ColumnCalibration;
use super::component::{Component, ComponentEvidence};
use super::decide::MinEffect;
use super::ladder::{NullScale, WindowSize};
use super::null::{combine, critical, tail};
use super::partition::MAX_CELLS;
use super::table::{self, Tested};
use crate::compare::NumericPair;
use crate::judge::Evidence;
use crate::summary::{CategoricalSummary, ColumnSummary};

/// What is known of one column of one window.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnEvidence {
    /// The column.
    pub name: String,
    /// Cells on both sides, and how long the window was.
    pub size: WindowSize,
    /// Component tests that could be made, in the order of [`Component::ALL`].
    pub components: Vec<ComponentEvidence>,
    /// Why the distribution was not tested, where it was not; rates are tested all the same.
    pub skipped: Option<&'static str>,
    /// Whether null scales were applied.
    pub calibrated: bool,
    /// Variance of the location and of the scale scores, where there are some.
    pub(super) information: [f64; 2],
    /// Share of the baseline's largest category, and among how many alike it counts.
    pub(super) largest: Option<(f64, f64)>,
    /// Share of the baseline's cells that are missing.
    pub(super) missing_share: f64,
}

/// Rows below which a text column says nothing about whether its values repeat.
const MIN_ROWS_OF_IDENTIFIER: u64 = 30;
/// Distinct values by rows from which a text column is an identifier and not a category.
const IDENTIFIER_DISTINCT_RATIO: f64 = 0.5;

/// Tests one column by every component of its type.
///
/// `quality` says what stands behind the baseline's numbers: with an imported sketch or buckets only the shape is tested
/// (by the smallest distance that the sketch's rank error allows), because normal scores of estimated ranks have no known
/// null distribution. `calibration` is the column's; without it rows count as independent. `window_seconds` is the
/// window's length where it is known. `against` says what stands in the baseline's place: it, or earlier windows.
pub fn column_evidence(
    baseline: &ColumnSummary,
    current: &ColumnSummary,
    quality: Evidence,
    calibration: Option<&ColumnCalibration>,
    window_seconds: Option<f64>,
    against: Against,
) -> ColumnEvidence {
    let mut tested = Vec::with_capacity(4);
    let cells = [baseline.counts.n_cells(), current.counts.n_cells()];
    let skipped = if baseline.inferred_type.is_numeric() {
        numeric(baseline, current, quality, &mut tested)
    } else {
        categorical(baseline, current, &mut tested)
    };
    let missing = [baseline.counts.n_missing, current.counts.n_missing];
    table::rate(Component::MissingRate, missing, cells, &mut tested);
    if baseline.inferred_type.is_numeric() {
        let special = [baseline.counts.n_special(), current.counts.n_special()];
        let present = [baseline.counts.n_present(), current.counts.n_present()];
        table::rate(Component::SpecialRate, special, present, &mut tested);
    }
    let size = WindowSize {
        n_baseline: cells[0],
        n_current: cells[1],
        seconds: window_seconds,
        against,
    };
    let share = |part: u64, of: u64| if of > 0 { part as f64 / of as f64 } else { 0.0 };
    let largest = baseline
        .categorical
        .as_ref()
        .filter(|_| !baseline.inferred_type.is_numeric() && skipped.is_none())
        .and_then(|found| {
            let (_, count) = found.counts.first()?;
            let share = share(*count, found.n);
            Some((share, table::n_alike(share, found.counts.len().min(MAX_CELLS))))
        });
    ColumnEvidence {
        largest,
        missing_share: share(missing[0], cells[0]),
        ..calibrated(&baseline.name, size, &tested, skipped, calibration)
    }
}

/// Evidence from tested tables.
pub(super) fn calibrated(
    name: &str,
    size: WindowSize,
    tested: &[Tested],
    skipped: Option<&'static str>,
    calibration: Option<&ColumnCalibration>,
) -> ColumnEvidence {
    let information = |component: Component| {
        tested
            .iter()
            .find(|test| test.component == component)
            .map_or(0.0, |test| test.information)
    };
    let scaled = |test: &Tested| {
        let scale = calibration.map_or(NullScale::NONE, |column| column.scale(test.component, &size));
        let p_calibrated = if scale == NullScale::NONE {
            test.p
        } else {
            tail(test.distribution, test.statistic, scale).max(test.p)
        };
        ComponentEvidence {
            component: test.component,
            statistic: test.statistic,
            direction: test.direction,
            distribution: test.distribution,
            p_raw: test.p,
            p_calibrated,
            effect: test.effect,
            scale: scale.scale,
            scale_freedom: scale.freedom,
        }
    };
    ColumnEvidence {
        name: name.to_owned(),
        size,
        components: tested.iter().map(scaled).collect(),
        skipped,
        calibrated: calibration.is_some(),
        information: [information(Component::Location), information(Component::Scale)],
        largest: None,
        missing_share: 0.0,
    }
}

impl ColumnEvidence {
    /// Column p-value: the weighted Cauchy combination of the components ([`Component::weight`]), those counting with
    /// p = 1 whose effect is below its practical threshold. 1 where none is above.
    pub fn p_value(&self, min_effect: &MinEffect) -> f64 {
        self.p_at(1.0, min_effect)
    }

    /// The same had every component's statistic been `factor` times as large.
    fn p_at(&self, factor: f64, min_effect: &MinEffect) -> f64 {
        let is_large = |found: &ComponentEvidence| found.effect >= min_effect.of(found.component);
        if !self.components.iter().any(is_large) {
            return 1.0;
        }
        combine(self.components.iter().map(|found| {
            let p = if !is_large(found) {
                1.0
            } else if factor == 1.0 {
                found.p_calibrated
            } else {
                tail(found.distribution, factor * found.statistic, found.null_scale())
            };
            (p, found.component.weight())
        }))
    }

    /// The same before calibration, and whatever the effects.
    pub fn p_raw(&self) -> f64 {
        combine(
            self.components
                .iter()
                .map(|found| (found.p_raw, found.component.weight())),
        )
    }

    /// The component with the most evidence among those whose effect is large enough, else among all.
    pub fn speaking(&self, min_effect: &MinEffect) -> Option<&ComponentEvidence> {
        let is_large = |found: &ComponentEvidence| found.effect >= min_effect.of(found.component);
        self.components.iter().min_by(|left, right| {
            (!is_large(left), left.p_calibrated)
                .partial_cmp(&(!is_large(right), right.p_calibrated))
                .unwrap_or(std::cmp::Ordering::Equal)
        })
    }

    /// A component by name.
    pub fn component(&self, component: Component) -> Option<&ComponentEvidence> {
        self.components.iter().find(|found| found.component == component)
    }

    /// The statistic at which a component rings by itself where the column p-value must be at most `p_column`.
    pub fn critical(&self, found: &ComponentEvidence, p_column: f64) -> f64 {
        critical(
            found.distribution,
            self.share(found.component) * p_column,
            found.null_scale(),
        )
    }

    /// A component's share of the column's error probability: its weight among those that can speak.
    pub(super) fn share(&self, component: Component) -> f64 {
        let total: f64 = self.components.iter().map(|found| found.component.weight()).sum();
        if total > 0.0 {
            component.weight() / total
        } else {
            1.0
        }
    }

    /// What the statistics must be multiplied by for the column p-value to be `p_column`: below 1 where it rings. 1 where
    /// there is no statistic to multiply. Effects are, to first order, proportional to statistics.
    pub fn factor_to_ring(&self, p_column: f64) -> f64 {
        let whatever = MinEffect {
            distribution: 0.0,
            rate: 0.0,
        };
        if self.components.iter().all(|found| found.statistic <= 0.0) {
            return 1.0;
        }
        let (mut low, mut high) = (0.0, 1.0);
        while self.p_at(high, &whatever) > p_column && high < 1e6 {
            high *= 2.0;
        }
        for _ in 0..40 {
            let middle = 0.5 * (low + high);
            if self.p_at(middle, &whatever) > p_column {
                low = middle;
            } else {
                high = middle;
            }
        }
        high
    }
}

impl ComponentEvidence {
    /// The scale that was applied.
    pub(super) fn null_scale(&self) -> NullScale {
        NullScale {
            scale: self.scale,
            freedom: self.scale_freedom,
        }
    }
}

fn numeric(
    baseline: &ColumnSummary,
    current: &ColumnSummary,
    quality: Evidence,
    into: &mut Vec<Tested>,
) -> Option<&'static str> {
    let (rank_error, shape_only) = match quality {
        Evidence::Counted => (0.0, false),
        Evidence::Sketch { rank_error } => (rank_error, true),
        Evidence::Buckets => (0.0, true),
        Evidence::Absent => return Some("the baseline has no distribution of the column"),
    };
    let (Some(of_baseline), Some(of_current)) = (&baseline.numeric, &current.numeric) else {
        return Some("one side has no numbers");
    };
    let Ok(pair) = NumericPair::new(&of_baseline.points, &of_current.points) else {
        return Some("the points of one side are malformed");
    };
    let cells: Vec<[u64; 2]> = pair
        .cells_of_any()
        .iter()
        .map(|cell| [cell.baseline, cell.current])
        .collect();
    if table::totals(&cells).contains(&0) {
        return Some("one side has no numbers");
    }
    table::numeric(&cells, rank_error, shape_only, into);
    None
}

/// The baseline's most frequent categories and OTHER, as on the partition that time blocks are counted on.
fn categorical(
    baseline: &ColumnSummary,
    current: &ColumnSummary,
    into: &mut Vec<Tested>,
) -> Option<&'static str> {
    let (Some(of_baseline), Some(of_current)) = (&baseline.categorical, &current.categorical) else {
        return Some("one side has no categories");
    };
    if of_baseline.counts.is_empty() && of_baseline.n > 0 {
        return Some(
            "the baseline has no histogram of the column, as when it has more than 120 distinct values",
        );
    }
    if is_identifier(of_baseline) {
        return Some("the baseline's values hardly repeat: an identifier has no distribution");
    }
    if of_baseline.n == 0 || of_current.n == 0 {
        return Some("one side has no categories");
    }
    let frequent = &of_baseline.counts[..of_baseline.counts.len().min(MAX_CELLS - 1)];
    let place: HashMap<&str, usize> = frequent
        .iter()
        .enumerate()
        .map(|(idx, (text, _))| (text.as_str(), idx))
        .collect();
    let mut cells = vec![[0u64; 2]; frequent.len() + 1];
    for (cell, (_, count)) in cells.iter_mut().zip(frequent) {
        cell[0] = *count;
    }
    for (text, count) in &of_current.counts {
        if let Some(&idx) = place.get(text.as_str()) {
            cells[idx][1] += count;
        }
    }
    let [in_baseline, in_current] = table::totals(&cells);
    if let Some(other) = cells.last_mut() {
        *other = [
            of_baseline.n.saturating_sub(in_baseline),
            of_current.n.saturating_sub(in_current),
        ];
    }
    table::categorical(&cells, into);
    None
}

/// Whether a text column's values hardly repeat, so that shares of values mean nothing.
pub(crate) fn is_identifier(found: &CategoricalSummary) -> bool {
    found.n >= MIN_ROWS_OF_IDENTIFIER
        && found.distinct.value() as f64 >= IDENTIFIER_DISTINCT_RATIO * found.n as f64
}
