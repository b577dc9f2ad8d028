//! A catalog from a manifest: a CSV file that lists the songs.

use std::path::{Component, Path, PathBuf};

use csv::{ByteRecord, ReaderBuilder};
use songscape_project::{Failure, line_of_record, year::expected};

use super::table::broken;
use super::{Catalog, Found, Library, LibraryParams, STAGE, Song, year};
use crate::error::{Error, Result};

const REQUIRED: [&str; 4] = ["path", "title", "artist", "year"];

impl Library {
    /// The songs of a manifest, in its order, without ids.
    pub(super) fn from_manifest(path: &Path, params: &LibraryParams) -> Result<(Self, Vec<Found>)> {
        let bytes = std::fs::read(path).map_err(Error::io(path))?;
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
        if bytes.iter().take(1024).any(|&byte| byte == 0) {
            let reason = "no text; expected a CSV table, or a folder of music".into();
            return Err(Error::Table { path: path.into(), line: 1, reason });
        }
        let mut csv = ReaderBuilder::new().flexible(true).from_reader(bytes);
        let header = csv.byte_headers().map_err(|e| broken(path, &e))?.clone();
        let header: Vec<String> =
            header.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
        let find = |column: &str| {
            let mut names = header.iter();
            names.position(|name| name.eq_ignore_ascii_case(column)).ok_or_else(|| {
                Error::MissingColumn {
                    path: path.into(),
                    column: column.into(),
                    found: header.clone(),
                }
            })
        };
        let mut known = [0; REQUIRED.len()];
        for (place, column) in known.iter_mut().zip(REQUIRED) {
            *place = find(column)?;
        }

        let root = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let real_root = root.canonicalize().map_err(Error::io(&root))?;
        let others = |i: &usize| !known.contains(i);
        let mut rows = Rows {
            bytes,
            name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            real_root,
            known,
            others: (0..header.len()).filter(others).collect(),
            width: header.len(),
            outside: params.outside,
            failures: Vec::new(),
        };
        let mut found = Vec::new();
        let mut record = ByteRecord::new();
        while csv.read_byte_record(&mut record).map_err(|e| broken(path, &e))? {
            found.extend(rows.song(&record));
        }
        let columns = rows.others.iter().map(|&i| header[i].clone()).collect();
        let catalog = Catalog { root, columns, songs: Vec::new() };
        Ok((Self { catalog, failures: rows.failures, duplicates: Vec::new() }, found))
    }
}

/// What is needed to read one row after the other.
struct Rows<'a> {
    bytes: &'a [u8],
    name: String,
    real_root: PathBuf,
    /// Places of the columns of [`REQUIRED`].
    known: [usize; 4],
    others: Vec<usize>,
    width: usize,
    /// Whether paths may lead out of the library's folder.
    outside: bool,
    failures: Vec<Failure>,
}

impl Rows<'_> {
    fn song(&mut self, record: &ByteRecord) -> Option<Found> {
        let line = line_of_record(self.bytes, record.position());
        let item = format!("{}:{line}", self.name);
        match self.read(record, line) {
            Ok((song, year)) => {
                self.failures.extend(year.map(|reason| Failure::new(STAGE, item, reason)));
                Some(song)
            }
            Err(reason) => {
                self.failures.push(Failure::new(STAGE, item, reason));
                None
            }
        }
    }

    /// The song of a row, and what is wrong with its year; or what is wrong with the row.
    fn read(
        &self,
        record: &ByteRecord,
        line: u64,
    ) -> std::result::Result<(Found, Option<String>), String> {
        if record.len() != self.width {
            return Err(format!("{} fields, expected {}", record.len(), self.width));
        }
        let field = |i: usize| {
            std::str::from_utf8(&record[i]).map_err(|_| format!("column {}: not UTF-8", i + 1))
        };
        let [path, title, artist, year] = self.known;
        let (path, title, artist, year) =
            (field(path)?, field(title)?, field(artist)?, field(year)?);
        let extra = self
            .others
            .iter()
            .map(|&i| field(i).map(str::to_owned))
            .collect::<std::result::Result<_, _>>()?;

        let path = plain(path.trim(), self.outside)?;
        let named = |reason: &str| format!("path {}: {reason}", path.display());
        let real = self.real_root.join(&path).canonicalize().map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => named("the file is missing"),
            _ => named(&e.to_string()),
        })?;
        if !self.outside && !real.starts_with(&self.real_root) {
            return Err(named("a link leads out of the library's folder"));
        }

        let (year, complaint) = match year::parse(year) {
            Ok(year) => (year, None),
            Err(()) => (None, Some(format!("year {year:?}: expected {}", expected()))),
        };
        let stem = || path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let title = if title.trim().is_empty() { stem() } else { title.to_owned() };
        let artist = artist.to_owned();
        let song = Song { id: String::new(), path, title, artist, year, extra };
        Ok((Found { song, real, line: Some(line) }, complaint))
    }
}

/// A path without `.` in it, that stays inside the library unless it may leave.
fn plain(text: &str, outside: bool) -> std::result::Result<PathBuf, String> {
    if text.is_empty() {
        return Err("path: empty, expected a file relative to the manifest's folder".into());
    }
    let mut path = PathBuf::new();
    for component in Path::new(text).components() {
        match component {
            Component::Normal(name) => path.push(name),
            Component::CurDir => {}
            other if outside => path.push(other),
            _ => {
                return Err(format!(
                    "path {text:?}: leads out of the manifest's folder, and `outside` is not set"
                ));
            }
        }
    }
    Ok(path)
}
