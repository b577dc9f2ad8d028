//! The short-time Fourier transform, and its synchrosqueezed form.
//!
//! V(k, m) = Σ_u x(m·hop + u)·g(u)·exp(−2πiku/K), u from the window's middle: the phase of a
//! coefficient is that at the middle of its frame. Rows of V are frequencies k·f_s/K from 0 up;
//! rows of a squeezed transform run from the highest frequency down, as everywhere in this crate.

mod dpss;
mod inverse;
mod plan;
mod squeeze;
mod window;

pub use plan::{Sides, StftParams, StftPlan, StftSample, StftScratch};
pub use squeeze::{SsqStftParams, SsqStftPlan};
pub use window::Window;
