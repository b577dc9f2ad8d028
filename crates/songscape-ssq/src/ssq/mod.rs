//! Synchrosqueezing: coefficients moved to where their frequencies are.

mod bins;
mod plan;
mod squeeze;
mod stream;

pub use bins::{Bins, FrequencySpec, Outside};
pub use plan::{Reassignment, SsqParams, SsqPlan};
pub use squeeze::{Weights, squeeze};
pub use stream::SsqStream;
