//! Figure 5: the share of each cluster in each year, stacked, −1 at the bottom.

use std::collections::BTreeMap;

use kuva::render::render::TextAnchor;

use super::panel::{GREY, INK, Margins, Panel, TICK};
use super::text::{cluster_name, counted, ticks};
use super::{Drawn, Figure, YearGroups, dated};
use crate::input::ReportInput;
use crate::palette;

/// Rows of a column of the legend, and columns that fit beside the figure.
const LEGEND_ROWS: usize = 25;
const LEGEND_COLUMNS: usize = 3;
const LEGEND_COLUMN: f64 = 66.0;

pub(super) fn draw(input: &ReportInput) -> Drawn {
    let (groups, counts) = counts(input);
    if counts.is_empty() {
        return Err("no song has a year");
    }
    let count = groups.groups.values().map(Vec::len).sum::<usize>();
    let mut clusters: Vec<i32> = counts.values().flat_map(|row| row.keys().copied()).collect();
    clusters.sort_unstable();
    clusters.dedup();
    if clusters == [-1] {
        return Err("there is no cluster");
    }

    let mut note = counted(count, "song with a year", "songs with a year");
    if let Some(groups) = groups.note() {
        note += &format!(", {groups}");
    }
    if clusters[0] == -1 {
        note += "; −1 (black, at the bottom): songs in no cluster";
    }
    let columns = clusters.len().div_ceil(LEGEND_ROWS).min(LEGEND_COLUMNS);
    let width = (groups.places() as f64 * 14.0 + 120.0).clamp(820.0, 1300.0);
    let right = 24.0 + columns as f64 * LEGEND_COLUMN;
    let margins = Margins { left: 84.0, right, bottom: 62.0 };
    let title = "Share of each cluster in each year";
    let (x, y) = (groups.span(), (0.0, 100.0));
    let mut panel =
        Panel::new((width + right, 680.0), margins, title, std::slice::from_ref(&note), x, y);
    panel.y_ticks(&ticks(y, 10, true));
    for run in runs(&groups) {
        stack(&mut panel, &groups, &counts, &clusters, &run);
    }
    panel.x_ticks(&ticks(x, 14, true), false);
    panel.frame();
    panel.labels("Release year", "Share of the year's songs in %");
    legend(&mut panel, &clusters);
    Ok(Figure { scene: panel.into_scene(), caption: format!("{title}. {note}.") })
}

/// For each group of years the number of songs of each cluster that has any.
pub(crate) type Counts = BTreeMap<i64, BTreeMap<i32, usize>>;

/// Dated songs by group of years and cluster.
pub(crate) fn counts(input: &ReportInput) -> (YearGroups, Counts) {
    let groups = YearGroups::new(&dated(input));
    let mut counts = Counts::new();
    for (&start, rows) in &groups.groups {
        let row = counts.entry(start).or_default();
        for &song in rows {
            *row.entry(input.songs[song].cluster).or_default() += 1;
        }
    }
    (groups, counts)
}

/// Groups that follow each other without a gap: what lies between is not known and stays empty.
fn runs(groups: &YearGroups) -> Vec<Vec<i64>> {
    let mut runs: Vec<Vec<i64>> = Vec::new();
    for &start in groups.groups.keys() {
        match runs.last_mut() {
            Some(run) if run.last().is_some_and(|last| last + groups.width == start) => {
                run.push(start);
            }
            _ => runs.push(vec![start]),
        }
    }
    runs
}

/// Areas from the top one down to the bottom one, each drawn down to the axis under the next: no
/// seam shows between them.
fn stack(panel: &mut Panel, groups: &YearGroups, counts: &Counts, clusters: &[i32], run: &[i64]) {
    let half = groups.width as f64 / 2.0;
    let height = |start: i64, upto: usize| -> f64 {
        let row = &counts[&start];
        let below: usize = clusters[..=upto].iter().filter_map(|cluster| row.get(cluster)).sum();
        100.0 * below as f64 / row.values().sum::<usize>() as f64
    };
    for upto in (0..clusters.len()).rev() {
        let mut outline: Vec<(f64, f64)> = Vec::new();
        for &start in run {
            let y = panel.py(height(start, upto));
            outline.push((panel.px(groups.middle(start)), y));
        }
        // The first and last group reach to the edges of their years.
        let (from, to) = (run[0], run[run.len() - 1]);
        let edges = [
            panel.px(groups.middle(from) - half).max(panel.left),
            panel.px(groups.middle(to) + half).min(panel.right),
        ];
        outline.insert(0, (edges[0], outline[0].1));
        outline.push((edges[1], outline[outline.len() - 1].1));
        outline.push((edges[1], panel.bottom));
        outline.push((edges[0], panel.bottom));
        let fill = palette::cluster(clusters[upto]);
        panel.shape(&outline, fill, fill, 0.0);
    }
}

/// The clusters beside the figure, in the order of the stack: the topmost first.
fn legend(panel: &mut Panel, clusters: &[i32]) {
    let room = LEGEND_ROWS * LEGEND_COLUMNS;
    // −1 and the first clusters are kept where not all have room.
    let shown: Vec<i32> = clusters.iter().copied().take(room).rev().collect();
    let rows = shown.len().min(LEGEND_ROWS);
    let step = ((panel.bottom - panel.top - 20.0) / rows as f64).min(22.0);
    for (i, &cluster) in shown.iter().enumerate() {
        let x = panel.right + 18.0 + (i / LEGEND_ROWS) as f64 * LEGEND_COLUMN;
        let y = panel.top + 2.0 + (i % LEGEND_ROWS) as f64 * step;
        panel.rectangle((x, y), (x + 15.0, y + 15.0), palette::cluster(cluster));
        let name = cluster_name(cluster);
        panel.text((x + 21.0, y + 12.5), &name, TICK, TextAnchor::Start, INK);
    }
    if clusters.len() > room {
        let at = (panel.right + 18.0, panel.bottom);
        let text = format!("and {} more", clusters.len() - room);
        panel.text(at, &text, TICK, TextAnchor::Start, GREY);
    }
}
