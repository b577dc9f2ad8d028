//! Words for clusters: what their songs have more of than the others.

use std::collections::{BTreeMap, HashMap};

use songscape_project::row_hz;

use super::cluster_years::cluster_years;
use super::spectra::spectra;
use crate::input::ReportInput;

/// A value of a column says something of a cluster when it is this common in it, this much more common
/// than elsewhere, and by this many standard deviations of chance.
const SHARE: f64 = 0.3;
/// An artist says less than a column of the catalog, and must be this common.
const ARTIST_SHARE: f64 = 0.5;
const LIFT: f64 = 1.5;
const SIGMAS: f64 = 4.0;
/// Values that most clusters have, and values of one song, are no description.
const LONGEST: usize = 24;
/// Below and above these frequencies in Hz lie bass and treble.
const BASS: f64 = 200.0;
const TREBLE: f64 = 3_000.0;
/// So many dB from the mean of all songs are heard.
const HEARD: f64 = 2.0;
/// The middle half of the years of a cluster of its time is within so many.
const OF_ITS_TIME: f64 = 12.0;
/// Words of one cluster.
const WORDS: usize = 3;

/// For each cluster that can be described: up to two values of the catalog's columns that are
/// over-represented, its decade if it has one, and how it sounds. Clusters alike in all that have no
/// words.
pub(crate) fn names(input: &ReportInput) -> BTreeMap<i32, String> {
    let mut words: BTreeMap<i32, Vec<String>> = BTreeMap::new();
    for (cluster, values) in over_represented(input, &clusters(input)) {
        words.entry(cluster).or_default().extend(values.into_iter().take(WORDS - 1));
    }
    for (cluster, decade) in decades(input) {
        words.entry(cluster).or_default().push(decade);
    }
    for (cluster, sound) in sounds(input) {
        words.entry(cluster).or_default().push(sound.into());
    }
    let joined = |(cluster, words): (i32, Vec<String>)| {
        (cluster, words.into_iter().take(WORDS).collect::<Vec<_>>().join(", "))
    };
    words.into_iter().filter(|(cluster, _)| *cluster >= 0).map(joined).collect()
}

/// The same for other groups of songs, a number for each song, by the values of the columns alone.
pub(crate) fn names_of(input: &ReportInput, groups: &[i32]) -> BTreeMap<i32, String> {
    let words = |values: Vec<String>| values.into_iter().take(WORDS - 1).collect::<Vec<_>>();
    let found = over_represented(input, groups).into_iter();
    found.map(|(group, values)| (group, words(values).join(", "))).collect()
}

fn clusters(input: &ReportInput) -> Vec<i32> {
    input.songs.iter().map(|song| song.cluster).collect()
}

/// Values of the columns, the most telling first, then artists, for each group of songs.
fn over_represented(input: &ReportInput, groups: &[i32]) -> BTreeMap<i32, Vec<String>> {
    let mut sizes: BTreeMap<i32, usize> = BTreeMap::new();
    for &group in groups {
        *sizes.entry(group).or_default() += 1;
    }
    let songs = input.songs.len() as f64;
    let mut found: BTreeMap<i32, Vec<(bool, f64, String)>> = BTreeMap::new();
    for column in 0..=input.columns.len() {
        // Behind the other columns come the artists.
        let artist = column == input.columns.len();
        let least = if artist { ARTIST_SHARE } else { SHARE };
        let value = |row: usize| match input.songs[row].extra.get(column) {
            Some(value) => value.trim(),
            None => input.songs[row].artist.trim(),
        };
        let mut counts: HashMap<&str, (usize, BTreeMap<i32, usize>)> = HashMap::new();
        for (row, &group) in groups.iter().enumerate() {
            let count = counts.entry(value(row)).or_default();
            count.0 += 1;
            *count.1.entry(group).or_default() += 1;
        }
        let told = |value: &&str| {
            let length = value.chars().count();
            (1..=LONGEST).contains(&length) && value.parse::<f64>().is_err()
        };
        for (value, (all, clusters)) in counts.iter().filter(|(value, _)| told(value)) {
            let overall = *all as f64 / songs;
            for (&cluster, &own) in clusters {
                let size = sizes[&cluster] as f64;
                let (share, expected) = (own as f64 / size, size * overall);
                // The deviation of a draw without putting back.
                let left = (songs - size) / (songs - 1.0).max(1.0);
                let deviation = (expected * (1.0 - overall) * left).sqrt();
                let sigmas = (own as f64 - expected) / deviation;
                if share >= least && share >= LIFT * overall && sigmas >= SIGMAS {
                    found.entry(cluster).or_default().push((artist, sigmas, (*value).into()));
                }
            }
        }
    }
    let best_first = |mut values: Vec<(bool, f64, String)>| {
        values.sort_by(|a, b| {
            a.0.cmp(&b.0).then_with(|| b.1.total_cmp(&a.1)).then_with(|| a.2.cmp(&b.2))
        });
        values.dedup_by(|a, b| a.2 == b.2);
        values.into_iter().map(|value| value.2).collect()
    };
    found.into_iter().map(|(cluster, values)| (cluster, best_first(values))).collect()
}

/// The decade of clusters of their time, among songs of a longer time.
fn decades(input: &ReportInput) -> Vec<(i32, String)> {
    let years = cluster_years(input);
    let (low, high) = years.values().fold((f64::INFINITY, f64::NEG_INFINITY), |all, years| {
        (all.0.min(years.range().0), all.1.max(years.range().1))
    });
    let of_its_time = |(&cluster, years): (&i32, &super::distribution::Distribution)| {
        let tukey = years.tukey()?;
        let narrow = tukey.third - tukey.first <= OF_ITS_TIME;
        let decade = (tukey.median / 10.0).floor() * 10.0;
        (narrow && high - low > 2.0 * OF_ITS_TIME).then(|| (cluster, format!("{decade:.0}s")))
    };
    years.iter().filter_map(of_its_time).collect()
}

/// Bass and treble beside the mean of all songs.
fn sounds(input: &ReportInput) -> Vec<(i32, &'static str)> {
    let (Some(frequencies), Some(found)) = (input.frequencies, spectra(&input.spectra)) else {
        return Vec::new();
    };
    let rows = found.all.len();
    let heard = |levels: &[f64]| -> Option<&'static str> {
        let mean = |within: &dyn Fn(f64) -> bool| {
            let band = (0..rows).filter(|&row| within(row_hz(frequencies, row, rows)));
            let off: Vec<f64> = band.map(|row| levels[row] - found.all[row]).collect();
            if off.is_empty() { 0.0 } else { off.iter().sum::<f64>() / off.len() as f64 }
        };
        let (bass, treble) = (mean(&|hertz| hertz < BASS), mean(&|hertz| hertz > TREBLE));
        match (bass.abs() >= treble.abs(), bass.abs().max(treble.abs()) >= HEARD) {
            (_, false) => None,
            (true, _) => Some(if bass > 0.0 { "strong bass" } else { "little bass" }),
            (false, _) => Some(if treble > 0.0 { "bright" } else { "dark" }),
        }
    };
    found.shown.iter().filter_map(|s| Some((s.cluster, heard(&s.level_db)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::SongRow;
    use crate::sound::MeanSpectrum;

    #[test]
    fn a_cluster_is_named_by_what_sets_it_apart() {
        let song = |i: usize| SongRow {
            cluster: (i % 2) as i32,
            year: Some(if i.is_multiple_of(2) { 1972 } else { 1950 + i as i32 % 60 }),
            artist: format!("Artist {i}"),
            extra: vec![
                if i.is_multiple_of(2) {
                    "waltz"
                } else {
                    ["rock", "pop", "jazz", "folk"][i / 2 % 4]
                }
                .into(),
                i.to_string(),
            ],
            ..SongRow::default()
        };
        let spectrum = |cluster, treble| MeanSpectrum {
            cluster,
            songs: 100,
            level_db: vec![treble, -20.0, -20.0],
            ..MeanSpectrum::default()
        };
        let input = ReportInput {
            columns: vec!["genre".into(), "number".into()],
            songs: (0..200).map(song).collect(),
            frequencies: Some((100.0, 10_000.0)),
            spectra: vec![spectrum(0, -10.0), spectrum(1, -30.0)],
            ..ReportInput::default()
        };
        let found = names(&input);
        assert_eq!(found[&0], "waltz, 1970s, bright");
        assert_eq!(found[&1], "dark");
    }

    #[test]
    fn few_songs_and_equal_clusters_have_no_words() {
        let song = |i: usize| SongRow {
            cluster: (i % 2) as i32,
            extra: vec!["waltz".into()],
            ..SongRow::default()
        };
        let input = |songs| ReportInput {
            columns: vec!["genre".into()],
            songs: (0..songs).map(song).collect(),
            ..ReportInput::default()
        };
        assert!(names(&input(200)).is_empty() && names(&input(2)).is_empty());
        assert!(names(&ReportInput::default()).is_empty());
    }
}
