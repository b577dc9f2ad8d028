use std::fmt;

use serde::{Deserialize, Serialize};

/// The results, each model beside the baselines on the same songs and folds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Songs with vectors.
    pub songs: usize,
    /// Clusters found.
    pub clusters: usize,
    /// Share of songs in no cluster, 0 to 1.
    pub unclustered: f64,
    /// Release year from the vectors, cross-validated with folds grouped by artist; empty when there
    /// are too few dated songs or artists, and then `years_left_out` says why.
    pub years: Vec<YearScore>,
    /// Why there is no prediction of years.
    pub years_left_out: Option<String>,
    /// Same-song retrieval: one half of each song looks for its other half.
    pub halves: Vec<RetrievalScore>,
    /// Where the catalog has a column `song`: each recording looks for another of the same song.
    pub renditions: Vec<RetrievalScore>,
}

/// The error of the predicted year, out of fold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct YearScore {
    /// The model, such as `trained encoder` or `constant`.
    pub name: String,
    /// Mean absolute error in years.
    pub mae: f64,
    /// Coefficient of determination.
    pub r2: f64,
}

/// How often a vector finds its target among all songs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RetrievalScore {
    /// The model, such as `trained encoder`.
    pub name: String,
    /// Share of queries whose nearest is a target.
    pub recall_1: f64,
    /// Share of queries with a target among the ten nearest.
    pub recall_10: f64,
}

impl Scores {
    /// How many songs are in no cluster.
    pub(super) fn alone(&self) -> usize {
        (self.unclustered * self.songs as f64).round() as usize
    }
}

impl fmt::Display for Scores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} songs in {} clusters, {} in none",
            self.songs,
            self.clusters,
            self.alone()
        )?;
        if let Some(why) = &self.years_left_out {
            writeln!(f, "no prediction of years: {why}")?;
        } else {
            writeln!(f, "\n{:<22}{:>10}{:>10}", "year (out of fold)", "MAE", "R²")?;
            for row in &self.years {
                writeln!(f, "{:<22}{:>10.2}{:>10.2}", row.name, row.mae, row.r2)?;
            }
        }
        retrieval(f, "same song, halves", &self.halves)?;
        if !self.renditions.is_empty() {
            retrieval(f, "other rendition", &self.renditions)?;
        }
        Ok(())
    }
}

fn retrieval(f: &mut fmt::Formatter<'_>, title: &str, rows: &[RetrievalScore]) -> fmt::Result {
    writeln!(f, "\n{title:<22}{:>10}{:>10}", "recall@1", "recall@10")?;
    for row in rows {
        writeln!(f, "{:<22}{:>10.3}{:>10.3}", row.name, row.recall_1, row.recall_10)?;
    }
    Ok(())
}
