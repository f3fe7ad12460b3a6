//! Numbers of Clarify's files: finite ones, and infinities, which Clarify writes as the text `"Infinity"`.
//!
//! Older writers leave a bare `Infinity`, which is no JSON: [`quote_infinities`] makes text of it before parsing. Does not
//! know what a number measures.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::bias::BiasValue;

/// A number, possibly infinite; never NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClarifyNumber(pub BiasValue);

impl Serialize for ClarifyNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            BiasValue::Finite(value) => serializer.serialize_f64(value),
            BiasValue::PositiveInfinity => serializer.serialize_str("Infinity"),
            BiasValue::NegativeInfinity => serializer.serialize_str("-Infinity"),
        }
    }
}

impl<'de> Deserialize<'de> for ClarifyNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = ClarifyNumber;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a number, or \"Infinity\" or \"-Infinity\" as text")
            }
            fn visit_f64<E: Error>(self, value: f64) -> Result<ClarifyNumber, E> {
                if value.is_finite() {
                    Ok(ClarifyNumber(BiasValue::Finite(value)))
                } else {
                    Err(E::custom("number is too large, expected a finite f64"))
                }
            }
            fn visit_i64<E: Error>(self, value: i64) -> Result<ClarifyNumber, E> {
                self.visit_f64(value as f64)
            }
            fn visit_u64<E: Error>(self, value: u64) -> Result<ClarifyNumber, E> {
                self.visit_f64(value as f64)
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<ClarifyNumber, E> {
                match text {
                    "Infinity" | "inf" => Ok(ClarifyNumber(BiasValue::PositiveInfinity)),
                    "-Infinity" | "-inf" => Ok(ClarifyNumber(BiasValue::NegativeInfinity)),
                    _ => Err(E::custom(
                        "text that is no number, expected \"Infinity\" or \"-Infinity\"",
                    )),
                }
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// A value as Clarify's descriptions print it: Python's `repr` of a float, and `Infinity`.
pub fn python_number(value: BiasValue) -> String {
    match value {
        BiasValue::PositiveInfinity => "Infinity".to_owned(),
        BiasValue::NegativeInfinity => "-Infinity".to_owned(),
        BiasValue::Finite(value) if value == 0.0 || (1e-4..1e16).contains(&value.abs()) => {
            format!("{value:?}")
        }
        BiasValue::Finite(value) => {
            let scientific = format!("{value:e}");
            match scientific.split_once('e') {
                Some((digits, exponent)) => {
                    let (sign, magnitude) = exponent
                        .strip_prefix('-')
                        .map_or(('+', exponent), |magnitude| ('-', magnitude));
                    format!("{digits}e{sign}{magnitude:0>2}")
                }
                None => scientific,
            }
        }
    }
}

/// The bytes with each bare `Infinity` and `-Infinity` outside texts put into quotes. A bare `NaN` becomes `null`.
pub(super) fn quote_infinities(bytes: &[u8]) -> Cow<'_, [u8]> {
    const WORDS: [(&[u8], &[u8]); 3] = [
        (b"-Infinity", b"\"-Infinity\""),
        (b"Infinity", b"\"Infinity\""),
        (b"NaN", b"null"),
    ];
    let mut out: Option<Vec<u8>> = None;
    let (mut at, mut in_text) = (0, false);
    while at < bytes.len() {
        let rest = &bytes[at..];
        if in_text {
            let step = if rest[0] == b'\\' { 2.min(rest.len()) } else { 1 };
            in_text = rest[0] != b'"';
            if let Some(out) = &mut out {
                out.extend_from_slice(&rest[..step]);
            }
            at += step;
            continue;
        }
        let word = WORDS.iter().find(|(word, _)| rest.starts_with(word));
        if let Some((word, quoted)) = word {
            out.get_or_insert_with(|| bytes[..at].to_vec())
                .extend_from_slice(quoted);
            at += word.len();
            continue;
        }
        in_text = rest[0] == b'"';
        if let Some(out) = &mut out {
            out.push(rest[0]);
        }
        at += 1;
    }
    out.map_or(Cow::Borrowed(bytes), Cow::Owned)
}
