//! Formats by their first bytes, and by the endings of names.

use std::path::Path;

/// What a file holds, by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// RIFF, RF64 or BW64 with `WAVE`, or Sony's Wave64.
    Wave,
    /// AIFF and AIFF-C.
    Aiff,
    /// Apple's Core Audio Format.
    Caf,
    /// FLAC as such.
    Flac,
    /// Ogg with a codec that is decoded: Vorbis, Opus, FLAC.
    Ogg,
    /// MP4, M4A, QuickTime.
    Mp4,
    /// Matroska and WebM.
    Matroska,
    /// MPEG audio, layers 1 to 3.
    Mpeg,
    /// AAC in ADTS.
    Adts,
    /// A format that is known and not decoded, by its name.
    Undecoded(&'static str),
    /// None of these. MPEG and ADTS streams may begin with anything, so they may still be found.
    Unknown,
}

/// Bytes at the start of a file that tell what it is: place, bytes, and name.
const UNDECODED: &[(usize, &[u8], &str)] = &[
    (0, b"\x30\x26\xB2\x75\x8E\x66\xCF\x11", "WMA (ASF)"),
    (0, b"wvpk", "WavPack"),
    (0, b"MAC ", "Monkey's Audio"),
    (0, b"MACF", "Monkey's Audio"),
    (0, b"MPCK", "Musepack"),
    (0, b"MP+", "Musepack"),
    (0, b"TTA1", "True Audio (TTA)"),
    (0, b"TTA2", "True Audio (TTA)"),
    (0, b"DSD ", "DSD (DSF)"),
    (0, b"FRM8", "DSD (DFF)"),
    (0, b"OFR ", "OptimFROG"),
    (0, b"tBaK", "TAK"),
    (0, b"ajkg", "Shorten"),
    (0, b"LA02", "Lossless Audio (LA)"),
    (0, b"LA03", "Lossless Audio (LA)"),
    (0, b"LA04", "Lossless Audio (LA)"),
    (0, b"\x0B\x77", "Dolby Digital (AC-3)"),
    (0, b"\x7F\xFE\x80\x01", "DTS"),
    (0, b"\xFE\x7F\x01\x80", "DTS"),
    (0, b"DTSHDHDR", "DTS"),
    (0, b".RMF", "RealAudio"),
    (0, b".ra\xFD", "RealAudio"),
    (0, b"#!AMR", "AMR"),
    (0, b"#!SILK", "SILK"),
    (0, b".snd", "Sun AU"),
    (0, b"Creative Voice File", "Creative Voice (VOC)"),
    (0, b"qoaf", "QOA"),
    (0, b"FLV\x01", "Flash video"),
    (0, b"\0\0\x01\xBA", "MPEG program stream"),
    (0, b"MThd", "MIDI"),
    (8, b"RMID", "MIDI"),
    (8, b"AVI ", "AVI"),
    (8, b"8SVX", "8SVX"),
    (0, b"Extended Module: ", "tracker module (XM)"),
    (0, b"IMPM", "tracker module (IT)"),
    (0, b"MTM", "tracker module (MTM)"),
    (0, b"MMD", "tracker module (MED)"),
    (0, b"OKTASONG", "tracker module (OKT)"),
    (44, b"SCRM", "tracker module (S3M)"),
    (1080, b"M.K.", "tracker module (MOD)"),
    (1080, b"M!K!", "tracker module (MOD)"),
    (1080, b"FLT4", "tracker module (MOD)"),
    (1080, b"4CHN", "tracker module (MOD)"),
    (1080, b"6CHN", "tracker module (MOD)"),
    (1080, b"8CHN", "tracker module (MOD)"),
    (0, b"PSID", "SID"),
    (0, b"RSID", "SID"),
    (0, b"NESM\x1A", "NSF"),
    (0, b"SNES-SPC700", "SPC"),
    (0, b"Vgm ", "VGM"),
    // What stands in a music folder under the name of a song.
    (0, b"PK\x03\x04", "ZIP archive"),
    (0, b"Rar!", "RAR archive"),
    (0, b"7z\xBC\xAF", "7-Zip archive"),
    (0, b"%PDF", "PDF document"),
    (0, b"\x89PNG", "PNG image"),
    (0, b"\xFF\xD8\xFF", "JPEG image"),
    (0, b"<!DOCTYPE", "web page"),
    (0, b"<html", "web page"),
];

/// Formats of first packets in Ogg that are not decoded.
const UNDECODED_IN_OGG: &[(&[u8], &str)] = &[
    (b"Speex   ", "Speex"),
    (b"\x80theora", "Theora video"),
    (b"OVP80", "VP8 video"),
    (b"CMML", "CMML"),
];

/// Endings of music files that are decoded, in lower case.
const DECODED_ENDINGS: &[&str] = &[
    "3ga", "aac", "adts", "aif", "aifc", "aiff", "alac", "bwf", "caf", "f4a", "flac", "m4a", "m4b",
    "m4r", "mka", "mp1", "mp2", "mp3", "mp4", "mpga", "oga", "ogg", "ogx", "opus", "rf64", "w64",
    "wav", "wave", "weba", "webm",
];

/// Endings of music files that are not decoded, in lower case, and the name of the format.
const UNDECODED_ENDINGS: &[(&str, &str)] = &[
    ("669", "tracker module (669)"),
    ("8svx", "8SVX"),
    ("aa", "Audible"),
    ("aax", "Audible"),
    ("aaxc", "Audible"),
    ("ac3", "Dolby Digital (AC-3)"),
    ("ahx", "tracker module (AHX)"),
    ("amr", "AMR"),
    ("ape", "Monkey's Audio"),
    ("asf", "WMA (ASF)"),
    ("au", "Sun AU"),
    ("awb", "AMR"),
    ("ay", "AY"),
    ("dbm", "tracker module (DBM)"),
    ("dff", "DSD (DFF)"),
    ("dsf", "DSD (DSF)"),
    ("dts", "DTS"),
    ("eac3", "Dolby Digital Plus (E-AC-3)"),
    ("ec3", "Dolby Digital Plus (E-AC-3)"),
    ("gbs", "GBS"),
    ("gsm", "GSM 06.10"),
    ("gym", "GYM"),
    ("hes", "HES"),
    ("hvl", "tracker module (HVL)"),
    ("it", "tracker module (IT)"),
    ("kar", "MIDI"),
    ("kss", "KSS"),
    ("la", "Lossless Audio (LA)"),
    ("m4p", "protected AAC (FairPlay)"),
    ("med", "tracker module (MED)"),
    ("mid", "MIDI"),
    ("midi", "MIDI"),
    ("minipsf", "PSF"),
    ("miniusf", "USF"),
    ("mlp", "Dolby TrueHD (MLP)"),
    ("mo3", "tracker module (MO3)"),
    ("mod", "tracker module (MOD)"),
    ("mp+", "Musepack"),
    ("mpc", "Musepack"),
    ("mpp", "Musepack"),
    ("mptm", "tracker module (MPTM)"),
    ("mt2", "tracker module (MT2)"),
    ("mtm", "tracker module (MTM)"),
    ("nsf", "NSF"),
    ("nsfe", "NSF"),
    ("ofr", "OptimFROG"),
    ("ofs", "OptimFROG"),
    ("okt", "tracker module (OKT)"),
    ("psf", "PSF"),
    ("psf2", "PSF"),
    ("ptm", "tracker module (PTM)"),
    ("qoa", "QOA"),
    ("ra", "RealAudio"),
    ("ram", "RealAudio"),
    ("rm", "RealAudio"),
    ("rmi", "MIDI"),
    ("s3m", "tracker module (S3M)"),
    ("sap", "SAP"),
    ("shn", "Shorten"),
    ("sid", "SID"),
    ("snd", "Sun AU"),
    ("spc", "SPC"),
    ("spx", "Speex"),
    ("stm", "tracker module (STM)"),
    ("stx", "tracker module (STX)"),
    ("svx", "8SVX"),
    ("tak", "TAK"),
    ("thd", "Dolby TrueHD (MLP)"),
    ("tta", "True Audio (TTA)"),
    ("ult", "tracker module (ULT)"),
    ("umx", "tracker module (UMX)"),
    ("usf", "USF"),
    ("vgm", "VGM"),
    ("vgz", "VGM"),
    ("voc", "Creative Voice (VOC)"),
    ("vox", "VOX"),
    ("wma", "WMA (ASF)"),
    ("wv", "WavPack"),
    ("xm", "tracker module (XM)"),
    ("ym", "YM"),
];

/// What a file's name says that it is: `None` for no music.
pub(crate) fn named_by_extension(path: &Path) -> Option<Format> {
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    if DECODED_ENDINGS.contains(&ending.as_str()) {
        return Some(Format::Unknown);
    }
    let undecoded = UNDECODED_ENDINGS.iter().find(|(known, _)| *known == ending);
    undecoded.map(|(_, name)| Format::Undecoded(name))
}

impl Format {
    /// Bytes that [`of`](Self::of) looks at.
    pub(crate) const HEAD: usize = 1100;

    /// The format of a file with these first bytes, tags in front of it not counted.
    pub(crate) fn of(head: &[u8]) -> Self {
        let has = |at: usize, bytes: &[u8]| head.get(at..at + bytes.len()) == Some(bytes);
        match head {
            [b'R', b'I', b'F', b'F', ..]
            | [b'R', b'F', b'6', b'4', ..]
            | [b'B', b'W', b'6', b'4', ..]
                if has(8, b"WAVE") =>
            {
                return Self::Wave;
            }
            [b'r', b'i', b'f', b'f', 0x2E, 0x91, ..] => return Self::Wave,
            [b'F', b'O', b'R', b'M', ..] if has(8, b"AIFF") || has(8, b"AIFC") => {
                return Self::Aiff;
            }
            [b'c', b'a', b'f', b'f', ..] => return Self::Caf,
            [b'f', b'L', b'a', b'C', ..] => return Self::Flac,
            [b'O', b'g', b'g', b'S', ..] => return Self::of_ogg(head),
            [0x1A, 0x45, 0xDF, 0xA3, ..] => return Self::Matroska,
            _ => {}
        }
        if [b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"]
            .iter()
            .any(|name| has(4, *name))
        {
            return Self::Mp4;
        }
        if let Some((_, _, name)) = UNDECODED.iter().find(|(at, bytes, _)| has(*at, bytes)) {
            return Self::Undecoded(name);
        }
        match head {
            // Layer 0 is no MPEG layer but ADTS.
            [0xFF, b, ..] if b & 0xF6 == 0xF0 => Self::Adts,
            [0xFF, b, c, ..] if b & 0xE0 == 0xE0 && b & 0x18 != 0x08 && c >> 4 != 15 => Self::Mpeg,
            _ => Self::Unknown,
        }
    }

    /// The codec of an Ogg file, by the first packet of its first page.
    fn of_ogg(head: &[u8]) -> Self {
        let packet = head.get(26).and_then(|&segments| head.get(27 + usize::from(segments)..));
        let Some(packet) = packet else { return Self::Ogg };
        let known = UNDECODED_IN_OGG.iter().find(|(bytes, _)| packet.starts_with(bytes));
        match known {
            // Video has its sound in another stream of the file.
            Some((_, name)) if !name.ends_with("video") => Self::Undecoded(name),
            _ => Self::Ogg,
        }
    }

    /// The name for people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Wave => "WAV",
            Self::Aiff => "AIFF",
            Self::Caf => "CAF",
            Self::Flac => "FLAC",
            Self::Ogg => "Ogg",
            Self::Mp4 => "MP4",
            Self::Matroska => "Matroska or WebM",
            Self::Mpeg => "MP3",
            Self::Adts => "AAC",
            Self::Undecoded(name) => name,
            Self::Unknown => "an unknown format",
        }
    }

    /// The name of a format that is not decoded.
    pub(crate) fn undecoded(self) -> Option<&'static str> {
        if let Self::Undecoded(name) = self { Some(name) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_decide() {
        for (head, format) in [
            (&b"RIFF\0\0\0\0WAVEfmt "[..], Format::Wave),
            (b"RF64\xFF\xFF\xFF\xFFWAVEds64", Format::Wave),
            (b"RIFF\0\0\0\0AVI LIST", Format::Undecoded("AVI")),
            (b"FORM\0\0\0\0AIFC", Format::Aiff),
            (b"\0\0\0\x20ftypM4A ", Format::Mp4),
            (b"\xFF\xFB\x90\0", Format::Mpeg),
            (b"\xFF\xF1\x50\x80", Format::Adts),
            (b"\xFF\xD8\xFF\xE0", Format::Undecoded("JPEG image")),
            (b"MAC \x96\x0F\0\0RIFF", Format::Undecoded("Monkey's Audio")),
            (b"wvpk", Format::Undecoded("WavPack")),
            (b"", Format::Unknown),
            (b"These are words.", Format::Unknown),
        ] {
            assert_eq!(Format::of(head), format, "{head:?}");
        }
    }

    #[test]
    fn endings_name_what_is_not_decoded() {
        let of = |name: &str| named_by_extension(Path::new(name));
        assert_eq!(of("a.MP3"), Some(Format::Unknown));
        assert_eq!(of("a.Wma"), Some(Format::Undecoded("WMA (ASF)")));
        assert_eq!((of("cover.jpg"), of("mp3")), (None, None));
    }
}
