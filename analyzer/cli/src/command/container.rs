//! `driftline container`: in place of Model Monitor's image.
//!
//! Hands the process's environment, clock and signals to the engine; computes nothing.

use crate::progress::Bar;
use crate::{exit, message, settings};
use anyhow::Context as _;
use clap::Args;
use engine::container::{
    ContainerRequest, DEFAULT_ROOT, failure_message, message_file, prepare, stop_message, write_message,
};
use engine::{EngineError, ErrorKind};
use signal_hook::consts::SIGTERM;
use signal_hook::iterator::Signals;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};
use store::StoreOptions;

#[derive(Debug, Args)]
pub(crate) struct ContainerArguments {
    /// What lies at /opt/ml in a job: config, processing and output folders.
    #[arg(long, value_name = "FOLDER", default_value = DEFAULT_ROOT)]
    pub(crate) root: PathBuf,
    /// A setting of the job, above processingjobconfig.json and the environment; may be given more than once.
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) set: Vec<String>,
    /// Worker threads; all cores without it.
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
}

pub(crate) async fn run(arguments: ContainerArguments) -> anyhow::Result<u8> {
    let overrides = arguments.set.iter().map(|text| pair(text));
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let request = ContainerRequest {
        root: arguments.root,
        environment: environment.collect(),
        overrides: overrides.collect::<Result<_, _>>()?,
        n_threads: settings::threads(arguments.threads)?,
        now: now.map_or(0, |since| since.as_secs() as i64),
        store: StoreOptions::default(),
    };
    let mut stopped = stop_signal().context("SIGTERM cannot be listened to")?;
    let bar = Bar::default();
    let done = tokio::select! {
        biased;
        _ = &mut stopped => None,
        prepared = prepare(&request, &bar) => Some(prepared),
    };
    let Some(done) = done else {
        let text = stop_message();
        write_message(&message_file(&request), &text, &request.store).await?;
        message::talk(&text);
        return Ok(exit::STOPPED);
    };
    // Writing takes milliseconds: a stop that comes now finds whole documents.
    let ended = match done {
        Ok(prepared) => prepared.write().await,
        Err(error) => Err(error),
    };
    match ended {
        Ok(ended) => {
            for place in &ended.written {
                message::data(&format!("wrote {place}\n"));
            }
            match &ended.message {
                Some(text) => message::data(&format!("{text}\n")),
                None => message::data("the first host of the job merges and writes\n"),
            }
            Ok(if ended.failed { exit::NOTHING } else { exit::DONE })
        }
        Err(error) => {
            let text = failure_message(&error.to_string(), error.hint());
            if let Err(second) = write_message(&message_file(&request), &text, &request.store).await {
                message::talk(&format!("the exit message could not be written: {second}"));
            }
            Err(error.into())
        }
    }
}

fn pair(text: &str) -> Result<(String, String), EngineError> {
    let (name, value) = text.split_once('=').ok_or_else(|| {
        EngineError::new(
            ErrorKind::Usage,
            format!("--set has `{text}`, expected NAME=VALUE"),
        )
        .with_hint("for example --set dataset_source=/data/capture")
    })?;
    Ok((name.trim().to_owned(), value.to_owned()))
}

/// Resolves when the job is asked to stop.
fn stop_signal() -> std::io::Result<tokio::sync::oneshot::Receiver<()>> {
    let mut signals = Signals::new([SIGTERM])?;
    let (sender, receiver) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        if signals.forever().next().is_some() {
            // Nobody waits any more once documents are being written.
            let _too_late = sender.send(());
        }
    });
    Ok(receiver)
}
