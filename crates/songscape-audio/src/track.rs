//! The one track of a file that is decoded.

use std::fs::File;
use std::path::Path;
use std::sync::LazyLock;

use symphonia::core::codecs::audio::well_known::{CODEC_ID_AAC, CODEC_ID_OPUS};
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::codecs::registry::CodecRegistry;
use symphonia::core::errors::Error as Symphonia;
use symphonia::core::formats::TrackType;
use symphonia::core::packet::Packet;

use crate::aac;
use crate::container::{Format, Segment};
use crate::edit::{Edit, sample_entry};
use crate::error::{Problem, said};
use crate::limits::Limits;
use crate::open::Source;
use crate::opus::{self, OpusDecoder};

/// Containers that declare no length but in the header of an encoder.
pub(crate) const STREAMS: [&str; 4] = ["mp1", "mp2", "mp3", "aac"];

/// AAC at rates up to this one may have its upper half in SBR.
const HIGHEST_SBR_RATE: u32 = 32_000;

static CODECS: LazyLock<CodecRegistry> = LazyLock::new(|| {
    let mut codecs = CodecRegistry::new();
    symphonia::default::register_enabled_codecs(&mut codecs);
    codecs.register_audio_decoder::<OpusDecoder>();
    codecs
});

/// A decoder and what the container says about the samples.
pub(crate) struct Track {
    pub id: u32,
    /// Hz; as declared, and then as decoded.
    pub rate: u32,
    /// 0 where they are not declared.
    pub channels: usize,
    /// Samples that are declared; of the file, once it is followed.
    pub ends_at: Option<u64>,
    pub edit: Option<Edit>,
    /// Samples at the very end that are padding.
    pub padding: usize,
    /// Whether there may be SBR of which no header tells.
    pub may_hide_sbr: bool,
    decoder: Box<dyn AudioDecoder>,
    params: AudioCodecParameters,
    options: AudioDecoderOptions,
    /// The kind of MPEG frames that the decoder is for.
    kind: Option<FrameKind>,
    mpeg: bool,
    /// A frame of another kind: the first of many, or no frame at all.
    other: Option<Packet>,
}

impl Track {
    pub(crate) fn open(source: &Source, path: &Path, limits: &Limits) -> Result<Self, Problem> {
        let format = &source.format;
        let container = format.format_info().short_name;
        let stream = STREAMS.contains(&container);
        let track = format
            .default_track(TrackType::Audio)
            .ok_or_else(|| Problem::NotAudio("the file has no audio track".into()))?;
        let named = || match source.kind {
            Format::Mp4 => sample_entry(path, &source.audio, track.id),
            _ => None,
        };
        let params = track.codec_params.as_ref().and_then(|params| params.audio());
        let params = params.ok_or_else(|| {
            Problem::NotDecoded(named().unwrap_or_else(|| "a codec that is not known".into()))
        })?;
        if params.codec == CODEC_ID_AAC
            && let Some(name) = params.extra_data.as_deref().and_then(aac::undecoded)
        {
            return Err(Problem::NotDecoded(name));
        }
        let rate = params
            .sample_rate
            .ok_or_else(|| Problem::Unsupported("the sample rate is not declared".into()))?;
        let channels = params.channels.as_ref().map_or(0, |channels| channels.count());
        limits.check_format(rate, channels.max(1))?;

        // Without an encoder's header, the length of an MPEG stream is a guess from its first
        // frames, and trimming to it would lose the end of a song with a variable bit rate.
        let guessed = stream && track.delay.is_none();
        let mut ends_at =
            source.claimed.or(track.num_frames).filter(|_| !guessed && !source.endless);
        if let Some(frames) = ends_at {
            limits.check_length("the declared length is", frames as f64 / f64::from(rate))?;
        }
        let mut edit = match (source.kind, ends_at) {
            (Format::Mp4, Some(frames)) => Edit::of(path, &source.audio, track.id, rate, frames),
            _ => None,
        };
        if params.codec == CODEC_ID_OPUS && edit.is_none() {
            let head = params.extra_data.as_deref().and_then(opus::Head::read);
            let skip = head.map_or(0, |head| u64::from(head.pre_skip));
            let keep = ends_at.map_or(u64::MAX, |frames| frames.saturating_sub(skip));
            edit = Some(Edit { skip, keep });
        }
        let mut padding = 0;
        if params.codec == CODEC_ID_OPUS && source.kind == Format::Matroska {
            let segment =
                File::open(path).and_then(|mut file| Segment::of(&mut file, &source.audio, 0));
            let nanoseconds = segment.map_err(Problem::Unreadable)?.discard;
            padding = (nanoseconds * u64::from(rate) + 500_000_000) as usize / 1_000_000_000;
        }
        if let Some(edit) = edit {
            ends_at = ends_at.map(|_| edit.keep);
        }
        let options = AudioDecoderOptions::default().gapless(!guessed);
        let decoder = CODECS.make_audio_decoder(params, &options).map_err(|e| {
            if params.codec == CODEC_ID_AAC && channels > 2 {
                return Problem::NotDecoded(format!("AAC with {channels} channels"));
            }
            match (named(), &e) {
                (Some(name), _) => Problem::NotDecoded(name),
                (None, Symphonia::Unsupported(what)) => Problem::Unsupported((*what).into()),
                (None, e) => {
                    Problem::NotAudio(format!("the header of the sound is damaged: {}", said(e)))
                }
            }
        })?;
        Ok(Self {
            id: track.id,
            rate,
            channels,
            ends_at,
            edit,
            padding,
            may_hide_sbr: params.codec == CODEC_ID_AAC && rate <= HIGHEST_SBR_RATE,
            decoder,
            params: params.clone(),
            options,
            kind: None,
            mpeg: matches!(container, "mp1" | "mp2" | "mp3"),
            other: None,
        })
    }

    /// Takes the next packet. Gives those that can be decoded now, and how many are no audio: a frame
    /// of another kind waits for the next, since one alone is only something that looks like one.
    pub(crate) fn accept(&mut self, packet: Packet) -> (Vec<Packet>, u64) {
        let kind = if self.mpeg { FrameKind::of(&packet.data) } else { None };
        let other = self.other.take();
        if kind.is_none() || self.kind.is_none() || kind == self.kind {
            self.kind = self.kind.or(kind);
            return (vec![packet], u64::from(other.is_some()));
        }
        match other {
            Some(other) if FrameKind::of(&other.data) == kind => (vec![other, packet], 0),
            other => {
                self.other = Some(packet);
                (Vec::new(), u64::from(other.is_some()))
            }
        }
    }

    /// How many packets still wait when there are no more.
    pub(crate) fn left(&mut self) -> u64 {
        u64::from(self.other.take().is_some())
    }

    /// The decoder for a packet.
    pub(crate) fn decoder(&mut self, packet: &Packet) -> &mut dyn AudioDecoder {
        if self.mpeg
            && let Some(kind) = FrameKind::of(&packet.data)
        {
            if self.kind.is_some_and(|before| before != kind)
                && let Ok(decoder) = CODECS.make_audio_decoder(&self.params, &self.options)
            {
                self.decoder = decoder;
            }
            self.kind = Some(kind);
        }
        &mut *self.decoder
    }
}

/// What of an MPEG frame's header the decoder is made for: version and layer, rate, and whether
/// there is one channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FrameKind(u8, u8, bool);

impl FrameKind {
    fn of(frame: &[u8]) -> Option<Self> {
        let &[0xFF, b, c, d, ..] = frame else { return None };
        Some(Self(b & 0x1E, c & 0x0C, d >> 6 == 3))
    }
}
