//! The JSON Schema of `monitor.toml`, for editors. Reads no file: it is part of the program.

/// The schema (JSON Schema, draft 2020-12), as `driftline monitor schema` prints it.
pub const SCHEMA: &str = baselines::document::MONITOR_SCHEMA;
/// Its file name beside a `monitor.toml`, for `#:schema ./monitor.schema.json`.
pub const SCHEMA_FILE: &str = "monitor.schema.json";
