//! Songs, fetched one by one to a file.

use std::fs::File;
use std::io::{Seek as _, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use object_store::{GetOptions, ObjectMeta, ObjectStore as _};
use songscape_project::{Job, Progress, SongTable, address, counted};
use tempfile::NamedTempFile;

use super::fault::{Fault, told};
use super::objects::{Objects, Place};
use super::{Fetched, check};
use crate::error::{Error, Problem, Result};
use crate::stamp::Stamp;

/// What temporary files are called: as those of a killed writer, which the next run removes.
const PREFIX: &str = ".object.";

/// Where songs are fetched from that are not on a disk; nothing is set up where all of them are.
pub(crate) struct Remote(Option<Objects>);

impl Remote {
    /// For the songs of a catalog, as the environment says.
    pub(crate) fn of(catalog: &SongTable) -> Result<Self> {
        let any = catalog.songs.iter().any(|song| address(&song.path).is_some());
        Ok(Self(any.then(Objects::from_env).transpose()?))
    }

    /// How objects look from outside. No body is read.
    ///
    /// # Errors
    /// [`Error::Object`] when a store does not answer; [`Error::Interrupted`].
    pub(crate) fn stamps(
        &self,
        addresses: &[&str],
        progress: &dyn Progress,
    ) -> Result<Vec<Result<Stamp, Problem>>> {
        let Some(objects) = self.0.as_ref().filter(|_| !addresses.is_empty()) else {
            return Ok(Vec::new());
        };
        let job = Job::begin(progress, "objects", addresses.len() as u64, "objects");
        objects.each(addresses, &job, |address| objects.stamp(address, &job))
    }

    /// Fetches an object to a file in a folder.
    ///
    /// # Errors
    /// [`Error::Object`] when the store does not give it and may yet; [`Error::Io`] when the file cannot be written.
    pub(crate) fn fetch(
        &self,
        address: &str,
        folder: &Path,
        stop: &dyn Fn() -> bool,
    ) -> Result<Fetched> {
        match (&self.0, check(address)) {
            (Some(objects), Ok(())) => objects.fetch(address, folder, stop),
            (_, Err(reason)) => Ok(Fetched::Refused(Problem::Address(reason))),
            (None, _) => Ok(Fetched::Refused(Problem::Missing)),
        }
    }
}

impl Objects {
    fn stamp(&self, address: &str, job: &Job<'_>) -> Result<Result<Stamp, Problem>> {
        if let Err(reason) = check(address) {
            return Ok(Err(Problem::Address(reason)));
        }
        let look = async {
            let place = self.place(address)?;
            let options = GetOptions::new().with_head(true);
            match place.store.get_opts(&place.path, options).await {
                Ok(found) => Ok(stamp(&found.meta)),
                Err(error) => Err(Fault::of(place.kind, &error)),
            }
        };
        let found = self.wait(&|| job.interrupted(), look);
        match found.ok_or(Error::Interrupted { done: 0, total: 1 })? {
            Ok(stamp) => Ok(Ok(stamp)),
            Err(fault) => fault.problem(address, Path::new("")).map(Err),
        }
    }

    fn fetch(&self, address: &str, folder: &Path, stop: &dyn Fn() -> bool) -> Result<Fetched> {
        let mut file = new_file(folder)?;
        let fetched = match self.place(address) {
            Ok(place) => {
                let download = self.download(&place, file.as_file_mut(), self.params.max_bytes);
                self.wait(stop, download)
            }
            Err(fault) => Some(Err(fault)),
        };
        match fetched {
            Some(Ok(stamp)) => Ok(Fetched::Here(file.into_temp_path(), stamp)),
            Some(Err(fault)) => fault.problem(address, folder).map(Fetched::Refused),
            None => Ok(Fetched::Stopped),
        }
    }

    /// Writes an object of at most so many bytes to a file, which has nothing else then. At no time is more than
    /// one piece of it in memory.
    pub(super) async fn download(
        &self,
        place: &Place,
        file: &mut File,
        limit: u64,
    ) -> Result<Stamp, Fault> {
        let (begin, mut retries) = (Instant::now(), 0);
        loop {
            match attempt(place, file, limit).await {
                // The client goes on where it broke off, if the store lets it. Where not, all is fetched again.
                Err(Fault::Body(reason)) => {
                    if retries >= self.params.retries || begin.elapsed() > self.params.retry_time()
                    {
                        return Err(Fault::Store(format!("{reason}, begun again {retries} times")));
                    }
                    retries += 1;
                    tokio::time::sleep(pause(retries)).await;
                }
                ended => return ended,
            }
        }
    }
}

/// The time before another attempt.
fn pause(retries: usize) -> Duration {
    Duration::from_millis(100) * (1 << retries.min(7))
}

/// Writes an object to a file once.
async fn attempt(place: &Place, file: &mut File, limit: u64) -> Result<Stamp, Fault> {
    let found = place.store.get_opts(&place.path, GetOptions::new()).await;
    let found = found.map_err(|error| Fault::of(place.kind, &error))?;
    let (stamp, bytes) = (stamp(&found.meta), found.meta.size);
    if bytes > limit {
        return Err(Fault::TooLarge { bytes, limit });
    }
    file.rewind().and_then(|()| file.set_len(0)).map_err(Fault::Disk)?;
    let (mut pieces, mut read) = (found.into_stream(), 0);
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| Fault::Body(told(&error)))?;
        read += piece.len() as u64;
        if read > bytes {
            break;
        }
        file.write_all(&piece).map_err(Fault::Disk)?;
    }
    match read == bytes {
        true => Ok(stamp),
        false => Err(Fault::Body(format!("{} came of {bytes}", counted(read, "byte")))),
    }
}

/// A file that is removed unless it is kept, as readable as others in the folder.
pub(super) fn new_file(folder: &Path) -> Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder).map_err(Error::io(folder))
}

/// How an object looks from outside: its size, and what stands for its version, which is its tag or, where it has
/// none, the time of its modification.
pub(super) fn stamp(meta: &ObjectMeta) -> Stamp {
    let modified = match &meta.e_tag {
        Some(tag) => {
            let mut first = [0; 8];
            first.copy_from_slice(&blake3::hash(tag.as_bytes()).as_bytes()[..8]);
            u64::from_le_bytes(first)
        }
        None => meta.last_modified.timestamp_nanos_opt().unwrap_or(0).unsigned_abs(),
    };
    Stamp { bytes: meta.size, modified }
}
