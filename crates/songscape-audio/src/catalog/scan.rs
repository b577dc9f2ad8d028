//! A catalog from a folder of music files with tags.

use std::path::{Path, PathBuf};

use songscape_project::{Failure, Progress};
use walkdir::{DirEntry, WalkDir};

use super::known::KnownTags;
use super::tags::Tags;
use super::{Catalog, Found, Library, LibraryParams, STAGE, Song};
use crate::error::{Error, Result};
use crate::limits::Limits;

/// Extensions of music files, in lower case.
const MUSIC: [&str; 19] = [
    "aac", "aif", "aifc", "aiff", "caf", "flac", "m4a", "m4b", "mka", "mp1", "mp2", "mp3", "mp4",
    "oga", "ogg", "opus", "wav", "wave", "webm",
];

/// Columns beyond the five that every catalog has.
const COLUMNS: [&str; 3] = ["album", "genre", "duration"];

impl Library {
    /// The music files below a folder, in the order of their paths, without ids.
    pub(super) fn from_folder(
        folder: &Path,
        params: &LibraryParams,
        progress: &dyn Progress,
    ) -> Result<(Self, Vec<Found>)> {
        std::fs::read_dir(folder).map_err(Error::io(folder))?;
        let (files, failures) = music_files(folder, params.outside);
        let mut known =
            params.known_tags.as_deref().map_or_else(KnownTags::default, KnownTags::read);
        let limits = Limits::default();
        let (mut found, total) = (Vec::with_capacity(files.len()), files.len());
        progress.begin(STAGE, total as u64, "files");
        for relative in files {
            if progress.interrupted() {
                break;
            }
            let file = folder.join(&relative);
            let tags = known.tags(&file, &relative.to_string_lossy(), &limits);
            let real = if params.outside { file.canonicalize().unwrap_or(file) } else { file };
            found.push(Found { song: song(relative, tags), real, line: None });
            progress.advance(1);
        }
        progress.end();
        if let Some(path) = &params.known_tags {
            known.write(path)?;
        }
        if found.len() < total {
            return Err(Error::Interrupted { done: found.len(), total });
        }
        let columns = COLUMNS.map(str::to_owned).to_vec();
        let catalog = Catalog { root: folder.to_owned(), columns, songs: Vec::new() };
        Ok((Self { catalog, failures, duplicates: Vec::new() }, found))
    }
}

/// Paths of the music files below a folder, and what cannot be used.
fn music_files(folder: &Path, follow_links: bool) -> (Vec<PathBuf>, Vec<Failure>) {
    let (mut files, mut failures) = (Vec::new(), Vec::new());
    let visible = |entry: &DirEntry| {
        entry.depth() == 0 || !entry.file_name().as_encoded_bytes().starts_with(b".")
    };
    let walk = WalkDir::new(folder).sort_by_file_name().follow_links(follow_links);
    for entry in walk.into_iter().filter_entry(visible) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(e) => {
                let item = e.path().unwrap_or(folder).display().to_string();
                failures.push(Failure::new(STAGE, item, e));
                continue;
            }
        };
        let relative = entry.path().strip_prefix(folder).unwrap_or(entry.path());
        let mut fail = |reason: &str| {
            failures.push(Failure::new(STAGE, relative.display().to_string(), reason));
        };
        if entry.file_type().is_dir() || !is_music(relative) {
            continue;
        }
        if entry.path_is_symlink() && !follow_links {
            fail("a link, which is not followed");
        } else if relative.to_str().is_none() {
            fail("the file's name is not UTF-8");
        } else if entry.file_type().is_file() {
            files.push(relative.to_owned());
        }
    }
    (files, failures)
}

fn is_music(path: &Path) -> bool {
    let extension = path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
    extension.is_some_and(|extension| MUSIC.contains(&extension.as_str()))
}

fn song(path: PathBuf, tags: Tags) -> Song {
    let stem = || path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let duration = tags.duration.map_or(String::new(), |seconds| format!("{seconds:.2}"));
    Song {
        id: String::new(),
        title: tags.title.unwrap_or_else(stem),
        artist: tags.artist.or(tags.album_artist).unwrap_or_default(),
        year: tags.original_year.or(tags.year),
        extra: vec![tags.album.unwrap_or_default(), tags.genre.unwrap_or_default(), duration],
        path,
    }
}
