//! What scores.json holds.

use serde::Serialize;
use songscape::analysis::hdbscan::HdbscanParams;
use songscape::analysis::music::change::ChangeTest;
use songscape::analysis::music::clusters::{ClusterOn, Stability};
use songscape::analysis::music::comparisons::ClusterComparison;
use songscape::analysis::music::years::{YearParams, YearPredictions};
use songscape::analysis::umap::UmapParams;

/// Parts that were not made are null.
#[derive(Default, Serialize)]
pub struct Scores {
    pub songs: usize,
    pub columns: usize,
    pub seed: u64,
    pub map: Option<Map>,
    pub clusters: Option<ClusterScores>,
    pub years: Option<Years>,
    /// Why years were not predicted.
    pub years_left_out: Option<String>,
    /// Whether the music of neighbouring years differs by more than chance.
    pub change: Option<ChangeTest>,
}

#[derive(Serialize)]
pub struct Map {
    pub params: UmapParams,
    /// Trustworthiness of 15 neighbours (fewer for few songs), over `trustworthiness_rows` songs.
    pub trustworthiness: Option<f64>,
    pub trustworthiness_rows: usize,
    /// Correlation of the distances between the centres of clusters, among vectors and on the map.
    pub global_structure: Option<f64>,
}

#[derive(Serialize)]
pub struct ClusterScores {
    pub on: ClusterOn,
    pub params: HdbscanParams,
    pub count: usize,
    pub unclustered: usize,
    pub sizes: Vec<usize>,
    pub persistence: Vec<f64>,
    /// Density-based validity (DBCV), −1 to 1; null for many songs.
    pub validity: Option<f64>,
    pub spanning_tree_weight: f64,
    /// Parts of the songs clustered again.
    pub stability: Option<Stability>,
    /// k-means and a Gaussian mixture beside it, on at most 5,000 songs.
    pub comparison: Option<ClusterComparison>,
}

#[derive(Serialize)]
pub struct Years {
    pub params: YearParams,
    pub songs: usize,
    pub mae: f64,
    pub r2: f64,
    /// Share of the songs whose year lies between `low` and `high`; 0.8 is aimed at.
    pub coverage: Option<f64>,
    pub interval_width: Option<f64>,
    /// Mean of predicted − true year for each year.
    pub bias: std::collections::BTreeMap<i32, f64>,
    pub mae_constant: f64,
    pub mae_ridge: Option<f64>,
    pub mae_nearest: Option<f64>,
}

impl Years {
    pub fn new(params: &YearParams, found: &YearPredictions, constant: &YearPredictions) -> Self {
        Self {
            params: params.clone(),
            songs: found.rows.len(),
            mae: found.mae,
            r2: found.r2,
            coverage: found.coverage,
            interval_width: found.width,
            bias: found.bias.clone(),
            mae_constant: constant.mae,
            mae_ridge: None,
            mae_nearest: None,
        }
    }
}
