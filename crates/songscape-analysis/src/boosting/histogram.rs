//! Sums of gradients over rows, as integers.
//!
//! Gradients are rounded to integers of about 24 bits, the number of rows is counted in the low bits
//! of the same number, and so a row costs one addition. Sums of integers are exact: they do not
//! depend on the order of the rows, and the difference of two histograms is the histogram of the
//! difference. Only the choice of splits sees the rounding; leaf values come from the gradients
//! themselves.

/// Bits of the number of rows.
const ROW_BITS: u32 = 24;
/// Fewer rows than this can be counted.
pub(super) const MOST_ROWS: usize = 1 << ROW_BITS;
/// The sum of the absolute rounded gradients stays below 2 to the power of this.
const SUM_BITS: i32 = 62 - ROW_BITS as i32;

/// The sum over the rows of a bin or a leaf: of the gradients, of the weights, and their number.
pub(super) trait Cell: Copy + Default + Send + Sync {
    /// The cell of one row.
    fn row(gradient: i64, weight: i64) -> Self;
    fn plus(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
    fn gradient(self) -> i64;
    /// The sum of the weights, in units of [`Scale::weight`].
    fn weight(self) -> i64;
    fn rows(self) -> u32;
}

/// A cell where all weights are 1: their sum is the number of rows.
#[derive(Clone, Copy, Default)]
pub(super) struct Counted(i64);

/// A cell of rows with weights.
#[derive(Clone, Copy, Default)]
pub(super) struct Weighted(i64, i64);

const ROW_MASK: i64 = (1 << ROW_BITS) - 1;

impl Cell for Counted {
    #[inline(always)]
    fn row(gradient: i64, _weight: i64) -> Self {
        Self((gradient << ROW_BITS) + 1)
    }
    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
    #[inline(always)]
    fn gradient(self) -> i64 {
        self.0 >> ROW_BITS
    }
    #[inline(always)]
    fn weight(self) -> i64 {
        self.0 & ROW_MASK
    }
    #[inline(always)]
    fn rows(self) -> u32 {
        (self.0 & ROW_MASK) as u32
    }
}

impl Cell for Weighted {
    #[inline(always)]
    fn row(gradient: i64, weight: i64) -> Self {
        Self((gradient << ROW_BITS) + 1, weight)
    }
    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        Self(self.0 + other.0, self.1 + other.1)
    }
    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        Self(self.0 - other.0, self.1 - other.1)
    }
    #[inline(always)]
    fn gradient(self) -> i64 {
        self.0 >> ROW_BITS
    }
    #[inline(always)]
    fn weight(self) -> i64 {
        self.1
    }
    #[inline(always)]
    fn rows(self) -> u32 {
        (self.0 & ROW_MASK) as u32
    }
}

/// The units of rounded gradients and weights: powers of two.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    pub gradient: f64,
    pub weight: f64,
}

impl Scale {
    /// The finest units in which no sum overflows. Weights that are all 1 are counted as they are.
    pub fn new(gradients: &[f32], weights: Option<&[f32]>) -> Self {
        let unit = |values: &[f32]| {
            let sum: f64 = values.iter().map(|v| f64::from(v.abs())).sum();
            // Room for the rounding of each value, too.
            if sum > 0.0 { 2f64.powi(sum.log2().ceil() as i32 + 1 - SUM_BITS) } else { 1.0 }
        };
        Self { gradient: unit(gradients), weight: weights.map_or(1.0, unit) }
    }

    pub fn cell<C: Cell>(self, gradient: f32, weight: f32) -> C {
        C::row(
            (f64::from(gradient) / self.gradient).round() as i64,
            (f64::from(weight) / self.weight).round() as i64,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums<C: Cell>(weights: &[f32]) {
        let gradients: Vec<f32> = (0..1000).map(|i| ((i * 37) % 101) as f32 - 70.0).collect();
        let scale = Scale::new(&gradients, Some(weights));
        let all: Vec<C> = gradients.iter().zip(weights).map(|(&g, &w)| scale.cell(g, w)).collect();
        let total = all.iter().fold(C::default(), |a, &b| a.plus(b));
        let part = all[..300].iter().fold(C::default(), |a, &b| a.plus(b));
        let rest = total.minus(part);
        let expected: f64 = gradients[300..].iter().map(|&g| f64::from(g)).sum();
        assert_eq!(rest.rows(), 700);
        assert!((rest.gradient() as f64 * scale.gradient - expected).abs() < 1e-4);
    }

    #[test]
    fn sums_of_both_signs_keep_their_count() {
        sums::<Counted>(&[1.0; 1000]);
        let weights: Vec<f32> = (0..1000).map(|i| (i % 5) as f32 * 0.3).collect();
        sums::<Weighted>(&weights);
    }

    #[test]
    fn extreme_gradients_do_not_overflow() {
        for size in [1e-30_f32, 1e30] {
            let gradients = [size; 100];
            let scale = Scale::new(&gradients, None);
            let total = gradients
                .iter()
                .map(|&g| scale.cell::<Counted>(g, 1.0))
                .fold(Counted::default(), Counted::plus);
            let expected = 100.0 * f64::from(size);
            assert!((total.gradient() as f64 * scale.gradient / expected - 1.0).abs() < 1e-6);
            assert_eq!(total.rows(), 100);
        }
    }
}
