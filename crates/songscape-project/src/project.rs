use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::files::remove_leftover_tables_and_models;

/// The name of the file that is locked.
pub(crate) const LOCK: &str = ".lock";

/// A project folder held by this process.
///
/// The lock is a kernel lock on the file `.lock`: it ends with the process, however that ends.
#[derive(Debug)]
pub struct Project {
    root: PathBuf,
    _lock: Option<File>,
}

impl Project {
    /// Makes the folder if needed, takes its lock, and removes tables and models that a killed process left
    /// half written there.
    ///
    /// # Errors
    /// [`Error::Locked`] when another process holds it, [`Error::Io`] when it cannot be made or read.
    pub fn open(root: impl AsRef<Path>) -> Result<Self> {
        let root = root.as_ref();
        std::fs::create_dir_all(root).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => Error::io(root)(ErrorKind::NotADirectory.into()),
            _ => Error::io(root)(error),
        })?;
        let path = root.join(LOCK);
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(Error::io(&path))?;
        match lock.try_lock() {
            Ok(()) => {
                remove_leftover_tables_and_models(root)?;
                Ok(Self { root: root.into(), _lock: Some(lock) })
            }
            Err(TryLockError::WouldBlock) => Err(Error::Locked { path: root.into() }),
            Err(TryLockError::Error(source)) => Err(Error::Io { path, source }),
        }
    }

    /// A folder that another process of the same program holds, for this one to read from.
    pub fn beside(root: impl AsRef<Path>) -> Self {
        Self { root: root.as_ref().into(), _lock: None }
    }

    /// The project folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A file or folder in the project folder.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.root.join(name)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_second_writer_is_refused_until_the_first_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let first = Project::open(folder.path()).unwrap();
        assert!(matches!(Project::open(folder.path()), Err(Error::Locked { .. })));
        drop(first);
        Project::open(folder.path()).unwrap();
    }

    #[test]
    fn a_file_is_no_project() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("songs.csv");
        std::fs::write(&path, "").unwrap();
        let refused = Project::open(&path).unwrap_err().to_string();
        assert!(refused.ends_with("songs.csv: not a directory"), "{refused}");
    }
}
