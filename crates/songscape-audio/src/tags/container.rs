//! Tags that are read with the container: FLAC, Ogg, MP4, Matroska, CAF.

use symphonia::core::formats::{FormatReader, TrackType};
use symphonia::core::meta::{MetadataRevision, RawValue, StandardTag};

use super::field::{Field, Tag};
use crate::track::STREAMS;

/// The container's own tags. (Those that may stand before and behind any container, ID3 and APE,
/// were cut off before.)
pub(super) fn tags(format: &mut (dyn FormatReader + 'static)) -> Vec<Tag> {
    let name = format.format_info().short_name;
    let mut tags = Vec::new();
    let mut metadata = format.metadata();
    while let Some(revision) = metadata.current() {
        let field = match name {
            "isomp4" => mp4_field,
            "matroska" => matroska_field,
            _ => Field::of_key,
        };
        tags.push(tag(revision, field));
        if metadata.pop().is_none() {
            break;
        }
    }
    // The newest revision is the last.
    tags.reverse();
    tags
}

fn tag(revision: &MetadataRevision, field: fn(&str) -> Option<(Field, u8)>) -> Tag {
    let tracks = revision.per_track.iter().map(|track| &track.metadata);
    let parts = std::iter::once(&revision.media).chain(tracks);
    let mut tag = Tag::default();
    for raw in parts.flat_map(|part| &part.tags) {
        let Some(field) = field(&raw.raw.key) else { continue };
        match (&raw.raw.value, &raw.std) {
            (_, Some(StandardTag::Genre(name))) => tag.add(field, name),
            (RawValue::String(text), _) => tag.add(field, text),
            (RawValue::StringList(texts), _) => texts.iter().for_each(|text| tag.add(field, text)),
            (RawValue::UnsignedInt(number), _) => tag.add(field, &number.to_string()),
            (RawValue::SignedInt(number), _) => tag.add(field, &number.to_string()),
            _ => {}
        }
    }
    tag
}

fn mp4_field(key: &str) -> Option<(Field, u8)> {
    // Users' own fields have a space of names: `com.apple.iTunes:ORIGINAL YEAR`.
    if let Some((_, key)) = key.rsplit_once(':') {
        return Field::of_key(key).filter(|(field, _)| field.is_year());
    }
    let field = match key {
        "©nam" => Field::Title,
        "©ART" => Field::Artist,
        "aART" => Field::AlbumArtist,
        "©alb" => Field::Album,
        "©gen" | "gnre" => Field::Genre,
        "©day" => Field::Release,
        _ => return None,
    };
    Some((field, 0))
}

/// In Matroska a tag may be of the whole album (`ALBUM@TITLE`); what is of the track counts first.
fn matroska_field(key: &str) -> Option<(Field, u8)> {
    let (target, key) = key.rsplit_once('@').unwrap_or(("", key));
    let of_track = matches!(target, "" | "TRACK" | "SONG");
    match Field::of_key(key)? {
        (Field::Title, _) if !of_track => Some((Field::Album, 40)),
        (field, name) => Some((field, if of_track { name } else { name + 40 })),
    }
}

/// The length of the audio in seconds, as declared. Streams of MPEG and ADTS without a header of the
/// encoder declare none, and what the reader guesses from the first frames is wrong where the bit rate
/// varies: their frames are counted. `is_one` is whether nothing follows that is sound as well: such a
/// file's length is not known.
pub(super) fn duration(format: &mut (dyn FormatReader + 'static), is_one: bool) -> Option<f64> {
    let name = format.format_info().short_name;
    let track = format.default_track(TrackType::Audio)?;
    if !is_one {
        return None;
    }
    if STREAMS.contains(&name) && track.delay.is_none() {
        return counted(format);
    }
    let rate = track.codec_params.as_ref().and_then(|params| params.audio())?.sample_rate;
    let frames = track.num_frames.zip(rate).map(|(n, rate)| n as f64 / f64::from(rate));
    let seconds = frames.or_else(|| {
        let (base, ticks) = track.time_base.zip(track.duration)?;
        Some(ticks.get() as f64 * f64::from(base.numer.get()) / f64::from(base.denom.get()))
    });
    seconds.filter(|seconds| seconds.is_finite())
}

/// The length of a stream by its frames, none of which is decoded.
fn counted(format: &mut dyn FormatReader) -> Option<f64> {
    let base = format.default_track(TrackType::Audio)?.time_base?;
    let mut ticks = 0_u64;
    while let Ok(Some(packet)) = format.next_packet() {
        ticks = ticks.saturating_add(packet.block_dur().get());
    }
    let seconds = ticks as f64 * f64::from(base.numer.get()) / f64::from(base.denom.get());
    Some(seconds).filter(|seconds| *seconds > 0.0)
}
