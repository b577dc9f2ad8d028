//! Two MP3s in one file: `cat a.mp3 b.mp3`.

use std::fs::File;
use std::io::Result;
use std::ops::Range;

use super::layout::{read, skip_id3v2};

/// What may lie between the end that the first file declares and its real end.
const SLACK: u64 = 4096;

/// The first of several joined MP3s, by the count of bytes in its encoder's header, and what follows
/// it, without its tags. `None` where the whole range is one file, as far as it tells.
pub(crate) fn parted(file: &mut File, audio: &Range<u64>) -> Result<Option<[Range<u64>; 2]>> {
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

/// The length in bytes of a frame of layer 3 that these bytes begin with.
fn frame_length(bytes: &[u8]) -> Option<usize> {
    const RATES: [usize; 3] = [44_100, 48_000, 32_000];
    const BITS_1: [usize; 15] = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
    const BITS_2: [usize; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
    let &[0xFF, b, c, _, ..] = bytes else { return None };
    if b & 0xE6 != 0xE2 {
        return None;
    }
    // The rate is halved in version 2 and quartered in 2.5, which have half as many samples.
    let (bits, halved, samples) = match b >> 3 & 3 {
        3 => (BITS_1, 1, 1152),
        2 => (BITS_2, 2, 576),
        0 => (BITS_2, 4, 576),
        _ => return None,
    };
    let kilobits = *bits.get(usize::from(c >> 4)).filter(|&&kilobits| kilobits > 0)?;
    let rate = RATES.get(usize::from(c >> 2 & 3))? / halved;
    Some(samples / 8 * 1000 * kilobits / rate + usize::from(c >> 1 & 1))
}
