//! Faults on purpose: what happens when the disk is full, tested write by write.
//!
//! Compiled only with the feature `faults`, which the tests of the other crates switch on. The
//! count is of the whole process, so such a test needs a test binary of its own.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

/// Operations that are still allowed; `u64::MAX` for all.
static ALLOWED: AtomicU64 = AtomicU64::new(u64::MAX);

/// Lets the next `n` operations (making a file, writing to it, renaming it) through, and fails
/// every later one as a full disk would. `u64::MAX` ends that.
pub fn fail_after(n: u64) {
    ALLOWED.store(n, Ordering::SeqCst);
}

/// Whether an operation has failed since [`fail_after`].
pub fn failed() -> bool {
    ALLOWED.load(Ordering::SeqCst) == 0
}

/// Counts one operation.
pub(crate) fn operation() -> io::Result<()> {
    let count = |left: u64| match left {
        u64::MAX => Some(left),
        left => left.checked_sub(1),
    };
    match ALLOWED.fetch_update(Ordering::SeqCst, Ordering::SeqCst, count) {
        Ok(_) => Ok(()),
        Err(_) => Err(io::ErrorKind::StorageFull.into()),
    }
}
