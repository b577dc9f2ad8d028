//! Songs: who plays which, when, and what about it is told to the reader of the manifest.

use std::sync::Arc;

use crate::artist::{Artist, roster};
use crate::composition::Composition;
use crate::effect::Band;
use crate::era::{Playing, Recording};
use crate::error::Result;
use crate::name::{Names, slug};
use crate::params::Params;
use crate::random::{Draw, Purpose, stream};
use crate::style::STYLES;

/// What is known about a song.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SongInfo {
    /// Unique within a library.
    pub title: String,
    /// The artist; folds of a validation should be grouped by it.
    pub artist: String,
    /// The style by name, for evaluation only.
    pub style: String,
    /// The year of release.
    pub year: i32,
    /// Beats per minute.
    pub tempo: f32,
    /// Tonic and mode, such as `Eb minor`.
    pub key: String,
    /// The song's file name, unique within a library.
    pub file: String,
}

/// A song as it is planned: everything but the sound.
#[derive(Debug, Clone)]
pub struct SongPlan {
    pub(crate) index: usize,
    pub(crate) seed: u64,
    pub(crate) seconds: f64,
    pub(crate) sampling_rate: u32,
    pub(crate) info: SongInfo,
    pub(crate) artist: Arc<Artist>,
    pub(crate) composition: Composition,
    pub(crate) recording: Recording,
    pub(crate) equaliser: Vec<Band>,
}

impl SongPlan {
    /// What is known about the song.
    pub fn info(&self) -> &SongInfo {
        &self.info
    }

    /// The number of samples that [`render`](Self::render) gives.
    pub fn samples(&self) -> usize {
        (self.seconds * f64::from(self.sampling_rate)).round() as usize
    }
}

/// The plans of all songs. Song `i` depends only on the seed, on `i` and on its artist.
///
/// # Errors
/// [`Error::Parameter`](crate::Error::Parameter) when a parameter is out of range.
pub fn catalog(params: &Params) -> Result<Vec<SongPlan>> {
    params.check()?;
    let names = Names::new(&mut stream(params.seed, Purpose::Names, 0));
    let (first, last) = (*params.years.start(), *params.years.end());
    let artists: Vec<Arc<Artist>> = roster(params.seed, params.artists, first, last, &names)
        .into_iter()
        .map(Arc::new)
        .collect();
    // Neighbours in the list are far apart in time.
    let stride = coprime((0.618 * artists.len() as f64) as usize, artists.len());
    Ok((0..params.songs)
        .map(|index| {
            let artist = &artists[index * stride % artists.len()];
            plan(params, index, artist, index / artists.len(), &names)
        })
        .collect())
}

/// The first number from `start` on without a common factor with `n`.
fn coprime(start: usize, n: usize) -> usize {
    fn common(a: usize, b: usize) -> usize {
        if b == 0 { a } else { common(b, a % b) }
    }
    (start.max(1)..).find(|&k| common(k, n) == 1).unwrap_or(1)
}

/// Song `index`, which is the artist's `round`-th.
fn plan(
    params: &Params,
    index: usize,
    artist: &Arc<Artist>,
    round: usize,
    names: &Names,
) -> SongPlan {
    let mut draw = stream(params.seed, Purpose::Song, index);
    let year = release(artist, round, params, &mut draw);
    let style = &STYLES[artist.style];

    // The song is ahead of its year or behind it: in its music, in its studio, and in both.
    let shared = year as f32 + 1.5 * draw.normal();
    let musical = (shared + artist.playing_offset + 1.5 * draw.normal()).max(1955.0);
    let mut studio = shared + artist.studio_offset + 2.0 * draw.normal();
    if draw.chance(0.1) {
        studio -= draw.between(8.0, 25.0);
    }
    let remaster = draw.chance(0.4).then(|| draw.between(1993.0, 2020.0).max(year as f32));

    let playing = Playing::draw(musical, &mut draw);
    let recording = Recording::draw(studio, remaster, &mut draw);
    let composition = Composition::draw(artist, playing, params.seconds, &mut draw);
    let equaliser = equaliser(&mut draw);
    let title = names.title(index);
    SongPlan {
        index,
        seed: params.seed,
        seconds: params.seconds,
        sampling_rate: params.sampling_rate,
        info: SongInfo {
            file: format!("{:04}-{}.wav", index + 1, slug(&title)),
            title,
            artist: artist.name.clone(),
            style: style.name.into(),
            year,
            tempo: composition.tempo,
            key: composition.home().name(),
        },
        artist: Arc::clone(artist),
        composition,
        recording,
        equaliser,
    }
}

/// A year within the artist's career. Releases are spread evenly over it, and what falls outside
/// the library's years is mirrored at their ends, so that all years are about equally frequent.
fn release(artist: &Artist, round: usize, params: &Params, draw: &mut Draw) -> i32 {
    let (first, last) = (*params.years.start() as f32, *params.years.end() as f32 + 1.0);
    let place = (0.618_034 * round as f32 + 0.2 + draw.between(-0.1, 0.1)).rem_euclid(1.0);
    let mut year = artist.from + artist.years * place;
    if year < first {
        year = 2.0 * first - year;
    }
    if year >= last {
        year = 2.0 * last - year;
    }
    (year.floor() as i32).clamp(*params.years.start(), *params.years.end())
}

/// The song's own colour.
fn equaliser(draw: &mut Draw) -> Vec<Band> {
    vec![
        Band::LowShelf { hz: draw.between(90.0, 300.0), db: 1.5 * draw.normal() },
        Band::Peak { hz: 250.0 * draw.between(0.0, 4.5).exp2(), db: 1.8 * draw.normal(), q: 0.9 },
        Band::HighShelf { hz: draw.between(1800.0, 7000.0), db: 1.8 * draw.normal() },
    ]
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn songs_do_not_depend_on_how_many_there_are() {
        let few = catalog(&Params { songs: 7, ..Params::default() }).unwrap();
        let many = catalog(&Params { songs: 60, ..Params::default() }).unwrap();
        for (a, b) in few.iter().zip(&many) {
            assert_eq!(format!("{a:?}"), format!("{b:?}"));
        }
    }

    #[test]
    fn a_stride_visits_all() {
        for n in 1..200 {
            let stride = coprime((0.618 * n as f64) as usize, n);
            let seen: std::collections::HashSet<usize> = (0..n).map(|i| i * stride % n).collect();
            assert_eq!(seen.len(), n);
        }
    }
}
