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
