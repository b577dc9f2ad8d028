//! Where the audio of a file lies, and its tags.

use std::fs::File;
use std::io::{Read, Result, Seek, SeekFrom};
use std::ops::Range;

use super::format::Format;

/// Tags looked for at each end of a file; more make it no file of music.
const MOST_TAGS: usize = 8;

/// Zeros between a tag and the audio that are passed over: some writers leave room there.
const MOST_PADDING: u64 = 1 << 20;

/// Where in a file what lies, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    pub format: Format,
    /// Without the tags at both ends, where the format does not say itself where it ends.
    pub audio: Range<u64>,
    /// ID3v2 tags, headers included, at the start and then at the end.
    pub id3v2: Vec<Range<u64>>,
    /// The items of an APE tag.
    pub ape: Option<Range<u64>>,
    /// The 128 bytes of an ID3v1 tag.
    pub id3v1: Option<Range<u64>>,
}

impl Layout {
    pub(crate) fn of(file: &mut File) -> Result<Self> {
        let length = file.metadata()?.len();
        let mut audio = 0..length;
        let id3v2 = skip_id3v2(file, &mut audio)?;
        let mut ape = None;
        let head = read(file, audio.start, 32)?;
        if head.starts_with(b"APETAGEX") && head.len() == 32 {
            let size = u64::from(little(&head[12..16]));
            if size <= length - audio.start - 32 {
                ape = Some(audio.start + 32..audio.start + 32 + size);
                audio.start += 32 + size;
            }
        }
        let format = Format::of(&read(file, audio.start, Format::HEAD)?);
        let mut layout = Self { format, audio, id3v2, ape, id3v1: None };
        layout.cut_tags(file)?;
        // These say where they end.
        if matches!(
            format,
            Format::Wave | Format::Aiff | Format::Caf | Format::Mp4 | Format::Matroska
        ) {
            layout.audio.end = length;
        }
        Ok(layout)
    }

    /// Takes the tags away from the end.
    pub(super) fn cut_tags(&mut self, file: &mut File) -> Result<()> {
        for _ in 0..MOST_TAGS {
            let end = self.audio.end;
            self.cut_tag(file)?;
            if self.audio.end == end {
                break;
            }
        }
        Ok(())
    }

    /// Takes one tag away from the end.
    fn cut_tag(&mut self, file: &mut File) -> Result<()> {
        let Range { start, end } = self.audio;
        let before = |bytes: u64| end.checked_sub(bytes).filter(|&at| at >= start);
        let mut last = |bytes: usize| match before(bytes as u64) {
            Some(at) => read(file, at, bytes),
            None => Ok(Vec::new()),
        };
        if last(128)?.starts_with(b"TAG") {
            self.id3v1.get_or_insert(end - 128..end);
            let extended = last(128 + 227)?.starts_with(b"TAG+");
            self.audio.end -= if extended { 128 + 227 } else { 128 };
            return Ok(());
        }
        let footer = last(32)?;
        if footer.starts_with(b"APETAGEX") {
            let (size, flags) = (u64::from(little(&footer[12..16])), little(&footer[20..24]));
            if let Some(items) = before(size.max(32)) {
                self.ape.get_or_insert(items..end - 32);
                let header = if flags & 0x8000_0000 != 0 { 32 } else { 0 };
                self.audio.end = items.saturating_sub(header).max(start);
            }
            return Ok(());
        }
        let footer = last(10)?;
        if footer.starts_with(b"3DI")
            && let Some(size) = syncsafe(&footer[6..10])
            && let Some(tag) = before(size + 20)
        {
            self.id3v2.push(tag..end - 10);
            self.audio.end = tag;
            return Ok(());
        }
        let footer = last(15)?;
        if footer.ends_with(b"LYRICS200")
            && let Some(size) = std::str::from_utf8(&footer[..6]).ok().and_then(|s| s.parse().ok())
            && let Some(lyrics) = before(15_u64.saturating_add(size))
        {
            self.audio.end = lyrics;
        }
        Ok(())
    }
}

/// Moves the start of a range behind the ID3v2 tags there, and gives these.
pub(super) fn skip_id3v2(file: &mut File, audio: &mut Range<u64>) -> Result<Vec<Range<u64>>> {
    let mut tags = Vec::new();
    while tags.len() < MOST_TAGS
        && let Some(size) = id3v2_size(&read(file, audio.start, 10)?)
    {
        // A tag that claims more than there is: what follows its header is looked at.
        let end = audio.start + size;
        tags.push(audio.start..end.min(audio.end));
        audio.start = if end <= audio.end { end } else { audio.start + 10 };
    }
    if !tags.is_empty() {
        audio.start += zeros(file, audio.clone())?;
    }
    Ok(tags)
}

/// Up to `count` bytes of a file.
pub(super) fn read(file: &mut File, at: u64, count: usize) -> Result<Vec<u8>> {
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::with_capacity(count);
    file.take(count as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The size of an ID3v2 tag, header and footer included, by its header.
pub(super) fn id3v2_size(header: &[u8]) -> Option<u64> {
    let [b'I', b'D', b'3', major, minor, flags, size @ ..] = header else { return None };
    if *major == 0xFF || *minor == 0xFF {
        return None;
    }
    let footer = if flags & 0x10 != 0 && *major >= 4 { 10 } else { 0 };
    Some(syncsafe(size)? + 10 + footer)
}

/// Four bytes of seven bits each.
fn syncsafe(bytes: &[u8]) -> Option<u64> {
    let fits = bytes.len() == 4 && bytes.iter().all(|byte| byte & 0x80 == 0);
    fits.then(|| bytes.iter().fold(0, |size, &byte| size << 7 | u64::from(byte)))
}

fn little(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |number, &byte| number << 8 | u32::from(byte))
}

/// The number of zeros at the start of a range, whole kilobytes at a time.
fn zeros(file: &mut File, range: Range<u64>) -> Result<u64> {
    let mut count = 0;
    while count < MOST_PADDING && range.start + count < range.end {
        let bytes = read(file, range.start + count, 1024)?;
        let here = bytes.iter().take_while(|&&byte| byte == 0).count();
        count += here as u64;
        if here < 1024 {
            break;
        }
    }
    Ok(count)
}
