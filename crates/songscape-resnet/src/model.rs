use tch::Device;

use crate::config::EncoderConfig;
use crate::encoder::Encoder;
use crate::error::Result;
use crate::head::Head;
use crate::origin::Origin;
use crate::parameters::Parameters;

/// An encoder and its projection head with their parameters.
///
/// A model is `Send` and not `Sync`, as tch's tensors are: it can move to another thread, and a program
/// that computes on several threads gives each its own, by [`Model::duplicate`], or holds one in a
/// [`Mutex`](std::sync::Mutex). libtorch itself uses all cores for one forward pass.
///
/// ```compile_fail
/// fn shared_by_threads<T: Sync>() {}
/// shared_by_threads::<songscape_resnet::Model>();
/// ```
///
/// ```
/// use songscape_resnet::{EncoderConfig, Model};
/// use tch::{Device, Kind, Tensor};
///
/// let model = Model::new(&EncoderConfig::narrow(8), Device::Cpu, 1)?;
/// let images = Tensor::zeros([2, 1, 256, 192], (Kind::Float, Device::Cpu));
/// let features = model.encoder().forward(&images)?;
/// assert_eq!(features.size(), [2, 64, 3]);
/// assert_eq!(model.head().forward(&features)?.size(), [2, 64]);
/// # Ok::<(), songscape_resnet::Error>(())
/// ```
#[derive(Debug)]
pub struct Model {
    config: EncoderConfig,
    parameters: Parameters,
    encoder: Encoder,
    head: Head,
    pub(crate) origin: Origin,
}

impl Model {
    /// A network with random parameters. They depend only on the seed, not on the device.
    ///
    /// # Errors
    /// [`Error::Parameter`](crate::Error::Parameter) when the configuration cannot be built,
    /// [`Error::Torch`](crate::Error::Torch) when memory runs out.
    pub fn new(config: &EncoderConfig, device: Device, seed: u64) -> Result<Self> {
        config.check()?;
        let mut declared = Vec::new();
        Encoder::declare(config, &mut declared);
        Head::declare(config, &mut declared);
        let parameters = Parameters::new(&declared, device, seed)?;
        Ok(Self {
            encoder: Encoder::new(config, &parameters)?,
            head: Head::new(config, &parameters)?,
            config: config.clone(),
            parameters,
            origin: Origin::default(),
        })
    }

    /// A second network with the same values; changing it leaves the first as it is.
    ///
    /// # Errors
    /// [`Error::Torch`](crate::Error::Torch) when memory runs out.
    pub fn duplicate(&self) -> Result<Self> {
        let mut copy = Self::new(&self.config, self.device(), 0)?;
        copy.parameters.set_flat(&self.parameters.flat())?;
        copy.origin = self.origin.clone();
        Ok(copy)
    }

    /// The shape of the network.
    pub fn config(&self) -> &EncoderConfig {
        &self.config
    }

    /// The encoder: images to features.
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// The projection head: features to the vector that the loss compares.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// All parameters, `encoder.*` and `head.*`.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// All parameters, to be changed.
    pub fn parameters_mut(&mut self) -> &mut Parameters {
        &mut self.parameters
    }

    /// The device on which the network runs.
    pub fn device(&self) -> Device {
        self.parameters.device()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_published_network_has_its_published_size() {
        let model = Model::new(&EncoderConfig::published(), Device::Cpu, 0).unwrap();
        assert_eq!(model.parameters().count("encoder."), 5_161_792);
        assert_eq!(model.parameters().count("head."), 299_648);
        let convolutions = model.parameters().named().filter(|(_, p)| p.dim() == 4);
        let convolutions = convolutions.filter(|(name, _)| !name.contains("positions"));
        assert_eq!(convolutions.count(), 37);
    }

    #[test]
    fn narrow_networks_have_their_documented_size() {
        for (config, encoder) in
            [(EncoderConfig::narrow(16), 330_640), (EncoderConfig::demo(), 550_168)]
        {
            let model = Model::new(&config, Device::Cpu, 0).unwrap();
            assert_eq!(model.parameters().count("encoder."), encoder);
        }
    }

    #[test]
    fn every_choice_makes_a_network_that_learns() {
        use crate::{Activation, Normalization};
        use tch::{Kind, Tensor};
        let published = EncoderConfig::narrow(4);
        let images = Tensor::randn([2, 1, 256, 192], (Kind::Float, Device::Cpu));
        let changes: [fn(&mut EncoderConfig); 6] = [
            |c| c.blocks_per_stage = 1,
            |c| c.blocks_per_stage = 3,
            |c| c.position_stages = Some(vec![]),
            |c| c.position_stages = Some(vec![0, 4]),
            |c| c.normalization = Normalization::None,
            |c| c.activation = Activation::Silu,
        ];
        for change in changes {
            let mut config = published.clone();
            change(&mut config);
            let model = Model::new(&config, Device::Cpu, 0).unwrap();
            let features = model.encoder().forward(&images).unwrap();
            assert_eq!(features.size(), [2, 32, 3]);
            let outputs = model.head().forward(&features).unwrap();
            let gradient = model.parameters().gradient(&outputs.square().sum(Kind::Float)).unwrap();
            let norm = f64::try_from(gradient.norm()).unwrap();
            assert!(norm.is_finite() && norm > 0.0, "{config:?}: {norm}");
            // What a vector sees grows with the blocks: a change just beyond leaves it as it is.
            let reach = config.reach() as i64;
            let wide = Tensor::zeros([1, 1, 256, 1024], (Kind::Float, Device::Cpu));
            let changed = wide.copy();
            let _ = changed.narrow(3, 512 + reach + 1, 511 - reach).fill_(1.0);
            let vector = |x: &Tensor| model.encoder().forward(x).unwrap().select(2, 8);
            assert_eq!(vector(&wide), vector(&changed));
            let _ = changed.narrow(3, 512 + reach, 1).fill_(1.0);
            assert_ne!(vector(&wide), vector(&changed), "{config:?}");
        }
    }

    #[test]
    fn a_duplicate_is_equal_and_apart() {
        let model = Model::new(&EncoderConfig::narrow(4), Device::Cpu, 3).unwrap();
        let copy = model.duplicate().unwrap();
        assert_eq!(model.parameters().flat(), copy.parameters().flat());
        let _ = copy.parameters().flat().zero_();
        assert_ne!(model.parameters().flat(), copy.parameters().flat());
        assert_eq!(
            f64::try_from(copy.parameters().get("head.fc1.weight").unwrap().abs().max()).unwrap(),
            0.0
        );
    }

    #[test]
    fn other_shapes_are_refused_by_name() {
        use tch::{Kind, Tensor};
        let model = Model::new(&EncoderConfig::narrow(4), Device::Cpu, 3).unwrap();
        for shape in [[1, 1, 256, 63], [1, 2, 256, 64], [1, 1, 128, 64], [0, 1, 256, 64]] {
            let images = Tensor::zeros(shape, (Kind::Float, Device::Cpu));
            let message = model.encoder().forward(&images).unwrap_err().to_string();
            assert!(message.contains(&format!("{shape:?}")), "{message}");
        }
        let features = Tensor::zeros([2, 5, 3], (Kind::Float, Device::Cpu));
        let message = model.head().forward(&features).unwrap_err().to_string();
        assert!(message.contains("[batch, 32, vectors]"), "{message}");
    }
}
