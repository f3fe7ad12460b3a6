//! Compressed objects: never more than the cap comes out, however the bytes arrive.
#![no_main]

use capture::decompress::{Compression, Decompressor, decompress_all};

const CAP: u64 = 1 << 16;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = decompress_all(bytes.to_vec(), CAP)
        .map(|out| assert!(out.len() as u64 <= CAP.max(bytes.len() as u64)));
    if let Some(mut decompressor) = Decompressor::new(Compression::sniff(bytes), CAP) {
        let mut n_out = 0;
        for part in bytes.chunks(7) {
            let (out, result) = decompressor.push(part);
            n_out += out.len() as u64;
            if result.is_err() {
                assert!(n_out <= CAP);
                return;
            }
        }
        n_out += decompressor.finish().0.len() as u64;
        assert!(n_out <= CAP);
    }
});
