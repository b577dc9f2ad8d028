//! An earlier study that a new one starts from.

use std::collections::HashMap;

use ndarray::{Array1, Array2, ArrayView2};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Study, StudyParams};
use crate::error::{Error, Result};
use crate::neighbors::Neighbors;
use crate::umap;

/// Noise that parts points that begin in one place.
const NOISE: f32 = 1e-3;

/// An earlier study of some of the songs, whose places and cluster numbers a new one keeps as far as it can.
#[derive(Debug, Clone, Copy)]
pub struct Before<'a> {
    /// The earlier study.
    pub study: &'a Study,
    /// For each song now its row there, `None` for a new one.
    pub rows: &'a [Option<usize>],
}

impl Before<'_> {
    pub(super) fn check(&self, songs: usize) -> Result<()> {
        let found = self.rows.len();
        if found != songs {
            return Err(Error::LengthMismatch { what: "rows", found, expected: songs });
        }
        let there = self.study.songs().len();
        match self.rows.iter().flatten().find(|&&row| row >= there) {
            Some(bad) => Err(Error::parameter("row", bad, "a song of the earlier study")),
            None => Ok(()),
        }
    }

    /// Whether the songs, their vectors `[n, d]` and the parameters are those of the earlier study: then its map and
    /// its clusters hold, and only what is known of the songs may be other than it was.
    pub(super) fn is_unchanged(&self, x: ArrayView2<f32>, params: &StudyParams) -> bool {
        let study = self.study;
        let all = (0..study.songs().len()).map(Some);
        self.rows.iter().copied().eq(all)
            && study.params() == params
            && study.index().vectors() == x
    }

    /// Each song's cluster then, −1 for none.
    pub(super) fn labels(&self) -> Vec<i32> {
        let labels = self.study.clusters().labels();
        self.rows.iter().map(|row| row.map_or(-1, |row| labels[row])).collect()
    }

    /// Where a map of as many dimensions as an earlier one begins: songs where they were, new ones among
    /// those that they are near to. `None` where no song was there, or the dimensions are others.
    pub(super) fn start(
        &self,
        earlier: ArrayView2<f32>,
        near: &Neighbors,
        dims: usize,
        seed: u64,
    ) -> Option<Array2<f32>> {
        let known = self.places(earlier);
        if known.is_empty() || earlier.ncols() != dims {
            return None;
        }
        let by_row: HashMap<usize, &Array1<f32>> =
            known.iter().map(|(row, place)| (*row, place)).collect();
        let mut middle = Array1::<f32>::zeros(dims);
        known.iter().for_each(|(_, place)| middle += place);
        middle /= known.len() as f32;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut start = Array2::zeros((self.rows.len(), dims));
        for (row, mut place) in start.rows_mut().into_iter().enumerate() {
            match by_row.get(&row) {
                Some(known) => place.assign(*known),
                None => {
                    let mut count = 0.0_f32;
                    for other in near.indices.row(row) {
                        if let Some(known) = by_row.get(&(*other as usize)) {
                            place += *known;
                            count += 1.0;
                        }
                    }
                    if count > 0.0 {
                        place /= count;
                    } else {
                        place.assign(&middle);
                    }
                }
            }
            place.mapv_inplace(|v| v + NOISE * (rng.random::<f32>() - 0.5));
        }
        Some(start)
    }

    /// A map turned so that it lies as an earlier one did.
    pub(super) fn aligned(
        &self,
        map: Array2<f32>,
        earlier: ArrayView2<f32>,
    ) -> Result<Array2<f32>> {
        if earlier.ncols() != map.ncols() {
            return Ok(map);
        }
        umap::aligned(map.view(), &self.places(earlier))
    }

    /// The rows now of songs that were there, with their places then.
    fn places(&self, earlier: ArrayView2<f32>) -> Vec<(usize, Array1<f32>)> {
        let rows = self.rows.iter().enumerate();
        rows.filter_map(|(now, then)| Some((now, earlier.row((*then)?).to_owned()))).collect()
    }
}
