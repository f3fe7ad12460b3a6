//! The envelope of one line: any text is a record or a reason.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(record) = capture::envelope::parse(text) {
        assert!(record.capture_data.is_some());
    }
});
