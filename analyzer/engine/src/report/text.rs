//! The report as a terminal summary: at most 100 columns wide, no colour, no escape sequences.
//!
//! Says the most important entries of each part and how many it leaves out. It does not know the terminal: width is
//! fixed, so that the same model gives the same bytes.

use std::borrow::Cow;

use textwrap::core::display_width;
use textwrap::{Options, WordSplitter, wrap};

use super::clip::{clip, cut};
use super::format::count;
use super::group::group;
use super::model::{ColumnRow, Finding, Health, ReportModel};

/// No line is wider than this many terminal columns.
pub const TEXT_WIDTH: usize = 100;

const N_GROUPS: usize = 10;
const N_MEMBERS: usize = 5;
const N_COLUMNS: usize = 12;
const N_REJECTS: usize = 8;
const N_ENTRIES: usize = 6;
const MAX_PROSE: usize = 600;

/// The summary, ending with a line break. The same model gives the same bytes.
pub fn text(model: &ReportModel) -> String {
    let mut out = Lines::default();
    let title = if model.title.is_empty() {
        String::new()
    } else {
        format!("  {}", model.title)
    };
    out.paragraph("", &format!("{}{title}", model.status.label().to_uppercase()));
    for line in [&model.subtitle, &model.headline] {
        if !line.is_empty() {
            out.paragraph("", line);
        }
    }
    facts(&mut out, model);
    findings(&mut out, &model.findings);
    columns(&mut out, model);
    health(&mut out, &model.health);
    schema(&mut out, model);
    not_evaluated(&mut out, model);
    if !model.footer.is_empty() {
        out.blank();
        for line in model.footer.iter().take(N_ENTRIES) {
            out.paragraph("", line);
        }
    }
    out.text
}

#[derive(Default)]
struct Lines {
    text: String,
}

impl Lines {
    fn push(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn blank(&mut self) {
        self.push("");
    }

    /// `text` wrapped to the width, every line behind `indent`.
    fn paragraph(&mut self, indent: &str, text: &str) {
        self.hanging(indent, indent, text);
    }

    /// `text` wrapped to the width, its first line behind `first`, the others behind `rest`.
    fn hanging(&mut self, first: &str, rest: &str, text: &str) {
        let options = Options::new(TEXT_WIDTH)
            .initial_indent(first)
            .subsequent_indent(rest)
            .word_splitter(WordSplitter::NoHyphenation);
        for line in wrap(&cut(text, MAX_PROSE), options) {
            self.push(&line);
        }
    }

    /// How a limit came about and what to do, as far as there are words for it.
    fn how(&mut self, indent: &str, derivation: &str, remedy: &str) {
        if !derivation.is_empty() {
            self.hanging(indent, indent, &format!("limit: {derivation}"));
        }
        if !remedy.is_empty() {
            self.hanging(&format!("{indent}→ "), &format!("{indent}  "), remedy);
        }
    }

    fn heading(&mut self, title: &str) {
        self.blank();
        self.push(title);
    }

    fn left_out(&mut self, n: usize) {
        if n > 0 {
            self.push(&format!("  … and {} more in verdict.json", count(n as u64)));
        }
    }
}

/// `text` in exactly `width` terminal columns, padded on the right.
fn left(text: &str, width: usize) -> String {
    let text = fitted(text, width);
    let pad = width - display_width(&text);
    format!("{text}{:pad$}", "")
}

/// `text` in exactly `width` terminal columns, padded on the left.
fn right(text: &str, width: usize) -> String {
    let text = fitted(text, width);
    let pad = width - display_width(&text);
    format!("{:pad$}{text}", "")
}

/// `text` in at most `width` terminal columns.
fn fitted(text: &str, width: usize) -> Cow<'_, str> {
    (0..=width)
        .rev()
        .map(|n| clip(text, n))
        .find(|t| display_width(t) <= width)
        .unwrap_or(Cow::Borrowed(""))
}

fn dash(text: &str) -> &str {
    if text.is_empty() { "–" } else { text }
}

fn facts(out: &mut Lines, model: &ReportModel) {
    if model.facts.is_empty() {
        return;
    }
    out.blank();
    let width = model
        .facts
        .iter()
        .map(|fact| display_width(&clip(&fact.label, 24)))
        .max()
        .unwrap_or(0)
        .min(24);
    for fact in &model.facts {
        let first = format!("  {}  ", left(&fact.label, width));
        let rest = " ".repeat(width + 4);
        let note = if fact.note.is_empty() {
            String::new()
        } else {
            format!(" ({})", fact.note)
        };
        out.hanging(&first, &rest, &format!("{}{note}", fact.value));
    }
}

fn findings(out: &mut Lines, findings: &[Finding]) {
    if findings.is_empty() {
        return;
    }
    out.heading(&format!("Findings ({})", findings.len()));
    let indent = " ".repeat(12);
    let groups = group(findings);
    for group in groups.iter().take(N_GROUPS) {
        let members = &group.members[..group.members.len().min(N_MEMBERS)];
        let check = if group.check.is_empty() {
            "finding"
        } else {
            group.check
        };
        let n = match group.members.len() {
            1 => String::new(),
            n => format!(" · {} findings", count(n as u64)),
        };
        out.hanging(
            &format!("  {:<9} ", group.severity.label()),
            &indent,
            &format!("{}{n}", clip(check, 60)),
        );
        let width = members
            .iter()
            .map(|f| display_width(&clip(place(f), 40)))
            .max()
            .unwrap_or(0)
            .min(40);
        for finding in members {
            let first = format!("{indent}{}  ", left(place(finding), width));
            let rest = " ".repeat(width + 14);
            out.hanging(&first, &rest, &sentence(finding));
            let [derivation, remedy] = group.own_words(finding);
            out.how(&rest, derivation, remedy);
        }
        let n_more = group.members.len() - members.len();
        if n_more > 0 {
            out.push(&format!("{indent}… and {} more", count(n_more as u64)));
        }
        out.how(
            &indent,
            group.derivation.unwrap_or_default(),
            group.remedy.unwrap_or_default(),
        );
    }
    let n_shown: usize = groups
        .iter()
        .take(N_GROUPS)
        .map(|group| group.members.len())
        .sum();
    out.left_out(findings.len() - n_shown);
}

fn place(finding: &Finding) -> &str {
    if finding.column.is_empty() {
        "(data set)"
    } else {
        &finding.column
    }
}

fn sentence(finding: &Finding) -> String {
    match (finding.value.is_empty(), finding.limit.is_empty()) {
        (true, true) => finding.what.clone(),
        (false, true) => format!("{} ({})", finding.what, finding.value),
        (true, false) => format!("{} (limit {})", finding.what, finding.limit),
        (false, false) => format!("{} ({}, limit {})", finding.what, finding.value, finding.limit),
    }
}

fn columns(out: &mut Lines, model: &ReportModel) {
    if model.columns.is_empty() {
        return;
    }
    let shown: Vec<&ColumnRow> = model.columns.iter().take(N_COLUMNS).collect();
    out.heading(&match model.columns.len() {
        n if n > shown.len() => format!(
            "Columns, the most changed first ({} of {})",
            shown.len(),
            count(n as u64)
        ),
        n => format!("Columns, the most changed first ({})", count(n as u64)),
    });
    let heading = if model.distance_heading.is_empty() {
        "Distance"
    } else {
        &model.distance_heading
    };
    let width = shown
        .iter()
        .map(|row| display_width(&clip(&row.name, 40)))
        .max()
        .unwrap_or(0)
        .clamp(6, 27);
    let mut row = |cells: [&str; 7]| {
        let [name, kind, distance, p, detectable, missing, status] = cells;
        out.push(&format!(
            "  {}  {}  {}  {}  {}  {}  {}",
            left(name, width),
            left(kind, 10),
            right(distance, 10),
            right(p, 8),
            right(detectable, 10),
            right(missing, 7),
            left(status, 13)
        ));
    };
    row(["Column", "Type", heading, "p", "Detectable", "Missing", "Status"]);
    for column in shown {
        row([
            &column.name,
            dash(&column.inferred_type),
            dash(&column.distance),
            dash(&column.p_value),
            dash(&column.detectable),
            dash(&column.missing),
            column.status.label(),
        ]);
    }
    if !model.power.is_empty() {
        out.paragraph("  ", &model.power);
    }
}

fn health(out: &mut Lines, health: &Health) {
    if health.is_empty() {
        return;
    }
    out.heading("Data health");
    if !health.summary.is_empty() {
        out.paragraph("  ", &health.summary);
    }
    if !health.counts.is_empty() {
        let counts: Vec<String> = health
            .counts
            .iter()
            .map(|fact| format!("{} {}", fact.label.to_lowercase(), fact.value))
            .collect();
        out.paragraph("  ", &counts.join(" · "));
    }
    for row in health.rejects.iter().take(N_REJECTS) {
        let example = if row.example.is_empty() {
            String::new()
        } else {
            format!("; first at {}", row.example)
        };
        out.hanging(
            "  rejected  ",
            "            ",
            &format!("{} {} ({}{example})", row.count, row.reason, row.share),
        );
    }
    out.left_out(health.rejects.len().saturating_sub(N_REJECTS));
    for note in health.notes.iter().take(N_ENTRIES) {
        out.paragraph("  ", note);
    }
}

fn schema(out: &mut Lines, model: &ReportModel) {
    if model.schema_changes.is_empty() {
        return;
    }
    out.heading(&format!("Schema changes ({})", model.schema_changes.len()));
    for change in model.schema_changes.iter().take(N_ENTRIES) {
        let detail = if change.detail.is_empty() {
            String::new()
        } else {
            format!(" ({})", change.detail)
        };
        out.hanging(
            "  ",
            "    ",
            &format!("{}: {}{detail}", clip(&change.column, 60), change.what),
        );
    }
    out.left_out(model.schema_changes.len().saturating_sub(N_ENTRIES));
}

fn not_evaluated(out: &mut Lines, model: &ReportModel) {
    if model.not_evaluated.is_empty() {
        return;
    }
    out.heading(&format!("Not evaluated ({})", model.not_evaluated.len()));
    for entry in model.not_evaluated.iter().take(N_ENTRIES) {
        let remedy = if entry.remedy.is_empty() {
            String::new()
        } else {
            format!(" → {}", entry.remedy)
        };
        out.hanging(
            "  ",
            "    ",
            &format!("{}: {}{remedy}", clip(&entry.what, 60), entry.reason),
        );
    }
    out.left_out(model.not_evaluated.len().saturating_sub(N_ENTRIES));
}
