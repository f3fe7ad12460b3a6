//! Faults, duplicates and deciders at the same time: one execution, one receipt.

use super::fake::Fault;
use super::*;

async fn check_one(store: &MemoryStore, fake: &Fake) {
    assert_eq!(fake.n_executions(), 1);
    assert_eq!(
        keys(store, "/receipt.json").await.len(),
        1,
        "{:?}",
        keys(store, "/receipt.json").await
    );
    assert_eq!(keys(store, "/evidence.json").await.len(), 1);
}

#[tokio::test]
async fn ten_duplicated_and_reordered_events_start_one() {
    let fake = Fake::default();
    let store = Arc::new(MemoryStore::new());
    let mut receipts = Vec::new();
    for event in 0..10i64 {
        // Windows are written again and again, the newest sometimes first.
        for n in if event % 2 == 0 {
            [5, 3, 4, 1, 2]
        } else {
            [1, 2, 3, 4, 5]
        } {
            put_window(&store, n, 1, n > 2).await;
            put_quality(&store, n, if n > 2 { 0.7 } else { 0.85 }).await;
        }
        receipts.push(receipt(
            retraining(&store, &format!("d{event}"))
                .start(&fake, patience(), day(6) + event * 60)
                .await,
        ));
    }
    receipts.dedup();
    assert_eq!(receipts.len(), 1);
    assert_eq!(fake.n_calls(), 1, "whoever comes later finds the receipt");
    check_one(&store, &fake).await;
}

#[tokio::test]
async fn every_fault_of_a_start_ends_in_one_execution() {
    for faults in [
        vec![Fault::Throttled, Fault::Throttled, Fault::Throttled],
        vec![Fault::Broken, Fault::Throttled],
        vec![Fault::LostResponse],
        vec![Fault::LostResponse, Fault::LostResponse, Fault::Broken],
        vec![Fault::Slow, Fault::Slow],
        vec![Fault::LostResponse, Fault::Refused],
    ] {
        let (store, fake) = (breaching().await, Fake::with(faults.clone()));
        let first = receipt(retraining(&store, "a").start(&fake, patience(), day(6)).await);
        assert!(first.ends_with("execution/e1"), "{faults:?}");
        check_one(&store, &fake).await;
    }
}

#[tokio::test]
async fn lost_for_good_is_finished_later_by_the_same_token() {
    let store = breaching().await;
    let fake = Fake::with([
        Fault::LostResponse,
        Fault::Throttled,
        Fault::Throttled,
        Fault::Throttled,
    ]);
    let error = retraining(&store, "a")
        .start(&fake, patience(), day(6))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("ThrottlingException"), "{error}");
    assert!(error.hint().unwrap().contains("starts nothing twice"));
    assert!(keys(&store, "/receipt.json").await.is_empty());
    let soon = retraining(&store, "b")
        .start(&fake, patience(), day(6) + 30)
        .await
        .unwrap();
    assert!(matches!(soon, Started::UnderWay(_)), "{soon:?}");
    let later = retraining(&store, "b")
        .start(&fake, patience(), day(6) + 121)
        .await;
    assert!(receipt(later).ends_with("execution/e1"));
    check_one(&store, &fake).await;
}

/// A decider that ends between asking and receipt: what it left in the store, without its receipt.
async fn crashed(fake: &Fake) -> Arc<MemoryStore> {
    let store = breaching().await;
    receipt(retraining(&store, "a").start(fake, patience(), day(6)).await);
    for key in keys(&store, "/receipt.json").await {
        store.delete(&key).await.unwrap();
    }
    store
}

#[tokio::test]
async fn a_crash_between_start_and_receipt_is_finished() {
    for fake in [Fake::default(), Fake::forgetting_tokens()] {
        let store = crashed(&fake).await;
        let finished = receipt(
            retraining(&store, "b")
                .start(&fake, patience(), day(6) + 200)
                .await,
        );
        assert!(
            finished.ends_with("execution/e1"),
            "also where the service forgets tokens: {finished}"
        );
        check_one(&store, &fake).await;
    }
}

#[tokio::test]
async fn a_crash_is_finished_by_status_too_and_by_many_at_once() {
    let fake = Arc::new(Fake::default());
    let store = crashed(&fake).await;
    let looks = (0..8).map(|n| {
        let (store, fake) = (Arc::clone(&store), Arc::clone(&fake));
        tokio::spawn(async move {
            retraining(&store, &format!("s{n}"))
                .status(Some(fake.as_ref()), patience(), day(6) + 500)
                .await
                .unwrap()
        })
    });
    for states in futures::future::join_all(looks).await {
        let states = states.unwrap();
        assert!(
            states[0]
                .receipt
                .as_ref()
                .unwrap()
                .execution
                .ends_with("execution/e1")
        );
    }
    check_one(&store, &fake).await;
}

#[tokio::test]
async fn a_crash_before_the_intent_blocks_nobody_of_the_same_monitor() {
    let (store, fake) = (breaching().await, Fake::default());
    receipt(retraining(&store, "a").start(&fake, patience(), day(6)).await);
    for file in ["/receipt.json", "/evidence.json"] {
        for key in keys(&store, file).await {
            store.delete(&key).await.unwrap();
        }
    }
    for key in keys(&store, ".json")
        .await
        .into_iter()
        .filter(|key| key.contains("/runs/"))
    {
        store.delete(&key).await.unwrap();
    }
    let again = receipt(retraining(&store, "b").start(&fake, patience(), day(6) + 5).await);
    assert!(
        again.ends_with("execution/e1"),
        "the same token, so the same execution: {again}"
    );
    check_one(&store, &fake).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn deciders_at_the_same_time_start_one() {
    for faults in [
        vec![],
        vec![Fault::Slow],
        vec![Fault::LostResponse, Fault::Throttled, Fault::Slow],
    ] {
        let (store, fake) = (breaching().await, Arc::new(Fake::with(faults)));
        let deciders = (0..16).map(|n| {
            let (store, fake) = (Arc::clone(&store), Arc::clone(&fake));
            tokio::spawn(async move {
                retraining(&store, &format!("d{n}"))
                    .start(fake.as_ref(), patience(), day(6))
                    .await
                    .unwrap()
            })
        });
        let mut n_now = 0;
        for started in futures::future::join_all(deciders).await {
            match started.unwrap() {
                Started::Now(_) => n_now += 1,
                Started::Before(receipt) => assert!(receipt.execution.ends_with("execution/e1")),
                Started::UnderWay(intent) => assert_eq!(intent.revision, 1),
                Started::Not(plan) => panic!("{:?}", plan.document.refused_by),
            }
        }
        assert_eq!(n_now, 1, "one of them asked");
        check_one(&store, &fake).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_model_has_one_flight_over_its_monitors() {
    let store = breaching().await;
    for meta in store.list("monitors/churn").await.unwrap() {
        let object = store.get(&meta.key, 1 << 20).await.unwrap();
        put(
            &store,
            meta.key.replace("monitors/churn", "monitors/other"),
            object.bytes.to_vec(),
        )
        .await;
    }
    let one = MONITOR
        .replace("pipeline =", "model = \"m\"\npipeline =")
        .replace("1 hour", "0 hours");
    let other = one.replace("name = \"churn\"", "name = \"other\"");
    let fake = Arc::new(Fake::with([Fault::Slow]));
    let deciders = (0..12).map(|n| {
        let (store, fake) = (Arc::clone(&store), Arc::clone(&fake));
        let settings = if n % 2 == 0 { one.clone() } else { other.clone() };
        tokio::spawn(async move {
            retraining_of(&store, &settings, &format!("d{n}"))
                .start(fake.as_ref(), patience(), day(6))
                .await
                .unwrap()
        })
    });
    for started in futures::future::join_all(deciders).await {
        if let Started::Not(plan) = started.unwrap() {
            assert!(
                plan.document.refused_by.contains(&"single_flight".to_owned()),
                "{:?}",
                plan.document.refused_by
            );
        }
    }
    check_one(&store, &fake).await;
}
