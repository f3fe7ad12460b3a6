//! JSON payloads, declared as such, and found by their look.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    capture_fuzz::decode_payload(text, Some("JSON"), Some("application/json"));
    capture_fuzz::decode_payload(text, None, None);
});
