//! The streamed image against the one made from the full-rate transform in double precision.
#![allow(clippy::unwrap_used)]

mod full_rate_image;

use full_rate_image::{check, check_with};
use songscape_ssq::{Latency, LogSpectrogramParams};

const RATE: usize = 44_100;

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
fn white_noise() {
    check("noise", noise(RATE));
}

fn noise(samples: usize) -> Vec<f32> {
    let mut state = 1;
    (0..samples).map(|_| 0.5 * uniform(&mut state)).collect()
}

/// A column for every sample: the same coefficients as the full-rate transform.
#[test]
fn as_many_columns_as_samples() {
    let params = LogSpectrogramParams {
        rows: 64,
        f_min: 200.0,
        columns_per_second: RATE as f64,
        ..Default::default()
    };
    check_with("44,100 columns a second", noise(RATE / 4), &params, 30.0);
}

/// So many rows in so little that frequencies cross many of them within a column.
#[test]
fn a_narrow_range() {
    let params = LogSpectrogramParams { f_min: 430.0, f_max: 450.0, ..Default::default() };
    check_with("430 to 450 Hz", noise(RATE), &params, 30.0);
}

/// What is lost where columns may not take the time that their wavelets do.
#[test]
fn short_latencies() {
    for (seconds, least) in [(1.0, 30.0), (0.5, 30.0), (0.25, 25.0), (0.1, 20.0), (0.05, 15.0)] {
        let latency = Latency::Seconds(seconds);
        let params = LogSpectrogramParams { latency, ..Default::default() };
        check_with(&format!("latency {seconds} s"), noise(RATE), &params, least);
    }
}
