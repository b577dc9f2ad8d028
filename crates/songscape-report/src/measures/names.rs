//! Words for clusters: what the analysis names them by, and how they sound.

use std::collections::BTreeMap;

use songscape_analysis::music::names as values;
use songscape_project::{artist_key, row_hz};

use super::spectra::spectra;
use crate::input::ReportInput;

/// Below and above these frequencies in Hz lie bass and treble.
const BASS: f64 = 200.0;
const TREBLE: f64 = 3_000.0;
/// So many dB from the mean of all songs are heard.
const HEARD: f64 = 2.0;

/// For each cluster that can be described: the values of the catalog's columns that are over-represented, and how
/// it sounds.
pub(crate) fn names(input: &ReportInput) -> BTreeMap<i32, String> {
    let mut names = names_of(input, input.songs.iter().map(|song| song.cluster));
    for (cluster, sound) in sounds(input) {
        let name = names.entry(cluster).or_default();
        *name = if name.is_empty() { sound.into() } else { format!("{name}, {sound}") };
    }
    names
}

/// The same for other groups of songs, a number for each song and −1 for none, by the values of the columns alone.
pub(crate) fn names_of(
    input: &ReportInput,
    groups: impl IntoIterator<Item = i32>,
) -> BTreeMap<i32, String> {
    let groups: Vec<i32> = groups.into_iter().collect();
    let artists: Vec<String> = input.songs.iter().map(|song| artist_key(&song.artist)).collect();
    let own = |place: usize| input.songs.iter().map(move |song| song.extra[place].as_str());
    let columns = values::columns(
        input.columns.iter().enumerate().map(|(place, name)| (name.as_str(), own(place))),
        input.songs.iter().map(|song| song.year),
        input.songs.iter().map(|song| song.artist.as_str()),
    );
    let found = values::names(&groups, &artists, &columns).expect("a value for each song");
    let named = found.iter().map(|name| name.label);
    let words = |label| values::words(&found, label).into_iter().map(word).collect::<Vec<_>>();
    named.map(|label| (label, words(label).join(", "))).collect()
}

/// A value short enough for the map.
fn word(value: &str) -> String {
    const MOST: usize = 32;
    match value.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", value[..end].trim_end()),
        None => value.into(),
    }
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
        assert_eq!(found[&0], "1970s, waltz, bright");
        assert!(found[&1].ends_with(", dark"), "{}", found[&1]);
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
