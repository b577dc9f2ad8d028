//! The catalog beside the vectors: who made each song, and when.

use std::path::Path;

use songscape_project::{YEARS, line_of_record, year_of};

use crate::error::{Error, Result};
use crate::music::tables::write_rows;

/// What is known of the songs, one entry for each row of the vectors. What a catalog does not have is
/// empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Songs {
    /// Names of the songs' files, or other keys (columns `id` or `path`).
    pub ids: Vec<String>,
    /// Titles (column `title`).
    pub titles: Vec<String>,
    /// Artists (column `artist`).
    pub artists: Vec<String>,
    /// Release years (column `year`).
    pub years: Vec<Option<i32>>,
}

impl Songs {
    /// So many songs of which nothing is known.
    pub fn unknown(rows: usize) -> Self {
        let empty = vec![String::new(); rows];
        Self { ids: empty.clone(), titles: empty.clone(), artists: empty, years: vec![None; rows] }
    }

    /// Reads a CSV file with a header, whose rows are those of the vectors in the same order. Columns
    /// of other names are passed over; a year is `1987` or a date, `1987-05-02`, and an empty one unknown.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be read or a year is none (with its line),
    /// [`Error::LengthMismatch`] when it does not have `rows` rows.
    pub fn read(path: &Path, rows: usize) -> Result<Self> {
        let error = |reason: String| Error::File { path: path.into(), reason };
        let bytes = std::fs::read(path).map_err(|e| error(e.to_string()))?;
        let mut csv = csv::Reader::from_reader(&bytes[..]);
        let header = csv.headers().map_err(|e| error(e.to_string()))?.clone();
        let column = |name: &str| header.iter().position(|h| h.trim() == name);
        let id = column("id").or(column("path"));
        let (title, artist, year) = (column("title"), column("artist"), column("year"));
        let mut songs = Self::default();
        for record in csv.records() {
            let record = record.map_err(|e| error(e.to_string()))?;
            let field = |at: Option<usize>| at.and_then(|at| record.get(at)).unwrap_or("").trim();
            let written = field(year);
            let known = year_of(written);
            if known.is_none() && !written.is_empty() {
                let line = line_of_record(&bytes, record.position());
                return Err(error(format!("line {line}: year {written:?}, expected {YEARS}")));
            }
            songs.ids.push(field(id).to_owned());
            songs.titles.push(field(title).to_owned());
            songs.artists.push(field(artist).to_owned());
            songs.years.push(known);
        }
        if songs.years.len() != rows {
            let found = songs.years.len();
            return Err(Error::LengthMismatch { what: "the catalog", found, expected: rows });
        }
        Ok(songs)
    }

    /// Writes `id,title,artist,year`, atomically; an unknown year is empty. All four must be of one
    /// length.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`]; [`Error::Project`] when the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let expected = self.ids.len();
        let lengths = [
            ("titles", self.titles.len()),
            ("artists", self.artists.len()),
            ("years", self.years.len()),
        ];
        if let Some((what, found)) = lengths.into_iter().find(|e| e.1 != expected) {
            return Err(Error::LengthMismatch { what, found, expected });
        }
        let rows =
            (0..expected).map(|i| (&self.ids[i], &self.titles[i], &self.artists[i], self.years[i]));
        write_rows(path, &["id", "title", "artist", "year"], rows)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_name_and_bad_years_by_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("songs.csv");
        std::fs::write(&path, "year,path,artist,key\n1999,a.ogg,Ann,C\n,b.ogg,,D\n").unwrap();
        let songs = Songs::read(&path, 2).unwrap();
        assert_eq!(songs.ids, ["a.ogg", "b.ogg"]);
        assert_eq!(songs.artists, ["Ann", ""]);
        assert_eq!(songs.titles, ["", ""]);
        assert_eq!(songs.years, [Some(1999), None]);
        assert!(matches!(
            Songs::read(&path, 3),
            Err(Error::LengthMismatch { found: 2, expected: 3, .. })
        ));
        songs.write(&path).unwrap();
        assert_eq!(Songs::read(&path, 2).unwrap(), songs);
        let torn = Songs { years: vec![None], ..songs };
        assert!(matches!(torn.write(&path), Err(Error::LengthMismatch { what: "years", .. })));
        std::fs::write(&path, "year\r\n1999-05-02\r\nsoon\r\n").unwrap();
        let error = Songs::read(&path, 2).unwrap_err().to_string();
        assert!(error.contains("line 3") && error.contains("soon"), "{error}");
        assert!(Songs::read(&folder.path().join("none.csv"), 2).is_err());
    }
}
