//! The songs as columns: numbers as bytes, so that the map is drawn before any text is read, and texts by
//! themselves.

use std::collections::{BTreeMap, HashMap};
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde::Serialize;

use crate::input::{ReportInput, SongRow};
use crate::measures::colours::cluster_colours;
use crate::measures::columns::{Kind, kind};
use crate::measures::layout::Layout;
use crate::measures::map;
use crate::measures::regions::{self, regions};
use crate::palette;

/// The longer side of the map, in steps of the page's coordinates.
const MAP: f64 = 65_535.0;
/// Nearest songs that the page lists; of very many songs, fewer: they are most of the page.
const NEIGHBORS: usize = 10;
const NEIGHBORS_OF_MANY: usize = 5;
/// More songs than this are beside the page, no longer in it.
pub(super) const MANY: usize = 200_000;
/// From this many songs on, columns and texts are deflated.
const DEFLATED: usize = 20_000;
/// A song without a year.
const NO_YEAR: i32 = i32::MIN;

/// What the map needs.
#[derive(Serialize)]
pub(super) struct Data<'a> {
    title: &'a str,
    songs: usize,
    deflated: bool,
    x: String,
    y: String,
    year: String,
    predicted: String,
    cluster: String,
    probability: String,
    outlier: String,
    artists: String,
    /// The songs that share title and artist with others.
    namesakes: String,
    #[serde(rename = "artistsKnown")]
    artists_known: bool,
    columns: Vec<Column<'a>>,
    neighbors: String,
    /// Neighbors of each song; fewer are filled with the song itself.
    near: usize,
    representatives: BTreeMap<i32, &'a [usize]>,
    frequencies: Option<(f64, f64)>,
    rate: Option<f64>,
    centres: Vec<Place>,
    /// Along both axes, where an empty stretch of the map is shortened.
    cuts: [Vec<u16>; 2],
    names: &'a BTreeMap<i32, String>,
    regions: Vec<Region>,
    colours: Colours,
}

#[derive(Serialize)]
struct Column<'a> {
    name: &'a str,
    kind: Kind,
    of: String,
}

/// What is read after the map is drawn.
#[derive(Serialize)]
pub(super) struct Texts<'a> {
    id: Vec<&'a str>,
    name: Vec<&'a str>,
    artists: Vec<&'a str>,
    columns: Vec<Vec<&'a str>>,
    audio: Paths<'a>,
    image: Paths<'a>,
}

/// Texts that come again and again: each once, and its number for each song.
struct Words<'a> {
    words: Vec<&'a str>,
    of: Vec<u32>,
}

/// Links with what they all begin with taken out.
#[derive(Serialize)]
struct Paths<'a> {
    start: &'a str,
    rest: Vec<Option<&'a str>>,
}

/// Where a cluster's number stands.
#[derive(Serialize)]
struct Place {
    cluster: i32,
    x: u16,
    y: u16,
}

/// Words for several clusters, and where they stand.
#[derive(Serialize)]
struct Region {
    clusters: Vec<i32>,
    words: String,
    x: u16,
    y: u16,
}

#[derive(Serialize)]
struct Colours {
    /// By cluster.
    of: BTreeMap<i32, String>,
    /// For any categories.
    clusters: Vec<String>,
    years: Vec<String>,
    /// The share of white in them on a dark page.
    lift: f64,
}

/// Both parts of the page's data, `Data` and the text of `Texts`, as JSON or, where it is deflated, as base64.
pub(super) fn data<'a>(
    input: &'a ReportInput,
    names: &'a BTreeMap<i32, String>,
) -> serde_json::Result<(String, String)> {
    let songs = &input.songs;
    let deflated = songs.len() >= DEFLATED;
    let scale = Scale::of(Layout::of(input));
    let place = |centre: map::Centre| {
        let [x, y] = centre.place;
        Place { cluster: centre.cluster, x: scale.x(x), y: scale.y(y) }
    };
    let region = |found: regions::Region| {
        let ([x, y], regions::Region { clusters, words, .. }) = (found.place, found);
        Region { clusters, words, x: scale.x(x), y: scale.y(y) }
    };
    let artists = words(songs.iter().map(|song| song.artist.as_str()));
    let columns: Vec<Words> = (0..input.columns.len())
        .map(|i| words(songs.iter().map(|song| song.extra[i].as_str())))
        .collect();
    let most = if songs.len() > MANY { NEIGHBORS_OF_MANY } else { NEIGHBORS };
    let near = input.neighbors.iter().map(Vec::len).max().unwrap_or(0).min(most);
    let neighbors = input.neighbors.iter().enumerate().flat_map(|(row, list)| {
        let own = row as u32;
        list.iter().copied().chain(std::iter::repeat(own)).take(near)
    });
    let column = |(name, words): (&'a String, &Words)| Column {
        name,
        kind: kind(name, &words.words, songs.len()),
        of: pack(deflated, words.of.iter().map(|n| n.to_le_bytes())),
    };
    let whole = Data {
        title: &input.title,
        songs: songs.len(),
        deflated,
        x: pack(deflated, songs.iter().map(|song| scale.x(song.map[0].into()).to_le_bytes())),
        y: pack(deflated, songs.iter().map(|song| scale.y(song.map[1].into()).to_le_bytes())),
        year: pack(deflated, songs.iter().map(|song| song.year.unwrap_or(NO_YEAR).to_le_bytes())),
        predicted: pack(
            deflated,
            songs.iter().map(|song| song.predicted.map_or(f32::NAN, tenths).to_le_bytes()),
        ),
        cluster: pack(deflated, songs.iter().map(|song| song.cluster.to_le_bytes())),
        probability: pack(
            deflated,
            songs.iter().map(|song| [(song.probability.clamp(0.0, 1.0) * 100.0).round() as u8]),
        ),
        outlier: pack(
            deflated,
            songs.iter().map(|song| song.outlier.map_or(f32::NAN, tenths).to_le_bytes()),
        ),
        artists: pack(deflated, artists.of.iter().map(|n| n.to_le_bytes())),
        namesakes: pack(deflated, namesakes(songs).map(u32::to_le_bytes)),
        artists_known: artists.words.len() > 1,
        columns: input.columns.iter().zip(&columns).map(column).collect(),
        neighbors: pack(deflated, neighbors.map(u32::to_le_bytes)),
        near,
        representatives: input
            .representatives
            .iter()
            .map(|(cluster, rows)| (*cluster, rows.as_slice()))
            .collect(),
        frequencies: input.frequencies,
        rate: input.columns_per_second,
        cuts: [0, 1].map(|axis| scale.cuts(axis)),
        centres: map::centres(input).into_iter().map(place).collect(),
        names,
        regions: regions(input).into_iter().map(region).collect(),
        colours: Colours {
            of: cluster_colours(input).all().iter().map(|(c, rgb)| (*c, css(*rgb))).collect(),
            clusters: palette::CLUSTERS.map(css).to_vec(),
            years: palette::YEARS.map(css).to_vec(),
            lift: palette::LIFT,
        },
    };
    let texts = Texts {
        id: songs.iter().map(|song| song.id.as_str()).collect(),
        name: songs.iter().map(|song| song.title.as_str()).collect(),
        artists: artists.words,
        columns: columns.into_iter().map(|column| column.words).collect(),
        audio: paths(songs.iter().map(|song| song.audio.as_deref())),
        image: paths(songs.iter().map(|song| song.image.as_deref())),
    };
    let texts = serde_json::to_string(&texts)?;
    let texts = if deflated { pack(true, [texts.into_bytes()]) } else { texts };
    Ok((serde_json::to_string(&whole)?, texts))
}

/// Bytes as base64, deflated (zlib) where the page is large.
fn pack(deflated: bool, parts: impl IntoIterator<Item = impl AsRef<[u8]>>) -> String {
    let mut bytes = Vec::new();
    parts.into_iter().for_each(|part| bytes.extend_from_slice(part.as_ref()));
    if deflated {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        // Writing into memory does not fail.
        if let Ok(packed) = encoder.write_all(&bytes).and_then(|()| encoder.finish()) {
            bytes = packed;
        }
    }
    STANDARD.encode(bytes)
}

/// A year to a tenth, no finer than it is shown.
fn tenths(year: f64) -> f32 {
    ((year * 10.0).round() / 10.0) as f32
}

/// From places on the map to coordinates from 0 on, the same scale in both directions, y growing upwards.
struct Scale {
    layout: Layout,
    steps: f64,
}

impl Scale {
    fn of(layout: Layout) -> Self {
        let side = [0, 1].map(|axis| layout.range(axis)).map(|(low, high)| high - low);
        let side = side[0].max(side[1]);
        Self { layout, steps: if side > 0.0 { MAP / side } else { 0.0 } }
    }

    fn x(&self, value: f64) -> u16 {
        self.step(0, self.layout.place(0, value))
    }

    fn y(&self, value: f64) -> u16 {
        self.step(1, self.layout.place(1, value))
    }

    /// The middles of the shortened stretches of an axis.
    fn cuts(&self, axis: usize) -> Vec<u16> {
        self.layout.cuts(axis).map(|middle| self.step(axis, middle)).collect()
    }

    fn step(&self, axis: usize, drawn: f64) -> u16 {
        ((drawn - self.layout.range(axis).0) * self.steps).round() as u16
    }
}

/// The rows of songs that share title and artist with others.
fn namesakes(songs: &[SongRow]) -> impl Iterator<Item = u32> {
    fn name(song: &SongRow) -> (&str, &str) {
        (&song.title, &song.artist)
    }
    let mut called: HashMap<(&str, &str), usize> = HashMap::with_capacity(songs.len());
    for song in songs {
        *called.entry(name(song)).or_default() += 1;
    }
    let rows: Vec<u32> = (0u32..)
        .zip(songs)
        .filter(|(_, song)| called[&name(song)] > 1)
        .map(|(row, _)| row)
        .collect();
    rows.into_iter()
}

fn words<'a>(texts: impl Iterator<Item = &'a str>) -> Words<'a> {
    let mut words = Words { words: Vec::new(), of: Vec::new() };
    let mut known: HashMap<&str, u32> = HashMap::new();
    for text in texts {
        let number = *known.entry(text).or_insert_with(|| {
            words.words.push(text);
            words.words.len() as u32 - 1
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

fn css([r, g, b]: palette::Rgb) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back() {
        use std::io::Read as _;
        let numbers: Vec<[u8; 4]> = (0..1000_u32).map(u32::to_le_bytes).collect();
        assert_eq!(STANDARD.decode(pack(false, &numbers)).unwrap(), numbers.as_flattened());
        let packed = STANDARD.decode(pack(true, &numbers)).unwrap();
        let mut found = Vec::new();
        flate2::read::ZlibDecoder::new(&packed[..]).read_to_end(&mut found).unwrap();
        assert_eq!(found, numbers.as_flattened());
        assert!(packed.len() < found.len());
    }

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
        let scale = |places: &[[f32; 2]]| {
            let song = |&map: &[f32; 2]| SongRow { map, ..SongRow::default() };
            let songs = places.iter().map(song).collect();
            Scale::of(Layout::of(&ReportInput { songs, ..ReportInput::default() }))
        };
        let two = scale(&[[-1.0, 6.0], [1.0, 5.0]]);
        assert_eq!([two.x(-1.0), two.x(1.0), two.y(5.0), two.y(6.0)], [0, 65_535, 0, 32_768]);
        let one = scale(&[[3.0, 4.0]]);
        assert_eq!((one.x(3.0), one.y(4.0)), (0, 0));
    }
}
