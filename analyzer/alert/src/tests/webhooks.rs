//! Webhooks against a receiver that fails in every way: what arrives, how often, after which waits.

use super::fixtures::{HOUR, START, VIOLATION, desk, settings, subject, window};
use super::receiver::{Conduct, Receiver};
use crate::notice::Notice;
use crate::retry::Patience;
use crate::send::{Couriers, Secrets, SendError, SendErrorKind, check_url, deliver, message};
use crate::settings::{AlertSettings, Form, Place, Route, Target, Webhook};
use crate::sign::verify;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::MemoryStore;

const SECRET: &str = "correct horse";

fn secrets() -> Secrets {
    Arc::new(|name| match name {
        "HOOK_SECRET" => Some(SECRET.to_owned()),
        "EMPTY" => Some(" ".to_owned()),
        "PLAIN_URL" => Some("http://example.com/hook/SECRETPART".to_owned()),
        _ => None,
    })
}

fn route(form: Form, url: Place, secret_env: Option<&str>) -> Route {
    let secret_env = secret_env.map(str::to_owned);
    Route {
        target: Target::Webhook(Webhook {
            form,
            url,
            secret_env,
        }),
        ..Route::default()
    }
}

fn quick() -> Patience {
    Patience {
        attempts: 4,
        first_wait: Duration::from_millis(5),
        longest_wait: Duration::from_secs(2),
        timeout: Duration::from_millis(250),
    }
}

async fn send(receiver: &Receiver, patience: Patience) -> Result<u32, SendError> {
    let route = route(
        Form::Generic,
        Place::Written(receiver.url.clone()),
        Some("HOOK_SECRET"),
    );
    let message = message(
        &route,
        &Notice::test(&subject(), START),
        "id-1",
        &secrets(),
        START,
    )?
    .unwrap();
    let couriers = Couriers::new(None);
    deliver(&couriers, &message, &patience, 7, START)
        .await
        .map(|delivered| delivered.attempts)
}

#[tokio::test]
async fn a_webhook_is_signed_over_time_and_body_and_has_its_id() {
    let receiver = Receiver::start([]).await;
    assert_eq!(send(&receiver, quick()).await, Ok(1));
    let seen = &receiver.seen()[0];
    assert_eq!(seen.headers["content-type"], "application/json");
    assert_eq!(seen.headers["idempotency-key"], "id-1");
    assert!(seen.headers["user-agent"].starts_with("driftline/"));
    let (time, signature) = (
        &seen.headers["driftline-timestamp"],
        &seen.headers["driftline-signature"],
    );
    assert_eq!(
        verify(SECRET.as_bytes(), time, signature, &seen.body, START, 300),
        Ok(())
    );
    let body: serde_json::Value = serde_json::from_slice(&seen.body).unwrap();
    assert_eq!((&body["id"], &body["kind"]), (&"id-1".into(), &"test".into()));
}

#[tokio::test]
async fn what_may_pass_is_tried_again_with_the_same_id_and_body() {
    let conduct = [Conduct::Answer(500, None), Conduct::Hang, Conduct::Close];
    let receiver = Receiver::start(conduct).await;
    assert_eq!(send(&receiver, quick()).await, Ok(4));
    let seen = receiver.seen();
    assert_eq!(seen.len(), 4);
    assert!(
        seen.iter()
            .all(|one| one.headers["idempotency-key"] == "id-1" && one.body == seen[0].body)
    );
}

#[tokio::test]
async fn retry_after_is_waited_for() {
    let receiver = Receiver::start([Conduct::Answer(429, Some("1".to_owned()))]).await;
    let began = Instant::now();
    assert_eq!(send(&receiver, quick()).await, Ok(2));
    assert!(began.elapsed() >= Duration::from_secs(1), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_retry_after_that_is_too_long_is_left_to_later() {
    let receiver = Receiver::start([Conduct::Answer(429, Some("600".to_owned()))]).await;
    let error = send(&receiver, quick()).await.unwrap_err();
    assert_eq!(
        (error.kind, error.retry_after),
        (SendErrorKind::Throttled, Some(Duration::from_mins(10)))
    );
    assert_eq!(receiver.seen().len(), 1);
}

#[tokio::test]
async fn patience_ends() {
    for (conduct, kind, said) in [
        (
            Conduct::Answer(503, None),
            SendErrorKind::Unavailable,
            "HTTP status 503: nothanks",
        ),
        (
            Conduct::Hang,
            SendErrorKind::TimedOut,
            "no answer within 0.25 seconds",
        ),
        (
            Conduct::Answer(429, None),
            SendErrorKind::Throttled,
            "HTTP status 429: nothanks",
        ),
    ] {
        let receiver = Receiver::start(vec![conduct; 10]).await;
        let error = send(&receiver, quick()).await.unwrap_err();
        assert_eq!((error.kind, error.said.as_str()), (kind, said));
        assert_eq!(receiver.seen().len(), 4);
    }
}

#[tokio::test]
async fn a_refusal_is_not_tried_again_and_redirects_are_not_followed() {
    for status in [400, 401, 404, 410, 301, 307] {
        let receiver = Receiver::start([Conduct::Answer(status, None)]).await;
        let error = send(&receiver, quick()).await.unwrap_err();
        assert_eq!(
            (error.kind, receiver.seen().len()),
            (SendErrorKind::Refused, 1),
            "{status}"
        );
    }
}

#[tokio::test]
async fn nobody_listens() {
    let mut receiver = Receiver::start([]).await;
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    receiver.url = format!("http://{}/SECRETPART", free.local_addr().unwrap());
    drop(free);
    let error = send(&receiver, quick()).await.unwrap_err();
    assert_eq!(error.kind, SendErrorKind::Unavailable);
    assert!(!error.said.contains("SECRETPART"), "{error}");
}

#[test]
fn what_is_not_set_is_named_and_addresses_are_not() {
    let written = || Place::Written("https://example.com/hook".to_owned());
    let variable = |name: &str| Place::Variable(name.to_owned());
    for (url, secret, part) in [
        (
            variable("MISSING"),
            None,
            "environment variable MISSING is not set",
        ),
        (variable("EMPTY"), None, "environment variable EMPTY is not set"),
        (
            variable("PLAIN_URL"),
            None,
            "environment variable PLAIN_URL is not https",
        ),
        (
            written(),
            Some("MISSING"),
            "environment variable MISSING is not set",
        ),
    ] {
        let route = route(Form::Slack, url, secret);
        let error = message(&route, &Notice::test(&subject(), START), "id", &secrets(), START).unwrap_err();
        assert_eq!(error.kind, SendErrorKind::Settings);
        assert!(
            error.said.starts_with(part) && !error.said.contains("SECRETPART"),
            "{error}"
        );
    }
}

#[test]
fn notices_leave_over_tls_only() {
    for url in [
        "https://hooks.slack.com/services/x",
        "http://127.0.0.1:8080/x",
        "http://localhost/x",
    ] {
        assert_eq!(check_url(url), Ok(()), "{url}");
    }
    for url in [
        "http://example.com",
        "http://127.0.0.1.example.com/",
        "ftp://x/y",
        "/x",
        "",
        "https://",
        "a b",
    ] {
        assert!(check_url(url).is_err(), "{url}");
    }
}

/// Through the desk: a receiver that is down for a while hears of the incident once it is back, once.
#[tokio::test]
async fn the_desk_delivers_when_the_receiver_is_back() {
    let receiver = Receiver::start([
        Conduct::Answer(500, None),
        Conduct::Close,
        Conduct::Answer(200, None),
    ])
    .await;
    let mut wanted = AlertSettings {
        rate_limit: None,
        ..settings()
    };
    wanted.routes.clear();
    let hook = route(
        Form::Generic,
        Place::Written(receiver.url.clone()),
        Some("HOOK_SECRET"),
    );
    wanted.routes.insert("hook".to_owned(), hook);
    let mut desk = desk(
        Arc::new(MemoryStore::new()),
        Arc::new(Couriers::new(None)),
        wanted,
    );
    desk.secrets = secrets();
    let mut now = START + HOUR;
    assert_eq!(
        desk.tell(&[window(0, 1, VIOLATION)], &[], now)
            .await
            .unwrap()
            .failed
            .len(),
        1
    );
    for _ in 0..4 {
        now += HOUR;
        desk.tell(&[window(0, 1, VIOLATION)], &[], now).await.unwrap();
    }
    let seen = receiver.seen();
    let ids: Vec<&String> = seen.iter().map(|one| &one.headers["idempotency-key"]).collect();
    assert_eq!(ids, ["traffic-20261101T000000Z.1.opened.hook"; 3]);
}
