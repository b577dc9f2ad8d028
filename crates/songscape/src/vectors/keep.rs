//! Where vectors are kept while others are computed.

use std::collections::HashSet;
use std::io::Write;
use std::path::PathBuf;

use songscape_project::{Source, remove_if_there, write_atomic};

use crate::error::{Error, Result};

/// Where the vectors of single songs are kept while the others are computed, so that an interruption
/// costs only what is missing, and songs that are added later cost only themselves.
///
/// Each source has a file `SOURCE.rows` in the folder. A row counts for as long as the song's image and
/// all that decides its vectors are the same, whatever the song is called. Rows of songs that are gone
/// are removed at the end. One process at a time may use the folder
/// ([`Project`](songscape_project::Project) holds it).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keep {
    /// Nowhere.
    Nothing,
    /// In this folder.
    Vectors(PathBuf),
    /// In this folder, and beside them the trained encoder's matrices of each song
    /// `[columns / 64, channels]` in `features/ID.npy`.
    Features(PathBuf),
}

impl Keep {
    /// Where the matrices of single songs are.
    pub(super) fn features(&self) -> Option<PathBuf> {
        match self {
            Self::Features(folder) => Some(folder.join("features")),
            _ => None,
        }
    }

    /// Takes up the matrices of single songs of all these parts.
    pub(super) fn gather_features(&self, parts: &[Self]) -> Result<()> {
        let Some(to) = self.features() else { return Ok(()) };
        std::fs::create_dir_all(&to).map_err(Error::io(&to))?;
        for folder in parts.iter().filter_map(Self::features).filter(|folder| folder.is_dir()) {
            for entry in std::fs::read_dir(&folder).map_err(Error::io(&folder))? {
                let entry = entry.map_err(Error::io(&folder))?;
                let (from, to) = (entry.path(), to.join(entry.file_name()));
                remove_if_there(&to)?;
                // One file under two names where the system can do that.
                if std::fs::hard_link(&from, &to).is_err() {
                    let bytes = std::fs::read(&from).map_err(Error::io(&from))?;
                    write_atomic(&to, |file| file.write_all(&bytes))?;
                }
            }
        }
        Ok(())
    }

    /// Removes the matrices of songs that are not among `ids`.
    pub(super) fn forget_others(&self, ids: &[String]) -> Result<()> {
        let Some(folder) = self.features().filter(|folder| folder.is_dir()) else { return Ok(()) };
        let known: HashSet<&str> = ids.iter().map(String::as_str).collect();
        for entry in std::fs::read_dir(&folder).map_err(Error::io(&folder))? {
            let path = entry.map_err(Error::io(&folder))?.path();
            let id = path.file_stem().and_then(|stem| stem.to_str());
            if id.is_none_or(|id| !known.contains(id)) {
                remove_if_there(path)?;
            }
        }
        Ok(())
    }

    /// The file of a source's rows.
    pub(super) fn rows(&self, source: Source) -> Option<PathBuf> {
        match self {
            Self::Nothing => None,
            Self::Vectors(folder) | Self::Features(folder) => {
                Some(source.file(folder).with_extension("rows"))
            }
        }
    }
}
