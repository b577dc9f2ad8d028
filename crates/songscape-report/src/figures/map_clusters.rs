//! The map by cluster, the cluster's number at its centre.

use kuva::render::render::TextAnchor;

use super::panel::{INK, Panel, WHITE};
use super::text::{counted, text_width};
use super::{Drawn, Figure, points};
use crate::input::ReportInput;
use crate::measures::colours::{ClusterColours, cluster_colours};
use crate::measures::layout::Layout;
use crate::measures::map::{Centre, centres};

const NUMBER: u32 = 13;
/// More numbers than this hide the map.
pub(crate) const NUMBERED: usize = 60;

pub(super) fn draw(input: &ReportInput) -> Drawn {
    if input.songs.is_empty() {
        return Err("there are no songs");
    }
    let centres = centres(input);
    let alone = input.songs.iter().filter(|song| song.cluster < 0).count();
    let songs = counted(input.songs.len(), "song", "songs");
    let mut note = match centres.len() {
        0 => format!("{songs}, all unclustered (−1)"),
        clusters => format!("{songs}, {}", counted(clusters, "cluster", "clusters")),
    };
    if alone > 0 && !centres.is_empty() {
        let unclustered = counted(alone, "unclustered song", "unclustered songs");
        note += &format!("; beneath, in no cluster’s colour: {unclustered} (−1)");
    }
    if centres.len() > NUMBERED {
        note += &format!("; the {NUMBERED} largest are numbered");
    }
    let layout = Layout::of(input);
    note += &points::note(input.songs.len(), &layout);
    let title = "Songs on the map, by cluster";
    let notes = [note];
    let mut panel = points::map_panel(&layout, 24.0, title, &notes);

    let order = points::shuffled(input.songs.len());
    let colours = cluster_colours(input);
    let with_colour = |row: &usize| (*row, colours.of(input.songs[*row].cluster));
    let (inside, outside): (Vec<usize>, Vec<usize>) =
        order.into_iter().partition(|&row| input.songs[row].cluster >= 0);
    let radius = points::radius(input.songs.len());
    let beneath: Vec<_> = outside.iter().map(with_colour).collect();
    points::draw(&mut panel, (input, &layout), &beneath, radius * 0.8);
    let above: Vec<_> = inside.iter().map(with_colour).collect();
    points::draw(&mut panel, (input, &layout), &above, radius);

    let left_out = number(&mut panel, &layout, &centres, &colours);
    let mut caption = "Songs that sound alike lie together; distances across the map and the axes \
                       themselves have no meaning."
        .to_owned();
    if left_out > 0 {
        caption += &format!(" The numbers of {left_out} small clusters are left out.");
    }
    Ok(Figure::new(panel, title, &notes, caption))
}

/// Writes the numbers, largest cluster first, each at its centre or at the nearest free place around
/// it. Returns how many found no place.
fn number(
    panel: &mut Panel,
    layout: &Layout,
    centres: &[Centre],
    colours: &ClusterColours,
) -> usize {
    let mut placed: Vec<Placed> = Vec::new();
    for &Centre { cluster, place, .. } in centres.iter().take(NUMBERED) {
        let r = (text_width(&cluster.to_string(), NUMBER) / 2.0 + 4.0).max(12.0);
        let [x, y] = layout.point(place);
        let centre = (panel.px(x), panel.py(y));
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
        panel.ring(*at, *r, Some(WHITE), colours.of(*cluster), 2.4);
        let label = cluster.to_string();
        panel.text((at.0, at.1 + 4.7), &label, NUMBER, TextAnchor::Middle, INK);
    }
    centres.len() - placed.len()
}

/// A number on the map: where it belongs, where it stands, and how large its ring is.
struct Placed {
    cluster: i32,
    centre: (f64, f64),
    at: (f64, f64),
    r: f64,
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
