//! Object stores on this machine, and the process that uses them.
#![allow(dead_code, clippy::unwrap_used)]

pub mod faulty;
pub mod moto;
pub mod program;
