//! New rows on a map that is there.

use std::path::Path;
use std::sync::Arc;

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;
use songscape_project::{Progress, Silent};

use super::forces::Forces;
use super::graph::neighborhoods;
use super::layout::{LONGEST, random};
use super::{Curve, UmapParams};
use crate::archive::{Archive, Writer, standard};
use crate::error::{Error, Result};
use crate::neighbors::{Index, Neighbors};
use crate::vectors::check_finite;

/// New rows start among their neighbours, so that they need fewer passes and a smaller rate.
const EPOCHS_SHARE: usize = 3;
const RATE: f32 = 0.25;

/// A map with the vectors that it was made of, to which new ones can be added.
///
/// ```
/// use songscape_analysis::ndarray::{Array2, s};
/// use songscape_analysis::project::Silent;
/// use songscape_analysis::umap::{Umap, UmapParams};
///
/// let x = Array2::from_shape_fn((40, 5), |(i, j)| ((i * (7 + j)) % 31) as f32);
/// let umap = Umap::fit(x.view(), &UmapParams::default().reduced_for(40), &Silent)?;
/// let places = umap.transform(x.slice(s![..3, ..]))?;
/// assert_eq!(places.dim(), (3, 2));
/// # Ok::<(), songscape_analysis::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Umap {
    index: Arc<Index>,
    map: Array2<f32>,
    params: UmapParams,
}

impl Umap {
    /// Makes a map, as [`fit`](super::fit()) does, and keeps it.
    ///
    /// # Errors
    /// As [`fit`](super::fit()).
    pub fn fit(x: ArrayView2<f32>, params: &UmapParams, progress: &dyn Progress) -> Result<Self> {
        let near = super::nearest(x, params, progress)?;
        let map = super::fit_neighbors(x, &near, params, progress)?;
        let index = Index::from_neighbors(x.to_owned(), &near, params.metric, params.seed)?;
        Self::with_index(Arc::new(index), map, params.clone())
    }

    /// A map `[n, dims]` that was made before of vectors `[n, d]`. Their neighbours are sought again, for
    /// the search; see [`with_index`](Self::with_index).
    ///
    /// # Errors
    /// As [`with_index`](Self::with_index), and those of [`Index::new`].
    pub fn new(vectors: Array2<f32>, map: Array2<f32>, params: UmapParams) -> Result<Self> {
        let index = Index::new(vectors, params.metric, params.seed, &Silent)?;
        Self::with_index(Arc::new(index), map, params)
    }

    /// A map `[n, dims]` of the vectors of an index, which several maps can share.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`], [`Error::TooFewRows`] when there are fewer rows than neighbours,
    /// [`Error::Parameter`] when the index compares by another metric, those of [`check_finite`].
    pub fn with_index(index: Arc<Index>, map: Array2<f32>, params: UmapParams) -> Result<Self> {
        params.check()?;
        check_finite(map.view())?;
        if map.nrows() != index.len() {
            let (found, expected) = (map.nrows(), index.len());
            return Err(Error::LengthMismatch { what: "map", found, expected });
        }
        if map.nrows() < params.neighbors {
            let what = format!("a map with {} neighbors", params.neighbors);
            return Err(Error::TooFewRows { what, rows: map.nrows(), needed: params.neighbors });
        }
        if params.metric != index.metric() {
            let found = format!("{:?}", index.metric());
            return Err(Error::parameter("the metric of the index", found, "that of the map"));
        }
        Ok(Self { index, map: standard(map), params })
    }

    /// The vectors, as they are searched.
    pub fn index(&self) -> &Arc<Index> {
        &self.index
    }

    /// The map `[n, dims]`.
    pub fn map(&self) -> ArrayView2<'_, f32> {
        self.map.view()
    }

    /// What it was made with.
    pub fn params(&self) -> &UmapParams {
        &self.params
    }

    /// Places for new vectors `[m, d]` on the map: `[m, dims]`. The map stays as it is, and a new row
    /// has the same place whatever the others are.
    ///
    /// A new row starts at the mean of its neighbours, weighted by the strength of the fuzzy graph,
    /// and is pulled to them and pushed from others as in the layout. A row that is equal to one that the map
    /// was made of has its place.
    ///
    /// # Errors
    /// [`Error::ColumnMismatch`]; [`Error::NotFinite`].
    pub fn transform(&self, new: ArrayView2<f32>) -> Result<Array2<f32>> {
        let near = self.index.nearest(new, self.params.neighbors)?;
        self.transform_near(new, &near)
    }

    /// As [`transform`](Self::transform), with the nearest of the map's rows found before:
    /// `params.neighbors` of them or more.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] when there are not as many neighbourhoods as new rows; [`Error::Parameter`]
    /// when there are too few neighbours, or one is no row of the map.
    pub fn transform_near(&self, new: ArrayView2<f32>, near: &Neighbors) -> Result<Array2<f32>> {
        let params = &self.params;
        if near.indices.nrows() != new.nrows() {
            let (found, expected) = (near.indices.nrows(), new.nrows());
            return Err(Error::LengthMismatch { what: "neighbors", found, expected });
        }
        if near.indices.ncols() < params.neighbors {
            let expected = "as many as the map was made with";
            return Err(Error::parameter("neighbors", near.indices.ncols(), expected));
        }
        if let Some(bad) = near.indices.iter().find(|&&row| row as usize >= self.map.nrows()) {
            return Err(Error::parameter("a neighbor", bad, "a row of the map"));
        }
        let near = near.first(params.neighbors);
        let scales = neighborhoods(&near);
        let forces = Forces::new(&Curve::fit(params.min_dist, params.spread));
        let epochs = params.epochs_for(self.map.nrows()).div_ceil(EPOCHS_SHARE);
        let mut out = Array2::zeros((new.nrows(), self.map.ncols()));
        out.axis_iter_mut(Axis(0)).into_par_iter().enumerate().for_each(|(i, mut place)| {
            let rows = near.indices.row(i);
            if let Some(own) = self.index.equal_among(rows, new.row(i)) {
                place.assign(&self.map.row(own));
                return;
            }
            let edges: Vec<(usize, f32)> = rows
                .iter()
                .zip(near.distances.row(i))
                .map(|(&j, &d)| (j as usize, scales[i].strength(d)))
                .collect();
            let at = self.place(&edges, epochs, &forces, new.row(i));
            place.iter_mut().zip(at).for_each(|(p, v)| *p = v);
        });
        Ok(out)
    }

    /// Writes the map, with the vectors that it was made of, into a file of safetensors, atomically.
    ///
    /// # Errors
    /// [`Error::Project`] when the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let mut writer = Writer::new(Self::KIND);
        self.index.put("", &mut writer)?;
        self.put("map.", &mut writer)?;
        writer.save(path.as_ref())
    }

    /// Reads what [`save`](Self::save) wrote.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be read, or is not whole.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let archive = Archive::open(path.as_ref(), Self::KIND)?;
        let index = Arc::new(Index::take("", &archive)?);
        Self::take("map.", index, &archive)
    }

    const KIND: &str = "map";

    /// Puts the map into a file, without its index.
    pub(crate) fn put<'a>(&'a self, prefix: &str, writer: &mut Writer<'a>) -> Result<()> {
        writer.fact(format!("{prefix}params"), &self.params)?;
        writer.matrix(format!("{prefix}places"), &self.map);
        Ok(())
    }

    pub(crate) fn take(prefix: &str, index: Arc<Index>, archive: &Archive) -> Result<Self> {
        let map = archive.matrix(&format!("{prefix}places"), (Some(index.len()), None))?;
        let params = archive.fact(&format!("{prefix}params"))?;
        archive.checked(Self::with_index(index, map, params))
    }

    fn place(
        &self,
        edges: &[(usize, f32)],
        epochs: usize,
        forces: &Forces,
        row: ndarray::ArrayView1<f32>,
    ) -> Vec<f32> {
        let dims = self.map.ncols();
        let total: f32 = edges.iter().map(|e| e.1).sum();
        let largest = edges.iter().fold(0.0_f32, |m, e| m.max(e.1));
        let mut at = vec![0.0; dims];
        for &(j, strength) in edges {
            let other = self.map.row(j);
            at.iter_mut().zip(other).for_each(|(a, o)| *a += o * strength / total);
        }
        // The random numbers come from the row itself.
        let key = row.iter().fold(0_u64, |key, v| {
            (key ^ u64::from(v.to_bits())).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
        });
        let mut random = random(self.params.seed ^ key, 0, 0);
        for epoch in 0..epochs {
            let rate = RATE * (1.0 - epoch as f32 / epochs as f32);
            for &(j, strength) in edges {
                let share = f64::from(strength / largest);
                if (share * (epoch + 1) as f64) as u32 == (share * epoch as f64) as u32 {
                    continue;
                }
                self.step(&mut at, j, rate, |d2| forces.pull(d2));
                for _ in 0..self.params.negatives {
                    let far = random.below(self.map.nrows());
                    self.step(&mut at, far, rate, |d2| forces.push(d2));
                }
            }
        }
        at
    }

    fn step(&self, at: &mut [f32], other: usize, rate: f32, factor: impl Fn(f32) -> f32) {
        let other = self.map.row(other);
        let d2: f32 = at.iter().zip(other).map(|(a, o)| (a - o) * (a - o)).sum();
        let factor = factor(d2);
        for (a, o) in at.iter_mut().zip(other) {
            *a += rate * (factor * (*a - o)).clamp(-LONGEST, LONGEST);
        }
    }
}
