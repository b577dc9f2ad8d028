//! The pages of an Ogg file: the reader passes over damaged ones without a word.

use std::fs::File;
use std::io::Result;
use std::path::Path;

use memchr::memmem;
use symphonia::core::checksum::Crc32;
use symphonia::core::io::Monitor as _;

use super::layout::{Layout, read};

/// Bytes of a page before its sizes.
const HEADER: usize = 27;
/// The flag of the last page of a stream.
const LAST: u8 = 4;
/// Bytes that are looked through at a time.
const BLOCK: usize = 1 << 16;
/// Places looked at where a page could begin and does not; more make it no file of music.
const MOST_FALSE: usize = 1000;

/// How a file's pages are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Pages {
    /// Pages that are whole.
    pub whole: u64,
    /// Gaps between them, each of at least one page.
    pub gaps: u64,
    /// Whether the last page is whole, and says that it is the last. Without it nothing tells how long
    /// the file should be.
    pub has_end: bool,
}

impl Pages {
    pub(crate) fn of(path: &Path) -> Result<Self> {
        let mut file = File::open(path)?;
        let audio = Layout::of(&mut file)?.audio;
        let mut pages = Self::default();
        let (mut at, mut in_gap, mut tried) = (audio.start, false, 0);
        while at < audio.end && tried < MOST_FALSE {
            match page(&mut file, at)? {
                Some((length, flags)) if at + length <= audio.end => {
                    pages.whole += 1;
                    pages.gaps += u64::from(in_gap);
                    in_gap = false;
                    at += length;
                    pages.has_end = at == audio.end && flags & LAST != 0;
                }
                _ => {
                    in_gap = true;
                    tried += 1;
                    let Some(next) = next_name(&mut file, at + 1)? else { break };
                    at = next;
                }
            }
        }
        pages.has_end &= !in_gap;
        Ok(pages)
    }
}

/// The length and the flags of the page at a place, if it is whole.
fn page(file: &mut File, at: u64) -> Result<Option<(u64, u8)>> {
    let header = read(file, at, HEADER + 255)?;
    let Some(&segments) = header.get(HEADER - 1).filter(|_| header.starts_with(b"OggS")) else {
        return Ok(None);
    };
    let sizes = header.get(HEADER..HEADER + usize::from(segments)).unwrap_or_default();
    let body: usize = sizes.iter().map(|&size| usize::from(size)).sum();
    let page = read(file, at, HEADER + usize::from(segments) + body)?;
    if page.len() < HEADER + usize::from(segments) + body {
        return Ok(None);
    }
    let mut sum = Crc32::new(0);
    sum.process_buf_bytes(&page[..22]);
    sum.process_buf_bytes(&[0; 4]);
    sum.process_buf_bytes(&page[26..]);
    let is_whole = sum.crc().to_le_bytes() == page[22..26];
    Ok(is_whole.then_some((page.len() as u64, page[5])))
}

/// Where the next page could begin.
fn next_name(file: &mut File, mut at: u64) -> Result<Option<u64>> {
    loop {
        let block = read(file, at, BLOCK)?;
        if let Some(found) = memmem::find(&block, b"OggS") {
            return Ok(Some(at + found as u64));
        }
        if block.len() < BLOCK {
            return Ok(None);
        }
        // It may lie across two blocks.
        at += (BLOCK - 3) as u64;
    }
}
