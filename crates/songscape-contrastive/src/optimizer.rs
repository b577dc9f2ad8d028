use tch::{Device, Tensor};

use crate::error::Result;

/// Adam with decoupled weight decay (Kingma and Ba 2015; Loshchilov and Hutter 2019) over one flat
/// buffer of parameters. Without weight decay it is Adam.
#[derive(Debug)]
pub struct AdamW {
    beta1: f64,
    beta2: f64,
    weight_decay: f64,
    first: Tensor,
    second: Tensor,
    steps: usize,
}

const EPSILON: f64 = 1e-8;
/// Elements, of which there are six buffers at a time.
const PIECE: i64 = 1 << 16;

impl AdamW {
    /// An optimiser for a buffer like `parameters`.
    ///
    /// # Errors
    /// [`Error::Network`](crate::Error::Network) when memory runs out.
    pub fn new(parameters: &Tensor, beta1: f64, beta2: f64, weight_decay: f64) -> Result<Self> {
        let first = parameters.f_zeros_like()?;
        let second = parameters.f_zeros_like()?;
        Ok(Self { beta1, beta2, weight_decay, first, second, steps: 0 })
    }

    /// Changes the parameters by one step. Nothing is read back from the device.
    ///
    /// # Errors
    /// [`Error::Network`](crate::Error::Network) when the buffers are of different lengths.
    pub fn step(&mut self, parameters: &Tensor, gradient: &Tensor, rate: f64) -> Result<()> {
        if gradient.numel() != parameters.numel() {
            let text = format!("gradient {:?} for {:?}", gradient.size(), parameters.size());
            return Err(tch::TchError::Shape(text).into());
        }
        let _guard = tch::no_grad_guard();
        self.steps += 1;
        // The moments begin at zero: without these factors they would be too small at first.
        let first = 1.0 - self.beta1.powf(self.steps as f64);
        let second = 1.0 - self.beta2.powf(self.steps as f64);
        let length = parameters.numel() as i64;
        // A GPU takes the buffer at once, a CPU in pieces that stay in its cache from one operation to
        // the next: the same numbers with a third of the traffic to memory.
        let piece = if parameters.device() == Device::Cpu { PIECE } else { length.max(1) };
        for start in (0..length).step_by(piece as usize) {
            let part =
                |whole: &Tensor| whole.f_view([-1])?.f_narrow(0, start, piece.min(length - start));
            let (mut parameters, gradient) = (part(parameters)?, part(gradient)?);
            let (mut mean, mut square) = (part(&self.first)?, part(&self.second)?);
            let _ = mean.f_lerp_(&gradient, 1.0 - self.beta1)?;
            let _ = square.f_lerp_(&gradient.f_square()?, 1.0 - self.beta2)?;
            if self.weight_decay > 0.0 {
                let _ = parameters.f_mul_scalar_(1.0 - rate * self.weight_decay)?;
            }
            let scale = square.f_div_scalar(second)?.f_sqrt_()?.f_add_scalar_(EPSILON)?;
            let change = mean.f_div(&scale)?.f_mul_scalar_(rate / first)?;
            let _ = parameters.f_sub_(&change)?;
        }
        Ok(())
    }

    /// The moving means of the gradient and of its square.
    pub fn moments(&self) -> [&Tensor; 2] {
        [&self.first, &self.second]
    }

    /// Continues from saved moments after that many steps.
    ///
    /// # Errors
    /// [`Error::Network`](crate::Error::Network) when the buffers are of another length.
    pub fn restore(&mut self, moments: [&Tensor; 2], steps: usize) -> Result<()> {
        for (own, saved) in [&mut self.first, &mut self.second].into_iter().zip(moments) {
            if own.size() != saved.size() {
                let text = format!("moments {:?} for {:?}", saved.size(), own.size());
                return Err(tch::TchError::Shape(text).into());
            }
            own.f_copy_(saved)?;
        }
        self.steps = steps;
        Ok(())
    }
}

/// Shortens a gradient to a norm of at most `limit` (0: no limit) and returns it with the norm that
/// it had. The norm stays on the device.
///
/// # Errors
/// [`Error::Network`](crate::Error::Network) when memory runs out.
pub fn clip(gradient: Tensor, limit: f64) -> Result<(Tensor, Tensor)> {
    let norm = gradient.f_norm()?;
    if limit == 0.0 {
        return Ok((gradient, norm));
    }
    let factor = norm.f_add_scalar(1e-12)?.f_reciprocal()?.f_mul_scalar(limit)?.f_clamp_max(1.0)?;
    Ok((gradient.f_mul(&factor)?, norm))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use tch::Kind;

    use super::*;

    /// The textbook form in f64, one number.
    fn reference(gradients: &[f64], rate: f64, decay: f64) -> f64 {
        let (mut x, mut m, mut v) = (1.0_f64, 0.0, 0.0);
        for (step, g) in gradients.iter().enumerate() {
            m = 0.9 * m + 0.1 * g;
            v = 0.99 * v + 0.01 * g * g;
            let t = step as i32 + 1;
            let (m, v) = (m / (1.0 - 0.9_f64.powi(t)), v / (1.0 - 0.99_f64.powi(t)));
            x -= rate * decay * x;
            x -= rate * m / (v.sqrt() + 1e-8);
        }
        x
    }

    #[test]
    fn steps_are_those_of_the_textbook() {
        let gradients = [0.3, -2.0, 0.01, 5.0];
        for decay in [0.0, 0.1] {
            let parameters = Tensor::from_slice(&[1.0_f32, 1.0]);
            let mut optimizer = AdamW::new(&parameters, 0.9, 0.99, decay).unwrap();
            for g in gradients {
                optimizer
                    .step(&parameters, &Tensor::from_slice(&[g as f32, -g as f32]), 0.05)
                    .unwrap();
            }
            let found = parameters.double_value(&[0]);
            assert!((found - reference(&gradients, 0.05, decay)).abs() < 1e-5);
        }
    }

    #[test]
    fn every_piece_of_a_long_buffer_is_changed_alike() {
        let length = 2 * PIECE + 3;
        let parameters = Tensor::ones([length], (Kind::Float, Device::Cpu));
        let mut optimizer = AdamW::new(&parameters, 0.9, 0.99, 0.1).unwrap();
        for g in [0.3, -2.0, 0.01] {
            let gradient = Tensor::full([length], g, (Kind::Float, Device::Cpu));
            optimizer.step(&parameters, &gradient, 0.05).unwrap();
        }
        let expected = reference(&[0.3, -2.0, 0.01], 0.05, 0.1);
        for found in [parameters.min(), parameters.max()] {
            assert!((found.double_value(&[]) - expected).abs() < 1e-5);
        }
        assert!(optimizer.step(&parameters, &parameters.narrow(0, 0, 5), 0.05).is_err());
    }

    #[test]
    fn long_gradients_are_shortened_and_short_ones_left() {
        let gradient = || Tensor::from_slice(&[3.0_f32, 4.0]);
        for (limit, first) in [(1.0, 0.6), (10.0, 3.0), (0.0, 3.0)] {
            let (clipped, norm) = clip(gradient(), limit).unwrap();
            assert!((norm.double_value(&[]) - 5.0).abs() < 1e-6);
            assert!((clipped.double_value(&[0]) - first).abs() < 1e-6);
        }
    }
}
