use std::path::PathBuf;

use songscape_project::ErrorKind;

/// The result of writing a library of songs.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong with the demo music.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A parameter is outside its range.
    #[error("{field} is {found}, expected {expected}")]
    Parameter {
        /// The field of [`Params`](crate::Params).
        field: &'static str,
        /// What was given.
        found: String,
        /// What can be given.
        expected: &'static str,
    },
    /// The caller asked to stop. The songs that are written stay, and the next run goes on from there.
    #[error("interrupted after {done} of {total} songs; run again to continue")]
    Interrupted {
        /// The songs that are whole.
        done: usize,
        /// The songs asked for.
        total: usize,
    },
    /// A song could not be put into WAV form.
    #[error("{}: {source}", path.display())]
    Wav {
        /// The song's file.
        path: PathBuf,
        /// What the encoder said.
        source: hound::Error,
    },
    /// The threads could not be started.
    #[error("cannot start {threads} threads: {source}")]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// What the system said.
        source: rayon::ThreadPoolBuildError,
    },
    /// The folder could not be read or written, or was made with other parameters.
    #[error(transparent)]
    Project(#[from] songscape_project::Error),
}

impl Error {
    /// What kind of fault this is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Parameter { .. } => ErrorKind::Configuration,
            Self::Interrupted { .. } => ErrorKind::Interrupted,
            Self::Wav { .. } | Self::Threads { .. } => ErrorKind::Environment,
            Self::Project(error) => error.kind(),
        }
    }
}
