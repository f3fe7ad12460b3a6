//! Law tests follow.
