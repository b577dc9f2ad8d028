//! Bad input: typed errors with the values, never a panic.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use ndarray::Array2;
use num_complex::{Complex, Complex64};
use songscape_ssq::{
    Bins, CwtParams, CwtPlan, Error, FrequencySpec, Latency, LogSpectrogram, LogSpectrogramParams,
    Morse, Padding, RidgeParams, ScaleSpec, SsqParams, SsqPlan, Wavelet, Weights, issq_band,
    issq_component, phase_transform, ridges, squeeze, wavelet,
};

fn params() -> CwtParams {
    let scales = ScaleSpec::Range { low: 0.01, high: 0.4, rows: 10 };
    CwtParams { scales, ..Default::default() }
}

#[test]
fn signals() {
    assert!(matches!(CwtPlan::<f64>::new(&params(), 0), Err(Error::TooShort { .. })));
    assert!(matches!(CwtPlan::<f64>::new(&params(), usize::MAX), Err(Error::TooLong { .. })));
    let plan = CwtPlan::<f64>::new(&params(), 3).unwrap();
    assert_eq!(
        plan.transform(&[1.0; 4]).unwrap_err(),
        Error::Length { what: "the signal", given: 4, expected: 3 }
    );
    let error = plan.transform(&[0.0, 1.0, f64::INFINITY]).unwrap_err();
    assert_eq!(error.to_string(), "sample 2 is inf, expected a finite number");
    let error = plan.transform(&[Complex::new(0.0, f64::NAN); 3]).unwrap_err();
    assert!(matches!(error, Error::NotFinite { index: 0, .. }));
    assert!(matches!(plan.transform_hop(&[0.0; 3], 0), Err(Error::Parameter { field: "hop", .. })));
    let mut small = Array2::from_elem((2, 3), Complex64::default());
    assert!(matches!(
        plan.transform_into(&[0.0; 3], small.view_mut(), None),
        Err(Error::Length { given: 2, expected: 10, .. })
    ));
}

#[test]
fn one_sample_and_few_samples_work_where_scales_are_given() {
    for padding in ["reflect", "zero", "symmetric", "replicate", "wrap", "none"] {
        let padding: Padding = padding.parse().unwrap();
        for samples in 1..6 {
            let plan = SsqPlan::<f32>::new(
                &SsqParams { cwt: CwtParams { padding, ..params() }, ..Default::default() },
                samples,
            )
            .unwrap();
            let t = plan.transform(&vec![1.0; samples]).unwrap();
            assert_eq!(t.dim(), (10, samples));
            assert!(t.iter().all(|z| z.re.is_finite()));
        }
    }
    for spec in ["log", "log-piecewise", "linear", "log:naive", "linear:naive"] {
        let scales: ScaleSpec = spec.parse().unwrap();
        for samples in 1..6 {
            // Scales for so few samples exist or do not; either way without a panic.
            let _ = CwtPlan::<f64>::new(&CwtParams { scales: scales.clone(), ..params() }, samples);
        }
    }
}

#[test]
fn parameters() {
    let refuse = |change: &dyn Fn(&mut CwtParams)| {
        let mut bad = params();
        change(&mut bad);
        CwtPlan::<f64>::new(&bad, 100).unwrap_err()
    };
    for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let error = refuse(&|p| p.sampling_rate = rate);
        assert!(matches!(error, Error::Parameter { field: "sampling_rate", .. }));
    }
    let error = refuse(&|p| p.scales = ScaleSpec::Range { low: 0.1, high: 0.6, rows: 10 });
    assert_eq!(error, Error::FrequencyRange { low: 0.1, high: 0.6, nyquist: 0.5 });
    for rows in [0, 1, usize::MAX] {
        let error = refuse(&|p| p.scales = ScaleSpec::Range { low: 0.1, high: 0.4, rows });
        assert!(matches!(error, Error::Parameter { field: "rows", .. }));
    }
    for voices in [0.0, -3.0, f64::NAN, f64::INFINITY] {
        let error = refuse(&|p| {
            p.scales = "log".parse().unwrap();
            p.voices = voices;
        });
        assert!(matches!(error, Error::Parameter { field: "voices", .. }));
    }
    let error = refuse(&|p| {
        p.scales = "log".parse().unwrap();
        p.voices = 1e9;
    });
    assert!(matches!(error, Error::TooLong { .. }));
    // So many voices panicked where scales are linear.
    let linear = CwtParams { scales: "linear".parse().unwrap(), voices: 1e300, ..params() };
    let _ = CwtPlan::<f64>::new(&linear, 100);
    for scales in [vec![], vec![1.0, 1.0], vec![-1.0], vec![2.0, f64::NAN]] {
        let error = refuse(&|p| p.scales = ScaleSpec::Explicit(scales.clone()));
        assert!(matches!(error, Error::Order { .. } | Error::TooShort { .. }), "{error}");
    }
    for name in ["bump:1,5", "morlet:0", "gmw:0,1", "gmw:1e-9,1e300", "cmhat:-1,1"] {
        assert!(matches!(wavelet::by_name(name), Err(Error::Parameter { .. })), "{name}");
    }
    let ssq = SsqParams { cwt: params(), threshold: Some(-1.0), ..Default::default() };
    assert!(matches!(SsqPlan::<f64>::new(&ssq, 10), Err(Error::Parameter { .. })));
    let frequencies = FrequencySpec::Explicit(vec![0.3, 0.2]);
    let ssq = SsqParams { cwt: params(), frequencies, ..Default::default() };
    assert!(matches!(SsqPlan::<f64>::new(&ssq, 10), Err(Error::Order { index: 1, .. })));
}

#[test]
fn shapes() {
    let w = Array2::from_elem((4, 5), Complex64::new(1.0, 0.0));
    let other = Array2::from_elem((4, 6), Complex64::new(1.0, 0.0));
    let bins = Bins::log(1.0, 2.0, 4).unwrap();
    assert!(matches!(
        phase_transform(w.view(), other.view(), None),
        Err(Error::Length { given: 6, expected: 5, .. })
    ));
    let omega = Array2::from_elem((4, 5), 1.5);
    assert!(squeeze(w.view(), omega.view(), &[0.1; 3], &bins, Weights::Sum).is_err());
    let gmw = wavelet::by_name("gmw").unwrap();
    assert!(issq_component(w.view(), gmw.as_ref(), &[0; 4], 1).is_err());
    assert!(issq_component(w.view(), gmw.as_ref(), &[4; 5], 1).is_err());
    assert!(issq_component(w.view(), gmw.as_ref(), &[0; 5], usize::MAX).is_ok());
    assert!(issq_band(w.view(), &bins, gmw.as_ref(), f64::NAN, 1.0).is_err());
    assert!(ridges(w.view(), &[4.0, 3.0, 2.0], &RidgeParams::default()).is_err());
    assert!(ridges(w.view(), &[1.0, 2.0, 3.0, 4.0], &RidgeParams::default()).is_err());
    let negative = RidgeParams { penalty: -1.0, ..Default::default() };
    assert!(ridges(w.view(), &[4.0, 3.0, 2.0, 1.0], &negative).is_err());
}

#[test]
fn explicit_bins_of_any_length_get_the_nearest_coefficients() {
    let w = Array2::from_elem((3, 1), Complex64::new(1.0, 0.0));
    let omega = Array2::from_shape_vec((3, 1), vec![10.0, 21.0, f64::INFINITY]).unwrap();
    let bins = Bins::explicit(vec![5.0, 11.0, 20.0, 100.0]).unwrap();
    let t = squeeze(w.view(), omega.view(), &[0.5, 0.25, 1.0], &bins, Weights::Sum).unwrap();
    let values: Vec<f64> = t.column(0).iter().map(|z| z.re).collect();
    assert_eq!(values, [0.0, 0.25, 0.5, 0.0]);
    let lebesgue = squeeze(w.view(), omega.view(), &[0.5, 0.25, 1.0], &bins, Weights::Lebesgue);
    assert_eq!(lebesgue.unwrap().sum().re, 0.75);
    let w = w * Complex64::new(0.0, -2.0);
    let with =
        |weights| squeeze(w.view(), omega.view(), &[0.5, 0.25, 1.0], &bins, weights).unwrap().sum();
    assert_eq!(with(Weights::Absolute), Complex64::new(1.5, 0.0));
    assert_eq!(with(Weights::Function(|w| w * w)), Complex64::new(-3.0, 0.0));
}

#[test]
fn image_parameters_never_panic() {
    let values = [f64::NAN, f64::INFINITY, -1.0, 0.0, 1e-300, 30.0, 200.0, 1e300];
    for a in values {
        for b in values {
            let good = LogSpectrogramParams { rows: 4, ..Default::default() };
            let wavelet = Morse::new(a, b).map(|morse| Arc::new(morse) as Arc<dyn Wavelet>);
            let wavelet = wavelet.unwrap_or_else(|_| good.wavelet.clone());
            // Once for each, not for each pair.
            let latency = if b == 0.0 { Latency::Seconds(a) } else { Latency::live() };
            for params in [
                LogSpectrogramParams { sampling_rate: a, columns_per_second: b, ..good.clone() },
                LogSpectrogramParams { f_min: a, f_max: b, ..good.clone() },
                LogSpectrogramParams { wavelet, ..good.clone() },
                LogSpectrogramParams { latency, ..good.clone() },
            ] {
                if let Ok(plan) = LogSpectrogram::new(&params) {
                    let mut stream = plan.stream();
                    stream.push(&[0.1; 50], &mut |_| {}).unwrap();
                    stream.finish(&mut |_| {}).unwrap();
                }
            }
        }
    }
}
