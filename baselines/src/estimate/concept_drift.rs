//! Concept drift on the labels there are: do calibrated probabilities still say how often the label comes true?
//!
//! Two goodness-of-fit tests of new labels against the probabilities the baseline calibrated. Both hypotheses are "the
//! label is Bernoulli with exactly this probability", the assumption under which an estimate from inputs is right; a
//! shift of the inputs alone does not move them. Does not know which rows have labels: if labels come sooner for one
//! class than for the other, the tests reject for that reason.

use statrs::distribution::{ChiSquared, ContinuousCDF, Normal};

use crate::compare::NotComputable;

/// Fewest labelled rows to test.
const MIN_ROWS: usize = 30;
/// Groups of the Hosmer–Lemeshow test.
const GROUPS: usize = 10;
/// A group is tested with at least this many expected positives and negatives (Cochran's rule).
const MIN_EXPECTED: f64 = 5.0;

/// Which test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CalibrationTest {
    /// z = Σ (y − p)(1 − 2p) / √Σ (1 − 2p)² p(1 − p), two-sided normal. Spiegelhalter 1986, Statistics in Medicine 5,
    /// 421–433. The Brier score against its expectation.
    Spiegelhalter,
    /// Σ over ten groups of equal count by p: (observed − expected)² / (n p̄ (1 − p̄)), χ² with as many degrees of
    /// freedom as groups, because p was fitted on other data. Hosmer and Lemeshow 1980, Commun. Stat. A 9, in its
    /// external-validation form.
    HosmerLemeshow,
    /// z = Σ (y − p) / √Σ p(1 − p): calibration in the large, two-sided normal. Cox 1958, Biometrika 45.
    InTheLarge,
}

/// One test's answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConceptDriftTest {
    /// Which.
    pub test: CalibrationTest,
    /// z or χ².
    pub statistic: f64,
    /// Degrees of freedom of χ².
    pub degrees_of_freedom: Option<u64>,
    /// Probability of a statistic as extreme without concept drift.
    pub p_value: f64,
}

/// What the labels say about the assumption.
#[derive(Debug, Clone, PartialEq)]
pub struct ConceptDriftEvidence {
    /// Labelled rows that entered.
    pub n_rows: u64,
    /// Mean label − mean probability: more (above 0) or fewer positives than calibrated.
    pub excess_rate: f64,
    /// Every test, in a fixed order.
    pub tests: Vec<Result<ConceptDriftTest, NotComputable>>,
    /// Smallest p-value times the number of tests computed (Bonferroni), at most 1: the one to decide by.
    pub p_value: f64,
}

/// Tests labels against calibrated probabilities of the same rows, in the same order. For several classes call it
/// per class, one against the rest.
///
/// `n_calibration` is the number of baseline rows that the calibration was learnt from: probabilities learnt from n
/// rows are themselves uncertain, so z is divided by √(1 + m/n) and χ² by 1 + m/n for m labels (the variance of a
/// difference of two shares under equal score distributions). `None` takes the probabilities as known.
///
/// # Errors
/// Fewer than 30 rows; slices of different lengths or values outside 0–1 (`Malformed`); every probability 0 or 1
/// (`NoSpread`).
pub fn concept_drift(
    probability: &[f64],
    label: &[bool],
    n_calibration: Option<u64>,
) -> Result<ConceptDriftEvidence, NotComputable> {
    if probability.len() != label.len() || probability.iter().any(|value| !(0.0..=1.0).contains(value)) {
        return Err(NotComputable::Malformed);
    }
    if probability.len() < MIN_ROWS {
        return Err(NotComputable::TooFew {
            needed: MIN_ROWS as u64,
        });
    }
    let mut rows: Vec<(f64, f64)> = probability
        .iter()
        .zip(label)
        .map(|(&p, &y)| (p, f64::from(u8::from(y))))
        .collect();
    rows.sort_by(|left, right| left.0.total_cmp(&right.0).then(left.1.total_cmp(&right.1)));
    let learnt_from = n_calibration.map_or(f64::INFINITY, |n| n.max(1) as f64);
    let inflation = 1.0 + rows.len() as f64 / learnt_from;
    let tests = vec![
        spiegelhalter(&rows, inflation),
        hosmer_lemeshow(&rows, inflation),
        in_the_large(&rows, inflation),
    ];
    let computed: Vec<f64> = tests.iter().flatten().map(|test| test.p_value).collect();
    let smallest = computed
        .iter()
        .copied()
        .reduce(f64::min)
        .ok_or(NotComputable::NoSpread)?;
    Ok(ConceptDriftEvidence {
        n_rows: rows.len() as u64,
        excess_rate: rows.iter().map(|(p, y)| y - p).sum::<f64>() / rows.len() as f64,
        p_value: (smallest * computed.len() as f64).min(1.0),
        tests,
    })
}

fn normal_test(test: CalibrationTest, sum: f64, variance: f64) -> Result<ConceptDriftTest, NotComputable> {
    if variance <= 0.0 {
        return Err(NotComputable::NoSpread);
    }
    let statistic = sum / variance.sqrt();
    let p_value = (2.0 * Normal::standard().sf(statistic.abs())).min(1.0);
    Ok(ConceptDriftTest {
        test,
        statistic,
        degrees_of_freedom: None,
        p_value,
    })
}

fn spiegelhalter(rows: &[(f64, f64)], inflation: f64) -> Result<ConceptDriftTest, NotComputable> {
    let sum = rows.iter().map(|(p, y)| (y - p) * (1.0 - 2.0 * p)).sum();
    let variance: f64 = rows
        .iter()
        .map(|(p, _)| (1.0 - 2.0 * p).powi(2) * p * (1.0 - p))
        .sum();
    normal_test(CalibrationTest::Spiegelhalter, sum, variance * inflation)
}

fn in_the_large(rows: &[(f64, f64)], inflation: f64) -> Result<ConceptDriftTest, NotComputable> {
    let sum = rows.iter().map(|(p, y)| y - p).sum();
    let variance: f64 = rows.iter().map(|(p, _)| p * (1.0 - p)).sum();
    normal_test(CalibrationTest::InTheLarge, sum, variance * inflation)
}

/// Ascending rows are cut at tenths; equal probabilities stay together, and groups expecting fewer than five
/// positives or negatives join the next.
fn hosmer_lemeshow(rows: &[(f64, f64)], inflation: f64) -> Result<ConceptDriftTest, NotComputable> {
    let mut groups: Vec<Group> = Vec::new();
    let mut open = Group::default();
    for tied in rows.chunk_by(|left, right| left.0 == right.0) {
        for (p, y) in tied {
            open.add(*p, *y);
        }
        let seen: f64 = groups.iter().map(|group| group.n).sum::<f64>() + open.n;
        let due = seen * GROUPS as f64 >= (groups.len() + 1) as f64 * rows.len() as f64;
        if due && open.is_testable() {
            groups.push(std::mem::take(&mut open));
        }
    }
    if let Some(last) = groups.last_mut() {
        last.join(&open);
    }
    if groups.len() < 2 {
        return Err(NotComputable::TooFewCategories);
    }
    let statistic = groups.iter().map(Group::term).sum::<f64>() / inflation;
    let degrees = groups.len() as u64;
    let distribution = ChiSquared::new(degrees as f64).map_err(|_| NotComputable::TooFewCategories)?;
    Ok(ConceptDriftTest {
        test: CalibrationTest::HosmerLemeshow,
        statistic,
        degrees_of_freedom: Some(degrees),
        p_value: distribution.sf(statistic).clamp(0.0, 1.0),
    })
}

#[derive(Default)]
struct Group {
    n: f64,
    expected: f64,
    observed: f64,
}

impl Group {
    fn add(&mut self, p: f64, y: f64) {
        self.n += 1.0;
        self.expected += p;
        self.observed += y;
    }

    fn join(&mut self, other: &Self) {
        self.n += other.n;
        self.expected += other.expected;
        self.observed += other.observed;
    }

    fn is_testable(&self) -> bool {
        self.expected >= MIN_EXPECTED && self.n - self.expected >= MIN_EXPECTED
    }

    fn term(&self) -> f64 {
        let mean = self.expected / self.n;
        (self.observed - self.expected).powi(2) / (self.n * mean * (1.0 - mean))
    }
}
