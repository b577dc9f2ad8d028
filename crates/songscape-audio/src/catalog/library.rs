//! Reading a library, whatever it is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use songscape_project::{Failure, Progress, Song, SongTable};

use super::duplicates::Merged;
use super::id::Ids;
use super::{COMPUTED, Duplicate, STAGE, Summary, duplicates, list, renamed};
use crate::error::{Error, Result};

/// Whether songs with the same artist and title are one song.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum SameName {
    /// One song, as in charts, where a song comes back in later years; but each its own song where
    /// the lengths of the recordings differ or are not known since nothing was fetched, or where a manifest
    /// tells recordings apart by a column `song`, `recording`, `rendition`, `version` or `take`.
    #[default]
    Auto,
    /// Always one song, whatever the lengths.
    Merge,
    /// Always songs of their own.
    Keep,
}

/// How a library is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LibraryParams {
    /// Whether songs with the same artist and title are one song.
    pub same_name: SameName,
    /// Whether files may lie outside of the library's folder: absolute paths, `..` and links that
    /// lead out, in a manifest or playlist, and addresses in a manifest; links, which are then followed, in a
    /// folder.
    pub outside: bool,
    /// Whether the names of files and folders tell what tags do not: title, artist, album, year.
    /// The column `from_name` says which fields came from there.
    pub path_names: bool,
    /// A file that keeps the tags of a folder, so that only new and changed files are opened when
    /// it is read again.
    pub known_tags: Option<PathBuf>,
    /// The `failures.csv` of an earlier run, if there was one: of songs that are there more than once, a file
    /// that it lists is tried again, and loses against the others if it still cannot be used.
    pub known_failures: Option<PathBuf>,
}

impl Default for LibraryParams {
    /// Songs of the same name are one where their lengths agree; nothing outside; names of files
    /// and folders count where tags are missing; nothing is known of earlier runs.
    fn default() -> Self {
        Self {
            same_name: SameName::Auto,
            outside: false,
            path_names: true,
            known_tags: None,
            known_failures: None,
        }
    }
}

/// A library as it was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Library {
    /// The songs, in the order of the manifest or of their paths. Ids are stable, unique, and safe as
    /// file names: words of the file's name and a hash of its path within the library. Without a
    /// title in the tags, the title is the file's name. The other columns begin with `artist_key`
    /// (the artist's name without case, accents, punctuation, `The` and guests) and `year_from`
    /// (where the year comes from, see [`YearFrom`](super::YearFrom)).
    pub catalog: SongTable,
    /// What could not be used, and why. Items are absolute paths, as the catalog is written with
    /// them; a row of a manifest that names no file is `manifest.csv:LINE`.
    pub failures: Vec<Failure>,
    /// What is odd about songs that can be used: an unclear year, a choice between two years, a column
    /// that appears twice. Items are like those of failures.
    pub remarks: Vec<Failure>,
    /// What was listed more than once, and what was made of it.
    pub duplicates: Vec<Duplicate>,
    /// Files of formats that are not decoded, by the formats' names; each is a failure, too.
    pub undecoded: BTreeMap<String, usize>,
}

/// Drops columns of a manifest that say what the computed ones of the same name say.
fn drop_repeated(catalog: &mut SongTable) {
    for (i, computed) in COMPUTED.iter().enumerate() {
        let renamed = renamed(computed);
        let Some(other) = catalog.columns.iter().position(|name| *name == renamed) else {
            continue;
        };
        // The first is the id; the others come first among the other columns.
        let own = |song: &Song| if i == 0 { song.id.clone() } else { song.extra[i - 1].clone() };
        if catalog.songs.iter().all(|song| song.extra[other] == own(song)) {
            catalog.columns.remove(other);
            for song in &mut catalog.songs {
                song.extra.remove(other);
            }
        }
    }
}

impl Library {
    /// Reads a library: a folder of music with tags, a manifest (CSV), or a playlist (M3U).
    ///
    /// **A folder** is walked, and the tags of its music files are read: title, artist, year or
    /// date of the original or of a release, album, genre, and the duration in seconds. What tags
    /// do not tell is taken from the names of the file and its folders, unless
    /// [`path_names`](LibraryParams::path_names) is off. Songs come in the order of their paths.
    /// Music files are recognised by their extension, and by their first bytes told from those of
    /// formats that are not decoded, which are failures; hidden files and folders are passed over.
    /// Links, which could lead out of the library or around in it, are listed as failures, unless
    /// [`outside`](LibraryParams::outside) allows them. A file whose audio or tags are broken stays
    /// in the catalog; decoding it will tell.
    ///
    /// **A manifest** has the columns `path` (or `file`), `title` and `artist`, in any order and case;
    /// `year` (or `original_year`), where years are known; and any others, which are kept; `id`, `artist_key` and
    /// `year_from`, which the catalog has itself, as `manifest_id` and so on, where they say something else. It is
    /// read by [`SongTable`]. Paths are relative to the manifest's folder, or
    /// absolute, and may not leave it, neither by `..` nor through a link, unless `outside` allows
    /// it. A row whose file is missing or outside is left out, which is a failure; a row with a bad
    /// year is kept without it, with a remark. Each names the manifest's line. With the feature
    /// `object-store` and `outside`, a path may be an [`address`](songscape_project::address) in `s3`, `gs`, `az`,
    /// `abfs`, `http` or `https`. The catalog does not ask whether anything is there.
    ///
    /// **A playlist** (M3U, M3U8) names the files, in the same way; their tags are read, and what
    /// the list says of them counts where they have none.
    ///
    /// **Songs that are there more than once** are kept once, with the first year: the same file,
    /// and, as [`SameName`] says, the same artist and title, but for case, accents, punctuation,
    /// `The`, guests (`feat.`) and remastering, if the lengths agree within 3 s or 2 %. Songs
    /// without an artist are never the same by name; nor are those at addresses, whose lengths are
    /// not known, unless [`SameName::Merge`] says so. Each decision is a [`Duplicate`]. (The same
    /// sound under two names is found when it is decoded, by [`Store::make`](crate::Store::make).)
    ///
    /// # Errors
    /// [`Error::Io`] when there is nothing at `path` or it cannot be read;
    /// [`Error::List`] names a kind of list that is not read, and what to do; [`Error::Interrupted`] when `progress` says so;
    /// [`Error::Project`] when a manifest cannot be read as a table at all or lacks a column, or the known tags cannot
    /// be written.
    pub fn open(
        path: impl AsRef<Path>,
        params: &LibraryParams,
        progress: &dyn Progress,
    ) -> Result<Self> {
        let path = path.as_ref();
        let metadata = std::fs::metadata(path).map_err(Error::io(path))?;
        let (mut library, found) = if metadata.is_dir() {
            Self::from_folder(path, params, progress)?
        } else {
            let bytes = list::plain(std::fs::read(path).map_err(Error::io(path))?);
            if let Some(error) = list::not_read(path, &bytes) {
                return Err(error);
            }
            match list::is_m3u(path, &bytes) {
                true => Self::from_m3u(path, &bytes, params, progress)?,
                false => Self::from_manifest(path, params)?,
            }
        };
        let before = params.known_failures.as_ref().map(Failure::read_all).transpose()?;
        let before = before.unwrap_or_default();
        let Merged { songs, duplicates, failures } =
            duplicates::merge(found, &library.catalog, params.same_name, &before);
        let mut ids = Ids::default();
        let songs = songs.into_iter().map(|found| {
            let id = ids.assign(&found.song.path);
            found.named(id)
        });
        library.catalog.songs = songs.collect();
        library.catalog.columns.splice(0..0, COMPUTED[1..].iter().map(|&name| name.to_owned()));
        drop_repeated(&mut library.catalog);
        library.duplicates = duplicates;
        library.failures.extend(failures);
        Ok(library)
    }

    /// Writes what was found as tables into a folder, each replaced as a whole, but for rows of later
    /// stages: `songs.csv`, `duplicates.csv`, `failures.csv`, and `remarks.csv`.
    ///
    /// # Errors
    /// [`Error::Project`] when a table cannot be read or written.
    pub fn write(&self, folder: impl AsRef<Path>) -> Result<()> {
        let folder = folder.as_ref();
        Failure::record(folder.join("failures.csv"), STAGE, &self.failures)?;
        Failure::record(folder.join("remarks.csv"), STAGE, &self.remarks)?;
        Duplicate::record(folder.join("duplicates.csv"), STAGE, &self.duplicates)?;
        Ok(self.catalog.write(folder.join("songs.csv"))?)
    }

    /// What was found, in figures.
    pub fn summary(&self) -> Summary {
        Summary::of(self)
    }
}
