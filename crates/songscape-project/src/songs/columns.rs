//! Which column of a table means what.

use std::fmt;
use std::str::from_utf8;

use csv::ByteRecord;

use super::{Song, path, year};
use crate::count::counted;

/// The columns of a table of songs that have a meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Field {
    /// The song's name in a project.
    Id,
    /// The music file.
    Path,
    /// The title.
    Title,
    /// The artist.
    Artist,
    /// The release year.
    Year,
}

impl Field {
    /// All of them, in the order in which they are written.
    pub const ALL: [Self; 5] = [Self::Id, Self::Path, Self::Title, Self::Artist, Self::Year];

    /// The name under which the column is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Path => "path",
            Self::Title => "title",
            Self::Artist => "artist",
            Self::Year => "year",
        }
    }

    /// The names under which the column is found, in any case. The first name that the header has is
    /// used. Years are taken from the first column in which a row has one, so that an original year
    /// comes before that of a reissue.
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Self::Id => &["id"],
            Self::Path => &["path", "file", "filename", "location"],
            Self::Title => &["title"],
            Self::Artist => &["artist"],
            Self::Year => &["original_year", "originalyear", "original year", "year"],
        }
    }
}

/// Which columns of a file were used, and for what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Used {
    fields: Vec<(Field, Vec<String>)>,
    repeated: Vec<String>,
}

impl Used {
    /// The names of the columns that a field was taken from; empty if there is none.
    pub fn columns(&self, field: Field) -> &[String] {
        self.fields.iter().find(|(own, _)| *own == field).map_or(&[], |(_, names)| names)
    }

    /// The same without a field.
    #[must_use]
    pub fn without(mut self, field: Field) -> Self {
        self.fields.retain(|(own, _)| *own != field);
        self
    }

    /// The names of columns with a meaning that the header has more than once. The first is used; the
    /// others are not read.
    pub fn repeated(&self) -> &[String] {
        &self.repeated
    }

    /// Whether the table has a field.
    pub fn has(&self, field: Field) -> bool {
        !self.columns(field).is_empty()
    }
}

/// `path, title from Name, year from original_year or year`.
impl fmt::Display for Used {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.fields.is_empty() {
            return f.write_str("no column has a known name");
        }
        for (i, (field, columns)) in self.fields.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{}", field.name())?;
            if *columns != [field.name()] {
                write!(f, " from {}", columns.join(" or "))?;
            }
        }
        if !self.repeated.is_empty() {
            write!(f, "; the first of several columns {}", self.repeated.join(", "))?;
        }
        Ok(())
    }
}

/// The columns of one table.
pub(super) struct Columns {
    names: Vec<String>,
    /// Places of the fields' columns; several for the year.
    places: [Vec<usize>; 5],
    others: Vec<usize>,
    pub used: Used,
}

impl Columns {
    /// The columns of a header.
    ///
    /// # Errors
    /// The line and why it is no header.
    pub fn of(header: &ByteRecord) -> Result<Self, (u64, String)> {
        // A header with NUL would be taken for no text when it is read again.
        let name = |name| String::from_utf8_lossy(name).replace('\0', " ").trim().to_owned();
        let names: Vec<String> = header.iter().map(name).collect();
        if names.iter().all(String::is_empty) {
            return Err((1, "no header, expected names of columns, such as path,title".into()));
        }
        let find = |wanted: &&str| names.iter().position(|name| name.eq_ignore_ascii_case(wanted));
        let places = Field::ALL.map(|field| {
            let mut found: Vec<usize> = field.names().iter().filter_map(find).collect();
            if field != Field::Year {
                found.truncate(1);
            }
            found
        });
        let used = Field::ALL.into_iter().zip(&places).filter(|(_, places)| !places.is_empty());
        let used = used.map(|(field, places)| {
            (field, places.iter().map(|&place| names[place].clone()).collect())
        });
        let mut used = Used { fields: used.collect(), repeated: Vec::new() };
        for name in places.iter().flatten().map(|&place| &names[place]) {
            if names.iter().filter(|other| other.eq_ignore_ascii_case(name)).count() > 1 {
                used.repeated.push(name.clone());
            }
        }
        // An original year stays among the other columns; a second `year` cannot.
        let is_own = |place: &usize| {
            let named = |field: &Field| names[*place].eq_ignore_ascii_case(field.name());
            Field::ALL.iter().any(named) || places[..4].iter().any(|own| own.contains(place))
        };
        let others = (0..names.len()).filter(|place| !is_own(place)).collect();
        Ok(Self { names, places, others, used })
    }

    pub fn other_names(&self) -> Vec<String> {
        self.others.iter().map(|&place| self.names[place].clone()).collect()
    }

    /// The song of a row, and what is wrong with its year.
    ///
    /// # Errors
    /// What is wrong with the row.
    pub fn song(&self, record: &ByteRecord) -> Result<(Song, Option<String>), String> {
        if record.len() != self.names.len() {
            let mut reason =
                format!("{}, expected {}", counted(record.len(), "field"), self.names.len());
            if let Some(lines) = record.iter().map(line_ends).max().filter(|&lines| lines > 0) {
                reason +=
                    &format!("; one of them holds {} lines: a quote may not be closed", lines + 1);
            }
            return Err(reason);
        }
        let text = |place: usize| {
            let value = from_utf8(&record[place]);
            value.map(str::trim).map_err(|_| {
                let (name, found) = (&self.names[place], String::from_utf8_lossy(&record[place]));
                format!("column {name}: {found:?} is not UTF-8")
            })
        };
        let [ids, paths, titles, artists, years] = &self.places;
        let one = |places: &[usize]| places.first().map_or(Ok(""), |&place| text(place));
        let file = match paths.first() {
            Some(&place) => path(record[place].trim_ascii())
                .map_err(|()| format!("column {}: not UTF-8", self.names[place]))?,
            None => Default::default(),
        };
        let (mut found, mut complaint) = (None, None);
        for &place in years {
            let written = text(place)?;
            match year::parse(written) {
                Ok(known) => found = known,
                Err(year::NotAYear) => {
                    let (name, expected) = (&self.names[place], year::expected());
                    complaint = Some(format!("{name} {written:?}, expected {expected}"));
                }
            }
            if found.is_some() {
                break;
            }
        }
        let song = Song {
            id: one(ids)?.into(),
            path: file,
            title: one(titles)?.into(),
            artist: one(artists)?.into(),
            year: found,
            extra: self
                .others
                .iter()
                .map(|&i| text(i).map(str::to_owned))
                .collect::<Result<_, _>>()?,
            line: None,
        };
        Ok((song, complaint))
    }
}

fn line_ends(field: &[u8]) -> usize {
    field.iter().filter(|byte| **byte == b'\n').count()
}
