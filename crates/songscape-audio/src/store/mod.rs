//! The store: one folder with the images of a library.
//!
//! | file | what it holds |
//! |---|---|
//! | `parameters.json` | the [`ImageParams`] of all images |
//! | `ID.png` | one image per song, but for those that sound exactly like another one |
//! | `index.csv` | one row per song: its file's stamp, and what became of it |
//! | `pixels.u8` | the pixels of all images, time-major, one song after the other |
//! | `pixels.csv` | where each song's pixels begin in it |
//! | `shards/I-of-N/` | a store of one part of the songs, where N machines made one each ([`Store::make_shard`]); PNG and pixels stay there |
//!
//! Everything is written whole or not at all. A run that ends early, in whatever way, is continued
//! by the next one, and the files are the same as those of a run that was never interrupted. A
//! file that is unchanged by its size and time of modification is not opened again, whether it
//! gave an image or could not be used.

mod cache;
mod identical;
mod index;
mod make;
mod shards;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use songscape_project::{Failure, Shard, read_rows};

use crate::catalog::Duplicate;
use crate::error::Result;
use crate::params::ImageParams;
use crate::pixels::Pixels;
pub(crate) use cache::{Place, read_places};

/// The stage that [`Failure`]s of this module name.
pub(crate) const STAGE: &str = "spectrograms";

/// The images of a library, in one folder.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
    /// The shards that songs are in, once asked for.
    shards: OnceLock<HashMap<String, Shard>>,
}

/// What [`Store::make`] did.
#[derive(Debug, Clone, PartialEq)]
pub struct Made {
    /// The songs that have an image, in catalog order.
    pub images: Vec<ImageEntry>,
    /// The songs that have none, and why, in catalog order.
    pub failures: Vec<Failure>,
    /// The songs that sound exactly like another one, in catalog order; they are not among the
    /// images.
    pub duplicates: Vec<Duplicate>,
    /// How many of the images were there already.
    pub skipped_existing: usize,
}

impl Made {
    /// Writes what could not be used and what was left out into the tables `failures.csv` and
    /// `duplicates.csv` of a folder; rows of other stages stay. Where the catalog left out another copy of a
    /// song that failed, the row says so: the next run takes it, if it
    /// [knows the failures](crate::LibraryParams::known_failures).
    ///
    /// # Errors
    /// [`Error::Project`](crate::Error::Project) when a table cannot be read or written.
    pub fn record(&self, folder: impl AsRef<Path>) -> Result<()> {
        let folder = folder.as_ref();
        let (failures, duplicates) = (folder.join("failures.csv"), folder.join("duplicates.csv"));
        let failed = Failure::read_all(&failures)?;
        let failed: HashSet<&str> = failed.iter().map(|failure| failure.item.as_str()).collect();
        let copies: Vec<Duplicate> = read_rows(&duplicates)?;
        let copies = copies.iter().filter(|copy| !failed.contains(copy.file.as_str()));
        let copies: HashMap<&str, &str> = copies.rev().filter_map(Duplicate::stands_in).collect();
        let rows = self.failures.iter().map(|failure| {
            let mut failure = failure.clone();
            if let Some(copy) = copies.get(failure.item.as_str()) {
                failure.reason += &format!("; run again to use {copy} instead");
            }
            failure
        });
        Failure::record(failures, STAGE, &rows.collect::<Vec<_>>())?;
        Duplicate::record(duplicates, STAGE, &self.duplicates)
    }
}

/// What was made in lines of text: images, and what was left out, noted and not usable, where there is any.
impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { images, failures, duplicates, skipped_existing } = self;
        let hours = images.iter().fold(0.0, |sum, image| sum + image.seconds) / 3600.0;
        let count = images.len();
        write!(f, "images     {count} of {hours:.1} h, {skipped_existing} of them there before")?;
        if !duplicates.is_empty() {
            write!(f, "\n           {} left out, the same audio", duplicates.len())?;
        }
        let noted = images.iter().filter(|image| !image.note.is_empty()).count();
        if noted > 0 {
            write!(f, "\n           {noted} with a note in index.csv")?;
        }
        if !failures.is_empty() {
            write!(f, "\nfailed     {}", failures.len())?;
        }
        Ok(())
    }
}

/// One image of the store.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageEntry {
    /// The song's id; the image is `ID.png`.
    pub id: String,
    /// Columns of the image.
    pub columns: u64,
    /// Columns that were cut off at the start, where they were black.
    pub start: u64,
    /// Length of the audio in seconds.
    pub seconds: f64,
    /// Level drawn white in dB relative to a sine of full scale.
    pub reference_db: f32,
    /// Largest magnitude of the mono mix, without offset and rumble, in dB relative to full scale.
    pub peak_db: f64,
    /// The file's own sample rate in Hz.
    pub rate: u32,
    /// The file's number of channels.
    pub channels: usize,
    /// Packets of the file that could not be decoded and were left out.
    pub skipped_packets: u64,
    /// A hash of the decoded audio.
    pub audio: String,
    /// What is odd about the file and no reason to refuse it; empty for most.
    pub note: String,
}

impl Store {
    /// The store in a folder, which need not exist yet.
    pub fn new(folder: impl AsRef<Path>) -> Self {
        Self { folder: folder.as_ref().into(), shards: OnceLock::new() }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The image of a song.
    pub fn image(&self, id: &str) -> PathBuf {
        let shards = self.shards.get_or_init(|| shards::of_songs(&self.folder));
        let folder = shards.get(id).map(|shard| shard.folder(&self.folder));
        folder.as_ref().unwrap_or(&self.folder).join(format!("{id}.png"))
    }

    /// What is known of the images, by the songs' ids: also of songs that sound exactly like another one,
    /// whose image is the other's. A store that has none yet gives an empty table.
    ///
    /// # Errors
    /// [`Error::Project`](crate::Error::Project) when the index cannot be read.
    pub fn entries(&self) -> Result<HashMap<String, ImageEntry>> {
        let rows = index::read(&self.folder)?;
        Ok(rows.into_iter().filter_map(|(id, row)| Some((id, row.entry()?))).collect())
    }

    /// For each song with an image of its own what that image is, in few characters: it changes with the
    /// song's audio and with the parameters of the images, and not when a file is merely touched or moved.
    /// The pixels are not read.
    ///
    /// # Errors
    /// [`Error::Project`](crate::Error::Project) when the index or the parameters cannot be read.
    pub fn identities(&self) -> Result<HashMap<String, String>> {
        let params = serde_json::to_value(self.parameters()?).unwrap_or_default().to_string();
        let identity = |entry: ImageEntry| {
            let ImageEntry { columns, start, reference_db, audio, .. } = entry;
            let parts =
                serde_json::json!([make::VERSION, params, columns, start, reference_db, audio]);
            blake3::hash(parts.to_string().as_bytes()).to_hex().to_string()
        };
        Ok(self.entries()?.into_iter().map(|(id, entry)| (id, identity(entry))).collect())
    }

    /// What the images were made with.
    ///
    /// # Errors
    /// [`Error::Project`](crate::Error::Project) when there is no `parameters.json`, or another
    /// program's.
    pub fn parameters(&self) -> Result<ImageParams> {
        #[derive(serde::Deserialize)]
        struct Stage {
            parameters: ImageParams,
        }
        Ok(songscape_project::read_json::<Stage>(self.folder.join("parameters.json"))?.parameters)
    }

    /// What the images are, in few characters: it changes when a song's audio, the songs or their
    /// order, or the parameters of the images change, and not when a file is merely touched or
    /// moved.
    ///
    /// # Errors
    /// [`Error::Project`](crate::Error::Project) and [`Error::Cache`](crate::Error::Cache) when the
    /// index or the parameters cannot be read.
    pub fn fingerprint(&self) -> Result<String> {
        let params = serde_json::to_value(self.parameters()?);
        let refused = |e: serde_json::Error| {
            let path = self.folder.join("parameters.json");
            crate::Error::Cache { path, reason: e.to_string() }
        };
        let index = index::read(&self.folder)?;
        // Each part is written with its length, so that no two stores write the same.
        let mut hasher = blake3::Hasher::new();
        let mut part = |bytes: &[u8]| {
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        part(&make::VERSION.to_le_bytes());
        // A JSON value has its fields in the order of their names.
        part(params.map_err(refused)?.to_string().as_bytes());
        for Place { id, columns, .. } in read_places(&self.folder)? {
            part(id.as_bytes());
            part(&columns.to_le_bytes());
            if let Some(entry) = index.get(&id).and_then(index::Row::entry) {
                part(&entry.start.to_le_bytes());
                part(&entry.reference_db.to_le_bytes());
                part(entry.audio.as_bytes());
            }
        }
        Ok(hasher.finalize().to_hex().to_string())
    }

    /// The pixels of all images, mapped into memory.
    ///
    /// # Errors
    /// As [`Pixels::open`].
    pub fn pixels(&self) -> Result<Pixels> {
        Pixels::open(&self.folder)
    }
}
