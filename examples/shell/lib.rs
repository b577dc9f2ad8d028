//! What the programs have in common: exit codes, progress bars, the interrupt key.

mod bars;
mod exit;

pub use bars::Bars;
pub use exit::{End, exit_code, start};
