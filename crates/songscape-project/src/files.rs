use std::fs::DirEntry;
use std::io::{self, BufWriter, Write};
use std::path::Path;

#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
use atomic_write_file::AtomicWriteFile;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
#[cfg(feature = "faults")]
use crate::faults::operation;
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
use crate::nowhere::AtomicWriteFile;
use crate::project::LOCK;

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

/// Removes what killed writers left in a stage's folder and in the folders in it, but for those with a lock of
/// their own: others may be writing there.
pub(crate) fn remove_leftovers(folder: &Path) -> Result<()> {
    let entries = entries(folder)?;
    for entry in &entries {
        let path = entry.path();
        if is_folder(entry) && !path.join(LOCK).exists() {
            remove_leftovers(&path)?;
        }
    }
    remove_those(&entries, |_| true)
}

/// Removes the tables and models that killed writers left in a folder in which other files may be, too.
pub(crate) fn remove_leftover_tables_and_models(folder: &Path) -> Result<()> {
    remove_those(&entries(folder)?, |name| {
        [".csv", ".safetensors"].iter().any(|end| name.ends_with(end))
    })
}

fn entries(folder: &Path) -> Result<Vec<DirEntry>> {
    let entries = std::fs::read_dir(folder).and_then(Iterator::collect);
    entries.map_err(Error::io(folder))
}

fn is_folder(entry: &DirEntry) -> bool {
    entry.file_type().is_ok_and(|kind| kind.is_dir())
}

fn remove_those(entries: &[DirEntry], meant: impl Fn(&str) -> bool) -> Result<()> {
    for entry in entries {
        let name = entry.file_name();
        if !is_folder(entry) && name.to_str().and_then(meant_as).is_some_and(&meant) {
            remove_if_there(entry.path())?;
        }
    }
    Ok(())
}

/// The name that a temporary file would have got: `.NAME.` and six letters or digits.
fn meant_as(name: &str) -> Option<&str> {
    let (name, random) = name.strip_prefix('.')?.rsplit_once('.')?;
    let alphanumeric = random.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (!name.is_empty() && random.len() == 6 && alphanumeric).then_some(name)
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

    /// The files under a folder, of which some are there.
    fn left(folder: &Path, of: &[&'static str]) -> Vec<&'static str> {
        of.iter().copied().filter(|name| folder.join(name).exists()).collect()
    }

    fn with(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in files {
            write_atomic(folder.path().join(name), |file| file.write_all(b"x")).unwrap();
        }
        folder
    }

    #[test]
    fn what_a_killed_writer_left_is_removed_and_nothing_else() {
        let all = [
            ".a.png.x7Yz09",
            "figures/.a.png.x7Yz09",
            "figures/deep/.a.png.x7Yz09",
            ".lock",
            ".index.csv",
            "a.png",
            "b.x7Yz09",
            ".hidden.x7Yz0",
            "figures/a.png",
            "others/.lock",
            "others/.a.png.x7Yz09",
        ];
        let folder = with(&all);
        remove_leftovers(folder.path()).unwrap();
        assert_eq!(left(folder.path(), &all), all[3..]);
    }

    #[test]
    fn where_others_keep_files_only_tables_and_models_are_leftovers() {
        let all = [
            ".songs.csv.x7Yz09",
            ".latest.safetensors.x7Yz09",
            ".bashrc.backup",
            ".music.conf.backup",
            "deep/.songs.csv.x7Yz09",
        ];
        let folder = with(&all);
        remove_leftover_tables_and_models(folder.path()).unwrap();
        assert_eq!(left(folder.path(), &all), all[2..]);
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
