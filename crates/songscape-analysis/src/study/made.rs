//! What a study computes before anything is said about it.

use ndarray::{Array2, ArrayView2};
use songscape_project::Progress;

use super::years::OwnYears;
use super::{Before, StudyInput, StudyParams, StudyPart};
use crate::error::Result;
use crate::music::clusters::{ClusterOn, SongClusters, cluster_near, cluster_on};
use crate::neighbors::Neighbors;
use crate::outliers;
use crate::umap::{self, Beginning, UmapParams};

/// The parts of a study, those that were asked for.
pub(super) struct Made {
    /// The neighbours that the map, the clusters and the list of nearest songs share.
    pub near: Option<Neighbors>,
    /// `[n, dims]`.
    pub map: Option<Array2<f32>>,
    /// The outlier scores.
    pub strange: Option<Vec<f64>>,
    pub found: Option<SongClusters>,
    pub years: Option<OwnYears>,
}

impl Made {
    pub fn new(
        input: &StudyInput,
        params: &StudyParams,
        before: Option<&Before>,
        progress: &dyn Progress,
    ) -> Result<Self> {
        let x = input.vectors.whole.view();
        before.map_or(Ok(()), |before| before.check(x.nrows()))?;
        let n = x.nrows();
        let map_params = params.umap(n);
        map_params.check()?;
        params.hdbscan(n).check()?;

        let on_umap = params.makes(StudyPart::Hdbscan) && params.cluster_on == ClusterOn::Umap;
        let near = match params.makes_map() || on_umap || params.makes_years_alone(n) {
            true => Some(umap::nearest(x, &map_params, progress)?),
            false => None,
        };
        let strange = near.as_ref().map(outliers::scores).transpose()?;
        let kept = before.filter(|before| before.is_unchanged(x, params));
        let kept = kept.map(|before| before.study);
        let map = match (kept, &near) {
            (Some(study), _) => Some(study.map().map().to_owned()),
            (None, Some(near)) if params.makes_map() => {
                let earlier = before.map(|before| (before, before.study.map().map()));
                Some(map_after(x, near, earlier, &map_params, progress)?)
            }
            _ => None,
        };
        let mut found = match kept {
            Some(study) => Some(study.found()),
            None if params.makes(StudyPart::Hdbscan) => {
                let map = map.as_ref().map(|map| map.view());
                Some(clusters_after(x, near.as_ref(), map, before, params, progress)?)
            }
            None => None,
        };
        if let (Some(found), Some(strange), Some(above)) =
            (&mut found, &strange, params.outliers_above)
        {
            let apart: Vec<bool> = strange.iter().map(|score| *score > above).collect();
            found.clusters.set_apart(&apart)?;
        }
        let mut years = None;
        if params.makes(StudyPart::Years) {
            years = Some(OwnYears::new(params, input, near.as_ref(), progress)?);
        }
        Ok(Self { near, map, strange, found, years })
    }
}

/// Clusters that have the numbers of those before that they share most songs with.
fn clusters_after(
    x: ArrayView2<f32>,
    near: Option<&Neighbors>,
    map: Option<ArrayView2<f32>>,
    before: Option<&Before>,
    params: &StudyParams,
    progress: &dyn Progress,
) -> Result<SongClusters> {
    let used = params.clusters(x.nrows());
    let earlier = before.and_then(|before| Some((before, before.study.map_of_clusters()?)));
    let mut own = match (near, earlier) {
        (Some(near), Some(_)) if used.on == ClusterOn::Umap => {
            let own_map = map_after(x, near, earlier, &used.umap, progress)?;
            cluster_on(x, own_map.view(), &used, progress)?
        }
        _ => cluster_near(x, near, map, &used, progress)?,
    };
    if let Some(before) = before {
        own.clusters.number_like(&before.labels())?;
    }
    Ok(own)
}

/// The share of the epochs that a map made anew does without: songs that have come find their places among those
/// that were there, which move little.
const SETTLED: f64 = 0.9;

/// A map that begins where an earlier one was, and lies as it did.
fn map_after(
    x: ArrayView2<f32>,
    near: &Neighbors,
    earlier: Option<(&Before, ArrayView2<f32>)>,
    params: &UmapParams,
    progress: &dyn Progress,
) -> Result<Array2<f32>> {
    let start = earlier.and_then(|(before, map)| before.start(map, near, params.dims, params.seed));
    let beginning = start.as_ref().map(|s| Beginning { places: s.view(), settled: SETTLED });
    let map = umap::fit_from(x, near, beginning, params, progress)?;
    match earlier {
        Some((before, earlier)) => before.aligned(map, earlier),
        None => Ok(map),
    }
}
