use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use crate::error::Result;

/// The figures of one step of training.
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

impl Step {
    /// The columns of `history.csv`, in the order of the fields.
    pub(crate) const COLUMNS: [&str; 6] =
        ["step", "loss", "accuracy", "gradient_norm", "learning_rate", "seconds"];

    pub(crate) fn to_tensor(steps: &[Self]) -> Result<Tensor> {
        to_tensor(steps, |s| {
            [s.step as f64, s.loss, s.accuracy, s.gradient_norm, s.learning_rate, s.seconds]
        })
    }

    pub(crate) fn from_tensor(tensor: &Tensor) -> Result<Vec<Self>> {
        from_tensor(tensor, |[step, loss, accuracy, gradient_norm, learning_rate, seconds]| {
            let step = step as usize;
            Self { step, loss, accuracy, gradient_norm, learning_rate, seconds }
        })
    }
}

/// Records as float64 `[n, N]`: exact, which decimal numbers need not be.
pub(crate) fn to_tensor<R, const N: usize>(
    records: &[R],
    fields: impl Fn(&R) -> [f64; N],
) -> Result<Tensor> {
    let values: Vec<f64> = records.iter().flat_map(fields).collect();
    Ok(Tensor::f_from_slice(&values)?.f_view([-1, N as i64])?)
}

/// The records of a tensor that [`to_tensor`] made.
pub(crate) fn from_tensor<R, const N: usize>(
    tensor: &Tensor,
    record: impl Fn([f64; N]) -> R,
) -> Result<Vec<R>> {
    let flat = tensor.f_to_kind(Kind::Double)?.f_reshape([-1])?;
    let mut values = vec![0.0_f64; flat.numel()];
    flat.f_copy_data(&mut values, flat.numel())?;
    let (rows, _) = values.as_chunks::<N>();
    Ok(rows.iter().map(|row| record(*row)).collect())
}
