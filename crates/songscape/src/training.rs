//! Training on the images of a store, as a stage that is resumed where it was interrupted.

use std::path::Path;

use serde::{Deserialize, Serialize};
use songscape_audio::Store;
use songscape_contrastive::{TrainParams, Trained, train_in};
use songscape_project::{Progress, Stage, State, remove_folder_if_there};
use songscape_resnet::{EncoderConfig, Origin, Pooling};
use tch::Device;

use crate::error::Result;
use crate::processes::Processes;
use crate::vectors::Images;

/// The meaning of a training: raised when the same parameters would give another model.
const VERSION: u32 = 1;

/// The file of the trained encoder in the folder of a training.
pub(crate) const MODEL: &str = "model.safetensors";

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
        let inputs = [("images", store.fingerprint()?)];
        let stage = Stage::open(folder.as_ref(), VERSION, self, &inputs)?;
        if stage.state() == State::Outdated {
            remove_folder_if_there(stage.path("checkpoints"))?;
        }
        Ok(stage)
    }

    /// Trains in an opened folder, from where an earlier run was interrupted, and finishes the stage. The
    /// model says which images it was trained on, and for which pooling. With `groups`, one number for each
    /// image, what is [held out](TrainParams::held_out) is held out by groups.
    ///
    /// # Errors
    /// As [`train`](songscape_contrastive::train); what is done is kept.
    pub fn run(
        &self,
        stage: Stage,
        images: &Images,
        groups: Option<Vec<usize>>,
        pooling: Pooling,
        device: Device,
        progress: &dyn Progress,
    ) -> Result<Trained> {
        self.run_in(&Processes::Alone, Some(stage), images, groups, pooling, device, progress)
    }

    /// [`run`](Self::run) by several processes. Only the first opens the folder and gives its stage; the
    /// others read nothing but the images.
    ///
    /// # Errors
    /// As [`train_in`]; what is done is kept.
    #[allow(clippy::too_many_arguments)] // those of `run`, and the processes
    pub fn run_in(
        &self,
        processes: &Processes,
        stage: Option<Stage>,
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
        let (Self { encoder, training }, group) = (self, processes.group());
        let folder = stage.as_ref().map_or(Path::new(""), Stage::folder);
        let trained = train_in(group, &songs, encoder, training, origin, device, folder, progress)?;
        stage.map_or(Ok(()), Stage::finish)?;
        Ok(trained)
    }
}
