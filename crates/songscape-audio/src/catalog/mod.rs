//! The songs of a library: one table, made from a manifest or from a folder.
//!
//! [`Library::open`] reads either, leaves out what is listed twice, and says what it could not use.

mod duplicates;
mod id;
mod known;
mod library;
mod list;
mod manifest;
mod name;
mod path_names;
mod place;
mod scan;
mod summary;
mod table;
mod tagged;

use std::path::PathBuf;

pub use crate::tags::YearFrom;
pub(crate) use duplicates::first;
pub use duplicates::{Decision, Duplicate};
pub use library::{Library, LibraryParams, SameName};
pub use summary::Summary;

/// The stage that failures and duplicates of this module name.
pub(crate) const STAGE: &str = "catalog";

/// One song.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Song {
    /// Stable, unique, and safe as a file name: words of the file's name and a hash of its path
    /// within the library.
    pub id: String,
    /// The music file, absolute or relative to [`Catalog::root`]; see [`Catalog::file`].
    pub path: PathBuf,
    /// The title; the file's name where there is none.
    pub title: String,
    /// The artist; may be empty.
    pub artist: String,
    /// The year, where it is known.
    pub year: Option<i32>,
    /// Where the year comes from, where that is known.
    pub year_from: Option<YearFrom>,
    /// The values of the other columns, as named by [`Catalog::columns`].
    pub extra: Vec<String>,
}

/// The songs of a library, in the order of the manifest or of their paths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalog {
    /// The folder that relative paths start from.
    pub root: PathBuf,
    /// Names of the columns beyond id, path, title, artist and year.
    pub columns: Vec<String>,
    /// The songs.
    pub songs: Vec<Song>,
}

impl Catalog {
    /// The music file of a song.
    pub fn file(&self, song: &Song) -> PathBuf {
        self.root.join(&song.path)
    }
}

/// A song on its way into the catalog, without an id.
struct Found {
    song: Song,
    /// The file, with all links followed where there may be any.
    real: PathBuf,
    /// The line of the manifest.
    line: Option<u64>,
    /// The length in seconds, as far as it is known.
    seconds: Option<f64>,
}
