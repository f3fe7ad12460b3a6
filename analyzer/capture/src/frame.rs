//! Streams of bytes to chunks of whole lines.
//!
//! A chunk knows where it starts in its object; line numbers are counted by whoever reads chunks in order. A line
//! over the cap is never held: its length is remembered and its bytes are passed over. Does not look into lines.

use memchr::{memchr, memchr_iter, memrchr};

/// A run of whole lines of one object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chunk {
    /// Byte offset in the (decompressed) object.
    pub byte_offset: u64,
    /// Whole lines with their endings; the object's last one may lack its ending.
    pub bytes: Vec<u8>,
    /// A line that follows `bytes` and was too long to hold: its length.
    pub oversized: Option<u64>,
}

/// Cuts a stream into chunks of at least `target_bytes`, at line ends.
#[derive(Debug)]
pub struct Framer {
    target_bytes: usize,
    max_line_bytes: usize,
    /// Whether a line ending inside double quotes belongs to the record (CSV tables).
    quoted: bool,
    in_quotes: bool,
    buffer: Vec<u8>,
    /// Offset of `buffer[0]` in the object.
    offset: u64,
    /// End of the last whole line in `buffer`.
    whole: usize,
    /// Bytes of an oversized line passed over so far.
    skipping: Option<u64>,
}

impl Framer {
    /// `quoted`: line endings inside double quotes do not end a record.
    pub fn new(target_bytes: usize, max_line_bytes: usize, quoted: bool) -> Self {
        let buffer = Vec::with_capacity(target_bytes + target_bytes / 4);
        Self {
            target_bytes,
            max_line_bytes,
            quoted,
            in_quotes: false,
            buffer,
            offset: 0,
            whole: 0,
            skipping: None,
        }
    }

    /// Takes the next bytes of the object; `emit` gets each finished chunk.
    pub fn push(&mut self, mut bytes: &[u8], mut emit: impl FnMut(Chunk)) {
        while !bytes.is_empty() {
            if let Some(skipped) = self.skipping {
                let end = self.line_end(bytes);
                let n = end.unwrap_or(bytes.len());
                if end.is_some() {
                    self.finish_oversized(skipped + n as u64, &mut emit);
                } else {
                    self.skipping = Some(skipped + n as u64);
                }
                bytes = &bytes[n..];
                continue;
            }
            let room = (self.target_bytes + self.max_line_bytes)
                .saturating_sub(self.buffer.len())
                .max(1);
            let (part, rest) = bytes.split_at(bytes.len().min(room));
            self.append(part);
            bytes = rest;
            if self.whole >= self.target_bytes {
                emit(self.cut());
            }
            if self.buffer.len() - self.whole > self.max_line_bytes {
                self.skipping = Some((self.buffer.len() - self.whole) as u64);
                self.buffer.truncate(self.whole);
            }
        }
    }

    fn append(&mut self, part: &[u8]) {
        let start = self.buffer.len();
        self.buffer.extend_from_slice(part);
        if self.quoted {
            let mut at = 0;
            while let Some(end) = self.line_end(&part[at..]) {
                at += end;
                self.whole = start + at;
            }
        } else if let Some(end) = memrchr(b'\n', part) {
            self.whole = start + end + 1;
        }
    }

    /// Length up to and including the next record-ending `\n`.
    fn line_end(&mut self, bytes: &[u8]) -> Option<usize> {
        if !self.quoted {
            return memchr(b'\n', bytes).map(|at| at + 1);
        }
        let mut from = 0;
        for at in memchr_iter(b'\n', bytes) {
            let n_quotes = memchr_iter(b'"', &bytes[from..at]).count();
            self.in_quotes ^= n_quotes % 2 == 1;
            from = at;
            if !self.in_quotes {
                return Some(at + 1);
            }
        }
        self.in_quotes ^= memchr_iter(b'"', &bytes[from..]).count() % 2 == 1;
        None
    }

    fn cut(&mut self) -> Chunk {
        let rest = self.buffer.split_off(self.whole);
        let mut fresh = Vec::with_capacity(self.target_bytes + self.target_bytes / 4);
        fresh.extend_from_slice(&rest);
        let bytes = std::mem::replace(&mut self.buffer, fresh);
        let chunk = Chunk {
            byte_offset: self.offset,
            oversized: None,
            bytes,
        };
        self.offset += self.whole as u64;
        self.whole = 0;
        chunk
    }

    fn finish_oversized(&mut self, n_bytes: u64, emit: &mut impl FnMut(Chunk)) {
        self.skipping = None;
        self.in_quotes = false;
        let chunk = Chunk {
            oversized: Some(n_bytes),
            ..self.cut()
        };
        self.offset += n_bytes;
        emit(chunk);
    }

    /// Ends the object: what is left, if anything.
    pub fn finish(mut self, mut emit: impl FnMut(Chunk)) {
        if let Some(skipped) = self.skipping {
            self.finish_oversized(skipped, &mut emit);
        } else if !self.buffer.is_empty() {
            self.whole = self.buffer.len();
            emit(self.cut());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frame(bytes: &[u8], step: usize, target: usize, max_line: usize, quoted: bool) -> Vec<Chunk> {
        let mut framer = Framer::new(target, max_line, quoted);
        let mut chunks = Vec::new();
        bytes
            .chunks(step)
            .for_each(|part| framer.push(part, |chunk| chunks.push(chunk)));
        framer.finish(|chunk| chunks.push(chunk));
        chunks
    }

    #[test]
    fn a_quoted_line_ending_stays_inside_its_record() {
        let chunks = frame(b"a,\"x\ny\"\nb,c\n", 3, 1, 100, true);
        let lines: Vec<_> = chunks.iter().map(|c| c.bytes.as_slice()).collect();
        assert_eq!(lines, [b"a,\"x\ny\"\n".as_slice(), b"b,c\n"]);
    }

    proptest! {
        #[test]
        fn every_byte_is_accounted_for_once(
            bytes in prop::collection::vec(prop::sample::select(b"ab\n\"".to_vec()), 0..200),
            step in 1usize..20, target in 1usize..30, max_line in 3usize..12,
        ) {
            let chunks = frame(&bytes, step, target, max_line, false);
            let mut at = 0u64;
            for chunk in &chunks {
                prop_assert_eq!(chunk.byte_offset, at);
                prop_assert_eq!(&bytes[at as usize..at as usize + chunk.bytes.len()], chunk.bytes.as_slice());
                at += chunk.bytes.len() as u64 + chunk.oversized.unwrap_or(0);
                prop_assert!(chunk.oversized.is_none_or(|n| n > max_line as u64));
            }
            prop_assert_eq!(at, bytes.len() as u64);
            let n_lines = bytes.iter().filter(|b| **b == b'\n').count()
                + usize::from(bytes.last().is_some_and(|b| *b != b'\n'));
            let counted: usize = chunks.iter().map(|c| {
                c.bytes.iter().filter(|b| **b == b'\n').count()
                    + usize::from(c.bytes.last().is_some_and(|b| *b != b'\n'))
                    + usize::from(c.oversized.is_some())
            }).sum();
            prop_assert_eq!(counted, n_lines);
        }
    }
}
