//! Judging, end to end.
