//! Short-time Fourier transforms against SciPy's and against direct sums, and the way back.
#![allow(clippy::unwrap_used)]

use std::f64::consts::TAU;
use std::path::Path;

use ndarray::{Array1, Array2};
use ndarray_npy::NpzReader;
use num_complex::{Complex, Complex64};
use proptest::prelude::*;
use songscape_ssq::stft::Sides;
use songscape_ssq::{
    Bins, Error, Outside, Padding, RidgeParams, SsqStftParams, SsqStftPlan, StftParams, StftPlan,
    Window, ridges, signal,
};

fn worst(a: &Array2<Complex64>, b: &Array2<Complex64>) -> f64 {
    assert_eq!(a.dim(), b.dim());
    let largest = b.iter().map(|z| z.norm()).fold(1e-300, f64::max);
    a.iter().zip(b).map(|(a, b)| (a - b).norm()).fold(0.0, f64::max) / largest
}

#[test]
fn windows_and_transforms_are_those_of_scipy() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/stft.npz");
    let mut npz = NpzReader::new(std::fs::File::open(path).unwrap()).unwrap();
    let x: Array1<f64> = npz.by_name("x.npy").unwrap();
    let x = x.as_slice().unwrap();
    let (mut windows, mut transforms) = (0, 0);
    for name in npz.names().unwrap() {
        let fields: Vec<&str> = name.trim_end_matches(".npy").split(' ').collect();
        match fields[..] {
            ["window", window, length] => {
                let expected: Array1<f64> = npz.by_name(&name).unwrap();
                let window: Window = window.parse().unwrap();
                let ours = window.samples(length.parse().unwrap()).unwrap();
                for (ours, expected) in ours.iter().zip(&expected) {
                    assert!((ours - expected).abs() < 1e-12, "{name}: {ours} {expected}");
                }
                windows += 1;
            }
            ["stft", window, fft, hop, padding] => {
                let expected: Array2<Complex64> = npz.by_name(&name).unwrap();
                let params = StftParams {
                    window_length: window.parse().unwrap(),
                    fft_length: fft.parse().unwrap(),
                    hop: hop.parse().unwrap(),
                    padding: padding.parse().unwrap(),
                    ..Default::default()
                };
                let plan = StftPlan::<f64>::new(&params, x.len()).unwrap();
                let error = worst(&plan.transform(x).unwrap(), &expected);
                assert!(error < 1e-14, "{name}: {error:e}");
                let single: Vec<f32> = x.iter().map(|x| *x as f32).collect();
                let plan = StftPlan::<f32>::new(&params, x.len()).unwrap();
                let ours = plan.transform(&single).unwrap();
                let ours = ours.map(|z| Complex64::new(f64::from(z.re), f64::from(z.im)));
                let error = worst(&ours, &expected);
                assert!(error < 1e-6, "{name}: {error:e}");
                transforms += 1;
            }
            _ => assert_eq!(name.trim_end_matches(".npy"), "x"),
        }
    }
    assert_eq!((windows, transforms), (16, 6));
}

/// Σ_u x(t + u)·g(u)·exp(−2πiku/K), the signal wrapped around.
fn direct(x: &[Complex64], g: &[f64], params: &StftParams) -> Array2<Complex64> {
    let (n, middle) = (x.len(), (params.window_length / 2) as isize);
    let columns = (n - 1).div_ceil(params.hop) + 1;
    Array2::from_shape_fn((params.fft_length, columns), |(k, m)| {
        g.iter()
            .enumerate()
            .map(|(i, g)| {
                let u = i as isize - middle;
                let at = ((m * params.hop) as isize + u).rem_euclid(n as isize) as usize;
                let turn = -TAU * (k as isize * u) as f64 / params.fft_length as f64;
                x[at] * *g * Complex64::from_polar(1.0, turn)
            })
            .sum()
    })
}

#[test]
fn two_sided_transforms_of_complex_signals_are_the_sum() {
    let noise = signal::white_noise(120, 4);
    let x: Vec<Complex64> = noise.chunks(2).map(|p| Complex64::new(p[0], p[1])).collect();
    for (window_length, fft_length, hop) in [(16, 16, 1), (15, 20, 4), (10, 33, 70)] {
        let (sides, padding) = (Sides::Two, Padding::Wrap);
        let params =
            StftParams { window_length, fft_length, hop, sides, padding, ..Default::default() };
        let plan = StftPlan::<f64>::new(&params, x.len()).unwrap();
        let window = params.window.samples(window_length).unwrap();
        let v = plan.transform(&x).unwrap();
        assert!(worst(&v, &direct(&x, &window, &params)) < 1e-13);
        let real: Vec<f64> = x.iter().map(|x| x.re).collect();
        let wide: Vec<Complex64> = real.iter().map(|x| Complex64::from(*x)).collect();
        assert!(worst(&plan.transform(&real).unwrap(), &direct(&wide, &window, &params)) < 1e-13);

        let mut column = vec![Complex64::default(); plan.rows()];
        plan.column_into(&x, 1, &mut column, &mut plan.scratch()).unwrap();
        assert_eq!(column, v.column(1).to_vec());
        if hop < window_length / 2 {
            let back = plan.inverse_complex(v.view()).unwrap();
            assert!(back.iter().zip(&x).all(|(a, b)| (a - b).norm() < 1e-12));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_inverse_gives_any_signal_back(
        x in proptest::collection::vec(-1.0..1.0f64, 1..300),
        window_length in 4..60usize,
        more in 0..20usize,
        hop in 1..15usize,
        name in prop::sample::select(vec!["hamming", "kaiser:4", "gaussian:0.2", "boxcar", "hann"]),
        padding in prop::sample::select(vec!["reflect", "zero", "symmetric", "replicate", "wrap"]),
    ) {
        let params = StftParams {
            window: name.parse().unwrap(),
            window_length,
            fft_length: window_length + more,
            hop: hop.min(window_length / 2),
            padding: padding.parse().unwrap(),
            ..Default::default()
        };
        let plan = StftPlan::<f64>::new(&params, x.len()).unwrap();
        let back = plan.inverse(plan.transform(&x).unwrap().view()).unwrap();
        for (a, b) in back.iter().zip(&x) {
            prop_assert!((a - b).abs() < 1e-10, "{params:?}");
        }
    }
}

#[test]
fn where_samples_are_lost_the_inverse_says_which() {
    let params = StftParams { window_length: 8, fft_length: 8, hop: 11, ..Default::default() };
    let plan = StftPlan::<f64>::new(&params, 50).unwrap();
    let v = plan.transform(&[1.0; 50]).unwrap();
    // The window reaches from 4 samples before to 3 after; its first value is 0.
    let error = plan.inverse(v.view()).unwrap_err();
    assert_eq!(error, Error::Hop { hop: 11, window_length: 8, sample: 4 });
}

fn squeezing(window: &str) -> SsqStftParams {
    let stft = StftParams {
        sampling_rate: 1000.0,
        window: window.parse().unwrap(),
        window_length: 128,
        fft_length: 256,
        ..Default::default()
    };
    SsqStftParams { stft, ..Default::default() }
}

#[test]
fn a_tone_is_squeezed_into_its_bin() {
    for window in ["hann", "blackman", "gaussian:0.1", "dpss:4", "kaiser:12"] {
        // Off the bins, which are 3.9 Hz apart.
        let tone = signal::tone(1000, 1000.0, 101.0);
        let plan = SsqStftPlan::<f64>::new(&squeezing(window), 1000).unwrap();
        let t = plan.transform(&tone).unwrap();
        let frequencies = plan.bins().frequencies();
        let column: Vec<f64> = t.column(500).iter().map(|z| z.norm_sqr()).collect();
        let total: f64 = column.iter().sum();
        let near = |f: &f64| (f - 101.0).abs() < 2.0;
        let inside: f64 =
            column.iter().zip(&frequencies).filter(|(_, f)| near(f)).map(|(e, _)| e).sum();
        assert!(inside > 0.9999 * total, "{window}: {}", inside / total);
        // The value there is the analytic signal itself.
        let row = frequencies.iter().position(near).unwrap();
        assert!((t[[row, 500]].norm() - 1.0).abs() < 1e-3, "{window}: {}", t[[row, 500]].norm());
    }
}

#[test]
fn squeezed_transforms_add_up_to_the_signal() {
    let noise = signal::white_noise(700, 8);
    let plan = SsqStftPlan::<f64>::new(&squeezing("hann"), 700).unwrap();
    let back = plan.inverse(plan.transform(&noise).unwrap().view()).unwrap();
    assert!(back.iter().zip(&noise).all(|(a, b)| (a - b).abs() < 1e-12));

    // With a hop: the signal at the columns; into bins of another number: the same sums.
    let mut params = squeezing("hann");
    params.stft.hop = 13;
    let bins = Bins::log(1.0, 500.0, 40).unwrap();
    // What lies below 1 Hz would be dropped.
    params.bins = Some(bins.with_outside(Outside::Clamp));
    let plan = SsqStftPlan::<f64>::new(&params, 700).unwrap();
    let back = plan.inverse(plan.transform(&noise).unwrap().view()).unwrap();
    assert_eq!(back.len(), plan.stft().columns());
    for (m, value) in back.iter().enumerate().take(700usize.div_ceil(13)) {
        assert!((value - noise[13 * m]).abs() < 1e-12);
    }
}

#[test]
fn a_component_comes_out_along_its_ridge() {
    let (n, rate) = (3000, 1000.0);
    let chirp = signal::linear_chirp(n, rate, 60.0, 120.0);
    let tone = signal::tone(n, rate, 250.0);
    let sum: Vec<f64> = chirp.iter().zip(&tone).map(|(a, b)| a + 0.5 * b).collect();
    let mut params = squeezing("hann");
    params.bins = Some(Bins::linear(2.0, 500.0, 250).unwrap());
    let plan = SsqStftPlan::<f64>::new(&params, n).unwrap();
    let t = plan.transform(&sum).unwrap();
    let found = ridges(t.view(), &plan.bins().frequencies(), &RidgeParams::default()).unwrap();
    let component = plan.inverse_component(t.view(), &found[0].rows, 12).unwrap();
    let band = plan.inverse_band(t.view(), 200.0, 300.0).unwrap();
    for i in 300..n - 300 {
        assert!((found[0].frequencies[i] - (60.0 + 60.0 * i as f64 / n as f64)).abs() < 4.0);
        assert!((component[i] - chirp[i]).abs() < 0.03, "{i}: {}", component[i] - chirp[i]);
        assert!((band[i] - 0.5 * tone[i]).abs() < 0.03, "{i}");
    }
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let noise = signal::white_noise(900, 2);
    let plan = SsqStftPlan::<f64>::new(&squeezing("hann"), 900).unwrap();
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| (plan.stft().transform(&noise).unwrap(), plan.transform(&noise).unwrap()))
    };
    assert_eq!(with(1), with(3));
}

#[test]
fn refusals() {
    let refuse = |change: &dyn Fn(&mut StftParams)| {
        let mut bad = StftParams::default();
        change(&mut bad);
        StftPlan::<f64>::new(&bad, 100).unwrap_err()
    };
    for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let error = refuse(&|p| p.sampling_rate = rate);
        assert!(matches!(error, Error::Parameter { field: "sampling_rate", .. }));
    }
    for hop in [0, usize::MAX] {
        assert!(matches!(refuse(&|p| p.hop = hop), Error::Parameter { field: "hop", .. }));
    }
    let error = refuse(&|p| p.window_length = 513);
    assert_eq!(error.to_string(), "window_length is 513, expected at most fft_length");
    assert!(matches!(refuse(&|p| p.window_length = 0), Error::TooShort { .. }));
    assert!(matches!(refuse(&|p| p.fft_length = usize::MAX), Error::TooLong { .. }));
    for samples in [0, usize::MAX] {
        assert!(StftPlan::<f32>::new(&StftParams::default(), samples).is_err());
    }
    let plan = StftPlan::<f64>::new(&StftParams::default(), 100).unwrap();
    assert!(matches!(plan.transform(&[0.0; 99]), Err(Error::Length { given: 99, .. })));
    let mut bad = [0.0; 100];
    bad[7] = f64::NAN;
    assert!(matches!(plan.transform(&bad), Err(Error::NotFinite { index: 7, .. })));
    let small = Array2::from_elem((3, 3), Complex::new(0.0, 0.0));
    assert!(matches!(plan.inverse(small.view()), Err(Error::Length { given: 3, .. })));
    let v = plan.transform(&[1.0; 100]).unwrap();
    assert!(matches!(plan.inverse_complex(v.view()), Err(Error::Length { .. })));
    let mut out = vec![Complex::new(0.0, 0.0); plan.rows()];
    let error = plan.column_into(&[1.0; 100], 100, &mut out, &mut plan.scratch()).unwrap_err();
    assert!(matches!(error, Error::Parameter { field: "column", .. }));
    let plan = SsqStftPlan::<f64>::new(&SsqStftParams::default(), 100).unwrap();
    let t = plan.transform(&[1.0; 100]).unwrap();
    let error = plan.inverse_complex(t.view()).unwrap_err();
    assert!(matches!(error, Error::Parameter { field: "sides", .. }));
    let negative = SsqStftParams { threshold: Some(-1.0), ..Default::default() };
    assert!(SsqStftPlan::<f64>::new(&negative, 100).is_err());
    assert!(Bins::linear(-1.0, 2.0, 3).is_err());
    assert!(Bins::linear(0.0, 2.0, 1).is_err());
}
