//! A profile as bytes, so that processes that each saw a share of the rows can bring what they saw together.
//!
//! Both sides are the same version of this program and made the same plan; the bytes are no document and are not kept.
//! What is read is checked against the plan before it is merged. Does not know how bytes travel.

use super::{ColumnProfile, DistinctState, Profile};
use crate::profile::plan::ColumnPlan;
use serde::{Deserialize, Serialize};

/// Why bytes cannot be merged into a profile.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// They are no profile.
    #[error("no profile of this version: {0}")]
    NotAProfile(#[from] serde_json::Error),
    /// They are one of another plan.
    #[error("a profile of {found} planned columns, expected {expected}")]
    OtherPlan {
        /// Columns of the profile they were to be merged into.
        expected: usize,
        /// Columns they have.
        found: usize,
    },
    /// A column does not fit the plan's, or was damaged on the way.
    #[error("the state of column {index} does not fit the plan")]
    Column {
        /// Its place: planned columns first.
        index: usize,
    },
}

#[derive(Serialize)]
struct Written<'a> {
    n_rows: u64,
    planned: &'a [ColumnProfile],
    extra: Vec<&'a ColumnProfile>,
    dropped: &'a DistinctState,
}

#[derive(Deserialize)]
struct Read {
    n_rows: u64,
    planned: Vec<ColumnProfile>,
    extra: Vec<ColumnProfile>,
    dropped: DistinctState,
}

impl Profile {
    /// The state as bytes for [`Profile::merge_bytes`] of another process.
    ///
    /// # Errors
    /// None in practice: every number of a state is finite.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ExchangeError> {
        let written = Written {
            n_rows: self.n_rows,
            planned: &self.planned,
            extra: self.extra.values().collect(),
            dropped: &self.dropped,
        };
        Ok(serde_json::to_vec(&written)?)
    }

    /// Adds what a profile of the same plan has seen elsewhere: `merge(a, b)` bit for bit, whichever process saw what.
    ///
    /// # Errors
    /// [`ExchangeError`]; then nothing was merged.
    pub fn merge_bytes(&mut self, bytes: &[u8]) -> Result<(), ExchangeError> {
        self.merge_read(serde_json::from_slice(bytes)?)
    }

    /// [`Profile::merge_bytes`] of a profile of one object, whose index was not yet known: its positions get `object_idx`.
    ///
    /// # Errors
    /// [`ExchangeError`]; then nothing was merged.
    pub fn merge_object(&mut self, bytes: &[u8], object_idx: u32) -> Result<(), ExchangeError> {
        let mut read: Read = serde_json::from_slice(bytes)?;
        for column in read.planned.iter_mut().chain(&mut read.extra) {
            column.place(object_idx);
        }
        self.merge_read(read)
    }

    fn merge_read(&mut self, read: Read) -> Result<(), ExchangeError> {
        if read.planned.len() != self.planned.len() {
            return Err(ExchangeError::OtherPlan {
                expected: self.planned.len(),
                found: read.planned.len(),
            });
        }
        for (index, (ours, theirs)) in self.planned.iter().zip(&read.planned).enumerate() {
            if !ours.accepts(theirs) {
                return Err(ExchangeError::Column { index });
            }
        }
        let mut other = Self {
            n_rows: read.n_rows,
            planned: read.planned,
            ..Self::new(&[])
        };
        for (place, theirs) in read.extra.into_iter().enumerate() {
            // The grid and the index of a column that was read are missing: it is merged into a whole one.
            let mut ours = ColumnProfile::new(&ColumnPlan::unknown(theirs.name(), theirs.kind()));
            if !ours.accepts(&theirs) {
                return Err(ExchangeError::Column {
                    index: other.planned.len() + place,
                });
            }
            ours.merge(&theirs);
            let key = (super::hash_text(ours.name().as_bytes()), ours.name().to_owned());
            other.extra.insert(key, ours);
        }
        if !read.dropped.is_sound() {
            return Err(ExchangeError::Column {
                index: other.planned.len() + other.extra.len(),
            });
        }
        other.dropped = read.dropped;
        self.merge(other);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::column::Scratch;
    use crate::profile::{ExactUntil, Grid, PlanKind};
    use crate::summary::Position;
    use crate::view::{CellClass, ColumnView, TextView};
    use proptest::prelude::*;
    use std::sync::Arc;

    fn plans(limit: usize) -> Vec<ColumnPlan> {
        let numeric = ColumnPlan {
            grid: Arc::new(Grid::from_edges([-1.0, 0.0, 2.5])),
            exact_until: ExactUntil::Numbers(limit),
            ..ColumnPlan::unknown("x", PlanKind::Numeric)
        };
        let categorical = ColumnPlan {
            known: vec!["a".to_owned()].into(),
            category_limit: 3,
            ..ColumnPlan::unknown("c", PlanKind::Categorical)
        };
        vec![numeric, categorical]
    }

    fn of(plans: &[ColumnPlan], rows: &[(f64, u8)]) -> Profile {
        let mut profile = Profile::new(plans);
        let mut scratch = Scratch::default();
        for (line, (number, letter)) in rows.iter().enumerate() {
            let position = |_| Position {
                object_idx: 0,
                line: line as u64 + 1,
            };
            profile.add_rows(1);
            let numbers = [*number];
            let (classes, text) = ([CellClass::Fractional], [b'a' + letter % 9]);
            let view = ColumnView {
                classes: &classes,
                numbers: &numbers,
                texts: None,
            };
            profile.update_planned(0, &view, position, &mut scratch);
            let classes = [CellClass::Text];
            let view = ColumnView {
                classes: &classes,
                numbers: &[0.0],
                texts: Some(TextView {
                    bytes: &text,
                    ends: &[1],
                }),
            };
            profile.update_planned(1, &view, position, &mut scratch);
            let name = format!("extra{}", letter % 3);
            let plan = || ColumnPlan::unknown(&name, PlanKind::Undetermined);
            profile.update_extra(&name, plan, &view, position, &mut scratch);
        }
        profile
    }

    proptest! {
        #[test]
        fn merging_bytes_is_merging(
            rows in prop::collection::vec((-3.0f64..3.0, 0u8..30), 0..60), cut in 0usize..60, limit in 0usize..50,
        ) {
            let plans = plans(limit);
            let cut = cut.min(rows.len());
            let (mut direct, rest) = (of(&plans, &rows[cut..]), of(&plans, &rows[..cut]));
            let mut from_bytes = direct.clone();
            from_bytes.merge_bytes(&rest.to_bytes().unwrap()).unwrap();
            direct.merge(rest);
            // Order of merging: what was read comes first into an empty profile, as a host without rows does it.
            let mut late = Profile::new(&plans);
            late.merge_bytes(&from_bytes.to_bytes().unwrap()).unwrap();
            prop_assert_eq!(late.to_bytes().unwrap().len() > 2, true);
            let direct = direct.finish();
            prop_assert_eq!(&from_bytes.finish(), &direct);
            prop_assert_eq!(&late.finish(), &direct);
        }
    }

    #[test]
    fn another_plan_and_damage_are_refused() {
        let plans = plans(10);
        let bytes = of(&plans, &[(1.5, 0), (2.0, 1)]).to_bytes().unwrap();
        let error = Profile::new(&plans[..1]).merge_bytes(&bytes).unwrap_err();
        assert_eq!(error.to_string(), "a profile of 2 planned columns, expected 1");
        let other = [plans[1].clone(), plans[0].clone()];
        let error = Profile::new(&other).merge_bytes(&bytes).unwrap_err();
        assert_eq!(error.to_string(), "the state of column 0 does not fit the plan");
        let cut = &bytes[..bytes.len() / 2];
        let error = Profile::new(&plans).merge_bytes(cut).unwrap_err();
        assert!(
            error.to_string().starts_with("no profile of this version"),
            "{error}"
        );
        let text = String::from_utf8(bytes).unwrap();
        let beyond = text.replacen("\"end\":1", "\"end\":99", 1);
        assert_ne!(text, beyond);
        let error = Profile::new(&plans).merge_bytes(beyond.as_bytes()).unwrap_err();
        assert!(matches!(error, ExchangeError::Column { .. }), "{error}");
    }
}
