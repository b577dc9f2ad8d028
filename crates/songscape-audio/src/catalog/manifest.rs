//! A catalog from a manifest: a table that lists the songs.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use songscape_project::{BadRow, Failure, Field, Song, SongTable, address};

use super::place::Root;
use super::{COMPUTED, Found, Library, LibraryParams, STAGE, renamed};
use crate::container::{Format, named_by_extension};
use crate::error::{Problem, Result};
use crate::remote::has_secret;
use crate::tags::YearFrom;

impl Library {
    /// The songs of a manifest, in its order, without ids.
    pub(super) fn from_manifest(path: &Path, params: &LibraryParams) -> Result<(Self, Vec<Found>)> {
        let (table, bad) = SongTable::read_tolerant(path)?;
        table.require(&[Field::Path, Field::Title, Field::Artist], path)?;
        let root = Root::of(path, params.outside)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // Failures name the file where there is one, and the row where there is none, or where the address may be
        // secret.
        let failure = |path: &Path, line: u64, reason: &str| {
            let is_secret = address(path).is_some_and(has_secret);
            match path.as_os_str().is_empty() || is_secret {
                true => Failure::new(STAGE, format!("{name}:{line}"), reason),
                false => Failure::new(STAGE, root.item(path), format!("line {line}: {reason}")),
            }
        };
        let kept = kept(&table);
        let mut failures = Vec::new();
        let mut found: Vec<Found> = Vec::new();
        let mut counts = BTreeMap::new();
        for song in &table.songs {
            let line = song.line.unwrap_or_default();
            let placed = match address(&song.path) {
                Some(address) => root.address(address),
                None => root.place(&song.path),
            };
            match placed {
                Ok((path, real)) => {
                    if let Some(name) = undecoded(&real) {
                        let problem = Problem::NotDecoded(name.to_owned()).to_string();
                        failures.push((line, failure(&song.path, line, &problem)));
                        *counts.entry(name.to_owned()).or_insert(0) += 1;
                        continue;
                    }
                    let stem =
                        || path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                    let title = if song.title.is_empty() { stem() } else { song.title.clone() };
                    let song = Song {
                        id: String::new(),
                        title,
                        artist: song.artist.clone(),
                        year: song.year,
                        extra: kept.iter().map(|column| column.of(song).clone()).collect(),
                        line: song.line,
                        path,
                    };
                    let year_from = song.year.map(|_| YearFrom::Table);
                    found.push(Found { song, year_from, real, seconds: None });
                }
                Err(reason) => failures.push((line, failure(&song.path, line, &reason))),
            }
        }
        let repeated = table.used.repeated().iter().map(|column| {
            let reason = format!("column {column} appears more than once; the first is used");
            failure(Path::new(""), 1, &reason)
        });
        let mut remarks: Vec<Failure> = repeated.collect();
        let songs: HashMap<u64, &Found> =
            found.iter().filter_map(|found| Some((found.song.line?, found))).collect();
        for BadRow { line, reason, kept } in &bad {
            match songs.get(line) {
                Some(found) => remarks.push(failure(&found.song.path, *line, reason)),
                None if !kept => failures.push((*line, failure(Path::new(""), *line, reason))),
                // A row whose file cannot be used has failed already.
                None => {}
            }
        }
        failures.sort_by_key(|(line, _)| *line);
        let failures = failures.into_iter().map(|(_, failure)| failure).collect();
        let columns = kept.into_iter().map(|column| column.name).collect();
        // Ids are made of the files' names.
        let used = table.used.without(Field::Id);
        let catalog = SongTable { folder: root.folder, columns, songs: Vec::new(), used };
        Ok((Self { catalog, failures, remarks, undecoded: counts, ..Self::default() }, found))
    }
}

/// A column of a manifest that the catalog keeps.
struct Kept {
    /// Its name in the catalog.
    name: String,
    /// Its place among the other columns; `None` for the ids.
    place: Option<usize>,
}

impl Kept {
    fn of<'a>(&self, song: &'a Song) -> &'a String {
        self.place.map_or(&song.id, |place| &song.extra[place])
    }
}

/// The columns that are kept: those whose names the catalog needs for its own are renamed.
fn kept(table: &SongTable) -> Vec<Kept> {
    let ids = table.used.has(Field::Id).then_some(("id", None));
    let others = table.columns.iter().enumerate().map(|(i, name)| (name.as_str(), Some(i)));
    let columns = ids.into_iter().chain(others).filter_map(|(name, place)| {
        let own = COMPUTED.iter().find(|own| name.eq_ignore_ascii_case(own));
        let name = own.map_or(name.to_owned(), |own| renamed(own));
        // A table that was a catalog before has the names from then.
        let is_new = own.is_none() || table.column(&name).is_none();
        is_new.then_some(Kept { name, place })
    });
    columns.collect()
}

/// The name of a format that is not decoded, as far as the file's name says it: a manifest's files are not
/// opened for the catalog.
fn undecoded(file: &Path) -> Option<&'static str> {
    match named_by_extension(file) {
        Some(Format::Undecoded(name)) => Some(name),
        _ => None,
    }
}
