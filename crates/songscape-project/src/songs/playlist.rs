//! Lists of songs for players.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Component, Path, PathBuf};

use super::{Song, SongTable, address};
use crate::error::{Error, Result};
use crate::files::write_atomic;

/// How a playlist names its files.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum PlaylistPaths {
    /// From the root on.
    #[default]
    Absolute,
    /// From the folder of the playlist on, so that both can be moved together.
    Relative,
    /// Below this path, which stands for the [folder that all songs are in](SongTable::shared_folder): a
    /// server or a container often sees it under another name. Parts are joined by `/`.
    Below(String),
}

impl SongTable {
    /// The innermost folder that the files of all songs are in; `None` where no song has a file, or they
    /// have none in common. Songs at [addresses](address) do not count.
    pub fn shared_folder(&self) -> Option<PathBuf> {
        let is_file =
            |song: &&Song| !song.path.as_os_str().is_empty() && address(&song.path).is_none();
        let files = self.songs.iter().filter(is_file);
        let mut shared: Option<PathBuf> = None;
        for song in files {
            let file = plain(&self.file(song));
            let folder = file.parent()?;
            shared = Some(match shared {
                None => folder.into(),
                Some(known) => {
                    let both = known.components().zip(folder.components());
                    both.take_while(|(a, b)| a == b).map(|(a, _)| a).collect()
                }
            });
        }
        shared.filter(|folder| !folder.as_os_str().is_empty())
    }

    /// Writes some of the songs as an extended M3U playlist in UTF-8, atomically. `entries` are their rows,
    /// with the length in seconds where it is known.
    ///
    /// # Errors
    /// [`Error::Table`] names a song that has no path, or one that a line cannot hold; [`Error::Io`] when
    /// the file cannot be written.
    pub fn write_playlist(
        &self,
        path: impl AsRef<Path>,
        entries: impl IntoIterator<Item = (usize, Option<f64>)>,
        paths: &PlaylistPaths,
    ) -> Result<()> {
        let path = path.as_ref();
        let shared = match paths {
            PlaylistPaths::Below(_) => self.shared_folder().unwrap_or_default(),
            _ => PathBuf::new(),
        };
        // A title of two lines would end the comment that it stands in.
        let line = |text: &str| text.replace(['\r', '\n'], " ");
        let mut text = b"#EXTM3U\n".to_vec();
        for (row, seconds) in entries {
            let song = &self.songs[row];
            let refused = |why: &str| {
                let reason = format!("{song} has {why} for a playlist");
                Error::Table { path: path.into(), line: None, reason }
            };
            if song.path.as_os_str().is_empty() {
                return Err(refused("no path, expected one"));
            }
            let file = self.named(song, path, paths, &shared);
            let file = file.as_encoded_bytes();
            if file.contains(&b'\n') || file.contains(&b'\r') {
                return Err(refused("a line break in its path, expected none"));
            }
            let seconds = seconds.map_or(-1, |seconds| seconds.round() as i64);
            text.extend(format!("#EXTINF:{seconds},{}\n", line(&song.name())).into_bytes());
            text.extend(file);
            text.push(b'\n');
        }
        write_atomic(path, |file| file.write_all(&text))
    }

    /// A song's file as a playlist in the file `list` names it; an address as it is.
    fn named(&self, song: &Song, list: &Path, paths: &PlaylistPaths, shared: &Path) -> OsString {
        if let Some(address) = address(&song.path) {
            return address.into();
        }
        let file = plain(&self.file(song));
        match paths {
            PlaylistPaths::Absolute => file.into(),
            PlaylistPaths::Relative => {
                let file = relative(plain(list).parent().unwrap_or(Path::new("")), &file);
                // What begins with `#` is a comment.
                match file.as_os_str().as_encoded_bytes() {
                    [b'#', ..] => Path::new(".").join(file).into(),
                    _ => file.into(),
                }
            }
            PlaylistPaths::Below(base) => {
                let mut named = OsString::from(base.trim_end_matches('/'));
                for part in file.strip_prefix(shared).unwrap_or(&file).components() {
                    named.push("/");
                    named.push(part);
                }
                named
            }
        }
    }
}

/// A path from the root on, without `.` and `..`, which are resolved by name.
fn plain(path: &Path) -> PathBuf {
    // Without a current folder the path is taken as it stands.
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut plain = PathBuf::new();
    for part in whole.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    plain
}

/// The way from a folder to a file; the file itself where they have nothing in common (two drives).
fn relative(folder: &Path, file: &Path) -> PathBuf {
    let shared = folder.components().zip(file.components()).take_while(|(a, b)| a == b).count();
    if shared == 0 {
        return file.into();
    }
    let up = folder.components().skip(shared).map(|_| Component::ParentDir);
    up.chain(file.components().skip(shared)).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn table(folder: &Path, files: &[&str]) -> SongTable {
        let song = |file: &&str| Song { path: file.into(), ..Song::default() };
        let songs = files.iter().map(song).collect();
        SongTable { folder: folder.into(), songs, ..SongTable::default() }
    }

    #[test]
    fn playlists_have_one_line_for_each_title_and_true_lengths() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list.m3u8");
        let mut songs = table(Path::new("/music"), &["a.ogg", "b.ogg"]);
        (songs.songs[0].artist, songs.songs[0].title) = ("Ann".into(), "One\nTwo".into());
        songs.songs[1].title = "Three".into();
        let entries = [(1, None), (0, Some(241.6))];
        songs.write_playlist(&path, entries, &PlaylistPaths::Absolute).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let expected =
            "#EXTM3U\n#EXTINF:-1,Three\n/music/b.ogg\n#EXTINF:242,Ann - One Two\n/music/a.ogg\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn files_are_named_from_the_playlist_on_or_below_another_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lists/list.m3u8");
        let songs =
            table(folder.path(), &["music/A/1.mp3", "music/./x/../B/2.mp3", "lists/#3.mp3"]);
        let files = |paths: &PlaylistPaths, rows: &[usize]| -> Vec<String> {
            songs.write_playlist(&path, rows.iter().map(|&row| (row, None)), paths).unwrap();
            let text = std::fs::read_to_string(&path).unwrap();
            let files = text.lines().filter(|line| !line.starts_with("#EXT"));
            files.map(str::to_owned).collect()
        };
        let relative = files(&PlaylistPaths::Relative, &[0, 1, 2]);
        assert_eq!(relative, ["../music/A/1.mp3", "../music/B/2.mp3", "./#3.mp3"]);
        assert_eq!(songs.shared_folder().unwrap(), folder.path());
        let below = PlaylistPaths::Below("/data/".into());
        // The folder of all songs counts, whatever is listed.
        assert_eq!(files(&below, &[1]), ["/data/music/B/2.mp3"]);
        assert_eq!(
            table(folder.path(), &["a/1.mp3"]).shared_folder().unwrap(),
            folder.path().join("a")
        );
        assert_eq!(table(folder.path(), &[""]).shared_folder(), None);
        let broken = table(folder.path(), &["a\nb.mp3", ""]);
        for row in [0, 1] {
            let refused = broken.write_playlist(&path, [(row, None)], &PlaylistPaths::Absolute);
            assert!(refused.unwrap_err().to_string().contains("for a playlist"));
        }
    }
}
