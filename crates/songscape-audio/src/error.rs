use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use songscape_project::{ErrorKind, counted};
use symphonia::core::errors::Error as Symphonia;

/// The result of an operation of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong between a music library and its images.
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
    /// A music file cannot be used; the others can.
    #[error("{}: {problem}", path.display())]
    Audio {
        /// The music file.
        path: PathBuf,
        /// What is wrong with it.
        problem: Problem,
    },
    /// A list of songs is of a kind that is not read.
    #[error("{}: {format}; {advice}", path.display())]
    List {
        /// The list.
        path: PathBuf,
        /// The kind of list.
        format: &'static str,
        /// What to do instead.
        advice: &'static str,
    },
    /// A PNG file is not a spectrogram image of this store.
    #[error("{}: {reason}", path.display())]
    Image {
        /// The image.
        path: PathBuf,
        /// What was found and what was expected.
        reason: String,
    },
    /// The memory-mapped cache does not fit its index.
    #[error("{}: {reason}; make the images again", path.display())]
    Cache {
        /// The cache or its index.
        path: PathBuf,
        /// What was found and what was expected.
        reason: String,
    },
    /// There is too little room on the disk for the cache.
    #[error(
        "{}: the pixels of all songs need {needed} bytes and {available} bytes are free; make room \
         or choose another disk, and run again", path.display()
    )]
    DiskSpace {
        /// The folder of the cache.
        path: PathBuf,
        /// Bytes that the cache takes.
        needed: u64,
        /// Bytes that are free there.
        available: u64,
    },
    /// The images of a folder were made by one run and are now to be made by shards, or the other way round.
    #[error("{}: {found}; choose another folder", path.display())]
    Sharded {
        /// The folder.
        path: PathBuf,
        /// How its images were made.
        found: &'static str,
    },
    /// A shard that is to be put elsewhere is not whole.
    #[error("{}: not finished; make this shard first", path.display())]
    Unfinished {
        /// The folder of the shard.
        path: PathBuf,
    },
    /// An object store did not do what it was asked for, however often; another time it may.
    #[error("{address}: {reason}")]
    Object {
        /// The object or the folder.
        address: String,
        /// What the store said, or why it said nothing.
        reason: String,
    },
    /// A parameter is outside its range.
    #[error("{field} is {found}, expected {expected}")]
    Parameter {
        /// The parameter.
        field: &'static str,
        /// Its value.
        found: String,
        /// The range allowed.
        expected: &'static str,
    },
    /// The job was interrupted; what is done is kept.
    #[error("interrupted after {done} of {}; run again to continue", counted(*total, "song"))]
    Interrupted {
        /// Songs that are finished, skipped ones included.
        done: usize,
        /// Songs in the catalog.
        total: usize,
    },
    /// The transform refused its parameters or its input.
    #[error(transparent)]
    Transform(#[from] songscape_ssq::Error),
    /// The store's folder could not be used.
    #[error(transparent)]
    Project(#[from] songscape_project::Error),
}

impl Error {
    /// What kind of fault this is.
    pub fn kind(&self) -> ErrorKind {
        use std::io::ErrorKind as Io;
        match self {
            Self::Interrupted { .. } => ErrorKind::Interrupted,
            Self::Parameter { .. } | Self::Sharded { .. } => ErrorKind::Configuration,
            Self::Transform(error) => match error.kind() {
                songscape_ssq::ErrorKind::Configuration => ErrorKind::Configuration,
                _ => ErrorKind::Input,
            },
            Self::Project(error) => error.kind(),
            Self::Io { source, .. } | Self::Audio { problem: Problem::Unreadable(source), .. } => {
                match source.kind() {
                    Io::NotFound | Io::InvalidData | Io::IsADirectory | Io::NotADirectory => {
                        ErrorKind::Input
                    }
                    _ => ErrorKind::Environment,
                }
            }
            Self::DiskSpace { .. } | Self::Object { .. } => ErrorKind::Environment,
            Self::Audio { .. }
            | Self::List { .. }
            | Self::Image { .. }
            | Self::Cache { .. }
            | Self::Unfinished { .. } => ErrorKind::Input,
        }
    }

    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }

    pub(crate) fn audio(path: &Path) -> impl FnOnce(Problem) -> Self {
        move |problem| Self::Audio { path: path.into(), problem }
    }
}

/// What is wrong with one music file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// There is no such file.
    #[error("the file is missing")]
    Missing,
    /// The path names a folder or a device.
    #[error("this is not a regular file")]
    NotAFile,
    /// The file is empty.
    #[error("the file is empty (0 bytes)")]
    Empty,
    /// The system would not read the file, or a server would not serve it.
    #[error("cannot be read: {0}")]
    Unreadable(std::io::Error),
    /// The file has an address that is not read.
    #[error("{0}")]
    Address(String),
    /// The object at the song's address is larger than what is fetched.
    #[error("the object has {}, the limit is {limit}", counted(*bytes, "byte"))]
    TooLarge {
        /// Its size, as the store tells it.
        bytes: u64,
        /// The limit (`SONGSCAPE_OBJECT_MAX_BYTES`).
        limit: u64,
    },
    /// No known audio format was recognised.
    #[error("no audio was recognised ({0})")]
    NotAudio(String),
    /// The format is known by name, and is not decoded.
    #[error("{0} is not decoded")]
    NotDecoded(String),
    /// The format is known but not the codec or a feature of it.
    #[error("unsupported audio: {0}")]
    Unsupported(String),
    /// The file says that it is outside the [`Limits`](crate::Limits), or is.
    #[error("{what} {found}, the limit is {limit}")]
    Limit {
        /// What is limited, as the start of a sentence.
        what: &'static str,
        /// What the file has or declares, with its unit.
        found: String,
        /// The limit, with its unit.
        limit: String,
    },
    /// The audio ends before it should.
    #[error("the file is cut short: {decoded:.2} s could be decoded{}", expected_text(*expected))]
    Truncated {
        /// Seconds decoded before the end.
        decoded: f64,
        /// Seconds declared by the file, where it declares them.
        expected: Option<f64>,
    },
    /// Too much is missing within the audio, whose end is there.
    #[error("damaged: {decoded:.2} s could be decoded of {expected:.2} s")]
    Gaps {
        /// Seconds decoded.
        decoded: f64,
        /// Seconds declared by the file.
        expected: f64,
    },
    /// Too many packets could not be decoded.
    #[error("damaged: {skipped} of {} could not be decoded ({reason})", counted(*packets, "packet"))]
    Damaged {
        /// Packets that could not be decoded.
        skipped: u64,
        /// Packets read.
        packets: u64,
        /// What the decoder said about the last one.
        reason: String,
    },
    /// The format broke off with an error.
    #[error("broken after {decoded:.2} s: {reason}")]
    Broken {
        /// Seconds decoded before the error.
        decoded: f64,
        /// What the decoder said.
        reason: String,
    },
    /// A sample is NaN, infinite, or absurdly large.
    #[error("a sample at {seconds:.2} s is not a number within ±{bound:e}")]
    NotFinite {
        /// Where the block with the sample begins, in seconds.
        seconds: f64,
        /// The largest magnitude accepted (1 is full scale).
        bound: f32,
    },
    /// The file is shorter than the minimum.
    #[error("only {seconds:.2} s long, at least {minimum} s are needed")]
    TooShort {
        /// The length in seconds.
        seconds: f64,
        /// The minimum in seconds.
        minimum: f64,
    },
    /// The file is silent, or nearly so.
    #[error(
        "silent: the peak of the mono mix is {peak_db:.1} dBFS, at least {floor_db} dBFS is needed"
    )]
    Silent {
        /// The peak of the mono mix without offset and rumble, in dB relative to full scale.
        peak_db: f64,
        /// The minimum in dB relative to full scale.
        floor_db: f64,
    },
    /// Hardly anything is left once the silence at both ends is cut off.
    #[error("only {sound:.2} s of sound in {seconds:.2} s, at least {minimum} s are needed")]
    HardlyAnySound {
        /// Seconds between the first and the last column that are not black.
        sound: f64,
        /// The length of the file in seconds.
        seconds: f64,
        /// The minimum in seconds.
        minimum: f64,
    },
    /// The decoder panicked; this is a fault of the decoder.
    #[error("the decoder failed unexpectedly: {0}")]
    Panicked(String),
    /// The resampler refused its input.
    #[error("resampling from {from} Hz to {to} Hz: {reason}")]
    Resample {
        /// The file's rate in Hz.
        from: u32,
        /// The target rate in Hz.
        to: u32,
        /// What the resampler said.
        reason: String,
    },
    /// The transform refused the samples.
    #[error("transform: {0}")]
    Transform(songscape_ssq::Error),
}

impl Problem {
    /// Runs a decoder, whose panic is a problem of this file alone.
    pub(crate) fn catch<T>(run: impl FnOnce() -> Result<T, Self>) -> Result<T, Self> {
        // What a panic leaves behind is not used again.
        catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
            Err(Self::Panicked(text.unwrap_or_else(|| "no message".into())))
        })
    }

    /// Whether the problem lies in the file's content, so that it stays until the file changes.
    pub(crate) fn is_permanent(&self) -> bool {
        let passes = matches!(
            self,
            Self::Missing
                | Self::NotAFile
                | Self::Unreadable(_)
                | Self::Address(_)
                | Self::TooLarge { .. }
                | Self::Panicked(_)
        );
        !passes
    }
}

/// What a decoder said, without the kind of fault in front, which the [`Problem`] names.
pub(crate) fn said(error: &Symphonia) -> String {
    match error {
        Symphonia::DecodeError(text)
        | Symphonia::Unsupported(text)
        | Symphonia::LimitError(text) => (*text).to_owned(),
        other => other.to_string(),
    }
}

fn expected_text(expected: Option<f64>) -> String {
    expected.map_or(String::new(), |seconds| format!(" of {seconds:.2} s"))
}
