//! Making the cache: the pixels of all images in one file.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use songscape_project::{Job, Progress, Shard, remove_if_there, write_atomic, write_csv};

use super::ImageEntry;
use crate::disk::check_room;
use crate::error::{Error, Result};
use crate::image::ImageReader;
use crate::params::ImageParams;

/// The pixels.
const PIXELS: &str = "pixels.u8";
/// Where each song's pixels are; there only while it tells the truth.
pub(super) const PLACES: &str = "pixels.csv";

/// Pixels that one thread holds at a time.
const PIECE: usize = 1 << 24;

/// Where a song's pixels are in the cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub id: String,
    /// Of the first byte.
    pub offset: u64,
    pub columns: u64,
    pub rows: usize,
    /// The part of the store that has them, if it was made by shards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
}

impl Place {
    /// The file with the pixels, in the store of that folder.
    pub(crate) fn file(&self, folder: &Path) -> PathBuf {
        match self.shard {
            Some(shard) => shard.folder(folder).join(PIXELS),
            None => folder.join(PIXELS),
        }
    }
}

/// The cache of a store's folder.
pub(super) struct Cache<'a> {
    folder: &'a Path,
    rows: usize,
}

impl<'a> Cache<'a> {
    pub(super) fn new(folder: &'a Path, rows: usize) -> Self {
        Self { folder, rows }
    }

    /// To be called before an image changes: from here on the cache does not count.
    pub(super) fn invalidate(&self) -> Result<()> {
        Ok(remove_if_there(self.folder.join(PLACES))?)
    }

    /// Makes the cache of these images, unless it is there.
    pub(super) fn make(
        &self,
        images: &[ImageEntry],
        params: &ImageParams,
        threads: usize,
        progress: &dyn Progress,
    ) -> Result<()> {
        let mut places = Vec::with_capacity(images.len());
        let mut offset = 0;
        for ImageEntry { id, columns, .. } in images {
            let (id, columns, rows) = (id.clone(), *columns, self.rows);
            places.push(Place { id, offset, columns, rows, shard: None });
            offset = offset.saturating_add(columns.saturating_mul(rows as u64));
        }
        let there = std::fs::metadata(self.folder.join(PIXELS)).is_ok_and(|m| m.len() == offset);
        if there && read_places(self.folder).is_ok_and(|old| old == places) {
            return Ok(());
        }
        // The old pixels stay until the new ones are whole.
        check_room(self.folder, offset)?;
        self.invalidate()?;

        let job = Job::begin(progress, "pixels", images.len() as u64, "songs");
        let pieces = pieces(images, self.rows);
        let mut failed = Ok(());
        let written = write_atomic(self.folder.join(PIXELS), |file| {
            for batch in pieces.chunks(threads) {
                if job.interrupted() {
                    let (done, total) = (images.len(), images.len());
                    failed = Err(Error::Interrupted { done, total });
                    return Err(std::io::ErrorKind::Interrupted.into());
                }
                let read = std::thread::scope(|scope| {
                    let started: Vec<_> = batch
                        .iter()
                        .map(|piece| scope.spawn(move || self.read(piece, params)))
                        .collect();
                    started.into_iter().map(std::thread::ScopedJoinHandle::join).collect::<Vec<_>>()
                });
                for (pixels, piece) in read.into_iter().zip(batch) {
                    match pixels.unwrap_or_else(|panic| std::panic::resume_unwind(panic)) {
                        Ok(pixels) => file.write_all(&pixels)?,
                        Err(e) => {
                            failed = Err(e);
                            return Err(std::io::ErrorKind::InvalidData.into());
                        }
                    }
                    job.advance(u64::from(piece.last));
                }
            }
            Ok(())
        });
        drop(job);
        failed?;
        written?;
        self.write_places(&places)
    }

    /// Reads a piece of an image. An image that is not what the index says is removed, so that the
    /// next run makes it anew.
    fn read(&self, piece: &Piece<'_>, params: &ImageParams) -> Result<Vec<u8>> {
        let path = self.folder.join(format!("{}.png", piece.entry.id));
        let read = || {
            let image = ImageReader::open(&path)?;
            let info = image.info();
            let expected = (piece.entry.columns, params, &piece.entry.id);
            if (image.columns() as u64, &info.params, &info.id) != expected {
                let reason = "another image than the index says".into();
                return Err(Error::Image { path: path.clone(), reason });
            }
            image.pixels(piece.columns.clone())
        };
        read().map_err(|e| match e {
            Error::Image { path, reason } => match std::fs::remove_file(&path) {
                Ok(()) => {
                    let reason = format!("{reason}; removed, run again to make it anew");
                    Error::Image { path, reason }
                }
                Err(e) => Error::Io { path, source: e },
            },
            e => e,
        })
    }

    /// Writes where the songs are: from here on the cache counts.
    pub(super) fn write_places(&self, places: &[Place]) -> Result<()> {
        const COLUMNS: [&str; 5] = ["id", "offset", "columns", "rows", "shard"];
        let sharded = places.iter().any(|place| place.shard.is_some());
        let columns = if sharded { &COLUMNS[..] } else { &COLUMNS[..4] };
        Ok(write_csv(self.folder.join(PLACES), columns, places)?)
    }
}

/// Some columns of one image.
struct Piece<'a> {
    entry: &'a ImageEntry,
    columns: std::ops::Range<usize>,
    /// Whether the image ends here.
    last: bool,
}

/// Cuts the images so that each piece fits into memory.
fn pieces(images: &[ImageEntry], rows: usize) -> Vec<Piece<'_>> {
    let most = (PIECE / rows).max(1);
    let mut pieces = Vec::new();
    for entry in images {
        let columns = entry.columns as usize;
        for start in (0..columns).step_by(most) {
            let end = columns.min(start + most);
            pieces.push(Piece { entry, columns: start..end, last: end == columns });
        }
    }
    pieces
}

/// Reads where the songs are.
pub(crate) fn read_places(folder: &Path) -> Result<Vec<Place>> {
    let path: PathBuf = folder.join(PLACES);
    let bytes = std::fs::read(&path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => {
            let reason = format!("no store of images (it has no {PLACES})");
            Error::Cache { path: folder.into(), reason }
        }
        _ => Error::io(&path)(e),
    })?;
    let places = csv::Reader::from_reader(&bytes[..]).into_deserialize().collect();
    let refused = |e: csv::Error| Error::Cache { path, reason: e.to_string() };
    std::result::Result::map_err(places, refused)
}
