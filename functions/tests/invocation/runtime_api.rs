//! The Lambda Runtime API (2018-06-01) for one invocation: hands out one event, takes one answer.
//!
//! Source: AWS Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes". Every connection serves one
//! request and is closed, which HTTP/1.1 allows at any time, so there is no more of HTTP here than that.

use serde_json::Value;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// The request id of the one invocation.
pub(crate) const REQUEST_ID: &str = "8476a536-e9f4-11e8-9739-2dfe598c3fcd";
const PATIENCE: Duration = Duration::from_mins(1);

/// The API, bound to a free port.
pub(crate) struct RuntimeApi {
    listener: TcpListener,
}

/// What the function posted.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Path below the invocation: `response` or `error`.
    pub(crate) kind: String,
    /// Its JSON.
    pub(crate) body: Value,
}

struct Request {
    method: String,
    path: String,
    body: Vec<u8>,
}

impl RuntimeApi {
    pub(crate) async fn bind() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { listener }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    /// Hands out `event` and waits for its answer.
    pub(crate) async fn invoke(&self, event: &Value) -> Answer {
        let answered = timeout(PATIENCE, self.exchange(event)).await;
        answered.expect("the function answers in time")
    }

    async fn exchange(&self, event: &Value) -> Answer {
        let invocation = "/2018-06-01/runtime/invocation/";
        let (next, stream) = self.request().await;
        assert_eq!(
            (next.method.as_str(), next.path),
            ("GET", format!("{invocation}next"))
        );
        let headers = format!(
            "Lambda-Runtime-Aws-Request-Id: {REQUEST_ID}\r\nLambda-Runtime-Deadline-Ms: 4102444800000\r\n\
             Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:eu-west-1:123456789012:function:analyze\r\n"
        );
        respond(stream, "200 OK", &headers, &event.to_string()).await;
        let (posted, stream) = self.request().await;
        respond(stream, "202 Accepted", "", "{}").await;
        assert_eq!(posted.method, "POST");
        let prefix = format!("{invocation}{REQUEST_ID}/");
        Answer {
            kind: posted.path.strip_prefix(&prefix).unwrap().to_owned(),
            body: serde_json::from_slice(&posted.body).unwrap(),
        }
    }

    async fn request(&self) -> (Request, TcpStream) {
        let (stream, _) = self.listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        let mut head = Vec::new();
        let mut line = String::new();
        while stream.read_line(&mut line).await.unwrap() > 2 {
            head.push(std::mem::take(&mut line));
        }
        let mut words = head[0].split_whitespace().map(str::to_owned);
        let (method, path) = (words.next().unwrap(), words.next().unwrap());
        let n_bytes = head.iter().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse().unwrap())
        });
        let mut body = vec![0; n_bytes.unwrap_or(0)];
        stream.read_exact(&mut body).await.unwrap();
        (Request { method, path, body }, stream.into_inner())
    }
}

async fn respond(mut stream: TcpStream, status: &str, headers: &str, body: &str) {
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}"
    );
    stream.write_all(answer.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
}
