//! Two signals: where both are strong, and where they keep in step.

use ndarray::{Array2, ArrayView2, Axis, Zip};
use num_complex::{Complex, Complex64};
use rayon::prelude::*;
use rustfft::FftDirection;

use crate::cwt::CwtPlan;
use crate::filterbank::Norm;
use crate::phase::check_same_shape;
use crate::real::Real;
use crate::significance::RedNoise;
use crate::wavelet::Properties;
use crate::{Error, signal};

/// The cross-wavelet transform W_x·W_y*, `[rows, samples]`: its modulus is large where both signals
/// are strong, its argument is the phase by which x is ahead of y (Torrence and Compo 1998).
///
/// # Errors
/// [`Error::Length`] unless both have one shape.
pub fn cross_transform<T: Real>(
    x: ArrayView2<'_, Complex<T>>,
    y: ArrayView2<'_, Complex<T>>,
) -> Result<Array2<Complex<T>>, Error> {
    check_same_shape("the second transform", y.dim(), x.dim())?;
    Ok(Zip::from(x).and(y).par_map_collect(|x, y| x * y.conj()))
}

/// How far coherence is smoothed.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CoherenceParams {
    /// Width of the mean over scales, in octaves. `None`: the distance over which neighbouring scales
    /// are dependent, 0.6 for a Morlet wavelet of μ = 6 (Torrence and Compo 1998, table 2), in
    /// proportion to the bandwidth for others.
    pub octaves: Option<f64>,
}

/// The wavelet coherence of two signals.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Coherence<T> {
    /// R², 0 to 1, `[rows, samples]`: the squared correlation of the two signals around a time and
    /// a scale; 0 where either is silent.
    pub squared: Array2<T>,
    /// By how much x is ahead of y, radians, −π to π: the argument of the smoothed cross-wavelet
    /// transform, the angle of the arrows that are drawn over a coherence.
    pub phase: Array2<T>,
}

impl<T: Real> CwtPlan<T> {
    /// The coherence of two real signals: R² = |S(W_x·W_y*)|²/(S(|W_x|²)·S(|W_y|²)), S a mean over
    /// times, by a Gaussian as wide as the wavelet's own modulus, and over scales, by a boxcar
    /// (Torrence and Webster 1999; Grinsted, Moore, Jevrejeva 2004, eq. 9 and 10).
    ///
    /// # Errors
    /// As [`CwtPlan::transform`]; [`Error::Parameter`] for a width that is not positive.
    pub fn coherence(
        &self,
        x: &[T],
        y: &[T],
        params: &CoherenceParams,
    ) -> Result<Coherence<T>, Error> {
        let smoothing = Smoothing::new(self, params)?;
        let (x, y) = (self.transform(x)?, self.transform(y)?);
        let wide = |z: &Complex<T>| Complex64::new(z.re.wide(), z.im.wide());
        // Of rows that do not fit there is nothing to smooth, nor should they reach others.
        let number = |z: Complex64| if z.re.is_finite() { z } else { Complex64::default() };
        // The mean over scales is one of |W|² in L1 norm, which is the energy over the scale.
        let scales = self.scales().values();
        let l2 = self.params().norm == Norm::L2;
        let product = |a: &Array2<Complex<T>>, b: &Array2<Complex<T>>| {
            let product = Zip::from(a).and(b);
            let mut product = product.par_map_collect(|a, b| number(wide(a) * wide(b).conj()));
            for (mut row, scale) in product.outer_iter_mut().zip(scales).filter(|_| l2) {
                row.map_inplace(|z| *z /= *scale);
            }
            product
        };
        let cross = smoothing.apply(product(&x, &y));
        let (x, y) = (smoothing.apply(product(&x, &x)), smoothing.apply(product(&y, &y)));
        let squared = Zip::from(&cross).and(&x).and(&y).par_map_collect(|cross, x, y| {
            let power = x.re * y.re;
            let ratio = if power > 0.0 { cross.norm_sqr() / power } else { 0.0 };
            // Above 1 by rounding alone.
            T::of(ratio.min(1.0))
        });
        let phase = cross.map(|cross| T::of(cross.arg()));
        Ok(Coherence { squared, phase })
    }

    /// For each row the R² that two independent red noises stay below with this probability, by
    /// Monte Carlo: `count` pairs of signals from `seed`, without what lies in the cone of
    /// influence. `None` for rows that lie in it altogether.
    ///
    /// # Errors
    /// As [`CwtPlan::coherence`]; [`Error::Parameter`] for a count of 0.
    pub fn significant_coherence(
        &self,
        (x, y): (&RedNoise, &RedNoise),
        params: &CoherenceParams,
        probability: f64,
        count: usize,
        seed: u64,
    ) -> Result<Vec<Option<f64>>, Error> {
        /// R² is counted in as many classes.
        const CLASSES: usize = 4096;
        if count == 0 {
            return Err(Error::parameter("count", 0.0, "1 or more"));
        }
        let n = self.samples();
        let cone = self.cone_of_influence();
        let rate = self.params().sampling_rate;
        let narrow = |x: Vec<f64>| x.into_iter().map(T::of).collect::<Vec<T>>();
        let histograms = (0..count as u64)
            .into_par_iter()
            .map(|i| {
                let seed = seed.wrapping_add(i.wrapping_mul(2));
                let first = narrow(signal::red_noise(n, x.correlation, seed));
                let second = narrow(signal::red_noise(n, y.correlation, seed.wrapping_add(1)));
                let coherence = self.coherence(&first, &second, params)?;
                let mut counts = Array2::<u64>::zeros((self.rows(), CLASSES));
                for (row, values) in coherence.squared.outer_iter().enumerate() {
                    let outside = (cone[row] * rate).min(n as f64).ceil() as usize;
                    for value in values.iter().take(n.saturating_sub(outside)).skip(outside) {
                        let class = (value.wide() * CLASSES as f64) as usize;
                        counts[[row, class.min(CLASSES - 1)]] += 1;
                    }
                }
                Ok(counts)
            })
            .try_reduce_with(|a, b| Ok::<_, Error>(a + b));
        let Some(counts) = histograms.transpose()? else {
            return Ok(vec![None; self.rows()]);
        };
        let level = |counts: ndarray::ArrayView1<'_, u64>| {
            let total: u64 = counts.sum();
            let wanted = probability * total as f64;
            let mut below = 0;
            let class = counts.iter().position(|count| {
                below += count;
                below as f64 >= wanted
            });
            (total > 0).then(|| (class.unwrap_or(CLASSES - 1) + 1) as f64 / CLASSES as f64)
        };
        Ok(counts.outer_iter().map(level).collect())
    }
}

/// Means over times and scales.
struct Smoothing {
    /// Standard deviation of the mean over times, samples, by row.
    deviations: Vec<f64>,
    /// First and last row of the mean over scales, by row.
    rows: Vec<(usize, usize)>,
}

/// The bandwidth of the Morlet wavelet of μ = 6, over its peak, and the octaves over which its
/// neighbouring scales are dependent.
const MORLET: (f64, f64) = (0.117_85, 0.6);

impl Smoothing {
    fn new<T: Real>(plan: &CwtPlan<T>, params: &CoherenceParams) -> Result<Self, Error> {
        let Properties { peak, frequency_deviation, time_deviation, .. } =
            Properties::of(plan.params().wavelet.as_ref());
        let octaves = match params.octaves {
            None => MORLET.1 * frequency_deviation / peak / MORLET.0,
            Some(octaves) if octaves > 0.0 && octaves.is_finite() => octaves,
            Some(octaves) => return Err(Error::parameter("octaves", octaves, "a positive number")),
        };
        let scales = plan.scales().values();
        let half = (0.5 * octaves).exp2();
        let near = |scale: &f64| {
            let first = scales.partition_point(|s| *s * half < *scale);
            let end = scales.partition_point(|s| *s <= *scale * half);
            (first, end.max(first + 1) - 1)
        };
        Ok(Self {
            // Of the modulus, whose square has the deviation that is known.
            deviations: scales.iter().map(|s| s * time_deviation * 2f64.sqrt()).collect(),
            rows: scales.iter().map(near).collect(),
        })
    }

    fn apply(&self, mut values: Array2<Complex64>) -> Array2<Complex64> {
        let n = values.ncols();
        let length = (2 * n).next_power_of_two();
        let forward = f64::plan_fft(length, FftDirection::Forward);
        let inverse = f64::plan_fft(length, FftDirection::Inverse);
        let rows: Vec<_> = values.axis_iter_mut(Axis(0)).zip(&self.deviations).collect();
        rows.into_par_iter().for_each(|(mut row, deviation)| {
            let mut buffer = row.to_vec();
            buffer.resize(length, Complex64::default());
            forward.process(&mut buffer);
            for (k, value) in buffer.iter_mut().enumerate() {
                let bin = k.min(length - k) as f64 * std::f64::consts::TAU / length as f64;
                *value *= (-0.5 * (bin * deviation).powi(2)).exp() / length as f64;
            }
            inverse.process(&mut buffer);
            row.iter_mut().zip(&buffer).for_each(|(to, from)| *to = *from);
        });
        let mut smooth = Array2::default(values.dim());
        let rows: Vec<_> = smooth.axis_iter_mut(Axis(0)).zip(&self.rows).collect();
        rows.into_par_iter().for_each(|(mut out, (first, last))| {
            for row in *first..=*last {
                out.zip_mut_with(&values.row(row), |sum: &mut Complex64, x| *sum += x);
            }
            let count = (last - first + 1) as f64;
            out.map_inplace(|sum| *sum /= count);
        });
        smooth
    }
}
