//! Did the new model help: the metrics that brought the incident about, as labels confirm them, before and after it
//! serves, over all rows and over the parts of the data that had drifted.
//!
//! Several windows of one side are put together as the mean over their labelled rows; ends of intervals likewise, which
//! is wider than the interval of all rows together would be, so that "better" and "worse" are said too seldom rather than
//! too often. Does not know where windows lie.

use super::input::HeldOutcome;
use std::collections::{BTreeMap, BTreeSet};

/// The name of the segment that is all rows.
pub const ALL_ROWS: &str = "all rows";

/// A metric from labels, with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// Its value.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Labelled rows.
    pub n: u64,
}

/// What labels say of a metric in a window, and what its constraint says of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Check {
    /// Whether it is a breach.
    pub outcome: HeldOutcome,
    /// Whether the constraint is a least value: higher is better.
    pub is_least: bool,
    /// The constraint.
    pub limit: f64,
}

/// The quality of a window, as its newest revision has it.
#[derive(Debug, Clone, PartialEq)]
pub struct ServedWindow {
    /// First second inside.
    pub start: i64,
    /// First second behind.
    pub end: i64,
    /// Its revision.
    pub revision: u32,
    /// Digest of its document.
    pub digest: String,
    /// Where the document lies.
    pub location: String,
    /// Metrics by segment ([`ALL_ROWS`], else its conditions) and name.
    pub measured: BTreeMap<(String, String), Measured>,
    /// Constraints by metric.
    pub checks: BTreeMap<String, Check>,
}

/// How two sides of one metric compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compared {
    /// The whole interval of the new model lies on the better side of the old one's.
    Better,
    /// The intervals overlap.
    NotTold,
    /// The whole interval of the new model lies on the worse side.
    Worse,
    /// A side is missing.
    Unknown,
}

impl Compared {
    /// The stable name used in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::NotTold => "no_clear_difference",
            Self::Worse => "worse",
            Self::Unknown => "unknown",
        }
    }
}

/// One comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct ProofRow {
    /// The segment.
    pub segment: String,
    /// The metric.
    pub metric: String,
    /// Before.
    pub old: Option<Measured>,
    /// After.
    pub new: Option<Measured>,
    /// How they compare.
    pub compared: Compared,
    /// Whether the newest of the new windows that knows breaches the metric's constraint; of all rows only.
    pub is_breach: Option<bool>,
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProofVerdict {
    /// Too few windows of the new model have labels.
    Waiting,
    /// It helped, and harmed nowhere.
    Passed,
    /// It did not help, or harmed.
    Failed,
}

impl ProofVerdict {
    /// The stable name used in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Passed => "passed",
            Self::Failed => "failed",
        }
    }
}

/// The answer to: did it help?
#[derive(Debug, Clone, PartialEq)]
pub struct Proof {
    /// What follows.
    pub verdict: ProofVerdict,
    /// Why, in a sentence.
    pub reason: String,
    /// Every comparison, by segment and metric; all rows first.
    pub rows: Vec<ProofRow>,
    /// Windows of the new model that labels say something of.
    pub n_windows: u64,
}

/// Several windows as one: means over labelled rows.
fn together<'a>(measured: impl Iterator<Item = &'a Measured>) -> Option<Measured> {
    let mut sum = Measured {
        value: 0.0,
        low: 0.0,
        high: 0.0,
        n: 0,
    };
    for each in measured {
        let is_finite = each.value.is_finite() && each.low.is_finite() && each.high.is_finite();
        if !is_finite || each.n == 0 {
            continue;
        }
        let n = each.n as f64;
        sum.value += n * each.value;
        sum.low += n * each.low;
        sum.high += n * each.high;
        sum.n += each.n;
    }
    let n = sum.n as f64;
    (sum.n > 0).then(|| Measured {
        value: sum.value / n,
        low: sum.low / n,
        high: sum.high / n,
        n: sum.n,
    })
}

fn compare(old: Option<Measured>, new: Option<Measured>, is_least: bool) -> Compared {
    match old.zip(new) {
        None => Compared::Unknown,
        Some((old, new)) if new.low > old.high => {
            if is_least {
                Compared::Better
            } else {
                Compared::Worse
            }
        }
        Some((old, new)) if new.high < old.low => {
            if is_least {
                Compared::Worse
            } else {
                Compared::Better
            }
        }
        Some(_) => Compared::NotTold,
    }
}

/// Whether a segment's conditions name one of these columns.
fn names(segment: &str, columns: &BTreeSet<String>) -> bool {
    columns.iter().any(|column| {
        segment.split(" and ").any(|condition| {
            condition.starts_with(&format!("{column} "))
                || condition.ends_with(&format!(" {column}"))
                || condition.contains(&format!(" {column} "))
        })
    })
}

/// Metrics to compare: those that labels of the old windows show in breach; all that have a constraint where none is.
fn metrics(old: &[&ServedWindow]) -> BTreeMap<String, bool> {
    let of = |only_breaches: bool| -> BTreeMap<String, bool> {
        old.iter()
            .flat_map(|window| &window.checks)
            .filter(|(_, check)| !only_breaches || check.outcome == HeldOutcome::Breach)
            .map(|(metric, check)| (metric.clone(), check.is_least))
            .collect()
    };
    let breached = of(true);
    if breached.is_empty() { of(false) } else { breached }
}

fn row(
    segment: &str,
    metric: &str,
    is_least: bool,
    old: &[&ServedWindow],
    new: &[&ServedWindow],
) -> ProofRow {
    let key = (segment.to_owned(), metric.to_owned());
    let side =
        |windows: &[&ServedWindow]| together(windows.iter().filter_map(|window| window.measured.get(&key)));
    let (before, after) = (side(old), side(new));
    let newest = new
        .iter()
        .rev()
        .filter_map(|window| window.checks.get(metric))
        .find(|check| check.outcome != HeldOutcome::NotEvaluated);
    ProofRow {
        segment: segment.to_owned(),
        metric: metric.to_owned(),
        old: before,
        new: after,
        compared: compare(before, after, is_least),
        is_breach: newest
            .filter(|_| segment == ALL_ROWS)
            .map(|check| check.outcome == HeldOutcome::Breach),
    }
}

/// Compares the windows of the incident with those that the new model served. `drifted`: columns that had drifted; segments
/// of quality that name one of them are compared as well. `wanted`: how many windows of the new model must have labels.
/// Pure: the order of windows changes nothing.
pub fn prove(old: &[ServedWindow], new: &[ServedWindow], drifted: &BTreeSet<String>, wanted: usize) -> Proof {
    let in_order = |windows: &'_ [ServedWindow]| -> Vec<usize> {
        let mut order: Vec<usize> = (0..windows.len()).collect();
        order.sort_by_key(|idx| {
            let window = &windows[*idx];
            (window.start, window.end, window.revision, &window.digest)
        });
        order
    };
    let old: Vec<&ServedWindow> = in_order(old).into_iter().map(|idx| &old[idx]).collect();
    let new: Vec<&ServedWindow> = in_order(new).into_iter().map(|idx| &new[idx]).collect();
    let metrics = metrics(&old);
    let is_known = |window: &&&ServedWindow| {
        metrics.keys().any(|metric| {
            let key = (ALL_ROWS.to_owned(), metric.clone());
            window.measured.contains_key(&key)
                && window
                    .checks
                    .get(metric)
                    .is_none_or(|check| check.outcome != HeldOutcome::NotEvaluated)
        })
    };
    let known: Vec<&ServedWindow> = new.iter().filter(is_known).copied().collect();
    let mut segments: BTreeSet<String> = known
        .iter()
        .flat_map(|window| window.measured.keys())
        .map(|(segment, _)| segment.clone())
        .filter(|segment| names(segment, drifted))
        .collect();
    segments.remove(ALL_ROWS);
    let mut rows = Vec::new();
    for segment in std::iter::once(ALL_ROWS).chain(segments.iter().map(String::as_str)) {
        for (metric, is_least) in &metrics {
            let found = row(segment, metric, *is_least, &old, &known);
            if segment == ALL_ROWS || found.compared != Compared::Unknown {
                rows.push(found);
            }
        }
    }
    let (verdict, reason) = verdict(&rows, known.len(), wanted.max(1));
    Proof {
        verdict,
        reason,
        rows,
        n_windows: known.len() as u64,
    }
}

/// Four significant digits, for a sentence.
fn short(value: f64) -> String {
    let magnitude = value.abs().max(1e-3).log10().floor();
    let places = (3.0 - magnitude).clamp(0.0, 6.0) as usize;
    format!("{value:.places$}")
}

fn verdict(rows: &[ProofRow], n_known: usize, wanted: usize) -> (ProofVerdict, String) {
    if rows.is_empty() {
        let reason =
            "no window of the incident has a metric with a constraint, so there is nothing to compare";
        return (ProofVerdict::Waiting, reason.to_owned());
    }
    if n_known < wanted {
        let reason = format!("labels judge {n_known} windows of the new model, {wanted} are wanted");
        return (ProofVerdict::Waiting, reason);
    }
    let said = |row: &ProofRow| {
        let of = |side: Option<Measured>| side.map_or_else(|| "unknown".to_owned(), |side| short(side.value));
        format!(
            "{} on {}: {} before, {} now",
            row.metric,
            row.segment,
            of(row.old),
            of(row.new)
        )
    };
    let list = |rows: Vec<&ProofRow>| rows.into_iter().map(said).collect::<Vec<_>>().join("; ");
    let of = |compared: Compared| -> Vec<&ProofRow> {
        rows.iter().filter(|row| row.compared == compared).collect()
    };
    let worse = of(Compared::Worse);
    if !worse.is_empty() {
        return (
            ProofVerdict::Failed,
            format!("worse than before: {}", list(worse)),
        );
    }
    let whole = || rows.iter().filter(|row| row.segment == ALL_ROWS);
    let no_help: Vec<&ProofRow> = whole()
        .filter(|row| row.compared != Compared::Better && row.is_breach == Some(true))
        .collect();
    if !no_help.is_empty() {
        return (
            ProofVerdict::Failed,
            format!("still in breach, and not better than before: {}", list(no_help)),
        );
    }
    let better = of(Compared::Better);
    if better.is_empty() {
        let within = whole().filter(|row| row.is_breach == Some(false)).count();
        if within == 0 {
            let reason = "no metric of the incident is known before and after";
            return (ProofVerdict::Waiting, reason.to_owned());
        }
        return (
            ProofVerdict::Passed,
            "no clear difference, and every metric of the incident is within its constraint".to_owned(),
        );
    }
    (
        ProofVerdict::Passed,
        format!("better than before: {}", list(better)),
    )
}
