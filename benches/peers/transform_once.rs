//! Our transforms and scalet's, once: WORK SECONDS THREADS -> JSON with CPU seconds, the median of
//! a few runs. `peers.py` starts it, a process for each measurement.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use cpu_time::ProcessTime;
use ndarray::Array2;
use num_complex::Complex32;
use scalet::{CwtOptions, MorletWavelet, Scalet, SynchrosqueezeOptions};
use songscape_ssq::{
    CwtParams, LogSpectrogram, LogSpectrogramParams, ScaleSpec, SsqParams, SsqPlan, signal,
};

const RATE: usize = 44_100;

/// Median CPU time of what is done after its set-up and a first run.
fn measure(seconds: usize, mut work: impl FnMut()) -> Duration {
    if seconds <= 10 {
        work();
    }
    let runs = match seconds {
        0..=1 => 9,
        2..=10 => 3,
        _ => 1,
    };
    let mut times: Vec<Duration> = (0..runs)
        .map(|_| {
            let start = ProcessTime::now();
            work();
            start.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() / 2]
}

fn main() {
    let usage = "usage: transform_once cwt|ssq|cwt-in-place|ssq-in-place|image|scalet-cwt|scalet-ssq \
                 SECONDS THREADS";
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [work, seconds, threads] = arguments.as_slice() else {
        eprintln!("{usage}");
        std::process::exit(2);
    };
    let (Ok(seconds), Ok(threads)) = (seconds.parse::<usize>(), threads.parse()) else {
        eprintln!("{usage}");
        std::process::exit(2);
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.expect("a thread pool");
    let noise: Vec<f32> =
        signal::white_noise(seconds * RATE, 1).into_iter().map(|x| x as f32).collect();
    let time = pool.install(|| match work.as_str() {
        "image" => image(&noise, seconds),
        "cwt" | "ssq" => full_rate(work, &noise, seconds),
        "cwt-in-place" | "ssq-in-place" => in_place(work, &noise, seconds),
        "scalet-cwt" | "scalet-ssq" => scalet(work, &noise, seconds),
        _ => {
            eprintln!("{usage}");
            std::process::exit(2);
        }
    });
    println!("{{\"cpu\": {}}}", time.as_secs_f64());
}

fn image(noise: &[f32], seconds: usize) -> Duration {
    let plan = LogSpectrogram::new(&LogSpectrogramParams::default()).expect("default parameters");
    measure(seconds, || {
        let mut sum = 0.0;
        let mut stream = plan.stream();
        stream.push(noise, &mut |column| sum += column[0]).expect("finite samples");
        stream.finish(&mut |column| sum += column[0]).expect("finite samples");
        black_box(sum);
    })
}

fn plan(samples: usize) -> SsqPlan<f32> {
    let scales = ScaleSpec::Range { low: 30.0, high: 12_000.0, rows: 256 };
    let cwt = CwtParams { sampling_rate: RATE as f64, scales, ..CwtParams::default() };
    let params = SsqParams { cwt, ..SsqParams::default() };
    SsqPlan::new(&params, samples).expect("valid parameters")
}

/// Into an array that exists already, as repeated transforms would.
fn in_place(work: &str, noise: &[f32], seconds: usize) -> Duration {
    let plan = plan(noise.len());
    let mut scratch = plan.cwt().scratch();
    let mut out = Array2::zeros((plan.bins().len(), noise.len()));
    // However long: its pages are to be there.
    out.fill(Complex32::new(0.0, 0.0));
    measure(seconds, || {
        let out = out.view_mut();
        let done = if work == "cwt-in-place" {
            plan.cwt().transform_with_scratch(noise, out, None, &mut scratch)
        } else {
            plan.transform_with_scratch(noise, out, &mut scratch)
        };
        done.expect("finite samples");
    })
}

fn full_rate(work: &str, noise: &[f32], seconds: usize) -> Duration {
    let plan = plan(noise.len());
    measure(seconds, || {
        let result =
            if work == "cwt" { plan.cwt().transform(noise) } else { plan.transform(noise) };
        black_box(result.expect("finite samples").dim());
    })
}

fn scalet(work: &str, noise: &[f32], seconds: usize) -> Duration {
    // As many voices as give about 256 scales.
    let plan = |nv| {
        let options = CwtOptions { nv, l1_norm: true, ..CwtOptions::default() };
        Scalet::make_cwt_f32(Arc::new(MorletWavelet::new(13.4)), noise.len(), options)
            .expect("valid options")
    };
    let rows_at_8 = plan(8).view_scales().len();
    let nv = (8 * 256usize).div_ceil(rows_at_8);
    let plan = plan(nv);
    let num_freq_bins = plan.view_scales().len();
    measure(seconds, || {
        let frame = plan.execute(black_box(noise)).expect("a signal");
        if work == "scalet-ssq" {
            let options = SynchrosqueezeOptions {
                sample_rate: RATE as f32,
                num_freq_bins,
                threshold: 1e-6,
                nv,
            };
            let squeezed = plan.synchrosqueeze(&frame.as_ref(), options).expect("a frame");
            black_box(squeezed.width);
        }
        black_box(frame.width);
    })
}
