use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// What library of songs to make.
///
/// ```
/// use songscape_synth::Params;
///
/// let params = Params { songs: 24, ..Params::default() };
/// assert_eq!((params.seconds, params.sampling_rate), (30.0, 44_100));
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Params {
    /// How many songs, 1–100,000. The default of 240 gives four to each artist.
    pub songs: usize,
    /// How many artists, 1–10,000; by default 60, about six in each style.
    pub artists: usize,
    /// Seconds of each song, 4–1,200; by default 30.
    pub seconds: f64,
    /// Samples a second, 8,000–192,000; by default 44,100.
    #[serde(alias = "sample_rate")]
    pub sampling_rate: u32,
    /// The same seed gives the same bytes.
    pub seed: u64,
    /// First and last year of release; by default 1960–2020, for which the styles are made.
    pub years: RangeInclusive<i32>,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            songs: 240,
            artists: 60,
            seconds: 30.0,
            sampling_rate: 44_100,
            seed: 1,
            years: 1960..=2020,
        }
    }
}

impl Params {
    /// Checks every field against its range.
    ///
    /// # Errors
    /// [`Error::Parameter`] names the first field that is out of range.
    pub fn check(&self) -> Result<()> {
        let fail =
            |field, found: String, expected| Err(Error::Parameter { field, found, expected });
        if !(1..=100_000).contains(&self.songs) {
            return fail("songs", self.songs.to_string(), "1 to 100000");
        }
        if !(1..=10_000).contains(&self.artists) {
            return fail("artists", self.artists.to_string(), "1 to 10000");
        }
        if !(4.0..=1200.0).contains(&self.seconds) {
            return fail("seconds", self.seconds.to_string(), "4 to 1200");
        }
        if !(8_000..=192_000).contains(&self.sampling_rate) {
            return fail("sampling_rate", self.sampling_rate.to_string(), "8000 to 192000");
        }
        let (first, last) = (*self.years.start(), *self.years.end());
        if first < 1960 || last > 2020 || first > last {
            return fail("years", format!("{first}..={last}"), "a range within 1960..=2020");
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn each_field_is_checked() {
        Params::default().check().unwrap();
        let ok = Params::default;
        for (params, field) in [
            (Params { songs: 0, ..ok() }, "songs is 0"),
            (Params { artists: 0, ..ok() }, "artists is 0"),
            (Params { seconds: f64::NAN, ..ok() }, "seconds is NaN"),
            (Params { seconds: 1.0, ..ok() }, "seconds is 1"),
            (Params { sampling_rate: 100, ..ok() }, "sampling_rate is 100"),
            (Params { years: 1950..=2000, ..ok() }, "years is 1950..=2000"),
        ] {
            let message = params.check().unwrap_err().to_string();
            assert!(message.starts_with(field), "{message}");
        }
    }
}
