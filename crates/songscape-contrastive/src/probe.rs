//! Evaluation by prediction: can a linear model predict from the vectors what training never saw?
//!
//! Rows of one *group* (the recordings of one song, the songs of one artist) are never on both sides:
//! a row is judged only by rows of other groups. Without groups, each row is its own. All functions
//! work on plain vectors `[n, d]`, so that an encoder is judged beside its
//! [`baseline`](crate::baseline)s.
//!
//! - [`linear`]: a class by logistic regression; [`nearest`]: a class by the nearest rows;
//! - [`number`]: a number by ridge regression;
//! - [`Probe`]: a column of a table, and which of these it is for.

use std::collections::BTreeMap;

use ndarray::{ArrayView2, Axis};
use songscape_analysis::folds::group_folds;
use songscape_analysis::music::years::{self, YearModels, YearParams};
use songscape_analysis::retrieval::numbered;
use songscape_analysis::vectors::unit_rows;
use songscape_project::Silent;
use tch::{Device, Kind, Reduction, Tensor};

use crate::error::{Error, Result};
use crate::optimizer::AdamW;

/// The classes that were told of rows, and the true ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classification {
    /// The class that each row was told to be of; `None` where there was no other row to tell it by.
    pub told: Vec<Option<usize>>,
    /// The true class of each row.
    pub labels: Vec<usize>,
}

impl Classification {
    /// 1 for each row whose class was told correctly, else 0.
    pub fn hits(&self) -> Vec<f64> {
        let hit = |(told, label): (&Option<usize>, &usize)| *told == Some(*label);
        self.told.iter().zip(&self.labels).map(|pair| f64::from(u8::from(hit(pair)))).collect()
    }

    /// The share of rows whose class was told correctly.
    pub fn accuracy(&self) -> f64 {
        self.hits().iter().sum::<f64>() / self.labels.len().max(1) as f64
    }

    /// The share of rows that have the most frequent class: the accuracy of a constant answer.
    pub fn most_frequent(&self) -> f64 {
        let mut counts = BTreeMap::new();
        self.labels.iter().for_each(|label| *counts.entry(label).or_insert(0_usize) += 1);
        counts.into_values().max().unwrap_or(0) as f64 / self.labels.len().max(1) as f64
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
/// assert_eq!((found.accuracy(), found.most_frequent()), (1.0, 0.5));
/// // The rows that have the same label are of the same group: nothing can be predicted.
/// assert_eq!(nearest(vectors.view(), &[0, 0, 1, 1], &[0, 0, 1, 1], 1)?.accuracy(), 0.0);
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
    Ok(Classification { told, labels: labels.to_vec() })
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
    let fold_of = group_folds(groups, folds, seed)?;
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
            (0..labels.len()).partition(|&row| fold_of[row] == fold);
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
    Ok(Classification { told, labels: labels.to_vec() })
}

/// A number, such as a tempo, by ridge regression on standardised columns: how far the prediction of each
/// row is off, in the unit of the numbers. The penalty is chosen only on training rows, and the folds are made
/// of whole groups. `None` as the vectors gives the errors of the median of the training rows, the constant
/// that everything has to beat.
///
/// Numbers are rounded to a ten-thousandth of their range.
///
/// # Errors
/// As [`linear`]; [`Error::Analysis`] when all numbers are equal.
pub fn number(
    vectors: Option<ArrayView2<f32>>,
    values: &[f64],
    groups: &[usize],
    folds: usize,
    seed: u64,
) -> Result<Vec<f64>> {
    const STEPS: f64 = 10_000.0;
    let (low, high) = values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(*v), high.max(*v)));
    let unit = if high > low { (high - low) / STEPS } else { 1.0 };
    let whole = |value: &f64| Some(((value - low) / unit).round() as i32);
    let whole: Vec<Option<i32>> = values.iter().map(whole).collect();
    let names: Vec<String> = groups.iter().map(ToString::to_string).collect();
    let found = match vectors {
        Some(vectors) => {
            let params = YearParams {
                models: YearModels::Ridge,
                folds,
                interval: None,
                ..YearParams::for_songs(values.len(), seed)
            };
            years::cross_validate(vectors, &whole, &names, &params, &Silent)?
        }
        None => years::constant(&whole, &names, folds, seed)?,
    };
    Ok(found.errors().into_iter().map(|error| error * unit).collect())
}

/// What a probe is to predict: a column of a table of songs.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// The name of the column.
    pub name: String,
    /// Its values.
    pub values: Values,
    /// The rows that have one, ascending.
    pub rows: Vec<usize>,
    /// Which of these rows must be on one side, one number for each.
    pub groups: Vec<usize>,
}

/// The values of a [`Probe`], one for each of its rows.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Classes without an order.
    Classes(Vec<usize>),
    /// Key signatures in fifths: 0 has no accidentals, 1 a sharp, −1 a flat.
    Keys(Vec<i32>),
    /// Numbers.
    Numbers(Vec<f64>),
}

impl Probe {
    /// The probe for a column of texts, of which empty ones are not known. A column `key` of whole numbers holds
    /// key signatures; other columns are numbers where all values are and more than twelve differ, and classes
    /// where they are not. Classes that only one group has cannot be learned from others: their rows take no
    /// part.
    ///
    /// ```
    /// use songscape_contrastive::probe::{Probe, Values};
    ///
    /// let probe = Probe::of_column("meter", &["3/4", "4/4", "", "4/4", "3/4", "6/8"], &[0, 1, 2, 3, 4, 5]);
    /// assert_eq!(probe.rows, [0, 1, 3, 4]);
    /// assert_eq!(probe.values, Values::Classes(vec![0, 1, 1, 0]));
    /// ```
    pub fn of_column<T: AsRef<str>>(name: &str, column: &[T], groups: &[usize]) -> Self {
        let text = |row: &usize| column[*row].as_ref().trim();
        let known: Vec<usize> = (0..column.len()).filter(|row| !text(row).is_empty()).collect();
        let fifths =
            || known.iter().map(|row| text(row).parse().ok()).collect::<Option<Vec<i32>>>();
        let number = |row: &usize| text(row).parse().ok().filter(|value: &f64| value.is_finite());
        let numbers = || known.iter().map(number).collect::<Option<Vec<f64>>>();
        let many = |values: &Vec<f64>| {
            let different: std::collections::BTreeSet<u64> =
                values.iter().map(|value| value.to_bits()).collect();
            different.len() > 12
        };
        let of = |rows: Vec<usize>, values| {
            let groups = rows.iter().map(|&row| groups[row]).collect();
            Self { name: name.into(), values, rows, groups }
        };
        if let (true, Some(keys)) = (name.eq_ignore_ascii_case("key"), fifths()) {
            return of(known, Values::Keys(keys));
        }
        if let Some(values) = numbers().filter(many) {
            return of(known, Values::Numbers(values));
        }
        let mut groups_of: BTreeMap<&str, std::collections::BTreeSet<usize>> = BTreeMap::new();
        for row in &known {
            groups_of.entry(text(row)).or_default().insert(groups[*row]);
        }
        let rows: Vec<usize> =
            known.iter().copied().filter(|row| groups_of[text(row)].len() > 1).collect();
        let classes = numbered(rows.iter().map(text));
        of(rows, Values::Classes(classes))
    }
}

/// How many fifths two key signatures are apart on the circle, 0 to 6.
pub fn fifths_between(a: i32, b: i32) -> u32 {
    let apart = (a - b).rem_euclid(12);
    apart.min(12 - apart).unsigned_abs()
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
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

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
        assert!(nearest(clear.view(), &labels, &groups, 5).unwrap().accuracy() > 0.95);
        let told = linear(clear.view(), &labels, &groups, 5, 0).unwrap();
        assert!(told.accuracy() > 0.95, "{told:?}");
        assert!((told.most_frequent() - 1.0 / 3.0).abs() < 1e-9);
        let (noise, ..) = data(0.0);
        assert!(nearest(noise.view(), &labels, &groups, 5).unwrap().accuracy() < 0.55);
        assert!(linear(noise.view(), &labels, &groups, 5, 0).unwrap().accuracy() < 0.55);
    }

    #[test]
    fn a_linear_probe_sees_along_any_direction_at_any_scale() {
        // The label is in a small column beside a large one that says nothing.
        let (vectors, labels, groups) = data(3.0);
        let scaled = Array2::from_shape_fn((90, 9), |(i, j)| match j {
            8 => 1e4 * ((i * 37 % 90) as f32 - 45.0),
            _ => vectors[[i, j]] * 1e-3,
        });
        let plain = nearest(scaled.view(), &labels, &groups, 5).unwrap().accuracy();
        assert!(plain < 0.6, "cosines see only the large column: {plain}");
        assert!(linear(scaled.view(), &labels, &groups, 5, 0).unwrap().accuracy() > 0.95);
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
        assert_eq!(nearest(vectors.view(), &labels, &alone, 1).unwrap().accuracy(), 1.0);
        assert!(nearest(vectors.view(), &labels, &apart, 1).unwrap().accuracy() < 0.6);
        assert!(linear(vectors.view(), &labels, &apart, 5, 0).unwrap().accuracy() < 0.6);
    }

    #[test]
    fn unusable_input_is_named() {
        let (mut vectors, labels, groups) = data(1.0);
        let message = |found: Result<Classification>| found.unwrap_err().to_string();
        assert!(message(nearest(vectors.view(), &labels, &groups, 0)).contains("k is 0"));
        assert!(message(nearest(vectors.view(), &labels[1..], &groups, 1)).contains("[89]"));
        assert!(message(linear(vectors.view(), &labels, &groups[1..], 5, 0)).contains("[89]"));
        assert!(message(linear(vectors.view(), &labels, &groups, 1, 0)).contains("at least 2"));
        assert!(message(linear(vectors.view(), &labels, &groups, 46, 0)).contains("got 45"));
        vectors[[7, 2]] = f32::NAN;
        assert!(message(linear(vectors.view(), &labels, &groups, 5, 0)).contains("row 7"));
        // A single label is always right.
        let (vectors, ..) = data(1.0);
        assert_eq!(linear(vectors.view(), &[3; 90], &groups, 5, 0).unwrap().accuracy(), 1.0);
    }

    #[test]
    fn a_number_is_told_by_what_follows_it() {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let tempo: Vec<f64> = (0..80).map(|_| rng.random_range(60.0..180.0)).collect();
        let vectors = Array2::from_shape_fn((80, 4), |(i, j)| match j {
            0 => (tempo[i] * 0.01) as f32,
            _ => rng.random_range(-1.0..1.0_f32),
        });
        let groups: Vec<usize> = (0..80).map(|i| i / 2).collect();
        let mean = |errors: Vec<f64>| errors.iter().sum::<f64>() / errors.len() as f64;
        let told = mean(number(Some(vectors.view()), &tempo, &groups, 5, 0).unwrap());
        let constant = mean(number(None, &tempo, &groups, 5, 0).unwrap());
        assert!(told < 0.2 * constant, "{told} {constant}");
        assert!((15.0..45.0).contains(&constant), "{constant} beats per minute");
        assert!(number(Some(vectors.view()), &[100.0; 80], &groups, 5, 0).is_err());
    }

    #[test]
    fn columns_say_what_they_are() {
        let groups: Vec<usize> = (0..26).map(|row| row / 2).collect();
        let column = |f: &dyn Fn(usize) -> String| (0..26).map(f).collect::<Vec<String>>();
        let keys = column(&|row| (row as i32 % 12 - 5).to_string());
        let probe = Probe::of_column("Key", &keys, &groups);
        assert!(matches!(&probe.values, Values::Keys(keys) if keys[..2] == [-5, -4]));
        // Names of keys are classes; so are few numbers, of which each is there in two groups.
        let named = column(&|row| ["C", "D"][row / 2 % 2].into());
        assert!(matches!(Probe::of_column("key", &named, &groups).values, Values::Classes(_)));
        let few = column(&|row| (row / 2 % 3).to_string());
        assert!(matches!(Probe::of_column("voices", &few, &groups).values, Values::Classes(_)));
        let many = column(&|row| if row == 3 { String::new() } else { format!("{}.5", 60 + row) });
        let probe = Probe::of_column("tempo", &many, &groups);
        assert!(matches!(&probe.values, Values::Numbers(v) if v.len() == 25 && v[3] == 64.5));
        assert_eq!((probe.rows[3], probe.groups[3]), (4, 2));
    }

    #[test]
    fn keys_are_near_on_the_circle() {
        assert_eq!(
            [(0, 1), (6, -5), (-5, 0), (2, -4)].map(|(a, b)| fifths_between(a, b)),
            [1, 1, 5, 6]
        );
    }
}
