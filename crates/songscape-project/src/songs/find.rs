//! Songs by what people call them, and lists of songs for players.

use std::io::Write as _;
use std::path::Path;

use super::{Song, SongTable};
use crate::error::{Error, Result};
use crate::files::write_atomic;

impl SongTable {
    /// The one song that a text means: its id, or else, in any case, its title, or else a part of
    /// `artist - title`.
    ///
    /// # Errors
    /// Which songs have the text in their names, unless it is exactly one.
    pub fn find(&self, text: &str) -> std::result::Result<usize, String> {
        let is_id = |song: &Song| song.id == text && !text.is_empty();
        if let Some(row) = self.songs.iter().position(is_id) {
            return Ok(row);
        }
        let wanted = text.to_lowercase();
        let rows = |is_meant: &dyn Fn(&Song) -> bool| -> Vec<usize> {
            (0..self.songs.len()).filter(|&row| is_meant(&self.songs[row])).collect()
        };
        let mut found = rows(&|song| song.title.to_lowercase() == wanted);
        if found.is_empty() {
            found = rows(&|song| song.name().to_lowercase().contains(&wanted));
        }
        match found[..] {
            [row] => Ok(row),
            [] => Err(format!("no song has {text:?} in its name")),
            _ => {
                let named = |&row: &usize| {
                    format!("{:?} (id {})", self.songs[row].name(), self.songs[row].id)
                };
                let names: Vec<String> = found.iter().take(5).map(named).collect();
                let more = if found.len() > names.len() { ", …" } else { "" };
                Err(format!(
                    "{} songs have {text:?} in their names: {}{more}; name one by its id",
                    found.len(),
                    names.join(", ")
                ))
            }
        }
    }

    /// Writes some of the songs as an extended M3U playlist in UTF-8, atomically. Paths are absolute.
    ///
    /// # Errors
    /// [`Error::Table`] names a song that has no path; [`Error::Io`] when the file cannot be written.
    pub fn write_playlist(
        &self,
        path: impl AsRef<Path>,
        rows: impl IntoIterator<Item = usize>,
    ) -> Result<()> {
        let path = path.as_ref();
        // A title of two lines would end the comment that it stands in.
        let line = |text: &str| text.replace(['\r', '\n'], " ");
        let mut text = b"#EXTM3U\n".to_vec();
        for row in rows {
            let song = &self.songs[row];
            if song.path.as_os_str().is_empty() {
                let reason = format!("{song} has no path, expected one for a playlist");
                return Err(Error::Table { path: path.into(), line: None, reason });
            }
            let file = self.file(song);
            let file = std::path::absolute(&file).map_err(Error::io(file))?;
            text.extend(format!("#EXTINF:-1,{}\n", line(&song.name())).into_bytes());
            text.extend(file.as_os_str().as_encoded_bytes());
            text.push(b'\n');
        }
        write_atomic(path, |file| file.write_all(&text))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn table(songs: &[(&str, &str, &str)]) -> SongTable {
        let song = |&(id, artist, title): &(&str, &str, &str)| Song {
            id: id.into(),
            artist: artist.into(),
            title: title.into(),
            path: format!("/music/{id}.ogg").into(),
            ..Song::default()
        };
        SongTable { songs: songs.iter().map(song).collect(), ..SongTable::default() }
    }

    #[test]
    fn ids_come_before_titles_and_titles_before_parts_of_names() {
        let songs = table(&[
            ("a", "Ann", "Song 1"),
            ("b", "Ann", "Song 10"),
            ("c", "Ben", "Song 1"),
            ("song 10", "Ben", "Another"),
        ]);
        assert_eq!(songs.find("song 10"), Ok(3));
        assert_eq!(songs.find("Song 10"), Ok(1));
        assert_eq!(songs.find("ben - song"), Ok(2));
        let error = songs.find("song 1").unwrap_err();
        assert!(error.contains("2 songs") && error.contains("(id a)"), "{error}");
        assert!(songs.find("none").unwrap_err().contains("\"none\""));
    }

    #[test]
    fn playlists_have_one_line_for_each_title() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list.m3u8");
        table(&[("a", "Ann", "One\nTwo"), ("b", "", "Three")])
            .write_playlist(&path, [1, 0])
            .unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let expected =
            "#EXTM3U\n#EXTINF:-1,Three\n/music/b.ogg\n#EXTINF:-1,Ann - One Two\n/music/a.ogg\n";
        assert_eq!(text, expected);
    }
}
