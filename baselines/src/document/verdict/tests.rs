//! Golden pair and errors of `verdict.json`.
