use std::path::PathBuf;

use songscape_project::ErrorKind;

/// The result of drawing or writing a report.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong with a report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A song's place on the map is not finite.
    #[error("song {row} ({id}): its place on the map is ({x}, {y}), expected finite numbers")]
    Coordinates {
        /// The song's row, from 0.
        row: usize,
        /// The song's id.
        id: String,
        /// First coordinate.
        x: f32,
        /// Second coordinate.
        y: f32,
    },
    /// A song's cluster is neither −1 nor a number from 0 on.
    #[error(
        "song {row} ({id}): cluster {cluster}, expected -1 (unclustered) or a number from 0 on"
    )]
    Cluster {
        /// The song's row, from 0.
        row: usize,
        /// The song's id.
        id: String,
        /// The cluster given.
        cluster: i32,
    },
    /// A number that must be finite is not.
    #[error("{what}: found {value}, expected a finite number")]
    NotFinite {
        /// What the number is, with its song, model or step.
        what: String,
        /// The number.
        value: f64,
    },
    /// A number is outside its range.
    #[error("{what}: found {value}, expected {expected}")]
    Range {
        /// What the number is.
        what: String,
        /// The number.
        value: f64,
        /// The range in words.
        expected: String,
    },
    /// Two parts of the input do not belong together.
    #[error("{what}: found {found}, expected {expected}")]
    Length {
        /// What was counted.
        what: String,
        /// How many there are.
        found: usize,
        /// How many there must be.
        expected: usize,
    },
    /// A song is named by a row that does not exist.
    #[error("{what}: row {row} of {songs} songs")]
    Row {
        /// Where the row is named.
        what: String,
        /// The row, from 0.
        row: usize,
        /// How many songs there are.
        songs: usize,
    },
    /// The rows do not form a condensed tree.
    #[error("condensed tree: {reason}")]
    Tree {
        /// What is wrong.
        reason: String,
    },
    /// What is to stand for the folder of the audio is a URL that a page plays nothing from.
    #[error("{base}: expected a path, or a URL that begins with http://, https:// or file://")]
    Base {
        /// The base given.
        base: String,
    },
    /// The plotting crate could not make a picture.
    #[error("{}: {reason}", path.display())]
    Draw {
        /// The picture's file.
        path: PathBuf,
        /// What the plotting crate said.
        reason: String,
    },
    /// The page's data could not be put into text.
    #[error("{}: {reason}", path.display())]
    Encode {
        /// The file.
        path: PathBuf,
        /// What the writer said.
        reason: String,
    },
    /// The caller asked to stop; the files written so far are whole.
    #[error("interrupted; run again to write the whole report")]
    Interrupted,
    /// A table of the analysis could not be read.
    #[error(transparent)]
    Analysis(#[from] songscape_analysis::Error),
    /// A file could not be read or written.
    #[error(transparent)]
    Project(#[from] songscape_project::Error),
}

impl Error {
    /// What kind of fault this is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Coordinates { .. }
            | Self::Cluster { .. }
            | Self::NotFinite { .. }
            | Self::Range { .. }
            | Self::Length { .. }
            | Self::Row { .. }
            | Self::Tree { .. } => ErrorKind::Input,
            Self::Base { .. } => ErrorKind::Configuration,
            Self::Draw { .. } | Self::Encode { .. } => ErrorKind::Environment,
            Self::Interrupted => ErrorKind::Interrupted,
            Self::Analysis(error) => error.kind(),
            Self::Project(error) => error.kind(),
        }
    }
}
