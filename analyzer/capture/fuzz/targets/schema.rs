//! Schema files: any bytes are a schema or an error.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(schema) = capture::schema::Schema::parse(bytes) {
        let _ = schema.output_columns();
    }
});
