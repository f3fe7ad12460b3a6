//! The user's own Python scripts: `record_preprocessor_script` and `post_analytics_processor_script` (contract §6.4).
//!
//! One child process runs `driver.py`, which knows the documented interface, and answers record by record. Where a
//! script fails, the error has its traceback and the record's place; words of the record are taken out of it. Does not
//! interpret rows: they become records again and are decoded as all others.

use super::scratch::Scratch;
use super::settings::usage;
use crate::error::{EngineError, ErrorKind};
use crate::progress::Silent;
use crate::scan::ScanSettings;
use crate::scan::reader::read_all;
use crate::sources::Source;
use capture::decode::RecordFormat;
use capture::envelope;
use capture::time::parse_rfc3339;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

const DRIVER: &str = include_str!("driver.py");
const PREPROCESSOR: &str = "record_preprocessor_script";
const POSTPROCESSOR: &str = "post_analytics_processor_script";

/// What a record is, for the script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// A captured or merged record.
    Capture,
    /// A row of a CSV table.
    Csv,
    /// A JSON document of a line.
    Json,
}

#[derive(Serialize)]
struct Asked<'a> {
    kind: Kind,
    record: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    lines: Vec<String>,
}

/// A running script.
#[derive(Debug)]
struct Python {
    child: Child,
    stdin: Option<ChildStdin>,
    answers: Lines<BufReader<ChildStdout>>,
    setting: &'static str,
}

impl Python {
    async fn start(
        python: &str,
        script: &Path,
        setting: &'static str,
        scratch: &Scratch,
    ) -> Result<Self, EngineError> {
        if !script.is_file() {
            return Err(usage(
                format!("{setting} names {}, and there is no such file", script.display()),
                "the script must be an input of the job, as the SageMaker SDK adds it",
            ));
        }
        scratch.put("driver.py", DRIVER.as_bytes().to_vec()).await?;
        let mode = if setting == PREPROCESSOR {
            "preprocess"
        } else {
            "postprocess"
        };
        let spawned = Command::new(python)
            .arg(scratch.path.join("driver.py"))
            .arg(mode)
            .arg(script)
            .env("PYTHONIOENCODING", "utf-8")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        let mut child = spawned.map_err(|error| {
            usage(
                format!("the setting {setting} needs Python 3, and `{python}` cannot be started: {error}"),
                "use the image with Python (docs/container.md: `docker build --target python`), or leave the setting \
                 out: nested JSON and several rows per record are read without a script",
            )
        })?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(EngineError::new(
                ErrorKind::Internal,
                "Python was started without pipes",
            ));
        };
        Ok(Self {
            child,
            stdin: Some(stdin),
            answers: BufReader::new(stdout).lines(),
            setting,
        })
    }

    /// The next answer; `place` says where the script is, for the error.
    async fn answer(&mut self, place: &str) -> Result<Answer, EngineError> {
        let setting = self.setting;
        let line = self.answers.next_line().await.ok().flatten();
        let Some(line) = line else {
            let status = self.child.wait().await;
            let status = match status {
                Ok(status) => status.to_string(),
                Err(error) => error.to_string(),
            };
            return Err(usage(
                format!("Python, which runs {setting}, ended{place} ({status})"),
                "the job's log has what it wrote to standard error",
            ));
        };
        let answer: Answer = serde_json::from_str(&line).map_err(|error| {
            EngineError::new(
                ErrorKind::Internal,
                format!("the answer of {setting}{place} cannot be read: {error}"),
            )
        })?;
        match answer.error {
            Some(traceback) => Err(usage(
                format!("exception while running {setting}{place}:\n{traceback}"),
                "words of the record are shown as …; run the script on that record to see them",
            )),
            None => Ok(answer),
        }
    }

    async fn end(mut self) -> Result<(), EngineError> {
        drop(self.stdin.take());
        let ended = self.child.wait().await.map_err(|error| {
            EngineError::new(ErrorKind::Internal, "Python cannot be waited for").with_source(error)
        })?;
        if ended.success() {
            return Ok(());
        }
        Err(usage(
            format!("Python, which ran {}, ended with {ended}", self.setting),
            "the job's log has what it wrote to standard error",
        ))
    }
}

/// The user's preprocessor, ready for records.
#[derive(Debug)]
pub(crate) struct Preprocessor(Python);

impl Preprocessor {
    pub(crate) async fn start(python: &str, script: &Path, scratch: &Scratch) -> Result<Self, EngineError> {
        let mut python = Python::start(python, script, PREPROCESSOR, scratch).await?;
        python.answer("").await?;
        Ok(Self(python))
    }

    /// The object's lines as the script makes them, and for how many records it gave none.
    pub(crate) async fn rewrite(
        &mut self,
        source: &Source,
        kind: Kind,
        settings: &ScanSettings,
    ) -> Result<(Vec<u8>, u64), EngineError> {
        let (sender, receiver) = tokio::sync::mpsc::channel(2);
        let settings = ScanSettings {
            fallback: (kind == Kind::Capture).then_some(RecordFormat::Capture),
            header: None,
            ..settings.clone()
        };
        let one = std::slice::from_ref(source);
        let read = async { read_all(one, &settings, sender, &Silent).await };
        let take = async {
            // Moved in, so that an error here ends the reading too.
            let mut receiver = receiver;
            let (mut out, mut n_dropped, mut n_lines) = (Vec::new(), 0, 0u64);
            while let Some(item) = receiver.recv().await {
                let quoted = kind == Kind::Csv;
                for line in lines(&item.chunk.bytes, quoted) {
                    n_lines += 1;
                    let is_header = item.context.format == RecordFormat::CsvWithHeader && n_lines == 1;
                    let bare = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii();
                    if is_header || bare.is_empty() {
                        continue;
                    }
                    let text = std::str::from_utf8(bare).ok();
                    let Some(text) = text.filter(|text| kind != Kind::Capture || is_wanted(text, &settings))
                    else {
                        // Decoding says what is wrong with it, or counts it as outside.
                        out.extend_from_slice(line);
                        out.push(b'\n');
                        continue;
                    };
                    let place = format!(" at {}, line {n_lines}", source.shown_key);
                    let answer = self.ask(kind, text, &place).await?;
                    n_dropped += u64::from(answer.lines.is_empty());
                    for line in answer.lines {
                        out.extend_from_slice(line.as_bytes());
                        out.push(b'\n');
                    }
                }
            }
            Ok::<_, EngineError>((out, n_dropped))
        };
        let (taken, read) = futures::join!(take, read);
        let taken = taken?;
        read?;
        Ok(taken)
    }

    async fn ask(&mut self, kind: Kind, record: &str, place: &str) -> Result<Answer, EngineError> {
        let mut line = serde_json::to_vec(&Asked { kind, record }).map_err(|error| {
            EngineError::new(ErrorKind::Internal, "a record cannot be handed to the script")
                .with_source(error)
        })?;
        line.push(b'\n');
        if let Some(stdin) = &mut self.0.stdin {
            // A pipe that is closed shows in the answer, which says more.
            let _closed = stdin.write_all(&line).await;
            let _closed = stdin.flush().await;
        }
        self.0.answer(place).await
    }

    pub(crate) async fn finish(self) -> Result<(), EngineError> {
        self.0.end().await
    }
}

/// Runs `postprocess_handler()`.
pub(crate) async fn postprocess(python: &str, script: &Path, scratch: &Scratch) -> Result<(), EngineError> {
    let mut python = Python::start(python, script, POSTPROCESSOR, scratch).await?;
    python.answer("").await?;
    python.end().await
}

/// Whether the script is to see a captured record: shadow variants, other windows and broken lines it does not.
fn is_wanted(text: &str, settings: &ScanSettings) -> bool {
    let Ok(record) = envelope::parse(text) else {
        return false;
    };
    let Some(event) = &record.event_metadata else {
        return true;
    };
    let is_shadow = event.invocation_source.as_deref() == Some("ShadowExperiment");
    let second = event.inference_time.as_deref().and_then(parse_rfc3339);
    !is_shadow && second.is_none_or(|second| settings.window.contains(second))
}

/// The records of a chunk; quoted CSV cells may hold line ends.
fn lines(bytes: &[u8], quoted: bool) -> Vec<&[u8]> {
    let (mut records, mut start, mut in_quotes) = (Vec::new(), 0, false);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'"' if quoted => in_quotes = !in_quotes,
            b'\n' if !in_quotes => {
                records.push(&bytes[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    if start < bytes.len() {
        records.push(&bytes[start..]);
    }
    records
}
