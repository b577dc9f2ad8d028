use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use tch::Device;

use crate::error::Result;
use crate::model::Model;
use crate::origin::Origin;
use crate::weights;

/// The name of the network that comes with this crate.
const PRETRAINED: &str = "pretrained";

/// Where a trained network comes from. As text, `pretrained` or the path of a file.
///
/// ```
/// use songscape_resnet::ModelSource;
///
/// let source: ModelSource = "pretrained".parse()?;
/// let model = source.load(tch::Device::Cpu)?;
/// assert_eq!(model.config().channels(), 256);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelSource {
    #[doc = include_str!("../models/README.md")]
    Pretrained,
    /// A `model.safetensors` that [`Model::save`] wrote. A file named `pretrained` is `./pretrained`.
    File(PathBuf),
}

impl ModelSource {
    /// The content of the file.
    ///
    /// # Errors
    /// [`Error::File`](crate::Error::File) when it cannot be read.
    pub fn content(&self) -> Result<Cow<'static, [u8]>> {
        Ok(match self {
            Self::Pretrained => Cow::Borrowed(include_bytes!("../models/pretrained.safetensors")),
            Self::File(path) => Cow::Owned(weights::read(path)?),
        })
    }

    /// The BLAKE3 hash of the content, in hexadecimal, as
    /// [`hash_file`](songscape_project::hash_file) has it.
    ///
    /// # Errors
    /// As [`content`](Self::content).
    pub fn hash(&self) -> Result<String> {
        Ok(blake3::hash(&self.content()?).to_hex().to_string())
    }

    /// Reads the network, as [`Model::load`] does.
    ///
    /// # Errors
    /// As [`Model::load`].
    pub fn load(&self, device: Device) -> Result<Model> {
        Model::of_content(self.path(), &self.content()?, device)
    }

    /// What the network was made from, as [`Origin::read`] reads it.
    ///
    /// # Errors
    /// As [`Origin::read`].
    pub fn origin(&self) -> Result<Origin> {
        Ok(weights::metadata(self.path(), &self.content()?)?.origin)
    }

    fn path(&self) -> &Path {
        match self {
            Self::Pretrained => Path::new(PRETRAINED),
            Self::File(path) => path,
        }
    }
}

impl FromStr for ModelSource {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(if text == PRETRAINED { Self::Pretrained } else { Self::File(text.into()) })
    }
}

impl fmt::Display for ModelSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path().display().fmt(f)
    }
}
