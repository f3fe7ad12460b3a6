//! Laws over random histories: order does not matter, nothing twice, one recovery, the limit holds.

use super::fixtures::{HOUR, KINDS, START, VIOLATION, WARNING, kind_of, memory_desk, settings, window};
use crate::claim::Settlement;
use crate::fact::WindowFact;
use crate::settings::{AlertSettings, RateLimit};
use crate::state::AlertState;
use crate::tests::fixtures::subject;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

fn severity() -> impl Strategy<Value = Option<baselines::document::verdict::SeverityV1>> {
    prop_oneof![3 => Just(None), 2 => Just(WARNING), 1 => Just(VIOLATION)]
}

/// Windows, some of them in several revisions.
fn history() -> impl Strategy<Value = Vec<WindowFact>> {
    prop::collection::vec((0_i64..12, 1_u32..4, severity()), 1..40).prop_map(|found| {
        // A revision is written once, so it says one thing.
        let unique: BTreeMap<(i64, u32), _> = found
            .into_iter()
            .map(|(at, r, severity)| ((at, r), severity))
            .collect();
        unique
            .into_iter()
            .map(|((at, r), severity)| window(at, r, severity))
            .collect()
    })
}

/// One step of somebody at work: claim, and settle what was claimed unless it `fails`.
fn step(state: &mut AlertState, settings: &AlertSettings, now: i64, fails: bool) -> Vec<String> {
    let mut arrived = Vec::new();
    for _ in 0..50 {
        let claims = state.claim(settings, &subject(), now, "law");
        if claims.is_empty() {
            break;
        }
        for claim in claims {
            if fails {
                let error = "down".to_owned();
                state.settle(
                    &claim,
                    &Settlement::Failed {
                        retry_at: now + 60,
                        error,
                    },
                    now,
                );
            } else {
                state.settle(&claim, &Settlement::Sent, now);
                arrived.push(claim.key);
            }
        }
    }
    arrived
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// The incidents that are known in the end are the same in whatever order, and however often, windows came.
    #[test]
    fn the_order_of_events_does_not_matter(
        (facts, shuffled) in history().prop_flat_map(|facts| {
            let twice: Vec<WindowFact> = facts.iter().chain(&facts).cloned().collect();
            (Just(facts), Just(twice).prop_shuffle())
        }),
        recover_after in 1_u32..3,
    ) {
        let settings = AlertSettings { recover_after, ..settings() };
        let mut one = AlertState::new("churn");
        let mut other = AlertState::new("churn");
        for fact in &facts {
            one.record(fact);
        }
        for (n, fact) in shuffled.iter().enumerate() {
            other.record(fact);
            step(&mut other, &settings, START + i64::try_from(n).unwrap() * HOUR, false);
        }
        prop_assert_eq!(one.incidents(&settings), other.incidents(&settings));
        step(&mut one, &settings, START + 100 * HOUR, false);
        step(&mut other, &settings, START + 100 * HOUR, false);
        let open = |state: &AlertState| -> BTreeSet<(String, bool)> {
            let open = state.incidents(&settings).into_iter().filter(crate::incident::Incident::is_open);
            let mut told = BTreeSet::new();
            for incident in open {
                for name in settings.routes.keys() {
                    let is_told = state.cases.iter().any(|case| {
                        case.meets(&incident) && case.threads.get(name).is_some_and(crate::state::Thread::is_open)
                    });
                    told.insert((format!("{}/{name}", incident.id()), is_told));
                }
            }
            told
        };
        prop_assert_eq!(open(&one), open(&other), "who believes an incident open");
    }

    /// No id is sent twice; a route hears of an opening before its recovery, of one recovery for each opening, and in the end
    /// believes open what is open.
    #[test]
    fn nothing_is_said_twice(
        shuffled in history().prop_flat_map(|facts| Just(facts).prop_shuffle()),
        fails in prop::collection::vec(prop::bool::weighted(0.3), 40),
    ) {
        let settings = settings();
        let mut state = AlertState::new("churn");
        let mut arrived: Vec<String> = Vec::new();
        for (n, fact) in shuffled.iter().enumerate() {
            state.record(fact);
            let now = START + i64::try_from(n).unwrap() * HOUR;
            arrived.extend(step(&mut state, &settings, now, n % 4 != 0 && fails[n % fails.len()]));
        }
        for n in 0..3 {
            arrived.extend(step(&mut state, &settings, START + (200 + n) * HOUR, false));
        }
        let unique: BTreeSet<&String> = arrived.iter().collect();
        prop_assert_eq!(unique.len(), arrived.len(), "{:?}", arrived);
        let mut open: BTreeMap<String, i32> = BTreeMap::new();
        for id in &arrived {
            let parts: Vec<&str> = id.split('.').collect();
            let thread = format!("{}/{}", parts[0], parts[3]);
            let n = open.entry(thread).or_default();
            match kind_of(id) {
                "opened" => *n += 1,
                "recovered" => *n -= 1,
                kind => prop_assert!(KINDS.iter().any(|known| kind.starts_with(known.name())), "{}", kind),
            }
            prop_assert!((0..=1).contains(n), "{:?}", arrived);
        }
        prop_assert!(state.pending.is_empty(), "{:?}", state.pending);
        let incidents = state.incidents(&settings);
        for (name, route) in &settings.routes {
            let wanted = incidents.iter().filter(|found| found.is_open() && found.severity >= route.severity).count();
            let told = open.iter().filter(|(thread, n)| **n == 1 && thread.ends_with(&format!("/{name}"))).count();
            prop_assert!(told >= wanted.min(1), "{name}: {wanted} open, {told} told: {arrived:?}");
            if wanted == 0 {
                prop_assert_eq!(told, 0, "{} believes something open: {:?}", name, arrived);
            }
        }
    }

    /// In no interval of the limit's length does a route get more than the limit.
    #[test]
    fn the_rate_limit_is_never_exceeded(
        facts in history(),
        gaps in prop::collection::vec(0_i64..3_000, 60),
        n in 1_u32..4,
    ) {
        let limit = RateLimit { n, seconds: HOUR };
        let settings = AlertSettings { rate_limit: Some(limit), remind_every: Some(600), ..settings() };
        let mut state = AlertState::new("churn");
        let mut now = START;
        let mut sent: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for (at, gap) in gaps.iter().enumerate() {
            now += gap;
            if let Some(fact) = facts.get(at) {
                state.record(fact);
            }
            for id in step(&mut state, &settings, now, false) {
                sent.entry(id.split('.').nth(3).unwrap().to_owned()).or_default().push(now);
            }
        }
        for times in sent.values() {
            for from in times {
                let within = times.iter().filter(|time| (*from..*from + HOUR).contains(time)).count();
                prop_assert!(within <= n as usize, "{within} in an hour, limit {n}");
            }
        }
    }

    /// What is stored is what was meant.
    #[test]
    fn states_survive_being_written(facts in history()) {
        let settings = settings();
        let mut state = AlertState::new("churn");
        for (n, fact) in facts.iter().enumerate() {
            state.record(fact);
            step(&mut state, &settings, START + i64::try_from(n).unwrap() * 60, n % 3 == 0);
        }
        let bytes = serde_json::to_vec_pretty(&state).unwrap();
        let back: AlertState = serde_json::from_slice(&bytes).unwrap();
        prop_assert_eq!(back, state);
    }
}

/// Many at once over one store: each delivery arrives once.
#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_send_each_delivery_once() {
    let (desk, courier) = memory_desk(settings());
    let mut tasks = Vec::new();
    for n in 0_i64..8 {
        let mut desk = desk.clone();
        desk.holder = format!("holder-{n}");
        tasks.push(tokio::spawn(async move {
            let facts = [window(1, 1, VIOLATION), window(2, 1, WARNING)];
            desk.tell(&facts, &[], START + 10 * HOUR + n).await
        }));
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let ids = courier.ids();
    let unique: BTreeSet<&String> = ids.iter().collect();
    assert_eq!((ids.len(), unique.len()), (2, 2), "{ids:?}");
}
