use std::ops::Range;
use std::path::Path;

use songscape_project::counted;

use crate::error::{Error, Result};
use crate::mapped::Mapped;
use crate::store::{Place, read_places};

/// The pixels of all images of a store, mapped into memory.
///
/// The pixels of a song are time-major, `[columns, rows]`: column `c` is
/// `song[c * rows .. (c + 1) * rows]`, row 0 (the highest frequency) first, so that a crop in time
/// is one run of bytes. The network takes `pixel / 127.5 - 1`.
///
/// The pixels of a store that was made by shards are mapped from the files of all of them.
#[derive(Debug)]
pub struct Pixels {
    files: Vec<Mapped>,
    ids: Vec<String>,
    /// The file of each song, and its bytes there.
    places: Vec<(usize, Range<usize>)>,
    rows: usize,
}

impl Pixels {
    /// Opens the cache that [`Store::make`](crate::Store::make) left in a folder, or that
    /// [`Store::merge`](crate::Store::merge) joined.
    ///
    /// # Errors
    /// [`Error::Cache`] when there is no cache, or it does not fit its index; [`Error::Io`] when the
    /// pixels cannot be read.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref();
        let all = read_places(folder)?;
        let rows = all.first().map_or(1, |place| place.rows);
        let (mut files, mut places, mut ids) = (Vec::new(), Vec::new(), Vec::new());
        // The songs of one file follow each other.
        for group in all.chunk_by(|a, b| a.shard == b.shard) {
            let path = group[0].file(folder);
            let mapped = Mapped::open(&path).map_err(Error::io(&path))?;
            let (found, mut end) = (mapped.bytes().len(), 0);
            let refuse = |reason: String| Err(Error::Cache { path: path.clone(), reason });
            for Place { id, offset, columns, rows: height, shard } in group {
                let bytes = |start: usize| {
                    let columns = usize::try_from(*columns).ok()?;
                    Some(start..columns.checked_mul(rows)?.checked_add(start)?)
                };
                let start = usize::try_from(*offset).ok();
                // Songs that another shard has, too, leave a gap.
                let follows = |start: usize| start == end || shard.is_some() && start > end;
                let range =
                    start.filter(|start| *height == rows && follows(*start)).and_then(bytes);
                let Some(range) = range else {
                    return refuse(format!("{id} does not follow the song before it"));
                };
                end = range.end;
                places.push((files.len(), range));
                ids.push(id.clone());
            }
            if found < end || found > end && group[0].shard.is_none() {
                return refuse(format!("{}, expected {end}", counted(found, "byte")));
            }
            files.push(mapped);
        }
        Ok(Self { files, ids, places, rows })
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
        self.places[i].1.len() / self.rows
    }

    /// The pixels of song `i`, time-major.
    ///
    /// # Panics
    /// When there is no song `i`.
    pub fn song(&self, i: usize) -> &[u8] {
        let (file, range) = &self.places[i];
        &self.files[*file].bytes()[range.clone()]
    }
}
