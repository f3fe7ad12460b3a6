//! Event ids already seen, by the hour of their inference, in bounded memory.
//!
//! Ids are 64-bit hashes. Until `BUDGET` of them are held, a duplicate is found wherever it stands. Past it, hours
//! more than two behind the newest are forgotten: SageMaker re-delivers within minutes, not days. Two different ids
//! share a hash with probability n²/2^65 (3·10⁻⁶ for ten million records).

use std::collections::{BTreeMap, HashSet};
use std::hash::BuildHasherDefault;

use baselines::profile::distinct::Identity;

/// Ids held before old hours are forgotten: 2^21 of them are about 36 MB.
const BUDGET: usize = 1 << 21;
const HOURS_KEPT: i64 = 2;

type Ids = HashSet<u64, BuildHasherDefault<Identity>>;

/// Event ids seen.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    hours: BTreeMap<i64, Ids>,
    n_ids: usize,
    newest: i64,
    pub(crate) forgot: bool,
}

impl Ledger {
    /// Notes an id; whether it was new.
    pub(crate) fn is_new(&mut self, id: u64, second: Option<i64>) -> bool {
        let hour = second.map_or(i64::MIN, |second| second.div_euclid(3600));
        let new = self.hours.entry(hour).or_default().insert(id);
        if new {
            self.n_ids += 1;
            self.newest = self.newest.max(hour);
            if self.n_ids > BUDGET {
                self.forget();
            }
        }
        new
    }

    fn forget(&mut self) {
        let first_kept = self.newest - HOURS_KEPT;
        while let Some(oldest) = self.hours.first_entry() {
            if *oldest.key() >= first_kept {
                break;
            }
            self.n_ids -= oldest.remove().len();
            self.forgot = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicates_are_found_and_old_hours_forgotten_only_past_the_budget() {
        let mut ledger = Ledger::default();
        assert!(ledger.is_new(7, Some(0)));
        assert!(!ledger.is_new(7, Some(1)));
        for id in 0..BUDGET as u64 {
            ledger.is_new(id << 8, Some(3600 * 10));
        }
        assert!(ledger.forgot);
        assert!(ledger.is_new(7, Some(0)));
    }
}
