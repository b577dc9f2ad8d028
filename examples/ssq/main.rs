//! The transforms of one signal as NumPy arrays: `ssq -- INPUT.(wav|npy) --out DIR`.

mod input;
mod picture;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use ndarray::{Array1, ArrayBase, Data, Dimension};
use ndarray_npy::{WritableElement, WriteNpyExt};
use num_complex::Complex;
use songscape::Error;
use songscape::project::write_atomic;
use songscape::ssq::{self, CwtParams, Padding, Real, ScaleSpec, SsqParams, SsqPlan, Weights};
use songscape_examples::{print, start};

/// Compute the wavelet and the synchrosqueezed transform of one signal, and their inverses.
///
/// Writes scales.npy, ssq_freqs.npy (Hz), wx.npy and dwx.npy (coefficients and their derivatives
/// per second), w.npy (instantaneous frequencies, Hz), tx.npy (squeezed), icwt.npy, issq.npy and
/// picture.png (wavelet transform left, squeezed right) into DIR. Row 0 is the highest frequency.
///
/// Exit codes: 0 done; 1 fatal; 2 usage.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// A WAV file (channels are averaged) or a one-dimensional .npy array of float64 or float32
    input: PathBuf,
    /// Sampling rate; of a WAV file its own by default, else 1
    #[arg(long, value_name = "HZ")]
    fs: Option<f64>,
    /// gmw[:gamma,beta[,order]], morlet[:mu], bump[:mu,s], cmhat[:mu,s] or hhhat[:mu]
    #[arg(long, default_value = "gmw")]
    wavelet: String,
    /// log, log-piecewise or linear, with :maximal, :minimal or :naive, or range:LOW,HIGH,ROWS (Hz)
    #[arg(long, default_value = "log-piecewise")]
    scales: ScaleSpec,
    /// Scales in an octave, for logarithmic spacings
    #[arg(long, value_name = "N", default_value_t = 32.0)]
    nv: f64,
    /// reflect, zero, symmetric, replicate, wrap or none
    #[arg(long, default_value = "reflect")]
    pad: Padding,
    /// Precision of the computation and of the arrays
    #[arg(long, value_enum, default_value_t = Precision::F64)]
    precision: Precision,
    /// The folder to write into
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
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
    let (signal, own_rate) = input::read(&arguments.input)?;
    let signal: Vec<T> = signal.into_iter().map(T::of).collect();
    let cwt = CwtParams {
        sampling_rate: arguments.fs.unwrap_or(own_rate),
        wavelet: ssq::wavelet::by_name(&arguments.wavelet)?,
        scales: arguments.scales.clone(),
        voices: arguments.nv,
        padding: arguments.pad,
        ..CwtParams::default()
    };
    let plan = SsqPlan::<T>::new(&SsqParams { cwt, ..SsqParams::default() }, signal.len())?;
    let (scales, bins) = (plan.cwt().scales(), plan.bins());
    let wavelet = plan.cwt().params().wavelet.as_ref();

    let (wx, dwx) = plan.cwt().transform_with_derivative(&signal)?;
    let w = ssq::phase_transform(wx.view(), dwx.view(), None)?;
    let tx = ssq::squeeze(wx.view(), w.view(), scales.log_steps(), bins, Weights::Sum)?;
    let icwt = Array1::from(ssq::icwt(wx.view(), scales, wavelet)?);
    let issq = Array1::from(ssq::issq(tx.view(), wavelet)?);

    let out = &arguments.out;
    write(out, "scales", &Array1::from(scales.values().to_vec()))?;
    write(out, "ssq_freqs", &Array1::from(bins.frequencies()))?;
    write(out, "wx", &wx)?;
    write(out, "dwx", &dwx)?;
    write(out, "w", &w)?;
    write(out, "tx", &tx)?;
    write(out, "icwt", &icwt)?;
    write(out, "issq", &issq)?;
    picture::draw(&out.join("picture.png"), &[&wx, &tx])?;
    let (samples, scales, bins) = (signal.len(), wx.nrows(), tx.nrows());
    print(format_args!("{samples} samples, {scales} scales, {bins} bins: {}", out.display()))
}

fn write<A: WritableElement, S: Data<Elem = A>, D: Dimension>(
    folder: &Path,
    name: &str,
    array: &ArrayBase<S, D>,
) -> Result<(), Error> {
    let path = folder.join(name).with_extension("npy");
    write_atomic(&path, |file| array.write_npy(file).map_err(std::io::Error::other))?;
    Ok(())
}
