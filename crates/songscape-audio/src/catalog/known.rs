//! Tags that were read before, so that only new and changed files are opened.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::Path;

use songscape_project::write_atomic;

use super::tags::Tags;
use crate::error::{Error, Problem, Result};
use crate::limits::Limits;
use crate::stamp::Stamp;

/// The columns of the file; the last ones are the fields of [`Tags`].
const COLUMNS: [&str; 11] = [
    "path",
    "bytes",
    "modified",
    "title",
    "artist",
    "album_artist",
    "album",
    "genre",
    "original_year",
    "year",
    "duration",
];

type Row = (String, u64, u64, Tags);

/// The tags of a folder's files by their paths.
#[derive(Default)]
pub(super) struct KnownTags {
    before: HashMap<String, (Stamp, Tags)>,
    now: Vec<Row>,
    /// Whether `now` will be anything else than `before`.
    changed: bool,
}

impl KnownTags {
    /// Reads what was written by an earlier run. What is missing or has another form is not known:
    /// the files are opened again.
    pub(super) fn read(path: &Path) -> Self {
        let rows = || {
            let mut csv = csv::Reader::from_path(path).ok()?;
            if csv.headers().ok()?.iter().ne(COLUMNS) {
                return None;
            }
            let row = |record: csv::Result<csv::StringRecord>| {
                let (path, bytes, modified, tags): Row = record.ok()?.deserialize(None).ok()?;
                Some((path, (Stamp { bytes, modified }, tags)))
            };
            csv.records().map(row).collect::<Option<_>>()
        };
        Self { before: rows().unwrap_or_default(), ..Self::default() }
    }

    /// The tags of a file; it is opened only if its stamp is not the known one. A file that cannot
    /// be read has none.
    pub(super) fn tags(&mut self, file: &Path, relative: &str, limits: &Limits) -> Tags {
        let read = || Problem::catch(|| Tags::read(file, limits)).unwrap_or_default();
        let Ok(stamp) = Stamp::of(file) else { return read() };
        let tags = match self.before.remove(relative) {
            Some((known, tags)) if known == stamp => tags,
            _ => {
                self.changed = true;
                read()
            }
        };
        self.now.push((relative.into(), stamp.bytes, stamp.modified, tags.clone()));
        tags
    }

    /// Writes the tags of the files that were asked for, unless nothing has changed.
    pub(super) fn write(self, path: &Path) -> Result<()> {
        if !self.changed && self.before.is_empty() && path.exists() {
            return Ok(());
        }
        let mut csv = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
        let mut rows = || {
            csv.write_record(COLUMNS)?;
            self.now.iter().try_for_each(|row| csv.serialize(row))
        };
        rows().map_err(|e| Error::io(path)(e.into()))?;
        let bytes = csv.into_inner().map_err(|e| Error::io(path)(e.into_error()))?;
        write_atomic(path, |file| file.write_all(&bytes))?;
        Ok(())
    }
}
