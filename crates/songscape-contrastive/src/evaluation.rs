//! The scores of an encoder's vectors beside those of its baselines.
//!
//! An encoder has learned something if its vectors score higher than the [`baseline`](crate::baseline)s of
//! the same songs: those say what the spectrum, the harmony and random weights give without any learning.

use std::fmt;

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};
use songscape_analysis::pca::Pca;
use songscape_analysis::retrieval::{Retrieval, same_label, standardized};
use songscape_analysis::study::VectorSet;

use crate::error::Result;
use crate::probe::{self, Classification};

/// What is known of the songs, as one number for each song ([`numbered`](songscape_analysis::retrieval::numbered)). It is used only to score.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'a> {
    /// Which recordings belong together: those with the same number.
    pub groups: Option<&'a [usize]>,
    /// What a probe is to predict. Songs of one group are on one side of it.
    pub labels: Option<&'a [usize]>,
    /// Decides the folds of the probe.
    pub seed: u64,
}

/// The scores of several models on the same songs. Displayed, it is a table for each score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// One entry for each model, in their order.
    pub models: Vec<ModelScores>,
}

/// The scores of one model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelScores {
    /// The model.
    pub name: String,
    /// One half of a song looks for the other, by standardised vectors; `None` without halves.
    pub halves: Option<Retrieval>,
    /// A recording looks for another of its group; `None` where groups are not known.
    pub groups: Option<GroupScores>,
    /// A label is predicted; `None` where labels are not known.
    pub labels: Option<LabelScores>,
}

/// How well a recording finds another of its group.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GroupScores {
    /// By standardised vectors: each column has mean 0 and deviation 1 over the songs.
    pub standardized: Retrieval,
    /// By whitened vectors: then the leading 64 principal components, all of variance 1, so that what all
    /// songs have in common, such as the sound of the collection, weighs no more than the rest.
    pub whitened: Retrieval,
}

/// How well a label is predicted from standardised vectors.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LabelScores {
    /// By a linear probe in five folds.
    pub linear: Classification,
    /// By the five nearest songs.
    pub nearest: Classification,
}

/// Components of the whitened vectors, the same for all models.
const COMPONENTS: usize = 64;
/// Folds of the linear probe.
const FOLDS: usize = 5;
/// Neighbours that vote.
const NEIGHBORS: usize = 5;

impl Evaluation {
    /// Scores several models on the same songs.
    ///
    /// ```
    /// use ndarray::Array2;
    /// use songscape_analysis::retrieval::numbered;
    /// use songscape_analysis::study::VectorSet;
    /// use songscape_contrastive::evaluation::{Evaluation, Known};
    ///
    /// // Two renditions of each of five songs.
    /// let waves = Array2::from_shape_fn((10, 4), |(i, j)| ((i / 2 * 7 + j * 3) as f32).sin());
    /// let groups = numbered(["a", "a", "b", "b", "c", "c", "d", "d", "e", "e"]);
    /// let known = Known { groups: Some(&groups), ..Known::default() };
    /// let evaluation = Evaluation::new(&[VectorSet::new("waves", waves)], &known)?;
    /// assert_eq!(evaluation.models[0].groups.unwrap().standardized.recall_1, 1.0);
    /// assert!(evaluation.to_string().contains("same group"));
    /// # Ok::<(), songscape_contrastive::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Analysis`](crate::Error::Analysis) and [`Error::Vectors`](crate::Error::Vectors) when shapes
    /// or numbers of songs do not agree, [`Error::NotFinite`](crate::Error::NotFinite) when a vector of a
    /// whole song is not finite, [`Error::Parameter`](crate::Error::Parameter) when there are fewer groups
    /// than folds.
    pub fn new(models: &[VectorSet], known: &Known) -> Result<Self> {
        let models = models.iter().map(|vectors| ModelScores::new(vectors, known));
        Ok(Self { models: models.collect::<Result<_>>()? })
    }
}

impl ModelScores {
    fn new(vectors: &VectorSet, known: &Known) -> Result<Self> {
        let none = ArrayView2::from_shape((0, vectors.whole.ncols()), &[]);
        let none = none.expect("no rows of any width need no values");
        let (whole, _) = standardized(vectors.whole.view(), none)?;
        let groups = known.groups.map(|groups| -> Result<_> {
            let whitened = Pca::fit(whole.view(), COMPONENTS)?.whiten(whole.view())?;
            Ok(GroupScores {
                standardized: same_label(whole.view(), groups)?.retrieval(),
                whitened: same_label(whitened.view(), groups)?.retrieval(),
            })
        });
        let labels = known.labels.map(|labels| -> Result<_> {
            let alone: Vec<usize> = (0..labels.len()).collect();
            let groups = known.groups.unwrap_or(&alone);
            Ok(LabelScores {
                linear: probe::linear(whole.view(), labels, groups, FOLDS, known.seed)?,
                nearest: probe::nearest(whole.view(), labels, groups, NEIGHBORS)?,
            })
        });
        Ok(Self {
            name: vectors.name.clone(),
            halves: vectors.retrieve_halves()?.map(|found| found.retrieval()),
            groups: groups.transpose()?,
            labels: labels.transpose()?,
        })
    }
}

impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = ["@1", "@5", "@10", "MRR"];
        let figures = |found: Retrieval| {
            vec![found.recall_1, found.recall_5, found.recall_10, found.reciprocal_rank]
        };
        let tables = [
            self.table("halves of a song", &places, |model| model.halves.map(figures)),
            self.table("same group", &places, |model| Some(figures(model.groups?.standardized))),
            self.table("same group, whitened", &places, |model| {
                Some(figures(model.groups?.whitened))
            }),
            self.table("label", &["linear", "5-NN", "constant"], |model| {
                let LabelScores { linear, nearest } = model.labels?;
                Some(vec![linear.accuracy, nearest.accuracy, linear.most_frequent])
            }),
        ];
        f.write_str(&tables.into_iter().flatten().collect::<Vec<_>>().join("\n\n"))
    }
}

impl Evaluation {
    /// One table with a line for each model; `None` where there is nothing in it.
    fn table(
        &self,
        title: &str,
        columns: &[&str],
        row: impl Fn(&ModelScores) -> Option<Vec<f64>>,
    ) -> Option<String> {
        let cells: String = columns.iter().map(|column| format!("{column:>10}")).collect();
        let mut lines = vec![format!("{title:<22}{cells}")];
        for model in &self.models {
            if let Some(values) = row(model) {
                let cells: String = values.iter().map(|value| format!("{value:>10.3}")).collect();
                lines.push(format!("{:<22}{cells}", model.name));
            }
        }
        (lines.len() > 1).then(|| lines.join("\n"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ndarray::Array2;

    use super::*;

    /// Twenty songs in ten pairs, of which the third has no halves.
    fn evaluate(known: &Known) -> Evaluation {
        let whole = Array2::from_shape_fn((20, 6), |(i, j)| ((i / 2 * 13 + j * 5) as f32).sin());
        let mut first =
            &whole + &Array2::from_shape_fn((20, 6), |(i, j)| (i * 6 + j) as f32 * 1e-3);
        let mut second = first.mapv(|x| x + 1e-4);
        first.row_mut(2).fill(f32::NAN);
        second.row_mut(2).fill(f32::NAN);
        let halves = Some([first, second]);
        let trained = VectorSet { halves, ..VectorSet::new("trained encoder", whole) };
        let chroma = VectorSet { name: "chroma".into(), halves: None, ..trained.clone() };
        Evaluation::new(&[trained, chroma], known).unwrap()
    }

    #[test]
    fn songs_without_halves_take_no_part_in_their_retrieval_alone() {
        let groups: Vec<usize> = (0..20).map(|song| song / 2).collect();
        let found = evaluate(&Known { groups: Some(&groups), ..Known::default() });
        let scores = &found.models[0];
        assert_eq!(scores.halves.unwrap().recall_1, 1.0);
        let group = scores.groups.unwrap();
        assert_eq!((group.standardized.recall_1, group.whitened.recall_1), (1.0, 1.0));
        assert_eq!(scores.labels, None);
    }

    #[test]
    fn tables_are_those_of_what_is_known() {
        let text = evaluate(&Known::default()).to_string();
        let line = "trained encoder            1.000     1.000     1.000     1.000";
        assert_eq!(text.lines().nth(1), Some(line), "{text}");
        assert_eq!(text.lines().count(), 2, "chroma has no halves here");
        let labels: Vec<usize> = (0..20).map(|song| song / 2 % 2).collect();
        let text = evaluate(&Known { labels: Some(&labels), ..Known::default() }).to_string();
        assert!(
            text.contains("\nlabel                     linear      5-NN  constant\n"),
            "{text}"
        );
        assert!(!text.contains("same group"));
    }
}
