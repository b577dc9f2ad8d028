//! Shards that are kept in an object store.

use std::path::Path;

use songscape::Error;
#[cfg(feature = "object-store")]
use songscape::project::counted;
use songscape::project::{Progress, Shard};

/// Where the parts of a job go and come from; without the feature `object-store` nowhere else than to its folder.
#[derive(Debug, clap::Args)]
pub struct Remote {
    /// Put the finished part there as well, whole or not at all: s3://BUCKET/STORE, gs://, az:// or file://
    #[cfg(feature = "object-store")]
    #[arg(long, value_name = "URL", requires = "shard")]
    put: Option<String>,
    /// Leave PNG files out of what is put; merging, training and vectors need only the pixels beside them
    #[cfg(feature = "object-store")]
    #[arg(long, requires = "put")]
    without_png: bool,
    /// Get the parts that are whole there, before they are joined
    #[cfg(feature = "object-store")]
    #[arg(long, value_name = "URL", requires = "merge")]
    get: Option<String>,
}

#[cfg(feature = "object-store")]
impl Remote {
    /// Puts a finished part of what is in a folder, if asked for.
    ///
    /// # Errors
    /// As [`put_shard`](songscape::audio::Objects::put_shard).
    pub fn put(&self, shard: Shard, folder: &Path, progress: &dyn Progress) -> Result<(), Error> {
        let Some(address) = &self.put else { return Ok(()) };
        let files = objects()?.put_shard(shard, folder, address, !self.without_png, progress)?;
        crate::print(format_args!("put        {} to {address}", counted(files, "file")))
    }

    /// Gets all parts that are whole into a folder, if asked for.
    ///
    /// # Errors
    /// As [`get_shards`](songscape::audio::Objects::get_shards).
    pub fn get(&self, folder: &Path, progress: &dyn Progress) -> Result<(), Error> {
        let Some(address) = &self.get else { return Ok(()) };
        let shards = objects()?.get_shards(address, folder, progress)?;
        crate::print(format_args!("got        {} from {address}", counted(shards, "shard")))
    }
}

#[cfg(feature = "object-store")]
fn objects() -> Result<songscape::audio::Objects, Error> {
    Ok(songscape::audio::Objects::from_env()?)
}

#[cfg(not(feature = "object-store"))]
impl Remote {
    /// Puts nothing anywhere.
    ///
    /// # Errors
    /// None.
    pub fn put(&self, _: Shard, _: &Path, _: &dyn Progress) -> Result<(), Error> {
        Ok(())
    }

    /// Gets nothing.
    ///
    /// # Errors
    /// None.
    pub fn get(&self, _: &Path, _: &dyn Progress) -> Result<(), Error> {
        Ok(())
    }
}
