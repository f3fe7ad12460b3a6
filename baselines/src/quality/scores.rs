//! Scores of positives and negatives: the multiset from which every ranking and calibration metric is read.
//!
//! Up to [`MAX_EXACT_ROWS`] rows every score is kept as it is (8 bytes a row, 16 where weights differ), and results are
//! exact. Past that, scores are rounded (probabilities to multiples of 2⁻²⁰, free scores to 16 bits of mantissa) and
//! counted: memory is bounded by the distinct rounded scores, and an AUC can be wrong by at most the share of
//! positive–negative pairs that rounding tied. Whether that happens depends on the number of rows alone, so that order
//! and split do not show. Does not know metrics.

use super::options::ScoreKind;
use super::tally::Mass;

/// Rows whose scores are kept exactly: 512 MiB, or 1 GiB with weights.
pub(crate) const MAX_EXACT_ROWS: u64 = 1 << 26;
/// Rounded rows that wait to be counted.
const MAX_PENDING: usize = 1 << 20;

/// One kept row, or several of equal score and weight.
trait Entry: Copy + Ord {
    fn key(self) -> u64;
    fn mass(self) -> Mass;
}

impl Entry for u64 {
    fn key(self) -> u64 {
        self
    }
    fn mass(self) -> Mass {
        Mass {
            n: 1,
            w: 1.0,
            w2: 1.0,
        }
    }
}

/// Key and bits of the weight (positive, so that bits are ordered as weights are).
impl Entry for (u64, u64) {
    fn key(self) -> u64 {
        self.0
    }
    fn mass(self) -> Mass {
        let weight = f64::from_bits(self.1);
        Mass {
            n: 1,
            w: weight,
            w2: weight * weight,
        }
    }
}

/// Key, bits of the weight, rows.
impl Entry for (u64, u64, u64) {
    fn key(self) -> u64 {
        self.0
    }
    fn mass(self) -> Mass {
        let (weight, n) = (f64::from_bits(self.1), self.2 as f64);
        Mass {
            n: self.2,
            w: weight * n,
            w2: weight * weight * n,
        }
    }
}

/// An integer in the order of finite doubles.
fn key_of(score: f64) -> u64 {
    let bits = (score + 0.0).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

fn score_of(key: u64) -> f64 {
    f64::from_bits(if key >> 63 == 1 { key & !(1 << 63) } else { !key })
}

const ONE: u64 = 1.0_f64.to_bits();

/// Rows of one class.
#[derive(Debug, Clone)]
enum Side {
    Plain(Vec<u64>),
    Weighted(Vec<(u64, u64)>),
    Counted(Vec<(u64, u64, u64)>),
}

impl Side {
    fn push(&mut self, key: u64, weight: f64) {
        match self {
            Self::Plain(rows) => rows.push(key),
            Self::Weighted(rows) => rows.push((key, weight.to_bits())),
            Self::Counted(rows) => rows.push((key, weight.to_bits(), 1)),
        }
    }

    fn into_weighted(self) -> Self {
        match self {
            Self::Plain(rows) => Self::Weighted(rows.into_iter().map(|key| (key, ONE)).collect()),
            other => other,
        }
    }

    fn into_counted(self, round: impl Fn(u64) -> u64) -> Self {
        match self {
            Self::Plain(rows) => {
                Self::Counted(count(rows.into_iter().map(|key| (round(key), ONE, 1)).collect()))
            }
            Self::Weighted(rows) => Self::Counted(count(
                rows.into_iter()
                    .map(|(key, weight)| (round(key), weight, 1))
                    .collect(),
            )),
            counted @ Self::Counted(_) => counted,
        }
    }

    /// Both of one kind, joined. `self` is of the wider kind.
    fn append(&mut self, other: Self) {
        match (self, other) {
            (Self::Plain(rows), Self::Plain(mut more)) => rows.append(&mut more),
            (Self::Weighted(rows), Self::Weighted(mut more)) => rows.append(&mut more),
            (Self::Counted(rows), Self::Counted(mut more)) => {
                rows.append(&mut more);
                *rows = count(std::mem::take(rows));
            }
            (wide @ Self::Weighted(_), other) => wide.append(other.into_weighted()),
            (wide, other) => {
                debug_assert!(false, "sides are widened before they are joined");
                *wide = other;
            }
        }
    }

    fn sort(&mut self) {
        match self {
            Self::Plain(rows) => rows.sort_unstable(),
            Self::Weighted(rows) => rows.sort_unstable(),
            Self::Counted(rows) => *rows = count(std::mem::take(rows)),
        }
    }
}

/// Sorted, with equal score and weight joined.
fn count(mut rows: Vec<(u64, u64, u64)>) -> Vec<(u64, u64, u64)> {
    rows.sort_unstable();
    rows.dedup_by(|later, kept| {
        let same = (later.0, later.1) == (kept.0, kept.1);
        if same {
            kept.2 += later.2;
        }
        same
    });
    rows
}

/// Scores as they come in.
#[derive(Debug, Clone)]
pub(crate) struct ScoreSample {
    kind: ScoreKind,
    n_rows: u64,
    n_pending: usize,
    max_exact_rows: u64,
    positives: Side,
    negatives: Side,
}

impl ScoreSample {
    pub(crate) fn new(kind: ScoreKind) -> Self {
        Self::with_limit(kind, MAX_EXACT_ROWS)
    }

    pub(crate) fn with_limit(kind: ScoreKind, max_exact_rows: u64) -> Self {
        Self {
            kind,
            n_rows: 0,
            n_pending: 0,
            max_exact_rows,
            positives: Side::Plain(Vec::new()),
            negatives: Side::Plain(Vec::new()),
        }
    }

    /// Adds a row; `score` is finite, `weight` positive and finite.
    #[inline]
    pub(crate) fn push(&mut self, is_positive: bool, score: f64, weight: f64) {
        let mut key = key_of(score);
        match &self.positives {
            Side::Plain(_) if weight != 1.0 => self.widen(false),
            Side::Counted(_) => {
                key = self.rounded(key);
                self.n_pending += 1;
            }
            _ => {}
        }
        let side = if is_positive {
            &mut self.positives
        } else {
            &mut self.negatives
        };
        side.push(key, weight);
        self.n_rows += 1;
        if self.n_rows > self.max_exact_rows && (self.n_pending == 0 || self.n_pending >= MAX_PENDING) {
            self.widen(true);
            self.sort();
            self.n_pending = 0;
        }
    }

    pub(crate) fn merge(&mut self, mut other: Self) {
        let n_rows = self.n_rows + other.n_rows;
        let weighted = |sample: &Self| matches!(sample.positives, Side::Weighted(_));
        if n_rows > self.max_exact_rows {
            self.widen(true);
            other.widen(true);
        } else if weighted(self) || weighted(&other) {
            self.widen(false);
        }
        self.positives.append(other.positives);
        self.negatives.append(other.negatives);
        self.n_rows = n_rows;
    }

    fn widen(&mut self, to_counts: bool) {
        let kind = self.kind;
        for side in [&mut self.positives, &mut self.negatives] {
            let old = std::mem::replace(side, Side::Plain(Vec::new()));
            *side = if to_counts {
                old.into_counted(|key| round(kind, key))
            } else {
                old.into_weighted()
            };
        }
    }

    fn rounded(&self, key: u64) -> u64 {
        round(self.kind, key)
    }

    fn sort(&mut self) {
        self.positives.sort();
        self.negatives.sort();
    }

    pub(crate) fn into_sorted(mut self) -> SortedScores {
        self.sort();
        SortedScores {
            is_exact: !matches!(self.positives, Side::Counted(_)),
            positives: self.positives,
            negatives: self.negatives,
        }
    }
}

fn round(kind: ScoreKind, key: u64) -> u64 {
    match kind {
        ScoreKind::Probability => {
            let unit = f64::from(1 << 20);
            key_of((score_of(key) * unit).round() / unit)
        }
        // Down to a multiple of 2^36 of the key: 16 bits of mantissa stay, and a finite score stays finite.
        ScoreKind::Free => key & !((1 << 36) - 1),
    }
}

/// Rows of one score.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Group {
    pub score: f64,
    pub positive: Mass,
    pub negative: Mass,
}

/// Scores in order.
pub(crate) struct SortedScores {
    positives: Side,
    negatives: Side,
    /// `false` where scores were rounded.
    pub is_exact: bool,
}

impl SortedScores {
    /// All positives and all negatives.
    pub(crate) fn totals(&self) -> [Mass; 2] {
        [&self.positives, &self.negatives].map(|side| match side {
            Side::Plain(rows) => Mass::of_rows(rows.len() as u64),
            Side::Weighted(rows) => total(rows),
            Side::Counted(rows) => total(rows),
        })
    }

    /// Visits the groups of equal score, highest first.
    pub(crate) fn descend(&self, visit: impl FnMut(&Group)) {
        self.descend_sampled(|mass| mass, visit);
    }

    /// The same with the rows of each entry replaced by what `sample` leaves of them, asked in a fixed order.
    pub(crate) fn descend_sampled(&self, sample: impl FnMut(Mass) -> Mass, visit: impl FnMut(&Group)) {
        match (&self.positives, &self.negatives) {
            (Side::Plain(positives), Side::Plain(negatives)) => walk(positives, negatives, sample, visit),
            (Side::Weighted(positives), Side::Weighted(negatives)) => {
                walk(positives, negatives, sample, visit);
            }
            (Side::Counted(positives), Side::Counted(negatives)) => walk(positives, negatives, sample, visit),
            _ => debug_assert!(false, "both sides are of one kind"),
        }
    }
}

fn total<E: Entry>(rows: &[E]) -> Mass {
    rows.iter().fold(Mass::default(), |sum, row| sum.plus(row.mass()))
}

fn walk<E: Entry>(
    positives: &[E],
    negatives: &[E],
    mut sample: impl FnMut(Mass) -> Mass,
    mut visit: impl FnMut(&Group),
) {
    let (mut left, mut right) = (positives.len(), negatives.len());
    let mut take = |rows: &[E], end: &mut usize, key: u64| {
        let mut total = Mass::default();
        while *end > 0 && rows[*end - 1].key() == key {
            *end -= 1;
            total = total.plus(sample(rows[*end].mass()));
        }
        total
    };
    loop {
        let key = match (left.checked_sub(1), right.checked_sub(1)) {
            (Some(p), Some(n)) => positives[p].key().max(negatives[n].key()),
            (Some(p), None) => positives[p].key(),
            (None, Some(n)) => negatives[n].key(),
            (None, None) => return,
        };
        let positive = take(positives, &mut left, key);
        let negative = take(negatives, &mut right, key);
        visit(&Group {
            score: score_of(key),
            positive,
            negative,
        });
    }
}
