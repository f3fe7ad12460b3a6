//! A fake of SageMaker's API: answers `Describe*` with JSON on 127.0.0.1, one thread, until dropped.
//!
//! moto has no monitoring schedules. It speaks AWS JSON 1.1 as far as one client asks: a POST whose `X-Amz-Target` names the
//! operation.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// The server.
pub(super) struct Fake {
    pub(super) url: String,
    /// Operation and body of each request.
    pub(super) asked: Arc<Mutex<Vec<(String, Value)>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Fake {
    /// Answers each operation of `answers`; any other with a not-found error.
    pub(super) fn new(answers: BTreeMap<&'static str, Value>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let (stopped, log) = (Arc::clone(&stop), Arc::clone(&asked));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    break;
                }
                let _client_gone = stream.and_then(|stream| answer(stream, &answers, &log));
            }
        });
        Self {
            url,
            asked,
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _wakes_it = TcpStream::connect(self.url.trim_start_matches("http://"));
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

fn answer(
    mut stream: TcpStream,
    answers: &BTreeMap<&'static str, Value>,
    log: &Mutex<Vec<(String, Value)>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut operation, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        let (name, value) = line.trim().split_once(':').unwrap_or((line.trim(), ""));
        match name.to_ascii_lowercase().as_str() {
            "x-amz-target" => value
                .trim()
                .rsplit('.')
                .next()
                .unwrap_or_default()
                .clone_into(&mut operation),
            "content-length" => length = value.trim().parse().unwrap_or(0),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let asked = serde_json::from_slice(&body).unwrap_or(Value::Null);
    log.lock().unwrap().push((operation.clone(), asked));
    let (status, answer) = match answers.get(operation.as_str()) {
        Some(answer) => ("200 OK", answer.clone()),
        None => (
            "400 Bad Request",
            json!({"__type": "ResourceNotFound", "Message": format!("nothing for {operation}")}),
        ),
    };
    let text = answer.to_string();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
        text.len()
    )
}
