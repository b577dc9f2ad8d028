use serde::Deserialize;

use songscape_analysis::music::tables::ClusterTree;
use songscape_analysis::study::Scores;

use crate::error::{Error, Result};
use crate::methods::Methods;
use crate::sound::{MeanSpectrum, Spectrogram};

/// One song, as a row of every table and a point of the map. By default nothing is known of it: it is
/// in no cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct SongRow {
    /// The song's name in the project folder, unique.
    pub id: String,
    /// Title; any text.
    pub title: String,
    /// Artist; any text.
    pub artist: String,
    /// Release year, `None` where it is not known.
    pub year: Option<i32>,
    /// Link to the audio file, relative to the page or absolute, as [`link`](crate::link) makes it.
    /// The page plays it from there; it is never embedded.
    pub audio: Option<String>,
    /// Link to the song's spectrogram (PNG), likewise.
    pub image: Option<String>,
    /// Place on the map, finite.
    pub map: [f32; 2],
    /// Cluster from 0 on, −1 for an unclustered song.
    pub cluster: i32,
    /// Group of clusters from 0 on ([`Clusters::groups`](songscape_analysis::hdbscan::Clusters::groups)), −1 for
    /// none. Groups are the large labels of the map.
    pub group: i32,
    /// How surely the song belongs to its cluster, in `[0, 1]`.
    pub probability: f64,
    /// How far the song is from similar songs, by the vectors: 1 for the median song, `None` where it is not
    /// known.
    pub outlier: Option<f64>,
    /// Release year as predicted from the sound by a model that was not shown this song.
    pub predicted: Option<f64>,
    /// The interval that was predicted to hold the release year: its first and last year.
    pub interval: Option<(f64, f64)>,
    /// Other columns of the catalog, in the order of [`ReportInput::columns`].
    pub extra: Vec<String>,
}

impl Default for SongRow {
    fn default() -> Self {
        Self {
            id: String::new(),
            title: String::new(),
            artist: String::new(),
            year: None,
            audio: None,
            image: None,
            map: [0.0; 2],
            cluster: -1,
            group: -1,
            probability: 0.0,
            outlier: None,
            predicted: None,
            interval: None,
            extra: Vec::new(),
        }
    }
}

/// All that a report shows. Parts that are not known stay empty, and the report says what it left
/// out and why.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReportInput {
    /// Title of the page.
    pub title: String,
    /// Names of the catalog's other columns, one for each entry of [`SongRow::extra`].
    pub columns: Vec<String>,
    /// The songs; a row's number is the song's number everywhere else.
    pub songs: Vec<SongRow>,
    /// For each cluster the songs that stand for it, best first.
    pub representatives: Vec<(i32, Vec<usize>)>,
    /// For each song its nearest songs, nearest first; empty, or one list for each song.
    pub neighbors: Vec<Vec<u32>>,
    /// The results beside their baselines, as `scores.json` of an analysis holds them.
    pub scores: Option<Scores>,
    /// The training, steps increasing.
    pub history: Vec<HistoryStep>,
    /// Lowest and highest frequency of the spectrogram images in Hz; rows lie between them on a log
    /// axis.
    pub frequencies: Option<(f64, f64)>,
    /// Columns per second of the spectrogram images.
    pub columns_per_second: Option<f64>,
    /// One song's spectrogram, to be drawn with its axes.
    pub spectrogram: Option<Spectrogram>,
    /// The mean spectra of the clusters, −1 among them, in any order.
    pub spectra: Vec<MeanSpectrum>,
    /// The tree that the clusters were chosen from.
    pub tree: Option<ClusterTree>,
    /// How all of it was made.
    pub methods: Methods,
}

/// One step of the training, or the mean of several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
pub struct HistoryStep {
    /// The step's number.
    pub step: u64,
    /// The loss.
    pub loss: f64,
    /// The share of crops whose match in the batch is the nearest, in `[0, 1]`.
    pub accuracy: Option<f64>,
    /// The learning rate.
    pub learning_rate: Option<f64>,
}

impl ReportInput {
    /// Whether the parts fit together and all numbers can be drawn.
    ///
    /// # Errors
    /// The first fault found, with its song: [`Error::Coordinates`], [`Error::Cluster`],
    /// [`Error::NotFinite`], [`Error::Length`], [`Error::Range`], [`Error::Row`] or [`Error::Tree`].
    pub fn check(&self) -> Result<()> {
        let songs = self.songs.len();
        for (row, song) in self.songs.iter().enumerate() {
            let [x, y] = song.map;
            if !(x.is_finite() && y.is_finite()) {
                return Err(Error::Coordinates { row, id: song.id.clone(), x, y });
            }
            if song.cluster < -1 {
                return Err(Error::Cluster { row, id: song.id.clone(), cluster: song.cluster });
            }
            finite(song.probability, || format!("probability of song {row} ({})", song.id))?;
            song.outlier.map_or(Ok(()), |v| {
                finite(v, || format!("outlier score of song {row} ({})", song.id))
            })?;
            let years = song.predicted.into_iter().chain(song.interval.map(|ends| ends.0));
            for year in years.chain(song.interval.map(|ends| ends.1)) {
                finite(year, || format!("predicted year of song {row} ({})", song.id))?;
            }
            if song.extra.len() != self.columns.len() {
                return Err(Error::Length {
                    what: format!("other columns of song {row} ({})", song.id),
                    found: song.extra.len(),
                    expected: self.columns.len(),
                });
            }
        }
        for (cluster, rows) in &self.representatives {
            let what = || format!("representatives of cluster {cluster}");
            rows.iter().try_for_each(|&row| within(row, songs, what))?;
        }
        if !self.neighbors.is_empty() && self.neighbors.len() != songs {
            return Err(Error::Length {
                what: "lists of nearest songs".into(),
                found: self.neighbors.len(),
                expected: songs,
            });
        }
        for (song, rows) in self.neighbors.iter().enumerate() {
            let what = || format!("nearest songs of song {song}");
            rows.iter().try_for_each(|&row| within(row as usize, songs, what))?;
        }
        self.scores.as_ref().map_or(Ok(()), check_scores)?;
        for step in &self.history {
            let named = |name: &str| format!("{name} at step {}", step.step);
            finite(step.loss, || named("training loss"))?;
            step.accuracy.map_or(Ok(()), |v| finite(v, || named("accuracy")))?;
            step.learning_rate.map_or(Ok(()), |v| finite(v, || named("learning rate")))?;
        }
        if let Some((low, high)) = self.frequencies {
            positive(low, || "lowest frequency".into())?;
            positive(high - low, || format!("range of frequencies from {low} to {high} Hz"))?;
        }
        self.columns_per_second.map_or(Ok(()), |v| positive(v, || "columns per second".into()))?;
        self.spectrogram.as_ref().map_or(Ok(()), |picture| picture.check(songs))?;
        self.spectra.iter().try_for_each(MeanSpectrum::check)?;
        self.tree.as_ref().map_or(Ok(()), |tree| check_tree(tree, songs))
    }
}

fn check_scores(scores: &Scores) -> Result<()> {
    for score in scores.years.iter().flat_map(|years| &years.models) {
        finite(score.mae, || format!("mean absolute error of {}", score.name))?;
    }
    for score in scores.halves.iter().chain(&scores.renditions) {
        finite(score.recall_1, || format!("recall@1 of {}", score.name))?;
        finite(score.recall_10, || format!("recall@10 of {}", score.name))?;
    }
    Ok(())
}

/// A tree that was made by hand may be none.
fn check_tree(tree: &ClusterTree, songs: usize) -> Result<()> {
    let length = |what: &str, found, expected| {
        let what = format!("{what} of the condensed tree");
        if found == expected { Ok(()) } else { Err(Error::Length { what, found, expected }) }
    };
    let (clusters, leaves) = (tree.tree.clusters.len(), tree.tree.leaves_from.len());
    length("songs", leaves, songs)?;
    length("songs with a density", tree.tree.leaves_at.len(), leaves)?;
    length("labels", tree.labels.len(), clusters)?;
    ClusterTree::from_rows(&tree.rows(), leaves).map(drop).map_err(|reason| Error::Tree { reason })
}

pub(crate) fn finite(value: f64, what: impl Fn() -> String) -> Result<()> {
    if value.is_finite() { Ok(()) } else { Err(Error::NotFinite { what: what(), value }) }
}

pub(crate) fn within(row: usize, songs: usize, what: impl Fn() -> String) -> Result<()> {
    if row < songs { Ok(()) } else { Err(Error::Row { what: what(), row, songs }) }
}

pub(crate) fn positive(value: f64, what: impl Fn() -> String) -> Result<()> {
    if value > 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(Error::Range { what: what(), value, expected: "a finite number above 0".into() })
}
