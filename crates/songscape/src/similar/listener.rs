//! The vector of a music file that is not in the project.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use ndarray::{Array1, Array2};
use songscape_audio::{ImageParams, Limits, Store};
use songscape_project::{Progress, Song, SongTable, Source};
use songscape_resnet::{EncoderConfig, Model};
use tch::Device;

use crate::error::{Error, Result};
use crate::training::MODEL;
use crate::vectors::{Embedding, Images, Keep, Meant, Standard};

/// The encoder of a project, or what it has in its place, for files that are not in it. Several threads may
/// ask at a time; the images are made side by side, and the network listens to one after the other.
#[derive(Debug)]
pub struct Listener {
    model: Mutex<Model>,
    /// In a project without training.
    standard: Option<Standard>,
    images: ImageParams,
    limits: Limits,
}

impl Listener {
    /// The encoder and the images' parameters of a project folder.
    ///
    /// # Errors
    /// [`Error::Resnet`] and [`Error::Audio`] when they cannot be read.
    pub fn of_project(project: impl AsRef<Path>, limits: Limits, device: Device) -> Result<Self> {
        let folder = project.as_ref().join("model");
        let images = Store::new(project.as_ref().join("spectrograms")).parameters()?;
        let (model, standard) = if folder.join(Standard::FILE).is_file() {
            // Only its shape is asked for.
            (Model::new(&EncoderConfig::demo(), device, 0)?, Some(Standard::read(&folder)?))
        } else {
            (Model::load(folder.join(MODEL), device)?, None)
        };
        model.check_images(&images)?;
        Ok(Self { model: Mutex::new(model), standard, images, limits })
    }

    /// The vector of a music file, as the project's songs have theirs. The image is made in a temporary
    /// folder, which is gone afterwards; nothing is written into the project.
    ///
    /// # Errors
    /// [`Error::Input`] says why the file cannot be used; [`Error::Audio`] and [`Error::Resnet`] when the
    /// machine is at fault; [`Error::Interrupted`] and that of [`Error::Audio`].
    pub fn vector(&self, file: impl AsRef<Path>, progress: &dyn Progress) -> Result<Array1<f32>> {
        let file = file.as_ref();
        let folder = tempfile::tempdir().map_err(Error::io(std::env::temp_dir()))?;
        let path = std::path::absolute(file).map_err(Error::io(file))?;
        let song = Song { id: "new".into(), path, ..Song::default() };
        let songs = SongTable { songs: vec![song], ..SongTable::default() };
        let made = Store::make(&songs, folder.path(), &self.images, &self.limits, 1, progress)?;
        if let Some(failure) = made.failures.first() {
            return Err(Error::input(file, &failure.reason));
        }
        let images = Images::open(&Store::new(folder.path()))?;
        let sources = match &self.standard {
            Some(_) => &Standard::SOURCES[..],
            None => &[Source::TrainedEncoder],
        };
        // A thread that failed has not changed the network.
        let model = self.model.lock().unwrap_or_else(PoisonError::into_inner);
        let vectors = Embedding::new(&model).compute(&images, sources, &Keep::Nothing, progress)?;
        if let Some(failure) = vectors.left_out.first() {
            return Err(Error::input(file, &failure.reason));
        }
        let whole = match &self.standard {
            Some(standard) => standard.measure(&vectors.sets)?.whole,
            None => vectors.sets[0].whole.clone(),
        };
        Ok(whole.row(0).to_owned())
    }

    /// The vectors `[files, d]` of several music files.
    ///
    /// # Errors
    /// As [`vector`](Self::vector), for the first file that cannot be used.
    pub fn vectors(
        &self,
        files: &[impl AsRef<Path>],
        progress: &dyn Progress,
    ) -> Result<Array2<f32>> {
        let mut vectors = Array2::zeros((0, self.width()));
        for file in files {
            let vector = self.vector(file, progress)?;
            vectors.push_row(vector.view()).expect("all have this width");
        }
        Ok(vectors)
    }

    /// How many numbers a vector has.
    fn width(&self) -> usize {
        let model = self.model.lock().unwrap_or_else(PoisonError::into_inner);
        let encoder = || Meant::by(model.origin()).pooling.width(model.config().channels());
        self.standard.as_ref().map_or_else(encoder, Standard::width)
    }
}
