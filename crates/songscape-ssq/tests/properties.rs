//! What must hold for any signal.
#![allow(clippy::unwrap_used)]

use ndarray::{Array2, s};
use num_complex::Complex64;
use proptest::prelude::*;
use songscape_ssq::wavelet::Properties;
use songscape_ssq::{
    CwtParams, CwtPlan, HalfWidth, LogSpectrogram, LogSpectrogramParams, Norm, Padding,
    RidgeParams, ScaleSpec, SsqParams, SsqPlan, icwt, issq, issq_band, issq_component, ridges,
    signal, wavelet,
};

fn range(rows: usize) -> CwtParams {
    let scales = ScaleSpec::Range { low: 10.0, high: 400.0, rows };
    CwtParams { sampling_rate: 1000.0, scales, ..Default::default() }
}

fn worst(a: &Array2<Complex64>, b: &Array2<Complex64>) -> f64 {
    assert_eq!(a.dim(), b.dim());
    let largest = b.iter().map(|z| z.norm()).fold(1e-300, f64::max);
    a.iter().zip(b).map(|(a, b)| (a - b).norm()).fold(0.0, f64::max) / largest
}

fn samples(length: usize) -> impl Strategy<Value = Vec<f64>> {
    proptest::collection::vec(-1.0..1.0f64, length)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn linear(a in samples(300), b in samples(300), gain in -3.0..3.0f64) {
        let plan = CwtPlan::<f64>::new(&range(20), 300).unwrap();
        let sum: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a + gain * b).collect();
        let apart = plan.transform(&a).unwrap() + plan.transform(&b).unwrap() * Complex64::from(gain);
        prop_assert!(worst(&plan.transform(&sum).unwrap(), &apart) < 1e-12);
    }

    #[test]
    fn shifts_with_the_signal(a in samples(256), shift in 0..256usize) {
        let params = CwtParams { padding: Padding::None, ..range(20) };
        let plan = CwtPlan::<f64>::new(&params, 256).unwrap();
        let w = plan.transform(&a).unwrap();
        let mut moved = a.clone();
        moved.rotate_right(shift);
        let expected = Array2::from_shape_fn(w.dim(), |(row, n)| w[[row, (n + 256 - shift) % 256]]);
        prop_assert!(worst(&plan.transform(&moved).unwrap(), &expected) < 1e-12);
    }

    #[test]
    fn complex_and_real_agree(a in samples(200)) {
        let plan = CwtPlan::<f64>::new(&range(20), 200).unwrap();
        let complex: Vec<Complex64> = a.iter().map(|x| Complex64::from(*x)).collect();
        let (both, real) = (plan.transform(&complex).unwrap(), plan.transform(&a).unwrap());
        prop_assert!(worst(&both.slice(s![..20, ..]).to_owned(), &real) < 1e-12);
        let negative = both.slice(s![20..;-1, ..]).map(|z| z.conj());
        prop_assert!(worst(&negative, &real) < 1e-12);
    }

    #[test]
    fn hops_are_columns_of_the_whole(a in samples(333), hop in 1..70usize) {
        let plan = CwtPlan::<f64>::new(&range(20), 333).unwrap();
        let whole = plan.transform(&a).unwrap();
        let expected = Array2::from_shape_fn((20, 333usize.div_ceil(hop)), |(row, j)| whole[[row, j * hop]]);
        prop_assert!(worst(&plan.transform_hop(&a, hop).unwrap(), &expected) < 1e-12);
    }

    #[test]
    fn single_precision_is_close_to_double(a in samples(400)) {
        let single: Vec<f32> = a.iter().map(|x| *x as f32).collect();
        let w = CwtPlan::<f64>::new(&range(20), 400).unwrap().transform(&a).unwrap();
        let s = CwtPlan::<f32>::new(&range(20), 400).unwrap().transform(&single).unwrap();
        let s = s.map(|z| Complex64::new(f64::from(z.re), f64::from(z.im)));
        prop_assert!(worst(&s, &w) < 1e-5);
    }

    #[test]
    fn the_image_does_not_depend_on_the_pushes(sizes in proptest::collection::vec(0..3000usize, 1..12)) {
        let params = LogSpectrogramParams { sampling_rate: 8000.0, rows: 32, f_max: 3900.0, ..Default::default() };
        let plan = LogSpectrogram::new(&params).unwrap();
        let noise: Vec<f32> = signal::white_noise(sizes.iter().sum(), 5).iter().map(|x| *x as f32).collect();
        let image = |sizes: &[usize]| {
            let mut columns = Vec::new();
            let (mut stream, mut rest) = (plan.stream(), noise.as_slice());
            for size in sizes {
                let (now, later) = rest.split_at(*size);
                rest = later;
                stream.push(now, &mut |c| columns.push(c.to_vec())).unwrap();
            }
            stream.finish(&mut |c| columns.push(c.to_vec())).unwrap();
            columns
        };
        prop_assert_eq!(image(&sizes), image(&[noise.len()]));
    }
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let noise = signal::white_noise(3000, 2);
    let plan =
        SsqPlan::<f64>::new(&SsqParams { cwt: range(50), ..Default::default() }, 3000).unwrap();
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| (plan.cwt().transform(&noise).unwrap(), plan.transform(&noise).unwrap()))
    };
    assert_eq!(with(1), with(3));
}

/// Relative error in the middle, away from the ends, where the band is cut off.
fn error(ours: &[f64], signal: &[f64]) -> f64 {
    let middle = signal.len() / 4..signal.len() * 3 / 4;
    let square = |values: &mut dyn Iterator<Item = f64>| values.map(|x| x * x).sum::<f64>().sqrt();
    square(&mut middle.clone().map(|i| ours[i] - signal[i]))
        / square(&mut middle.map(|i| signal[i]))
}

#[test]
fn inverses_give_the_signal_back() {
    let (n, rate) = (4000, 1000.0);
    let sum = |a: Vec<f64>, b: Vec<f64>| a.iter().zip(&b).map(|(a, b)| a + b).collect();
    let signals: [Vec<f64>; 5] = [
        signal::tone(n, rate, 60.0),
        signal::linear_chirp(n, rate, 40.0, 120.0),
        signal::exponential_chirp(n, rate, 30.0, 150.0),
        signal::am_fm(n, rate, 80.0, 1.5, 0.5, 8.0),
        sum(signal::tone(n, rate, 50.0), signal::hyperbolic_chirp(n, rate, 90.0, 150.0)),
    ];
    let plan =
        SsqPlan::<f64>::new(&SsqParams { cwt: range(170), ..Default::default() }, n).unwrap();
    let wavelet = &plan.cwt().params().wavelet;
    for signal in signals {
        let w = plan.cwt().transform(&signal).unwrap();
        let back = icwt(w.view(), plan.cwt().scales(), wavelet.as_ref()).unwrap();
        assert!(error(&back, &signal) < 1e-6, "icwt {:e}", error(&back, &signal));
        assert_eq!(plan.cwt().inverse(w.view()).unwrap(), back);
        let back = plan.cwt().inverse_two_integral(w.view()).unwrap();
        assert!(error(&back, &signal) < 1e-6, "two integrals {:e}", error(&back, &signal));
        let t = plan.transform(&signal).unwrap();
        let back = issq(t.view(), wavelet.as_ref()).unwrap();
        assert!(error(&back, &signal) < 1e-6, "issq {:e}", error(&back, &signal));
    }
}

#[test]
fn both_inverses_know_the_norm() {
    let signal = signal::linear_chirp(2000, 1000.0, 60.0, 120.0);
    for padding in [Padding::Reflect, Padding::None] {
        let params = CwtParams { norm: Norm::L2, padding, ..range(170) };
        let plan = CwtPlan::<f64>::new(&params, 2000).unwrap();
        let w = plan.transform(&signal).unwrap();
        for back in [plan.inverse(w.view()), plan.inverse_two_integral(w.view())] {
            let error = error(&back.unwrap(), &signal);
            // Of the jump at the ends the lowest frequencies are lost.
            assert!(error < 1e-4, "{padding:?}: {error:e}");
        }
    }
    let small = Array2::from_elem((2, 3), Complex64::default());
    let plan = CwtPlan::<f64>::new(&range(20), 30).unwrap();
    assert!(plan.inverse(small.view()).is_err());
    assert!(plan.inverse_two_integral(small.view()).is_err());
}

/// Plancherel: Σ|W|²·Δ ln s over the scales and times is the energy, times C/2.
#[test]
fn energy_is_kept() {
    let n = 4096;
    // No padding: the transform is circular, and no energy goes over the ends.
    let params = CwtParams { padding: Padding::None, ..range(170) };
    let plan = CwtPlan::<f64>::new(&params, n).unwrap();
    let constant = Properties::of(params.wavelet.as_ref()).admissibility_cwt;
    for f in [240.0, 360.0, 500.0] {
        // Whole periods, within the band.
        let signal = signal::am_fm(n, 1000.0, f / 4.096, 4.0 / 4.096, 0.5, 5.0);
        let w = plan.transform(&signal).unwrap();
        let steps = plan.scales().log_steps();
        let energy: f64 =
            w.indexed_iter().map(|((row, _), z)| z.norm_sqr() * steps[row]).sum::<f64>();
        let expected: f64 = 0.5 * constant * signal.iter().map(|x| x * x).sum::<f64>();
        assert!((energy / expected - 1.0).abs() < 1e-6, "{f}: {:e}", energy / expected - 1.0);
    }
}

#[test]
fn voices_need_not_be_whole() {
    // The amplitude that comes back must not depend on the number of voices.
    let signal = signal::tone(2048, 1000.0, 60.0);
    for voices in [29.6, 31.2, 32.0, 40.5] {
        let cwt = CwtParams {
            sampling_rate: 1000.0,
            voices,
            scales: "log:maximal".parse().unwrap(),
            ..Default::default()
        };
        let plan = SsqPlan::<f64>::new(&SsqParams { cwt, ..Default::default() }, 2048).unwrap();
        let t = plan.transform(&signal).unwrap();
        let back = issq(t.view(), wavelet::by_name("gmw").unwrap().as_ref()).unwrap();
        // The amplitude of the tone in what comes back (its mean, below all scales, is lost).
        let product = |a: &[f64]| (512..1536).map(|i| a[i] * signal[i]).sum::<f64>();
        let amplitude = product(&back) / product(&signal);
        assert!((amplitude - 1.0).abs() < 1e-4, "{voices} voices: {amplitude}");
    }
}

#[test]
fn a_component_comes_out_of_the_mixture_along_its_ridge() {
    let (n, rate) = (4000, 1000.0);
    let chirp = signal::linear_chirp(n, rate, 40.0, 90.0);
    let tone = signal::tone(n, rate, 200.0);
    let noise = signal::white_noise(n, 9);
    let mixture: Vec<f64> = (0..n).map(|i| chirp[i] + 0.7 * tone[i] + 0.05 * noise[i]).collect();
    let plan =
        SsqPlan::<f64>::new(&SsqParams { cwt: range(170), ..Default::default() }, n).unwrap();
    let t = plan.transform(&mixture).unwrap();
    let params = RidgeParams { count: 2, half_width: HalfWidth::Rows(12), ..Default::default() };
    let found = ridges(t.view(), &plan.bins().frequencies(), &params).unwrap();
    for i in n / 4..n * 3 / 4 {
        let expected = 40.0 + 50.0 * i as f64 / n as f64;
        assert!(
            (found[0].frequencies[i] / expected - 1.0).abs() < 0.05,
            "{i}: {}",
            found[0].frequencies[i]
        );
        assert!((found[1].frequencies[i] / 200.0 - 1.0).abs() < 0.03);
    }
    let wavelet = &plan.cwt().params().wavelet;
    let component = issq_component(t.view(), wavelet.as_ref(), &found[0].rows, 12).unwrap();
    assert!(error(&component, &chirp) < 0.06, "{}", error(&component, &chirp));
    let band = issq_band(t.view(), plan.bins(), wavelet.as_ref(), 150.0, 260.0).unwrap();
    let expected: Vec<f64> = tone.iter().map(|x| 0.7 * x).collect();
    assert!(error(&band, &expected) < 0.06, "{}", error(&band, &expected));
}
