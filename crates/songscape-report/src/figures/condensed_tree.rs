//! The condensed tree: clusters that part and lose songs as the density rises, and which of them were
//! chosen.

use kuva::render::render::TextAnchor;

use super::panel::{INK, Margins, NOTE, Panel, WHITE};
use super::text::{Axis, counted, log_ticks, text_width, ticks};
use super::{Drawn, Figure};
use crate::input::ReportInput;
use crate::palette::{self, Rgb};
use crate::tree::CondensedTree;

/// Clusters of the tree that are not part of a chosen one.
const TRUNK: Rgb = [0xcc; 3];
/// More steps along an edge cannot be seen.
const STEPS: usize = 120;
/// Narrower than this, in page units, a cluster is not drawn.
const THINNEST: f64 = 0.2;

pub(super) fn draw(input: &ReportInput) -> Drawn {
    let tree = input.tree.as_ref().ok_or("the analysis left no condensed tree")?;
    let (Some(root), Some(shapes)) = (tree.clusters.first(), Shape::all(tree)) else {
        return Err("its songs are all equal, or there are none");
    };
    let chosen = tree.clusters.iter().filter(|c| c.label.is_some()).count();
    let which = match chosen {
        0 => "no cluster was chosen".into(),
        _ => format!(
            "in colour: {} chosen, with all within; grey: what was not",
            counted(chosen, "cluster", "clusters")
        ),
    };
    let songs = counted(root.size, "song", "songs");
    let mut note = format!("{songs}; width: songs that are left at a distance; {which}");
    let ends = shapes.iter().flat_map(|s| s.edge.iter().map(|step| step.0));
    let (near, far) = ends.fold((f64::INFINITY, 0.0_f64), |(l, h), d| (l.min(d), h.max(d)));
    let title = "The condensed tree";
    let y = (near.log10(), far.log10());
    let room = ((y.1 - y.0) * 0.02).max(0.01);
    let x = (0.0, root.size as f64);
    let margins = Margins { left: 78.0, right: 36.0, bottom: 62.0 };
    // Room under the deepest cluster for its number.
    let below = ((y.1 - y.0) * 0.07).max(0.02);
    let y = (y.0 - below, y.1 + room);
    let notes = std::slice::from_ref(&note);
    let mut panel = Panel::new((1100.0, 680.0), margins, title, notes, x, y);
    panel.y_ticks(&log_ticks((10f64.powf(y.0), 10f64.powf(y.1)), 10));
    panel.x_ticks(&ticks(x, 10, Axis::Whole), false);
    for shape in &shapes {
        outline(&mut panel, shape);
    }
    panel.frame();
    let left_out = numbers(&mut panel, &shapes);
    panel.labels("Songs, in the order of the tree", "Distance (mutual reachability, log scale)");
    if left_out > 0 {
        note += &format!(". The numbers of {left_out} clusters are left out");
    }
    Ok(Figure::new(panel, format!("{title}. {note}.")))
}

/// A cluster of the tree as it is drawn.
struct Shape {
    /// Its middle, in songs from the left.
    middle: f64,
    /// `(distance, songs left)` from its birth to its end.
    edge: Vec<(f64, f64)>,
    /// The chosen cluster that it is or is part of.
    label: Option<i32>,
    /// Whether it is the chosen cluster itself.
    chosen: bool,
    parent: Option<usize>,
}

impl Shape {
    /// `None` where no song leaves at a finite density above 0.
    fn all(tree: &CondensedTree) -> Option<Vec<Self>> {
        let lambdas =
            tree.leaves.iter().map(|leaf| leaf.1).chain(tree.clusters.iter().map(|c| c.birth));
        let finite = lambdas.filter(|&l| l > 0.0 && l.is_finite());
        let (low, high) = finite.fold((f64::INFINITY, 0.0_f64), |(l, h), v| (l.min(v), h.max(v)));
        if high == 0.0 {
            return None;
        }
        // Infinite densities end a little below the nearest finite distance.
        let distance = |lambda: f64| 1.0 / lambda.clamp(low / 1.05, high * 1.1);
        let mut leaving: Vec<Vec<f64>> = vec![Vec::new(); tree.clusters.len()];
        for &(cluster, lambda) in &tree.leaves {
            leaving[cluster].push(lambda);
        }
        let mut children: Vec<Vec<usize>> = vec![Vec::new(); tree.clusters.len()];
        for (i, cluster) in tree.clusters.iter().enumerate() {
            if let Some(parent) = cluster.parent {
                children[parent].push(i);
            }
        }
        let mut middles = vec![tree.clusters[0].size as f64 / 2.0; tree.clusters.len()];
        let mut shapes: Vec<Self> = Vec::with_capacity(tree.clusters.len());
        for (i, cluster) in tree.clusters.iter().enumerate() {
            let mut left = cluster.size as f64;
            let mut edge = vec![(distance(cluster.birth), left)];
            leaving[i].sort_by(f64::total_cmp);
            for part in leaving[i].chunks(leaving[i].len().div_ceil(STEPS).max(1)) {
                // What leaves together, leaves when the last of it does.
                let at = distance(part[part.len() - 1]);
                edge.push((at, left));
                left -= part.len() as f64;
                edge.push((at, left));
            }
            let staying: usize = children[i].iter().map(|&c| tree.clusters[c].size).sum();
            let mut at = middles[i] - staying as f64 / 2.0;
            for &child in &children[i] {
                let size = tree.clusters[child].size as f64;
                middles[child] = at + size / 2.0;
                at += size;
            }
            if let Some(&first) = children[i].first() {
                edge.push((distance(tree.clusters[first].birth), left.max(staying as f64)));
            }
            let inherited = cluster.parent.and_then(|parent| shapes[parent].label);
            shapes.push(Self {
                middle: middles[i],
                edge,
                label: cluster.label.or(inherited),
                chosen: cluster.label.is_some(),
                parent: cluster.parent,
            });
        }
        Some(shapes)
    }

    /// The least distance at which it is seen between two places of the page.
    fn deepest(&self, panel: &Panel, left: f64, right: f64) -> Option<f64> {
        let seen = |&&(_, songs): &&(f64, f64)| {
            let (from, to) = (self.middle - songs / 2.0, self.middle + songs / 2.0);
            panel.px(from) < right && panel.px(to) > left
        };
        self.edge.iter().rfind(seen).map(|step| step.0)
    }

    fn end(&self) -> f64 {
        self.edge.last().map_or(f64::INFINITY, |step| step.0)
    }
}

fn outline(panel: &mut Panel, shape: &Shape) {
    let widest = shape.edge.iter().map(|step| step.1).fold(0.0, f64::max);
    if panel.px(widest) - panel.px(0.0) < THINNEST {
        return;
    }
    let side = |sign: f64| {
        let panel = &*panel;
        shape.edge.iter().map(move |(distance, songs)| {
            (panel.px(shape.middle + sign * songs / 2.0), panel.py(distance.log10()))
        })
    };
    let outline: Vec<(f64, f64)> = side(-1.0).chain(side(1.0).rev()).collect();
    let fill = shape.label.map_or(TRUNK, palette::cluster);
    // An outline in its own colour keeps thin clusters visible; a white one parts grey from grey.
    let edge = if shape.label.is_some() { fill } else { WHITE };
    panel.shape(&outline, fill, edge, 0.6);
}

/// The numbers of the chosen clusters, each under its deepest tip and all that it would cover there, or
/// further down where another number is in its way. Returns how many found no place.
fn numbers(panel: &mut Panel, shapes: &[Shape]) -> usize {
    const HIGH: f64 = 15.0;
    // Of each cluster and all within: where it ends, and the middle of what ends there.
    let mut tips: Vec<(f64, f64)> = shapes.iter().map(|s| (s.end(), s.middle)).collect();
    for i in (0..shapes.len()).rev() {
        if let Some(parent) = shapes[i].parent.filter(|&parent| tips[i].0 < tips[parent].0) {
            tips[parent] = tips[i];
        }
    }
    let mut taken: Vec<(f64, f64, f64)> = Vec::new();
    let mut left_out = 0;
    for (i, shape) in shapes.iter().enumerate().filter(|(_, shape)| shape.chosen) {
        let Some(label) = shape.label else { continue };
        let label = label.to_string();
        let half = text_width(&label, NOTE) / 2.0 + 1.5;
        let x = panel.px(tips[i].1).clamp(panel.left + half, panel.right - half);
        let deep = shapes.iter().filter_map(|s| s.deepest(panel, x - half, x + half));
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::tree::TreeCluster;

    #[test]
    fn children_lie_within_their_parent() {
        let cluster = |parent, birth, size, label| TreeCluster { parent, birth, size, label };
        let tree = CondensedTree {
            clusters: vec![
                cluster(None, 0.0, 10, None),
                cluster(Some(0), 1.0, 4, Some(1)),
                cluster(Some(0), 1.0, 5, Some(0)),
            ],
            leaves: [vec![(0, 0.5)], vec![(1, 2.0); 4], vec![(2, f64::INFINITY); 5]].concat(),
        };
        let shapes = Shape::all(&tree).unwrap();
        // One of ten songs left before the split: nine stay, in the middle.
        assert_eq!((shapes[1].middle, shapes[2].middle), (2.5, 7.0));
        assert_eq!(shapes[0].edge.last(), Some(&(1.0, 9.0)));
        assert_eq!(shapes[1].edge.first(), Some(&(1.0, 4.0)));
        assert_eq!(shapes[1].edge.last(), Some(&(0.5, 0.0)));
        assert!(shapes[2].end() < 0.5, "infinite densities lie below");
        assert_eq!((shapes[0].label, shapes[1].label), (None, Some(1)));
    }

    #[test]
    fn equal_songs_have_no_levels() {
        let root = TreeCluster { parent: None, birth: 0.0, size: 2, label: None };
        let leaves = vec![(0, f64::INFINITY); 2];
        assert!(Shape::all(&CondensedTree { clusters: vec![root], leaves }).is_none());
    }
}
