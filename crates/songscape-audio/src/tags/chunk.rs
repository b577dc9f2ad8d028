//! Tags of WAV (LIST/INFO) and of AIFF (NAME, AUTH).

use std::fs::File;

use super::bytes;
use super::field::{Field, Tag};
use super::text::unlabelled;
use crate::container::Chunk;

/// The tag that a chunk holds, if it is one.
pub(super) fn tag(file: &mut File, chunk: &Chunk, most: usize) -> std::io::Result<Option<Tag>> {
    let mut tag = Tag::default();
    match &chunk.name {
        b"LIST" => {
            let list = bytes(file, &chunk.body, most)?;
            let Some(mut rest) = list.strip_prefix(b"INFO") else { return Ok(None) };
            while let Some((header, body)) = rest.split_at_checked(8) {
                let size = header[4..].iter().rev().fold(0, |n, &b| n << 8 | usize::from(b));
                let Some(value) = body.get(..size) else { break };
                if let Some(field) = info(&header[..4]) {
                    tag.add((field, 0), &unlabelled(value));
                }
                rest = body.get(size.next_multiple_of(2)..).unwrap_or_default();
            }
        }
        b"NAME" => tag.add((Field::Title, 0), &unlabelled(&bytes(file, &chunk.body, most)?)),
        b"AUTH" => tag.add((Field::Artist, 0), &unlabelled(&bytes(file, &chunk.body, most)?)),
        _ => return Ok(None),
    }
    Ok(Some(tag))
}

fn info(name: &[u8]) -> Option<Field> {
    Some(match name.to_ascii_uppercase().as_slice() {
        b"INAM" | b"TITL" => Field::Title,
        b"IART" => Field::Artist,
        b"IPRD" => Field::Album,
        b"IGNR" | b"GENR" => Field::Genre,
        b"ICRD" | b"YEAR" => Field::Release,
        _ => return None,
    })
}
