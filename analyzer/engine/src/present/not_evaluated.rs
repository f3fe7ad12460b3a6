//! What was not checked, each reason told once: thousands of columns without a sample are one entry with a count.

use std::collections::BTreeMap;

use baselines::judge::{CheckKind, NotEvaluated};

use super::{listing, sentence};
use crate::report::clip::clip;
use crate::report::format::plural;
use crate::report::model::NotEvaluated as Shown;

/// Columns of one entry that are named.
const MAX_NAMED: usize = 5;
/// Characters of a name in a list.
const MAX_NAME: usize = 40;

/// Entries in the order of their first member.
pub(super) fn grouped(entries: &[NotEvaluated]) -> Vec<Shown> {
    // First the checks that one column misses for one reason, then the columns that miss the same checks for it.
    let mut remedies: BTreeMap<(Option<&str>, &str), &str> = BTreeMap::new();
    let mut order: Vec<(Option<&str>, &str)> = Vec::new();
    let mut checks: BTreeMap<(Option<&str>, &str), Vec<CheckKind>> = BTreeMap::new();
    for entry in entries {
        let key = (entry.column.as_deref(), entry.reason.as_str());
        remedies.entry(key).or_insert(entry.remedy);
        let known = checks.entry(key).or_insert_with(|| {
            order.push(key);
            Vec::new()
        });
        if !known.contains(&entry.check) {
            known.push(entry.check);
        }
    }
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut place: BTreeMap<(&str, &[CheckKind], bool), usize> = BTreeMap::new();
    for key in &order {
        let (column, reason) = *key;
        let missed = checks[key].as_slice();
        let idx = *place
            .entry((reason, missed, column.is_some()))
            .or_insert_with(|| {
                groups.push(Group {
                    remedy: remedies[key],
                    reason,
                    checks: missed,
                    columns: Vec::new(),
                });
                groups.len() - 1
            });
        groups[idx].columns.extend(column);
    }
    groups.iter().map(Group::shown).collect()
}

struct Group<'e> {
    reason: &'e str,
    remedy: &'e str,
    checks: &'e [CheckKind],
    /// Empty where the whole data set is meant.
    columns: Vec<&'e str>,
}

impl Group<'_> {
    fn shown(&self) -> Shown {
        let names: Vec<String> = self
            .columns
            .iter()
            .take(MAX_NAMED)
            .map(|name| clip(name, MAX_NAME).into_owned())
            .collect();
        let n_more = self.columns.len() - names.len();
        let who = match (self.columns.len(), n_more) {
            (0 | 1, _) => String::new(),
            (_, 0) => format!(" These are {}.", listing(&names)),
            (_, n) => format!(
                " Among them {}, and {}.",
                names.join(", "),
                plural(n as u64, "more", "more")
            ),
        };
        Shown {
            what: match self.columns.as_slice() {
                [] => "Whole data set".to_owned(),
                [one] => (*one).to_owned(),
                many => plural(many.len() as u64, "column", "columns"),
            },
            reason: format!(
                "{}: {}.{who}",
                checks(self.checks),
                self.reason.trim_end_matches('.')
            ),
            remedy: sentence(self.remedy),
        }
    }
}

fn checks(checks: &[CheckKind]) -> String {
    let model_monitor = checks.iter().filter(|check| check.is_model_monitor()).count();
    let of_data = |checks: &[CheckKind]| checks.iter().filter(|check| !check.is_capture()).count();
    if of_data(checks) + 1 >= of_data(&CheckKind::ALL) {
        "every check of columns".to_owned()
    } else if model_monitor == checks.len() && model_monitor == 6 {
        "Model Monitor's six checks".to_owned()
    } else {
        let names: Vec<&str> = checks.iter().map(|check| check.name()).collect();
        listing(&names)
    }
}
