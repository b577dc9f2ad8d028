//! Self-supervised music analysis, from audio files to a map of the music.
//!
#![doc = concat!(
    "![The songs of the demo music on a map, in six clusters](data:image/png;base64,",
    include_str!("../doc/map.png.base64"),
    ")"
)]
//!
//! Each crate of Songscape is a module here, behind a feature of the same name:
//!
//! | module | what it does | needs libtorch |
//! |---|---|---|
//! | `ssq` | wavelet transform, synchrosqueezing, spectrogram images as arrays | |
//! | `audio` | catalog, decoding, the store of spectrogram images | |
//! | `resnet` | the encoder: image to feature vectors | yes |
//! | `contrastive` | training without labels, retrieval evaluation | yes |
//! | `c10d` | training by several processes, on one machine or many | yes |
//! | `analysis` | neighbours, UMAP, HDBSCAN, gradient boosting, tables | |
//! | `report` | figures and the interactive map | |
//! | `synth` | the embedded demo music | |
//! | `project` | project folders: stages, song tables, locks, atomic files, progress | |
//! | `report_input` | what a report shows, from the files of a project or an analysis | |
//! | `similar` | similar songs, of a project or of any vectors: by name, as lists and playlists | |
//! | `training` | training as a stage that can be resumed | yes |
//! | `vectors` | from images to vectors, by an encoder and by its baselines | yes |
//! | `evaluation` | the scores of vectors on a table of songs | yes |
//! | `processes` | the processes that a launcher started, or only this one | yes |
//! | `pipeline` | all stages over one project folder | yes |
//!
//! The modules from `training` on have no feature of their own: they come with `pipeline`.
//!
//! ```text
//! music ── audio, ssq ──▶ spectrograms ── contrastive, resnet ──▶ vectors
//!                                                                    │ analysis
//!            map and figures ◀── report ── clusters, years, tables ◀─┘
//! ```
//!
//! Features can be combined: use only the transform, or only the analysis of vectors from elsewhere.
//!
//! ```
//! # #[cfg(feature = "ssq")]
//! # fn main() -> Result<(), songscape::ssq::Error> {
//! use songscape::ssq::{CwtParams, SsqParams, SsqPlan, signal};
//!
//! let chirp = signal::linear_chirp(1000, 1000.0, 60.0, 120.0);
//! let cwt = CwtParams { sampling_rate: 1000.0, ..CwtParams::default() };
//! let plan = SsqPlan::<f64>::new(&SsqParams { cwt, ..SsqParams::default() }, chirp.len())?;
//! assert_eq!(plan.transform(&chirp)?.ncols(), 1000);
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "ssq"))]
//! # fn main() {}
//! ```
//!
//! The default features need no libtorch. `pipeline` adds everything that does; `object-store` reads the
//! songs of a manifest from object stores, and keeps shards there. Array types are those of
//! `ndarray` 0.16, complex numbers those of `num-complex` 0.4, tensors those of `tch` 0.24; all three
//! are re-exported by the crates whose signatures use them, and here. Long calls take a
//! `project::Progress`, which is told how far they are and can stop them; `project::Silent` does
//! neither.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "analysis")]
pub use songscape_analysis as analysis;
#[cfg(feature = "audio")]
pub use songscape_audio as audio;
#[cfg(feature = "c10d")]
pub use songscape_c10d as c10d;
#[cfg(feature = "contrastive")]
pub use songscape_contrastive as contrastive;
#[cfg(feature = "project")]
pub use songscape_project as project;
#[cfg(feature = "report")]
pub use songscape_report as report;
#[cfg(feature = "resnet")]
pub use songscape_resnet as resnet;
#[cfg(feature = "ssq")]
pub use songscape_ssq as ssq;
#[cfg(feature = "synth")]
pub use songscape_synth as synth;

// What signatures of these crates use.
#[cfg(any(feature = "analysis", feature = "resnet", feature = "ssq"))]
pub use ndarray;
#[cfg(feature = "resnet")]
pub use songscape_resnet::tch;
#[cfg(feature = "ssq")]
pub use songscape_ssq::num_complex;

#[cfg(feature = "project")]
mod error;
#[cfg(feature = "pipeline")]
pub mod evaluation;
#[cfg(feature = "pipeline")]
pub mod pipeline;
#[cfg(feature = "pipeline")]
pub mod processes;
#[cfg(feature = "report-input")]
pub mod report_input;
#[cfg(feature = "similar")]
pub mod similar;
#[cfg(feature = "pipeline")]
pub mod training;
#[cfg(feature = "pipeline")]
pub mod vectors;

#[cfg(feature = "project")]
pub use error::{Error, Result};

#[cfg(all(doctest, feature = "analysis", feature = "report"))]
#[doc = include_str!("../README.md")]
struct Readme;
