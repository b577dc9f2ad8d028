//! Signals from files.

use std::path::Path;

use anyhow::{Result, bail};
use ndarray::{Array2, ArrayD, Axis};
use ndarray_npy::{ReadNpyError, ReadableElement};
use num_complex::{Complex32, Complex64};

/// What a file holds.
#[derive(Debug)]
pub struct Input {
    /// `[channels, samples]`; of real signals the imaginary parts are 0.
    pub samples: Array2<Complex64>,
    /// Whether they are complex.
    pub complex: bool,
    /// Hz; 1 where the file does not say.
    pub rate: f64,
}

pub fn read(path: &Path) -> Result<Input> {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    match extension.as_str() {
        "npy" => read_npy(path),
        "wav" => read_wav(path),
        _ => bail!("expected a .wav or a .npy file"),
    }
}

fn read_npy(path: &Path) -> Result<Input> {
    let real = |x: f64| Complex64::new(x, 0.0);
    let (samples, complex) = if let Some(x) = array::<f64>(path)? {
        (x.mapv(real), false)
    } else if let Some(x) = array::<f32>(path)? {
        (x.mapv(|x| real(x.into())), false)
    } else if let Some(z) = array::<Complex64>(path)? {
        (z, true)
    } else if let Some(z) = array::<Complex32>(path)? {
        (z.mapv(|z| Complex64::new(z.re.into(), z.im.into())), true)
    } else {
        bail!("expected numbers of float64, float32, complex128 or complex64");
    };
    let shape = samples.shape().to_vec();
    let samples = match samples.ndim() {
        1 => samples.insert_axis(Axis(0)).into_dimensionality()?,
        2 => samples.into_dimensionality()?,
        _ => bail!("an array of shape {shape:?}, expected [samples] or [channels, samples]"),
    };
    Ok(Input { samples, complex, rate: 1.0 })
}

/// The array, or `None` where it holds something else.
fn array<A: ReadableElement>(path: &Path) -> Result<Option<ArrayD<A>>> {
    match ndarray_npy::read_npy(path) {
        Ok(array) => Ok(Some(array)),
        Err(ReadNpyError::WrongDescriptor(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn read_wav(path: &Path) -> Result<Input> {
    let mut wav = hound::WavReader::open(path)?;
    let spec = wav.spec();
    let samples: Vec<f64> = match spec.sample_format {
        hound::SampleFormat::Float => {
            wav.samples::<f32>().map(|x| x.map(f64::from)).collect::<Result<_, _>>()?
        }
        hound::SampleFormat::Int => {
            let unit = (f64::from(spec.bits_per_sample) - 1.0).exp2();
            wav.samples::<i32>()
                .map(|x| x.map(|x| f64::from(x) / unit))
                .collect::<Result<_, _>>()?
        }
    };
    let channels = usize::from(spec.channels.max(1));
    let frames = samples.len() / channels;
    let samples = samples.get(..frames * channels).unwrap_or_default().to_vec();
    let interleaved = Array2::from_shape_vec((frames, channels), samples)?;
    let samples = interleaved.reversed_axes().mapv(|x| Complex64::new(x, 0.0));
    Ok(Input { samples, complex: false, rate: f64::from(spec.sample_rate) })
}
