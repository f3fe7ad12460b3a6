//! The one port: every request is named, recorded, struck by the rules, and then carried out by whom it concerns.
//!
//! Does not know what is asked for; `lambda` and `executions` do, and moto does the rest.

use super::call::Call;
use super::executions::Executions;
use super::fault::{Fault, Rule, refusal};
use super::http::send;
use super::lambda::Lambda;
use super::memory::Memory;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{CONNECTION, CONTENT_LENGTH, EXPECT, TRANSFER_ENCODING};
use hyper::http::request::Parts;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio::net::TcpListener;

/// What all connections share.
#[derive(Debug)]
pub(super) struct Shared {
    behind: Behind,
    pub(super) lambda: Lambda,
    pub(super) executions: Executions,
    calls: Mutex<Vec<Call>>,
    rules: Mutex<Vec<Rule>>,
}

/// Who carries out what is not ours.
#[derive(Debug)]
pub(super) enum Behind {
    /// moto, at this address.
    Moto(SocketAddr),
    /// S3 in memory, and nothing else. Its requests are not recorded.
    Memory(Memory),
}

/// A lock that a panicking test does not take away from the others.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(super) fn new(behind: Behind, lambda: Lambda) -> Self {
        Self {
            behind,
            lambda,
            executions: Executions::default(),
            calls: Mutex::default(),
            rules: Mutex::default(),
        }
    }

    /// Where a test asks past rules and record; without moto there is no such way.
    pub(super) fn moto(&self) -> Option<SocketAddr> {
        match &self.behind {
            Behind::Moto(address) => Some(*address),
            Behind::Memory(_) => None,
        }
    }

    pub(super) fn inject(&self, rule: Rule) -> usize {
        let mut rules = locked(&self.rules);
        rules.push(rule);
        rules.len() - 1
    }

    pub(super) fn n_injected(&self, rule: usize) -> usize {
        locked(&self.rules)[rule].struck
    }

    pub(super) fn heal(&self) {
        for rule in locked(&self.rules).iter_mut() {
            *rule = rule.clone().times(0);
        }
    }

    pub(super) fn calls(&self) -> Vec<Call> {
        locked(&self.calls).clone()
    }

    pub(super) fn forget_calls(&self) {
        locked(&self.calls).clear();
    }

    /// The first rule that strikes.
    fn strike(&self, call: &Call) -> Option<(usize, Fault)> {
        let mut rules = locked(&self.rules);
        let mut numbered = rules.iter_mut().enumerate();
        numbered.find_map(|(idx, rule)| rule.strikes(call).then_some((idx, rule.fault)))
    }

    fn record(&self, call: &Call) -> usize {
        let mut calls = locked(&self.calls);
        calls.push(call.clone());
        calls.len() - 1
    }

    fn answered(&self, idx: usize, status: StatusCode) {
        // The calls may have been forgotten in between.
        if let Some(call) = locked(&self.calls).get_mut(idx) {
            call.status = Some(status.as_u16());
        }
    }

    async fn answer(&self, request: Request<Incoming>) -> io::Result<Response<Answer>> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        if let Some(path) = parts.uri.path().strip_prefix("/rt/") {
            return Ok(self.lambda.runtime_api(path, body).await.map(Answer::whole));
        }
        let mut call = Call::read(&parts, &body);
        if let Behind::Memory(memory) = &self.behind {
            return Ok(memory.answer(&call, &parts).map(Answer::whole));
        }
        let struck = self.strike(&call);
        call.fault = struck.map(|(rule, _)| rule);
        let idx = self.record(&call);
        let fault = struck.map(|(_, fault)| fault);
        match fault {
            Some(Fault::Throttled | Fault::Internal) => {
                let answer = refusal(&call, fault.unwrap_or(Fault::Internal));
                self.answered(idx, answer.status());
                return Ok(answer.map(Answer::whole));
            }
            Some(Fault::Silence) => std::future::pending().await,
            Some(Fault::LostRequest) => return Err(cut()),
            Some(Fault::KilledBefore) => {
                self.lambda.kill(&call.caller);
                return Err(cut());
            }
            Some(Fault::Delayed(time)) => tokio::time::sleep(time).await,
            _ => {}
        }
        let answer = self.carry_out(&call, parts, body).await?;
        self.answered(idx, answer.status());
        match fault {
            Some(Fault::LostAnswer) => Err(cut()),
            Some(Fault::KilledAfter) => {
                self.lambda.kill(&call.caller);
                Err(cut())
            }
            Some(Fault::Truncated) => Ok(halved(answer)),
            _ => Ok(answer.map(Answer::whole)),
        }
    }

    async fn carry_out(&self, call: &Call, parts: Parts, body: Bytes) -> io::Result<Response<Bytes>> {
        if call.operation == "Invoke" && self.lambda.has(&call.resource) {
            return Ok(self.lambda.invoke_api(&call.resource, &parts, body).await);
        }
        let Behind::Moto(moto) = self.behind else {
            return Err(cut());
        };
        if call.service == "sagemaker"
            && let Some(answer) = self.executions.answer(moto, call, &parts).await
        {
            return Ok(answer);
        }
        forward(moto, parts, body).await
    }
}

/// moto's answer. A request that it cannot be brought to ends the connection, as a network would.
pub(super) async fn forward(moto: SocketAddr, parts: Parts, body: Bytes) -> io::Result<Response<Bytes>> {
    let mut parts = parts;
    for name in [EXPECT, CONNECTION, TRANSFER_ENCODING, CONTENT_LENGTH] {
        parts.headers.remove(name);
    }
    let is_head = parts.method == hyper::Method::HEAD;
    let mut answer = send(moto, Request::from_parts(parts, body))
        .await
        .map_err(io::Error::other)?;
    answer.headers_mut().remove(TRANSFER_ENCODING);
    answer.headers_mut().remove(CONNECTION);
    if !is_head {
        answer.headers_mut().remove(CONTENT_LENGTH);
    }
    Ok(answer)
}

/// Accepts for as long as the runtime lives.
pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((socket, _)) = listener.accept().await {
        if socket.set_nodelay(true).is_err() {
            continue;
        }
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
            let service = service_fn(move |request| {
                let shared = Arc::clone(&shared);
                async move { shared.answer(request).await }
            });
            // A connection that ends early is what some faults are.
            drop(server.serve_connection(TokioIo::new(socket), service).await);
        });
    }
}

fn cut() -> io::Error {
    io::ErrorKind::ConnectionAborted.into()
}

/// The headers of the whole answer, and half of its body.
fn halved(answer: Response<Bytes>) -> Response<Answer> {
    let (mut parts, body) = answer.into_parts();
    parts.headers.insert(CONTENT_LENGTH, body.len().into());
    let half = body.slice(..body.len() / 2);
    Response::from_parts(
        parts,
        Answer {
            body: Some(half),
            breaks: Break::Soon,
        },
    )
}

/// The body of an answer, which may break off.
#[derive(Debug)]
pub(super) struct Answer {
    body: Option<Bytes>,
    breaks: Break,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Break {
    Never,
    /// Once what was written has been sent.
    Soon,
    Now,
}

impl Answer {
    pub(super) fn whole(body: Bytes) -> Self {
        Self {
            body: Some(body),
            breaks: Break::Never,
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(body) = self.body.take() {
            return Poll::Ready(Some(Ok(Frame::data(body))));
        }
        match self.breaks {
            Break::Never => Poll::Ready(None),
            Break::Soon => {
                self.breaks = Break::Now;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Break::Now => Poll::Ready(Some(Err(cut()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.breaks == Break::Never && self.body.as_ref().is_none_or(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        match (&self.body, self.breaks) {
            (Some(body), Break::Never) => SizeHint::with_exact(body.len() as u64),
            _ => SizeHint::default(),
        }
    }
}
