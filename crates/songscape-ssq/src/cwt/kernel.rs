//! The interpolation kernel: from coefficients at a low rate to the rate of the signal.
//!
//! A band-limited function is the convolution of its samples with a short kernel if its spectrum is
//! first divided by the kernel's own (Dutt, Rokhlin 1993; Kaiser–Bessel kernels: Jackson et al.
//! 1991; error bounds: Barnett, Magland, af Klinteberg 2019). Here the division is part of the
//! wavelet's filter and costs nothing.

use std::f64::consts::PI;

use crate::real::Real;

/// Outputs that are computed side by side, in vector registers.
pub(super) const LANES: usize = 16;

/// The Kaiser–Bessel function φ(z) = I₀(β√(1 − (2z/K)²))/I₀(β), K cells wide.
#[derive(Debug, Clone, Copy)]
pub(super) struct KaiserBessel {
    width: usize,
    beta: f64,
}

impl KaiserBessel {
    /// The kernel for a precision: as wide as it takes to stay below the precision's own errors.
    pub fn new<T: Real>() -> Self {
        let width = T::KERNEL_WIDTH;
        // Beatty, Nishimura, Pauly 2005, where it is slightly larger.
        let beta = 0.99 * PI * width as f64 * (1.0 - 0.5 / T::OVERSAMPLING);
        Self { width, beta }
    }

    fn value(self, z: f64) -> f64 {
        let s = 1.0 - (2.0 * z / self.width as f64).powi(2);
        if s < 0.0 { 0.0 } else { bessel_i0(self.beta * s.sqrt()) / bessel_i0(self.beta) }
    }

    /// φ'(z).
    fn slope(self, z: f64) -> f64 {
        let width = self.width as f64;
        let s = 1.0 - (2.0 * z / width).powi(2);
        if s < 0.0 {
            return 0.0;
        }
        let x = self.beta * s.sqrt();
        -4.0 * z / (width * width) * self.beta.powi(2) * bessel_i1_over(x) / bessel_i0(self.beta)
    }

    /// φ''(z).
    fn curvature(self, z: f64) -> f64 {
        let slope = 4.0 * (self.beta / self.width as f64).powi(2);
        let s = 1.0 - (2.0 * z / self.width as f64).powi(2);
        if s < 0.0 {
            return 0.0;
        }
        let x = self.beta * s.sqrt();
        let bracket = bessel_i1_over(x) - slope * z * z * bessel_i2_over(x);
        -slope * bracket / bessel_i0(self.beta)
    }

    /// φ's Fourier transform at `frequency` cycles a cell, within the band.
    pub fn spectrum(self, frequency: f64) -> f64 {
        let s = (self.beta.powi(2) - (PI * self.width as f64 * frequency).powi(2)).sqrt();
        self.width as f64 * s.sinh() / (s * bessel_i0(self.beta))
    }
}

/// The kernel at the offsets of all outputs within a cell.
#[derive(Debug, Clone)]
pub(super) struct Kernel<T> {
    /// Outputs in a cell, a power of two.
    pub per_cell: usize,
    /// Cells that [`LANES`] outputs in a row depend on.
    pub taps: usize,
    /// How many of these are before the cell of the first output.
    pub before: usize,
    /// Weights of the cells for [`LANES`] outputs, `[parts, taps]`, with `per_cell / LANES` parts
    /// (at least 1) in a cell.
    pub values: Vec<[T; LANES]>,
    /// Weights for the derivative per second.
    pub slopes: Vec<[T; LANES]>,
    /// Weights for the second derivative per second; none where it is not asked for.
    pub curvatures: Vec<[T; LANES]>,
}

impl<T: Real> Kernel<T> {
    pub fn new(
        shape: KaiserBessel,
        per_cell: usize,
        sampling_rate: f64,
        second_order: bool,
    ) -> Self {
        let parts = (per_cell / LANES).max(1);
        let taps = shape.width + LANES.div_ceil(per_cell) - 1;
        let before = shape.width / 2 - 1;
        let table = |f: &dyn Fn(f64) -> f64| -> Vec<[T; LANES]> {
            let rows = (0..parts).flat_map(|part| (0..taps).map(move |tap| (part, tap)));
            rows.map(|(part, tap)| {
                let cell = tap as f64 - before as f64;
                std::array::from_fn(|lane| {
                    T::of(f((part * LANES + lane) as f64 / per_cell as f64 - cell))
                })
            })
            .collect()
        };
        let values = table(&|z| shape.value(z));
        let per_second = sampling_rate / per_cell as f64;
        let slopes = table(&|z| shape.slope(z) * per_second);
        let curvature = |z| shape.curvature(z) * per_second * per_second;
        let curvatures = if second_order { table(&curvature) } else { vec![] };
        Self { per_cell, taps, before, values, slopes, curvatures }
    }
}

/// I₀(x), by its power series.
fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let (mut term, mut sum) = (1.0, 1.0);
    for k in 1..200 {
        term *= quarter / f64::from(k * k);
        sum += term;
    }
    sum
}

/// I₁(x)/x, by its power series.
fn bessel_i1_over(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let (mut term, mut sum) = (0.5, 0.5);
    for k in 1..200 {
        term *= quarter / f64::from(k * (k + 1));
        sum += term;
    }
    sum
}

/// I₂(x)/x², by its power series.
fn bessel_i2_over(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let (mut term, mut sum) = (0.125, 0.125);
    for k in 1..200 {
        term *= quarter / f64::from(k * (k + 2));
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_complex::Complex64;

    /// Largest error of exp(iωt) and its derivatives (over the highest frequency) in the band.
    fn errors<T: Real>(per_cell: usize) -> [f64; 3] {
        let shape = KaiserBessel::new::<T>();
        let kernel = Kernel::<f64>::new(shape, per_cell, 1.0, true);
        let mut worst = [0f64; 3];
        let highest = PI / T::OVERSAMPLING;
        for step in -50..=50 {
            let angle = highest * f64::from(step) / 50.0; // a cell
            let cell = |tap: usize| {
                let at = tap as f64 - kernel.before as f64;
                Complex64::cis(angle * at) / shape.spectrum(angle / (2.0 * PI))
            };
            let tables = [&kernel.values, &kernel.slopes, &kernel.curvatures];
            for (order, table) in tables.into_iter().enumerate() {
                for (part, rows) in table.chunks(kernel.taps).enumerate() {
                    for lane in 0..LANES {
                        let taps = rows.iter().enumerate();
                        let sum: Complex64 = taps.map(|(tap, row)| cell(tap) * row[lane]).sum();
                        let at = (part * LANES + lane) as f64 / per_cell as f64;
                        let turn = Complex64::new(0.0, angle).powu(order as u32);
                        let exact = turn * Complex64::cis(angle * at);
                        let scale = (per_cell as f64 / highest).powi(order as i32);
                        let exact = exact * highest.powi(-(order as i32));
                        worst[order] = worst[order].max((sum * scale - exact).norm());
                    }
                }
            }
        }
        worst
    }

    #[test]
    fn interpolation_is_below_the_errors_of_the_precision() {
        for per_cell in [2, 4, 16, 64] {
            let [value, slope, curvature] = errors::<f32>(per_cell);
            assert!(value < 2e-7 && slope < 2e-6, "{per_cell}: {value:e} {slope:e}");
            assert!(curvature < 2e-5, "{per_cell}: {curvature:e}");
            let [value, slope, curvature] = errors::<f64>(per_cell);
            assert!(value < 5e-14 && slope < 5e-13, "{per_cell}: {value:e} {slope:e}");
            assert!(curvature < 5e-12, "{per_cell}: {curvature:e}");
        }
    }
}
