//! The vector of a music file that is not in the project.

use std::path::Path;

use ndarray::{Array1, Array2};
use songscape_audio::{ImageParams, Limits, Store};
use songscape_project::{Progress, Song, SongTable, Source};
use songscape_resnet::Model;
use tch::Device;

use crate::error::{Error, Result};
use crate::training::MODEL;
use crate::vectors::{Embedding, Images, Keep, Meant};

/// The encoder of a project, for files that are not in it.
#[derive(Debug)]
pub struct Listener {
    model: Model,
    images: ImageParams,
    limits: Limits,
}

impl Listener {
    /// The encoder and the images' parameters of a project folder.
    ///
    /// # Errors
    /// [`Error::Resnet`] and [`Error::Audio`] when they cannot be read.
    pub fn of_project(project: impl AsRef<Path>, limits: Limits, device: Device) -> Result<Self> {
        let project = project.as_ref();
        let model = Model::load(project.join("model").join(MODEL), device)?;
        let images = Store::new(project.join("spectrograms")).parameters()?;
        model.check_images(&images)?;
        Ok(Self { model, images, limits })
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
        let made =
            Store::make(&songs, folder.path(), &self.images, &self.limits, 1, progress)?;
        if let Some(failure) = made.failures.first() {
            return Err(Error::input(file, &failure.reason));
        }
        let images = Images::open(&Store::new(folder.path()))?;
        let sources = [Source::TrainedEncoder];
        let vectors =
            Embedding::new(&self.model).compute(&images, &sources, &Keep::Nothing, progress)?;
        if let Some(failure) = vectors.left_out.first() {
            return Err(Error::input(file, &failure.reason));
        }
        Ok(vectors.sets[0].whole.row(0).to_owned())
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
        let width = Meant::by(self.model.origin()).pooling.width(self.model.config().channels());
        let mut vectors = Array2::zeros((files.len(), width));
        for (mut row, file) in vectors.rows_mut().into_iter().zip(files) {
            row.assign(&self.vector(file, progress)?);
        }
        Ok(vectors)
    }
}
