//! What a network was made from, kept beside its weights.

use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use songscape_project::differences;

use crate::error::{Error, Result};
use crate::model::Model;
use crate::pooling::Pooling;
use crate::weights;

/// What a network was trained on, and how, as far as that is known.
///
/// It is saved in the metadata of `model.safetensors` and comes back with [`Model::load`]; the shape of
/// the network itself is [`Model::config`]. Each field is absent where it is not known: in a network
/// with random weights, in a file from before the field was recorded.
///
/// This crate knows neither audio nor training, so the parameters of both are JSON here. Read them back
/// as the type that wrote them, such as `ImageParams` of `songscape-audio` and `TrainParams` of
/// `songscape-contrastive`.
///
/// ```
/// use songscape_resnet::{EncoderConfig, Model, Origin, Pooling};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("model.safetensors");
/// let images = serde_json::json!({ "columns_per_second": 200.0, "rows": 256 });
/// let origin =
///     Origin { images: Some(images), pooling: Some(Pooling::Mean), ..Origin::default() };
/// let model = Model::new(&EncoderConfig::narrow(4), tch::Device::Cpu, 1)?.with_origin(origin);
/// model.save(&path)?;
///
/// let back = Model::load(&path, tch::Device::Cpu)?;
/// assert_eq!(back.origin().pooling, Some(Pooling::Mean));
/// let other = serde_json::json!({ "columns_per_second": 100.0, "rows": 256 });
/// assert_eq!(
///     back.check_images(&other).unwrap_err().to_string(),
///     "the model was trained on other images: \
///      columns_per_second is 200.0 in the model, 100.0 in the images"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Origin {
    /// The version of Songscape that trained the network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub songscape: Option<String>,
    /// The parameters of the images that it was trained on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub images: Option<Value>,
    /// The parameters of the training, its seed among them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub training: Option<Value>,
    /// How the vectors of a song are meant to become one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pooling: Option<Pooling>,
}

impl Origin {
    /// What the network in a file was made from, without its weights. Files from before this was recorded
    /// have an empty one.
    ///
    /// # Errors
    /// [`Error::File`] when the file cannot be read, [`Error::Weights`] when it is no network of ours.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        Ok(weights::metadata(path, &weights::read(path)?)?.origin)
    }

    /// Refuses images that were made with other parameters than those that the network was trained on: it
    /// would embed them without complaint, and the vectors would mean nothing.
    ///
    /// The recorded parameters are read as `P` before they are compared, so that a field that was added
    /// later has its default. A network that does not know its images takes all of them.
    ///
    /// # Errors
    /// [`Error::OtherImages`] names each field that differs.
    pub fn check_images<P: Serialize + DeserializeOwned>(&self, images: &P) -> Result<()> {
        let Some(recorded) = &self.images else { return Ok(()) };
        let unreadable = |e: serde_json::Error| Error::Origin { reason: e.to_string() };
        let images = serde_json::to_value(images).map_err(unreadable)?;
        let own: P = serde_json::from_value(recorded.clone()).map_err(unreadable)?;
        let differences = differences(&serde_json::to_value(own).map_err(unreadable)?, &images);
        if differences.is_empty() { Ok(()) } else { Err(Error::OtherImages { differences }) }
    }
}

impl Model {
    /// What the network was made from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The same network with another record of what it was made from.
    #[must_use]
    pub fn with_origin(mut self, origin: Origin) -> Self {
        self.origin = origin;
        self
    }

    /// Refuses images that are not as those that the network was trained on, as
    /// [`Origin::check_images`] does.
    ///
    /// # Errors
    /// [`Error::OtherImages`] names each field that differs.
    pub fn check_images<P: Serialize + DeserializeOwned>(&self, images: &P) -> Result<()> {
        self.origin.check_images(images)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;
    use tch::Device;

    use super::*;
    use crate::config::EncoderConfig;

    #[derive(Serialize, Deserialize)]
    struct Images {
        rows: usize,
        range_db: f32,
        /// As if it had been added after the model was trained.
        #[serde(default)]
        trim: bool,
    }

    fn model(images: Value) -> Model {
        let model = Model::new(&EncoderConfig::narrow(2), Device::Cpu, 0).unwrap();
        model.with_origin(Origin { images: Some(images), ..Origin::default() })
    }

    #[test]
    fn other_images_are_refused_with_every_field_that_differs() {
        let model = model(json!({"rows": 256, "range_db": 60.0}));
        model.check_images(&Images { rows: 256, range_db: 60.0, trim: false }).unwrap();
        let other = Images { rows: 128, range_db: 80.0, trim: true };
        let message = model.check_images(&other).unwrap_err().to_string();
        let all = ["rows is 256 in the model, 128", "range_db is 60.0 in", "trim is false in"];
        assert!(all.iter().all(|part| message.contains(part)), "{message}");
    }

    #[test]
    fn a_model_that_does_not_know_its_images_takes_all() {
        let model = Model::new(&EncoderConfig::narrow(2), Device::Cpu, 0).unwrap();
        model.check_images(&Images { rows: 1, range_db: 1.0, trim: true }).unwrap();
    }

    #[test]
    fn parameters_that_cannot_be_read_are_no_match() {
        let images = Images { rows: 256, range_db: 60.0, trim: false };
        let message = model(json!({"rows": "many"})).check_images(&images).unwrap_err().to_string();
        assert!(message.contains("the image parameters in the model"), "{message}");
    }
}
