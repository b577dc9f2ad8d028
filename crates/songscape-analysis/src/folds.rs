//! Folds of a cross-validation that keep groups together.

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::error::{Error, Result};

/// The fold `0..folds` of every row `[n]`, so that rows of one group share a fold.
///
/// Groups go, the largest first and those of equal size in an order drawn from the seed, each to
/// the fold that has the fewest rows: folds are about equal unless one group is larger than a fold.
///
/// ```
/// use songscape_analysis::folds::group_folds;
///
/// let artists = ["Ann", "Bob", "Ann", "Cleo", "Bob", "Dee"];
/// let folds = group_folds(&artists, 2, 1)?;
/// assert!(folds[0] == folds[2] && folds[1] == folds[4]);
/// assert_eq!(folds.iter().filter(|fold| **fold == 0).count(), 3);
/// # Ok::<(), songscape_analysis::Error>(())
/// ```
///
/// # Errors
/// [`Error::Parameter`] for fewer than two folds, [`Error::TooFewGroups`] for fewer groups than
/// folds.
pub fn group_folds<G: Ord>(groups: &[G], folds: usize, seed: u64) -> Result<Vec<usize>> {
    if folds < 2 {
        return Err(Error::parameter("folds", folds, "at least 2"));
    }
    let mut rows: BTreeMap<&G, Vec<usize>> = BTreeMap::new();
    for (row, group) in groups.iter().enumerate() {
        rows.entry(group).or_default().push(row);
    }
    if rows.len() < folds {
        return Err(Error::TooFewGroups { groups: rows.len(), folds });
    }
    let mut rows: Vec<Vec<usize>> = rows.into_values().collect();
    rows.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    rows.sort_by_key(|rows| std::cmp::Reverse(rows.len()));

    let mut sizes = vec![0; folds];
    let mut out = vec![0; groups.len()];
    for members in rows {
        let fold = (0..folds).min_by_key(|&f| sizes[f]).expect("there are at least two folds");
        sizes[fold] += members.len();
        for row in members {
            out[row] = fold;
        }
    }
    Ok(out)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn groups_stay_together_and_folds_are_even() {
        let groups: Vec<usize> = (0..237).map(|i| (i * i) % 53).collect();
        let folds = group_folds(&groups, 5, 3).unwrap();
        for i in 0..237 {
            for j in 0..237 {
                assert!(groups[i] != groups[j] || folds[i] == folds[j]);
            }
        }
        let sizes: Vec<usize> = (0..5).map(|f| folds.iter().filter(|&&g| g == f).count()).collect();
        assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 8, "{sizes:?}");
        assert_eq!(folds, group_folds(&groups, 5, 3).unwrap());
        assert_ne!(folds, group_folds(&groups, 5, 4).unwrap());
    }

    #[test]
    fn too_few_groups_are_refused() {
        assert!(matches!(
            group_folds(&["a", "b", "a"], 3, 0),
            Err(Error::TooFewGroups { groups: 2, folds: 3 })
        ));
        assert!(group_folds(&["a", "b"], 1, 0).is_err());
    }
}
