//! The tables of the songs that vectors belong to.

use std::collections::HashMap;
use std::path::Path;

use songscape_project::{Song, SongTable, read_rows, write_csv};

use crate::error::{Error, Result};

/// The table in a folder of vectors that says which row belongs to which song.
const SONGS: &str = "songs.csv";

/// Writes the songs' ids in the order of the rows.
pub(super) fn write_ids(folder: &Path, ids: &[String]) -> Result<()> {
    Ok(write_csv(folder.join(SONGS), &["row", "id"], ids.iter().enumerate())?)
}

/// The ids of the songs in a folder of vectors that a pipeline made, in the order of the rows.
///
/// # Errors
/// [`Error::Project`] when the table is not there or has another form.
pub fn read_ids(folder: impl AsRef<Path>) -> Result<Vec<String>> {
    let path = folder.as_ref().join(SONGS);
    let rows: Vec<(usize, String)> = read_rows(path)?;
    Ok(rows.into_iter().map(|(_, id)| id).collect())
}

/// The rows of a table of songs with these ids, in their order.
///
/// # Errors
/// [`Error::Project`] when the table cannot be read, or names the first id that it does not have.
pub fn songs_of(table: impl AsRef<Path>, ids: &[String]) -> Result<SongTable> {
    let path = table.as_ref();
    let table = SongTable::read(path)?;
    let by_id: HashMap<&str, &Song> =
        table.songs.iter().map(|song| (song.id.as_str(), song)).collect();
    let song = |id: &String| {
        by_id.get(id.as_str()).map(|song| (*song).clone()).ok_or_else(|| {
            let (path, reason) = (path.into(), format!("no song {id}"));
            Error::Project(songscape_project::Error::Table { path, line: None, reason })
        })
    };
    let songs = ids.iter().map(song).collect::<Result<_>>()?;
    Ok(SongTable { songs, ..table.clone() })
}
