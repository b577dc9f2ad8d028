//! Figure 5: the share of each cluster in each year, stacked, −1 at the bottom.

use std::collections::BTreeMap;

use kuva::render::render::TextAnchor;

use super::panel::{INK, Margins, Panel, TICK};
use super::text::{Axis, cluster_name, counted, thousands, ticks};
use super::{Drawn, Figure, NO_CLUSTER, YearGroups, dated, largest};
use crate::input::ReportInput;
use crate::palette::{self, Rgb};

/// Shares of fewer songs than this are mostly chance.
const ENOUGH: usize = 12;
/// Clusters that are too many to be told apart, put together on top of the stack.
const OTHERS: i32 = i32::MAX;
/// Rows of a column of the legend; three columns hold all clusters that are shown.
const LEGEND_ROWS: usize = 25;
const LEGEND_COLUMN: f64 = 76.0;

pub(super) fn draw(input: &ReportInput) -> Drawn {
    let (groups, mut counts) = counts(input);
    if counts.is_empty() {
        return Err("no song has a year");
    }
    let count = groups.groups.values().map(Vec::len).sum::<usize>();
    let all = merge(&mut counts);
    let mut clusters: Vec<i32> = counts.values().flat_map(|row| row.keys().copied()).collect();
    clusters.sort_unstable();
    clusters.dedup();
    if clusters == [-1] {
        return Err(NO_CLUSTER);
    }

    let mut note = counted(count, "song with a year", "songs with a year");
    if let Some(groups) = groups.note() {
        note += &format!(", {groups}");
    }
    let sizes = || groups.groups.values().map(Vec::len);
    if let (Some(fewest), Some(most)) = (sizes().min(), sizes().max()) {
        let fewest =
            if fewest < most { format!("{} to ", thousands(fewest)) } else { String::new() };
        note += &format!("; {fewest}{} at a time", counted(most, "song", "songs"));
    }
    if clusters.contains(&OTHERS) {
        note += &format!(
            "; the {} largest of {all} clusters, the others in grey",
            clusters.iter().filter(|&&c| c >= 0 && c != OTHERS).count()
        );
    }
    if clusters[0] == -1 {
        note += "; −1 (black, at the bottom): songs in no cluster";
    }
    let columns = clusters.len().div_ceil(LEGEND_ROWS);
    let width = (groups.places() as f64 * 14.0 + 120.0).clamp(820.0, 1300.0);
    let right = 24.0 + columns as f64 * LEGEND_COLUMN;
    let margins = Margins { left: 62.0, right, bottom: 62.0 };
    let title = "Share of each cluster in each year";
    let x = groups.groups.keys().map(|&start| groups.reach(start));
    let x = x.reduce(|all, next| (all.0, next.1)).unwrap_or_default();
    let y = (0.0, 100.0);
    let mut panel =
        Panel::new((width + right, 680.0), margins, title, std::slice::from_ref(&note), x, y);
    panel.y_ticks(&ticks(y, 10, Axis::Whole));
    for run in runs(&groups) {
        stack(&mut panel, &groups, &counts, &clusters, &run);
    }
    panel.x_ticks(&ticks(x, 14, Axis::Years), false);
    panel.frame();
    panel.labels("Release year", "Share of the year's songs in %");
    legend(&mut panel, &clusters);
    Ok(Figure::new(panel, format!("{title}. {note}.")))
}

/// For each group of years the number of songs of each cluster that has any.
pub(crate) type Counts = BTreeMap<i64, BTreeMap<i32, usize>>;

/// Dated songs by group of years and cluster.
pub(crate) fn counts(input: &ReportInput) -> (YearGroups, Counts) {
    let groups = YearGroups::new(&dated(input), ENOUGH);
    let mut counts = Counts::new();
    for (&start, rows) in &groups.groups {
        let row = counts.entry(start).or_default();
        for &song in rows {
            *row.entry(input.songs[song].cluster).or_default() += 1;
        }
    }
    (groups, counts)
}

/// Puts small clusters together where there are too many. Returns how many there were.
fn merge(counts: &mut Counts) -> usize {
    let mut sizes: BTreeMap<i32, usize> = BTreeMap::new();
    for (&cluster, songs) in counts.values().flatten() {
        *sizes.entry(cluster).or_default() += songs;
    }
    let kept = largest(sizes.iter().map(|(&cluster, &size)| (cluster, size)));
    for row in counts.values_mut() {
        let mut small = 0;
        row.retain(|cluster, songs| {
            let keep = *cluster < 0 || kept.contains(cluster);
            small += if keep { 0 } else { *songs };
            keep
        });
        if small > 0 {
            row.insert(OTHERS, small);
        }
    }
    sizes.keys().filter(|&&cluster| cluster >= 0).count()
}

fn colour(cluster: i32) -> Rgb {
    if cluster == OTHERS { palette::OTHERS } else { palette::cluster(cluster) }
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
    let height = |start: i64, upto: usize| -> f64 {
        let row = &counts[&start];
        let below: usize = clusters[..=upto].iter().filter_map(|cluster| row.get(cluster)).sum();
        100.0 * below as f64 / row.values().sum::<usize>() as f64
    };
    for upto in (0..clusters.len()).rev() {
        let mut outline: Vec<(f64, f64)> = Vec::new();
        for &start in run {
            let (from, to) = groups.reach(start);
            outline.push((panel.px((from + to) / 2.0), panel.py(height(start, upto))));
        }
        // The first and last group reach to the edges of their years.
        let edges =
            [panel.px(groups.reach(run[0]).0), panel.px(groups.reach(run[run.len() - 1]).1)];
        outline.insert(0, (edges[0], outline[0].1));
        outline.push((edges[1], outline[outline.len() - 1].1));
        outline.push((edges[1], panel.bottom));
        outline.push((edges[0], panel.bottom));
        let fill = colour(clusters[upto]);
        panel.shape(&outline, fill, fill, 0.0);
    }
}

/// The clusters beside the figure, in the order of the stack: the topmost first.
fn legend(panel: &mut Panel, clusters: &[i32]) {
    let rows = clusters.len().min(LEGEND_ROWS);
    let step = ((panel.bottom - panel.top - 20.0) / rows as f64).min(22.0);
    for (i, &cluster) in clusters.iter().rev().enumerate() {
        let x = panel.right + 18.0 + (i / LEGEND_ROWS) as f64 * LEGEND_COLUMN;
        let y = panel.top + 2.0 + (i % LEGEND_ROWS) as f64 * step;
        panel.rectangle((x, y), (x + 15.0, y + 15.0), colour(cluster));
        let name = if cluster == OTHERS { "others".into() } else { cluster_name(cluster) };
        panel.text((x + 21.0, y + 12.5), &name, TICK, TextAnchor::Start, INK);
    }
}
