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

use crate::container::{Format, Layout, Wave, Window, nature, parted, plain_header, refused_mpeg};
use crate::error::{Problem, said};
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
    /// The bytes of the file that the reader sees.
    pub audio: Range<u64>,
    /// What of the file comes behind this and is sound as well.
    pub rest: Vec<Part>,
    /// Samples that the file claims to have, where the reader would not know.
    pub claimed: Option<u64>,
    /// Whether the file declares no length, as one that was written to a pipe.
    pub endless: bool,
}

/// A part of a file that is a file of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    kind: Format,
    /// A header that is not in the file.
    front: Vec<u8>,
    audio: Range<u64>,
    claimed: Option<u64>,
    endless: bool,
}

impl Source {
    /// Opens a file by what its first bytes say that it is. Several FLAC files in one are not told apart
    /// here: their tags are those of the first.
    pub(crate) fn open(path: &Path, limits: &Limits) -> Result<Self, Problem> {
        Self::first(path, limits, false)
    }

    /// Opens a file of which all is to be read.
    pub(crate) fn open_whole(path: &Path, limits: &Limits) -> Result<Self, Problem> {
        Self::first(path, limits, true)
    }

    fn first(path: &Path, limits: &Limits, whole: bool) -> Result<Self, Problem> {
        let mut file = regular_file(path)?;
        let layout = Layout::of(&mut file).map_err(Problem::Unreadable)?;
        match layout.format {
            Format::Wave => {
                let mut parts = Part::of_wave(&mut file)?.into_iter();
                let none = "a WAV file without its format or its data";
                let first = parts.next().ok_or_else(|| Problem::NotAudio(none.into()))?;
                Ok(Self { rest: parts.collect(), ..first.open(file, limits, whole)? })
            }
            kind => Part::new(kind, layout.audio).open(file, limits, whole),
        }
    }
}

impl Part {
    fn new(kind: Format, audio: Range<u64>) -> Self {
        Self { kind, front: Vec::new(), audio, claimed: None, endless: false }
    }

    /// The pieces of sound in a WAV file.
    fn of_wave(file: &mut File) -> Result<Vec<Self>, Problem> {
        let waves = Wave::all(file).map_err(Problem::Unreadable)?;
        let part = |wave: Wave| {
            let codec = wave.codec().unwrap_or_default();
            if WAVE_MPEG.contains(&codec) {
                return Self::new(Format::Mpeg, wave.data);
            }
            if WAVE_ADTS.contains(&codec) {
                return Self::new(Format::Adts, wave.data);
            }
            if let Some((_, name)) = WAVE_UNDECODED.iter().find(|(number, _)| *number == codec) {
                return Self::new(Format::Undecoded(name), wave.data);
            }
            let claimed = wave.claimed.filter(|&bytes| bytes >= u64::from(u32::MAX));
            Self {
                kind: Format::Wave,
                front: wave.header(),
                claimed: claimed.map(|bytes| bytes / wave.block()),
                endless: wave.claimed.is_none(),
                audio: wave.data,
            }
        };
        Ok(waves.into_iter().map(part).collect())
    }

    /// Opens a part of a file. `whole` is whether all is to be read.
    pub(crate) fn open(
        self,
        mut file: File,
        limits: &Limits,
        whole: bool,
    ) -> Result<Source, Problem> {
        let Self { kind, mut front, mut audio, claimed, endless } = self;
        if let Some(name) = kind.undecoded() {
            return Err(Problem::NotDecoded(name.into()));
        }
        let mut rest = Vec::new();
        if kind != Format::Flac || whole {
            let parted = parted(&mut file, kind, &audio).map_err(Problem::Unreadable)?;
            if let Some([first, others]) = parted {
                audio = first;
                rest.push(Self::new(kind, others));
            }
        }
        if kind == Format::Flac {
            let header = plain_header(&mut file, &audio, limits.max_tag_bytes);
            if let Some((header, start)) = header.map_err(Problem::Unreadable)? {
                front = header;
                audio.start = start.min(audio.end);
            }
        }
        let nature = match kind {
            Format::Unknown => nature(&mut file, &audio).map_err(Problem::Unreadable)?,
            kind => kind.name(),
        };
        let refused = refused_mpeg(&mut file, kind, &audio).map_err(Problem::Unreadable)?;
        let stream = MediaSourceStream::new(
            Box::new(Window::new(front, file, audio.clone())),
            Default::default(),
        );
        let tags = MetadataOptions::default()
            .limit_tag_bytes(Limit::Maximum(limits.max_tag_bytes))
            .limit_visual_bytes(Limit::Maximum(limits.max_tag_bytes));
        let format = probe_of(kind)
            .probe(&Hint::new(), stream, FormatOptions::default(), tags)
            .map_err(|e| match (refused, e) {
                (Some(name), _) => Problem::NotDecoded(name),
                (_, Symphonia::IoError(e)) if e.kind() != std::io::ErrorKind::UnexpectedEof => {
                    Problem::Unreadable(e)
                }
                (_, e) => Problem::NotAudio(unlike(kind, nature, &e)),
            })?;
        Ok(Source { format, kind, audio, rest, claimed, endless })
    }
}

/// What is wrong with the beginning of a file.
fn unlike(kind: Format, nature: &str, error: &Symphonia) -> String {
    match (kind, error) {
        (Format::Unknown, _) => format!("{nature}, expected MP3, FLAC, WAV or the like"),
        (_, Symphonia::IoError(_)) => format!("it begins as {nature}, and ends too soon"),
        (Format::Mpeg | Format::Adts, _) => format!("it begins as {nature}, but no sound follows"),
        (_, error) => format!("it begins as {nature}, but cannot be read: {}", said(error)),
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
