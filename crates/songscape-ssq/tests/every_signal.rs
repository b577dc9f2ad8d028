//! Signals and scales of every kind: linear scales, complex signals, tiny and huge ones, ranges that
//! leave something out, wavelets that are none.
#![allow(clippy::unwrap_used)]

use std::f64::consts::TAU;
use std::sync::Arc;

use num_complex::{Complex, Complex32, Complex64};
use songscape_ssq::stft::Sides;
use songscape_ssq::{
    Bins, CwtParams, CwtPlan, Error, ErrorKind, FrequencySpec, LogSpectrogram,
    LogSpectrogramParams, Outside, Padding, RidgeParams, ScaleSpec, SsqParams, SsqPlan,
    SsqStftParams, SsqStftPlan, StftParams, StftPlan, Variable, Wavelet, icwt, issq, issq_band,
    issq_complex, ridges, signal, wavelet,
};

/// ssqueezepy's measure: mean absolute error over the root mean square.
fn mad_rms(x: &[f64], back: &[f64]) -> f64 {
    let n = x.len() as f64;
    let mad = x.iter().zip(back).map(|(a, b)| (a - b).abs()).sum::<f64>() / n;
    mad / (x.iter().map(|x| x * x).sum::<f64>() / n).sqrt()
}

/// The signals with which ssqueezepy's own `test_ssq_cwt` tries linear scales, and what version 0.6.6
/// has for each.
fn reference_signals() -> [(&'static str, Vec<f64>, f64); 4] {
    let n = 2048;
    let m = f64::from(n);
    let time = |i: i32| 10.0 * f64::from(i) / m;
    let pieces = |frequencies: &[f64]| -> Vec<f64> {
        let length = n as usize / frequencies.len();
        let piece = |(i, f): (usize, &f64)| {
            let f = *f;
            (0..length).map(move |k| (TAU * f * (i as f64 + k as f64 / length as f64)).cos())
        };
        frequencies.iter().enumerate().flat_map(piece).collect()
    };
    let exponential = (0..n).map(|i| (TAU * 3.0 * (time(i) / 3.0).exp()).cos()).collect();
    let linear = (0..n).map(|i| (TAU / 2.0 * time(i) * time(i)).cos()).collect();
    let transitions = [100.0, 200.0, 3.0, 20.0, m / (m / 3.0 - 1.0), 50.0, 4.0, 150.0];
    let high = [2.0, m / (m / 2.0 - 1.0), 4.0, 3.0];
    [
        ("exponential chirp", exponential, 0.00174),
        ("linear chirp", linear, 0.06764),
        ("fast transitions", pieces(&transitions.map(|over| m / over / 8.0)), 0.04978),
        ("high frequencies", pieces(&high.map(|over| m / over / 4.0)), 0.05143),
    ]
}

#[test]
fn linear_scales_weigh_by_the_step_over_the_scale() {
    for (name, x, reference) in reference_signals() {
        let cwt = CwtParams {
            wavelet: wavelet::by_name("gmw:3,8").unwrap(),
            scales: "linear".parse().unwrap(),
            ..Default::default()
        };
        let plan = SsqPlan::<f64>::new(&SsqParams { cwt, ..Default::default() }, x.len()).unwrap();
        let back = plan.inverse(plan.transform(&x).unwrap().view()).unwrap();
        let error = mad_rms(&x, &back);
        println!("{name}: {error:.5}, ssqueezepy {reference}");
        // Its threshold; and as good as its own, whose sums end at other scales.
        assert!(error < 0.1 && error < 1.05 * reference + 1e-4, "{name}: {error}");
        // The same scales as a list are the same transform.
        let scales = plan.cwt().scales().clone();
        let explicit = ScaleSpec::Explicit(scales.values().to_vec());
        let cwt = CwtParams { scales: explicit, ..plan.cwt().params().clone() };
        let listed = CwtPlan::<f64>::new(&cwt, x.len()).unwrap();
        for (a, b) in listed.scales().log_steps().iter().zip(scales.log_steps()) {
            assert!((a / b - 1.0).abs() < 1e-9);
        }
    }
}

#[test]
fn lists_of_scales_give_the_amplitude_back_however_they_are_spaced() {
    let (n, rate) = (4000, 1000.0);
    let x = signal::tone(n, rate, 60.0);
    let wavelet = wavelet::by_name("gmw").unwrap();
    let center = wavelet.peak() * rate / (TAU * 60.0);
    let lists: [(&str, Vec<f64>); 4] = [
        ("logarithmic", (0..200).map(|i| center * 1.01f64.powi(i - 100)).collect()),
        ("linear", (0..200).map(|i| center * (0.4 + 0.01 * f64::from(i))).collect()),
        ("frequencies", (0..200).map(|i| center / (2.4 - 0.01 * f64::from(i))).collect()),
        ("squares", (0..200).map(|i| center * (0.5 + 0.01 * f64::from(i)).powi(2)).collect()),
    ];
    for (name, list) in lists {
        for scales in [
            ScaleSpec::Explicit(list.clone()),
            ScaleSpec::ExplicitIn(Variable::Scale, list.clone()),
            ScaleSpec::ExplicitIn(Variable::Frequency, list),
        ] {
            let params = CwtParams { sampling_rate: rate, scales, ..Default::default() };
            let plan = CwtPlan::<f64>::new(&params, n).unwrap();
            let w = plan.transform(&x).unwrap();
            let back = icwt(w.view(), plan.scales(), wavelet.as_ref()).unwrap();
            let product = |a: &[f64]| (1000..3000).map(|i| a[i] * x[i]).sum::<f64>();
            let amplitude = product(&back) / product(&x);
            assert!((amplitude - 1.0).abs() < 5e-4, "{name}: {amplitude}");
        }
    }
}

fn range(low: f64, high: f64, rows: usize) -> CwtParams {
    let scales = ScaleSpec::Range { low, high, rows };
    CwtParams { sampling_rate: 1000.0, scales, ..Default::default() }
}

fn middle_error(a: &[Complex64], b: &[Complex64]) -> f64 {
    let middle = a.len() / 4..a.len() * 3 / 4;
    middle.map(|i| (a[i] - b[i]).norm()).fold(0.0, f64::max)
}

#[test]
fn complex_signals_have_two_sides() {
    let n = 4000;
    let turn = |f: f64| {
        (0..n).map(move |i| Complex64::cis(TAU * f * i as f64 / 1000.0)).collect::<Vec<_>>()
    };
    let plan =
        SsqPlan::<f64>::new(&SsqParams { cwt: range(10.0, 400.0, 170), ..Default::default() }, n)
            .unwrap();
    let wavelet = plan.cwt().params().wavelet.as_ref();
    let mixture: Vec<Complex64> = turn(80.0)
        .iter()
        .zip(turn(-130.0))
        .map(|(a, b)| a + Complex64::new(0.3, 0.4) * b)
        .collect();
    for z in [turn(60.0), turn(-60.0), mixture.clone()] {
        let w = plan.cwt().transform(&z).unwrap();
        assert_eq!(w.dim(), (340, n));
        let back = plan.cwt().inverse_complex(w.view()).unwrap();
        assert!(middle_error(&back, &z) < 1e-5, "{:e}", middle_error(&back, &z));
        let t = plan.transform(&z).unwrap();
        assert_eq!(t.dim(), (340, n));
        let back = plan.inverse_complex(t.view()).unwrap();
        assert!(middle_error(&back, &z) < 1e-5, "{:e}", middle_error(&back, &z));
        assert_eq!(issq_complex(t.view(), wavelet).unwrap(), back);
        // A real inverse of both sides would be twice the real part.
        assert!(matches!(plan.inverse(t.view()), Err(Error::Length { .. })));
        assert!(matches!(plan.cwt().inverse(w.view()), Err(Error::Length { .. })));
        assert!(icwt(w.view(), plan.cwt().scales(), wavelet).is_err());
    }
    // Each turns where its frequency says: −130 Hz in the rows of the second half.
    let t = plan.transform(&mixture).unwrap();
    let energy = |row: usize| t[[row, n / 2]].norm_sqr();
    let loudest = |rows: std::ops::Range<usize>| {
        rows.max_by(|a, b| energy(*a).total_cmp(&energy(*b))).unwrap()
    };
    let frequencies = plan.bins().frequencies();
    assert!((frequencies[loudest(0..170)] / 80.0 - 1.0).abs() < 0.02);
    assert!((frequencies[339 - loudest(170..340)] / 130.0 - 1.0).abs() < 0.02);
    // The other ways to the same values.
    let (w, d) = plan.cwt().transform_with_derivative(&mixture).unwrap();
    let hop = plan.cwt().transform_hop(&mixture, 7).unwrap();
    for row in [74, 90, 270, 287] {
        assert!((hop[[row, 100]] - w[[row, 700]]).norm() < 1e-12);
        let difference = (w[[row, 2001]] - w[[row, 1999]]) * 500.0;
        assert!((difference - d[[row, 2000]]).norm() < 0.3 * d[[row, 2000]].norm() + 1e-6);
    }
    // A real signal is the same on both sides.
    let x = signal::linear_chirp(n, 1000.0, 50.0, 90.0);
    let z: Vec<Complex64> = x.iter().map(|x| Complex64::from(*x)).collect();
    let (real, both) = (plan.transform(&x).unwrap(), plan.transform(&z).unwrap());
    for ((row, column), t) in real.indexed_iter() {
        assert!((both[[row, column]] - t).norm() < 1e-10);
        assert!((both[[339 - row, column]] - t.conj()).norm() < 1e-10);
    }
}

#[test]
fn one_side_of_a_short_time_transform_takes_no_complex_signal() {
    let n = 600;
    let z: Vec<Complex64> = (0..n).map(|i| Complex64::cis(-0.4 * i as f64)).collect();
    let one = StftParams { window_length: 64, fft_length: 128, ..Default::default() };
    let plan = StftPlan::<f64>::new(&one, n).unwrap();
    let error = plan.transform(&z).unwrap_err();
    assert!(matches!(error, Error::Parameter { field: "sides", .. }), "{error}");
    let two = StftParams { sides: Sides::Two, ..one };
    for (stft, works) in [(one, false), (two, true)] {
        let plan = SsqStftPlan::<f64>::new(&SsqStftParams { stft, ..Default::default() }, n);
        let plan = plan.unwrap();
        let t = plan.transform(&z);
        assert_eq!(t.is_ok(), works);
        let Ok(t) = t else { continue };
        let back = plan.inverse_complex(t.view()).unwrap();
        assert!(back.iter().zip(&z).all(|(a, b)| (a - b).norm() < 1e-10));
        // −0.4 rad a sample, in the second half.
        let energy = |row: usize| t[[row, n / 2]].norm_sqr();
        let loudest = (0..t.nrows()).max_by(|a, b| energy(*a).total_cmp(&energy(*b))).unwrap();
        assert!(loudest >= t.nrows() / 2);
        let frequency = plan.bins().frequencies()[t.nrows() - 1 - loudest];
        assert!((frequency - 0.4 / TAU).abs() < 1.0 / 128.0);
    }
}

#[test]
fn bins_of_a_range_hold_what_is_in_the_range() {
    let n = 4000;
    let x: Vec<f64> = (0..n)
        .map(|i| [20.0, 60.0, 150.0].iter().map(|f| (TAU * f * i as f64 / 1000.0).cos()).sum())
        .collect();
    let sixty = signal::tone(n, 1000.0, 60.0);
    let list: Vec<f64> = (0..100).map(|i| 40.0 * 2.5f64.powf(f64::from(i) / 99.0)).collect();
    let cases = [
        (range(10.0, 400.0, 170), FrequencySpec::Range(40.0, 100.0)),
        (range(10.0, 400.0, 170), FrequencySpec::Linear { low: 40.0, high: 100.0, rows: 90 }),
        (range(10.0, 400.0, 170), FrequencySpec::Explicit(list)),
        (range(40.0, 100.0, 170), FrequencySpec::Peak),
    ];
    for (cwt, frequencies) in cases {
        let params = SsqParams { cwt, frequencies, ..Default::default() };
        let plan = SsqPlan::<f64>::new(&params, n).unwrap();
        let wavelet = plan.cwt().params().wavelet.as_ref();
        let t = plan.transform(&x).unwrap();
        let band = issq_band(t.view(), plan.bins(), wavelet, 40.0, 100.0).unwrap();
        let error =
            (1000..3000).map(|i| (band[i] - sixty[i]).powi(2)).sum::<f64>().sqrt() / 1000f64.sqrt();
        // With scales that end at 40 Hz part of the wavelets that see 60 Hz are missing.
        assert!(error < 0.01, "{:?}: {error}", params.frequencies);
        // Clamped, everything is somewhere: the whole signal comes back, and the band does not.
        let clamped = SsqParams { outside: Some(Outside::Clamp), ..params };
        let plan = SsqPlan::<f64>::new(&clamped, n).unwrap();
        let t = plan.transform(&x).unwrap();
        let band = issq_band(t.view(), plan.bins(), wavelet, 40.0, 100.0).unwrap();
        let error = (1000..3000).map(|i| (band[i] - sixty[i]).powi(2)).sum::<f64>();
        assert!(error > 1.0 || matches!(clamped.frequencies, FrequencySpec::Peak));
    }
    let bins = Bins::log(40.0, 100.0, 30).unwrap();
    assert_eq!((bins.row(20.0), bins.row(101.0), bins.row(40.1)), (None, Some(0), Some(29)));
    let bins = bins.with_outside(Outside::Clamp);
    assert_eq!(
        (bins.row(20.0), bins.row(1e9), bins.outside()),
        (Some(29), Some(0), Outside::Clamp)
    );
    let above = SsqParams {
        cwt: range(10.0, 400.0, 20),
        frequencies: FrequencySpec::Range(100.0, 700.0),
        ..Default::default()
    };
    assert!(matches!(SsqPlan::<f64>::new(&above, n), Err(Error::FrequencyRange { .. })));
}

#[test]
fn the_size_of_a_signal_does_not_matter() {
    let n = 2000;
    let x = signal::linear_chirp(n, 1000.0, 60.0, 120.0);
    let params = SsqParams { cwt: range(20.0, 400.0, 60), ..Default::default() };
    let double = SsqPlan::<f64>::new(&params, n).unwrap();
    let t = double.transform(&x).unwrap();
    for size in [1e-300, 1e-200, 1e-15, 1e15, 1e200, 1e300] {
        let scaled: Vec<f64> = x.iter().map(|x| x * size).collect();
        let error = double
            .transform(&scaled)
            .unwrap()
            .iter()
            .zip(&t)
            .map(|(a, b)| (a / size - b).norm())
            .fold(0.0, f64::max);
        assert!(error < 1e-9, "{size:e}: {error:e}");
    }
    let single = SsqPlan::<f32>::new(&params, n).unwrap();
    let stft = StftParams { window_length: 256, fft_length: 256, ..Default::default() };
    let short = SsqStftPlan::<f32>::new(&SsqStftParams { stft, ..Default::default() }, n).unwrap();
    let narrow = |size: f64| x.iter().map(|x| (x * size) as f32).collect::<Vec<_>>();
    let sums = |t: ndarray::Array2<Complex32>, size: f64| -> Vec<f64> {
        t.columns().into_iter().map(|c| c.iter().map(|z| f64::from(z.re) / size).sum()).collect()
    };
    let expected = sums(single.transform(&narrow(1.0)).unwrap(), 1.0);
    let expected_short = sums(short.transform(&narrow(1.0)).unwrap(), 1.0);
    for size in [1e-36, 1e-20, 1e-6, 1e6, 1e19, 1e32] {
        for (name, ours, expected) in [
            ("ssq", sums(single.transform(&narrow(size)).unwrap(), size), &expected),
            ("stft", sums(short.transform(&narrow(size)).unwrap(), size), &expected_short),
        ] {
            let pairs = ours.iter().zip(expected);
            let error = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(error < 1e-3, "{name} {size:e}: {error:e}");
        }
        let (w, d) = single.cwt().transform_with_derivative(&narrow(size)).unwrap();
        let omega = songscape_ssq::phase_transform(w.view(), d.view(), None).unwrap();
        let loudest = (0..60).max_by(|a, b| w[[*a, 900]].norm().total_cmp(&w[[*b, 900]].norm()));
        let row = loudest.unwrap();
        assert!((omega[[row, 900]] - 87.0).abs() < 1.5, "{size:e}: {}", omega[[row, 900]]);
        let found = ridges(w.view(), &single.cwt().frequencies(), &RidgeParams::default()).unwrap();
        assert!((found[0].frequencies[900] - 87.0).abs() < 4.0);
    }
    // Where a result would not fit into the precision, it is refused.
    let l2 = CwtParams { norm: songscape_ssq::Norm::L2, ..range(0.5, 400.0, 60) };
    let plan = CwtPlan::<f32>::new(&l2, n).unwrap();
    let huge: Vec<f32> = signal::tone(n, 1000.0, 1.0).iter().map(|x| (x * 3e38) as f32).collect();
    let error = plan.transform(&huge).unwrap_err();
    assert!(matches!(error, Error::Overflow { .. }), "{error}");
    assert_eq!(error.kind(), ErrorKind::Input);
    let mut stream = LogSpectrogram::new(&LogSpectrogramParams::default()).unwrap().stream();
    assert!(matches!(stream.push(&[0.0, 1e19], &mut |_| {}), Err(Error::Overflow { .. })));
}

/// A user's wavelet by any function.
struct Custom(f64, fn(f64) -> f64);

impl std::fmt::Debug for Custom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Custom")
    }
}

impl Wavelet for Custom {
    fn spectrum(&self, w: f64) -> f64 {
        (self.1)(w)
    }

    fn peak(&self) -> f64 {
        self.0
    }
}

#[test]
fn broken_wavelets_are_refused_with_the_value() {
    let gaussian = |w: f64| (-0.5 * (w - 8.0).powi(2)).exp();
    let refused = |peak: f64, f: fn(f64) -> f64| {
        let wavelet: Arc<dyn Wavelet> = Arc::new(Custom(peak, f));
        let cwt = CwtParams { wavelet, ..range(10.0, 400.0, 20) };
        let error = CwtPlan::<f64>::new(&cwt, 500).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        error.to_string()
    };
    assert!(wavelet::check(&Custom(8.0, gaussian)).is_ok());
    for name in ["gmw", "gmw:3,60,3", "gmw:1,0.1", "morlet", "morlet:5", "bump", "cmhat", "hhhat"] {
        assert_eq!(wavelet::check(wavelet::by_name(name).unwrap().as_ref()), Ok(()), "{name}");
    }
    assert_eq!(
        refused(8.0, |_| 0.0),
        "the wavelet's spectrum at its peak is 0, expected a finite number other than 0"
    );
    assert!(
        refused(8.0, |w| if w > 9.0 { f64::NAN } else { (-(w - 8.0).powi(2)).exp() })
            .starts_with("the wavelet's spectrum is NaN")
    );
    assert!(refused(5.0, |w| (-(w - 8.0).powi(2)).exp()).starts_with("the wavelet's peak is 5,"));
    assert!(refused(f64::NAN, |w| (-(w - 8.0).powi(2)).exp()).contains("peak is NaN"));
    assert!(refused(1.0, |w| (-(w - 1.0).powi(2)).exp()).contains("spectrum at 0 is 0.36787"));
}

#[test]
fn rows_whose_wavelet_does_not_fit_are_marked() {
    let n = 200;
    let scales = vec![0.2, 1.0, 3.0, 10.0, 400.0, 5000.0];
    let params = CwtParams { scales: ScaleSpec::Explicit(scales), ..Default::default() };
    let plan = SsqPlan::<f64>::new(&SsqParams { cwt: params, ..Default::default() }, n).unwrap();
    let cwt = plan.cwt();
    assert_eq!(cwt.fits(), [false, true, true, true, false, false]);
    let x = signal::white_noise(n, 1);
    let (w, d) = cwt.transform_with_derivative(&x).unwrap();
    for (row, fits) in cwt.fits().iter().enumerate() {
        for array in [&w, &d, &cwt.transform_hop(&x, 3).unwrap()] {
            assert!(array.row(row).iter().all(|z| z.re.is_nan() != *fits));
        }
    }
    // They count for nothing.
    let wavelet = cwt.params().wavelet.as_ref();
    assert!(icwt(w.view(), cwt.scales(), wavelet).unwrap().iter().all(|x| x.is_finite()));
    assert!(cwt.inverse_two_integral(w.view()).unwrap().iter().all(|x| x.is_finite()));
    let t = plan.transform(&x).unwrap();
    assert!(issq(t.view(), wavelet).unwrap().iter().all(|x| x.is_finite()));
    assert!(ridges(w.view(), &cwt.frequencies(), &RidgeParams::default()).is_ok());
    let none = CwtParams { padding: Padding::None, ..range(0.1, 400.0, 30) };
    let plan = CwtPlan::<f32>::new(&none, 1000).unwrap();
    assert!(plan.fits()[..20].iter().all(|fits| *fits) && !plan.fits()[29]);
}

#[test]
fn a_ridge_that_is_not_there_says_so() {
    let n = 1000;
    let plan =
        SsqPlan::<f64>::new(&SsqParams { cwt: range(20.0, 400.0, 60), ..Default::default() }, n)
            .unwrap();
    let frequencies = plan.bins().frequencies();
    let params = RidgeParams { count: 4, ..Default::default() };
    let silent = plan.transform(&vec![0.0; n]).unwrap();
    for ridge in ridges(silent.view(), &frequencies, &params).unwrap() {
        assert_eq!((ridge.energy(), ridge.row(500)), (None, None));
    }
    let t = plan.transform(&signal::tone(n, 1000.0, 100.0)).unwrap();
    let found = ridges(t.view(), &frequencies, &params).unwrap();
    assert!(found[0].energy().unwrap() > 0.5);
    assert!(found[0].row(500).is_some());
    let last = found[3].energy();
    assert!(last.is_none_or(|energy| energy < 1e-20), "{last:?}");
}

#[test]
fn complex_values_are_of_use_to_callers() {
    // What is asked of a transform of a complex signal beyond sums.
    let z: Vec<Complex<f32>> = (0..500).map(|i| Complex32::cis(-0.3 * i as f32)).collect();
    let plan = SsqPlan::<f32>::new(&SsqParams::default(), 500).unwrap();
    assert_eq!(plan.transform(&z).unwrap().nrows(), 2 * plan.bins().len());
}
