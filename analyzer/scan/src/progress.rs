//! How a run tells how far it is. Does not know how that is shown.

/// Receives progress; called from any thread, often.
pub trait Progress: Send + Sync {
    /// A stage begins; `n_bytes` is how much it will read, where that is known.
    fn stage(&self, name: &str, n_bytes: u64);
    /// So many more bytes were read.
    fn advance(&self, n_bytes: u64);
    /// The stage is over.
    fn done(&self);
}

/// Tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn stage(&self, _name: &str, _n_bytes: u64) {}
    fn advance(&self, _n_bytes: u64) {}
    fn done(&self) {}
}
