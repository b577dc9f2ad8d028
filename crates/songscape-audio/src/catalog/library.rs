//! Reading a library, whatever it is.

use std::path::{Path, PathBuf};

use songscape_project::{Failure, Progress};

use super::id::Ids;
use super::{Catalog, Duplicate, Found, duplicates};
use crate::error::{Error, Result};

/// Whether songs with the same artist and title are one song.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SameName {
    /// One song, as in charts, where a song comes back in later years; but each its own song where
    /// a manifest tells recordings apart by a column `song`, `recording`, `rendition`, `version` or
    /// `take`.
    #[default]
    Auto,
    /// Always one song.
    Merge,
    /// Always songs of their own.
    Keep,
}

/// How a library is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LibraryParams {
    /// Whether songs with the same artist and title are one song.
    pub same_name: SameName,
    /// Whether files may lie outside of the library's folder: absolute paths, `..` and links that
    /// lead out, in a manifest; links, which are then followed, in a folder.
    pub outside: bool,
    /// A file that keeps the tags of a folder, so that only new and changed files are opened when
    /// it is read again.
    pub known_tags: Option<PathBuf>,
}

/// A library as it was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Library {
    /// The songs.
    pub catalog: Catalog,
    /// What could not be used, and why.
    pub failures: Vec<Failure>,
    /// What was listed more than once, and what was made of it.
    pub duplicates: Vec<Duplicate>,
}

impl Library {
    /// Reads a library: a folder of music with tags, or a manifest (CSV).
    ///
    /// **A folder** is walked, and the tags of its music files are read: title, artist, year or
    /// date of the (original) release, album, genre, and the duration in seconds. Songs come in the
    /// order of their paths. A file without a title is named after itself. Music files are
    /// recognised by their extension; hidden files and folders are passed over. Links, which could
    /// lead out of the library or around in it, are listed as failures, unless
    /// [`outside`](LibraryParams::outside) allows them. A file whose audio or tags are broken stays
    /// in the catalog; decoding it will tell.
    ///
    /// **A manifest** has the columns `path`, `title`, `artist` and `year`, in any order, and any
    /// others, which are kept. Paths are relative to the manifest's folder and may not leave it,
    /// neither by `..` nor through a link, unless `outside` allows it. Years are as `1987` or
    /// `1987-05-02`, or empty. A row whose file is missing or outside is left out; a row with a bad
    /// year is kept without it. Each gives a [`Failure`] with the manifest's line.
    ///
    /// **Songs that are there more than once** are kept once, with the first year: the same file,
    /// and, as [`SameName`] says, the same artist and title, but for case, accents, punctuation,
    /// guests (`feat.`) and remastering. Songs without an artist are never the same by name. Each
    /// decision is a [`Duplicate`]. (The same sound under two names is found when it is decoded, by
    /// [`Store::make`](crate::Store::make).)
    ///
    /// # Errors
    /// [`Error::Io`] when there is nothing at `path` or it cannot be read;
    /// [`Error::MissingColumn`] names a column that a manifest lacks; [`Error::Table`] when it
    /// cannot be read as CSV at all; [`Error::Interrupted`] when `progress` says so;
    /// [`Error::Project`] when the known tags cannot be written.
    pub fn open(path: &Path, params: &LibraryParams, progress: &dyn Progress) -> Result<Self> {
        let metadata = std::fs::metadata(path).map_err(Error::io(path))?;
        let (mut library, found) = if metadata.is_dir() {
            Self::from_folder(path, params, progress)?
        } else {
            Self::from_manifest(path, params)?
        };
        let (found, duplicates) =
            duplicates::merge(found, &library.catalog.columns, params.same_name);
        let mut ids = Ids::default();
        let songs = found.into_iter().map(|Found { mut song, .. }| {
            song.id = ids.assign(&song.path);
            song
        });
        library.catalog.songs = songs.collect();
        library.duplicates = duplicates;
        Ok(library)
    }
}
