//! What the analysis says about music: years, clusters, and the songs that stand for them.

pub mod clusters;
pub mod comparisons;
mod representatives;
pub mod tables;
pub mod years;

pub use representatives::{Representatives, representatives};
