//! A file as bytes in memory: the one place of this crate with unsafe code.
//!
//! What it gains: crops for training are read from a file that may be larger than memory, without
//! copying and without a system call a crop.

use std::fs::File;
use std::path::Path;

use memmap2::Mmap;

/// A whole file, read only.
#[derive(Debug)]
pub(crate) struct Mapped(Mmap);

impl Mapped {
    /// Maps a file.
    #[allow(unsafe_code)]
    pub(crate) fn open(path: &Path) -> std::io::Result<Self> {
        let file = File::open(path)?;
        // SAFETY: the bytes of a mapped file must not change while they are borrowed. This crate
        // never writes into a cache: it makes a new file and renames it over the old one, which
        // stays alive, unchanged, for those who have it mapped. Another program that cuts the file
        // while it is mapped ends this process with a bus error, as with any mapped file.
        unsafe { Mmap::map(&file) }.map(Self)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}
