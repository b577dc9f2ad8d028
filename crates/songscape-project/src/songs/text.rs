//! What a table's bytes are: their encoding, and what separates the fields.

use std::borrow::Cow;

/// The table as UTF-8 without a byte order mark, as far as it is UTF-8 at all.
///
/// # Errors
/// Why it cannot be a table.
pub(super) fn plain(bytes: &[u8]) -> Result<Cow<'_, [u8]>, String> {
    if let Some(rest) = bytes.strip_prefix(b"\xEF\xBB\xBF") {
        return Ok(rest.into());
    }
    if let Some(rest) = bytes.strip_prefix(b"\xFF\xFE") {
        return utf16(rest, u16::from_le_bytes).map(Cow::from);
    }
    if let Some(rest) = bytes.strip_prefix(b"\xFE\xFF") {
        return utf16(rest, u16::from_be_bytes).map(Cow::from);
    }
    // Without a byte order mark: a header has ASCII letters, whose other byte is zero.
    match bytes {
        [first, 0, second, 0, ..] if *first != 0 && *second != 0 => {
            utf16(bytes, u16::from_le_bytes).map(Cow::from)
        }
        [0, first, 0, second, ..] if *first != 0 && *second != 0 => {
            utf16(bytes, u16::from_be_bytes).map(Cow::from)
        }
        _ if bytes.iter().take(1024).any(|&byte| byte == 0) => {
            Err("not a text file, expected a CSV table".into())
        }
        _ => Ok(bytes.into()),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Vec<u8>, String> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| unit(*pair));
    let text: Result<String, _> = char::decode_utf16(units).collect();
    match text {
        Ok(text) if rest.is_empty() => Ok(text.into_bytes()),
        _ => Err("not whole UTF-16 text, expected a CSV table".into()),
    }
}

/// What the header separates its names by: the most frequent of comma, semicolon and tab outside of
/// quotes, the comma if there is none.
pub(super) fn separator(table: &[u8]) -> u8 {
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    let mut quoted = false;
    for &byte in table {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => break,
            _ if quoted => {}
            _ => counts.iter_mut().filter(|(own, _)| *own == byte).for_each(|(_, n)| *n += 1),
        }
    }
    // The first of the largest: of equals the comma.
    counts.into_iter().rev().max_by_key(|(_, n)| *n).map_or(b',', |(separator, _)| separator)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_gives_the_same_text() {
        let text = "path,title\nä.ogg,夜\n";
        let units = || text.encode_utf16();
        let little: Vec<u8> = units().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = units().flat_map(u16::to_be_bytes).collect();
        for bytes in [
            text.as_bytes().to_vec(),
            [b"\xEF\xBB\xBF", text.as_bytes()].concat(),
            [b"\xFF\xFE", &little[..]].concat(),
            [b"\xFE\xFF", &big[..]].concat(),
            little.clone(),
            big,
        ] {
            assert_eq!(plain(&bytes).unwrap(), text.as_bytes());
        }
        assert!(plain(&[b"\xFF\xFE", &little[..7]].concat()).is_err());
        assert!(plain(b"\x89PNG\0\0\0\rIHDR").is_err());
        assert_eq!(plain(b"").unwrap(), &b""[..]);
    }

    #[test]
    fn the_header_says_what_separates() {
        assert_eq!(separator(b"path,title\na;b;c,d"), b',');
        assert_eq!(separator(b"path;title;artist\na,b,c,d"), b';');
        assert_eq!(separator(b"path\ttitle"), b'\t');
        assert_eq!(separator(b"\"a;b;c\",title"), b',');
        assert_eq!(separator(b"path\n;"), b',');
        assert_eq!(separator(b""), b',');
    }
}
