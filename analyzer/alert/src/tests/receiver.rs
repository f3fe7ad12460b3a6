//! A local HTTP receiver that does as it is told, and remembers what it was sent.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// What it does with a request, after it has read it.
#[derive(Debug, Clone)]
pub(super) enum Conduct {
    /// Answers with a status and, perhaps, `Retry-After`.
    Answer(u16, Option<String>),
    /// Answers with a status and a body.
    #[cfg(feature = "aws")]
    Body(u16, &'static str),
    /// Never answers.
    Hang,
    /// Closes the connection without an answer.
    Close,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Vec<u8>,
}

#[derive(Clone)]
pub(super) struct Receiver {
    pub(super) url: String,
    conduct: Arc<Mutex<VecDeque<Conduct>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Receiver {
    /// Follows `conduct`, then answers 200. Ends with the test's runtime.
    pub(super) async fn start(conduct: impl IntoIterator<Item = Conduct>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let receiver = Self {
            url,
            conduct: Arc::new(Mutex::new(conduct.into_iter().collect())),
            seen: Arc::default(),
        };
        let served = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let served = served.clone();
                let service = service_fn(move |request| served.clone().answer(request));
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        receiver
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    async fn answer(self, request: Request<Incoming>) -> io::Result<Response<Full<Bytes>>> {
        let headers = request
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()))
            .collect();
        let body = request
            .into_body()
            .collect()
            .await
            .map_err(io::Error::other)?
            .to_bytes()
            .to_vec();
        self.seen.lock().unwrap().push(Seen { headers, body });
        let conduct = self
            .conduct
            .lock()
            .unwrap()
            .pop_front()
            .unwrap_or(Conduct::Answer(200, None));
        match conduct {
            Conduct::Answer(status, retry_after) => {
                let mut answer = Response::builder().status(status);
                if let Some(retry_after) = retry_after {
                    answer = answer.header("retry-after", retry_after);
                }
                let text = if status == 200 { "ok" } else { "no\nthanks" };
                answer
                    .body(Full::new(Bytes::from_static(text.as_bytes())))
                    .map_err(io::Error::other)
            }
            #[cfg(feature = "aws")]
            Conduct::Body(status, text) => Response::builder()
                .status(status)
                .body(Full::new(Bytes::from_static(text.as_bytes())))
                .map_err(io::Error::other),
            Conduct::Hang => std::future::pending().await,
            Conduct::Close => Err(io::Error::other("closed")),
        }
    }
}
