//! Songs that are there more than once.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::path::Path;

use serde::{Deserialize, Serialize};
use songscape_project::{Failure, Song, SongTable, address, replace_rows, song_key};

use super::{Found, STAGE, SameName};
use crate::clean::{HighPass, peak};
use crate::decode::AudioReader;
use crate::error::{Error, Problem, Result};
use crate::limits::Limits;
use crate::params::ImageParams;
use crate::tags::Tags;

/// Columns by which a manifest tells recordings of one song apart.
const TELL_APART: [&str; 5] = ["song", "recording", "rendition", "version", "take"];

/// Why songs may be one.
const NAME: &str = "same artist and title";

/// Lengths that agree differ by no more than this many seconds, or by this share.
const SAME_SECONDS: f64 = 3.0;
const SAME_SHARE: f64 = 0.02;

/// What was made of a song that looks or sounds like another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duplicate {
    /// Where it was noticed: `catalog` or `spectrograms`.
    pub stage: String,
    /// What was decided.
    pub decision: Decision,
    /// The file of the song, absolute, as the catalog is written with it.
    pub file: String,
    /// The file of the song that it is like.
    pub same_as: String,
    /// The artist.
    pub artist: String,
    /// The title.
    pub title: String,
    /// The year, where it is known.
    pub year: Option<i32>,
    /// Why.
    pub reason: String,
}

/// Whether a song that is like another one counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Decision {
    /// The other one stands for it.
    LeftOut,
    /// Both count.
    KeptApart,
}

impl Duplicate {
    /// Of two songs of a catalog, the first is left out.
    pub(crate) fn left_out(
        stage: &str,
        catalog: &SongTable,
        [song, kept]: [&Song; 2],
        reason: impl Into<String>,
    ) -> Self {
        let file = |song: &Song| catalog.absolute(&song.path).display().to_string();
        Self {
            stage: stage.into(),
            decision: Decision::LeftOut,
            file: file(song),
            same_as: file(kept),
            artist: song.artist.clone(),
            title: song.title.clone(),
            year: song.year,
            reason: reason.into(),
        }
    }

    /// Whether the song does not count.
    pub fn is_left_out(&self) -> bool {
        self.decision == Decision::LeftOut
    }

    /// Which file this one can stand in for, if that one cannot be used; that file, and this one.
    pub(crate) fn stands_in(&self) -> Option<(&str, &str)> {
        let by_name = self.is_left_out() && self.stage == STAGE && self.reason.starts_with(NAME);
        let is_here = is_here(&self.file) && is_here(&self.same_as);
        (by_name && is_here).then_some((&self.same_as, &self.file))
    }

    /// Replaces the decisions of one stage in a CSV file, atomically; those of other stages stay.
    ///
    /// # Errors
    /// [`Error::Project`](crate::Error::Project) when the file cannot be read or written.
    pub fn record(path: impl AsRef<Path>, stage: &str, duplicates: &[Self]) -> Result<()> {
        const COLUMNS: [&str; 8] =
            ["stage", "decision", "file", "same_as", "artist", "title", "year", "reason"];
        let replaced = |row: &Self| row.stage == stage;
        Ok(replace_rows(path, &COLUMNS, replaced, duplicates)?)
    }
}

/// Whether a song is on a disk.
fn is_here(path: impl AsRef<Path>) -> bool {
    address(path.as_ref()).is_none()
}

/// Of a group of songs, given by their places in the order, the one with the first year, or the
/// first one.
pub(crate) fn first(group: &[usize], year: impl Fn(usize) -> Option<i32>) -> usize {
    let earliest = group.iter().min_by_key(|&&i| (year(i).unwrap_or(i32::MAX), i));
    earliest.copied().unwrap_or_default()
}

/// What was made of songs that are there more than once.
pub(super) struct Merged {
    /// The songs that are left, in order.
    pub songs: Vec<Found>,
    /// What was decided, in order.
    pub duplicates: Vec<Duplicate>,
    /// The songs that are left out and could not be used anyway, in order.
    pub failures: Vec<Failure>,
}

/// Leaves one of each group of songs that are the same; not one of those that failed `before` and still do,
/// if there is another.
pub(super) fn merge(
    mut found: Vec<Found>,
    catalog: &SongTable,
    same_name: SameName,
    before: &[Failure],
) -> Merged {
    // The place of the song that stands for each.
    let mut kept: Vec<usize> = (0..found.len()).collect();
    let (mut decisions, mut failures, mut years) = (Vec::new(), Vec::new(), Vec::new());
    let suspects: HashSet<&str> = before.iter().map(|failure| failure.item.as_str()).collect();
    let year = |i: usize| found[i].song.year;
    let left_out = |song: usize, kept: usize, reason: String| {
        Duplicate::left_out(STAGE, catalog, [&found[song].song, &found[kept].song], reason)
    };
    let kept_apart = |song, other, reason| Duplicate {
        decision: Decision::KeptApart,
        ..left_out(song, other, reason)
    };
    let like = |what: &str, i: usize| match found[i].song.line {
        Some(line) => format!("{what} as on line {line}"),
        None => what.to_owned(),
    };
    let failed = |song: usize, kept: usize, problem: &Problem| {
        let item = |i: usize| catalog.absolute(&found[i].song.path).display().to_string();
        let line = found[song].song.line.map_or(String::new(), |line| format!("line {line}: "));
        Failure::new(STAGE, item(song), format!("{line}{problem}; {} counts", item(kept)))
    };

    for group in groups(0..found.len(), |i| Some(&found[i].real)) {
        let stays = first(&group, year);
        for i in group.into_iter().filter(|&i| i != stays) {
            kept[i] = stays;
            decisions.push((i, left_out(i, stays, like("same file", stays))));
        }
    }

    let apart = match same_name {
        SameName::Merge => None,
        SameName::Keep => Some("names do not count".to_owned()),
        SameName::Auto => catalog
            .columns
            .iter()
            .find(|column| TELL_APART.iter().any(|name| column.eq_ignore_ascii_case(name)))
            .map(|column| format!("told apart by the column {column}")),
    };
    let remaining = (0..found.len()).filter(|&i| kept[i] == i);
    for mut group in groups(remaining, |i| song_key(&found[i].song.artist, &found[i].song.title)) {
        if same_name == SameName::Auto && apart.is_none() {
            // What is not here is not fetched to hear how long it is, and nothing is lost by a guess.
            let stays = first(&group, year);
            let (away, here): (Vec<usize>, Vec<usize>) =
                group.iter().partition(|&&i| !is_here(&found[i].song.path));
            for i in away.into_iter().filter(|&i| i != stays) {
                let reason = format!("{}; the lengths are not known", like(NAME, stays));
                decisions.push((i, kept_apart(i, stays, reason)));
            }
            group = here;
            if group.len() < 2 {
                continue;
            }
        }
        // Where they decide nothing, no file is opened for them.
        let lengths: HashMap<usize, f64> = match (same_name, &apart) {
            (SameName::Auto, None) => lengths(&group, &found),
            _ => HashMap::new(),
        };
        let faults = match &apart {
            None => faults(&group, &found, catalog, &suspects),
            Some(_) => HashMap::new(),
        };
        // Of those that are left, one stays, with all whose length agrees with its own.
        let mut before = None;
        while !group.is_empty() {
            let usable: Vec<usize> =
                group.iter().copied().filter(|i| !faults.contains_key(i)).collect();
            let stays = first(if usable.is_empty() { &group } else { &usable }, year);
            let (same, others): (Vec<usize>, Vec<usize>) =
                group.iter().partition(|i| agree(lengths.get(i), lengths.get(&stays)));
            // Two groups: so both lengths are known.
            if let Some(before) = before {
                let reason = format!(
                    "{}; {:.1} s and {:.1} s long",
                    like(NAME, before),
                    lengths[&stays],
                    lengths[&before]
                );
                decisions.push((stays, kept_apart(stays, before, reason)));
            }
            before = before.or(Some(stays));
            if apart.is_none() {
                years.push((stays, first(&same, year)));
            }
            for i in same.into_iter().filter(|&i| i != stays) {
                let reason = like(NAME, stays);
                let decision = match &apart {
                    None => {
                        kept[i] = stays;
                        let problem = faults.get(&i);
                        failures.extend(problem.map(|problem| (i, failed(i, stays, problem))));
                        let why = problem.map_or(String::new(), |why| format!("; {why}"));
                        left_out(i, stays, reason + &why)
                    }
                    Some(why) => kept_apart(i, stays, format!("{reason}; {why}")),
                };
                decisions.push((i, decision));
            }
            group = others;
        }
    }

    decisions.sort_by_key(|(i, _)| *i);
    failures.sort_by_key(|(i, _)| *i);
    for (stays, first) in years {
        let Found { song, year_from, .. } = &found[first];
        let (year, year_from) = (song.year, *year_from);
        (found[stays].song.year, found[stays].year_from) = (year, year_from);
    }
    let songs = found.into_iter().zip(kept).enumerate();
    let songs = songs.filter_map(|(i, (song, kept))| (i == kept).then_some(song));
    Merged {
        songs: songs.collect(),
        duplicates: decisions.into_iter().map(|(_, decision)| decision).collect(),
        failures: failures.into_iter().map(|(_, failure)| failure).collect(),
    }
}

/// What is wrong with songs of a group that are among the suspects: they are tried again, since a file may
/// have been replaced.
fn faults(
    group: &[usize],
    found: &[Found],
    catalog: &SongTable,
    suspects: &HashSet<&str>,
) -> HashMap<usize, Problem> {
    let is_suspect = |song: &Song| {
        let item = catalog.absolute(&song.path).display().to_string();
        is_here(&song.path) && suspects.contains(&*item)
    };
    let tried = group.iter().filter(|&&i| is_suspect(&found[i].song));
    tried.filter_map(|&i| Some((i, fault(&found[i].real)?))).collect()
}

/// Why a file has no image, as far as decoding it tells.
fn fault(file: &Path) -> Option<Problem> {
    match check(file) {
        Err(Error::Audio { problem, .. }) => Some(problem),
        _ => None,
    }
}

fn check(file: &Path) -> Result<()> {
    let limits = Limits::default();
    let mut reader = AudioReader::open(file, &limits)?;
    let mut high_pass = HighPass::new(ImageParams::default().high_pass, reader.rate());
    let (mut block, mut loudest) = (Vec::new(), 0.0_f32);
    while reader.read(&mut block)? {
        high_pass.filter(&mut block);
        loudest = loudest.max(peak(&block));
    }
    let (seconds, peak_db) = (reader.seconds(), 20.0 * f64::from(loudest).log10());
    limits.check_whole(seconds, seconds, peak_db).map_err(Error::audio(file))
}

/// The lengths of the songs of a group, as far as they are known. What files declare is believed where all
/// agree; otherwise they are decoded, since some declare nothing, and others guess (MP3 of variable
/// rate without a header that says how long it is).
fn lengths(group: &[usize], found: &[Found]) -> HashMap<usize, f64> {
    let of = |seconds: fn(&Found) -> Option<f64>| -> HashMap<usize, f64> {
        group.iter().filter_map(|&i| Some((i, seconds(&found[i])?))).collect()
    };
    let declared = of(declared);
    let first = declared.get(&group[0]);
    let believed =
        declared.len() == group.len() && declared.values().all(|s| agree(Some(s), first));
    if believed { declared } else { of(decoded) }
}

/// The length that a song's file declares; it is opened if it was not yet.
fn declared(found: &Found) -> Option<f64> {
    let read = || Problem::catch(|| Tags::read(&found.real, &Limits::default())).ok()?.duration;
    found.seconds.or_else(read).filter(|seconds| *seconds > 0.0)
}

/// The length of a song's sound; what its file declares, where it cannot be decoded.
fn decoded(found: &Found) -> Option<f64> {
    let read = || -> Result<f64> {
        let mut reader = AudioReader::open(&found.real, &Limits::default())?;
        let mut block = Vec::new();
        while reader.read(&mut block)? {}
        Ok(reader.seconds())
    };
    read().ok().or_else(|| declared(found))
}

/// Whether two lengths may be those of one recording; an unknown one may be any.
fn agree(a: Option<&f64>, b: Option<&f64>) -> bool {
    let Some((a, b)) = a.zip(b) else { return true };
    (a - b).abs() <= SAME_SECONDS.max(SAME_SHARE * a.max(*b))
}

/// The groups of two and more with the same key.
fn groups<K: Hash + Eq>(
    songs: impl Iterator<Item = usize>,
    key: impl Fn(usize) -> Option<K>,
) -> Vec<Vec<usize>> {
    let mut groups: HashMap<K, Vec<usize>> = HashMap::new();
    for i in songs {
        if let Some(key) = key(i) {
            groups.entry(key).or_default().push(i);
        }
    }
    groups.into_values().filter(|group| group.len() > 1).collect()
}
