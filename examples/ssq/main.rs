//! Computes the transforms of a signal as NumPy arrays: `ssq -- INPUT.(wav|npy) --out DIR`.

mod input;
mod picture;
mod results;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use ndarray::{Array1, Array2, Axis};
use ndarray_npy::WritableElement;
use num_complex::Complex;
use results::{Inverse, Results, write};
use songscape::Error;
use songscape::ssq::{self, CwtParams, Padding, Real, Sample, SsqParams, SsqPlan};
use songscape_examples::{print, start};

/// Compute the wavelet and synchrosqueezed transforms of a signal, and their inverses.
///
/// Writes scales.npy, ssq_freqs.npy (Hz), wx.npy and dwx.npy (coefficients and their derivatives
/// per second), w.npy (instantaneous frequencies, Hz), tx.npy (squeezed), icwt.npy, issq.npy and
/// picture.png (wavelet transform left, squeezed right) into DIR. Row 0 is the highest frequency.
/// The rows of the negative frequencies of a complex signal follow, down to minus the highest, and
/// its inverses are complex. With --channels each, arrays have the channels as their first axis.
///
/// Exit codes: 0 done; 1 fatal; 2 usage.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// A WAV file, or a .npy array of float64, float32, complex128 or complex64, of shape [samples]
    /// or [channels, samples]
    input: PathBuf,
    /// Sampling rate [default: that of the WAV file, or 1]
    #[arg(long, value_name = "HZ")]
    fs: Option<f64>,
    /// gmw[:gamma,beta[,order[,energy]]], morlet[:mu], bump[:mu,s], cmhat[:mu,s] or hhhat[:mu]
    #[arg(long, default_value = "gmw")]
    wavelet: String,
    /// log, log-piecewise or linear, with :maximal, :minimal or :naive; range:LOW,HIGH,ROWS (Hz);
    /// explicit:S1,S2,... (samples, ascending); or a .npy file of scales
    #[arg(long, default_value = "log-piecewise")]
    scales: String,
    /// Scales per octave, for logarithmic spacings
    #[arg(long, value_name = "N", default_value_t = 32.0)]
    nv: f64,
    /// Padding of the signal: reflect, zero, symmetric, replicate, wrap or none
    #[arg(long, default_value = "reflect")]
    pad: Padding,
    /// Transform the mean of all channels, or each channel
    #[arg(long, value_enum, default_value_t = Channels::Mean)]
    channels: Channels,
    /// Precision of the computation and of the arrays
    #[arg(long, value_enum, default_value_t = Precision::F64)]
    precision: Precision,
    /// The folder to write into
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Channels {
    Mean,
    Each,
}

#[derive(Clone, Copy, ValueEnum)]
enum Precision {
    F32,
    F64,
}

fn main() -> ExitCode {
    start(|| {
        let arguments = Arguments::parse();
        match arguments.precision {
            Precision::F32 => run::<f32>(&arguments),
            Precision::F64 => run::<f64>(&arguments),
        }
    })
}

fn run<T: Real + WritableElement>(arguments: &Arguments) -> Result<(), Error>
where
    Complex<T>: WritableElement,
{
    let input = input::read(&arguments.input)?;
    let samples = match arguments.channels {
        Channels::Each => input.samples,
        Channels::Mean => {
            let count = input.samples.nrows().max(1) as f64;
            (input.samples.sum_axis(Axis(0)) / count).insert_axis(Axis(0))
        }
    };
    if input.complex {
        let signals = samples.mapv(|z| Complex::new(T::of(z.re), T::of(z.im)));
        let icwt: Inverse<T, _> = |plan, w| plan.cwt().inverse_complex(w);
        let issq: Inverse<T, _> = |plan, t| plan.inverse_complex(t);
        transform(arguments, input.rate, &signals, (icwt, issq))
    } else {
        let signals = samples.mapv(|z| T::of(z.re));
        let icwt: Inverse<T, _> = |plan, w| plan.cwt().inverse(w);
        let issq: Inverse<T, _> = |plan, t| plan.inverse(t);
        transform(arguments, input.rate, &signals, (icwt, issq))
    }
}

fn transform<T, S>(
    arguments: &Arguments,
    own_rate: f64,
    signals: &Array2<S>,
    inverses: (Inverse<T, S>, Inverse<T, S>),
) -> Result<(), Error>
where
    T: Real + WritableElement,
    S: Sample<T> + WritableElement,
    Complex<T>: WritableElement,
{
    let cwt = CwtParams {
        sampling_rate: arguments.fs.unwrap_or(own_rate),
        wavelet: ssq::wavelet::by_name(&arguments.wavelet)?,
        scales: input::scales(&arguments.scales)?,
        voices: arguments.nv,
        padding: arguments.pad,
        ..CwtParams::default()
    };
    let plan = SsqPlan::<T>::new(&SsqParams { cwt, ..SsqParams::default() }, signals.ncols())?;
    let results = Results::compute(&plan, signals, inverses)?;

    let (out, scales) = (&arguments.out, plan.cwt().scales().values());
    write(out, "scales", &Array1::from(scales.to_vec()))?;
    write(out, "ssq_freqs", &Array1::from(plan.bins().frequencies()))?;
    results.write(out, arguments.channels == Channels::Each)?;
    let (channels, samples) = signals.dim();
    let signal = if channels == 1 { String::new() } else { format!("{channels} channels of ") };
    let (scales, bins) = (scales.len(), plan.bins().len());
    print(format_args!(
        "{signal}{samples} samples, {scales} scales, {bins} bins: {}",
        out.display()
    ))
}
