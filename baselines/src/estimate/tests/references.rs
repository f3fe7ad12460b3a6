//! Reference tests follow.
