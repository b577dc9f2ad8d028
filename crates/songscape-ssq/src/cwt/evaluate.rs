//! Coefficients at the signal's rate, from those at a low rate, in vector code.

// A lane is an index into several arrays.
#![allow(clippy::needless_range_loop)]

use multiversion::multiversion;
use multiversion::target::target_cfg_f;
use num_complex::Complex;

use super::kernel::{Kernel, LANES};
use crate::real::Real;

/// Samples for which the carrier's phase is computed anew, so that rounding errors do not add up.
const TURN: usize = 1024;

/// The carrier exp(2πi·k·n/B) of one row, in the tables that its values are products of.
#[derive(Debug, Clone)]
pub(super) struct Carrier<T> {
    /// k.
    pub bin: usize,
    /// B.
    pub block: usize,
    /// Angular frequency, rad/s.
    pub angular: T,
    /// exp(2πi·k·n/B) for n = 0, LANES, 2·LANES … below [`TURN`].
    coarse: Vec<Complex<T>>,
    /// The same for n = 0 … LANES − 1, real and imaginary parts.
    fine: ([T; LANES], [T; LANES]),
}

impl<T: Real> Carrier<T> {
    pub fn new(bin: usize, block: usize, sampling_rate: f64) -> Self {
        let coarse = (0..TURN / LANES).map(|i| turn(bin, i * LANES, block)).collect();
        let fine = |part: fn(Complex<T>) -> T| std::array::from_fn(|n| part(turn(bin, n, block)));
        let angular = T::of(std::f64::consts::TAU * bin as f64 * sampling_rate / block as f64);
        Self { bin, block, angular, coarse, fine: (fine(|z| z.re), fine(|z| z.im)) }
    }
}

/// exp(2πi·bin·n/block).
fn turn<T: Real>(bin: usize, n: usize, block: usize) -> Complex<T> {
    // Below 2^64: both factors are below 2^32.
    let phase = (bin as u64 * n as u64 % block as u64) as f64 / block as f64;
    let (sin, cos) = (std::f64::consts::TAU * phase).sin_cos();
    Complex::new(T::of(cos), T::of(sin))
}

/// A stretch of one row within a block.
pub(crate) struct Stretch<'a, T> {
    /// Coefficients at the low rate, moved to bin 0: those of the block's useful part and what the
    /// kernel needs around them.
    pub(super) cells: &'a [Complex<T>],
    /// The same for the wavelet times time (but for −i); empty where no second-order frequencies
    /// are asked for.
    pub(super) moments: &'a [Complex<T>],
    pub(super) kernel: &'a Kernel<T>,
    pub(super) carrier: &'a Carrier<T>,
    /// First output, counted from the start of the useful part; a multiple of [`LANES`].
    pub(super) start: usize,
    /// Samples of the block before its useful part.
    pub(super) guard: usize,
}

/// W and what its derivative is made of at [`LANES`] outputs, both without the carrier.
struct Tile<T> {
    w: ([T; LANES], [T; LANES]),
    slope: ([T; LANES], [T; LANES]),
    /// The carrier.
    turn: ([T; LANES], [T; LANES]),
}

impl<T: Real> Tile<T> {
    #[inline(always)]
    fn values<const FMA: bool>(&self) -> [Complex<T>; LANES] {
        let mut values = [Complex::new(T::zero(), T::zero()); LANES];
        for (lane, value) in values.iter_mut().enumerate() {
            let (re, im) = (self.w.0[lane], self.w.1[lane]);
            let (cos, sin) = (self.turn.0[lane], self.turn.1[lane]);
            value.re = multiply_add::<T, FMA>(re, cos, -(im * sin));
            value.im = multiply_add::<T, FMA>(re, sin, im * cos);
        }
        values
    }
}

/// a·b + c, in one step where the machine has one.
#[inline(always)]
fn multiply_add<T: Real, const FMA: bool>(a: T, b: T, c: T) -> T {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

impl<T: Real> Stretch<'_, T> {
    #[inline(always)]
    fn tiles<const SLOPES: bool, const FMA: bool>(
        &self,
        count: usize,
        mut each: impl FnMut(usize, &Tile<T>),
    ) {
        let Kernel { per_cell, taps, ref values, ref slopes, .. } = *self.kernel;
        let shift = per_cell.trailing_zeros();
        let mut turn_start = usize::MAX;
        let mut turned = Complex::new(T::zero(), T::zero());
        for from in (0..count).step_by(LANES) {
            let n = self.start + from;
            if n - n % TURN != turn_start {
                turn_start = n - n % TURN;
                turned = turn(self.carrier.bin, self.guard + turn_start, self.carrier.block);
            }
            let carrier = turned * self.carrier.coarse[n % TURN / LANES];
            let cell = n >> shift;
            let part = (n & (per_cell - 1)) / LANES;
            let cells = &self.cells[cell..cell + taps];
            let values = &values[part * taps..][..taps];
            let slopes = &slopes[part * taps..][..taps];

            let zero = [T::zero(); LANES];
            let (mut re, mut im, mut slope_re, mut slope_im) = (zero, zero, zero, zero);
            for ((cell, value), slope) in cells.iter().zip(values).zip(slopes) {
                for lane in 0..LANES {
                    re[lane] = multiply_add::<T, FMA>(value[lane], cell.re, re[lane]);
                    im[lane] = multiply_add::<T, FMA>(value[lane], cell.im, im[lane]);
                }
                if SLOPES {
                    for lane in 0..LANES {
                        slope_re[lane] =
                            multiply_add::<T, FMA>(slope[lane], cell.re, slope_re[lane]);
                        slope_im[lane] =
                            multiply_add::<T, FMA>(slope[lane], cell.im, slope_im[lane]);
                    }
                }
            }
            let (mut cos, mut sin) = (zero, zero);
            let (fine_cos, fine_sin) = &self.carrier.fine;
            for lane in 0..LANES {
                let (c, s) = (fine_cos[lane], fine_sin[lane]);
                cos[lane] = multiply_add::<T, FMA>(c, carrier.re, -(s * carrier.im));
                sin[lane] = multiply_add::<T, FMA>(c, carrier.im, s * carrier.re);
            }
            each(from, &Tile { w: (re, im), slope: (slope_re, slope_im), turn: (cos, sin) });
        }
    }
}

/// Writes the values of a tile to the (up to) [`LANES`] places from `from` on.
#[inline(always)]
fn write<V: Copy>(out: &mut [V], from: usize, values: &[V; LANES]) {
    if let Some(whole) = out.get_mut(from..from + LANES) {
        whole.copy_from_slice(values);
    } else {
        let rest = &mut out[from..];
        rest.copy_from_slice(&values[..rest.len()]);
    }
}

/// W at the outputs of a stretch.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx2+fma", "x86_64+avx2+fma"))]
pub(crate) fn values<T: Real>(stretch: &Stretch<'_, T>, out: &mut [Complex<T>]) {
    const FMA: bool = target_cfg_f!(target_feature = "fma");
    stretch.tiles::<false, FMA>(
        out.len(),
        #[inline(always)]
        |from, tile| write(out, from, &tile.values::<FMA>()),
    );
}

/// W and ∂W/∂t (per second) at the outputs of a stretch.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx2+fma", "x86_64+avx2+fma"))]
pub(crate) fn values_and_derivatives<T: Real>(
    stretch: &Stretch<'_, T>,
    out: &mut [Complex<T>],
    derivatives: &mut [Complex<T>],
) {
    const FMA: bool = target_cfg_f!(target_feature = "fma");
    let angular = stretch.carrier.angular;
    stretch.tiles::<true, FMA>(
        out.len(),
        #[inline(always)]
        |from, tile| {
            write(out, from, &tile.values::<FMA>());
            // The product rule: the derivative without the carrier, plus i times the carrier's
            // angular frequency.
            let mut slope = (tile.slope.0, tile.slope.1);
            for lane in 0..LANES {
                slope.0[lane] = slope.0[lane] - angular * tile.w.1[lane];
                slope.1[lane] = slope.1[lane] + angular * tile.w.0[lane];
            }
            let derivative = Tile { w: slope, slope: tile.slope, turn: tile.turn };
            write(derivatives, from, &derivative.values::<FMA>());
        },
    );
}

/// W and log2 of its frequency ω in Hz at the outputs of a stretch; coefficients with a modulus up to
/// `threshold`, which have no frequency, become 0.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx2+fma", "x86_64+avx2+fma"))]
pub(crate) fn values_and_frequencies<T: Real>(
    stretch: &Stretch<'_, T>,
    threshold: T,
    out: &mut [Complex<T>],
    log_frequencies: &mut [T],
) {
    const FMA: bool = target_cfg_f!(target_feature = "fma");
    let angular = stretch.carrier.angular;
    let least = threshold * threshold;
    let per_turn = T::of(std::f64::consts::TAU.recip());
    stretch.tiles::<true, FMA>(
        out.len(),
        #[inline(always)]
        |from, tile| {
            let mut logs = [T::zero(); LANES];
            let mut w = tile.w;
            for lane in 0..LANES {
                let (re, im) = (tile.w.0[lane], tile.w.1[lane]);
                let energy = re * re + im * im;
                let beat = (tile.slope.1[lane] * re - tile.slope.0[lane] * im) / energy;
                let log = ((angular + beat) * per_turn).abs().fast_log2();
                let keep = energy > least;
                logs[lane] = if keep { log } else { T::zero() };
                w.0[lane] = if keep { re } else { T::zero() };
                w.1[lane] = if keep { im } else { T::zero() };
            }
            let kept = Tile { w, slope: tile.slope, turn: tile.turn };
            write(out, from, &kept.values::<FMA>());
            write(log_frequencies, from, &logs);
        },
    );
}

/// Sums over the taps of a kernel, for [`LANES`] outputs: real and imaginary parts.
#[inline(always)]
fn weigh<T: Real, const FMA: bool>(
    cells: &[Complex<T>],
    weights: &[[T; LANES]],
) -> ([T; LANES], [T; LANES]) {
    let (mut re, mut im) = ([T::zero(); LANES], [T::zero(); LANES]);
    for (cell, weights) in cells.iter().zip(weights) {
        for lane in 0..LANES {
            re[lane] = multiply_add::<T, FMA>(weights[lane], cell.re, re[lane]);
            im[lane] = multiply_add::<T, FMA>(weights[lane], cell.im, im[lane]);
        }
    }
    (re, im)
}

/// [`values_and_frequencies`] with frequencies of second order.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+avx2+fma", "x86_64+avx2+fma"))]
pub(crate) fn values_and_second_order_frequencies<T: Real>(
    stretch: &Stretch<'_, T>,
    threshold: T,
    out: &mut [Complex<T>],
    log_frequencies: &mut [T],
) {
    const FMA: bool = target_cfg_f!(target_feature = "fma");
    let angular = stretch.carrier.angular;
    let least = threshold * threshold;
    let per_turn = T::of(std::f64::consts::TAU.recip());
    let Kernel { per_cell, taps, .. } = *stretch.kernel;
    let shift = per_cell.trailing_zeros();
    stretch.tiles::<true, FMA>(
        out.len(),
        #[inline(always)]
        |from, tile| {
            let n = stretch.start + from;
            let cell = n >> shift;
            let part = (n & (per_cell - 1)) / LANES * taps;
            let cells = &stretch.cells[cell..cell + taps];
            let moments = &stretch.moments[cell..cell + taps];
            let kernel = stretch.kernel;
            let curvature = weigh::<T, FMA>(cells, &kernel.curvatures[part..part + taps]);
            let moment = weigh::<T, FMA>(moments, &kernel.values[part..part + taps]);
            let moment_slope = weigh::<T, FMA>(moments, &kernel.slopes[part..part + taps]);
            let mut logs = [T::zero(); LANES];
            let mut w = tile.w;
            let lane_of =
                |pair: &([T; LANES], [T; LANES]), lane: usize| (pair.0[lane], pair.1[lane]);
            for lane in 0..LANES {
                let b = lane_of(&tile.w, lane);
                let energy = b.0 * b.0 + b.1 * b.1;
                let beat = second_order_beat(
                    b,
                    energy,
                    lane_of(&tile.slope, lane),
                    lane_of(&curvature, lane),
                    lane_of(&moment, lane),
                    lane_of(&moment_slope, lane),
                );
                let log = ((angular + beat) * per_turn).abs().fast_log2();
                let keep = energy > least;
                logs[lane] = if keep { log } else { T::zero() };
                w.0[lane] = if keep { b.0 } else { T::zero() };
                w.1[lane] = if keep { b.1 } else { T::zero() };
            }
            let kept = Tile { w, slope: tile.slope, turn: tile.turn };
            write(out, from, &kept.values::<FMA>());
            write(log_frequencies, from, &logs);
        },
    );
}

/// The angular frequency, above that of the carrier, at the time of a coefficient b of a line
/// through the centre of the energy that the wavelet sees, of slope ∂ω̃/∂τ̃ (Oberlin and Meignen
/// 2017, eq. 14).
///
/// With p = ḃ/b, r = b̈/b, and Q, U the wavelet times time and its derivative over b (both but for
/// −i): Im p + Re[(r − p²)·Q/(1 − i(U − Q·p))]. Where the centre does not move there is no line:
/// first order.
#[inline(always)]
pub(crate) fn second_order_beat<T: Real>(
    b: (T, T),
    energy: T,
    slope: (T, T),
    curvature: (T, T),
    moment: (T, T),
    moment_slope: (T, T),
) -> T {
    let over = T::one() / energy;
    let ratio = (b.0 * over, -(b.1 * over)); // 1/b
    let (p, r) = (times(slope, ratio), times(curvature, ratio));
    let (q, u) = (times(moment, ratio), times(moment_slope, ratio));
    let (pp, qp) = (times(p, p), times(q, p));
    let numerator = times((r.0 - pp.0, r.1 - pp.1), q);
    // 1 − i(U − Q·p)
    let below = (T::one() + (u.1 - qp.1), -(u.0 - qp.0));
    let square = below.0 * below.0 + below.1 * below.1;
    let correction = (numerator.0 * below.0 + numerator.1 * below.1) / square;
    let finite = correction.abs() < T::max_value();
    p.1 + if finite { correction } else { T::zero() }
}

/// A product of complex numbers.
#[inline(always)]
fn times<T: Real>(a: (T, T), b: (T, T)) -> (T, T) {
    (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
}
