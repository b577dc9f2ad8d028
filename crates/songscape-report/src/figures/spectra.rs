//! The mean spectrum of each cluster, a small panel each, beside the mean of all songs.

use kuva::render::render::TextAnchor;
use songscape_project::row_hz;

use super::panel::{GREY, INK, LABEL, Margins, NOTE, Panel};
use super::text::{Axis, cluster_name, counted, log_ticks, ticks};
use super::{Drawn, Figure, NO_CLUSTER};
use crate::input::ReportInput;
use crate::measures::colours::cluster_colours;
use crate::measures::distribution::range;
use crate::measures::spectra::spectra;
use crate::palette;
use crate::sound::MeanSpectrum;

const ALL: palette::Rgb = [0x8c; 3];
const COLUMNS: usize = 4;
const CELL: (f64, f64) = (230.0, 150.0);
/// Room over a small panel for its name, and below it for its ticks.
const NAME: f64 = 24.0;
const TICKS: f64 = 30.0;
/// Half of the last tick's label reaches into it.
const BETWEEN: f64 = 30.0;

pub(super) fn draw(input: &ReportInput) -> Drawn {
    let Some(frequencies) = input.frequencies else {
        return Err("the frequencies of the spectra are not known");
    };
    let Some(found) = spectra(&input.spectra) else {
        return Err("the clusters' spectra are not given");
    };
    if found.clusters == 0 {
        return Err(NO_CLUSTER);
    }
    let largest = found.shown.iter().filter(|s| s.cluster >= 0).count();
    let mut note = format!(
        "In colour: {}; grey: the mean of all songs",
        counted(found.clusters, "cluster", "clusters")
    );
    if found.shown.iter().any(|s| !s.deviation_db.is_empty() && s.songs > 1) {
        note += "; band: one standard deviation of the songs on each side";
    }
    if found.clusters > largest {
        note += &format!("; the {largest} largest shown");
    }
    if found.shown[0].cluster < 0 {
        note += "; −1: unclustered songs";
    }
    note += "; 0 dB: each song’s own reference level, white in its image";
    let title = "Mean spectrum of each cluster";
    let notes = [note];
    let across = found.shown.len().min(COLUMNS);
    let down = found.shown.len().div_ceil(COLUMNS);
    let margins = Margins { left: 62.0, right: 30.0, bottom: 40.0 };
    let inner = across as f64 * (CELL.0 + BETWEEN) - BETWEEN;
    let width = (margins.left + inner + margins.right).max(620.0);
    let step = CELL.1 + NAME + TICKS;
    let x = (frequencies.0.log10(), frequencies.1.log10());
    let bands = found.shown.iter().flat_map(|s| [band(s, -1.0), band(s, 1.0)].concat());
    let levels: Vec<f64> = bands.chain(found.all.iter().copied()).collect();
    let (low, high) = range(&levels);
    let room = ((high - low) * 0.05).max(1.0);
    let y = (low - room, high + room);
    let head = Panel::new((width, step), margins, title, &notes, x, y).top;
    let height = head + down as f64 * step + margins.bottom;
    let mut panel = Panel::new((width, height), margins, title, &notes, x, y);
    panel.text((margins.left, head - 8.0), "Mean level in dB", LABEL, TextAnchor::Start, INK);
    let colours = cluster_colours(input);
    for (i, spectrum) in found.shown.iter().enumerate() {
        let left = margins.left + (i % COLUMNS) as f64 * (CELL.0 + BETWEEN);
        let top = head + (i / COLUMNS) as f64 * step + NAME;
        panel.axes((left, top), (left + CELL.0, top + CELL.1), x, y);
        let mut levels = ticks(y, 5, Axis::Decimal);
        if i % COLUMNS > 0 {
            // The first panel of a row names the levels of all.
            levels.iter_mut().for_each(|tick| tick.1.clear());
        }
        panel.y_ticks(&levels);
        panel.x_ticks(&log_ticks(frequencies, 6), true);
        let line = |panel: &Panel, levels: &[f64]| -> Vec<(f64, f64)> {
            let place = |(row, level): (usize, &f64)| {
                let at = row_hz(frequencies, row, levels.len());
                (panel.px(at.log10()), panel.py(*level))
            };
            levels.iter().enumerate().map(place).collect()
        };
        let colour = colours.of(spectrum.cluster);
        let mut spread = line(&panel, &band(spectrum, -1.0));
        spread.extend(line(&panel, &band(spectrum, 1.0)).into_iter().rev());
        panel.veil(&spread, colour, 0.22);
        let (all, own) = (line(&panel, &found.all), line(&panel, &spectrum.level_db));
        panel.line(&all, ALL, 1.4);
        panel.line(&own, colour, 2.4);
        panel.frame();
        let name = cluster_name(spectrum.cluster);
        panel.bold(left, top - 7.0, &name, LABEL);
        let songs = counted(spectrum.songs, "song", "songs");
        panel.text((left + CELL.0, top - 7.0), &songs, NOTE, TextAnchor::End, GREY);
    }
    let middle = margins.left + inner / 2.0;
    panel.text((middle, height - 14.0), "Frequency in Hz", LABEL, TextAnchor::Middle, INK);
    let caption = "Which frequencies are loud in the songs of each cluster. Every song’s level is \
                   relative to its own loudest parts (its 99.9th percentile, unless one reference was \
                   set for all), so loudness of the master does not count, only the balance of \
                   frequencies.";
    Ok(Figure::new(panel, title, &notes, caption.into()))
}

/// The mean level with so many standard deviations added; the mean where they are not known.
fn band(spectrum: &MeanSpectrum, deviations: f64) -> Vec<f64> {
    let spread = spectrum.deviation_db.iter().copied().chain(std::iter::repeat(0.0));
    spectrum
        .level_db
        .iter()
        .zip(spread)
        .map(|(level, spread)| level + deviations * spread)
        .collect()
}
