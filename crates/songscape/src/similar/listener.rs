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
use crate::vectors::{Embedding, Images, Keep, Standard};

/// What makes the vectors of a project's map, for files that are not in it. Several threads may ask at a time;
/// the images are made side by side, and the network listens to one after the other.
#[derive(Debug)]
pub struct Listener {
    model: Mutex<Model>,
    /// The source of the vectors that the project's map is made of.
    source: Source,
    /// What the numbers of a project without training are measured by.
    standard: Option<Standard>,
    images: ImageParams,
    limits: Limits,
}

impl Listener {
    /// The encoder and the images' parameters of a project folder.
    ///
    /// # Errors
    /// [`Error::Resnet`] and [`Error::Audio`] when they cannot be read; [`Error::Input`] when the project does
    /// not have what makes the vectors of its map.
    pub fn of_project(project: impl AsRef<Path>, limits: Limits, device: Device) -> Result<Self> {
        let project = project.as_ref();
        let (source, folder) = (Source::of_project(project)?, project.join("model"));
        let images = Store::new(project.join("spectrograms")).parameters()?;
        let untrained = folder.join(Standard::FILE).is_file();
        let measured = source == Source::RowStatisticsAndChroma;
        if (untrained && source.is_of_network()) || (measured && !untrained) {
            let reason = format!(
                "cannot make the vectors of the map, \"{}\"; run song_map on the project to its end, which \
                 makes the map from the vectors that it has",
                source.name()
            );
            return Err(Error::input(folder, reason));
        }
        let model = if untrained {
            // Only its shape is asked for.
            Model::new(&EncoderConfig::demo(), device, 0)?
        } else {
            Model::load(folder.join(MODEL), device)?
        };
        model.check_images(&images)?;
        let standard = measured.then(|| Standard::read(&folder)).transpose()?;
        Ok(Self { model: Mutex::new(model), source, standard, images, limits })
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
        let own = [self.source];
        let sources = self.standard.as_ref().map_or(&own[..], |_| &Standard::SOURCES[..]);
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

    /// The vectors `[files, d]` of several music files; of none `[0, 0]`.
    ///
    /// # Errors
    /// As [`vector`](Self::vector), for the first file that cannot be used.
    pub fn vectors(
        &self,
        files: &[impl AsRef<Path>],
        progress: &dyn Progress,
    ) -> Result<Array2<f32>> {
        let rows = files.iter().map(|file| self.vector(file, progress));
        let rows = rows.collect::<Result<Vec<_>>>()?;
        let shape = (rows.len(), rows.first().map_or(0, Array1::len));
        let values = rows.into_iter().flatten().collect();
        Ok(Array2::from_shape_vec(shape, values).expect("all have the same width"))
    }
}
