//! How an Ogg file ends.

use std::fs::File;
use std::io::Result;
use std::path::Path;

use symphonia::core::checksum::Crc32;
use symphonia::core::io::Monitor as _;

use super::layout::{Layout, read};

/// The longest page in bytes.
const LONGEST_PAGE: u64 = 27 + 255 + 255 * 255;
const HEADER: usize = 27;
/// The flag of the last page of a stream.
const LAST: u8 = 4;

/// Whether the last page of a file is whole, and says that it is the last. Without it nothing tells how
/// long the file should be.
pub(crate) fn ends_with_last_page(path: &Path) -> Result<bool> {
    let mut file = File::open(path)?;
    let audio = Layout::of(&mut file)?.audio;
    let start = audio.end.saturating_sub(LONGEST_PAGE).max(audio.start);
    let tail = read(&mut file, start, (audio.end - start) as usize)?;
    // The name of a page may stand within one by chance: one that is whole is the last.
    let pages = (0..tail.len()).rev().filter(|&at| tail[at..].starts_with(b"OggS"));
    Ok(pages.filter_map(|at| flags(&tail[at..])).next().is_some_and(|flags| flags & LAST != 0))
}

/// The flags of a page that reaches to the end of these bytes, if it is whole.
fn flags(page: &[u8]) -> Option<u8> {
    let segments = usize::from(*page.get(HEADER - 1)?);
    let sizes = page.get(HEADER..HEADER + segments)?;
    let length = HEADER + segments + sizes.iter().map(|&size| usize::from(size)).sum::<usize>();
    if length != page.len() {
        return None;
    }
    let mut sum = Crc32::new(0);
    sum.process_buf_bytes(&page[..22]);
    sum.process_buf_bytes(&[0; 4]);
    sum.process_buf_bytes(&page[26..]);
    (sum.crc().to_le_bytes() == page[22..26]).then_some(page[5])
}
