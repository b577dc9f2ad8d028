//! The release years of each cluster.

use std::collections::BTreeMap;

use super::distribution::Distribution;
use super::{dated, largest};
use crate::input::ReportInput;

/// The known years of each cluster that has any, −1 first.
pub(crate) fn cluster_years(input: &ReportInput) -> BTreeMap<i32, Distribution> {
    let mut years: BTreeMap<i32, Vec<f64>> = BTreeMap::new();
    for (row, year) in dated(input) {
        years.entry(input.songs[row].cluster).or_default().push(f64::from(year));
    }
    years.into_iter().map(|(cluster, years)| (cluster, Distribution::of(years))).collect()
}

/// Those that fit side by side: −1 and the largest.
pub(crate) fn side_by_side(years: &BTreeMap<i32, Distribution>) -> Vec<(i32, &Distribution)> {
    let kept = largest(years.iter().map(|(&cluster, years)| (cluster, years.count())));
    let shown = years.iter().filter(|(cluster, _)| **cluster < 0 || kept.contains(cluster));
    shown.map(|(&cluster, years)| (cluster, years)).collect()
}
