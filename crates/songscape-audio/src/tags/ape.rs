//! APE tags, versions 1 and 2.

use super::field::{Field, Tag};
use super::text::unlabelled;

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
            // They should be in UTF-8, in which values of one letter do not look like UTF-16.
            let text = String::from_utf8(value.to_vec()).unwrap_or_else(|_| unlabelled(value));
            // Values are parted by NUL.
            text.split('\0').for_each(|value| tag.add(field, value));
        }
    }
    tag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_parted_by_zeros_however_short_they_are() {
        let items = b"\x05\0\0\0\0\0\0\0Artist\0X\0Y\0Z\x03\0\0\0\0\0\0\0Title\0caf";
        let tag = tag(items);
        assert_eq!(tag.text(Field::Artist).as_deref(), Some("X / Y / Z"));
        assert_eq!(tag.text(Field::Title).as_deref(), Some("caf"));
    }
}
