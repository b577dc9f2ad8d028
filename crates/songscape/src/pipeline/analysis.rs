//! Map, clusters, years, representatives, and the scores beside their baselines.

use std::collections::BTreeMap;
use std::path::Path;

use ndarray::{Array2, Axis};
use serde::{Deserialize, Serialize};
use songscape_analysis::music::clusters::{ClusterParams, SongClusters, cluster};
use songscape_analysis::music::years::{YearParams, YearPredictions, constant, cross_validate};
use songscape_analysis::music::{comparisons, representatives, tables};
use songscape_analysis::neighbors::{self, Metric};
use songscape_analysis::umap::{self, UmapParams};
use songscape_analysis::vectors::write_npy;
use songscape_audio::Catalog;
use songscape_contrastive::retrieval::{Retrieval, same_label, same_row, standardized};
use songscape_project::{Progress, Stage, State, hash_file, write_json};

use super::Pipeline;
use super::error::{Error, Result};
use super::scores::{RetrievalScore, Scores, YearScore};
use super::vectors::{SongVectors, Source};

/// What the analysis of song vectors is made with. Sizes that depend on the number of songs follow
/// from it and are written to `analysis/settings.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnalysisParams {
    /// Nearest songs that are listed for each song.
    pub neighbors: usize,
    /// Songs that stand for each cluster.
    pub representatives: usize,
    /// Seed of maps and folds.
    pub seed: u64,
}

impl AnalysisParams {
    /// Ten nearest songs, ten representatives.
    pub fn new(seed: u64) -> Self {
        Self { neighbors: 10, representatives: 10, seed }
    }
}

/// The settings that the number of songs decides.
#[derive(Serialize)]
struct Settings {
    map: UmapParams,
    clusters: ClusterParams,
    years: YearParams,
}

impl Pipeline {
    pub(super) fn analysis(&self, progress: &dyn Progress) -> Result<String> {
        let folder = self.project.path("vectors");
        let pixels = self.store().pixels()?;
        let catalog = self.songs_with_images(&pixels)?;
        let fingerprint = |source: Source| hash_file(&source.file(&folder, ""));
        let stage = Stage::open(
            &self.project.path("analysis"),
            &self.parameters.analysis,
            &[
                ("songs", hash_file(&self.songs_table())?),
                ("trained", fingerprint(Source::Trained)?),
                ("untrained", fingerprint(Source::Untrained)?),
                ("rows", fingerprint(Source::RowStatistics)?),
                ("chroma", fingerprint(Source::Chroma)?),
            ],
        )?;
        if stage.state() != State::Done {
            let sources =
                Source::ALL.map(|source| Ok((source, SongVectors::read(&folder, source)?)));
            let sources: Vec<_> = sources.into_iter().collect::<Result<_>>()?;
            self.analyse(&catalog, &sources, stage.folder(), progress)?;
            stage.finish()?;
        }
        let scores = self.scores()?;
        let Scores { songs, clusters, .. } = scores;
        Ok(format!("{clusters} clusters, {} of {songs} songs in none", scores.alone()))
    }

    fn analyse(
        &self,
        catalog: &Catalog,
        sources: &[(Source, SongVectors)],
        folder: &Path,
        progress: &dyn Progress,
    ) -> Result<()> {
        let params = &self.parameters.analysis;
        let trained = &sources[0].1.whole;
        let songs = trained.nrows();
        let artists: Vec<String> = catalog.songs.iter().map(|song| song.artist.clone()).collect();
        let years: Vec<Option<i32>> = catalog.songs.iter().map(|song| song.year).collect();
        let dated = years.iter().flatten().count();
        let settings = Settings {
            map: UmapParams { seed: params.seed, ..UmapParams::default() }.reduced_for(songs),
            clusters: ClusterParams::for_songs(songs, params.seed),
            years: YearParams::for_songs(dated, params.seed),
        };
        write_json(&folder.join("settings.json"), &settings)?;

        let map = umap::fit(trained.view(), &settings.map, progress)?;
        write_npy(&folder.join("umap.npy"), map.view())?;
        let SongClusters { points, clusters } =
            cluster(trained.view(), Some(map.view()), &settings.clusters, progress)?;
        tables::write_clusters(&folder.join("clusters.csv"), &clusters)?;
        tables::write_condensed_tree(&folder.join("condensed_tree.csv"), &clusters)?;
        let agreement = comparisons::clusters(points.view(), clusters.labels())?;
        write_json(&folder.join("cluster_comparison.json"), &agreement)?;
        let nearest = neighbors::nearest(
            trained.view(),
            params.neighbors.min(songs.saturating_sub(1)),
            Metric::Cosine,
            params.seed,
            progress,
        )?;
        tables::write_neighbors(&folder.join("neighbors.csv"), &nearest)?;
        let typical = representatives(
            trained.view(),
            clusters.labels(),
            clusters.probabilities(),
            &artists,
            params.representatives,
        )?;
        tables::write_representatives(&folder.join("representatives.csv"), &typical)?;
        let shares = tables::shares_per_year(clusters.labels(), &years)?;
        tables::write_shares_per_year(&folder.join("shares_per_year.csv"), &shares)?;
        let per_cluster = tables::years_per_cluster(clusters.labels(), &years)?;
        tables::write_years_per_cluster(&folder.join("years_per_cluster.csv"), &per_cluster)?;

        let predicted = predict_years(sources, &years, &artists, &settings.years, progress);
        let (year_scores, years_left_out) = match predicted {
            Ok((scores, predictions)) => {
                tables::write_years(&folder.join("years.csv"), &predictions)?;
                (scores, None)
            }
            Err(Error::Analysis(why)) if no_years(&why) => (Vec::new(), Some(why.to_string())),
            Err(error) => return Err(error),
        };
        let scores = Scores {
            songs,
            clusters: clusters.count(),
            unclustered: clusters.noise() as f64 / songs.max(1) as f64,
            years: year_scores,
            years_left_out,
            halves: sources.iter().map(score_halves).collect::<Result<_>>()?,
            renditions: score_renditions(catalog, sources)?,
        };
        write_json(&folder.join("scores.json"), &scores)?;
        Ok(())
    }
}

/// Whether years cannot be predicted because of what the library is, not because of a fault.
fn no_years(error: &songscape_analysis::Error) -> bool {
    use songscape_analysis::Error as E;
    matches!(error, E::TooFewYears { .. } | E::OneYear { .. } | E::TooFewGroups { .. })
}

/// Years from every source and from none, on the same folds; the predictions are the trained
/// encoder's.
fn predict_years(
    sources: &[(Source, SongVectors)],
    years: &[Option<i32>],
    artists: &[String],
    params: &YearParams,
    progress: &dyn Progress,
) -> Result<(Vec<YearScore>, YearPredictions)> {
    let score = |name: &str, found: &YearPredictions| YearScore {
        name: name.into(),
        mae: found.mae,
        r2: found.r2,
    };
    let mut scores = Vec::new();
    let mut trained = None;
    for (source, vectors) in sources {
        let found = cross_validate(vectors.whole.view(), years, artists, params, progress)?;
        scores.push(score(source.name(), &found));
        trained.get_or_insert(found);
    }
    let flat = constant(years, artists, params.folds, params.seed)?;
    scores.push(score("constant", &flat));
    Ok((scores, trained.unwrap_or(flat)))
}

fn retrieval_score(source: Source, found: &Retrieval) -> RetrievalScore {
    RetrievalScore {
        name: source.name().into(),
        recall_1: found.recall_1,
        recall_10: found.recall_10,
    }
}

/// Same-song retrieval between the halves. Columns are standardised, which favours the baselines.
fn score_halves((source, vectors): &(Source, SongVectors)) -> Result<RetrievalScore> {
    // Songs too short for two halves have none.
    let whole: Vec<usize> = (0..vectors.first.nrows())
        .filter(|&i| vectors.first.row(i).iter().all(|value| value.is_finite()))
        .collect();
    let (first, second) = standardized(
        &vectors.first.select(Axis(0), &whole),
        &vectors.second.select(Axis(0), &whole),
    )?;
    Ok(retrieval_score(*source, &same_row(&first, &second)?))
}

/// Retrieval of another recording of the same song, where the catalog has a column `song`.
fn score_renditions(
    catalog: &Catalog,
    sources: &[(Source, SongVectors)],
) -> Result<Vec<RetrievalScore>> {
    let Some(column) = catalog.columns.iter().position(|name| name == "song") else {
        return Ok(Vec::new());
    };
    let mut numbers = BTreeMap::new();
    let labels: Vec<usize> = catalog
        .songs
        .iter()
        .map(|song| {
            let next = numbers.len();
            *numbers.entry(&song.extra[column]).or_insert(next)
        })
        .collect();
    if numbers.len() == labels.len() {
        return Ok(Vec::new());
    }
    let score = |(source, vectors): &(Source, SongVectors)| {
        let none = Array2::zeros((0, vectors.whole.ncols()));
        let (vectors, _) = standardized(&vectors.whole, &none)?;
        Ok(retrieval_score(*source, &same_label(&vectors, &labels)?))
    };
    sources.iter().map(score).collect()
}
