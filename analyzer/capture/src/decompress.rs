//! gzip and zstd, recognised by their first bytes and capped in what they may become.
//!
//! The only module that may construct a decompressor. Does not know lines.

use crate::reject::RejectReason;
use std::io::{Read, Write};

/// How an object is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// As it is.
    None,
    /// gzip, one or several members.
    Gzip,
    /// Zstandard, one or several frames.
    Zstd,
}

impl Compression {
    /// By magic number; names lie, first bytes do not.
    pub fn sniff(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            _ => Self::None,
        }
    }
}

/// Turns compressed bytes into plain ones as they come.
pub struct Decompressor {
    inner: Inner,
    n_out: u64,
    max_out: u64,
}

enum Inner {
    Gzip(Box<flate2::write::MultiGzDecoder<Vec<u8>>>),
    Zstd(Box<zstd::stream::write::Decoder<'static, Vec<u8>>>),
}

impl Decompressor {
    /// `None` where nothing needs decompressing.
    pub fn new(compression: Compression, max_out: u64) -> Option<Self> {
        let inner = match compression {
            Compression::None => return None,
            Compression::Gzip => Inner::Gzip(Box::new(flate2::write::MultiGzDecoder::new(Vec::new()))),
            Compression::Zstd => Inner::Zstd(Box::new(zstd::stream::write::Decoder::new(Vec::new()).ok()?)),
        };
        Some(Self {
            inner,
            n_out: 0,
            max_out,
        })
    }

    /// Feeds bytes; gives what they became, also when it ends in an error.
    pub fn push(&mut self, bytes: &[u8]) -> (Vec<u8>, Result<(), RejectReason>) {
        // Small steps bound what a decompression bomb can make of one push (about 1,000 times 16 KiB).
        let mut out = Vec::new();
        for step in bytes.chunks(16 << 10) {
            let written = match &mut self.inner {
                Inner::Gzip(decoder) => decoder.write_all(step),
                Inner::Zstd(decoder) => decoder.write_all(step),
            };
            out.append(self.buffer());
            // The cap comes first: a corrupt stream may not grow past it either.
            if self.cut(&mut out) {
                return (out, Err(RejectReason::DecompressedTooLarge));
            }
            if written.is_err() {
                return (out, Err(RejectReason::CorruptCompression));
            }
        }
        self.n_out += out.len() as u64;
        (out, Ok(()))
    }

    /// Ends the stream: an unfinished one is corrupt.
    pub fn finish(mut self) -> (Vec<u8>, Result<(), RejectReason>) {
        let ended = match &mut self.inner {
            Inner::Gzip(decoder) => decoder.try_finish(),
            Inner::Zstd(decoder) => decoder.do_finish(),
        };
        let mut out = std::mem::take(self.buffer());
        if self.cut(&mut out) {
            return (out, Err(RejectReason::DecompressedTooLarge));
        }
        (out, ended.map_err(|_| RejectReason::CorruptCompression))
    }

    /// Cuts `out` at the cap; whether it had to.
    fn cut(&self, out: &mut Vec<u8>) -> bool {
        let room = self.max_out.saturating_sub(self.n_out);
        let over = out.len() as u64 > room;
        if over {
            out.truncate(room as usize);
        }
        over
    }

    fn buffer(&mut self) -> &mut Vec<u8> {
        match &mut self.inner {
            Inner::Gzip(decoder) => decoder.get_mut(),
            Inner::Zstd(decoder) => decoder.get_mut(),
        }
    }
}

/// Decompresses a whole small object, up to `max_out` bytes.
pub fn decompress_all(bytes: Vec<u8>, max_out: u64) -> Result<Vec<u8>, RejectReason> {
    let mut out = Vec::new();
    let read = match Compression::sniff(&bytes) {
        Compression::None => return Ok(bytes),
        Compression::Gzip => flate2::read::MultiGzDecoder::new(&bytes[..])
            .take(max_out + 1)
            .read_to_end(&mut out),
        Compression::Zstd => match zstd::stream::read::Decoder::new(&bytes[..]) {
            Ok(decoder) => decoder.take(max_out + 1).read_to_end(&mut out),
            Err(error) => Err(error),
        },
    };
    match read {
        Err(_) => Err(RejectReason::CorruptCompression),
        Ok(_) if out.len() as u64 > max_out => Err(RejectReason::DecompressedTooLarge),
        Ok(_) => Ok(out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(compressed: &[u8], max_out: u64, step: usize) -> (Vec<u8>, Result<(), RejectReason>) {
        let mut decompressor = Decompressor::new(Compression::sniff(compressed), max_out).unwrap();
        let mut all = Vec::new();
        for part in compressed.chunks(step) {
            let (out, result) = decompressor.push(part);
            all.extend(out);
            if result.is_err() {
                return (all, result);
            }
        }
        let (out, result) = decompressor.finish();
        all.extend(out);
        (all, result)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn both_formats_come_back_whole_also_as_several_members() {
        let plain = b"line one\nline two\n".repeat(1000);
        let two_members = [gzip(&plain), gzip(&plain)].concat();
        let two_frames = [
            zstd::encode_all(&plain[..], 1).unwrap(),
            zstd::encode_all(&plain[..], 1).unwrap(),
        ]
        .concat();
        for compressed in [two_members, two_frames] {
            assert_eq!(through(&compressed, 1 << 30, 37), (plain.repeat(2), Ok(())));
            assert_eq!(decompress_all(compressed, 1 << 30).unwrap(), plain.repeat(2));
        }
    }

    #[test]
    fn a_bomb_stops_at_the_cap() {
        let zeros = vec![0u8; 10 << 20];
        for compressed in [gzip(&zeros), zstd::encode_all(&zeros[..], 3).unwrap()] {
            let (out, result) = through(&compressed, 100_000, 4096);
            assert_eq!(
                (out.len(), result),
                (100_000, Err(RejectReason::DecompressedTooLarge))
            );
        }
    }

    /// Found by fuzzing: the corrupt end was told before the cap was looked at.
    #[test]
    fn a_stream_that_is_corrupt_behind_a_bomb_stops_at_the_cap() {
        let mut bomb = gzip(&vec![0u8; 1 << 20]);
        bomb.extend_from_slice(b"no second member");
        let (out, result) = through(&bomb, 1000, bomb.len());
        assert_eq!(
            (out.len(), result),
            (1000, Err(RejectReason::DecompressedTooLarge))
        );
    }

    #[test]
    fn a_truncated_or_corrupt_stream_keeps_what_came_before() {
        let plain: Vec<u8> = (0..200_000u32).flat_map(u32::to_le_bytes).collect();
        for whole in [gzip(&plain), zstd::encode_all(&plain[..], 3).unwrap()] {
            let (out, result) = through(&whole[..whole.len() / 2], 1 << 30, 1000);
            assert_eq!(result, Err(RejectReason::CorruptCompression));
            assert!(!out.is_empty() && plain.starts_with(&out));
            let (out, result) = through(&whole, 1 << 30, 1000);
            assert!(out == plain && result == Ok(()));
        }
    }
}
