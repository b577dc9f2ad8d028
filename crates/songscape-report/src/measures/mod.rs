//! The numbers: everything that a figure, a table or the page shows is computed here, once. Figures
//! only draw it, tables only print it.

pub(crate) mod baselines;
pub(crate) mod calibration;
pub(crate) mod chance;
pub(crate) mod cluster_years;
pub(crate) mod colours;
pub(crate) mod columns;
pub(crate) mod distribution;
pub(crate) mod history;
pub(crate) mod layout;
pub(crate) mod map;
pub(crate) mod names;
pub(crate) mod predictions;
pub(crate) mod regions;
pub(crate) mod shares;
pub(crate) mod spectra;
pub(crate) mod spectrogram;
pub(crate) mod tree;
pub(crate) mod trends;
pub(crate) mod year_groups;

use std::collections::BTreeSet;

use crate::input::ReportInput;

/// `(row, year)` of the songs whose year is known.
pub(crate) fn dated(input: &ReportInput) -> Vec<(usize, i32)> {
    let rows = input.songs.iter().enumerate();
    rows.filter_map(|(row, song)| Some((row, song.year?))).collect()
}

/// The clusters with the most songs, as many as can be told apart side by side; −1 is not among them.
pub(crate) fn largest(sizes: impl Iterator<Item = (i32, usize)>) -> BTreeSet<i32> {
    const MOST: usize = 60;
    let mut sizes: Vec<_> = sizes.filter(|(cluster, _)| *cluster >= 0).collect();
    sizes.sort_by_key(|&(cluster, size)| (std::cmp::Reverse(size), cluster));
    sizes.into_iter().take(MOST).map(|(cluster, _)| cluster).collect()
}
