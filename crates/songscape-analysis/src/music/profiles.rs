//! What the songs of a cluster have in common, by a table of what is known of their spectra.

use std::collections::BTreeMap;
use std::path::Path;

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};
use songscape_project::write_csv;

use crate::error::{Error, Result};
use crate::vectors::check_finite;

/// One column of a cluster's songs beside all other songs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// The cluster, −1 for none.
    pub label: i32,
    /// The column.
    pub column: usize,
    /// The mean over the cluster's songs.
    pub mean: f64,
    /// The mean over all other songs.
    pub others: f64,
    /// The difference of both in standard deviations of the column over all songs; 0 where it does
    /// not vary.
    pub effect: f64,
}

/// Describes each cluster by what its songs share: for every cluster and every column of `spectra`
/// `[n, m]` (the mean brightness of each frequency row, say), by cluster, then by column. Clusters
/// that hold all songs have no others and are left out.
///
/// # Errors
/// [`Error::LengthMismatch`], those of [`check_finite`].
pub fn profiles(spectra: ArrayView2<f32>, labels: &[i32]) -> Result<Vec<Profile>> {
    check_finite(spectra)?;
    let (n, columns) = spectra.dim();
    if labels.len() != n {
        return Err(Error::LengthMismatch { what: "labels", found: labels.len(), expected: n });
    }
    let mut sums: BTreeMap<i32, (usize, Vec<f64>)> = BTreeMap::new();
    let (mut total, mut squares) = (vec![0.0; columns], vec![0.0; columns]);
    for (row, &label) in spectra.rows().into_iter().zip(labels) {
        let own = sums.entry(label).or_insert_with(|| (0, vec![0.0; columns]));
        own.0 += 1;
        for (c, &value) in row.iter().enumerate() {
            let value = f64::from(value);
            own.1[c] += value;
            total[c] += value;
        }
    }
    for row in spectra.rows() {
        for (c, &value) in row.iter().enumerate() {
            squares[c] += (f64::from(value) - total[c] / n as f64).powi(2);
        }
    }
    let mut out = Vec::with_capacity(sums.len() * columns);
    for (label, (songs, sum)) in sums.into_iter().filter(|s| s.1.0 < n) {
        for c in 0..columns {
            let mean = sum[c] / songs as f64;
            let others = (total[c] - sum[c]) / (n - songs) as f64;
            let deviation = (squares[c] / n as f64).sqrt();
            let effect = if deviation > 0.0 { (mean - others) / deviation } else { 0.0 };
            out.push(Profile { label, column: c, mean, others, effect });
        }
    }
    Ok(out)
}

/// Writes `label,column,mean,others,effect`.
///
/// # Errors
/// [`Error::Project`] when the file cannot be written.
pub fn write_profiles(path: impl AsRef<Path>, profiles: &[Profile]) -> Result<()> {
    Ok(write_csv(path, &["label", "column", "mean", "others", "effect"], profiles)?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ndarray::Array2;

    use super::*;

    #[test]
    fn the_column_that_sets_a_cluster_apart_stands_out() {
        let labels: Vec<i32> = (0..40).map(|i| i % 4).collect();
        let x = Array2::from_shape_fn((40, 3), |(i, j)| match j {
            0 => 2.0,
            1 => (i / 4) as f32,
            _ => (i / 4) as f32 * 0.1 + if i % 4 == 2 { 5.0 } else { 0.0 },
        });
        let found = profiles(x.view(), &labels).unwrap();
        assert_eq!(found.len(), 12);
        let of = |label: i32, column: usize| {
            *found.iter().find(|p| p.label == label && p.column == column).unwrap()
        };
        assert_eq!(of(2, 0).effect, 0.0);
        assert!(of(2, 1).effect.abs() < 1e-9);
        assert!(of(2, 2).effect > 2.0 && of(1, 2).effect < 0.0);
        assert!((of(2, 2).mean - of(2, 2).others - 5.0).abs() < 1e-6);
        assert!(profiles(x.view(), &[0; 40]).unwrap().is_empty());
        assert!(profiles(x.view(), &labels[1..]).is_err());
    }
}
