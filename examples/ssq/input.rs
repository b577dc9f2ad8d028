//! Signals from files.

use std::path::Path;

use ndarray::Array1;
use ndarray_npy::ReadNpyError;
use songscape::Error;

/// The samples and the sampling rate.
pub fn read(path: &Path) -> Result<(Vec<f64>, f64), Error> {
    let refused = |why: &dyn std::fmt::Display| Error::input(path, why);
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    if extension == "npy" {
        let array = match ndarray_npy::read_npy::<_, Array1<f64>>(path) {
            Err(ReadNpyError::WrongDescriptor(_)) => {
                ndarray_npy::read_npy::<_, Array1<f32>>(path).map(|x| x.mapv(f64::from))
            }
            double => double,
        };
        let array = array
            .map_err(|e| refused(&format!("{e}; expected one dimension of float64 or float32")))?;
        return Ok((array.to_vec(), 1.0));
    }
    if extension != "wav" {
        return Err(refused(&"expected a .wav or a .npy file"));
    }
    let mut wav = hound::WavReader::open(path).map_err(|e| refused(&e))?;
    let spec = wav.spec();
    let samples: Result<Vec<f64>, hound::Error> = match spec.sample_format {
        hound::SampleFormat::Float => wav.samples::<f32>().map(|x| x.map(f64::from)).collect(),
        hound::SampleFormat::Int => {
            let unit = (f64::from(spec.bits_per_sample) - 1.0).exp2();
            wav.samples::<i32>().map(|x| x.map(|x| f64::from(x) / unit)).collect()
        }
    };
    let samples = samples.map_err(|e| refused(&e))?;
    let channels = usize::from(spec.channels.max(1));
    let mean = |frame: &[f64]| frame.iter().sum::<f64>() / frame.len() as f64;
    Ok((samples.chunks(channels).map(mean).collect(), f64::from(spec.sample_rate)))
}
