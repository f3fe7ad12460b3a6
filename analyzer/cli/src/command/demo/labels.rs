//! What came true becomes known late: each label with a delay of its own, two weeks in the first month, more than five in
//! the last, some twice, some never.
//!
//! Delays are drawn from a fixed seed with whole numbers only, so that every machine has the same ones. Labels are
//! settled at three in the morning, a file a night.

use super::Stage;
use super::endpoint::{event_id, folder_of_hour, remove, write};
use super::rides::Ride;
use capture::time::format_rfc3339;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

const FILE: &str = "labels.jsonl";
const DAY: i64 = 86_400;
const SETTLED_AT: i64 = 3 * 3600;
const SEED: u64 = 2011;
/// Of a hundred labels as many never come, and as many come twice.
const NEVER: u64 = 1;
const TWICE: u64 = 2;

/// What three draws multiply to at most.
const FULL: i64 = 1 << 30;

/// A label on its way.
pub(super) struct Label {
    /// Position of the request.
    idx: usize,
    /// When it is settled.
    pub(super) arrives: i64,
}

/// SplitMix64 (Steele, Lea and Flood 2014).
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// 0 to 1,023.
    fn share(&mut self) -> i64 {
        i64::try_from(self.next() >> 54).expect("ten bits fit")
    }

    fn percent(&mut self) -> u64 {
        (self.next() >> 32) % 100
    }
}

/// All labels that will ever come, by the time they do. The delay is the month's least delay and a part of its
/// further one that is the product of three even draws: short ones are common, the longest rare.
pub(super) fn on_their_way(served: &[Ride]) -> Vec<Label> {
    let first = served.first().map_or(0, |ride| ride.second);
    let mut draws = Draws(SEED);
    let mut labels = Vec::with_capacity(served.len());
    for (idx, ride) in served.iter().enumerate() {
        let months_in = (ride.second - first) / (30 * DAY);
        let (least, further) = ((11 + 3 * months_in) * DAY, (40 + 6 * months_in) * DAY);
        let part = draws.share() * draws.share() * draws.share();
        let late = least + further * part / FULL;
        let settled = (ride.second + late).div_euclid(DAY) * DAY + DAY + SETTLED_AT;
        if draws.percent() < NEVER {
            continue;
        }
        labels.push(Label {
            idx,
            arrives: settled,
        });
        if draws.percent() < TWICE {
            labels.push(Label {
                idx,
                arrives: settled + 7 * DAY,
            });
        }
    }
    labels.sort_by_key(|label| (label.arrives, label.idx));
    labels
}

/// Writes the labels settled from `from` until before `until`, in Model Monitor's layout; gives how many.
pub(super) fn deliver(stage: &Stage, labels: &[Label], from: i64, until: i64) -> anyhow::Result<u64> {
    let mut nights: BTreeMap<i64, String> = BTreeMap::new();
    let mut n = 0;
    for label in labels
        .iter()
        .filter(|label| (from..until).contains(&label.arrives))
    {
        n += 1;
        let _infallible = writeln!(
            nights.entry(label.arrives).or_default(),
            concat!(
                r#"{{"groundTruthData":{{"data":"{}","encoding":"CSV"}},"#,
                r#""eventMetadata":{{"eventId":"{}","eventTime":"{}"}},"eventVersion":"0"}}"#
            ),
            stage.served[label.idx].demand,
            event_id(label.idx),
            format_rfc3339(label.arrives).unwrap_or_default(),
        );
    }
    for (second, lines) in nights {
        let hour = folder_of_hour(&format_rfc3339(second).unwrap_or_default());
        write(
            &stage.path.join(super::quality::GROUND_TRUTH).join(hour),
            "labels.jsonl",
            &lines,
        )?;
    }
    Ok(n)
}

/// Takes away what an earlier run in the same folder delivered: its own files only.
pub(super) fn take_back(stage: &Stage, labels: &[Label]) -> anyhow::Result<()> {
    let nights: BTreeSet<i64> = labels.iter().map(|label| label.arrives).collect();
    for second in nights {
        remove(&place_of(stage, second).join(FILE))?;
    }
    Ok(())
}

fn place_of(stage: &Stage, second: i64) -> PathBuf {
    let hour = folder_of_hour(&format_rfc3339(second).unwrap_or_default());
    stage.path.join(super::quality::GROUND_TRUTH).join(hour)
}

/// The delay in days that half of the labels do not exceed.
pub(super) fn median_days<'a>(served: &[Ride], labels: impl Iterator<Item = &'a Label>) -> Option<i64> {
    let mut days: Vec<i64> = labels
        .map(|label| (label.arrives - served[label.idx].second) / DAY)
        .collect();
    days.sort_unstable();
    days.get(days.len() / 2).copied()
}

impl Label {
    /// When its request was made.
    pub(super) fn asked(&self, served: &[Ride]) -> i64 {
        served[self.idx].second
    }
}

#[cfg(test)]
mod tests {
    use super::super::rides;
    use super::*;

    #[test]
    fn labels_come_late_and_later_every_month_and_the_same_ones_every_time() {
        let (_, served) = rides::read().unwrap();
        let labels = on_their_way(&served);
        let again = on_their_way(&served);
        assert!(
            labels
                .iter()
                .zip(&again)
                .all(|(a, b)| (a.idx, a.arrives) == (b.idx, b.arrives))
        );
        let known: BTreeSet<usize> = labels.iter().map(|label| label.idx).collect();
        let share = known.len() as f64 / served.len() as f64;
        assert!((0.98..1.0).contains(&share), "{share} of the labels come");
        assert!(labels.len() > known.len(), "some come twice");
        let months = rides::months(&served);
        let medians: Vec<i64> = months
            .iter()
            .map(|month| {
                let span = month.start()..month.later(1).start();
                let of_month = labels.iter().filter(|label| span.contains(&label.asked(&served)));
                median_days(&served, of_month).unwrap()
            })
            .collect();
        assert!(
            medians.is_sorted() && medians[0] < 21 && medians[8] > 35,
            "{medians:?}"
        );
    }
}
