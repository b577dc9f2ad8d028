use std::path::PathBuf;

use songscape_project::ErrorKind;

/// The result of an operation that may fail in any of the crates.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of any of the crates, or of what joins them. [`kind`](Self::kind) tells whether to try
/// again, to change an option, or to look at the data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The project folder: locked, made with other parameters, or not writable.
    #[error(transparent)]
    Project(#[from] songscape_project::Error),
    /// The demo music.
    #[cfg(feature = "synth")]
    #[error(transparent)]
    Synth(#[from] songscape_synth::Error),
    /// A transform.
    #[cfg(feature = "ssq")]
    #[error(transparent)]
    Ssq(#[from] songscape_ssq::Error),
    /// The catalog or the images.
    #[cfg(feature = "audio")]
    #[error(transparent)]
    Audio(#[from] songscape_audio::Error),
    /// The network or its device.
    #[cfg(feature = "resnet")]
    #[error(transparent)]
    Resnet(#[from] songscape_resnet::Error),
    /// The training.
    #[cfg(feature = "contrastive")]
    #[error(transparent)]
    Contrastive(#[from] songscape_contrastive::Error),
    /// The processes of a training.
    #[cfg(feature = "c10d")]
    #[error(transparent)]
    C10d(#[from] songscape_c10d::Error),
    /// The analysis.
    #[cfg(feature = "analysis")]
    #[error(transparent)]
    Analysis(#[from] songscape_analysis::Error),
    /// The report.
    #[cfg(feature = "report")]
    #[error(transparent)]
    Report(#[from] songscape_report::Error),
    /// A parameter or an option is out of its range.
    #[error("{field} is {found}, expected {expected}")]
    Parameter {
        /// The parameter.
        field: &'static str,
        /// Its value.
        found: String,
        /// What it must be.
        expected: String,
    },
    /// A file or folder is not what it should be, or does not belong to another one.
    #[error("{}: {reason}", path.display())]
    Input {
        /// The file or folder.
        path: PathBuf,
        /// What was found and what was expected.
        reason: String,
    },
    /// The threads could not be started.
    #[cfg(feature = "pipeline")]
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
    /// A file or folder that is not what it should be.
    pub fn input(path: impl Into<PathBuf>, reason: impl ToString) -> Self {
        Self::Input { path: path.into(), reason: reason.to_string() }
    }

    /// A file or folder that could not be read or written.
    pub fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| songscape_project::Error::Io { path, source }.into()
    }

    /// A parameter that is out of its range.
    pub fn parameter(
        field: &'static str,
        found: impl ToString,
        expected: impl Into<String>,
    ) -> Self {
        Self::Parameter { field, found: found.to_string(), expected: expected.into() }
    }

    /// What kind of fault this is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Project(error) => error.kind(),
            #[cfg(feature = "synth")]
            Self::Synth(error) => error.kind(),
            #[cfg(feature = "ssq")]
            Self::Ssq(error) => match error.kind() {
                songscape_ssq::ErrorKind::Input => ErrorKind::Input,
                _ => ErrorKind::Configuration,
            },
            #[cfg(feature = "audio")]
            Self::Audio(error) => error.kind(),
            #[cfg(feature = "resnet")]
            Self::Resnet(error) => error.kind(),
            #[cfg(feature = "contrastive")]
            Self::Contrastive(error) => error.kind(),
            #[cfg(feature = "c10d")]
            Self::C10d(error) => error.kind(),
            #[cfg(feature = "analysis")]
            Self::Analysis(error) => error.kind(),
            #[cfg(feature = "report")]
            Self::Report(error) => error.kind(),
            Self::Parameter { .. } => ErrorKind::Configuration,
            #[cfg(feature = "pipeline")]
            Self::Threads { .. } => ErrorKind::Environment,
            Self::Input { .. } | Self::NoSongs { .. } | Self::NoMusic { .. } => ErrorKind::Input,
            Self::Interrupted => ErrorKind::Interrupted,
        }
    }

    /// Whether the caller's [`Progress`](songscape_project::Progress) asked to stop.
    pub fn is_interrupted(&self) -> bool {
        self.kind() == ErrorKind::Interrupted
    }
}

#[cfg(test)]
mod tests {
    use super::Error;

    /// The errors of all crates are in this one, so that this holds for each of them.
    #[test]
    fn errors_go_to_other_threads_and_into_boxes() {
        fn travels<T: std::error::Error + Send + Sync + 'static>() {}
        travels::<Error>();
    }
}
