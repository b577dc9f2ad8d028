//! The classic pictures of synchrosqueezing: chirps, crossing chirps, a close pair, an impulse;
//! the wavelet transform with its cone of influence beside the squeezed one; ridges, coherence.

#[path = "../../crates/songscape-ssq/examples/picture/mod.rs"]
mod picture;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;
use ndarray::Array2;
use picture::{Panel, draw, moduli};
use songscape_examples::start;
use songscape_ssq::{
    CoherenceParams, CwtParams, CwtPlan, HalfWidth, Reassignment, RidgeParams, ScaleSpec,
    SsqParams, SsqPlan, ridges, signal,
};

/// Draws chirps.png, crossing.png, pair.png and impulse.png (CWT left, its cone of influence dark;
/// SSQ right), ridges.png (through crossing chirps, with two penalties) and coherence.png.
///
/// Exit codes: 0 done; 1 fatal; 2 usage.
#[derive(Parser)]
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

fn run(arguments: &Arguments) -> Result<()> {
    std::fs::create_dir_all(&arguments.out).with_context(|| arguments.out.display().to_string())?;
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
        let moduli_in_cone = shade_cone(moduli(&w), plan.cwt());
        write(arguments, name, &plan, [("CWT", moduli_in_cone), ("SSQ", moduli(&t))])?;
    }
    ridges_through_a_crossing(arguments)?;
    coherence(arguments)
}

fn plan(reassignment: Reassignment) -> Result<SsqPlan<f64>> {
    let scales = ScaleSpec::Range { low: 20.0, high: 900.0, rows: 320 };
    let cwt = CwtParams { sampling_rate: RATE, scales, ..CwtParams::default() };
    let params = SsqParams { cwt, reassignment, ..SsqParams::default() };
    Ok(SsqPlan::new(&params, SAMPLES)?)
}

fn write(
    arguments: &Arguments,
    name: &str,
    plan: &SsqPlan<f64>,
    images: [(&str, Array2<f32>); 2],
) -> Result<()> {
    let frequencies = plan.bins().frequencies();
    let seconds = SAMPLES as f64 / RATE;
    let panels =
        images.map(|(title, values)| Panel { title, values, frequencies: &frequencies, seconds });
    let path = arguments.out.join(name).with_extension("png");
    draw(&path, &panels, (arguments.width.into(), arguments.height.into()))?;
    println!("{}", path.display());
    Ok(())
}

/// Darkens what the ends of the signal reach into.
fn shade_cone(mut values: Array2<f32>, plan: &CwtPlan<f64>) -> Array2<f32> {
    let cone = plan.cone_of_influence();
    let columns = values.ncols();
    for ((row, column), value) in values.indexed_iter_mut() {
        let from_an_end = column.min(columns - 1 - column) as f64 / RATE;
        if from_an_end < cone[row] {
            *value *= 0.4;
        }
    }
    values
}

/// Ridges through two chirps that cross: with the usual penalty they turn back where they meet,
/// with a high one they go straight on.
fn ridges_through_a_crossing(arguments: &Arguments) -> Result<()> {
    let plan = plan(Reassignment::Second)?;
    let rising = signal::linear_chirp(SAMPLES, RATE, 60.0, 500.0);
    let t = plan.transform(&add(&rising, &signal::linear_chirp(SAMPLES, RATE, 500.0, 60.0)))?;
    let with = |penalty: f64| -> Result<Array2<f32>> {
        let half_width = HalfWidth::Rows(12);
        let params = RidgeParams { count: 1, penalty, half_width };
        let mut values = moduli(&t).mapv(|value| 0.45 * value);
        for ridge in ridges(t.view(), &plan.bins().frequencies(), &params)? {
            for (column, row) in ridge.rows.iter().enumerate() {
                values[[*row, column]] = 1.0;
            }
        }
        Ok(values)
    };
    write(arguments, "ridges", &plan, [("PENALTY 20", with(20.0)?), ("PENALTY 500", with(500.0)?)])
}

/// Two signals with a wave in common, each in its own noise: the wave is where they are coherent.
fn coherence(arguments: &Arguments) -> Result<()> {
    let plan = plan(Reassignment::First)?;
    let common = signal::linear_chirp(SAMPLES, RATE, 100.0, 200.0);
    let with = |seed: u64| add(&common, &signal::white_noise(SAMPLES, seed));
    let (x, y) = (with(1), with(2));
    let w = moduli(&plan.cwt().transform(&x)?);
    let coherence = plan.cwt().coherence(&x, &y, &CoherenceParams::default())?;
    let squared = shade_cone(coherence.squared.mapv(|r| r as f32), plan.cwt());
    write(arguments, "coherence", &plan, [("CWT", w), ("COHERENCE", squared)])
}
