//! The vectors of all songs, in batches; what is done is kept.

use std::path::Path;

use ndarray::{Array2, Axis};
use serde::{Deserialize, Serialize};
use songscape_analysis::study::VectorSet;
use songscape_analysis::vectors::write_npy;
use songscape_contrastive::learned::LearnedChanges;
use songscape_project::{Failure, Job, Part, Progress, Shard, Source};
use songscape_resnet::{Embedder, Model, Origin, Pooling};

use super::joined::{computed, with_joined};
use super::set::{Set, Song};
use super::songs::write_ids;
use super::{Images, Keep};
use crate::error::{Error, Result};

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

/// The vectors of some rows.
fn of_rows(set: &VectorSet, rows: &[usize]) -> VectorSet {
    let some = |x: &Array2<f32>| x.select(Axis(0), rows);
    let halves = set.halves.as_ref().map(|halves| halves.each_ref().map(some));
    VectorSet { halves, ..VectorSet::new(set.name.as_str(), some(&set.whole)) }
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
        self.model.check_images(images.params())?;
        if let Some(learned) = self.learned {
            learned.check_images(images.params())?;
        }
        let (found, expected) = (images.pixels().rows(), self.model.config().rows);
        if found != expected && !images.pixels().is_empty() {
            return Err(songscape_contrastive::Error::Rows { found, expected }.into());
        }
        Ok(())
    }

    /// The numbers of the songs that are long enough for one vector of the encoder, and what there is to
    /// say of those that are not. They have no vectors by any source.
    pub fn long_enough(&self, images: &Images) -> (Vec<usize>, Vec<Failure>) {
        let (pixels, unit) = (images.pixels(), self.model.config().columns_per_vector());
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
        let sets = sets.into_iter().map(|set| set.into_vectors(&done));
        let sets = sets.collect::<Result<Vec<_>>>()?;
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
                set.absorb(rows)?;
            }
        }
        keep.gather_features(parts)
    }

    /// The songs that run through the network together.
    fn batches<'s>(&self, images: &Images, songs: &'s [usize]) -> Vec<&'s [usize]> {
        let (mut batches, mut left) = (Vec::new(), songs);
        while !left.is_empty() {
            let columns = left.iter().map(|&song| images.pixels().columns(song));
            let next = self.embedder.songs_per_batch(self.model.config(), columns);
            let (batch, rest) = left.split_at(next);
            batches.push(batch);
            left = rest;
        }
        batches
    }
}
