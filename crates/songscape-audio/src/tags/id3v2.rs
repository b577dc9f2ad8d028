//! Text frames of ID3v2.2, 2.3 and 2.4 (id3.org), as they are written rather than as they should
//! be: sizes of the other version, marks left out, flags that lie.

use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;
use symphonia_metadata::utils::id3v1::get_genre_name;

use super::field::{Field, Tag};
use super::text::{latin1, utf16};

/// Frames looked at.
const MOST_FRAMES: usize = 10_000;
/// The longest text that a compressed frame may hold, in bytes.
const LONGEST_TEXT: usize = 1 << 20;

/// The tag that begins with these bytes, header included. `None` for an unknown version.
pub(super) fn tag(bytes: &[u8]) -> Option<Tag> {
    let (&[b'I', b'D', b'3', version, _, flags, _, _, _, _], body) = bytes.split_first_chunk()?
    else {
        return None;
    };
    if !(2..=4).contains(&version) {
        return None;
    }
    let everywhere = flags & 0x80 != 0;
    let resynchronised;
    let mut body = body;
    if everywhere && version < 4 {
        resynchronised = without_stuffing(body);
        body = &resynchronised;
    }
    if version > 2 && flags & 0x40 != 0 {
        body = after_extended_header(body, version);
    }
    let mut tag = Tag::default();
    for _ in 0..MOST_FRAMES {
        let Some(frame) = Frame::next(body, version) else { break };
        body = frame.rest;
        let Some(field) = frame_field(frame.name) else { continue };
        if let Some(content) = frame.content(version, everywhere) {
            add(&mut tag, field, &content);
        }
    }
    Some(tag)
}

/// What a frame stands for: a field with its name's place, or a field that the user names.
enum Meaning {
    Text(Field, u8),
    UsersOwn,
}

fn frame_field(name: &[u8]) -> Option<Meaning> {
    Some(match name {
        b"TIT2" | b"TT2" => Meaning::Text(Field::Title, 0),
        b"TPE1" | b"TP1" => Meaning::Text(Field::Artist, 0),
        b"TPE2" | b"TP2" => Meaning::Text(Field::AlbumArtist, 0),
        b"TALB" | b"TAL" => Meaning::Text(Field::Album, 0),
        b"TCON" | b"TCO" => Meaning::Text(Field::Genre, 0),
        b"TDOR" => Meaning::Text(Field::Original, 10),
        b"TORY" | b"TOR" => Meaning::Text(Field::Original, 11),
        b"TDRC" => Meaning::Text(Field::Release, 10),
        b"TYER" | b"TYE" => Meaning::Text(Field::Release, 11),
        b"TDRL" => Meaning::Text(Field::Release, 12),
        b"TXXX" | b"TXX" => Meaning::UsersOwn,
        _ => return None,
    })
}

fn add(tag: &mut Tag, meaning: Meaning, content: &[u8]) {
    let Some((&encoding, text)) = content.split_first() else { return };
    let text = match encoding {
        0 => latin1(text),
        1 | 2 => utf16(text),
        3 => String::from_utf8_lossy(text).into_owned(),
        _ => return,
    };
    let mut values = text.split('\0');
    let field = match meaning {
        Meaning::Text(field, name) => (field, name),
        // Its first text is the name. Frames of their own are more to be trusted.
        Meaning::UsersOwn => match values.next().and_then(Field::of_key) {
            Some((field, name)) if field.is_year() => (field, name + 20),
            _ => return,
        },
    };
    for value in values {
        match field.0 {
            Field::Genre => genres(value).iter().for_each(|genre| tag.add(field, genre)),
            _ => tag.add(field, value),
        }
    }
}

/// The genres of a text such as `(17)(RX)`, `(4)Eurodisco`, `17` or `Rock`.
fn genres(text: &str) -> Vec<String> {
    let named = |code: &str| match code {
        "RX" => Some("Remix".to_owned()),
        "CR" => Some("Cover".to_owned()),
        code => code.parse().ok().and_then(get_genre_name),
    };
    let (mut genres, mut rest) = (Vec::new(), text.trim());
    while let Some((code, after)) = rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        let Some(genre) = named(code) else { break };
        genres.push(genre);
        rest = after;
    }
    // Two brackets stand for one that belongs to the text.
    let rest = if rest.starts_with("((") { &rest[1..] } else { rest };
    let rest = named(rest).unwrap_or_else(|| rest.to_owned());
    if !rest.is_empty() && !genres.contains(&rest) {
        genres.push(rest);
    }
    genres
}

/// One frame and what follows it.
struct Frame<'a> {
    name: &'a [u8],
    flags: u8,
    body: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Frame<'a> {
    fn next(bytes: &'a [u8], version: u8) -> Option<Self> {
        let (name, header) = if version == 2 { (3, 6) } else { (4, 10) };
        let (header, rest) = bytes.split_at_checked(header)?;
        if !is_name(&header[..name]) {
            return None;
        }
        let size = if version == 2 {
            number(&header[3..6], 8)
        } else {
            // Programs write sizes of seven bits into 2.3 and of eight bits into 2.4. The right one
            // leads to another frame, or to the end.
            let sizes = [number(&header[4..8], 7), number(&header[4..8], 8)];
            let fits = |&size: &usize| {
                let next = rest.get(size..);
                next.is_some_and(|next| {
                    next.iter().take(4).all(|&b| b == 0) || is_name(&next[..next.len().min(4)])
                })
            };
            let [first, second] = if version == 4 { sizes } else { [sizes[1], sizes[0]] };
            if !fits(&first) && fits(&second) { second } else { first }
        };
        // A frame that is cut short still has its beginning.
        let (body, rest) = rest.split_at(size.min(rest.len()));
        let flags = if version == 2 { 0 } else { header[9] };
        Some(Self { name: &header[..name], flags, body, rest })
    }

    /// The frame's bytes, unpacked; `None` where they cannot be read.
    fn content(&self, version: u8, everywhere: bool) -> Option<Vec<u8>> {
        let has = |bits: [u8; 2]| self.flags & bits[usize::from(version == 4)] != 0 && version > 2;
        let (compressed, encrypted) = (has([0x80, 0x08]), has([0x40, 0x04]));
        if encrypted {
            return None;
        }
        let mut body = self.body;
        let mut skip = |count: usize| body = body.get(count..).unwrap_or_default();
        if has([0x20, 0x40]) {
            skip(1); // the group
        }
        if has([0x80, 0x01]) {
            skip(4); // the length of what is packed
        }
        let stuffed = version == 4 && (everywhere || self.flags & 0x02 != 0);
        let body = if stuffed { without_stuffing(body) } else { body.to_vec() };
        if compressed {
            return decompress_to_vec_zlib_with_limit(&body, LONGEST_TEXT).ok();
        }
        Some(body)
    }
}

fn is_name(bytes: &[u8]) -> bool {
    bytes.len() >= 3 && bytes.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

fn number(bytes: &[u8], bits: u32) -> usize {
    bytes.iter().fold(0, |number, &byte| number << bits | usize::from(byte))
}

/// Takes out the zeros that were put behind 0xFF so that no decoder takes a tag for audio.
fn without_stuffing(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut last = 0;
    for &byte in bytes {
        if !(last == 0xFF && byte == 0) {
            out.push(byte);
        }
        last = byte;
    }
    out
}

fn after_extended_header(body: &[u8], version: u8) -> &[u8] {
    let Some(size) = body.get(..4) else { return body };
    // Some programs set the flag and write no such header.
    if is_name(size) {
        return body;
    }
    let size = if version == 4 { number(size, 7) } else { number(size, 8).saturating_add(4) };
    body.get(size..).unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn size(bytes: usize, bits: u32) -> [u8; 4] {
        let mask = (1_usize << bits) - 1;
        [3, 2, 1, 0].map(|place| (bytes >> (bits * place) & mask) as u8)
    }

    fn frame(name: &str, content: &[u8], bits: u32) -> Vec<u8> {
        [name.as_bytes(), &size(content.len(), bits), &[0, 0], content].concat()
    }

    fn whole(version: u8, flags: u8, frames: &[Vec<u8>]) -> Vec<u8> {
        let body = frames.concat();
        [&[b'I', b'D', b'3', version, 0, flags][..], &size(body.len(), 7), &body].concat()
    }

    fn text(tag: &[u8], field: Field) -> Option<String> {
        super::tag(tag).unwrap().text(field)
    }

    #[test]
    fn sizes_of_the_other_version_are_understood() {
        let long = [&[3][..], "x".repeat(300).as_bytes()].concat();
        for (version, bits) in [(3, 7), (3, 8), (4, 7), (4, 8)] {
            let frames = [frame("TIT2", &long, bits), frame("TPE1", b"\x03A", bits)];
            let tag = whole(version, 0, &frames);
            assert_eq!(text(&tag, Field::Title).unwrap().len(), 300, "{version} {bits}");
            assert_eq!(text(&tag, Field::Artist).as_deref(), Some("A"), "{version} {bits}");
        }
    }

    #[test]
    fn flags_and_encodings() {
        let artists = whole(4, 0, &[frame("TPE1", b"\x03One\0Two\0", 7)]);
        assert_eq!(text(&artists, Field::Artist).as_deref(), Some("One / Two"));
        let slash = whole(3, 0, &[frame("TPE1", b"\0AC/DC", 8)]);
        assert_eq!(text(&slash, Field::Artist).as_deref(), Some("AC/DC"));
        let stuffed = whole(3, 0x80, &[frame("TIT2", b"\x01\xFF\0\xFE\x41\0", 8)]);
        // The size counts without the stuffing.
        let fixed: Vec<u8> =
            stuffed.iter().enumerate().map(|(i, &b)| if i == 17 { 5 } else { b }).collect();
        assert_eq!(text(&fixed, Field::Title).as_deref(), Some("A"));
        let extended = [vec![0, 0, 0, 6, 0, 0, 0, 0, 0, 0], frame("TIT2", b"\0A", 8)];
        assert_eq!(text(&whole(3, 0x40, &extended), Field::Title).as_deref(), Some("A"));
        let lies = whole(3, 0x40, &[frame("TIT2", b"\0A", 8)]);
        assert_eq!(text(&lies, Field::Title).as_deref(), Some("A"));
        let own = whole(4, 0, &[frame("TXXX", b"\x03originalyear\01975", 7)]);
        assert_eq!(super::tag(&own).unwrap().dates(Field::Original), ["1975"]);
        let old =
            [b"ID3\x02\0\0\0\0\0\x0E".as_slice(), b"TT2\0\0\x02\0A", b"TYE\0\0\x05\01975"].concat();
        assert_eq!(text(&old, Field::Title).as_deref(), Some("A"));
        for length in 0..old.len() {
            let _ = super::tag(&old[..length]);
        }
    }

    #[test]
    fn genres_by_number_and_by_name() {
        assert_eq!(genres("(17)"), ["Rock"]);
        assert_eq!(genres("(4)Eurodisco"), ["Disco", "Eurodisco"]);
        assert_eq!(genres("(RX)(17)Rock"), ["Remix", "Rock"]);
        assert_eq!(genres("17"), ["Rock"]);
        assert_eq!(genres("((I think)"), ["(I think)"]);
        assert_eq!(genres("(Not a number)"), ["(Not a number)"]);
    }
}
