//! A temporary folder and the built `driftline`: what a transcript test needs.
//!
//! It runs the program as a person in a shell would, without a terminal, and knows only what came out.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde_json::Value;
use tempfile::TempDir;

use crate::program;
use crate::synth::Synth;

/// A place to work in, removed when dropped.
#[derive(Debug)]
pub struct World {
    folder: TempDir,
    driftline: PathBuf,
}

/// What one run of the program said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Exit code; −1 when a signal ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl World {
    /// An empty folder; fails with the remedy where `driftline` is not built.
    pub fn new() -> Result<Self> {
        Ok(Self {
            folder: tempfile::tempdir()?,
            driftline: program::built("driftline")?,
        })
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file and the folders above it.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> Result<()> {
        let path = self.path(name);
        if let Some(above) = path.parent() {
            std::fs::create_dir_all(above)?;
        }
        std::fs::write(&path, content).with_context(|| format!("write {}", path.display()))
    }

    /// Runs `driftline` in the folder; arguments are separated by blanks. AWS settings of this machine stay out.
    pub fn run(&self, arguments: &str) -> Result<Answer> {
        self.run_with(arguments, &[])
    }

    /// [`Self::run`] with these variables.
    pub fn run_with(&self, arguments: &str, variables: &[(&'static str, String)]) -> Result<Answer> {
        let mut command = Command::new(&self.driftline);
        command
            .args(arguments.split_whitespace())
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("AWS_") {
                command.env_remove(name);
            }
        }
        command.env("AWS_EC2_METADATA_DISABLED", "true");
        command.envs(variables.iter().map(|(name, value)| (*name, value)));
        let output = command.output().context("run driftline")?;
        Ok(Answer {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).context("standard output is not UTF-8")?,
            stderr: String::from_utf8(output.stderr).context("standard error is not UTF-8")?,
        })
    }

    /// Runs `driftline` and expects exit code 0.
    pub fn succeed(&self, arguments: &str) -> Result<Answer> {
        let answer = self.run(arguments)?;
        anyhow::ensure!(answer.code == 0, "driftline {arguments}\nended with {answer:#?}");
        Ok(answer)
    }

    /// A file as JSON.
    pub fn json(&self, name: &str) -> Result<Value> {
        let path = self.path(name);
        let bytes = std::fs::read(&path).with_context(|| format!("read {}", path.display()))?;
        serde_json::from_slice(&bytes).with_context(|| format!("parse {}", path.display()))
    }

    /// Makes `train.csv`, the folder `capture` of seeded data, and from the first the folder `baseline`.
    pub fn with_data(self, synth: &Synth) -> Result<Self> {
        synth.write_training(&self.path("train.csv"), 3_000)?;
        synth.write_capture(&self.path("capture"), 1)?;
        self.succeed("baseline --data train.csv --output baseline")?;
        Ok(self)
    }
}

/// Names of the files in a folder, sorted; none where the folder is missing.
pub fn file_names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(Result::ok);
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
