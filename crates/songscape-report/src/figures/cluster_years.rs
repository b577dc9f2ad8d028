//! Figure 4: the release years of each cluster, a violin with a box in the cluster's colour.

use std::collections::BTreeMap;

use super::distribution::{range, violin};
use super::panel::{Margins, Panel};
use super::text::{Axis, cluster_name, counted, ticks};
use super::{Drawn, Figure, NO_CLUSTER, dated, largest};
use crate::input::ReportInput;
use crate::palette;

pub(super) fn draw(input: &ReportInput) -> Drawn {
    let mut years = years(input);
    if years.is_empty() {
        return Err("no song has a year");
    }
    let clusters = years.keys().filter(|&&cluster| cluster >= 0).count();
    if clusters == 0 {
        return Err(NO_CLUSTER);
    }
    let kept = largest(years.iter().map(|(&cluster, values)| (cluster, values.len())));
    years.retain(|cluster, _| *cluster < 0 || kept.contains(cluster));
    let all: Vec<f64> = years.values().flatten().copied().collect();
    let (low, high) = range(&all);
    let room = ((high - low) * 0.03).max(0.6);
    let y = (low - room, high + room);
    let places = years.len() as f64;
    let x = (-0.5, places - 0.5);

    let mut note = format!(
        "{}, {}",
        counted(all.len(), "song with a year", "songs with a year"),
        counted(clusters, "cluster", "clusters")
    );
    if clusters > kept.len() {
        note += &format!(", the {} largest shown", kept.len());
    }
    if years.contains_key(&-1) {
        note += "; −1 (black): songs in no cluster";
    }
    let width = (places * 48.0 + 120.0).clamp(640.0, 1500.0);
    let margins = Margins { left: 62.0, right: 24.0, bottom: 62.0 };
    let title = "Release years of each cluster";
    let mut panel = Panel::new((width, 620.0), margins, title, std::slice::from_ref(&note), x, y);
    panel.y_ticks(&ticks(y, 9, Axis::Years));
    let names: Vec<(f64, String)> =
        years.keys().enumerate().map(|(i, &cluster)| (i as f64, cluster_name(cluster))).collect();
    panel.x_ticks(&names, false);
    let half = ((panel.right - panel.left) / places * 0.44).min(40.0);
    for (i, (&cluster, values)) in years.iter().enumerate() {
        let at = panel.px(i as f64);
        violin(&mut panel, at, half, values, palette::cluster(cluster));
    }
    panel.frame();
    panel.labels("Cluster", "Release year");
    Ok(Figure::new(panel, format!("{title}. {note}.")))
}

/// The known years of each cluster, −1 first.
pub(crate) fn years(input: &ReportInput) -> BTreeMap<i32, Vec<f64>> {
    let mut years: BTreeMap<i32, Vec<f64>> = BTreeMap::new();
    for (row, year) in dated(input) {
        years.entry(input.songs[row].cluster).or_default().push(f64::from(year));
    }
    years
}
