//! The classic pictures of synchrosqueezing: chirps, crossing chirps, a close pair, an impulse;
//! the wavelet transform with its cone of influence beside the squeezed one; ridges and coherence.

#[path = "../../crates/songscape-ssq/examples/picture/mod.rs"]
mod picture;
mod studies;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use ndarray::Array2;
use picture::{Panel, draw, moduli};
use songscape::Error;
use songscape_examples::{print, start};
use songscape_ssq::{CwtParams, Reassignment, ScaleSpec, SsqParams, SsqPlan, signal};

/// Draw chirps.png, crossing.png, pair.png and impulse.png (CWT left, dark where the ends of the
/// signal reach; SSQ right), ridges.png (on crossing chirps, with two penalties) and
/// coherence.png (a wave that two noisy signals share).
///
/// Exit codes: 0 done; 1 fatal; 2 usage.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The folder to write into
    #[arg(long, value_name = "DIR", default_value = "target/ssq_gallery")]
    out: PathBuf,
    /// Width of a panel, pixels
    #[arg(long, default_value_t = 480, value_parser = clap::value_parser!(u16).range(100..=4000))]
    width: u16,
    /// Height of a panel, pixels
    #[arg(long, default_value_t = 320, value_parser = clap::value_parser!(u16).range(100..=4000))]
    height: u16,
}

const RATE: f64 = 2000.0;
const SAMPLES: usize = 4000;

fn add(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

fn main() -> ExitCode {
    start(|| run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> Result<(), Error> {
    std::fs::create_dir_all(&arguments.out).map_err(Error::io(&arguments.out))?;
    let n = SAMPLES;
    let rising = signal::exponential_chirp(n, RATE, 25.0, 100.0);
    let wavering = signal::am_fm(n, RATE, 350.0, 1.0, 0.0, 90.0);
    let pictures = [
        ("chirps", add(&rising, &wavering), Reassignment::First),
        (
            "crossing",
            add(
                &signal::linear_chirp(n, RATE, 60.0, 500.0),
                &signal::linear_chirp(n, RATE, 500.0, 60.0),
            ),
            Reassignment::Second,
        ),
        (
            "pair",
            add(&signal::tone(n, RATE, 200.0), &signal::tone(n, RATE, 235.0)),
            Reassignment::First,
        ),
        ("impulse", signal::impulse(n, n / 2), Reassignment::First),
    ];
    for (name, signal, reassignment) in pictures {
        let plan = plan(reassignment)?;
        let (w, t) = (plan.cwt().transform(&signal)?, plan.transform(&signal)?);
        let w = studies::shade_cone(moduli(&w), plan.cwt());
        write(arguments, name, &plan, [("CWT", w), ("SSQ", moduli(&t))])?;
    }
    let (plan, panels) = studies::ridges_through_a_crossing()?;
    write(arguments, "ridges", &plan, panels)?;
    let (plan, panels) = studies::coherence()?;
    write(arguments, "coherence", &plan, panels)
}

fn plan(reassignment: Reassignment) -> Result<SsqPlan<f64>, Error> {
    let scales = ScaleSpec::Range { low: 20.0, high: 900.0, rows: 320 };
    let cwt = CwtParams { sampling_rate: RATE, scales, ..CwtParams::default() };
    let params = SsqParams { cwt, reassignment, ..SsqParams::default() };
    Ok(SsqPlan::new(&params, SAMPLES)?)
}

/// Two images side by side, each with its title.
type Pair = [(&'static str, Array2<f32>); 2];

fn write(
    arguments: &Arguments,
    name: &str,
    plan: &SsqPlan<f64>,
    images: Pair,
) -> Result<(), Error> {
    let frequencies = plan.bins().frequencies();
    let seconds = SAMPLES as f64 / RATE;
    let panels =
        images.map(|(title, values)| Panel { title, values, frequencies: &frequencies, seconds });
    let path = arguments.out.join(name).with_extension("png");
    let size = (arguments.width.into(), arguments.height.into());
    draw(&path, &panels, size).map_err(Error::io(&path))?;
    print(format_args!("{}", path.display()))
}
