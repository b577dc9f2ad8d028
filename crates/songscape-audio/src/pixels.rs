use std::path::Path;

use crate::error::{Error, Result};
use crate::mapped::Mapped;
use crate::store::{PIXELS, Place, read_places};

/// The pixels of all images of a store, mapped into memory.
///
/// The pixels of a song are time-major, `[columns, rows]`: column `c` is
/// `song[c * rows .. (c + 1) * rows]`, row 0 (the highest frequency) first, so that a crop in time
/// is one run of bytes. The network takes `pixel / 127.5 - 1`.
#[derive(Debug)]
pub struct Pixels {
    mapped: Mapped,
    ids: Vec<String>,
    starts: Vec<usize>,
    rows: usize,
}

impl Pixels {
    /// Opens the cache that [`Store::make`](crate::Store::make) left in a folder.
    ///
    /// # Errors
    /// [`Error::Cache`] when there is no cache, or it does not fit its index; [`Error::Io`] when the
    /// pixels cannot be read.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref();
        let places = read_places(folder)?;
        let path = folder.join(PIXELS);
        let mapped = Mapped::open(&path).map_err(Error::io(&path))?;
        let refuse = |reason: String| Error::Cache { path: path.clone(), reason };
        let rows = places.first().map_or(1, |place| place.rows);
        let mut starts = vec![0];
        for Place { id, offset, columns, rows: height } in &places {
            let end = usize::try_from(*columns).ok().and_then(|columns| columns.checked_mul(rows));
            let start = starts.last().copied().unwrap_or(0);
            let end = end.and_then(|length| length.checked_add(start));
            match end {
                Some(end) if *offset == start as u64 && *height == rows => starts.push(end),
                _ => return Err(refuse(format!("{id} does not follow the song before it"))),
            }
        }
        let expected = starts.last().copied().unwrap_or(0);
        if mapped.bytes().len() != expected {
            let found = mapped.bytes().len();
            return Err(refuse(format!("{found} bytes, expected {expected}")));
        }
        Ok(Self { mapped, ids: places.into_iter().map(|place| place.id).collect(), starts, rows })
    }

    /// The number of songs.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are no songs.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The ids of the songs, in catalog order.
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// Rows of every image.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Columns of song `i`.
    ///
    /// # Panics
    /// When there is no song `i`.
    pub fn columns(&self, i: usize) -> usize {
        (self.starts[i + 1] - self.starts[i]) / self.rows
    }

    /// The pixels of song `i`, time-major.
    ///
    /// # Panics
    /// When there is no song `i`.
    pub fn song(&self, i: usize) -> &[u8] {
        &self.mapped.bytes()[self.starts[i]..self.starts[i + 1]]
    }
}
