//! ID3v1: 128 bytes at the end of a file.

use symphonia_metadata::utils::id3v1::get_genre_name;

use super::field::{Field, Tag};
use super::text::unlabelled;

/// The tag in 128 bytes.
pub(super) fn tag(bytes: &[u8]) -> Tag {
    let mut tag = Tag::default();
    let fields = [
        (Field::Title, 3..33),
        (Field::Artist, 33..63),
        (Field::Album, 63..93),
        (Field::Release, 93..97),
    ];
    for (field, range) in fields {
        let text = bytes.get(range).unwrap_or_default();
        let end = text.iter().position(|&byte| byte == 0).unwrap_or(text.len());
        let text = unlabelled(&text[..end]);
        // What programs make of letters that they cannot write is no text.
        if !(text.trim().len() > 1 && text.trim().chars().all(|c| c == '?')) {
            tag.add((field, 0), &text);
        }
    }
    if let Some(genre) = bytes.get(127).and_then(|&genre| get_genre_name(genre)) {
        tag.add((Field::Genre, 0), &genre);
    }
    tag
}
