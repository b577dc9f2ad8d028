//! How well columns of a table are predicted from vectors.

use ndarray::{ArrayView2, Axis};
use serde::{Deserialize, Serialize};
use songscape_analysis::bootstrap::{Difference, Interval, mean_interval};
use songscape_analysis::retrieval::{numbered, standardized};

use super::Contender;
use crate::error::Result;
use crate::probe::{self, Probe, Values, fifths_between};

/// Folds of the linear probes.
const FOLDS: usize = 5;
/// Neighbours that vote.
const NEIGHBORS: usize = 5;

/// How well a column of the table is predicted by linear models of several kinds of vectors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProbeTable {
    /// The column.
    pub column: String,
    /// Rows with a value that can be told.
    pub rows: usize,
    /// Whether the scores are mean absolute errors; else they are shares of rows that were told correctly.
    pub is_error: bool,
    /// The score of the best constant answer.
    pub constant: f64,
    /// One for each model.
    pub models: Vec<ProbeScore>,
}

/// The score of one model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProbeScore {
    /// The model.
    pub name: String,
    /// The share of rows told correctly, or the mean absolute error.
    pub value: f64,
    /// Its 95 % interval, over the groups of the folds; `None` for fewer than two.
    pub interval: Option<Interval>,
    /// The score of the first model less that of this one; `None` for the first itself.
    pub behind: Option<Difference>,
    /// The share of rows told correctly by the five nearest; classes only.
    pub nearest: Option<f64>,
    /// Mean distance of the key that was told from the true one, on the circle of fifths; keys only. Chance
    /// gives 3.
    pub fifths: Option<f64>,
}

/// What a model said of every row.
struct Answers {
    /// 1 or 0 for right or wrong, or the error.
    scores: Vec<f64>,
    nearest: Option<f64>,
    fifths: Option<f64>,
    constant: f64,
}

impl ProbeTable {
    pub(super) fn new(models: &[Contender], probe: &Probe, seed: u64) -> Result<Self> {
        let found = models.iter().map(|model| {
            let whole = model.vectors.whole.select(Axis(0), &probe.rows);
            let none = ArrayView2::from_shape((0, whole.ncols()), &[]);
            let none = none.expect("no rows of any width need no values");
            let (vectors, _) = standardized(whole.view(), none)?;
            Answers::of(vectors.view(), probe, seed)
        });
        let found = found.collect::<Result<Vec<_>>>()?;
        let groups = &probe.groups;
        let score = |(i, (model, answers)): (usize, (&Contender, &Answers))| {
            let behind = match i {
                0 => None,
                _ => Difference::of_pairs(&found[0].scores, &answers.scores, groups)?,
            };
            Ok(ProbeScore {
                name: model.vectors.name.clone(),
                value: mean(&answers.scores),
                interval: mean_interval(&answers.scores, groups)?,
                behind,
                nearest: answers.nearest,
                fifths: answers.fifths,
            })
        };
        Ok(Self {
            column: probe.name.clone(),
            rows: probe.rows.len(),
            is_error: matches!(probe.values, Values::Numbers(_)),
            constant: found.first().map_or(f64::NAN, |answers| answers.constant),
            models: models.iter().zip(&found).enumerate().map(score).collect::<Result<_>>()?,
        })
    }
}

impl Answers {
    fn of(vectors: ArrayView2<f32>, probe: &Probe, seed: u64) -> Result<Self> {
        let groups = &probe.groups;
        let classes = |labels: &[usize]| -> Result<_> {
            let linear = probe::linear(vectors, labels, groups, FOLDS, seed)?;
            let nearest = probe::nearest(vectors, labels, groups, NEIGHBORS)?;
            let (scores, constant) = (linear.hits(), linear.most_frequent());
            let answers =
                Self { scores, nearest: Some(nearest.accuracy()), fifths: None, constant };
            Ok((linear, answers))
        };
        match &probe.values {
            Values::Classes(labels) => Ok(classes(labels)?.1),
            Values::Keys(keys) => {
                let (linear, answers) =
                    classes(&numbered(keys.iter().map(|key| key.rem_euclid(12))))?;
                // What number each key has among the labels.
                let key_of = |label: usize| {
                    let place = linear.labels.iter().position(|own| *own == label);
                    place.map(|place| keys[place])
                };
                let apart = |(told, key): (&Option<usize>, &i32)| {
                    Some(f64::from(fifths_between(key_of((*told)?)?, *key)))
                };
                let apart: Vec<f64> = linear.told.iter().zip(keys).filter_map(apart).collect();
                Ok(Self { fifths: Some(mean(&apart)), ..answers })
            }
            Values::Numbers(values) => {
                let scores = probe::number(Some(vectors), values, groups, FOLDS, seed)?;
                let constant = mean(&probe::number(None, values, groups, FOLDS, seed)?);
                Ok(Self { scores, nearest: None, fifths: None, constant })
            }
        }
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
