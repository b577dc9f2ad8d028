//! Signals from files.

use std::path::Path;

use ndarray::{Array2, ArrayD, ArrayViewD, Axis, Ix2};
use ndarray_npy::{ViewElement, ViewNpyError, ViewNpyExt};
use num_complex::{Complex32, Complex64};
use songscape::Error;
use songscape::ssq::ScaleSpec;

/// What a file holds.
pub struct Input {
    /// `[channels, samples]`; of real signals the imaginary parts are 0.
    pub samples: Array2<Complex64>,
    /// Whether they are complex.
    pub complex: bool,
    /// Hz; 1 where the file does not say.
    pub rate: f64,
}

pub fn read(path: &Path) -> Result<Input, Error> {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    match extension.as_str() {
        "npy" => read_npy(path),
        "wav" => read_wav(path),
        _ => Err(Error::input(path, "expected a .wav or a .npy file")),
    }
}

/// Scales by their specification, or from a .npy file.
pub fn scales(text: &str) -> Result<ScaleSpec, Error> {
    let path = Path::new(text);
    if path.extension().is_none_or(|extension| extension != "npy") {
        return Ok(text.parse()?);
    }
    match array::<f64>(path)? {
        Some(values) if values.ndim() == 1 => Ok(ScaleSpec::Explicit(values.into_iter().collect())),
        _ => Err(Error::input(path, "expected one dimension of float64")),
    }
}

fn read_npy(path: &Path) -> Result<Input, Error> {
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
        let why = "expected numbers of float64, float32, complex128 or complex64, of this machine's \
                   byte order";
        return Err(Error::input(path, why));
    };
    let shape = samples.shape().to_vec();
    let channels = if samples.ndim() == 1 { samples.insert_axis(Axis(0)) } else { samples };
    let samples = channels.into_dimensionality::<Ix2>().map_err(|_| {
        let why = format!("shape {shape:?}, expected [samples] or [channels, samples]");
        Error::input(path, why)
    })?;
    let (channels, length) = samples.dim();
    if channels == 0 || channels > length {
        let why = format!(
            "shape {shape:?}: {channels} channels of {length} samples; expected \
                           [samples] or [channels, samples] (is it to be transposed?)"
        );
        return Err(Error::input(path, why));
    }
    Ok(Input { samples, complex, rate: 1.0 })
}

/// The array, or `None` where it holds something else. The header is held against the file before memory
/// is asked for.
fn array<A: ViewElement + Clone>(path: &Path) -> Result<Option<ArrayD<A>>, Error> {
    let bytes = std::fs::read(path).map_err(|error| Error::input(path, error))?;
    match ArrayViewD::<A>::view_npy(&bytes) {
        Ok(array) => Ok(Some(array.to_owned())),
        Err(ViewNpyError::WrongDescriptor(_)) => Ok(None),
        Err(error) => Err(Error::input(path, error)),
    }
}

fn read_wav(path: &Path) -> Result<Input, Error> {
    let refused = |e: hound::Error| Error::input(path, e);
    let mut wav = hound::WavReader::open(path).map_err(refused)?;
    let spec = wav.spec();
    let samples: Result<Vec<f64>, hound::Error> = match spec.sample_format {
        hound::SampleFormat::Float => wav.samples::<f32>().map(|x| x.map(f64::from)).collect(),
        hound::SampleFormat::Int => {
            let unit = (f64::from(spec.bits_per_sample) - 1.0).exp2();
            wav.samples::<i32>().map(|x| x.map(|x| f64::from(x) / unit)).collect()
        }
    };
    let samples = samples.map_err(refused)?;
    let channels = usize::from(spec.channels.max(1));
    let samples = Array2::from_shape_fn((channels, samples.len() / channels), |(channel, i)| {
        Complex64::new(samples[i * channels + channel], 0.0)
    });
    Ok(Input { samples, complex: false, rate: f64::from(spec.sample_rate) })
}
