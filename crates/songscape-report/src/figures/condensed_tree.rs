//! The condensed tree: clusters that part and lose songs as the density rises, and which of them were
//! chosen.

use kuva::render::render::TextAnchor;

use super::panel::{INK, Margins, NOTE, Panel, WHITE};
use super::text::{Axis, counted, log_ticks, text_width, ticks};
use super::{Drawn, Figure};
use crate::input::ReportInput;
use crate::measures::colours::{ClusterColours, cluster_colours};
use crate::measures::tree::{Branch, branches};
use crate::palette::Rgb;

/// Clusters of the tree that are not part of a chosen one.
const TRUNK: Rgb = [0xcc; 3];
/// Narrower than this, in page units, a cluster is not drawn.
const THINNEST: f64 = 0.2;

pub(super) fn draw(input: &ReportInput) -> Drawn {
    let tree = input.tree.as_ref().ok_or("the analysis left no condensed tree")?;
    let branches = branches(tree).ok_or("its songs are all equal, or there are none")?;
    let chosen = branches.iter().filter(|branch| branch.chosen).count();
    let which = match chosen {
        0 => "no cluster was chosen".into(),
        _ => format!(
            "in colour: the {} that {} chosen, with all inside; grey: the rest",
            counted(chosen, "cluster", "clusters"),
            if chosen == 1 { "was" } else { "were" }
        ),
    };
    let size = tree.tree.leaves_from.len();
    let songs = counted(size, "song", "songs");
    let notes = [format!("{songs}; width: songs left at a distance; {which}")];
    let ends = branches.iter().flat_map(|s| s.edge.iter().map(|step| step.0));
    let (near, far) = ends.fold((f64::INFINITY, 0.0_f64), |(l, h), d| (l.min(d), h.max(d)));
    let title = "The condensed tree";
    let y = (near.log10(), far.log10());
    let room = ((y.1 - y.0) * 0.02).max(0.01);
    let x = (0.0, size as f64);
    let margins = Margins { left: 78.0, right: 36.0, bottom: 62.0 };
    // Room under the deepest cluster for its number.
    let below = ((y.1 - y.0) * 0.07).max(0.02);
    let y = (y.0 - below, y.1 + room);
    let mut panel = Panel::new((1100.0, 680.0), margins, title, &notes, x, y);
    panel.y_ticks(&log_ticks((10f64.powf(y.0), 10f64.powf(y.1)), 10));
    panel.x_ticks(&ticks(x, 10, Axis::Whole), false);
    let colours = cluster_colours(input);
    for branch in &branches {
        outline(&mut panel, branch, &colours);
    }
    panel.frame();
    let left_out = numbers(&mut panel, &branches);
    panel.labels("Songs, in the order of the tree", "Distance (mutual reachability, log scale)");
    let mut caption = "How clusters split and lose songs as the distance within which songs count as \
                       neighbors shrinks, from top to bottom. Clusters that last long are firm; thin \
                       short ones may be accidents."
        .to_owned();
    if left_out > 0 {
        caption += &format!(" The numbers of {left_out} clusters are left out.");
    }
    Ok(Figure::new(panel, title, &notes, caption))
}

/// The least distance at which a branch is seen between two places of the page.
fn deepest(branch: &Branch, panel: &Panel, left: f64, right: f64) -> Option<f64> {
    let seen = |&&(_, songs): &&(f64, f64)| {
        let (from, to) = (branch.middle - songs / 2.0, branch.middle + songs / 2.0);
        panel.px(from) < right && panel.px(to) > left
    };
    branch.edge.iter().rfind(seen).map(|step| step.0)
}

fn outline(panel: &mut Panel, branch: &Branch, colours: &ClusterColours) {
    let widest = branch.edge.iter().map(|step| step.1).fold(0.0, f64::max);
    if panel.px(widest) - panel.px(0.0) < THINNEST {
        return;
    }
    let side = |sign: f64| {
        let panel = &*panel;
        branch.edge.iter().map(move |(distance, songs)| {
            (panel.px(branch.middle + sign * songs / 2.0), panel.py(distance.log10()))
        })
    };
    let outline: Vec<(f64, f64)> = side(-1.0).chain(side(1.0).rev()).collect();
    let fill = branch.label.map_or(TRUNK, |label| colours.of(label));
    // An outline in its own colour keeps thin clusters visible; a white one parts grey from grey.
    let edge = if branch.label.is_some() { fill } else { WHITE };
    panel.shape(&outline, fill, edge, 0.6);
}

/// The numbers of the chosen clusters, each under its deepest tip and all that it would cover there, or
/// further down where another number is in its way. Returns how many found no place.
fn numbers(panel: &mut Panel, branches: &[Branch]) -> usize {
    const HIGH: f64 = 15.0;
    // Of each cluster and all within: where it ends, and the middle of what ends there.
    let mut tips: Vec<(f64, f64)> = branches.iter().map(|s| (s.end(), s.middle)).collect();
    for i in (0..branches.len()).rev() {
        if let Some(parent) = branches[i].parent.filter(|&parent| tips[i].0 < tips[parent].0) {
            tips[parent] = tips[i];
        }
    }
    let mut taken: Vec<(f64, f64, f64)> = Vec::new();
    let mut left_out = 0;
    for (i, branch) in branches.iter().enumerate().filter(|(_, branch)| branch.chosen) {
        let Some(label) = branch.label else { continue };
        let label = label.to_string();
        let half = text_width(&label, NOTE) / 2.0 + 1.5;
        let x = panel.px(tips[i].1).clamp(panel.left + half, panel.right - half);
        let deep = branches.iter().filter_map(|b| deepest(b, panel, x - half, x + half));
        let mut y = panel.py(deep.fold(tips[i].0, f64::min).log10()) + HIGH;
        while taken.iter().any(|t| (t.0 - x).abs() < half + t.2 && (t.1 - y).abs() < HIGH) {
            y += HIGH;
        }
        if y > panel.bottom - 2.0 {
            left_out += 1;
            continue;
        }
        panel.text((x, y), &label, NOTE, TextAnchor::Middle, INK);
        taken.push((x, y, half));
    }
    left_out
}
