//! The vectors of all songs, in batches; what is done is kept.

use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::path::{Path, PathBuf};

use ndarray::{Array2, ArrayView1, ArrayView2, Axis, concatenate};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use songscape_analysis::study::VectorSet;
use songscape_analysis::vectors::{unit_rows, write_npy};
use songscape_audio::{ImageParams, Pixels, Store};
use songscape_contrastive::Songs;
use songscape_contrastive::baseline::{self, Pitches, changes, patches, row_statistics, sequences};
use songscape_contrastive::learned::LearnedChanges;
use songscape_contrastive::retrieval::{gap, halves};
use songscape_project::{
    Failure, Job, Part, Progress, Shard, Source, remove_if_there, write_atomic,
};
use songscape_resnet::{Embedder, Model, Origin, Pooling};

use super::done::{Done, Key};
use super::songs::write_ids;
use crate::error::{Error, Result};

/// The images of a store, with the parameters that they were made with.
#[derive(Debug)]
pub struct Images {
    pixels: Pixels,
    params: ImageParams,
    /// What each song's image is, by its id.
    identities: HashMap<String, String>,
}

impl Images {
    /// Opens the images that [`Store::make`] left.
    ///
    /// # Errors
    /// [`Error::Audio`] when there is no store, or a damaged one.
    pub fn open(store: &Store) -> Result<Self> {
        let (pixels, params) = (store.pixels()?, store.parameters()?);
        Ok(Self { pixels, params, identities: store.identities()? })
    }

    /// The songs and their pixels.
    pub fn pixels(&self) -> &Pixels {
        &self.pixels
    }

    /// What the images were made with.
    pub fn params(&self) -> &ImageParams {
        &self.params
    }

    /// The songs to train on.
    ///
    /// # Errors
    /// [`Error::Contrastive`] when the pixels of a song do not fill whole columns.
    pub fn songs(&self) -> Result<Songs<'_>> {
        let songs = (0..self.pixels.len()).map(|song| self.pixels.song(song)).collect();
        Ok(Songs::new(self.pixels.rows(), songs)?)
    }

    /// How well the chroma of whole songs matches, `[n, n]`, in every key and at many speeds
    /// ([`sequences::matches`]), of the songs with these ids.
    ///
    /// # Errors
    /// [`Error::Input`] names the first id without an image; those of [`sequences::matches`].
    pub fn matches(&self, ids: &[String], progress: &dyn Progress) -> Result<Array2<f32>> {
        let chroma = Chroma::new(&self.params);
        let sequence = |id: &String| {
            let place = self.pixels.ids().iter().position(|own| own == id);
            let place = place.ok_or_else(|| Error::input(id, "no image of this song"))?;
            Ok(chroma.sequence(self.pixels.song(place), sequences::FRAME))
        };
        let sequences = ids.iter().map(sequence).collect::<Result<Vec<_>>>()?;
        Ok(sequences::matches(&sequences, progress)?)
    }

    /// What a network that is trained on these images says of them later, and the pooling that its
    /// vectors are meant for.
    pub fn origin(&self, pooling: Pooling) -> Origin {
        let images = serde_json::to_value(&self.params).expect("numbers and names are JSON");
        Origin { images: Some(images), pooling: Some(pooling), ..Origin::default() }
    }
}

/// How vectors are computed from images.
#[derive(Debug, Clone, Copy)]
pub struct Embedding<'a> {
    /// The trained encoder.
    pub model: &'a Model,
    /// How an encoder's vectors of a song become one. Baselines are always means and deviations.
    pub pooling: Pooling,
    /// How the network runs over the songs.
    pub embedder: Embedder,
    /// Decides the weights of the untrained encoder.
    pub untrained_seed: u64,
    /// What makes the vectors of [`Source::LEARNED`].
    pub learned: Option<&'a LearnedChanges>,
}

/// How a network's vectors are meant to be made, as far as it knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Meant {
    pub pooling: Pooling,
    pub untrained_seed: u64,
}

impl Meant {
    pub fn by(origin: &Origin) -> Self {
        let seed = origin.training.as_ref().and_then(|training| training["seed"].as_u64());
        Self { pooling: origin.pooling.unwrap_or_default(), untrained_seed: seed.unwrap_or(0) }
    }
}

/// Where the vectors of single songs are kept while the others are computed, so that an interruption
/// costs only what is missing, and songs that are added later cost only themselves.
///
/// Each source has a file `SOURCE.rows` in the folder. A row counts for as long as the song's image and
/// all that decides its vectors are the same, whatever the song is called. Rows of songs that are gone
/// are removed at the end. One process at a time may use the folder
/// ([`Project`](songscape_project::Project) holds it).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keep {
    /// Nowhere.
    Nothing,
    /// In this folder.
    Vectors(PathBuf),
    /// In this folder, and beside them the trained encoder's matrices of each song
    /// `[columns / 64, channels]` in `features/ID.npy`.
    Features(PathBuf),
}

/// The vectors of all songs that are long enough, one row per song.
#[derive(Debug, Clone, PartialEq)]
pub struct Vectors {
    /// The ids of the songs.
    pub ids: Vec<String>,
    /// The sources, in the order asked for.
    pub sources: Vec<Source>,
    /// Their vectors of the whole songs and of two halves of each that share no audio.
    pub sets: Vec<VectorSet>,
    /// The songs that are too short for one vector of the encoder. They have no row, whatever the source.
    pub left_out: Vec<Failure>,
}

impl Keep {
    /// Where the matrices of single songs are.
    fn features(&self) -> Option<PathBuf> {
        match self {
            Self::Features(folder) => Some(folder.join("features")),
            _ => None,
        }
    }

    /// Removes the matrices of songs that are not among `ids`.
    fn forget_others(&self, ids: &[String]) -> Result<()> {
        let Some(folder) = self.features().filter(|folder| folder.is_dir()) else { return Ok(()) };
        let known: HashSet<&str> = ids.iter().map(String::as_str).collect();
        for entry in std::fs::read_dir(&folder).map_err(Error::io(&folder))? {
            let path = entry.map_err(Error::io(&folder))?.path();
            let id = path.file_stem().and_then(|stem| stem.to_str());
            if id.is_none_or(|id| !known.contains(id)) {
                remove_if_there(path)?;
            }
        }
        Ok(())
    }

    /// The file of a source's rows.
    fn rows(&self, source: Source) -> Option<PathBuf> {
        match self {
            Self::Nothing => None,
            Self::Vectors(folder) | Self::Features(folder) => {
                Some(source.file(folder).with_extension("rows"))
            }
        }
    }
}

/// The vectors of some rows.
fn of_rows(set: &VectorSet, rows: &[usize]) -> VectorSet {
    let some = |x: &Array2<f32>| x.select(Axis(0), rows);
    let halves = set.halves.as_ref().map(|halves| halves.each_ref().map(some));
    VectorSet { halves, ..VectorSet::new(set.name.as_str(), some(&set.whole)) }
}

/// Two kinds of vectors of the same songs side by side, each of length 1. Nothing is fitted, so that a song's
/// vector does not depend on the others.
pub(super) fn joined(source: Source, [one, other]: [&VectorSet; 2]) -> VectorSet {
    let side_by_side = |one: &Array2<f32>, other: &Array2<f32>| {
        concatenate![Axis(1), unit_rows(one.view()), unit_rows(other.view())]
    };
    let halves = one.halves.as_ref().zip(other.halves.as_ref());
    let halves = halves.map(|([a, b], [c, d])| [side_by_side(a, c), side_by_side(b, d)]);
    VectorSet { halves, ..VectorSet::new(source.name(), side_by_side(&one.whole, &other.whole)) }
}

/// The sources that are computed, each once, for all of these: the parts of what is joined.
pub(super) fn computed(sources: &[Source]) -> Vec<Source> {
    let mut computed = Vec::new();
    for &source in sources {
        for part in source.parts().map_or(vec![source], Vec::from) {
            if !computed.contains(&part) {
                computed.push(part);
            }
        }
    }
    computed
}

/// The vectors of these sources from those that were [`computed`].
pub(super) fn with_joined(
    sources: &[Source],
    mut sets: Vec<(Source, VectorSet)>,
) -> Vec<VectorSet> {
    let place = |sets: &[(Source, VectorSet)], source: Source| {
        sets.iter().position(|(own, _)| *own == source).expect("every part was computed")
    };
    for &source in sources {
        if let Some(parts) = source.parts() {
            let set = joined(source, parts.map(|part| &sets[place(&sets, part)].1));
            sets.push((source, set));
        }
    }
    let take = |&source: &Source| {
        let place = place(&sets, source);
        sets.swap_remove(place).1
    };
    sources.iter().map(take).collect()
}

/// The version of the rows' meaning: raised when the same song comes to have other vectors.
const VERSION: u8 = 3;

impl Vectors {
    /// The rows whose ids are among the given ones, and the others; songs that were left out stay with the first.
    pub fn split(self, ids: &[String]) -> (Self, Self) {
        let (inside, outside): (Vec<usize>, Vec<usize>) =
            (0..self.ids.len()).partition(|&row| ids.contains(&self.ids[row]));
        let part = |rows: &[usize], left_out: Vec<Failure>| Self {
            ids: rows.iter().map(|&row| self.ids[row].clone()).collect(),
            sources: self.sources.clone(),
            sets: self.sets.iter().map(|set| of_rows(set, rows)).collect(),
            left_out,
        };
        (part(&inside, self.left_out.clone()), part(&outside, Vec::new()))
    }

    /// Writes the vectors of all sources (`SOURCE.npy`, `SOURCE.first-half.npy` and
    /// `SOURCE.second-half.npy`) and `songs.csv`, which says which row belongs to which song.
    ///
    /// # Errors
    /// [`Error::Analysis`] and [`Error::Project`] when a file cannot be written.
    pub fn write(&self, folder: impl AsRef<Path>) -> Result<()> {
        let folder = folder.as_ref();
        for (source, set) in self.sources.iter().zip(&self.sets) {
            let file = source.file(folder);
            write_npy(&file, set.whole.view())?;
            for (part, half) in
                [Part::FirstHalf, Part::SecondHalf].iter().zip(set.halves.iter().flatten())
            {
                write_npy(part.beside(&file), half.view())?;
            }
        }
        write_ids(folder, &self.ids)
    }
}

impl<'a> Embedding<'a> {
    /// The pooling and the seed that the model was trained with, as far as it knows them; else the mean
    /// and 0. Nothing learned on top of chroma changes.
    pub fn new(model: &'a Model) -> Self {
        let Meant { pooling, untrained_seed } = Meant::by(model.origin());
        Self { model, pooling, embedder: Embedder::default(), untrained_seed, learned: None }
    }

    /// Refuses images that are not those that the encoder, or what was learned on top of chroma changes, was
    /// trained on.
    ///
    /// # Errors
    /// [`Error::Resnet`] and [`Error::Contrastive`] name each parameter that differs, [`Error::Contrastive`] the
    /// rows, where nothing else is known of the model's images.
    pub fn check(&self, images: &Images) -> Result<()> {
        self.model.check_images(&images.params)?;
        if let Some(learned) = self.learned {
            learned.check_images(&images.params)?;
        }
        let (found, expected) = (images.pixels.rows(), self.model.config().rows);
        if found != expected && !images.pixels.is_empty() {
            return Err(songscape_contrastive::Error::Rows { found, expected }.into());
        }
        Ok(())
    }

    /// The numbers of the songs that are long enough for one vector of the encoder, and what there is to
    /// say of those that are not. They have no vectors by any source.
    pub fn long_enough(&self, images: &Images) -> (Vec<usize>, Vec<Failure>) {
        let (pixels, unit) = (&images.pixels, self.model.config().columns_per_vector());
        let (long, short): (Vec<usize>, Vec<usize>) =
            (0..pixels.len()).partition(|&song| pixels.columns(song) >= unit);
        let failure = |song: usize| {
            let found = format!("{} columns, expected at least {unit}", pixels.columns(song));
            Failure::new("vectors", pixels.ids()[song].as_str(), found)
        };
        (long, short.into_iter().map(failure).collect())
    }

    /// Computes the vectors of all songs by some sources, each named once.
    ///
    /// # Errors
    /// As [`check`](Self::check); [`Error::Parameter`] for a source that [`learned`](Self::learned) is missing for;
    /// [`Error::Interrupted`] when `progress` asked to stop, and what is done
    /// is kept; [`Error::Resnet`] when memory runs out; [`Error::Project`] and [`Error::Analysis`] when
    /// a file cannot be written.
    pub fn compute(
        &self,
        images: &Images,
        sources: &[Source],
        keep: &Keep,
        progress: &dyn Progress,
    ) -> Result<Vectors> {
        self.compute_shard(Shard::WHOLE, images, sources, keep, progress)
    }

    /// [`compute`](Self::compute) for one part of the songs, so that many machines share them. Parts are cut
    /// between the batches of the whole: the vectors of all parts together have the bits of those of one run.
    ///
    /// # Errors
    /// As [`compute`](Self::compute).
    pub fn compute_shard(
        &self,
        shard: Shard,
        images: &Images,
        sources: &[Source],
        keep: &Keep,
        progress: &dyn Progress,
    ) -> Result<Vectors> {
        self.check(images)?;
        let (songs, left_out) = self.long_enough(images);
        let batches = self.batches(images, &songs);
        let batches = &batches[shard.range(batches.len())];
        let mut sets = computed(sources)
            .into_iter()
            .map(|source| Set::new(source, self, images, keep))
            .collect::<Result<Vec<_>>>()?;
        let count: usize = batches.iter().map(|batch| batch.len()).sum();
        let mut done = Vec::with_capacity(count);
        let job = Job::begin(progress, "vectors", count as u64, "songs");
        for batch in batches {
            if job.interrupted() {
                return Err(Error::Interrupted);
            }
            let batch: Vec<Song> = batch.iter().map(|&song| Song::new(images, song)).collect();
            let songs = batch.len() as u64;
            for set in &mut sets {
                set.add(&batch)?;
            }
            done.extend(batch);
            job.advance(songs);
        }
        drop(job);
        let ids: Vec<String> = done.iter().map(|song| song.id.to_owned()).collect();
        let made = |set: Set| -> Result<(Source, VectorSet)> {
            Ok((set.source, set.into_vectors(&done)?))
        };
        let sets = sets.into_iter().map(made).collect::<Result<Vec<_>>>()?;
        let sets = with_joined(sources, sets);
        keep.forget_others(&ids)?;
        Ok(Vectors { ids, sources: sources.to_vec(), sets, left_out })
    }

    /// Takes up what [`compute_shard`](Self::compute_shard) kept in the folders of all parts, in their order, so
    /// that [`compute`](Self::compute) finds it done.
    ///
    /// # Errors
    /// [`Error::Project`] when a file of a part is not there, or cannot be written.
    pub fn gather(
        &self,
        images: &Images,
        sources: &[Source],
        keep: &Keep,
        parts: &[Keep],
    ) -> Result<()> {
        for source in computed(sources) {
            let mut set = Set::new(source, self, images, keep)?;
            for rows in parts.iter().filter_map(|part| part.rows(source)) {
                set.done.absorb(rows)?;
            }
        }
        let Some(to) = keep.features() else { return Ok(()) };
        std::fs::create_dir_all(&to).map_err(Error::io(&to))?;
        for folder in parts.iter().filter_map(Keep::features).filter(|folder| folder.is_dir()) {
            for entry in std::fs::read_dir(&folder).map_err(Error::io(&folder))? {
                let entry = entry.map_err(Error::io(&folder))?;
                let (from, to) = (entry.path(), to.join(entry.file_name()));
                remove_if_there(&to)?;
                // One file under two names where the system can do that.
                if std::fs::hard_link(&from, &to).is_err() {
                    let bytes = std::fs::read(&from).map_err(Error::io(&from))?;
                    write_atomic(&to, |file| file.write_all(&bytes))?;
                }
            }
        }
        Ok(())
    }

    /// The songs that run through the network together.
    fn batches<'s>(&self, images: &Images, songs: &'s [usize]) -> Vec<&'s [usize]> {
        let (mut batches, mut left) = (Vec::new(), songs);
        while !left.is_empty() {
            let columns = left.iter().map(|&song| images.pixels.columns(song));
            let next = self.embedder.songs_per_batch(self.model.config(), columns);
            let (batch, rest) = left.split_at(next);
            batches.push(batch);
            left = rest;
        }
        batches
    }
}

/// One song of a batch.
struct Song<'a> {
    id: &'a str,
    pixels: &'a [u8],
    hash: blake3::Hash,
}

impl<'a> Song<'a> {
    fn new(images: &'a Images, song: usize) -> Self {
        let (id, pixels) = (&images.pixels.ids()[song], images.pixels.song(song));
        let known = images.identities.get(id);
        Self { id, pixels, hash: blake3::hash(known.map_or(pixels, |known| known.as_bytes())) }
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
    Chroma(Source, Chroma),
    /// What was learned on top of it.
    Learned(Source, &'a LearnedChanges),
}

/// The vector of a source that was learned.
fn learned_vector(source: Source, learned: &LearnedChanges, pixels: &[u8]) -> Result<Vec<f32>> {
    let vectors = learned.transform(pixels)?;
    Ok(match source {
        Source::LearnedChanges => vectors.rings,
        Source::LearnedChangesAnyKey => vectors.any_key,
        _ => vectors.joined,
    })
}

/// Pitch classes of images, and what is made of them.
#[derive(Debug, Clone)]
struct Chroma {
    pitches: Pitches,
    columns_per_second: f64,
}

impl Chroma {
    fn new(params: &ImageParams) -> Self {
        let ImageParams { rows, f_min, f_max, range_db, columns_per_second, .. } = *params;
        Self { pitches: Pitches::new(rows, f_min, f_max, range_db.into()), columns_per_second }
    }

    /// The sequence of chroma in frames of so many seconds.
    fn sequence(&self, pixels: &[u8], frame: f64) -> Array2<f32> {
        self.pitches.sequence(pixels, (frame * self.columns_per_second).round() as usize)
    }

    /// How many numbers a source has.
    fn width(source: Source) -> usize {
        match source {
            Source::ChromaPatches => patches::PATCHES,
            Source::ChromaChanges => changes::CHANGES,
            Source::ChromaChangesAnyKey => changes::CHANGES_ANY_KEY,
            _ => 24,
        }
    }

    /// The vector of a source.
    fn vector(&self, source: Source, pixels: &[u8]) -> Vec<f32> {
        let changes = || changes::chroma_changes(self.sequence(pixels, changes::FRAME).view());
        match source {
            Source::SharpenedChroma => self.pitches.sharpened_chroma(pixels),
            Source::ChromaPatches => {
                patches::chroma_patches(self.sequence(pixels, patches::FRAME).view())
            }
            Source::ChromaChanges => changes(),
            Source::ChromaChangesAnyKey => changes::without_key(&changes()),
            _ => self.pitches.chroma(pixels),
        }
    }
}

/// The vectors of one source, as far as they are done.
pub(super) struct Set<'a> {
    pub source: Source,
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
        let ImageParams { rows, f_min, f_max, range_db, columns_per_second, .. } = images.params;
        let (pooling, embedder) = (embedding.pooling, embedding.embedder);
        let encoder = pooling.width(config.channels());
        let of_encoder = |model: &Model| {
            let weights = model.fingerprint()?;
            Ok::<_, Error>(json!({ "model": weights, "pooling": pooling, "embedder": embedder }))
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
            Source::Chroma
            | Source::SharpenedChroma
            | Source::ChromaPatches
            | Source::ChromaChanges
            | Source::ChromaChangesAnyKey => {
                let made_by = json!([f_min, f_max, range_db, columns_per_second]);
                let chroma = Chroma::new(&images.params);
                (Maker::Chroma(source, chroma), Chroma::width(source), made_by)
            }
            Source::LearnedChanges | Source::LearnedChangesAnyKey | Source::LearnedJoined => {
                let (name, expected) =
                    (source.name(), "vectors that nothing has to be learned for");
                let learned = embedding.learned;
                let learned = learned.ok_or_else(|| Error::parameter("vectors", name, expected))?;
                let outputs = learned.params().outputs;
                let width = match source {
                    Source::LearnedChanges => changes::CHANGES,
                    Source::LearnedChangesAnyKey => outputs,
                    _ => changes::CHANGES_ANY_KEY + outputs,
                };
                (Maker::Learned(source, learned), width, json!(learned.fingerprint()?))
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
            Maker::Chroma(source, chroma) => Ok(chroma.vector(*source, pixels)),
            Maker::Learned(source, learned) => learned_vector(*source, learned, pixels),
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

    /// Computes what is missing of a batch of songs.
    fn add(&mut self, batch: &[Song]) -> Result<()> {
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

    /// The vectors of these songs, once all are done.
    fn into_vectors(self, songs: &[Song]) -> Result<VectorSet> {
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
        Ok(set)
    }
}
