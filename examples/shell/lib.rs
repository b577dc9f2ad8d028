//! What the programs have in common: exit codes, checked output, progress bars, the interrupt key.

mod bars;
mod choice;
mod exit;

pub use bars::Bars;
pub use choice::{choice, json};
pub use exit::{End, complain, exit_code, print, start};
