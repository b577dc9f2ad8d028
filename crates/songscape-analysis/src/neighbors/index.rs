use std::path::Path;

use ndarray::{ArcArray2, Array2, ArrayView1, ArrayView2, Axis, s};
use rayon::prelude::*;
use songscape_project::Progress;

use super::graph::Graph;
use super::prepared::scales;
use super::search::{Place, Search};
use super::{Metric, Neighbors, descent, nearest_of};
use crate::archive::{Archive, Writer, standard};
use crate::error::{Error, Result};
use crate::vectors::check_finite;

/// Up to so many rows an index measures all of them, which takes no longer.
const ALL: usize = 4096;
/// Neighbours of each row that the graph is made of, where it is not given them.
const NEIGHBORS: usize = 24;
/// A search for more than this share of the rows measures all of them.
const SHARE: usize = 64;

/// Vectors to search many times for those nearest to something: to new songs, to a mood between two
/// songs.
///
/// A search goes from row to row towards what is sought, along a graph of nearest neighbours from which
/// detours were taken out (as PyNNDescent and HNSW do it; Malkov and Yashunin 2018), and starts in the
/// leaves of a few random-projection trees. What it finds is measured again in float64 and ordered by
/// distance, then by row. Nearly all neighbours are found. Among at most 4,096 rows, and where a good part of
/// the rows is asked for, all rows are measured and nothing is missed.
///
/// The same index gives the same answer on any number of threads, in any process, beside any other
/// questions.
///
/// ```
/// use ndarray::Array2;
/// use songscape_analysis::neighbors::{Index, Metric};
/// use songscape_project::Silent;
///
/// let songs = Array2::from_shape_fn((300, 8), |(i, j)| ((i * (7 + j)) % 101) as f32);
/// let index = Index::new(songs.clone(), Metric::Euclidean, 1, &Silent)?;
/// let near = index.nearest(songs.slice(ndarray::s![5..6, ..]), 3)?;
/// assert_eq!((near.indices[[0, 0]], near.distances[[0, 0]]), (5, 0.0));
/// # Ok::<(), songscape_analysis::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Index {
    vectors: ArcArray2<f32>,
    metric: Metric,
    /// What each row is multiplied by before it is compared.
    scales: Vec<f32>,
    graph: Option<Graph>,
    /// The index that this one has grown from.
    grown: Option<Box<Grown>>,
}

impl Index {
    /// An index of vectors `[n, d]`. Their neighbours are sought first, which takes most of the time.
    ///
    /// # Errors
    /// [`Error::TooFewRows`] for none; [`Error::Interrupted`]; those of [`check_finite`].
    pub fn new(
        vectors: Array2<f32>,
        metric: Metric,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Self> {
        if vectors.nrows() <= ALL {
            return Self::of_all(vectors, metric);
        }
        let near = descent(vectors.view(), NEIGHBORS, metric, seed, progress)?;
        Self::from_neighbors(vectors, &near, metric, seed)
    }

    /// An index of vectors `[n, d]` whose nearest neighbours by the same metric are known, as those that a
    /// map was made of.
    ///
    /// # Errors
    /// [`Error::TooFewRows`] for no vectors; [`Error::LengthMismatch`] when there are not as many
    /// neighbourhoods; [`Error::Parameter`] when a neighbour is no row; those of [`check_finite`].
    pub fn from_neighbors(
        vectors: Array2<f32>,
        near: &Neighbors,
        metric: Metric,
        seed: u64,
    ) -> Result<Self> {
        let n = vectors.nrows();
        near.check(n)?;
        let mut index = Self::of_all(vectors, metric)?;
        if n > ALL {
            index.graph = Some(Graph::new(&index.search(), near, seed));
        }
        Ok(index)
    }

    /// An index that measures all vectors `[n, d]` for every question: the choice for a few questions, as
    /// nothing is prepared.
    ///
    /// # Errors
    /// [`Error::TooFewRows`] for no vectors; those of [`check_finite`].
    pub fn of_all(vectors: Array2<f32>, metric: Metric) -> Result<Self> {
        check_finite(vectors.view())?;
        if vectors.nrows() == 0 {
            return Err(Error::TooFewRows { what: "an index".into(), rows: 0, needed: 1 });
        }
        Ok(Self::sharing(standard(vectors).into_shared(), metric))
    }

    /// An index of checked vectors, which others may share.
    fn sharing(vectors: ArcArray2<f32>, metric: Metric) -> Self {
        let scales = scales(vectors.view(), metric);
        Self { vectors, metric, scales, graph: None, grown: None }
    }

    /// An index of the same vectors, which are not copied, by another metric.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    pub fn by(&self, metric: Metric, seed: u64, progress: &dyn Progress) -> Result<Self> {
        if metric == self.metric {
            return Ok(self.clone());
        }
        let mut index = Self::sharing(self.vectors.clone(), metric);
        if index.len() > ALL {
            let near = descent(index.vectors.view(), NEIGHBORS, metric, seed, progress)?;
            index.graph = Some(Graph::new(&index.search(), &near, seed));
        }
        Ok(index)
    }

    /// The index of other vectors `[n, d]`, most of which are in this one: songs of which some have come and
    /// others have gone. `rows` says for each of them its row here, `None` for a new one. Those that are here
    /// are found as before; the new ones are all measured, so that there had better be few. Saved and loaded
    /// again, it measures all vectors.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] when there are not as many rows as vectors; [`Error::ColumnMismatch`];
    /// [`Error::Parameter`] when a row is not one of this index, has another vector, or comes twice;
    /// [`Error::TooFewRows`] for no vectors; those of [`check_finite`].
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

    /// The vectors `[n, d]`.
    pub fn vectors(&self) -> ArrayView2<'_, f32> {
        self.vectors.view()
    }

    /// How they are compared.
    pub fn metric(&self) -> Metric {
        self.metric
    }

    /// The number of vectors.
    pub fn len(&self) -> usize {
        self.vectors.nrows()
    }

    /// Whether there are none, which cannot be.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The `k` nearest vectors for every row of `new` `[m, d]`: `[m, k]`, nearest first. A row that is in
    /// the index is its own neighbour.
    ///
    /// # Errors
    /// [`Error::ColumnMismatch`]; [`Error::TooFewRows`] unless `n >= k`; [`Error::Parameter`] when `k` is
    /// 0; those of [`check_finite`].
    pub fn nearest(&self, new: ArrayView2<f32>, k: usize) -> Result<Neighbors> {
        let all = |new: ArrayView2<f32>| nearest_of(self.vectors.view(), new, k, self.metric);
        if let Some(grown) = self.grown.as_ref().filter(|_| k > 0 && k <= self.len() / SHARE) {
            return grown.nearest(new, k);
        }
        let graph = match &self.graph {
            Some(graph) if k > 0 && k <= self.len() / SHARE => graph,
            _ => return all(new),
        };
        check_finite(new)?;
        if new.ncols() != self.vectors.ncols() {
            let (found, expected) = (new.ncols(), self.vectors.ncols());
            return Err(Error::ColumnMismatch { found, expected });
        }
        let search = self.search();
        let new = new.as_standard_layout();
        let found: Vec<Vec<(f64, u32)>> = (0..new.nrows())
            .into_par_iter()
            .map_init(Default::default, |scratch, i| {
                let row = new.row(i);
                let row = row.to_slice().unwrap_or_default();
                graph.nearest(&search, &Place::new(row, self.metric), k, scratch)
            })
            .collect();
        let mut near = Neighbors {
            indices: Array2::zeros((new.nrows(), k)),
            distances: Array2::zeros((new.nrows(), k)),
        };
        for (i, found) in found.iter().enumerate() {
            if found.len() < k {
                // The graph has parts that are smaller than what is asked for.
                let row = all(new.slice(s![i..=i, ..]))?;
                near.indices.row_mut(i).assign(&row.indices.row(0));
                near.distances.row_mut(i).assign(&row.distances.row(0));
                continue;
            }
            for (j, &(distance, row)) in found.iter().enumerate() {
                (near.indices[[i, j]], near.distances[[i, j]]) = (row, distance as f32);
            }
        }
        Ok(near)
    }

    /// The row that is equal to a vector, if it is among the nearest of that vector; of several the first.
    pub(crate) fn equal_among(
        &self,
        near: ArrayView1<u32>,
        vector: ArrayView1<f32>,
    ) -> Option<usize> {
        let equal = |&row: &usize| self.vectors.row(row) == vector;
        near.iter().map(|&row| row as usize).filter(equal).min()
    }

    fn search(&self) -> Search<'_> {
        Search { x: self.vectors.view(), metric: self.metric, scales: &self.scales }
    }

    /// Writes the index, with its vectors, into a file of safetensors, atomically.
    ///
    /// # Errors
    /// [`Error::Project`] when the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let mut writer = Writer::new(Self::KIND);
        self.put("", &mut writer)?;
        writer.save(path.as_ref())
    }

    /// Reads what [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be read, or is not whole.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        Self::take("", &Archive::open(path.as_ref(), Self::KIND)?)
    }

    const KIND: &str = "index";

    pub(crate) fn put<'a>(&'a self, prefix: &str, writer: &mut Writer<'a>) -> Result<()> {
        writer.matrix(format!("{prefix}vectors"), &self.vectors);
        self.put_search(prefix, writer)
    }

    /// Puts all but the vectors into a file.
    pub(crate) fn put_search<'a>(&'a self, prefix: &str, writer: &mut Writer<'a>) -> Result<()> {
        if let Some(graph) = &self.graph {
            graph.put(prefix, writer);
        }
        writer.fact(format!("{prefix}metric"), &self.metric)
    }

    pub(crate) fn take(prefix: &str, archive: &Archive) -> Result<Self> {
        let vectors: Array2<f32> = archive.matrix(&format!("{prefix}vectors"), (None, None))?;
        let vectors = archive.checked(Self::of_all(vectors, Metric::Cosine))?.vectors;
        Self::take_search(prefix, vectors, archive)
    }

    /// Takes all but the vectors, which were checked, out of a file.
    pub(crate) fn take_search(
        prefix: &str,
        vectors: ArcArray2<f32>,
        archive: &Archive,
    ) -> Result<Self> {
        let mut index = Self::sharing(vectors, archive.fact(&format!("{prefix}metric"))?);
        if archive.has(&format!("{prefix}graph.rows")) {
            index.graph = Some(Graph::take(prefix, index.len(), archive)?);
        }
        Ok(index)
    }

    pub(crate) fn shared(&self) -> ArcArray2<f32> {
        self.vectors.clone()
    }
}

/// How an index has grown from another one.
#[derive(Debug, Clone, PartialEq)]
struct Grown {
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
    fn nearest(&self, sought: ArrayView2<f32>, k: usize) -> Result<Neighbors> {
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

impl Neighbors {
    /// Checks that there is a neighbourhood for each of `n` rows, all of whose neighbours are rows.
    pub(crate) fn check(&self, n: usize) -> Result<()> {
        if self.indices.nrows() != n || self.distances.dim() != self.indices.dim() {
            let found = self.indices.nrows().min(self.distances.nrows());
            return Err(Error::LengthMismatch { what: "neighbors", found, expected: n });
        }
        match self.indices.iter().find(|&&row| row as usize >= n) {
            Some(bad) => Err(Error::parameter("a neighbor", bad, "a row of the vectors")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use songscape_project::Silent;

    use super::*;

    const ROWS: usize = 6_000;

    /// Rows on a curved surface of four dimensions among 24, the last ones equal.
    fn surface() -> Array2<f32> {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut uniform =
            |rows, columns| Array2::from_shape_simple_fn((rows, columns), || rng.random::<f32>());
        let mut x = uniform(ROWS, 4).dot(&(uniform(4, 24) * 4.0 - 2.0)).mapv(f32::sin);
        x += &(uniform(ROWS, 24) * 0.1);
        let last = x.row(ROWS - 1).to_owned();
        x.slice_mut(s![ROWS - 60.., ..]).assign(&last.broadcast((60, 24)).unwrap());
        x
    }

    #[test]
    fn nearly_all_neighbours_of_new_rows_are_found_by_every_metric() {
        let x = surface();
        let (old, new) = (x.slice(s![500.., ..]), x.slice(s![..500, ..]));
        for metric in [Metric::Cosine, Metric::Euclidean, Metric::Manhattan] {
            let index = Index::new(old.to_owned(), metric, 1, &Silent).unwrap();
            assert!(index.graph.is_some());
            let found = index.nearest(new, 10).unwrap();
            let truth = nearest_of(old, new, 10, metric).unwrap();
            let recall = found.recall(&truth);
            assert!(recall > 0.99, "{metric:?}: {recall}");
            // A question has the same answer whatever is asked beside it.
            let alone = index.nearest(new.slice(s![7..8, ..]), 10).unwrap();
            assert_eq!(alone.indices.row(0), found.indices.row(7));
            assert_eq!(alone.distances.row(0), found.distances.row(7));
        }
    }

    #[test]
    fn rows_find_themselves_and_many_equal_rows_do_no_harm() {
        let x = surface();
        let index = Index::new(x.clone(), Metric::Cosine, 1, &Silent).unwrap();
        let found = index.nearest(x.view(), 5).unwrap();
        let own = (0..ROWS - 60).filter(|&row| found.indices[[row, 0]] as usize == row).count();
        assert!(own > ROWS - 70, "{own}");
        for row in ROWS - 60..ROWS {
            assert!(found.distances.row(row).iter().all(|d| *d == 0.0));
        }
    }

    #[test]
    fn an_index_grows_by_rows_and_loses_others() {
        let x = surface();
        // 500 are gone, 300 have come, and the others stand in another order.
        let made =
            Index::new(x.slice(s![300.., ..]).to_owned(), Metric::Cosine, 1, &Silent).unwrap();
        let now: Vec<usize> = (0..ROWS - 500).rev().collect();
        let rows: Vec<Option<usize>> = now.iter().map(|&row| row.checked_sub(300)).collect();
        let vectors = x.select(Axis(0), &now);
        let grown = made.clone().grown(&rows, vectors.clone()).unwrap();
        assert!(grown.grown.is_some() && grown.len() == ROWS - 500);
        let sought = x.slice(s![..400;2, ..]);
        let found = grown.nearest(sought, 10).unwrap();
        let truth = nearest_of(vectors.view(), sought, 10, Metric::Cosine).unwrap();
        assert!(found.recall(&truth) > 0.99, "{}", found.recall(&truth));
        let own = found.indices.column(0).to_vec();
        let expected: Vec<u32> = (0..400).step_by(2).map(|row| (ROWS - 501 - row) as u32).collect();
        assert_eq!(own, expected);

        // The same rows leave the index as it is; rows that are not those of the vectors are refused.
        let whole: Vec<_> = (0..made.len()).map(Some).collect();
        let same = made.clone().grown(&whole, made.vectors().to_owned()).unwrap();
        assert_eq!(same, made);
        let wrong = |rows: &[Option<usize>]| made.clone().grown(rows, vectors.clone()).is_err();
        let mut other = rows.clone();
        other.swap(0, 1);
        assert!(wrong(&other) && wrong(&rows[1..]) && wrong(&vec![Some(ROWS); rows.len()]));
        let mut twice = rows;
        twice[1] = twice[0];
        assert!(wrong(&twice));
    }

    #[test]
    fn an_index_that_was_saved_gives_the_same_answers() {
        let x = surface();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index.safetensors");
        for rows in [100, ROWS] {
            let own = x.slice(s![..rows, ..]).to_owned();
            let index = Index::new(own, Metric::Euclidean, 1, &Silent).unwrap();
            index.save(&path).unwrap();
            let bytes = std::fs::read(&path).unwrap();
            let loaded = Index::load(&path).unwrap();
            assert_eq!(loaded, index);
            loaded.save(&path).unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), bytes);
        }
    }

    #[test]
    fn a_graph_that_leads_nowhere_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index.safetensors");
        let whole = Index::new(surface(), Metric::Euclidean, 1, &Silent).unwrap();
        type Damage = fn(&mut Index);
        let damages: [(Damage, &str); 5] = [
            (|index| index.graph.as_mut().unwrap().rows[5] = ROWS as u32, "leads nowhere"),
            (|index| index.graph.as_mut().unwrap().counts[5] += 1, "other ways than it counts"),
            (|index| index.graph.as_mut().unwrap().trees[1].rows[9] = u32::MAX, "leads nowhere"),
            (
                |index| index.graph.as_mut().unwrap().trees[0].splits[3].limit = f32::NAN,
                "not finite",
            ),
            (|index| index.vectors[[17, 3]] = f32::NAN, "row 17, column 3 is NaN"),
        ];
        for (damage, words) in damages {
            let mut index = whole.clone();
            damage(&mut index);
            index.save(&path).unwrap();
            let refused = Index::load(&path).unwrap_err().to_string();
            assert!(refused.contains(words) && refused.contains("index.safetensors"), "{refused}");
        }
        let near = Neighbors { indices: Array2::ones((5, 2)), distances: Array2::zeros((5, 2)) };
        near.save(&path).unwrap();
        assert_eq!(Neighbors::load(&path).unwrap(), near);
        assert!(Index::load(&path).is_err());
        for (row, distance) in [(5, 0.0), (1, f32::NAN), (1, -1.0)] {
            let mut bad = near.clone();
            (bad.indices[[2, 1]], bad.distances[[2, 0]]) = (row, distance);
            bad.save(&path).unwrap();
            assert!(matches!(Neighbors::load(&path), Err(Error::File { .. })));
        }
    }

    #[test]
    fn questions_that_make_no_sense_are_refused() {
        let x = surface();
        let index = Index::new(x.clone(), Metric::Cosine, 1, &Silent).unwrap();
        assert!(index.nearest(x.slice(s![..2, ..5]), 3).is_err());
        assert!(index.nearest(x.slice(s![..2, ..]), 0).is_err());
        assert!(index.nearest(x.slice(s![..2, ..]), ROWS + 1).is_err());
        assert_eq!(index.nearest(x.slice(s![..1, ..]), ROWS).unwrap().indices.ncols(), ROWS);
        assert_eq!(index.nearest(x.slice(s![..0, ..]), 3).unwrap().indices.dim(), (0, 3));
        assert!(Index::of_all(Array2::zeros((0, 3)), Metric::Cosine).is_err());
    }
}
