//! What a file is that no format is known for.

use std::fs::File;
use std::io::Result;
use std::ops::Range;

use super::layout::read;

/// Bytes that are looked at.
const HEAD: usize = 512;

/// What lies in a range of a file of no known format, for people.
pub(crate) fn nature(file: &mut File, audio: &Range<u64>) -> Result<&'static str> {
    let length = usize::try_from(audio.end.saturating_sub(audio.start)).unwrap_or(usize::MAX);
    let head = read(file, audio.start, HEAD.min(length))?;
    Ok(match &head[..] {
        [] => "nothing but tags",
        head if is_text(head) => "a text",
        head if head.iter().all(|&byte| byte == 0) => "it begins with zeros",
        _ => "its first bytes are those of no known format",
    })
}

/// Whether the first bytes of a file are text, of which the last letter may be cut.
pub(crate) fn is_text(head: &[u8]) -> bool {
    let plain = |c: char| !c.is_control() || c.is_whitespace();
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(e) if e.error_len().is_none() => {
            std::str::from_utf8(&head[..e.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.is_empty() && text.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_told_from_sounds() {
        for text in ["These are words.", "Größe\r\n\tÜ", "夜に駆ける"] {
            assert!(is_text(text.as_bytes()), "{text}");
        }
        let cut = "ü".as_bytes();
        assert!(is_text(&[b"a", &cut[..1]].concat()) && !is_text(&cut[..1]));
        for no_text in [&b""[..], b"\0\0", b"ID3\x03", b"\xFF\xFB\x90", b"caf\xE9 noir"] {
            assert!(!is_text(no_text), "{no_text:?}");
        }
    }
}
