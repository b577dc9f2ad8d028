//! Training on the images of a store, as a stage that is resumed where it was interrupted.

use std::path::Path;

use serde::{Deserialize, Serialize};
use songscape_audio::Store;
use songscape_contrastive::{TrainParams, Trained, train, train_on};
use songscape_project::{
    Progress, Record, Stage, State, hash_file, remove_folder_if_there, remove_if_there,
    write_atomic,
};
use songscape_resnet::{EncoderConfig, Model, Origin, Pooling};
use tch::Device;

use crate::error::{Error, Result};
use crate::vectors::Images;

/// The meaning of a training: raised when the same parameters would give another model.
const VERSION: u32 = 1;

/// The file of the trained encoder in the folder of a training.
pub(crate) const MODEL: &str = "model.safetensors";

/// The weights that a training goes on from, beside the model until it is done.
const BEFORE: &str = "before.safetensors";
/// Their name among the inputs of the stage.
const WEIGHTS: &str = "weights";

/// Whether the training in a folder goes on, or went on, from weights of before.
fn is_tuned(folder: &Path) -> Result<bool> {
    Ok(Record::file(folder).exists() && Record::read(folder)?.inputs.contains_key(WEIGHTS))
}

/// A training that goes on from the weights of before.
#[derive(Debug)]
pub struct Tuning {
    /// Its folder.
    pub stage: Stage,
    model: Model,
}

/// What an encoder is made with. A folder keeps it beside the model; the pipeline and the example
/// `train` write the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// The network.
    pub encoder: EncoderConfig,
    /// How it is trained.
    pub training: TrainParams,
}

impl Training {
    /// Whether a folder holds a finished training with these parameters, on images that were made as
    /// these are, of whatever songs: an encoder that songs may be added to.
    ///
    /// # Errors
    /// [`Error::Project`](crate::Error::Project) and [`Error::Resnet`](crate::Error::Resnet) when what is
    /// there cannot be read.
    pub fn is_finished(&self, images: &Images, folder: impl AsRef<Path>) -> Result<bool> {
        let folder = folder.as_ref();
        Ok(Stage::is_finished(folder, VERSION, self)?
            && Origin::read(folder.join(MODEL))?.check_images(images.params()).is_ok())
    }

    /// Opens the folder of a training on a store's images. Checkpoints of a training on other images
    /// are removed.
    ///
    /// # Errors
    /// [`Error::Audio`](crate::Error::Audio) when there is no store;
    /// [`Error::Project`](crate::Error::Project) when the folder holds a training with other
    /// parameters (the fields are named), or cannot be written.
    pub fn open(&self, store: &Store, folder: impl AsRef<Path>) -> Result<Stage> {
        self.open_from(vec![("images", store.fingerprint()?)], folder.as_ref())
    }

    fn open_from(&self, inputs: Vec<(&str, String)>, folder: &Path) -> Result<Stage> {
        let stage = Stage::open(folder, VERSION, self, &inputs)?;
        if stage.state() == State::Outdated {
            remove_folder_if_there(stage.path("checkpoints"))?;
        }
        Ok(stage)
    }

    /// Opens the folder of a finished training so that it goes on from its weights on a store's images
    /// ([`TrainParams::fine_tuning`]), or finds one that was interrupted there. `None` where there is neither.
    ///
    /// # Errors
    /// As [`open`](Self::open); [`Error::Resnet`](crate::Error::Resnet) when the weights cannot be read.
    pub fn open_tuning(
        &self,
        store: &Store,
        images: &Images,
        folder: impl AsRef<Path>,
        device: Device,
    ) -> Result<Option<Tuning>> {
        let folder = folder.as_ref();
        let before = folder.join(BEFORE);
        if self.is_finished(images, folder)? {
            let model = folder.join(MODEL);
            let weights = std::fs::read(&model).map_err(Error::io(model))?;
            write_atomic(&before, |copy| std::io::Write::write_all(copy, &weights))?;
        } else if !is_tuned(folder)?
            || !before.is_file()
            || Origin::read(&before)?.check_images(images.params()).is_err()
        {
            return Ok(None);
        }
        let inputs = vec![("images", store.fingerprint()?), (WEIGHTS, hash_file(&before)?)];
        let stage = self.open_from(inputs, folder)?;
        Ok(Some(Tuning { stage, model: Model::load(&before, device)? }))
    }

    /// Trains a network of before on the images, from where an earlier run was interrupted, and finishes the
    /// stage.
    ///
    /// # Errors
    /// As [`train_on`]; what is done is kept.
    pub fn tune(
        &self,
        tuning: Tuning,
        images: &Images,
        pooling: Pooling,
        progress: &dyn Progress,
    ) -> Result<Trained> {
        let Tuning { stage, model } = tuning;
        let (songs, origin) = (images.songs()?, images.origin(pooling));
        let params = self.training.fine_tuning();
        let trained = train_on(&songs, model, &params, origin, stage.folder(), progress)?;
        let before = stage.path(BEFORE);
        stage.finish()?;
        remove_if_there(before)?;
        Ok(trained)
    }

    /// Trains in an opened folder, from where an earlier run was interrupted, and finishes the stage. The
    /// model says which images it was trained on, and for which pooling. With `groups`, one number for each
    /// image, what is [held out](TrainParams::held_out) is held out by groups.
    ///
    /// # Errors
    /// As [`train`]; what is done is kept.
    pub fn run(
        &self,
        stage: Stage,
        images: &Images,
        groups: Option<Vec<usize>>,
        pooling: Pooling,
        device: Device,
        progress: &dyn Progress,
    ) -> Result<Trained> {
        let (songs, origin) = (images.songs()?, images.origin(pooling));
        let songs = match groups {
            Some(groups) if self.training.held_out > 0.0 => songs.grouped(groups)?,
            _ => songs,
        };
        let Self { encoder, training } = self;
        let trained = train(&songs, encoder, training, origin, device, stage.folder(), progress)?;
        stage.finish()?;
        Ok(trained)
    }
}
