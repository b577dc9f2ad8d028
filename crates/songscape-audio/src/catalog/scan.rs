//! A catalog from a folder of music files with tags.

use std::path::{Path, PathBuf};

use songscape_project::Failure;
use symphonia::core::meta::{MetadataRevision, StandardTag};
use walkdir::{DirEntry, WalkDir};

use super::id::Ids;
use super::{Catalog, STAGE, Song, year};
use crate::decode::probe;
use crate::error::{Error, Problem, Result};
use crate::limits::Limits;

/// Extensions of music files, in lower case.
const MUSIC: [&str; 19] = [
    "aac", "aif", "aifc", "aiff", "caf", "flac", "m4a", "m4b", "mka", "mp1", "mp2", "mp3", "mp4",
    "oga", "ogg", "opus", "wav", "wave", "webm",
];

/// Columns beyond the five that every catalog has.
const COLUMNS: [&str; 2] = ["album", "genre"];

impl Catalog {
    /// Walks a folder and reads the tags of its music files: title, artist, year or date of the
    /// (original) release, album, genre. Songs come in the order of their paths. A file without a
    /// title is named after itself.
    ///
    /// Music files are recognised by their extension; hidden files and folders are passed over.
    /// Links are not followed, since they could lead out of the library or around in it; they are
    /// listed as failures, and so is what cannot be read. A file whose audio or tags are broken
    /// stays in the catalog; decoding it will tell.
    ///
    /// # Errors
    /// [`Error::Io`] when the folder itself cannot be read.
    pub fn from_folder(folder: &Path) -> Result<(Self, Vec<Failure>)> {
        std::fs::read_dir(folder).map_err(Error::io(folder))?;
        let limits = Limits::default();
        let (mut songs, mut failures) = (Vec::new(), Vec::new());
        let mut ids = Ids::default();
        let visible = |entry: &DirEntry| {
            entry.depth() == 0 || !entry.file_name().as_encoded_bytes().starts_with(b".")
        };
        for entry in WalkDir::new(folder).sort_by_file_name().into_iter().filter_entry(visible) {
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
            if entry.path_is_symlink() {
                fail("a link, which is not followed");
            } else if relative.to_str().is_none() {
                fail("the file's name is not UTF-8");
            } else if entry.file_type().is_file() {
                songs.push(song(&entry, relative.to_owned(), &mut ids, &limits));
            }
        }
        let columns = COLUMNS.map(str::to_owned).to_vec();
        Ok((Self { root: folder.to_owned(), columns, songs }, failures))
    }
}

fn is_music(path: &Path) -> bool {
    let extension = path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
    extension.is_some_and(|extension| MUSIC.contains(&extension.as_str()))
}

fn song(entry: &DirEntry, relative: PathBuf, ids: &mut Ids, limits: &Limits) -> Song {
    let tags = Problem::catch(|| Tags::read(entry.path(), limits)).unwrap_or_default();
    let stem = || relative.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Song {
        id: ids.assign(&relative),
        title: tags.title.unwrap_or_else(stem),
        artist: tags.artist.or(tags.album_artist).unwrap_or_default(),
        year: tags.original_year.or(tags.year),
        extra: vec![tags.album.unwrap_or_default(), tags.genre.unwrap_or_default()],
        path: relative,
    }
}

/// What a catalog takes from a file's tags. The first value of each wins.
#[derive(Default)]
struct Tags {
    title: Option<String>,
    artist: Option<String>,
    album_artist: Option<String>,
    album: Option<String>,
    genre: Option<String>,
    original_year: Option<i32>,
    year: Option<i32>,
}

impl Tags {
    fn read(path: &Path, limits: &Limits) -> Result<Self, Problem> {
        let mut tags = Self::default();
        let mut format = probe(path, limits)?;
        let mut metadata = format.metadata();
        while let Some(revision) = metadata.current() {
            tags.take(revision);
            if metadata.pop().is_none() {
                break;
            }
        }
        Ok(tags)
    }

    fn take(&mut self, revision: &MetadataRevision) {
        let tracks = revision.per_track.iter().map(|track| &track.metadata);
        let tags = std::iter::once(&revision.media).chain(tracks).flat_map(|part| &part.tags);
        for tag in tags.filter_map(|tag| tag.std.as_ref()) {
            let text = |place: &mut Option<String>, value: &str| {
                let value = value.trim_matches(|c: char| c.is_whitespace() || c == '\0');
                if place.is_none() && !value.is_empty() {
                    *place = Some(value.to_owned());
                }
            };
            let number = |place: &mut Option<i32>, value: Option<i32>| {
                *place = place.or(value.filter(|&year| year > 0));
            };
            match tag {
                StandardTag::TrackTitle(value) => text(&mut self.title, value),
                StandardTag::Artist(value) => text(&mut self.artist, value),
                StandardTag::AlbumArtist(value) => text(&mut self.album_artist, value),
                StandardTag::Album(value) => text(&mut self.album, value),
                StandardTag::Genre(value) => text(&mut self.genre, value),
                StandardTag::OriginalReleaseDate(date) => {
                    number(&mut self.original_year, year::of_tag(date));
                }
                StandardTag::OriginalReleaseYear(year) => {
                    number(&mut self.original_year, Some((*year).into()));
                }
                StandardTag::ReleaseDate(date) | StandardTag::RecordingDate(date) => {
                    number(&mut self.year, year::of_tag(date));
                }
                StandardTag::ReleaseYear(year) | StandardTag::RecordingYear(year) => {
                    number(&mut self.year, Some((*year).into()));
                }
                _ => {}
            }
        }
    }
}
