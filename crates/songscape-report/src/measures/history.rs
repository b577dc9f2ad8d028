//! The training, thinned and smoothed.

use super::distribution::range;
use crate::input::HistoryStep;

/// More points than this on a line cannot be seen.
const POINTS: usize = 2_000;
/// Steps at the end whose mean is the final loss.
const END: usize = 10;

/// One quantity over the steps.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Curve {
    /// `(step, value)`, thinned by means.
    pub points: Vec<(f64, f64)>,
    /// The running mean of the points.
    pub smooth: Vec<(f64, f64)>,
    /// How many steps of the history the running mean is taken over.
    pub reach: usize,
}

impl Curve {
    /// `None` where no step has the quantity.
    pub fn new(
        history: &[HistoryStep],
        value: impl Fn(&HistoryStep) -> Option<f64>,
    ) -> Option<Self> {
        let known: Vec<(f64, f64)> =
            history.iter().filter_map(|s| Some((s.step as f64, value(s)?))).collect();
        if known.is_empty() {
            return None;
        }
        let each = known.len().div_ceil(POINTS);
        let points: Vec<_> = known.chunks(each).map(mean).collect();
        let half = (points.len() / 40).max(1);
        let smooth = (0..points.len()).map(|i| {
            let near = &points[i.saturating_sub(half)..(i + half + 1).min(points.len())];
            (points[i].0, mean(near).1)
        });
        let smooth = smooth.collect();
        Some(Self { points, smooth, reach: (each * (2 * half + 1)).min(known.len()) })
    }

    /// From the least to the greatest of the points.
    pub fn range(&self) -> (f64, f64) {
        range(&self.points.iter().map(|p| p.1).collect::<Vec<_>>())
    }
}

/// The mean loss of the last steps, and how many they are; `None` without any.
pub(crate) fn final_loss(history: &[HistoryStep]) -> Option<(f64, usize)> {
    let end = &history[history.len() - history.len().min(END)..];
    let sum: f64 = end.iter().map(|step| step.loss).sum();
    (!end.is_empty()).then(|| (sum / end.len() as f64, end.len()))
}

fn mean(part: &[(f64, f64)]) -> (f64, f64) {
    let sum = part.iter().fold((0.0, 0.0), |sum, p| (sum.0 + p.0, sum.1 + p.1));
    (sum.0 / part.len() as f64, sum.1 / part.len() as f64)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_long_history_is_thinned_by_means() {
        let history: Vec<HistoryStep> = (0..4000)
            .map(|step| HistoryStep { step, loss: (step % 2) as f64, ..HistoryStep::default() })
            .collect();
        let curve = Curve::new(&history, |step| Some(step.loss)).unwrap();
        assert_eq!(
            (curve.points.len(), curve.points[0], curve.range()),
            (2000, (0.5, 0.5), (0.5, 0.5))
        );
        assert_eq!(curve.reach, 2 * 101);
        assert_eq!(Curve::new(&history, |step| step.accuracy), None);
        assert_eq!(final_loss(&history), Some((0.5, 10)));
        assert_eq!(final_loss(&[]), None);
    }
}
