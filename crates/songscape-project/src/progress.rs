/// What a long job tells its caller, and how the caller can end it.
///
/// All methods do nothing by default. They may be called from any thread.
pub trait Progress: Sync {
    /// A stage begins that will [`advance`](Self::advance) by `total` in all; `unit` names what is
    /// counted (`songs`, `steps`).
    fn begin(&self, _stage: &str, _total: u64, _unit: &str) {}
    /// `n` more units are done.
    fn advance(&self, _n: u64) {}
    /// A short figure that belongs to the current state, such as the loss.
    fn message(&self, _text: &str) {}
    /// The stage is over.
    fn end(&self) {}
    /// Whether the job should stop at the next safe place. What is done is kept.
    fn interrupted(&self) -> bool {
        false
    }
}

/// Reports nothing and never interrupts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {}
