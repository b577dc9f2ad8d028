//! Vectors without training: row statistics and chroma, side by side.

use std::path::Path;

use ndarray::{Array1, Array2, ArrayView2, Axis, concatenate, s};
use songscape_analysis::study::VectorSet;
use songscape_analysis::vectors::{read_npy, write_npy};
use songscape_project::Source;

use crate::error::{Error, Result};

/// What numbers of several sources are measured by, so that they can stand side by side: each in deviations
/// from its mean, and each source with the same weight. It is fitted once, so that songs that come later are
/// measured as the others were.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Standard {
    means: Array1<f32>,
    scales: Array1<f32>,
}

impl Standard {
    /// The sources that are measured, in their order.
    pub const SOURCES: [Source; 2] = [Source::RowStatistics, Source::Chroma];
    /// The file in the folder of a model.
    pub const FILE: &str = "standard.npy";

    /// Fitted on the vectors of the sources.
    pub fn of(sets: &[VectorSet]) -> Self {
        let (mut means, mut scales) = (Vec::new(), Vec::new());
        for set in sets {
            let weight = 1.0 / (set.whole.ncols() as f64).sqrt();
            for column in set.whole.columns() {
                let n = column.len().max(1) as f64;
                let mean = column.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
                let square = |&x: &f32| (f64::from(x) - mean).powi(2);
                let deviation = (column.iter().map(square).sum::<f64>() / n).sqrt();
                means.push(mean as f32);
                // A number that never varies says nothing.
                scales.push(if deviation > 0.0 { (weight / deviation) as f32 } else { 0.0 });
            }
        }
        Self { means: means.into(), scales: scales.into() }
    }

    /// How many numbers a vector has.
    pub fn width(&self) -> usize {
        self.means.len()
    }

    /// The vectors of the sources side by side.
    ///
    /// # Errors
    /// [`Error::Input`] when they have another width than those that this was fitted on.
    pub fn measure(&self, sets: &[VectorSet]) -> Result<VectorSet> {
        let whole =
            self.side_by_side(&sets.iter().map(|set| set.whole.view()).collect::<Vec<_>>())?;
        let halves: Option<Vec<_>> = sets.iter().map(|set| set.halves.as_ref()).collect();
        let halves = halves.map(|halves| {
            let of = |part: usize| {
                self.side_by_side(&halves.iter().map(|own| own[part].view()).collect::<Vec<_>>())
            };
            Ok::<_, Error>([of(0)?, of(1)?])
        });
        let name = Source::RowStatisticsAndChroma.name();
        Ok(VectorSet { halves: halves.transpose()?, ..VectorSet::new(name, whole) })
    }

    fn side_by_side(&self, parts: &[ArrayView2<f32>]) -> Result<Array2<f32>> {
        let joined = concatenate(Axis(1), parts).ok().filter(|x| x.ncols() == self.width());
        let joined = joined.ok_or_else(|| {
            Error::input(Self::FILE, format!("fitted on {} numbers, not on these", self.width()))
        })?;
        Ok((joined - &self.means) * &self.scales)
    }

    pub fn write(&self, folder: &Path) -> Result<()> {
        let mut both = Array2::zeros((2, self.width()));
        both.row_mut(0).assign(&self.means);
        both.row_mut(1).assign(&self.scales);
        Ok(write_npy(folder.join(Self::FILE), both.view())?)
    }

    pub fn read(folder: &Path) -> Result<Self> {
        let file = folder.join(Self::FILE);
        let both: Array2<f32> = read_npy(&file)?;
        if both.nrows() != 2 {
            let reason = format!("{} rows, expected means and scales", both.nrows());
            return Err(Error::input(file, reason));
        }
        Ok(Self {
            means: both.slice(s![0, ..]).to_owned(),
            scales: both.slice(s![1, ..]).to_owned(),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ndarray::arr2;

    use super::*;

    #[test]
    fn each_source_counts_alike_and_new_songs_are_measured_as_the_old_ones() {
        let sets = [
            VectorSet::new("row statistics", arr2(&[[100.0, 7.0], [300.0, 7.0]])),
            VectorSet::new("chroma", arr2(&[[1.0], [2.0]])),
        ];
        let standard = Standard::of(&sets);
        let measured = standard.measure(&sets).unwrap().whole;
        let half = 0.5_f32.sqrt();
        assert!(
            (&measured - &arr2(&[[-half, 0.0, -1.0], [half, 0.0, 1.0]]))
                .iter()
                .all(|d| d.abs() < 1e-5)
        );
        let folder = tempfile::tempdir().unwrap();
        standard.write(folder.path()).unwrap();
        let back = Standard::read(folder.path()).unwrap();
        assert_eq!(back, standard);
        let new = sets
            .each_ref()
            .map(|set| VectorSet { whole: set.whole.slice(s![..1, ..]).to_owned(), ..set.clone() });
        assert_eq!(back.measure(&new).unwrap().whole, measured.slice(s![..1, ..]));
        assert!(back.measure(&new[..1]).is_err());
    }
}
