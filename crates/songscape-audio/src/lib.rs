//! Music files to spectrogram images: point it at a manifest, a playlist or a folder and get one
//! image per song, even if files are broken or the run is interrupted.
//!
//! The steps for each song: [`catalog`] → decode ([`AudioReader`]) → [`Resampler`] →
//! [`songscape_ssq::LogSpectrogram`] → [`grey`] → PNG and cache ([`Store`]) → [`Pixels`].
//! [`Renderer`] does this for a single file.
//!
#![doc = concat!(
    "![Half a minute of a song: time in seconds, frequency in Hz, level in dB](data:image/png;base64,",
    include_str!("../doc/spectrogram.png.base64"),
    ")"
)]
//!
//! ```
//! use songscape_audio::{ImageParams, Library, LibraryParams, Limits, Store};
//! use songscape_project::Silent;
//!
//! # let folder = tempfile::tempdir()?;
//! # let library = folder.path().join("music");
//! # std::fs::create_dir(&library)?;
//! # let spec = hound::WavSpec {
//! #     channels: 1, sample_rate: 44_100, bits_per_sample: 16,
//! #     sample_format: hound::SampleFormat::Int,
//! # };
//! # let mut wav = hound::WavWriter::create(library.join("A tone.wav"), spec)?;
//! # for i in 0..88_200 { wav.write_sample(((i as f64 * 0.06).sin() * 9e3) as i16)?; }
//! # wav.finalize()?;
//! # std::fs::write(library.join("No music.mp3"), "These are words.")?;
//! # let store = folder.path().join("spectrograms");
//! let library = Library::open(&library, &LibraryParams::default(), &Silent)?;
//! let (params, limits) = (ImageParams::default(), Limits::default());
//! let made = Store::make(&library.catalog, &store, &params, &limits, 2, &Silent)?;
//! assert_eq!((made.images.len(), made.failures.len()), (1, 1));
//!
//! let pixels = Store::new(&store).pixels()?;
//! assert_eq!((pixels.len(), pixels.rows(), pixels.columns(0)), (1, 256, 400));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod aac;
pub mod catalog;
mod clean;
mod container;
mod decode;
mod disk;
mod edit;
mod error;
pub mod grey;
mod image;
mod levels;
mod limits;
mod mapped;
mod open;
mod opus;
mod params;
mod pixels;
mod remote;
mod render;
mod resample;
mod stamp;
mod store;
mod tags;
mod track;

pub use catalog::{Decision, Duplicate, Library, LibraryParams, SameName, Summary, YearFrom};
pub use decode::AudioReader;
pub use error::{Error, Problem, Result};
pub use image::{ImageInfo, ImageReader};
pub use limits::Limits;
pub use params::ImageParams;
pub use pixels::Pixels;
#[cfg(feature = "object-store")]
pub use remote::{ObjectParams, Objects};
pub use render::{Renderer, Spectrogram};
pub use resample::Resampler;
pub use songscape_project::{Song, SongTable};
pub use store::{ImageEntry, Made, Store};

// What signatures of this crate use.
pub use {songscape_project as project, songscape_ssq as ssq};

#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct Readme;
