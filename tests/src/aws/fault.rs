//! What may go wrong with a request, and the rules that say with which.
//!
//! Pure. Does not carry anything out.

use super::call::Call;
use hyper::body::Bytes;
use hyper::{Response, StatusCode};
use std::time::Duration;

/// How a request goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// S3's `SlowDown` (503), or the others' `ThrottlingException`; nothing is carried out.
    Throttled,
    /// 500 as the service writes it; nothing is carried out.
    Internal,
    /// There is never an answer, and nothing is carried out.
    Silence,
    /// The connection ends before anything is carried out.
    LostRequest,
    /// Carried out; the connection ends in place of the answer.
    LostAnswer,
    /// Carried out; the connection ends in the middle of the answer's body.
    Truncated,
    /// Carried out this much later.
    Delayed(Duration),
    /// The asking process is ended by SIGKILL, and what it sent is not carried out.
    KilledBefore,
    /// Carried out; the asking process is ended by SIGKILL before it hears of it.
    KilledAfter,
}

/// Which requests a fault strikes; every one without a word about it.
#[derive(Debug, Clone)]
pub struct Rule {
    pub(super) fault: Fault,
    service: Option<String>,
    operation: Option<String>,
    caller: Option<String>,
    resource: Option<String>,
    skip: usize,
    times: usize,
    pub(super) struck: usize,
}

impl Rule {
    /// A rule that strikes once.
    pub fn new(fault: Fault) -> Self {
        Self {
            fault,
            service: None,
            operation: None,
            caller: None,
            resource: None,
            skip: 0,
            times: 1,
            struck: 0,
        }
    }

    /// Only this operation of this service.
    #[must_use]
    pub fn on(mut self, service: &str, operation: &str) -> Self {
        self.service = Some(service.to_owned());
        self.operation = Some(operation.to_owned());
        self
    }

    /// Only this function or program.
    #[must_use]
    pub fn of(mut self, caller: &str) -> Self {
        self.caller = Some(caller.to_owned());
        self
    }

    /// Only resources that hold this text.
    #[must_use]
    pub fn at(mut self, resource: &str) -> Self {
        self.resource = Some(resource.to_owned());
        self
    }

    /// Not the first `n` that match.
    #[must_use]
    pub fn skip(mut self, n: usize) -> Self {
        self.skip = n;
        self
    }

    /// The first `n` that match, behind those that are left out.
    #[must_use]
    pub fn times(mut self, n: usize) -> Self {
        self.times = n;
        self
    }

    /// Whether it strikes `call`; counts.
    pub(super) fn strikes(&mut self, call: &Call) -> bool {
        let is =
            |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|wanted| wanted == found);
        let matches = is(&self.service, &call.service)
            && is(&self.operation, &call.operation)
            && is(&self.caller, call.of())
            && self
                .resource
                .as_deref()
                .is_none_or(|part| call.resource.contains(part));
        if !matches {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        if self.times == 0 {
            return false;
        }
        self.times -= 1;
        self.struck += 1;
        true
    }
}

/// The service's own words for being asked too often, or for a fault of its own.
pub(super) fn refusal(call: &Call, fault: Fault) -> Response<Bytes> {
    let is_throttled = fault == Fault::Throttled;
    let (status, kind, body) = match (call.service.as_str(), is_throttled) {
        ("s3", true) => (
            503,
            "application/xml",
            s3_error("SlowDown", "Please reduce your request rate."),
        ),
        ("s3", false) => (
            500,
            "application/xml",
            s3_error("InternalError", "We encountered an internal error."),
        ),
        ("sns", true) => (
            400,
            "text/xml",
            form_error("Sender", "Throttling", "Rate exceeded"),
        ),
        ("sns", false) => (
            500,
            "text/xml",
            form_error("Receiver", "InternalFailure", "internal failure"),
        ),
        (_, true) => (
            400,
            "application/x-amz-json-1.1",
            json_error("ThrottlingException", "Rate exceeded"),
        ),
        (_, false) => (
            500,
            "application/x-amz-json-1.1",
            json_error("InternalFailure", "internal failure"),
        ),
    };
    let mut answer = Response::new(Bytes::from(body));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    answer
        .headers_mut()
        .insert("content-type", hyper::header::HeaderValue::from_static(kind));
    answer
}

fn s3_error(code: &str, message: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    )
}

fn form_error(side: &str, code: &str, message: &str) -> String {
    format!(
        "<ErrorResponse><Error><Type>{side}</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    )
}

fn json_error(code: &str, message: &str) -> String {
    format!(r#"{{"__type":"{code}","message":"{message}"}}"#)
}
