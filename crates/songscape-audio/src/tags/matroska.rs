//! The title of a Matroska file, which stands with the file's length and not among its tags.

use std::fs::File;
use std::io::Result;

use super::bytes;
use super::field::{Field, Tag};

/// Elements looked at before the sound.
const MOST_ELEMENTS: usize = 1000;
const SEGMENT: u64 = 0x1853_8067;
const INFO: u64 = 0x1549_A966;
const TITLE: u64 = 0x7BA9;
const CLUSTER: u64 = 0x1F43_B675;

/// A tag with the title of the segment.
pub(super) fn tag(file: &mut File, most: usize) -> Result<Option<Tag>> {
    let mut at = 0;
    for _ in 0..MOST_ELEMENTS {
        let header = bytes(file, &(at..at + 12), 12)?;
        let Some((name, name_length)) = number(&header, true) else { break };
        let Some((size, size_length)) = number(&header[name_length..], false) else { break };
        let body = at + (name_length + size_length) as u64;
        match name {
            // Into it, rather than past it.
            SEGMENT | INFO => at = body,
            TITLE => {
                let text = bytes(file, &(body..body.saturating_add(size)), most)?;
                let mut tag = Tag::default();
                tag.add((Field::Title, 0), &String::from_utf8_lossy(&text));
                return Ok(Some(tag));
            }
            CLUSTER => break,
            _ => match body.checked_add(size) {
                Some(next) => at = next,
                None => break,
            },
        }
    }
    Ok(None)
}

/// A number of one to eight bytes, of which the first tells how many, and its length. Names keep the
/// bits that tell it.
fn number(bytes: &[u8], is_name: bool) -> Option<(u64, usize)> {
    let first = *bytes.first()?;
    let length = first.leading_zeros() as usize + 1;
    let rest = bytes.get(1..length).filter(|_| length <= 8)?;
    let start = if is_name { first } else { first & (0xFF_u16 >> length) as u8 };
    Some((rest.iter().fold(u64::from(start), |n, &byte| n << 8 | u64::from(byte)), length))
}
