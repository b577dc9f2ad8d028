//! What the encoder is worth beside its baselines.

use songscape_analysis::bootstrap::Difference;
use songscape_analysis::study::{RetrievalScore, Scores};
use songscape_project::Source;

pub(crate) const YEAR_ERROR: &str = "mean absolute error of the year";

/// A measure in which the encoder is not shown to be better than a baseline.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct NotBeaten {
    /// The measure, such as `mean absolute error of the year`.
    pub measure: &'static str,
    /// The baseline's name.
    pub baseline: String,
    /// The encoder's value.
    pub encoder: f64,
    /// The baseline's value.
    pub value: f64,
    /// Whether the encoder is better by no more than chance gives: the interval of the difference
    /// holds zero. Otherwise the baseline is as good or better.
    pub by_chance: bool,
}

/// The name of what is judged, such as `trained encoder`: a study scores its vectors first, and all
/// others are baselines.
pub(crate) fn judged(scores: &Scores) -> Option<&str> {
    models(scores).next()
}

/// Whether a network, trained or not, has a part in vectors of this name.
pub(crate) fn is_of_network(name: &str) -> bool {
    Source::of_name(name)
        .is_some_and(|source| source.is_of_network() || Source::LEARNED.contains(&source))
}

/// The mean absolute error of the year in years by model; empty without years.
pub(crate) fn year_errors(scores: &Scores) -> Vec<(&str, f64)> {
    let models = scores.years.iter().flat_map(|years| &years.models);
    models.map(|score| (score.name.as_str(), score.mae)).collect()
}

/// The names of all rows.
pub(crate) fn models(scores: &Scores) -> impl Iterator<Item = &str> {
    let found = scores.halves.iter().chain(&scores.renditions).map(|score| score.name.as_str());
    year_errors(scores).into_iter().map(|row| row.0).chain(found)
}

/// Every baseline that is as good as the encoder or better, measure by measure. The first model of the
/// scores is the encoder; all others are baselines.
pub fn not_beaten(scores: &Scores) -> Vec<NotBeaten> {
    let mut out = Vec::new();
    let mut compare = |measure,
                       rows: Vec<(&str, f64, Option<Difference>)>,
                       lower_is_better: bool| {
        let own = |name: &str| judged(scores) == Some(name);
        let Some(&(_, encoder, _)) = rows.iter().find(|(name, ..)| own(name)) else { return };
        for (name, value, difference) in rows {
            let better = if lower_is_better { encoder < value } else { encoder > value };
            let by_chance = difference.is_some_and(|difference| !difference.is_told_apart());
            if !own(name) && (!better || by_chance) {
                out.push(NotBeaten { measure, baseline: name.into(), encoder, value, by_chance });
            }
        }
    };
    let years = scores.years.iter().flat_map(|years| &years.models);
    let years = years.map(|score| (score.name.as_str(), score.mae, score.behind));
    compare(YEAR_ERROR, years.collect(), true);
    for (measures, rows) in [
        (["recall@1 of halves", "recall@10 of halves"], &scores.halves),
        (["recall@1 of other recordings", "recall@10 of other recordings"], &scores.renditions),
    ] {
        let of = |recall: fn(&RetrievalScore) -> (f64, Option<Difference>)| {
            let row = |score| {
                let (share, behind) = recall(score);
                (score.name.as_str(), share, behind)
            };
            rows.iter().map(row).collect()
        };
        compare(measures[0], of(|score| (score.recall_1, score.behind_1)), false);
        compare(measures[1], of(|score| (score.recall_10, score.behind_10)), false);
    }
    out
}

#[cfg(test)]
mod tests {
    use songscape_analysis::bootstrap::Interval;
    use songscape_analysis::music::years::YearParams;
    use songscape_analysis::study::{YearScore, YearScores};

    use super::*;

    fn scores(years: &[(&str, f64)], halves: &[(&str, f64, f64)]) -> Scores {
        let year = |&(name, mae): &(&str, f64)| YearScore {
            name: name.into(),
            mae,
            ..YearScore::default()
        };
        let find = |&(name, recall_1, recall_10): &(&str, f64, f64)| RetrievalScore {
            name: name.into(),
            recall_1,
            recall_10,
            ..RetrievalScore::default()
        };
        Scores {
            years: Some(YearScores {
                params: YearParams::for_songs(3, 0),
                songs: 3,
                coverage: None,
                interval_width: None,
                bias: [].into(),
                decades: Vec::new(),
                models: years.iter().map(year).collect(),
            }),
            halves: halves.iter().map(find).collect(),
            ..Scores::default()
        }
    }

    #[test]
    fn a_baseline_that_is_as_good_is_named() {
        let scores = scores(
            &[("trained encoder", 6.0), ("constant", 15.0), ("row statistics", 6.0)],
            &[("trained encoder", 0.6, 0.8), ("untrained encoder", 0.5, 0.9)],
        );
        let found: Vec<_> =
            not_beaten(&scores).into_iter().map(|n| (n.measure, n.baseline)).collect();
        assert_eq!(
            found,
            [
                ("mean absolute error of the year", "row statistics".to_owned()),
                ("recall@10 of halves", "untrained encoder".to_owned()),
            ]
        );
        assert_eq!(judged(&scores), Some("trained encoder"));
    }

    #[test]
    fn a_lead_that_chance_gives_is_no_lead() {
        let mut scores = scores(&[], &[("trained encoder", 0.6, 0.8), ("chroma", 0.5, 0.7)]);
        assert_eq!(not_beaten(&scores), []);
        let interval = Interval { low: -0.02, high: 0.22 };
        scores.halves[1].behind_1 = Some(Difference { value: 0.1, interval });
        let found = not_beaten(&scores);
        assert_eq!(found.len(), 1);
        assert!(found[0].by_chance && found[0].measure == "recall@1 of halves");
    }

    #[test]
    fn scores_without_baselines_claim_nothing() {
        assert!(not_beaten(&scores(&[("mine", 3.0)], &[])).is_empty());
        assert!(not_beaten(&Scores::default()).is_empty());
    }
}
