//! An index of vectors of which some have come and others have gone.

use ndarray::{Array2, ArrayView2, Axis};

use super::Index;
use crate::error::{Error, Result};
use crate::neighbors::{Neighbors, nearest_of};

impl Index {
    /// The index of other vectors `[n, d]`, most of which are in this one: songs of which some have come and
    /// others have gone. `rows` says for each of them its row here, `None` for a new one. Those that are here
    /// are found as before; the new ones are all measured, so that there had better be few. Saved and loaded
    /// again, it measures all vectors.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] when there are not as many rows as vectors; [`Error::ColumnMismatch`];
    /// [`Error::Parameter`] when a row is not one of this index, has another vector, or comes twice;
    /// [`Error::TooFewRows`] for no vectors; those of [`check_finite`](crate::vectors::check_finite).
    pub fn grown(self, rows: &[Option<usize>], vectors: Array2<f32>) -> Result<Self> {
        if rows.iter().copied().eq((0..self.len()).map(Some)) && self.vectors == vectors {
            return Ok(self);
        }
        let (found, expected) = (rows.len(), vectors.nrows());
        if found != expected {
            return Err(Error::LengthMismatch { what: "rows", found, expected });
        }
        let (found, expected) = (vectors.ncols(), self.vectors.ncols());
        if found != expected {
            return Err(Error::ColumnMismatch { found, expected });
        }
        let mut index = Self::of_all(vectors, self.metric)?;
        let mut now = vec![None; self.len()];
        let mut new = Vec::new();
        for (row, own) in rows.iter().enumerate() {
            let Some(own) = *own else {
                new.push(row);
                continue;
            };
            let same = own < self.len() && self.vectors.row(own) == index.vectors.row(row);
            if !same || now[own].replace(row as u32).is_some() {
                return Err(Error::parameter("row", own, "one row of this index, with its vector"));
            }
        }
        if self.graph.is_some() {
            let fresh = index.vectors.select(Axis(0), &new);
            let new = new.into_iter().map(|row| row as u32).collect();
            index.grown = Some(Box::new(Grown { made: self, now, new, fresh }));
        }
        Ok(index)
    }
}

/// How an index has grown from another one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Grown {
    /// The index as it was made.
    made: Index,
    /// For each row there the row now.
    now: Vec<Option<u32>>,
    /// The rows that it does not have.
    new: Vec<u32>,
    /// Their vectors.
    fresh: Array2<f32>,
}

impl Grown {
    /// As [`Index::nearest`].
    pub fn nearest(&self, sought: ArrayView2<f32>, k: usize) -> Result<Neighbors> {
        let mut both: Vec<Vec<(f32, u32)>> = self.of_made(sought, k)?;
        let fresh = k.min(self.new.len());
        if fresh > 0 {
            let near = nearest_of(self.fresh.view(), sought, fresh, self.made.metric)?;
            for (i, found) in both.iter_mut().enumerate() {
                let rows = near.indices.row(i).mapv(|row| self.new[row as usize]);
                found.extend(near.distances.row(i).iter().copied().zip(rows));
            }
        }
        let mut near = Neighbors {
            indices: Array2::zeros((sought.nrows(), k)),
            distances: Array2::zeros((sought.nrows(), k)),
        };
        for (i, found) in both.iter_mut().enumerate() {
            found.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            for (j, &(distance, row)) in found.iter().take(k).enumerate() {
                (near.indices[[i, j]], near.distances[[i, j]]) = (row, distance);
            }
        }
        Ok(near)
    }

    /// The nearest `k` of the rows that were there when the index was made and still are, or all of them.
    fn of_made(&self, sought: ArrayView2<f32>, k: usize) -> Result<Vec<Vec<(f32, u32)>>> {
        let there = self.now.iter().flatten().count();
        let wanted = k.min(there);
        // Some of those that are found may be gone.
        let mut asked = wanted + usize::from(there < self.now.len()) * wanted.max(8);
        loop {
            asked = asked.min(self.made.len());
            if asked == 0 {
                return Ok(vec![Vec::new(); sought.nrows()]);
            }
            let near = self.made.nearest(sought, asked)?;
            let found: Vec<Vec<(f32, u32)>> = (0..sought.nrows())
                .map(|i| {
                    let rows = near.indices.row(i).into_iter().zip(near.distances.row(i));
                    rows.filter_map(|(&row, &far)| Some((far, self.now[row as usize]?))).collect()
                })
                .collect();
            if asked == self.made.len() || found.iter().all(|found| found.len() >= wanted) {
                return Ok(found);
            }
            asked *= 2;
        }
    }
}
