use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::table::{read_rows, replace_rows};

/// An input that could not be used, in `failures.csv`, or an oddity of one that can be used, in
/// `remarks.csv`. The run continues with the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The stage that failed, such as `catalog` or `spectrograms`.
    pub stage: String,
    /// The file, with its row where it has rows (`manifest.csv:12`).
    pub item: String,
    /// What was found and what was expected.
    pub reason: String,
}

impl Failure {
    /// A failure of one item in a stage.
    pub fn new(stage: &str, item: impl Into<String>, reason: impl ToString) -> Self {
        Self { stage: stage.into(), item: item.into(), reason: reason.to_string() }
    }

    /// Reads a CSV file of failures. A missing file holds none.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io) when the file cannot be read, [`Error::Table`](crate::Error::Table)
    /// when it has other columns.
    pub fn read_all(path: impl AsRef<Path>) -> Result<Vec<Self>> {
        read_rows(path)
    }

    /// Replaces the failures of one stage in a CSV file with the columns `stage,item,reason`,
    /// atomically; those of other stages stay.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io) when the file cannot be read or written,
    /// [`Error::Table`](crate::Error::Table) when it has other columns.
    pub fn record(path: impl AsRef<Path>, stage: &str, failures: &[Self]) -> Result<()> {
        replace_rows(path, &["stage", "item", "reason"], |row: &Self| row.stage == stage, failures)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_replaces_its_own_failures_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("failures.csv");
        let catalog = Failure::new("catalog", "manifest.csv:3", "year \"19x7\", expected 1987");
        let image = Failure::new("spectrograms", "a.mp3", "no audio, expected \"WAV\"\nor MP3");
        Failure::record(&path, "catalog", std::slice::from_ref(&catalog)).unwrap();
        Failure::record(&path, "spectrograms", std::slice::from_ref(&image)).unwrap();
        Failure::record(&path, "spectrograms", std::slice::from_ref(&image)).unwrap();
        assert_eq!(Failure::read_all(&path).unwrap(), [catalog.clone(), image]);
        Failure::record(&path, "spectrograms", &[]).unwrap();
        assert_eq!(Failure::read_all(&path).unwrap(), [catalog]);
    }
}
