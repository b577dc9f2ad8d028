//! Opus (RFC 6716, RFC 7845) as a decoder for Symphonia, which knows its packets but not its
//! sound. The codec itself is `ropus`.

use ropus::OpusMSDecoder;
use symphonia::core::audio::{
    AsGenericAudioBufferRef, Audio, AudioBuffer, AudioMut, AudioSpec, Channels,
    GenericAudioBufferRef,
};
use symphonia::core::codecs::CodecInfo;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::audio::{
    AudioCodecParameters, AudioDecoder, AudioDecoderOptions, FinalizeResult,
};
use symphonia::core::codecs::registry::{RegisterableAudioDecoder, SupportedAudioCodec};
use symphonia::core::errors::{Result, decode_error, unsupported_error};
use symphonia::core::packet::PacketRef;

/// Opus always gives 48 kHz.
const RATE: u32 = 48_000;
/// Samples per channel of the longest packet, 120 ms.
const LONGEST: usize = 5760;

/// What a stream says about itself in its first packet, `OpusHead`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    channels: u8,
    /// Samples at the start that are no sound.
    pub pre_skip: u16,
    /// In dB/256, to be applied by every player.
    gain: i16,
    streams: u8,
    coupled: u8,
    mapping: Vec<u8>,
}

impl Head {
    /// Reads the packet, as it is in Ogg and Matroska, or the box `dOps` of MP4 behind the name
    /// `OpusHead` and with the version 0, whose numbers are big-endian.
    pub(crate) fn read(packet: &[u8]) -> Option<Self> {
        let body = packet.strip_prefix(b"OpusHead")?;
        let (&[version, channels, skip0, skip1, _, _, _, _, gain0, gain1, family], rest) =
            body.split_first_chunk()?;
        let mp4 = version == 0;
        let two = |bytes: [u8; 2]| {
            if mp4 { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
        };
        let (streams, coupled, mapping) = match (family, channels) {
            (0, 1) => (1, 0, vec![0]),
            (0, 2) => (1, 1, vec![0, 1]),
            (0, _) | (_, 0) => return None,
            _ => {
                let (&[streams, coupled], mapping) = rest.split_first_chunk()?;
                (streams, coupled, mapping.get(..usize::from(channels))?.to_vec())
            }
        };
        let gain = two([gain0, gain1]).cast_signed();
        Some(Self { channels, pre_skip: two([skip0, skip1]), gain, streams, coupled, mapping })
    }
}

/// A decoder for one stream.
pub(crate) struct OpusDecoder {
    params: AudioCodecParameters,
    codec: OpusMSDecoder,
    gain: f32,
    samples: Vec<i16>,
    buffer: AudioBuffer<f32>,
}

impl OpusDecoder {
    fn new(params: &AudioCodecParameters) -> Result<Self> {
        let head = params.extra_data.as_deref().and_then(Head::read);
        let Some(head) = head else {
            return unsupported_error("opus: no OpusHead that makes sense");
        };
        let (channels, streams, coupled) =
            (head.channels.into(), head.streams.into(), head.coupled.into());
        let codec =
            OpusMSDecoder::new(RATE.cast_signed(), channels, streams, coupled, &head.mapping);
        let Ok(codec) = codec else {
            return unsupported_error("opus: the mapping of the channels");
        };
        let spec = AudioSpec::new(RATE, Channels::Discrete(head.channels.into()));
        Ok(Self {
            params: params.clone(),
            codec,
            gain: 10_f32.powf(f32::from(head.gain) / (20.0 * 256.0)) / 32768.0,
            samples: vec![0; LONGEST * usize::from(head.channels)],
            buffer: AudioBuffer::new(spec, LONGEST),
        })
    }

    fn decode_inner(&mut self, packet: &PacketRef<'_>) -> Result<()> {
        self.buffer.clear();
        let Ok(length) = i32::try_from(packet.data.len()) else {
            return decode_error("opus: packet too long");
        };
        if length == 0 {
            return decode_error("opus: empty packet");
        }
        let decoded =
            self.codec.decode(Some(packet.data), length, &mut self.samples, LONGEST as i32, false);
        let Some(frames) = decoded.ok().and_then(|frames| usize::try_from(frames).ok()) else {
            return decode_error("opus: invalid packet");
        };
        let channels = self.buffer.spec().channels().count();
        self.buffer.render_uninit(Some(frames));
        for (channel, plane) in self.buffer.iter_planes_mut().enumerate() {
            let own = self.samples[channel..].iter().step_by(channels);
            for (to, &from) in plane.iter_mut().zip(own) {
                *to = f32::from(from) * self.gain;
            }
        }
        // The start is skipped by the caller, who knows the container.
        let surplus = usize::try_from(packet.trim_end.get()).unwrap_or(usize::MAX);
        self.buffer.trim(0, surplus.min(frames));
        Ok(())
    }
}

impl AudioDecoder for OpusDecoder {
    fn reset(&mut self) {
        self.codec.reset();
    }

    fn codec_info(&self) -> &CodecInfo {
        &Self::supported_codecs()[0].info
    }

    fn codec_params(&self) -> &AudioCodecParameters {
        &self.params
    }

    fn decode_ref(&mut self, packet: &PacketRef<'_>) -> Result<GenericAudioBufferRef<'_>> {
        if let Err(e) = self.decode_inner(packet) {
            self.buffer.clear();
            return Err(e);
        }
        Ok(self.buffer.as_generic_audio_buffer_ref())
    }

    fn finalize(&mut self) -> FinalizeResult {
        FinalizeResult::default()
    }

    fn last_decoded(&self) -> GenericAudioBufferRef<'_> {
        self.buffer.as_generic_audio_buffer_ref()
    }
}

impl RegisterableAudioDecoder for OpusDecoder {
    fn try_registry_new(
        params: &AudioCodecParameters,
        _options: &AudioDecoderOptions,
    ) -> Result<Box<dyn AudioDecoder>> {
        Ok(Box::new(Self::new(params)?))
    }

    fn supported_codecs() -> &'static [SupportedAudioCodec] {
        const INFO: CodecInfo = CodecInfo { short_name: "opus", long_name: "Opus", profiles: &[] };
        &[SupportedAudioCodec { id: CODEC_ID_OPUS, info: INFO }]
    }
}
