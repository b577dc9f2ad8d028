//! Contrastive training of the music encoder on pairs of random crops, and its evaluation.
//!
//! Two crops of one song are a positive pair; crops of different songs are to be told apart
//! (Chen et al. 2020). No label is used.
//!
#![doc = concat!(
    "![Loss, accuracy and learning rate of 500 steps on the demo music](data:image/png;base64,",
    include_str!("../doc/training.png.base64"),
    ")"
)]
//!
//! - [`Songs`], [`PairSampler`]: images in memory and the pairs of each batch;
//! - [`Augment`]: changes of the crops that leave only the music in common;
//! - [`loss`]: NT-Xent, decoupled contrastive, sigmoid, and the published binary NCE;
//! - [`KeyQueue`]: the momentum network and its keys; [`AdamW`]: the optimiser;
//! - [`train`] with [`TrainParams`]: the loop, with checkpoints from which it goes on exactly;
//! - [`retrieval`]: recall of one half of a song by the other, and of other recordings of it, and
//!   [`probe`]: labels told by neighbours and by a linear model, beside every [`baseline`].
//!
//! ```
//! use songscape_contrastive::{Songs, TrainParams, train};
//! use songscape_project::Silent;
//! use songscape_resnet::EncoderConfig;
//!
//! # let folder = tempfile::tempdir()?;
//! let noise = |seed: u32| (0..256 * 200).map(|i: u32| (i.wrapping_mul(seed) >> 13) as u8).collect();
//! let pixels: Vec<Vec<u8>> = (1..5).map(|song| noise(40_503 * song)).collect();
//! let songs = Songs::new(256, pixels.iter().map(Vec::as_slice).collect())?;
//! let params = TrainParams { steps: 2, pairs: 4, crop_columns: 64, ..TrainParams::demo() };
//! let device = tch::Device::Cpu;
//! let trained = train(&songs, &EncoderConfig::narrow(2), &params, device, folder.path(), &Silent)?;
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
mod events;
mod hardness;
mod history;
pub mod loss;
mod optimizer;
mod pairs;
mod params;
pub mod probe;
mod queue;
mod resident;
pub mod retrieval;
mod trainer;
mod validation;

pub use augment::Augment;
pub use error::{Error, Result};
pub use hardness::SongLosses;
pub use history::Step;
pub use optimizer::{AdamW, clip};
pub use pairs::{Pair, PairSampler, Songs};
pub use params::{Balance, Loss, Schedule, TrainParams};
pub use queue::KeyQueue;
pub use trainer::{Trained, train};
pub use validation::Validation;
