//! Several files in one: `cat a.mp3 b.mp3`.

use std::fs::File;
use std::io::Result;
use std::ops::Range;

use memchr::memmem;

use super::format::Format;
use super::layout::{read, skip_id3v2};
use super::mpeg::frame_length;
use super::riff::chunks;

/// What may lie between the end that the first file declares and its real end.
const SLACK: u64 = 4096;
/// Bytes of a FLAC file that are looked through at a time.
const BLOCK: usize = 1 << 18;
/// How a FLAC file begins, up to the size of its first block, which is that of the stream's parameters, and
/// either the last or not.
const FLAC: [&[u8]; 2] = [b"fLaC\0\0\0\x22", b"fLaC\x80\0\0\x22"];

/// The first of several files of one format that are joined, and what follows it. `None` where the whole
/// range is one file, as far as it tells. FLAC has to be looked through for it.
pub(crate) fn parted(
    file: &mut File,
    format: Format,
    audio: &Range<u64>,
) -> Result<Option<[Range<u64>; 2]>> {
    let next = match format {
        Format::Mpeg => return mpeg(file, audio),
        Format::Flac => flac(file, audio)?,
        Format::Aiff => {
            let next = chunks(file, audio)?.into_iter().find(|chunk| &chunk.name == b"FORM");
            next.map(|chunk| chunk.body.start - 8)
        }
        _ => None,
    };
    Ok(next.map(|next| [audio.start..next, next..audio.end]))
}

/// Where another FLAC file begins.
fn flac(file: &mut File, audio: &Range<u64>) -> Result<Option<u64>> {
    let finders = FLAC.map(memmem::Finder::new);
    let mut at = audio.start + 4;
    while at < audio.end {
        let block = read(file, at, BLOCK)?;
        let found = finders.iter().filter_map(|finder| finder.find(&block)).min();
        if let Some(found) = found {
            return Ok(Some(at + found as u64).filter(|next| *next < audio.end));
        }
        if block.len() < BLOCK {
            break;
        }
        // It may lie across two blocks.
        at += (BLOCK - 8) as u64;
    }
    Ok(None)
}

/// The first of several joined MP3s, by the count of bytes in its encoder's header, and what follows
/// it, without its tags. `None` where the whole range is one file, as far as it tells.
fn mpeg(file: &mut File, audio: &Range<u64>) -> Result<Option<[Range<u64>; 2]>> {
    let frame = read(file, audio.start, 192)?;
    let Some(at) = frame.windows(4).position(|name| name == b"Xing" || name == b"Info") else {
        return Ok(None);
    };
    let field = |i: usize| {
        let bytes = frame.get(at + 4 * i..at + 4 * i + 4)?;
        Some(bytes.iter().fold(0_u64, |number, &byte| number << 8 | u64::from(byte)))
    };
    // Flags, then the number of frames and of bytes, if the flags say that they are there.
    let (Some(flags), Some(bytes)) = (field(1), field(3)) else { return Ok(None) };
    let end = audio.start + bytes;
    if flags & 3 != 3 || bytes == 0 || end + SLACK >= audio.end {
        return Ok(None);
    }
    // Some encoders leave out the first frame in their count, and tags may lie in between.
    let between = read(file, end, 2 * SLACK as usize)?;
    let next = (0..between.len().min(SLACK as usize)).find(|&i| starts_a_file(&between[i..]));
    let Some(next) = next else { return Ok(None) };
    let first = audio.start..end + next as u64;
    let mut rest = first.end..audio.end;
    skip_id3v2(file, &mut rest)?;
    Ok(Some([first, rest]))
}

/// Whether bytes begin with a tag, or with two frames of the same kind.
fn starts_a_file(bytes: &[u8]) -> bool {
    if let [b'I', b'D', b'3', 2..=4, _, _, size @ ..] = bytes {
        return size.len() >= 4 && size[..4].iter().all(|byte| byte & 0x80 == 0);
    }
    let kind = |frame: &[u8]| Some((frame.get(1)? & 0xFE, frame.get(2)? & 0x0C));
    let length = frame_length(bytes);
    length
        .and_then(|length| bytes.get(length..))
        .is_some_and(|next| frame_length(next).is_some() && kind(next) == kind(bytes))
}
