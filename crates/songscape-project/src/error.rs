use std::fmt;
use std::path::PathBuf;

/// The result of an operation on a project folder.
pub type Result<T> = std::result::Result<T, Error>;

/// What kind of fault an error is: whether to try again, to change an option, or to look at the data.
/// The errors of all Songscape crates have a `kind()`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The caller asked to stop. What is done is kept.
    Interrupted,
    /// A parameter or an option cannot be used, or a folder was made with other ones.
    Configuration,
    /// The data is not what it should be.
    Input,
    /// The machine: disk, memory, permissions, a device, or another process that holds the folder.
    Environment,
}

/// What can go wrong with a project folder.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another process holds the project folder.
    #[error("{}: another process is working on this folder; wait until it ends or choose another folder", path.display())]
    Locked {
        /// The project folder.
        path: PathBuf,
    },
    /// A stage was made with other parameters.
    #[error("{}: made with other parameters: {}; remove the folder or choose another output", path.display(), list(differences))]
    OtherParameters {
        /// The stage's `parameters.json`.
        path: PathBuf,
        /// The fields that differ.
        differences: Vec<Difference>,
    },
    /// A JSON file does not have the expected form.
    #[error("{}: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// What the parser said, with line and column.
        source: serde_json::Error,
    },
    /// A text does not name a part of a job.
    #[error("shard {found}, expected {expected}")]
    Shard {
        /// The text.
        found: String,
        /// What it must be.
        expected: String,
    },
    /// The parts of a job are not all there, finished and alike.
    #[error("{}: {reason}", path.display())]
    Shards {
        /// The folder of their folders.
        path: PathBuf,
        /// Which are missing, not finished, or made otherwise.
        reason: String,
    },
    /// A table does not have the expected form.
    #[error("{}: {}{reason}", path.display(), at(*line))]
    Table {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1, where there is one to blame.
        line: Option<u64>,
        /// What was found and what was expected.
        reason: String,
    },
}

impl Error {
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }

    /// What kind of fault this is.
    pub fn kind(&self) -> ErrorKind {
        use std::io::ErrorKind as Io;
        match self {
            Self::OtherParameters { .. } | Self::Shard { .. } => ErrorKind::Configuration,
            Self::Json { .. } | Self::Table { .. } | Self::Shards { .. } => ErrorKind::Input,
            Self::Io { source, .. } => match source.kind() {
                Io::NotFound | Io::InvalidData | Io::IsADirectory | Io::NotADirectory => {
                    ErrorKind::Input
                }
                _ => ErrorKind::Environment,
            },
            Self::Locked { .. } => ErrorKind::Environment,
        }
    }
}

/// One field that differs between the stored and the requested parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The field, nested names joined by dots.
    pub field: String,
    /// The stored value as JSON, or `absent`.
    pub stored: String,
    /// The requested value as JSON, or `absent`.
    pub requested: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}, asked for {}", self.field, self.stored, self.requested)
    }
}

fn list(differences: &[Difference]) -> String {
    let items: Vec<String> = differences.iter().map(ToString::to_string).collect();
    items.join("; ")
}

fn at(line: Option<u64>) -> String {
    line.map_or(String::new(), |line| format!("line {line}: "))
}
