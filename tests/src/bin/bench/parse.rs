//! The yardstick: every line of some files parsed into a `sonic_rs::Value` and dropped.
//!
//! Read as `driftline` reads: one thread cuts files into chunks of two megabytes of whole lines, the workers take
//! chunks. Beside that nothing is done that an analysis would do.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use anyhow::{Context, Result};
use capture::frame::{Chunk, Framer};
use capture::limits::Limits;
use serde::Serialize;

const CHUNK_BYTES: usize = 2 << 20;
const READ_BYTES: usize = 256 << 10;

/// What was parsed.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Parsed {
    lines: u64,
    invalid: u64,
    bytes: u64,
}

pub(crate) fn parse_all(folder: &Path, n_threads: usize) -> Result<Parsed> {
    let files = files_below(folder)?;
    let (sender, receiver) = sync_channel::<Chunk>(2 * n_threads);
    let receiver = Mutex::new(receiver);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..n_threads.max(1))
            .map(|_| scope.spawn(|| parse_chunks(&receiver)))
            .collect();
        let read = files.iter().try_for_each(|file| cut(file, &sender));
        drop(sender);
        let mut all = Parsed::default();
        for worker in workers {
            let part = worker.join().expect("a parser does not panic");
            all.lines += part.lines;
            all.invalid += part.invalid;
            all.bytes += part.bytes;
        }
        read.map(|()| all)
    })
}

/// Files below a folder, in the order of their paths.
pub(crate) fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).with_context(|| format!("list {}", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            let list = if path.is_dir() { &mut folders } else { &mut files };
            list.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn cut(file: &Path, sender: &SyncSender<Chunk>) -> Result<()> {
    let mut reader = File::open(file).with_context(|| format!("open {}", file.display()))?;
    let mut framer = Framer::new(CHUNK_BYTES, Limits::default().max_line_bytes, false);
    let mut buffer = vec![0; READ_BYTES];
    let emit = |chunk: Chunk| {
        sender
            .send(chunk)
            .expect("workers take chunks until the sender is gone");
    };
    loop {
        let n = reader
            .read(&mut buffer)
            .with_context(|| format!("read {}", file.display()))?;
        if n == 0 {
            framer.finish(emit);
            return Ok(());
        }
        framer.push(&buffer[..n], emit);
    }
}

fn parse_chunks(chunks: &Mutex<Receiver<Chunk>>) -> Parsed {
    let mut parsed = Parsed::default();
    loop {
        let next = chunks.lock().expect("no worker panics while it waits").recv();
        let Ok(chunk) = next else { return parsed };
        parsed.bytes += chunk.bytes.len() as u64;
        for line in chunk.bytes.split_inclusive(|byte| *byte == b'\n') {
            parsed.lines += 1;
            parsed.invalid += u64::from(sonic_rs::from_slice::<sonic_rs::Value>(line).is_err());
        }
    }
}
