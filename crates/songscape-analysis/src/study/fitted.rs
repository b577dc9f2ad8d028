//! A study that lasts: what was fitted, in a file, and what it says of new songs.

use std::path::Path;
use std::sync::Arc;

use ndarray::{Array2, ArrayView2};
use songscape_project::{Job, Progress};

use super::made::Made;
use super::years::artists;
use super::{Applied, StudyInput, StudyParams};
use crate::archive::{Archive, Writer};
use crate::error::{Error, Result};
use crate::hdbscan::{Clusters, Predicted};
use crate::music::clusters::{ClusterOn, SongClusters};
use crate::music::names;
use crate::music::years::YearFit;
use crate::neighbors::{Index, Neighbors};
use crate::outliers::Usual;
use crate::umap::Umap;
use crate::vectors::check_finite;

/// New songs whose neighbours are sought before it is asked whether to stop.
const BLOCK: usize = 1024;
/// The neighbours that say which cluster a new song goes with where clusters were sought among the vectors,
/// in multiples of `min_samples`, as in the package hdbscan.
const NEAR: usize = 2;

/// What a study fitted, for songs that come later: the map, the clusters, what is usual, the model of
/// years, and an index of the songs' vectors.
///
/// A vector that is equal to one of the study's is taken for that song: it has its place, its
/// cluster and its outlier score. Every other vector has the same answer in any process and beside
/// any others.
///
/// ```
/// use ndarray::{Array2, s};
/// use songscape_analysis::study::{Study, StudyInput, StudyParams, VectorSet};
/// use songscape_project::{Silent, SongTable};
///
/// let songs = Array2::from_shape_fn((90, 6), |(i, j)| {
///     let group = if i % 3 == j % 3 { 4.0 } else { 0.0 };
///     group + ((i * (7 + j)) % 31) as f32 / 31.0
/// });
/// let vectors = VectorSet::new("my vectors", songs.slice(s![..80, ..]).to_owned());
/// let table = SongTable::unknown(80);
/// let input = StudyInput { vectors: &vectors, songs: &table, baselines: &[] };
/// let study = Study::fit(&input, &StudyParams::default(), &Silent)?;
///
/// let folder = tempfile::tempdir()?;
/// study.save(folder.path())?;
/// let study = Study::load(folder.path())?;
/// let new = study.apply(songs.slice(s![80.., ..]), &Silent)?;
/// assert_eq!((new.map.dim(), new.labels.len()), ((10, 2), 10));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Study {
    params: StudyParams,
    songs: Vec<String>,
    map: Umap,
    usual: Usual,
    outliers: Vec<f64>,
    clusters: Clusters,
    names: Vec<String>,
    space: Space,
    years: Option<YearFit>,
}

/// Where clusters were sought.
#[derive(Debug, Clone, PartialEq)]
enum Space {
    /// On a UMAP made for it, of the same index as the map.
    Umap(Umap),
    /// On the map.
    Map,
    /// Among the vectors, which an index by the metric of the clusters searches.
    Vectors(Index),
}

impl Study {
    /// The name of the file in the folder of a saved study.
    pub const FILE: &str = "study.safetensors";
    const KIND: &str = "study";

    /// Fits all parts of a study, without tables and scores. Years that cannot be predicted because of
    /// what the songs are, are left out.
    ///
    /// # Errors
    /// As [`study`](super::study()); [`Error::Parameter`] unless all parts are made.
    pub fn fit(input: &StudyInput, params: &StudyParams, progress: &dyn Progress) -> Result<Self> {
        Self::check_params(params)?;
        params.check()?;
        input.check()?;
        let made = Made::new(input, params, None, progress)?;
        Self::of(input, params, made, progress)
    }

    pub(super) fn check_params(params: &StudyParams) -> Result<()> {
        match params.only {
            None => Ok(()),
            Some(only) => {
                let found = format!("{only:?}").to_lowercase();
                Err(Error::parameter("only", found, "nothing, as a saved study has all parts"))
            }
        }
    }

    /// Keeps what a study made.
    pub(super) fn of(
        input: &StudyInput,
        params: &StudyParams,
        made: Made,
        progress: &dyn Progress,
    ) -> Result<Self> {
        let (Some(near), Some(map), Some(outliers), Some(found)) =
            (made.near, made.map, made.strange, made.found)
        else {
            return Err(Error::parameter("the study", "a part of one", "all parts"));
        };
        let x = input.vectors.whole.view();
        let n = x.nrows();
        let of_map = params.umap(n);
        let index = Index::from_neighbors(x.to_owned(), &near, of_map.metric, params.seed)?;
        let index = Arc::new(index);
        let space = match found.on {
            ClusterOn::Umap => {
                let points = found.points.mapv(|v| v as f32);
                Space::Umap(Umap::with_index(index.clone(), points, params.clusters(n).umap)?)
            }
            ClusterOn::Map => Space::Map,
            ClusterOn::Vectors => {
                Space::Vectors(index.by(found.clusters.params().metric, params.seed, progress)?)
            }
        };
        let years = match &made.years {
            Some(own) => match &own.found {
                Ok(found) => {
                    let years = input.songs.years();
                    Some(YearFit::fit(x, &years, &own.groups, &own.params, found, progress)?)
                }
                Err(_) => None,
            },
            None => None,
        };
        let artists = artists(input.songs);
        let names =
            names::names(found.clusters.labels(), &artists, &names::columns_of(input.songs))?;
        Ok(Self {
            names: names::titles(&names, found.clusters.count()),
            params: params.clone(),
            songs: input.songs.songs.iter().map(ToString::to_string).collect(),
            map: Umap::with_index(index, map, of_map)?,
            usual: Usual::of(&near)?,
            outliers,
            clusters: found.clusters,
            space,
            years,
        })
    }

    /// What it was made with.
    pub fn params(&self) -> &StudyParams {
        &self.params
    }

    /// The names of the songs.
    pub fn songs(&self) -> &[String] {
        &self.songs
    }

    /// The map, with the index of the vectors.
    pub fn map(&self) -> &Umap {
        &self.map
    }

    /// The map that clusters were sought on, where they were sought on one.
    pub(super) fn map_of_clusters(&self) -> Option<ArrayView2<'_, f32>> {
        match &self.space {
            Space::Umap(umap) => Some(umap.map()),
            Space::Map => Some(self.map.map()),
            Space::Vectors(_) => None,
        }
    }

    /// The clusters, with the points that they were found among.
    pub(super) fn found(&self) -> SongClusters {
        let (on, points) = match &self.space {
            Space::Umap(umap) => (ClusterOn::Umap, umap.map()),
            Space::Map => (ClusterOn::Map, self.map.map()),
            Space::Vectors(_) => (ClusterOn::Vectors, self.index().vectors()),
        };
        SongClusters { on, points: points.mapv(f64::from), clusters: self.clusters.clone() }
    }

    /// The vectors, as they are searched.
    pub fn index(&self) -> &Index {
        self.map.index()
    }

    /// How far the songs are from similar songs ([`outliers`](crate::outliers)).
    pub fn outliers(&self) -> &[f64] {
        &self.outliers
    }

    /// The clusters.
    pub fn clusters(&self) -> &Clusters {
        &self.clusters
    }

    /// What sets the songs of each cluster apart, empty where nothing does.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The model of years, where they can be predicted.
    pub fn years(&self) -> Option<&YearFit> {
        self.years.as_ref()
    }

    /// What the study says of new vectors `[m, d]`. It does not change.
    ///
    /// # Errors
    /// [`Error::ColumnMismatch`]; [`Error::Interrupted`]; those of [`check_finite`].
    pub fn apply(&self, new: ArrayView2<f32>, progress: &dyn Progress) -> Result<Applied> {
        let index = self.index();
        let mapped = self.map.params().neighbors;
        // As many as the study itself lists.
        let listed = self.params.nearest.min(mapped);
        let most = mapped.max(self.usual.neighbor + 1).min(index.len());
        let near = nearest(index, new, most, progress)?;
        let own: Vec<Option<usize>> =
            (0..new.nrows()).map(|i| index.equal_among(near.indices.row(i), new.row(i))).collect();

        let mut outliers = self.usual.scores(&near);
        for (score, own) in outliers.iter_mut().zip(&own) {
            *score = own.map_or(*score, |own| self.outliers[own]);
        }
        let map = self.map.transform_near(new, &near)?;
        let Predicted { mut labels, mut probabilities } =
            self.cluster(new, &near, map.view(), &own, progress)?;
        if let Some(above) = self.params.outliers_above {
            for i in (0..outliers.len()).filter(|&i| outliers[i] > above) {
                (labels[i], probabilities[i]) = (-1, 0.0);
            }
        }
        let years = self.years.as_ref().map(|years| years.predict(new)).transpose()?;
        let nearest = near.first(listed);
        Ok(Applied { map, labels, probabilities, outliers, years, nearest })
    }

    /// The clusters of new songs, whose nearest songs and places on the map are known.
    fn cluster(
        &self,
        new: ArrayView2<f32>,
        near: &Neighbors,
        map: ArrayView2<f32>,
        own: &[Option<usize>],
        progress: &dyn Progress,
    ) -> Result<Predicted> {
        let among = |points: ArrayView2<f32>, new: ArrayView2<f32>| {
            self.clusters.predict(points.mapv(f64::from).view(), new.mapv(f64::from).view())
        };
        match &self.space {
            Space::Umap(umap) => among(umap.map(), umap.transform_near(new, near)?.view()),
            Space::Map => among(self.map.map(), map),
            Space::Vectors(index) => {
                let count =
                    self.clusters.params().min_samples.saturating_mul(NEAR).min(index.len());
                let near = nearest(index, new, count, progress)?;
                let mut found = self.clusters.predict_near(&near)?;
                for (i, own) in own.iter().enumerate().filter_map(|(i, own)| Some((i, (*own)?))) {
                    found.labels[i] = self.clusters.labels()[own];
                    found.probabilities[i] = self.clusters.probabilities()[own];
                }
                Ok(found)
            }
        }
    }

    /// Writes the study into a folder, as [`Study::FILE`], atomically.
    ///
    /// # Errors
    /// [`Error::Project`] when the file cannot be written.
    pub fn save(&self, folder: impl AsRef<Path>) -> Result<()> {
        let mut writer = Writer::new(Self::KIND);
        writer.fact("params", &self.params)?;
        writer.fact("usual", &self.usual)?;
        writer.list("songs", json(&self.songs)?);
        self.index().put("", &mut writer)?;
        self.map.put("map.", &mut writer)?;
        writer.list("outliers", &self.outliers[..]);
        self.clusters.put("clusters.", &mut writer)?;
        writer.fact("clusters.names", &self.names)?;
        let on = match &self.space {
            Space::Umap(umap) => {
                umap.put("clusters.map.", &mut writer)?;
                ClusterOn::Umap
            }
            Space::Map => ClusterOn::Map,
            Space::Vectors(index) => {
                index.put_search("clusters.", &mut writer)?;
                ClusterOn::Vectors
            }
        };
        writer.fact("clusters.on", &on)?;
        if let Some(years) = &self.years {
            writer.list("years", json(years)?);
        }
        writer.save(&folder.as_ref().join(Self::FILE))
    }

    /// Reads the study in a folder.
    ///
    /// # Errors
    /// [`Error::File`] when it is not there, of another version, or not whole.
    pub fn load(folder: impl AsRef<Path>) -> Result<Self> {
        let archive = &Archive::open(&folder.as_ref().join(Self::FILE), Self::KIND)?;
        let params: StudyParams = archive.fact("params")?;
        archive.checked(params.check().and(Self::check_params(&params)))?;
        let index = Arc::new(Index::take("", archive)?);
        let n = index.len();
        let songs: Vec<String> = text(archive, "songs")?;
        archive.expect(songs.len() == n, "there are not as many names as songs")?;
        let usual: Usual = archive.fact("usual")?;
        let is_usual = (1..=n).contains(&usual.neighbor) && usual.distance >= 0.0;
        archive.expect(is_usual, "the usual distance is not a distance to a neighbor")?;
        let outliers: Vec<f64> = archive.list("outliers", Some(n))?;
        let finite = outliers.iter().all(|score| *score >= 0.0 && score.is_finite());
        archive.expect(finite, "an outlier score is not a number of at least 0")?;
        let clusters = Clusters::take("clusters.", archive)?;
        archive.expect(clusters.labels().len() == n, "there are not as many labels as songs")?;
        let names: Vec<String> = archive.fact("clusters.names")?;
        let fits = names.len() == clusters.count();
        archive.expect(fits, "there are not as many names as clusters")?;
        let space = match archive.fact("clusters.on")? {
            ClusterOn::Umap => Space::Umap(Umap::take("clusters.map.", index.clone(), archive)?),
            ClusterOn::Map => Space::Map,
            ClusterOn::Vectors => {
                let own = Index::take_search("clusters.", index.shared(), archive)?;
                let fits = own.metric() == clusters.params().metric;
                archive.expect(fits, "the index of the clusters has another metric")?;
                Space::Vectors(own)
            }
        };
        let map = Umap::take("map.", index, archive)?;
        if let Space::Umap(own) = &space {
            let enough = own.params().neighbors <= map.params().neighbors;
            archive.expect(enough, "the clusters' map has more neighbours than the map")?;
        }
        let years: Option<YearFit> = match archive.has("years") {
            true => Some(text(archive, "years")?),
            false => None,
        };
        if let Some(years) = &years {
            let fits = years.columns() == map.index().vectors().ncols();
            archive.expect(fits, "the model of years is of other vectors")?;
        }
        Ok(Self { params, songs, map, usual, outliers, clusters, names, space, years })
    }
}

/// The nearest songs of new ones.
fn nearest(
    index: &Index,
    new: ArrayView2<f32>,
    k: usize,
    progress: &dyn Progress,
) -> Result<Neighbors> {
    check_finite(new)?;
    let job = Job::begin(progress, "new songs", new.nrows() as u64, "songs");
    let mut near = Neighbors {
        indices: Array2::zeros((new.nrows(), k)),
        distances: Array2::zeros((new.nrows(), k)),
    };
    for first in (0..new.nrows()).step_by(BLOCK) {
        if job.interrupted() {
            return Err(Error::Interrupted { what: "the search for neighbours" });
        }
        let rows = first..(first + BLOCK).min(new.nrows());
        let found = index.nearest(new.slice(ndarray::s![rows.clone(), ..]), k)?;
        near.indices.slice_mut(ndarray::s![rows.clone(), ..]).assign(&found.indices);
        near.distances.slice_mut(ndarray::s![rows.clone(), ..]).assign(&found.distances);
        job.advance(rows.len() as u64);
    }
    Ok(near)
}

fn json(value: &impl serde::Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(value)
        .map_err(|e| Error::parameter("a part of a study", e, "something that JSON can say"))
}

fn text<T: serde::de::DeserializeOwned>(archive: &Archive, name: &str) -> Result<T> {
    let bytes: Vec<u8> = archive.list(name, None)?;
    serde_json::from_slice(&bytes)
        .map_err(|e| archive.refused(format!("its {name} cannot be read: {e}")))
}
