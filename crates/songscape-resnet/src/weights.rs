//! Weights in one safetensors file, with the configuration and the origin in its metadata.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use crate::config::EncoderConfig;
use crate::error::{Error, Result, WeightsProblem};
use crate::model::Model;
use crate::origin::Origin;
use crate::parameters::{Declaration, Parameters};

/// The one key of the metadata: with several, the order of keys (and so the bytes) would vary.
const KEY: &str = "songscape";

/// 1 had no origin.
const FORMAT: u32 = 2;

#[derive(Serialize, Deserialize)]
pub(crate) struct Metadata {
    format: u32,
    encoder: EncoderConfig,
    #[serde(default)]
    pub origin: Origin,
}

/// The metadata of a network in a file with that content.
pub(crate) fn metadata(path: &Path, content: &[u8]) -> Result<Metadata> {
    let metadata: Metadata = parsed(path, content)?;
    if !(1..=FORMAT).contains(&metadata.format) {
        let problem = format!("format {}, expected 1 to {FORMAT}", metadata.format);
        return Err(Error::weights(path, WeightsProblem::Metadata(problem)));
    }
    Ok(metadata)
}

/// The metadata in a file with that content.
fn parsed<M: DeserializeOwned>(path: &Path, content: &[u8]) -> Result<M> {
    let refuse = |problem| Error::weights(path, problem);
    let (_, header) = SafeTensors::read_metadata(content)
        .map_err(|e| refuse(WeightsProblem::Format(e.to_string())))?;
    let text = header.metadata().as_ref().and_then(|m| m.get(KEY));
    let text = text.ok_or_else(|| refuse(WeightsProblem::Metadata(format!("no key {KEY:?}"))))?;
    serde_json::from_str(text).map_err(|e| refuse(WeightsProblem::Metadata(e.to_string())))
}

impl Parameters {
    /// Writes the parameters as safetensors, float32, with `metadata` beside them. The file is whole or not
    /// there, and has the same bytes whenever they are the same.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be written, [`Error::Weights`] for metadata that are no JSON.
    pub fn save(&self, path: impl AsRef<Path>, metadata: &impl Serialize) -> Result<()> {
        let path = path.as_ref();
        let metadata = serde_json::to_string(metadata)
            .map_err(|e| Error::weights(path, WeightsProblem::Metadata(e.to_string())))?;
        let named = self
            .named()
            .map(|(name, view)| Ok((name.to_owned(), view.size(), bytes(view)?)))
            .collect::<Result<Vec<_>>>()?;
        let views = named
            .iter()
            .map(|(name, shape, bytes)| {
                let shape = shape.iter().map(|&n| n as usize).collect();
                Ok((name.as_str(), TensorView::new(Dtype::F32, shape, bytes)?))
            })
            .collect::<Result<Vec<_>, safetensors::SafeTensorError>>();
        let metadata = HashMap::from([(KEY.to_owned(), metadata)]);
        let content = views
            .and_then(|views| safetensors::serialize(views, Some(metadata)))
            .map_err(|e| Error::weights(path, WeightsProblem::Format(e.to_string())))?;
        Ok(songscape_project::write_atomic(path, |file| file.write_all(&content))?)
    }

    /// Reads what [`save`](Self::save) wrote: the metadata, and the parameters that they declare. Every name,
    /// shape and type is checked.
    ///
    /// # Errors
    /// [`Error::Weights`] names the first thing that does not fit, such as the reason of `declare` against the
    /// metadata; [`Error::File`] when the file cannot be read.
    pub fn load<M: DeserializeOwned>(
        path: impl AsRef<Path>,
        device: Device,
        declare: impl FnOnce(&M) -> Result<Vec<Declaration>, String>,
    ) -> Result<(Self, M)> {
        let path = path.as_ref();
        let content = read(path)?;
        let metadata = parsed(path, &content)?;
        let refuse = |problem| Error::weights(path, problem);
        let declared = declare(&metadata).map_err(|e| refuse(WeightsProblem::Metadata(e)))?;
        let mut parameters = Self::new(&declared, device, 0)?;
        let values = checked(&content, &parameters).map_err(refuse)?;
        parameters.set_flat(&Tensor::f_from_slice(&values)?)?;
        Ok((parameters, metadata))
    }

    /// Their values in few characters: the BLAKE3 hash of the buffer, in hexadecimal.
    ///
    /// # Errors
    /// [`Error::Torch`] when memory runs out.
    pub fn fingerprint(&self) -> Result<String> {
        Ok(blake3::hash(&bytes(&self.flat())?).to_hex().to_string())
    }
}

impl Model {
    /// Writes the weights as safetensors, float32, with the configuration and the [`Origin`] in the
    /// metadata. The file is whole or not there.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let (encoder, origin) = (self.config().clone(), self.origin.clone());
        self.parameters().save(path, &Metadata { format: FORMAT, encoder, origin })
    }

    /// Reads a network: the configuration from the metadata, then the weights. Files from before there
    /// was an [`Origin`] have an empty one.
    ///
    /// # Errors
    /// [`Error::Weights`] names the first thing that does not fit; [`Error::File`] when the file
    /// cannot be read.
    pub fn load(path: impl AsRef<Path>, device: Device) -> Result<Self> {
        let path = path.as_ref();
        Self::of_content(path, &read(path)?, device)
    }

    /// The network in a file with that content.
    pub(crate) fn of_content(path: &Path, content: &[u8], device: Device) -> Result<Self> {
        let refuse = |problem| Error::weights(path, problem);
        let metadata = metadata(path, content)?;
        metadata.encoder.check().map_err(|e| refuse(WeightsProblem::Metadata(e.to_string())))?;
        let mut model = Self::new(&metadata.encoder, device, 0)?;
        let values = checked(content, model.parameters()).map_err(refuse)?;
        model.parameters_mut().set_flat(&Tensor::f_from_slice(&values)?)?;
        Ok(model.with_origin(metadata.origin))
    }

    /// Replaces the weights by those of a file for a network of the same shape. Every name, shape
    /// and type is checked before anything changes; the metadata is not looked at.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_weights(&mut self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let content = read(path)?;
        let values = checked(&content, self.parameters()).map_err(|e| Error::weights(path, e))?;
        self.parameters_mut().set_flat(&Tensor::f_from_slice(&values)?)
    }

    /// What the network computes, in few characters: the BLAKE3 hash of its configuration and its
    /// weights, in hexadecimal. What it was made from has no part in it.
    ///
    /// # Errors
    /// [`Error::Torch`] when memory runs out.
    pub fn fingerprint(&self) -> Result<String> {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&serde_json::to_vec(self.config()).expect("numbers and names are JSON"));
        hasher.update(&bytes(&self.parameters().flat())?);
        Ok(hasher.finalize().to_hex().to_string())
    }
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path)
        .map_err(|source| songscape_project::Error::Io { path: path.into(), source }.into())
}

fn bytes(tensor: &Tensor) -> Result<Vec<u8>> {
    let tensor = tensor.f_detach()?.f_to_device(Device::Cpu)?.f_contiguous()?;
    let mut bytes = vec![0; tensor.numel() * 4];
    tensor.f_copy_data_u8(&mut bytes, tensor.numel())?;
    Ok(bytes)
}

/// The values of a file in the order of the parameters, once all of them fit.
fn checked(content: &[u8], parameters: &Parameters) -> Result<Vec<f32>, WeightsProblem> {
    let file =
        SafeTensors::deserialize(content).map_err(|e| WeightsProblem::Format(e.to_string()))?;
    let mut names: Vec<&str> = file.names();
    names.sort_unstable();
    let mut values = Vec::with_capacity(parameters.count(""));
    for (name, parameter) in parameters.named() {
        debug_assert_eq!(parameter.kind(), Kind::Float);
        let view = file.tensor(name).map_err(|_| WeightsProblem::Missing(name.into()))?;
        let expected: Vec<usize> = parameter.size().iter().map(|&n| n as usize).collect();
        if view.shape() != expected {
            let found = view.shape().to_vec();
            return Err(WeightsProblem::Shape { name: name.into(), found, expected });
        }
        if view.dtype() != Dtype::F32 {
            let found = format!("{:?}", view.dtype());
            return Err(WeightsProblem::Kind { name: name.into(), found });
        }
        let (own, _) = view.data().as_chunks::<4>();
        let start = values.len();
        values.extend(own.iter().map(|bytes| f32::from_le_bytes(*bytes)));
        if values[start..].iter().any(|value| !value.is_finite()) {
            return Err(WeightsProblem::NotFinite(name.into()));
        }
        if let Ok(place) = names.binary_search(&name) {
            names.remove(place);
        }
    }
    match names.first() {
        Some(name) => Err(WeightsProblem::Unexpected((*name).into())),
        None => Ok(values),
    }
}
