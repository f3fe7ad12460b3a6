//! A comparison as a table for people: one line per column and method.
//!
//! Numbers are rounded to be read; the JSON document has all digits. Computes nothing.

use super::document::kind_name;
use super::{ColumnComparison, Comparison, MethodAnswer, TableRead};
use crate::report::format::{number, p_value, plural};
use std::fmt::Write as _;

/// Characters of a column's name that are shown, at most.
const MAX_NAME: usize = 40;

impl Comparison {
    /// The table.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for (what, table) in [("Baseline", &self.baseline), ("Current", &self.current)] {
            let _infallible = writeln!(out, "{what}: {}", table_line(table));
        }
        let _infallible = writeln!(out, "Convention: {}", self.convention);
        let rows: Vec<[String; 5]> = self.columns.iter().flat_map(lines).collect();
        let header = ["column", "method", "statistic", "p", "notes"].map(str::to_owned);
        let widths: Vec<usize> = (0..4)
            .map(|idx| {
                rows.iter()
                    .chain([&header])
                    .map(|row| row[idx].chars().count())
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        out.push('\n');
        for row in [&header].into_iter().chain(&rows) {
            let [column, method, statistic, p, notes] = row;
            let line = format!(
                "{column:0$}  {method:1$}  {statistic:>2$}  {p:>3$}  {notes}",
                widths[0], widths[1], widths[2], widths[3]
            );
            out.push_str(line.trim_end());
            out.push('\n');
        }
        for (what, names) in [
            ("Only in the baseline", &self.only_in_baseline),
            ("Only in the current table", &self.only_in_current),
        ] {
            if !names.is_empty() {
                let _infallible = writeln!(out, "\n{what}: {}", names.join(", "));
            }
        }
        if let Some(dataset) = &self.dataset {
            out.push('\n');
            out.push_str(&dataset.text());
        }
        out
    }
}

fn table_line(table: &TableRead) -> String {
    let line = format!("{}, {}", table.location, plural(table.n_rows, "row", "rows"));
    if table.n_rejected() == 0 {
        return line;
    }
    let reasons: Vec<String> = table
        .rejects_by_reason
        .iter()
        .map(|(reason, n)| format!("{reason}: {n}"))
        .collect();
    let lines = plural(table.n_rejected(), "line", "lines");
    format!("{line}; {lines} rejected ({})", reasons.join(", "))
}

/// The first line of a column carries its name and type.
fn lines(column: &ColumnComparison) -> Vec<[String; 5]> {
    let mut name: String = column.name.chars().take(MAX_NAME).collect();
    if name.len() < column.name.len() {
        name.push('…');
    }
    let mut name = format!("{name} ({})", kind_name(column.kind));
    let line = |answer: &MethodAnswer| {
        let [statistic, p, notes] = cells(answer);
        [
            std::mem::take(&mut name),
            answer.method.name().to_owned(),
            statistic,
            p,
            notes,
        ]
    };
    column.answers.iter().map(line).collect()
}

fn cells(answer: &MethodAnswer) -> [String; 3] {
    let measurement = match &answer.outcome {
        Ok(measurement) => measurement,
        Err(reason) => {
            return [
                "-".to_owned(),
                "-".to_owned(),
                format!("not computable: {reason}"),
            ];
        }
    };
    let mut notes = vec![measurement.convention.name().to_owned()];
    if answer.as_categories {
        notes.push("values taken as categories".to_owned());
    }
    if let Some(bound) = measurement.error_bound {
        notes.push(format!("exact value within ±{}", number(bound)));
    }
    if let Some(bins) = measurement.parameters.bins {
        notes.push(plural(bins, "bin", "bins"));
    }
    let p = measurement.p_value.map_or_else(String::new, p_value);
    [number(measurement.statistic), p, notes.join(", ")]
}
