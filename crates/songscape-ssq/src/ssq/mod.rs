//! Synchrosqueezing: coefficients moved to where their frequencies are.

mod bins;
mod plan;
mod second_order;
mod squeeze;

pub use bins::{Bins, FrequencySpec};
pub use plan::{Reassignment, SsqParams, SsqPlan};
pub use squeeze::{Weights, squeeze};
