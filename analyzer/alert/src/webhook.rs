//! HTTP: one POST with a limit on its time, TLS by rustls with the machine's root certificates.
//!
//! No redirects are followed and at most 4 KiB of an answer are read. Errors name no address: it may be a secret. Does not retry.

use crate::send::{Courier, Message, SendError, SendErrorKind};
use async_trait::async_trait;
use baselines::decide::calendar::days_from_civil;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use hyper::{Method, Request, Response, StatusCode, body::Incoming};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use std::sync::OnceLock;
use std::time::Duration;

const MAX_ANSWER_BYTES: usize = 4_096;
/// Characters of an answer that an error repeats.
const SHOWN: usize = 120;

type HttpClient = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Carries HTTP messages; connects and reads root certificates with the first.
#[derive(Default)]
pub(crate) struct HttpCourier {
    client: OnceLock<HttpClient>,
}

impl HttpCourier {
    fn client(&self) -> Result<&HttpClient, SendError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let provider = rustls::crypto::ring::default_provider();
        let tls = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(provider)
            .map_err(|error| {
                let said = format!("no root certificates for TLS on this machine: {error}");
                SendError::new(SendErrorKind::Settings, said)
            })?
            .https_or_http()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new()).build(tls);
        Ok(self.client.get_or_init(|| client))
    }
}

#[async_trait]
impl Courier for HttpCourier {
    async fn carry(&self, message: &Message, timeout: Duration, now: i64) -> Result<String, SendError> {
        let Message::Http { url, headers, body } = message else {
            return Err(SendError::new(SendErrorKind::Settings, "this is no HTTP message"));
        };
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(url)
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, concat!("driftline/", env!("CARGO_PKG_VERSION")));
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request
            .body(Full::new(Bytes::copy_from_slice(body)))
            .map_err(|_| SendError::new(SendErrorKind::Settings, "the address or a header cannot be sent"))?;
        let client = self.client()?;
        let exchange = async {
            let answer = client.request(request).await.map_err(|error| unreached(&error))?;
            judged(answer, now).await
        };
        tokio::time::timeout(timeout, exchange).await.unwrap_or_else(|_| {
            let said = format!("no answer within {} seconds", timeout.as_secs_f64());
            Err(SendError::new(SendErrorKind::TimedOut, said))
        })
    }
}

/// An error without the address, which hyper's own texts do not hold either; its causes say what it was.
fn unreached(error: &hyper_util::client::legacy::Error) -> SendError {
    let mut said = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        said = format!("{said}: {error}");
        cause = error.source();
    }
    SendError::new(SendErrorKind::Unavailable, said)
}

async fn judged(answer: Response<Incoming>, now: i64) -> Result<String, SendError> {
    let status = answer.status();
    let asked = answer
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| retry_after(value.to_str().ok()?, now));
    if status.is_success() {
        return Ok(status.as_u16().to_string());
    }
    let kind = match status {
        StatusCode::TOO_MANY_REQUESTS => SendErrorKind::Throttled,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY => SendErrorKind::Unavailable,
        status if status.is_server_error() => SendErrorKind::Unavailable,
        _ => SendErrorKind::Refused,
    };
    let body = Limited::new(answer.into_body(), MAX_ANSWER_BYTES).collect().await;
    let body = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let text: String = String::from_utf8_lossy(&body)
        .chars()
        .filter(|c| !c.is_control())
        .take(SHOWN)
        .collect();
    let said = if text.is_empty() {
        format!("HTTP status {}", status.as_u16())
    } else {
        format!("HTTP status {}: {text}", status.as_u16())
    };
    Err(SendError {
        kind,
        said,
        retry_after: asked,
    })
}

/// `Retry-After` (RFC 9110, 10.2.3): seconds, or an IMF-fixdate.
fn retry_after(value: &str, now: i64) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let parts: Vec<&str> = value.split([' ', ':']).collect();
    let [_, day, month, year, hour, minute, second, "GMT"] = parts.as_slice() else {
        return None;
    };
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let month = i64::try_from(MONTHS.find(month)? / 3 + 1).ok()?;
    let number = |text: &str| text.parse::<i64>().ok();
    let days = days_from_civil(number(year)?, month, number(day)?);
    let time = days * 86_400 + number(hour)? * 3_600 + number(minute)? * 60 + number(second)?;
    u64::try_from(time - now)
        .ok()
        .map(Duration::from_secs)
        .or(Some(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `date -u -d "Wed, 21 Oct 2015 07:28:00 GMT" +%s` is 1445412480 (GNU coreutils 9.1).
    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let at = |value| retry_after(value, 1_445_412_420).map(|wait| wait.as_secs());
        assert_eq!(at("120"), Some(120));
        assert_eq!(at("Wed, 21 Oct 2015 07:28:00 GMT"), Some(60));
        assert_eq!(at("Wed, 21 Oct 2015 07:26:00 GMT"), Some(0));
        for wrong in [
            "",
            "soon",
            "-1",
            "Wed, 21 Foo 2015 07:28:00 GMT",
            "Wednesday, 21-Oct-15 07:28:00 GMT",
        ] {
            assert_eq!(at(wrong), None, "{wrong}");
        }
    }
}
