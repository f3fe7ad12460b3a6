//! Why a line was refused: bounded reasons, never the payload.

use std::fmt;

/// The reasons, a closed list: they become counts, labels and report rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum RejectReason {
    /// Nothing but white space.
    BlankLine,
    /// Longer than `Limits::max_line_bytes`.
    LineTooLong,
    /// Not UTF-8.
    InvalidUtf8,
    /// The last line of the object ends in the middle of a record.
    TruncatedLine,
    /// The line is not one JSON document.
    InvalidJson,
    /// JSON, but not a capture record: no `captureData` with an input or an output, or a field of another type.
    NotACaptureRecord,
    /// JSON, but not a ground-truth record: no `groundTruthData.data`, or no id in `eventMetadata`.
    NotGroundTruth,
    /// `encoding` is none of CSV, JSON, BASE64.
    UnknownEncoding,
    /// BASE64 that does not decode, or decodes to something that is not UTF-8 text.
    InvalidBase64,
    /// A CSV payload with a quote that never closes.
    InvalidCsv,
    /// A JSON payload that is neither a document nor JSON Lines.
    InvalidPayloadJson,
    /// Nested deeper than `Limits::max_depth`.
    TooDeep,
    /// A row has another number of fields than the layout.
    WrongFieldCount,
    /// Input and output have different numbers of rows.
    RowCountMismatch,
    /// A record without any row.
    NoRows,
    /// `inferenceTime` is not a time, and neither the key says the hour, though a window was asked for.
    InvalidTime,
    /// More columns than `Limits::max_extra_columns` beyond the planned ones.
    TooManyColumns,
    /// More rows than `Limits::max_rows_per_record` in one record.
    TooManyRows,
    /// The compressed object breaks off or is corrupt here; what came before was read.
    CorruptCompression,
    /// The object grows past `Limits::max_decompressed_bytes` here; what came before was read.
    DecompressedTooLarge,
}

impl RejectReason {
    /// The stable name: what documents and metrics carry.
    pub fn name(self) -> &'static str {
        match self {
            Self::BlankLine => "blank_line",
            Self::LineTooLong => "line_too_long",
            Self::InvalidUtf8 => "invalid_utf8",
            Self::TruncatedLine => "truncated_line",
            Self::InvalidJson => "invalid_json",
            Self::NotACaptureRecord => "not_a_capture_record",
            Self::NotGroundTruth => "not_ground_truth",
            Self::UnknownEncoding => "unknown_encoding",
            Self::InvalidBase64 => "invalid_base64",
            Self::InvalidCsv => "invalid_csv",
            Self::InvalidPayloadJson => "invalid_payload_json",
            Self::TooDeep => "too_deep",
            Self::WrongFieldCount => "wrong_field_count",
            Self::RowCountMismatch => "row_count_mismatch",
            Self::NoRows => "no_rows",
            Self::InvalidTime => "invalid_time",
            Self::TooManyColumns => "too_many_columns",
            Self::TooManyRows => "too_many_rows",
            Self::CorruptCompression => "corrupt_compression",
            Self::DecompressedTooLarge => "decompressed_too_large",
        }
    }
}

impl fmt::Display for RejectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One refused line of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reject {
    /// Line within the chunk, from 0.
    pub line_in_chunk: u64,
    /// Byte offset of the line in the (decompressed) object.
    pub byte_offset: u64,
    /// Bytes of the line, without its line ending.
    pub n_bytes: u64,
    /// Why.
    pub reason: RejectReason,
}
