//! What can go wrong, with the offending values.

/// Everything that this crate refuses.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A parameter is outside its range.
    #[error("{name} is {value}, expected {expected}")]
    Parameter {
        /// The parameter's name.
        name: &'static str,
        /// What was given.
        value: f64,
        /// What would have been accepted.
        expected: &'static str,
    },
    /// A frequency range that is empty or reaches above half the sampling rate.
    #[error(
        "frequency range {low} to {high} Hz, expected 0 < low < high <= {nyquist} Hz (half the sampling rate)"
    )]
    FrequencyRange {
        /// Lowest frequency asked for, Hz.
        low: f64,
        /// Highest frequency asked for, Hz.
        high: f64,
        /// Half the sampling rate, Hz.
        nyquist: f64,
    },
    /// A column is not a rational number of samples with a small denominator.
    #[error(
        "{columns_per_second} columns a second at {sample_rate} Hz: the ratio must be a fraction with a denominator of at most {max_denominator}"
    )]
    ColumnRate {
        /// Sampling rate, Hz.
        sample_rate: f64,
        /// Columns a second.
        columns_per_second: f64,
        /// Largest denominator that is tried.
        max_denominator: u64,
    },
    /// A buffer that the parameters ask for would be too long.
    #[error("{what} would hold {length} samples, at most {limit} are allowed")]
    TooLong {
        /// Which buffer.
        what: &'static str,
        /// The length that was asked for.
        length: u64,
        /// The longest that is allowed.
        limit: u64,
    },
    /// The signal holds a NaN or an infinity.
    #[error("sample {index} is {value}, expected a finite number")]
    NotFinite {
        /// Index of the first such sample, counted from the start of the signal.
        index: u64,
        /// Its value.
        value: f64,
    },
    /// A name that is not known.
    #[error("{what} {given:?}, expected {expected}")]
    Name {
        /// What the name is for.
        what: &'static str,
        /// What was given.
        given: String,
        /// What would have been accepted.
        expected: &'static str,
    },
    /// No scales can be found for this wavelet and length.
    #[error(
        "no scales: {reason} ({samples} samples after padding); give a frequency range instead"
    )]
    Scales {
        /// Why.
        reason: &'static str,
        /// Length of the padded signal.
        samples: usize,
    },
    /// Scales or frequencies that do not rise (or fall) strictly.
    #[error("{what} {index} is {value}, expected positive numbers in strictly {order} order")]
    Order {
        /// What the list holds.
        what: &'static str,
        /// Index of the first offending value.
        index: usize,
        /// The value.
        value: f64,
        /// Which order.
        order: &'static str,
    },
    /// A signal or array of another size than the plan or its partner.
    #[error("{what} has {given}, expected {expected}")]
    Length {
        /// What has the wrong size.
        what: &'static str,
        /// Its size.
        given: usize,
        /// The size it should have.
        expected: usize,
    },
    /// Something with fewer entries than are needed.
    #[error("{what} has {given} entries, expected at least {least}")]
    TooShort {
        /// What is too short.
        what: &'static str,
        /// Its length.
        given: usize,
        /// The least length.
        least: usize,
    },
    /// The memory for a result is not to be had.
    #[error("no memory for {what} of {rows} x {columns} values")]
    Memory {
        /// What would be held.
        what: &'static str,
        /// Its rows.
        rows: usize,
        /// Its columns.
        columns: usize,
    },
    /// Windows too far apart for an inverse.
    #[error(
        "no window of {window_length} samples, {hop} apart, holds sample {sample}; expected a smaller hop"
    )]
    Hop {
        /// Samples from one window to the next.
        hop: usize,
        /// Length of the window.
        window_length: usize,
        /// The first sample that is lost.
        sample: u64,
    },
}

/// Whose fault an [`Error`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A parameter is wrong, or asks for more than there can be.
    Configuration,
    /// The data is wrong.
    Input,
}

impl Error {
    /// Whether parameters or data are wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFinite { .. } | Self::Length { .. } | Self::TooShort { .. } => {
                ErrorKind::Input
            }
            _ => ErrorKind::Configuration,
        }
    }
}
