//! The mean spectrum of each cluster, a small panel each, beside the mean of all songs.

use kuva::render::render::TextAnchor;

use super::distribution::range;
use super::panel::{GREY, INK, LABEL, Margins, NOTE, Panel};
use super::spectrogram::hertz;
use super::text::{Axis, cluster_name, counted, log_ticks, ticks};
use super::{Drawn, Figure, NO_CLUSTER, largest};
use crate::input::ReportInput;
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
    let Some(mean) = mean(&input.spectra) else {
        return Err("the clusters' spectra are not given");
    };
    let clusters = input.spectra.iter().filter(|s| s.cluster >= 0).count();
    if clusters == 0 {
        return Err(NO_CLUSTER);
    }
    let kept = largest(input.spectra.iter().map(|s| (s.cluster, s.songs)));
    let mut shown: Vec<&MeanSpectrum> =
        input.spectra.iter().filter(|s| s.cluster < 0 || kept.contains(&s.cluster)).collect();
    shown.sort_by_key(|spectrum| spectrum.cluster);

    let mut note = format!(
        "In colour: {}; grey: the mean of all songs",
        counted(clusters, "cluster", "clusters")
    );
    if clusters > kept.len() {
        note += &format!("; the {} largest shown", kept.len());
    }
    if shown[0].cluster < 0 {
        note += "; −1 (black): songs in no cluster";
    }
    let title = "Mean spectrum of each cluster";
    let across = shown.len().min(COLUMNS);
    let down = shown.len().div_ceil(COLUMNS);
    let margins = Margins { left: 62.0, right: 30.0, bottom: 40.0 };
    let inner = across as f64 * (CELL.0 + BETWEEN) - BETWEEN;
    let width = (margins.left + inner + margins.right).max(620.0);
    let step = CELL.1 + NAME + TICKS;
    let x = (frequencies.0.log10(), frequencies.1.log10());
    let levels: Vec<f64> = shown.iter().flat_map(|s| &s.level_db).chain(&mean).copied().collect();
    let (low, high) = range(&levels);
    let room = ((high - low) * 0.05).max(1.0);
    let y = (low - room, high + room);
    let notes = std::slice::from_ref(&note);
    let head = Panel::new((width, step), margins, title, notes, x, y).top;
    let height = head + down as f64 * step + margins.bottom;
    let mut panel = Panel::new((width, height), margins, title, notes, x, y);
    panel.text((margins.left, head - 8.0), "Mean level in dB", LABEL, TextAnchor::Start, INK);
    for (i, spectrum) in shown.iter().enumerate() {
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
                let at = hertz(frequencies, row, levels.len());
                (panel.px(at.log10()), panel.py(*level))
            };
            levels.iter().enumerate().map(place).collect()
        };
        let (all, own) = (line(&panel, &mean), line(&panel, &spectrum.level_db));
        panel.line(&all, ALL, 1.4);
        panel.line(&own, palette::cluster(spectrum.cluster), 2.4);
        panel.frame();
        let name = cluster_name(spectrum.cluster);
        panel.bold(left, top - 7.0, &name, LABEL);
        let songs = counted(spectrum.songs, "song", "songs");
        panel.text((left + CELL.0, top - 7.0), &songs, NOTE, TextAnchor::End, GREY);
    }
    let middle = margins.left + inner / 2.0;
    panel.text((middle, height - 14.0), "Frequency in Hz", LABEL, TextAnchor::Middle, INK);
    Ok(Figure::new(panel, format!("{title}. {note}.")))
}

/// The mean over all songs. `None` without songs or rows, or where the rows differ.
fn mean(spectra: &[MeanSpectrum]) -> Option<Vec<f64>> {
    let rows = spectra.first()?.level_db.len();
    let songs: usize = spectra.iter().map(|s| s.songs).sum();
    if songs == 0 || rows == 0 || spectra.iter().any(|s| s.level_db.len() != rows) {
        return None;
    }
    let mean = |row: usize| {
        spectra.iter().map(|s| s.level_db[row] * s.songs as f64).sum::<f64>() / songs as f64
    };
    Some((0..rows).map(mean).collect())
}
