//! The vectors of the songs, by the trained encoder and by its baselines.

use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};

use ndarray::Array2;
use songscape_analysis::vectors::{read_npy, write_npy};
use songscape_audio::Pixels;
use songscape_contrastive::baseline::{self, Pitches, row_statistics};
use songscape_contrastive::retrieval::{gap, halves};
use songscape_project::Progress;
use songscape_resnet::{Embedder, Model, Pooling};

use super::error::{Error, Result};

/// What the song vectors are made with: the trained encoder, or a baseline beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The encoder after training.
    Trained,
    /// The mean and deviation of every row of the image: what no learning at all gives.
    RowStatistics,
    /// The mean and deviation of the twelve pitch classes: the harmony alone.
    Chroma,
    /// The encoder with its random initial weights.
    Untrained,
}

impl Source {
    /// All sources, the trained encoder first.
    pub const ALL: [Self; 4] = [Self::Trained, Self::RowStatistics, Self::Chroma, Self::Untrained];

    /// As in tables and titles.
    pub fn name(self) -> &'static str {
        match self {
            Self::Trained => "trained encoder",
            Self::RowStatistics => "row statistics",
            Self::Chroma => "chroma",
            Self::Untrained => "untrained encoder",
        }
    }

    pub(super) fn file(self, folder: &Path, part: &str) -> PathBuf {
        folder.join(format!("{}{part}.npy", self.name().replace(' ', "-")))
    }
}

/// One vector per song, and one for each of two halves that share no audio, each `[songs, d]`.
#[derive(Debug, Clone, PartialEq)]
pub struct SongVectors {
    /// Of the whole song.
    pub whole: Array2<f32>,
    /// Of its first half.
    pub first: Array2<f32>,
    /// Of its second half.
    pub second: Array2<f32>,
}

impl SongVectors {
    /// Reads the vectors of one source from the `vectors` folder.
    ///
    /// # Errors
    /// [`Error::Analysis`] names the file that is missing or has another form.
    pub fn read(folder: &Path, source: Source) -> Result<Self> {
        Ok(Self {
            whole: read_npy(&source.file(folder, ""))?,
            first: read_npy(&source.file(folder, ".first-half"))?,
            second: read_npy(&source.file(folder, ".second-half"))?,
        })
    }

    fn write(&self, folder: &Path, source: Source) -> Result<()> {
        write_npy(&source.file(folder, ""), self.whole.view())?;
        write_npy(&source.file(folder, ".first-half"), self.first.view())?;
        write_npy(&source.file(folder, ".second-half"), self.second.view())?;
        Ok(())
    }
}

/// Computes the vectors of all songs by all sources. Matrices of single songs in `features` that are
/// there already are kept.
pub(super) fn compute(
    pixels: &Pixels,
    trained: &Model,
    untrained: &Model,
    pitches: &Pitches,
    pooling: Pooling,
    folder: &Path,
    progress: &dyn Progress,
) -> Result<()> {
    let embedder = Embedder::default();
    let config = trained.config();
    let gap = gap(config);
    let mut sets = Source::ALL.map(|_| Rows::default());
    progress.begin("vectors", pixels.len() as u64, "songs");
    let mut next = 0;
    while next < pixels.len() {
        if progress.interrupted() {
            return Err(Error::Interrupted);
        }
        let columns = (next..pixels.len()).map(|song| pixels.columns(song));
        let batch = next..next + embedder.songs_per_batch(config, columns);
        next = batch.end;
        let known = features(&embedder, trained, pixels, batch.clone(), folder)?;
        let songs: Vec<&[u8]> = batch.map(|song| pixels.song(song)).collect();
        let random = embedder.embed_songs(untrained, &songs)?;
        for ((song, features), random) in songs.iter().zip(known).zip(random) {
            let parts = baseline::halves(song, config.rows, gap * config.columns_per_vector());
            for (set, source) in sets.iter_mut().zip(Source::ALL) {
                match source {
                    Source::Trained => set.push_features(&features, gap, pooling),
                    Source::Untrained => set.push_features(&random, gap, pooling),
                    Source::RowStatistics => {
                        set.push_pixels(song, parts, |pixels| row_statistics(pixels, config.rows));
                    }
                    Source::Chroma => set.push_pixels(song, parts, |pixels| pitches.chroma(pixels)),
                }
            }
        }
        progress.advance(songs.len() as u64);
    }
    progress.end();
    for (set, source) in sets.into_iter().zip(Source::ALL) {
        set.into_vectors().write(folder, source)?;
    }
    write_ids(&folder.join("songs.csv"), pixels.ids())
}

/// The matrices of some songs, from `features` or by the network, all that are missing at once.
fn features(
    embedder: &Embedder,
    model: &Model,
    pixels: &Pixels,
    songs: Range<usize>,
    folder: &Path,
) -> Result<Vec<Array2<f32>>> {
    let file = |song: usize| folder.join("features").join(format!("{}.npy", pixels.ids()[song]));
    let known = |song| file(song).exists().then(|| read_npy(&file(song))).transpose();
    let mut all: Vec<Option<Array2<f32>>> =
        songs.clone().map(known).collect::<songscape_analysis::Result<_>>()?;
    let missing: Vec<usize> =
        songs.clone().filter(|song| all[song - songs.start].is_none()).collect();
    let images: Vec<&[u8]> = missing.iter().map(|&song| pixels.song(song)).collect();
    for (song, features) in missing.into_iter().zip(embedder.embed_songs(model, &images)?) {
        write_npy(&file(song), features.view())?;
        all[song - songs.start] = Some(features);
    }
    Ok(all.into_iter().flatten().collect())
}

/// Rows that grow song by song.
#[derive(Default)]
struct Rows {
    songs: usize,
    whole: Vec<f32>,
    first: Vec<f32>,
    second: Vec<f32>,
}

impl Rows {
    /// Adds a song. One that is too short for two halves has NaN there.
    fn push(&mut self, whole: Vec<f32>, halves: Option<(Vec<f32>, Vec<f32>)>) {
        let none = || (vec![f32::NAN; whole.len()], vec![f32::NAN; whole.len()]);
        let (first, second) = halves.unwrap_or_else(none);
        self.songs += 1;
        self.whole.extend(whole);
        self.first.extend(first);
        self.second.extend(second);
    }

    fn push_features(&mut self, features: &Array2<f32>, gap: usize, pooling: Pooling) {
        let both = halves(features, gap, pooling).map(|(a, b)| (a.to_vec(), b.to_vec()));
        self.push(pooling.apply(features).to_vec(), both);
    }

    fn push_pixels(
        &mut self,
        song: &[u8],
        halves: Option<(&[u8], &[u8])>,
        vector: impl Fn(&[u8]) -> Vec<f32>,
    ) {
        self.push(vector(song), halves.map(|(first, second)| (vector(first), vector(second))));
    }

    fn into_vectors(self) -> SongVectors {
        let matrix = |values: Vec<f32>| {
            let width = values.len() / self.songs.max(1);
            Array2::from_shape_vec((self.songs, width), values).unwrap_or_default()
        };
        SongVectors {
            whole: matrix(self.whole),
            first: matrix(self.first),
            second: matrix(self.second),
        }
    }
}

/// `songs.csv`: which row of the vectors belongs to which song.
fn write_ids(path: &Path, ids: &[String]) -> Result<()> {
    let table = |source| Error::Table { path: path.into(), source };
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(["row", "id"]).map_err(table)?;
    for (row, id) in ids.iter().enumerate() {
        csv.write_record([&row.to_string(), id]).map_err(table)?;
    }
    let bytes = csv.into_inner().map_err(|e| table(e.into_error().into()))?;
    Ok(songscape_project::write_atomic(path, |file| file.write_all(&bytes))?)
}
