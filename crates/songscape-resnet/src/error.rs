use std::path::PathBuf;

use songscape_project::{Difference, ErrorKind};

/// The result of an operation on the network.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong with the network.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// libtorch reported an error, such as memory that ran out.
    #[error("libtorch: {}", first_line(source))]
    Torch {
        /// The error with its C++ trace.
        #[from]
        source: tch::TchError,
    },
    /// A parameter cannot be used: a field of the configuration, or a name.
    #[error("{field} is {found}, expected {expected}")]
    Parameter {
        /// The field.
        field: &'static str,
        /// Its value.
        found: String,
        /// What it must be.
        expected: String,
    },
    /// A tensor of images has another shape than the network takes.
    #[error(
        "images of shape {found:?}, expected [batch, 1, {rows}, columns] with columns ≥ {columns}"
    )]
    Images {
        /// The shape.
        found: Vec<i64>,
        /// The rows of the configuration.
        rows: usize,
        /// The fewest columns.
        columns: usize,
    },
    /// A tensor of features has another shape than the head takes.
    #[error("features of shape {found:?}, expected [batch, {channels}, vectors]")]
    Features {
        /// The shape.
        found: Vec<i64>,
        /// The channels of the configuration.
        channels: usize,
    },
    /// Pixels that do not fill whole columns.
    #[error("{found} pixels are not a whole number of columns of {rows} rows")]
    Pixels {
        /// The number of pixels.
        found: usize,
        /// The rows of the configuration.
        rows: usize,
    },
    /// A song that is too short for one vector.
    #[error("a song of {found} columns, expected at least {expected}")]
    TooShort {
        /// The columns of the song.
        found: usize,
        /// The columns that one vector stands for.
        expected: usize,
    },
    /// Images that were made with other parameters than those that the network was trained on.
    #[error("the model was trained on other images: {}", listed(differences))]
    OtherImages {
        /// The fields that differ: `stored` is the model's value, `requested` that of the images.
        differences: Vec<Difference>,
    },
    /// A model whose image parameters cannot be compared with others.
    #[error("the image parameters in the model cannot be read: {reason}")]
    Origin {
        /// What is wrong with them.
        reason: String,
    },
    /// A device that was asked for and cannot be used.
    #[error("device {device} cannot be used: {reason}")]
    Device {
        /// The device.
        device: String,
        /// Why not, and what to do.
        reason: String,
    },
    /// A parameter that the network needs and that is not there.
    #[error("no parameter {name}")]
    NoParameter {
        /// The parameter's name.
        name: String,
    },
    /// A file of weights that does not fit.
    #[error("{}: {problem}", path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// The first thing that does not fit.
        problem: WeightsProblem,
    },
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] songscape_project::Error),
}

/// Why a file of weights was refused. Nothing is changed by a refused file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsProblem {
    /// The file is not a safetensors file, or is damaged.
    #[error("not a whole safetensors file: {0}")]
    Format(String),
    /// The metadata does not say what the network is, or says something that cannot be used.
    #[error("the metadata cannot be used: {0}")]
    Metadata(String),
    /// A tensor is not there.
    #[error("no tensor {0}")]
    Missing(String),
    /// A tensor that the network has no place for.
    #[error("unexpected tensor {0}")]
    Unexpected(String),
    /// A tensor has another shape.
    #[error("{name} has the shape {found:?}, expected {expected:?}")]
    Shape {
        /// The tensor.
        name: String,
        /// Its shape.
        found: Vec<usize>,
        /// The shape of the network's parameter.
        expected: Vec<usize>,
    },
    /// A tensor has another type of element.
    #[error("{name} is {found}, expected F32")]
    Kind {
        /// The tensor.
        name: String,
        /// Its type of element.
        found: String,
    },
    /// A tensor has an element that is not finite.
    #[error("{0} has elements that are not finite")]
    NotFinite(String),
}

impl Error {
    /// Whom the error is for: whether a choice of the caller, the data or the machine is to blame.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Parameter { .. } | Self::OtherImages { .. } | Self::NoParameter { .. } => {
                ErrorKind::Configuration
            }
            Self::Images { .. }
            | Self::Features { .. }
            | Self::Pixels { .. }
            | Self::TooShort { .. }
            | Self::Origin { .. }
            | Self::Weights { .. } => ErrorKind::Input,
            Self::Torch { .. } | Self::Device { .. } => ErrorKind::Environment,
            Self::File(error) => error.kind(),
        }
    }

    /// A name that does not stand for anything.
    pub(crate) fn name(field: &'static str, found: &str, expected: &str) -> Self {
        Self::Parameter { field, found: format!("{found:?}"), expected: expected.into() }
    }

    /// The one of `known` that has that name.
    pub(crate) fn named<T: Copy + std::fmt::Display>(
        field: &'static str,
        name: &str,
        known: &[T],
    ) -> Result<T> {
        let found = known.iter().find(|one| one.to_string() == name).copied();
        let expected = || known.iter().map(T::to_string).collect::<Vec<_>>().join(" or ");
        found.ok_or_else(|| Self::name(field, name, &expected()))
    }

    pub(crate) fn weights(path: &std::path::Path, problem: WeightsProblem) -> Self {
        Self::Weights { path: path.into(), problem }
    }
}

/// Each field with both values.
fn listed(differences: &[Difference]) -> String {
    let one = |Difference { field, stored, requested }: &Difference| {
        format!("{field} is {stored} in the model, {requested} in the images")
    };
    differences.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// libtorch's messages end with a C++ stack trace.
fn first_line(error: &tch::TchError) -> String {
    let text = error.to_string();
    text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim().to_owned()
}
