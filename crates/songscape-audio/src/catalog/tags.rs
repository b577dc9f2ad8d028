//! The tags of one music file.

use std::path::Path;

use serde::{Deserialize, Serialize};
use symphonia::core::formats::{FormatReader, TrackType};
use symphonia::core::meta::{MetadataRevision, StandardTag};

use super::year;
use crate::decode::probe;
use crate::error::Problem;
use crate::limits::Limits;

/// What a catalog takes from a file's tags. The first value of each wins.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Tags {
    pub title: Option<String>,
    pub artist: Option<String>,
    pub album_artist: Option<String>,
    pub album: Option<String>,
    pub genre: Option<String>,
    pub original_year: Option<i32>,
    pub year: Option<i32>,
    /// Seconds, as far as the file tells.
    pub duration: Option<f64>,
}

impl Tags {
    pub(super) fn read(path: &Path, limits: &Limits) -> Result<Self, Problem> {
        let mut tags = Self::default();
        let mut format = probe(path, limits)?;
        tags.duration = duration(&*format);
        let mut metadata = format.metadata();
        while let Some(revision) = metadata.current() {
            tags.take(revision);
            if metadata.pop().is_none() {
                break;
            }
        }
        Ok(tags)
    }

    fn take(&mut self, revision: &MetadataRevision) {
        let tracks = revision.per_track.iter().map(|track| &track.metadata);
        let tags = std::iter::once(&revision.media).chain(tracks).flat_map(|part| &part.tags);
        for tag in tags.filter_map(|tag| tag.std.as_ref()) {
            let text = |place: &mut Option<String>, value: &str| {
                let value = value.trim_matches(|c: char| c.is_whitespace() || c == '\0');
                if place.is_none() && !value.is_empty() {
                    *place = Some(repaired(value));
                }
            };
            let number = |place: &mut Option<i32>, value: Option<i32>| {
                *place = place.or(value.filter(|&year| year > 0));
            };
            match tag {
                StandardTag::TrackTitle(value) => text(&mut self.title, value),
                StandardTag::Artist(value) => text(&mut self.artist, value),
                StandardTag::AlbumArtist(value) => text(&mut self.album_artist, value),
                StandardTag::Album(value) => text(&mut self.album, value),
                StandardTag::Genre(value) => text(&mut self.genre, value),
                StandardTag::OriginalReleaseDate(date) => {
                    number(&mut self.original_year, year::of_tag(date));
                }
                StandardTag::OriginalReleaseYear(year) => {
                    number(&mut self.original_year, Some((*year).into()));
                }
                StandardTag::ReleaseDate(date) | StandardTag::RecordingDate(date) => {
                    number(&mut self.year, year::of_tag(date));
                }
                StandardTag::ReleaseYear(year) | StandardTag::RecordingYear(year) => {
                    number(&mut self.year, Some((*year).into()));
                }
                _ => {}
            }
        }
    }
}

/// Undoes the commonest fault of tags: UTF-8 in a field of Latin-1, where each byte has become a
/// letter (`Ã©` for `é`).
fn repaired(text: &str) -> String {
    let bytes: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(c).ok()).collect();
    let utf8 = bytes.filter(|bytes| !bytes.is_ascii()).and_then(|b| String::from_utf8(b).ok());
    utf8.unwrap_or_else(|| text.to_owned())
}

/// The length of the audio in seconds, as declared; for MPEG streams without a header of the
/// encoder it is an estimate from the first frames.
fn duration(format: &dyn FormatReader) -> Option<f64> {
    let track = format.default_track(TrackType::Audio)?;
    let rate = track.codec_params.as_ref().and_then(|params| params.audio())?.sample_rate;
    let frames = track.num_frames.zip(rate).map(|(n, rate)| n as f64 / f64::from(rate));
    let seconds = frames.or_else(|| {
        let (base, ticks) = track.time_base.zip(track.duration)?;
        Some(ticks.get() as f64 * f64::from(base.numer.get()) / f64::from(base.denom.get()))
    });
    seconds.filter(|seconds| seconds.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf8_taken_for_latin1_is_repaired_and_nothing_else() {
        assert_eq!(repaired("BeyoncÃ©"), "Beyoncé");
        for text in ["Beyoncé", "Motörhead", "夜に駆ける", "plain", "Ã", ""] {
            assert_eq!(repaired(text), text);
        }
    }
}
