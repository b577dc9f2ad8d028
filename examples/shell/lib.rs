//! What the programs have in common: exit codes, checked output, progress bars, the interrupt key, shards elsewhere.

mod bars;
mod choice;
#[cfg(feature = "pipeline")]
mod device;
mod exit;
#[cfg(not(feature = "pipeline"))]
mod launch;
mod remote;

pub use bars::Bars;
pub use choice::{choice, json};
#[cfg(feature = "pipeline")]
pub use device::device;
pub use exit::{End, complain, exit_code, print, start};
#[cfg(not(feature = "pipeline"))]
pub use launch::launch;
pub use remote::Remote;

#[cfg(doctest)]
mod documents {
    //! The programs in the documents of the repository.

    #[doc = include_str!("../../README.md")]
    struct Readme;
    #[doc = include_str!("../../docs/cookbook.md")]
    struct Cookbook;
    #[cfg(feature = "pipeline")]
    #[doc = include_str!("../../docs/cookbook-learning.md")]
    struct CookbookLearning;
}
