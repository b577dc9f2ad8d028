//! A project without training: row statistics and chroma instead of an encoder's vectors.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use songscape_analysis::study::VectorSet;
use songscape_project::{Failure, Progress, Record, Source, Stage, State, counted, hash_file};
use songscape_resnet::{EncoderConfig, Model};
use tch::Device;

use super::{Pipeline, Step, VECTORS_VERSION, again};
use crate::error::{Error, Result};
use crate::training::MODEL;
use crate::vectors::{Embedding, Images, Keep, Standard, Vectors, read_ids};

/// Raised when the same images come to be measured otherwise.
const VERSION: u32 = 1;

/// The record of vectors without training.
#[derive(Debug, Serialize, Deserialize)]
struct Untrained {
    /// The sources that are measured.
    measured: Vec<Source>,
}

impl Untrained {
    fn new() -> Self {
        Self { measured: Standard::SOURCES.into() }
    }
}

impl Pipeline {
    /// Whether the project has vectors without training, or is to have them.
    pub(super) fn is_untrained(&self) -> Result<bool> {
        let folder = self.project.path("model");
        let there = Record::file(&folder).exists();
        let untrained = there && Record::read(&folder)?.is::<Untrained>();
        if self.parameters.no_training && there && !untrained {
            let reason = "holds an encoder; leave --no-training out, or choose another output";
            return Err(Error::input(folder, reason));
        }
        Ok(untrained || self.parameters.no_training)
    }

    /// What makes the vectors: the encoder, or what is in its place.
    pub(super) fn model_file(&self) -> Result<PathBuf> {
        let name = if self.is_untrained()? { Standard::FILE } else { MODEL };
        Ok(self.project.path("model").join(name))
    }

    /// The vectors that can be studied, and are compared with each other. Without training the first are studied
    /// unless others are asked for.
    pub(super) fn sources(&self) -> Result<Vec<Source>> {
        Ok(match self.is_untrained()? {
            true => [&[Source::RowStatisticsAndChroma][..], &simple()].concat(),
            false => Source::ALL.into(),
        })
    }

    /// The vectors that are to be studied, where nothing is measured to choose them.
    ///
    /// # Errors
    /// [`Error::Parameter`] when those that were asked for are not among [`sources`](Self::sources).
    pub(super) fn wanted(&self) -> Result<Option<Source>> {
        let sources = self.sources()?;
        match self.parameters.vectors {
            Some(wanted) if !sources.contains(&wanted) => {
                let expected = match self.is_untrained()? {
                    true => "vectors that need no encoder, since the project has none",
                    false => "vectors of a project with an encoder",
                };
                Err(Error::parameter("vectors", wanted.name(), expected))
            }
            None if self.is_untrained()? => Ok(sources.first().copied()),
            wanted => Ok(wanted),
        }
    }

    /// In place of the training: what the numbers of all songs are measured by.
    pub(super) fn measure(&self, progress: &dyn Progress) -> Result<String> {
        let (folder, params) = (self.project.path("model"), Untrained::new());
        if !self.parameters.retrain && Stage::is_finished(&folder, VERSION, &params)? {
            return Ok("none, as before".into());
        }
        let inputs = [("images", self.store().fingerprint()?)];
        let stage = Stage::open(&folder, VERSION, &params, &inputs)?;
        if stage.state() != State::Done {
            let vectors = self.simple_vectors(progress)?;
            let sets = measured(&vectors);
            Standard::of(&sets).write(stage.folder())?;
        }
        let made = again(&stage);
        stage.finish()?;
        Ok(format!("none{made}"))
    }

    /// In place of an encoder's vectors: what was measured, side by side.
    pub(super) fn untrained_vectors(&self, progress: &dyn Progress) -> Result<String> {
        let inputs =
            [("images", self.store().fingerprint()?), ("model", hash_file(self.model_file()?)?)];
        let folder = self.project.path("vectors");
        let stage = Stage::open(folder, VECTORS_VERSION, &Untrained::new(), &inputs)?;
        if stage.state() == State::Done {
            let songs = counted(read_ids(stage.folder())?.len(), "song");
            return Ok(format!("{songs}, done before"));
        }
        let mut vectors = self.simple_vectors(progress)?;
        let standard = Standard::read(&self.project.path("model"))?;
        vectors.sets.insert(0, standard.measure(&measured(&vectors))?);
        vectors.sources.insert(0, Source::RowStatisticsAndChroma);
        vectors.write(stage.folder())?;
        let made = again(&stage);
        stage.finish()?;
        let songs = counted(vectors.ids.len(), "song");
        Ok(format!("{songs}, {} numbers each{made}", standard.width()))
    }

    /// The vectors of all songs by all sources that need no network.
    fn simple_vectors(&self, progress: &dyn Progress) -> Result<Vectors> {
        let images = Images::open(&self.store())?;
        // Only its shape is asked for: which songs are long enough, and how far their halves are apart.
        let model = Model::new(&EncoderConfig::demo(), Device::Cpu, 0)?;
        let keep = Keep::Vectors(self.project.path("vectors"));
        let vectors = Embedding::new(&model).compute(&images, &simple(), &keep, progress)?;
        Failure::record(self.failure_list(), Step::Vectors.name(), &vectors.left_out)?;
        if vectors.ids.is_empty() {
            let failures = self.failure_list();
            return Err(Error::NoSongs { listed: vectors.left_out.len(), failures });
        }
        Ok(vectors)
    }
}

/// The sources that need no network.
fn simple() -> Vec<Source> {
    Source::BASELINES.iter().copied().filter(|source| !source.is_of_network()).collect()
}

/// The vectors of the sources that are measured.
fn measured(vectors: &Vectors) -> Vec<VectorSet> {
    let place = |source: &Source| vectors.sources.iter().position(|own| own == source);
    let places = Standard::SOURCES.iter().filter_map(place);
    places.map(|place| vectors.sets[place].clone()).collect()
}
