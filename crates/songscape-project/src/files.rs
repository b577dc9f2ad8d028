use std::io::{self, BufWriter, Write};
use std::path::Path;

use atomic_write_file::AtomicWriteFile;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};

/// Writes a file so that readers see either the old content or the whole new one.
///
/// The content goes to a temporary file in the same folder, is synced, and is then renamed.
/// Missing parent folders are made.
///
/// # Errors
/// [`Error::Io`] with the path, when a folder or the file cannot be written or `write` fails.
pub fn write_atomic(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<AtomicWriteFile>) -> io::Result<()>,
) -> Result<()> {
    let attempt = || {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let mut file = BufWriter::new(AtomicWriteFile::open(path)?);
        write(&mut file)?;
        file.flush()?;
        file.into_inner().map_err(io::IntoInnerError::into_error)?.commit()
    };
    attempt().map_err(Error::io(path))
}

/// Writes a value as indented JSON, atomically.
///
/// # Errors
/// As [`write_atomic`].
pub fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    write_atomic(path, |file| {
        serde_json::to_writer_pretty(&mut *file, value)?;
        file.write_all(b"\n")
    })
}

/// Reads a value from a JSON file.
///
/// # Errors
/// [`Error::Io`] when the file cannot be read, [`Error::Json`] when it has another form.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = std::fs::read_to_string(path).map_err(Error::io(path))?;
    serde_json::from_str(&text).map_err(|source| Error::Json { path: path.into(), source })
}

/// The BLAKE3 hash of a file's content, in hexadecimal: a stage's record of what it was made from.
///
/// # Errors
/// [`Error::Io`] when the file cannot be read.
pub fn hash_file(path: &Path) -> Result<String> {
    let hash = || {
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(std::fs::File::open(path)?)?;
        io::Result::Ok(hasher.finalize().to_hex().to_string())
    };
    hash().map_err(Error::io(path))
}
