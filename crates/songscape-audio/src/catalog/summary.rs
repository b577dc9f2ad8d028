//! A library in figures: whether its tags are any good.

use std::collections::BTreeMap;
use std::fmt;

use songscape_project::{Used, counted};

use super::Library;
use crate::tags::YearFrom;

/// What was found in a library, in figures. Its text is what a person reads first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Songs of the catalog.
    pub songs: usize,
    /// Which columns of a manifest were used, and for what.
    pub used: Used,
    /// Songs without an artist.
    pub without_artist: usize,
    /// Songs of which a field came from the name of a file or folder.
    pub from_name: usize,
    /// Songs whose year is that of the original.
    pub original_years: usize,
    /// Songs whose year is that of a release, which may be a reissue.
    pub release_years: usize,
    /// Songs whose year stands in the manifest.
    pub table_years: usize,
    /// Songs whose year stands in the name of a folder.
    pub folder_years: usize,
    /// Songs without a year.
    pub without_year: usize,
    /// Songs left out since they are there more than once.
    pub left_out: usize,
    /// Files and rows that could not be used, those of formats that are not decoded not counted.
    pub failures: usize,
    /// Remarks on songs that can be used.
    pub remarks: usize,
    /// Files of formats that are not decoded, by the formats' names.
    pub undecoded: BTreeMap<String, usize>,
}

impl Summary {
    pub(super) fn of(library: &Library) -> Self {
        let songs = &library.catalog.songs;
        let column = |name| library.catalog.column(name).unwrap_or_default();
        let year_from = column("year_from");
        let count = |from: YearFrom| year_from.iter().filter(|own| **own == from.name()).count();
        let undecoded = library.undecoded.clone();
        Self {
            songs: songs.len(),
            used: library.catalog.used.clone(),
            without_artist: songs.iter().filter(|song| song.artist.is_empty()).count(),
            from_name: column("from_name").iter().filter(|fields| !fields.is_empty()).count(),
            original_years: count(YearFrom::Original),
            release_years: count(YearFrom::Release),
            table_years: count(YearFrom::Table),
            folder_years: count(YearFrom::Folder),
            without_year: songs.iter().filter(|song| song.year.is_none()).count(),
            left_out: library.duplicates.iter().filter(|d| d.is_left_out()).count(),
            failures: library.failures.len() - undecoded.values().sum::<usize>(),
            remarks: library.remarks.len(),
            undecoded,
        }
    }

    /// Whether most of the known years are of releases, so that an analysis of the years measures
    /// reissues.
    pub fn measures_reissues(&self) -> bool {
        self.release_years > 0 && 2 * self.release_years > self.songs - self.without_year
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "songs      {}", self.songs)?;
        if self.used != Used::default() {
            writeln!(f, "columns    {}", self.used)?;
        }
        if self.without_artist > 0 {
            writeln!(f, "           {} without an artist", self.without_artist)?;
        }
        if self.from_name > 0 {
            writeln!(f, "           {} named in part by their files and folders", self.from_name)?;
        }
        let years = [
            (self.original_years, "of the original"),
            (self.release_years, "of a release"),
            (self.table_years, "from the table"),
            (self.folder_years, "from a folder's name"),
            (self.without_year, "unknown"),
        ];
        let years = years.iter().filter(|(count, _)| *count > 0);
        let years: Vec<String> = years.map(|(count, what)| format!("{count} {what}")).collect();
        if !years.is_empty() {
            writeln!(f, "years      {}", years.join(", "))?;
        }
        if self.measures_reissues() {
            writeln!(f, "           most years are those of a release: where it is a reissue, an")?;
            writeln!(f, "           analysis of the years measures the reissue, not the song")?;
        }
        if self.left_out > 0 {
            writeln!(f, "left out   {}, listed more than once", self.left_out)?;
        }
        if !self.undecoded.is_empty() {
            let formats = self.undecoded.iter().map(|(name, count)| format!("{count} {name}"));
            let formats: Vec<String> = formats.collect();
            let total: usize = self.undecoded.values().sum();
            let (files, formats) = (counted(total, "file"), formats.join(", "));
            writeln!(f, "not read   {files} of other formats: {formats}")?;
        }
        if self.failures > 0 {
            writeln!(f, "failed     {}", self.failures)?;
        }
        if self.remarks > 0 {
            writeln!(f, "remarks    {}", self.remarks)?;
        }
        Ok(())
    }
}
