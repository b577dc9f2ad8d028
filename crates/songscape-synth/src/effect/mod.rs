//! What happens to sound after the instruments: filters, reverb, tape and dynamics.

mod dynamics;
mod filter;
mod reverb;
mod tape;

pub(crate) use dynamics::{Compressor, normalise, saturate};
pub(crate) use filter::{Band, Biquad, Tilt, equalise};
pub(crate) use reverb::{Reverb, echo};
pub(crate) use tape::Tape;
