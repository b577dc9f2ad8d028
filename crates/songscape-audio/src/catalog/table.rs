//! The catalog as a table: `id,path,title,artist,year`, what is computed of them, and the other
//! columns.

use std::path::Path;

use songscape_project::{Field, Song as Row, SongTable};

use super::{Catalog, Song, name};
use crate::error::{Error, Result};
use crate::tags::YearFrom;

/// Columns that are computed: the artist's name reduced to what makes two spellings the same, and
/// where the year comes from.
pub(super) const COMPUTED: [&str; 2] = ["artist_key", "year_from"];

impl Catalog {
    /// Writes the catalog, atomically: `id,path,title,artist,year`, then `artist_key` (the artist's
    /// name without case, accents, punctuation, `The` and guests), `year_from` (see [`YearFrom`]),
    /// and the other columns. Paths are written absolute, so that the table can be read from
    /// anywhere; an unknown year is empty.
    ///
    /// # Errors
    /// [`Error::Project`] when the file cannot be written.
    pub fn write_csv(&self, path: impl AsRef<Path>) -> Result<()> {
        let songs = self.songs.iter().map(|song| {
            let from = song.year_from.map_or("", YearFrom::name);
            let computed = [name::artist_key(&song.artist), from.to_owned()];
            Row {
                id: song.id.clone(),
                path: song.path.clone(),
                title: song.title.clone(),
                artist: song.artist.clone(),
                year: song.year,
                extra: computed.into_iter().chain(song.extra.iter().cloned()).collect(),
                line: None,
            }
        });
        let columns = COMPUTED.map(str::to_owned).into_iter().chain(self.columns.iter().cloned());
        let table = SongTable {
            folder: self.root.clone(),
            columns: columns.collect(),
            songs: songs.collect(),
            ..SongTable::default()
        };
        Ok(table.write(path)?)
    }

    /// Reads a catalog written by [`write_csv`](Self::write_csv). Its root is the table's folder,
    /// and the paths of its songs are absolute.
    ///
    /// # Errors
    /// [`Error::MissingColumn`] when one of the five first columns is missing; [`Error::Project`]
    /// with the line that cannot be read, or when the file cannot be read at all.
    pub fn read_csv(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let table = SongTable::read(path)?;
        for field in Field::ALL {
            if !table.used.has(field) {
                return Err(missing_column(path, &table, field));
            }
        }
        let place = |name: &str| table.columns.iter().position(|own| own == name);
        let from = place(COMPUTED[1]);
        let others: Vec<usize> = (0..table.columns.len())
            .filter(|&i| !COMPUTED.contains(&table.columns[i].as_str()))
            .collect();
        let songs = table.songs.into_iter().map(|row| Song {
            year_from: from.and_then(|i| YearFrom::of_name(&row.extra[i])),
            extra: others.iter().map(|&i| row.extra[i].clone()).collect(),
            id: row.id,
            path: row.path,
            title: row.title,
            artist: row.artist,
            year: row.year,
        });
        let songs = songs.collect();
        let columns = others.iter().map(|&i| table.columns[i].clone()).collect();
        Ok(Self { root: table.folder, columns, songs })
    }
}

pub(super) fn missing_column(path: &Path, table: &SongTable, field: Field) -> Error {
    let known = Field::ALL.into_iter().flat_map(|field| table.used.columns(field));
    Error::MissingColumn {
        path: path.into(),
        column: field.name().into(),
        found: known.chain(&table.columns).cloned().collect(),
    }
}
