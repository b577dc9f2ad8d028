//! Six decades of synthetic music: dated songs in overlapping styles, deterministic from a seed.
//!
#![doc = concat!(
    "![The spectrogram of one of the songs: time in seconds, frequency in Hz](data:image/png;base64,",
    include_str!("../doc/spectrogram.png.base64"),
    ")"
)]
//!
//! A library of songs is made without any input, so that a music analysis can be run and judged
//! with nothing downloaded. The year of a song is in what is played (rhythm, swing, harmony,
//! melody, instruments), in how it is recorded (room, tape, compression), and in neither exactly:
//! artists look back, styles return, and remasters hide the tape.
//!
//! 1. Ten *styles* rise and fall over the years; each has its own vocabulary of tempos, modes,
//!    progressions, grooves, bass lines and instruments.
//! 2. *Artists* belong to a style and keep patches, kit, habits and sound over a career of 5–15
//!    years.
//! 3. A *song* reads the habits of its time (curves over the years, each at a year of its own,
//!    scattered around the release), is composed on paper (key, form, chords, motifs), and its parts
//!    are written out as notes.
//! 4. It is *rendered*: additive, FM and plucked-string instruments and synthesised drums, mixed
//!    with moves from section to section, then room, equaliser, compressor, tape and level.
//!
//! ```
//! use songscape_synth::{Params, catalog};
//!
//! let params = Params { songs: 3, seconds: 4.0, ..Params::default() };
//! for song in catalog(&params)? {
//!     let info = song.info();
//!     println!("{} – {} ({}), {}", info.artist, info.title, info.year, info.style);
//!     let samples = song.render();
//!     assert_eq!(samples.len(), 4 * 44_100);
//! }
//! # Ok::<(), songscape_synth::Error>(())
//! ```
//!
//! [`write_library`] puts the songs into a folder, with a manifest.

mod artist;
mod composition;
mod effect;
mod era;
mod error;
mod form;
mod harmony;
mod instrument;
mod library;
mod melody;
mod name;
mod params;
mod part;
mod random;
mod render;
mod rhythm;
mod song;
mod style;

pub use error::{Error, Result};
pub use library::write_library;
pub use params::Params;
pub use song::{SongInfo, SongPlan, catalog};

// What signatures of this crate use.
pub use songscape_project as project;

/// The examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
