//! All states of one column, bundled.
//!
//! Does not know the other columns, nor what a value of its own should be.

use super::categories::Categories;
use super::distinct::{DistinctState, hash_number};
use super::exact_sum::SumScratch;
use super::moments::Moments;
use super::numbers::Numbers;
use super::plan::{ColumnPlan, PlanKind};
use crate::summary::{CellCounts, ColumnSummary, Distinct, InferredType, NumericSummary, Position};
use crate::view::{CellClass, ColumnView};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Scratch memory of one thread, reused from batch to batch.
#[derive(Debug, Default)]
pub struct Scratch {
    sums: SumScratch,
    numbers: Vec<f64>,
}

/// The profile of one column.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ColumnProfile {
    name: String,
    kind: PlanKind,
    counts: [u64; CellClass::COUNT],
    spans: [Option<(Position, Position)>; 9],
    moments: Moments,
    numbers: Numbers,
    distinct_numbers: DistinctState,
    categories: Option<Categories>,
}

impl ColumnProfile {
    /// An empty profile.
    pub fn new(plan: &ColumnPlan) -> Self {
        Self {
            name: plan.name.clone(),
            kind: plan.kind,
            counts: [0; CellClass::COUNT],
            spans: [None; 9],
            moments: Moments::default(),
            numbers: Numbers::new(Arc::clone(&plan.grid), plan.exact_until),
            distinct_numbers: DistinctState::default(),
            categories: plan
                .needs_text()
                .then(|| Categories::new(plan.known.iter().map(String::as_str), plan.category_limit)),
        }
    }

    /// Adds a batch. `position_of(i)` says where cell `i` was read.
    pub fn update(
        &mut self,
        view: &ColumnView<'_>,
        position_of: impl Fn(usize) -> Position,
        scratch: &mut Scratch,
    ) {
        let mut counts = [0u64; CellClass::COUNT];
        for &class in view.classes {
            counts[class as usize] += 1;
        }
        self.note_spans(view.classes, &counts, &position_of);
        for (total, more) in self.counts.iter_mut().zip(&counts) {
            *total += more;
        }
        if self.kind != PlanKind::Categorical {
            let n_numbers = counts[CellClass::Integral as usize] + counts[CellClass::Fractional as usize];
            if n_numbers == view.classes.len() as u64 {
                self.add_numbers(view.numbers, &mut scratch.sums);
            } else if n_numbers > 0 {
                let mut numbers = std::mem::take(&mut scratch.numbers);
                numbers.clear();
                let cells = view.classes.iter().zip(view.numbers);
                numbers.extend(
                    cells
                        .filter(|(class, _)| is_number(**class))
                        .map(|(_, number)| *number),
                );
                self.add_numbers(&numbers, &mut scratch.sums);
                scratch.numbers = numbers;
            }
        }
        if let (Some(categories), Some(texts)) = (&mut self.categories, view.texts) {
            for (idx, class) in view.classes.iter().enumerate() {
                match class {
                    CellClass::Missing | CellClass::Absent => {}
                    CellClass::Boolean => categories.add_boolean(texts.get(idx)),
                    _ => categories.add(texts.get(idx)),
                }
            }
        }
    }

    fn add_numbers(&mut self, numbers: &[f64], sums: &mut SumScratch) {
        self.moments.add_all(numbers, sums);
        self.numbers.add_all(numbers);
        self.distinct_numbers
            .add_all(numbers.iter().map(|number| hash_number(*number)));
    }

    fn note_spans(
        &mut self,
        classes: &[CellClass],
        counts: &[u64; CellClass::COUNT],
        position_of: impl Fn(usize) -> Position,
    ) {
        let span = |first: usize, last: usize| (position_of(first), position_of(last));
        for class in &CellClass::ALL[..8] {
            let n = counts[*class as usize];
            if n == 0 {
                continue;
            }
            let (first, last) = if n == classes.len() as u64 {
                span(0, classes.len() - 1)
            } else {
                let first = classes.iter().position(|c| c == class).unwrap_or(0);
                let last = classes.iter().rposition(|c| c == class).unwrap_or(0);
                span(first, last)
            };
            widen(&mut self.spans[*class as usize], first, last);
        }
    }

    /// Says which object the cells seen so far are from.
    pub(super) fn place(&mut self, object_idx: u32) {
        for (first, last) in self.spans.iter_mut().flatten() {
            (first.object_idx, last.object_idx) = (object_idx, object_idx);
        }
    }

    /// Forgets where cells were missing: of a column without a plan that depends on which records were read together.
    pub(super) fn forget_missing_places(&mut self) {
        self.spans[CellClass::Missing as usize] = None;
        self.spans[CellClass::Absent as usize] = None;
    }

    /// Adds what `other`, of the same plan, has seen.
    pub fn merge(&mut self, other: &Self) {
        for (total, more) in self.counts.iter_mut().zip(&other.counts) {
            *total += more;
        }
        for (ours, theirs) in self.spans.iter_mut().zip(&other.spans) {
            if let Some((first, last)) = theirs {
                widen(ours, *first, *last);
            }
        }
        self.moments.merge(&other.moments);
        self.numbers.merge(&other.numbers);
        self.distinct_numbers.merge(&other.distinct_numbers);
        if let (Some(ours), Some(theirs)) = (&mut self.categories, &other.categories) {
            ours.merge(theirs);
        }
    }

    /// Whether a column that was read can be merged into this one.
    pub(super) fn accepts(&self, read: &Self) -> bool {
        self.name == read.name
            && self.kind == read.kind
            && read.moments.is_sound()
            && self.numbers.accepts(&read.numbers)
            && read.distinct_numbers.is_sound()
            && self.categories.is_some() == read.categories.is_some()
            && read.categories.as_ref().is_none_or(Categories::is_sound)
    }

    /// What its cells are taken for.
    pub(super) fn kind(&self) -> PlanKind {
        self.kind
    }

    /// Counts `n` more cells as missing: rows of the data set that never named this column.
    pub fn add_missing(&mut self, n: u64) {
        self.counts[CellClass::Missing as usize] += n;
    }

    /// Cells seen, `Absent` ones included.
    pub fn n_cells(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The column's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The finished statistics. The type is inferred from the cells unless the plan took the column for categories.
    pub fn finish(self) -> ColumnSummary {
        let of = |class: CellClass| self.counts[class as usize];
        let counts = CellCounts {
            n_missing: of(CellClass::Missing),
            n_integral: of(CellClass::Integral),
            n_fractional: of(CellClass::Fractional),
            n_boolean: of(CellClass::Boolean),
            n_text: of(CellClass::Text),
            n_nan: of(CellClass::Nan),
            n_positive_infinity: of(CellClass::PositiveInfinity),
            n_negative_infinity: of(CellClass::NegativeInfinity),
            n_absent: of(CellClass::Absent),
        };
        let inferred = counts.inferred_type();
        let inferred_type = match self.kind {
            PlanKind::Categorical if inferred.is_numeric() => InferredType::String,
            _ => inferred,
        };
        let wants_numeric = match self.kind {
            PlanKind::Numeric => true,
            PlanKind::Categorical => false,
            PlanKind::Undetermined => inferred_type.is_numeric(),
        };
        let numeric = if wants_numeric { self.numeric() } else { None };
        let categorical = match self.kind {
            PlanKind::Undetermined if inferred_type.is_numeric() => None,
            _ => self.categories.map(Categories::finish),
        };
        ColumnSummary {
            name: self.name,
            inferred_type,
            counts,
            numeric,
            categorical,
            spans: self.spans,
        }
    }

    fn numeric(&self) -> Option<NumericSummary> {
        let (min, max) = (self.moments.min()?, self.moments.max()?);
        let points = self.numbers.clone().finish(min, max);
        let distinct = if points.is_exact() {
            Distinct::Exact(points.values.len() as u64)
        } else {
            self.distinct_numbers.finish()
        };
        Some(NumericSummary {
            n: self.moments.n(),
            sum: self.moments.sum(),
            mean: self.moments.mean()?,
            std_dev: self.moments.std_dev()?,
            min,
            max,
            distinct,
            points,
        })
    }
}

#[inline]
fn is_number(class: CellClass) -> bool {
    matches!(class, CellClass::Integral | CellClass::Fractional)
}

fn widen(span: &mut Option<(Position, Position)>, first: Position, last: Position) {
    *span = Some(match *span {
        Some((f, l)) => (f.min(first), l.max(last)),
        None => (first, last),
    });
}
