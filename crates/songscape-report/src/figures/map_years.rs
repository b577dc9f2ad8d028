//! The map by year, dark to light, with a colour bar.

use kuva::render::render::TextAnchor;

use super::panel::{INK, LINE, Panel, TICK};
use super::text::{Axis, counted, ticks};
use super::{Drawn, Figure, points};
use crate::input::ReportInput;
use crate::measures::dated;
use crate::measures::layout::Layout;
use crate::palette::{self, Rgb};

const UNDATED: Rgb = [0xc8, 0xc8, 0xc8];

pub(super) fn draw(input: &ReportInput) -> Drawn {
    let dated = dated(input);
    let (Some(first), Some(last)) =
        (dated.iter().map(|song| song.1).min(), dated.iter().map(|song| song.1).max())
    else {
        return Err("no song has a year");
    };
    let scale = YearScale { first: f64::from(first), last: f64::from(last) };
    let mut note = format!("{}, {first} to {last}", counted(dated.len(), "song", "songs"));
    if first == last {
        note = format!("{}, all of {first}", counted(dated.len(), "song", "songs"));
    }
    let undated = input.songs.len() - dated.len();
    if undated > 0 {
        note += &format!("; grey, beneath: {} without a year", counted(undated, "song", "songs"));
    }
    let layout = Layout::of(input);
    note += &points::note(input.songs.len(), &layout);
    let title = "Songs on the map, by year";
    let notes = [note];
    let mut panel = points::map_panel(&layout, 96.0, title, &notes);

    let order = points::shuffled(input.songs.len());
    let radius = points::radius(input.songs.len());
    let year = |row: &usize| input.songs[*row].year;
    let grey: Vec<_> =
        order.iter().filter(|row| year(row).is_none()).map(|&row| (row, UNDATED)).collect();
    points::draw(&mut panel, (input, &layout), &grey, radius * 0.8);
    let coloured: Vec<_> =
        order.iter().filter_map(|row| Some((*row, scale.colour(f64::from(year(row)?))))).collect();
    points::draw(&mut panel, (input, &layout), &coloured, radius);
    colour_bar(&mut panel, scale);
    let caption = "The same map; dark songs are early, light ones late. Where dark and light songs lie \
                   apart, the sound has changed over the years.";
    Ok(Figure::new(panel, title, &notes, caption.into()))
}

/// Years from dark to light.
#[derive(Debug, Clone, Copy)]
pub(super) struct YearScale {
    pub first: f64,
    pub last: f64,
}

impl YearScale {
    /// The colour of a year; of one year alone, the middle of the scale.
    pub fn colour(self, year: f64) -> Rgb {
        let span = self.last - self.first;
        palette::year(if span > 0.0 { (year - self.first) / span } else { 0.5 })
    }
}

fn colour_bar(panel: &mut Panel, scale: YearScale) {
    let (left, right) = (panel.right + 20.0, panel.right + 38.0);
    let (top, bottom) = (panel.top + 10.0, (panel.top + 320.0).min(panel.bottom - 10.0));
    const STEPS: u32 = 128;
    let height = bottom - top;
    let place = |share: f64| bottom - height * share;
    for i in 0..STEPS {
        let (from, to) = (f64::from(i) / f64::from(STEPS), f64::from(i + 1) / f64::from(STEPS));
        let year = scale.first + (scale.last - scale.first) * (from + to) / 2.0;
        // Each step reaches under the next: no seam between them.
        let under = (place(to) - 1.0).max(top);
        panel.rectangle((left, place(from)), (right, under), scale.colour(year));
    }
    let corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
    panel.line(&corners, LINE, 1.0);
    let span = scale.last - scale.first;
    if span <= 0.0 {
        let label = format!("{}", scale.first);
        panel.text((right + 6.0, place(0.5) + 4.5), &label, TICK, TextAnchor::Start, INK);
        return;
    }
    for (year, label) in ticks((scale.first, scale.last), 7, Axis::Years) {
        let y = place((year - scale.first) / span);
        panel.line(&[(right, y), (right + 4.0, y)], LINE, 1.0);
        panel.text((right + 7.0, y + 4.5), &label, TICK, TextAnchor::Start, INK);
    }
}
