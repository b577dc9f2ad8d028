//! Evaluation by classification: can a label that training never saw be predicted from the vectors?
//!
//! Rows of one *group* (the recordings of one song, the songs of one artist) are never on both sides:
//! a row is judged only by rows of other groups. Without groups, each row is its own. All functions
//! work on plain vectors `[n, d]`, so that an encoder is judged beside its
//! [`baseline`](crate::baseline)s.

use std::collections::BTreeMap;

use ndarray::{ArrayView2, Axis};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use songscape_analysis::vectors::unit_rows;
use tch::{Device, Kind, Reduction, Tensor};

use crate::error::{Error, Result};
use crate::optimizer::AdamW;

/// How well labels are predicted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Classification {
    /// The part of rows whose label was predicted correctly.
    pub accuracy: f64,
    /// The part of rows that have the most frequent label: the accuracy of a constant answer.
    pub most_frequent: f64,
}

impl Classification {
    fn new(told: &[Option<usize>], labels: &[usize]) -> Self {
        let mut counts = BTreeMap::new();
        labels.iter().for_each(|label| *counts.entry(label).or_insert(0_usize) += 1);
        let part = |count: usize| count as f64 / labels.len().max(1) as f64;
        let right = told.iter().zip(labels).filter(|(told, label)| **told == Some(**label));
        Self {
            accuracy: part(right.count()),
            most_frequent: part(counts.into_values().max().unwrap_or(0)),
        }
    }
}

/// Each row is given the label that most of its `k` nearest rows of other groups have, by cosine; of
/// equally many votes, those of the nearer rows win.
///
/// ```
/// use ndarray::array;
/// use songscape_contrastive::probe::nearest;
///
/// let vectors = array![[1.0, 0.0], [0.9, 0.2], [0.1, 1.0], [0.0, 0.9]];
/// let found = nearest(vectors.view(), &[0, 0, 1, 1], &[0, 1, 2, 3], 1)?;
/// assert_eq!((found.accuracy, found.most_frequent), (1.0, 0.5));
/// // The rows that have the same label are of the same group: nothing can be predicted.
/// assert_eq!(nearest(vectors.view(), &[0, 0, 1, 1], &[0, 0, 1, 1], 1)?.accuracy, 0.0);
/// # Ok::<(), songscape_contrastive::Error>(())
/// ```
///
/// # Errors
/// [`Error::Vectors`] when there are not as many labels and groups as rows, [`Error::NotFinite`],
/// [`Error::Parameter`] for `k` of 0.
pub fn nearest(
    vectors: ArrayView2<f32>,
    labels: &[usize],
    groups: &[usize],
    k: usize,
) -> Result<Classification> {
    check(vectors, labels, groups)?;
    if k == 0 {
        return Err(parameter("k", k, "at least 1".into()));
    }
    let rows = unit_rows(vectors);
    let told: Vec<Option<usize>> = (0..rows.nrows())
        .map(|i| {
            let cosines = rows.dot(&rows.row(i));
            let mut others: Vec<usize> =
                (0..rows.nrows()).filter(|&j| groups[j] != groups[i]).collect();
            others.sort_by(|&a, &b| cosines[b].total_cmp(&cosines[a]).then(a.cmp(&b)));
            others.truncate(k);
            // Votes, and the place of the first one.
            let mut votes: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
            for (place, &j) in others.iter().enumerate() {
                votes.entry(labels[j]).or_insert((0, place)).0 += 1;
            }
            let best = votes.into_iter().max_by_key(|(_, (n, first))| (*n, usize::MAX - first));
            best.map(|(label, _)| label)
        })
        .collect();
    Ok(Classification::new(&told, labels))
}

/// A linear probe: a multinomial logistic regression on the standardised vectors, fitted on all folds
/// but one and tested on that one. The folds are made of whole groups.
///
/// It is fitted by 300 steps of AdamW over all rows at once (learning rate 0.05, weight decay 0.1);
/// the problem is convex, and only the folds depend on the seed. Prefer it to [`nearest`] for asking what
/// the vectors know; [`nearest`] says what a listener finds beside a song.
///
/// # Errors
/// As [`nearest`], and [`Error::Parameter`] when there are fewer groups than folds or fewer than two
/// folds.
pub fn linear(
    vectors: ArrayView2<f32>,
    labels: &[usize],
    groups: &[usize],
    folds: usize,
    seed: u64,
) -> Result<Classification> {
    check(vectors, labels, groups)?;
    let fold_of = fold_of(groups, folds, seed)?;
    // Labels as numbers from 0 without gaps.
    let names: Vec<usize> = {
        let mut names = labels.to_vec();
        names.sort_unstable();
        names.dedup();
        names
    };
    let classes: Vec<i64> =
        labels.iter().map(|label| names.partition_point(|name| name < label) as i64).collect();
    let mut told = vec![None; labels.len()];
    for fold in 0..folds {
        let (test, train): (Vec<usize>, Vec<usize>) =
            (0..labels.len()).partition(|&row| fold_of[&groups[row]] == fold);
        let known = vectors.select(Axis(0), &train).mapv(f64::from);
        let mean = known.mean_axis(Axis(0)).unwrap_or_default();
        let deviation = known.std_axis(Axis(0), 0.0).mapv(|d| if d > 1e-12 { d } else { 1.0 });
        let scaled = |rows: &[usize]| {
            let rows = vectors.select(Axis(0), rows).mapv(f64::from);
            to_tensor(((rows - &mean) / &deviation).mapv(|x| x as f32).view())
        };
        let own: Vec<i64> = train.iter().map(|&row| classes[row]).collect();
        let weights = fit(&scaled(&train)?, &Tensor::f_from_slice(&own)?, names.len())?;
        let answers = scores(&scaled(&test)?, &weights)?.f_argmax(1, false)?;
        for (place, &row) in test.iter().enumerate() {
            told[row] = Some(names[answers.f_int64_value(&[place as i64])? as usize]);
        }
    }
    Ok(Classification::new(&told, labels))
}

/// Weights and, in the last row, biases of the classes, `[d + 1, classes]`.
fn fit(x: &Tensor, classes: &Tensor, count: usize) -> Result<Tensor> {
    const STEPS: usize = 300;
    const RATE: f64 = 0.05;
    const DECAY: f64 = 0.1;
    let weights = Tensor::f_zeros([x.size()[1] + 1, count as i64], (Kind::Float, Device::Cpu))?;
    let mut optimizer = AdamW::new(&weights, 0.9, 0.99, DECAY)?;
    for step in 0..STEPS {
        let leaf = weights.f_detach()?.f_set_requires_grad(true)?;
        let loss = scores(x, &leaf)?.f_log_softmax(-1, Kind::Float)?.f_nll_loss(
            classes,
            None::<Tensor>,
            Reduction::Mean,
            -1,
        )?;
        let gradient = Tensor::f_run_backward(&[&loss], &[&leaf], false, false)?;
        let left = 1.0 - step as f64 / STEPS as f64;
        optimizer.step(&weights, &gradient[0], RATE * left)?;
    }
    Ok(weights)
}

fn scores(x: &Tensor, weights: &Tensor) -> Result<Tensor> {
    let d = x.size()[1];
    Ok(x.f_matmul(&weights.f_narrow(0, 0, d)?)?.f_add(&weights.f_narrow(0, d, 1)?)?)
}

fn to_tensor(rows: ArrayView2<f32>) -> Result<Tensor> {
    let values: Vec<f32> = rows.iter().copied().collect();
    Ok(Tensor::f_from_slice(&values)?.f_view([rows.nrows() as i64, rows.ncols() as i64])?)
}

/// The fold of each group.
fn fold_of(groups: &[usize], folds: usize, seed: u64) -> Result<BTreeMap<usize, usize>> {
    let mut distinct = groups.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    if !(2..=distinct.len()).contains(&folds) {
        let expected = format!("2 to {}, the number of groups", distinct.len());
        return Err(parameter("folds", folds, expected));
    }
    distinct.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    Ok(distinct.into_iter().enumerate().map(|(place, group)| (group, place % folds)).collect())
}

fn check(vectors: ArrayView2<f32>, labels: &[usize], groups: &[usize]) -> Result<()> {
    for found in [labels.len(), groups.len()] {
        if found != vectors.nrows() {
            let (found, expected) = (vec![found], vectors.shape().to_vec());
            return Err(Error::Vectors { found, expected });
        }
    }
    let bad = vectors.rows().into_iter().position(|row| row.iter().any(|x| !x.is_finite()));
    bad.map_or(Ok(()), |row| Err(Error::NotFinite { row }))
}

fn parameter(field: &'static str, found: usize, expected: String) -> Error {
    Error::Parameter { field, found: found.to_string(), expected }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ndarray::Array2;
    use rand::RngExt;

    use super::*;

    /// Three labels, whose direction is in the first columns, among noise; groups of two.
    fn data(signal: f32) -> (Array2<f32>, Vec<usize>, Vec<usize>) {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let labels: Vec<usize> = (0..90).map(|i| 10 + i / 2 % 3).collect();
        let vectors = Array2::from_shape_fn((90, 8), |(i, j)| {
            let own = if labels[i] - 10 == j { signal } else { 0.0 };
            own + rng.random_range(-1.0..1.0_f32)
        });
        (vectors, labels, (0..90).map(|i| i / 2).collect())
    }

    #[test]
    fn what_is_in_the_vectors_is_found_and_what_is_not_is_not() {
        let (clear, labels, groups) = data(3.0);
        assert!(nearest(clear.view(), &labels, &groups, 5).unwrap().accuracy > 0.95);
        let told = linear(clear.view(), &labels, &groups, 5, 0).unwrap();
        assert!(told.accuracy > 0.95, "{told:?}");
        assert!((told.most_frequent - 1.0 / 3.0).abs() < 1e-9);
        let (noise, ..) = data(0.0);
        assert!(nearest(noise.view(), &labels, &groups, 5).unwrap().accuracy < 0.55);
        assert!(linear(noise.view(), &labels, &groups, 5, 0).unwrap().accuracy < 0.55);
    }

    #[test]
    fn a_linear_probe_sees_along_any_direction_at_any_scale() {
        // The label is in a small column beside a large one that says nothing.
        let (vectors, labels, groups) = data(3.0);
        let scaled = Array2::from_shape_fn((90, 9), |(i, j)| match j {
            8 => 1e4 * ((i * 37 % 90) as f32 - 45.0),
            _ => vectors[[i, j]] * 1e-3,
        });
        let plain = nearest(scaled.view(), &labels, &groups, 5).unwrap().accuracy;
        assert!(plain < 0.6, "cosines see only the large column: {plain}");
        assert!(linear(scaled.view(), &labels, &groups, 5, 0).unwrap().accuracy > 0.95);
    }

    #[test]
    fn groups_are_never_on_both_sides() {
        // Rows of a group are equal; labels are those of the groups, at random.
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let rows: Vec<[f32; 6]> =
            (0..40).map(|_| std::array::from_fn(|_| rng.random_range(-1.0..1.0))).collect();
        let vectors = Array2::from_shape_fn((80, 6), |(i, j)| rows[i / 2][j]);
        let labels: Vec<usize> = (0..80).map(|i| i / 2 * 7 % 4).collect();
        let (apart, alone): (Vec<usize>, Vec<usize>) =
            ((0..80).map(|i| i / 2).collect(), (0..80).collect());
        assert_eq!(nearest(vectors.view(), &labels, &alone, 1).unwrap().accuracy, 1.0);
        assert!(nearest(vectors.view(), &labels, &apart, 1).unwrap().accuracy < 0.6);
        let folds = fold_of(&apart, 5, 0).unwrap();
        assert_eq!(folds.len(), 40);
        assert!((0..5).all(|fold| folds.values().filter(|f| **f == fold).count() == 8));
        assert!(linear(vectors.view(), &labels, &apart, 5, 0).unwrap().accuracy < 0.6);
    }

    #[test]
    fn unusable_input_is_named() {
        let (mut vectors, labels, groups) = data(1.0);
        let message = |found: Result<Classification>| found.unwrap_err().to_string();
        assert!(message(nearest(vectors.view(), &labels, &groups, 0)).contains("k is 0"));
        assert!(message(nearest(vectors.view(), &labels[1..], &groups, 1)).contains("[89]"));
        assert!(message(linear(vectors.view(), &labels, &groups[1..], 5, 0)).contains("[89]"));
        assert!(message(linear(vectors.view(), &labels, &groups, 1, 0)).contains("2 to 45"));
        assert!(message(linear(vectors.view(), &labels, &groups, 46, 0)).contains("folds is 46"));
        vectors[[7, 2]] = f32::NAN;
        assert!(message(linear(vectors.view(), &labels, &groups, 5, 0)).contains("row 7"));
        // A single label is always right.
        let (vectors, ..) = data(1.0);
        assert_eq!(linear(vectors.view(), &[3; 90], &groups, 5, 0).unwrap().accuracy, 1.0);
    }
}
