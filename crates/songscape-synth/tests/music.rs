//! The songs themselves: years, styles, levels, spectra, halves.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use realfft::RealFftPlanner;
use songscape_synth::{Params, SongPlan, catalog};

const RATE: usize = 44_100;

fn library() -> Vec<SongPlan> {
    catalog(&Params::default()).unwrap()
}

/// The mean power spectrum of a signal, in bins of 44,100 / 4,096 Hz.
fn spectrum(signal: &[f32]) -> Vec<f64> {
    let fft = RealFftPlanner::<f32>::new().plan_fft_forward(4096);
    let mut out = fft.make_output_vec();
    let mut power = vec![0.0; out.len()];
    for frame in signal.chunks_exact(4096) {
        let mut frame: Vec<f32> = frame
            .iter()
            .enumerate()
            .map(|(n, x)| x * (0.5 - 0.5 * (std::f32::consts::TAU * n as f32 / 4096.0).cos()))
            .collect();
        fft.process(&mut frame, &mut out).unwrap();
        for (sum, value) in power.iter_mut().zip(&out) {
            *sum += f64::from(value.norm_sqr());
        }
    }
    power
}

/// The power in each of the twelve pitch classes, 110–1760 Hz, as shares.
fn chroma(signal: &[f32]) -> [f64; 12] {
    let mut classes = [0.0; 12];
    for (bin, power) in spectrum(signal).iter().enumerate() {
        let hz = bin as f64 * RATE as f64 / 4096.0;
        if (110.0..1760.0).contains(&hz) {
            let pitch = (69.0 + 12.0 * (hz / 440.0).log2()).round() as i64;
            classes[pitch.rem_euclid(12) as usize] += power.sqrt();
        }
    }
    let total: f64 = classes.iter().sum();
    classes.map(|c| c / total)
}

#[test]
fn years_are_spread_about_evenly() {
    let mut decades = BTreeMap::new();
    for song in library() {
        let year = song.info().year;
        assert!((1960..=2020).contains(&year));
        *decades.entry(year / 10).or_insert(0) += 1;
    }
    // 240 songs over 61 years: 39 a decade; 2020 stands alone.
    for decade in 196..202 {
        assert!((27..=52).contains(&decades[&decade]), "{decades:?}");
    }
}

#[test]
fn styles_rise_and_fall_and_have_several_artists() {
    // Many songs, so that the shares are those of the plan and not of chance.
    let songs = catalog(&Params { songs: 4800, artists: 960, ..Params::default() }).unwrap();
    let mut shares: BTreeMap<&str, [f64; 6]> = BTreeMap::new();
    let mut totals = [0.0; 6];
    for song in &songs {
        let decade = ((song.info().year - 1960) / 10).min(5) as usize;
        shares.entry(&song.info().style).or_default()[decade] += 1.0;
        totals[decade] += 1.0;
    }
    assert_eq!(shares.len(), 10);
    for (style, counts) in &shares {
        let share: Vec<f64> = counts.iter().zip(totals).map(|(n, t)| n / t).collect();
        let most = share.iter().copied().fold(0.0, f64::max);
        let least = share.iter().copied().fold(1.0, f64::min);
        assert!(least < 0.3 * most, "{style} neither rises nor falls: {share:?}");
        assert!(counts.iter().filter(|n| **n > 0.0).count() >= 2, "{style}: {counts:?}");
    }
    let mut artists: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for song in library() {
        let info = song.info().clone();
        artists.entry(info.style).or_default().insert(info.artist);
    }
    assert_eq!(artists.len(), 10);
    assert!(artists.values().all(|names| names.len() >= 3), "{artists:?}");
}

#[test]
fn titles_and_files_are_unique() {
    let songs = library();
    let distinct = |of: fn(&SongPlan) -> &str| songs.iter().map(of).collect::<BTreeSet<_>>().len();
    assert_eq!(distinct(|song| &song.info().title), 240);
    assert_eq!(distinct(|song| &song.info().file), 240);
    assert_eq!(distinct(|song| &song.info().artist), 60);
}

#[test]
fn songs_sound_from_bass_to_treble_and_never_clip() {
    for song in library().iter().step_by(19) {
        let title = &song.info().title;
        let samples = song.render();
        assert_eq!(samples.len(), 30 * RATE, "{title}");
        assert!(samples.iter().all(|x| x.is_finite() && x.abs() < 0.99), "{title}");
        let level = |part: &[f32]| {
            let power = part.iter().map(|x| f64::from(x * x)).sum::<f64>() / part.len() as f64;
            10.0 * (power + 1e-20).log10()
        };
        let all = level(&samples);
        assert!((-28.0..-7.0).contains(&all), "{title}: {all} dB");
        // The last seconds may fade out.
        for (second, part) in samples.chunks(RATE).enumerate().take(26) {
            assert!(level(part) > all - 32.0, "{title}: {} dB in second {second}", level(part));
        }
        let power = spectrum(&samples);
        let bin = |hz: f64| (hz * 4096.0 / RATE as f64) as usize;
        let share = |low: f64, high: f64| {
            power[bin(low)..bin(high)].iter().sum::<f64>() / power.iter().sum::<f64>()
        };
        assert!(share(30.0, 12_000.0) > 0.9, "{title}: {}", share(30.0, 12_000.0));
        for (low, high) in [(40.0, 250.0), (250.0, 2000.0), (2000.0, 12_000.0)] {
            let part = share(low, high);
            assert!(part > 1e-4, "{title}: {part} of the power between {low} and {high} Hz");
        }
    }
}

#[test]
fn halves_differ_but_belong_together() {
    let songs: Vec<SongPlan> = library().into_iter().take(16).collect();
    let halves: Vec<[[f64; 12]; 2]> = songs
        .iter()
        .map(|song| {
            let samples = song.render();
            let (first, second) = samples.split_at(samples.len() / 2);
            [chroma(first), chroma(second)]
        })
        .collect();
    let distance =
        |a: &[f64; 12], b: &[f64; 12]| -> f64 { a.iter().zip(b).map(|(x, y)| (x - y).abs()).sum() };
    let mut own = 0.0;
    let mut other = 0.0;
    for (i, [first, second]) in halves.iter().enumerate() {
        let apart = distance(first, second);
        assert!(apart > 0.01, "the halves of song {i} are the same");
        own += apart;
        other += halves
            .iter()
            .enumerate()
            .filter(|(j, _)| *j != i)
            .map(|(_, [_, strange])| distance(first, strange) / 15.0)
            .sum::<f64>();
    }
    assert!(own < 0.75 * other, "own halves are {own} apart, strange ones {other}");
}
