//! Alarms within a stated budget: component tests of one column, their null scale, and what they are worth together.
//!
//! ```text
//! Baseline ─► Partition ─► BlockCounts (rows by time block) ─► calibrate ─► Calibration (calibration.json)
//! two ColumnSummaries + ColumnCalibration ─► column_evidence ─► ColumnEvidence (components, p, effect, detectable shift)
//! ColumnEvidence of all columns + FalseAlarmBudget ─► decide (Benjamini–Hochberg at the run's share of the budget)
//! decisions of several windows ─► Persistence (N of M)
//! BlockCounts ─► check (A/A: no-drift windows through the same tests) ─► the false-alarm rate reached
//! ```
//!
//! Each column is tested by a few distribution-free tests, each against one kind of change ([`Component`]). Their null
//! distribution assumes rows that are independent; real traffic is not. So each statistic is divided by a null scale
//! ([`NullScale`]), measured on the baseline's own time blocks: how much more windows of the baseline differ from the
//! rest of it than independent rows would. Definitions and sources: `docs/alarms.md`.
//!
//! Pure: no clock, no file; randomness comes from an explicit seed. Does not write findings (`judge`).

mod budget;
mod component;
mod normal;
mod null;
mod rank;
mod rate;
mod table;
mod resample;
mod partition;
mod blocks;
mod ladder;
mod against;
mod windows;
mod calibration;
mod measure;
mod evidence;
mod detectable;
mod decide;
mod persistence;
mod check;
#[cfg(test)]
pub(crate) mod tests;

pub use against::{Against, ReferenceLadders};
pub use blocks::{BLOCK_SECONDS, BlockCounts, MAX_BLOCKS, Placement};
pub use budget::{BudgetError, FalseAlarmBudget, MAX_RUN_ALPHA, PeriodUnit, RunAlpha};
pub use calibration::{Calibration, CalibrationBasis, CalibrationSettings, ColumnCalibration, calibrate};
pub use check::{AaOutcome, AaSettings, Resampling, check, clopper_pearson};
pub use component::{Component, ComponentEvidence, Distribution};
pub use decide::{ColumnDecision, ColumnSettings, Decision, MinEffect, decide};
pub use detectable::Detectable;
pub(crate) use evidence::is_identifier;
pub use evidence::{ColumnEvidence, column_evidence};
pub use ladder::{Ladder, NullScale, Rung, WindowSize};
pub use partition::{ColumnPartition, MAX_CELLS, Partition};
pub use persistence::{EarlierFlags, Persistence, PersistenceError};
pub(crate) use rate::rate_p_value;
