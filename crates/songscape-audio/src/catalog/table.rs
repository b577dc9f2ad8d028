//! The catalog as CSV: `id,path,title,artist,year` and the other columns.

use std::io::Write;
use std::path::{Path, PathBuf};

use songscape_project::{line_of_record, write_atomic, year::expected};

use super::{Catalog, Song, year};
use crate::error::{Error, Result};

const FIXED: [&str; 5] = ["id", "path", "title", "artist", "year"];

impl Catalog {
    /// Writes the catalog, atomically. Paths are written absolute, so that the table can be read
    /// from anywhere; an unknown year is empty.
    ///
    /// # Errors
    /// [`Error::Project`] when the file cannot be written, [`Error::Io`] when the working folder
    /// is gone.
    pub fn write_csv(&self, path: &Path) -> Result<()> {
        let mut csv = csv::Writer::from_writer(Vec::new());
        let mut record = |fields: &mut dyn Iterator<Item = &str>| {
            csv.write_record(fields).map_err(|e| Error::io(path)(e.into()))
        };
        record(&mut FIXED.into_iter().chain(self.columns.iter().map(String::as_str)))?;
        for song in &self.songs {
            let file = self.file(song);
            let file = std::path::absolute(&file).map_err(Error::io(&file))?;
            let file = file.to_string_lossy();
            let year = song.year.map_or(String::new(), |year| format!("{year:04}"));
            let fixed = [&song.id, &*file, &song.title, &song.artist, &year];
            record(&mut fixed.into_iter().chain(song.extra.iter().map(String::as_str)))?;
        }
        let bytes = csv.into_inner().map_err(|e| Error::io(path)(e.into_error()))?;
        write_atomic(path, |file| file.write_all(&bytes))?;
        Ok(())
    }

    /// Reads a catalog written by [`write_csv`](Self::write_csv). Its root is the table's folder,
    /// and the paths of its songs are absolute.
    ///
    /// # Errors
    /// [`Error::MissingColumn`] when one of the five first columns is not in its place,
    /// [`Error::Table`] with the line that cannot be read, [`Error::Io`].
    pub fn read_csv(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(Error::io(path))?;
        let mut csv = csv::Reader::from_reader(&bytes[..]);
        let header = csv.headers().map_err(|e| broken(path, &e))?.clone();
        for (i, column) in FIXED.into_iter().enumerate() {
            if header.get(i) != Some(column) {
                return Err(Error::MissingColumn {
                    path: path.into(),
                    column: column.into(),
                    found: header.iter().map(str::to_owned).collect(),
                });
            }
        }
        let mut songs = Vec::new();
        for record in csv.records() {
            let record = record.map_err(|e| broken(path, &e))?;
            let year = year::parse(&record[4]).map_err(|()| Error::Table {
                path: path.into(),
                line: line_of_record(&bytes, record.position()),
                reason: format!("year {:?}: expected {}", &record[4], expected()),
            })?;
            songs.push(Song {
                id: record[0].into(),
                path: PathBuf::from(&record[1]),
                title: record[2].into(),
                artist: record[3].into(),
                year,
                extra: record.iter().skip(FIXED.len()).map(str::to_owned).collect(),
            });
        }
        let root = path.parent().map_or_else(PathBuf::new, Path::to_owned);
        let columns = header.iter().skip(FIXED.len()).map(str::to_owned).collect();
        Ok(Self { root, columns, songs })
    }
}

pub(super) fn broken(path: &Path, e: &csv::Error) -> Error {
    let line = e.position().map_or(0, csv::Position::line);
    Error::Table { path: path.into(), line, reason: e.to_string() }
}
