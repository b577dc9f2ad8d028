//! The change over the years, where there is none, and where there is one.

use ndarray::Array2;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use songscape_analysis::music::change::{Change, ChangeParams, yearly_change};
use songscape_project::Silent;

const YEARS: i32 = 12;
const COLUMNS: usize = 8;

/// Songs of which nothing depends on the year but what `moved` says.
struct Music {
    /// The group of each song, with the year.
    songs: Vec<(usize, i32)>,
    /// How far songs of a group are alike: the deviation of groups beside 1 of songs.
    group: f32,
}

impl Music {
    /// So many songs each year, all independent.
    fn independent(songs: i32) -> Self {
        let songs = (0..YEARS * songs).map(|i| (i as usize, i / songs)).collect();
        Self { songs, group: 0.0 }
    }

    /// Artists of eight songs in a career of four years.
    fn artists(artists: usize, rng: &mut ChaCha8Rng) -> Self {
        let mut songs = Vec::new();
        for artist in 0..artists {
            let start = rng.random_range(0..YEARS - 3);
            songs.extend((0..8).map(|_| (artist, start + rng.random_range(0..4))));
        }
        Self { songs, group: 1.0 }
    }

    /// Albums of ten songs.
    fn albums(a_year: i32) -> Self {
        let song = |i: i32| ((i / 10) as usize, i / 10 / a_year);
        Self { songs: (0..YEARS * a_year * 10).map(song).collect(), group: 1.0 }
    }

    /// The change that is found, with permutations of groups or, as it was once done, of songs.
    fn change(
        &self,
        moved: f32,
        grouped: bool,
        rng: &mut ChaCha8Rng,
        permutations: usize,
    ) -> Change {
        let mut normal = || (0..12).map(|_| rng.random::<f32>()).sum::<f32>() - 6.0;
        let groups = self.songs.iter().map(|song| song.0).max().unwrap() + 1;
        let of_group = Array2::from_shape_simple_fn((groups, COLUMNS), &mut normal);
        let x = Array2::from_shape_fn((self.songs.len(), COLUMNS), |(i, j)| {
            let (group, year) = self.songs[i];
            let place = if j == 0 && year >= YEARS / 2 { moved } else { 0.0 };
            place + self.group * of_group[[group, j]] + normal()
        });
        let name = |song: &(usize, i32)| if grouped { song.0.to_string() } else { String::new() };
        let names: Vec<String> = self.songs.iter().map(name).collect();
        let years: Vec<Option<i32>> = self.songs.iter().map(|song| Some(2000 + song.1)).collect();
        let seed = rng.random();
        let params = ChangeParams { permutations, seed, ..ChangeParams::default() };
        yearly_change(x.view(), &years, &names, &params, &Silent).unwrap()
    }
}

/// Of many collections in which nothing changes: the share of steps with p ≤ 0.05, and that of the
/// collections with any step whose adjusted p is ≤ 0.05.
fn alarms(
    collections: u64,
    grouped: bool,
    music: impl Fn(&mut ChaCha8Rng) -> Music + Sync,
) -> (f64, f64) {
    let one = |seed: u64| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let change = music(&mut rng).change(0.0, grouped, &mut rng, 199);
        let steps = change.steps.len() as f64;
        let single = change.steps.iter().filter(|step| step.p <= 0.05).count() as f64 / steps;
        (single, f64::from(u8::from(change.steps.iter().any(|step| step.p_adjusted <= 0.05))))
    };
    let found: Vec<(f64, f64)> = (0..collections).into_par_iter().map(one).collect();
    let mean = |of: fn(&(f64, f64)) -> f64| found.iter().map(of).sum::<f64>() / collections as f64;
    (mean(|f| f.0), mean(|f| f.1))
}

#[test]
fn no_change_is_found_where_there_is_none() {
    const COLLECTIONS: u64 = 400;
    // Two standard deviations of the share of 400 collections of which one in twenty gives an alarm.
    let chance = 2.0 * (0.05 * 0.95 / COLLECTIONS as f64).sqrt();
    for (name, (single, any)) in [
        ("independent songs", alarms(COLLECTIONS, true, |_| Music::independent(16))),
        ("artists of 8 songs", alarms(COLLECTIONS, true, |rng| Music::artists(40, rng))),
        ("albums of 10 songs", alarms(COLLECTIONS, true, |_| Music::albums(5))),
    ] {
        println!("{name}: {:.1}% of steps, {:.1}% of collections", 100.0 * single, 100.0 * any);
        assert!(single <= 0.05 + chance / 3.0, "{name}: p ≤ 0.05 in {single} of the steps");
        assert!(any <= 0.05 + chance, "{name}: an alarm in {any} of the collections");
    }
    // What the groups are for.
    let (single, any) = alarms(20, false, |_| Music::albums(5));
    assert!(single > 0.5 && any > 0.9, "{single} {any}");
}

#[test]
fn a_planted_change_is_found_among_independent_songs_artists_and_albums() {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let artists = Music::artists(120, &mut rng);
    for (name, music, moved) in [
        ("independent songs", Music::independent(40), 1.5),
        ("artists of 8 songs", artists, 2.0),
        ("albums of 10 songs", Music::albums(12), 3.0),
    ] {
        let change = music.change(moved, true, &mut rng, 999);
        let found: Vec<i32> =
            change.steps.iter().filter(|s| s.p_adjusted <= 0.05).map(|s| s.to - 2000).collect();
        assert_eq!(found, [YEARS / 2], "{name}: {:?}", change.steps);
    }
}
