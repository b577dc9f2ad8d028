//! What there is to say about the clusters.

use ndarray::ArrayView2;
use songscape_project::Progress;

use super::outputs::Outputs;
use super::years::artists;
use super::{ClusterScores, SCORED, StudyInput, StudyParams};
use crate::error::Result;
use crate::hdbscan::{self, Clusters};
use crate::music::clusters::{ClusterOn, ClusterParams, SongClusters};
#[cfg(feature = "comparisons")]
use crate::music::comparisons;
use crate::music::stability::{StabilityParams, stability};
use crate::music::{change, names, representatives, tables};

/// Songs from which on it says anything to cluster a part of them again.
const LEAST: usize = 20;

/// Writes the clusters and their tree.
pub(super) fn write(out: &Outputs, clusters: &Clusters, points: ArrayView2<f64>) -> Result<()> {
    tables::write_clusters(out.path("clusters.csv")?, clusters, points)?;
    tables::write_condensed_tree(out.path("condensed_tree.csv")?, clusters)
}

/// Writes every table of clusters, and scores them.
pub(super) fn describe(
    params: &StudyParams,
    out: &Outputs,
    input: &StudyInput,
    found: &SongClusters,
    progress: &dyn Progress,
) -> Result<ClusterScores> {
    let (clusters, x) = (&found.clusters, input.vectors.whole.view());
    let (labels, years) = (clusters.labels(), input.songs.years());
    write(out, clusters, found.points.view())?;
    let typical = representatives(
        x,
        labels,
        clusters.probabilities(),
        &input.songs.artists(),
        params.representatives,
    )?;
    tables::write_representatives(out.path("representatives.csv")?, &typical)?;
    if years.iter().any(Option::is_some) {
        let shares = tables::shares_per_year(labels, &years)?;
        tables::write_shares_per_year(out.path("shares_per_year.csv")?, &shares)?;
        let per_cluster = tables::years_per_cluster(labels, &years)?;
        tables::write_years_per_cluster(out.path("years_per_cluster.csv")?, &per_cluster)?;
        let trends = change::trends(labels, &years)?;
        change::write_trends(out.path("trends.csv")?, &trends)?;
    }
    let mut scores = score(params, found.points.view(), clusters)?;
    let names = names::names(labels, &artists(input.songs), &names::columns_of(input.songs))?;
    if !names.is_empty() {
        names::write_names(out.path("cluster_names.csv")?, &names)?;
    }
    scores.names = names::titles(&names, clusters.count());
    if x.nrows() >= LEAST {
        let n = x.nrows();
        let mut used = params.clusters(n);
        if used.on == ClusterOn::Map {
            used = ClusterParams { umap: params.umap(n), ..used };
        }
        let again = StabilityParams { seed: params.seed, ..StabilityParams::default() };
        scores.stability = Some(stability(x, found, &used, &again, progress)?);
    }
    #[cfg(feature = "comparisons")]
    {
        scores.comparison = Some(compare(found.points.view(), labels)?);
    }
    Ok(scores)
}

/// Other methods' clusters of every so many-th song, so that at most [`SCORED`] are taken.
#[cfg(feature = "comparisons")]
fn compare(points: ArrayView2<f64>, labels: &[i32]) -> Result<comparisons::ClusterComparison> {
    let step = points.nrows().div_ceil(SCORED).max(1);
    let some: Vec<usize> = (0..points.nrows()).step_by(step).collect();
    let labels: Vec<i32> = some.iter().map(|&row| labels[row]).collect();
    comparisons::clusters(points.select(ndarray::Axis(0), &some).view(), &labels)
}

/// What clusters of points `[n, m]` are worth by themselves.
pub(super) fn score(
    params: &StudyParams,
    points: ArrayView2<f64>,
    clusters: &Clusters,
) -> Result<ClusterScores> {
    let mut sizes = vec![0; clusters.count()];
    for label in clusters.labels().iter().filter_map(|&label| usize::try_from(label).ok()) {
        sizes[label] += 1;
    }
    let params_used = params.hdbscan(points.nrows());
    let validity = if points.nrows() <= SCORED {
        hdbscan::validity(points, clusters.labels(), params_used.metric)?
    } else {
        None
    };
    Ok(ClusterScores {
        on: params.cluster_on,
        params: params_used,
        count: clusters.count(),
        unclustered: clusters.noise(),
        sizes,
        persistence: clusters.persistence().to_vec(),
        validity,
        spanning_tree_weight: clusters.spanning_tree_weight(),
        stability: None,
        comparison: None,
        names: Vec::new(),
    })
}
