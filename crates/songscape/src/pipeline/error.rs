use std::path::PathBuf;

/// The result of a stage.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a stage could not be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The project folder: locked, made with other parameters, or not writable.
    #[error(transparent)]
    Project(#[from] songscape_project::Error),
    /// The demo music could not be made.
    #[error(transparent)]
    Synth(#[from] songscape_synth::Error),
    /// The catalog or the images.
    #[error(transparent)]
    Audio(#[from] songscape_audio::Error),
    /// The network or its device.
    #[error(transparent)]
    Resnet(#[from] songscape_resnet::Error),
    /// The training.
    #[error(transparent)]
    Contrastive(#[from] songscape_contrastive::Error),
    /// The analysis.
    #[error(transparent)]
    Analysis(#[from] songscape_analysis::Error),
    /// The report.
    #[error(transparent)]
    Report(#[from] songscape_report::Error),
    /// A table of an earlier stage does not have the expected form.
    #[error("{}: {source}", path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// What was found, with the line.
        source: csv::Error,
    },
    /// The threads could not be started.
    #[error("cannot start {threads} threads: {source}")]
    Threads {
        /// The number asked for.
        threads: usize,
        /// What the system said.
        source: rayon::ThreadPoolBuildError,
    },
    /// No song is left to work on.
    #[error("no song could be used: all {listed} failed, see {}", failures.display())]
    NoSongs {
        /// Songs in the catalog, at least one.
        listed: usize,
        /// Where the reasons are listed.
        failures: PathBuf,
    },
    /// There is nothing to work on.
    #[error("{}: no music in it", path.display())]
    NoMusic {
        /// The folder or the manifest.
        path: PathBuf,
    },
    /// The caller asked to stop. What is done is kept.
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// Whether the caller's [`Progress`](songscape_project::Progress) asked to stop.
    pub fn is_interrupted(&self) -> bool {
        matches!(
            self,
            Self::Interrupted
                | Self::Synth(songscape_synth::Error::Interrupted { .. })
                | Self::Audio(songscape_audio::Error::Interrupted { .. })
                | Self::Contrastive(songscape_contrastive::Error::Interrupted { .. })
                | Self::Analysis(songscape_analysis::Error::Interrupted { .. })
                | Self::Report(songscape_report::Error::Interrupted)
        )
    }
}
