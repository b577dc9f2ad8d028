//! Waiting that ends. c10d's store has calls that wait for ever for a server that was stopped.

use std::sync::mpsc;
use std::time::{Duration, Instant};

/// A moment until which something must be done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    begin: Instant,
    limit: Duration,
}

impl Deadline {
    pub(crate) fn after(limit: Duration) -> Self {
        Self { begin: Instant::now(), limit }
    }

    /// For how long it has been waited.
    pub(crate) fn waited(&self) -> Duration {
        self.begin.elapsed()
    }

    /// For how long it may still be waited.
    pub(crate) fn left(&self) -> Duration {
        self.limit.saturating_sub(self.waited())
    }

    /// The same moment, or one that comes before it by so much.
    pub(crate) fn less(self, time: Duration) -> Self {
        Self { limit: self.limit.saturating_sub(time), ..self }
    }
}

/// What some work gives, or `None` when it is not over within the limit. Then it is left behind on its
/// thread, with all that it holds.
pub(crate) fn within<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (send, receive) = mpsc::channel();
    // Nobody reads what comes too late.
    let thread = move || drop(send.send(work()));
    std::thread::Builder::new().name("songscape-c10d".into()).spawn(thread).ok()?;
    receive.recv_timeout(limit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_does_not_end_is_left_behind() {
        assert_eq!(within(Duration::from_secs(60), || 5), Some(5));
        let never = || std::thread::sleep(Duration::from_secs(3600));
        assert_eq!(within(Duration::from_millis(20), never), None);
    }

    #[test]
    fn a_deadline_does_not_move() {
        let deadline = Deadline::after(Duration::from_millis(10));
        assert!(deadline.left() <= Duration::from_millis(10));
        std::thread::sleep(Duration::from_millis(15));
        assert_eq!(deadline.left(), Duration::ZERO);
        assert_eq!(
            Deadline::after(Duration::from_secs(1)).less(Duration::MAX).left(),
            Duration::ZERO
        );
    }
}
