use super::Curve;

/// Exponents of two that the tables cover: squared distances from 2^−24 to 2^24.
const LOWEST: i32 = -24;
const HIGHEST: i32 = 24;
/// Segments of an octave: 2 to the power of this.
const SEGMENT_BITS: u32 = 6;
const SHIFT: u32 = 23 - SEGMENT_BITS;

/// The gradients of the cross entropy by the position of a point, divided by the difference of the
/// positions, as functions of the squared distance.
///
/// They are piecewise linear, with 64 segments for every octave of the squared distance, within
/// 2·10⁻⁴ of the functions; powers would take most of the time of a layout, and they are not the same
/// on every platform.
pub(super) struct Forces {
    pull: Vec<(f32, f32)>,
    push: Vec<(f32, f32)>,
}

impl Forces {
    pub fn new(curve: &Curve) -> Self {
        let Curve { a, b } = *curve;
        let pull = |d2: f64| -2.0 * a * b * d2.powf(b - 1.0) / (1.0 + a * d2.powf(b));
        // Kept finite at 0.
        let push = |d2: f64| 2.0 * b / ((0.001 + d2) * (1.0 + a * d2.powf(b)));
        Self { pull: table(pull), push: table(push) }
    }

    /// The factor of the pull: the gradient of `−log closeness`, negative.
    #[inline]
    pub fn pull(&self, squared_distance: f32) -> f32 {
        look_up(&self.pull, squared_distance)
    }

    /// The factor of the push: the gradient of `−log(1 − closeness)`, positive.
    #[inline]
    pub fn push(&self, squared_distance: f32) -> f32 {
        look_up(&self.push, squared_distance)
    }
}

/// For each segment the value at its start and the rise to its end.
fn table(f: impl Fn(f64) -> f64) -> Vec<(f32, f32)> {
    let segments = 1 << SEGMENT_BITS;
    (LOWEST..HIGHEST)
        .flat_map(|exponent| (0..segments).map(move |s| (exponent, s)))
        .map(|(exponent, segment)| {
            let at = |s: i32| f(2f64.powi(exponent) * (1.0 + f64::from(s) / f64::from(segments)));
            (at(segment) as f32, (at(segment + 1) - at(segment)) as f32)
        })
        .collect()
}

/// The upper bits of a float32 number the segment, the lower ones the place in it.
#[inline]
fn look_up(table: &[(f32, f32)], x: f32) -> f32 {
    let first = ((127 + LOWEST) as u32) << SEGMENT_BITS;
    let bits = x.to_bits();
    let segment = (bits >> SHIFT).saturating_sub(first).min(table.len() as u32 - 1);
    let place = (bits & ((1 << SHIFT) - 1)) as f32 / (1 << SHIFT) as f32;
    let (value, rise) = table[segment as usize];
    value + rise * place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_follow_the_functions() {
        let curve = Curve { a: 1.577, b: 0.895 };
        let forces = Forces::new(&curve);
        for i in 0..4000 {
            let d2 = 2f64.powf(f64::from(i) / 100.0 - 20.0);
            let power = d2.powf(curve.b);
            let pull = -2.0 * curve.a * curve.b * power / d2 / (1.0 + curve.a * power);
            let push = 2.0 * curve.b / ((0.001 + d2) * (1.0 + curve.a * power));
            assert!((f64::from(forces.pull(d2 as f32)) / pull - 1.0).abs() < 2e-4, "{d2}");
            assert!((f64::from(forces.push(d2 as f32)) / push - 1.0).abs() < 2e-4, "{d2}");
        }
        for extreme in [0.0, f32::MIN_POSITIVE, 1e30] {
            assert!(forces.pull(extreme).is_finite() && forces.push(extreme).is_finite());
        }
    }
}
