//! The songs of a library: one table, made from a manifest or from a folder.

mod id;
mod manifest;
mod scan;
mod table;
mod year;

use std::path::{Path, PathBuf};

use songscape_project::Failure;

use crate::error::{Error, Result};

/// The stage that [`Failure`]s of this module name.
pub(crate) const STAGE: &str = "catalog";

/// One song.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// Reads a library: [`from_folder`](Self::from_folder) for a folder,
    /// [`from_manifest`](Self::from_manifest) for a file.
    ///
    /// # Errors
    /// Those of the two, and [`Error::Io`] when there is nothing at `path`.
    pub fn open(path: &Path) -> Result<(Self, Vec<Failure>)> {
        let metadata = std::fs::metadata(path).map_err(Error::io(path))?;
        if metadata.is_dir() { Self::from_folder(path) } else { Self::from_manifest(path) }
    }

    /// The music file of a song.
    pub fn file(&self, song: &Song) -> PathBuf {
        self.root.join(&song.path)
    }
}
