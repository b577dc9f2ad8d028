//! In which variable a list of scales is spaced, and what each scale then stands for.

/// The variable in which integrals over scales ∫ … ds/s are taken as sums.
///
/// A scale stands for half the distance between its neighbours (at the ends, the distance to its
/// only neighbour), measured in this variable, and carried over to ln s: ds/s = d ln s = −df/f. So
/// the sum is the trapezoidal rule in the variable in which the list is evenly spaced, which is
/// what makes it accurate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Variable {
    /// ln s.
    #[default]
    Logarithm,
    /// s: equal steps of the scale.
    Scale,
    /// 1/s: equal steps of the frequency.
    Frequency,
}

/// How much steps of an even list may differ, relative to themselves: as much as lists written
/// with six digits do.
const TOLERANCE: f64 = 1e-5;

impl Variable {
    const ALL: [Self; 3] = [Self::Logarithm, Self::Scale, Self::Frequency];

    /// The variable in which a list is evenly spaced; the logarithm where it is in none.
    pub(super) fn of(scales: &[f64]) -> Self {
        // Two scales are evenly spaced in every variable.
        let even = |variable: &Self| {
            let steps: Vec<f64> =
                scales.windows(2).map(|pair| variable.at(pair[1]) - variable.at(pair[0])).collect();
            let mean = steps.iter().sum::<f64>() / steps.len() as f64;
            // Rounding of the scales themselves shows in the differences.
            let largest = scales.iter().map(|s| variable.at(*s).abs()).fold(0.0, f64::max);
            let slack = TOLERANCE * mean.abs() + 4.0 * f64::EPSILON * largest;
            steps.iter().all(|step| (step - mean).abs() <= slack)
        };
        Self::ALL.into_iter().find(even).unwrap_or_default()
    }

    fn at(self, scale: f64) -> f64 {
        match self {
            Self::Logarithm => scale.ln(),
            Self::Scale => scale,
            Self::Frequency => -1.0 / scale,
        }
    }

    /// Δ ln s for every scale of an ascending list.
    pub(super) fn log_steps(self, scales: &[f64]) -> Vec<f64> {
        let last = scales.len().saturating_sub(1);
        let step = |i: usize| {
            let (before, after) = (i.saturating_sub(1), (i + 1).min(last));
            if after == before {
                return 1.0;
            }
            let neighbors = (after - before) as f64;
            match self {
                Self::Logarithm => (scales[after] / scales[before]).ln() / neighbors,
                Self::Scale => (scales[after] - scales[before]) / neighbors / scales[i],
                Self::Frequency => {
                    (scales[i] / scales[before] - scales[i] / scales[after]) / neighbors
                }
            }
        };
        (0..scales.len()).map(step).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_what_they_are() {
        let list = |f: &dyn Fn(f64) -> f64| (0..50).map(|i| f(f64::from(i))).collect::<Vec<_>>();
        assert_eq!(Variable::of(&list(&|i| 2.0 + 0.3 * i)), Variable::Scale);
        assert_eq!(Variable::of(&list(&|i| 2.0 * 1.03f64.powf(i))), Variable::Logarithm);
        assert_eq!(Variable::of(&list(&|i| 1.0 / (0.9 - 0.01 * i))), Variable::Frequency);
        assert_eq!(Variable::of(&list(&|i| 1.0 + i.powi(3))), Variable::Logarithm);
        assert_eq!(Variable::of(&[3.0]), Variable::Logarithm);
    }

    #[test]
    fn steps_add_up_to_the_integral() {
        // ∫ ds/s from 2 to 17, but for what the ends stand for beyond the list.
        let scales: Vec<f64> = (0..=1500).map(|i| 2.0 + 0.01 * f64::from(i)).collect();
        for variable in Variable::ALL {
            let steps = variable.log_steps(&scales);
            let sum = steps.iter().sum::<f64>() - 0.5 * (steps[0] + steps[1500]);
            assert!((sum - (17f64 / 2.0).ln()).abs() < 1e-4, "{variable:?} {sum}");
        }
    }
}
