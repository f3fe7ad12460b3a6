//! Payloads to rows: CSV, JSON documents, JSON Lines, and BASE64 of each.
//!
//! The declared encoding is believed only as far as the bytes bear it out: content types are mislabelled or missing in
//! real capture (a model that answers JSON as `text/html` is captured as BASE64). Does not know the envelope.

pub mod csv;
pub mod json;

use crate::batch::SideWriter;
use crate::envelope::CapturedSide;
use crate::limits::Limits;
use crate::reject::RejectReason;
use base64::Engine as _;

/// Decodes one side into rows; gives their number.
pub fn decode_side(
    side: &CapturedSide<'_>,
    limits: &Limits,
    writer: &mut SideWriter<'_>,
) -> Result<usize, RejectReason> {
    let data = side.data.as_deref().unwrap_or_default();
    match side.encoding.as_deref() {
        Some(encoding) if encoding.eq_ignore_ascii_case("CSV") => decode_text(data, false, limits, writer)?,
        Some(encoding) if encoding.eq_ignore_ascii_case("JSON") => decode_text(data, true, limits, writer)?,
        Some(encoding) if encoding.eq_ignore_ascii_case("BASE64") => {
            let bytes = base64::engine::general_purpose::STANDARD
                .decode(data.trim_ascii().as_bytes())
                .map_err(|_| RejectReason::InvalidBase64)?;
            let text = String::from_utf8(bytes).map_err(|_| RejectReason::InvalidBase64)?;
            let json = side
                .observed_content_type
                .as_deref()
                .is_some_and(|kind| kind.contains("json"));
            decode_text(&text, json, limits, writer)?;
        }
        Some(_) => return Err(RejectReason::UnknownEncoding),
        None => {
            let json = side
                .observed_content_type
                .as_deref()
                .is_some_and(|kind| kind.contains("json"));
            decode_text(data, json, limits, writer)?;
        }
    }
    Ok(writer.n_rows())
}

/// Decodes text that says it is JSON, or does not. What begins like JSON is tried as JSON; if it is none and CSV was
/// declared, it is CSV after all. What was declared JSON but begins like neither object, array nor string is CSV
/// (a bare number is the same in both).
fn decode_text(
    text: &str,
    declared_json: bool,
    limits: &Limits,
    writer: &mut SideWriter<'_>,
) -> Result<(), RejectReason> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let first = text.bytes().find(|byte| !byte.is_ascii_whitespace());
    let looks_json = matches!(first, Some(b'{' | b'[')) || (declared_json && first == Some(b'"'));
    if !looks_json {
        return csv::decode(text.as_bytes(), writer);
    }
    match json::decode(text, limits, writer) {
        Err(RejectReason::InvalidPayloadJson)
            if !declared_json && writer.n_rows() == 0 && first == Some(b'[') =>
        {
            csv::decode(text.as_bytes(), writer)
        }
        result => result,
    }
}
