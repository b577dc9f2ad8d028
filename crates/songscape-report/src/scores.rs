//! The results beside their baselines.

use serde::Deserialize;

/// The mean absolute error of one model of the release year, on the same folds as the others.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct YearScore {
    /// The model, such as `constant` or [`Scores::TRAINED`].
    pub name: String,
    /// Mean absolute error in years.
    pub mae: f64,
}

/// How often one model finds the song that it looks for among all songs.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct RetrievalScore {
    /// The model, such as `untrained encoder` or [`Scores::TRAINED`].
    pub name: String,
    /// Share of songs whose match is the nearest, in `[0, 1]`.
    #[serde(rename = "recall_1")]
    pub recall_at_1: f64,
    /// Share of songs whose match is among the ten nearest, in `[0, 1]`.
    #[serde(rename = "recall_10")]
    pub recall_at_10: f64,
}

/// What the trained encoder is worth, beside its baselines.
///
/// The rows named [`Scores::TRAINED`] are the trained encoder's; all others are baselines.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Scores {
    /// Release year from sound.
    #[serde(rename = "years")]
    pub year_mae: Vec<YearScore>,
    /// Same-song retrieval: one half of each song looks for its other half.
    #[serde(rename = "halves")]
    pub retrieval: Vec<RetrievalScore>,
    /// Each recording looks for another of the same song; empty where no song has two.
    pub renditions: Vec<RetrievalScore>,
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
        for (measures, rows) in [
            (["recall@1 of halves", "recall@10 of halves"], &self.retrieval),
            (["recall@1 of other recordings", "recall@10 of other recordings"], &self.renditions),
        ] {
            let first = rows.iter().map(|s| (s.name.as_str(), s.recall_at_1)).collect();
            compare(measures[0], first, false);
            let tenth = rows.iter().map(|s| (s.name.as_str(), s.recall_at_10)).collect();
            compare(measures[1], tenth, false);
        }
        out
    }
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
            renditions: vec![find("row statistics", 0.7, 0.7), find(Scores::TRAINED, 0.6, 0.8)],
        };
        let found: Vec<_> =
            scores.not_beaten().into_iter().map(|n| (n.measure, n.baseline)).collect();
        assert_eq!(
            found,
            [
                ("mean absolute error of the year", "row statistics".to_owned()),
                ("recall@10 of halves", "untrained encoder".to_owned()),
                ("recall@1 of other recordings", "row statistics".to_owned())
            ]
        );
    }

    #[test]
    fn scores_without_a_trained_encoder_claim_nothing() {
        let scores = Scores {
            year_mae: vec![YearScore { name: "constant".into(), mae: 3.0 }],
            ..Scores::default()
        };
        assert!(scores.not_beaten().is_empty());
    }
}
