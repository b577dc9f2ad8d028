//! The tags of one music file.
//!
//! A file may carry several tags of several kinds, which contradict each other. Per field, the
//! first kind of this order that has it wins: the format's own (ID3v2 in MP3, Vorbis comments in
//! FLAC and Ogg, MP4's list), other ID3v2, APE, a chunk of WAV or AIFF, ID3v1. A year of the
//! original in any of them wins over any year of a release.

mod ape;
mod chunk;
mod container;
mod field;
mod id3v1;
mod id3v2;
mod text;

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::Path;

use serde::{Deserialize, Serialize};
use songscape_project::year::{self, InTag};

use crate::container::{Format, Layout, Segment, chunks};
use crate::error::Problem;
use crate::limits::Limits;
use crate::open::{self, Source};
use field::{Field, Tag};
use text::repaired;
pub(crate) use text::utf16;

/// Where a song's year comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum YearFrom {
    /// A tag that names the year of the original.
    Original,
    /// A tag that names the year of a release or of a recording: of a reissue, perhaps.
    Release,
    /// The manifest.
    Table,
    /// The name of the file's folder.
    Folder,
}

impl YearFrom {
    /// As in the catalog's table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Release => "release",
            Self::Table => "table",
            Self::Folder => "folder",
        }
    }
}

/// What a catalog takes from a file's tags.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tags {
    pub title: Option<String>,
    pub artist: Option<String>,
    pub album_artist: Option<String>,
    pub album: Option<String>,
    pub genre: Option<String>,
    pub year: Option<i32>,
    pub year_from: Option<YearFrom>,
    /// Seconds, as far as the file tells.
    pub duration: Option<f64>,
    /// What was wrong with the year.
    pub note: Option<String>,
    /// The name of a format that is not decoded.
    pub undecoded: Option<String>,
}

impl Tags {
    /// Whether nothing at all was found.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Reads what there is. Audio that cannot be decoded is no reason to have no tags.
    pub(crate) fn read(path: &Path, limits: &Limits) -> Result<Self, Problem> {
        let mut file = open::regular_file(path)?;
        let layout = Layout::of(&mut file).map_err(Problem::Unreadable)?;
        if let Some(name) = layout.format.undecoded() {
            return Ok(Self { undecoded: Some(name.into()), ..Self::default() });
        }
        let opened = Problem::catch(|| Source::open(path, limits));
        if let Err(Problem::NotDecoded(name)) = opened {
            return Ok(Self { undecoded: Some(name), ..Self::default() });
        }
        let is_one = opened.as_ref().is_ok_and(|source| source.rest.is_empty());
        let mut format = opened.ok().map(|source| source.format);
        let own = format.as_deref_mut().map(container::tags).unwrap_or_default();
        let duration = format.as_deref_mut().and_then(|format| container::duration(format, is_one));
        let segment = match layout.format {
            Format::Matroska => Segment::of(&mut file, &layout.audio, limits.max_tag_bytes).ok(),
            _ => None,
        };
        let duration = duration.or_else(|| segment.as_ref()?.seconds);
        let all = all_tags(&mut file, &layout, own, segment.as_ref(), limits)
            .map_err(Problem::Unreadable)?;

        let text = |field| all.iter().find_map(|tag| tag.text(field)).map(|text| repaired(&text));
        let mut tags = Self {
            title: text(Field::Title),
            artist: text(Field::Artist),
            album_artist: text(Field::AlbumArtist),
            album: text(Field::Album),
            genre: text(Field::Genre),
            duration,
            ..Self::default()
        };
        let mut notes = Vec::new();
        for (field, from) in
            [(Field::Original, YearFrom::Original), (Field::Release, YearFrom::Release)]
        {
            let texts = all.iter().flat_map(|tag| tag.dates(field));
            if let Some(year) = first_year(texts, &mut notes) {
                (tags.year, tags.year_from) = (Some(year), Some(from));
                break;
            }
        }
        tags.note = (!notes.is_empty()).then(|| notes.join("; "));
        Ok(tags)
    }
}

/// The first year in some texts, and what is to be said about those before it.
fn first_year(texts: impl Iterator<Item = String>, notes: &mut Vec<String>) -> Option<i32> {
    for text in texts {
        match year::in_tag(&text) {
            InTag::Empty => {}
            InTag::Year(year) => return Some(year),
            InTag::Several(year) => {
                notes.push(format!("tag {text:?}: several years, {year} is taken"));
                return Some(year);
            }
            InTag::Unclear => notes.push(format!("tag {text:?}: no date whose year is clear")),
        }
    }
    None
}

/// All tags of a file, the more trusted first.
fn all_tags(
    file: &mut File,
    layout: &Layout,
    own: Vec<Tag>,
    segment: Option<&Segment>,
    limits: &Limits,
) -> std::io::Result<Vec<Tag>> {
    let mut all = own;
    let mut id3v2 = layout.id3v2.clone();
    let mut from_chunks = Vec::new();
    if matches!(layout.format, Format::Wave | Format::Aiff) {
        let length = file.metadata()?.len();
        for chunk in chunks(file, &(0..length))? {
            if matches!(&chunk.name, b"id3 " | b"ID3 ") {
                id3v2.push(chunk.body);
            } else {
                from_chunks.extend(chunk::tag(file, &chunk, limits.max_tag_bytes)?);
            }
        }
    }
    if let Some(title) = segment.and_then(|segment| segment.title.as_ref()) {
        let mut tag = Tag::default();
        tag.add((Field::Title, 0), title);
        all.push(tag);
    }
    for range in id3v2 {
        all.extend(id3v2::tag(&bytes(file, &range, limits.max_tag_bytes)?));
    }
    if let Some(items) = &layout.ape {
        all.push(ape::tag(&bytes(file, items, limits.max_tag_bytes)?));
    }
    all.extend(from_chunks);
    if let Some(range) = &layout.id3v1 {
        all.push(id3v1::tag(&bytes(file, range, 128)?));
    }
    Ok(all)
}

/// The bytes of a range, `most` of them at most.
fn bytes(file: &mut File, range: &Range<u64>, most: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(range.start))?;
    file.take((range.end - range.start).min(most as u64)).read_to_end(&mut bytes)?;
    Ok(bytes)
}
