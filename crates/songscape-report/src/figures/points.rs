//! Songs as points on the map: the axes both maps share, and a raster where points are too many.

use std::collections::BTreeMap;

use super::panel::{Margins, Panel, WHITE};
use crate::input::ReportInput;
use crate::measures::map;
use crate::palette::{Rgb, mix};

/// From this many points an SVG of points is unwieldy and they hide each other: squares of the mean
/// colour are drawn, stronger where more songs are.
const RASTER_FROM: usize = 100_000;
const CELL: f64 = 2.0;
/// Length of the longer side of the map, in page units.
const SIDE: f64 = 860.0;

/// A panel with the same scale in both directions, as tall as the map needs.
pub(super) fn map_panel(input: &ReportInput, right: f64, title: &str, notes: &[String]) -> Panel {
    let (x, y) = (range(input, 0), range(input, 1));
    let (wide, high) = (x.1 - x.0, y.1 - y.0);
    // Extremely long maps are squeezed rather than drawn as a thread.
    let ratio = (high / wide).clamp(0.45, 1.15);
    let (width, height) = if ratio > 1.0 { (SIDE / ratio, SIDE) } else { (SIDE, SIDE * ratio) };
    let margins = Margins { left: 24.0, right, bottom: 46.0 };
    let page = |height: f64| (width + margins.left + margins.right, height);
    // The room that the title takes is known once it is set.
    let head = Panel::new(page(height), margins, title, notes, x, y).top;
    let mut panel = Panel::new(page(height + head + margins.bottom), margins, title, notes, x, y);
    panel.frame();
    panel.labels("UMAP, first axis", "UMAP, second axis");
    panel
}

/// Draws songs in the order given, later ones on top.
pub(super) fn draw(panel: &mut Panel, input: &ReportInput, songs: &[(usize, Rgb)], radius: f64) {
    let at = |panel: &Panel, row: usize| {
        let [x, y] = input.songs[row].map;
        (panel.px(f64::from(x)), panel.py(f64::from(y)))
    };
    if input.songs.len() < RASTER_FROM {
        for &(row, colour) in songs {
            let place = at(panel, row);
            panel.circle(place, radius, colour, 0.85);
        }
        return;
    }
    let mut cells: BTreeMap<(i64, i64), (u32, [u64; 3])> = BTreeMap::new();
    for &(row, colour) in songs {
        let (x, y) = at(panel, row);
        let cell = cells.entry(((x / CELL) as i64, (y / CELL) as i64)).or_default();
        cell.0 += 1;
        (0..3).for_each(|i| cell.1[i] += u64::from(colour[i]));
    }
    let most = cells.values().map(|cell| f64::from(cell.0)).fold(1.0, f64::max);
    let drawn: Vec<_> = cells
        .into_iter()
        .map(|((x, y), (count, sum))| {
            let mean: Rgb = sum.map(|channel| (channel / u64::from(count)) as u8);
            let strength = 0.35 + 0.65 * f64::from(count).ln_1p() / most.ln_1p();
            ((x as f64 * CELL, y as f64 * CELL), CELL, mix(WHITE, mean, strength))
        })
        .collect();
    panel.cells(&drawn);
}

/// What a map of so many songs says about how it is drawn, to be added to its note.
pub(super) fn note(songs: usize) -> &'static str {
    if songs >= RASTER_FROM {
        "; density: squares of the mean colour, stronger where more songs are"
    } else {
        ""
    }
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
fn range(input: &ReportInput, axis: usize) -> (f64, f64) {
    let (low, high) = map::range(input, axis);
    let room = if high > low { (high - low) * 0.03 } else { 1.0 };
    (low - room, high + room)
}
