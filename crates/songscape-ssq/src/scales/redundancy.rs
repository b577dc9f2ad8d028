//! Where neighbouring low-frequency wavelets become redundant.

use std::collections::VecDeque;
use std::f64::consts::TAU;

use crate::wavelet::Wavelet;

/// Length of the spectrum on which redundancy is judged.
const LENGTH: usize = 2048;
/// Neighbours that are compared.
const SPAN: usize = 5;
/// Bins of the group above this share of their wavelet's peak count.
const LEVEL: f64 = 0.02;
/// Groups with more such bins per wavelet are still finely sampled.
const WIDE: f64 = 4.0;
/// Peaks of a redundant group lie this close together, bins in all.
const CLOSE: usize = 3;

/// The index from which every fourth scale suffices: the first of five neighbours with narrow
/// spectra whose peaks almost fall on one bin. `None` if there is no such group before the end.
pub(super) fn transition(wavelet: &dyn Wavelet, scales: &[f64]) -> Option<usize> {
    let groups = scales.len().checked_sub(SPAN + 1)?;
    let bin = |k: usize| k as f64 * (TAU / LENGTH as f64);
    let spectrum = |scale: f64| -> Vec<f64> {
        (0..LENGTH / 2).map(|k| wavelet.spectrum(scale * bin(k))).collect()
    };
    let largest = |values: &[f64]| values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut group: VecDeque<Vec<f64>> = scales[..SPAN - 1].iter().map(|s| spectrum(*s)).collect();
    let first = (0..groups).find(|&start| {
        group.push_back(spectrum(scales[start + SPAN - 1]));
        if group.len() > SPAN {
            group.pop_front();
        }
        let wide = group
            .iter()
            .map(|row| {
                let level = LEVEL * largest(row);
                row.iter().filter(|value| **value > level).count()
            })
            .sum::<usize>();
        if wide as f64 / SPAN as f64 > WIDE {
            return false;
        }
        let product = |k: usize| group.iter().map(|row| row[k]).product::<f64>();
        let mut joint = (0, product(0));
        for k in 1..LENGTH / 2 {
            let value = product(k);
            if value > joint.1 {
                joint = (k, value);
            }
        }
        let distance = group.iter().flat_map(|row| {
            let peak = largest(row);
            row.iter().enumerate().filter(move |(_, v)| **v == peak).map(|(k, _)| k)
        });
        distance.map(|k| k.abs_diff(joint.0)).sum::<usize>() < CLOSE
    })?;
    (first + 1 < groups).then_some(first)
}
