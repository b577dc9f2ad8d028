use songscape_resnet::Model;
use tch::{Kind, Tensor};

use crate::error::Result;

/// A key network that follows the trained one slowly, and the keys that it made last
/// (He et al. 2020, "Momentum contrast for unsupervised visual representation learning").
#[derive(Debug)]
pub struct KeyQueue {
    network: Model,
    momentum: f64,
    length: usize,
    keys: Tensor,
    /// The number of the song of each key.
    songs: Tensor,
}

impl KeyQueue {
    /// An empty queue; the key network begins as a copy of `model`.
    ///
    /// # Errors
    /// [`Error::Network`](crate::Error::Network) when memory runs out.
    pub fn new(model: &Model, length: usize, momentum: f64) -> Result<Self> {
        let width = model.config().head_outputs as i64;
        let keys = Tensor::f_zeros([0, width], (Kind::Float, model.device()))?;
        let songs = Tensor::f_zeros([0], (Kind::Int64, model.device()))?;
        Ok(Self { network: model.duplicate()?, momentum, length, keys, songs })
    }

    /// The keys `[up to length, head_outputs]`, newest first.
    pub fn keys(&self) -> &Tensor {
        &self.keys
    }

    /// The number of the song of each key, `[up to length]`, int64: a key of a song's own is no negative.
    pub fn songs(&self) -> &Tensor {
        &self.songs
    }

    /// The key network's parameters, as one buffer.
    pub fn parameters(&self) -> Tensor {
        self.network.parameters().flat()
    }

    /// Adds the keys of images, whose songs have these numbers `[n]`, and drops the oldest.
    ///
    /// # Errors
    /// [`Error::Network`](crate::Error::Network) for images that do not fit the network.
    pub fn push(&mut self, images: &Tensor, songs: &Tensor) -> Result<()> {
        self.push_keys(&self.keys_of(images)?, songs)
    }

    /// The keys of images, which are not added.
    pub(crate) fn keys_of(&self, images: &Tensor) -> Result<Tensor> {
        Ok(tch::no_grad(|| self.network.head().forward(&self.network.encoder().forward(images)?))?)
    }

    /// Adds keys, whose songs have these numbers, and drops the oldest.
    pub(crate) fn push_keys(&mut self, keys: &Tensor, songs: &Tensor) -> Result<()> {
        let newest = |new: &Tensor, old: &Tensor| -> Result<Tensor> {
            let all = Tensor::f_cat(&[new, old], 0)?;
            let length = all.size()[0].min(self.length as i64);
            Ok(all.f_narrow(0, 0, length)?.f_contiguous()?)
        };
        (self.keys, self.songs) = (newest(keys, &self.keys)?, newest(songs, &self.songs)?);
        Ok(())
    }

    /// Moves the key network towards the trained one: `k ← m k + (1 − m) q`.
    ///
    /// # Errors
    /// [`Error::Network`](crate::Error::Network) when memory runs out.
    pub fn follow(&mut self, model: &Model) -> Result<()> {
        let mut own = self.network.parameters().flat();
        let step = 1.0 - self.momentum;
        let _ = tch::no_grad(|| own.f_lerp_(&model.parameters().flat(), step))?;
        Ok(())
    }

    /// Continues from a checkpoint.
    ///
    /// # Errors
    /// [`Error::Network`](crate::Error::Network) when the buffer is of another length.
    pub(crate) fn restore(
        &mut self,
        parameters: &Tensor,
        keys: &Tensor,
        songs: &Tensor,
    ) -> Result<()> {
        let device = self.network.device();
        self.network.parameters_mut().set_flat(parameters)?;
        self.keys = keys.f_to_device(device)?;
        self.songs = songs.f_to_kind(Kind::Int64)?.f_to_device(device)?;
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use songscape_resnet::EncoderConfig;
    use tch::Device;

    use super::*;

    #[test]
    fn the_key_network_moves_and_the_queue_keeps_the_newest() {
        let config = EncoderConfig::narrow(4);
        let model = Model::new(&config, Device::Cpu, 1).unwrap();
        let trained = Model::new(&config, Device::Cpu, 2).unwrap();
        let mut queue = KeyQueue::new(&model, 5, 0.75).unwrap();
        queue.follow(&trained).unwrap();
        let expected = model.parameters().flat() * 0.75 + trained.parameters().flat() * 0.25;
        assert!(queue.parameters().allclose(&expected, 1e-5, 1e-7, false));

        let images = Tensor::rand([3, 1, 256, 64], (Kind::Float, Device::Cpu));
        let songs = |first: i64| Tensor::from_slice(&[first, first + 1, first + 2]);
        queue.push(&images, &songs(10)).unwrap();
        let first = queue.keys().copy();
        assert_eq!(first.size(), [3, 64]);
        queue.push(&-images, &songs(20)).unwrap();
        assert_eq!(Vec::<i64>::try_from(queue.songs()).unwrap(), [20, 21, 22, 10, 11]);
        assert_eq!(queue.keys().size(), [5, 64]);
        assert_eq!(queue.keys().narrow(0, 3, 2), first.narrow(0, 0, 2));
    }
}
