//! Which of an MP4 track's decoded samples are the sound, by its edit list.
//!
//! AAC encoders put a thousand or two samples before the sound and pad it at the end. MP4 files say
//! so in an edit list (ISO/IEC 14496-12, 8.6.6), which the decoder leaves to its caller.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

/// Boxes looked at in one level of a file; more make it no file of music.
const MOST_BOXES: usize = 100_000;

/// The part of a track that is to be heard, in samples of the track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edit {
    /// Samples before the sound.
    pub skip: u64,
    /// Samples of the sound.
    pub keep: u64,
}

impl Edit {
    /// The edit of a track within these bytes of a file, with samples of this rate, `frames` of them in all. `None` where the file
    /// has no edit list, one of several parts, or no boxes that make sense.
    pub(crate) fn of(
        path: &Path,
        audio: &Range<u64>,
        track: u32,
        rate: u32,
        frames: u64,
    ) -> Option<Self> {
        let mut file = Boxes(File::open(path).ok()?);
        let movie = file.find(audio.clone(), b"moov").ok()??;
        let movie_header = file.find(movie.clone(), b"mvhd").ok()??;
        let movie_scale = file.time_scale(movie_header).ok()?;
        for (kind, track_box) in file.children(movie).ok()? {
            if &kind != b"trak" || file.track_id(track_box.clone()).ok()? != Some(track) {
                continue;
            }
            let media = file.find(track_box.clone(), b"mdia").ok()??;
            let media_header = file.find(media, b"mdhd").ok()??;
            let media_scale = file.time_scale(media_header).ok()?;
            let edits = file.find(track_box, b"edts").ok()??;
            let list = file.find(edits, b"elst").ok()??;
            let (start, duration) = file.single_edit(list).ok()??;

            let skip = start.checked_mul(rate.into())? / u64::from(media_scale.max(1));
            let rest = frames.checked_sub(skip)?;
            // The duration counts in ticks of the movie, often milliseconds: up to one more.
            let ticks = u128::from(duration) + 1;
            let most = ticks * u128::from(rate) / u128::from(movie_scale.max(1));
            let keep = if duration == 0 { rest } else { rest.min(u64::try_from(most).ok()?) };
            return Some(Self { skip, keep });
        }
        None
    }

    /// Cuts a block of samples to its part of the sound.
    pub(crate) fn cut(&mut self, samples: &mut Vec<f32>) {
        let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(samples.len());
        samples.drain(..skipped);
        self.skip -= skipped as u64;
        samples.truncate(usize::try_from(self.keep).unwrap_or(usize::MAX));
        self.keep -= samples.len() as u64;
    }
}

/// What a track of a file that is not decoded holds, by the four letters of its sample entry.
pub(crate) fn sample_entry(path: &Path, audio: &Range<u64>, track: u32) -> Option<String> {
    let mut file = Boxes(File::open(path).ok()?);
    let movie = file.find(audio.clone(), b"moov").ok()??;
    for (kind, track_box) in file.children(movie).ok()? {
        if &kind != b"trak" || file.track_id(track_box.clone()).ok()? != Some(track) {
            continue;
        }
        let mut inner = track_box;
        for name in [b"mdia", b"minf", b"stbl", b"stsd"] {
            inner = file.find(inner, name).ok()??;
        }
        let letters: [u8; 4] = file.bytes(inner.start + 12).ok()?;
        return Some(match &letters {
            b"enca" | b"drms" => "protected audio (DRM)".into(),
            b"ac-3" => "Dolby Digital (AC-3)".into(),
            b"ec-3" => "Dolby Digital Plus (E-AC-3)".into(),
            b"ac-4" => "Dolby AC-4".into(),
            b"dtsc" | b"dtsh" | b"dtsl" | b"dtse" => "DTS".into(),
            b"samr" | b"sawb" => "AMR".into(),
            other => format!("MP4 audio of type {:?}", String::from_utf8_lossy(other)),
        });
    }
    None
}

/// A file made of boxes: a length, four letters, and a body.
struct Boxes(File);

impl Boxes {
    fn bytes<const N: usize>(&mut self, at: u64) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.0.seek(SeekFrom::Start(at))?;
        self.0.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn u32(&mut self, at: u64) -> io::Result<u32> {
        self.bytes(at).map(u32::from_be_bytes)
    }

    fn u64(&mut self, at: u64) -> io::Result<u64> {
        self.bytes(at).map(u64::from_be_bytes)
    }

    /// The boxes within a range of bytes: their names and bodies.
    fn children(&mut self, within: Range<u64>) -> io::Result<Vec<([u8; 4], Range<u64>)>> {
        let mut boxes = Vec::new();
        let mut at = within.start;
        while within.end.saturating_sub(at) >= 8 && boxes.len() < MOST_BOXES {
            let kind = self.bytes(at + 4)?;
            let (header, length) = match self.u32(at)? {
                0 => (8, within.end - at),
                1 if within.end - at >= 16 => (16, self.u64(at + 8)?),
                length => (8, length.into()),
            };
            if length < header || length > within.end - at {
                break;
            }
            boxes.push((kind, at + header..at + length));
            at += length;
        }
        Ok(boxes)
    }

    /// The body of the first box of a name.
    fn find(&mut self, within: Range<u64>, name: &[u8; 4]) -> io::Result<Option<Range<u64>>> {
        let boxes = self.children(within)?;
        Ok(boxes.into_iter().find(|(kind, _)| kind == name).map(|(_, body)| body))
    }

    /// Ticks a second, in a header of a movie or of a media.
    fn time_scale(&mut self, header: Range<u64>) -> io::Result<u32> {
        let [version] = self.bytes(header.start)?;
        self.u32(header.start + if version == 1 { 20 } else { 12 })
    }

    fn track_id(&mut self, track: Range<u64>) -> io::Result<Option<u32>> {
        let Some(header) = self.find(track, b"tkhd")? else { return Ok(None) };
        let [version] = self.bytes(header.start)?;
        self.u32(header.start + if version == 1 { 20 } else { 12 }).map(Some)
    }

    /// Start in ticks of the media and duration in ticks of the movie, if there is a single part
    /// that is not empty.
    fn single_edit(&mut self, list: Range<u64>) -> io::Result<Option<(u64, u64)>> {
        let [version] = self.bytes(list.start)?;
        let mut found = None;
        for i in 0..u64::from(self.u32(list.start + 4)?.min(16)) {
            let (start, duration) = if version == 1 {
                let at = list.start + 8 + 20 * i;
                (self.u64(at + 8)?.cast_signed(), self.u64(at)?)
            } else {
                let at = list.start + 8 + 12 * i;
                (self.u32(at + 4)?.cast_signed().into(), self.u32(at)?.into())
            };
            // An empty part: the sound begins later than the movie.
            let Ok(start) = u64::try_from(start) else { continue };
            if found.replace((start, duration)).is_some() {
                return Ok(None);
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn boxed(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let length = (body.len() as u32 + 8).to_be_bytes();
        [&length, name.as_slice(), body].concat()
    }

    /// A movie of 1000 ticks a second with a track 7 of 44.1 kHz, and these edits.
    fn movie(edits: &[(u32, i32)]) -> Vec<u8> {
        let header = |scale: u32| [[0; 12].as_slice(), &scale.to_be_bytes(), &[0; 8]].concat();
        let mut list = [[0; 4].as_slice(), &(edits.len() as u32).to_be_bytes()].concat();
        for (duration, start) in edits {
            list.extend(duration.to_be_bytes());
            list.extend(start.to_be_bytes());
            list.extend([0, 1, 0, 0]);
        }
        let media = boxed(b"mdia", &boxed(b"mdhd", &header(44_100)));
        let edits = boxed(b"edts", &boxed(b"elst", &list));
        let track = [boxed(b"tkhd", &header(7)), edits, media].concat();
        let movie = [boxed(b"mvhd", &header(1000)), boxed(b"trak", &track)].concat();
        [boxed(b"ftyp", b"M4A "), boxed(b"moov", &movie)].concat()
    }

    fn edit(bytes: &[u8], track: u32) -> Option<Edit> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.m4a");
        std::fs::write(&path, bytes).unwrap();
        let length = std::fs::metadata(&path).unwrap().len();
        Edit::of(&path, &(0..length), track, 44_100, 100_000)
    }

    #[test]
    fn a_single_edit_is_found_and_others_are_not() {
        let found = edit(&movie(&[(2000, 1024)]), 7);
        // Two seconds and a tick of the movie.
        assert_eq!(found, Some(Edit { skip: 1024, keep: 88_244 }));
        assert_eq!(edit(&movie(&[(9000, 2112)]), 7), Some(Edit { skip: 2112, keep: 97_888 }));
        assert_eq!(edit(&movie(&[(500, -1), (0, 10)]), 7), Some(Edit { skip: 10, keep: 99_990 }));
        assert_eq!(edit(&movie(&[(1000, 0), (1000, 5000)]), 7), None);
        assert_eq!(edit(&movie(&[(1000, 200_000)]), 7), None);
        assert_eq!(edit(&movie(&[]), 7), None);
        assert_eq!(edit(&movie(&[(2000, 1024)]), 8), None);
        let whole = movie(&[(2000, 1024)]);
        for length in 0..whole.len() {
            assert_eq!(edit(&whole[..length], 7), None, "{length}");
        }
    }

    #[test]
    fn blocks_are_cut() {
        let mut edit = Edit { skip: 3, keep: 4 };
        let mut heard = Vec::new();
        for block in [vec![0.0, 1.0], vec![2.0, 3.0, 4.0], vec![5.0], vec![6.0, 7.0], vec![8.0]] {
            let mut block = block;
            edit.cut(&mut block);
            heard.extend(block);
        }
        assert_eq!(heard, [3.0, 4.0, 5.0, 6.0]);
    }
}
