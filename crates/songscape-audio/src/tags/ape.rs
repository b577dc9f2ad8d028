//! APE tags, versions 1 and 2.

use super::field::{Field, Tag};

/// Items looked at.
const MOST_ITEMS: usize = 10_000;

/// The tag with these items: size, flags, name, NUL, value, one after the other.
pub(super) fn tag(mut items: &[u8]) -> Tag {
    let mut tag = Tag::default();
    for _ in 0..MOST_ITEMS {
        let Some((header, rest)) = items.split_at_checked(8) else { break };
        let number = |bytes: &[u8]| bytes.iter().rev().fold(0_u32, |n, &b| n << 8 | u32::from(b));
        let (size, flags) = (number(&header[..4]) as usize, number(&header[4..]));
        let Some(end) = rest.iter().position(|&byte| byte == 0) else { break };
        let Some(value) = rest[end + 1..].get(..size) else { break };
        items = &rest[end + 1 + size..];
        let is_text = flags >> 1 & 3 == 0;
        if is_text && let Some(field) = Field::of_key(&String::from_utf8_lossy(&rest[..end])) {
            let text = super::text::unlabelled(value);
            // Values are parted by NUL.
            text.split('\0').for_each(|value| tag.add(field, value));
        }
    }
    tag
}
