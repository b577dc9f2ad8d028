//! A catalog from a manifest: a CSV file that lists the songs.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use csv::{ByteRecord, ReaderBuilder};
use songscape_project::Failure;

use super::id::Ids;
use super::{Catalog, STAGE, Song, year};
use crate::error::{Error, Result};

const REQUIRED: [&str; 4] = ["path", "title", "artist", "year"];

impl Catalog {
    /// Reads a manifest: a CSV file with the columns `path`, `title`, `artist` and `year`, in any
    /// order, and any others, which are kept. Paths are relative to the manifest's folder and may
    /// not leave it, neither by `..` nor through a link. Years are as `1987` or `1987-05-02`, or
    /// empty.
    ///
    /// A row whose file is missing, outside, or already listed is left out; a row with a bad year
    /// is kept without it. Each gives a [`Failure`] with the manifest's line.
    ///
    /// # Errors
    /// [`Error::MissingColumn`] names a column that is not there; [`Error::Io`] and
    /// [`Error::Table`] when the file cannot be read as CSV at all.
    pub fn from_manifest(path: &Path) -> Result<(Self, Vec<Failure>)> {
        let bytes = std::fs::read(path).map_err(Error::io(path))?;
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
        let mut csv = ReaderBuilder::new().flexible(true).from_reader(bytes);
        let header = csv.byte_headers().map_err(|e| table(path, &e))?.clone();
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
            name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            real_root,
            known,
            others: (0..header.len()).filter(others).collect(),
            width: header.len(),
            ids: Ids::default(),
            lines: HashMap::new(),
            failures: Vec::new(),
        };
        let mut songs = Vec::new();
        let mut record = ByteRecord::new();
        while csv.read_byte_record(&mut record).map_err(|e| table(path, &e))? {
            songs.extend(rows.song(&record));
        }
        let columns = rows.others.iter().map(|&i| header[i].clone()).collect();
        Ok((Self { root, columns, songs }, rows.failures))
    }
}

fn table(path: &Path, e: &csv::Error) -> Error {
    let line = e.position().map_or(0, csv::Position::line);
    Error::Table { path: path.into(), line, reason: e.to_string() }
}

/// What is needed to read one row after the other.
struct Rows {
    name: String,
    real_root: PathBuf,
    /// Places of the columns of [`REQUIRED`].
    known: [usize; 4],
    others: Vec<usize>,
    width: usize,
    ids: Ids,
    /// The line on which each file was listed first.
    lines: HashMap<PathBuf, u64>,
    failures: Vec<Failure>,
}

impl Rows {
    fn song(&mut self, record: &ByteRecord) -> Option<Song> {
        let line = record.position().map_or(0, csv::Position::line);
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
        &mut self,
        record: &ByteRecord,
        line: u64,
    ) -> std::result::Result<(Song, Option<String>), String> {
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

        let path = inside(path.trim())?;
        let named = |reason: &str| format!("path {}: {reason}", path.display());
        let real = self.real_root.join(&path).canonicalize().map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => named("the file is missing"),
            _ => named(&e.to_string()),
        })?;
        if !real.starts_with(&self.real_root) {
            return Err(named("a link leads out of the library's folder"));
        }
        if let Some(first) = self.lines.get(&real) {
            return Err(named(&format!("the same file as on line {first}")));
        }
        self.lines.insert(real, line);

        let (year, complaint) = match year::parse(year) {
            Ok(year) => (year, None),
            Err(()) => (None, Some(format!("year {year:?}: expected {}", year::EXPECTED))),
        };
        let stem = || path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let title = if title.trim().is_empty() { stem() } else { title.to_owned() };
        let id = self.ids.assign(&path);
        Ok((Song { id, path, title, artist: artist.to_owned(), year, extra }, complaint))
    }
}

/// A path that stays inside the library, without `.` in it.
fn inside(text: &str) -> std::result::Result<PathBuf, String> {
    if text.is_empty() {
        return Err("path: empty, expected a file relative to the manifest's folder".into());
    }
    let mut path = PathBuf::new();
    for component in Path::new(text).components() {
        match component {
            Component::Normal(name) => path.push(name),
            Component::CurDir => {}
            _ => return Err(format!("path {text:?}: leads out of the manifest's folder")),
        }
    }
    Ok(path)
}
