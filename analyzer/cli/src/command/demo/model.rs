//! The demo's models: trained, scored and served by the training image, as processes.
//!
//! Speaks HTTP as a client of SageMaker's runtime does, with the few lines that takes. Does not know what a model is of.

use super::endpoint::write;
use super::python::Image;
use anyhow::{Context as _, bail};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

impl Image {
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.python);
        command
            .arg(&self.entry)
            .args(words)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::null());
        command
    }

    fn finish(mut command: Command, what: &str) -> anyhow::Result<String> {
        let answer = command.output().with_context(|| format!("cannot start {what}"))?;
        if !answer.status.success() {
            bail!(
                "{what} failed: {}",
                String::from_utf8_lossy(&answer.stderr).trim()
            );
        }
        Ok(String::from_utf8_lossy(&answer.stdout).into_owned())
    }

    /// Trains by boosting on a table, under `/opt/ml`'s layout in `job`; the last line that it printed.
    pub(super) fn train(&self, job: &Path, table: &str, schema: &str) -> anyhow::Result<String> {
        let channel = job.join("input/data/train");
        write(&channel, "train.csv", table)?;
        write(&channel, "schema.json", schema)?;
        write(
            &job.join("input/config"),
            "hyperparameters.json",
            r#"{"algorithm": "boosting"}"#,
        )?;
        let mut command = self.command(&["train"]);
        command.env("SM_ROOT", job).env("SAGEMAKER_BASE_DIR", job);
        let printed = Self::finish(command, "the training")?;
        Ok(printed.lines().last().unwrap_or_default().to_owned())
    }

    /// Scores a table with a model's folder; `scored.csv` and `schema.json` are in `output` then.
    pub(super) fn score(&self, model: &Path, data: &Path, output: &Path) -> anyhow::Result<()> {
        let mut command = self.command(&["predict"]);
        command
            .arg("--model")
            .arg(model)
            .arg("--data")
            .arg(data)
            .arg("--output")
            .arg(output);
        Self::finish(command, "the scoring").map(drop)
    }

    /// Unpacks `model.tar.gz` into `folder`.
    pub(super) fn unpack(&self, archive: &Path, folder: &Path) -> anyhow::Result<()> {
        let mut command = Command::new(&self.python);
        command
            .args(["-m", "tarfile", "-e"])
            .arg(archive)
            .arg(folder)
            .stdin(Stdio::null());
        Self::finish(command, "unpacking the model").map(drop)
    }

    /// Serves a model's folder until the answer is dropped.
    pub(super) fn serve(&self, model: &Path) -> anyhow::Result<Endpoint> {
        let mut process = self
            .command(&["serve", "--host", "127.0.0.1", "--port", "0", "--model-dir"])
            .arg(model)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start the endpoint")?;
        let mut line = String::new();
        if let Some(printed) = process.stdout.take() {
            BufReader::new(printed).read_line(&mut line)?;
        }
        let endpoint = Endpoint {
            address: line
                .trim()
                .strip_prefix("listening on http://")
                .unwrap_or_default()
                .to_owned(),
            process,
        };
        if endpoint.address.is_empty() {
            bail!("the endpoint does not say where it listens: `{}`", line.trim());
        }
        let mut connection = endpoint.connect()?;
        connection.ask("GET", "/ping", "")?;
        Ok(endpoint)
    }
}

/// A served model.
pub(super) struct Endpoint {
    address: String,
    process: Child,
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

impl Endpoint {
    pub(super) fn connect(&self) -> anyhow::Result<Connection> {
        let stream = TcpStream::connect(&self.address).context("the endpoint does not answer")?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        stream.set_nodelay(true)?;
        Ok(Connection {
            reader: BufReader::new(stream),
        })
    }
}

/// A connection to an endpoint, kept open from request to request.
pub(super) struct Connection {
    reader: BufReader<TcpStream>,
}

impl Connection {
    /// The model's answer to one row of CSV.
    pub(super) fn invoke(&mut self, row: &str) -> anyhow::Result<String> {
        let answer = self.ask("POST", "/invocations", row)?;
        Ok(answer.trim().to_owned())
    }

    fn ask(&mut self, method: &str, path: &str, body: &str) -> anyhow::Result<String> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: endpoint\r\nContent-Type: text/csv\r\nAccept: text/csv\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.reader.get_mut().write_all(request.as_bytes())?;
        let mut status = String::new();
        self.reader.read_line(&mut status)?;
        let mut length = 0;
        loop {
            let mut line = String::new();
            if self.reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value
                    .trim()
                    .parse()
                    .context("the endpoint's answer has no length")?;
            }
        }
        let mut answer = vec![0; length];
        self.reader.read_exact(&mut answer)?;
        if status.split(' ').nth(1) != Some("200") {
            bail!("the endpoint answered {}", status.trim());
        }
        String::from_utf8(answer).context("the endpoint's answer is no text")
    }
}
