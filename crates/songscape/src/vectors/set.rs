//! The vectors of one source, song by song.

use std::path::PathBuf;

use ndarray::{Array2, ArrayView1, ArrayView2};
use serde_json::{Value, json};
use songscape_analysis::study::VectorSet;
use songscape_analysis::vectors::write_npy;
use songscape_audio::ImageParams;
use songscape_contrastive::baseline::{self, changes, patches, row_statistics};
use songscape_contrastive::learned::{LearnedChanges, LearnedVectors};
use songscape_contrastive::retrieval::{gap, halves};
use songscape_project::Source;
use songscape_resnet::Model;

use super::chroma::Chroma;
use super::done::{Done, Key};
use super::{Embedding, Images, Keep};
use crate::error::{Error, Result};

/// The version of the rows' meaning: raised when the same song comes to have other vectors.
const VERSION: u8 = 3;

/// One song of a batch.
pub(super) struct Song<'a> {
    pub id: &'a str,
    pixels: &'a [u8],
    hash: blake3::Hash,
}

impl<'a> Song<'a> {
    pub fn new(images: &'a Images, song: usize) -> Self {
        let pixels = images.pixels();
        Self { id: &pixels.ids()[song], pixels: pixels.song(song), hash: images.hash(song) }
    }
}

/// What makes the vectors of a source.
enum Maker<'a> {
    Trained {
        model: &'a Model,
        features: Option<PathBuf>,
    },
    Untrained(Box<Model>),
    RowStatistics,
    /// The chroma that a source is made of.
    Chroma(Chroma, OfChroma),
    /// What was learned on top of it.
    Learned(&'a LearnedChanges, OfLearned),
}

/// Makes the vector of some pixels.
type OfChroma = fn(&Chroma, &[u8]) -> Vec<f32>;
/// Takes the vector of one source from those that were learned.
type OfLearned = fn(LearnedVectors) -> Vec<f32>;

/// The vectors of one source, as far as they are done.
pub(super) struct Set<'a> {
    source: Source,
    maker: Maker<'a>,
    embedding: &'a Embedding<'a>,
    /// Rows of the images.
    rows: usize,
    /// Vectors of the encoder between the halves of a song.
    gap: usize,
    /// All that decides the vectors, but for the song.
    base: blake3::Hasher,
    width: usize,
    done: Done,
}

impl<'a> Set<'a> {
    pub fn new(
        source: Source,
        embedding: &'a Embedding<'a>,
        images: &Images,
        keep: &Keep,
    ) -> Result<Self> {
        let model = embedding.model;
        let config = model.config();
        let gap = gap(config);
        let ImageParams { rows, f_min, f_max, range_db, columns_per_second, .. } = *images.params();
        let (pooling, embedder) = (embedding.pooling, embedding.embedder);
        let encoder = pooling.width(config.channels());
        let of_encoder = |model: &Model| {
            let weights = model.fingerprint()?;
            Ok::<_, Error>(json!({ "model": weights, "pooling": pooling, "embedder": embedder }))
        };
        let of_chroma = |width: usize, vector: OfChroma| {
            let made_by = json!([f_min, f_max, range_db, columns_per_second]);
            (Maker::Chroma(Chroma::new(images.params()), vector), width, made_by)
        };
        let (maker, width, made_by) = match source {
            Source::TrainedEncoder => {
                let features = keep.features();
                (Maker::Trained { model, features }, encoder, of_encoder(model)?)
            }
            Source::UntrainedEncoder => {
                let model = Model::new(config, model.device(), embedding.untrained_seed)?;
                let made_by = of_encoder(&model)?;
                (Maker::Untrained(Box::new(model)), encoder, made_by)
            }
            Source::RowStatistics => (Maker::RowStatistics, 2 * rows, Value::Null),
            Source::Chroma => of_chroma(24, Chroma::plain),
            Source::SharpenedChroma => of_chroma(24, Chroma::sharpened),
            Source::ChromaPatches => of_chroma(patches::PATCHES, Chroma::patches),
            Source::ChromaChanges => of_chroma(changes::CHANGES, Chroma::changes),
            Source::ChromaChangesAnyKey => {
                of_chroma(changes::CHANGES_ANY_KEY, Chroma::changes_any_key)
            }
            Source::LearnedChanges | Source::LearnedChangesAnyKey | Source::LearnedJoined => {
                let (name, expected) =
                    (source.name(), "vectors that nothing has to be learned for");
                let learned = embedding.learned;
                let learned = learned.ok_or_else(|| Error::parameter("vectors", name, expected))?;
                let outputs = learned.params().outputs;
                let (width, vector): (usize, OfLearned) = match source {
                    Source::LearnedChanges => (changes::CHANGES, |vectors| vectors.rings),
                    Source::LearnedChangesAnyKey => (outputs, |vectors| vectors.any_key),
                    _ => (changes::CHANGES_ANY_KEY + outputs, |vectors| vectors.joined),
                };
                (Maker::Learned(learned, vector), width, json!(learned.fingerprint()?))
            }
            other => unreachable!("{other:?} has no vectors of its own"),
        };
        let all = json!([VERSION, source, rows, gap, made_by]);
        let mut base = blake3::Hasher::new();
        base.update(all.to_string().as_bytes());
        let done = match keep.rows(source) {
            None => Done::in_memory(3 * width),
            Some(path) => Done::open(path, 3 * width)?,
        };
        Ok(Self { source, maker, embedding, rows, gap, base, width, done })
    }

    /// The vector of some pixels.
    pub fn vector(&self, pixels: &[u8]) -> Result<Vec<f32>> {
        let Embedding { pooling, embedder, .. } = *self.embedding;
        let of_encoder = |model: &Model| -> Result<Vec<f32>> {
            Ok(pooling.apply(embedder.embed(model, pixels)?.view()).to_vec())
        };
        match &self.maker {
            Maker::Trained { model, .. } => of_encoder(model),
            Maker::Untrained(model) => of_encoder(model),
            Maker::RowStatistics => Ok(row_statistics(pixels, self.rows)),
            Maker::Chroma(chroma, vector) => Ok(vector(chroma, pixels)),
            Maker::Learned(learned, vector) => Ok(vector(learned.transform(pixels)?)),
        }
    }

    fn key(&self, song: &Song) -> Key {
        let mut key = self.base.clone();
        key.update(song.hash.as_bytes());
        if self.features(song.id).is_some() {
            // The matrix has the song's name.
            key.update(song.id.as_bytes());
        }
        key.finalize()
    }

    /// Takes up the rows in the file of a part.
    pub fn absorb(&mut self, rows: PathBuf) -> Result<()> {
        Ok(self.done.absorb(rows)?)
    }

    /// Computes what is missing of a batch of songs.
    pub fn add(&mut self, batch: &[Song]) -> Result<()> {
        let missing: Vec<bool> = batch.iter().map(|song| !self.is_done(song)).collect();
        if !missing.contains(&true) {
            return Ok(());
        }
        let rows = match &self.maker {
            Maker::Trained { model, .. } => self.embed(model, batch, &missing)?,
            Maker::Untrained(model) => self.embed(model, batch, &missing)?,
            _ => self.of_pixels(batch, &missing)?,
        };
        let songs = batch.iter().zip(&missing).filter(|(_, missing)| **missing);
        for ((song, _), row) in songs.zip(rows) {
            self.done.push(self.key(song), &row)?;
        }
        Ok(())
    }

    fn is_done(&self, song: &Song) -> bool {
        let known = self.done.get(&self.key(song)).is_some();
        known && self.features(song.id).is_none_or(|path| path.exists())
    }

    /// The file of a song's matrix, where they are kept.
    fn features(&self, id: &str) -> Option<PathBuf> {
        match &self.maker {
            Maker::Trained { features: Some(folder), .. } => Some(folder.join(format!("{id}.npy"))),
            _ => None,
        }
    }

    /// The rows of the missing songs by an encoder. The whole batch runs through the network even if only
    /// some songs are missing: with other songs beside it, the last digits of a vector may differ.
    fn embed(&self, model: &Model, batch: &[Song], missing: &[bool]) -> Result<Vec<Vec<f32>>> {
        let (gap, pooling) = (self.gap, self.embedding.pooling);
        let songs: Vec<&[u8]> = batch.iter().map(|song| song.pixels).collect();
        let all = self.embedding.embedder.embed_songs(model, &songs)?;
        let of_missing = batch.iter().zip(all).zip(missing).filter(|(_, missing)| **missing);
        let row = |((song, features), _): ((&Song, Array2<f32>), _)| -> Result<Vec<f32>> {
            if let Some(path) = self.features(song.id) {
                write_npy(path, features.view())?;
            }
            let vector = |features: ArrayView2<f32>| pooling.apply(features).to_vec();
            let halves = halves(features.view(), gap, pooling);
            let halves = halves.map(|(first, second)| [first.to_vec(), second.to_vec()]);
            Ok(self.row(vector(features.view()), halves))
        };
        of_missing.map(row).collect()
    }

    /// The rows of the missing songs by what needs no encoder.
    fn of_pixels(&self, batch: &[Song], missing: &[bool]) -> Result<Vec<Vec<f32>>> {
        let gap = self.gap * self.embedding.model.config().columns_per_vector();
        let row = |(song, _): (&Song, _)| -> Result<Vec<f32>> {
            let halves = baseline::halves(song.pixels, self.rows, gap);
            let halves = halves.map(|(a, b)| Ok::<_, Error>([self.vector(a)?, self.vector(b)?]));
            Ok(self.row(self.vector(song.pixels)?, halves.transpose()?))
        };
        batch.iter().zip(missing).filter(|(_, missing)| **missing).map(row).collect()
    }

    /// The vectors of a song and its halves in one row; NaN for the halves of a song without them.
    fn row(&self, whole: Vec<f32>, halves: Option<[Vec<f32>; 2]>) -> Vec<f32> {
        let none = || [vec![f32::NAN; self.width], vec![f32::NAN; self.width]];
        let [first, second] = halves.unwrap_or_else(none);
        [whole, first, second].concat()
    }

    /// The vectors of these songs, once all are done, and their source.
    pub fn into_vectors(self, songs: &[Song]) -> Result<(Source, VectorSet)> {
        let keys: Vec<Key> = songs.iter().map(|song| self.key(song)).collect();
        let part = |place: usize| {
            let mut part = Array2::zeros((keys.len(), self.width));
            for (mut to, key) in part.rows_mut().into_iter().zip(&keys) {
                let row = self.done.get(key).expect("every song was added");
                to.assign(&ArrayView1::from(&row[place * self.width..(place + 1) * self.width]));
            }
            part
        };
        let halves = Some([part(1), part(2)]);
        let set = VectorSet { halves, ..VectorSet::new(self.source.name(), part(0)) };
        self.done.close(&keys)?;
        Ok((self.source, set))
    }
}
