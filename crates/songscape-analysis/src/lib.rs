//! From song vectors to insight: neighbours, UMAP, HDBSCAN, gradient boosting, tables and representatives.

pub mod boosting;
mod error;
pub mod folds;
pub mod hdbscan;
pub mod metrics;
pub mod neighbors;
pub mod pca;
pub mod umap;
pub mod vectors;

pub use error::{Error, Result};
