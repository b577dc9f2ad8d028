//! Self-supervised music analysis, from audio files to a map of the music.
//!
//! Each crate of Songscape is a module here, behind a feature of the same name:
//!
//! | module | what it does | needs libtorch |
//! |---|---|---|
//! | `ssq` | wavelet transform, synchrosqueezing, spectrogram images as arrays | |
//! | `audio` | catalog, decoding, the store of spectrogram images | |
//! | `resnet` | the encoder: image to feature vectors | yes |
//! | `contrastive` | training without labels, retrieval evaluation | yes |
//! | `analysis` | neighbours, UMAP, HDBSCAN, gradient boosting, tables | |
//! | `report` | figures and the interactive map | |
//! | `synth` | the embedded demo music | |
//! | `project` | project folders: stages, locks, atomic files, progress | |
//! | `pipeline` | all stages over one project folder | yes |
//!
//! The default features need no libtorch; `pipeline` brings everything. Array types are those of
//! `ndarray` 0.16.

#[cfg(feature = "analysis")]
pub use songscape_analysis as analysis;
#[cfg(feature = "audio")]
pub use songscape_audio as audio;
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

#[cfg(feature = "pipeline")]
pub mod pipeline;

#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
