//! Bytes to text, as tags have it.

/// A text without what is no part of it at its ends.
pub(super) fn without_ends(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\0' || c == '\u{FEFF}')
}

/// Undoes the commonest fault of tags: UTF-8 in a field of Latin-1, where each byte has become a
/// letter (`Ã©` for `é`).
pub(super) fn repaired(text: &str) -> String {
    let bytes: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(c).ok()).collect();
    let utf8 = bytes.filter(|bytes| !bytes.is_ascii()).and_then(|b| String::from_utf8(b).ok());
    utf8.unwrap_or_else(|| text.to_owned())
}

/// Each byte a letter.
pub(super) fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// UTF-16 by its byte order mark; without one, in the order that gives the likelier letters, and
/// little-endian, as Windows has it, where both do.
pub(crate) fn utf16(bytes: &[u8]) -> String {
    let units = |order: fn([u8; 2]) -> u16| -> Vec<u16> {
        bytes.chunks_exact(2).map(|pair| order([pair[0], pair[1]])).collect()
    };
    let (little, big) = (units(u16::from_le_bytes), units(u16::from_be_bytes));
    let likely = |units: &[u16]| units.iter().map(|&unit| likelihood(unit)).sum::<u32>();
    let units = match bytes {
        [0xFF, 0xFE, ..] => little,
        [0xFE, 0xFF, ..] => big,
        _ if likely(&big) > likely(&little) => big,
        _ => little,
    };
    // Several values may have a mark each.
    let text: String =
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    text.replace('\u{FEFF}', "")
}

/// How likely a code unit is in a title: Latin letters are; those of one of the blocks that titles are
/// written in may be (up to Arabic, kana, Chinese characters, Hangul, full-width letters), and so may
/// punctuation and NUL, which parts values; all else is not.
fn likelihood(unit: u16) -> u32 {
    match unit {
        0x0001..=0x00FF => 2,
        0xFFFE => 0,
        0x2010..=0x2122 => 1,
        _ => match unit >> 8 {
            0x00..=0x06 | 0x30 | 0x4E..=0x9F | 0xAC..=0xD7 | 0xFF => 1,
            _ => 0,
        },
    }
}

/// Text that does not say how it is written: UTF-8 if it is valid, else UTF-16 if half of its
/// bytes are zero, else Latin-1.
pub(super) fn unlabelled(bytes: &[u8]) -> String {
    let end = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    let zeros = bytes[..end].iter().filter(|&&byte| byte == 0).count();
    if zeros * 3 >= end.max(3) || bytes.starts_with(&[0xFF, 0xFE]) {
        return utf16(bytes);
    }
    String::from_utf8(bytes[..end].to_vec()).unwrap_or_else(|_| latin1(&bytes[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf8_taken_for_latin1_is_repaired_and_nothing_else() {
        assert_eq!(repaired("BeyoncÃ©"), "Beyoncé");
        assert_eq!(repaired(&latin1("Édith".as_bytes())), "Édith");
        for text in ["Beyoncé", "Motörhead", "夜に駆ける", "plain", "Ã", ""] {
            assert_eq!(repaired(text), text);
        }
    }

    #[test]
    fn utf16_is_read_with_and_without_its_mark() {
        for text in ["Für Elise", "夜に駆ける", "Кино", "a", "방탄소년단"] {
            let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            assert_eq!(utf16(&little), text);
            assert_eq!(utf16(&big), text);
            assert_eq!(utf16(&[&[0xFF, 0xFE], &little[..]].concat()), text);
            assert_eq!(utf16(&[&[0xFE, 0xFF], &big[..]].concat()), text);
        }
        assert_eq!(unlabelled(b"caf\xE9\0"), "café");
        assert_eq!(unlabelled("café\0".as_bytes()), "café");
        assert_eq!(unlabelled(b"a\0b\0c\0"), "abc");
        assert_eq!(unlabelled(b""), "");
    }
}
