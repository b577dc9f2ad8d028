//! Songs that are not on a disk, and folders that are put beside them: by object stores (S3, Google, Azure), and
//! HTTP for songs.
//!
//! A song's object is fetched to a file in the store's folder just before it is decoded, by the thread that
//! decodes it, and removed after it. Without the feature `object-store` addresses are refused by name.

mod address;
#[cfg(feature = "object-store")]
mod fault;
#[cfg(feature = "object-store")]
mod fetch;
#[cfg(not(feature = "object-store"))]
mod none;
#[cfg(feature = "object-store")]
mod objects;
#[cfg(feature = "object-store")]
mod params;
#[cfg(feature = "object-store")]
mod shards;

use tempfile::TempPath;

use crate::error::Problem;
use crate::stamp::Stamp;

pub(crate) use address::{check, has_secret};
#[cfg(feature = "object-store")]
pub(crate) use fetch::Remote;
#[cfg(not(feature = "object-store"))]
pub(crate) use none::Remote;
#[cfg(feature = "object-store")]
pub use objects::Objects;
#[cfg(feature = "object-store")]
pub use params::ObjectParams;

/// What became of a song that was to be fetched.
#[cfg_attr(not(feature = "object-store"), allow(dead_code))] // only refused
pub(crate) enum Fetched {
    /// It is in a file that lasts as long as this value.
    Here(TempPath, Stamp),
    /// It cannot be had.
    Refused(Problem),
    /// The work was to stop before it was there.
    Stopped,
}
