use std::io::Write;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::files::write_atomic;

/// Reads the rows of a CSV file that several stages share. A missing file has none.
pub(crate) fn read_rows<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let rows = || csv::Reader::from_path(path)?.deserialize().collect::<csv::Result<_>>();
    rows().map_err(|e| Error::io(path)(e.into()))
}

/// Replaces some rows of a CSV file that several stages share, atomically: those for which
/// `replaced` holds go, and `new` ones come after the others. `columns` are the names of the fields.
///
/// # Errors
/// [`Error::Io`] when the file cannot be read or written, or has other columns.
pub fn replace_rows<T: Serialize + DeserializeOwned>(
    path: &Path,
    columns: &[&str],
    replaced: impl Fn(&T) -> bool,
    new: &[T],
) -> Result<()> {
    let mut kept: Vec<T> = read_rows(path)?;
    kept.retain(|row| !replaced(row));
    let mut csv = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    let rows = || {
        csv.write_record(columns)?;
        kept.iter().chain(new).try_for_each(|row| csv.serialize(row))?;
        csv.into_inner().map_err(|e| e.into_error().into())
    };
    let bytes = rows().map_err(|e: csv::Error| Error::io(path)(e.into()))?;
    write_atomic(path, |file| file.write_all(&bytes))
}
