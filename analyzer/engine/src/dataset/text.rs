//! The answers over all columns together as a table for people.
//!
//! Numbers are rounded to be read; the JSON document has all digits. Computes nothing.

use super::{Dataset, DatasetAnswer};
use crate::report::format::{number, p_value, percent, plural};
use baselines::multivariate::{
    AssociationChange, CentroidDistance, DomainClassifier, Interval, KernelForm, MaximumMeanDiscrepancy,
    NannymlReconstruction, NotComputable, PcaReconstruction,
};
use std::fmt::Write as _;

/// Columns and pairs that are shown, at most.
const MAX_SHOWN: usize = 5;

type Line = [String; 4];

impl Dataset {
    /// The table, ending with a line feed.
    pub(crate) fn text(&self) -> String {
        let mut out = String::from("All columns together");
        let [total, used] = [self.total_rows, self.used_rows];
        let _infallible = writeln!(
            out,
            ": {}, {} and {} rows{}, seed {}",
            plural(self.columns.len() as u64, "column", "columns"),
            used[0],
            used[1],
            if total == used {
                String::new()
            } else {
                format!(" sampled of {} and {}", total[0], total[1])
            },
            self.seed,
        );
        for column in &self.left_out {
            let _infallible = writeln!(out, "Left out: {} ({})", column.column, column.reason);
        }
        out.push('\n');
        let mut lines: Vec<Line> = self.answers.iter().map(line).collect();
        for embedding in &self.embeddings {
            let name = &embedding.name;
            let rows = [
                ("centroid distance", cells(&embedding.centroid, centroid)),
                ("mmd", cells(&embedding.mmd, kernel)),
                (
                    "domain classifier",
                    cells(&embedding.domain_classifier, classifier),
                ),
            ];
            for (method, [statistic, p, notes]) in rows {
                lines.push([format!("{name}: {method}"), statistic, p, notes]);
            }
        }
        push_table(&mut out, ["method", "statistic", "p", "notes"], &lines);
        let ranking: Vec<Line> = self
            .ranking
            .iter()
            .take(MAX_SHOWN)
            .map(|column| {
                let importance = column.importance.map_or_else(|| "-".to_owned(), number);
                let distance = match &column.univariate {
                    Ok(found) => number(found.statistic),
                    Err(_) => "-".to_owned(),
                };
                [column.column.clone(), importance, distance, String::new()]
            })
            .collect();
        out.push_str("\nColumns that carry most of the difference\n\n");
        push_table(&mut out, ["column", "importance", "JS distance", ""], &ranking);
        out
    }
}

fn push_table(out: &mut String, header: [&str; 4], lines: &[Line]) {
    let header = header.map(str::to_owned);
    let all = || [&header].into_iter().chain(lines);
    let width = |idx: usize| all().map(|line| line[idx].chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2)];
    for [first, second, third, notes] in all() {
        let line = format!(
            "{first:0$}  {second:>1$}  {third:>2$}  {notes}",
            widths[0], widths[1], widths[2]
        );
        out.push_str(line.trim_end());
        out.push('\n');
    }
}

fn line(answer: &DatasetAnswer) -> Line {
    let (name, [statistic, p, notes]) = match answer {
        DatasetAnswer::DomainClassifier(found) => ("domain_classifier", cells(found, classifier)),
        DatasetAnswer::PcaReconstruction(found) => ("pca_reconstruction", cells(found, reconstruction)),
        DatasetAnswer::NannymlReconstruction(found) => ("pca_reconstruction", cells(found, nannyml)),
        DatasetAnswer::Mmd(found) => ("mmd", cells(found, kernel)),
        DatasetAnswer::AssociationChange(found) => ("association_change", cells(found, associations)),
    };
    [name.to_owned(), statistic, p, notes]
}

fn cells<T>(found: &Result<T, NotComputable>, shown: impl FnOnce(&T) -> [String; 3]) -> [String; 3] {
    match found {
        Ok(found) => shown(found),
        Err(reason) => [
            "-".to_owned(),
            "-".to_owned(),
            format!("not computable: {reason}"),
        ],
    }
}

fn ends(interval: Interval) -> String {
    format!("{} to {}", number(interval.low), number(interval.high))
}

fn classifier(found: &DomainClassifier) -> [String; 3] {
    let notes = format!("AUC, 95 % interval {}; 0.5: cannot tell", ends(found.interval));
    [number(found.auc), p_value(found.p_value), notes]
}

fn reconstruction(found: &PcaReconstruction) -> [String; 3] {
    let notes = format!(
        "baseline {}; a current row is further from its plane in {} (95 % interval {} to {})",
        number(found.baseline_value),
        percent(found.share_further),
        percent(found.interval.low),
        percent(found.interval.high)
    );
    [number(found.value), p_value(found.p_value), notes]
}

fn nannyml(found: &NannymlReconstruction) -> [String; 3] {
    let n_alerts = found
        .current_chunks
        .iter()
        .filter(|chunk| found.is_outside(chunk.value))
        .count();
    let lower = found.lower_limit.map_or_else(|| "none".to_owned(), number);
    let notes = format!(
        "nannyml, limits {lower} and {}; {n_alerts} of {} outside",
        number(found.upper_limit),
        plural(found.current_chunks.len() as u64, "chunk", "chunks")
    );
    [number(found.value.value), String::new(), notes]
}

fn kernel(found: &MaximumMeanDiscrepancy) -> [String; 3] {
    let form = match found.form {
        KernelForm::Quadratic => "all pairs of rows",
        KernelForm::RandomFourierFeatures { .. } => "random Fourier features",
    };
    let notes = format!("MMD², {form}, {} permutations", found.n_permutations);
    [number(found.mmd_squared), p_value(found.p_value), notes]
}

fn associations(found: &AssociationChange) -> [String; 3] {
    let pairs = plural(found.n_pairs as u64, "pair", "pairs");
    let largest: Vec<String> = found
        .largest
        .iter()
        .take_while(|pair| pair.adjusted_p_value <= 0.05)
        .take(MAX_SHOWN)
        .map(|pair| {
            let [left, right] = &pair.columns;
            format!(
                "{left} and {right} {} to {}",
                number(pair.baseline),
                number(pair.current)
            )
        })
        .collect();
    let mut notes = format!("{} of {pairs} changed", found.n_changed);
    if !largest.is_empty() {
        let _infallible = write!(notes, ": {}", largest.join(", "));
    }
    let z = found.largest.first().map_or(0.0, |pair| pair.z.abs());
    [number(z), p_value(found.p_value), notes]
}

fn centroid(found: &CentroidDistance) -> [String; 3] {
    let mut notes = "Euclidean".to_owned();
    if let (Some(cosine), Some(p)) = (found.cosine, found.cosine_p_value) {
        let _infallible = write!(notes, "; cosine {} (p {})", number(cosine), p_value(p));
    }
    [number(found.euclidean), p_value(found.euclidean_p_value), notes]
}
