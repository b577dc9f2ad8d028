//! Similar songs, from the files of a project: seeds are found by name, similar songs by the index of its
//! study, and lists are made for people, programs and players.
//!
//! - [`Collection`]: the songs of a project, or of any vectors, with their index;
//! - [`Listed`]: one song of a list, as JSON and tables have it;
//! - `Listener` (feature `pipeline`): the vector of a music file that is not in the project.
//!
//! ```
//! use songscape::similar::Collection;
//! # use songscape::analysis::vectors::write_npy;
//! # let folder = tempfile::tempdir()?;
//! # let (vectors, table) = (folder.path().join("vectors.npy"), folder.path().join("songs.csv"));
//! # write_npy(&vectors, ndarray::arr2(&[[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]]).view())?;
//! # std::fs::write(&table, "id,title,artist\na,One,Ann\nb,Two,Ben\nc,Three,Cy\n")?;
//!
//! let songs = Collection::of_vectors(&vectors, &table)?; // or of_project("my-map")
//! let one = songs.find("ann one")?;
//! let list = songs.listed(&songs.like(&[one], None, 2, 0.0)?);
//! assert_eq!((list[0].title, list[1].title), ("Two", "Three"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(feature = "pipeline")]
mod listener;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use ndarray::{Array2, ArrayView2};
use serde::Serialize;
use songscape_analysis::music::similar::{Seeds, Similar, path, playlist_from};
use songscape_analysis::neighbors::{Index, Metric};
use songscape_analysis::study::Study;
use songscape_analysis::vectors::read_npy;
use songscape_audio::Store;
use songscape_project::{PlaylistPaths, Silent, SongTable, Source, write_csv, write_json};

use crate::error::{Error, Result};

#[cfg(feature = "pipeline")]
pub use listener::Listener;

/// Songs with the index of their vectors.
#[derive(Debug)]
pub struct Collection {
    songs: SongTable,
    /// The table that the songs are from.
    table: PathBuf,
    index: Index,
    rows: HashMap<String, usize>,
    /// Lengths by the songs' ids, where they are known.
    seconds: HashMap<String, f64>,
}

/// One song of a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Listed<'a> {
    /// Its place in the list, from 1.
    pub rank: usize,
    /// Its likeness to what was sought: for the cosine, 1 for the same direction, 0 for a right angle; else
    /// the distance with its sign changed.
    pub cosine: f32,
    /// The song's name in its project.
    pub id: &'a str,
    /// Its title, empty where it is not known.
    pub title: &'a str,
    /// Its artist, empty where none is known.
    pub artist: &'a str,
    /// Its year.
    pub year: Option<i32>,
    /// Its length in seconds.
    pub seconds: Option<f64>,
    /// Its file.
    pub path: String,
}

impl Collection {
    /// The songs of a project folder whose stage `analysis` is finished, by the vectors that it is of
    /// ([`Source::of_project`]), searched by the index of its study.
    ///
    /// # Errors
    /// [`Error::Input`] when there is no finished analysis, or its files do not belong together;
    /// [`Error::Analysis`] and [`Error::Project`] when one cannot be read.
    pub fn of_project(project: impl AsRef<Path>) -> Result<Self> {
        let project = project.as_ref();
        let analysis = project.join("analysis");
        let table = analysis.join("songs.csv");
        if !table.is_file() {
            let why = "no analysis/songs.csv: pass the folder of a song_map run that has finished its \
                       `analysis` stage";
            return Err(Error::input(project, why));
        }
        let vectors = Source::of_project(project)?.file(project.join("vectors"));
        let studied = analysis.join("studied");
        let mut seconds = HashMap::new();
        let store = Store::new(project.join("spectrograms"));
        for (id, entry) in store.entries()? {
            seconds.insert(id, entry.seconds);
        }
        let study = studied.join(Study::FILE).is_file().then(|| Study::load(&studied));
        let study = study.transpose()?;
        let mut collection = Self::of(&vectors, &table, |songs, vectors| match study {
            Some(study) => {
                let known = SongTable::read(studied.join("songs.csv"))?;
                let rows = rows_in_study(&known, study.index(), songs, vectors.view());
                Ok(study.index().clone().grown(&rows, vectors)?)
            }
            None => Ok(Index::of_all(vectors, Metric::Cosine)?),
        })?;
        collection.seconds = seconds;
        Ok(collection)
    }

    /// The songs of any vectors (`.npy`, `[songs, d]`) by the cosine; `table` has a row for each.
    ///
    /// # Errors
    /// [`Error::Input`] when there are not as many songs as vectors; [`Error::Analysis`] and
    /// [`Error::Project`] when a file cannot be read.
    pub fn of_vectors(vectors: impl AsRef<Path>, table: impl AsRef<Path>) -> Result<Self> {
        Self::of(vectors.as_ref(), table.as_ref(), |_, vectors| {
            Ok(Index::of_all(vectors, Metric::Cosine)?)
        })
    }

    /// The same with an index made for many questions; making it takes the time of some thousands.
    ///
    /// # Errors
    /// As [`Index::new`].
    pub fn indexed(self, seed: u64) -> Result<Self> {
        let vectors = self.index.vectors().to_owned();
        let index = Index::new(vectors, self.index.metric(), seed, &Silent)?;
        Ok(Self { index, ..self })
    }

    fn of(
        file: &Path,
        table: &Path,
        index: impl FnOnce(&SongTable, Array2<f32>) -> Result<Index>,
    ) -> Result<Self> {
        let (vectors, songs) = (read_npy(file)?, SongTable::read(table)?);
        if vectors.nrows() != songs.songs.len() {
            let (found, expected) = (vectors.nrows(), songs.songs.len());
            let reason = format!("{found} vectors, but {} has {expected} songs", table.display());
            return Err(Error::input(file, reason));
        }
        let index = index(&songs, vectors)?;
        let rows = songs.songs.iter().enumerate();
        let rows = rows.map(|(row, song)| (song.id.clone(), row)).collect();
        Ok(Self { songs, table: table.into(), index, rows, seconds: HashMap::new() })
    }

    /// The songs, row by row.
    pub fn songs(&self) -> &SongTable {
        &self.songs
    }

    /// The index of their vectors.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// The row of the song with an id.
    pub fn row(&self, id: &str) -> Option<usize> {
        self.rows.get(id).copied()
    }

    /// The length of a song in seconds, where it is known.
    pub fn seconds(&self, row: usize) -> Option<f64> {
        self.seconds.get(&self.songs.songs[row].id).copied()
    }

    /// The one song that a text means, as [`SongTable::find`] finds it.
    ///
    /// # Errors
    /// [`Error::Input`] says which songs have the text in their names, unless it is exactly one.
    pub fn find(&self, text: &str) -> Result<usize> {
        self.songs.find(text).map_err(|why| Error::input(&self.table, why))
    }

    /// Up to `count` songs like the songs in these rows and the vectors `[m, d]` of songs from elsewhere, as
    /// [`playlist_from`] lists them; the same artist may come twice in a row.
    ///
    /// # Errors
    /// As [`playlist_from`].
    pub fn like<'a>(
        &self,
        rows: &'a [usize],
        others: Option<ArrayView2<'a, f32>>,
        count: usize,
        wander: f32,
    ) -> Result<Vec<Similar>> {
        Ok(playlist_from(&self.index, &[], &Seeds { rows, others }, count, wander)?)
    }

    /// The way from one song to another in `count` songs, both counted.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a way from a song to itself; those of [`path`].
    pub fn between(&self, from: usize, to: usize, count: usize) -> Result<Vec<Similar>> {
        if from == to {
            return Err(Error::parameter("to", "the same song", "another song"));
        }
        Ok(path(&self.index, from, to, count)?)
    }

    /// What there is to say of the songs of a list.
    pub fn listed(&self, list: &[Similar]) -> Vec<Listed<'_>> {
        let near = match self.index.metric() {
            Metric::Cosine => 1.0,
            _ => 0.0,
        };
        list.iter()
            .enumerate()
            .map(|(place, found)| self.song(found.row, place + 1, near - found.distance))
            .collect()
    }

    /// One song, as the first of a list.
    pub fn song(&self, row: usize, rank: usize, cosine: f32) -> Listed<'_> {
        let song = &self.songs.songs[row];
        Listed {
            rank,
            cosine,
            id: &song.id,
            title: &song.title,
            artist: &song.artist,
            year: song.year,
            seconds: self.seconds(row),
            path: self.songs.file(song).display().to_string(),
        }
    }

    /// Writes a list, atomically: as a table (`.csv`), as JSON (`.json`), or else as a playlist (M3U) with the
    /// songs' true lengths.
    ///
    /// # Errors
    /// [`Error::Project`] when the file cannot be written, or a playlist cannot name a song.
    pub fn write(
        &self,
        file: impl AsRef<Path>,
        list: &[Similar],
        paths: &PlaylistPaths,
    ) -> Result<()> {
        let file = file.as_ref();
        let ending = file.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        match ending.to_ascii_lowercase().as_str() {
            "csv" => {
                let header = ["rank", "cosine", "id", "title", "artist", "year", "seconds", "path"];
                write_csv(file, &header, self.listed(list))?;
            }
            "json" => write_json(file, &self.listed(list))?,
            _ => {
                let entries = list.iter().map(|found| (found.row, self.seconds(found.row)));
                self.songs.write_playlist(file, entries, paths)?;
            }
        }
        Ok(())
    }
}

/// For each song its row in a study whose songs and index are these, `None` for a new one. A song whose music
/// has changed is a new one.
pub(crate) fn rows_in_study(
    studied: &SongTable,
    index: &Index,
    songs: &SongTable,
    vectors: ArrayView2<f32>,
) -> Vec<Option<usize>> {
    let known = index.vectors();
    let same = |(row, own): (Option<usize>, _)| {
        row.filter(|&row| row < known.nrows() && known.row(row) == own)
    };
    rows_by_id(studied, songs).into_iter().zip(vectors.rows()).map(same).collect()
}

/// For each song its row in another table, by its id.
pub(crate) fn rows_by_id(other: &SongTable, songs: &SongTable) -> Vec<Option<usize>> {
    let places = other.songs.iter().enumerate().map(|(row, song)| (song.id.as_str(), row));
    let places: HashMap<&str, usize> = places.collect();
    songs.songs.iter().map(|song| places.get(song.id.as_str()).copied()).collect()
}
