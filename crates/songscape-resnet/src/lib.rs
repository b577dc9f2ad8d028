//! A residual network for music spectrograms with position embeddings along frequency, on libtorch.
//!
//! An image `[batch, 1, rows, columns]` (row 0 = highest frequency, values in −1..1) becomes one
//! vector for every 64 columns (with five stages), `[batch, channels, columns / 64]`. There is no batch
//! normalisation: weights are normalised instead, so an image's vectors do not depend on its batch.
//!
#![doc = concat!(
    "![Channels, rows and columns of the published network, from the image to its vectors]",
    "(data:image/svg+xml;base64,",
    include_str!("../doc/encoder.svg.base64"),
    ")"
)]
//!
//! - [`EncoderConfig`]: the shape of the network; [`EncoderConfig::published`] is the published one;
//! - [`Model`]: [`Encoder`] and projection [`Head`] with their [`Parameters`], saved and loaded as
//!   one safetensors file, with the [`Origin`] that says what it was trained on;
//! - [`ModelSource`]: a file, or the small trained network that comes with this crate;
//! - [`Embedder`]: whole songs in bounded memory; [`Pooling`]: how a song's vectors become one;
//! - [`DeviceChoice`]: `auto`, `cpu`, `cuda` or `cuda:N`; [`keep_freed_memory`]: call it at the start of a
//!   program that runs large networks on the CPU, up to twice as fast with it.
//!
//! ```
//! use songscape_resnet::{DeviceChoice, Embedder, EncoderConfig, Model, mean};
//!
//! let device = "cpu".parse::<DeviceChoice>()?.resolve()?;
//! let model = Model::new(&EncoderConfig::narrow(4), device, 1)?;
//! let pixels = vec![128; 256 * 200]; // one second of grey
//! let features = Embedder::default().embed(&model, &pixels)?;
//! assert_eq!(features.dim(), (3, 32));
//! assert_eq!(mean(features.view()).len(), 32);
//! # Ok::<(), songscape_resnet::Error>(())
//! ```

mod block;
mod config;
mod conv;
mod device;
mod embed;
mod encoder;
mod error;
mod head;
mod model;
mod origin;
mod parameters;
mod pooling;
mod process;
mod source;
mod weights;

pub use config::{Activation, EncoderConfig, Normalization};
pub use device::DeviceChoice;
pub use embed::{Embedder, images, images_of_tensor};
pub use encoder::{Encoder, Precision};
pub use error::{Error, Result, WeightsProblem};
pub use head::Head;
pub use model::Model;
pub use origin::Origin;
pub use parameters::{Declaration, Init, Parameters};
pub use pooling::{Pooling, mean};
pub use process::memory::keep_freed_memory;
pub use source::ModelSource;

// What signatures of this crate use.
pub use {ndarray, songscape_project as project, tch};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
