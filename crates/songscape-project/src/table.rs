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

/// What a table's column of years may hold, for messages.
pub const YEARS: &str = "a year (1987), a date (1987-05-02), or nothing";

/// The year of `1987` or of the date `1987-05-02`; `None` for any other text.
pub fn year_of(text: &str) -> Option<i32> {
    let text = text.trim();
    let date = text.get(1..).and_then(|rest| rest.find('-')).map_or(text, |end| &text[..=end]);
    date.parse().ok()
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
    fn years_and_dates_have_a_year() {
        assert_eq!(year_of(" 1987 "), Some(1987));
        assert_eq!(year_of("1987-05-02"), Some(1987));
        assert_eq!(year_of("-500"), Some(-500));
        assert_eq!(year_of("-44"), Some(-44));
        assert_eq!(year_of("87-x-y"), Some(87));
        assert_eq!(year_of("-"), None);
        assert_eq!(year_of("soon"), None);
    }
}
