//! Tests of reading tables as rows.
