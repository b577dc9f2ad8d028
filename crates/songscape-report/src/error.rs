use std::path::PathBuf;

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
    #[error("song {row} ({id}): cluster {cluster}, expected -1 (none) or a number from 0 on")]
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
    /// A table could not be read.
    #[error("{}: {reason}", path.display())]
    Table {
        /// The table's file.
        path: PathBuf,
        /// What is wrong, with the line or the song.
        reason: String,
    },
    /// The plotting crate could not make a picture.
    #[error("{}: {reason}", path.display())]
    Draw {
        /// The picture's file.
        path: PathBuf,
        /// What the plotting crate said.
        reason: String,
    },
    /// The table or the page's data could not be put into text.
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
    /// A file could not be written.
    #[error(transparent)]
    Project(#[from] songscape_project::Error),
}
