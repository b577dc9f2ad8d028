use ndarray::{ArrayView1, ArrayView2};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// The bin of missing values.
pub(super) const MISSING: u8 = 0;
/// Columns whose bins are kept together: their histograms fit into a core's first cache.
pub(super) const GROUP: usize = 32;
/// Rows whose bins are copied at a time: they stay in the first cache.
const BLOCK: usize = 128;

/// How the values of each column are cut into bins. Bin 0 holds missing values, the others ascend.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bins {
    /// For each column the ascending upper limits of its bins, the last one's left out: a value in
    /// bin `b` is at most `limits[b − 1]` and above `limits[b − 2]`.
    limits: Vec<Vec<f32>>,
}

impl Bins {
    /// Cuts each column so that its bins hold about equally many rows; a column with few different
    /// values gets a bin for each.
    pub fn fit(x: ArrayView2<f32>, bins: usize) -> Self {
        let limits = (0..x.ncols())
            .into_par_iter()
            .map(|j| {
                let mut values: Vec<f32> =
                    x.column(j).iter().copied().filter(|v| !v.is_nan()).collect();
                values.sort_unstable_by(f32::total_cmp);
                limits(&values, bins - 1)
            })
            .collect();
        Self { limits }
    }

    /// The number of columns.
    pub fn columns(&self) -> usize {
        self.limits.len()
    }

    /// The number of bins of a column, that of missing values counted.
    pub fn count(&self, column: usize) -> usize {
        self.limits[column].len() + 2
    }

    /// The largest value in the bin, infinity for the last.
    pub(super) fn limit(&self, column: usize, bin: usize) -> f32 {
        self.limits[column].get(bin - 1).copied().unwrap_or(f32::INFINITY)
    }

    fn bin(&self, column: usize, value: f32) -> u8 {
        if value.is_nan() {
            return MISSING;
        }
        (self.limits[column].partition_point(|&limit| limit < value) + 1) as u8
    }

    /// The largest number of bins of any column.
    pub(super) fn most(&self) -> usize {
        (0..self.columns()).map(|column| self.count(column)).max().unwrap_or(0)
    }

    /// The bins of all values of some columns.
    pub(super) fn apply(&self, x: ArrayView2<f32>, columns: &[usize]) -> Binned {
        let group = |some: &[usize]| -> Vec<[u8; GROUP]> {
            let bins = |row: ArrayView1<f32>| {
                let mut bins = [MISSING; GROUP];
                for (bin, &column) in bins.iter_mut().zip(some) {
                    *bin = self.bin(column, row[column]);
                }
                bins
            };
            x.rows().into_iter().map(bins).collect()
        };
        Binned { groups: columns.par_chunks(GROUP).map(group).collect() }
    }
}

/// The bins of all values, for each group of columns row after row: rows of one leaf lie far apart,
/// and so each of them brings several columns along. Columns that fill the last group up hold
/// missing values.
#[derive(Debug, Clone)]
pub(super) struct Binned {
    pub groups: Vec<Vec<[u8; GROUP]>>,
}

impl Binned {
    #[inline]
    pub fn bin(&self, column: usize, row: u32) -> u8 {
        self.groups[column / GROUP][row as usize][column % GROUP]
    }

    /// Only some of the columns, so that the others cost nothing.
    pub fn select(&self, columns: &[usize]) -> Self {
        let group = |some: &[usize]| -> Vec<[u8; GROUP]> {
            let rows = self.groups.first().map_or(0, Vec::len);
            let mut out = vec![[MISSING; GROUP]; rows];
            for (block, to) in out.chunks_mut(BLOCK).enumerate() {
                for (place, &column) in some.iter().enumerate() {
                    let from = &self.groups[column / GROUP][block * BLOCK..];
                    for (to, from) in to.iter_mut().zip(from) {
                        to[place] = from[column % GROUP];
                    }
                }
            }
            out
        };
        Self { groups: columns.par_chunks(GROUP).map(group).collect() }
    }

    /// Only some of the rows, in their order.
    pub fn rows(&self, rows: &[usize]) -> Self {
        let group = |group: &Vec<[u8; GROUP]>| rows.iter().map(|&row| group[row]).collect();
        Self { groups: self.groups.par_iter().map(group).collect() }
    }
}

/// Limits between sorted values, midway between neighbouring different ones.
fn limits(sorted: &[f32], bins: usize) -> Vec<f32> {
    let mut runs: Vec<(f32, usize)> = Vec::new();
    for &value in sorted {
        match runs.last_mut() {
            Some(run) if run.0 == value => run.1 += 1,
            _ => runs.push((value, 1)),
        }
    }
    let mut out = Vec::new();
    let (mut left_rows, mut left_bins) = (sorted.len(), bins);
    let mut in_bin = 0;
    for pair in 0..runs.len().saturating_sub(1) {
        let (value, rows) = runs[pair];
        in_bin += rows;
        let next = runs[pair + 1];
        let target = left_rows as f64 / left_bins as f64;
        let few = runs.len() <= bins;
        // A bin is closed when it is full, or fuller now than after the next value.
        let full =
            in_bin as f64 >= target || (in_bin + next.1) as f64 - target > target - in_bin as f64;
        if few || (full && left_bins > 1) {
            let middle = (f64::from(value) + f64::from(next.0)) / 2.0;
            // Rounding must not lift the limit to the next value.
            let middle = middle as f32;
            out.push(if middle < next.0 { middle } else { value });
            left_rows -= in_bin;
            left_bins -= 1;
            in_bin = 0;
        }
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;

    fn column(bins: &Bins, x: ArrayView2<f32>, column: usize) -> Vec<u8> {
        let binned = bins.apply(x, &(0..x.ncols()).collect::<Vec<_>>());
        (0..x.nrows() as u32).map(|row| binned.bin(column, row)).collect()
    }

    #[test]
    fn columns_beyond_the_first_group_have_their_own_bins() {
        let x = Array2::from_shape_fn((5, GROUP + 3), |(i, j)| (i * (j + 1)) as f32);
        let bins = Bins::fit(x.view(), 256);
        for j in [0, GROUP - 1, GROUP, GROUP + 2] {
            assert_eq!(column(&bins, x.view(), j), [1, 2, 3, 4, 5]);
        }
    }

    #[test]
    fn columns_alone_keep_their_bins() {
        let rows = BLOCK + 50;
        let x = Array2::from_shape_fn((rows, GROUP + 9), |(i, j)| ((i * (j + 3)) % 11) as f32);
        let bins = Bins::fit(x.view(), 256);
        let all = bins.apply(x.view(), &(0..x.ncols()).collect::<Vec<_>>());
        let some: Vec<usize> = (1..x.ncols()).step_by(2).chain([GROUP + 8]).collect();
        let (selected, applied) = (all.select(&some), bins.apply(x.view(), &some));
        assert_eq!(selected.groups, applied.groups);
        for (place, &column) in some.iter().enumerate() {
            assert!((0..50).all(|row| selected.bin(place, row) == all.bin(column, row)));
        }
        let rows = [49, 3, 3, 20];
        let few = all.rows(&rows);
        for (place, &row) in rows.iter().enumerate() {
            assert!((0..x.ncols()).all(|c| few.bin(c, place as u32) == all.bin(c, row as u32)));
        }
    }

    #[test]
    fn few_values_get_a_bin_each_and_missing_ones_bin_0() {
        let x = array![[1.0_f32], [2.0], [f32::NAN], [2.0], [5.0]];
        let bins = Bins::fit(x.view(), 256);
        assert_eq!(bins.count(0), 4);
        assert_eq!(column(&bins, x.view(), 0), [1, 2, 0, 2, 3]);
        assert_eq!(bins.limit(0, 1), 1.5);
        assert_eq!(bins.limit(0, 3), f32::INFINITY);
    }

    #[test]
    fn many_values_are_spread_evenly() {
        let x = Array2::from_shape_fn((10_000, 1), |(i, _)| ((i * 7919) % 10_007) as f32);
        let bins = Bins::fit(x.view(), 256);
        assert!(bins.count(0) <= 256 && bins.count(0) > 240, "{}", bins.count(0));
        let mut sizes = [0; 256];
        column(&bins, x.view(), 0).iter().for_each(|&b| sizes[b as usize] += 1);
        assert!(*sizes.iter().max().unwrap() <= 80);
    }

    #[test]
    fn a_skewed_column_keeps_its_tail() {
        let x = Array2::from_shape_fn((1000, 1), |(i, _)| if i < 900 { 0.0 } else { i as f32 });
        let bins = Bins::fit(x.view(), 16);
        assert!(bins.count(0) > 10, "{}", bins.count(0));
    }

    #[test]
    fn infinities_and_empty_columns_are_binned() {
        let x = array![[f32::NEG_INFINITY, f32::NAN], [f32::INFINITY, f32::NAN], [0.0, f32::NAN]];
        let bins = Bins::fit(x.view(), 256);
        assert_eq!(column(&bins, x.view(), 0), [1, 3, 2]);
        assert_eq!(column(&bins, x.view(), 1), [0, 0, 0]);
    }
}
