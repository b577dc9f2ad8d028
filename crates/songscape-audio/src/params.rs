use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// How an image is made from audio. Images made with different parameters must not be mixed, so
/// the store keeps these and refuses others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImageParams {
    /// Version of the image's meaning; raised whenever the same audio would give other pixels.
    pub version: u32,
    /// Rows of the image; row 0 is the highest frequency.
    pub rows: usize,
    /// Frequency of the lowest row in Hz.
    pub f_min: f64,
    /// Frequency of the highest row in Hz.
    pub f_max: f64,
    /// Columns a second.
    pub columns_per_second: f64,
    /// Sampling rate of the transform in Hz; audio at other rates is resampled to it.
    #[serde(alias = "sample_rate")]
    pub sampling_rate: u32,
    /// Sound below this frequency in Hz, offset included, is filtered out first (second order);
    /// 0 keeps it.
    pub high_pass: f64,
    /// Decibels from black to white.
    pub range_db: f32,
    /// Percentile of the song's pixels above the noise floor that is drawn white, 0 to 100.
    pub reference_percentile: f64,
    /// The same white for all songs instead, in dB relative to a sine of full scale.
    pub reference_db: Option<f32>,
    /// Whether columns that are black throughout are cut off at both ends.
    pub trim: bool,
}

impl Default for ImageParams {
    /// 256 rows, 30 Hz to 12 kHz, 200 columns a second, 44.1 kHz, nothing below 20 Hz, 60 dB below
    /// the song's 99.9th percentile, black ends cut off.
    fn default() -> Self {
        Self {
            version: 2,
            rows: 256,
            f_min: 30.0,
            f_max: 12_000.0,
            columns_per_second: 200.0,
            sampling_rate: 44_100,
            high_pass: 20.0,
            range_db: 60.0,
            reference_percentile: 99.9,
            reference_db: None,
            trim: true,
        }
    }
}

impl ImageParams {
    /// Checks what the transform does not check itself.
    ///
    /// # Errors
    /// [`Error::Parameter`] names the first field outside its range.
    pub fn validate(&self) -> Result<()> {
        let wrong = |field, found: f64, expected| {
            Err(Error::Parameter { field, found: found.to_string(), expected })
        };
        if self.rows == 0 || self.rows > 1 << 14 {
            return wrong("rows", self.rows as f64, "1 to 16384");
        }
        if self.sampling_rate == 0 {
            return wrong("sampling_rate", 0.0, "a rate in Hz above 0");
        }
        if !(self.range_db >= 1.0 && self.range_db <= 200.0) {
            return wrong("range_db", self.range_db.into(), "1 to 200 dB");
        }
        if !(self.reference_percentile > 0.0 && self.reference_percentile <= 100.0) {
            return wrong("reference_percentile", self.reference_percentile, "above 0, up to 100");
        }
        if let Some(db) = self.reference_db
            && !(-200.0..=100.0).contains(&db)
        {
            return wrong("reference_db", db.into(), "-200 to 100 dB");
        }
        if !(self.high_pass >= 0.0 && self.high_pass <= self.f_min) {
            return wrong("high_pass", self.high_pass, "0 to f_min");
        }
        Ok(())
    }

    pub(crate) fn transform(&self) -> songscape_ssq::LogSpectrogramParams {
        songscape_ssq::LogSpectrogramParams {
            sampling_rate: f64::from(self.sampling_rate),
            rows: self.rows,
            f_min: self.f_min,
            f_max: self.f_max,
            columns_per_second: self.columns_per_second,
            ..Default::default()
        }
    }
}
