//! One message between two hosts: kind, length, digest, bytes. Says nothing of what the bytes mean.

use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

/// Begins every message; another program that connects by mistake does not write it.
const MAGIC: [u8; 4] = *b"DLX1";
const HEAD_BYTES: usize = 4 + 1 + 8 + 16;
/// Bytes that are read at a time: each piece has the whole patience.
const PIECE: usize = 1 << 20;
const MAX_BYTES: u64 = 1 << 36;

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The sender is alive and works.
    Alive,
    /// What it has to say.
    Data,
    /// Why it has given up.
    Fault,
}

/// Writes a message.
pub(super) async fn write(
    writer: &mut (impl AsyncWrite + Unpin),
    kind: Kind,
    bytes: &[u8],
) -> io::Result<()> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    head.extend_from_slice(&MAGIC);
    head.push(match kind {
        Kind::Alive => 0,
        Kind::Data => 1,
        Kind::Fault => 2,
    });
    head.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    head.extend_from_slice(&xxhash_rust::xxh3::xxh3_128(bytes).to_le_bytes());
    writer.write_all(&head).await?;
    writer.write_all(bytes).await?;
    writer.flush().await
}

/// Reads a message; `patience` is how long the other side may be silent.
pub(super) async fn read(
    reader: &mut (impl AsyncRead + Unpin),
    patience: Duration,
) -> io::Result<(Kind, Vec<u8>)> {
    let mut head = [0u8; HEAD_BYTES];
    timeout(patience, reader.read_exact(&mut head)).await??;
    let damaged = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let (magic, rest) = head.split_at(4);
    if magic != MAGIC {
        return Err(damaged("what came is no message of driftline"));
    }
    let kind = match rest[0] {
        0 => Kind::Alive,
        1 => Kind::Data,
        2 => Kind::Fault,
        _ => return Err(damaged("a message of a kind this version does not know")),
    };
    let number = |bytes: &[u8]| {
        bytes
            .iter()
            .rev()
            .fold(0u128, |n, byte| n << 8 | u128::from(*byte))
    };
    let length = number(&rest[1..9]) as u64;
    if length > MAX_BYTES {
        return Err(damaged("a message that is too long"));
    }
    let mut bytes = Vec::new();
    while (bytes.len() as u64) < length {
        let from = bytes.len();
        let piece = PIECE.min((length - from as u64) as usize);
        bytes.resize(from + piece, 0);
        timeout(patience, reader.read_exact(&mut bytes[from..])).await??;
    }
    if xxhash_rust::xxh3::xxh3_128(&bytes) == number(&rest[9..25]) {
        Ok((kind, bytes))
    } else {
        Err(damaged("a message that was damaged on the way"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn through(bytes: &[u8]) -> io::Result<(Kind, Vec<u8>)> {
        read(&mut &*bytes, Duration::from_secs(5)).await
    }

    #[tokio::test]
    async fn a_message_arrives_whole_or_not_at_all() {
        let mut wire = Vec::new();
        write(&mut wire, Kind::Data, b"profile").await.unwrap();
        assert_eq!(through(&wire).await.unwrap(), (Kind::Data, b"profile".to_vec()));
        let cut = through(&wire[..wire.len() - 1]).await.unwrap_err();
        assert_eq!(cut.kind(), io::ErrorKind::UnexpectedEof);
        let mut damaged = wire.clone();
        *damaged.last_mut().unwrap() ^= 1;
        assert!(
            through(&damaged)
                .await
                .unwrap_err()
                .to_string()
                .contains("damaged")
        );
        let stranger = through(b"GET / HTTP/1.1\r\nHost: algo-1\r\n\r\n")
            .await
            .unwrap_err();
        assert!(stranger.to_string().contains("no message of driftline"));
    }
}
