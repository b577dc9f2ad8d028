//! The training history: the loss of every step, and its running mean.

use super::panel::{Margins, Panel};
use super::text::{counted, ticks};
use super::{Drawn, Figure};
use crate::input::ReportInput;

/// More points than this on a line cannot be seen.
const POINTS: usize = 2_000;
const RAW: [u8; 3] = [0xb9, 0xd2, 0xe6];
const MEAN: [u8; 3] = [0x00, 0x4f, 0x86];

pub(super) fn draw(input: &ReportInput) -> Drawn {
    let history = &input.history;
    let (Some(first), Some(last)) = (history.first(), history.last()) else {
        return Err("there is no training history");
    };
    let each = history.len().div_ceil(POINTS);
    let thin: Vec<(f64, f64)> = history
        .chunks(each)
        .map(|part| {
            let n = part.len() as f64;
            (
                part.iter().map(|p| p.0 as f64).sum::<f64>() / n,
                part.iter().map(|p| p.1).sum::<f64>() / n,
            )
        })
        .collect();
    let mean = running_mean(&thin, (thin.len() / 40).max(1));

    let x = (first.0 as f64, last.0 as f64);
    let losses: Vec<f64> = thin.iter().map(|p| p.1).collect();
    let (low, high) = super::distribution::range(&losses);
    let room = ((high - low) * 0.05).max(1e-3);
    let y = (low - room, high + room);
    let note = format!(
        "{}; light: as measured, dark: running mean over {}; at the end {:.4}",
        counted(history.len(), "value", "values"),
        counted(each * (2 * (thin.len() / 40).max(1) + 1), "value", "values"),
        mean.last().map_or(0.0, |p| p.1)
    );
    let margins = Margins { left: 62.0, right: 24.0, bottom: 62.0 };
    let title = "Training loss";
    let mut panel = Panel::new((900.0, 520.0), margins, title, std::slice::from_ref(&note), x, y);
    panel.y_ticks(&ticks(y, 7, false));
    panel.x_ticks(&ticks(x, 9, true), true);
    for (line, ink, width) in [(&thin, RAW, 1.2), (&mean, MEAN, 2.2)] {
        let points: Vec<_> = line.iter().map(|p| (panel.px(p.0), panel.py(p.1))).collect();
        panel.line(&points, ink, width);
        if let [point] = points[..] {
            panel.circle(point, 3.0, ink, 1.0);
        }
    }
    panel.frame();
    panel.labels("Step", "Loss");
    Ok(Figure { scene: panel.into_scene(), caption: format!("{title}. {note}.") })
}

/// The mean of each value with `reach` neighbours on both sides, as far as there are any.
fn running_mean(points: &[(f64, f64)], reach: usize) -> Vec<(f64, f64)> {
    (0..points.len())
        .map(|i| {
            let near = &points[i.saturating_sub(reach)..(i + reach + 1).min(points.len())];
            (points[i].0, near.iter().map(|p| p.1).sum::<f64>() / near.len() as f64)
        })
        .collect()
}
