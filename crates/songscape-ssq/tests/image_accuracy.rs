//! The streamed image against the one made from the full-rate transform in double precision.
#![allow(clippy::unwrap_used)]

use songscape_ssq::wavelet::Properties;
use songscape_ssq::{
    CwtParams, CwtPlan, LogSpectrogram, LogSpectrogramParams, Morse, Padding, ScaleSpec, Wavelet,
    phase_transform,
};

const RATE: usize = 44_100;

/// Sums of |W|² of all samples, each split by its frequency between two rows.
fn full_rate_image(signal: &[f32], params: &LogSpectrogramParams) -> Vec<Vec<f64>> {
    let wavelet = Morse::new(params.gamma, params.beta).unwrap();
    let signal: Vec<f64> = signal.iter().map(|x| f64::from(*x)).collect();
    let last = (params.rows - 1) as f64;
    let step = (params.f_max / params.f_min).ln() / last;
    // |ψ̂/2|², so that a sine of amplitude 1 has modulus 1, and half of that for its power.
    let constant = Properties::of(&wavelet).admissibility_cwt / 4.0;
    let per_column = params.sample_rate / params.columns_per_second;
    let gain = 0.5 * step / constant / per_column;
    let scales: Vec<f64> = (0..params.rows)
        .map(|row| {
            let frequency = params.f_max * (-step * row as f64).exp();
            wavelet.peak() * params.sample_rate / (std::f64::consts::TAU * frequency)
        })
        .collect();
    let columns = (signal.len() as f64 / per_column).ceil() as usize;
    let mut image = vec![vec![0.0; params.rows]; columns];
    for scales in scales.chunks(16) {
        let cwt = CwtParams {
            sampling_rate: params.sample_rate,
            scales: ScaleSpec::Explicit(scales.to_vec()),
            padding: Padding::Zero,
            ..Default::default()
        };
        let plan = CwtPlan::<f64>::new(&cwt, signal.len()).unwrap();
        let (w, d) = plan.transform_with_derivative(&signal).unwrap();
        let omega = phase_transform(w.view(), d.view(), None).unwrap();
        for ((row, n), w) in w.indexed_iter() {
            let omega = omega[[row, n]];
            if omega.is_finite() {
                let position = ((params.f_max / omega).ln() / step).clamp(0.0, last);
                let whole = position.floor().min(last - 1.0);
                let column = &mut image[(n as f64 / per_column) as usize];
                let energy = gain * w.norm_sqr();
                column[whole as usize] += energy * (1.0 - (position - whole));
                column[whole as usize + 1] += energy * (position - whole);
            }
        }
    }
    image
}

struct Difference {
    relative_l1: f64,
    psnr: f64,
    energy: f64,
}

/// Relative L1 distance; PSNR of the images in dB over a range of 60 dB, that of the grey scale;
/// relative energy.
fn compare(signal: &[f32]) -> Difference {
    let params = LogSpectrogramParams::default();
    let reference = full_rate_image(signal, &params);
    let mut ours = Vec::new();
    let mut stream = LogSpectrogram::new(&params).unwrap().stream();
    let mut emit = |column: &[f32]| ours.push(column.to_vec());
    stream.push(signal, &mut emit).unwrap();
    stream.finish(&mut emit).unwrap();
    assert_eq!(ours.len(), reference.len());
    let pairs = || {
        let ours = ours.iter().flatten().map(|e| f64::from(*e));
        ours.zip(reference.iter().flatten().copied())
    };
    let total: f64 = pairs().map(|(_, b)| b).sum();
    let largest = pairs().map(|(_, b)| b).fold(0.0, f64::max);
    let db = |e: f64| 10.0 * (e / largest).max(1e-6).log10();
    let squares: f64 = pairs().map(|(a, b)| (db(a) - db(b)).powi(2)).sum();
    let rms = (squares / pairs().count() as f64).sqrt();
    Difference {
        relative_l1: pairs().map(|(a, b)| (a - b).abs()).sum::<f64>() / total,
        psnr: 20.0 * (60.0 / rms).log10(),
        energy: pairs().map(|(a, _)| a).sum::<f64>() / total - 1.0,
    }
}

fn check(name: &str, mut signal: Vec<f32>) {
    // Silent at both ends, for longer than the wavelets are there: the sums over samples are
    // integrals where the coefficients vanish at both ends.
    let (silence, fade) = (RATE / 6, RATE / 25);
    for n in 0..silence + fade {
        let part = n.saturating_sub(silence) as f32 / fade as f32;
        let gain = 0.5 - 0.5 * (std::f32::consts::PI * part).cos();
        signal[n] *= gain;
        signal[RATE - 1 - n] *= gain;
    }
    let signal = signal.as_slice();
    let Difference { relative_l1, psnr, energy } = compare(signal);
    println!("{name}: relative L1 {relative_l1:.4}, PSNR {psnr:.1} dB, energy {energy:.1e}");
    assert!(relative_l1 <= 0.06, "{name}: relative L1 {relative_l1}");
    assert!(psnr >= 30.0, "{name}: PSNR {psnr}");
    assert!(energy.abs() < 1e-6, "{name}: energy {energy:e}");
}

fn uniform(state: &mut u32) -> f32 {
    *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    (*state >> 8) as f32 / 8_388_608.0 - 1.0
}

#[test]
fn chirp() {
    let seconds = |n: usize| n as f64 / RATE as f64;
    let signal: Vec<f32> = (0..RATE)
        .map(|n| {
            // 60 Hz to 9.6 kHz in a second.
            let (f0, octaves) = (60.0, 160f64.log2());
            let rate = octaves * std::f64::consts::LN_2;
            let phase = std::f64::consts::TAU * f0 * ((rate * seconds(n)).exp() - 1.0) / rate;
            phase.cos() as f32 * 0.8
        })
        .collect();
    check("chirp", signal);
}

#[test]
fn music() {
    // Plucked chords over a bass, with a noisy beat.
    let mut state = 7;
    let mut signal = vec![0f32; RATE];
    let notes =
        [(0.0, 110.0), (0.0, 277.2), (0.02, 440.0), (0.3, 123.5), (0.31, 370.0), (0.6, 98.0)];
    for (start, frequency) in notes {
        for (n, x) in signal.iter_mut().enumerate().skip((start * RATE as f64) as usize) {
            let t = n as f64 / RATE as f64 - start;
            for harmonic in 1..12 {
                let h = f64::from(harmonic);
                let decay = (-t * (2.0 + h)).exp() / h;
                let phase = std::f64::consts::TAU * frequency * h * t;
                *x += (0.2 * decay * phase.sin()) as f32;
            }
        }
    }
    for beat in [0.15, 0.45, 0.75] {
        for (n, x) in signal.iter_mut().enumerate().skip((beat * RATE as f64) as usize) {
            let t = n as f32 / RATE as f32 - beat as f32;
            *x += 0.3 * uniform(&mut state) * (-t * 40.0).exp();
        }
    }
    check("music", signal);
}

#[test]
fn noise() {
    let mut state = 1;
    let signal: Vec<f32> = (0..RATE).map(|_| 0.5 * uniform(&mut state)).collect();
    check("noise", signal);
}
