//! Violins and boxes.

use super::panel::{INK, Panel, WHITE};
use crate::measures::distribution::{Distribution, Tukey};
use crate::palette::{Rgb, mix};

/// A violin with a box on it at the page's `x`, reaching `half` to both sides; values are on the y
/// axis. Few values are drawn as points.
pub(super) fn violin(panel: &mut Panel, x: f64, half: f64, values: &Distribution, fill: Rgb) {
    let dark = mix(fill, [0; 3], 0.35);
    let (tukey, density) = match values {
        Distribution::Values(values) => {
            for value in values {
                let at = (x, panel.py(*value));
                panel.ring(at, (half * 0.32).clamp(2.6, 3.2), Some(fill), dark, 1.0);
            }
            return;
        }
        Distribution::Summary { tukey, density, .. } => (tukey, density),
    };
    let widest = density.iter().map(|point| point.1).fold(0.0, f64::max);
    if widest > 0.0 {
        let side = |sign: f64| {
            let panel = &*panel;
            density.iter().map(move |(at, d)| (x + sign * half * d / widest, panel.py(*at)))
        };
        let outline: Vec<_> = side(-1.0).chain(side(1.0).rev()).collect();
        panel.shape(&outline, fill, dark, 0.8);
    } else {
        // All the same: a bar in the colour shows whose they are.
        let y = panel.py(tukey.median);
        panel.rectangle((x - half * 0.6, y - 4.0), (x + half * 0.6, y + 4.0), fill);
    }
    draw_box(panel, x, half, tukey, fill);
    for outlier in &tukey.outliers {
        let at = (x, panel.py(*outlier));
        panel.ring(at, (half * 0.32).clamp(1.4, 3.2), None, INK, 1.0);
    }
}

fn draw_box(panel: &mut Panel, x: f64, half: f64, tukey: &Tukey, fill: Rgb) {
    let edge = (half * 0.28).clamp(1.2, 9.0);
    let stroke = if half < 8.0 { 1.0 } else { 1.4 };
    let [low, first, median, third, high] =
        [tukey.low, tukey.first, tukey.median, tukey.third, tukey.high].map(|v| panel.py(v));
    let whisker = if is_dark(fill) { mix(fill, WHITE, 0.6) } else { INK };
    panel.line(&[(x, low), (x, first)], whisker, stroke);
    panel.line(&[(x, third), (x, high)], whisker, stroke);
    let corners = [(x - edge, third), (x + edge, third), (x + edge, first), (x - edge, first)];
    panel.shape(&corners, WHITE, INK, stroke);
    // A box of no height does not set its median off from a dark colour.
    let ink = if third < first { INK } else { whisker };
    panel.line(&[(x - edge, median), (x + edge, median)], ink, stroke * 2.0);
}

/// Whether a line in ink would be lost on a colour.
fn is_dark([r, g, b]: Rgb) -> bool {
    0.299 * f64::from(r) + 0.587 * f64::from(g) + 0.114 * f64::from(b) < 75.0
}
