//! The songs that vectors belong to.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

/// A row of the catalog.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Song {
    pub id: String,
    pub path: String,
    pub title: String,
    pub artist: String,
    pub year: String,
}

impl Song {
    /// `Artist - Title`.
    pub fn name(&self) -> String {
        let title = if self.title.is_empty() { &self.path } else { &self.title };
        if self.artist.is_empty() { title.clone() } else { format!("{} - {title}", self.artist) }
    }
}

impl fmt::Display for Song {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())?;
        if self.year.is_empty() { Ok(()) } else { write!(f, " ({})", self.year) }
    }
}

/// The songs of a table; their paths start from its folder.
pub fn read(table: &Path) -> Result<Vec<Song>> {
    let mut reader = csv::Reader::from_path(table).with_context(|| table.display().to_string())?;
    let songs: csv::Result<Vec<Song>> = reader.deserialize().collect();
    let mut songs = songs.with_context(|| table.display().to_string())?;
    let folder = std::path::absolute(table.parent().unwrap_or(Path::new("")))?;
    for song in &mut songs {
        song.path = folder.join(&song.path).display().to_string();
    }
    Ok(songs)
}

/// The songs of a project that have a vector, in the order of the vectors.
pub fn of_project(project: &Path) -> Result<Vec<Song>> {
    if !project.join("vectors/songs.csv").is_file() {
        bail!(
            "{}: no project with vectors (no vectors/songs.csv): name the folder of a song_map that came \
             so far, or give --vectors and --catalog",
            project.display()
        );
    }
    let songs = read(&project.join("songs.csv"))?;
    let known: HashMap<&str, &Song> = songs.iter().map(|song| (song.id.as_str(), song)).collect();
    let rows = read(&project.join("vectors/songs.csv"))?;
    rows.iter()
        .map(|row| {
            let song = known.get(row.id.as_str());
            song.map(|&song| song.clone()).with_context(|| format!("songs.csv has no {}", row.id))
        })
        .collect()
}

/// The one song that a text means: its id, or in any case its title or a part of its name.
pub fn find(songs: &[Song], text: &str) -> Result<usize> {
    if let Some(row) = songs.iter().position(|song| song.id == text && !text.is_empty()) {
        return Ok(row);
    }
    let wanted = text.to_lowercase();
    let rows = || 0..songs.len();
    let mut found: Vec<usize> =
        rows().filter(|&row| songs[row].title.to_lowercase() == wanted).collect();
    if found.is_empty() {
        found = rows().filter(|&row| songs[row].name().to_lowercase().contains(&wanted)).collect();
    }
    match found[..] {
        [row] => Ok(row),
        [] => bail!("no song has {text:?} in its name"),
        _ => {
            let name = |&row: &usize| format!("{:?} (id {})", songs[row].name(), songs[row].id);
            let names: Vec<String> = found.iter().take(5).map(name).collect();
            let more = if found.len() > names.len() { ", …" } else { "" };
            bail!(
                "{} songs have {text:?} in their names: {}{more}; name one by its id",
                found.len(),
                names.join(", ")
            )
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn song(id: &str, artist: &str, title: &str) -> Song {
        Song { id: id.into(), artist: artist.into(), title: title.into(), ..Song::default() }
    }

    #[test]
    fn ids_come_before_titles_and_titles_before_parts_of_names() {
        let songs = [
            song("a", "Ann", "Song 1"),
            song("b", "Ann", "Song 10"),
            song("c", "Ben", "Song 1"),
            song("song 10", "Ben", "Another"),
        ];
        assert_eq!(find(&songs, "song 10").unwrap(), 3);
        assert_eq!(find(&songs, "Song 10").unwrap(), 1);
        assert_eq!(find(&songs, "ben - song").unwrap(), 2);
        let error = find(&songs, "song 1").unwrap_err().to_string();
        assert!(error.contains("2 songs") && error.contains("(id a)"), "{error}");
        assert!(find(&songs, "none").unwrap_err().to_string().contains("\"none\""));
    }
}
