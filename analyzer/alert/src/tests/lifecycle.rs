//! One incident from its opening to its recovery, and what people do to it.

use super::fixtures::{HOUR, START, VIOLATION, WARNING, desk, memory_desk, settings, window};
use crate::fact::{RunFact, RunStage};
use crate::settings::{AlertSettings, RateLimit};
use crate::state::Acknowledgement;
use baselines::decide::QuietHours;

const ID: &str = "traffic-20261101T010000Z";

fn now(at: i64) -> i64 {
    START + (at + 1) * HOUR
}

#[tokio::test]
async fn an_incident_is_opened_once_goes_on_escalates_and_recovers() {
    let (desk, courier) = memory_desk(settings());
    desk.tell(&[window(0, 1, None)], &[], now(0)).await.unwrap();
    assert_eq!(courier.ids(), Vec::<String>::new());
    let told = desk.tell(&[window(1, 1, WARNING)], &[], now(1)).await.unwrap();
    assert_eq!(told.open, [ID]);
    assert_eq!(courier.ids(), [format!("{ID}.1.opened.team")]);
    for at in [2, 2, 3] {
        desk.tell(&[window(at, 1, WARNING)], &[], now(at)).await.unwrap();
    }
    assert_eq!(courier.ids().len(), 1, "it goes on: nothing new to say");
    desk.tell(&[window(4, 1, VIOLATION)], &[], now(4)).await.unwrap();
    assert_eq!(
        courier.ids()[1..],
        [
            format!("{ID}.1.opened.oncall"),
            format!("{ID}.1.escalated-2.team")
        ]
    );
    desk.tell(&[window(5, 1, None)], &[], now(5)).await.unwrap();
    desk.tell(&[window(5, 1, None)], &[], now(6)).await.unwrap();
    assert_eq!(
        courier.ids()[3..],
        [
            format!("{ID}.1.recovered.oncall"),
            format!("{ID}.1.recovered.team")
        ]
    );
    desk.tell(&[window(7, 1, WARNING)], &[], now(7)).await.unwrap();
    assert_eq!(
        courier.ids()[5..],
        ["traffic-20261101T070000Z.1.opened.team"],
        "the next one is another"
    );
}

#[tokio::test]
async fn recovery_waits_for_as_many_calm_windows_as_asked() {
    let (desk, courier) = memory_desk(AlertSettings {
        recover_after: 2,
        ..settings()
    });
    for (at, severity) in [(1, WARNING), (2, None), (3, WARNING), (4, None), (5, None)] {
        desk.tell(&[window(at, 1, severity)], &[], now(at)).await.unwrap();
    }
    assert_eq!(
        courier.ids(),
        [format!("{ID}.1.opened.team"), format!("{ID}.1.recovered.team")]
    );
}

#[tokio::test]
async fn a_window_that_could_not_be_evaluated_says_nothing() {
    let (desk, courier) = memory_desk(settings());
    desk.tell(&[window(1, 1, WARNING)], &[], now(1)).await.unwrap();
    let mut silent = window(2, 1, None);
    silent.status = baselines::document::verdict::StatusV1::NotEvaluated;
    let told = desk.tell(&[silent], &[], now(2)).await.unwrap();
    assert_eq!((told.open.len(), courier.ids().len()), (1, 1));
}

#[tokio::test]
async fn a_revision_can_end_an_incident_and_begin_it_again() {
    let (desk, courier) = memory_desk(settings());
    desk.tell(&[window(1, 1, WARNING)], &[], now(1)).await.unwrap();
    desk.tell(&[window(1, 2, None)], &[], now(2)).await.unwrap();
    desk.tell(&[window(1, 1, WARNING)], &[], now(3)).await.unwrap();
    assert_eq!(
        courier.ids().len(),
        2,
        "an older revision that comes late counts for nothing"
    );
    desk.tell(&[window(1, 3, WARNING)], &[], now(4)).await.unwrap();
    let expected = ["1.opened", "1.recovered", "2.opened"].map(|what| format!("{ID}.{what}.team"));
    assert_eq!(courier.ids(), expected);
}

#[tokio::test]
async fn an_earlier_window_that_comes_late_belongs_to_the_incident_that_is_known() {
    let (desk, courier) = memory_desk(settings());
    desk.tell(&[window(2, 1, WARNING)], &[], now(2)).await.unwrap();
    desk.tell(&[window(1, 1, WARNING)], &[], now(3)).await.unwrap();
    let told = desk.tell(&[window(3, 1, None)], &[], now(4)).await.unwrap();
    assert_eq!(told.open, Vec::<String>::new());
    let expected = ["opened", "recovered"].map(|what| format!("traffic-20261101T020000Z.1.{what}.team"));
    assert_eq!(courier.ids(), expected);
}

#[tokio::test]
async fn what_was_over_before_alerts_began_is_not_said() {
    let (desk, courier) = memory_desk(settings());
    let history = [window(1, 1, WARNING), window(2, 1, None), window(3, 1, WARNING)];
    desk.tell(&history, &[], now(3)).await.unwrap();
    assert_eq!(courier.ids(), ["traffic-20261101T030000Z.1.opened.team"]);
    // Later, one that began and ended unnoticed is said, in order.
    desk.tell(
        &[window(4, 1, None), window(5, 1, WARNING), window(6, 1, None)],
        &[],
        now(6),
    )
    .await
    .unwrap();
    let kinds: Vec<String> = courier.ids()[1..].to_vec();
    assert_eq!(kinds.len(), 3, "{kinds:?}");
    assert!(
        kinds.contains(&"traffic-20261101T050000Z.1.recovered.team".to_owned()),
        "{kinds:?}"
    );
}

#[tokio::test]
async fn a_mute_holds_back_what_goes_on_and_drops_what_is_over() {
    let (desk, courier) = memory_desk(settings());
    desk.tell(&[window(0, 1, None)], &[], now(0)).await.unwrap();
    desk.mute(now(4), "ana", Some("load test"), now(0)).await.unwrap();
    for (at, severity) in [(1, WARNING), (2, None), (3, WARNING)] {
        let told = desk.tell(&[window(at, 1, severity)], &[], now(at)).await.unwrap();
        assert!(told.muted);
    }
    assert_eq!(courier.ids(), Vec::<String>::new());
    let told = desk.tell(&[], &[], now(4)).await.unwrap();
    assert!(!told.muted);
    assert_eq!(courier.ids(), ["traffic-20261101T030000Z.1.opened.team"]);
    assert!(!desk.unmute(now(5)).await.unwrap(), "it has run out");
}

#[tokio::test]
async fn muted_hours_are_a_mute() {
    // 2026-11-01 is a Sunday.
    let mute_hours = QuietHours::parse(["Sun 00:00-06:00"]).unwrap();
    let (desk, courier) = memory_desk(AlertSettings {
        mute_hours,
        ..settings()
    });
    assert!(
        desk.tell(&[window(1, 1, WARNING)], &[], now(1))
            .await
            .unwrap()
            .muted
    );
    desk.tell(&[], &[], now(6)).await.unwrap();
    assert_eq!(courier.ids(), [format!("{ID}.1.opened.team")]);
}

#[tokio::test]
async fn reminders_come_until_somebody_takes_it_on() {
    let (desk, courier) = memory_desk(AlertSettings {
        remind_every: Some(2 * HOUR),
        ..settings()
    });
    for at in 1..=6 {
        desk.tell(&[window(at, 1, WARNING)], &[], now(at)).await.unwrap();
    }
    let expected = ["opened", "reminder-1", "reminder-2"].map(|what| format!("{ID}.1.{what}.team"));
    assert_eq!(courier.ids(), expected);
    let given = Acknowledgement {
        by: "ana".to_owned(),
        at: now(6),
        reason: None,
    };
    let wrong = desk
        .acknowledge(Some("nothing"), &given)
        .await
        .unwrap_err()
        .to_string();
    assert!(wrong.contains("nothing") && wrong.contains(ID), "{wrong}");
    assert_eq!(desk.acknowledge(None, &given).await.unwrap(), ID);
    for at in 7..=12 {
        desk.tell(&[window(at, 1, WARNING)], &[], now(at)).await.unwrap();
    }
    desk.tell(&[window(13, 1, None)], &[], now(13)).await.unwrap();
    assert_eq!(
        courier.ids()[3..],
        ["acknowledged", "recovered"].map(|what| format!("{ID}.1.{what}.team"))
    );
    let nothing = desk.acknowledge(None, &given).await.unwrap_err().to_string();
    assert_eq!(nothing, "no incident is open");
}

#[tokio::test]
async fn a_route_without_recoveries_is_silent_about_them() {
    let mut wanted = settings();
    wanted.routes.get_mut("team").unwrap().recoveries = false;
    let (desk, courier) = memory_desk(wanted);
    for (at, severity) in [(1, WARNING), (2, None), (3, WARNING)] {
        desk.tell(&[window(at, 1, severity)], &[], now(at)).await.unwrap();
    }
    assert_eq!(
        courier.ids(),
        [
            format!("{ID}.1.opened.team"),
            "traffic-20261101T030000Z.1.opened.team".to_owned()
        ]
    );
}

#[tokio::test]
async fn the_rate_limit_holds_back_and_lets_go_later() {
    let rate_limit = Some(RateLimit { n: 1, seconds: HOUR });
    let (desk, courier) = memory_desk(AlertSettings {
        rate_limit,
        ..settings()
    });
    desk.tell(&[window(1, 1, WARNING)], &[], now(1)).await.unwrap();
    desk.tell(&[window(2, 1, None)], &[], now(1) + 60).await.unwrap();
    assert_eq!(courier.ids().len(), 1, "the recovery waits");
    desk.tell(&[], &[], now(1) + HOUR).await.unwrap();
    assert_eq!(
        courier.ids(),
        [format!("{ID}.1.opened.team"), format!("{ID}.1.recovered.team")]
    );
}

#[tokio::test]
async fn what_fails_is_tried_again_later_and_not_lost_when_it_is_over() {
    let (desk, courier) = memory_desk(settings());
    *courier.failures.lock().unwrap() = 2;
    let told = desk.tell(&[window(1, 1, WARNING)], &[], now(1)).await.unwrap();
    assert_eq!((told.sent.len(), told.failed.len()), (0, 1));
    assert_eq!(told.failed[0].retry_at, now(1) + 60);
    assert_eq!(
        desk.tell(&[], &[], now(1) + 59).await.unwrap().failed.len(),
        0,
        "not yet"
    );
    let told = desk.tell(&[window(2, 1, None)], &[], now(2)).await.unwrap();
    assert_eq!(told.failed[0].retry_at, now(2) + 120);
    desk.tell(&[], &[], now(3)).await.unwrap();
    assert_eq!(
        courier.ids(),
        [format!("{ID}.1.opened.team"), format!("{ID}.1.recovered.team")]
    );
}

#[tokio::test]
async fn a_delivery_is_given_up_after_eight_attempts() {
    let (desk, courier) = memory_desk(settings());
    *courier.failures.lock().unwrap() = 100;
    for at in 1..=20 {
        desk.tell(&[window(at, 1, WARNING)], &[], now(at)).await.unwrap();
    }
    assert_eq!(*courier.failures.lock().unwrap(), 92);
    let (state, _) = desk.read().await.unwrap();
    assert_eq!((state.pending.len(), state.given_up.len()), (0, 1));
}

#[tokio::test]
async fn a_crash_between_sending_and_settling_sends_nothing_twice_where_there_is_a_receipt() {
    let (first, courier) = memory_desk(settings());
    first.tell(&[window(1, 1, WARNING)], &[], now(1)).await.unwrap();
    // The state as it was before the delivery was settled: it is still taken on.
    let (mut state, _) = first.read().await.unwrap();
    let key = format!("{ID}.1.opened.team");
    state.cases[0].threads.clear();
    let pending = crate::state::Pending {
        by: "dead".to_owned(),
        not_before: now(1) + 960,
        attempts: 1,
        error: None,
    };
    state.pending.insert(key.clone(), pending);
    let bytes = serde_json::to_vec(&state).unwrap();
    first
        .store
        .put(&first.layout.state(), bytes.into(), store::PutMode::Overwrite)
        .await
        .unwrap();
    let second = desk(first.store.clone(), courier.clone(), settings());
    second.tell(&[], &[], now(1) + 959).await.unwrap();
    assert_eq!(second.read().await.unwrap().0.pending.len(), 1, "the lease runs");
    second.tell(&[], &[], now(1) + 960).await.unwrap();
    assert_eq!(courier.ids(), std::slice::from_ref(&key));
    assert_eq!(second.read().await.unwrap().0.pending.len(), 0);
    // Without the receipt it is sent again, under the same id.
    first.store.delete(&first.layout.receipt(ID, &key)).await.unwrap();
    let (mut state, _) = first.read().await.unwrap();
    state.cases[0].threads.clear();
    state.pending.insert(
        key.clone(),
        crate::state::Pending {
            by: "dead".to_owned(),
            not_before: now(2),
            attempts: 1,
            error: None,
        },
    );
    let bytes = serde_json::to_vec(&state).unwrap();
    first
        .store
        .put(&first.layout.state(), bytes.into(), store::PutMode::Overwrite)
        .await
        .unwrap();
    second.tell(&[], &[], now(2)).await.unwrap();
    assert_eq!(courier.ids(), [key.clone(), key]);
}

#[tokio::test]
async fn retrainings_are_said_once_each() {
    let (desk, courier) = memory_desk(settings());
    desk.tell(&[window(0, 1, None)], &[], now(0)).await.unwrap();
    let run = |stage, reason: Option<&str>| RunFact {
        token: "tok".to_owned(),
        incident: "i".to_owned(),
        revision: 1,
        execution: "arn:aws:sagemaker:eu-west-1:1:pipeline/p/execution/e".to_owned(),
        stage,
        at: now(0),
        reason: reason.map(str::to_owned),
    };
    for _ in 0..2 {
        desk.tell(&[], &[run(RunStage::Started, None)], now(0))
            .await
            .unwrap();
    }
    for _ in 0..2 {
        desk.tell(
            &[],
            &[run(RunStage::Failed, Some("step train: out of memory"))],
            now(1),
        )
        .await
        .unwrap();
        desk.tell(&[], &[run(RunStage::Started, None)], now(1))
            .await
            .unwrap();
    }
    let expected = [
        "tok.1.retraining_started.oncall",
        "tok.1.retraining_started.team",
        "tok.1.retraining_ended.oncall",
        "tok.1.retraining_ended.team",
    ];
    assert_eq!(courier.ids(), expected);
}
