//! A FLAC file's header without what no decoder needs.

use std::fs::File;
use std::io::Result;
use std::ops::Range;

use super::layout::read;

/// Blocks of metadata looked at.
const MOST_BLOCKS: usize = 1000;
const STREAM_INFO: u8 = 0;
const VORBIS_COMMENT: u8 = 4;

/// The header with nothing but the stream's parameters and the tags, and where the frames begin.
///
/// Cue sheets, pictures and padding may be odd, or longer than they say, and the music is fine.
/// `None` where the header itself makes no sense.
pub(crate) fn plain_header(
    file: &mut File,
    audio: &Range<u64>,
    most_tags: usize,
) -> Result<Option<(Vec<u8>, u64)>> {
    let mut header = b"fLaC".to_vec();
    let (mut at, mut last_kept) = (audio.start + 4, None);
    for _ in 0..MOST_BLOCKS {
        let Ok([flags, a, b, c]) = <[u8; 4]>::try_from(read(file, at, 4)?) else { return Ok(None) };
        let size = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
        // 0xFF is the start of a frame: the last block did not say that it was the last.
        if flags == 0xFF {
            break;
        }
        let kind = flags & 0x7F;
        if kind == STREAM_INFO || kind == VORBIS_COMMENT && size <= most_tags {
            let body = read(file, at + 4, size)?;
            if body.len() < size {
                return Ok(None);
            }
            last_kept = Some(header.len());
            header.extend([kind, a, b, c]);
            header.extend(body);
        }
        at += 4 + size as u64;
        if at > audio.end {
            return Ok(None);
        }
        if flags & 0x80 != 0 {
            break;
        }
    }
    let Some(last) = last_kept else { return Ok(None) };
    header[last] |= 0x80;
    Ok(Some((header, at)))
}
