//! What a study computes before anything is said about it.

use ndarray::Array2;
use songscape_project::Progress;

use super::years::OwnYears;
use super::{StudyInput, StudyParams, StudyPart};
use crate::error::Result;
use crate::music::clusters::{ClusterOn, SongClusters, cluster_near};
use crate::neighbors::Neighbors;
use crate::outliers;
use crate::umap;

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
    pub fn new(input: &StudyInput, params: &StudyParams, progress: &dyn Progress) -> Result<Self> {
        let x = input.vectors.whole.view();
        let n = x.nrows();
        let map_params = params.umap(n);
        map_params.check()?;
        params.hdbscan(n).check()?;

        let on_umap = params.makes(StudyPart::Hdbscan) && params.cluster_on == ClusterOn::Umap;
        let near = match params.makes_map() || on_umap || params.makes_years_alone(n) {
            true => Some(umap::nearest(x, &map_params, progress)?),
            false => None,
        };
        let map = match (&near, params.makes_map()) {
            (Some(near), true) => Some(umap::fit_neighbors(x, near, &map_params, progress)?),
            _ => None,
        };
        let strange = near.as_ref().map(outliers::scores).transpose()?;
        let mut found = None;
        if params.makes(StudyPart::Hdbscan) {
            let map = map.as_ref().map(|map| map.view());
            let mut own = cluster_near(x, near.as_ref(), map, &params.clusters(n), progress)?;
            if let (Some(strange), Some(above)) = (&strange, params.outliers_above) {
                let apart: Vec<bool> = strange.iter().map(|score| *score > above).collect();
                own.clusters.set_apart(&apart)?;
            }
            found = Some(own);
        }
        let mut years = None;
        if params.makes(StudyPart::Years) {
            years = Some(OwnYears::new(params, input, near.as_ref(), progress)?);
        }
        Ok(Self { near, map, strange, found, years })
    }
}
