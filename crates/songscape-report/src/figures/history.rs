//! The training history: loss, accuracy and learning rate over the steps.

use super::panel::{Margins, Panel};
use super::text::{Axis, counted, signed, ticks};
use super::{Drawn, Figure};
use crate::input::ReportInput;
use crate::measures::history::{Curve, final_loss};

const RAW: [u8; 3] = [0xb9, 0xd2, 0xe6];
const MEAN: [u8; 3] = [0x00, 0x4f, 0x86];
const WIDTH: f64 = 900.0;
/// Room over the axes of the second and third curve for its name.
const NAME: f64 = 46.0;

/// A curve as it is drawn.
struct Axes {
    name: &'static str,
    height: f64,
    range: (f64, f64),
    curve: Curve,
    /// Whether it was measured: only then its running mean is drawn over it.
    measured: bool,
}

impl Axes {
    fn new(name: &'static str, height: f64, curve: Curve) -> Self {
        let (low, high) = curve.range();
        let room = ((high - low) * 0.05).max(1e-3);
        Self { name, height, range: (low - room, high + room), curve, measured: true }
    }
}

pub(super) fn draw(input: &ReportInput) -> Drawn {
    let history = &input.history;
    let (Some(first), Some(last), Some((loss, steps))) =
        (history.first(), history.last(), final_loss(history))
    else {
        return Err("there is no training history");
    };
    let x = (first.step as f64, last.step as f64);
    let of = |value: fn(&crate::HistoryStep) -> Option<f64>| Curve::new(history, value);
    let loss_curve = of(|step| Some(step.loss)).map(|curve| Axes::new("Loss", 330.0, curve));
    let accuracy = of(|step| step.accuracy.map(|a| 100.0 * a)).map(|curve| Axes {
        range: (0.0, 100.0),
        ..Axes::new("Accuracy within the batch in %", 150.0, curve)
    });
    let rate = of(|step| step.learning_rate.map(|r| r * 1e4)).map(|curve| Axes {
        measured: false,
        ..Axes::new("Learning rate in ten-thousandths", 100.0, curve)
    });
    let curves: Vec<Axes> = [loss_curve, accuracy, rate].into_iter().flatten().collect();
    let notes = [format!(
        "{}; light: as measured, dark: running mean over {}; final loss {} (mean of the last {})",
        counted(history.len(), "step", "steps"),
        curves.first().map_or(0, |axes| axes.curve.reach),
        signed(loss, 3),
        counted(steps, "step", "steps"),
    )];
    let margins = Margins { left: 62.0, right: 24.0, bottom: 62.0 };
    let title = "Training";
    let body = curves.iter().map(|c| c.height + NAME).sum::<f64>() - NAME;
    let head = Panel::new((WIDTH, body), margins, title, &notes, x, (0.0, 1.0)).top;
    let size = (WIDTH, head + body + margins.bottom);
    let mut panel = Panel::new(size, margins, title, &notes, x, (0.0, 1.0));
    let mut top = head;
    for (i, Axes { name, height, range, curve, measured }) in curves.iter().enumerate() {
        panel.axes((margins.left, top), (WIDTH - margins.right, top + height), x, *range);
        panel.y_ticks(&ticks(*range, (height / 45.0) as usize, Axis::Decimal));
        if i + 1 == curves.len() {
            panel.x_ticks(&ticks(x, 9, Axis::Whole), true);
        } else {
            panel.x_grid(&ticks(x, 9, Axis::Whole));
        }
        let lines: &[_] = if *measured {
            &[(&curve.points, RAW, 1.2), (&curve.smooth, MEAN, 2.2)]
        } else {
            &[(&curve.points, MEAN, 2.2)]
        };
        for &(line, ink, width) in lines {
            let points: Vec<_> = line.iter().map(|p| (panel.px(p.0), panel.py(p.1))).collect();
            panel.line(&points, ink, width);
            if let [point] = points[..] {
                panel.circle(point, 3.0, ink, 1.0);
            }
        }
        panel.frame();
        panel.labels(if i + 1 == curves.len() { "Step" } else { "" }, name);
        top += height + NAME;
    }
    let caption = "How the training went. The accuracy is the share of crops whose match within the \
                   batch is their nearest neighbor; it depends on the batch size and says little \
                   about whole songs.";
    Ok(Figure::new(panel, title, &notes, caption.into()))
}
