use serde_json::{Value, json};
use songscape_analysis::study::StudyParams;
use songscape_audio::{ImageParams, LibraryParams};
use songscape_contrastive::TrainParams;
use songscape_project::Source;
use songscape_resnet::{EncoderConfig, ModelSource, Pooling};
use songscape_synth::Params as DemoMusic;

/// Everything that decides what the stages compute.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters {
    /// The embedded demo music, for [`Input::Demo`](super::Input::Demo).
    pub demo_music: DemoMusic,
    /// How the library is read; the known tags are kept in the project folder.
    pub library: LibraryParams,
    /// The spectrogram images.
    pub images: ImageParams,
    /// The network.
    pub encoder: EncoderConfig,
    /// Its training.
    pub training: TrainParams,
    /// An encoder that was trained elsewhere, instead of training one.
    pub model: Option<ModelSource>,
    /// Row statistics and chroma instead of an encoder's vectors: a map without training.
    pub no_training: bool,
    /// Continue the training, with a fifth of the steps, if songs have come or gone since. Else the encoder is
    /// kept.
    pub retrain: bool,
    /// Make map, clusters and years anew if songs have come or gone since. Else they stay as they are, and
    /// new songs are placed in them.
    pub refit: bool,
    /// The vectors that map, clusters and years are made of. `None` takes those that
    /// [measure best](crate::vectors::Choice) on the library.
    pub vectors: Option<Source>,
    /// How the encoder's vectors of a song become one.
    pub pooling: Pooling,
    /// Map, clusters and years.
    pub analysis: StudyParams,
}

impl Parameters {
    /// The narrow network: minutes on two CPU cores.
    pub fn demo(seed: u64) -> Self {
        Self {
            demo_music: DemoMusic::default(),
            library: LibraryParams::default(),
            images: ImageParams::default(),
            encoder: EncoderConfig::demo(),
            training: TrainParams { seed, ..TrainParams::demo() },
            model: None,
            no_training: false,
            retrain: false,
            refit: false,
            vectors: None,
            pooling: Pooling::Mean,
            analysis: StudyParams::seeded(seed),
        }
    }

    /// The published configuration, exact in shape: for a GPU and thousands of songs.
    pub fn published(seed: u64) -> Self {
        Self {
            encoder: EncoderConfig::published(),
            training: TrainParams { seed, ..TrainParams::published() },
            ..Self::demo(seed)
        }
    }

    /// What several processes must have in common: whatever decides the training, and how its images are made.
    pub fn identity(&self) -> Value {
        let Self { images, encoder, training, pooling, .. } = self;
        json!({ "images": images, "encoder": encoder, "training": training, "pooling": pooling })
    }
}
