//! A whole object: framed at any chunk size, in any format, every line is decoded or rejected, and the cut of the
//! stream changes nothing.
#![no_main]

use capture::decode::{Decoder, ObjectContext, RecordFormat};
use capture::frame::{Chunk, Framer};
use capture::time::TimeWindow;

const FORMATS: [RecordFormat; 6] = [
    RecordFormat::Capture,
    RecordFormat::CsvWithHeader,
    RecordFormat::Csv,
    RecordFormat::JsonLines,
    RecordFormat::BatchCsv,
    RecordFormat::BatchJson,
];

/// Lines, decoded lines, rejected lines, rows.
fn decode(format: RecordFormat, bytes: &[u8], chunk_bytes: usize, push_bytes: usize) -> [u64; 4] {
    let limits = capture_fuzz::limits();
    let quoted = matches!(format, RecordFormat::Csv | RecordFormat::CsvWithHeader);
    let mut framer = Framer::new(chunk_bytes, limits.max_line_bytes, quoted);
    let mut chunks: Vec<Chunk> = Vec::new();
    for part in bytes.chunks(push_bytes) {
        framer.push(part, |chunk| chunks.push(chunk));
    }
    framer.finish(|chunk| chunks.push(chunk));

    let mut decoder = Decoder::new(capture_fuzz::layout(), TimeWindow::default(), limits);
    let mut counts = [0; 4];
    for chunk in &chunks {
        let outcome = decoder.decode(chunk, &ObjectContext { format, hour: None });
        let n_rejected = outcome.rejects.len() as u64;
        assert_eq!(outcome.n_lines, outcome.n_decoded + n_rejected);
        capture_fuzz::check(decoder.batch());
        let n_rows: u64 = outcome
            .records
            .iter()
            .map(|record| u64::from(record.n_rows))
            .sum();
        assert_eq!(n_rows, decoder.batch().n_rows() as u64);
        let of_chunk = [outcome.n_lines, outcome.n_decoded, n_rejected, n_rows];
        counts.iter_mut().zip(of_chunk).for_each(|(sum, n)| *sum += n);
    }
    counts
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let [choice, size, bytes @ ..] = bytes else { return };
    let format = FORMATS[usize::from(*choice) % FORMATS.len()];
    let small = decode(format, bytes, usize::from(*size) + 1, usize::from(*size) + 1);
    let whole = decode(format, bytes, 1 << 20, 1 << 20);
    // The cap on extra columns counts over a chunk, so cells may differ; lines may not.
    assert_eq!(small[0], whole[0]);
});
