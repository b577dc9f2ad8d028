//! Songs that are there more than once.

use std::collections::HashMap;
use std::hash::Hash;
use std::path::Path;

use serde::{Deserialize, Serialize};
use songscape_project::{Song, SongTable, address, replace_rows, song_key};

use super::{Found, STAGE, SameName};
use crate::decode::AudioReader;
use crate::error::{Problem, Result};
use crate::limits::Limits;
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

/// Of a group of songs, given by their places in the order, the one with the first year, or the
/// first one.
pub(crate) fn first(group: &[usize], year: impl Fn(usize) -> Option<i32>) -> usize {
    let earliest = group.iter().min_by_key(|&&i| (year(i).unwrap_or(i32::MAX), i));
    earliest.copied().unwrap_or_default()
}

/// Leaves one of each group of songs that are the same, and lists what was decided, in order.
pub(super) fn merge(
    found: Vec<Found>,
    catalog: &SongTable,
    same_name: SameName,
) -> (Vec<Found>, Vec<Duplicate>) {
    // The place of the song that stands for each.
    let mut kept: Vec<usize> = (0..found.len()).collect();
    let mut decisions = Vec::new();
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
                group.iter().partition(|&&i| address(&found[i].song.path).is_some());
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
        // Of those that are left, one stays, with all whose length agrees with its own.
        let mut before = None;
        while !group.is_empty() {
            let stays = first(&group, year);
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
            for i in same.into_iter().filter(|&i| i != stays) {
                let reason = like(NAME, stays);
                let decision = match &apart {
                    None => {
                        kept[i] = stays;
                        left_out(i, stays, reason)
                    }
                    Some(why) => kept_apart(i, stays, format!("{reason}; {why}")),
                };
                decisions.push((i, decision));
            }
            group = others;
        }
    }

    decisions.sort_by_key(|(i, _)| *i);
    let songs = found.into_iter().zip(kept).enumerate();
    let songs = songs.filter_map(|(i, (song, kept))| (i == kept).then_some(song));
    (songs.collect(), decisions.into_iter().map(|(_, decision)| decision).collect())
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
