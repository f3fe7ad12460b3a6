//! Signatures of webhooks: HMAC-SHA256 (RFC 2104, FIPS 180-4) over time and body.
//!
//! `Driftline-Signature: v1=<hex>` signs `<Driftline-Timestamp>.<body>`. The time keeps an old request from being sent again:
//! a receiver refuses what is older than it tolerates. Reads no clock.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::fmt::Write as _;

/// Header with the seconds since 1970 at which a request was signed.
pub const TIMESTAMP_HEADER: &str = "driftline-timestamp";
/// Header with the signature.
pub const SIGNATURE_HEADER: &str = "driftline-signature";
/// Header with the delivery's id: the same however often it is sent.
pub const ID_HEADER: &str = "idempotency-key";

/// Why a signature does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not `v1=` and 64 hexadecimal digits.
    #[error("the signature is not of the form v1=<64 hexadecimal digits>")]
    Form,
    /// The time is no number.
    #[error("the timestamp is not a number of seconds since 1970")]
    Timestamp,
    /// Too old, or from the future.
    #[error("the timestamp is {seconds} seconds away from now, more than the {tolerated} that are tolerated")]
    Stale {
        /// Distance from now.
        seconds: u64,
        /// What is tolerated.
        tolerated: u64,
    },
    /// Another secret, time or body.
    #[error("the signature is of another secret, timestamp or body")]
    Mismatch,
}

fn mac(secret: &[u8], timestamp: &str, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length (RFC 2104)");
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body);
    mac
}

/// The value of the signature header.
pub fn sign(secret: &[u8], timestamp: i64, body: &[u8]) -> String {
    let digest = mac(secret, &timestamp.to_string(), body).finalize().into_bytes();
    let mut out = String::from("v1=");
    for byte in digest {
        let _infallible = write!(out, "{byte:02x}");
    }
    out
}

/// Whether a request was signed with `secret`, within `tolerated` seconds of `now`. Compares in constant time.
///
/// # Errors
/// Why it does not count.
pub fn verify(
    secret: &[u8],
    timestamp: &str,
    signature: &str,
    body: &[u8],
    now: i64,
    tolerated: u64,
) -> Result<(), SignatureError> {
    let hex = signature.strip_prefix("v1=").ok_or(SignatureError::Form)?;
    let digest = bytes_of(hex)
        .filter(|bytes| bytes.len() == 32)
        .ok_or(SignatureError::Form)?;
    let time: i64 = timestamp.parse().map_err(|_| SignatureError::Timestamp)?;
    let seconds = time.abs_diff(now);
    if seconds > tolerated {
        return Err(SignatureError::Stale { seconds, tolerated });
    }
    mac(secret, timestamp, body)
        .verify_slice(&digest)
        .map_err(|_| SignatureError::Mismatch)
}

fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = hex
        .chars()
        .map(|c| c.to_digit(16).map(|digit| digit as u8))
        .collect::<Option<_>>()?;
    digits
        .len()
        .is_multiple_of(2)
        .then(|| digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Python 3.11: `hmac.new(b"secret", b'1700000000.{"a":1}', hashlib.sha256).hexdigest()`
    const SIGNED: &str = "v1=49f24e537407743fa4a0242bb63b94b9a47ee99cbbe071ccd8a22550ae411686";

    #[test]
    fn signatures_are_hmac_sha256() {
        assert_eq!(sign(b"secret", 1_700_000_000, br#"{"a":1}"#), SIGNED);
    }

    #[test]
    fn only_the_same_secret_time_and_body_verify() {
        let check = |secret: &[u8], time: &str, signature: &str, body: &[u8], now| {
            verify(secret, time, signature, body, now, 300)
        };
        let (time, body): (&str, &[u8]) = ("1700000000", br#"{"a":1}"#);
        assert_eq!(check(b"secret", time, SIGNED, body, 1_700_000_300), Ok(()));
        let stale = SignatureError::Stale {
            seconds: 301,
            tolerated: 300,
        };
        assert_eq!(check(b"secret", time, SIGNED, body, 1_700_000_301), Err(stale));
        assert_eq!(check(b"secret", time, SIGNED, body, 1_699_999_699), Err(stale));
        let mismatch = Err(SignatureError::Mismatch);
        assert_eq!(check(b"Secret", time, SIGNED, body, 1_700_000_000), mismatch);
        assert_eq!(
            check(b"secret", "1700000001", SIGNED, body, 1_700_000_000),
            mismatch
        );
        assert_eq!(
            check(b"secret", time, SIGNED, br#"{"a":2}"#, 1_700_000_000),
            mismatch
        );
        assert_eq!(
            check(b"secret", "now", SIGNED, body, 0),
            Err(SignatureError::Timestamp)
        );
        for form in ["", "v1=", "v2=00", "v1=zz", &SIGNED[..66], "v1=é"] {
            assert_eq!(
                check(b"secret", time, form, body, 1_700_000_000),
                Err(SignatureError::Form),
                "{form}"
            );
        }
    }
}
