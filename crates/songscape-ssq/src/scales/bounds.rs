//! The smallest and the largest scale that make sense for a wavelet and a length.

use std::f64::consts::{PI, TAU};

use crate::Error;
use crate::wavelet::{self, Wavelet};

/// How far the scales reach.
///
/// The smallest scale (of the first two) is the one whose spectrum has fallen to half its peak at
/// half the sampling rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Bounds {
    /// Up to the scale whose peak lies at the second bin of the padded spectrum.
    Maximal,
    /// Up to the scale whose spectrum is still finely sampled: its rise from 60 % to the peak
    /// spans an almost whole number of bins.
    Minimal,
    /// From 1 to the number of samples.
    Naive,
}

impl Bounds {
    pub(super) fn find(
        self,
        wavelet: &dyn Wavelet,
        samples: usize,
        padded: usize,
    ) -> Result<(f64, f64), Error> {
        let fail = |reason| Error::Scales { reason, samples: padded };
        if self == Self::Naive {
            return Ok((1.0, samples as f64));
        }
        let peak = wavelet::grid_peak(wavelet);
        let half = wavelet::first_reaching(wavelet, 0.5 * peak.value, peak.at)
            .ok_or_else(|| fail("the wavelet never reaches half its peak"))?;
        let low = half / PI;
        let high = if self == Self::Maximal {
            maximal(wavelet, peak.at, padded)
        } else {
            minimal(wavelet, peak, padded)
        };
        match high.ok_or_else(|| fail("the signal is too short for this wavelet"))? {
            high if high > low => Ok((low, high)),
            _ => Err(fail("the largest scale would be below the smallest")),
        }
    }
}

/// At the scale that puts the peak at half the axis' upper quarter, the bin before the highest,
/// moved down to bin 2.
fn maximal(wavelet: &dyn Wavelet, peak: f64, padded: usize) -> Option<f64> {
    let scale = 4.0 / PI * peak;
    let bin = TAU / padded as f64;
    let w = |k: usize| scale * (k as f64 * bin);
    let values: Vec<f64> = (0..=padded / 2).map(|k| wavelet.spectrum(w(k))).collect();
    let mut highest = 0;
    for (k, value) in values.iter().enumerate() {
        if *value > values[highest] {
            highest = k;
        }
    }
    let before = (0..highest).rev().find(|k| values[*k] < values[highest])?;
    (padded >= 4).then(|| scale * w(before) / w(2))
}

fn minimal(wavelet: &dyn Wavelet, peak: wavelet::GridPeak, padded: usize) -> Option<f64> {
    let cut = wavelet::first_reaching(wavelet, 0.6 * peak.value, peak.at)?;
    let step = 1.0 / padded as f64;
    // The spacing of an array of floats from `cut` in steps of `step`, in floats.
    let spacing = (cut + step) - cut;
    let count = ((peak.at - cut) / step).ceil() as usize;
    let division = |i: usize| {
        let w = cut + i as f64 * spacing;
        2.0 * (peak.at - w)
    };
    let remainder = |i: usize| {
        let w = cut + i as f64 * spacing;
        (w / division(i)).rem_euclid(1.0)
    };
    (0..count.saturating_sub(2))
        .find(|i| remainder(i + 1) - remainder(*i) < -0.8)
        .map(|i| division(i + 1) / (TAU / padded as f64))
}
