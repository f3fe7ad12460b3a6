//! How sayings are held against each other, on windows made by hand. Whole replays are in `tests/it`.

use super::*;

fn said(topic: Topic, column: &str) -> Said {
    Said {
        topic,
        column: Some(column.to_owned()),
        check: topic.name().to_owned(),
        description: format!("{column} is not as it was"),
    }
}

fn window(idx: i64, default: &[Said], compat: &[Said], recorded: Option<&[Said]>) -> ReplayWindow {
    ReplayWindow {
        start: idx * 3600,
        end: (idx + 1) * 3600,
        n_rows: 10,
        default: default.to_vec(),
        compat: compat.to_vec(),
        recorded: recorded.map(<[Said]>::to_vec),
    }
}

fn history() -> Replay {
    let (drift, types) = (said(Topic::Drift, "a"), said(Topic::Type, "b"));
    let both = [drift.clone(), types.clone()];
    Replay {
        title: "capture".to_owned(),
        schedule: Some("ep/schedule".to_owned()),
        every: Length::from_seconds(3600),
        calibrated: false,
        windows: vec![
            window(
                0,
                &both,
                std::slice::from_ref(&types),
                Some(std::slice::from_ref(&types)),
            ),
            window(1, &[], std::slice::from_ref(&types), Some(&[])),
            window(2, &[], &[], None),
            window(
                3,
                std::slice::from_ref(&types),
                std::slice::from_ref(&types),
                None,
            ),
        ],
        n_rejected: 1,
        n_without_time: 0,
        n_unmatched: 2,
    }
}

#[test]
fn agreement_misses_and_suppressions_are_counted_by_subject() {
    let replay = history();
    let tallies = replay.tallies();
    let of = |topic, column: &str| tallies[&(topic, Some(column.to_owned()))];
    assert_eq!(
        of(Topic::Drift, "a"),
        Tally {
            missed: 1,
            ..Tally::default()
        }
    );
    assert_eq!(
        of(Topic::Type, "b"),
        Tally {
            agreed: 2,
            suppressed: 1,
            recorded: 1,
            missed: 0
        }
    );
    assert_eq!(
        (replay.n_judged(), replay.n_same(), replay.n_recorded()),
        (4, 2, (2, 1))
    );
}

#[test]
fn text_page_and_document_tell_the_same() {
    let replay = history();
    let text = replay.text();
    for expect in [
        "a: drift",
        "missed by the compatible mode: a: drift",
        "suppressed by the default: b: type; not in Model Monitor's own run: b: type",
        "Model Monitor's own runs of ep/schedule: the compatible mode says the same in 1 of 2 windows",
        "2 outputs of Model Monitor belong to no window",
        "1 line of the capture could not be read",
    ] {
        assert!(text.contains(expect), "{expect}\n{text}");
    }
    let page = replay.page();
    assert!(page.contains("Only the compatible") && page.matches("<svg").count() == 3);
    for outside in ["src=\"http", "href=\"http", "@import", "<script"] {
        assert!(!page.contains(outside), "{outside}");
    }
    let document: serde_json::Value = serde_json::from_slice(&replay.document().unwrap()).unwrap();
    assert_eq!(document["n_same"], 2);
    assert_eq!(document["windows"][0]["missed_by_compat"][0], "drift/a");
    assert_eq!(document["windows"][1]["as_recorded"], false);
    assert_eq!(document["windows"][2].get("recorded"), None);
    assert_eq!(replay.document().unwrap(), history().document().unwrap());
}

#[test]
fn columns_that_are_missing_are_the_data_sets_matter() {
    let house = Said {
        check: "absent_column".to_owned(),
        ..said(Topic::Columns, "a")
    };
    let theirs = Said {
        check: "missing_column_check".to_owned(),
        ..said(Topic::Columns, "Missing columns")
    };
    assert_eq!(house.subject(), theirs.subject());
}

#[test]
fn nothing_found_is_said() {
    let replay = Replay {
        windows: vec![window(0, &[], &[], None)],
        ..history()
    };
    assert!(replay.text().contains("Neither mode finds anything"));
    assert!(replay.page().contains("Neither mode finds anything"));
}
