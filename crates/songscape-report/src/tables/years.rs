//! Tables of release years.

use super::{Table, known, number};
use crate::input::ReportInput;
use crate::measures::chance::wilson;
use crate::measures::distribution::Distribution;
use crate::measures::{calibration as measured, cluster_years as by_cluster};
use crate::measures::{predictions::predictions, shares::shares};

const SUMMARY: [&str; 6] = ["songs", "low", "first_quartile", "median", "third_quartile", "high"];

/// Count and Tukey's five numbers; the numbers are empty where points are drawn instead of a box.
fn summary(values: &Distribution) -> Vec<String> {
    let mut row = vec![values.count().to_string()];
    match values.tukey() {
        Some(t) => row.extend([t.low, t.first, t.median, t.third, t.high].map(number)),
        None => row.extend(std::iter::repeat_n(String::new(), 5)),
    }
    row
}

/// The predictions for each group of actual years.
pub(super) fn predicted_years(input: &ReportInput) -> Table {
    let mut table = Table::new("predicted-years", &["from", "to"]);
    table.header.extend(SUMMARY.map(String::from));
    for (group, values) in predictions(input).groups() {
        let mut row = vec![group.first.to_string(), group.last.to_string()];
        row.extend(summary(values));
        table.rows.push(row);
    }
    table
}

/// How the years of each decade are predicted.
pub(super) fn decades(input: &ReportInput) -> Table {
    let header =
        ["from", "to", "songs", "mae", "bias", "within", "within_low_95", "within_high_95"];
    let mut table = Table::new("predicted-decades", &header);
    let years = input.scores.as_ref().and_then(|scores| scores.years.as_ref());
    for decade in years.iter().flat_map(|years| &years.decades) {
        let interval = decade.coverage.map(|share| wilson(share, decade.songs));
        table.rows.push(vec![
            decade.decade.to_string(),
            (decade.decade + 9).to_string(),
            decade.songs.to_string(),
            number(decade.mae),
            number(decade.bias),
            known(decade.coverage),
            known(interval.map(|ends| ends.0)),
            known(interval.map(|ends| ends.1)),
        ]);
    }
    table
}

/// The release years of each cluster.
pub(super) fn cluster_years(input: &ReportInput) -> Table {
    let mut table = Table::new("cluster-years", &["cluster"]);
    table.header.extend(SUMMARY.map(String::from));
    for (cluster, values) in by_cluster::cluster_years(input) {
        let mut row = vec![cluster.to_string()];
        row.extend(summary(&values));
        table.rows.push(row);
    }
    table
}

/// The share of each cluster in each group of years; clusters without a song are left out.
pub(super) fn cluster_shares(input: &ReportInput) -> Table {
    let found = shares(input);
    let mut table = Table::new("cluster-shares", &["from", "to", "cluster", "songs", "share"]);
    for (group, counts) in found.years.groups.iter().zip(&found.counts) {
        for (cluster, &songs) in counts {
            table.rows.push(vec![
                group.first.to_string(),
                group.last.to_string(),
                cluster.to_string(),
                songs.to_string(),
                number(songs as f64 / group.rows.len() as f64),
            ]);
        }
    }
    table
}

/// Songs that are predicted alike: what was predicted, and what is true.
pub(super) fn calibration(input: &ReportInput) -> Table {
    let mut table = Table::new(
        "calibration",
        &["songs", "predicted", "actual", "error_95", "first_quartile", "third_quartile"],
    );
    let groups = measured::calibration(input).map(|found| found.groups).unwrap_or_default();
    table.rows = groups
        .iter()
        .map(|g| {
            let values = [g.predicted, g.actual, g.error, g.first_quartile, g.third_quartile];
            std::iter::once(g.songs.to_string()).chain(values.map(number)).collect()
        })
        .collect();
    table
}
