//! From vectors and a table of songs to all results: map, clusters, years, tables and scores. The
//! pipeline and the program `analyze` both call it, so that the same vectors give the same files in
//! either way.

mod applied;
mod before;
mod classes;
mod clusters;
mod fitted;
mod grown;
mod made;
mod outputs;
mod params;
mod scores;
mod vectors;
mod years;

use std::path::Path;

use ndarray::ArrayView2;
use songscape_project::{Progress, SongTable};

pub use applied::Applied;
pub use before::Before;
pub use fitted::Study;
pub use grown::{Grown, copy_tables};
pub use params::{StudyParams, StudyPart};
pub use scores::{
    ClassScore, ClassScores, ClusterScores, DecadeTie, MapScores, RetrievalScore, Scores,
    YearScore, YearScores,
};
pub use vectors::VectorSet;

use crate::error::{Error, Result};
use crate::hdbscan::{self, Clusters};
use crate::metrics::{global_structure, trustworthiness, trustworthiness_of_some};
use crate::music::decades::{self, DecadeMap, DecadeParams};
use crate::music::tables;
use crate::retrieval::numbered;
use crate::umap::UmapParams;
use crate::vectors::{check_finite, write_npy};
use made::Made;
use outputs::{DECADE_MAPS, Outputs};

/// Songs up to which every song is scored or compared; of more, some are.
const SCORED: usize = 5_000;
/// Songs of which the trustworthiness is taken when there are more than that.
const TRUSTED: usize = 1_000;

/// What a study is about.
#[derive(Debug, Clone)]
pub struct StudyInput<'a> {
    /// The vectors, one per song.
    pub vectors: &'a VectorSet,
    /// What is known of the songs, in the same order.
    pub songs: &'a SongTable,
    /// Other vectors of the same songs, which are scored beside them.
    pub baselines: &'a [VectorSet],
}

impl StudyInput<'_> {
    fn check(&self) -> Result<()> {
        let expected = self.vectors.whole.nrows();
        let same = |what: &'static str, found: usize| {
            if found == expected {
                Ok(())
            } else {
                Err(Error::LengthMismatch { what, found, expected })
            }
        };
        same("the catalog", self.songs.songs.len())?;
        check_finite(self.vectors.whole.view())?;
        for baseline in self.baselines {
            same("a baseline", baseline.whole.nrows())?;
            check_finite(baseline.whole.view())?;
        }
        Ok(())
    }

    fn files(&self) -> Vec<&Path> {
        let sets = self.baselines.iter().chain([self.vectors]);
        sets.filter_map(|set| set.file.as_deref()).collect()
    }
}

/// Makes a study and writes it into a folder: `umap.npy`, `outliers.csv`, `clusters.csv`,
/// `condensed_tree.csv`, `neighbors.csv`, `representatives.csv`, where the table names clusters
/// `cluster_names.csv`, for songs with years `years.csv`, `shares_per_year.csv`, `years_per_cluster.csv`,
/// `trends.csv` and `yearly_change.csv`, where they are asked for `classes.csv` and
/// `decade_maps.csv`, and [`Scores`] as `scores.json`. Of
/// these files, what an earlier study left there and this one does not make is removed.
///
/// Years that cannot be predicted because of what the songs are (too few of them have one, or all the
/// same) are left out, and the scores say why.
///
/// ```
/// use songscape_analysis::ndarray::Array2;
/// use songscape_analysis::project::{Silent, SongTable};
/// use songscape_analysis::study::{StudyInput, StudyParams, VectorSet, study};
///
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path().join("analysis");
/// let x = Array2::from_shape_fn((60, 4), |(i, j)| {
///     f32::from(i % 2 == j / 2) + ((i * (7 + j)) % 31) as f32 / 50.0
/// });
/// let vectors = VectorSet::new("my vectors", x);
/// let songs = SongTable::unknown(60); // or SongTable::read("songs.csv")
/// let input = StudyInput { vectors: &vectors, songs: &songs, baselines: &[] };
/// let scores = study(&input, &StudyParams::default(), &folder, &Silent)?;
/// assert_eq!(scores.songs, 60);
/// assert!(folder.join("clusters.csv").exists());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::LengthMismatch`] when songs and vectors are not equally many; [`Error::NotFinite`];
/// [`Error::Parameter`]; [`Error::TooFewRows`]; [`Error::Interrupted`]; [`Error::Project`] and
/// [`Error::File`] when a file cannot be written.
pub fn study(
    input: &StudyInput,
    params: &StudyParams,
    folder: impl AsRef<Path>,
    progress: &dyn Progress,
) -> Result<Scores> {
    Ok(study_made(input, params, None, folder.as_ref(), progress)?.0)
}

/// Makes a study, writes it into a folder as [`study`] does, and keeps what was fitted, for new songs.
///
/// # Errors
/// As [`study`]; [`Error::Parameter`] unless all parts are made.
pub fn study_and_keep(
    input: &StudyInput,
    params: &StudyParams,
    folder: impl AsRef<Path>,
    progress: &dyn Progress,
) -> Result<(Scores, Study)> {
    study_after(input, params, None, folder, progress)
}

/// As [`study_and_keep`], from an earlier study where there is one: the maps start where its songs were and
/// are turned to lie as its maps did, and clusters have the numbers of those that they share most songs with. Where
/// songs, vectors and parameters are the same, maps and clusters are, too.
///
/// # Errors
/// As [`study_and_keep`]; [`Error::LengthMismatch`] and [`Error::Parameter`] when the rows are not those of
/// the songs and of the earlier study.
pub fn study_after(
    input: &StudyInput,
    params: &StudyParams,
    before: Option<&Before>,
    folder: impl AsRef<Path>,
    progress: &dyn Progress,
) -> Result<(Scores, Study)> {
    Study::check_params(params)?;
    let (scores, made) = study_made(input, params, before, folder.as_ref(), progress)?;
    Ok((scores, Study::of(input, params, made, progress)?))
}

fn study_made(
    input: &StudyInput,
    params: &StudyParams,
    before: Option<&Before>,
    folder: &Path,
    progress: &dyn Progress,
) -> Result<(Scores, Made)> {
    params.check()?;
    input.check()?;
    params.classify.iter().try_for_each(|column| classes::classes_of(input, column).map(drop))?;
    let out = &Outputs::create(folder, &input.files())?;
    let x = input.vectors.whole.view();
    let (n, columns) = x.dim();
    let mut scores = Scores { songs: n, columns, seed: params.seed, ..Scores::default() };
    let made = Made::new(input, params, before, progress)?;
    if let Some(map) = &made.map {
        write_npy(out.path("umap.npy")?, map.view())?;
    }
    if let (Some(strange), false) = (&made.strange, params.only == Some(StudyPart::Years)) {
        tables::write_outliers(out.path("outliers.csv")?, strange)?;
    }
    if let Some(found) = &made.found {
        scores.clusters = Some(clusters::describe(params, out, input, found, progress)?);
    }
    if let (Some(near), None) = (&made.near, params.only) {
        tables::write_neighbors(out.path("neighbors.csv")?, &near.first(params.nearest))?;
    }
    if let Some(map) = &made.map {
        let clusters = made.found.as_ref().map(|found| &found.clusters);
        scores.map = Some(score_map(x, map.view(), params.umap(n), clusters)?);
    }
    if let Some(own) = &made.years {
        years::describe(params, out, input, own, &mut scores, progress)?;
    }
    if params.makes(StudyPart::Years) {
        classes::describe(params, out, input, made.near.as_ref(), &mut scores, progress)?;
    }
    if params.decade_maps && params.makes(StudyPart::Years) {
        scores.decades = decade_maps(input, params, out, progress)?;
    }
    if params.only.is_none() {
        retrieve(input, &mut scores)?;
    }
    out.finish(&scores)?;
    Ok((scores, made))
}

/// The clusters of vectors `[n, d]` as they are, in float64, with no map: `clusters.csv`,
/// `condensed_tree.csv` and `scores.json`. `file` is what the vectors were read from.
///
/// # Errors
/// As [`study`].
pub fn cluster_vectors(
    x: ArrayView2<f64>,
    file: &Path,
    params: &StudyParams,
    folder: impl AsRef<Path>,
    progress: &dyn Progress,
) -> Result<Scores> {
    let out = Outputs::create(folder.as_ref(), &[file])?;
    let clusters = hdbscan::fit_interruptible(x, &params.hdbscan(x.nrows()), progress)?;
    clusters::write(&out, &clusters, x)?;
    let scores = Scores {
        songs: x.nrows(),
        columns: x.ncols(),
        seed: params.seed,
        clusters: Some(clusters::score(params, x, &clusters)?),
        ..Scores::default()
    };
    out.finish(&scores)?;
    Ok(scores)
}

fn score_map(
    x: ArrayView2<f32>,
    map: ArrayView2<f32>,
    params: UmapParams,
    clusters: Option<&Clusters>,
) -> Result<MapScores> {
    let n = x.nrows();
    let k = 15.min(n.saturating_sub(1) / 3);
    let whole = n <= SCORED;
    let trust = match (k, whole) {
        (0, _) => None,
        (_, true) => Some(trustworthiness(x, map, k, params.metric)?),
        _ => Some(trustworthiness_of_some(x, map, k, params.metric, TRUSTED)?),
    };
    let global_structure = match clusters {
        Some(clusters) => global_structure(x, map, clusters.labels(), params.metric)?,
        None => None,
    };
    Ok(MapScores {
        params,
        trustworthiness: trust,
        trustworthiness_rows: if whole { n } else { TRUSTED },
        global_structure,
    })
}

/// Makes and writes the maps of decades.
fn decade_maps(
    input: &StudyInput,
    params: &StudyParams,
    out: &Outputs,
    progress: &dyn Progress,
) -> Result<Vec<DecadeTie>> {
    let map = params.umap(input.vectors.whole.nrows());
    let own = DecadeParams { map, ..DecadeParams::default() };
    let maps = decades::maps(input.vectors.whole.view(), &input.songs.years(), &own, progress)?;
    decades::write_maps(out.path(DECADE_MAPS)?, &maps)?;
    let tie =
        |map: &DecadeMap| DecadeTie { decade: map.decade, songs: map.rows.len(), tied: map.tied };
    Ok(maps.iter().map(tie).collect())
}

/// Retrieval between the halves of songs, and of other recordings of the same song.
fn retrieve(input: &StudyInput, scores: &mut Scores) -> Result<()> {
    let sets = || std::iter::once(input.vectors).chain(input.baselines);
    let halves =
        sets().map(|set| Ok(set.retrieve_halves()?.map(|found| (set.name.clone(), found))));
    let halves = halves.filter_map(Result::transpose).collect::<Result<_>>()?;
    scores.halves = RetrievalScore::of_models(halves);
    let Some(songs) = input.songs.column("song") else { return Ok(()) };
    let labels = numbered(&songs);
    let different = labels.iter().max().map_or(0, |largest| largest + 1);
    if different < labels.len() {
        let found = sets().map(|set| Ok((set.name.clone(), set.retrieve_renditions(&labels)?)));
        scores.renditions = RetrievalScore::of_models(found.collect::<Result<_>>()?);
    }
    Ok(())
}
