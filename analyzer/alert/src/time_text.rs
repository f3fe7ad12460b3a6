//! Seconds since 1970 as documents have them: RFC 3339 in UTC.
//!
//! For `#[serde(with = "…")]`. Does not know any document.

use baselines::decide::calendar::{format_time, parse_time};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serializer};

const EXPECTED: &str = "expected a time such as 2026-11-21T08:00:00Z";

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
pub(crate) fn serialize<S: Serializer>(second: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format_time(*second))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_time(&text).ok_or_else(|| D::Error::custom(EXPECTED))
}

/// The same of a time that may be absent.
pub(crate) mod optional {
    use super::{EXPECTED, parse_time};
    use baselines::decide::calendar::format_time;
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::ref_option, reason = "serde hands out references")]
    pub(crate) fn serialize<S: Serializer>(second: &Option<i64>, serializer: S) -> Result<S::Ok, S::Error> {
        match second {
            Some(second) => serializer.serialize_str(&format_time(*second)),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| parse_time(&text).ok_or_else(|| D::Error::custom(EXPECTED)))
            .transpose()
    }
}
