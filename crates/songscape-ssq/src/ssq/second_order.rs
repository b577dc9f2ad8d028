//! Second-order reassignment: frequencies that are right for chirps.

use std::sync::Arc;

use ndarray::parallel::prelude::*;
use ndarray::{Array2, ArrayView2, ArrayViewMut2};
use num_complex::{Complex, Complex64};

use super::Bins;
use super::squeeze::{self, Weights};
use crate::cwt::{CwtParams, CwtPlan, Sample};
use crate::real::Real;
use crate::wavelet::Wavelet;
use crate::{Error, ScaleSpec, Scales};

/// ψ̂'(w): the wavelet times time.
#[derive(Debug)]
struct Slope(Arc<dyn Wavelet>);

impl Wavelet for Slope {
    fn spectrum(&self, w: f64) -> f64 {
        self.0.slope(w)
    }
}

/// w²·ψ̂(w): the wavelet's second derivative, but for its sign.
#[derive(Debug)]
struct Curvature(Arc<dyn Wavelet>);

impl Wavelet for Curvature {
    fn spectrum(&self, w: f64) -> f64 {
        w * w * self.0.spectrum(w)
    }
}

/// Rows that are held at a time.
const ROWS: usize = 16;

/// The transforms that second-order frequencies take, for some rows at a time.
#[derive(Debug, Clone)]
pub(super) struct SecondOrder<T: Real> {
    parts: Vec<Part<T>>,
}

#[derive(Debug, Clone)]
struct Part<T: Real> {
    plain: CwtPlan<T>,
    slope: CwtPlan<T>,
    curvature: CwtPlan<T>,
}

impl<T: Real> SecondOrder<T> {
    pub fn new(params: &CwtParams, scales: &Scales, samples: usize) -> Result<Self, Error> {
        let parts = scales.values().chunks(ROWS).map(|scales| {
            let plan = |wavelet: Arc<dyn Wavelet>| {
                let scales = ScaleSpec::Explicit(scales.to_vec());
                CwtPlan::new(&CwtParams { wavelet, scales, ..params.clone() }, samples)
            };
            let wavelet = || Arc::clone(&params.wavelet);
            Ok(Part {
                plain: plan(wavelet())?,
                slope: plan(Arc::new(Slope(wavelet())))?,
                curvature: plan(Arc::new(Curvature(wavelet())))?,
            })
        });
        Ok(Self { parts: parts.collect::<Result<_, Error>>()? })
    }

    /// Adds the squeezed coefficients of a signal to `out`, `[bins, samples]`.
    pub fn squeeze_into<S: Sample<T>>(
        &self,
        signal: &[S],
        mut out: ArrayViewMut2<'_, Complex<T>>,
        steps: &[f64],
        bins: &Bins,
        weights: Weights,
        threshold: T,
    ) -> Result<(), Error> {
        for (part, steps) in self.parts.iter().zip(steps.chunks(ROWS)) {
            let (w, omega) = part.coefficients_and_frequencies(signal, threshold)?;
            squeeze::squeeze_into(out.view_mut(), w.view(), omega.view(), steps, bins, weights);
        }
        Ok(())
    }
}

impl<T: Real> Part<T> {
    #[allow(clippy::type_complexity)]
    fn coefficients_and_frequencies<S: Sample<T>>(
        &self,
        signal: &[S],
        threshold: T,
    ) -> Result<(Array2<Complex<T>>, Array2<T>), Error> {
        let (w, dw) = self.plain.transform_with_derivative(signal)?;
        let (slope, dslope) = self.slope.transform_with_derivative(signal)?;
        let curvature = self.curvature.transform(signal)?;
        let mut omega = Array2::from_elem(w.dim(), T::infinity());
        let rate = self.plain.params().sampling_rate;
        let rows = omega.outer_iter_mut().into_par_iter().enumerate();
        rows.for_each(|(row, mut omega)| {
            let scale = self.plain.scales().values()[row] / rate;
            let at = |array: &ArrayView2<'_, Complex<T>>, n: usize| {
                let value = array[[row, n]];
                Complex64::new(value.re.wide(), value.im.wide())
            };
            let views = [&w, &dw, &slope, &dslope, &curvature].map(|array| array.view());
            for (n, omega) in omega.iter_mut().enumerate() {
                if w[[row, n]].norm_sqr() > threshold * threshold {
                    let [w, dw, slope, dslope, curvature] =
                        [0, 1, 2, 3, 4].map(|i| at(&views[i], n));
                    // Multiplication by time is −i·d/dξ in the spectrum, the second derivative
                    // −ξ², both in units of the scale.
                    let in_time = Complex64::new(0.0, -scale);
                    let moment = Moments {
                        w,
                        dw,
                        ddw: -curvature / (scale * scale),
                        tw: in_time * slope,
                        dtw: in_time * dslope,
                    };
                    *omega = T::of(moment.frequency());
                }
            }
        });
        Ok((w, omega))
    }
}

/// W at one place, its derivatives, W with the wavelet times time, and the derivative of that;
/// seconds.
struct Moments {
    w: Complex64,
    dw: Complex64,
    ddw: Complex64,
    tw: Complex64,
    dtw: Complex64,
}

impl Moments {
    /// |Re(ω̃ + q·(b − τ̃))|/2π, Hz: the frequency at time b of a line through the centre (τ̃, ω̃) of
    /// the energy that the wavelet sees, of slope q = ∂ω̃/∂τ̃ (Oberlin and Meignen 2017, eq. 14).
    fn frequency(&self) -> f64 {
        let i = Complex64::i();
        let squared = self.w * self.w;
        let omega = self.dw / (i * self.w);
        let domega = (self.ddw * self.w - self.dw * self.dw) / (i * squared);
        let dtau = 1.0 + (self.dtw * self.w - self.tw * self.dw) / squared;
        let correction = domega / dtau * (self.tw / self.w);
        // Where the centre does not move there is no line: first order.
        let omega = if correction.is_finite() { omega - correction } else { omega };
        (omega.re / std::f64::consts::TAU).abs()
    }
}
