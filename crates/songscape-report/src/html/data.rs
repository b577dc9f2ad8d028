//! The songs as columns of JSON: smaller than one object for each song, and quick to read.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use crate::input::ReportInput;
use crate::palette;

/// The longer side of the map, in steps of the page's coordinates.
const MAP: f64 = 100_000.0;
/// Nearest songs that the page lists.
const NEIGHBOURS: usize = 10;

#[derive(Serialize)]
pub(super) struct Data<'a> {
    title: &'a str,
    id: Vec<&'a str>,
    name: Vec<&'a str>,
    artist: Words<'a>,
    year: Vec<Option<i32>>,
    predicted: Vec<Option<f64>>,
    cluster: Vec<i32>,
    probability: Vec<f64>,
    x: Vec<u32>,
    y: Vec<u32>,
    audio: Paths<'a>,
    image: Paths<'a>,
    columns: Vec<Column<'a>>,
    neighbours: Vec<&'a [u32]>,
    representatives: BTreeMap<i32, &'a [usize]>,
    frequencies: Option<(f64, f64)>,
    rate: Option<f64>,
    colours: Colours,
}

/// Texts that come again and again: each once, and its number for each song.
#[derive(Serialize)]
struct Words<'a> {
    words: Vec<&'a str>,
    of: Vec<usize>,
}

#[derive(Serialize)]
struct Column<'a> {
    name: &'a str,
    values: Words<'a>,
}

/// Links with what they all begin with taken out.
#[derive(Serialize)]
struct Paths<'a> {
    start: &'a str,
    rest: Vec<Option<&'a str>>,
}

#[derive(Serialize)]
struct Colours {
    clusters: Vec<String>,
    years: Vec<String>,
}

impl<'a> Data<'a> {
    pub fn new(input: &'a ReportInput) -> Self {
        let songs = &input.songs;
        let [x, y] = [0, 1].map(|axis| songs.iter().map(|s| f64::from(s.map[axis])).collect());
        let (x, y) = places(x, y);
        let column = |i: usize| words(songs.iter().map(|song| song.extra[i].as_str()));
        Self {
            title: &input.title,
            id: songs.iter().map(|song| song.id.as_str()).collect(),
            name: songs.iter().map(|song| song.title.as_str()).collect(),
            artist: words(songs.iter().map(|song| song.artist.as_str())),
            year: songs.iter().map(|song| song.year).collect(),
            predicted: songs.iter().map(|song| song.predicted.map(|v| round(v, 10.0))).collect(),
            cluster: songs.iter().map(|song| song.cluster).collect(),
            probability: songs.iter().map(|song| round(song.probability, 100.0)).collect(),
            x,
            y,
            audio: paths(songs.iter().map(|song| song.audio.as_deref())),
            image: paths(songs.iter().map(|song| song.image.as_deref())),
            columns: input
                .columns
                .iter()
                .enumerate()
                .map(|(i, name)| Column { name, values: column(i) })
                .collect(),
            neighbours: input
                .neighbours
                .iter()
                .map(|rows| &rows[..rows.len().min(NEIGHBOURS)])
                .collect(),
            representatives: input
                .representatives
                .iter()
                .map(|(cluster, rows)| (*cluster, rows.as_slice()))
                .collect(),
            frequencies: input.frequencies,
            rate: input.columns_per_second,
            colours: Colours {
                clusters: palette::CLUSTERS.map(css).to_vec(),
                years: palette::YEARS.map(css).to_vec(),
            },
        }
    }
}

/// Coordinates from 0 on, the same scale in both directions, y growing upwards.
fn places(x: Vec<f64>, y: Vec<f64>) -> (Vec<u32>, Vec<u32>) {
    let least = |values: &[f64]| values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = |values: &[f64]| values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let side = (most(&x) - least(&x)).max(most(&y) - least(&y));
    let scale = if side > 0.0 { MAP / side } else { 0.0 };
    let steps = |values: Vec<f64>| {
        let zero = least(&values);
        values.into_iter().map(|v| ((v - zero) * scale).round() as u32).collect()
    };
    (steps(x), steps(y))
}

fn words<'a>(texts: impl Iterator<Item = &'a str>) -> Words<'a> {
    let mut words = Words { words: Vec::new(), of: Vec::new() };
    let mut known: HashMap<&str, usize> = HashMap::new();
    for text in texts {
        let number = *known.entry(text).or_insert_with(|| {
            words.words.push(text);
            words.words.len() - 1
        });
        words.of.push(number);
    }
    words
}

fn paths<'a>(links: impl Iterator<Item = Option<&'a str>>) -> Paths<'a> {
    let links: Vec<Option<&str>> = links.collect();
    let mut present = links.iter().copied().flatten();
    let mut start = present.next().unwrap_or_default();
    for link in present {
        let same = start.char_indices().zip(link.chars()).find(|((_, a), b)| a != b);
        let end = same.map_or(start.len().min(link.len()), |((at, _), _)| at);
        start = &start[..end];
    }
    let rest = links.iter().map(|link| link.map(|link| &link[start.len()..])).collect();
    Paths { start, rest }
}

fn round(value: f64, scale: f64) -> f64 {
    (value * scale).round() / scale
}

fn css([r, g, b]: palette::Rgb) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_share_their_beginning() {
        let found = paths([Some("../a/é1.wav"), None, Some("../a/è2.wav")].into_iter());
        assert_eq!(
            (found.start, found.rest),
            ("../a/", vec![Some("é1.wav"), None, Some("è2.wav")])
        );
        let found = paths([Some("a"), Some("ab")].into_iter());
        assert_eq!((found.start, found.rest), ("a", vec![Some(""), Some("b")]));
        assert_eq!(paths([None].into_iter()).rest, [None]);
    }

    #[test]
    fn both_axes_keep_one_scale() {
        let (x, y) = places(vec![-1.0, 1.0], vec![5.0, 6.0]);
        assert_eq!((x, y), (vec![0, 100_000], vec![0, 50_000]));
        assert_eq!(places(vec![3.0], vec![4.0]), (vec![0], vec![0]));
        assert_eq!(places(vec![], vec![]), (vec![], vec![]));
    }
}
