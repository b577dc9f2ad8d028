use crate::error::{Error, Result};

/// One song, as a row of every table and a point of the map.
#[derive(Debug, Clone, Default, PartialEq)]
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
    /// Cluster from 0 on, −1 for a song in no cluster.
    pub cluster: i32,
    /// How surely the song belongs to its cluster, in `[0, 1]`.
    pub probability: f64,
    /// Release year as predicted from the sound by a model that was not shown this song.
    pub predicted: Option<f64>,
    /// Other columns of the catalog, in the order of [`ReportInput::columns`].
    pub extra: Vec<String>,
}

/// The mean absolute error of one model of the release year, on the same folds as the others.
#[derive(Debug, Clone, PartialEq)]
pub struct YearScore {
    /// The model, such as `constant` or [`Scores::TRAINED`].
    pub name: String,
    /// Mean absolute error in years.
    pub mae: f64,
}

/// How often one model finds the other half of a song among all songs.
#[derive(Debug, Clone, PartialEq)]
pub struct RetrievalScore {
    /// The model, such as `untrained encoder` or [`Scores::TRAINED`].
    pub name: String,
    /// Share of songs whose other half is the nearest, in `[0, 1]`.
    pub recall_at_1: f64,
    /// Share of songs whose other half is among the ten nearest, in `[0, 1]`.
    pub recall_at_10: f64,
}

/// What the trained encoder is worth, beside its baselines.
///
/// The rows named [`Scores::TRAINED`] are the trained encoder's; all others are baselines.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scores {
    /// Release year from sound.
    pub year_mae: Vec<YearScore>,
    /// Same-song retrieval.
    pub retrieval: Vec<RetrievalScore>,
}

/// A measure in which the trained encoder is no better than a baseline.
#[derive(Debug, Clone, PartialEq)]
pub struct NotBeaten {
    /// The measure, such as `mean absolute error of the year`.
    pub measure: &'static str,
    /// The baseline's name.
    pub baseline: String,
    /// The trained encoder's value.
    pub trained: f64,
    /// The baseline's value.
    pub value: f64,
}

impl Scores {
    /// The name of the trained encoder's rows.
    pub const TRAINED: &'static str = "trained encoder";

    pub(crate) const YEAR_ERROR: &'static str = "mean absolute error of the year";

    /// The trained encoder's mean absolute error of the year.
    pub fn trained_mae(&self) -> Option<f64> {
        self.year_mae.iter().find(|score| score.name == Self::TRAINED).map(|score| score.mae)
    }

    /// Every baseline that is as good as the trained encoder or better, measure by measure.
    pub fn not_beaten(&self) -> Vec<NotBeaten> {
        let mut out = Vec::new();
        let mut compare = |measure, rows: Vec<(&str, f64)>, lower_is_better: bool| {
            let trained = rows.iter().find(|(name, _)| *name == Self::TRAINED).map(|row| row.1);
            let Some(trained) = trained else { return };
            for (name, value) in rows {
                let better = if lower_is_better { trained < value } else { trained > value };
                if name != Self::TRAINED && !better {
                    out.push(NotBeaten { measure, baseline: name.into(), trained, value });
                }
            }
        };
        let years = self.year_mae.iter().map(|s| (s.name.as_str(), s.mae)).collect();
        compare(Self::YEAR_ERROR, years, true);
        let first = self.retrieval.iter().map(|s| (s.name.as_str(), s.recall_at_1)).collect();
        compare("recall@1", first, false);
        let tenth = self.retrieval.iter().map(|s| (s.name.as_str(), s.recall_at_10)).collect();
        compare("recall@10", tenth, false);
        out
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
    pub neighbours: Vec<Vec<u32>>,
    /// The results beside their baselines.
    pub scores: Scores,
    /// Training loss: step and loss, steps increasing.
    pub history: Vec<(u64, f64)>,
    /// Lowest and highest frequency of the spectrogram images in Hz.
    pub frequencies: Option<(f64, f64)>,
}

impl ReportInput {
    /// Whether the parts fit together and all numbers can be drawn.
    ///
    /// # Errors
    /// The first fault found, with its song: [`Error::Coordinates`], [`Error::Cluster`],
    /// [`Error::NotFinite`], [`Error::Length`] or [`Error::Row`].
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
            if let Some(year) = song.predicted {
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
        if !self.neighbours.is_empty() && self.neighbours.len() != songs {
            return Err(Error::Length {
                what: "lists of nearest songs".into(),
                found: self.neighbours.len(),
                expected: songs,
            });
        }
        for (song, rows) in self.neighbours.iter().enumerate() {
            let what = || format!("nearest songs of song {song}");
            rows.iter().try_for_each(|&row| within(row as usize, songs, what))?;
        }
        for score in &self.scores.year_mae {
            finite(score.mae, || format!("mean absolute error of {}", score.name))?;
        }
        for score in &self.scores.retrieval {
            finite(score.recall_at_1, || format!("recall@1 of {}", score.name))?;
            finite(score.recall_at_10, || format!("recall@10 of {}", score.name))?;
        }
        for (step, loss) in &self.history {
            finite(*loss, || format!("training loss at step {step}"))?;
        }
        if let Some((low, high)) = self.frequencies {
            finite(low, || "lowest frequency".into())?;
            finite(high, || "highest frequency".into())?;
        }
        Ok(())
    }
}

fn finite(value: f64, what: impl Fn() -> String) -> Result<()> {
    if value.is_finite() { Ok(()) } else { Err(Error::NotFinite { what: what(), value }) }
}

fn within(row: usize, songs: usize, what: impl Fn() -> String) -> Result<()> {
    if row < songs { Ok(()) } else { Err(Error::Row { what: what(), row, songs }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_baseline_that_is_as_good_is_named() {
        let year = |name: &str, mae| YearScore { name: name.into(), mae };
        let find = |name: &str, one, ten| RetrievalScore {
            name: name.into(),
            recall_at_1: one,
            recall_at_10: ten,
        };
        let scores = Scores {
            year_mae: vec![
                year("constant", 15.0),
                year("row statistics", 6.0),
                year(Scores::TRAINED, 6.0),
            ],
            retrieval: vec![find("untrained encoder", 0.5, 0.9), find(Scores::TRAINED, 0.6, 0.8)],
        };
        let found: Vec<_> =
            scores.not_beaten().into_iter().map(|n| (n.measure, n.baseline)).collect();
        assert_eq!(
            found,
            [
                ("mean absolute error of the year", "row statistics".to_owned()),
                ("recall@10", "untrained encoder".to_owned())
            ]
        );
    }

    #[test]
    fn scores_without_a_trained_encoder_claim_nothing() {
        let scores = Scores {
            year_mae: vec![YearScore { name: "constant".into(), mae: 3.0 }],
            retrieval: vec![],
        };
        assert!(scores.not_beaten().is_empty());
    }
}
