//! Songs as points on the map: the axes both maps share, and a raster where points are too many.

use std::collections::BTreeMap;

use super::panel::{LINE, Margins, Panel, WHITE};
use crate::input::ReportInput;
use crate::measures::layout::Layout;
use crate::palette::Rgb;

/// From this many points an SVG of points is unwieldy and they hide each other: squares of the mean
/// colour are drawn, stronger where more songs are.
const RASTER_FROM: usize = 100_000;
const CELL: f64 = 2.0;
/// Steps between no colour and the whole.
const STRENGTHS: f64 = 20.0;
/// Length of the longer side of the map, in page units.
const SIDE: f64 = 860.0;

/// A panel with the same scale in both directions, as tall as the map needs.
pub(super) fn map_panel(layout: &Layout, right: f64, title: &str, notes: &[String]) -> Panel {
    let (x, y) = (range(layout, 0), range(layout, 1));
    let (wide, high) = (x.1 - x.0, y.1 - y.0);
    // Extremely long maps are squeezed rather than drawn as a thread.
    let ratio = (high / wide).clamp(0.45, 1.15);
    let (width, height) = if ratio > 1.0 { (SIDE / ratio, SIDE) } else { (SIDE, SIDE * ratio) };
    let margins = Margins { left: 24.0, right, bottom: 46.0 };
    let page = |height: f64| (width + margins.left + margins.right, height);
    // The room that the title takes is known once it is set.
    let head = Panel::new(page(height), margins, title, notes, x, y).top;
    let mut panel = Panel::new(page(height + head + margins.bottom), margins, title, notes, x, y);
    for x in layout.cuts(0).map(|x| panel.px(x)).collect::<Vec<_>>() {
        panel.dashed((x, panel.top), (x, panel.bottom), LINE, 1.0);
    }
    for y in layout.cuts(1).map(|y| panel.py(y)).collect::<Vec<_>>() {
        panel.dashed((panel.left, y), (panel.right, y), LINE, 1.0);
    }
    panel.frame();
    panel.labels("UMAP, first axis", "UMAP, second axis");
    panel
}

/// Draws songs in the order given, later ones on top.
pub(super) fn draw(
    panel: &mut Panel,
    (input, layout): (&ReportInput, &Layout),
    songs: &[(usize, Rgb)],
    radius: f64,
) {
    let at = |panel: &Panel, row: usize| {
        let [x, y] = layout.point(input.songs[row].map.map(f64::from));
        (panel.px(x), panel.py(y))
    };
    if input.songs.len() < RASTER_FROM {
        for &(row, colour) in songs {
            let place = at(panel, row);
            panel.circle(place, radius, colour, 0.85);
        }
        return;
    }
    let mut cells: BTreeMap<(i64, i64), Cell> = BTreeMap::new();
    for &(row, colour) in songs {
        let (x, y) = at(panel, row);
        cells.entry(((x / CELL) as i64, (y / CELL) as i64)).or_default().add(colour);
    }
    let most = cells.values().map(|cell| f64::from(cell.songs)).fold(1.0, f64::max);
    // Squares of one colour and strength are one shape: the file is smaller, and dark paper has few rules.
    let mut shapes: BTreeMap<(Rgb, u8), Vec<(f64, f64)>> = BTreeMap::new();
    for ((x, y), cell) in cells {
        let strength = 0.35 + 0.65 * f64::from(cell.songs).ln_1p() / most.ln_1p();
        let shape =
            shapes.entry((cell.colour(), (strength * STRENGTHS).round() as u8)).or_default();
        shape.push((x as f64 * CELL, y as f64 * CELL));
    }
    // Nothing beneath is seen through them.
    panel.squares(shapes.values().flatten().copied(), CELL, WHITE, 1.0);
    for ((colour, strength), corners) in shapes {
        panel.squares(corners, CELL, colour, f64::from(strength) / STRENGTHS);
    }
}

/// The songs of a square.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    songs: u32,
    first: Rgb,
    mixed: bool,
    sum: [u64; 3],
}

impl Cell {
    fn add(&mut self, colour: Rgb) {
        if self.songs == 0 {
            self.first = colour;
        }
        self.mixed |= self.first != colour;
        self.songs += 1;
        (0..3).for_each(|i| self.sum[i] += u64::from(colour[i]));
    }

    /// Of songs of one colour that colour, of others their mean in steps.
    fn colour(&self) -> Rgb {
        const STEP: u8 = 17;
        let mean = self.sum.map(|channel| (channel / u64::from(self.songs.max(1))) as u8);
        if self.mixed {
            mean.map(|v| (v.saturating_add(STEP / 2)) / STEP * STEP)
        } else {
            self.first
        }
    }
}

/// What a map of so many songs says about how it is drawn, to be added to its note.
pub(super) fn note(songs: usize, layout: &Layout) -> String {
    let mut note = String::new();
    if songs >= RASTER_FROM {
        note += "; density: squares of the mean colour, stronger where more songs are";
    }
    if layout.is_shortened() {
        note += "; dashed line: an empty stretch is shortened";
    }
    note
}

/// A point's radius in page units: smaller the more songs share the map.
pub(super) fn radius(songs: usize) -> f64 {
    (130.0 / (songs.max(1) as f64).sqrt()).clamp(1.3, 5.0)
}

/// The rows in an order that has nothing to do with the catalog's, the same every time: no group
/// of songs covers the others.
pub(super) fn shuffled(songs: usize) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..songs).collect();
    rows.sort_by_key(|&row| (row as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    rows
}

/// The map's range along one axis, with room for the points at its edge.
fn range(layout: &Layout, axis: usize) -> (f64, f64) {
    let (low, high) = layout.range(axis);
    let room = if high > low { (high - low) * 0.03 } else { 1.0 };
    (low - room, high + room)
}
