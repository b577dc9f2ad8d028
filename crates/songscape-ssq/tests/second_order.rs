//! Second-order reassignment: exact for linear chirps, where the first order is not.
#![allow(clippy::unwrap_used)]

use ndarray::Array2;
use num_complex::Complex64;
use songscape_ssq::{
    CwtParams, FrequencySpec, Norm, Reassignment, ScaleSpec, SsqParams, SsqPlan, issq, signal,
    wavelet,
};

const RATE: f64 = 1000.0;
const SAMPLES: usize = 400;

fn params(wavelet: &str, reassignment: Reassignment) -> SsqParams {
    let cwt = CwtParams {
        sampling_rate: RATE,
        wavelet: wavelet::by_name(wavelet).unwrap(),
        scales: ScaleSpec::Range { low: 20.0, high: 480.0, rows: 230 },
        ..Default::default()
    };
    // Bins 1 % apart.
    let bins = (0..450).map(|i| 5.0 * 1.01f64.powi(i)).filter(|f| *f < 490.0).collect();
    SsqParams {
        cwt,
        frequencies: FrequencySpec::Explicit(bins),
        reassignment,
        ..Default::default()
    }
}

/// From the middle half of the columns: the share of energy within one bin of the chirp, and the
/// root of the mean squared relative error of the energy's frequencies.
fn concentration(
    t: &Array2<Complex64>,
    frequencies: &[f64],
    chirp: impl Fn(f64) -> f64,
) -> (f64, f64) {
    let (mut near, mut total, mut squares) = (0.0, 0.0, 0.0);
    for n in SAMPLES / 4..SAMPLES * 3 / 4 {
        let expected = chirp(n as f64 / RATE);
        for (f, z) in frequencies.iter().zip(t.column(n)) {
            let error = (f / expected).ln();
            total += z.norm_sqr();
            squares += z.norm_sqr() * error * error;
            if error.abs() < 0.015 {
                near += z.norm_sqr();
            }
        }
    }
    (near / total, (squares / total).sqrt())
}

/// 850 Hz in a second: at 150 Hz it changes by a sixth within a wavelet's length.
fn steep() -> Vec<f64> {
    signal::linear_chirp(SAMPLES, RATE, 60.0, 400.0)
}

#[test]
fn a_steep_chirp_is_sharp() {
    let chirp = steep();
    for wavelet in ["gmw", "morlet", "bump", "gmw:3,120"] {
        let with = |order| {
            let plan = SsqPlan::<f64>::new(&params(wavelet, order), SAMPLES).unwrap();
            let t = plan.transform(&chirp).unwrap();
            let back = issq(t.view(), plan.cwt().params().wavelet.as_ref()).unwrap();
            let error = (SAMPLES / 4..SAMPLES * 3 / 4).map(|n| (back[n] - chirp[n]).abs());
            assert!(error.fold(0.0, f64::max) < 1e-2, "{wavelet}: nothing may get lost");
            concentration(&t, &plan.bins().frequencies(), |t| 60.0 + 850.0 * t)
        };
        let (first, second) = (with(Reassignment::First), with(Reassignment::Second));
        println!("{wavelet}: {first:?} {second:?}");
        assert!(second.0 > 0.999, "{wavelet}: {}", second.0);
        // What lies elsewhere becomes a hundredth or less.
        assert!(1.0 - second.0 < 0.01 * (1.0 - first.0), "{wavelet}: {} {}", first.0, second.0);
        assert!(second.1 < 0.006, "{wavelet}: {}", second.1); // half a bin
        assert!(first.1 > 1.5 * second.1, "{wavelet}: {} {}", first.1, second.1);
    }
}

#[test]
fn tones_stay_where_they_are() {
    let tone = signal::tone(SAMPLES, RATE, 123.0);
    let transform = |order| {
        let plan = SsqPlan::<f64>::new(&params("gmw", order), SAMPLES).unwrap();
        plan.transform(&tone).unwrap()
    };
    let (first, second) = (transform(Reassignment::First), transform(Reassignment::Second));
    let columns = SAMPLES / 4..SAMPLES * 3 / 4;
    let difference: f64 = columns
        .clone()
        .map(|n| (&first.column(n) - &second.column(n)).iter().map(|z| z.norm_sqr()).sum::<f64>())
        .sum();
    let total: f64 =
        columns.map(|n| first.column(n).iter().map(|z| z.norm_sqr()).sum::<f64>()).sum();
    assert!(difference < 1e-4 * total, "{:e}", difference / total);
}

#[test]
fn single_precision_and_threads() {
    let chirp = steep();
    let single: Vec<f32> = chirp.iter().map(|x| *x as f32).collect();
    let plan = SsqPlan::<f32>::new(&params("gmw", Reassignment::Second), SAMPLES).unwrap();
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| plan.transform(&single).unwrap())
    };
    let t = with(1);
    assert_eq!(t, with(3));
    let t = t.map(|z| Complex64::new(f64::from(z.re), f64::from(z.im)));
    let (near, error) = concentration(&t, &plan.bins().frequencies(), |t| 60.0 + 850.0 * t);
    assert!(near > 0.99 && error < 0.006, "{near} {error}");
}

#[test]
fn squeezed_transforms_of_either_norm_are_the_signal() {
    let chirp = signal::linear_chirp(SAMPLES, RATE, 60.0, 200.0);
    for reassignment in [Reassignment::First, Reassignment::Second] {
        let mut both = [Norm::L1, Norm::L2].map(|norm| {
            let mut params = params("gmw", reassignment);
            params.cwt.norm = norm;
            let plan = SsqPlan::<f64>::new(&params, SAMPLES).unwrap();
            let t = plan.transform(&chirp).unwrap();
            issq(t.view(), plan.cwt().params().wavelet.as_ref()).unwrap()
        });
        let [l1, l2] = &mut both;
        assert!(l1.iter().zip(l2).all(|(a, b)| (*a - *b).abs() < 1e-9));
    }
}
