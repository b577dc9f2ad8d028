use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::files::write_atomic;

/// An input that could not be used. The run goes on with the rest.
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
}

/// Writes failures as CSV with the columns `stage,item,reason`, atomically. An empty list gives a
/// file with the header alone.
///
/// # Errors
/// [`Error::Io`] when the file cannot be written.
pub fn write_failures(path: &Path, failures: &[Failure]) -> Result<()> {
    let mut csv = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    let rows = || {
        csv.write_record(["stage", "item", "reason"])?;
        failures.iter().try_for_each(|failure| csv.serialize(failure))?;
        csv.into_inner().map_err(|e| e.into_error().into())
    };
    let bytes = rows().map_err(|e: csv::Error| Error::io(path)(e.into()))?;
    write_atomic(path, |file| std::io::Write::write_all(file, &bytes))
}
