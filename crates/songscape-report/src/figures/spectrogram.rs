//! The spectrogram of one song, with its axes.

use kuva::render::render::TextAnchor;

use super::panel::{INK, LINE, Margins, Panel, TICK};
use super::text::{Axis, counted, log_ticks, shortened, ticks};
use super::{Drawn, Figure};
use crate::input::ReportInput;
use crate::measures::spectrogram::image;
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
    let averaged = if image.averaged > 1 {
        format!(", each the mean of {} of the image", image.averaged)
    } else {
        String::new()
    };
    // The song's title stands in the caption: a browser can set any script.
    let title = "Spectrogram of a song";
    let notes = [format!(
        "{:.1} s in {}{averaged}; light is loud; 0 dB: the song’s reference level, white in its image",
        image.seconds,
        counted(image.columns.len(), "column", "columns")
    )];
    let margins = Margins { left: 72.0, right: 110.0, bottom: 62.0 };
    let width = WIDTH + margins.left + margins.right;
    let rows = image.rows();
    let (low, high) = image.frequencies;
    let (x, y) = ((0.0, image.seconds), (low.log10(), high.log10()));
    // A row's frequency lies in its middle: half a row more above and below.
    let half = (y.1 - y.0) / rows.saturating_sub(1).max(1) as f64 / 2.0;
    let y = (y.0 - half, y.1 + half);
    let head = Panel::new((width, HEIGHT), margins, title, &notes, x, y).top;
    let size = (width, head + HEIGHT + margins.bottom);
    let mut panel = Panel::new(size, margins, title, &notes, x, y);
    panel.y_ticks(&log_ticks((low, high), 10));
    panel.x_ticks(&ticks(x, 12, Axis::Decimal), false);
    panel.frame();
    panel.labels("Time in s", "Frequency in Hz");
    let colour = |level: f64| palette::year(1.0 + level / image.range_db);
    let pixels = (0..rows).flat_map(|r| image.columns.iter().map(move |c| colour(c[r]))).collect();
    panel.picture(image.columns.len(), pixels);
    level_bar(&mut panel, image.range_db);
    let song = &input.songs[image.song];
    let mut caption = format!("“{}”", shortened(&song.title));
    if !song.artist.is_empty() {
        caption += &format!(" by {}", shortened(&song.artist));
    }
    caption += ". Time runs to the right, frequency upwards.";
    Ok(Figure::new(panel, title, &notes, caption))
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
        panel.line(&[(x, y), (x + 4.0, y)], LINE, 1.0);
        panel.text((x + 7.0, y + 4.5), &label, TICK, TextAnchor::Start, INK);
    }
    panel.text((panel.left, top - 9.0), "dB", TICK, TextAnchor::Start, INK);
}
