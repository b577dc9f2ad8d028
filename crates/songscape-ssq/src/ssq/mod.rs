//! Synchrosqueezing: coefficients moved to where their frequencies are.

mod bins;
mod plan;
mod squeeze;

pub use bins::{Bins, FrequencySpec};
pub use plan::{SsqParams, SsqPlan};
pub use squeeze::{Weights, squeeze};
