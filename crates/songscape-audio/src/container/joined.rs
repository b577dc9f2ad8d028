//! Two MP3s in one file: `cat a.mp3 b.mp3`.

use std::fs::File;
use std::io::Result;
use std::ops::Range;

use super::layout::read;

/// What may lie between the end that the first file declares and its real end.
const SLACK: u64 = 4096;

/// Where the first of several joined MP3s ends, by the count of bytes in its encoder's header.
/// `None` where the whole range is one file, as far as it tells.
pub(crate) fn end_of_first(file: &mut File, audio: &Range<u64>) -> Result<Option<u64>> {
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
    let between = read(file, end, SLACK as usize)?;
    let starts = |bytes: &[u8]| {
        bytes.starts_with(b"ID3") || matches!(bytes, [0xFF, b, ..] if b & 0xE6 == 0xE2)
    };
    let next = (0..between.len()).find(|&i| starts(&between[i..]));
    Ok(next.map(|i| end + i as u64))
}
