use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
use atomic_write_file::AtomicWriteFile;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
#[cfg(feature = "faults")]
use crate::faults::operation;
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
use crate::nowhere::AtomicWriteFile;

#[cfg(not(feature = "faults"))]
fn operation() -> io::Result<()> {
    Ok(())
}

/// A file that is being written under another name.
#[derive(Debug)]
pub struct NewFile(AtomicWriteFile);

impl NewFile {
    fn open(path: &Path) -> io::Result<Self> {
        operation()?;
        AtomicWriteFile::open(path).map(Self)
    }

    fn commit(self) -> io::Result<()> {
        operation()?;
        self.0.commit()
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        operation()?;
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Writes a file so that readers see either the old content or the whole new one, even after a
/// loss of power.
///
/// The content goes to a temporary file in the same folder, is synced, and is then renamed; finally
/// the folder is synced. Missing parent folders are made.
///
/// # Errors
/// [`Error::Io`] with the path, when a folder or the file cannot be written or `write` fails.
pub fn write_atomic(
    path: impl AsRef<Path>,
    write: impl FnOnce(&mut BufWriter<NewFile>) -> io::Result<()>,
) -> Result<()> {
    let path = path.as_ref();
    let attempt = || {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder {
            std::fs::create_dir_all(folder)?;
        }
        let mut file = BufWriter::new(NewFile::open(path)?);
        write(&mut file)?;
        file.flush()?;
        file.into_inner().map_err(io::IntoInnerError::into_error)?.commit()?;
        // A folder is a file that can be opened and synced on Unix only.
        #[cfg(unix)]
        std::fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
        Ok(())
    };
    attempt().map_err(Error::io(path))
}

/// Removes the temporary files that killed writers left in a folder (`.NAME.` and six letters or
/// digits). Only for folders of our own, while they are locked.
pub(crate) fn remove_leftovers(folder: &Path) -> Result<()> {
    let found = || {
        let mut found: Vec<PathBuf> = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_name().to_str().is_some_and(is_leftover) && entry.file_type()?.is_file() {
                found.push(entry.path());
            }
        }
        io::Result::Ok(found)
    };
    for path in found().map_err(Error::io(folder))? {
        std::fs::remove_file(&path).map_err(Error::io(&path))?;
    }
    Ok(())
}

fn is_leftover(name: &str) -> bool {
    name.strip_prefix('.').and_then(|name| name.rsplit_once('.')).is_some_and(|(name, random)| {
        let alphanumeric = random.bytes().all(|byte| byte.is_ascii_alphanumeric());
        !name.is_empty() && random.len() == 6 && alphanumeric
    })
}

/// Writes a value as indented JSON, atomically.
///
/// # Errors
/// As [`write_atomic`].
pub fn write_json(path: impl AsRef<Path>, value: &impl Serialize) -> Result<()> {
    write_atomic(path, |file| {
        serde_json::to_writer_pretty(&mut *file, value)?;
        file.write_all(b"\n")
    })
}

/// Reads a value from a JSON file.
///
/// # Errors
/// [`Error::Io`] when the file cannot be read, [`Error::Json`] when it has another form.
pub fn read_json<T: DeserializeOwned>(path: impl AsRef<Path>) -> Result<T> {
    let path = path.as_ref();
    let text = std::fs::read_to_string(path).map_err(Error::io(path))?;
    serde_json::from_str(&text).map_err(|source| Error::Json { path: path.into(), source })
}

/// The BLAKE3 hash of a file's content, in hexadecimal: a stage's record of what it was made from.
///
/// # Errors
/// [`Error::Io`] when the file cannot be read.
pub fn hash_file(path: impl AsRef<Path>) -> Result<String> {
    let path = path.as_ref();
    let hash = || {
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(std::fs::File::open(path)?)?;
        io::Result::Ok(hasher.finalize().to_hex().to_string())
    };
    hash().map_err(Error::io(path))
}

/// Removes a file, if it is there.
///
/// # Errors
/// [`Error::Io`] when it is there and cannot be removed.
pub fn remove_if_there(path: impl AsRef<Path>) -> Result<()> {
    done_or_not_there(path.as_ref(), std::fs::remove_file(path.as_ref()))
}

/// Removes a folder with all that is in it, if it is there.
///
/// # Errors
/// [`Error::Io`] when it is there and cannot be removed.
pub fn remove_folder_if_there(path: impl AsRef<Path>) -> Result<()> {
    done_or_not_there(path.as_ref(), std::fs::remove_dir_all(path.as_ref()))
}

fn done_or_not_there(path: &Path, removed: io::Result<()>) -> Result<()> {
    match removed {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(Error::Io { path: path.into(), source })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_writer_left_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let all = [".a.png.x7Yz09", ".lock", ".index.csv", "a.png", "b.x7Yz09", ".hidden.x7Yz0"];
        for name in all {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        remove_leftovers(folder.path()).unwrap();
        for (i, name) in all.into_iter().enumerate() {
            assert_eq!(folder.path().join(name).exists(), i > 0, "{name}");
        }
    }

    #[test]
    fn a_failed_write_leaves_the_old_content() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er/file");
        write_atomic(&path, |file| file.write_all(b"old")).unwrap();
        let error = write_atomic(&path, |file| {
            file.write_all(b"half of the new")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert!(error.unwrap_err().to_string().contains("deep/er/file"));
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }
}
