//! The spectrogram of one song, with its axes.

use kuva::render::render::TextAnchor;

use super::panel::{INK, Margins, Panel, TICK};
use super::text::{Axis, counted, log_ticks, ticks};
use super::{Drawn, Figure};
use crate::input::ReportInput;
use crate::palette;

/// Page units of the axes; a PNG has two pixels for each.
const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 384.0;

pub(super) fn draw(input: &ReportInput) -> Drawn {
    let Some(image) = image(input) else {
        return Err(match input.spectrogram {
            None => "no song's spectrogram is given",
            Some(_) => "the scale of its axes is not known",
        });
    };
    let song = &input.songs[image.song];
    let title = match song.artist.as_str() {
        "" => format!("Spectrogram of “{}”", song.title),
        artist => format!("Spectrogram of “{}” by {artist}", song.title),
    };
    let averaged = if image.averaged > 1 {
        format!(", each of which is the mean of {} of the image", image.averaged)
    } else {
        String::new()
    };
    let note = format!(
        "{:.1} s in {}{averaged}; light is loud, 0 dB is white in the image",
        image.seconds,
        counted(image.columns.len(), "column", "columns")
    );
    let margins = Margins { left: 72.0, right: 110.0, bottom: 62.0 };
    let width = WIDTH + margins.left + margins.right;
    let rows = image.columns.first().map_or(0, Vec::len);
    let (x, y) = ((0.0, image.seconds), (image.low.log10(), image.high.log10()));
    // A row's frequency is that of its middle.
    let half = (y.1 - y.0) / rows.saturating_sub(1).max(1) as f64 / 2.0;
    let y = (y.0 - half, y.1 + half);
    let notes = std::slice::from_ref(&note);
    let head = Panel::new((width, HEIGHT), margins, &title, notes, x, y).top;
    let size = (width, head + HEIGHT + margins.bottom);
    let mut panel = Panel::new(size, margins, &title, notes, x, y);
    panel.y_ticks(&log_ticks((image.low, image.high), 10));
    panel.x_ticks(&ticks(x, 12, Axis::Decimal), false);
    panel.frame();
    panel.labels("Time in s", "Frequency in Hz");
    let colour = |level: f64| palette::year(1.0 + level / image.range_db);
    let pixels = (0..rows).flat_map(|r| image.columns.iter().map(move |c| colour(c[r]))).collect();
    panel.picture(image.columns.len(), pixels);
    level_bar(&mut panel, image.range_db);
    Ok(Figure::new(panel, format!("{title}. {note}.")))
}

/// The scale of levels, beside the axes.
fn level_bar(panel: &mut Panel, range_db: f64) {
    let (top, bottom) = (panel.top, panel.bottom);
    panel.axes(
        (panel.right + 24.0, top),
        (panel.right + 42.0, bottom),
        (0.0, 1.0),
        (-range_db, 0.0),
    );
    panel.frame();
    const STEPS: u32 = 256;
    let steps = (0..STEPS).rev().map(|i| palette::year(f64::from(i) / f64::from(STEPS - 1)));
    panel.picture(1, steps.collect());
    for (level, label) in ticks((-range_db, 0.0), 7, Axis::Whole) {
        let (x, y) = (panel.right, panel.py(level));
        panel.line(&[(x, y), (x + 4.0, y)], [0x99; 3], 1.0);
        panel.text((x + 7.0, y + 4.5), &label, TICK, TextAnchor::Start, INK);
    }
    panel.text((panel.left, top - 9.0), "dB", TICK, TextAnchor::Start, INK);
}

/// What is drawn: columns from left to right, each with its levels in dB from the top down.
pub(crate) struct Image {
    pub song: usize,
    pub columns: Vec<Vec<f64>>,
    /// How many columns of the song's image make one column here; the last may be of fewer.
    pub averaged: usize,
    pub seconds: f64,
    pub low: f64,
    pub high: f64,
    pub range_db: f64,
}

impl Image {
    /// The middle of a column in seconds.
    pub fn second(&self, column: usize) -> f64 {
        (column as f64 + 0.5) * self.seconds / self.columns.len() as f64
    }

    /// The frequency of a row in Hz: rows lie evenly on a log axis, the first at the top.
    pub fn hertz(&self, row: usize, rows: usize) -> f64 {
        hertz((self.low, self.high), row, rows)
    }
}

/// The frequency of a row in Hz, the first row at the upper end of the range.
pub(crate) fn hertz((low, high): (f64, f64), row: usize, rows: usize) -> f64 {
    let share = row as f64 / rows.saturating_sub(1).max(1) as f64;
    high * (low / high).powf(share)
}

/// The song's image, no wider than can be drawn. `None` where there is none, or not its scale.
pub(crate) fn image(input: &ReportInput) -> Option<Image> {
    let picture = input.spectrogram.as_ref()?;
    let (low, high) = input.frequencies?;
    let rate = input.columns_per_second?;
    let columns = picture.columns();
    if columns == 0 {
        return None;
    }
    let averaged = columns.div_ceil(WIDTH as usize);
    let level = |grey: f64| (grey / 255.0 - 1.0) * picture.range_db;
    let mean = |part: &[u8]| -> Vec<f64> {
        let n = (part.len() / picture.rows) as f64;
        let sum =
            |row| part.iter().skip(row).step_by(picture.rows).map(|&p| f64::from(p)).sum::<f64>();
        (0..picture.rows).map(|row| level(sum(row) / n)).collect()
    };
    Some(Image {
        song: picture.song,
        columns: picture.pixels.chunks(averaged * picture.rows).map(mean).collect(),
        averaged,
        seconds: columns as f64 / rate,
        low,
        high,
        range_db: picture.range_db,
    })
}
