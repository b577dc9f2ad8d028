//! The scores of an encoder's vectors beside those of its baselines, each with an interval.
//!
//! An encoder has learned something if its vectors score higher than the [`baseline`](crate::baseline)s of
//! the same songs: those show what the spectrum, the harmony and random weights give without any learning.
//! Every score has a 95 % interval, bootstrapped over songs (retrieval) or over the groups of the folds
//! (probes), and a sentence says which models are not told apart from the first one.

mod probes;
mod table;

use std::fmt;

use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};
use songscape_analysis::retrieval::{Places, Retrieval, same_label, standardized};
use songscape_analysis::study::{RetrievalScore, VectorSet};
use songscape_project::Source;

pub use probes::{ProbeScore, ProbeTable};
pub use table::Line;

use crate::error::{Error, Result};
use crate::probe::Probe;
use crate::retrieval::same_label_by;
use crate::rings::same_label_in_any_key;
use crate::whitening::{RIDGE, Whitening};

/// The vectors of one model.
#[derive(Debug, Clone, Copy)]
pub struct Contender<'a> {
    /// The vectors that are scored, one per recording.
    pub vectors: &'a VectorSet,
    /// Vectors of other songs by the same model, which whitening is fitted on; without them nothing is
    /// whitened.
    pub elsewhere: Option<&'a Array2<f32>>,
    /// Whether the columns are [rings](crate::rings), so that they can be compared in any key.
    pub has_rings: bool,
}

impl<'a> Contender<'a> {
    /// Vectors of rings if their name is that of a [source](Source::has_rings) whose are.
    pub fn new(vectors: &'a VectorSet) -> Self {
        let has_rings = Source::of_name(&vectors.name).is_some_and(Source::has_rings);
        Self { vectors, elsewhere: None, has_rings }
    }

    fn whitened(&self) -> Result<Option<Array2<f32>>> {
        let fit = |elsewhere: &Array2<f32>| match self.has_rings {
            true => Whitening::fit_in_any_key(elsewhere.view(), RIDGE),
            false => Whitening::fit(elsewhere.view(), RIDGE),
        };
        self.elsewhere.map(|elsewhere| fit(elsewhere)?.apply(self.vectors.whole.view())).transpose()
    }
}

/// What is known of the songs. It is used only to score.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'a> {
    /// Which recordings belong together: those with the same number
    /// ([`numbered`](songscape_analysis::retrieval::numbered)).
    pub groups: Option<&'a [usize]>,
    /// How well whole sequences of the recordings match, `[n, n]`
    /// ([`sequences`](crate::baseline::sequences)).
    pub matches: Option<&'a Array2<f32>>,
    /// What probes are to predict.
    pub probes: &'a [Probe],
    /// Decides the folds of the probes.
    pub seed: u64,
}

/// How vectors are compared in a [`RetrievalTable`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Comparison {
    /// One half of a song looks for the other, by standardised columns.
    Halves,
    /// A recording looks for another of its group, by the cosine of the vectors as they are.
    Plain,
    /// The same with columns of mean 0 and deviation 1 over the songs that are scored.
    Standardized,
    /// The same with vectors that are whitened by what was learned from other songs.
    Whitened,
    /// By the best of twelve transpositions of the query, as the vectors are.
    AnyKey,
    /// By the best of twelve transpositions, whitened by what was learned from other songs.
    AnyKeyWhitened,
}

impl Comparison {
    /// As the title of a table.
    pub fn title(self) -> &'static str {
        match self {
            Self::Halves => "halves of a song",
            Self::Plain => "same group, plain cosine",
            Self::Standardized => "same group, standardised",
            Self::Whitened => "same group, whitened",
            Self::AnyKey => "same group, best of 12 keys",
            Self::AnyKeyWhitened => "same group, best of 12 keys, whitened",
        }
    }
}

/// How often recordings find what they look for, by one comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RetrievalTable {
    /// The comparison.
    pub comparison: Comparison,
    /// A row for each model that has such vectors; the leads are those of the first one.
    pub rows: Vec<RetrievalScore>,
}

/// The scores of several models on the same songs. Displayed, it is a table for each score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Recordings that were scored.
    pub recordings: usize,
    /// Other recordings that whitening was fitted on; 0 without whitening.
    pub fitted_on: usize,
    /// Retrieval, a table for each comparison.
    pub retrieval: Vec<RetrievalTable>,
    /// Predictions, a table for each column.
    pub probes: Vec<ProbeTable>,
    /// Columns that cannot be predicted because of what the songs are.
    #[serde(default)]
    pub left_out: Vec<LeftOut>,
}

/// A column that was to be predicted and is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The column.
    pub column: String,
    /// Why not.
    pub reason: String,
}

/// The name of the row of [`Known::matches`].
const SEQUENCES: &str = "chroma sequences";

impl Evaluation {
    /// Scores several models on the same songs.
    ///
    /// ```
    /// use ndarray::Array2;
    /// use songscape_analysis::retrieval::numbered;
    /// use songscape_analysis::study::VectorSet;
    /// use songscape_contrastive::evaluation::{Contender, Evaluation, Known};
    ///
    /// // Two renditions of each of five songs.
    /// let waves = Array2::from_shape_fn((10, 4), |(i, j)| ((i / 2 * 7 + j * 3) as f32).sin());
    /// let groups = numbered(["a", "a", "b", "b", "c", "c", "d", "d", "e", "e"]);
    /// let known = Known { groups: Some(&groups), ..Known::default() };
    /// let vectors = VectorSet::new("waves", waves);
    /// let evaluation = Evaluation::new(&[Contender::new(&vectors)], &known)?;
    /// assert_eq!(evaluation.retrieval[0].rows[0].recall_1, 1.0);
    /// assert!(evaluation.to_string().contains("same group, plain cosine"));
    /// # Ok::<(), songscape_contrastive::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Analysis`] and [`Error::Vectors`] when shapes or numbers of songs do not agree,
    /// [`Error::NotFinite`] when a vector of a whole song is not finite, [`Error::Rings`].
    pub fn new(models: &[Contender], known: &Known) -> Result<Self> {
        for model in models {
            check(model, known)?;
        }
        let mut retrieval = vec![halves(models)?];
        if let Some(groups) = known.groups {
            retrieval.extend(same_group(models, groups, known.matches)?);
        }
        retrieval.retain(|table| !table.rows.is_empty());
        let (mut probes, mut left_out) = (Vec::new(), Vec::new());
        for probe in known.probes {
            match ProbeTable::new(models, probe, known.seed) {
                Err(Error::Analysis(why)) if why.is_of_songs() => left_out.push(LeftOut {
                    column: probe.name.clone(),
                    reason: format!("of its {} usable rows, {why}", probe.rows.len()),
                }),
                found => probes.push(found?),
            }
        }
        Ok(Self {
            recordings: models.first().map_or(0, |model| model.vectors.whole.nrows()),
            fitted_on: models
                .iter()
                .filter_map(|m| m.elsewhere)
                .map(|x| x.nrows())
                .max()
                .unwrap_or(0),
            retrieval,
            probes,
            left_out,
        })
    }
}

fn check(model: &Contender, known: &Known) -> Result<()> {
    let whole = &model.vectors.whole;
    let rows = known.groups.map_or(whole.nrows(), <[usize]>::len);
    if rows != whole.nrows() {
        return Err(Error::Vectors {
            found: whole.shape().to_vec(),
            expected: vec![rows, whole.ncols()],
        });
    }
    let bad = whole.rows().into_iter().position(|row| row.iter().any(|x| !x.is_finite()));
    bad.map_or(Ok(()), |row| Err(Error::NotFinite { row }))
}

fn halves(models: &[Contender]) -> Result<RetrievalTable> {
    let found = models.iter().map(|model| {
        Ok(model.vectors.retrieve_halves()?.map(|places| (model.vectors.name.as_str(), places)))
    });
    Ok(table(Comparison::Halves, found.filter_map(Result::transpose).collect::<Result<_>>()?))
}

/// Retrieval of other recordings of the same group, by each comparison.
fn same_group(
    models: &[Contender],
    groups: &[usize],
    matches: Option<&Array2<f32>>,
) -> Result<Vec<RetrievalTable>> {
    let mut found: [Vec<(&str, Places)>; 5] = Default::default();
    let [plain, standard, white, any_key, any_key_white] = &mut found;
    for model in models {
        let (name, whole) = (model.vectors.name.as_str(), model.vectors.whole.view());
        plain.push((name, same_label(whole, groups)?));
        let none = ArrayView2::from_shape((0, whole.ncols()), &[]);
        let none = none.expect("no rows of any width need no values");
        standard.push((name, same_label(standardized(whole, none)?.0.view(), groups)?));
        let whitened = model.whitened()?;
        if let Some(whitened) = &whitened {
            white.push((name, same_label(whitened.view(), groups)?));
        }
        if model.has_rings {
            any_key.push((name, same_label_in_any_key(whole, groups)?));
            if let Some(whitened) = &whitened {
                any_key_white.push((name, same_label_in_any_key(whitened.view(), groups)?));
            }
        }
    }
    if let Some(matches) = matches {
        any_key.push((SEQUENCES, same_label_by(matches.view(), groups)?));
    }
    let comparisons = [
        Comparison::Plain,
        Comparison::Standardized,
        Comparison::Whitened,
        Comparison::AnyKey,
        Comparison::AnyKeyWhitened,
    ];
    Ok(comparisons.into_iter().zip(found).map(|(how, found)| table(how, found)).collect())
}

/// A table of what several models found, the leads being those of the first.
fn table(comparison: Comparison, found: Vec<(&str, Places)>) -> RetrievalTable {
    let score = |(i, (name, places)): (usize, &(&str, Places))| {
        let ahead = |k| (i > 0).then(|| found[0].1.difference(places, k)).flatten();
        let Retrieval { recall_1, recall_10, .. } = places.retrieval();
        RetrievalScore {
            name: (*name).into(),
            recall_1,
            recall_10,
            interval_1: places.interval(1),
            interval_10: places.interval(10),
            behind_1: ahead(1),
            behind_10: ahead(10),
        }
    };
    let rows = found.iter().enumerate().map(score).collect();
    RetrievalTable { comparison, rows }
}

impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tables = self.retrieval.iter().map(ToString::to_string);
        let probes = self.probes.iter().map(ToString::to_string);
        let left_out =
            self.left_out.iter().map(|out| format!("{}: not told, {}", out.column, out.reason));
        f.write_str(&tables.chain(probes).chain(left_out).collect::<Vec<_>>().join("\n\n"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
