//! How a file looks from outside.

use std::path::Path;
use std::time::UNIX_EPOCH;

use crate::error::Problem;

/// Size and time of modification of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub bytes: u64,
    /// Nanoseconds since 1970; 0 where the system does not tell. Of an object, a number that its version has.
    pub modified: u64,
}

impl Stamp {
    /// Of an object that nobody has looked at.
    pub(crate) const UNKNOWN: Self = Self { bytes: 0, modified: 0 };

    pub(crate) fn of(path: &Path) -> Result<Self, Problem> {
        let metadata = std::fs::metadata(path).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => Problem::Missing,
            _ => Problem::Unreadable(e),
        })?;
        if !metadata.is_file() {
            return Err(Problem::NotAFile);
        }
        let since = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let modified = since.and_then(|since| u64::try_from(since.as_nanos()).ok()).unwrap_or(0);
        Ok(Self { bytes: metadata.len(), modified })
    }
}
