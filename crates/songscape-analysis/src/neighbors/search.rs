use std::cmp::Ordering;

use ndarray::ArrayView2;

use super::Metric;
use super::forest::Split;
use super::graph::Graph;
use super::prepared::inverse_length;
use crate::kernels;

/// Rows that a search keeps in sight beyond those asked for.
const SIGHT: usize = 30;
/// Rows beyond those asked for that are measured again, so that rounding loses none.
const SPARE: usize = 8;

/// Rows as a search compares them, in float32 and in sums of one order, so that it takes the same way on
/// every processor.
#[derive(Debug, Clone, Copy)]
pub(super) struct Search<'a> {
    /// `[n, d]` in standard layout.
    pub x: ArrayView2<'a, f32>,
    pub metric: Metric,
    /// One for each row.
    pub scales: &'a [f32],
}

/// A place that rows are sought near to.
#[derive(Debug)]
pub(super) struct Place<'a> {
    /// As it was given.
    own: &'a [f32],
    /// As it is compared: for the cosine at length 1.
    values: Vec<f32>,
}

impl<'a> Place<'a> {
    pub fn new(own: &'a [f32], metric: Metric) -> Self {
        let scale = if metric == Metric::Cosine { inverse_length(own) } else { 1.0 };
        Self { own, values: own.iter().map(|v| v * scale).collect() }
    }

    /// The place of a row.
    pub fn at(search: &Search<'a>, row: u32) -> Self {
        Self::new(search.row(row), search.metric)
    }
}

impl<'a> Search<'a> {
    #[inline]
    fn row(&self, row: u32) -> &'a [f32] {
        let d = self.x.ncols();
        let start = row as usize * d;
        self.x.to_slice().map_or(&[], |v| &v[start..start + d])
    }

    /// A number that is the larger the farther a row is.
    #[inline]
    pub fn score(&self, from: &Place, row: u32) -> f32 {
        let (own, scale) = (self.row(row), self.scales[row as usize]);
        match self.metric {
            Metric::Cosine => -kernels::dot(&from.values, own) * scale,
            Metric::Euclidean => kernels::scaled_squares(&from.values, own, scale),
            Metric::Manhattan => kernels::scaled_absolutes(&from.values, own, scale),
        }
    }

    /// How far a place lies along the direction of a split, as the rows of its tree were measured.
    fn along(&self, from: &Place, split: &Split) -> f32 {
        let part = |row: u32| kernels::dot(&from.values, self.row(row)) * self.scales[row as usize];
        let difference = part(split.first) - part(split.second);
        if self.metric == Metric::Cosine { difference } else { difference * self.scales[0] }
    }
}

/// What a search has seen.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// The number of the search in which each row was seen last.
    seen: Vec<u32>,
    number: u32,
    /// The nearest rows so far, and whether the ways from them were followed.
    sight: Vec<(f32, u32, bool)>,
}

impl Scratch {
    fn begin(&mut self, rows: usize) {
        if self.seen.len() != rows || self.number == u32::MAX {
            self.seen = vec![0; rows];
            self.number = 0;
        }
        self.number += 1;
        self.sight.clear();
    }

    /// Whether a row is seen for the first time.
    #[inline]
    fn is_new(&mut self, row: u32) -> bool {
        std::mem::replace(&mut self.seen[row as usize], self.number) != self.number
    }

    /// Takes a row in, unless as many nearer ones are in sight, and gives its place.
    #[inline]
    fn take(&mut self, score: f32, row: u32, most: usize) -> usize {
        if self.sight.len() == most {
            if score.total_cmp(&self.sight[most - 1].0) != Ordering::Less {
                return most;
            }
            self.sight.pop();
        }
        let nearer = |e: &(f32, u32, bool)| e.0.total_cmp(&score).then(e.1.cmp(&row)).is_lt();
        let place = self.sight.partition_point(nearer);
        self.sight.insert(place, (score, row, false));
        place
    }
}

impl Graph {
    /// The `k` rows nearest to a place, `(distance, row)`, the nearest first; fewer if the graph leads to
    /// no more.
    pub fn nearest(
        &self,
        search: &Search,
        place: &Place,
        k: usize,
        scratch: &mut Scratch,
    ) -> Vec<(f64, u32)> {
        let most = k + SIGHT;
        scratch.begin(search.x.nrows());
        for tree in &self.trees {
            for &row in tree.leaf(|split| search.along(place, split)) {
                if scratch.is_new(row) {
                    scratch.take(search.score(place, row), row, most);
                }
            }
        }
        let mut next = 0;
        while next < scratch.sight.len() {
            if std::mem::replace(&mut scratch.sight[next].2, true) {
                next += 1;
                continue;
            }
            let mut first = next + 1;
            for &row in self.from(scratch.sight[next].1) {
                if scratch.is_new(row) {
                    first = first.min(scratch.take(search.score(place, row), row, most));
                }
            }
            next = first;
        }
        let mut found: Vec<(f64, u32)> = scratch
            .sight
            .iter()
            .take(k + SPARE)
            .map(|&(_, row, _)| (search.metric.distance(place.own, search.row(row)), row))
            .collect();
        found.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        found.truncate(k);
        found
    }
}
