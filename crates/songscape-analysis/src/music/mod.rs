//! What the analysis says about music: years, clusters, and the songs that stand for them.

pub mod change;
pub mod classes;
pub mod clusters;
pub mod comparisons;
pub mod decades;
pub mod groups;
mod intervals;
pub mod names;
pub mod profiles;
mod representatives;
mod ridge;
pub mod similar;
pub mod stability;
pub mod tables;
mod year_fit;
pub mod years;

pub use representatives::{Representatives, representatives};
