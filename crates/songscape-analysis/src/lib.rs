//! From song vectors to insight: neighbours, a map, clusters, release years, and the tables behind
//! the figures. It needs no audio and no deep learning; any `[n, d]` matrix of vectors will do.
//!
#![doc = concat!(
    "![200 songs on a map of two dimensions, in eight clusters](data:image/png;base64,",
    include_str!("../doc/map.png.base64"),
    ")"
)]
//!
//! | module | what it does |
//! |---|---|
//! | [`vectors`] | poolings of a song's features, checks, `.npy` files |
//! | [`pca`] | principal components and whitening |
//! | [`neighbors`] | nearest neighbours by cosine, euclidean or manhattan distance |
//! | [`umap`] | a map of few dimensions that keeps neighbours together |
//! | [`hdbscan`] | clusters of any shape, with what belongs to none set apart |
//! | [`outliers`] | songs that are like no others, by their vectors |
//! | [`boosting`] | gradient boosting of regression trees on histograms |
//! | [`folds`], [`metrics`] | cross-validation by groups, and scores |
//! | [`bootstrap`] | intervals of means, over groups of values |
//! | [`music`] | years, clusters and representatives of songs, tables, comparisons |
//! | [`retrieval`] | does a part of a song find the rest of it? |
//! | [`study`] | all of it, from vectors and a table of songs to a folder of results |
//!
//! The feature `comparisons`, on by default, brings linfa and smartcore for [`music::comparisons`].
//! Without it there are 33 crates less to compile, and it builds for `wasm32-unknown-unknown`.
//!
//! Everything random comes from a seed in the parameters, and the results do not depend on the
//! number of threads.
//!
//! ```
//! use ndarray::Array2;
//! use songscape_analysis::music::clusters::{ClusterParams, cluster};
//! use songscape_analysis::umap::{self, UmapParams};
//! use songscape_project::Silent;
//!
//! // Two groups of 30 vectors.
//! let x = Array2::from_shape_fn((60, 4), |(i, j)| {
//!     let group = if (i < 30) == (j < 2) { 1.0 } else { 0.0 };
//!     group + ((i * (7 + j)) % 30) as f32 / 100.0
//! });
//! let map = umap::fit(x.view(), &UmapParams::default().reduced_for(60), &Silent)?;
//! assert_eq!(map.dim(), (60, 2));
//!
//! let found = cluster(x.view(), None, &ClusterParams::for_songs(60, 0), &Silent)?;
//! let labels = found.clusters.labels();
//! assert!(labels[..30].iter().all(|l| !labels[30..].contains(l) || *l == -1));
//! # Ok::<(), songscape_analysis::Error>(())
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

mod archive;
pub mod boosting;
pub mod bootstrap;
mod cholesky;
mod eigen;
mod error;
pub mod folds;
pub mod hdbscan;
mod kernels;
pub mod metrics;
pub mod music;
pub mod neighbors;
pub mod outliers;
pub mod pca;
mod random;
pub mod retrieval;
pub mod study;
pub mod umap;
pub mod vectors;

pub use error::{Error, Result};

// What signatures of this crate use.
pub use {ndarray, songscape_project as project};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
