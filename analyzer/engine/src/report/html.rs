//! The report as one self-contained HTML page: no script, no font, no picture from elsewhere, under one megabyte.
//!
//! Layout lives in `templates/report/`; this file decides only how much of the model a page can carry. It knows no
//! verdict types and formats no numbers of its own but positions and how many entries were left out.

use std::borrow::Cow;
use std::collections::HashMap;

use askama::Template;

use super::chart;
use super::clip::{clip, cut};
use super::dress::{count_of, plural_of, severity_class, status_class};
use super::format::{percent, plural};
use super::group::{Group, group};
use super::model::{ChangeCard, Chart, ColumnRow, Finding, ReportModel, Status};

/// No page is larger than this many bytes.
pub const MAX_PAGE_BYTES: usize = 1_000_000;

/// How much of the model one attempt at the page shows.
#[derive(Debug, Clone, Copy)]
struct Budget {
    n_cards: usize,
    n_sparklines: usize,
    n_rows: usize,
    /// Entries of every other list.
    n_listed: usize,
    /// Characters of a sentence.
    prose: usize,
    /// Characters of a column name.
    name: usize,
}

/// Tried in turn until the page fits. At the last one every string is at most 120 characters (600 bytes escaped)
/// and there are under 800 of them, so it always does.
const BUDGETS: [Budget; 5] = [
    Budget {
        n_cards: 20,
        n_sparklines: 250,
        n_rows: 5000,
        n_listed: 60,
        prose: 700,
        name: 120,
    },
    Budget {
        n_cards: 20,
        n_sparklines: 100,
        n_rows: 2500,
        n_listed: 40,
        prose: 500,
        name: 96,
    },
    Budget {
        n_cards: 12,
        n_sparklines: 60,
        n_rows: 1000,
        n_listed: 30,
        prose: 300,
        name: 64,
    },
    Budget {
        n_cards: 5,
        n_sparklines: 20,
        n_rows: 300,
        n_listed: 15,
        prose: 200,
        name: 48,
    },
    Budget {
        n_cards: 0,
        n_sparklines: 0,
        n_rows: 50,
        n_listed: 10,
        prose: 120,
        name: 40,
    },
];

/// Rows of the column table, and columns of one group of findings, that are visible before anything is unfolded.
const N_UNFOLDED_ROWS: usize = 40;
const N_UNFOLDED_MEMBERS: usize = 10;

/// The report page. The same model gives the same bytes.
pub fn html(model: &ReportModel) -> String {
    let mut page = String::new();
    for budget in BUDGETS {
        page = Page::new(model, budget)
            .render()
            .expect("rendering into a String reports no error");
        if page.len() <= MAX_PAGE_BYTES {
            break;
        }
    }
    page
}

#[derive(Template)]
#[template(path = "report/page.html")]
struct Page<'m> {
    model: &'m ReportModel,
    budget: Budget,
    cards: Vec<CardView<'m>>,
    rows: Vec<RowView<'m>>,
    card_of: HashMap<&'m str, usize>,
    volume: Option<(String, String)>,
}

struct CardView<'m> {
    card: &'m ChangeCard,
    position: usize,
    svg: Option<String>,
    bins: Vec<BinView>,
    note: Option<String>,
}

struct BinView {
    name: String,
    baseline: String,
    current: String,
}

struct RowView<'m> {
    row: &'m ColumnRow,
    spark: Option<String>,
    card: Option<usize>,
}

impl<'m> Page<'m> {
    fn new(model: &'m ReportModel, budget: Budget) -> Self {
        let cards: Vec<CardView<'m>> = model
            .changes
            .iter()
            .take(budget.n_cards)
            .enumerate()
            .map(|(idx, card)| CardView::new(card, idx + 1))
            .collect();
        let mut card_of = HashMap::new();
        for view in &cards {
            card_of.entry(view.card.column.as_str()).or_insert(view.position);
        }
        let rows = model.columns.iter().take(budget.n_rows).enumerate();
        let rows = rows
            .map(|(idx, row)| RowView {
                row,
                spark: row
                    .chart
                    .as_ref()
                    .filter(|_| idx < budget.n_sparklines)
                    .and_then(chart::sparkline),
                card: card_of.get(row.name.as_str()).copied(),
            })
            .collect();
        Self {
            model,
            budget,
            cards,
            rows,
            card_of,
            volume: model.health.volume.as_ref().and_then(chart::volume),
        }
    }

    fn name<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if text.is_empty() {
            Cow::Borrowed("(no name)")
        } else {
            clip(text, self.budget.name)
        }
    }

    fn prose<'t>(&self, text: &'t str) -> Cow<'t, str> {
        cut(text, self.budget.prose)
    }

    /// A value with a place of its own, such as a fact.
    fn line<'t>(&self, text: &'t str) -> Cow<'t, str> {
        cut(text, self.budget.prose.min(160))
    }

    /// A table cell; a dash where the model has nothing to say.
    fn cell<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if text.is_empty() {
            Cow::Borrowed("–")
        } else {
            clip(text, self.budget.name.min(60))
        }
    }

    fn listed<'t, T>(&self, entries: &'t [T]) -> &'t [T] {
        &entries[..entries.len().min(self.budget.n_listed)]
    }

    fn n_left_out<T>(&self, entries: &[T]) -> usize {
        entries.len().saturating_sub(self.budget.n_listed)
    }

    fn has_examples(&self) -> bool {
        self.model
            .health
            .rejects
            .iter()
            .any(|row| !row.example.is_empty())
    }

    fn groups(&self) -> Vec<Group<'_>> {
        group(&self.model.findings)
    }

    fn open_members<'t>(&self, members: &'t [&'m Finding]) -> &'t [&'m Finding] {
        let listed = self.listed(members);
        &listed[..listed.len().min(N_UNFOLDED_MEMBERS)]
    }

    fn folded_members<'t>(&self, members: &'t [&'m Finding]) -> &'t [&'m Finding] {
        let listed = self.listed(members);
        &listed[listed.len().min(N_UNFOLDED_MEMBERS)..]
    }

    fn open_rows(&self) -> &[RowView<'m>] {
        &self.rows[..self.rows.len().min(N_UNFOLDED_ROWS)]
    }

    fn folded_rows(&self) -> &[RowView<'m>] {
        &self.rows[self.rows.len().min(N_UNFOLDED_ROWS)..]
    }

    fn card_of(&self, column: &str) -> Option<usize> {
        self.card_of.get(column).copied()
    }

    /// What the page leaves out although the model has it; empty where it shows everything.
    fn left_out(&self) -> Vec<String> {
        let mut out = Vec::new();
        let mut note = |n: usize, one: &str, many: &str| {
            if n > 0 {
                out.push(plural(n as u64, one, many));
            }
        };
        let groups = self.groups();
        let n_shown: usize = self
            .listed(&groups)
            .iter()
            .map(|group| self.listed(&group.members).len())
            .sum();
        note(self.model.findings.len() - n_shown, "finding", "findings");
        note(
            self.model.changes.len() - self.cards.len(),
            "chart in full size",
            "charts in full size",
        );
        let n_small = self
            .model
            .columns
            .iter()
            .skip(self.budget.n_sparklines)
            .filter(|row| row.chart.is_some())
            .count();
        note(n_small, "small chart", "small charts");
        note(
            self.model.columns.len() - self.rows.len(),
            "row of the column table",
            "rows of the column table",
        );
        out
    }
}

impl<'m> CardView<'m> {
    fn new(card: &'m ChangeCard, position: usize) -> Self {
        let svg = card
            .chart
            .as_ref()
            .and_then(|c| chart::column(c, &clip(&card.column, 80)));
        let bins = match &card.chart {
            Some(chart) if svg.is_some() => bins(chart),
            _ => Vec::new(),
        };
        Self {
            card,
            position,
            svg,
            bins,
            note: card.chart.as_ref().and_then(chart::open_ends),
        }
    }
}

fn bins(chart: &Chart) -> Vec<BinView> {
    let (baseline, current) = chart::sides(chart);
    let pairs = baseline.iter().zip(current).enumerate();
    pairs
        .map(|(idx, (baseline, current))| BinView {
            name: chart::bin_name(chart, idx),
            baseline: percent(*baseline),
            current: percent(*current),
        })
        .collect()
}
