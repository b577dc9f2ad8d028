//! Tags that were read before, so that only new and changed files are opened.

use std::collections::HashMap;
use std::path::Path;

use songscape_project::write_csv;

use crate::error::{Problem, Result};
use crate::limits::Limits;
use crate::stamp::Stamp;
use crate::tags::Tags;

/// The columns of the file; the last ones are the fields of [`Tags`]. The third names the version of
/// what is taken from tags: raised when the same file would give other ones.
const COLUMNS: [&str; 13] = [
    "path",
    "bytes",
    "modified_v3",
    "title",
    "artist",
    "album_artist",
    "album",
    "genre",
    "year",
    "year_from",
    "duration",
    "note",
    "undecoded",
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
    pub(super) fn tags(&mut self, file: &Path, relative: &Path, limits: &Limits) -> Tags {
        let read = || Problem::catch(|| Tags::read(file, limits)).unwrap_or_default();
        // A name that is not UTF-8 cannot be told from others in a table.
        let (Ok(stamp), Some(relative)) = (Stamp::of(file), relative.to_str()) else {
            return read();
        };
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
        let unchanged = !self.changed && self.before.is_empty();
        if unchanged && (path.exists() || self.now.is_empty()) {
            return Ok(());
        }
        Ok(write_csv(path, &COLUMNS, &self.now)?)
    }
}
