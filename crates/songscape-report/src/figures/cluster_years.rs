//! The release years of each cluster, a violin with a box in the cluster's colour.

use super::panel::{Counts, Margins, Panel};
use super::text::{Axis, cluster_name, counted, ticks};
use super::violin::violin;
use super::{Drawn, Figure, NO_CLUSTER};
use crate::input::ReportInput;
use crate::measures::cluster_years::{cluster_years, side_by_side};
use crate::measures::colours::cluster_colours;
use crate::measures::distribution::LEAST;

pub(super) fn draw(input: &ReportInput) -> Drawn {
    let years = cluster_years(input);
    if years.is_empty() {
        return Err("no song has a year");
    }
    let clusters = years.keys().filter(|&&cluster| cluster >= 0).count();
    if clusters == 0 {
        return Err(NO_CLUSTER);
    }
    let shown = side_by_side(&years);
    let (low, high) =
        shown.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), found| {
            let (least, most) = found.1.range();
            (low.min(least), high.max(most))
        });
    let room = ((high - low) * 0.03).max(0.6);
    let y = (low - room, high + room);
    let places = shown.len() as f64;
    let x = (-0.5, places - 0.5);

    let songs: usize = shown.iter().map(|(_, years)| years.count()).sum();
    let mut note = format!(
        "{}, {}",
        counted(songs, "song with a year", "songs with a year"),
        counted(clusters, "cluster", "clusters")
    );
    let largest = shown.iter().filter(|(cluster, _)| *cluster >= 0).count();
    if clusters > largest {
        note += &format!(", the {largest} largest shown");
    }
    if shown[0].0 < 0 {
        note += "; −1: unclustered songs";
    }
    if shown.iter().any(|(_, years)| years.count() < LEAST) {
        note += &format!("; dots: clusters of fewer than {LEAST} songs with a year");
    }
    let width = (places * 48.0 + 120.0).clamp(640.0, 1500.0);
    let margins = Margins { left: 62.0, right: 24.0, bottom: 62.0 + Counts::HEIGHT };
    let title = "Release years of each cluster";
    let notes = [note];
    let mut panel = Panel::new((width, 660.0), margins, title, &notes, x, y);
    panel.y_ticks(&ticks(y, 9, Axis::Years));
    let names: Vec<(f64, String)> =
        shown.iter().enumerate().map(|(i, found)| (i as f64, cluster_name(found.0))).collect();
    panel.x_ticks(&names, false);
    let colours = cluster_colours(input);
    let half = ((panel.right - panel.left) / places * 0.44).min(40.0);
    for (i, (cluster, years)) in shown.iter().enumerate() {
        let at = panel.px(i as f64);
        violin(&mut panel, at, half, years, colours.of(*cluster));
    }
    panel.frame();
    let counts = shown.iter().enumerate().map(|(i, (_, years))| {
        let at = i as f64;
        ((at - 0.5, at + 0.5), years.count())
    });
    Counts::new(counts).draw(&mut panel);
    panel.labels("Cluster", "Release year");
    let caption = "When the songs of each cluster were released. A narrow violin is a style of its \
                   time; a tall one is spread over the years. Boxes: the middle half and the median; \
                   whiskers: up to 1.5 times the box’s height; rings: beyond.";
    Ok(Figure::new(panel, title, &notes, caption.into()))
}
