//! The training history: loss, accuracy and learning rate over the steps.

use super::panel::{Margins, Panel};
use super::text::{Axis, counted, ticks};
use super::{Drawn, Figure};
use crate::input::{HistoryStep, ReportInput};

/// More points than this on a line cannot be seen.
const POINTS: usize = 2_000;
const RAW: [u8; 3] = [0xb9, 0xd2, 0xe6];
const MEAN: [u8; 3] = [0x00, 0x4f, 0x86];
const WIDTH: f64 = 900.0;
/// Room over the axes of the second and third curve for its name.
const NAME: f64 = 46.0;

pub(super) fn draw(input: &ReportInput) -> Drawn {
    let history = &input.history;
    let (Some(first), Some(last)) = (history.first(), history.last()) else {
        return Err("there is no training history");
    };
    let x = (first.step as f64, last.step as f64);
    let curves: Vec<Curve> = [
        Curve::new("Loss", 330.0, history, |step| Some(step.loss)),
        Curve::new("Accuracy in the batch, %", 150.0, history, |s| s.accuracy.map(|a| 100.0 * a))
            .map(|curve| Curve { range: (0.0, 100.0), ..curve }),
        // It is set, not measured: there is nothing to smooth.
        Curve::new("Learning rate in units of 1e-4", 100.0, history, |s| {
            s.learning_rate.map(|r| r * 1e4)
        })
        .map(|curve| Curve { smooth: false, ..curve }),
    ]
    .into_iter()
    .flatten()
    .collect();
    let each = history.len().div_ceil(POINTS);
    let thin = history.len().div_ceil(each);
    let reach = (thin / 40).max(1);
    let end = &history[history.len() - history.len().min(10)..];
    let loss = end.iter().map(|step| step.loss).sum::<f64>() / end.len() as f64;
    let note = format!(
        "{}; light: as measured, dark: running mean over {}; loss at the end {} (mean of {})",
        counted(history.len(), "step", "steps"),
        counted((each * (2 * reach + 1)).min(history.len()), "step", "steps"),
        format!("{loss:.3}").replace('-', "−"),
        counted(end.len(), "step", "steps"),
    );
    let margins = Margins { left: 62.0, right: 24.0, bottom: 62.0 };
    let title = "Training";
    let notes = std::slice::from_ref(&note);
    let body = curves.iter().map(|c| c.height + NAME).sum::<f64>() - NAME;
    let head = Panel::new((WIDTH, body), margins, title, notes, x, (0.0, 1.0)).top;
    let size = (WIDTH, head + body + margins.bottom);
    let mut panel = Panel::new(size, margins, title, notes, x, (0.0, 1.0));
    let mut top = head;
    for (i, curve) in curves.iter().enumerate() {
        let corner = (WIDTH - margins.right, top + curve.height);
        panel.axes((margins.left, top), corner, x, curve.range);
        panel.y_ticks(&ticks(curve.range, (curve.height / 45.0) as usize, Axis::Decimal));
        if i + 1 == curves.len() {
            panel.x_ticks(&ticks(x, 9, Axis::Whole), true);
        } else {
            panel.x_grid(&ticks(x, 9, Axis::Whole));
        }
        let mean = running_mean(&curve.points, reach);
        let raw = if curve.smooth { RAW } else { MEAN };
        let lines =
            [(&curve.points, raw, if curve.smooth { 1.2 } else { 2.2 }), (&mean, MEAN, 2.2)];
        for (line, ink, width) in lines.into_iter().take(if curve.smooth { 2 } else { 1 }) {
            let points: Vec<_> = line.iter().map(|p| (panel.px(p.0), panel.py(p.1))).collect();
            panel.line(&points, ink, width);
            if let [point] = points[..] {
                panel.circle(point, 3.0, ink, 1.0);
            }
        }
        panel.frame();
        panel.labels(if i + 1 == curves.len() { "Step" } else { "" }, curve.name);
        top += curve.height + NAME;
    }
    Ok(Figure::new(panel, format!("{title}. {note}.")))
}

/// One quantity over the steps, thinned by means.
struct Curve {
    name: &'static str,
    height: f64,
    points: Vec<(f64, f64)>,
    range: (f64, f64),
    /// Whether its running mean is drawn over it.
    smooth: bool,
}

impl Curve {
    /// `None` where no step has the quantity.
    fn new(
        name: &'static str,
        height: f64,
        history: &[HistoryStep],
        value: impl Fn(&HistoryStep) -> Option<f64>,
    ) -> Option<Self> {
        let known: Vec<(f64, f64)> =
            history.iter().filter_map(|s| Some((s.step as f64, value(s)?))).collect();
        let mean = |part: &[(f64, f64)]| {
            let sum = part.iter().fold((0.0, 0.0), |sum, p| (sum.0 + p.0, sum.1 + p.1));
            (sum.0 / part.len() as f64, sum.1 / part.len() as f64)
        };
        let points: Vec<_> =
            known.chunks(history.len().div_ceil(POINTS).max(1)).map(mean).collect();
        let values: Vec<f64> = points.iter().map(|p| p.1).collect();
        let (low, high) = super::distribution::range(&values);
        let room = ((high - low) * 0.05).max(1e-3);
        let range = (low - room, high + room);
        (!points.is_empty()).then_some(Self { name, height, points, range, smooth: true })
    }
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
