//! Contrastive training of the music encoder on pairs of random crops, and its evaluation.
//!
//! Two crops of one song are a positive pair; crops of different songs are pushed apart (Chen et al. 2020). No
//! labels are used.
//!
#![doc = concat!(
    "![Loss, accuracy and learning rate of 500 steps on the demo music](data:image/png;base64,",
    include_str!("../doc/training.png.base64"),
    ")"
)]
//!
//! - [`Songs`], [`PairSampler`]: images in memory and the pairs of each batch;
//! - [`Augment`]: changes to the crops that leave only the music in common;
//! - [`loss`]: NT-Xent, decoupled contrastive, sigmoid, and the published binary NCE;
//! - [`KeyQueue`]: the momentum network and its keys; [`AdamW`]: the optimiser;
//! - [`train`] with [`TrainParams`]: the loop, with checkpoints from which it continues exactly; [`train_in`]: the
//!   same by several processes, a [`Group`]; [`train_on`]: from the weights of another training;
//! - [`learned`]: a small network on top of chroma changes, one of the baselines;
//! - [`evaluation`]: the scores of an encoder's vectors beside those of every [`baseline`]: retrieval of the
//!   other half of a song and of other recordings of it, and [`probe`]s that predict a label.
//!
//! For a first encoder of your own music use [`TrainParams::demo`] with the sigmoid loss. Add
//! [`Augment::harmony`] if songs with the same harmony should be similar whatever plays them; leave it out if
//! the sound matters.
//!
//! ```
//! use songscape_contrastive::{Songs, TrainParams, train};
//! use songscape_project::Silent;
//! use songscape_resnet::{EncoderConfig, Origin};
//!
//! # let folder = tempfile::tempdir()?;
//! let noise = |seed: u32| (0..256 * 200).map(|i: u32| (i.wrapping_mul(seed) >> 13) as u8).collect();
//! let pixels: Vec<Vec<u8>> = (1..5).map(|song| noise(40_503 * song)).collect();
//! let songs = Songs::new(256, pixels.iter().map(Vec::as_slice).collect())?;
//! let params = TrainParams { steps: 2, pairs: 4, crop_columns: 64, ..TrainParams::demo() };
//! let device = tch::Device::Cpu;
//! let (encoder, origin) = (EncoderConfig::narrow(2), Origin::default());
//! let trained = train(&songs, &encoder, &params, origin, device, folder.path(), &Silent)?;
//! assert_eq!(trained.history.len(), 2);
//! assert!(folder.path().join("model.safetensors").exists());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod augment;
pub mod baseline;
mod batch;
mod checkpoint;
mod criterion;
mod error;
pub mod evaluation;
mod events;
mod group;
mod hardness;
mod history;
pub mod learned;
pub mod loss;
mod optimizer;
mod pairs;
mod params;
pub mod probe;
mod queue;
mod random;
mod resident;
pub mod retrieval;
pub mod rings;
mod shift;
mod sums;
mod trainer;
mod validation;
pub mod whitening;

pub use augment::Augment;
pub use error::{Error, Result};
pub use group::{Alone, Group};
pub use hardness::SongLosses;
pub use history::Step;
pub use optimizer::{AdamW, clip};
pub use pairs::{Pair, PairSampler, Songs};
pub use params::{Loss, Sampling, Schedule, TrainParams};
pub use queue::KeyQueue;
pub use trainer::{Trained, train, train_in, train_on};
pub use validation::Validation;

// What signatures of this crate use.
pub use {
    ndarray, songscape_analysis as analysis, songscape_project as project,
    songscape_resnet as resnet, tch,
};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
