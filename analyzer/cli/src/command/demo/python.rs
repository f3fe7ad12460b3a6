//! Python for the demo's training image: the image's own code (`infra/training`, carried along in this program) and a small
//! environment with what its boosting needs.
//!
//! Where it cannot be had, the reason is an answer and no error. Does not know what is trained.

use super::endpoint::write;
use anyhow::Context as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What `infra/training` needs for boosting on a processor.
const REQUIREMENTS: &str = include_str!("../../../demo/requirements-training.txt");
/// The version that the requirements are for.
const VERSION: &str = "3.11";

macro_rules! image {
    ($($file:literal),* $(,)?) => {
        &[$(($file, include_str!(concat!("../../../../../infra/training/", $file)))),*]
    };
}

/// Every file of the image that training, scoring and serving read.
const IMAGE: &[(&str, &str)] = image!(
    "entry.py",
    "train.py",
    "predict.py",
    "serve.py",
    "inference.py",
    "trainer/__init__.py",
    "trainer/artifact.py",
    "trainer/boosting.py",
    "trainer/checkpoint.py",
    "trainer/distributed.py",
    "trainer/encode.py",
    "trainer/environment.py",
    "trainer/failure.py",
    "trainer/hyperparameters.py",
    "trainer/job.py",
    "trainer/launch.py",
    "trainer/loop.py",
    "trainer/metrics.py",
    "trainer/network.py",
    "trainer/request.py",
    "trainer/schema.py",
    "trainer/split.py",
    "trainer/step.py",
    "trainer/table.py",
    "trainer/target.py",
);

/// The image on this machine.
pub(super) struct Image {
    pub(super) python: PathBuf,
    pub(super) entry: PathBuf,
}

/// The image, or why there is none here.
pub(super) type Found = Result<Image, String>;

/// Writes the image's files below `folder` and finds a Python for them: `given`, else an environment of its own there, made
/// once.
pub(super) fn set_up(folder: &Path, given: Option<&Path>) -> anyhow::Result<Found> {
    let code = folder.join("image");
    for (name, text) in IMAGE {
        let file = code.join(name);
        let parent = file.parent().context("a file of the image lies nowhere")?;
        write(
            parent,
            &file.file_name().unwrap_or_default().to_string_lossy(),
            text,
        )?;
    }
    let entry = code.join("entry.py");
    if entry.to_string_lossy().contains(char::is_whitespace) {
        return Ok(Err(format!(
            "{} has a blank in it, and commands of images are words divided by blanks",
            entry.display()
        )));
    }
    let python = match given {
        Some(python) => python.to_owned(),
        None => match environment(&folder.join("python"))? {
            Ok(python) => python,
            Err(reason) => return Ok(Err(reason)),
        },
    };
    let tried = run(Command::new(&python).args(["-c", "import numpy, pyarrow, xgboost"]));
    Ok(tried.map(|()| Image { python, entry }))
}

/// An environment with the pinned packages in `folder`, kept until they change.
fn environment(folder: &Path) -> anyhow::Result<Result<PathBuf, String>> {
    let (python, made_of) = (folder.join("bin/python"), folder.join("made-of.txt"));
    if std::fs::read_to_string(&made_of).is_ok_and(|made| made == REQUIREMENTS) {
        return Ok(Ok(python));
    }
    let found = [format!("python{VERSION}"), "python3".to_owned()]
        .into_iter()
        .find(|name| version(name).as_deref() == Some(VERSION));
    let Some(found) = found else {
        return Ok(Err(format!("there is no Python {VERSION} here")));
    };
    if folder.exists() {
        std::fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    if let Err(reason) = run(Command::new(found).args(["-m", "venv"]).arg(folder)) {
        return Ok(Err(reason));
    }
    write(folder, "requirements.txt", REQUIREMENTS)?;
    let installed = run(Command::new(&python)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-input",
        ])
        .args([
            "--retries",
            "1",
            "--timeout",
            "15",
            "--only-binary",
            ":all:",
            "-r",
        ])
        .arg(folder.join("requirements.txt")));
    if let Err(reason) = installed {
        return Ok(Err(format!("its packages cannot be had: {reason}")));
    }
    write(folder, "made-of.txt", REQUIREMENTS)?;
    Ok(Ok(python))
}

/// `3.11` of an interpreter.
fn version(python: &str) -> Option<String> {
    let asked = "import sys; print('%d.%d' % sys.version_info[:2])";
    let answer = Command::new(python).args(["-c", asked]).output().ok()?;
    answer
        .status
        .success()
        .then(|| String::from_utf8_lossy(&answer.stdout).trim().to_owned())
}

/// Runs it; the last line of what it complained about where it fails.
fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let answer = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{name} cannot be started: {error}"))?;
    if answer.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&answer.stderr);
    let last = said
        .lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .unwrap_or("no reason given");
    Err(format!("{name}: {}", last.trim()))
}
