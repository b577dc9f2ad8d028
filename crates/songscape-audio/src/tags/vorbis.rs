//! Vorbis comments, where they are not read with the container.

use std::fs::File;

use super::field::{Field, Tag};
use crate::container::{Layout, plain_header};

/// The comments of a FLAC file.
pub(super) fn of_flac(file: &mut File, layout: &Layout, most: usize) -> std::io::Result<Vec<Tag>> {
    let Some((header, _)) = plain_header(file, &layout.audio, most)? else { return Ok(Vec::new()) };
    let mut tags = Vec::new();
    let mut blocks = &header[4..];
    while let Some((start, rest)) = blocks.split_at_checked(4) {
        let size = start[1..].iter().fold(0, |size, &byte| size << 8 | usize::from(byte));
        let Some((body, rest)) = rest.split_at_checked(size) else { break };
        if start[0] & 0x7F == 4 {
            tags.push(comments(body));
        }
        blocks = rest;
    }
    Ok(tags)
}

/// The tag in a block of comments: the writer's name, then the number of comments and each.
fn comments(mut block: &[u8]) -> Tag {
    let mut tag = Tag::default();
    let mut take = |count: usize| {
        let (taken, rest) = block.split_at_checked(count)?;
        block = rest;
        Some(taken)
    };
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |n, &byte| n << 8 | usize::from(byte));
    let Some(writer) = take(4).map(number) else { return tag };
    if take(writer).is_none() {
        return tag;
    }
    let count = take(4).map_or(0, number);
    for _ in 0..count {
        let Some(size) = take(4).map(number) else { break };
        let Some(comment) = take(size) else { break };
        let comment = super::text::unlabelled(comment);
        if let Some((key, value)) = comment.split_once('=')
            && let Some(field) = Field::of_key(key)
        {
            tag.add(field, value);
        }
    }
    tag
}
