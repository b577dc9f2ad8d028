//! Tags that are read with the container: FLAC, Ogg, MP4, Matroska, CAF.

use symphonia::core::formats::{FormatReader, TrackType};
use symphonia::core::meta::{MetadataRevision, RawValue, StandardTag};

use super::field::{Field, Tag};

/// The container's own tags. (Those that may stand before and behind any container, ID3 and APE,
/// were cut off before.)
pub(super) fn tags(format: &mut (dyn FormatReader + 'static)) -> Vec<Tag> {
    let name = format.format_info().short_name;
    let mut tags = Vec::new();
    let mut metadata = format.metadata();
    while let Some(revision) = metadata.current() {
        tags.push(tag(revision, name == "isomp4"));
        if metadata.pop().is_none() {
            break;
        }
    }
    // The newest revision is the last.
    tags.reverse();
    tags
}

fn tag(revision: &MetadataRevision, mp4: bool) -> Tag {
    let tracks = revision.per_track.iter().map(|track| &track.metadata);
    let parts = std::iter::once(&revision.media).chain(tracks);
    let mut tag = Tag::default();
    for raw in parts.flat_map(|part| &part.tags) {
        let key = raw.raw.key.as_str();
        let field = if mp4 { mp4_field(key) } else { Field::of_key(key) };
        let Some(field) = field else { continue };
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

/// The length of the audio in seconds, as declared; for MPEG streams without a header of the
/// encoder it is an estimate from the first frames.
pub(super) fn duration(format: &dyn FormatReader) -> Option<f64> {
    let track = format.default_track(TrackType::Audio)?;
    let rate = track.codec_params.as_ref().and_then(|params| params.audio())?.sample_rate;
    let frames = track.num_frames.zip(rate).map(|(n, rate)| n as f64 / f64::from(rate));
    let seconds = frames.or_else(|| {
        let (base, ticks) = track.time_base.zip(track.duration)?;
        Some(ticks.get() as f64 * f64::from(base.numer.get()) / f64::from(base.denom.get()))
    });
    seconds.filter(|seconds| seconds.is_finite())
}
