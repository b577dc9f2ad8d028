//! Figure 1: the map by cluster, the cluster's number at its centre.

use std::collections::BTreeMap;

use kuva::render::render::TextAnchor;

use super::panel::{INK, Panel, WHITE};
use super::text::{counted, text_width};
use super::{Drawn, Figure, points};
use crate::input::ReportInput;
use crate::palette;

const NUMBER: u32 = 13;
/// More numbers than this hide the map.
const NUMBERED: usize = 60;

pub(super) fn draw(input: &ReportInput) -> Drawn {
    if input.songs.is_empty() {
        return Err("there are no songs");
    }
    let mut members: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
    for (row, song) in input.songs.iter().enumerate() {
        members.entry(song.cluster.max(-1)).or_default().push(row);
    }
    let alone = members.remove(&-1).map_or(0, |rows| rows.len());
    let songs = counted(input.songs.len(), "song", "songs");
    let mut note = match members.len() {
        0 => format!("{songs}, all in no cluster (−1), in black"),
        clusters => format!("{songs}, {}", counted(clusters, "cluster", "clusters")),
    };
    if alone > 0 && !members.is_empty() {
        note +=
            &format!("; {} in no cluster (−1), in black beneath", counted(alone, "song", "songs"));
    }
    if members.len() > NUMBERED {
        note += &format!("; the {NUMBERED} largest are numbered");
    }
    let title = "Songs on the map, by cluster";
    let mut panel = points::map_panel(input, 24.0, title, std::slice::from_ref(&note));

    let order = points::shuffled(input.songs.len());
    let with_colour = |row: &usize| (*row, palette::cluster(input.songs[*row].cluster));
    let (inside, outside): (Vec<usize>, Vec<usize>) =
        order.into_iter().partition(|&row| input.songs[row].cluster >= 0);
    let radius = points::radius(input.songs.len());
    let beneath: Vec<_> = outside.iter().map(with_colour).collect();
    points::draw(&mut panel, input, &beneath, radius * 0.8);
    let above: Vec<_> = inside.iter().map(with_colour).collect();
    points::draw(&mut panel, input, &above, radius);

    let left_out = number(&mut panel, input, &members);
    let mut caption = format!("{title}. {note}. Songs that sound alike lie together.");
    if left_out > 0 {
        caption += &format!(" The numbers of {left_out} small clusters are left out.");
    }
    Ok(Figure::new(panel, caption))
}

/// Writes the numbers, largest cluster first, each at its centre or at the nearest free place around
/// it. Returns how many found no place.
fn number(panel: &mut Panel, input: &ReportInput, members: &BTreeMap<i32, Vec<usize>>) -> usize {
    let mut by_size: Vec<_> = members.iter().collect();
    by_size.sort_by_key(|(cluster, rows)| (std::cmp::Reverse(rows.len()), **cluster));
    let mut placed: Vec<Placed> = Vec::new();
    for (&cluster, rows) in by_size.into_iter().take(NUMBERED) {
        let r = (text_width(&cluster.to_string(), NUMBER) / 2.0 + 4.0).max(12.0);
        let centre = centre(panel, input, rows);
        let free = |&(x, y): &(f64, f64)| {
            let inside = x - r > panel.left
                && x + r < panel.right
                && y - r > panel.top
                && y + r < panel.bottom;
            let apart = |p: &Placed| (p.at.0 - x).hypot(p.at.1 - y) > r + p.r + 1.5;
            inside && placed.iter().all(apart)
        };
        if let Some(at) = places_around(centre).find(free) {
            placed.push(Placed { cluster, centre, at, r });
        }
    }
    // Lines first: none crosses a number.
    for Placed { centre, at, .. } in placed.iter().filter(|p| p.at != p.centre) {
        panel.line(&[*centre, *at], INK, 1.0);
    }
    for Placed { cluster, at, r, .. } in &placed {
        panel.ring(*at, *r, Some(WHITE), palette::cluster(*cluster), 2.4);
        let label = cluster.to_string();
        panel.text((at.0, at.1 + 4.7), &label, NUMBER, TextAnchor::Middle, INK);
    }
    members.len() - placed.len()
}

/// A number on the map: where it belongs, where it stands, and how large its ring is.
struct Placed {
    cluster: i32,
    centre: (f64, f64),
    at: (f64, f64),
    r: f64,
}

/// The member nearest to the median of the members: a cluster may be bent around its mean.
fn centre(panel: &Panel, input: &ReportInput, rows: &[usize]) -> (f64, f64) {
    let place = |row: usize| input.songs[row].map.map(f64::from);
    let median = |axis: usize| {
        let mut values: Vec<f64> = rows.iter().map(|&row| place(row)[axis]).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let middle = [median(0), median(1)];
    let far = |row: usize| {
        let [x, y] = place(row);
        (x - middle[0]).hypot(y - middle[1])
    };
    let nearest = rows.iter().copied().min_by(|&a, &b| far(a).total_cmp(&far(b)));
    let [x, y] = nearest.map_or(middle, place);
    (panel.px(x), panel.py(y))
}

/// The place itself, then places on growing circles around it.
fn places_around((x, y): (f64, f64)) -> impl Iterator<Item = (f64, f64)> {
    let circles = (1..=5).flat_map(move |ring| {
        let steps = 8 + 4 * ring;
        (0..steps).map(move |i| {
            let angle = std::f64::consts::TAU * (f64::from(i) / f64::from(steps)) - 1.2;
            let far = 12.0 * f64::from(ring);
            (x + far * angle.cos(), y + far * angle.sin())
        })
    });
    std::iter::once((x, y)).chain(circles)
}
