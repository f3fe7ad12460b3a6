//! Tests of the comparison of two tables.
