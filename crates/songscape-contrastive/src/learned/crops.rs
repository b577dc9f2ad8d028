//! From images to chroma changes: of whole songs, and of crops that sound otherwise.

use ndarray::Array2;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Deserialize;
use songscape_project::{Job, Progress};
use songscape_resnet::Origin;

use super::params::LearnedParams;
use crate::baseline::Pitches;
use crate::baseline::changes::{CHANGES, FRAME, chroma_changes};
use crate::error::{Error, Result};
use crate::pairs::Songs;

/// How images are heard.
#[derive(Debug)]
pub(super) struct Ear {
    rows: usize,
    columns_per_second: f64,
    pitches: Pitches,
    /// Columns of a frame of the chroma.
    frame: usize,
}

/// The chroma changes of songs, each vector of length 1.
#[derive(Debug)]
pub(super) struct Heard {
    /// Of whole songs, `[songs, 1152]`.
    pub songs: Array2<f32>,
    /// Of the crops of each song, one after the other, `[crops · 1152]`.
    pub crops: Vec<Vec<f32>>,
}

/// What is asked of the parameters of images.
#[derive(Deserialize)]
struct Images {
    rows: usize,
    f_min: f64,
    f_max: f64,
    range_db: f64,
    columns_per_second: f64,
}

impl Ear {
    /// For the images of an origin.
    pub(super) fn new(origin: &Origin) -> Result<Self> {
        let images = origin.images.clone().unwrap_or_default();
        let images = serde_json::from_value::<Images>(images)
            .map_err(|e| songscape_resnet::Error::Origin { reason: e.to_string() })?;
        let Images { rows, f_min, f_max, range_db, columns_per_second } = images;
        let frame = ((FRAME * columns_per_second).round() as usize).max(1);
        let pitches = Pitches::new(rows, f_min, f_max, range_db);
        Ok(Self { rows, columns_per_second, pitches, frame })
    }

    /// The chroma changes of an image, `[1152]`, of length 1; zeros where nothing changes.
    pub(super) fn changes(&self, pixels: &[u8]) -> Result<Vec<f32>> {
        if self.rows == 0 || !pixels.len().is_multiple_of(self.rows) {
            return Err(Error::Pixels { song: 0, found: pixels.len(), rows: self.rows });
        }
        Ok(changes(&self.pitches.sequence(pixels, self.frame)))
    }

    /// Whole songs, and crops of each. They depend on the seed and the song's number alone.
    pub(super) fn hear(
        &self,
        songs: &Songs,
        params: &LearnedParams,
        progress: &dyn Progress,
    ) -> Result<Heard> {
        if songs.rows() != self.rows {
            return Err(Error::Rows { found: songs.rows(), expected: self.rows });
        }
        let columns = (params.seconds[0] * self.columns_per_second).ceil() as usize;
        let columns = columns.max(self.frame);
        let long: Vec<usize> =
            (0..songs.len()).filter(|&song| songs.columns(song) >= columns).collect();
        if long.len() < 2 {
            let (found, songs) = (long.len(), songs.len());
            return Err(Error::TooFewSongs { found, songs, columns });
        }
        let [least, most] = params.seconds.map(|seconds| (seconds / FRAME).round() as usize);
        // A crop begins between frames, and its speed is another: it is cut from halves of frames.
        let half = (self.frame / 2).max(1);
        let per_frame = self.frame as f64 / half as f64;
        let job = Job::begin(progress, "crops", long.len() as u64, "songs");
        let hear = |&song: &usize| -> Result<[Vec<f32>; 2]> {
            if job.interrupted() {
                return Err(interrupted());
            }
            let pixels = songs.pixels(song);
            let plane = self.pitches.plane(pixels, half);
            let rng = &mut stream(params.seed, song as u64 + 1);
            let mut crops = Vec::with_capacity(params.crops * CHANGES);
            for _ in 0..params.crops {
                let sound = &params.sound;
                let crop = sound.crop(plane.view(), per_frame, &self.pitches, least..=most, rng);
                crops.extend(changes(&crop));
            }
            job.advance(1);
            Ok([self.changes(pixels)?, crops])
        };
        let heard = long.par_iter().map(hear).collect::<Result<Vec<_>>>()?;
        let (whole, crops): (Vec<_>, Vec<_>) = heard.into_iter().map(|[a, b]| (a, b)).unzip();
        let songs = Array2::from_shape_vec((whole.len(), CHANGES), whole.concat());
        Ok(Heard { songs: songs.expect("every song has its changes"), crops })
    }
}

/// Random numbers of a purpose; stream 0 is that of the first weights.
pub(super) fn stream(seed: u64, purpose: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(purpose);
    rng
}

pub(super) fn interrupted() -> Error {
    songscape_analysis::Error::Interrupted { what: "learning on chroma changes" }.into()
}

/// The changes of a sequence of chroma, of length 1.
fn changes(sequence: &Array2<f32>) -> Vec<f32> {
    let mut changes = chroma_changes(sequence.view());
    let length = changes.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length > 0.0 {
        changes.iter_mut().for_each(|x| *x /= length);
    }
    changes
}
