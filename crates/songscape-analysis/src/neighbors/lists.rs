use rayon::prelude::*;

/// Marks an entry that no round of the descent has used yet.
const NEW: u32 = 1 << 31;
/// Parts of the rows that threads take.
const SHARDS: usize = 64;

/// The nearest rows found so far for every row: entries of `(score, row)`, the smallest first.
pub(super) struct Lists {
    scores: Vec<f32>,
    rows: Vec<u32>,
    kept: usize,
}

/// A row that may be near another.
pub(super) struct Offer {
    pub to: u32,
    pub row: u32,
    pub score: f32,
}

/// Offers by the shard of the rows that they are made to.
pub(super) struct Offers(Vec<Vec<Offer>>);

impl Offers {
    pub fn new() -> Self {
        Self((0..SHARDS).map(|_| Vec::new()).collect())
    }

    #[inline]
    pub fn push(&mut self, offer: Offer, per_shard: usize) {
        self.0[offer.to as usize / per_shard].push(offer);
    }
}

impl Lists {
    pub fn new(n: usize, kept: usize) -> Self {
        Self { scores: vec![f32::INFINITY; n * kept], rows: vec![u32::MAX; n * kept], kept }
    }

    /// The number of rows of a shard.
    pub fn per_shard(&self) -> usize {
        (self.rows.len() / self.kept).div_ceil(SHARDS).max(1)
    }

    /// A score must be smaller than this to enter the list of a row.
    #[inline]
    pub fn worst(&self, row: usize) -> f32 {
        self.scores[(row + 1) * self.kept - 1]
    }

    /// The entries of a row: `(row, whether it is new)`.
    pub fn entries(&self, row: usize) -> impl Iterator<Item = (u32, bool)> + '_ {
        self.rows[row * self.kept..(row + 1) * self.kept]
            .iter()
            .filter(|&&r| r != u32::MAX)
            .map(|&r| (r & !NEW, r & NEW != 0))
    }

    /// Marks as used the entries of a row that `used` says are.
    pub fn mark(&mut self, used: impl Fn(usize, u32) -> bool + Sync) {
        self.rows.par_chunks_mut(self.kept).enumerate().for_each(|(row, entries)| {
            for entry in entries.iter_mut().filter(|e| **e != u32::MAX) {
                if *entry & NEW != 0 && used(row, *entry & !NEW) {
                    *entry &= !NEW;
                }
            }
        });
    }

    /// Makes offers in the order of the blocks, and gives how many were taken.
    pub fn take(&mut self, blocks: &[Offers]) -> usize {
        let (kept, per_shard) = (self.kept, self.per_shard());
        self.scores
            .par_chunks_mut(per_shard * kept)
            .zip(self.rows.par_chunks_mut(per_shard * kept))
            .enumerate()
            .map(|(shard, (scores, rows))| {
                let mut taken = 0;
                for offer in blocks.iter().flat_map(|block| &block.0[shard]) {
                    let start = (offer.to as usize - shard * per_shard) * kept;
                    let list = start..start + kept;
                    taken += usize::from(insert(
                        &mut scores[list.clone()],
                        &mut rows[list],
                        offer.score,
                        offer.row,
                    ));
                }
                taken
            })
            .sum()
    }
}

/// Inserts an entry unless it is there or too far; equal scores stand in the order of their rows.
fn insert(scores: &mut [f32], rows: &mut [u32], score: f32, row: u32) -> bool {
    let last = scores.len() - 1;
    if score >= scores[last] || rows.iter().any(|&r| r & !NEW == row) {
        return false;
    }
    let mut place = last;
    while place > 0 && (scores[place - 1], rows[place - 1] & !NEW) > (score, row) {
        scores[place] = scores[place - 1];
        rows[place] = rows[place - 1];
        place -= 1;
    }
    scores[place] = score;
    rows[place] = row | NEW;
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_are_kept_once_each() {
        let mut lists = Lists::new(3, 2);
        let per_shard = lists.per_shard();
        let mut offers = Offers::new();
        for (row, score) in [(2, 3.0), (1, 2.0), (2, 3.0), (0, 1.0)] {
            offers.push(Offer { to: 1, row, score }, per_shard);
        }
        assert_eq!(lists.take(&[offers]), 3);
        assert_eq!(lists.entries(1).collect::<Vec<_>>(), [(0, true), (1, true)]);
        assert_eq!(lists.worst(1), 2.0);
        lists.mark(|_, row| row == 0);
        assert_eq!(lists.entries(1).collect::<Vec<_>>(), [(0, false), (1, true)]);
        assert_eq!(lists.entries(0).count(), 0);
    }
}
