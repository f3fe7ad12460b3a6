//! The second reading of a baseline: its rows by time block, on the partition the baseline froze.
//!
//! Each worker counts on its own; counts are integers, so merging in any order gives the same. Does not know what
//! blocks tell (`baselines::calibrate`).

use crate::error::EngineError;
use crate::plan::ScanColumns;
use crate::probe::Probe;
use crate::progress::Progress;
use crate::scan::clock::Clock;
use crate::scan::tally::{Rows, Tally};
use crate::scan::{ScanSettings, scan_into};
use crate::sources::Source;
use crate::table::CellSink;
use ::scan::table::TableObject;
use baselines::baseline::Baseline;
use baselines::calibrate::{BlockCounts, Partition, Placement};
use baselines::profile::{ColumnPlan, PlanKind};
use baselines::summary::Position;
use baselines::view::ColumnView;
use std::collections::HashMap;
use std::sync::Arc;

/// How a baseline's data are read again by time.
#[derive(Debug, Clone)]
pub(crate) struct BlockReading {
    columns: ScanColumns,
    clock: Clock,
    partition: Arc<Partition>,
    targets: Arc<[Option<usize>]>,
    by_name: Arc<HashMap<String, usize>>,
}

impl BlockReading {
    /// A reading of the data that `columns` read, on the partition of `baseline`; `timestamp` is the column in which a
    /// table has its times.
    pub(crate) fn new(
        columns: &ScanColumns,
        baseline: &Baseline,
        probe: &Probe,
        timestamp: Option<&str>,
    ) -> Self {
        let partition = Arc::new(Partition::of(baseline));
        let by_name: HashMap<String, usize> = partition
            .columns()
            .iter()
            .enumerate()
            .map(|(idx, column)| (column.name().to_owned(), idx))
            .collect();
        let mut columns = columns.clone();
        let targets: Vec<Option<usize>> = columns
            .plans
            .iter()
            .map(|plan| by_name.get(&plan.name).copied())
            .collect();
        for (idx, (plan, target)) in columns.plans.iter_mut().zip(&targets).enumerate() {
            let needs_text = target.is_some_and(|target| partition.columns()[target].needs_text());
            plan.kind = if needs_text {
                PlanKind::Categorical
            } else {
                PlanKind::Numeric
            };
            columns.layout.set_needs_text(idx, needs_text);
        }
        let clock = Clock::new(&mut columns, probe, timestamp);
        Self {
            columns,
            clock,
            partition,
            targets: targets.into(),
            by_name: Arc::new(by_name),
        }
    }

    /// Reads the objects and counts.
    pub(crate) async fn read(
        &self,
        sources: &[Source],
        settings: &ScanSettings,
        progress: &dyn Progress,
    ) -> Result<CountedBlocks, EngineError> {
        let settings = ScanSettings {
            max_kept_rejects: 0,
            only_planned: settings.only_planned && self.by_name.len() <= self.columns.plans.len(),
            ..settings.clone()
        };
        let plans: Arc<[ColumnPlan]> = self.columns.plans.clone().into();
        let make = || BlockTally {
            counts: BlockCounts::new(Arc::clone(&self.partition)),
            clock: self.clock.clone(),
            targets: Arc::clone(&self.targets),
            by_name: Arc::clone(&self.by_name),
            plans: Arc::clone(&plans),
            only_planned: settings.only_planned,
            placement: Placement::default(),
            seconds: Vec::new(),
            n_rows: 0,
            n_timed: 0,
        };
        let (tally, _) = scan_into(sources, &self.columns, &settings, progress, make).await?;
        Ok(CountedBlocks {
            counts: tally.counts,
            n_rows: tally.n_rows,
            n_timed: tally.n_timed,
        })
    }

    /// The column that tells the times of a table's rows; capture tells them itself.
    pub(crate) fn time_column(&self) -> Option<&str> {
        self.clock.column()
    }
}

/// What the reading found.
#[derive(Debug)]
pub(crate) struct CountedBlocks {
    /// The counts.
    pub(crate) counts: BlockCounts,
    /// Rows read.
    pub(crate) n_rows: u64,
    /// Those with a time.
    pub(crate) n_timed: u64,
}

struct BlockTally {
    counts: BlockCounts,
    clock: Clock,
    /// The partition's column of each planned one; labels have none.
    targets: Arc<[Option<usize>]>,
    by_name: Arc<HashMap<String, usize>>,
    plans: Arc<[ColumnPlan]>,
    only_planned: bool,
    placement: Placement,
    seconds: Vec<Option<i64>>,
    n_rows: u64,
    n_timed: u64,
}

impl Tally for BlockTally {
    const WANTS_SECONDS: bool = true;

    fn take(&mut self, rows: &Rows<'_>) {
        self.clock.seconds(rows, &mut self.seconds);
        self.n_rows += self.seconds.len() as u64;
        self.n_timed += self.seconds.iter().flatten().count() as u64;
        self.counts.place(&self.seconds, &mut self.placement);
        for (cells, target) in rows.batch.planned().iter().zip(self.targets.iter()) {
            if let Some(target) = target {
                self.counts.update(*target, &cells.view(), &self.placement);
            }
        }
        for extra in rows.batch.extra() {
            if let Some(target) = self.by_name.get(&extra.name) {
                self.counts.update(*target, &extra.cells.view(), &self.placement);
            }
        }
    }

    fn take_parquet(&mut self, table: &TableObject<'_>) -> Result<u64, EngineError> {
        let seconds = self.clock.parquet_seconds(table)?;
        let mut sink = Placed {
            counts: &mut self.counts,
            targets: &self.targets,
            by_name: &self.by_name,
            seconds: &seconds,
            placement: &mut self.placement,
            slice: &mut self.seconds,
        };
        let (plans, only_planned) = (&self.plans, self.only_planned);
        let n_rows = table.read(plans, only_planned, &mut sink)?;
        self.n_rows += n_rows;
        self.n_timed += seconds.iter().flatten().count() as u64;
        Ok(n_rows)
    }

    fn merge(&mut self, other: Self) {
        self.counts.merge(other.counts);
        self.n_rows += other.n_rows;
        self.n_timed += other.n_timed;
    }
}

/// Counts the cells of a Parquet object, whose columns come one after the other.
struct Placed<'a> {
    counts: &'a mut BlockCounts,
    targets: &'a [Option<usize>],
    by_name: &'a HashMap<String, usize>,
    seconds: &'a [Option<i64>],
    placement: &'a mut Placement,
    slice: &'a mut Vec<Option<i64>>,
}

impl Placed<'_> {
    fn count(&mut self, target: usize, cells: &ColumnView<'_>, position_of: &dyn Fn(usize) -> Position) {
        let n = cells.classes.len();
        if n == 0 {
            return;
        }
        let first = (position_of(0).line as usize).saturating_sub(1);
        self.slice.clear();
        let rows = self.seconds.get(first..first + n).unwrap_or_default();
        self.slice.extend_from_slice(rows);
        self.slice.resize(n, None);
        self.counts.place(self.slice, self.placement);
        self.counts.update(target, cells, self.placement);
    }
}

impl CellSink for Placed<'_> {
    fn planned(&mut self, idx: usize, cells: &ColumnView<'_>, position_of: &dyn Fn(usize) -> Position) {
        if let Some(target) = self.targets.get(idx).copied().flatten() {
            self.count(target, cells, position_of);
        }
    }

    fn extra(&mut self, name: &str, cells: &ColumnView<'_>, position_of: &dyn Fn(usize) -> Position) {
        if let Some(target) = self.by_name.get(name).copied() {
            self.count(target, cells, position_of);
        }
    }
}
