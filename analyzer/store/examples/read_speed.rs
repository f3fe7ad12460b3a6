//! How fast a local file comes through the store, against a plain loop over `std::fs::File`, in one run:
//! `cargo run --release -p store --example read_speed -- FILE`. Reads the file once before, so that it is cached.
//!
//! Knows nothing of what the bytes mean; each reader touches every byte once (a sum), as any decoder would.

use std::fs::File;
use std::io::{Read, Write};
use std::time::Instant;

use store::{Location, StoreOptions, open_store};

const ROUNDS: usize = 7;

fn main() -> Result<(), Failed> {
    let path = std::env::args().nth(1).ok_or("give a file")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()?;
    let mut seconds = [f64::INFINITY; 3];
    let mut n_bytes = 0;
    for _ in 0..=ROUNDS {
        let start = Instant::now();
        let expected = plain(&path)?;
        seconds[0] = seconds[0].min(start.elapsed().as_secs_f64());

        let start = Instant::now();
        let found = runtime.block_on(runtime.spawn(through_store(path.clone())))??;
        seconds[1] = seconds[1].min(start.elapsed().as_secs_f64());
        if found != expected {
            return Err("the store read other bytes".into());
        }

        let start = Instant::now();
        let reader = runtime.block_on(open(&path))?;
        let found = std::thread::spawn(move || on_a_thread(reader))
            .join()
            .map_err(|_| "a reader panicked")??;
        seconds[2] = seconds[2].min(start.elapsed().as_secs_f64());
        if found != expected {
            return Err("the store read other bytes".into());
        }
        n_bytes = expected.1;
    }
    let gigabytes = n_bytes as f64 / 1e9;
    let mut out = std::io::stdout().lock();
    for (name, seconds) in ["std::fs", "store, async", "store, thread"].iter().zip(seconds) {
        writeln!(out, "{name:>14}: {seconds:.3} s, {:.2} GB/s", gigabytes / seconds)?;
    }
    Ok(())
}

type Sum = (u64, u64);
type Failed = Box<dyn std::error::Error + Send + Sync>;

fn add(sum: &mut Sum, bytes: &[u8]) {
    sum.0 = bytes
        .iter()
        .fold(sum.0, |total, &byte| total.wrapping_add(u64::from(byte)));
    sum.1 += bytes.len() as u64;
}

fn plain(path: &str) -> std::io::Result<Sum> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 1 << 20];
    let mut sum = Sum::default();
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(sum),
            n_bytes => add(&mut sum, &buffer[..n_bytes]),
        }
    }
}

async fn open(path: &str) -> Result<store::ObjectReader, store::StoreError> {
    let (store, root) = open_store(&Location::parse(path)?, &StoreOptions::default()).await?;
    store.open(&root).await
}

async fn through_store(path: String) -> Result<Sum, Failed> {
    let mut reader = open(&path).await?;
    let mut sum = Sum::default();
    while let Some(chunk) = reader.next_chunk().await {
        add(&mut sum, &chunk?);
    }
    Ok(sum)
}

fn on_a_thread(mut reader: store::ObjectReader) -> Result<Sum, Failed> {
    let mut sum = Sum::default();
    while let Some(chunk) = reader.next_chunk_blocking() {
        add(&mut sum, &chunk?);
    }
    Ok(sum)
}
