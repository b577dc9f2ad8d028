//! How hard each song is, and batches of hard songs, at a cost that does not grow with the songs.

use std::collections::BTreeSet;
use std::sync::Arc;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use tch::Tensor;

use crate::error::Result;
use crate::history;
use crate::pairs::{Pair, PairSampler};
use crate::params::Sampling;
use crate::sums::{Sums, Weights};

/// A running mean of each song's loss.
#[derive(Debug, Clone, PartialEq)]
pub struct SongLosses {
    keep: f64,
    /// Number and columns of the songs that can be drawn, ascending.
    songs: Arc<[(usize, usize)]>,
    /// By the place of the song; unseen before its first batch.
    means: Sums,
}

impl SongLosses {
    /// For the songs of a sampler, none of them seen yet. `keep` is the share of the old mean that stays
    /// when a song is seen again, 0 to 1.
    pub fn new(sampler: &PairSampler, keep: f64) -> Self {
        let songs = Arc::clone(sampler.long_songs());
        Self { keep, means: Sums::new(songs.len()), songs }
    }

    /// Takes up what the pairs of a batch cost.
    pub fn record(&mut self, pairs: &[Pair], losses: &[f64]) {
        for (pair, &loss) in pairs.iter().zip(losses) {
            if let Some(place) = self.place(pair.song) {
                let mean = self.means.get(place);
                let mean = mean.map_or(loss, |old| self.keep * old + (1.0 - self.keep) * loss);
                self.means.set(place, Some(mean));
            }
        }
    }

    /// The running mean of a song's loss; `None` before its first batch.
    pub fn mean(&self, song: usize) -> Option<f64> {
        self.means.get(self.place(song)?)
    }

    fn place(&self, song: usize) -> Option<usize> {
        self.songs.binary_search_by_key(&song, |(own, _)| *own).ok()
    }

    /// For a checkpoint, `[songs that can be drawn]` in float64; NaN before a song's first batch.
    pub(crate) fn to_tensor(&self) -> Result<Tensor> {
        let means: Vec<Option<f64>> = (0..self.songs.len()).map(|i| self.means.get(i)).collect();
        history::to_tensor(&means, |mean| [mean.unwrap_or(f64::NAN)])
    }

    /// Continues from a checkpoint.
    pub(crate) fn restore(&mut self, tensor: &Tensor) -> Result<()> {
        let means = history::from_tensor(tensor, |[mean]: [f64; 1]| mean)?;
        for (place, mean) in means.into_iter().enumerate().take(self.songs.len()) {
            self.means.set(place, (!mean.is_nan()).then_some(mean));
        }
        Ok(())
    }
}

/// How the songs of a batch are drawn, with what that depends on.
#[derive(Debug)]
pub(crate) enum Draw {
    Uniform,
    Hard { losses: SongLosses, neighbors: usize, reach: usize },
}

impl Draw {
    /// As it is before the first step.
    pub(crate) fn new(sampling: Sampling, sampler: &PairSampler) -> Self {
        match sampling {
            Sampling::Uniform => Self::Uniform,
            Sampling::Hard { keep, neighbors, reach } => {
                Self::Hard { losses: SongLosses::new(sampler, keep), neighbors, reach }
            }
        }
    }

    /// The pairs of a step.
    pub(crate) fn pairs(&self, sampler: &PairSampler, step: usize) -> Vec<Pair> {
        match self {
            Self::Uniform => sampler.batch(step),
            Self::Hard { losses, neighbors, reach } => {
                sampler.hard_batch(step, losses, *neighbors, *reach)
            }
        }
    }

    /// Takes up what the pairs of a batch cost.
    pub(crate) fn record(&mut self, pairs: &[Pair], costs: &[f64]) {
        if let Self::Hard { losses, .. } = self {
            losses.record(pairs, costs);
        }
    }

    /// The losses for a checkpoint, where they matter.
    pub(crate) fn to_tensor(&self) -> Result<Option<Tensor>> {
        match self {
            Self::Uniform => Ok(None),
            Self::Hard { losses, .. } => losses.to_tensor().map(Some),
        }
    }

    /// Continues from a checkpoint.
    pub(crate) fn restore(&mut self, saved: Option<&Tensor>) -> Result<()> {
        match (self, saved) {
            (Self::Hard { losses, .. }, Some(saved)) => losses.restore(saved),
            _ => Ok(()),
        }
    }
}

impl PairSampler {
    /// The pairs of a step, drawn as the published program draws them: a song by its mean loss, hard
    /// ones more often, then `neighbors` songs from at most `reach` places before or after it in the
    /// order of the songs, which in a collection sorted by year are its contemporaries; and again,
    /// until the batch is full. Every song at most once. Songs that were never seen count as the hardest one,
    /// losses below zero, which some kinds have, are shifted up to it, and a hundredth of the mean is added to
    /// all, so that no song is left out for ever.
    ///
    /// The batch depends on the seed, the step, and the losses, which must be those of this sampler
    /// ([`SongLosses::new`]). A draw takes time by the logarithm of the number of songs, and by `reach`.
    pub fn hard_batch(
        &self,
        step: usize,
        losses: &SongLosses,
        neighbors: usize,
        reach: usize,
    ) -> Vec<Pair> {
        let mut rng = self.rng(step);
        let songs = self.long_songs();
        let weights = losses.means.weights();
        // What was drawn is not drawn again.
        let mut drawn: BTreeSet<usize> = BTreeSet::new();
        let mut batch = Vec::with_capacity(self.pairs());
        while batch.len() < self.pairs() {
            let anchor = draw(losses, &weights, &drawn, &mut rng);
            let near =
                anchor.saturating_sub(reach)..=anchor.saturating_add(reach).min(songs.len() - 1);
            let mut chosen = Some(anchor);
            for _ in 0..=neighbors.min(self.pairs() - batch.len() - 1) {
                let Some(place) = chosen else { break };
                drawn.insert(place);
                let (song, columns) = songs[place];
                batch.push(Pair { song, starts: self.starts(columns, &mut rng) });
                let free: Vec<usize> = near.clone().filter(|p| !drawn.contains(p)).collect();
                chosen = (!free.is_empty()).then(|| free[rng.random_range(0..free.len())]);
            }
        }
        batch
    }
}

/// A place that was not drawn yet, with a probability proportional to its weight.
fn draw(
    losses: &SongLosses,
    weights: &Weights,
    drawn: &BTreeSet<usize>,
    rng: &mut ChaCha8Rng,
) -> usize {
    // Leaving out what was drawn: their weights are taken from the sum, and skipped on the way. What is
    // left of a place is between the running sum and that of the drawn places before it.
    let taken: Vec<(usize, f64)> =
        drawn.iter().map(|&place| (place, weights.of(losses.means.get(place)))).collect();
    let sum = weights.sum - taken.iter().map(|(_, weight)| weight).sum::<f64>();
    let mut left = rng.random::<f64>() * sum.max(0.0);
    for (place, weight) in &taken {
        if losses.means.before(*place, weights) <= left {
            left += weight;
        } else {
            break;
        }
    }
    let found = losses.means.find(left, weights);
    // Rounding may end at a drawn place: then the next free one, of which there is at least one.
    let count = losses.songs.len();
    let free = (found..count).chain(0..found).find(|place| !drawn.contains(place));
    free.unwrap_or(found)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::Songs;

    fn sampler(pairs: usize) -> PairSampler {
        let pixels = vec![0; 2 * 50];
        PairSampler::new(&Songs::new(2, vec![&pixels; 40]).unwrap(), 16, pairs, 0, 3).unwrap()
    }

    fn all(losses: impl Fn(usize) -> f64) -> SongLosses {
        let mut means = SongLosses::new(&sampler(2), 0.9);
        let pairs: Vec<Pair> = (0..40).map(|song| Pair { song, starts: [0, 0] }).collect();
        means.record(&pairs, &(0..40).map(losses).collect::<Vec<_>>());
        means
    }

    #[test]
    fn the_mean_runs() {
        let mut means = SongLosses::new(&sampler(2), 0.75);
        assert_eq!(means.mean(1), None);
        let pair = [Pair { song: 1, starts: [0, 0] }];
        means.record(&pair, &[4.0]);
        assert_eq!(means.mean(1), Some(4.0));
        means.record(&pair, &[8.0]);
        assert_eq!(means.mean(1), Some(5.0));
        let mut back = SongLosses::new(&sampler(2), 0.75);
        back.restore(&means.to_tensor().unwrap()).unwrap();
        assert_eq!(back, means);
    }

    #[test]
    fn hard_songs_are_drawn_in_proportion_to_their_loss() {
        // Alone: no neighbours, two of forty a batch.
        let (sampler, losses) = (sampler(2), all(|song| if song < 10 { 3.0 } else { 1.0 }));
        let hard = (0..4000)
            .flat_map(|step| sampler.hard_batch(step, &losses, 0, 0))
            .filter(|pair| pair.song < 10)
            .count();
        // 30 of 60 by weight; a little less since none comes twice and since of the floor.
        assert!((3700..4050).contains(&hard), "{hard} of 8000");
        // Losses below zero are shifted; equal ones are drawn alike.
        let losses = all(|song| if song == 7 { 1.0 } else { -1.0 });
        let often = (0..200).filter(|&step| {
            sampler.hard_batch(step, &losses, 0, 0).iter().any(|pair| pair.song == 7)
        });
        assert!(often.count() > 150);
        let even = sampler.hard_batch(0, &SongLosses::new(&sampler, 0.9), 0, 0);
        assert_eq!(even.len(), 2);
    }

    #[test]
    fn songs_are_followed_by_their_neighbours_and_come_once() {
        let (half, losses) = (sampler(16), all(|song| song as f64));
        for step in 0..200 {
            let batch = half.hard_batch(step, &losses, 3, 5);
            let mut songs: Vec<_> = batch.iter().map(|pair| pair.song).collect();
            // Of the first at least, none of whose neighbours is taken.
            let four = &songs[..4];
            assert!(four[1..].iter().all(|song| song.abs_diff(four[0]) <= 5), "{four:?}");
            songs.sort_unstable();
            songs.dedup();
            assert_eq!(songs.len(), 16);
            assert_eq!(batch, half.hard_batch(step, &losses, 3, 5));
        }
        // All songs fit into one batch, whatever their neighbourhoods.
        assert_eq!(sampler(64).hard_batch(0, &losses, 3, 1).len(), 40);
    }

    #[test]
    fn draws_are_those_of_all_weights_in_a_row() {
        let losses = all(|song| ((song * 37) % 11) as f64 - 2.0);
        let sampler = sampler(12);
        let weights = losses.means.weights();
        let each: Vec<f64> = (0..40).map(|place| weights.of(losses.means.get(place))).collect();
        assert!((each.iter().sum::<f64>() - weights.sum).abs() < 1e-9);
        for step in 0..100 {
            let (mut left, mut rng) = (each.clone(), sampler.rng(step));
            let mut drawn = BTreeSet::new();
            for _ in 0..39 {
                // The definition: a walk along all weights, those of drawn places being 0.
                let mut twin = rng.clone();
                let found = draw(&losses, &weights, &drawn, &mut rng);
                let mut rest = twin.random::<f64>() * left.iter().sum::<f64>();
                let passes = |weight: &f64| {
                    rest -= weight;
                    rest < 0.0
                };
                let expected = left.iter().position(passes).unwrap();
                assert_eq!(found, expected);
                left[found] = 0.0;
                drawn.insert(found);
            }
        }
    }
}
