//! A whistle in loud noise is found by its ridge and pulled out.
//!
//! `cargo run --release -p songscape-ssq --example component_from_noise [FOLDER]` writes a picture
//! and the sound before and after.

mod picture;

use std::error::Error;
use std::path::{Path, PathBuf};

use picture::{Panel, draw, moduli};
use songscape_ssq::{
    CwtParams, Morse, RidgeParams, ScaleSpec, SsqParams, SsqPlan, issq_component, ridges, signal,
};
use std::sync::Arc;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "target/ssq".into()));
    std::fs::create_dir_all(&folder)?;

    // Three seconds at 8 kHz: a whistle around 900 Hz that wavers, in noise twice as loud.
    let (rate, samples) = (8000.0, 24_000);
    let whistle = signal::am_fm(samples, rate, 900.0, 0.7, 0.3, 250.0);
    let noise = signal::white_noise(samples, 7);
    let noisy: Vec<f64> = whistle.iter().zip(&noise).map(|(x, n)| x + n).collect();

    // Wavelets of more oscillations than usual, since the whistle changes slowly.
    let scales = ScaleSpec::Range { low: 200.0, high: 3500.0, rows: 300 };
    let wavelet = Arc::new(Morse::new(3.0, 200.0)?);
    let cwt = CwtParams { sampling_rate: rate, scales, wavelet, ..CwtParams::default() };
    let plan = SsqPlan::<f64>::new(&SsqParams { cwt, ..SsqParams::default() }, samples)?;
    let t = plan.transform(&noisy)?;

    let frequencies = plan.bins().frequencies();
    // A ridge may not jump: noise is loud here and there, the whistle goes on.
    let params = RidgeParams { penalty: 2000.0, ..RidgeParams::default() };
    let ridge = &ridges(t.view(), &frequencies, &params)?[0];
    for second in [0.5, 1.0, 1.5, 2.0, 2.5] {
        let expected = 900.0 + 250.0 * (std::f64::consts::TAU * 0.7 * second).cos();
        let found = ridge.frequencies[(second * rate) as usize];
        println!("{second:.1} s: whistle at {expected:.0} Hz, ridge at {found:.0} Hz");
    }

    let wavelet = plan.cwt().params().wavelet.as_ref();
    let found = issq_component(t.view(), wavelet, &ridge.rows, 12)?;
    let ratio = |x: &[f64]| {
        let energy = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>();
        let error = energy(&mut x.iter().zip(&whistle).map(|(a, b)| a - b));
        10.0 * (energy(&mut whistle.iter().copied()) / error).log10()
    };
    println!("signal to noise: {:.1} dB before, {:.1} dB after", ratio(&noisy), ratio(&found));

    write_wav(&folder.join("noisy.wav"), &noisy, rate)?;
    write_wav(&folder.join("whistle.wav"), &found, rate)?;
    let alone = plan.transform(&found)?;
    let seconds = samples as f64 / rate;
    let panel = |title, values| Panel { title, values, frequencies: &frequencies, seconds };
    let path = folder.join("component_from_noise.png");
    draw(&path, &[panel("SSQ", moduli(&t)), panel("SSQ", moduli(&alone))], (400, 300))?;
    println!("{}, noisy.wav and whistle.wav beside it", path.display());
    Ok(())
}

fn write_wav(path: &Path, samples: &[f64], rate: f64) -> Result<(), hound::Error> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: rate as u32,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = hound::WavWriter::create(path, spec)?;
    for x in samples {
        wav.write_sample((x * 6000.0).clamp(-32_768.0, 32_767.0) as i16)?;
    }
    wav.finalize()
}
