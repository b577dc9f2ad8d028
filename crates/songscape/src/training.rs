//! Training on the images of a store, as a stage that is resumed where it was interrupted.

use std::path::Path;

use serde::{Deserialize, Serialize};
use songscape_audio::Store;
use songscape_contrastive::learned::{LearnedChanges, LearnedParams};
use songscape_contrastive::{Songs, Step, TrainParams, Trained, train_in, train_on};
use songscape_project::{
    Progress, Record, Stage, State, hash_file, remove_folder_if_there, remove_if_there,
    write_atomic,
};
use songscape_resnet::{EncoderConfig, Model, Origin, Pooling};
use tch::Device;

use crate::error::{Error, Result};
use crate::processes::Processes;
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
    /// [`Error::Project`] and [`Error::Resnet`] when what is
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
    /// [`Error::Audio`] when there is no store;
    /// [`Error::Project`] when the folder holds a training with other
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
    /// As [`open`](Self::open); [`Error::Resnet`] when the weights cannot be read.
    pub fn open_tuning(
        &self,
        store: &Store,
        images: &Images,
        folder: impl AsRef<Path>,
    ) -> Result<Option<Stage>> {
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
        self.open_from(inputs, folder).map(Some)
    }

    /// The network to continue from, in a folder that was opened by [`open_tuning`](Self::open_tuning).
    ///
    /// # Errors
    /// [`Error::Resnet`] when it cannot be read.
    pub fn before(folder: impl AsRef<Path>, device: Device) -> Result<Model> {
        Ok(Model::load(folder.as_ref().join(BEFORE), device)?)
    }

    /// Trains the [network of before](Self::before) on the images, from where an earlier run was interrupted,
    /// and finishes the stage. Of several processes only the first opens the folder and gives its stage.
    ///
    /// # Errors
    /// As [`train_on`]; what is done is kept.
    pub fn tune(
        &self,
        processes: &Processes,
        stage: Option<Stage>,
        before: Model,
        images: &Images,
        pooling: Pooling,
        progress: &dyn Progress,
    ) -> Result<Trained> {
        let (songs, origin) = (images.songs()?, images.origin(pooling));
        let (params, group) = (self.training.fine_tuning(), processes.group());
        let folder = stage.as_ref().map_or(Path::new(""), Stage::folder);
        let trained = train_on(group, &songs, before, &params, origin, folder, progress)?;
        if let Some(stage) = stage {
            let before = stage.path(BEFORE);
            stage.finish()?;
            remove_if_there(before)?;
        }
        Ok(trained)
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

/// Learns vectors on top of chroma changes from the images of one or more stores, all made alike; gives the figures
/// of every step, too.
///
/// # Errors
/// [`Error::Resnet`] names each parameter in which the images of two stores differ; those of
/// [`LearnedChanges::fit`], such as too few songs.
pub fn learn_changes(
    stores: &[Images],
    params: &LearnedParams,
    progress: &dyn Progress,
) -> Result<(LearnedChanges, Vec<Step>)> {
    let Some(first) = stores.first() else {
        return Err(Error::input("images", "no store of images to learn from"));
    };
    let origin = Origin { pooling: None, ..first.origin(Pooling::default()) };
    let mut pixels = Vec::new();
    for images in stores {
        origin.check_images(images.params())?;
        pixels.extend((0..images.pixels().len()).map(|song| images.pixels().song(song)));
    }
    let songs = Songs::new(first.params().rows, pixels)?;
    Ok(LearnedChanges::fit(&songs, origin, params, progress)?)
}
