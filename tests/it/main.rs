//! The one integration binary: each module below tests one side of the whole.
//!
//! It does not reach into the crates; unit tests beside the code do.

mod directions;
mod licences;
mod tidy;
