//! A file to a stream of packets: what it is, where its audio lies, and the reader for that.

use std::fs::File;
use std::ops::Range;
use std::path::Path;

use symphonia::core::common::Limit;
use symphonia::core::errors::Error as Symphonia;
use symphonia::core::formats::probe::{Hint, Probe};
use symphonia::core::formats::{FormatOptions, FormatReader};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;
use symphonia::default::formats;

use crate::container::{Format, Layout, Wave, Window, parted, plain_header};
use crate::error::Problem;
use crate::limits::Limits;

/// Numbers of codecs in WAV that are streams of their own.
const WAVE_MPEG: [u16; 2] = [0x0050, 0x0055];
const WAVE_ADTS: [u16; 3] = [0x00FF, 0x1600, 0x706D];
/// Numbers of codecs in WAV that are not decoded.
const WAVE_UNDECODED: [(u16, &str); 9] = [
    (0x0092, "Dolby Digital (AC-3) in WAV"),
    (0x2000, "Dolby Digital (AC-3) in WAV"),
    (0x2001, "DTS in WAV"),
    (0x0031, "GSM 06.10 in WAV"),
    (0x0042, "G.723 in WAV"),
    (0x0045, "G.726 in WAV"),
    (0x0160, "WMA in WAV"),
    (0x0161, "WMA in WAV"),
    (0x674F, "Vorbis in WAV"),
];

/// A music file whose container was recognised.
pub(crate) struct Source {
    pub format: Box<dyn FormatReader>,
    pub kind: Format,
    /// Bytes of the file behind this audio that are audio of the same kind again.
    pub next: Option<Range<u64>>,
    /// Samples that the file claims to have, where the reader would not know.
    pub claimed: Option<u64>,
    /// Whether the file declares no length, as one that was written to a pipe.
    pub endless: bool,
}

impl Source {
    /// Opens a file by what its first bytes say that it is.
    pub(crate) fn open(path: &Path, limits: &Limits) -> Result<Self, Problem> {
        let mut file = regular_file(path)?;
        let layout = Layout::of(&mut file).map_err(Problem::Unreadable)?;
        match layout.format {
            Format::Undecoded(name) => Err(Problem::NotDecoded(name.into())),
            Format::Wave => Self::wave(file, limits),
            Format::Flac => {
                let header = plain_header(&mut file, &layout.audio, limits.max_tag_bytes);
                let (front, start) = header
                    .map_err(Problem::Unreadable)?
                    .unwrap_or((Vec::new(), layout.audio.start));
                let audio = start.min(layout.audio.end)..layout.audio.end;
                Self::of(Format::Flac, front, file, audio, limits)
            }
            kind => Self::part(file, kind, layout.audio, limits),
        }
    }

    /// A stream within a file that needs no header of its own.
    pub(crate) fn part(
        mut file: File,
        kind: Format,
        mut audio: Range<u64>,
        limits: &Limits,
    ) -> Result<Self, Problem> {
        let mut next = None;
        if kind == Format::Mpeg
            && let Some([first, rest]) = parted(&mut file, &audio).map_err(Problem::Unreadable)?
        {
            (audio, next) = (first, Some(rest));
        }
        Ok(Self { next, ..Self::of(kind, Vec::new(), file, audio, limits)? })
    }

    fn wave(mut file: File, limits: &Limits) -> Result<Self, Problem> {
        let wave = Wave::of(&mut file).map_err(Problem::Unreadable)?;
        let wave = wave
            .ok_or_else(|| Problem::NotAudio("a WAV file without its format or its data".into()))?;
        let codec = wave.codec().unwrap_or_default();
        if WAVE_MPEG.contains(&codec) {
            return Self::part(file, Format::Mpeg, wave.data, limits);
        }
        if WAVE_ADTS.contains(&codec) {
            return Self::part(file, Format::Adts, wave.data, limits);
        }
        if let Some((_, name)) = WAVE_UNDECODED.iter().find(|(number, _)| *number == codec) {
            return Err(Problem::NotDecoded((*name).into()));
        }
        let claimed = wave.claimed.filter(|&bytes| bytes >= u64::from(u32::MAX));
        let claimed = claimed.map(|bytes| bytes / wave.block());
        let endless = wave.claimed.is_none();
        let source = Self::of(Format::Wave, wave.header(), file, wave.data, limits)?;
        Ok(Self { claimed, endless, ..source })
    }

    fn of(
        kind: Format,
        front: Vec<u8>,
        file: File,
        audio: Range<u64>,
        limits: &Limits,
    ) -> Result<Self, Problem> {
        let stream =
            MediaSourceStream::new(Box::new(Window::new(front, file, audio)), Default::default());
        let tags = MetadataOptions::default()
            .limit_tag_bytes(Limit::Maximum(limits.max_tag_bytes))
            .limit_visual_bytes(Limit::Maximum(limits.max_tag_bytes));
        let format = probe_of(kind)
            .probe(&Hint::new(), stream, FormatOptions::default(), tags)
            .map_err(|e| match e {
                Symphonia::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
                    Problem::NotAudio("the file ends too soon".into())
                }
                Symphonia::IoError(e) => Problem::Unreadable(e),
                e => Problem::NotAudio(e.to_string()),
            })?;
        Ok(Self { format, kind, next: None, claimed: None, endless: false })
    }
}

/// The readers that may try a file of this format, and no others.
fn probe_of(kind: Format) -> Probe {
    let mut probe = Probe::default();
    match kind {
        Format::Wave => probe.register_format::<formats::WavReader<'_>>(),
        Format::Aiff => probe.register_format::<formats::AiffReader<'_>>(),
        Format::Caf => probe.register_format::<formats::CafReader<'_>>(),
        Format::Flac => probe.register_format::<formats::FlacReader<'_>>(),
        Format::Ogg => probe.register_format::<formats::OggReader<'_>>(),
        Format::Mp4 => probe.register_format::<formats::IsoMp4Reader<'_>>(),
        Format::Matroska => probe.register_format::<formats::MkvReader<'_>>(),
        Format::Mpeg => probe.register_format::<formats::MpaReader<'_>>(),
        Format::Adts => probe.register_format::<formats::AdtsReader<'_>>(),
        Format::Undecoded(_) => {}
        Format::Unknown => {
            probe.register_format::<formats::MpaReader<'_>>();
            probe.register_format::<formats::AdtsReader<'_>>();
        }
    }
    probe
}

/// Opens a file that is one, and not empty.
pub(crate) fn regular_file(path: &Path) -> Result<File, Problem> {
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
    File::open(path).map_err(missing)
}
