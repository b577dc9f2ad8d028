//! The table of songs: what is known of each song, one row per song.

mod addresses;
mod columns;
mod find;
mod playlist;
mod text;

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use csv::{ByteRecord, ReaderBuilder, WriterBuilder};

pub use addresses::address;
pub use columns::{Field, Used};
pub use playlist::PlaylistPaths;

use crate::error::{Error, Result};
use crate::files::write_atomic;
use crate::table::line_of_record;
use crate::year;
use columns::Columns;

/// A table of songs: the columns `id`, `path`, `title`, `artist` and `year`, and any others, which are
/// kept as they are. Catalogs, manifests and the tables beside vectors are read and written by it.
///
/// ```
/// use songscape_project::SongTable;
///
/// # let folder = tempfile::tempdir()?;
/// let path = folder.path().join("songs.csv");
/// std::fs::write(&path, "Path;Title;Year;Key\na.ogg;A song;1987-05-02;C\n")?;
/// let table = SongTable::read(&path)?;
/// assert_eq!(table.songs[0].year, Some(1987));
/// assert_eq!(table.columns, ["Key"]);
/// assert_eq!(table.used.to_string(), "path from Path, title from Title, year from Year");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SongTable {
    /// The folder that relative paths start from: that of the file.
    pub folder: PathBuf,
    /// Names of the other columns, one for each entry of [`Song::extra`].
    pub columns: Vec<String>,
    /// The songs, in the order of the rows.
    pub songs: Vec<Song>,
    /// Which columns of the file were used, and for what.
    pub used: Used,
}

/// One song of a [`SongTable`]. What the table does not have is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Song {
    /// The song's name in a project, unique there.
    pub id: String,
    /// The music file, absolute or relative to [`SongTable::folder`], any bytes on Unix; or its [`address`].
    pub path: PathBuf,
    /// The title.
    pub title: String,
    /// The artist.
    pub artist: String,
    /// The release year, where it is known.
    pub year: Option<i32>,
    /// The values of the other columns.
    pub extra: Vec<String>,
    /// The line of the file on which the row begins, from 1; `None` for a song that was not read.
    pub line: Option<u64>,
}

/// What is wrong with one row of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRow {
    /// The line on which the row begins, from 1.
    pub line: u64,
    /// What was found and what was expected.
    pub reason: String,
    /// Whether the row is in the table all the same, without the value that is to blame.
    pub kept: bool,
}

impl fmt::Display for BadRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

impl SongTable {
    /// Reads a table of songs. It is CSV in UTF-8 or UTF-16, with a header; fields are separated by
    /// whatever the header uses: comma, semicolon or tab. Names of columns are recognised in any case
    /// ([`Field`] lists them). Years are as [`year::parse`] takes them.
    ///
    /// # Errors
    /// [`Error::Io`] when the file cannot be read; [`Error::Table`] when it is no such table, or for
    /// the first row that has too many or too few fields, text that is not UTF-8, or a value in the
    /// column of years that is not a year.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let (table, bad) = Self::read_tolerant(path)?;
        match bad.into_iter().next() {
            Some(BadRow { line, reason, .. }) => {
                Err(Error::Table { path: path.into(), line: Some(line), reason })
            }
            None => Ok(table),
        }
    }

    /// Reads a table of which single rows may be bad: those that cannot be read are left out, those
    /// whose year is not a year are kept without it, and each is reported.
    ///
    /// # Errors
    /// [`Error::Io`] when the file cannot be read; [`Error::Table`] when it is no table at all.
    pub fn read_tolerant(path: impl AsRef<Path>) -> Result<(Self, Vec<BadRow>)> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(Error::io(path))?;
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let (mut table, bad) = Self::parse(&bytes).map_err(|(line, reason)| Error::Table {
            path: path.into(),
            line: Some(line),
            reason,
        })?;
        table.folder = folder;
        Ok((table, bad))
    }

    /// Reads a table from memory, as [`read_tolerant`](Self::read_tolerant) does from a file.
    ///
    /// # Errors
    /// The line and the reason why it is no table.
    pub fn parse(bytes: &[u8]) -> std::result::Result<(Self, Vec<BadRow>), (u64, String)> {
        let bytes = &*text::plain(bytes).map_err(|reason| (1, reason))?;
        let separator = text::separator(bytes);
        let mut csv = ReaderBuilder::new().delimiter(separator).flexible(true).from_reader(bytes);
        let fault = |error: csv::Error| {
            (error.position().map_or(1, csv::Position::line), error.to_string())
        };
        let header = csv.byte_headers().map_err(fault)?.clone();
        let columns = Columns::of(&header)?;
        let mut table =
            Self { columns: columns.other_names(), used: columns.used.clone(), ..Self::default() };
        let mut bad = Vec::new();
        let mut record = ByteRecord::new();
        while csv.read_byte_record(&mut record).map_err(fault)? {
            let line = line_of_record(bytes, record.position());
            match columns.song(&record) {
                Ok((song, complaint)) => {
                    table.songs.push(Song { line: Some(line), ..song });
                    bad.extend(complaint.map(|reason| BadRow { line, reason, kept: true }));
                }
                Err(reason) => bad.push(BadRow { line, reason, kept: false }),
            }
        }
        Ok((table, bad))
    }

    /// Refuses a table that lacks one of these columns; `path` is the file that it was read from.
    ///
    /// # Errors
    /// [`Error::Table`] with the first column that is missing, and those that are there.
    pub fn require(&self, fields: &[Field], path: impl AsRef<Path>) -> Result<()> {
        let Some(missing) = fields.iter().find(|&&field| !self.used.has(field)) else {
            return Ok(());
        };
        let used = Field::ALL.into_iter().flat_map(|field| self.used.columns(field));
        let mut found: Vec<&str> = Vec::new();
        for name in used.chain(&self.columns) {
            if !found.contains(&name.as_str()) {
                found.push(name);
            }
        }
        let (missing, found) = (missing.name(), found.join(", "));
        let reason = format!("no column named {missing}; the columns found are: {found}");
        Err(Error::Table { path: path.as_ref().into(), line: None, reason })
    }

    /// Writes the table as UTF-8 with commas, atomically: `id,path,title,artist,year`, then the other
    /// columns. Paths are written absolute, so that the table can be read from anywhere, addresses as they
    /// are; an unknown year is empty.
    ///
    /// # Errors
    /// [`Error::Table`] when a song has more or fewer other values than the table has columns;
    /// [`Error::Io`] when the file cannot be written.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let mut csv = WriterBuilder::new().from_writer(Vec::new());
        let fixed = Field::ALL.map(Field::name);
        let header = fixed.into_iter().chain(self.columns.iter().map(String::as_str));
        csv.write_record(header).map_err(|error| Error::csv(path, error))?;
        for song in &self.songs {
            let file = match &song.path {
                none if none.as_os_str().is_empty() => OsString::new(),
                file => self.absolute(file).into_os_string(),
            };
            let year = song.year.map_or(String::new(), |year| year.to_string());
            let fixed: [&[u8]; 5] = [
                song.id.as_bytes(),
                file.as_encoded_bytes(),
                song.title.as_bytes(),
                song.artist.as_bytes(),
                year.as_bytes(),
            ];
            let record = fixed.into_iter().chain(song.extra.iter().map(String::as_bytes));
            csv.write_record(record).map_err(|error| Error::csv(path, error))?;
        }
        let bytes = csv.into_inner().map_err(|error| Error::io(path)(error.into_error()))?;
        write_atomic(path, |file| std::io::Write::write_all(file, &bytes))
    }

    /// A file as the table is written with it: absolute, so that it means the same from anywhere. An
    /// [`address`] does so as it is.
    pub fn absolute(&self, file: &Path) -> PathBuf {
        let file = self.resolve(file);
        if address(&file).is_some() {
            return file;
        }
        // The current folder may be gone.
        std::path::absolute(&file).unwrap_or(file)
    }

    /// The music file of a song, or its [`address`].
    pub fn file(&self, song: &Song) -> PathBuf {
        self.resolve(&song.path)
    }

    fn resolve(&self, file: &Path) -> PathBuf {
        if address(file).is_some() { file.into() } else { self.folder.join(file) }
    }

    /// The artists, one for each song.
    pub fn artists(&self) -> Vec<String> {
        self.songs.iter().map(|song| song.artist.clone()).collect()
    }

    /// The release years, one for each song.
    pub fn years(&self) -> Vec<Option<i32>> {
        self.songs.iter().map(|song| song.year).collect()
    }

    /// The values of another column, one for each song, found by its name in any case; `None` where
    /// there is no such column.
    pub fn column(&self, name: &str) -> Option<Vec<&str>> {
        let place = self.columns.iter().position(|own| own.eq_ignore_ascii_case(name))?;
        Some(self.songs.iter().map(|song| song.extra[place].as_str()).collect())
    }

    /// So many songs of which nothing is known.
    pub fn unknown(songs: usize) -> Self {
        Self { songs: vec![Song::default(); songs], ..Self::default() }
    }
}

impl Song {
    /// What to call the song: `Artist - Title`, without an artist the title, without a title the path,
    /// without a path the id.
    pub fn name(&self) -> String {
        let title = match (self.title.is_empty(), self.path.as_os_str().is_empty()) {
            (false, _) => self.title.clone(),
            (true, false) => self.path.display().to_string(),
            (true, true) => self.id.clone(),
        };
        if self.artist.is_empty() { title } else { format!("{} - {title}", self.artist) }
    }
}

/// The [`name`](Song::name), with the year where it is known: `Artist - Title (1987)`.
impl fmt::Display for Song {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())?;
        self.year.map_or(Ok(()), |year| write!(f, " ({year})"))
    }
}

/// A path from the bytes of a field: any bytes on Unix, UTF-8 elsewhere.
fn path(bytes: &[u8]) -> std::result::Result<PathBuf, ()> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        Ok(std::ffi::OsStr::from_bytes(bytes).into())
    }
    #[cfg(not(unix))]
    {
        std::str::from_utf8(bytes).map(PathBuf::from).map_err(drop)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
