//! `index.csv`: what became of each song.

use std::collections::HashMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use songscape_project::{read_rows, write_csv};

use super::ImageEntry;
use super::make::VERSION;
use crate::error::{Problem, Result};
use crate::limits::Limits;
use crate::params::ImageParams;
use crate::stamp::Stamp;

pub(super) const NAME: &str = "index.csv";

/// One song in the index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Row {
    pub id: String,
    pub path: String,
    bytes: u64,
    modified: u64,
    status: Status,
    columns: Option<u64>,
    start: Option<u64>,
    seconds: Option<f64>,
    reference_db: Option<f32>,
    peak_db: Option<f64>,
    rate: Option<u32>,
    channels: Option<usize>,
    skipped_packets: Option<u64>,
    /// A hash of the decoded audio.
    audio: String,
    /// Which limits a failed song was held against.
    limits: String,
    reason: String,
    /// What is odd about a file that has an image.
    #[serde(default)]
    note: String,
    /// The version of the stage that made the row.
    #[serde(default)]
    version: u32,
}

/// The names of the fields of a [`Row`].
const COLUMNS: [&str; 18] = [
    "id",
    "path",
    "bytes",
    "modified",
    "status",
    "columns",
    "start",
    "seconds",
    "reference_db",
    "peak_db",
    "rate",
    "channels",
    "skipped_packets",
    "audio",
    "limits",
    "reason",
    "note",
    "version",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Image,
    Failed,
}

impl Row {
    pub(super) fn image(path: &str, stamp: Stamp, entry: &ImageEntry) -> Self {
        Self {
            id: entry.id.clone(),
            path: path.into(),
            bytes: stamp.bytes,
            modified: stamp.modified,
            status: Status::Image,
            columns: Some(entry.columns),
            start: Some(entry.start),
            seconds: Some(entry.seconds),
            reference_db: Some(entry.reference_db),
            peak_db: Some(entry.peak_db),
            rate: Some(entry.rate),
            channels: Some(entry.channels),
            skipped_packets: Some(entry.skipped_packets),
            audio: entry.audio.clone(),
            limits: String::new(),
            reason: String::new(),
            note: entry.note.clone(),
            version: VERSION,
        }
    }

    pub(super) fn failed(
        id: &str,
        path: &str,
        stamp: Stamp,
        limits: &Limits,
        problem: &Problem,
    ) -> Self {
        Self {
            id: id.into(),
            path: path.into(),
            bytes: stamp.bytes,
            modified: stamp.modified,
            status: Status::Failed,
            columns: None,
            start: None,
            seconds: None,
            reference_db: None,
            peak_db: None,
            rate: None,
            channels: None,
            skipped_packets: None,
            audio: String::new(),
            limits: fingerprint(limits),
            reason: problem.to_string(),
            note: String::new(),
            version: VERSION,
        }
    }

    /// The image, if the song has one.
    pub(super) fn entry(&self) -> Option<ImageEntry> {
        (self.status == Status::Image).then_some(())?;
        Some(ImageEntry {
            id: self.id.clone(),
            columns: self.columns?,
            start: self.start?,
            seconds: self.seconds?,
            reference_db: self.reference_db?,
            peak_db: self.peak_db?,
            rate: self.rate?,
            channels: self.channels?,
            skipped_packets: self.skipped_packets?,
            audio: self.audio.clone(),
            note: self.note.clone(),
        })
    }

    /// The stamp of the song's file.
    pub(super) fn stamp(&self) -> Stamp {
        Stamp { bytes: self.bytes, modified: self.modified }
    }

    /// Why the song has no image.
    pub(super) fn reason(&self) -> &str {
        &self.reason
    }

    /// Whether the row still holds for a file that looks like this, under these limits.
    pub(super) fn holds(
        &self,
        path: &str,
        stamp: Stamp,
        limits: &Limits,
        params: &ImageParams,
    ) -> bool {
        let same =
            self.path == path && (self.bytes, self.modified) == (stamp.bytes, stamp.modified);
        same && self.version == VERSION
            && match self.entry() {
                Some(entry) => {
                    let columns = entry.columns as f64 / params.columns_per_second;
                    let sound =
                        if params.trim { columns.min(entry.seconds) } else { entry.seconds };
                    limits.check_format(entry.rate, entry.channels).is_ok()
                        && limits.check_length("", entry.seconds).is_ok()
                        && limits.check_whole(entry.seconds, sound, entry.peak_db).is_ok()
                }
                None => self.status == Status::Failed && self.limits == fingerprint(limits),
            }
    }
}

/// A short name for a set of limits.
fn fingerprint(limits: &Limits) -> String {
    let json = serde_json::to_vec(limits).unwrap_or_default();
    blake3::hash(&json).to_hex()[..8].to_owned()
}

/// Reads the index by song id; a store that has none yet gives an empty one.
pub(super) fn read(folder: &Path) -> Result<HashMap<String, Row>> {
    let rows: Vec<Row> = read_rows(folder.join(NAME))?;
    Ok(rows.into_iter().map(|row| (row.id.clone(), row)).collect())
}

/// Writes the index, atomically.
pub(super) fn write<'a>(folder: &Path, rows: impl Iterator<Item = &'a Row>) -> Result<()> {
    Ok(write_csv(folder.join(NAME), &COLUMNS, rows)?)
}
