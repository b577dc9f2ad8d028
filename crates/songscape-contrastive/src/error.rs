use std::path::PathBuf;

use songscape_project::ErrorKind;

/// The result of training or of its evaluation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong in training and its evaluation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The network refused its input, or libtorch reported an error.
    #[error(transparent)]
    Network(#[from] songscape_resnet::Error),
    /// A parameter of the training or of its evaluation cannot be used.
    #[error("{field} is {found}, expected {expected}")]
    Parameter {
        /// The field.
        field: &'static str,
        /// Its value.
        found: String,
        /// What it must be.
        expected: String,
    },
    /// The pixels of a song do not fill whole columns.
    #[error("song {song}: {found} pixels are not a whole number of columns of {rows} rows")]
    Pixels {
        /// The number of the song, counted from 0.
        song: usize,
        /// The number of pixels.
        found: usize,
        /// The rows of an image.
        rows: usize,
    },
    /// The images have another number of rows than the network.
    #[error("images of {found} rows, but the encoder takes {expected}")]
    Rows {
        /// The rows of the images.
        found: usize,
        /// The rows of the encoder.
        expected: usize,
    },
    /// There are not as many groups as songs.
    #[error("groups of {found} songs, expected those of {expected}")]
    Groups {
        /// The groups.
        found: usize,
        /// The songs.
        expected: usize,
    },
    /// There are too few songs to tell apart.
    #[error(
        "{found} of {songs} songs have the {columns} columns of one crop; training tells songs apart and needs at least 2"
    )]
    TooFewSongs {
        /// The songs that are long enough.
        found: usize,
        /// All songs.
        songs: usize,
        /// The columns of one crop.
        columns: usize,
    },
    /// The loss or its gradient is no longer finite.
    #[error(
        "training stopped at step {step}: the {what} is not finite; a learning rate below {learning_rate:e} may help{}", kept(*checkpoint)
    )]
    Diverged {
        /// The step.
        step: usize,
        /// What is not finite: `loss` or `gradient`.
        what: &'static str,
        /// The learning rate.
        learning_rate: f64,
        /// The step of the last checkpoint, which is kept.
        checkpoint: Option<usize>,
    },
    /// A batch does not fit into memory.
    #[error("out of memory with {pairs} pairs at once; {}", advice(*fitting))]
    OutOfMemory {
        /// Pairs that ran through the network together.
        pairs: usize,
        /// Pairs that were tried after that and fit, if any.
        fitting: Option<usize>,
    },
    /// The caller asked to stop. The state is saved; started again, the training continues.
    #[error("training interrupted after step {step}; start it again to continue")]
    Interrupted {
        /// The steps that are done.
        step: usize,
    },
    /// The checkpoints in the folder are those of another training.
    #[error("{}: made with another {field}; remove the folder or choose another one", path.display())]
    OtherTraining {
        /// The checkpoint.
        path: PathBuf,
        /// What differs: the name of the field.
        field: String,
    },
    /// A checkpoint cannot be read.
    #[error("{}: {reason}", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Processes that are to train together do not have the same parameters or songs.
    #[error("rank {rank} has another {field} than rank 0; all processes must train the same")]
    OtherRank {
        /// A process that differs.
        rank: usize,
        /// What differs: the name of the field in that process, `training` in the others.
        field: String,
    },
    /// Processes that train together have come to have different networks.
    #[error(
        "after step {step} the network of rank {rank} is not that of rank 0: their processors or libraries round differently"
    )]
    Apart {
        /// A process that differs.
        rank: usize,
        /// The steps that are done.
        step: usize,
    },
    /// The processes of a training lost each other.
    #[error("{source}")]
    Group {
        /// Whom it is for.
        kind: ErrorKind,
        /// What the group said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Two sets of vectors that do not belong together.
    #[error("vectors of shape {found:?}, expected {expected:?}")]
    Vectors {
        /// The shape of the second set, or the number of labels.
        found: Vec<usize>,
        /// The shape of the first set.
        expected: Vec<usize>,
    },
    /// The columns of vectors are no rings of the twelve pitch classes.
    #[error("vectors of {found} columns do not consist of rings of twelve pitch classes")]
    Rings {
        /// The columns.
        found: usize,
    },
    /// A vector with elements that are not finite.
    #[error("the vector of row {row} has elements that are not finite")]
    NotFinite {
        /// The row, counted from 0.
        row: usize,
    },
    /// Vectors could not be scored.
    #[error(transparent)]
    Analysis(#[from] songscape_analysis::Error),
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] songscape_project::Error),
}

impl From<tch::TchError> for Error {
    fn from(source: tch::TchError) -> Self {
        Self::Network(source.into())
    }
}

impl Error {
    /// Whom the error is for: whether a choice of the caller, the data or the machine is to blame.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Network(error) => error.kind(),
            Self::Analysis(error) => error.kind(),
            Self::File(error) => error.kind(),
            Self::Group { kind, .. } => *kind,
            Self::Interrupted { .. } => ErrorKind::Interrupted,
            Self::Parameter { .. }
            | Self::Rows { .. }
            | Self::OtherTraining { .. }
            | Self::OtherRank { .. }
            | Self::Diverged { .. } => ErrorKind::Configuration,
            Self::Pixels { .. }
            | Self::Groups { .. }
            | Self::TooFewSongs { .. }
            | Self::Checkpoint { .. }
            | Self::Vectors { .. }
            | Self::Rings { .. }
            | Self::NotFinite { .. } => ErrorKind::Input,
            Self::OutOfMemory { .. } | Self::Apart { .. } => ErrorKind::Environment,
        }
    }

    /// Whether libtorch ran out of memory; it has no kind of error for that, so its text decides.
    pub(crate) fn is_out_of_memory(&self) -> bool {
        let Self::Network(error) = self else { return false };
        let text = error.to_string();
        ["out of memory", "allocate memory", "not enough memory"]
            .iter()
            .any(|part| text.contains(part))
    }
}

fn advice(fitting: Option<usize>) -> String {
    match fitting {
        Some(n) => format!(
            "{n} fit: set `chunk_pairs` to {n} (`train --chunk-pairs {n}`), the gradient stays the same"
        ),
        None => "not even one fits: take shorter crops or a narrower network".into(),
    }
}

fn kept(checkpoint: Option<usize>) -> String {
    checkpoint.map_or(String::new(), |step| format!(" (the checkpoint of step {step} is kept)"))
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind, Tensor};

    use super::*;

    #[test]
    fn missing_memory_is_told_from_other_errors() {
        let huge = Tensor::f_zeros([1 << 46], (Kind::Float, Device::Cpu));
        assert!(huge.is_err_and(|error| Error::from(error).is_out_of_memory()));
        let shapes = Tensor::f_zeros([2], (Kind::Float, Device::Cpu))
            .and_then(|x| x.f_matmul(&Tensor::f_zeros([3, 3], (Kind::Float, Device::Cpu))?));
        assert!(shapes.is_err_and(|error| !Error::from(error).is_out_of_memory()));
        let message = |fitting| Error::OutOfMemory { pairs: 64, fitting }.to_string();
        assert!(
            message(Some(16))
                .contains("16 fit: set `chunk_pairs` to 16 (`train --chunk-pairs 16`)")
        );
        assert!(message(None).contains("shorter crops"));
    }
}
