/// What a long job tells its caller, and how the caller can end it.
///
/// All methods do nothing by default. They may be called from any thread. Jobs call them through a
/// [`Job`], which ends what it began.
pub trait Progress: Sync {
    /// A stage begins that will [`advance`](Self::advance) by `total` in all; `unit` names what is
    /// counted (`songs`, `steps`).
    fn begin(&self, _stage: &str, _total: u64, _unit: &str) {}
    /// `n` more units are done.
    fn advance(&self, _n: u64) {}
    /// A short figure that belongs to the current state, such as the loss.
    fn message(&self, _text: &str) {}
    /// The stage is over: finished, failed or interrupted.
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

/// A stage that has begun and is over when this value is dropped, whatever happens in between.
///
/// ```
/// use songscape_project::{Job, Progress, Silent};
///
/// fn embed(songs: &[&str], progress: &dyn Progress) -> Result<(), String> {
///     let job = Job::begin(progress, "vectors", songs.len() as u64, "songs");
///     for song in songs {
///         if job.interrupted() || song.is_empty() {
///             return Err("stopped".into()); // the bar is gone all the same
///         }
///         job.advance(1);
///     }
///     Ok(())
/// }
/// # embed(&["a"], &Silent).unwrap();
/// ```
#[must_use = "the stage is over when the job is dropped"]
pub struct Job<'a>(&'a dyn Progress);

impl<'a> Job<'a> {
    /// Begins a stage.
    pub fn begin(progress: &'a dyn Progress, stage: &str, total: u64, unit: &str) -> Self {
        progress.begin(stage, total, unit);
        Self(progress)
    }

    /// `n` more units are done.
    pub fn advance(&self, n: u64) {
        self.0.advance(n);
    }

    /// A short figure that belongs to the current state.
    pub fn message(&self, text: &str) {
        self.0.message(text);
    }

    /// Whether to stop at the next safe place.
    pub fn interrupted(&self) -> bool {
        self.0.interrupted()
    }
}

impl Drop for Job<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl std::fmt::Debug for Job<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Job")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI32, Ordering};

    use super::*;

    #[derive(Default)]
    struct Open(AtomicI32);

    impl Progress for Open {
        fn begin(&self, _: &str, _: u64, _: &str) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
        fn end(&self) {
            self.0.fetch_sub(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_job_that_fails_is_over_too() {
        let open = Open::default();
        let fail = || -> Result<(), ()> {
            let job = Job::begin(&open, "vectors", 2, "songs");
            job.advance(1);
            assert_eq!(open.0.load(Ordering::Relaxed), 1);
            Err(())
        };
        assert!(fail().is_err());
        assert_eq!(open.0.load(Ordering::Relaxed), 0);
    }
}
