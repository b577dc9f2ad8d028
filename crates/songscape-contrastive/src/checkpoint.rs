//! The state of a training in one file.

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};
use songscape_resnet::EncoderConfig;
use tch::{Device, Kind, Tensor};

use crate::error::{Error, Result};
use crate::history::Step;
use crate::params::TrainParams;
use crate::validation::Validation;

/// What a checkpoint was made by. Training continues only from one of the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub encoder: EncoderConfig,
    pub params: TrainParams,
    /// Hash of the songs' lengths and of some of their pixels.
    pub songs: String,
    /// Hash of the weights that the training began with, where they were not random.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun_with: Option<String>,
}

/// The state after a number of steps.
#[derive(Debug)]
pub(crate) struct Checkpoint {
    pub step: usize,
    pub parameters: Tensor,
    pub moments: [Tensor; 2],
    /// What the loss remembers and learns, by name ([`Criterion::state`](crate::criterion::Criterion)).
    pub criterion: Vec<(String, Tensor)>,
    /// The running means of the songs' losses, where they decide what is drawn.
    pub song_losses: Option<Tensor>,
    pub history: Vec<Step>,
    pub validations: Vec<Validation>,
    /// How many processes made it. Any number may continue from it, but with another number sums are rounded
    /// differently.
    pub processes: usize,
}

#[derive(Serialize, Deserialize)]
struct Metadata {
    format: u32,
    step: usize,
    #[serde(default = "one")]
    processes: usize,
    identity: Identity,
    /// BLAKE3 of all tensors' bytes: safetensors itself notices a short file, but no changed byte.
    hash: String,
}

/// What earlier versions had.
fn one() -> usize {
    1
}

/// With one key the order of keys cannot vary.
const KEY: &str = "songscape";
const FORMAT: u32 = 4;
const KEPT: usize = 2;

/// The names of the tensors that every checkpoint may have; all others are the criterion's.
const PARAMETERS: &str = "parameters";
const MOMENTS: [&str; 2] = ["first_moment", "second_moment"];
const SONG_LOSSES: &str = "song_losses";
const HISTORY: &str = "history";
const VALIDATIONS: &str = "validations";
const OWN: [&str; 6] = [PARAMETERS, MOMENTS[0], MOMENTS[1], SONG_LOSSES, HISTORY, VALIDATIONS];

impl Checkpoint {
    /// Writes `step-N.safetensors` into the folder, whole or not at all, and removes all but the
    /// last two.
    pub(crate) fn save(&self, folder: &Path, identity: &Identity) -> Result<()> {
        let path = file(folder, self.step);
        let mut tensors = vec![
            (MOMENTS[0], &self.moments[0]),
            (PARAMETERS, &self.parameters),
            (MOMENTS[1], &self.moments[1]),
        ];
        tensors.extend(self.criterion.iter().map(|(name, tensor)| (name.as_str(), tensor)));
        tensors.extend(self.song_losses.iter().map(|losses| (SONG_LOSSES, losses)));
        let history = Step::to_tensor(&self.history)?;
        tensors.push((HISTORY, &history));
        let validations = Validation::to_tensor(&self.validations)?;
        tensors.push((VALIDATIONS, &validations));
        tensors.sort_by_key(|(name, _)| *name);

        let broken = |reason: String| Error::Checkpoint { path: path.clone(), reason };
        let parts = tensors.iter().map(|(_, t)| bytes(t)).collect::<Result<Vec<_>>>()?;
        let views = tensors
            .iter()
            .zip(&parts)
            .map(|((name, tensor), part)| {
                let shape = tensor.size().iter().map(|&n| n as usize).collect();
                let kind = if tensor.kind() == Kind::Double { Dtype::F64 } else { Dtype::F32 };
                Ok((*name, TensorView::new(kind, shape, part)?))
            })
            .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()
            .map_err(|e| broken(e.to_string()))?;
        let metadata = Metadata {
            format: FORMAT,
            step: self.step,
            processes: self.processes,
            identity: identity.clone(),
            hash: hash(tensors.iter().map(|(name, _)| *name).zip(parts.iter().map(Vec::as_slice))),
        };
        let metadata = serde_json::to_string(&metadata).map_err(|e| broken(e.to_string()))?;
        let metadata = HashMap::from([(KEY.to_owned(), metadata)]);
        let content =
            safetensors::serialize(views, Some(metadata)).map_err(|e| broken(e.to_string()))?;
        songscape_project::write_atomic(&path, |file| file.write_all(&content))?;
        for (_, old) in list(folder)?.into_iter().rev().skip(KEPT) {
            std::fs::remove_file(&old).map_err(|source| io(&old, source))?;
        }
        Ok(())
    }

    /// The newest whole checkpoint in the folder, if there is one, and its bytes. Damaged ones are reported
    /// to `skipped` and passed over.
    ///
    /// # Errors
    /// [`Error::OtherTraining`] when it belongs to another training.
    pub(crate) fn newest(
        folder: &Path,
        identity: &Identity,
        device: Device,
        mut skipped: impl FnMut(&Error),
    ) -> Result<Option<(Self, Vec<u8>)>> {
        for (_, path) in list(folder)?.into_iter().rev() {
            let content = std::fs::read(&path).map_err(|source| io(&path, source))?;
            match Self::parse(&path, &content, identity, device) {
                Ok(checkpoint) => return Ok(Some((checkpoint, content))),
                Err(error @ Error::Checkpoint { .. }) => skipped(&error),
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// A tensor of the criterion; the checkpoint was read from that folder.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] when it is not there.
    pub(crate) fn criterion(&self, folder: &Path, name: &str) -> Result<&Tensor> {
        let found = self.criterion.iter().find(|(own, _)| own == name).map(|(_, tensor)| tensor);
        let (path, reason) = (file(folder, self.step), format!("no tensor {name}"));
        found.ok_or(Error::Checkpoint { path, reason })
    }

    /// A checkpoint from the bytes of its file, which the path names in errors.
    pub(crate) fn parse(
        path: &Path,
        content: &[u8],
        identity: &Identity,
        device: Device,
    ) -> Result<Self> {
        let broken = |reason: String| Error::Checkpoint { path: path.into(), reason };
        let (_, header) = SafeTensors::read_metadata(content).map_err(|e| broken(e.to_string()))?;
        let text = header.metadata().as_ref().and_then(|m| m.get(KEY));
        let text = text.ok_or_else(|| broken("no metadata".into()))?;
        let metadata: Metadata = serde_json::from_str(text).map_err(|e| broken(e.to_string()))?;
        if metadata.format != FORMAT {
            return Err(broken(format!("format {}, expected {FORMAT}", metadata.format)));
        }
        if let Some(field) = difference(&metadata.identity, identity) {
            return Err(Error::OtherTraining { path: path.into(), field });
        }
        let file = SafeTensors::deserialize(content).map_err(|e| broken(e.to_string()))?;
        let mut names = file.names();
        names.sort_unstable();
        let part = |name: &str| file.tensor(name).map_err(|e| broken(e.to_string()));
        let mut parts = Vec::new();
        for name in &names {
            parts.push((*name, part(name)?.data()));
        }
        if hash(parts.into_iter()) != metadata.hash {
            return Err(broken("the content does not have the recorded hash".into()));
        }
        let tensor = |name: &str| {
            let view = part(name)?;
            let shape: Vec<i64> = view.shape().iter().map(|&n| n as i64).collect();
            let kind = if view.dtype() == Dtype::F64 { Kind::Double } else { Kind::Float };
            Ok::<_, Error>(Tensor::f_from_data_size(view.data(), &shape, kind)?)
        };
        let on_device = |name: &str| Ok::<_, Error>(tensor(name)?.f_to_device(device)?);
        let criterion = names
            .iter()
            .filter(|name| !OWN.contains(name))
            .map(|name| Ok(((*name).to_owned(), on_device(name)?)))
            .collect::<Result<_>>()?;
        let song_losses = names.contains(&SONG_LOSSES).then(|| tensor(SONG_LOSSES));
        Ok(Self {
            step: metadata.step,
            processes: metadata.processes,
            parameters: on_device(PARAMETERS)?,
            moments: [on_device(MOMENTS[0])?, on_device(MOMENTS[1])?],
            criterion,
            song_losses: song_losses.transpose()?,
            history: Step::from_tensor(&tensor(HISTORY)?)?,
            validations: Validation::from_tensor(&tensor(VALIDATIONS)?)?,
        })
    }
}

/// The checkpoint of a step.
fn file(folder: &Path, step: usize) -> PathBuf {
    folder.join(format!("step-{step:08}.safetensors"))
}

/// Checkpoints in a folder by their step.
fn list(folder: &Path) -> Result<Vec<(usize, PathBuf)>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(io(folder, source)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(|source| io(folder, source))?.path();
        let step = path
            .file_name()
            .and_then(|name| name.to_str())
            .and_then(|name| name.strip_prefix("step-")?.strip_suffix(".safetensors"))
            .and_then(|number| number.parse().ok());
        if let Some(step) = step {
            found.push((step, path));
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// The first field in which two trainings differ.
pub(crate) fn difference(found: &Identity, expected: &Identity) -> Option<String> {
    if found.encoder != expected.encoder {
        return Some("encoder".into());
    }
    if found.songs != expected.songs {
        return Some("songs".into());
    }
    if found.begun_with != expected.begun_with {
        return Some("the weights that it began with".into());
    }
    let json = |params| serde_json::to_value(params).ok();
    let (found, expected) = (json(&found.params)?, json(&expected.params)?);
    let fields = expected.as_object()?;
    fields.iter().find(|(name, value)| found.get(name) != Some(value)).map(|(name, _)| name.clone())
}

fn hash<'a>(parts: impl Iterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut hasher = blake3::Hasher::new();
    for (name, part) in parts {
        hasher.update(name.as_bytes()).update(&(part.len() as u64).to_le_bytes()).update(part);
    }
    hasher.finalize().to_hex().to_string()
}

/// The bytes of a tensor.
pub(crate) fn bytes(tensor: &Tensor) -> Result<Vec<u8>> {
    let tensor = tensor.f_detach()?.f_to_device(Device::Cpu)?.f_contiguous()?;
    let mut bytes = vec![0; tensor.numel() * tensor.kind().elt_size_in_bytes()];
    tensor.f_copy_data_u8(&mut bytes, tensor.numel())?;
    Ok(bytes)
}

fn io(path: &Path, source: std::io::Error) -> Error {
    songscape_project::Error::Io { path: path.into(), source }.into()
}
