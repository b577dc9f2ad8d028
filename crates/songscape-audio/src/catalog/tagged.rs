//! A song of the catalog from a file's tags, and from its names where it has none.

use std::path::PathBuf;

use songscape_project::Song;

use super::path_names::PathNames;
use crate::tags::{Tags, YearFrom};

/// Columns beyond those that every catalog has.
pub(super) const COLUMNS: [&str; 4] = ["album", "genre", "duration", "from_name"];

/// What a list says about a file, to be taken where its tags do not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Listed {
    pub artist: Option<String>,
    pub title: Option<String>,
}

/// The song of a file at a path within the library, and where its year comes from.
pub(super) fn song(
    path: PathBuf,
    tags: &Tags,
    listed: Listed,
    path_names: bool,
) -> (Song, Option<YearFrom>) {
    let known_artist = tags.artist.clone().or_else(|| tags.album_artist.clone());
    let mut names = match path_names {
        true => PathNames::of(&path, known_artist.as_deref()),
        false => PathNames::default(),
    };
    if path_names {
        names.artist = listed.artist.or(names.artist);
        names.title = listed.title.or(names.title);
    }
    let mut from_name = Vec::new();
    let mut filled = |field, own: Option<String>, name: Option<String>| {
        if own.is_none() && name.is_some() {
            from_name.push(field);
        }
        own.or(name)
    };
    let title = filled("title", tags.title.clone(), names.title);
    let artist = filled("artist", known_artist, names.artist);
    let album = filled("album", tags.album.clone(), names.album);
    let (year, year_from) = match (tags.year, names.year) {
        (None, Some(year)) => {
            from_name.push("year");
            (Some(year), Some(YearFrom::Folder))
        }
        (year, _) => (year, tags.year_from),
    };
    let from_name = from_name.join(" ");
    let stem = || path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let known = tags.duration.filter(|seconds| *seconds > 0.0);
    let duration = known.map_or(String::new(), |seconds| format!("{seconds:.2}"));
    let song = Song {
        id: String::new(),
        title: title.unwrap_or_else(stem),
        artist: artist.unwrap_or_default(),
        year,
        extra: vec![
            album.unwrap_or_default(),
            tags.genre.clone().unwrap_or_default(),
            duration,
            from_name,
        ],
        path,
        line: None,
    };
    (song, year_from)
}
