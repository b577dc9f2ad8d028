//! Several files in one: `cat a.mp3 b.mp3`.

use std::fs::File;
use std::io::Result;
use std::ops::Range;

use memchr::memmem;

use super::format::Format;
use super::layout::{Layout, id3v2_size, read, skip_id3v2};
use super::matroska;
use super::mpeg::frame_length;
use super::riff::chunks;

/// What may lie between the end that the first file declares and its real end.
const SLACK: u64 = 4096;
/// Bytes in front of a file in which a tag of it is looked for.
const LONGEST_TAG: u64 = 1 << 20;
/// Pieces looked at.
const MOST_PIECES: usize = 100_000;
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
        Format::Flac => {
            let Some(next) = flac(file, audio)? else { return Ok(None) };
            let end = before_tag(file, audio.start..next)?;
            let audio_of_first = audio.start..end;
            let mut first =
                Layout { format, audio: audio_of_first, id3v2: Vec::new(), ape: None, id3v1: None };
            first.cut_tags(file)?;
            return Ok(Some([first.audio, next..audio.end]));
        }
        Format::Aiff => {
            let next = chunks(file, audio)?.into_iter().find(|chunk| &chunk.name == b"FORM");
            next.map(|chunk| chunk.body.start - 8)
        }
        Format::Mp4 => second(file, audio, b"ftyp", mp4_box)?,
        Format::Caf => second(file, &(audio.start + 8..audio.end), b"caff", caf_chunk)?,
        Format::Matroska => matroska::next(file, audio)?,
        _ => None,
    };
    Ok(next.map(|next| [audio.start..next, next..audio.end]))
}

/// Where, among the pieces that a file consists of, one stands that begins another file. `size` gives the
/// whole size of the piece that begins with these 16 bytes.
fn second(
    file: &mut File,
    audio: &Range<u64>,
    name: &[u8; 4],
    size: fn(&[u8; 16]) -> Option<u64>,
) -> Result<Option<u64>> {
    let mut at = audio.start;
    for _ in 0..MOST_PIECES {
        let Ok(head) = <[u8; 16]>::try_from(read(file, at, 16)?) else { break };
        let is_one = head[..4] == *name || head[4..8] == *name;
        if is_one && at > audio.start {
            return Ok(Some(at));
        }
        let Some(next) = size(&head).and_then(|size| at.checked_add(size)) else { break };
        if next >= audio.end {
            break;
        }
        at = next;
    }
    Ok(None)
}

/// The size of a box of MP4; `None` for one that reaches to the end.
fn mp4_box(head: &[u8; 16]) -> Option<u64> {
    let number = |bytes: &[u8]| bytes.iter().fold(0, |n, &byte| n << 8 | u64::from(byte));
    let size = match number(&head[..4]) {
        1 => number(&head[8..]),
        size => size,
    };
    (size >= 8).then_some(size)
}

/// The size of a chunk of CAF.
fn caf_chunk(head: &[u8; 16]) -> Option<u64> {
    let size = head[4..12].iter().fold(0, |n, &byte| n << 8 | u64::from(byte));
    size.checked_add(12).filter(|_| size <= i64::MAX as u64)
}

/// The end of a range without the ID3v2 tag that may reach up to it: that of the next file.
fn before_tag(file: &mut File, range: Range<u64>) -> Result<u64> {
    let start = range.end.saturating_sub(LONGEST_TAG).max(range.start);
    let bytes = read(file, start, (range.end - start) as usize)?;
    let reaches_up = |&at: &usize| {
        let size = bytes.get(at..at + 10).and_then(id3v2_size);
        let behind = size.and_then(|size| bytes.get(at + usize::try_from(size).ok()?..));
        behind.is_some_and(|behind| behind.iter().all(|&byte| byte == 0))
    };
    let tag = memmem::find_iter(&bytes, b"ID3").find(reaches_up);
    Ok(tag.map_or(range.end, |at| start + at as u64))
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
