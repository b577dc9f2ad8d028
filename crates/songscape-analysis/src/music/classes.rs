//! A class of songs (a genre, a mood, a language), predicted for every song by models that never saw its artist.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ndarray::{ArrayView2, Axis};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use songscape_project::{Job, Progress, write_csv};

use crate::boosting::{BinnedRows, BoosterParams, Classifier, most_probable};
use crate::bootstrap::{Difference, Interval, mean_interval};
use crate::error::{Error, Result};
use crate::folds::group_folds;
use crate::retrieval::numbered;
use crate::vectors::check_finite;

/// How classes are predicted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassParams {
    /// The number of folds, at least 2. A class needs as many groups (artists).
    pub folds: usize,
    /// The classifier.
    pub booster: BoosterParams,
    /// The seed of the folds: the same for all vectors that are to be compared.
    pub seed: u64,
}

impl ClassParams {
    /// Parameters for so many songs: five folds, and [`BoosterParams::for_rows`] with half as many rounds.
    pub fn for_songs(songs: usize, seed: u64) -> Self {
        let booster = BoosterParams::for_rows(songs);
        let booster = BoosterParams { seed, trees: booster.trees / 2, ..booster };
        Self { folds: 5, booster, seed }
    }
}

/// One song's predicted class.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClassPrediction {
    /// The song's row.
    pub row: usize,
    /// The fold that it was left out in.
    pub fold: usize,
    /// The place of its class among [`ClassPredictions::classes`].
    pub class: usize,
    /// That of the class predicted.
    pub predicted: usize,
    /// The probability of the class predicted.
    pub probability: f64,
}

/// Predicted classes, each by the model of a fold that the song's artist is not in. Intervals are of 95 %,
/// bootstrapped over groups.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassPredictions {
    /// The classes, in the order of the alphabet.
    pub classes: Vec<String>,
    /// One for each song of these classes, in the order of the songs.
    pub rows: Vec<ClassPrediction>,
    /// Songs of classes that fewer groups than folds have, which were left out.
    pub rare: usize,
    /// The share of the songs whose class was predicted.
    pub accuracy: f64,
    /// Its interval.
    pub interval: Option<Interval>,
    /// The mean over the classes of the share of a class's songs that were predicted.
    pub balanced_accuracy: f64,
    /// The share that is right where every song gets the most frequent class of the other folds.
    pub majority: f64,
    /// By how much the accuracy is above that.
    pub ahead: Option<Difference>,
}

/// Predicts the class of every song that has one (`classes` `[n]`, empty where a song has none) from its vector
/// `[n, d]`.
///
/// Songs of one of `groups` `[n]` share a fold; a song with an empty group name is a group of its own. A class
/// that fewer groups than folds have is left out, since it could not be told from its artists.
///
/// # Errors
/// [`Error::LengthMismatch`]; [`Error::TooFewClasses`] where fewer than two classes are left;
/// [`Error::TooFewGroups`]; [`Error::Parameter`]; [`Error::Interrupted`]; those of [`check_finite`].
pub fn cross_validate(
    x: ArrayView2<f32>,
    classes: &[&str],
    groups: &[String],
    params: &ClassParams,
    progress: &dyn Progress,
) -> Result<ClassPredictions> {
    check_finite(x)?;
    for (what, found) in [("classes", classes.len()), ("groups", groups.len())] {
        if found != x.nrows() {
            return Err(Error::LengthMismatch { what, found, expected: x.nrows() });
        }
    }
    // A song without a group is one by itself.
    let group = |row: usize| (groups[row].as_str(), groups[row].is_empty().then_some(row));
    let mut having: BTreeMap<&str, BTreeSet<_>> = BTreeMap::new();
    for (row, class) in classes.iter().enumerate().filter(|(_, class)| !class.is_empty()) {
        having.entry(class).or_default().insert(group(row));
    }
    let some = classes.iter().filter(|class| !class.is_empty()).count();
    having.retain(|_, groups| groups.len() >= params.folds);
    if having.len() < 2 {
        return Err(Error::TooFewClasses { classes: having.len(), groups: params.folds });
    }
    let names: Vec<&str> = having.into_keys().collect();
    let class_of = |row: usize| names.binary_search(&classes[row]).ok();
    let known: Vec<(usize, usize)> =
        (0..x.nrows()).filter_map(|row| class_of(row).map(|class| (row, class))).collect();
    let keys: Vec<_> = known.iter().map(|&(row, _)| group(row)).collect();
    let folds = group_folds(&keys, params.folds, params.seed)?;

    let binned = BinnedRows::new(x, params.booster.bins)?;
    let job = Job::begin(progress, "classes", params.folds as u64, "folds");
    let of_fold = |fold: usize| -> Result<Vec<(usize, ClassPrediction, bool)>> {
        let (test, train): (Vec<usize>, Vec<usize>) =
            (0..known.len()).partition(|&i| folds[i] == fold);
        let rows = |places: &[usize]| places.iter().map(|&i| known[i].0).collect::<Vec<_>>();
        let targets: Vec<usize> = train.iter().map(|&i| known[i].1).collect();
        let (count, booster) = (names.len(), &params.booster);
        let model =
            Classifier::fit_rows(&binned, &rows(&train), &targets, count, booster, progress)?;
        let found = model.probabilities(x.select(Axis(0), &rows(&test)).view())?;
        let most = most_frequent(&targets, count);
        job.advance(1);
        let of_song = |(i, p): (usize, ndarray::ArrayView1<f64>)| {
            let (row, class) = known[i];
            let predicted = most_probable(p.iter());
            let probability = p[predicted];
            let song = ClassPrediction { row, fold, class, predicted, probability };
            (i, song, most == class)
        };
        Ok(test.into_iter().zip(found.outer_iter()).map(of_song).collect())
    };
    let found: Vec<_> = (0..params.folds).into_par_iter().map(of_fold).collect::<Result<_>>()?;
    let mut found: Vec<_> = found.into_iter().flatten().collect();
    found.sort_by_key(|(i, ..)| *i);

    let right = |is: bool| f64::from(u8::from(is));
    let hits: Vec<f64> = found.iter().map(|(_, s, _)| right(s.class == s.predicted)).collect();
    let plain: Vec<f64> = found.iter().map(|(.., most)| right(*most)).collect();
    let of_song = numbered(&keys);
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let of_class = |class: usize| {
        let own = found.iter().zip(&hits).filter(|((_, song, _), _)| song.class == class);
        mean(&own.map(|(_, hit)| *hit).collect::<Vec<_>>())
    };
    Ok(ClassPredictions {
        rare: some - known.len(),
        accuracy: mean(&hits),
        interval: mean_interval(&hits, &of_song)?,
        balanced_accuracy: mean(&(0..names.len()).map(of_class).collect::<Vec<_>>()),
        majority: mean(&plain),
        ahead: Difference::of_pairs(&hits, &plain, &of_song)?,
        classes: names.into_iter().map(str::to_owned).collect(),
        rows: found.into_iter().map(|(_, song, _)| song).collect(),
    })
}

/// The first of equally frequent ones.
fn most_frequent(targets: &[usize], classes: usize) -> usize {
    let mut counts = vec![0_usize; classes];
    targets.iter().for_each(|&class| counts[class] += 1);
    (0..classes).rev().max_by_key(|&class| counts[class]).unwrap_or(0)
}

/// A row of `classes.csv`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassRow {
    /// The column that the class is of, such as `genre`.
    pub column: String,
    /// The song's row.
    pub row: usize,
    /// The fold that it was left out in.
    pub fold: usize,
    /// Its class.
    pub class: String,
    /// The class predicted.
    pub predicted: String,
    /// The probability of the class predicted, 0 to 1.
    pub probability: f64,
}

impl ClassRow {
    pub(crate) const HEADER: [&str; 6] =
        ["column", "row", "fold", "class", "predicted", "probability"];
}

impl ClassPredictions {
    /// 1 for each song whose class was predicted, and 0 for each other one.
    pub fn hits(&self) -> Vec<f64> {
        self.rows.iter().map(|song| f64::from(u8::from(song.class == song.predicted))).collect()
    }

    /// The predictions as rows of a table; `column` is what the classes are of.
    pub fn table(&self, column: &str) -> impl Iterator<Item = ClassRow> {
        self.rows.iter().map(move |song| ClassRow {
            column: column.into(),
            row: song.row,
            fold: song.fold,
            class: self.classes[song.class].clone(),
            predicted: self.classes[song.predicted].clone(),
            probability: song.probability,
        })
    }
}

/// Writes `column,row,fold,class,predicted,probability` ([`ClassRow`]).
///
/// # Errors
/// [`Error::Project`] when the file cannot be written.
pub fn write_classes(
    path: impl AsRef<Path>,
    rows: impl IntoIterator<Item = ClassRow>,
) -> Result<()> {
    Ok(write_csv(path, &ClassRow::HEADER, rows)?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ndarray::Array2;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use songscape_project::Silent;

    use super::*;

    /// Rows of noise, in which a column says what the class is, as far as `signal` goes.
    fn songs(seed: u64, n: usize, signal: f32) -> (Array2<f32>, Vec<&'static str>, Vec<String>) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let artist: Vec<usize> = (0..n).map(|i| i / 4).collect();
        let class: Vec<&str> =
            artist.iter().map(|a| ["fado", "rock", "rock", "waltz"][a % 4]).collect();
        let place = |class: &str| ["fado", "rock", "waltz"].iter().position(|c| *c == class);
        // Songs of an artist are alike.
        let own: Vec<f32> = (0..=n / 4).map(|_| rng.random::<f32>()).collect();
        let x = Array2::from_shape_fn((n, 6), |(i, j)| {
            let told = if j < 3 && place(class[i]) == Some(j) { signal } else { 0.0 };
            own[artist[i]] * (j as f32) + told + rng.random::<f32>()
        });
        (x, class, artist.iter().map(|a| format!("artist {a}")).collect())
    }

    #[test]
    fn classes_are_told_beyond_the_majority() {
        let (x, classes, artists) = songs(1, 240, 2.0);
        let params = ClassParams::for_songs(240, 1);
        let found = cross_validate(x.view(), &classes, &artists, &params, &Silent).unwrap();
        assert_eq!((found.classes.len(), found.rows.len(), found.rare), (3, 240, 0));
        assert!(found.accuracy > 0.8 && (found.majority - 0.5).abs() < 0.1, "{found:?}");
        assert!(found.ahead.unwrap().is_told_apart());
        // No artist is in two folds.
        for pair in found.rows.windows(2) {
            assert!(artists[pair[0].row] != artists[pair[1].row] || pair[0].fold == pair[1].fold);
        }
    }

    #[test]
    fn where_nothing_is_to_be_found_nothing_is_claimed() {
        // The artists are alike, the classes are not: without folds by artist, this would look learned.
        let ahead = |seed| {
            let (x, classes, artists) = songs(seed, 160, 0.0);
            let params = ClassParams::for_songs(160, seed);
            let found = cross_validate(x.view(), &classes, &artists, &params, &Silent).unwrap();
            found.ahead.unwrap()
        };
        let above = (0..20).filter(|&seed| ahead(seed).interval.low > 0.0).count();
        assert!(above <= 2, "{above} of 20");
    }

    #[test]
    fn rare_classes_are_left_out_and_too_few_are_named() {
        let (x, mut classes, artists) = songs(2, 160, 2.0);
        classes[3] = "polka";
        classes[9] = "";
        let params = ClassParams::for_songs(160, 1);
        let found = cross_validate(x.view(), &classes, &artists, &params, &Silent).unwrap();
        assert_eq!((found.rows.len(), found.rare, found.classes.len()), (158, 1, 3));
        let one = vec!["rock"; 160];
        let error = cross_validate(x.view(), &one, &artists, &params, &Silent).unwrap_err();
        assert!(matches!(error, Error::TooFewClasses { classes: 1, .. }), "{error}");
        assert!(cross_validate(x.view(), &one[1..], &artists, &params, &Silent).is_err());
    }
}
