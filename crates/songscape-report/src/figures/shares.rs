//! The share of each cluster in each year, stacked, −1 at the bottom.

use kuva::render::render::TextAnchor;

use super::panel::{Counts, INK, Margins, Panel, TICK};
use super::text::{Axis, cluster_name, counted, ticks};
use super::{Drawn, Figure, NO_CLUSTER};
use crate::input::ReportInput;
use crate::measures::colours::{ClusterColours, cluster_colours};
use crate::measures::shares::{ENOUGH, OTHERS, Shares, shares};
use crate::palette::{self, Rgb};

/// Rows of a column of the legend; three columns hold all clusters that are shown.
const LEGEND_ROWS: usize = 25;
const LEGEND_COLUMN: f64 = 76.0;

pub(super) fn draw(input: &ReportInput) -> Drawn {
    if input.songs.iter().all(|song| song.year.is_none()) {
        return Err("no song has a year");
    }
    let all = shares(input);
    if all.counts.is_empty() {
        return Err("fewer than 12 songs near each other in time have a year");
    }
    let shown = all.side_by_side();
    let clusters = shown.clusters();
    if clusters == [-1] {
        return Err(NO_CLUSTER);
    }

    let years = &shown.years;
    let mut note = counted(years.songs(), "song with a year", "songs with a year");
    if let Some(groups) = years.note() {
        note += &format!(", {groups}");
    }
    note += &format!("; groups of fewer than {ENOUGH} songs are merged with a neighbor");
    if years.left_out > 0 {
        let songs = counted(years.left_out, "song", "songs");
        note += &format!("; {songs} far from all others in time left out");
    }
    if clusters.contains(&OTHERS) {
        note += &format!(
            "; the {} largest of {} clusters, the others in grey",
            clusters.iter().filter(|&&c| c >= 0 && c != OTHERS).count(),
            all.clusters().iter().filter(|&&c| c >= 0).count()
        );
    }
    if clusters[0] == -1 {
        note += "; −1, at the bottom: unclustered songs";
    }
    let columns = clusters.len().div_ceil(LEGEND_ROWS);
    let x = years.span();
    let width = (years.groups.len() as f64 * 14.0 + 120.0).clamp(820.0, 1300.0);
    let right = 24.0 + columns as f64 * LEGEND_COLUMN;
    let margins = Margins { left: 62.0, right, bottom: 62.0 + Counts::HEIGHT };
    let title = "Share of each cluster in each year";
    let notes = [note];
    let mut panel = Panel::new((width + right, 720.0), margins, title, &notes, x, (0.0, 100.0));
    panel.y_ticks(&ticks((0.0, 100.0), 10, Axis::Whole));
    let colours = cluster_colours(input);
    let fills: Vec<_> = clusters.iter().map(|&c| (c, colour(&colours, c))).collect();
    let mut from = 0;
    for run in years.runs() {
        stack(&mut panel, &shown, &fills, from..from + run.len());
        from += run.len();
    }
    panel.x_ticks(&ticks(x, 14, Axis::Years), false);
    panel.frame();
    Counts::new(years.groups.iter().map(|group| (group.reach(), group.rows.len())))
        .draw(&mut panel);
    panel.labels("Release year", "Share of the year’s songs in %");
    legend(&mut panel, &fills);
    let caption = "How the mix of clusters changes over time: the height of a colour is its share of \
                   the songs of that year. Gaps are times with no songs. Shares of few songs \
                   jump by chance; the numbers below say how many there are.";
    Ok(Figure::new(panel, title, &notes, caption.into()))
}

fn colour(colours: &ClusterColours, cluster: i32) -> Rgb {
    if cluster == OTHERS { palette::OTHERS } else { colours.of(cluster) }
}

/// Areas from the top one down to the bottom one, each drawn down to the axis under the next: no
/// seam shows between them.
fn stack(panel: &mut Panel, shares: &Shares, clusters: &[(i32, Rgb)], run: std::ops::Range<usize>) {
    let height = |group: usize, upto: usize| -> f64 {
        let row = &shares.counts[group];
        let below: usize =
            clusters[..=upto].iter().filter_map(|(cluster, _)| row.get(cluster)).sum();
        100.0 * below as f64 / row.values().sum::<usize>() as f64
    };
    let groups = &shares.years.groups;
    // The first and last group reach to the edges of their years.
    let edges = [panel.px(groups[run.start].reach().0), panel.px(groups[run.end - 1].reach().1)];
    for upto in (0..clusters.len()).rev() {
        let mut outline: Vec<(f64, f64)> = run
            .clone()
            .map(|group| (panel.px(groups[group].middle()), panel.py(height(group, upto))))
            .collect();
        outline.insert(0, (edges[0], outline[0].1));
        outline.push((edges[1], outline[outline.len() - 1].1));
        outline.push((edges[1], panel.bottom));
        outline.push((edges[0], panel.bottom));
        let fill = clusters[upto].1;
        panel.shape(&outline, fill, fill, 0.0);
    }
}

/// The clusters beside the figure, in the order of the stack: the topmost first.
fn legend(panel: &mut Panel, clusters: &[(i32, Rgb)]) {
    let rows = clusters.len().min(LEGEND_ROWS);
    let step = ((panel.bottom - panel.top - 20.0) / rows as f64).min(22.0);
    for (i, &(cluster, fill)) in clusters.iter().rev().enumerate() {
        let x = panel.right + 18.0 + (i / LEGEND_ROWS) as f64 * LEGEND_COLUMN;
        let y = panel.top + 2.0 + (i % LEGEND_ROWS) as f64 * step;
        panel.rectangle((x, y), (x + 15.0, y + 15.0), fill);
        let name = if cluster == OTHERS { "others".into() } else { cluster_name(cluster) };
        panel.text((x + 21.0, y + 12.5), &name, TICK, TextAnchor::Start, INK);
    }
}
