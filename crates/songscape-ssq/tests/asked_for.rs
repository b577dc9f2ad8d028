//! What users of such libraries ask for: streams, channels, the cone of influence, significance,
//! coherence, an exact inverse, pooled arrays, parameters in files.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::f64::consts::TAU;
use std::sync::Mutex;

use ndarray::{Array2, Axis};
use num_complex::Complex64;
use songscape_ssq::{
    CoherenceParams, CwtParams, CwtPlan, CwtStream, Error, Latency, LogSpectrogram,
    LogSpectrogramParams, Norm, Padding, RedNoise, ScaleSpec, SsqParams, SsqPlan, SsqStream,
    cross_transform, scales, signal, wavelet,
};

fn range(low: f64, high: f64, rows: usize) -> CwtParams {
    let scales = ScaleSpec::Range { low, high, rows };
    CwtParams { sampling_rate: 1000.0, scales, ..Default::default() }
}

fn together(parts: Vec<Array2<Complex64>>) -> Array2<Complex64> {
    let views: Vec<_> = parts.iter().map(Array2::view).collect();
    ndarray::concatenate(Axis(1), &views).unwrap()
}

#[test]
fn streams_give_the_columns_of_the_whole() {
    let n = 9000;
    let x: Vec<f64> = signal::white_noise(n, 4);
    // Up to where no wavelet is cut by half the sampling rate, which takes long to die away.
    let params = CwtParams { padding: Padding::Zero, ..range(20.0, 280.0, 40) };
    let ssq = SsqParams { cwt: params.clone(), threshold: Some(1e-9), ..Default::default() };
    let plan = SsqPlan::<f64>::new(&ssq, n).unwrap();
    let (w, t) = (plan.cwt().transform(&x).unwrap(), plan.transform(&x).unwrap());
    let run = |size: usize| {
        let mut parts = vec![];
        let mut stream = CwtStream::<f64>::new(&params, 4.0).unwrap();
        assert!(stream.latency() <= 4.0);
        for block in x.chunks(size) {
            stream.push(block, &mut |w| parts.push(w.to_owned())).unwrap();
        }
        stream.finish(&mut |w| parts.push(w.to_owned())).unwrap();
        together(parts)
    };
    let ours = run(n);
    assert_eq!(ours, run(700));
    let largest = w.iter().map(|z| z.norm()).fold(0.0, f64::max);
    let error = ours.iter().zip(&w).map(|(a, b)| (a - b).norm()).fold(0.0, f64::max) / largest;
    assert!(error < 1e-10, "{error:e}");
    let mut parts = vec![];
    let mut stream = SsqStream::<f64>::new(&ssq, 4.0).unwrap();
    stream.push(&x, &mut |t| parts.push(t.to_owned())).unwrap();
    stream.finish(&mut |t| parts.push(t.to_owned())).unwrap();
    // Coefficients at the very border of two bins may move: the sums over bins may not.
    let (ours, t) = (together(parts).sum_axis(Axis(0)), t.sum_axis(Axis(0)));
    let error = ours.iter().zip(&t).map(|(a, b)| (a - b).norm()).fold(0.0, f64::max);
    assert!(error < 1e-9 * largest, "{error:e}");
    // Complex signals, both sides.
    let z: Vec<Complex64> = (0..3000).map(|i| Complex64::cis(-0.5 * f64::from(i))).collect();
    let mut stream = CwtStream::<f64, Complex64>::new(&params, 0.5).unwrap();
    let mut rows = 0;
    stream.push(&z, &mut |w| rows = w.nrows()).unwrap();
    assert_eq!(rows, 80);
    let bad = stream.push(&[Complex64::new(0.0, f64::NAN)], &mut |_| {}).unwrap_err();
    assert!(matches!(bad, Error::NotFinite { index: 3000, .. }), "{bad}");
    let spaced = CwtParams { scales: ScaleSpec::default(), ..params };
    assert!(CwtStream::<f64>::new(&spaced, 0.5).is_err());
}

#[test]
fn images_come_out_in_time() {
    for (latency, most) in
        [(Latency::Unlimited, 4.8), (Latency::live(), 0.25), (Latency::Seconds(1.0), 1.0)]
    {
        let params = LogSpectrogramParams { latency, ..Default::default() };
        let plan = LogSpectrogram::new(&params).unwrap();
        assert!(plan.latency() <= most, "{latency:?}: {}", plan.latency());
        let mut stream = plan.stream();
        let (mut columns, mut pushed) = (0u64, 0u64);
        for _ in 0..600 {
            stream.push(&[0.1; 441], &mut |_| columns += 1).unwrap();
            pushed += 441;
            let late = pushed as f64 / 44_100.0 - columns as f64 / 200.0;
            assert!(late <= plan.latency() + 0.0101, "{latency:?}: {late}");
        }
    }
}

#[test]
fn images_of_any_rate_and_wavelet() {
    // A radio receiver's 25 MHz, and a wavelet of one's own choice.
    let params = LogSpectrogramParams {
        sampling_rate: 25e6,
        rows: 64,
        f_min: 50e3,
        f_max: 10e6,
        columns_per_second: 1e5,
        ..Default::default()
    };
    let morlet =
        LogSpectrogramParams { wavelet: wavelet::by_name("morlet:6").unwrap(), ..params.clone() };
    for params in [params, morlet] {
        let plan = LogSpectrogram::new(&params).unwrap();
        let tone: Vec<f32> = (0..100_000).map(|n| (n as f32 * TAU as f32 * 0.04).sin()).collect();
        let image = plan.image(&tone).unwrap();
        assert_eq!(image.dim(), (64, 400));
        let column = image.column(200);
        let power = column.sum();
        assert!((power - 0.5).abs() < 0.01, "{power}");
        let row = (0..64).max_by(|a, b| column[*a].total_cmp(&column[*b])).unwrap();
        assert!((plan.frequencies()[row] / 1e6 - 1.0).abs() < 0.05);
    }
}

#[test]
fn whole_images_are_the_columns_of_streams() {
    let noise: Vec<f32> = signal::white_noise(400_000, 1).iter().map(|x| *x as f32).collect();
    let plan = LogSpectrogram::new(&LogSpectrogramParams::default()).unwrap();
    let streamed = |signal: &[f32]| {
        let mut columns = vec![];
        let mut stream = plan.stream();
        stream.push(signal, &mut |c| columns.extend_from_slice(c)).unwrap();
        stream.finish(&mut |c| columns.extend_from_slice(c)).unwrap();
        columns
    };
    let with = |threads, signal: &[f32]| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let image = pool.install(|| plan.image(signal)).unwrap();
        image.t().iter().copied().collect::<Vec<f32>>()
    };
    for length in [0, 1, 1000, 400_000] {
        let expected = streamed(&noise[..length]);
        assert!(with(1, &noise[..length]) == expected && with(3, &noise[..length]) == expected);
    }
    let found = Mutex::new(BTreeMap::new());
    let signals = [&noise[..5000], &noise[100..9000]];
    plan.images(signals, |i, image| {
        found.lock().unwrap().insert(i, image.unwrap());
    });
    let found = found.into_inner().unwrap();
    for (i, signal) in signals.iter().enumerate() {
        assert_eq!(found[&i], plan.image(signal).unwrap());
    }
    assert!(plan.image(&[f32::NAN]).is_err());
}

#[test]
fn channels_have_the_same_bits_as_one_by_one() {
    let n = 1500;
    let plan =
        SsqPlan::<f64>::new(&SsqParams { cwt: range(20.0, 400.0, 30), ..Default::default() }, n)
            .unwrap();
    let signals: Vec<Vec<f64>> = (0..5).map(|seed| signal::white_noise(n, seed)).collect();
    let all = Array2::from_shape_fn((5, n), |(channel, i)| signals[channel][i]);
    let (w, t) = (plan.cwt().transform_channels(all.view()), plan.transform_channels(all.view()));
    let (w, t) = (w.unwrap(), t.unwrap());
    for (channel, signal) in signals.iter().enumerate() {
        assert_eq!(w.index_axis(Axis(0), channel), plan.cwt().transform(signal).unwrap());
        assert_eq!(t.index_axis(Axis(0), channel), plan.transform(signal).unwrap());
    }
    // Channels as columns of an array: not one after the other in memory.
    let turned = all.t().as_standard_layout().to_owned();
    assert_eq!(plan.cwt().transform_channels(turned.t()).unwrap(), w);
    let found = Mutex::new(BTreeMap::new());
    plan.transform_each(signals.iter().map(Vec::as_slice), |i, t| {
        found.lock().unwrap().insert(i, t.unwrap());
    });
    let found = found.into_inner().unwrap();
    assert_eq!(found.len(), 5);
    assert!((0..5).all(|i| found[&i] == t.index_axis(Axis(0), i)));
    let mut bad = all;
    bad[[3, 7]] = f64::NAN;
    let error = plan.transform_channels(bad.view()).unwrap_err();
    assert!(matches!(error, Error::NotFinite { index: 7, .. }), "{error}");
}

#[test]
fn outputs_are_used_again() {
    let plan = CwtPlan::<f32>::new(&range(20.0, 400.0, 30), 1000).unwrap();
    let x = vec![0.5f32; 1000];
    let mut first = plan.output().unwrap();
    plan.transform_into(&x, first.view_mut(), None).unwrap();
    assert_eq!(*first, plan.transform(&x).unwrap());
    let place = first.as_ptr();
    let second = plan.output().unwrap();
    assert_ne!(second.as_ptr(), place);
    drop(first);
    assert_eq!(plan.output().unwrap().as_ptr(), place);
}

#[test]
fn the_cone_of_influence_is_where_the_ends_are_seen() {
    let n = 2000;
    let cwt = CwtParams { wavelet: wavelet::by_name("morlet:6").unwrap(), ..range(5.0, 200.0, 20) };
    let plan = CwtPlan::<f64>::new(&CwtParams { padding: Padding::Zero, ..cwt }, n).unwrap();
    let cone = plan.cone_of_influence();
    for (seconds, scale) in cone.iter().zip(plan.scales().values()) {
        // √2·s (Torrence and Compo 1998, table 1).
        assert!((seconds / (2f64.sqrt() * scale / 1000.0) - 1.0).abs() < 0.01, "{seconds} {scale}");
    }
    // An impulse just before the end: 1/e² of its power is left at the cone's edge.
    let w = plan.transform(&signal::impulse(n, 1000)).unwrap();
    for row in [3, 10, 15] {
        let away = (cone[row] * 1000.0).round() as usize;
        let ratio = w[[row, 1000 + away]].norm_sqr() / w[[row, 1000]].norm_sqr();
        assert!((ratio / (-2f64).exp() - 1.0).abs() < 0.1, "row {row}: {ratio}");
    }
}

#[test]
fn noise_is_significant_as_often_as_it_should() {
    let n = 8192;
    for (correlation, norm) in [(0.0, Norm::L1), (0.7, Norm::L1), (0.7, Norm::L2)] {
        let params = CwtParams { norm, ..range(20.0, 300.0, 15) };
        let plan = CwtPlan::<f64>::new(&params, n).unwrap();
        let (mut above, mut all) = (0.0, 0.0);
        for seed in 0..12 {
            let x: Vec<f64> =
                signal::red_noise(n, correlation, seed).iter().map(|x| 3.0 * x).collect();
            let noise = RedNoise::fit(&x);
            assert!((noise.correlation - correlation).abs() < 0.05, "{noise:?}");
            assert!((noise.variance / 9.0 - 1.0).abs() < 0.15, "{noise:?}");
            let levels = plan.significant_power(&noise, 0.95);
            let w = plan.transform(&x).unwrap();
            for (row, level) in w.outer_iter().zip(&levels) {
                let middle = row.iter().skip(500).take(n - 1000);
                above += middle.filter(|z| z.norm_sqr() > *level).count() as f64;
                all += (n - 1000) as f64;
            }
        }
        assert!((above / all - 0.05).abs() < 0.006, "{correlation}: {}", above / all);
    }
    assert_eq!(RedNoise::fit(&[2.0f32; 10]).variance, 0.0);
    assert_eq!(RedNoise::fit::<f64>(&[]).variance, 0.0);
}

#[test]
fn coherence_is_where_signals_keep_in_step() {
    let n = 3000;
    let wavelet = wavelet::by_name("morlet:6").unwrap();
    let plan = CwtPlan::<f64>::new(&CwtParams { wavelet, ..range(10.0, 300.0, 50) }, n).unwrap();
    // Both have a wave of 60 Hz, y an eighth of a turn later, and noises of their own.
    let with = |seed: u64, late: f64| -> Vec<f64> {
        let noise = signal::white_noise(n, seed);
        (0..n).map(|i| (TAU * (0.06 * i as f64 - late)).cos() + 0.5 * noise[i]).collect()
    };
    let (x, y) = (with(1, 0.0), with(2, 0.125));
    let params = CoherenceParams::default();
    let coherence = plan.coherence(&x, &y, &params).unwrap();
    let frequencies = plan.frequencies();
    let row = frequencies.partition_point(|f| *f > 60.0);
    let columns = (500..2500).step_by(100);
    let mut mean = 0.0;
    for column in columns.clone() {
        assert!(coherence.squared[[row, column]] > 0.9);
        let ahead = coherence.phase[[row, column]] - TAU / 8.0;
        assert!(ahead.abs() < 0.4, "{column}: {ahead}");
        mean += ahead / columns.len() as f64;
    }
    assert!(mean.abs() < 0.1, "{mean}");
    let white = RedNoise { correlation: 0.0, variance: 1.0 };
    let level =
        |seed| plan.significant_coherence((&white, &white), &params, 0.95, 6, seed).unwrap();
    let levels = level(1);
    assert_eq!(levels, level(1));
    // By chance alone 5 % are above.
    let (mut above, mut all) = (0.0, 0.0);
    for seed in 100..106 {
        let (x, y) = (signal::white_noise(n, seed), signal::white_noise(n, seed + 1000));
        let coherence = plan.coherence(&x, &y, &params).unwrap();
        assert!(coherence.squared.iter().all(|r| (0.0..=1.0).contains(r)));
        for (row, level) in coherence.squared.outer_iter().zip(&levels).take(40) {
            let middle = row.iter().skip(500).take(n - 1000);
            above += middle.filter(|r| **r > level.unwrap()).count() as f64;
            all += (n - 1000) as f64;
        }
    }
    assert!((above / all - 0.05).abs() < 0.03, "{}", above / all);
    let itself = plan.coherence(&x, &x, &params).unwrap();
    assert!(itself.squared.iter().all(|r| *r > 1.0 - 1e-9));
    let w = plan.transform(&x).unwrap();
    let cross = cross_transform(w.view(), w.view()).unwrap();
    assert!(cross.iter().zip(&w).all(|(c, w)| (c.re - w.norm_sqr()).abs() <= 1e-12 * c.re));
    assert!(plan.coherence(&x, &y[..9], &params).is_err());
}

/// Tones and chirps well within 20 to 400 Hz, which vanish at both ends.
fn within_the_band(n: usize) -> Vec<f64> {
    let chirp = signal::linear_chirp(n, 1000.0, 60.0, 150.0);
    let window = |i: usize| (TAU / 2.0 * i as f64 / n as f64).sin().powi(8);
    (0..n).map(|i| window(i) * (chirp[i] + 0.3 * (0.5 * i as f64).cos())).collect()
}

#[test]
fn the_exact_inverse_is_exact_within_the_band() {
    let n = 4096;
    let x = within_the_band(n);
    let largest = |a: &[f64]| a.iter().zip(&x).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    // Scales so few that the sum over them is a poor integral.
    for (padding, norm) in
        [(Padding::None, Norm::L1), (Padding::Reflect, Norm::L1), (Padding::Zero, Norm::L2)]
    {
        let scales = ScaleSpec::Range { low: 15.0, high: 450.0, rows: 40 };
        let params =
            CwtParams { sampling_rate: 1000.0, scales, padding, norm, ..Default::default() };
        let plan = CwtPlan::<f64>::new(&params, n).unwrap();
        let w = plan.transform(&x).unwrap();
        let exact = plan.inverse_exact(w.view(), 0.01).unwrap();
        let (exact, sum) = (largest(&exact), largest(&plan.inverse(w.view()).unwrap()));
        println!("{padding:?} {norm:?}: exact {exact:e}, one integral {sum:e}");
        assert!(exact < 1e-10, "{padding:?}: {exact:e}");
        assert!(sum > 1e-8);
    }
    let plan = CwtPlan::<f64>::new(&range(20.0, 400.0, 30), n).unwrap();
    let w = plan.transform(&x).unwrap();
    assert!(plan.inverse_exact(w.view(), 0.0).is_err());
    // A band of the plain inverse.
    let mixture: Vec<f64> =
        (0..n).map(|i| [0.05, 0.2].iter().map(|f| (TAU * f * i as f64).cos()).sum()).collect();
    let plan = CwtPlan::<f64>::new(&range(10.0, 450.0, 200), n).unwrap();
    let w = plan.transform(&mixture).unwrap();
    let band = plan.inverse_band(w.view(), 100.0, 400.0).unwrap();
    let error =
        (1000..3000).map(|i| (band[i] - (TAU * 0.2 * i as f64).cos()).abs()).fold(0.0, f64::max);
    assert!(error < 1e-3, "{error}");
    assert!(plan.inverse_band(w.view(), 4.0, 3.0).is_err());
}

#[test]
fn scales_and_frequencies_without_a_plan() {
    let wavelet = wavelet::by_name("gmw").unwrap();
    let plan = CwtPlan::<f64>::new(&range(20.0, 400.0, 30), 100).unwrap();
    for (scale, frequency) in plan.scales().values().iter().zip(plan.frequencies()) {
        let ours = scales::frequency_of_scale(wavelet.as_ref(), *scale, 1000.0);
        assert!((ours / frequency - 1.0).abs() < 1e-14);
        let back = scales::scale_of_frequency(wavelet.as_ref(), ours, 1000.0);
        assert!((back / scale - 1.0).abs() < 1e-14);
    }
}

#[cfg(feature = "serde")]
#[test]
fn parameters_are_written_and_read_back() {
    let image = LogSpectrogramParams {
        wavelet: wavelet::by_name("morlet:6").unwrap(),
        latency: Latency::Seconds(0.5),
        ..Default::default()
    };
    let text = serde_json::to_string(&image).unwrap();
    let again: LogSpectrogramParams = serde_json::from_str(&text).unwrap();
    assert_eq!(format!("{image:?}"), format!("{again:?}"));
    let ssq = SsqParams { cwt: range(20.0, 400.0, 30), ..Default::default() };
    let text = serde_json::to_string(&ssq).unwrap();
    let again: SsqParams = serde_json::from_str(&text).unwrap();
    assert_eq!(format!("{ssq:?}"), format!("{again:?}"));
    // Without what was added later.
    let old = r#"{"sampling_rate":8000.0,"rows":9,"f_min":50.0,"f_max":3000.0,"columns_per_second":50.0}"#;
    assert_eq!(
        serde_json::from_str::<LogSpectrogramParams>(old).unwrap().latency,
        Latency::Unlimited
    );
}
