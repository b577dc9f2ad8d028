//! What a study found, in numbers: `scores.json`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use songscape_project::{counted, read_json, write_json};

use crate::bootstrap::{Difference, Interval};
use crate::error::Result;
use crate::hdbscan::HdbscanParams;
use crate::music::change::ChangeTest;
use crate::music::clusters::ClusterOn;
use crate::music::comparisons::ClusterComparison;
use crate::music::stability::Stability;
use crate::music::years::{DecadeScore, YearModel, YearParams};
use crate::retrieval::{Places, Retrieval};
use crate::umap::UmapParams;

/// The results of a study, each model beside the baselines on the same songs and folds. What was not
/// asked for, or is not possible with these songs, is absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Scores {
    /// Songs with vectors.
    pub songs: usize,
    /// Length of a vector.
    pub columns: usize,
    /// The seed of everything random.
    pub seed: u64,
    /// The map.
    pub map: Option<MapScores>,
    /// The clusters.
    pub clusters: Option<ClusterScores>,
    /// The release year from the vectors, cross-validated with folds grouped by artist.
    pub years: Option<YearScores>,
    /// Why there is no prediction of years, where one was asked for.
    pub years_left_out: Option<String>,
    /// What columns of the table say, from the vectors; empty where no column was asked for.
    pub classes: Vec<ClassScores>,
    /// The maps of decades; empty where none were asked for.
    pub decades: Vec<DecadeTie>,
    /// Whether the music of neighbouring years differs by more than chance.
    pub change: Option<ChangeTest>,
    /// Same-song retrieval: one half of each song looks for its other half. Empty without halves.
    pub halves: Vec<RetrievalScore>,
    /// Each recording looks for another recording of the same song. Empty where the table of songs
    /// has no column `song`.
    pub renditions: Vec<RetrievalScore>,
}

/// How well the map shows what the vectors say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MapScores {
    /// How it was made.
    pub params: UmapParams,
    /// Trustworthiness of 15 neighbours (fewer for few songs), 0 to 1, over `trustworthiness_rows`
    /// songs (Venna and Kaski 2001).
    pub trustworthiness: Option<f64>,
    /// The songs that it was taken from.
    pub trustworthiness_rows: usize,
    /// Correlation of the distances between the centres of clusters, among vectors and on the map.
    pub global_structure: Option<f64>,
}

/// The clusters, and how firm they are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClusterScores {
    /// Where they were sought.
    pub on: ClusterOn,
    /// How.
    pub params: HdbscanParams,
    /// How many there are.
    pub count: usize,
    /// Songs in no cluster.
    pub unclustered: usize,
    /// Songs of each cluster.
    pub sizes: Vec<usize>,
    /// Relative excess of mass of each cluster, 0 to 1.
    pub persistence: Vec<f64>,
    /// Density-based validity (DBCV), −1 to 1; `None` for many songs.
    pub validity: Option<f64>,
    /// Sum of the edges of the spanning tree.
    pub spanning_tree_weight: f64,
    /// Other maps of parts of the songs, clustered again.
    pub stability: Option<Stability>,
    /// k-means and a Gaussian mixture beside them, on at most 5,000 songs; `None` without the crate's
    /// feature `comparisons`.
    pub comparison: Option<ClusterComparison>,
    /// What sets the songs of each cluster apart, by their table ([`names`](crate::music::names)): one for
    /// each cluster, empty where nothing does.
    #[serde(default)]
    pub names: Vec<String>,
}

/// The prediction of years.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct YearScores {
    /// How they were predicted.
    pub params: YearParams,
    /// Songs with a year.
    pub songs: usize,
    /// Share of the songs whose year lies in the predicted interval; 0.8 is aimed at.
    pub coverage: Option<f64>,
    /// Mean width of the intervals in years.
    pub interval_width: Option<f64>,
    /// Mean of predicted − true year for each year.
    pub bias: BTreeMap<i32, f64>,
    /// Bias, error and coverage of each decade.
    #[serde(default)]
    pub decades: Vec<DecadeScore>,
    /// The vectors' model first, then those that it is compared with.
    pub models: Vec<YearScore>,
}

/// The error of the predicted year, out of fold. Intervals are bootstrapped over artists
/// ([`bootstrap`](crate::bootstrap)); `None` for fewer than two.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct YearScore {
    /// The model, such as `trained encoder` or `constant`.
    pub name: String,
    /// Mean absolute error in years.
    pub mae: f64,
    /// Coefficient of determination.
    pub r2: f64,
    /// The model that predicted: the better one for these vectors.
    pub by: Option<YearModel>,
    /// The 95 % interval of `mae`, in years.
    pub interval: Option<Interval>,
    /// By how many years the study's own vectors are ahead; `None` for themselves.
    pub behind: Option<Difference>,
}

/// How far the map of a decade lies as that of the decade before does.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DecadeTie {
    /// Its first year.
    pub decade: i32,
    /// Its songs.
    pub songs: usize,
    /// See [`DecadeMap::tied`](crate::music::decades::DecadeMap::tied).
    pub tied: Option<f64>,
}

/// The prediction of what a column says, out of fold, with folds grouped by artist.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClassScores {
    /// The column, such as `genre`.
    pub column: String,
    /// Its values, in the order of the alphabet.
    pub classes: Vec<String>,
    /// Songs of these classes.
    pub songs: usize,
    /// Songs of classes that fewer artists than folds have, which were left out.
    pub rare: usize,
    /// The vectors' model first, then those that it is compared with; the last is the most frequent class.
    pub models: Vec<ClassScore>,
    /// Why there is no prediction.
    pub left_out: Option<String>,
}

/// How often a class is predicted. Intervals are bootstrapped over artists.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClassScore {
    /// The model, such as `trained encoder` or `majority`.
    pub name: String,
    /// The share of songs whose class is predicted.
    pub accuracy: f64,
    /// The mean of that share over the classes.
    pub balanced_accuracy: Option<f64>,
    /// The 95 % interval of `accuracy`.
    pub interval: Option<Interval>,
    /// How far the study's own vectors are ahead in `accuracy`; `None` for themselves.
    pub behind: Option<Difference>,
}

/// How often a vector finds its target among all songs. Intervals are bootstrapped over songs
/// ([`bootstrap`](crate::bootstrap)); `None` for fewer than two.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RetrievalScore {
    /// The model, such as `trained encoder`.
    pub name: String,
    /// Share of queries whose nearest is a target.
    pub recall_1: f64,
    /// Share of queries with a target among the ten nearest.
    pub recall_10: f64,
    /// The 95 % interval of `recall_1`.
    pub interval_1: Option<Interval>,
    /// The 95 % interval of `recall_10`.
    pub interval_10: Option<Interval>,
    /// How far the study's own vectors are ahead in `recall_1`; `None` for themselves.
    pub behind_1: Option<Difference>,
    /// How far the study's own vectors are ahead in `recall_10`; `None` for themselves.
    pub behind_10: Option<Difference>,
}

impl RetrievalScore {
    /// The scores of several models, the study's own vectors first.
    pub(super) fn of_models(found: Vec<(String, Places)>) -> Vec<Self> {
        let own = found.first().map(|(_, places)| places.clone());
        let score = |(i, (name, places)): (usize, (String, Places))| {
            let ahead = |k| own.as_ref().filter(|_| i > 0)?.difference(&places, k);
            let Retrieval { recall_1, recall_10, .. } = places.retrieval();
            Self {
                name,
                recall_1,
                recall_10,
                interval_1: places.interval(1),
                interval_10: places.interval(10),
                behind_1: ahead(1),
                behind_10: ahead(10),
            }
        };
        found.into_iter().enumerate().map(score).collect()
    }
}

impl Scores {
    /// The name of the file in the folder of an analysis.
    pub const FILE: &str = "scores.json";

    /// Reads the scores in the folder of an analysis.
    ///
    /// # Errors
    /// [`Error::Project`](crate::Error::Project) when they are not there or of another form.
    pub fn read(folder: impl AsRef<Path>) -> Result<Self> {
        Ok(read_json(folder.as_ref().join(Self::FILE))?)
    }

    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        Ok(write_json(folder.join(Self::FILE), self)?)
    }

    /// The prediction of years in one model's words: its mean absolute error in years.
    pub fn year_error(&self) -> Option<f64> {
        Some(self.years.as_ref()?.models.first()?.mae)
    }

    /// Whether there are clusters that other maps of these songs do not show
    /// ([`Stability::may_be_accidents`]).
    pub fn clusters_may_be_accidents(&self) -> bool {
        let clusters = self.clusters.as_ref().filter(|clusters| clusters.count > 0);
        clusters.and_then(|c| c.stability.as_ref()).is_some_and(Stability::may_be_accidents)
    }

    /// How many clusters there are, and how many songs are unclustered.
    pub fn clustering(&self) -> Option<String> {
        let ClusterScores { count: found, unclustered, .. } = self.clusters.as_ref()?;
        let clusters = counted(*found, "cluster");
        let mut text = format!("{clusters}, {unclustered} of {} songs unclustered", self.songs);
        if self.clusters_may_be_accidents() {
            text += " (these clusters may be accidents: other maps of these songs show others)";
        }
        Some(text)
    }

    /// One line: songs, trustworthiness, clusters, error of the years.
    pub fn summary(&self) -> String {
        let mut parts = vec![counted(self.songs, "song")];
        if let Some(trust) = self.map.as_ref().and_then(|map| map.trustworthiness) {
            parts.push(format!("trustworthiness {trust:.4}"));
        }
        parts.extend(self.clustering());
        if let Some(mae) = self.year_error() {
            parts.push(format!("years off by {mae:.2} on average"));
        }
        if let Some(why) = &self.years_left_out {
            parts.push(format!("no years: {why}"));
        }
        parts.join(", ")
    }
}

/// Columns of the names in tables of text.
const NAMES: usize = 28;

/// The comparisons as tables of text.
impl fmt::Display for Scores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(why) = &self.years_left_out {
            writeln!(f, "no prediction of years: {why}")?;
        }
        if let Some(years) = &self.years {
            let title = "year (out of fold)";
            writeln!(f, "\n{title:<NAMES$}{:>10}{:>14}{:>10}  by", "MAE", "95 %", "R²")?;
            for YearScore { name, mae, r2, by, interval, .. } in &years.models {
                let interval = interval.map_or(String::new(), |interval| interval.to_string());
                let by = by.map_or("", YearModel::name);
                writeln!(f, "{name:<NAMES$}{mae:>10.2}{interval:>14}{r2:>10.2}  {by}")?;
            }
            let rows = years.models.iter().map(|row| (row.name.as_str(), row.behind));
            not_told_apart(f, "error", rows)?;
        }
        for ClassScores { column, models, left_out, .. } in &self.classes {
            if let Some(why) = left_out {
                writeln!(f, "no prediction of {column}: {why}")?;
                continue;
            }
            let title = format!("{column} (out of fold)");
            writeln!(f, "\n{title:<NAMES$}{:>10}{:>14}{:>10}", "accuracy", "95 %", "balanced")?;
            for ClassScore { name, accuracy, balanced_accuracy, interval, .. } in models {
                let interval = interval.map_or(String::new(), |interval| interval.to_string());
                let balanced = balanced_accuracy.map_or(String::new(), |b| format!("{b:.3}"));
                writeln!(f, "{name:<NAMES$}{accuracy:>10.3}{interval:>14}{balanced:>10}")?;
            }
            not_told_apart(f, "accuracy", models.iter().map(|m| (m.name.as_str(), m.behind)))?;
        }
        retrieval(f, "same song, halves", &self.halves)?;
        retrieval(f, "other rendition", &self.renditions)
    }
}

fn retrieval(f: &mut fmt::Formatter<'_>, title: &str, rows: &[RetrievalScore]) -> fmt::Result {
    if !rows.is_empty() {
        writeln!(f, "\n{title:<NAMES$}{:>10}{:>14}{:>10}", "recall@1", "95 %", "recall@10")?;
    }
    for row in rows {
        let RetrievalScore { name, recall_1, recall_10, .. } = row;
        let interval = row.interval_1.map_or(String::new(), |interval| interval.to_string());
        writeln!(f, "{name:<NAMES$}{recall_1:>10.3}{interval:>14}{recall_10:>10.3}")?;
    }
    not_told_apart(f, "recall@1", rows.iter().map(|row| (row.name.as_str(), row.behind_1)))
}

/// A line that names the models whose difference from the first one chance could give.
fn not_told_apart<'a>(
    f: &mut fmt::Formatter<'_>,
    by: &str,
    mut rows: impl Iterator<Item = (&'a str, Option<Difference>)>,
) -> fmt::Result {
    let Some((own, _)) = rows.next() else { return Ok(()) };
    let same = rows.filter(|(_, behind)| behind.is_some_and(|d| !d.is_told_apart()));
    let same: Vec<&str> = same.map(|(name, _)| name).collect();
    if !same.is_empty() {
        writeln!(f, "by {by}, {own} is not told apart from {}", same.join(", "))?;
    }
    Ok(())
}
