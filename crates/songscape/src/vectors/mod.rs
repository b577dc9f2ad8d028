//! From images to vectors: each song of a store by an encoder, and by the baselines that it is judged beside.
//!
//! - [`Images`]: a store's images, with the parameters that they were made with;
//! - [`Embedding`]: how their vectors are computed; [`Embedding::compute`] does it in batches, keeps what is
//!   done, and refuses images that are not those that the encoder was trained on;
//! - [`Vectors`]: the result, one row per song, ready for a [study](songscape_analysis::study) or an
//!   [evaluation](songscape_contrastive::evaluation);
//! - [`EmbeddedStore`]: the vectors of a store in a folder of their own, whole or by shards;
//! - [`Choice`]: which vectors find a song of the library again ([`Embedding::choose`]);
//! - [`read_ids`] and [`songs_of`]: which songs the rows belong to.
//!
//! ```no_run
//! use songscape::audio::Store;
//! use songscape::project::{Silent, Source};
//! use songscape::resnet::Model;
//! use songscape::vectors::{Embedding, Images, Keep};
//!
//! let model = Model::load("my-map/model/model.safetensors", tch::Device::Cpu)?;
//! let images = Images::open(&Store::new("my-map/spectrograms"))?;
//! let sources = [Source::TrainedEncoder, Source::Chroma];
//! let vectors = Embedding::new(&model).compute(&images, &sources, &Keep::Nothing, &Silent)?;
//! for set in &vectors.sets {
//!     println!("{}: {:?}", set.name, set.whole.dim()); // (songs, numbers)
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod choice;
mod chroma;
mod done;
mod embedding;
mod folder;
mod images;
mod joined;
mod keep;
mod set;
mod songs;
mod standard;

pub use choice::{Choice, Trial};
pub(crate) use embedding::Meant;
pub use embedding::{Embedding, Vectors};
pub use folder::{Embedded, EmbeddedStore};
pub use images::Images;
pub use keep::Keep;
pub use songs::{read_ids, songs_of};
pub(crate) use standard::Standard;
