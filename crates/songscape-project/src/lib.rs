//! A project folder: what the stages of an analysis share on disk.
//!
//! Every stage of Songscape (images, training, vectors, analysis, report) writes plain files into a
//! folder of its own inside one project folder, and can be run again, continued, or run by itself.
//!
#![doc = concat!(
    "![What a run does to each stage: make, continue, keep, make again or refuse]",
    "(data:image/svg+xml;base64,",
    include_str!("../doc/stages.svg.base64"),
    ")"
)]
//!
//! This crate holds the few things that the stages have in common:
//!
//! - [`Project`]: the folder, held by one writer at a time;
//! - [`Stage`]: the parameters and inputs that a stage was made with, so that a second run skips
//!   what is done and refuses other parameters; [`Record`] reads them back;
//! - [`Shard`]: one part of a stage that many machines share, with a folder of its own;
//! - [`SongTable`]: what is known of each song; [`address`]: whether its file is on a disk;
//!   [`year`]: years, as tables write them;
//!   [`artist_key`] and [`song_key`]: when two spellings mean the same artist or song;
//! - [`Source`]: the vectors of a project, by the encoder and by its baselines;
//! - [`write_atomic`], [`write_json`], [`write_csv`]: a file is either whole or not there;
//! - [`level_db`], [`row_hz`]: what a pixel of a song's image stands for;
//! - [`Failure`]: an input that could not be used, and why;
//! - [`Progress`] and [`Job`]: what a long job tells its caller while it runs;
//! - [`ErrorKind`]: what kind of fault an error is; [`counted`]: counts in messages.
//!
//! ```text
//! my-map/                    locked: one writer at a time
//! ├── failures.csv           the inputs that could not be used, and why
//! ├── remarks.csv            what is odd about others
//! ├── spectrograms/          a stage
//! │   ├── parameters.json    what it was made with, and whether it finished
//! │   └── *.png              each complete or absent
//! └── analysis/              the next stage: outdated when what it was made from has changed
//! ```
//!
//! ```
//! use songscape_project::{Project, Stage, State};
//!
//! # let folder = tempfile::tempdir()?;
//! let project = Project::open(folder.path())?;
//! let parameters = serde_json::json!({ "rows": 256 });
//! let stage = Stage::open(project.path("spectrograms"), 1, &parameters, &[])?;
//! assert_eq!(stage.state(), State::New);
//! stage.finish()?;
//!
//! // The second run finds the stage done, and other parameters are refused by name.
//! let again = Stage::open(project.path("spectrograms"), 1, &parameters, &[])?;
//! assert_eq!(again.state(), State::Done);
//! let other = serde_json::json!({ "rows": 128 });
//! let other = Stage::open(project.path("spectrograms"), 1, &other, &[]);
//! assert!(other.unwrap_err().to_string().contains("rows is 256, asked for 128"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

mod count;
mod error;
mod failure;
#[cfg(feature = "faults")]
pub mod faults;
mod files;
mod names;
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
mod nowhere;
mod pixel;
mod progress;
mod project;
mod shard;
mod songs;
mod source;
mod stage;
mod table;
pub mod year;

pub use count::counted;
pub use error::{Difference, Error, ErrorKind, Result};
pub use failure::Failure;
pub use files::{
    NewFile, hash_file, read_json, remove_folder_if_there, remove_if_there, write_atomic,
    write_json,
};
pub use names::{artist_key, song_key};
pub use pixel::{level_db, row_hz};
pub use progress::{Job, Progress, Silent};
pub use project::Project;
pub use shard::Shard;
pub use songs::{BadRow, Field, PlaylistPaths, Song, SongTable, Used, address};
pub use source::{Part, Source, name_of_vectors};
pub use stage::{Record, Stage, State, differences};
pub use table::{line_of_record, read_rows, replace_rows, write_csv};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
