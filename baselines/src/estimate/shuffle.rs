//! scikit-learn's seeded stratified 90/10 shuffles, so that the decision to calibrate falls as NannyML's does.
//!
//! `StratifiedShuffleSplit(n_splits=10, test_size=0.1, random_state=42)` of scikit-learn 1.9.1 over NumPy's legacy
//! `RandomState`: [`crate::mersenne`], bounded integers by masked rejection, Fisher–Yates from the end. Does not know what the rows are.

use crate::mersenne::Mt19937;

/// `numpy.random.RandomState(seed)`.
pub(super) struct RandomState(Mt19937);

impl RandomState {
    pub(super) fn new(seed: u32) -> Self {
        Self(Mt19937::from_seed(seed))
    }

    pub(super) fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// Uniform in `0..=max`.
    fn at_most(&mut self, max: u32) -> usize {
        if max == 0 {
            return 0;
        }
        let mask = u32::MAX >> max.leading_zeros();
        loop {
            let drawn = self.next_u32() & mask;
            if drawn <= max {
                return drawn as usize;
            }
        }
    }

    fn shuffle(&mut self, items: &mut [usize]) {
        for last in (1..items.len()).rev() {
            let other = self.at_most(last as u32);
            items.swap(last, other);
        }
    }

    pub(super) fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut items: Vec<usize> = (0..n).collect();
        self.shuffle(&mut items);
        items
    }
}

/// One split: row indices to fit on and to test on.
pub(super) struct Split {
    pub(super) train: Vec<usize>,
    pub(super) test: Vec<usize>,
}

/// Ten splits of rows with two classes. Empty where scikit-learn refuses: a class with one row, or a side with
/// fewer rows than classes.
pub(super) fn stratified_splits(label: &[bool]) -> Vec<Split> {
    let class_rows: Vec<Vec<usize>> = [false, true]
        .iter()
        .map(|&class| (0..label.len()).filter(|&row| label[row] == class).collect())
        .filter(|rows: &Vec<usize>| !rows.is_empty())
        .collect();
    let n_test = (label.len() as f64 * 0.1).ceil() as usize;
    let n_train = label.len().saturating_sub(n_test);
    let refused = class_rows.iter().any(|rows| rows.len() < 2);
    if refused || n_test < class_rows.len() || n_train < class_rows.len() {
        return Vec::new();
    }
    let mut generator = RandomState::new(42);
    (0..10)
        .map(|_| one_split(&class_rows, n_train, n_test, &mut generator))
        .collect()
}

fn one_split(class_rows: &[Vec<usize>], n_train: usize, n_test: usize, generator: &mut RandomState) -> Split {
    let sizes: Vec<usize> = class_rows.iter().map(Vec::len).collect();
    let train_sizes = approximate_mode(&sizes, n_train, generator);
    let left: Vec<usize> = sizes
        .iter()
        .zip(&train_sizes)
        .map(|(all, train)| all - train)
        .collect();
    let test_sizes = approximate_mode(&left, n_test, generator);
    let mut split = Split {
        train: Vec::new(),
        test: Vec::new(),
    };
    for (class, rows) in class_rows.iter().enumerate() {
        let order: Vec<usize> = generator
            .permutation(rows.len())
            .into_iter()
            .map(|at| rows[at])
            .collect();
        let (train, rest) = order.split_at(train_sizes[class]);
        split.train.extend_from_slice(train);
        split
            .test
            .extend_from_slice(&rest[..test_sizes[class].min(rest.len())]);
    }
    generator.shuffle(&mut split.train);
    generator.shuffle(&mut split.test);
    split
}

/// The mode of the multivariate hypergeometric distribution, ties by lot: scikit-learn's `_approximate_mode`.
fn approximate_mode(sizes: &[usize], n_draws: usize, generator: &mut RandomState) -> Vec<usize> {
    let total: usize = sizes.iter().sum();
    let exact: Vec<f64> = sizes
        .iter()
        .map(|&size| size as f64 / total as f64 * n_draws as f64)
        .collect();
    let mut drawn: Vec<usize> = exact.iter().map(|share| share.floor() as usize).collect();
    let mut missing = n_draws.saturating_sub(drawn.iter().sum());
    let remainders: Vec<f64> = exact.iter().map(|share| share - share.floor()).collect();
    let mut values = remainders.clone();
    values.sort_by(f64::total_cmp);
    values.dedup();
    for value in values.into_iter().rev() {
        if missing == 0 {
            break;
        }
        let tied: Vec<usize> = (0..sizes.len())
            .filter(|&class| remainders[class] == value)
            .collect();
        let add = tied.len().min(missing);
        for at in generator.permutation(tied.len()).into_iter().take(add) {
            drawn[tied[at]] += 1;
        }
        missing -= add;
    }
    drawn
}
