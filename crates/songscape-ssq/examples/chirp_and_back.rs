//! A chirp, its wavelet transform, its squeezed transform, and the chirp again.
//!
//! `cargo run --release -p songscape-ssq --example chirp_and_back [FOLDER]` writes a picture.

mod picture;

use std::error::Error;
use std::path::PathBuf;

use picture::{Panel, draw, moduli};
use songscape_ssq::{CwtParams, ScaleSpec, SsqParams, SsqPlan, icwt, issq, signal};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "target/ssq".into()));
    std::fs::create_dir_all(&folder)?;

    // Two seconds at 4 kHz, from 50 Hz up four octaves.
    let (rate, samples) = (4000.0, 8000);
    let chirp = signal::exponential_chirp(samples, rate, 50.0, 800.0);

    // 256 wavelets between 20 Hz and 2 kHz. The plan can be used for any signal of this length.
    let scales = ScaleSpec::Range { low: 20.0, high: 2000.0, rows: 256 };
    let cwt = CwtParams { sampling_rate: rate, scales, ..CwtParams::default() };
    let plan = SsqPlan::<f64>::new(&SsqParams { cwt, ..SsqParams::default() }, samples)?;

    let w = plan.cwt().transform(&chirp)?; // [256, 8000], row 0 is 2 kHz
    let t = plan.transform(&chirp)?;

    // Where is the chirp after one second? It should be at 200 Hz.
    let frequencies = plan.bins().frequencies();
    let loudest = (0..256).max_by(|a, b| t[[*a, 4000]].norm().total_cmp(&t[[*b, 4000]].norm()));
    println!("after 1 s: {:.1} Hz", frequencies[loudest.unwrap_or(0)]);

    let wavelet = plan.cwt().params().wavelet.as_ref();
    let from_w = icwt(w.view(), plan.cwt().scales(), wavelet)?;
    let from_t = issq(t.view(), wavelet)?;
    for (name, back) in [("icwt", from_w), ("issq", from_t)] {
        // Away from the ends, where part of the wavelets lies outside.
        let error = (1000..7000).map(|n| (back[n] - chirp[n]).abs()).fold(0.0, f64::max);
        println!("{name}: the chirp again, to {error:.1e}");
    }

    let seconds = samples as f64 / rate;
    let panel = |title, values| Panel { title, values, frequencies: &frequencies, seconds };
    let path = folder.join("chirp_and_back.png");
    draw(&path, &[panel("CWT", moduli(&w)), panel("SSQ", moduli(&t))], (400, 300))?;
    println!("{}", path.display());
    Ok(())
}
