use rand::RngExt;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tch::{Device, Kind, Tensor};

use crate::error::{Error, Result};

/// The parameters of a network as named views into one flat buffer of float32.
///
/// One buffer means that an optimiser step, a moving average of the weights or a copy is one
/// operation, whatever the number of layers. The views are leaves of the graph: gradients belong to
/// them, and a change of the buffer is a change of the views.
#[derive(Debug)]
pub struct Parameters {
    flat: Tensor,
    views: Vec<(String, Tensor)>,
}

/// A parameter to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct Declaration {
    /// Its name, in files too.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// How it begins.
    pub init: Init,
}

/// How a parameter begins.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Init {
    /// With zeros.
    Zeros,
    /// Normal with mean zero; for weight-normalised layers the scale does not change the output.
    Normal {
        /// The standard deviation.
        deviation: f32,
    },
    /// Uniform between `-bound` and `bound`.
    Uniform {
        /// The largest value.
        bound: f32,
    },
}

impl Init {
    /// Glorot and Bengio (2010): `sqrt(6 / (fan_in + fan_out))`.
    pub(crate) fn glorot(fan_in: usize, fan_out: usize) -> Self {
        Self::Uniform { bound: (6.0 / (fan_in + fan_out) as f32).sqrt() }
    }
}

impl Declaration {
    fn count(&self) -> usize {
        self.shape.iter().product()
    }
}

impl Parameters {
    /// Makes the parameters. The values depend only on the seed, not on the device.
    ///
    /// # Errors
    /// [`Error::Torch`] when memory runs out.
    pub fn new(declared: &[Declaration], device: Device, seed: u64) -> Result<Self> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut values = Vec::with_capacity(declared.iter().map(Declaration::count).sum());
        for declaration in declared {
            let count = declaration.count();
            match declaration.init {
                Init::Zeros => values.resize(values.len() + count, 0.0),
                Init::Uniform { bound } => {
                    values.extend((0..count).map(|_| rng.random_range(-bound..=bound)));
                }
                Init::Normal { deviation } => {
                    values.extend((0..count).map(|_| deviation * normal(&mut rng)));
                }
            }
        }
        let flat = Tensor::f_from_slice(&values)?.f_to_device(device)?;
        let mut views = Vec::with_capacity(declared.len());
        let mut start = 0;
        for declaration in declared {
            let count = declaration.count() as i64;
            let shape: Vec<i64> = declaration.shape.iter().map(|&n| n as i64).collect();
            let view = flat.f_narrow(0, start, count)?.f_view(shape.as_slice())?.f_detach()?;
            views.push((declaration.name.clone(), view.f_set_requires_grad(true)?));
            start += count;
        }
        Ok(Self { flat, views })
    }

    /// The parameter of that name.
    ///
    /// # Errors
    /// [`Error::NoParameter`] when there is none.
    pub fn get(&self, name: &str) -> Result<Tensor> {
        self.views
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, view)| view.shallow_clone())
            .ok_or_else(|| Error::NoParameter { name: name.into() })
    }

    /// All parameters with their names, in the order in which they lie in the buffer.
    pub fn named(&self) -> impl ExactSizeIterator<Item = (&str, &Tensor)> {
        self.views.iter().map(|(name, view)| (name.as_str(), view))
    }

    /// The buffer, `[count]`. It is outside the graph; changing it changes the parameters.
    pub fn flat(&self) -> Tensor {
        self.flat.shallow_clone()
    }

    /// The number of parameters whose names begin with `prefix` (all of them if it is empty).
    pub fn count(&self, prefix: &str) -> usize {
        self.views.iter().filter(|(name, _)| name.starts_with(prefix)).map(|(_, v)| v.numel()).sum()
    }

    /// The device on which the parameters lie.
    pub fn device(&self) -> Device {
        self.flat.device()
    }

    /// The gradient of a scalar with respect to all parameters, as one buffer `[count]`.
    ///
    /// # Errors
    /// [`Error::Torch`] when the scalar does not depend on every parameter or memory runs out.
    pub fn gradient(&self, loss: &Tensor) -> Result<Tensor> {
        let leaves: Vec<&Tensor> = self.views.iter().map(|(_, view)| view).collect();
        let gradients = Tensor::f_run_backward(&[loss], &leaves, false, false)?;
        let rows = gradients.iter().map(|g| g.f_reshape([-1])).collect::<Result<Vec<_>, _>>()?;
        Ok(Tensor::f_cat(&rows, 0)?)
    }

    /// Overwrites all values with those of a buffer `[count]` on any device.
    ///
    /// # Errors
    /// [`Error::Torch`] when the buffer is of another length.
    pub fn set_flat(&mut self, values: &Tensor) -> Result<()> {
        // `copy_` broadcasts, so a buffer of one element would be taken without a word.
        if values.size() != self.flat.size() || values.kind() != Kind::Float {
            let text = format!("{:?} {:?} for {:?}", values.kind(), values.size(), self.flat);
            return Err(tch::TchError::Shape(text).into());
        }
        tch::no_grad(|| self.flat.f_copy_(values))?;
        Ok(())
    }
}

/// One normal number by the polar method of Marsaglia.
fn normal(rng: &mut ChaCha8Rng) -> f32 {
    loop {
        let (x, y) = (rng.random_range(-1.0..1.0_f32), rng.random_range(-1.0..1.0_f32));
        let square = x * x + y * y;
        if square > 0.0 && square < 1.0 {
            return x * (-2.0 * square.ln() / square).sqrt();
        }
    }
}
