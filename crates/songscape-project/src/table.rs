//! CSV files: read, written and replaced whole.

use std::io::Write;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::count::counted;
use crate::error::{Error, Result};
use crate::files::write_atomic;

impl Error {
    /// What the crate csv found wrong with a file, with its line.
    pub(crate) fn csv(path: &Path, error: csv::Error) -> Self {
        let line = error.position().map(csv::Position::line);
        match error.into_kind() {
            csv::ErrorKind::Io(source) => Self::Io { path: path.into(), source },
            csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                let reason = format!("{}, expected {expected_len}", counted(len, "field"));
                Self::Table { path: path.into(), line, reason }
            }
            csv::ErrorKind::Deserialize { err, .. } => {
                Self::Table { path: path.into(), line, reason: err.to_string() }
            }
            csv::ErrorKind::Utf8 { err, .. } => {
                Self::Table { path: path.into(), line, reason: err.to_string() }
            }
            other => Self::Table { path: path.into(), line, reason: format!("{other:?}") },
        }
    }
}

/// Reads the rows of a CSV file with a header whose names are those of the fields; other columns are
/// ignored. A missing file has no rows.
///
/// # Errors
/// [`Error::Io`] when the file cannot be read, [`Error::Table`] with the line that is not as expected.
pub fn read_rows<T: DeserializeOwned>(path: impl AsRef<Path>) -> Result<Vec<T>> {
    let path = path.as_ref();
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::io(path)(error)),
    };
    let mut reader = csv::Reader::from_reader(&bytes[..]);
    let rows = reader.deserialize().collect::<csv::Result<_>>();
    rows.map_err(|error| Error::csv(path, error))
}

/// Writes a CSV file (RFC 4180), atomically: the header, then one record for each row. A row is a tuple,
/// a sequence or a struct of as many fields as the header has names.
///
/// # Errors
/// [`Error::Io`] when the file cannot be written, [`Error::Table`] when a row has another number of
/// fields than the header.
pub fn write_csv<H: AsRef<str>, T: Serialize>(
    path: impl AsRef<Path>,
    header: &[H],
    rows: impl IntoIterator<Item = T>,
) -> Result<()> {
    let path = path.as_ref();
    let mut csv = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    let write = || {
        csv.write_record(header.iter().map(AsRef::as_ref))?;
        rows.into_iter().try_for_each(|row| csv.serialize(row))
    };
    write().map_err(|error| Error::csv(path, error))?;
    let bytes = csv.into_inner().map_err(|error| Error::io(path)(error.into_error()))?;
    write_atomic(path, |file| file.write_all(&bytes))
}

/// Replaces some rows of a CSV file that several stages share, atomically: those for which
/// `replaced` holds are removed, and `new` ones follow the others. `columns` are the names of the
/// fields.
///
/// # Errors
/// [`Error::Io`] when the file cannot be read or written, [`Error::Table`] when it has other columns.
pub fn replace_rows<T: Serialize + DeserializeOwned>(
    path: impl AsRef<Path>,
    columns: &[&str],
    replaced: impl Fn(&T) -> bool,
    new: &[T],
) -> Result<()> {
    let mut kept: Vec<T> = read_rows(&path)?;
    kept.retain(|row| !replaced(row));
    write_csv(path, columns, kept.iter().chain(new))
}

/// The line of a CSV file, from 1, on which a record stands, from the position that the crate csv gives
/// it: there the lines end with the record before, so that empty lines and the second half of a CRLF come
/// first. 0 where there is no position.
pub fn line_of_record(file: &[u8], position: Option<&csv::Position>) -> u64 {
    let Some(at) = position else { return 0 };
    let before = file.get(at.byte() as usize..).unwrap_or_default().iter();
    let ends = before.take_while(|byte| matches!(byte, b'\r' | b'\n'));
    at.line() + ends.filter(|byte| **byte == b'\n').count() as u64
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn records_stand_on_their_lines_whatever_ends_them() {
        for text in ["a\n1\n\n2\n", "a\r\n1\r\n\r\n2\r\n", "a\n1\r\n\r\n2"] {
            let mut reader = csv::Reader::from_reader(text.as_bytes());
            let lines: Vec<u64> = reader
                .records()
                .map(|record| line_of_record(text.as_bytes(), record.unwrap().position()))
                .collect();
            assert_eq!(lines, [2, 4], "{text:?}");
        }
    }

    #[test]
    fn rows_are_written_whole_and_faults_named_by_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv");
        assert!(read_rows::<(u32, String)>(&path).unwrap().is_empty());
        write_csv(&path, &["row", "name"], [(1, "a, b"), (2, "\"c\"\nd")]).unwrap();
        let rows: Vec<(u32, String)> = read_rows(&path).unwrap();
        assert_eq!(rows, [(1, "a, b".into()), (2, "\"c\"\nd".into())]);

        let narrow = write_csv(&path, &["row", "name"], [[1], [2]]).unwrap_err().to_string();
        assert!(narrow.contains("1 field, expected 2"), "{narrow}");
        assert_eq!(read_rows::<(u32, String)>(&path).unwrap().len(), 2, "the old table stays");

        std::fs::write(&path, "row,name\n1,a\nx,b\n").unwrap();
        let wrong = read_rows::<(u32, String)>(&path).unwrap_err().to_string();
        assert!(
            wrong.contains("table.csv: line 3: ") && wrong.contains("invalid digit"),
            "{wrong}"
        );
    }
}
