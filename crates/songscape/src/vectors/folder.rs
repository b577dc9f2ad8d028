//! Vectors of a store in a folder of their own.

use std::ops::Not;
use std::path::Path;

use serde::{Deserialize, Serialize};
use songscape_analysis::vectors::write_npy;
use songscape_audio::Store;
use songscape_project::{
    Failure, Progress, Project, Shard, Song, SongTable, Source, Stage, State,
    remove_folder_if_there,
};
use songscape_resnet::{ModelSource, Pooling, Precision};

use super::{Embedding, Images, Keep, songs_of};
use crate::error::{Error, Result};

/// The meaning of the vectors: raised when the same parameters would give others.
const VERSION: u32 = 1;

/// What is embedded into a folder: `vectors.npy` (`[songs, d]` float32) and `songs.csv`, row by row;
/// `failures.csv` with the songs that are too short; with the baselines, or with what was learned on top of chroma
/// changes, a file for each source, and with the frames `features/ID.npy`.
///
/// What is done is kept; what other images or another encoder made is removed, and other parameters in the same
/// folder are refused by name.
#[derive(Debug, Clone, Copy)]
pub struct EmbeddedStore<'a> {
    /// The encoder and how it is used.
    pub embedding: &'a Embedding<'a>,
    /// Where the encoder is from.
    pub model: &'a ModelSource,
    /// The images.
    pub store: &'a Store,
    /// The table of the songs; without one, the images stand for the songs.
    pub songs: Option<&'a Path>,
    /// Whether a vector for every 64 columns of each song is kept, too.
    pub frames: bool,
    /// Whether the vectors of the baselines are made, too. Those of [`Embedding::learned`] are, where it is there.
    pub baselines: bool,
}

/// What was embedded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Embedded {
    /// Songs with a vector.
    pub songs: usize,
    /// Numbers of a vector.
    pub width: usize,
    /// Songs that were left out.
    pub left_out: usize,
}

/// The record of a folder.
#[derive(Serialize, Deserialize)]
struct Made {
    pooling: Pooling,
    precision: Precision,
    #[serde(default, skip_serializing_if = "Not::not")]
    frames: bool,
    #[serde(default, skip_serializing_if = "Not::not")]
    baselines: bool,
}

impl EmbeddedStore<'_> {
    /// Embeds all songs into a folder.
    ///
    /// # Errors
    /// [`Error::Input`] when no song is long enough; those of [`Embedding::compute`]; [`Error::Project`] when a file
    /// cannot be written, or the folder holds vectors of other parameters.
    pub fn make(&self, out: &Path, progress: &dyn Progress) -> Result<Embedded> {
        self.make_of(&[], out, progress)
    }

    /// Embeds one part of the songs into a folder of its own below `out`; gives their number.
    ///
    /// # Errors
    /// As [`make`](Self::make).
    pub fn make_shard(&self, shard: Shard, out: &Path, progress: &dyn Progress) -> Result<usize> {
        let (images, ..) = self.images()?;
        let (_project, stage) = self.open(&shard.folder(out), &self.inputs()?)?;
        let (sources, keep) = (self.sources(), self.keep(stage.folder()));
        let vectors = self.embedding.compute_shard(shard, &images, &sources, &keep, progress)?;
        stage.finish()?;
        Ok(vectors.ids.len())
    }

    /// Joins the parts that [`make_shard`](Self::make_shard) made, and computes nothing.
    ///
    /// # Errors
    /// As [`make`](Self::make); the shards that are missing, unfinished or different are named.
    pub fn merge(&self, out: &Path, progress: &dyn Progress) -> Result<Embedded> {
        self.make_of(&Shard::all(out)?, out, progress)
    }

    fn make_of(&self, shards: &[Shard], out: &Path, progress: &dyn Progress) -> Result<Embedded> {
        // What is wrong is said before there is a folder.
        let (images, ids, left_out) = self.images()?;
        let inputs = self.inputs()?;
        Shard::check(shards, out, VERSION, &self.made(), |_| inputs.clone())?;
        let table = self.table(&ids)?;
        let (project, stage) = self.open(out, &inputs)?;
        if stage.state() != State::Done {
            let (sources, keep) = (self.sources(), self.keep(project.root()));
            let parts: Vec<Keep> =
                shards.iter().map(|shard| self.keep(&shard.folder(out))).collect();
            if !parts.is_empty() {
                self.embedding.gather(&images, &sources, &keep, &parts)?;
            }
            let vectors = self.embedding.compute(&images, &sources, &keep, progress)?;
            write_npy(project.path("vectors.npy"), vectors.sets[0].whole.view())?;
            if sources.len() > 1 {
                vectors.write(project.root())?;
            }
            Failure::record(project.path("failures.csv"), "vectors", &left_out)?;
        }
        // Always written: titles and years may have changed where the images have not.
        table.write(project.path("songs.csv"))?;
        stage.finish()?;
        let width = self.embedding.pooling.width(self.embedding.model.config().channels());
        Ok(Embedded { songs: ids.len(), width, left_out: left_out.len() })
    }

    /// The images, the ids of those that are long enough for the encoder, at least one, and what there is to say
    /// of the others.
    fn images(&self) -> Result<(Images, Vec<String>, Vec<Failure>)> {
        let images = Images::open(self.store)?;
        self.embedding.check(&images)?;
        let (songs, left_out) = self.embedding.long_enough(&images);
        if songs.is_empty() {
            let columns = self.embedding.model.config().columns_per_vector();
            let reason = format!("none of {} songs has {columns} columns", images.pixels().len());
            return Err(Error::input(self.store.folder(), reason));
        }
        let ids = songs.into_iter().map(|song| images.pixels().ids()[song].clone()).collect();
        Ok((images, ids, left_out))
    }

    fn made(&self) -> Made {
        let Self { embedding, frames, baselines, .. } = *self;
        let (pooling, precision) = (embedding.pooling, embedding.embedder.precision);
        Made { pooling, precision, frames, baselines }
    }

    fn inputs(&self) -> Result<Vec<(&'static str, String)>> {
        let mut inputs = vec![("model", self.model.hash()?), ("images", self.store.fingerprint()?)];
        if let Some(learned) = self.embedding.learned {
            inputs.push(("learned", learned.fingerprint()?));
        }
        Ok(inputs)
    }

    fn sources(&self) -> Vec<Source> {
        let mut sources =
            if self.baselines { Source::ALL.to_vec() } else { vec![Source::TrainedEncoder] };
        if self.embedding.learned.is_some() {
            sources.extend(Source::LEARNED);
        }
        sources
    }

    fn keep(&self, folder: &Path) -> Keep {
        let folder = folder.to_owned();
        if self.frames { Keep::Features(folder) } else { Keep::Vectors(folder) }
    }

    /// Holds a folder of vectors.
    fn open(&self, folder: &Path, inputs: &[(&str, String)]) -> Result<(Project, Stage)> {
        let project = Project::open(folder)?;
        let stage = Stage::open(folder, VERSION, &self.made(), inputs)?;
        if stage.state() == State::Outdated {
            remove_folder_if_there(project.path("features"))?;
        }
        Ok((project, stage))
    }

    /// What is known of the songs, in the order of the vectors.
    fn table(&self, ids: &[String]) -> Result<SongTable> {
        if let Some(path) = self.songs {
            return songs_of(path, ids);
        }
        let song =
            |id: &String| Song { id: id.clone(), path: self.store.image(id), ..Song::default() };
        Ok(SongTable { songs: ids.iter().map(song).collect(), ..SongTable::default() })
    }
}
