//! S3 over real HTTP and real signatures: the common promises, wrong credentials, lost connections, throttling.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::Method;

use super::test_server::{Action, BUCKET, TestServer};
use crate::conformance::{check_store, pattern};
use crate::connect::{AccessKey, StoreOptions, open_store};
use crate::error::{StoreError, StoreErrorKind};
use crate::location::Location;
use crate::object_store::{ObjectStore, PutMode};

async fn open_at(
    location: &str,
    options: &StoreOptions,
) -> Result<(Arc<dyn ObjectStore>, String), StoreError> {
    open_store(&Location::parse(location).unwrap(), options).await
}

async fn open(server: &TestServer, location: &str) -> (Arc<dyn ObjectStore>, String) {
    open_at(location, &server.options()).await.unwrap()
}

async fn bucket(server: &TestServer) -> Arc<dyn ObjectStore> {
    open(server, &format!("s3://{BUCKET}")).await.0
}

const SLOW_DOWN: Action = Action::Fail {
    status: 503,
    code: "SlowDown",
    bucket_region: None,
};

#[tokio::test(flavor = "multi_thread")]
async fn keeps_every_promise_in_a_bucket() {
    let server = TestServer::start().await;
    check_store(bucket(&server).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_every_promise_under_a_prefix() {
    let server = TestServer::start().await;
    bucket(&server)
        .await
        .put("beside", Bytes::new(), PutMode::Overwrite)
        .await
        .unwrap();
    let (store, root) = open(&server, &format!("s3://{BUCKET}/a prefix/with+plus")).await;
    assert_eq!(root, "");
    assert_eq!(store.locate("x"), format!("s3://{BUCKET}/a prefix/with+plus/x"));
    check_store(store).await;
}

#[tokio::test]
async fn a_single_object_lists_exactly_itself() {
    let server = TestServer::start().await;
    let all = bucket(&server).await;
    for key in ["data/train.csv", "data/train.csv.bak", "top.csv"] {
        all.put(key, Bytes::from_static(b"x"), PutMode::Overwrite)
            .await
            .unwrap();
    }
    for (location, name) in [("data/train.csv", "train.csv"), ("top.csv", "top.csv")] {
        let (store, root) = open(&server, &format!("s3://{BUCKET}/{location}")).await;
        let listed: Vec<_> = store
            .list(&root)
            .await
            .unwrap()
            .into_iter()
            .map(|object| object.key)
            .collect();
        assert_eq!((root.as_str(), listed), (name, vec![name.to_owned()]));
        assert_eq!(store.get(&root, 10).await.unwrap().bytes, "x");
    }
}

#[tokio::test]
async fn listing_a_folder_costs_one_request() {
    let server = TestServer::start().await;
    let store = bucket(&server).await;
    server.take_requests();
    store.list("hour/21/").await.unwrap();
    let requests = server.take_requests();
    assert_eq!(requests.len(), 1, "{requests:?}");
    assert!(requests[0].contains("prefix=hour%2F21%2F"), "{requests:?}");
}

#[tokio::test]
async fn a_wrong_secret_is_unauthorized_with_a_hint() {
    let server = TestServer::start().await;
    let access_key = Some(AccessKey {
        id: "test-id".into(),
        secret: "wrong".into(),
    });
    let options = StoreOptions {
        access_key,
        ..server.options()
    };
    let (store, _) = open_at(&format!("s3://{BUCKET}/some/prefix"), &options)
        .await
        .unwrap();
    let failures = [
        store.list("").await.err(),
        store.get("x", 10).await.err(),
        store.head("x").await.err(),
        store.put("x", Bytes::new(), PutMode::CreateOnly).await.err(),
        store.delete("x").await.err(),
    ];
    for error in failures {
        let error = error.unwrap();
        assert_eq!(error.kind(), StoreErrorKind::Unauthorized, "{error}");
        assert!(
            error.to_string().contains(&format!("s3://{BUCKET}/some/prefix")),
            "{error}"
        );
        assert!(
            error.hint().unwrap().contains("credentials") || error.hint().unwrap().contains("AWS_"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_missing_bucket_is_not_found() {
    let server = TestServer::start().await;
    let (store, _) = open(&server, "s3://no-such-bucket/").await;
    for error in [
        store.list("").await.err(),
        store.get("x", 10).await.err(),
        store.put("x", Bytes::new(), PutMode::Overwrite).await.err(),
        store.delete("x").await.err(),
    ] {
        let error = error.unwrap();
        assert_eq!(error.kind(), StoreErrorKind::NotFound, "{error}");
        assert!(error.to_string().ends_with("no such bucket"), "{error}");
        assert!(error.hint().is_some());
    }
}

#[tokio::test]
async fn another_region_is_named() {
    let server = TestServer::start().await;
    let store = bucket(&server).await;
    let action = Action::Fail {
        status: 301,
        code: "PermanentRedirect",
        bucket_region: Some("eu-west-1"),
    };
    server.inject(Method::GET, action);
    let error = store.list("").await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::InvalidLocation, "{error}");
    assert_eq!(
        error.hint(),
        Some("the bucket is in eu-west-1: set AWS_REGION=eu-west-1")
    );
}

#[tokio::test]
async fn a_dropped_connection_is_taken_up_where_it_broke() {
    let server = TestServer::start().await;
    let store = bucket(&server).await;
    let content = pattern(3 << 20, 1);
    store
        .put("large", content.clone().into(), PutMode::Overwrite)
        .await
        .unwrap();
    server.take_requests();
    for after in [700_000, 0, 900_000] {
        server.inject(Method::GET, Action::CutBody { after });
    }
    let object = store.get("large", u64::MAX).await.unwrap();
    assert_eq!(object.bytes, content);
    let requests = server.take_requests();
    assert_eq!(requests.len(), 4, "{requests:?}");
    assert!(!requests[0].contains("bytes="), "{requests:?}");
    // The server sends pieces of 4,096 bytes and breaks off before the one that would exceed its limit.
    assert!(
        requests[1].ends_with(&format!("bytes={}-", 700_000 / 4096 * 4096)),
        "{requests:?}"
    );
    assert_eq!(requests[1], requests[2], "the second answer broke off at once");
    assert!(
        requests[3].ends_with(&format!("bytes={}-", (700_000 / 4096 + 900_000 / 4096) * 4096)),
        "{requests:?}"
    );
}

#[tokio::test]
async fn a_connection_that_keeps_dropping_is_an_error() {
    let server = TestServer::start().await;
    let store = open_at(
        &format!("s3://{BUCKET}"),
        &StoreOptions {
            max_attempts: 3,
            ..server.options()
        },
    )
    .await;
    let store = store.unwrap().0;
    store
        .put("large", pattern(1 << 20, 1).into(), PutMode::Overwrite)
        .await
        .unwrap();
    for after in [10_000, 0, 0] {
        server.inject(Method::GET, Action::CutBody { after });
    }
    let error = store.get("large", u64::MAX).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert_eq!(
        error.to_string(),
        format!(
            "cannot read s3://{BUCKET}/large: the connection dropped 3 times after 8192 of 1048576 bytes"
        )
    );
}

#[tokio::test]
async fn two_versions_never_mix() {
    let server = TestServer::start().await;
    let store = bucket(&server).await;
    store
        .put("large", pattern(8 << 20, 1).into(), PutMode::Overwrite)
        .await
        .unwrap();
    server.inject(Method::GET, Action::CutBody { after: 6 << 20 });
    let mut reader = store.open("large").await.unwrap();
    store
        .put("large", pattern(8 << 20, 2).into(), PutMode::Overwrite)
        .await
        .unwrap();
    let mut end = None;
    while let Some(chunk) = reader.next_chunk().await {
        end = Some(chunk);
    }
    assert_eq!(
        end.unwrap().unwrap_err().kind(),
        StoreErrorKind::PreconditionFailed
    );
}

#[tokio::test]
async fn slow_down_is_retried_and_then_reported() {
    let server = TestServer::start().await;
    let store = bucket(&server).await;
    for method in [Method::PUT, Method::PUT, Method::GET, Method::GET, Method::HEAD] {
        server.inject(method, SLOW_DOWN);
    }
    store
        .put("x", Bytes::from_static(b"x"), PutMode::CreateOnly)
        .await
        .unwrap();
    assert_eq!(store.get("x", 10).await.unwrap().bytes, "x");
    assert_eq!(store.head("x").await.unwrap().size, 1);

    for _ in 0..server.options().max_attempts {
        server.inject(Method::GET, SLOW_DOWN);
    }
    let error = store.list("").await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Throttled, "{error}");
    assert!(error.kind().is_transient());
}

#[tokio::test]
async fn a_conflict_between_writers_is_tried_again() {
    let server = TestServer::start().await;
    let store = bucket(&server).await;
    let conflict = Action::Fail {
        status: 409,
        code: "ConditionalRequestConflict",
        bucket_region: None,
    };
    server.inject(Method::PUT, conflict.clone());
    server.inject(Method::PUT, conflict);
    store
        .put("x", Bytes::from_static(b"x"), PutMode::CreateOnly)
        .await
        .unwrap();
}

#[tokio::test]
async fn no_answer_is_a_timeout() {
    let server = TestServer::start().await;
    let options = StoreOptions {
        attempt_timeout: Duration::from_millis(200),
        max_attempts: 2,
        ..server.options()
    };
    let (store, _) = open_at(&format!("s3://{BUCKET}"), &options).await.unwrap();
    server.inject(Method::GET, Action::Hang);
    server.inject(Method::GET, Action::Hang);
    let error = store.list("").await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Timeout, "{error}");
}

#[tokio::test]
async fn a_service_that_is_not_there_is_unavailable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint_url = Some(format!("http://{}", listener.local_addr().unwrap()));
    drop(listener);
    let server = TestServer::start().await;
    let options = StoreOptions {
        endpoint_url,
        ..server.options()
    };
    let error = open_at(&format!("s3://{BUCKET}/prefix"), &options)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error}");
    assert!(error.hint().unwrap().contains("AWS_ENDPOINT_URL"));
}

#[tokio::test]
async fn folder_markers_are_not_objects() {
    let server = TestServer::start().await;
    let store = bucket(&server).await;
    store
        .put("folder/x", Bytes::new(), PutMode::Overwrite)
        .await
        .unwrap();
    let empty_folder = server.folder.path().join(BUCKET).join("marker");
    std::fs::create_dir(empty_folder).unwrap();
    let keys: Vec<_> = store
        .list("")
        .await
        .unwrap()
        .into_iter()
        .map(|object| object.key)
        .collect();
    assert_eq!(keys, ["folder/x"]);
}
