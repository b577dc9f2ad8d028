//! Images made from the full-rate transform in double precision, and the streamed ones beside them.

use songscape_ssq::wavelet::Properties;
use songscape_ssq::{
    CwtParams, CwtPlan, LogSpectrogram, LogSpectrogramParams, Padding, ScaleSpec, phase_transform,
};

/// Sums of |W|² of all samples, each split by its frequency between two rows.
fn full_rate_image(signal: &[f32], params: &LogSpectrogramParams) -> Vec<Vec<f64>> {
    let wavelet = params.wavelet.as_ref();
    let signal: Vec<f64> = signal.iter().map(|x| f64::from(*x)).collect();
    let last = (params.rows - 1) as f64;
    let step = (params.f_max / params.f_min).ln() / last;
    // |ψ̂/2|², so that a sine of amplitude 1 has modulus 1, and half of that for its power.
    let constant = Properties::of(wavelet).admissibility_cwt / 4.0;
    let per_column = params.sampling_rate / params.columns_per_second;
    let gain = 0.5 * step / constant / per_column;
    let scales: Vec<f64> = (0..params.rows)
        .map(|row| {
            let frequency = params.f_max * (-step * row as f64).exp();
            wavelet.peak() * params.sampling_rate / (std::f64::consts::TAU * frequency)
        })
        .collect();
    let columns = (signal.len() as f64 / per_column).ceil() as usize;
    let mut image = vec![vec![0.0; params.rows]; columns];
    for scales in scales.chunks(16) {
        let cwt = CwtParams {
            sampling_rate: params.sampling_rate,
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
fn compare(signal: &[f32], params: &LogSpectrogramParams) -> Difference {
    let reference = full_rate_image(signal, params);
    let mut ours = Vec::new();
    let mut stream = LogSpectrogram::new(params).unwrap().stream();
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

/// Compares a second of sound, faded in and out, at 44.1 kHz.
pub fn check(name: &str, signal: Vec<f32>) {
    check_with(name, signal, &LogSpectrogramParams::default(), 30.0);
}

/// The same with other parameters and another bound for the PSNR, in dB; without the bounds for the
/// rest where the PSNR's is lower than that.
pub fn check_with(name: &str, mut signal: Vec<f32>, params: &LogSpectrogramParams, least: f64) {
    let length = signal.len();
    // Silent at both ends, for longer than the wavelets are there: the sums over samples are
    // integrals where the coefficients vanish at both ends.
    let (silence, fade) = (length / 6, length / 25);
    for n in 0..silence + fade {
        let part = n.saturating_sub(silence) as f32 / fade as f32;
        let gain = 0.5 - 0.5 * (std::f32::consts::PI * part).cos();
        signal[n] *= gain;
        signal[length - 1 - n] *= gain;
    }
    let signal = signal.as_slice();
    let Difference { relative_l1, psnr, energy } = compare(signal, params);
    println!("{name}: relative L1 {relative_l1:.4}, PSNR {psnr:.1} dB, energy {energy:.1e}");
    assert!(psnr >= least, "{name}: PSNR {psnr}");
    if least >= 30.0 {
        assert!(relative_l1 <= 0.06, "{name}: relative L1 {relative_l1}");
        assert!(energy.abs() < 1e-6, "{name}: energy {energy:e}");
    }
}
