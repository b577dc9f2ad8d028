use serde::{Deserialize, Serialize};

use crate::error::{Error, Problem, Result};

/// What a music file may be. Everything that a file declares about itself is checked against these
/// before memory or time is spent on it, so that a lying header costs nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// The longest audio in seconds, declared or decoded.
    pub max_seconds: f64,
    /// The shortest audio in seconds, silence at both ends not counted.
    pub min_seconds: f64,
    /// The largest number of channels.
    pub max_channels: usize,
    /// The lowest sample rate in Hz.
    pub min_rate: u32,
    /// The highest sample rate in Hz.
    pub max_rate: u32,
    /// The largest tag, cover pictures included, in bytes.
    pub max_tag_bytes: usize,
    /// A song whose mono mix, without offset and rumble, never exceeds this peak, in dB relative to
    /// full scale, counts as silent.
    pub silence_db: f64,
    /// The largest share of packets that may fail to decode, 0 to 1. Two packets are always
    /// forgiven: the first packets of a cut MP3 refer to bits that are gone.
    pub max_damage: f64,
}

impl Default for Limits {
    /// 1 s to 6 h, up to 32 channels, 8 to 192 kHz, tags to 16 MiB, louder than -60 dBFS, at most
    /// 1% of the packets damaged.
    fn default() -> Self {
        Self {
            max_seconds: 6.0 * 3600.0,
            min_seconds: 1.0,
            max_channels: 32,
            min_rate: 8_000,
            max_rate: 192_000,
            max_tag_bytes: 16 << 20,
            silence_db: -60.0,
            max_damage: 0.01,
        }
    }
}

impl Limits {
    /// Checks that the limits can be met at all.
    ///
    /// # Errors
    /// [`Error::Parameter`] names the first field outside its range.
    pub fn validate(&self) -> Result<()> {
        let wrong = |field, found: f64, expected| {
            Err(Error::Parameter { field, found: found.to_string(), expected })
        };
        if self.min_seconds.is_nan() || self.min_seconds <= 0.0 {
            return wrong("limits.min_seconds", self.min_seconds, "a number above 0");
        }
        if self.max_seconds.is_nan() || self.max_seconds < self.min_seconds {
            return wrong("limits.max_seconds", self.max_seconds, "at least limits.min_seconds");
        }
        if self.max_channels == 0 {
            return wrong("limits.max_channels", 0.0, "at least 1");
        }
        if self.min_rate == 0 || self.max_rate < self.min_rate {
            return wrong(
                "limits.max_rate",
                self.max_rate.into(),
                "at least limits.min_rate, above 0",
            );
        }
        if !(0.0..=1.0).contains(&self.max_damage) {
            return wrong("limits.max_damage", self.max_damage, "a share from 0 to 1");
        }
        Ok(())
    }

    /// Holds the sample rate and the channels of a file against the limits.
    pub(crate) fn check_format(&self, rate: u32, channels: usize) -> Result<(), Problem> {
        if rate < self.min_rate || rate > self.max_rate {
            return Err(Problem::Limit {
                what: "the sample rate is",
                found: format!("{rate} Hz"),
                limit: format!("{} to {} Hz", self.min_rate, self.max_rate),
            });
        }
        if channels == 0 || channels > self.max_channels {
            return Err(Problem::Limit {
                what: "the number of channels is",
                found: channels.to_string(),
                limit: format!("1 to {}", self.max_channels),
            });
        }
        Ok(())
    }

    /// Holds a declared or decoded length against the upper limit.
    pub(crate) fn check_length(&self, what: &'static str, seconds: f64) -> Result<(), Problem> {
        if seconds > self.max_seconds {
            return Err(Problem::Limit {
                what,
                found: format!("{seconds:.1} s"),
                limit: format!("{} s", self.max_seconds),
            });
        }
        Ok(())
    }

    /// Holds a whole decoded file, with its length and the part of it that is not silence at either
    /// end, against the lower limits.
    pub(crate) fn check_whole(
        &self,
        seconds: f64,
        sound: f64,
        peak_db: f64,
    ) -> Result<(), Problem> {
        if seconds < self.min_seconds {
            return Err(Problem::TooShort { seconds, minimum: self.min_seconds });
        }
        if peak_db < self.silence_db {
            return Err(Problem::Silent { peak_db, floor_db: self.silence_db });
        }
        if sound < self.min_seconds {
            return Err(Problem::HardlyAnySound { sound, seconds, minimum: self.min_seconds });
        }
        Ok(())
    }

    /// Whether `skipped` damaged packets of `packets` are too many.
    pub(crate) fn too_damaged(&self, skipped: u64, packets: u64) -> bool {
        skipped > 2 && skipped as f64 > self.max_damage * packets as f64
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn each_impossible_limit_is_named() {
        let fields = |change: fn(&mut Limits)| {
            let mut limits = Limits::default();
            change(&mut limits);
            limits.validate().unwrap_err().to_string()
        };
        Limits::default().validate().unwrap();
        assert!(fields(|l| l.min_seconds = 0.0).starts_with("limits.min_seconds is 0,"));
        assert!(fields(|l| l.max_seconds = f64::NAN).starts_with("limits.max_seconds is NaN,"));
        assert!(fields(|l| l.max_channels = 0).starts_with("limits.max_channels is 0,"));
        assert!(fields(|l| l.max_rate = 1).starts_with("limits.max_rate is 1,"));
        assert!(fields(|l| l.max_damage = 1.5).starts_with("limits.max_damage is 1.5,"));
    }

    #[test]
    fn two_damaged_packets_are_forgiven_and_one_percent() {
        let limits = Limits::default();
        assert!(!limits.too_damaged(2, 3));
        assert!(limits.too_damaged(3, 299));
        assert!(!limits.too_damaged(3, 300));
    }
}
