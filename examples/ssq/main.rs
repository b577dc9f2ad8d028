//! The transforms of a signal as NumPy arrays: `ssq -- INPUT.(wav|npy) --out DIR`.

mod input;
mod picture;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Parser, ValueEnum};
use ndarray::{Array1, Array2, ArrayBase, ArrayView2, Axis, Data, Dimension, RemoveAxis};
use ndarray_npy::{WritableElement, WriteNpyExt};
use num_complex::Complex;
use songscape::project::write_atomic;
use songscape::ssq::{self, CwtParams, Padding, Real, Sample, ScaleSpec, SsqParams, SsqPlan};
use songscape_examples::start;

/// Wavelet and synchrosqueezed transform of one signal, and their inverses.
///
/// Writes scales.npy, ssq_freqs.npy (Hz), wx.npy and dwx.npy (coefficients and their derivatives
/// per second), w.npy (instantaneous frequencies, Hz), tx.npy (squeezed), icwt.npy, issq.npy and
/// picture.png (wavelet transform left, squeezed right) into DIR. Row 0 is the highest frequency.
/// Of a complex signal the rows of the negative frequencies follow, down to minus the highest, and
/// the inverses are complex. With --channels each, arrays have the channels as their first axis.
///
/// Exit codes: 0 done; 1 fatal; 2 usage.
#[derive(Parser)]
struct Arguments {
    /// A WAV file, or a .npy array of float64, float32, complex128 or complex64, [samples] or
    /// [channels, samples]
    input: PathBuf,
    /// Sampling rate; of a WAV file its own by default, else 1
    #[arg(long, value_name = "HZ")]
    fs: Option<f64>,
    /// gmw[:gamma,beta[,order[,energy]]], morlet[:mu], bump[:mu,s], cmhat[:mu,s] or hhhat[:mu]
    #[arg(long, default_value = "gmw")]
    wavelet: String,
    /// log, log-piecewise or linear, with :maximal, :minimal or :naive; range:LOW,HIGH,ROWS (Hz);
    /// explicit:S1,S2,... (samples, ascending); or a .npy file of scales
    #[arg(long, default_value = "log-piecewise")]
    scales: String,
    /// Scales in an octave, for logarithmic spacings
    #[arg(long, value_name = "N", default_value_t = 32.0)]
    nv: f64,
    /// reflect, zero, symmetric, replicate, wrap or none
    #[arg(long, default_value = "reflect")]
    pad: Padding,
    /// The mean of all channels, or each of them
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

fn run<T: Real + WritableElement>(arguments: &Arguments) -> Result<()>
where
    Complex<T>: WritableElement,
{
    let path = &arguments.input;
    let input = input::read(path).with_context(|| path.display().to_string())?;
    let z = match arguments.channels {
        Channels::Each => input.samples.clone(),
        Channels::Mean => {
            let count = input.samples.nrows().max(1) as f64;
            (input.samples.sum_axis(Axis(0)) / count).insert_axis(Axis(0))
        }
    };
    if input.complex {
        let signals = z.mapv(|z| Complex::new(T::of(z.re), T::of(z.im)));
        let icwt = |plan: &SsqPlan<T>, w: Coefficients<'_, T>| plan.cwt().inverse_complex(w);
        let issq = |plan: &SsqPlan<T>, t: Coefficients<'_, T>| plan.inverse_complex(t);
        transform(arguments, input.rate, &signals, icwt, issq)
    } else {
        let signals = z.mapv(|z| T::of(z.re));
        let icwt = |plan: &SsqPlan<T>, w: Coefficients<'_, T>| plan.cwt().inverse(w);
        let issq = |plan: &SsqPlan<T>, t: Coefficients<'_, T>| plan.inverse(t);
        transform(arguments, input.rate, &signals, icwt, issq)
    }
}

type Coefficients<'a, T> = ArrayView2<'a, Complex<T>>;

/// The transforms of all channels, one after the other.
fn transform<T, S>(
    arguments: &Arguments,
    own_rate: f64,
    signals: &Array2<S>,
    icwt: impl Fn(&SsqPlan<T>, Coefficients<'_, T>) -> Result<Vec<S>, ssq::Error>,
    issq: impl Fn(&SsqPlan<T>, Coefficients<'_, T>) -> Result<Vec<S>, ssq::Error>,
) -> Result<()>
where
    T: Real + WritableElement,
    S: Sample<T> + WritableElement,
    Complex<T>: WritableElement,
{
    let cwt = CwtParams {
        sampling_rate: arguments.fs.unwrap_or(own_rate),
        wavelet: ssq::wavelet::by_name(&arguments.wavelet)?,
        scales: scales(&arguments.scales)?,
        voices: arguments.nv,
        padding: arguments.pad,
        ..CwtParams::default()
    };
    let plan = SsqPlan::<T>::new(&SsqParams { cwt, ..SsqParams::default() }, signals.ncols())?;
    let (scales, bins) = (plan.cwt().scales(), plan.bins());
    let out = &arguments.out;
    write(out, "scales", &Array1::from(scales.values().to_vec()))?;
    write(out, "ssq_freqs", &Array1::from(bins.frequencies()))?;

    let mut all = Results::default();
    for signal in signals.outer_iter() {
        let signal = signal.to_vec();
        let (wx, dwx) = plan.cwt().transform_with_derivative(&signal)?;
        // Both sides of a complex signal are squeezed into the same bins, so in one pass.
        let tx = plan.transform(&signal)?;
        all.w.push(ssq::phase_transform(wx.view(), dwx.view(), None)?);
        all.icwt.push(Array1::from(icwt(&plan, wx.view())?));
        all.issq.push(Array1::from(issq(&plan, tx.view())?));
        all.wx.push(wx);
        all.dwx.push(dwx);
        all.tx.push(tx);
    }
    let each = arguments.channels == Channels::Each;
    write_all(out, "wx", &all.wx, each)?;
    write_all(out, "dwx", &all.dwx, each)?;
    write_all(out, "w", &all.w, each)?;
    write_all(out, "tx", &all.tx, each)?;
    write_all(out, "icwt", &all.icwt, each)?;
    write_all(out, "issq", &all.issq, each)?;
    let panels: Vec<_> = all.wx.iter().zip(&all.tx).flat_map(|(wx, tx)| [wx, tx]).collect();
    picture::draw(&out.join("picture.png"), &panels[..panels.len().min(2 * MOST_DRAWN)])?;
    println!(
        "{} of {} samples, {} scales, {} bins: {}",
        if signals.nrows() == 1 {
            "1 signal".to_owned()
        } else {
            format!("{} signals", signals.nrows())
        },
        signals.ncols(),
        scales.values().len(),
        bins.len(),
        out.display()
    );
    Ok(())
}

/// Channels in the picture.
const MOST_DRAWN: usize = 4;

/// What is written, by channel.
struct Results<T, S> {
    wx: Vec<Array2<Complex<T>>>,
    dwx: Vec<Array2<Complex<T>>>,
    w: Vec<Array2<T>>,
    tx: Vec<Array2<Complex<T>>>,
    icwt: Vec<Array1<S>>,
    issq: Vec<Array1<S>>,
}

impl<T, S> Default for Results<T, S> {
    fn default() -> Self {
        let (wx, dwx, w, tx) = (vec![], vec![], vec![], vec![]);
        Self { wx, dwx, w, tx, icwt: vec![], issq: vec![] }
    }
}

/// Scales by their specification, or from a file.
fn scales(text: &str) -> Result<ScaleSpec> {
    let path = Path::new(text);
    if path.extension().is_some_and(|extension| extension == "npy") {
        let array: Array1<f64> = ndarray_npy::read_npy(path)
            .with_context(|| format!("{text}: expected one dimension of float64"))?;
        return Ok(ScaleSpec::Explicit(array.to_vec()));
    }
    Ok(text.parse()?)
}

/// Writes the arrays of all channels as one, with the channels as its first axis, or the only one
/// as it is.
fn write_all<A, D>(
    folder: &Path,
    name: &str,
    channels: &[ndarray::Array<A, D>],
    each: bool,
) -> Result<()>
where
    A: WritableElement + Clone,
    D: Dimension,
    D::Larger: RemoveAxis,
{
    if !each && let [only] = channels {
        return write(folder, name, only);
    }
    let views: Vec<_> = channels.iter().map(ndarray::ArrayBase::view).collect();
    write(folder, name, &ndarray::stack(Axis(0), &views)?)
}

fn write<A: WritableElement, S: Data<Elem = A>, D: Dimension>(
    folder: &Path,
    name: &str,
    array: &ArrayBase<S, D>,
) -> Result<()> {
    let path = folder.join(name).with_extension("npy");
    write_atomic(&path, |file| array.write_npy(file).map_err(std::io::Error::other))?;
    Ok(())
}
