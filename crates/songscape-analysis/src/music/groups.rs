//! Songs that must not be split between training and test.

use std::collections::BTreeMap;

use songscape_project::artist_key;

use crate::neighbors::Neighbors;

/// The neighbour that says how far a song's surroundings are.
const SURROUNDINGS: usize = 10;
/// Songs are near-duplicates when they are nearer than this share of both songs' surroundings.
const DUPLICATE: f32 = 0.25;

/// For each song the name of its group: songs of one artist, and songs that another mix, another rendition
/// or the same recording makes nearly the same vector. `artists` are compared by their [`artist_key`]; a song
/// without one is on its own. `near` are the nearest neighbours, if they are known: two songs at less than a
/// quarter of the distance to each one's tenth neighbour are one.
pub fn together(artists: &[String], near: Option<&Neighbors>) -> Vec<String> {
    let mut sets: Vec<usize> = (0..artists.len()).collect();
    let mut first: BTreeMap<String, usize> = BTreeMap::new();
    for (row, artist) in artists.iter().enumerate() {
        let key = artist_key(artist);
        if !key.is_empty() {
            let other = *first.entry(key).or_insert(row);
            join(&mut sets, row, other);
        }
    }
    if let Some(near) = near.filter(|near| near.indices.nrows() == artists.len()) {
        let last = near.distances.ncols().min(SURROUNDINGS);
        let around = |row: usize| near.distances[[row, last - 1]];
        // The last neighbour is the measure, so that there must be others.
        for (row, others) in near.indices.rows().into_iter().enumerate().filter(|_| last > 1) {
            for (&other, &distance) in others.iter().zip(near.distances.row(row)) {
                let other = other as usize;
                if distance <= DUPLICATE * around(row).min(around(other)) {
                    join(&mut sets, row, other);
                }
            }
        }
    }
    (0..sets.len()).map(|row| find(&mut sets, row).to_string()).collect()
}

fn find(sets: &mut [usize], mut row: usize) -> usize {
    while sets[row] != row {
        sets[row] = sets[sets[row]];
        row = sets[row];
    }
    row
}

/// The smaller row stands for both.
fn join(sets: &mut [usize], a: usize, b: usize) {
    let (a, b) = (find(sets, a), find(sets, b));
    sets[a.max(b)] = a.min(b);
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ndarray::Array2;
    use songscape_project::Silent;

    use super::*;
    use crate::neighbors::{Metric, exact};

    fn names(artists: &[&str]) -> Vec<String> {
        artists.iter().map(|&artist| artist.to_owned()).collect()
    }

    #[test]
    fn spellings_of_an_artist_are_one_and_nobody_is_on_their_own() {
        let found = together(
            &names(&[
                "The Beatles",
                "beatles",
                "",
                "",
                "Simon & Garfunkel",
                "simon and garfunkel",
                "!!!",
                "The",
            ]),
            None,
        );
        assert_eq!(found, ["0", "0", "2", "3", "4", "4", "6", "7"]);
    }

    #[test]
    fn near_duplicates_share_a_group_and_neighbours_do_not() {
        let mut x = Array2::from_shape_fn((60, 8), |(i, j)| ((i * (7 + j * 5) + j) % 61) as f32);
        let copy = x.row(3).mapv(|v| v * 1.001 + 0.01);
        x.row_mut(50).assign(&copy);
        let near = exact(x.view(), 14, Metric::Euclidean, &Silent).unwrap();
        let nobody = vec![String::new(); 60];
        let found = together(&nobody, Some(&near));
        assert_eq!(found[50], "3");
        let mut different = found.clone();
        different.sort();
        different.dedup();
        assert!(different.len() >= 55, "{found:?}");
    }
}
