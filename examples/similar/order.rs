//! Which songs, and in which order.

use ndarray::{Array1, ArrayView1, ArrayView2};

/// The songs nearest to the seeds by the cosine, nearest first, each with the cosine to what it was
/// sought for. With `wander` above 0 what is sought moves towards the song found last, and at 1 stays
/// there. `x` `[songs, d]` has rows of length 1.
pub fn like(x: ArrayView2<f32>, seeds: &[usize], count: usize, wander: f32) -> Vec<(usize, f32)> {
    let mut home = Array1::zeros(x.ncols());
    seeds.iter().for_each(|&seed| home += &x.row(seed));
    let home = unit(home);
    let mut used = vec![false; x.nrows()];
    seeds.iter().for_each(|&seed| used[seed] = true);
    let mut found: Vec<(usize, f32)> = Vec::new();
    let mut sought = home.clone();
    while found.len() < count {
        let Some(next) = nearest(x, sought.view(), &used) else { break };
        used[next.0] = true;
        found.push(next);
        sought = unit(&home * (1.0 - wander) + &x.row(next.0) * wander);
    }
    found
}

/// `count` songs from one song to another, both included: the songs nearest to even steps between
/// the two vectors.
pub fn path(x: ArrayView2<f32>, from: usize, to: usize, count: usize) -> Vec<(usize, f32)> {
    let mut used = vec![false; x.nrows()];
    (used[from], used[to]) = (true, true);
    let mut found = vec![(from, 1.0)];
    let steps = count.max(2) - 1;
    for step in 1..steps {
        let share = step as f32 / steps as f32;
        let sought = unit(&x.row(from) * (1.0 - share) + &x.row(to) * share);
        let Some(next) = nearest(x, sought.view(), &used) else { break };
        used[next.0] = true;
        found.push(next);
    }
    if to != from {
        found.push((to, 1.0));
    }
    found
}

/// The unused row with the largest cosine, the first of those that are level.
fn nearest(x: ArrayView2<f32>, sought: ArrayView1<f32>, used: &[bool]) -> Option<(usize, f32)> {
    let cosines = x.dot(&sought);
    let free = cosines.iter().copied().enumerate().filter(|(row, _)| !used[*row]);
    free.reduce(|best, next| if next.1 > best.1 { next } else { best })
}

fn unit(v: Array1<f32>) -> Array1<f32> {
    let length = v.dot(&v).sqrt();
    if length > 0.0 { v / length } else { v }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    /// Nine songs on a quarter of a circle, ten degrees apart.
    fn circle() -> Array2<f32> {
        Array2::from_shape_fn((9, 2), |(row, axis)| {
            let angle = (row as f32 * 10.0).to_radians();
            if axis == 0 { angle.cos() } else { angle.sin() }
        })
    }

    fn rows(found: &[(usize, f32)]) -> Vec<usize> {
        found.iter().map(|next| next.0).collect()
    }

    #[test]
    fn near_songs_come_first_and_seeds_never() {
        let found = like(circle().view(), &[0], 3, 0.0);
        assert_eq!(rows(&found), [1, 2, 3]);
        assert!((found[0].1 - 10f32.to_radians().cos()).abs() < 1e-6);
        assert_eq!(rows(&like(circle().view(), &[3, 5], 1, 0.0)), [4]);
    }

    #[test]
    fn a_wanderer_goes_far_and_repeats_nothing() {
        // From the middle, what is near lies on both sides; a wanderer stays on the side it took.
        let near = rows(&like(circle().view(), &[4], 4, 0.0));
        assert!(near.contains(&3) && near.contains(&5));
        let mut far = rows(&like(circle().view(), &[4], 20, 1.0));
        assert!(far[..4] == [3, 2, 1, 0] || far[..4] == [5, 6, 7, 8], "{far:?}");
        far.sort_unstable();
        assert_eq!(far, [0, 1, 2, 3, 5, 6, 7, 8], "all others, once");
    }

    #[test]
    fn a_path_has_both_ends_and_even_steps() {
        assert_eq!(rows(&path(circle().view(), 0, 8, 5)), [0, 2, 4, 6, 8]);
        assert_eq!(rows(&path(circle().view(), 8, 0, 2)), [8, 0]);
        assert_eq!(rows(&path(circle().view(), 3, 3, 2)), [3]);
    }
}
