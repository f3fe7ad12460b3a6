//! Persistence over judged windows, alarms as stretches, and what page and table say of them.

use super::alarms::{Flag, Seen};
use super::*;

/// Flags of one column: `x` flagged, `.` quiet, `?` not judged, ` ` no data.
fn replayed(persistence: &str, columns: &[&str]) -> Backtest {
    let n = columns[0].chars().count();
    let flag = |state: char| match state {
        'x' => Seen::Flagged(Flag {
            severity: Severity::Warning,
            value: 0.25,
            limit: 0.02,
            p_adjusted: Some(1e-9),
            description: "the numbers have moved up".to_owned(),
        }),
        '.' => Seen::Quiet,
        _ => Seen::NotJudged,
    };
    let at = |column: &str, idx: usize| column.chars().nth(idx).unwrap();
    let judged = Judged {
        seen: (0..n)
            .map(|idx| columns.iter().map(|column| flag(at(column, idx))).collect())
            .collect(),
        has_rows: (0..n).map(|idx| at(columns[0], idx) != ' ').collect(),
    };
    let names: Vec<String> = (0..columns.len()).map(|idx| format!("c{idx}")).collect();
    let persistence: Persistence = persistence.parse().unwrap();
    let windows = (0..n as i64).map(|idx| WindowReplay {
        start: 1_767_225_600 + idx * 86_400,
        end: 1_767_225_600 + (idx + 1) * 86_400,
        n_rows: u64::from(at(columns[0], idx as usize) != ' ') * 100,
        n_other_findings: 0,
    });
    Backtest {
        monitor: "small".to_owned(),
        window: Length::DAY,
        persistence,
        reference: Reference::Baseline,
        calibrated: true,
        windows: windows.collect(),
        budgets: vec![judged.replay(FalseAlarmBudget::default(), Length::DAY, persistence, &names)],
        columns: names,
        n_rejected: 0,
        n_without_time: 0,
    }
}

fn states(backtest: &Backtest, column: usize) -> String {
    let letter = |cell: &Cell| match cell {
        Cell::NoData => ' ',
        Cell::NotEvaluated => '?',
        Cell::Quiet => '.',
        Cell::Flagged => 'f',
        Cell::Alarm => 'A',
    };
    backtest.budgets[0]
        .cells
        .iter()
        .map(|row| letter(&row[column]))
        .collect()
}

#[test]
fn flags_ring_as_persistence_says() {
    for (persistence, flags, expected, stretches) in [
        ("1 of 1", ".x.xx.", ".A.AA.", &[(1, 1, 1), (3, 4, 2)][..]),
        ("2 of 3", ".x.xx.", ".f.AA.", &[(3, 4, 2)]),
        ("2 of 3", "x x", "f A", &[(2, 2, 1)]),
        ("1 of 1", "x?x", "A?A", &[(0, 2, 2)]),
        ("1 of 1", "x x", "A A", &[(0, 2, 2)]),
        ("2 of 2", "x.x.x", "f.f.f", &[]),
        ("1 of 1", "....", "....", &[]),
    ] {
        let backtest = replayed(persistence, &[flags]);
        assert_eq!(states(&backtest, 0), expected, "{persistence} {flags}");
        let found: Vec<_> = backtest.budgets[0]
            .alarms
            .iter()
            .map(|alarm| (alarm.first_window, alarm.last_window, alarm.n_windows))
            .collect();
        assert_eq!(found, stretches, "{persistence} {flags}");
    }
}

#[test]
fn page_table_and_document_tell_the_same_alarms() {
    let backtest = replayed("1 of 1", &["..xx. .", "......x"]);
    assert_eq!(backtest.budgets[0].n_ringing_windows(), 3);
    assert_eq!(backtest.n_empty_windows(), 1);
    let (text, page) = (backtest.text(), backtest.page());
    let document: serde_json::Value = serde_json::from_slice(&backtest.document().unwrap()).unwrap();
    let budget = &document["budgets"][0];
    assert_eq!(budget["alarms"][0]["start"], "2026-01-03T00:00:00Z");
    assert_eq!(budget["alarms"][0]["end"], "2026-01-05T00:00:00Z");
    assert_eq!(budget["states"]["c0"][5], "no_data");
    assert_eq!(budget["states"]["c1"][6], "alarm");
    for told in ["2026-01-03", "2026-01-07", "c0", "c1", "1 per 90 days"] {
        assert!(text.contains(told) && page.contains(told), "{told}\n{text}");
    }
    assert!(text.contains("1 window has no data"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 160), "{text}");
    assert!(
        page.contains("<svg") && page.contains("#D00005"),
        "alarms are drawn"
    );
    assert_eq!(page, backtest.page());
}

#[test]
fn a_long_history_still_fits_a_page() {
    let long: String = (0..20_000)
        .map(|idx| if idx % 3 == 0 { 'x' } else { '.' })
        .collect();
    let page = replayed("1 of 1", &[&long, &long]).page();
    assert!(page.len() < 1_000_000, "{}", page.len());
    assert!(
        page.contains("One mark is the worst of 34 windows"),
        "marks are merged"
    );
}
