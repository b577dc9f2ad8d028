//! Songs in memory, and the pairs of crops that a batch is made of.

use std::collections::HashMap;
use std::sync::Arc;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::error::{Error, Result};

/// The spectrogram images of songs as time-major pixels: column `c` of a song lies at
/// `[c * rows .. (c + 1) * rows]`, row 0 is the highest frequency.
#[derive(Debug, Clone)]
pub struct Songs<'a> {
    rows: usize,
    pixels: Vec<&'a [u8]>,
    groups: Option<Vec<usize>>,
}

/// Two crops of one song.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// The number of the song.
    pub song: usize,
    /// The first columns of the two crops.
    pub starts: [usize; 2],
}

/// Draws the pairs of each batch: every song at most once, positions uniform; all songs equally often
/// ([`batch`](Self::batch)), or hard ones more often ([`hard_batch`](Self::hard_batch)).
///
/// A batch of the first kind depends only on the seed and the step, so that training continues after an
/// interruption without a record of random state.
#[derive(Debug, Clone)]
pub struct PairSampler {
    seed: u64,
    crop_columns: usize,
    min_distance: usize,
    pairs: usize,
    /// Number and columns of the songs that are long enough, ascending.
    songs: Arc<[(usize, usize)]>,
}

impl<'a> Songs<'a> {
    /// Songs of images with that many rows.
    ///
    /// # Errors
    /// [`Error::Pixels`] names the first song whose pixels do not fill whole columns.
    pub fn new(rows: usize, pixels: Vec<&'a [u8]>) -> Result<Self> {
        let ragged = |found: usize| rows == 0 || !found.is_multiple_of(rows);
        match pixels.iter().position(|own| ragged(own.len())) {
            Some(song) => Err(Error::Pixels { song, found: pixels[song].len(), rows }),
            None => Ok(Self { rows, pixels, groups: None }),
        }
    }

    /// The same with the number of the group of each song: the recordings of one piece, for example. Groups
    /// are held out whole ([`TrainParams::held_out`](crate::TrainParams::held_out)), and validated by whether
    /// their recordings find each other. Training does not see them.
    ///
    /// # Errors
    /// [`Error::Groups`] when there are not as many as songs.
    pub fn grouped(self, groups: Vec<usize>) -> Result<Self> {
        if groups.len() != self.len() {
            return Err(Error::Groups { found: groups.len(), expected: self.len() });
        }
        Ok(Self { groups: Some(groups), ..self })
    }

    /// The number of each song's group, if they are known.
    pub fn groups(&self) -> Option<&[usize]> {
        self.groups.as_deref()
    }

    /// Rows of an image.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The number of songs.
    pub fn len(&self) -> usize {
        self.pixels.len()
    }

    /// Whether there is no song.
    pub fn is_empty(&self) -> bool {
        self.pixels.is_empty()
    }

    /// Columns of a song.
    pub fn columns(&self, song: usize) -> usize {
        self.pixels[song].len() / self.rows
    }

    /// A hash of the songs' lengths and of eight columns of each, evenly spaced. All pixels of a large
    /// collection would take minutes to read; these take one read of the disk each.
    pub(crate) fn fingerprint(&self) -> String {
        const COLUMNS: usize = 8;
        let mut hasher = blake3::Hasher::new();
        for song in 0..self.len() {
            let columns = self.columns(song);
            hasher.update(&(columns as u64).to_le_bytes());
            for i in 0..COLUMNS.min(columns) {
                // In the middle of each eighth: songs often begin and end in silence.
                let column = (2 * i + 1) * columns / (2 * COLUMNS.min(columns));
                hasher.update(&self.pixels[song][column * self.rows..(column + 1) * self.rows]);
            }
        }
        // They decide what is held out.
        for group in self.groups.iter().flatten() {
            hasher.update(&(*group as u64).to_le_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }

    /// The pixels of a song.
    pub fn pixels(&self, song: usize) -> &'a [u8] {
        self.pixels[song]
    }
}

impl PairSampler {
    /// A sampler of `pairs` pairs per batch, or of as many as there are songs with at least one crop.
    ///
    /// # Errors
    /// [`Error::TooFewSongs`] when fewer than two songs are long enough.
    pub fn new(
        songs: &Songs,
        crop_columns: usize,
        pairs: usize,
        min_distance: usize,
        seed: u64,
    ) -> Result<Self> {
        Self::without(songs, &[], crop_columns, pairs, min_distance, seed)
    }

    /// The same without some of the songs, given by their ascending numbers.
    ///
    /// # Errors
    /// As [`PairSampler::new`].
    pub fn without(
        songs: &Songs,
        held_out: &[usize],
        crop_columns: usize,
        pairs: usize,
        min_distance: usize,
        seed: u64,
    ) -> Result<Self> {
        let long: Vec<_> = (0..songs.len())
            .map(|song| (song, songs.columns(song)))
            .filter(|&(_, columns)| columns >= crop_columns)
            .filter(|(song, _)| held_out.binary_search(song).is_err())
            .collect();
        if long.len() < 2 {
            let (found, songs) = (long.len(), songs.len());
            return Err(Error::TooFewSongs { found, songs, columns: crop_columns });
        }
        let pairs = pairs.min(long.len());
        Ok(Self { seed, crop_columns, min_distance, pairs, songs: long.into() })
    }

    /// Pairs in a batch.
    pub fn pairs(&self) -> usize {
        self.pairs
    }

    /// Songs that are long enough.
    pub fn songs(&self) -> usize {
        self.songs.len()
    }

    /// The pairs of a step, all songs equally often.
    pub fn batch(&self, step: usize) -> Vec<Pair> {
        let mut rng = self.rng(step);
        // The first draws of a Fisher–Yates shuffle, which keeps only the places that were swapped: a step
        // costs the same however many songs there are.
        let mut swapped: HashMap<usize, usize> = HashMap::with_capacity(2 * self.pairs);
        (0..self.pairs)
            .map(|place| {
                let other = rng.random_range(place..self.songs.len());
                let drawn = swapped.get(&other).copied().unwrap_or(other);
                let moved = swapped.get(&place).copied().unwrap_or(place);
                swapped.insert(other, moved);
                let (song, columns) = self.songs[drawn];
                Pair { song, starts: self.starts(columns, &mut rng) }
            })
            .collect()
    }

    /// The random numbers of a step; stream 0 chooses what is held out.
    pub(crate) fn rng(&self, step: usize) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(step as u64 + 1);
        rng
    }

    /// Number and columns of the songs that are long enough, ascending.
    pub(crate) fn long_songs(&self) -> &Arc<[(usize, usize)]> {
        &self.songs
    }

    /// Two independent positions, moved apart by the least distance.
    pub(crate) fn starts(&self, columns: usize, rng: &mut ChaCha8Rng) -> [usize; 2] {
        let last = columns - self.crop_columns;
        let distance = self.min_distance.min(last);
        let (x, y) = (rng.random_range(0..=last - distance), rng.random_range(0..=last - distance));
        if x <= y && (x < y || rng.random_bool(0.5)) {
            [x, y + distance]
        } else {
            [x + distance, y]
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn pixels() -> Vec<Vec<u8>> {
        (0..20_u8).map(|song| vec![song; 2 * (30 + usize::from(song))]).collect()
    }

    fn songs(pixels: &[Vec<u8>]) -> Songs<'_> {
        Songs::new(2, pixels.iter().map(Vec::as_slice).collect()).unwrap()
    }

    #[test]
    fn a_batch_has_every_song_at_most_once_and_crops_inside() {
        let pixels = pixels();
        let songs = songs(&pixels);
        let sampler = PairSampler::new(&songs, 32, 8, 0, 1).unwrap();
        assert_eq!(sampler.songs(), 18);
        let mut drawn = [0; 20];
        for step in 0..500 {
            let batch = sampler.batch(step);
            let mut seen: Vec<_> = batch.iter().map(|pair| pair.song).collect();
            seen.iter().for_each(|&song| drawn[song] += 1);
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), 8);
            for pair in batch {
                assert!(pair.starts.iter().all(|s| s + 32 <= songs.columns(pair.song)));
            }
        }
        // 500 * 8 / 18 = 222 expected, with a standard deviation of 11.
        assert!(
            drawn[..2] == [0, 0] && drawn[2..].iter().all(|n| (167..278).contains(n)),
            "{drawn:?}"
        );
    }

    #[test]
    fn a_batch_is_the_beginning_of_a_shuffle() {
        let pixels = pixels();
        let songs = songs(&pixels);
        let sampler = PairSampler::new(&songs, 16, 9, 0, 1).unwrap();
        for step in 0..50 {
            let mut rng = sampler.rng(step);
            let mut all: Vec<usize> = (0..20).collect();
            let expected: Vec<Pair> = (0..9)
                .map(|place| {
                    let other = rng.random_range(place..20);
                    all.swap(place, other);
                    let song = all[place];
                    Pair { song, starts: sampler.starts(songs.columns(song), &mut rng) }
                })
                .collect();
            assert_eq!(sampler.batch(step), expected);
        }
    }

    #[test]
    fn batches_depend_on_seed_and_step_alone() {
        let pixels = pixels();
        let songs = songs(&pixels);
        let new = |seed| PairSampler::new(&songs, 16, 8, 0, seed).unwrap();
        assert_eq!(new(1).batch(7), new(1).batch(7));
        assert_ne!(new(1).batch(7), new(1).batch(8));
        assert_ne!(new(1).batch(7), new(2).batch(7));
    }

    #[test]
    fn the_least_distance_is_kept_where_the_song_allows() {
        let pixels = pixels();
        let songs = songs(&pixels);
        let sampler = PairSampler::new(&songs, 16, 20, 25, 1).unwrap();
        let mut forward = 0;
        for pair in (0..50).flat_map(|step| sampler.batch(step)) {
            let allowed = (songs.columns(pair.song) - 16).min(25);
            assert!(pair.starts[0].abs_diff(pair.starts[1]) >= allowed);
            forward += usize::from(pair.starts[0] < pair.starts[1]);
        }
        assert!((400..600).contains(&forward), "{forward} of 1000");
    }

    #[test]
    fn a_batch_larger_than_the_songs_has_all_songs() {
        let pixels = pixels();
        let sampler = PairSampler::new(&songs(&pixels), 16, 64, 0, 1).unwrap();
        assert_eq!(sampler.batch(0).len(), 20);
    }

    #[test]
    fn other_images_of_the_same_lengths_have_another_fingerprint() {
        let (mut pixels, same) = (pixels(), pixels());
        let print = |pixels: &[Vec<u8>]| songs(pixels).fingerprint();
        assert_eq!(print(&pixels), print(&same));
        pixels[7].iter_mut().for_each(|pixel| *pixel ^= 1);
        assert_ne!(print(&pixels), print(&same));
        // Lengths count too, and a song may be shorter than the sample, or empty.
        let of = |lengths: &[usize]| {
            let pixels: Vec<Vec<u8>> = lengths.iter().map(|&n| vec![0; 2 * n]).collect();
            print(&pixels)
        };
        assert_ne!(of(&[3, 0, 20]), of(&[20, 0, 3]));
        let grouped = songs(&same).grouped((0..20).map(|song| song / 2).collect()).unwrap();
        assert_ne!(grouped.fingerprint(), print(&same));
        let message = songs(&same).grouped(vec![1]).unwrap_err().to_string();
        assert_eq!(message, "groups of 1 songs, expected those of 20");
        assert_eq!(of(&[3, 0, 20]), of(&[3, 0, 20]));
    }

    #[test]
    fn too_few_and_ragged_songs_are_refused() {
        let pixels = pixels();
        let message = PairSampler::new(&songs(&pixels), 49, 4, 0, 1).unwrap_err().to_string();
        assert!(message.starts_with("1 of 20 songs have the 49 columns"), "{message}");
        let none = PairSampler::new(&Songs::new(2, vec![]).unwrap(), 49, 4, 0, 1).unwrap_err();
        assert!(matches!(none, Error::TooFewSongs { found: 0, songs: 0, .. }));
        let ragged = Songs::new(2, vec![&[0; 4], &[0; 5]]).unwrap_err().to_string();
        assert!(ragged.starts_with("song 1: 5 pixels"), "{ragged}");
    }
}
