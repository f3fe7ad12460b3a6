//! An opened Parquet object: what its footer promises, checked against its bytes, and its columns decoded.
//!
//! The decoder may panic on damaged pages; that ends here, as an error that names the column. Does not know cells.

use super::twice;
use crate::error::{EngineError, ErrorKind};
use bytes::Bytes;
use polars_arrow::array::Array;
use polars_arrow::datatypes::Field;
use polars_buffer::Buffer;
use polars_parquet::parquet::compression::Compression;
use polars_parquet::parquet::page::CompressedPage;
use polars_parquet::read::schema::parquet_to_arrow_schema;
use polars_parquet::read::{
    BasicDecompressor, ColumnChunkMetadata, FileMetadata, Filter, PageReader, column_iter_to_arrays,
    read_metadata,
};
use std::error::Error;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Values of one column that are decoded at a time, about.
const VALUES_PER_WINDOW: usize = 1 << 22;

/// Some rows of one column.
pub(super) struct ColumnWindow {
    /// Their values.
    pub array: Box<dyn Array>,
    /// Where they start in their row group.
    pub first_row_in_group: usize,
}

/// An object with a sound footer.
pub(super) struct Object<'a> {
    key: &'a str,
    bytes: Buffer<u8>,
    metadata: FileMetadata,
    fields: Vec<Field>,
}

impl<'a> Object<'a> {
    /// Reads the footer.
    pub(super) fn open(bytes: &Bytes, key: &'a str) -> Result<Self, EngineError> {
        if bytes.is_empty() {
            return Err(
                EngineError::new(ErrorKind::Usage, format!("{key} is empty, not a Parquet object"))
                    .with_hint("write the table again: even one without rows has a footer"),
            );
        }
        let footer = |bytes: &Bytes| -> Result<_, Box<dyn Error + Send + Sync>> {
            let metadata = read_metadata(&mut Cursor::new(bytes))?;
            let schema = parquet_to_arrow_schema(metadata.schema().fields());
            let names = metadata.schema().fields().iter();
            let fields: Vec<_> = names
                .map(|of| schema.get(of.name()).cloned().ok_or_else(|| of.name().to_owned()))
                .collect();
            Ok((metadata, fields))
        };
        let damaged = || {
            EngineError::new(
                ErrorKind::Usage,
                format!("{key} is no readable Parquet object: its footer is damaged or cut off"),
            )
            .with_hint("check that the upload finished, or write the object again")
        };
        let (metadata, fields) = match catch_unwind(|| footer(bytes)) {
            Ok(Ok(opened)) => opened,
            Ok(Err(fault)) => return Err(damaged().with_source(fault)),
            Err(_panic) => return Err(damaged()),
        };
        let mut names = std::collections::HashSet::new();
        if let Some(field) = metadata
            .schema()
            .fields()
            .iter()
            .find(|field| !names.insert(field.name()))
        {
            return Err(twice(key, field.name()));
        }
        let fields = fields
            .into_iter()
            .collect::<Result<Vec<_>, _>>()
            .map_err(|name| {
                EngineError::new(
                    ErrorKind::Usage,
                    format!("column {name} of {key} is a group without columns"),
                )
                .with_hint("leave the column out of the table")
            })?;
        if fields.is_empty() {
            return Err(
                EngineError::new(ErrorKind::Usage, format!("{key} has no columns"))
                    .with_hint("write the table with its feature columns"),
            );
        }
        Ok(Self {
            key,
            bytes: Buffer::from_owner(bytes.clone()),
            metadata,
            fields,
        })
    }

    /// The columns, nested ones whole.
    pub(super) fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Row groups.
    pub(super) fn n_groups(&self) -> usize {
        self.metadata.row_groups.len()
    }

    /// Rows of a row group, believed only if the flat columns have as many values.
    pub(super) fn group_rows(&self, group: usize) -> Result<usize, EngineError> {
        let group_metadata = &self.metadata.row_groups[group];
        let n_rows = group_metadata.num_rows();
        let flat = |chunk: &&ColumnChunkMetadata| chunk.descriptor().descriptor.max_rep_level == 0;
        let agrees = |chunk: &ColumnChunkMetadata| usize::try_from(chunk.num_values()) == Ok(n_rows);
        if group_metadata.parquet_columns().iter().filter(flat).all(agrees) {
            return Ok(n_rows);
        }
        let message = format!(
            "row group {group} of {} has columns of different lengths: the object is damaged",
            self.key
        );
        Err(EngineError::new(ErrorKind::Usage, message).with_hint("write the object again"))
    }

    /// Decodes one column of one row group, window by window.
    pub(super) fn for_each_window(
        &self,
        group: usize,
        field: usize,
        mut each: impl FnMut(&ColumnWindow) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        let n_rows = self.group_rows(group)?;
        let chunks = self.chunks(group, field)?;
        let n_values = chunks
            .iter()
            .map(|(chunk, _)| usize::try_from(chunk.num_values()).unwrap_or(0))
            .sum::<usize>();
        let values_per_row = n_values.div_ceil(n_rows.max(1)).max(1);
        let rows_per_window = (VALUES_PER_WINDOW / values_per_row).max(1);
        for start in (0..n_rows).step_by(rows_per_window) {
            let end = n_rows.min(start + rows_per_window);
            let decoded = catch_unwind(AssertUnwindSafe(|| self.decode(&chunks, field, start..end)));
            let damaged = || {
                let name = &self.fields[field].name;
                let message = format!(
                    "column {name} of {} cannot be decoded in row group {group}",
                    self.key
                );
                EngineError::new(ErrorKind::Usage, message)
                    .with_hint("check that the upload finished, or write the object again")
            };
            let arrays = match decoded {
                Ok(Ok(arrays)) => arrays,
                Ok(Err(fault)) => return Err(damaged().with_source(fault)),
                Err(_panic) => return Err(damaged()),
            };
            let mut first_row_in_group = start;
            for array in arrays {
                let n = array.len();
                each(&ColumnWindow {
                    array,
                    first_row_in_group,
                })?;
                first_row_in_group += n;
            }
        }
        Ok(())
    }

    fn chunks(
        &self,
        group: usize,
        field: usize,
    ) -> Result<Vec<(&ColumnChunkMetadata, Buffer<u8>)>, EngineError> {
        let name = &self.fields[field].name;
        let group_metadata = &self.metadata.row_groups[group];
        let mut codecs = group_metadata
            .columns_under_root_iter(name)
            .into_iter()
            .flatten()
            .map(ColumnChunkMetadata::compression);
        if let Some(codec) = codecs.find(|codec| matches!(codec, Compression::Brotli | Compression::Lzo)) {
            let message = format!(
                "column {name} of {} is compressed with {codec:?}, which is not read here",
                self.key
            );
            return Err(EngineError::new(ErrorKind::Usage, message)
                .with_hint("write the object with zstd, snappy, gzip or lz4"));
        }
        let found = group_metadata.columns_under_root_iter(name);
        let slice = |chunk| {
            let range = catch_unwind(AssertUnwindSafe(|| ColumnChunkMetadata::byte_range(chunk))).ok()?;
            let (start, end) = (
                usize::try_from(range.start).ok()?,
                usize::try_from(range.end).ok()?,
            );
            let bytes =
                (start <= end && end <= self.bytes.len()).then(|| self.bytes.clone().sliced(start..end))?;
            let sound =
                catch_unwind(AssertUnwindSafe(|| pages_are_sound(chunk, &bytes))).is_ok_and(|sound| sound);
            sound.then_some((chunk, bytes))
        };
        found
            .and_then(|chunks| chunks.map(slice).collect())
            .ok_or_else(|| {
                let message = format!(
                    "column {name} of {} is damaged or cut off in row group {group}",
                    self.key
                );
                EngineError::new(ErrorKind::Usage, message)
                    .with_hint("check that the upload finished, or write the object again")
            })
    }

    fn decode(
        &self,
        chunks: &[(&ColumnChunkMetadata, Buffer<u8>)],
        field: usize,
        rows: std::ops::Range<usize>,
    ) -> Result<Vec<Box<dyn Array>>, Box<dyn Error + Send + Sync>> {
        let n_rows = rows.len();
        let pages = |(chunk, bytes): &(&ColumnChunkMetadata, Buffer<u8>)| {
            BasicDecompressor::new(page_reader(chunk, bytes), Vec::new())
        };
        let columns = chunks.iter().map(pages).collect();
        let types = chunks
            .iter()
            .map(|(chunk, _)| &chunk.descriptor().descriptor.primitive_type)
            .collect();
        let filter = Some(Filter::Range(rows));
        let (arrays, _) = column_iter_to_arrays(columns, types, self.fields[field].clone(), filter)?;
        if arrays.iter().map(|array| array.len()).sum::<usize>() != n_rows {
            return Err("the pages hold fewer values than the footer says".into());
        }
        Ok(arrays)
    }
}

fn page_reader(chunk: &ColumnChunkMetadata, bytes: &Buffer<u8>) -> PageReader {
    PageReader::new(Cursor::new(bytes.clone()), chunk, Vec::new(), bytes.len())
}

/// Whether the pages together hold the values the footer says. The decoder reserves memory by their headers, so a
/// damaged one must not reach it: a failed allocation ends the process.
fn pages_are_sound(chunk: &ColumnChunkMetadata, bytes: &Buffer<u8>) -> bool {
    let Ok(dictionary) = BasicDecompressor::new(page_reader(chunk, bytes), Vec::new()).read_dict_page()
    else {
        return false;
    };
    if dictionary.is_some_and(|page| page.num_values > page.buffer.len()) {
        return false;
    }
    let Ok(n_values) = usize::try_from(chunk.num_values()) else {
        return false;
    };
    let mut n_seen = 0usize;
    for page in page_reader(chunk, bytes) {
        match page {
            Ok(CompressedPage::Data(page)) => n_seen = n_seen.saturating_add(page.num_values()),
            Ok(CompressedPage::Dict(_)) => {}
            Err(_) => return false,
        }
        if n_seen > n_values {
            return false;
        }
    }
    n_seen == n_values
}
