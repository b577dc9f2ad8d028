//! The parts of the analysis, in order.

use std::path::Path;

use ndarray::{Array2, ArrayView2, Axis};
use songscape::analysis::hdbscan::{self, Clusters};
use songscape::analysis::metrics::{global_structure, trustworthiness, trustworthiness_of_some};
use songscape::analysis::music::change::ChangeParams;
use songscape::analysis::music::clusters::{
    ClusterOn, ClusterParams, SongClusters, cluster_near, stability,
};
use songscape::analysis::music::years::{YearParams, constant, cross_validate};
use songscape::analysis::music::{change, comparisons, representatives, tables};
use songscape::analysis::neighbors::{self, Neighbors};
use songscape::analysis::songs::Songs;
use songscape::analysis::umap::{self, UmapParams};
use songscape::analysis::vectors::{check_finite, read_npy, read_npy_f64, write_npy};
use songscape::analysis::{Error, Result};
use songscape::project::Progress;

use crate::arguments::{Arguments, Part};
use crate::outputs::Outputs;
use crate::scores::{ClusterScores, Map, Scores, Years};

/// Songs up to which every song is scored or compared; of more, some are.
const SCORED: usize = 5_000;
/// Songs of which the trustworthiness is taken when there are more than that.
const TRUSTED: usize = 1_000;
/// Similar songs that are listed for each song, and songs that stand for a cluster.
const LISTED: usize = 10;
/// Parts of the songs that are clustered again, and the share of the songs in each.
const DRAWS: (usize, f64) = (5, 0.8);

/// Does what was asked for and sums it up in a line.
pub fn run(arguments: &Arguments, progress: &dyn Progress) -> Result<String> {
    if arguments.folds < 2 {
        return Err(Error::Parameter {
            name: "folds",
            value: arguments.folds.to_string(),
            expected: "at least 2",
        });
    }
    let inputs: Vec<&Path> = [Some(&arguments.vectors), arguments.catalog.as_ref()]
        .into_iter()
        .flatten()
        .map(|p| p.as_path())
        .collect();
    let out = &Outputs::create(&arguments.out, &inputs)?;
    if arguments.only == Some(Part::Hdbscan) && arguments.cluster_on() == ClusterOn::Vectors {
        return plain_clusters(arguments, out, progress);
    }
    let x = read_npy(&arguments.vectors)?;
    check_finite(x.view())?;
    let n = x.nrows();
    let songs = match &arguments.catalog {
        Some(path) => Songs::read(path, n)?,
        None => Songs::unknown(n),
    };
    let mut scores =
        Scores { songs: n, columns: x.ncols(), seed: arguments.seed, ..Scores::default() };
    let map_params = arguments.umap(n);
    map_params.check()?;

    let on_umap = arguments.does(Part::Hdbscan) && arguments.cluster_on() == ClusterOn::Umap;
    let near =
        if arguments.maps() || on_umap { Some(nearest(&x, &map_params, progress)?) } else { None };
    let map = match (&near, arguments.maps()) {
        (Some(near), true) => {
            let map = umap::fit_neighbors(x.view(), near, &map_params, progress)?;
            write_npy(&out.path("umap.npy")?, map.view())?;
            Some(map)
        }
        _ => None,
    };
    let clusters = if arguments.does(Part::Hdbscan) {
        let found = clusters(arguments, &x, near.as_ref(), map.as_ref(), &map_params, progress)?;
        scores.clusters = Some(describe(arguments, out, &x, &songs, &found, progress)?);
        Some(found.clusters)
    } else {
        None
    };
    if let (Some(near), None) = (&near, arguments.only) {
        tables::write_neighbors(&out.path("neighbors.csv")?, &near.first(LISTED))?;
    }
    if let Some(map) = &map {
        scores.map = Some(score_map(&x, map, map_params, clusters.as_ref())?);
    }
    if arguments.does(Part::Years) {
        years(arguments, out, &x, &songs, &mut scores, progress)?;
    }
    out.finish(&scores)?;
    Ok(summary(&scores))
}

/// The neighbours that both maps need.
fn nearest(x: &Array2<f32>, params: &UmapParams, progress: &dyn Progress) -> Result<Neighbors> {
    let needed = params.neighbors.max(params.dims + 2);
    if x.nrows() < needed {
        let what = format!("a map of {} dims with {} neighbors", params.dims, params.neighbors);
        return Err(Error::TooFewRows { what, rows: x.nrows(), needed });
    }
    let (k, metric) = (params.neighbors - 1, params.metric);
    neighbors::nearest(x.view(), k, metric, params.seed, progress)
}

/// Clusters of the vectors as they are, in float64.
fn plain_clusters(arguments: &Arguments, out: &Outputs, progress: &dyn Progress) -> Result<String> {
    let x = read_npy_f64(&arguments.vectors)?;
    let params = arguments.hdbscan(x.nrows());
    let clusters = hdbscan::fit_interruptible(x.view(), &params, progress)?;
    tables::write_clusters(&out.path("clusters.csv")?, &clusters)?;
    tables::write_condensed_tree(&out.path("condensed_tree.csv")?, &clusters)?;
    let scores = Scores {
        songs: x.nrows(),
        columns: x.ncols(),
        seed: arguments.seed,
        clusters: Some(cluster_scores(arguments, x.view(), &clusters)?),
        ..Scores::default()
    };
    out.finish(&scores)?;
    Ok(summary(&scores))
}

fn cluster_scores(
    arguments: &Arguments,
    points: ArrayView2<f64>,
    clusters: &Clusters,
) -> Result<ClusterScores> {
    let mut sizes = vec![0; clusters.count()];
    for label in clusters.labels().iter().filter_map(|&l| usize::try_from(l).ok()) {
        sizes[label] += 1;
    }
    let mut params = arguments.hdbscan(points.nrows());
    if arguments.cluster_on() != ClusterOn::Vectors {
        params.metric = neighbors::Metric::Euclidean;
    }
    let validity = if points.nrows() <= SCORED {
        hdbscan::validity(points, clusters.labels(), params.metric)?
    } else {
        None
    };
    Ok(ClusterScores {
        on: arguments.cluster_on(),
        params,
        count: clusters.count(),
        unclustered: clusters.noise(),
        sizes,
        persistence: clusters.persistence().to_vec(),
        validity,
        spanning_tree_weight: clusters.spanning_tree_weight(),
        stability: None,
        comparison: None,
    })
}

fn clusters(
    arguments: &Arguments,
    x: &Array2<f32>,
    near: Option<&Neighbors>,
    map: Option<&Array2<f32>>,
    map_params: &UmapParams,
    progress: &dyn Progress,
) -> Result<SongClusters> {
    let n = x.nrows();
    let for_clusters = UmapParams::for_clustering().reduced_for(n);
    let params = ClusterParams {
        on: arguments.cluster_on(),
        umap: UmapParams {
            dims: for_clusters.dims,
            min_dist: for_clusters.min_dist,
            ..map_params.clone()
        },
        hdbscan: arguments.hdbscan(n),
    };
    cluster_near(x.view(), near, map.map(|map| map.view()), &params, progress)
}

/// Writes what there is to say about clusters, and scores them.
fn describe(
    arguments: &Arguments,
    out: &Outputs,
    x: &Array2<f32>,
    songs: &Songs,
    found: &SongClusters,
    progress: &dyn Progress,
) -> Result<ClusterScores> {
    let clusters = &found.clusters;
    tables::write_clusters(&out.path("clusters.csv")?, clusters)?;
    tables::write_condensed_tree(&out.path("condensed_tree.csv")?, clusters)?;
    let typical = representatives(
        x.view(),
        clusters.labels(),
        clusters.probabilities(),
        &songs.artists,
        LISTED,
    )?;
    tables::write_representatives(&out.path("representatives.csv")?, &typical)?;
    if songs.years.iter().any(Option::is_some) {
        let shares = tables::shares_per_year(clusters.labels(), &songs.years)?;
        tables::write_shares_per_year(&out.path("shares_per_year.csv")?, &shares)?;
        let per_cluster = tables::years_per_cluster(clusters.labels(), &songs.years)?;
        tables::write_years_per_cluster(&out.path("years_per_cluster.csv")?, &per_cluster)?;
        let trends = change::trends(clusters.labels(), &songs.years)?;
        change::write_trends(&out.path("trends.csv")?, &trends)?;
    }
    let mut scores = cluster_scores(arguments, found.points.view(), clusters)?;
    let (runs, kept) = DRAWS;
    if x.nrows() >= 20 {
        let again = stability(found, &scores.params, runs, kept, arguments.seed, progress)?;
        scores.stability = Some(again);
    }
    let step = x.nrows().div_ceil(SCORED);
    let some: Vec<usize> = (0..x.nrows()).step_by(step).collect();
    let labels: Vec<i32> = some.iter().map(|&row| clusters.labels()[row]).collect();
    let points = found.points.select(Axis(0), &some);
    scores.comparison = Some(comparisons::clusters(points.view(), &labels)?);
    Ok(scores)
}

fn score_map(
    x: &Array2<f32>,
    map: &Array2<f32>,
    params: UmapParams,
    clusters: Option<&Clusters>,
) -> Result<Map> {
    let n = x.nrows();
    let k = 15.min(n.saturating_sub(1) / 3);
    let whole = n <= SCORED;
    let trust = match (k, whole) {
        (0, _) => None,
        (_, true) => Some(trustworthiness(x.view(), map.view(), k, params.metric)?),
        _ => Some(trustworthiness_of_some(x.view(), map.view(), k, params.metric, TRUSTED)?),
    };
    let global_structure = match clusters {
        Some(clusters) => global_structure(x.view(), map.view(), clusters.labels(), params.metric)?,
        None => None,
    };
    Ok(Map {
        params,
        trustworthiness: trust,
        trustworthiness_rows: if whole { n } else { TRUSTED },
        global_structure,
    })
}

fn years(
    arguments: &Arguments,
    out: &Outputs,
    x: &Array2<f32>,
    songs: &Songs,
    scores: &mut Scores,
    progress: &dyn Progress,
) -> Result<()> {
    let dated = songs.years.iter().flatten().count();
    let params =
        YearParams { folds: arguments.folds, ..YearParams::for_songs(dated, arguments.seed) };
    let (years, artists) = (&songs.years, &songs.artists);
    let found = match cross_validate(x.view(), years, artists, &params, progress) {
        Ok(found) => found,
        Err(
            why @ (Error::TooFewYears { .. }
            | Error::OneYear { .. }
            | Error::TooFewGroups { .. }
            | Error::AllConstant { .. }),
        ) => {
            scores.years_left_out = Some(why.to_string());
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    tables::write_years(&out.path("years.csv")?, &found)?;
    let flat = constant(years, artists, params.folds, params.seed)?;
    let mut score = Years::new(&params, &found, &flat);
    if arguments.compare {
        let others =
            comparisons::years(x.view(), years, artists, params.folds, params.seed, progress)?;
        score.mae_ridge = Some(others.ridge.mae);
        score.mae_nearest = Some(others.nearest.mae);
    }
    scores.years = Some(score);
    let changed = change::yearly_change(
        x.view(),
        years,
        &ChangeParams { seed: arguments.seed, ..ChangeParams::default() },
        progress,
    )?;
    change::write_yearly_change(&out.path("yearly_change.csv")?, &changed)?;
    scores.change = changed.test;
    Ok(())
}

fn summary(scores: &Scores) -> String {
    let mut parts = vec![format!("{} songs", scores.songs)];
    if let Some(trust) = scores.map.as_ref().and_then(|map| map.trustworthiness) {
        parts.push(format!("trustworthiness {trust:.4}"));
    }
    if let Some(clusters) = &scores.clusters {
        let (count, alone) = (clusters.count, clusters.unclustered);
        parts.push(format!("{count} clusters, {alone} of {} songs in none", scores.songs));
    }
    if let Some(years) = &scores.years {
        parts.push(format!("years off by {:.2} on average", years.mae));
    }
    if let Some(why) = &scores.years_left_out {
        parts.push(format!("no years: {why}"));
    }
    parts.join(", ")
}
