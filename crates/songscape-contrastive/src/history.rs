use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use crate::error::Result;

/// What is known of one step of training.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The number of the step, counted from 1.
    pub step: usize,
    /// The loss of its batch.
    pub loss: f64,
    /// The part of the first crops whose nearest second crop is that of their own song.
    pub accuracy: f64,
    /// The norm of the gradient before it was clipped.
    pub gradient_norm: f64,
    /// The learning rate.
    pub learning_rate: f64,
    /// Seconds of training up to the end of this step, over all runs.
    pub seconds: f64,
}

const FIELDS: usize = 6;

impl Step {
    /// As float64 `[steps, 6]`: exact, which decimal numbers need not be.
    pub(crate) fn to_tensor(steps: &[Self]) -> Result<Tensor> {
        let values: Vec<f64> = steps
            .iter()
            .flat_map(|s| {
                let step = s.step as f64;
                [step, s.loss, s.accuracy, s.gradient_norm, s.learning_rate, s.seconds]
            })
            .collect();
        Ok(Tensor::f_from_slice(&values)?.f_view([-1, FIELDS as i64])?)
    }

    pub(crate) fn from_tensor(tensor: &Tensor) -> Result<Vec<Self>> {
        let flat = tensor.f_to_kind(Kind::Double)?.f_reshape([-1])?;
        let mut values = vec![0.0_f64; flat.numel()];
        flat.f_copy_data(&mut values, flat.numel())?;
        let (rows, _) = values.as_chunks::<FIELDS>();
        let step = |&[step, loss, accuracy, gradient_norm, learning_rate, seconds]: &[f64;
                         FIELDS]| Self {
            step: step as usize,
            loss,
            accuracy,
            gradient_norm,
            learning_rate,
            seconds,
        };
        Ok(rows.iter().map(step).collect())
    }
}

/// Writes records as CSV with a header, atomically.
pub(crate) fn write<R: Serialize>(path: &Path, steps: &[R]) -> Result<()> {
    let mut text = csv::Writer::from_writer(Vec::new());
    let rows = || {
        steps.iter().try_for_each(|step| text.serialize(step))?;
        text.into_inner().map_err(|e| csv::Error::from(e.into_error()))
    };
    let io = |source| songscape_project::Error::Io { path: path.into(), source };
    let bytes = rows().map_err(|e| io(e.into()))?;
    Ok(songscape_project::write_atomic(path, |file| file.write_all(&bytes))?)
}
