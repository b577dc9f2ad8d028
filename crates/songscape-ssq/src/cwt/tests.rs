//! Rows in blocks against the definition.

use std::sync::Arc;

use num_complex::Complex;

use super::*;
use crate::Morse;
use crate::pad::Padding;
use crate::scales::ScaleSpec;
use crate::signal;
use crate::wavelet::Bump;

/// Largest errors of rows in blocks, W and derivative, over the largest values.
fn errors<T: Real>(wavelet: Arc<dyn Wavelet>, padding: Padding, samples: usize) -> (f64, f64) {
    let scales = ScaleSpec::Range { low: 40.0, high: 12_000.0, rows: 40 };
    let params =
        CwtParams { sampling_rate: 44_100.0, wavelet, scales, padding, ..Default::default() };
    let plan = CwtPlan::<T>::new(&params, samples).expect("valid parameters");
    let signal: Vec<T> = signal::white_noise(samples, 3).into_iter().map(T::of).collect();
    let (w, derivative) = plan.transform_with_derivative(&signal).expect("a signal");

    // The definition: one inverse FFT over the whole padded signal for each row.
    let Shared { scales, padded, blocks, .. } = &*plan.shared;
    let wavelet = params.wavelet.as_ref();
    let support = wavelet::support(wavelet, f64::SPECTRUM_CUT);
    let filter = |scale: &f64| {
        Some(filterbank::filter::<f64>(
            &|w| wavelet.spectrum(w),
            support,
            *scale,
            params.norm,
            padded.length,
        ))
    };
    let filters = scales.values().iter().map(filter).collect();
    let whole = Whole::new(filters, vec![], *padded, samples, params.sampling_rate);
    let signal: Vec<f64> = signal.into_iter().map(Real::wide).collect();
    let mut around = vec![0.0; padded.length];
    params.padding.fill(&signal, 0.0, padded.before, &mut around);
    assert!((0..plan.rows()).any(|row| blocks.has(row)));

    let errors = std::sync::Mutex::new((0f64, 0f64));
    let tasks = w.rows().into_iter().zip(derivative.rows()).enumerate().collect();
    let spectrum = whole.spectrum(&around);
    whole.compute(&spectrum, tasks, true, |(w, derivative), values, slopes| {
        let worst = |ours: ndarray::ArrayView1<'_, Complex<T>>, exact: &[Complex<f64>]| {
            let largest = exact.iter().map(|z| z.norm()).fold(0.0, f64::max);
            let error = |(a, b): (&Complex<T>, &Complex<f64>)| {
                (Complex::new(a.re.wide(), a.im.wide()) - b).norm()
            };
            ours.iter().zip(exact).map(error).fold(0.0, f64::max) / largest
        };
        let mut errors = errors.lock().expect("no panic");
        errors.0 = errors.0.max(worst(w, values));
        errors.1 = errors.1.max(worst(derivative, slopes));
    });
    errors.into_inner().expect("no panic")
}

#[test]
fn blocks_are_the_whole() {
    let morse = || Arc::new(Morse::default());
    for (padding, samples) in
        [(Padding::Reflect, 100_000), (Padding::None, 131_072), (Padding::None, 99_999)]
    {
        let (w, derivative) = errors::<f32>(morse(), padding, samples);
        assert!(w < 2e-6 && derivative < 5e-6, "{padding:?}: {w:e} {derivative:e}");
        let (w, derivative) = errors::<f64>(morse(), padding, samples);
        assert!(w < 1e-12 && derivative < 1e-12, "{padding:?}: {w:e} {derivative:e}");
    }
    // A wavelet that takes long to die away.
    let bump = Bump::new(5.0, 1.0).expect("valid parameters");
    let (w, derivative) = errors::<f32>(Arc::new(bump), Padding::Zero, 50_000);
    assert!(w < 2e-6 && derivative < 5e-6, "{w:e} {derivative:e}");
}

/// Memory that was used for one signal must not leave a trace in the next.
#[test]
fn a_scratch_serves_any_number_of_signals() {
    let scales = ScaleSpec::Range { low: 1.0, high: 400.0, rows: 30 };
    let params = CwtParams { sampling_rate: 1000.0, scales, ..Default::default() };
    let plan = CwtPlan::<f64>::new(&params, 3000).expect("valid parameters");
    let mut scratch = plan.scratch();
    let mut w = zeros(plan.rows(), plan.samples()).expect("memory");
    for seed in 0..3 {
        let signal = signal::white_noise(3000, seed);
        let done = plan.transform_with_scratch(&signal, w.view_mut(), None, &mut scratch);
        done.expect("a signal");
        assert_eq!(w, plan.transform(&signal).expect("a signal"));
    }
}
