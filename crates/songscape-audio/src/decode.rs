//! Decoding as a stream of mono blocks.

use std::fs::File;
use std::path::{Path, PathBuf};

use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::common::Limit;
use symphonia::core::errors::Error as Symphonia;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

use crate::edit::Edit;
use crate::error::{Error, Problem, Result};
use crate::limits::Limits;

/// The largest magnitude of a sample that is taken for audio; full scale is 1.
const LARGEST: f32 = 1e4;

/// A music file read block by block as mono samples.
///
/// The mono mix is the mean of all channels, full scale being ±1. Encoder delay and padding are
/// left out where the file tells them. At no time is more than one packet in memory.
///
/// What counts as whole: a file that ends, or breaks off with an error, before the length that it
/// declares is refused as cut short, with the seconds that could be decoded. Single packets that
/// cannot be decoded are left out and counted; more than [`Limits::max_damage`] of them make the
/// file damaged.
pub struct AudioReader {
    path: PathBuf,
    limits: Limits,
    format: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track: u32,
    rate: u32,
    channels: usize,
    expected: Option<u64>,
    edit: Option<Edit>,
    planes: Vec<Vec<f32>>,
    frames: u64,
    packets: u64,
    skipped: u64,
    damage: String,
    ended: bool,
}

impl AudioReader {
    /// Opens a file and finds its audio.
    ///
    /// # Errors
    /// [`Error::Audio`] when the file is missing, is no audio, or declares something outside the
    /// limits.
    pub fn open(path: &Path, limits: &Limits) -> Result<Self> {
        Problem::catch(|| Self::try_open(path, limits)).map_err(Error::audio(path))
    }

    fn try_open(path: &Path, limits: &Limits) -> Result<Self, Problem> {
        let mut format = probe(path, limits)?;
        let mut opened = open_track(&mut *format, limits)?;
        let edit = opened
            .expected
            .filter(|_| format.format_info().short_name == "isomp4")
            .and_then(|frames| Edit::of(path, opened.track, opened.rate, frames));
        if let Some(edit) = edit {
            opened.expected = Some(edit.keep);
        }
        Ok(Self {
            path: path.into(),
            limits: limits.clone(),
            format,
            decoder: opened.decoder,
            track: opened.track,
            rate: opened.rate,
            channels: opened.channels,
            expected: opened.expected,
            edit,
            planes: Vec::new(),
            frames: 0,
            packets: 0,
            skipped: 0,
            damage: String::new(),
            ended: false,
        })
    }

    /// The file's sample rate in Hz.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// The file's number of channels; 0 as long as a format that does not declare them has not
    /// been decoded.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Samples per channel read so far.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Seconds read so far.
    pub fn seconds(&self) -> f64 {
        self.frames as f64 / f64::from(self.rate)
    }

    /// Packets that could not be decoded and were left out so far.
    pub fn skipped_packets(&self) -> u64 {
        self.skipped
    }

    /// Replaces `mono` by the next block of samples. Returns false, and an empty block, at the end
    /// and after an error.
    ///
    /// # Errors
    /// [`Error::Audio`] says what is wrong with the file and where.
    pub fn read(&mut self, mono: &mut Vec<f32>) -> Result<bool> {
        mono.clear();
        let read = match self.ended {
            true => Ok(false),
            false => Problem::catch(|| self.try_read(mono)),
        };
        self.ended = !matches!(read, Ok(true));
        read.map_err(Error::audio(&self.path))
    }

    fn try_read(&mut self, mono: &mut Vec<f32>) -> Result<bool, Problem> {
        loop {
            let packet = match self.format.next_packet() {
                Ok(Some(packet)) => packet,
                Ok(None) => return self.finish(),
                Err(Symphonia::ResetRequired) => {
                    self.next_stream()?;
                    continue;
                }
                Err(Symphonia::IoError(e)) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
                    // A stream of unknown length, as written to a pipe, ends like this.
                    if self.expected.is_none() && self.format.format_info().short_name == "wave" {
                        return self.finish();
                    }
                    return Err(self.truncated());
                }
                Err(Symphonia::IoError(e)) => return Err(Problem::Unreadable(e)),
                Err(e) => {
                    return Err(Problem::Broken { decoded: self.seconds(), reason: e.to_string() });
                }
            };
            if packet.track_id != self.track {
                continue;
            }
            self.packets += 1;
            if self.decode(&packet)? && self.mix(mono)? {
                return Ok(true);
            }
        }
    }

    /// Decodes one packet into the planes. Returns whether it could be decoded.
    fn decode(&mut self, packet: &symphonia::core::packet::Packet) -> Result<bool, Problem> {
        let decoded = self.seconds();
        match self.decoder.decode(packet) {
            Ok(buffer) => {
                let (rate, channels) = (buffer.spec().rate(), buffer.spec().channels().count());
                if rate != self.rate {
                    return Err(Problem::RateChange { before: self.rate, after: rate, decoded });
                }
                if channels != self.channels {
                    self.limits.check_format(rate, channels)?;
                    self.channels = channels;
                }
                buffer.copy_to_vecs_planar(&mut self.planes);
                Ok(true)
            }
            Err(e @ (Symphonia::DecodeError(_) | Symphonia::IoError(_))) => {
                self.skipped += 1;
                self.damage = e.to_string();
                Ok(false)
            }
            Err(e) => Err(Problem::Broken { decoded, reason: e.to_string() }),
        }
    }

    /// Mixes the planes into one. Returns whether there is anything in it.
    fn mix(&mut self, mono: &mut Vec<f32>) -> Result<bool, Problem> {
        let Some((first, others)) = self.planes.split_first() else { return Ok(false) };
        mono.extend_from_slice(first);
        for plane in others {
            for (sum, sample) in mono.iter_mut().zip(plane) {
                *sum += sample;
            }
        }
        if !others.is_empty() {
            let share = 1.0 / self.planes.len() as f32;
            mono.iter_mut().for_each(|sample| *sample *= share);
        }

        let strange =
            |strange: bool, sample: &f32| strange | sample.is_nan() | (sample.abs() > LARGEST);
        if let Some(edit) = &mut self.edit {
            edit.cut(mono);
        }
        if mono.iter().fold(false, strange) {
            return Err(Problem::NotFinite { seconds: self.seconds(), bound: LARGEST });
        }
        self.frames += mono.len() as u64;
        self.limits.check_length("the audio is longer than", self.seconds())?;
        Ok(!mono.is_empty())
    }

    /// The end of the packets: says whether it was the end of the song.
    fn finish(&self) -> Result<bool, Problem> {
        if self.limits.too_damaged(self.skipped, self.packets) {
            return Err(Problem::Damaged {
                skipped: self.skipped,
                packets: self.packets,
                reason: self.damage.clone(),
            });
        }
        // Skipped packets shorten the audio as well; they have been judged already. Encoders round
        // the length to their blocks, so that half a percent and a tenth of a second are allowed.
        let tolerance = u64::from(self.rate / 10);
        if let Some(expected) = self.expected
            && self.skipped == 0
            && self.frames + expected / 200 + tolerance < expected
        {
            return Err(self.truncated());
        }
        Ok(false)
    }

    fn truncated(&self) -> Problem {
        Problem::Truncated {
            decoded: self.seconds(),
            expected: self.expected.map(|frames| frames as f64 / f64::from(self.rate)),
        }
    }

    /// Goes on with the next stream of a chained file, such as a recorded Ogg broadcast.
    fn next_stream(&mut self) -> Result<(), Problem> {
        let opened = open_track(&mut *self.format, &self.limits)?;
        if opened.rate != self.rate {
            let (before, after, decoded) = (self.rate, opened.rate, self.seconds());
            return Err(Problem::RateChange { before, after, decoded });
        }
        self.decoder = opened.decoder;
        self.track = opened.track;
        self.channels = opened.channels;
        self.expected = opened.expected.map(|frames| frames + self.frames);
        Ok(())
    }
}

/// Recognises a file's format. Also the way to its tags.
pub(crate) fn probe(path: &Path, limits: &Limits) -> Result<Box<dyn FormatReader>, Problem> {
    let missing = |e: std::io::Error| match e.kind() {
        std::io::ErrorKind::NotFound => Problem::Missing,
        _ => Problem::Unreadable(e),
    };
    // Opening a pipe would wait for its writer, so look before.
    let metadata = std::fs::metadata(path).map_err(missing)?;
    if !metadata.is_file() {
        return Err(Problem::NotAFile);
    }
    if metadata.len() == 0 {
        return Err(Problem::Empty);
    }
    let file = File::open(path).map_err(missing)?;
    let stream = MediaSourceStream::new(Box::new(file), Default::default());
    let mut hint = Hint::new();
    if let Some(extension) = path.extension().and_then(|e| e.to_str()) {
        hint.with_extension(extension);
    }
    let tags = MetadataOptions::default()
        .limit_tag_bytes(Limit::Maximum(limits.max_tag_bytes))
        .limit_visual_bytes(Limit::Maximum(limits.max_tag_bytes));
    symphonia::default::get_probe().probe(&hint, stream, FormatOptions::default(), tags).map_err(
        |e| match e {
            Symphonia::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
                Problem::NotAudio("the file ends too soon".into())
            }
            Symphonia::IoError(e) => Problem::Unreadable(e),
            e => Problem::NotAudio(e.to_string()),
        },
    )
}

struct Opened {
    decoder: Box<dyn AudioDecoder>,
    track: u32,
    rate: u32,
    channels: usize,
    expected: Option<u64>,
}

fn open_track(format: &mut dyn FormatReader, limits: &Limits) -> Result<Opened, Problem> {
    let stream = ["mp1", "mp2", "mp3", "aac"].contains(&format.format_info().short_name);
    let track = format
        .default_track(TrackType::Audio)
        .ok_or_else(|| Problem::NotAudio("the file has no audio track".into()))?;
    let params = track
        .codec_params
        .as_ref()
        .and_then(|params| params.audio())
        .ok_or_else(|| Problem::Unsupported("the codec is unknown".into()))?;
    let rate = params
        .sample_rate
        .ok_or_else(|| Problem::Unsupported("the sample rate is not declared".into()))?;
    let channels = params.channels.as_ref().map_or(0, |channels| channels.count());
    limits.check_format(rate, channels.max(1))?;

    // Without an encoder's header, the length of an MPEG stream is a guess from its first frames,
    // and trimming to it would lose the end of a song with a variable bit rate.
    let guessed = stream && track.delay.is_none();
    let expected = track.num_frames.filter(|_| !guessed);
    if let Some(frames) = expected {
        limits.check_length("the declared length is", frames as f64 / f64::from(rate))?;
    }
    let options = AudioDecoderOptions::default().gapless(!guessed);
    let decoder = symphonia::default::get_codecs()
        .make_audio_decoder(params, &options)
        .map_err(|e| Problem::Unsupported(e.to_string()))?;
    Ok(Opened { decoder, track: track.id, rate, channels, expected })
}
