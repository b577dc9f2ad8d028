//! What is asked of the running process as a whole: the crate's one unsafe module.
#![allow(unsafe_code)]

pub(crate) mod cuda;
pub(crate) mod memory;
