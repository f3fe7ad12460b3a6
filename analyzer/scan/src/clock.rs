//! When each row was: by the time of its record, or by a column of the table that says it.
//!
//! Does not know windows or blocks.

use crate::error::EngineError;
use crate::plan::ScanColumns;
use crate::probe::{Probe, SideShape};
use crate::table::{CellSink, TableObject};
use crate::tally::Rows;
use baselines::profile::{ColumnPlan, PlanKind};
use baselines::summary::Position;
use baselines::view::{CellClass, ColumnView};
use capture::layout::{LayoutColumn, Side};
use capture::time::parse_rfc3339;

/// Tells the second of each row.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    column: Option<(usize, String)>,
}

impl Clock {
    /// The clock of a scan. A table tells times in its column `timestamp`, which is taken up into `columns` behind
    /// those that have a plan; capture tells them itself.
    pub fn new(columns: &mut ScanColumns, probe: &Probe, timestamp: Option<&str>) -> Self {
        let names = probe.header.as_ref().or(match &probe.input {
            Some(SideShape::Named(names)) if probe.is_table() => Some(names),
            _ => None,
        });
        let (Some(names), Some(timestamp)) = (names, timestamp) else {
            return Self::default();
        };
        let Some(position) = names.iter().position(|name| name == timestamp) else {
            return Self::default();
        };
        let planned = columns.plans.iter().position(|plan| plan.name == timestamp);
        let idx = planned.unwrap_or_else(|| {
            let column = LayoutColumn {
                name: timestamp.to_owned(),
                side: Side::Input,
                needs_text: true,
            };
            columns
                .layout
                .take_up(column, probe.header.is_some().then_some(position))
        });
        columns.layout.set_needs_text(idx, true);
        Self {
            column: Some((idx, timestamp.to_owned())),
        }
    }

    /// The second of each row of a chunk; `None` where it has no time that can be read.
    pub fn seconds(&self, rows: &Rows<'_>, seconds: &mut Vec<Option<i64>>) {
        seconds.clear();
        match &self.column {
            Some((idx, _)) => {
                let cells = rows.batch.planned().get(*idx);
                seconds.extend(cells.into_iter().flat_map(|cells| times(cells.view())));
                seconds.resize(rows.batch.n_rows(), None);
            }
            None => seconds.extend_from_slice(rows.seconds),
        }
    }

    /// The second of each row of a Parquet object.
    pub fn parquet_seconds(&self, table: &TableObject<'_>) -> Result<Vec<Option<i64>>, EngineError> {
        let Some((_, name)) = &self.column else {
            return Ok(Vec::new());
        };
        let mut found = Times(Vec::new());
        let plan = ColumnPlan::unknown(name, PlanKind::Categorical);
        table.read(&[plan], true, &mut found)?;
        Ok(found.0)
    }

    /// Whether the times are in a column of the table.
    pub fn column(&self) -> Option<&str> {
        self.column.as_ref().map(|(_, name)| name.as_str())
    }
}

struct Times(Vec<Option<i64>>);

impl CellSink for Times {
    fn planned(&mut self, _idx: usize, cells: &ColumnView<'_>, _position_of: &dyn Fn(usize) -> Position) {
        self.0.extend(times(*cells));
    }

    fn extra(&mut self, _name: &str, _cells: &ColumnView<'_>, _position_of: &dyn Fn(usize) -> Position) {}
}

/// RFC 3339 times, a blank instead of the `T` or a missing zone (then UTC) allowed; else numbers of seconds,
/// milliseconds, micro- or nanoseconds since 1970, told by their size.
fn times(cells: ColumnView<'_>) -> impl Iterator<Item = Option<i64>> {
    let texts = cells.texts;
    cells
        .classes
        .iter()
        .enumerate()
        .map(move |(idx, class)| match class {
            CellClass::Text => {
                let text = std::str::from_utf8(texts?.get(idx)).ok()?;
                second_of(text)
            }
            CellClass::Integral | CellClass::Fractional => epoch(*cells.numbers.get(idx)?),
            _ => None,
        })
}

fn second_of(text: &str) -> Option<i64> {
    parse_rfc3339(text).or_else(|| {
        let text = text.trim();
        let datetime = text
            .parse::<jiff::civil::DateTime>()
            .or_else(|_| text.parse::<jiff::civil::Date>().map(|date| date.at(0, 0, 0, 0)));
        let zoned = datetime.ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(zoned.timestamp().as_second())
    })
}

/// Seconds since 1970 of a number: years 1973 to 5138 in its unit.
fn epoch(number: f64) -> Option<i64> {
    let size = number.abs();
    let per_second = match size {
        1e8..1e11 => 1.0,
        1e11..1e14 => 1e3,
        1e14..1e17 => 1e6,
        1e17..1e20 => 1e9,
        _ => return None,
    };
    Some((number / per_second).floor() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_the_forms_that_tables_have() {
        // date -u -d 2022-04-18T00:21:48Z +%s (GNU coreutils 9.1) = 1650241308
        for text in [
            "2022-04-18T00:21:48Z",
            "2022-04-18T00:21:48.152Z",
            "2022-04-18 00:21:48",
            "2022-04-18T02:21:48+02:00",
        ] {
            assert_eq!(second_of(text), Some(1_650_241_308), "{text}");
        }
        assert_eq!(second_of("2022-04-18"), Some(1_650_240_000));
        assert_eq!(second_of("Monday"), None);
        for number in [
            1_650_241_308.0,
            1_650_241_308_500.0,
            1.650_241_308e15,
            1.650_241_308e18,
        ] {
            assert_eq!(epoch(number), Some(1_650_241_308), "{number}");
        }
        assert_eq!(epoch(12.0), None);
    }
}
