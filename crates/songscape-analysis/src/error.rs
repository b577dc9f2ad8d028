use std::path::PathBuf;

use songscape_project::ErrorKind;

/// The result of an analysis.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong in an analysis.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A value is NaN or infinite.
    #[error("row {row}, column {column} is {value}; every value must be finite")]
    NotFinite {
        /// The row, counted from 0.
        row: usize,
        /// The column, counted from 0.
        column: usize,
        /// NaN or an infinity.
        value: f64,
    },
    /// The matrix has no columns.
    #[error("the matrix has {rows} rows but no columns")]
    NoColumns {
        /// The number of rows.
        rows: usize,
    },
    /// There are fewer rows than the method needs.
    #[error("{what} needs at least {needed} rows, got {rows}")]
    TooFewRows {
        /// The method, with the parameter that sets its need.
        what: String,
        /// The number of rows that were given.
        rows: usize,
        /// The smallest number that would do.
        needed: usize,
    },
    /// Two inputs that belong together have different lengths.
    #[error("{what} has {found} entries, expected {expected} (one for each row)")]
    LengthMismatch {
        /// The input that has the wrong length.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The length it should have.
        expected: usize,
    },
    /// A fitted model was given vectors of another width.
    #[error("the rows have {found} columns, the model was fitted on {expected}")]
    ColumnMismatch {
        /// The width of the rows that were given.
        found: usize,
        /// The width of the rows that the model was fitted on.
        expected: usize,
    },
    /// A parameter is out of its range.
    #[error("{field} is {found}, expected {expected}")]
    Parameter {
        /// The parameter.
        field: &'static str,
        /// Its value.
        found: String,
        /// The range or relation that it must fulfil.
        expected: &'static str,
    },
    /// There are fewer groups than folds.
    #[error("{folds} folds need at least {folds} groups, got {groups}")]
    TooFewGroups {
        /// The number of different groups.
        groups: usize,
        /// The number of folds that was asked for.
        folds: usize,
    },
    /// Fewer than two classes have songs by enough artists (or other groups).
    #[error(
        "{classes} classes have songs by at least {groups} artists; two such classes are needed"
    )]
    TooFewClasses {
        /// The classes that have.
        classes: usize,
        /// The groups that a class needs.
        groups: usize,
    },
    /// Too few songs have a year.
    #[error("{known} songs have a year; at least {needed} are needed")]
    TooFewYears {
        /// The number of songs with a year.
        known: usize,
        /// The smallest number that would do.
        needed: usize,
    },
    /// All songs have the same year, so that there is nothing to predict.
    #[error(
        "all {known} songs that have a year are from {year}; at least two different years are needed"
    )]
    OneYear {
        /// The number of songs with a year.
        known: usize,
        /// Their year.
        year: i32,
    },
    /// No column varies.
    #[error("all {columns} columns are constant; there is nothing to learn from")]
    AllConstant {
        /// The number of columns.
        columns: usize,
    },
    /// The caller asked to stop.
    #[error("{what} was interrupted")]
    Interrupted {
        /// What was being computed.
        what: &'static str,
    },
    /// A comparison made with another crate's method failed.
    #[error("{method} failed: {reason}")]
    Baseline {
        /// The method.
        method: &'static str,
        /// What it said.
        reason: String,
    },
    /// A file could not be read.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// A file of the project could not be written or read.
    #[error(transparent)]
    Project(#[from] songscape_project::Error),
}

impl Error {
    pub(crate) fn parameter(
        field: &'static str,
        found: impl ToString,
        expected: &'static str,
    ) -> Self {
        Self::Parameter { field, found: found.to_string(), expected }
    }

    /// What kind of fault this is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Interrupted { .. } => ErrorKind::Interrupted,
            Self::Parameter { .. } => ErrorKind::Configuration,
            Self::Project(error) => error.kind(),
            _ => ErrorKind::Input,
        }
    }

    /// Whether it says that nothing can be predicted because of what the songs are: too few of them, of too few
    /// artists, or all the same.
    pub fn is_of_songs(&self) -> bool {
        matches!(
            self,
            Self::TooFewYears { .. }
                | Self::OneYear { .. }
                | Self::TooFewGroups { .. }
                | Self::AllConstant { .. }
        )
    }
}
