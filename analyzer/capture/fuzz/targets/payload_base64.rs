//! BASE64 payloads: the raw text, which is seldom valid, and what it would encode.
#![no_main]

use base64::Engine as _;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        capture_fuzz::decode_payload(text, Some("BASE64"), None);
    }
    let encoded = base64::engine::general_purpose::STANDARD.encode(bytes);
    capture_fuzz::decode_payload(&encoded, Some("BASE64"), Some("application/json"));
});
